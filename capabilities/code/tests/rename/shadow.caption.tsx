export const View = ({ ⟦title⟧ }: { title: string }) => (
  <Card title={title}><title>{title}</title></Card>
);
