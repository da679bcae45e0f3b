import { count as outside } from "x";
export function make(⟦count⟧, { deep = count, ...rest }) {
  const shape = { count, other: { count: 1 }, "count": 2 };
  if (deep) { let count = 3; use(count); }
  var later = () => `${count} count` + shape.count + this.count;
  label: for (const count of [1]) use(count);
  return { count: count, later, rest };
}
