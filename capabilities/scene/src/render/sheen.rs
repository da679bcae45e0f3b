//! How much light sheen reflects: the table that the fibres' share is read from.

use std::{f32::consts::PI, sync::LazyLock};

use rayon::prelude::*;

/// As `SHEEN_SIDE` in `lobes.wgsl`.
const SIDE: usize = 16;
/// How many cosines, and how many angles about the normal, light comes from.
const COSINES: usize = 48;
const ANGLES: usize = 48;

/// The part of the light from all sides that white sheen reflects, 0 to 1: rows by roughness from 0 to 1, in them by the root
/// of the cosine between normal and eye.
pub(super) fn albedo() -> &'static [f32] {
    static TABLE: LazyLock<Vec<f32>> = LazyLock::new(|| {
        let unit = |place: usize| place as f32 / (SIDE - 1) as f32;
        let entry = |place| reflected(unit(place % SIDE).powi(2), unit(place / SIDE));
        (0..SIDE * SIDE).into_par_iter().map(entry).collect()
    });
    &TABLE
}

/// The sum of `fibres` in `lobes.wgsl`, times the cosine, over the hemisphere.
fn reflected(nv: f32, roughness: f32) -> f32 {
    let (alpha, nv) = ((roughness * roughness).max(0.01), nv.max(1e-3));
    let sv = (1.0 - nv * nv).max(0.0).sqrt();
    let towards_eye = shadow(nv, alpha);
    let mut sum = 0.0;
    for step in 0..COSINES {
        // Close to the surface there is most to see.
        let root = (step as f32 + 0.5) / COSINES as f32;
        let (nl, width) = (root * root, 2.0 * root / COSINES as f32);
        let sl = (1.0 - nl * nl).sqrt();
        let distribution: f32 = (0..ANGLES)
            .map(|angle| {
                let turn = (angle as f32 + 0.5) / ANGLES as f32 * PI;
                let flat = (sv + sl * turn.cos()).powi(2) + (sl * turn.sin()).powi(2);
                (flat / (flat + (nv + nl).powi(2))).powf(0.5 / alpha)
            })
            .sum();
        let distribution = distribution * (2.0 + 1.0 / alpha) / (2.0 * PI);
        sum += distribution * width / ((1.0 + towards_eye + shadow(nl, alpha)) * 4.0 * nv);
    }
    (sum * 2.0 * PI / ANGLES as f32).min(1.0)
}

/// Estevez and Kulla (2017).
fn shadow(cosine: f32, alpha: f32) -> f32 {
    let t = (1.0 - alpha).powi(2);
    let mix = |rough: f32, fine: f32| rough + (fine - rough) * t;
    let (a, b, c) = (mix(21.5473, 25.3245), mix(3.82987, 3.32435), mix(0.19823, 0.16801));
    let (d, e) = (mix(-1.97760, -1.27393), mix(-4.32054, -4.85967));
    let fit = |x: f32| a / (1.0 + b * x.powf(c)) + d * x + e;
    if cosine < 0.5 { fit(cosine).exp() } else { (2.0 * fit(0.5) - fit(1.0 - cosine)).exp() }
}
