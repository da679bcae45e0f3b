//! A tree of boxes around triangles, so that a ray meets only those near it.
//!
//! The triangles are halved again and again at the median of their centres along the longest side of the box around those
//! (Ericson 2005, section 6.2.1); the tree is as deep as the logarithm of their number, whatever they are.

use glam::{DVec3, Vec3};

use crate::frame::{Geometry, Topology};

/// Most triangles in a leaf.
const LEAF: usize = 4;
/// From how many triangles on halves are built side by side.
const SPLIT: usize = 16_384;

/// Boxes around the triangles of geometry.
#[derive(Clone, Debug, Default)]
pub struct Bvh {
    /// Each inner one is followed by what is in its first half.
    nodes: Vec<Node>,
    /// Triangles in the order of the leaves.
    order: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    min: Vec3,
    max: Vec3,
    /// Of a leaf the place of its first triangle, else that of the second half among the nodes.
    at: u32,
    /// How many triangles a leaf has; 0 for inner nodes.
    count: u32,
}

/// A ray. The direction need not be of unit length; distances are in multiples of it.
#[derive(Clone, Copy, Debug)]
pub struct Ray {
    /// Where it begins.
    pub origin: DVec3,
    /// Where it goes.
    pub direction: DVec3,
}

/// Where a ray meets a triangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// How far away, in multiples of the ray's direction.
    pub distance: f64,
    /// The number of the triangle.
    pub triangle: u32,
    /// How much the second and the third corner count, so that the first counts as what is missing to 1.
    pub weights: [f64; 2],
    /// Whether the corners run counter-clockwise as the ray sees them.
    pub front: bool,
}

/// The smallest box around a triangle, and its centre twice.
fn around(geometry: &Geometry, triangle: u32) -> (Vec3, Vec3) {
    let corners = corners(geometry, triangle);
    (corners[0].min(corners[1]).min(corners[2]), corners[0].max(corners[1]).max(corners[2]))
}

fn corners(geometry: &Geometry, triangle: u32) -> [Vec3; 3] {
    let indices = geometry.indices.as_chunks::<3>().0.get(triangle as usize).copied().unwrap_or_default();
    indices.map(|index| geometry.positions.get(index as usize).copied().unwrap_or_default())
}

impl Bvh {
    /// The tree of geometry; empty for lines and points.
    pub fn new(geometry: &Geometry) -> Bvh {
        let count = match geometry.topology {
            Topology::Triangles => geometry.indices.len() / 3,
            Topology::Lines | Topology::Points => 0,
        };
        if count == 0 {
            return Bvh::default();
        }
        let mut items: Vec<(u32, Vec3)> = (0..count as u32)
            .map(|triangle| {
                let (min, max) = around(geometry, triangle);
                (triangle, min * 0.5 + max * 0.5)
            })
            .collect();
        let mut nodes = vec![Node::default(); 2 * count.div_ceil(LEAF) - 1];
        build(geometry, &mut nodes, &mut items, 0, 0);
        Bvh { nodes, order: items.into_iter().map(|(triangle, _)| triangle).collect() }
    }

    /// How many bytes it takes.
    pub fn size(&self) -> usize {
        size_of_val(self.nodes.as_slice()) + size_of_val(self.order.as_slice())
    }

    /// The nearest triangle that a ray meets before `limit`; with `fronts`, only of those whose corners run counter-clockwise
    /// (`Some(true)`) or clockwise (`Some(false)`) as it sees them.
    pub fn nearest(&self, geometry: &Geometry, ray: &Ray, limit: f64, fronts: Option<bool>) -> Option<Hit> {
        let (mut best, mut limit) = (None, limit);
        let mut stack = [(0u32, 0.0f64); 64];
        let mut depth = 0;
        if let Some(entry) = self.nodes.first().and_then(|root| ray.enters(root)) {
            stack[0] = (0, entry);
            depth = 1;
        }
        while depth > 0 {
            depth -= 1;
            let (at, entry) = stack[depth];
            let Some(node) = self.nodes.get(at as usize).filter(|_| entry < limit) else { continue };
            if node.count > 0 {
                let leaf = node.at as usize..(node.at + node.count) as usize;
                for triangle in self.order.get(leaf).unwrap_or_default() {
                    let hit = ray.meets(corners(geometry, *triangle));
                    if let Some(hit) = hit
                        && hit.distance < limit
                        && fronts.is_none_or(|fronts| fronts == hit.front)
                    {
                        limit = hit.distance;
                        best = Some(Hit { triangle: *triangle, ..hit });
                    }
                }
                continue;
            }
            let mut halves = [at + 1, node.at].map(|half| {
                let entry = self.nodes.get(half as usize).and_then(|node| ray.enters(node));
                (half, entry)
            });
            if halves[0].1.unwrap_or(f64::INFINITY) < halves[1].1.unwrap_or(f64::INFINITY) {
                halves.reverse();
            }
            for (half, entry) in halves {
                if let (Some(entry), Some(place)) = (entry, stack.get_mut(depth)) {
                    *place = (half, entry);
                    depth += 1;
                }
            }
        }
        best
    }
}

/// Fills `nodes`, whose first is at `place` in the tree, with the boxes around `items`, whose first is the triangle `first`.
fn build(geometry: &Geometry, nodes: &mut [Node], items: &mut [(u32, Vec3)], place: u32, first: u32) {
    let Some((node, rest)) = nodes.split_first_mut() else { return };
    if items.len() <= LEAF {
        let (mut min, mut max) = (Vec3::INFINITY, Vec3::NEG_INFINITY);
        for (triangle, _) in &*items {
            let (low, high) = around(geometry, *triangle);
            (min, max) = (min.min(low), max.max(high));
        }
        *node = Node { min, max, at: first, count: items.len() as u32 };
        return;
    }
    let centres = items.iter().fold((Vec3::INFINITY, Vec3::NEG_INFINITY), |(min, max), (_, centre)| {
        (min.min(*centre), max.max(*centre))
    });
    let axis = (centres.1 - centres.0).max_position();
    let leaves = items.len().div_ceil(LEAF) / 2;
    let middle = leaves * LEAF;
    let key = |(triangle, centre): &(u32, Vec3)| (centre[axis], *triangle);
    items.select_nth_unstable_by(middle, |a, b| {
        let (a, b) = (key(a), key(b));
        a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
    });
    let (left, right) = items.split_at_mut(middle);
    let inner = 2 * leaves - 1;
    let (one, two) = rest.split_at_mut(inner);
    let places = (place + 1, place + 1 + inner as u32);
    let big = left.len() + right.len() >= SPLIT;
    let mut build_left = || build(geometry, one, left, places.0, first);
    let mut build_right = || build(geometry, two, right, places.1, first + middle as u32);
    if big {
        rayon::join(build_left, build_right);
    } else {
        build_left();
        build_right();
    }
    let (min, max) = [one.first(), two.first()]
        .into_iter()
        .flatten()
        .fold((Vec3::INFINITY, Vec3::NEG_INFINITY), |(min, max), half| {
            (min.min(half.min), max.max(half.max))
        });
    *node = Node { min, max, at: places.1, count: 0 };
}

impl Ray {
    /// Where it enters a box; none where it passes by.
    fn enters(&self, node: &Node) -> Option<f64> {
        let (mut near, mut far) = (0.0f64, f64::INFINITY);
        let (min, max) = (node.min.as_dvec3(), node.max.as_dvec3());
        for axis in 0..3 {
            let (origin, direction) = (self.origin[axis], self.direction[axis]);
            if direction == 0.0 {
                if origin < min[axis] || origin > max[axis] {
                    return None;
                }
                continue;
            }
            let (a, b) = ((min[axis] - origin) / direction, (max[axis] - origin) / direction);
            near = near.max(a.min(b));
            far = far.min(a.max(b));
        }
        // What rounding may have moved is let in.
        let slack = 1e-12 * far.abs().min(f64::MAX);
        (near <= far + slack).then_some(near - slack.min(near))
    }

    /// Where it meets a triangle (Möller and Trumbore 1997), in double precision.
    fn meets(&self, corners: [Vec3; 3]) -> Option<Hit> {
        const EDGE: f64 = 1e-12;
        let [a, b, c] = corners.map(|corner| corner.as_dvec3());
        let (ab, ac) = (b - a, c - a);
        let p = self.direction.cross(ac);
        let determinant = ab.dot(p);
        if determinant == 0.0 {
            return None;
        }
        let s = self.origin - a;
        let u = s.dot(p) / determinant;
        let q = s.cross(ab);
        let v = self.direction.dot(q) / determinant;
        let distance = ac.dot(q) / determinant;
        let is_hit = u >= -EDGE && v >= -EDGE && u + v <= 1.0 + EDGE && distance >= 0.0;
        (is_hit && distance.is_finite()).then_some(Hit {
            distance,
            triangle: 0,
            weights: [u, v],
            front: determinant > 0.0,
        })
    }
}
