namespace geo {
template <typename T> class Shape final : public Base {
public:
    explicit Shape(const T &size) : size_(size) {}
    virtual ~Shape() = default;
    auto area() const noexcept -> double { return this->size_ * 2.5; }
private:
    T size_;
};
}
auto page = R"html(<b class="x">bold</b>)html";
