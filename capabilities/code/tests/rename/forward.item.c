struct ⟦node⟧;
int f(struct node *n) { struct node *m = n; return m == n; }
struct node { struct node *next; int node; };
