//! Whether an accessor's numbers are finite and its declared bounds are true.

use super::{
    accessor::{Accessor, Data},
    json::Read,
};

pub(super) fn check(accessor: &Accessor<'_>, data: &Data) -> Read<()> {
    let width = accessor.shape.count();
    match data {
        Data::Floats(floats) => {
            if let Some(index) = floats.iter().position(|float| !float.is_finite()) {
                return Err(accessor.at.error(format!("the number at {index} is {}", floats[index])));
            }
            compare(accessor, width, floats, |declared, actual| declared as f32 == actual)
        }
        Data::Unsigned(integers) => {
            compare(accessor, width, integers, |declared, actual| declared as i64 == i64::from(actual))
        }
        Data::Signed(integers) => {
            compare(accessor, width, integers, |declared, actual| declared as i64 == i64::from(actual))
        }
    }
}

fn compare<T: PartialOrd + Copy + std::fmt::Display>(
    accessor: &Accessor<'_>,
    width: usize,
    numbers: &[T],
    is: impl Fn(f64, T) -> bool,
) -> Read<()> {
    let wanted = [accessor.at.get("min"), accessor.at.get("max")];
    if accessor.rounded || wanted.iter().all(Option::is_none) {
        return Ok(());
    }
    let Some(first) = numbers.get(..width) else { return Ok(()) };
    let (mut least, mut most) = (first.to_vec(), first.to_vec());
    for element in numbers.chunks_exact(width) {
        for ((least, most), number) in least.iter_mut().zip(&mut most).zip(element) {
            if *number < *least {
                *least = *number;
            }
            if *number > *most {
                *most = *number;
            }
        }
    }
    for (declared, actual) in wanted.into_iter().zip([least, most]) {
        let Some(declared) = declared else { continue };
        for (item, actual) in declared.items()?.iter().zip(actual) {
            if !is(item.number()?, actual) {
                return Err(item.error(format!("the numbers' own bound is {actual}, not {}", item.value)));
            }
        }
    }
    Ok(())
}
