import { readFile } from "fs";
const LIMIT = 10;
class Shape extends Base {
  #area = /ab+c/gi;
  get size() { return this.width ?? `w${LIMIT}`; }
}
async function load(path, { deep = true, ...rest }) {
  const view = <div className="x" onClick={() => load(path)}>Text</div>;
  const style = css`a { color: red; }`;
  return await readFile(path, null) || undefined; // done
}
