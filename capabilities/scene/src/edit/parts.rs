//! Geometry taken apart.

use super::{EditError, vertices};
use crate::frame::{Geometry, Topology};

/// The parts that hang together, over places that they share: in the order in which they begin.
///
/// # Errors
/// It is made of points.
pub fn separate(geometry: &Geometry) -> Result<Vec<Geometry>, EditError> {
    let width = match geometry.topology {
        Topology::Triangles => 3,
        Topology::Lines => 2,
        Topology::Points => return Err(EditError::Topology(Topology::Points)),
    };
    let (numbers, count) = vertices::place_numbers(&geometry.positions);
    let mut above: Vec<u32> = (0..count as u32).collect();
    let number = |index: &u32| numbers.get(*index as usize).copied().unwrap_or_default();
    for element in geometry.indices.chunks_exact(width) {
        let Some((first, rest)) = element.split_first() else { continue };
        for other in rest {
            let (a, b) = (root(&mut above, number(first)), root(&mut above, number(other)));
            above[a.max(b) as usize] = a.min(b);
        }
    }
    let mut places = vec![usize::MAX; count];
    let mut parts: Vec<Vec<u32>> = Vec::new();
    for element in geometry.indices.chunks_exact(width) {
        let Some(first) = element.first() else { continue };
        let part = &mut places[root(&mut above, number(first)) as usize];
        if *part == usize::MAX {
            *part = parts.len();
            parts.push(Vec::new());
        }
        parts[*part].extend(element);
    }
    Ok(parts.iter().map(|indices| vertices::only(geometry, indices)).collect())
}

fn root(above: &mut [u32], of: u32) -> u32 {
    let mut at = of;
    while above[at as usize] != at {
        let next = above[above[at as usize] as usize];
        above[at as usize] = next;
        at = next;
    }
    at
}
