namespace a { int count = 0; }
class Shape { int count; int get() { return count; } };
int main() {
    int ⟦count⟧ = 1;
    auto f = [&](int n) { return n + count + a::count; };
    for (auto &x : {1, 2}) { int count = x; f(count); }
    return f(count);
}
