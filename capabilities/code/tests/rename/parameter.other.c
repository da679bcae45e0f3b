#define TWICE(count) ((count) + (count))
int main(void) {
    int ⟦count⟧ = 1;
    return TWICE(count);
}
