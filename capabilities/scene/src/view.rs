//! Where a scene without cameras is seen from.

use glam::{Mat4, Vec3};

use crate::{
    frame::{Camera, Projection},
    model::Bounds,
};

/// The vertical field of view, in radians: that of a 50 mm lens on full-frame film, nearly.
const FIELD: f32 = 0.6;
/// How much larger than the model what is seen is.
pub(crate) const MARGIN: f32 = 1.08;

/// The inverse of where a camera is, without its scale.
pub(crate) fn rigid_inverse(world_from_camera: Mat4) -> Mat4 {
    let (_, rotation, translation) = world_from_camera.to_scale_rotation_translation();
    let rigid = Mat4::from_rotation_translation(rotation.normalize(), translation);
    if rigid.is_finite() { rigid.inverse() } else { Mat4::IDENTITY }
}

/// A camera that sees all of a box from the front, the right and above, with a margin, in a picture of `size` pixels.
pub(crate) fn framing(bounds: Bounds, size: (u32, u32)) -> Camera {
    let bounds = if bounds.is_empty() { Bounds { min: -Vec3::ONE, max: Vec3::ONE } } else { bounds };
    let center = bounds.center();
    let radius = (bounds.max * 0.5 - bounds.min * 0.5).length().max(1e-4);
    let aspect = size.0.max(1) as f32 / size.1.max(1) as f32;
    let toward = Vec3::new(0.8, 0.55, 1.0).normalize();
    let right = Vec3::Y.cross(toward).normalize();
    let up = toward.cross(right);
    let slope = (FIELD / 2.0).tan() / MARGIN;
    // Each corner asks for a distance at which it lies within the pyramid that is seen.
    let distance = bounds.corners().into_iter().fold(0.0f32, |distance, corner| {
        let corner = corner - center;
        let needed = (corner.dot(right).abs() / (slope * aspect)).max(corner.dot(up).abs() / slope);
        distance.max(needed + corner.dot(toward))
    });
    let distance = distance.max(radius * 0.5);
    let eye = center + toward * distance;
    let nearest =
        bounds.corners().into_iter().map(|corner| (eye - corner).dot(toward)).fold(f32::INFINITY, f32::min);
    let near = (nearest * 0.5).max(radius * 1e-3).max(f32::MIN_POSITIVE);
    let projection = Projection::Perspective { yfov: FIELD, near, far: distance + radius * 4.0 };
    let world_from_view =
        Mat4::from_cols(right.extend(0.0), up.extend(0.0), toward.extend(0.0), eye.extend(1.0));
    Camera { view_from_world: world_from_view.inverse(), projection }
}
