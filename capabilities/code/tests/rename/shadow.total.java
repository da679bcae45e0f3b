class Shape {
    private int count;
    int add(int ⟦count⟧) {
        this.count = count; // count
        Runnable later = () -> System.out.println("count" + count);
        return count() + count + new Shape() { int get(int count) { return count; } }.get(count);
    }
    int count() { return count; }
}
