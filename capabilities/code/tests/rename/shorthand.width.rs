struct Shape { w: u32, h: u32 }
fn make(⟦w⟧: u32, h: u32) -> Shape {
    for w in 0..w { drop(w); }
    Shape { w, h }
}
fn read(Shape { w, h }: Shape) -> u32 { w * h }
