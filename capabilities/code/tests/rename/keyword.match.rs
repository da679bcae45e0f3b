fn main() { let ⟦one⟧ = 1; drop(one); }
