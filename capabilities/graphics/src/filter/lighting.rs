//! `feDiffuseLighting` and `feSpecularLighting`: light on a surface whose height is the alpha channel, by the formulas
//! of Filter Effects Module Level 1.

use super::{
    attributes::LightSource,
    raster::{Raster, Rgba, quantise},
};

type Vector = [f32; 3];

/// What the surface reflects.
#[derive(Clone, Copy)]
pub(super) enum Reflection {
    /// `kd · N·L`, opaque.
    Diffuse {
        /// `kd`.
        constant: f32,
    },
    /// `ks · (N·H)^exponent`, with the largest channel for alpha.
    Specular {
        /// `ks`.
        constant: f32,
        /// The gloss.
        exponent: f32,
    },
}

/// Lights `input`. `light` has its positions in pixels of the raster; `color` is in the space of the computation.
pub(super) fn light(
    input: &Raster,
    surface_scale: f32,
    reflection: Reflection,
    light: &LightSource,
    color: [u8; 3],
) -> Raster {
    let lamp = Lamp::new(light, color);
    Raster::generate(input.width, input.height, |x, y| {
        let height = surface_scale * alpha(input, x, y);
        let (to_light, color) = lamp.at([x as f32, y as f32, height]);
        let normal = normal(input, surface_scale, x, y);
        match reflection {
            Reflection::Diffuse { constant } => {
                let amount = constant * dot(normal, to_light);
                let [r, g, b] = color.map(|c| quantise(c * amount));
                [r, g, b, 255]
            }
            Reflection::Specular { constant, exponent } => {
                let halfway = normalised([to_light[0], to_light[1], to_light[2] + 1.0]);
                let amount = constant * dot(normal, halfway).max(0.0).powf(exponent);
                let [r, g, b] = color.map(|c| quantise(c * amount));
                [r, g, b, r.max(g).max(b)]
            }
        }
    })
}

fn alpha(input: &Raster, x: usize, y: usize) -> f32 {
    let pixel: Rgba = input.pixels[y * input.width + x];
    f32::from(pixel[3]) / 255.0
}

/// The surface normal by the Sobel operator. At an edge the missing neighbours are left out of the sums, which gives
/// the specification's nine sets of factors.
fn normal(input: &Raster, surface_scale: f32, x: usize, y: usize) -> Vector {
    let (left, right) = (x.saturating_sub(1), (x + 1).min(input.width - 1));
    let (top, bottom) = (y.saturating_sub(1), (y + 1).min(input.height - 1));
    let weight = |offset: bool| if offset { 1.0 } else { 2.0 };
    let (mut slope_x, mut sum_x, mut slope_y, mut sum_y) = (0.0, 0.0, 0.0, 0.0);
    for row in top..=bottom {
        let weight = weight(row != y);
        slope_x += weight * (alpha(input, right, row) - alpha(input, left, row));
        sum_x += weight;
    }
    for column in left..=right {
        let weight = weight(column != x);
        slope_y += weight * (alpha(input, column, bottom) - alpha(input, column, top));
        sum_y += weight;
    }
    let steepness = |slope: f32, sum: f32, span: usize| {
        if span == 0 { 0.0 } else { -surface_scale * slope * 2.0 / (sum * span as f32) }
    };
    normalised([steepness(slope_x, sum_x, right - left), steepness(slope_y, sum_y, bottom - top), 1.0])
}

/// A light source ready for evaluation.
struct Lamp {
    color: Vector,
    kind: LampKind,
}

enum LampKind {
    Distant { direction: Vector },
    Point { position: Vector },
    Spot { position: Vector, axis: Vector, exponent: f32, least_cosine: f32 },
}

impl Lamp {
    fn new(light: &LightSource, color: [u8; 3]) -> Self {
        let kind = match *light {
            LightSource::Distant { azimuth, elevation } => {
                let (azimuth_sin, azimuth_cos) = azimuth.to_radians().sin_cos();
                let (elevation_sin, elevation_cos) = elevation.to_radians().sin_cos();
                let direction = [azimuth_cos * elevation_cos, azimuth_sin * elevation_cos, elevation_sin];
                LampKind::Distant { direction }
            }
            LightSource::Point { x, y, z } => LampKind::Point { position: [x, y, z] },
            LightSource::Spot {
                x,
                y,
                z,
                points_at_x,
                points_at_y,
                points_at_z,
                specular_exponent,
                limiting_cone_angle,
            } => LampKind::Spot {
                position: [x, y, z],
                axis: normalised([points_at_x - x, points_at_y - y, points_at_z - z]),
                exponent: specular_exponent,
                least_cosine: limiting_cone_angle.map_or(0.0, |angle| angle.to_radians().cos().max(0.0)),
            },
        };
        Lamp { color: color.map(|c| f32::from(c) / 255.0), kind }
    }

    /// The direction from `surface` to the light, and the colour that arrives.
    fn at(&self, surface: Vector) -> (Vector, Vector) {
        match self.kind {
            LampKind::Distant { direction } => (direction, self.color),
            LampKind::Point { position } => (normalised(difference(position, surface)), self.color),
            LampKind::Spot { position, axis, exponent, least_cosine } => {
                let to_light = normalised(difference(position, surface));
                let cosine = -dot(to_light, axis);
                let amount = if cosine <= 0.0 || cosine < least_cosine { 0.0 } else { cosine.powf(exponent) };
                (to_light, self.color.map(|c| c * amount))
            }
        }
    }
}

fn difference(a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|i| a[i] - b[i])
}

fn dot(a: Vector, b: Vector) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn normalised(vector: Vector) -> Vector {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 { vector.map(|v| v / length) } else { vector }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERHEAD: LightSource = LightSource::Distant { azimuth: 0.0, elevation: 90.0 };

    #[test]
    fn normals_have_the_factors_of_the_specification() {
        // A ramp of one step of alpha for each column, and nothing in y.
        let ramp = Raster::generate(5, 5, |x, _| [0, 0, 0, x as u8 * 51]);
        // A slope of 0.2 in x: inside the kernel's sum is 1/4 · 8 · 0.2, at the left edge 1/2 · 4 · 0.2.
        for (x, y, nx) in [(2, 2, -0.4f32), (0, 2, -0.4), (0, 0, -0.4), (2, 0, -0.4), (4, 4, -0.4)] {
            let [found, other, _] = normal(&ramp, 1.0, x, y);
            let expected = nx / nx.hypot(1.0);
            assert!((found - expected).abs() < 1e-6 && other == 0.0, "{x} {y}: {found}, not {expected}");
        }
    }

    #[test]
    fn flat_surfaces_reflect_by_the_angle_alone() {
        let flat = Raster::filled(3, 3, [0, 0, 0, 255]);
        let color = [255, 128, 0];
        let diffuse = Reflection::Diffuse { constant: 0.5 };
        let specular = Reflection::Specular { constant: 1.0, exponent: 2.0 };
        let low = LightSource::Distant { azimuth: 90.0, elevation: 30.0 };
        let below = LightSource::Distant { azimuth: 0.0, elevation: -30.0 };
        for (reflection, source, expected) in [
            (diffuse, OVERHEAD, [128, 64, 0, 255]),
            (diffuse, low, [64, 32, 0, 255]),
            (diffuse, below, [0, 0, 0, 255]),
            (specular, OVERHEAD, [255, 128, 0, 255]),
            (specular, low, [191, 96, 0, 191]),
        ] {
            assert_eq!(light(&flat, 1.0, reflection, &source, color).get(1, 1), expected, "{source:?}");
        }
    }

    #[test]
    fn a_spot_is_dark_outside_its_cone() {
        let flat = Raster::filled(21, 1, [0; 4]);
        let spot = LightSource::Spot {
            x: 10.0,
            y: 0.0,
            z: 10.0,
            points_at_x: 10.0,
            points_at_y: 0.0,
            points_at_z: 0.0,
            specular_exponent: 1.0,
            limiting_cone_angle: Some(30.0),
        };
        let lit = light(&flat, 0.0, Reflection::Diffuse { constant: 1.0 }, &spot, [255; 3]);
        let columns: Vec<usize> = (0..21).filter(|x| lit.pixels[*x][0] > 0).collect();
        assert_eq!(columns, (5..=15).collect::<Vec<_>>());
        assert_eq!(lit.pixels[10], [255; 4]);
    }
}
