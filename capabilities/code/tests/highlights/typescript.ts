interface Shape<T extends object> { readonly size: number; draw?(on: T): void }
enum Kind { Round = 1, Square }
export abstract class Box implements Shape<Window> {
  constructor(private readonly width: number, public name?: string) { super(); }
  area = (by: number): number => this.width * by as number;
}
type Names = keyof Box | "other";
