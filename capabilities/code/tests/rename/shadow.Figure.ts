interface ⟦Shape⟧<T> { size: T; Shape: string }
class Box implements Shape<number> { size = 1; Shape = "Shape"; }
type Other = Shape<string> | Array<Shape<number>>;
function f<Shape>(x: Shape): Shape { return x; }
const s: Shape<number> = new Box();
