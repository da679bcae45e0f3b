use std::fmt;
struct Sum { count: usize }
fn sum(⟦count⟧: usize, other: Sum) -> Sum {
    // count
    let text = "count";
    println!("{count} {{count}} {}", count + other.count);
    let inner = |count: usize| count + 1;
    match Some(count) { Some(count) => drop(count), None => drop(count) }
    let count = count + inner(2);
    if let Some(count) = Some(count) { drop(count); }
    Sum { count }
}
