//! Polygons cut into triangles.

use glam::{Vec2, Vec3};

/// Polygons with more corners are cut as fans: cutting off ears takes quadratic time at least.
const MOST_EARS: usize = 1_024;

/// Calls `emit` with the places of three corners for each triangle of a polygon. Convex and concave ones are covered by
/// their own area; what crosses itself is cut as a fan.
pub(crate) fn triangulate(corners: &[Vec3], mut emit: impl FnMut([usize; 3])) {
    let fan = |emit: &mut dyn FnMut([usize; 3])| {
        (1..corners.len().saturating_sub(1)).for_each(|i| emit([0, i, i + 1]))
    };
    if corners.len() <= 3 || corners.len() > MOST_EARS {
        return fan(&mut emit);
    }
    let flat = flattened(corners);
    let is_convex = (0..flat.len()).all(|i| {
        let (a, b, c) = (flat[i], flat[(i + 1) % flat.len()], flat[(i + 2) % flat.len()]);
        (b - a).perp_dot(c - b) >= 0.0
    });
    match ears(&flat).filter(|_| !is_convex) {
        Some(triangles) => triangles.into_iter().for_each(emit),
        None => fan(&mut emit),
    }
}

/// The polygon seen along its normal (Newell's method), so that its area is positive.
fn flattened(corners: &[Vec3]) -> Vec<Vec2> {
    let next = |i: usize| corners[(i + 1) % corners.len()];
    let origin = corners[0];
    let normal: Vec3 = (0..corners.len()).map(|i| (corners[i] - origin).cross(next(i) - origin)).sum();
    let (across, up) = normal.normalize_or(Vec3::Z).any_orthonormal_pair();
    let turned = across.cross(up).dot(normal) < 0.0;
    let flat = corners.iter().map(|corner| {
        let corner = *corner - origin;
        let (x, y) = (corner.dot(across), corner.dot(up));
        if turned { Vec2::new(y, x) } else { Vec2::new(x, y) }
    });
    flat.collect()
}

fn ears(flat: &[Vec2]) -> Option<Vec<[usize; 3]>> {
    let mut rest: Vec<usize> = (0..flat.len()).collect();
    let mut out = Vec::with_capacity(flat.len() - 2);
    let side = |a: usize, b: usize, c: usize| (flat[b] - flat[a]).perp_dot(flat[c] - flat[b]);
    // Each search goes on where the last one ended; with this much work most polygons are done, and none takes for ever.
    let (mut work, mut last) = (flat.len() * flat.len() * 2, 0);
    while rest.len() > 3 {
        let count = rest.len();
        let ear = (0..count).map(|i| (i + last) % count).find(|i| {
            work = work.saturating_sub(count);
            let (a, b, c) = (rest[(i + count - 1) % count], rest[*i], rest[(i + 1) % count]);
            let inside = |p: usize| side(a, b, p) >= 0.0 && side(b, c, p) >= 0.0 && side(c, a, p) >= 0.0;
            side(a, b, c) > 0.0 && !rest.iter().any(|p| ![a, b, c].contains(p) && inside(*p))
        })?;
        out.push([rest[(ear + count - 1) % count], rest[ear], rest[(ear + 1) % count]]);
        rest.remove(ear);
        last = ear;
        if work == 0 {
            return None;
        }
    }
    out.push([rest[0], rest[1], rest[2]]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triangles_cover_the_area_of_the_polygon() {
        let arrow = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [3.0, 1.0]];
        let comb =
            [[0.0, 0.0], [6.0, 0.0], [6.0, 3.0], [5.0, 1.0], [3.0, 1.0], [2.0, 3.0], [1.0, 1.0], [0.0, 3.0]];
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        for polygon in [arrow.as_slice(), &comb, &square] {
            let corners: Vec<Vec3> = polygon.iter().map(|[x, y]| Vec3::new(*x, *y, 0.0)).collect();
            let cross = |a: Vec3, b: Vec3| a.x * b.y - a.y * b.x;
            let whole: f32 =
                (0..corners.len()).map(|i| cross(corners[i], corners[(i + 1) % corners.len()])).sum();
            let mut parts = 0.0;
            triangulate(&corners, |[a, b, c]| {
                let part = cross(corners[b] - corners[a], corners[c] - corners[a]);
                assert!(part >= 0.0);
                parts += part;
            });
            assert!((whole - parts).abs() < 1e-5, "{whole} {parts}");
        }
    }
}
