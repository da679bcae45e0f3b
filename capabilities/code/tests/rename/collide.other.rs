fn main() {
    let ⟦one⟧ = 1;
    let other = 2;
    drop(one + other);
}
