export const View = ({ title }: { title: string }) => (
  <Card kind="wide" onOpen={() => open(title)}><h1>{title}</h1></Card>
);
