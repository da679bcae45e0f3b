//! Outlines given depth.

use glam::{Vec2, Vec3};
use i_triangle::{
    float::triangulator::Triangulator,
    i_overlay::core::{fill_rule::FillRule, solver::Solver},
    int::validation::Validation,
};
use kurbo::{BezPath, PathEl};
use rustc_hash::FxHashMap;

use crate::{
    edit::{normals, vertices},
    frame::Geometry,
};

/// How an outline becomes a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extrusion {
    /// How deep it is, in m. Above 0.
    pub depth: f64,
    /// How far curves may be from the polygons that stand for them, in m. Above 0.
    pub tolerance: f64,
    /// Whether only what an odd number of outlines goes around is filled, in place of all that is not cancelled out.
    pub even_odd: bool,
    /// Over edges where the side bends less than this, in radians, it is smooth.
    pub crease: f32,
}

/// Why an outline became no body.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExtrudeError {
    /// It encloses nothing.
    #[error("the outline encloses no area")]
    Empty,
    /// Its numbers are too large, too many, or not finite.
    #[error("the outline cannot be filled: {0}")]
    Fill(String),
}

/// Most corners of the polygons that stand for an outline.
const MOST: usize = 4_000_000;
/// Largest number in an outline, in m.
const LARGEST: f64 = 1e9;

/// The body of an outline in the plane of x and y, with y up, whose front is at half the depth towards z. Faces show the whole
/// texture across the box around the outline, sides once around each contour.
///
/// # Errors
/// The outline encloses no area, or cannot be filled.
pub fn extrude(outline: &BezPath, options: &Extrusion) -> Result<Geometry, ExtrudeError> {
    let face = filled(outline, options)?;
    let (min, max) =
        face.iter().flatten().fold((Vec2::INFINITY, Vec2::NEG_INFINITY), |(min, max), corner| {
            (min.min(*corner), max.max(*corner))
        });
    let size = (max - min).max(Vec2::splat(f32::MIN_POSITIVE));
    let half = (options.depth / 2.0) as f32;
    let mut geometry = Geometry::default();
    let mut numbers: FxHashMap<([u32; 2], bool), u32> = FxHashMap::default();
    for triangle in &face {
        for (front, order) in [(true, [0, 1, 2]), (false, [0, 2, 1])] {
            for corner in order.map(|i| triangle[i]) {
                let number =
                    *numbers.entry((corner.to_array().map(f32::to_bits), front)).or_insert_with(|| {
                        let part = ((corner - min) / size).clamp(Vec2::ZERO, Vec2::ONE);
                        let across = if front { part.x } else { 1.0 - part.x };
                        push(
                            &mut geometry,
                            corner,
                            if front { half } else { -half },
                            Vec2::new(across, 1.0 - part.y),
                        )
                    });
                geometry.indices.push(number);
            }
        }
    }
    for contour in contours(&face) {
        side(&mut geometry, &contour, half);
    }
    let smooth = normals::recompute(&geometry, options.crease);
    smooth.map_err(|error| ExtrudeError::Fill(error.to_string()))
}

fn push(geometry: &mut Geometry, corner: Vec2, z: f32, uv: Vec2) -> u32 {
    geometry.positions.push(corner.extend(z));
    geometry.uvs[0].push(uv);
    geometry.positions.len() as u32 - 1
}

/// The triangles that fill an outline, counter-clockwise. Where outlines cross, they have corners.
fn filled(outline: &BezPath, options: &Extrusion) -> Result<Vec<[Vec2; 3]>, ExtrudeError> {
    let around = outline.control_box();
    let largest =
        [around.x0, around.x1, around.y0, around.y1].into_iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if !outline.is_finite() || largest > LARGEST {
        return Err(ExtrudeError::Fill("its numbers are too large".to_owned()));
    }
    // What is finer than single precision would only take time.
    let tolerance = options.tolerance.max(largest * 1e-7);
    let mut contours: Vec<Vec<[f64; 2]>> = Vec::new();
    let mut corners = 0;
    kurbo::flatten(outline, tolerance, |element| {
        corners += 1;
        match element {
            PathEl::MoveTo(p) => contours.push(vec![[p.x, p.y]]),
            PathEl::LineTo(p) if corners <= MOST => {
                contours.last_mut().into_iter().for_each(|contour| contour.push([p.x, p.y]));
            }
            _ => {}
        }
    });
    if corners > MOST {
        return Err(ExtrudeError::Fill(format!("it has more than {MOST} corners")));
    }
    contours.retain(|contour| contour.len() > 2);
    if contours.is_empty() {
        return Err(ExtrudeError::Empty);
    }
    let rule = if options.even_odd { FillRule::EvenOdd } else { FillRule::NonZero };
    let mut triangulator =
        Triangulator::<u32, i32>::new(corners, Validation::with_fill_rule(rule), Solver::default());
    triangulator.delaunay(true);
    let filled = triangulator.triangulate(&contours);
    let triangles = filled.indices.as_chunks::<3>().0.iter().map(|triangle| {
        triangle.map(|index| {
            let [x, y] = filled.points.get(index as usize).copied().unwrap_or_default();
            Vec2::new(x as f32, y as f32) + Vec2::ZERO
        })
    });
    let triangles: Vec<[Vec2; 3]> = triangles.filter(|[a, b, c]| a != b && b != c && c != a).collect();
    if triangles.is_empty() { Err(ExtrudeError::Empty) } else { Ok(triangles) }
}

/// The borders of what triangles cover, each as its corners in turn, with the inside on the left: the edges that no other
/// one runs against. Whatever the triangles are, walls on all of these close the body.
fn contours(face: &[[Vec2; 3]]) -> Vec<Vec<Vec2>> {
    type Corner = [u32; 2];
    let bits = |corner: Vec2| corner.to_array().map(f32::to_bits);
    let mut balance: FxHashMap<(Corner, Corner), i32> = FxHashMap::default();
    let edges = || {
        face.iter().flat_map(|[a, b, c]| [(a, b), (b, c), (c, a)]).map(|(from, to)| (bits(*from), bits(*to)))
    };
    for (from, to) in edges() {
        let forward = from < to;
        *balance.entry(if forward { (from, to) } else { (to, from) }).or_default() +=
            if forward { 1 } else { -1 };
    }
    // In the order of the triangles, so that the same outline always gives the same body.
    let mut starts: Vec<Corner> = Vec::new();
    let mut onward: FxHashMap<Corner, Vec<Corner>> = FxHashMap::default();
    for (from, to) in edges() {
        let forward = from < to;
        let Some(left) = balance.get_mut(&if forward { (from, to) } else { (to, from) }) else { continue };
        let sign = if forward { 1 } else { -1 };
        if *left * sign > 0 {
            *left -= sign;
            starts.push(from);
            onward.entry(from).or_default().push(to);
        }
    }
    let mut contours = Vec::new();
    for start in starts {
        let mut contour = Vec::new();
        let mut at = start;
        while let Some(next) = onward.get_mut(&at).and_then(Vec::pop) {
            contour.push(Vec2::from_array(at.map(f32::from_bits)));
            at = next;
        }
        if !contour.is_empty() {
            contours.push(contour);
        }
    }
    contours
}

/// Adds the wall along a contour.
fn side(geometry: &mut Geometry, contour: &[Vec2], half: f32) {
    let corner = |i: usize| contour[i % contour.len()];
    let around: f32 = (0..contour.len()).map(|i| corner(i).distance(corner(i + 1))).sum();
    let mut walked = 0.0;
    let pair = |geometry: &mut Geometry, corner: Vec2, walked: f32| {
        let u = (walked / around.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
        [(half, 0.0), (-half, 1.0)].map(|(z, v)| push(geometry, corner, z, Vec2::new(u, v)))
    };
    let mut last = pair(geometry, corner(0), 0.0);
    for i in 0..contour.len() {
        walked += corner(i).distance(corner(i + 1));
        let here = pair(geometry, corner(i + 1), if i + 1 == contour.len() { around } else { walked });
        let ([a, b], [d, c]) = (last, here);
        geometry.indices.extend([a, b, c, a, c, d]);
        last = here;
    }
}

/// Moves geometry so that the middle of its box is at the origin, but for its depth.
pub(crate) fn center(geometry: &mut Geometry) {
    let bounds = crate::model::Bounds::of_geometry(geometry, glam::Mat4::IDENTITY);
    let middle = bounds.center() * Vec3::new(1.0, 1.0, 0.0);
    vertices::transform(geometry, glam::DMat4::from_translation(-middle.as_dvec3()));
}
