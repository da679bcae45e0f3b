#include <stdio.h>
#define TWICE(x) ((x) * 2 + count)
static int count = 1;
struct s { int count; };
int add(struct s *p, int n) { return p->count + n + ⟦count⟧; }
int main(void) {
    printf("count %d\n", count); /* count */
    for (int count = 0; count < 3; count++) add(0, count);
    { int count = count; return count; }
    return TWICE(count);
}
