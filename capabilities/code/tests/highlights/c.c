#include <stdio.h>
#define LIMIT 10
typedef struct point { int x; } point_t;
/* Adds. */
static int add(const point_t *p, int by) {
    for (size_t i = 0; i < LIMIT; ++i) { if (p->x == 'a') goto out; }
    printf("%d\n", p->x + by); // print
out:
    return NULL ? 1 : 0;
}
