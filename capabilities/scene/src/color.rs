//! Colours of vertices.

use glam::Vec3;

/// The linear colour of one in sRGB (IEC 61966-2-1), each 0 to 1.
pub(crate) fn linear(color: Vec3) -> Vec3 {
    let one = |x: f32| {
        let x = x.clamp(0.0, 1.0);
        if x <= 0.040_45 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
    };
    Vec3::new(one(color.x), one(color.y), one(color.z))
}

/// The sRGB colour of a linear one, each 0 to 1.
pub(crate) fn encoded(color: Vec3) -> Vec3 {
    let one = |x: f32| {
        let x = x.clamp(0.0, 1.0);
        if x <= 0.003_130_8 { x * 12.92 } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 }
    };
    Vec3::new(one(color.x), one(color.y), one(color.z))
}
