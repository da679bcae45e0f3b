mod area { pub fn area() {} }
fn ⟦area⟧(x: u32) -> u32 { x }
struct Shape;
impl Shape { fn area(&self) -> u32 { area(1) + self::area::area() } }
fn main() { let f = area; println!("{}", area(2) + f(3) + Shape.area()); }
