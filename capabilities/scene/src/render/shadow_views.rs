//! Which lights cast shadows, and from where each of their maps is seen.

use std::ops::Range;

use glam::{DVec3, Mat4, Vec3, camera::rh};

use crate::{
    frame::{Frame, LightKind},
    render::{
        batch::{Batch, Plan},
        check::Bounds,
    },
};

/// The most maps that are drawn.
const MOST: usize = 36;
/// Spots that shine farther from their axis than this, in radians, are seen to all sides as points are.
const WIDE: f32 = 1.2;
/// How much more than its side of a cube a map shows, for soft edges.
const BESIDE: f32 = 1.01;
/// The near plane as a part of the distance of what is farthest.
const NEAR: f32 = 1e-4;

/// A shadow map as it is to be drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct MapView {
    /// From the world around the eye to the map's clip space; the nearest is 1.
    pub(super) clip_from_world: Mat4,
    /// Its width in metres; at a distance of 1 where there is perspective.
    pub(super) width: f32,
}

impl MapView {
    /// Whether something of a box may be seen.
    pub(super) fn sees(&self, bounds: Bounds) -> bool {
        let corners = bounds.corners().map(|corner| self.clip_from_world * corner.extend(1.0));
        let outside =
            |axis: usize| corners.iter().all(|c| c[axis] > c.w) || corners.iter().all(|c| c[axis] < -c.w);
        !(outside(0) || outside(1) || corners.iter().all(|c| c.w <= 0.0))
    }
}

/// All maps, and which are whose.
#[derive(Debug, Default)]
pub(super) struct Casting {
    pub(super) views: Vec<MapView>,
    /// For each light of the frame: none, one, or six towards ±x, ±y, ±z.
    pub(super) of_lights: Vec<Range<usize>>,
    /// How many lights have none, because there are too many.
    pub(super) unshadowed: usize,
}

/// The maps of the first lights of a frame that shine.
pub(super) fn casting(frame: &Frame, plan: &Plan<'_>, eye: DVec3) -> Casting {
    let mut out = Casting::default();
    let mut boxes: Option<Vec<(Mat4, Bounds)>> = None;
    for light in &frame.lights {
        let first = out.views.len();
        if light.color.max_element() > 0.0 && !plan.batches.is_empty() {
            let boxes = boxes.get_or_insert_with(|| boxes_of(frame, plan, eye));
            let views = views(light.kind, boxes, eye);
            if first + views.len() <= MOST {
                out.views.extend(views);
            } else {
                out.unshadowed += 1;
            }
        }
        out.of_lights.push(first..out.views.len());
    }
    out
}

/// What is drawn, as transforms to the world around the eye and bounds.
fn boxes_of(frame: &Frame, plan: &Plan<'_>, eye: DVec3) -> Vec<(Mat4, Bounds)> {
    let place = |(number, geometry): &(usize, usize)| {
        let mut place = frame.instances[*number].world_from_local.as_dmat4();
        place.w_axis -= eye.extend(0.0);
        (place.as_mat4(), plan.checked.geometries[*geometry].1)
    };
    plan.checked.drawn.iter().map(place).collect()
}

/// The box around the instances of a batch, in the world around the eye.
pub(super) fn bounds_of(plan: &Plan<'_>, batch: &Batch) -> Bounds {
    let corners = plan.checked.geometries[batch.geometry].1.corners();
    let places = &plan.places[batch.instances.start as usize..batch.instances.end as usize];
    let points = places.iter().flat_map(|rows| {
        let rows = rows.map(glam::Vec4::from_array);
        corners.map(|corner| Vec3::from_array(rows.map(|row| row.dot(corner.extend(1.0)))))
    });
    points.fold(Bounds::EMPTY, Bounds::with)
}

fn views(kind: LightKind, boxes: &[(Mat4, Bounds)], eye: DVec3) -> Vec<MapView> {
    let near = |position: Vec3| (position.as_dvec3() - eye).as_vec3();
    match kind {
        LightKind::Directional(direction) => {
            direction.try_normalize().map(|direction| sun(direction, boxes)).into_iter().collect()
        }
        LightKind::Spot { position, direction, outer, .. } if outer < WIDE => direction
            .try_normalize()
            .map(|direction| cone(near(position), direction, outer.max(1e-3).tan() * BESIDE, boxes))
            .into_iter()
            .collect(),
        LightKind::Point { position, .. } | LightKind::Spot { position, .. } => {
            let axes = [Vec3::X, Vec3::Y, Vec3::Z].into_iter().flat_map(|axis| [axis, -axis]);
            axes.map(|axis| cone(near(position), axis, BESIDE, boxes)).collect()
        }
    }
}

/// A direction that is up, seen along another one.
fn up(direction: Vec3) -> Vec3 {
    if direction.y.abs() > 0.99 { Vec3::Z } else { Vec3::Y }
}

/// The map of a sun, fitted to what is drawn.
fn sun(direction: Vec3, boxes: &[(Mat4, Bounds)]) -> MapView {
    let light_from_world = rh::view::look_to_mat4(Vec3::ZERO, direction, up(direction));
    let mut bounds = Bounds::EMPTY;
    for (place, own) in boxes {
        let light_from_local = light_from_world * *place;
        for corner in own.corners() {
            bounds = bounds.with(light_from_local.transform_point3(corner));
        }
    }
    let size = (bounds.max - bounds.min).max(Vec3::splat(1e-6));
    // Room for the softened edge.
    let margin = size.max_element() * 0.01;
    let (min, max) = (bounds.min - margin, bounds.max + margin);
    let projection = rh::proj::directx::orthographic(min.x, max.x, min.y, max.y, -min.z, -max.z);
    let width = (max - min).truncate().max_element();
    MapView { clip_from_world: projection * light_from_world, width }
}

/// The map of a light at a position that shines as far from its axis as the tangent of an angle says.
fn cone(position: Vec3, direction: Vec3, tangent: f32, boxes: &[(Mat4, Bounds)]) -> MapView {
    let light_from_world = rh::view::look_to_mat4(position, direction, up(direction));
    let corners = boxes.iter().flat_map(|(place, own)| own.corners().map(|c| place.transform_point3(c)));
    let farthest = corners.map(|corner| corner.distance(position)).fold(0.0, f32::max);
    let near = if farthest.is_finite() { (farthest * NEAR).max(1e-6) } else { NEAR };
    let angle = 2.0 * tangent.atan();
    let projection = rh::proj::directx::perspective_infinite_reverse(angle, 1.0, near);
    MapView { clip_from_world: projection * light_from_world, width: 2.0 * tangent }
}
