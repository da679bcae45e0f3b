#define NEXT (count + 1)
struct node;
int main(void) {
    int ⟦count⟧ = 1;
    return NEXT;
}
