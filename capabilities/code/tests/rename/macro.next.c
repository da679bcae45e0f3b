static int count;
#define NEXT(by) \
    do { \
        count += (by); \
    } while (0)
int main(void) {
    int ⟦count⟧ = 1;
    NEXT(2);
    return count;
}
