//! Colour spaces, `feColorMatrix` and `feComponentTransfer`.

use std::sync::LazyLock;

use base::Color;

use super::{
    attributes::{ColorMatrix, TransferFunction},
    model::ColorSpace,
    raster::{Raster, Rgba, mul255, premultiply, quantise, unpremultiply},
};

type Curve = [u8; 256];

/// The transfer curve of sRGB (IEC 61966-2-1) in eight bits, from linear light and back.
static SRGB_FROM_LINEAR: LazyLock<Curve> =
    LazyLock::new(|| curve(|c| if c <= 0.003_130_8 { c * 12.92 } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 }));
static LINEAR_FROM_SRGB: LazyLock<Curve> =
    LazyLock::new(|| curve(|c| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }));

/// `raster` in the space `to`, given that it is in `from`.
pub(super) fn convert(raster: Raster, from: ColorSpace, to: ColorSpace) -> Raster {
    match curve_between(from, to) {
        None => raster,
        Some(curve) => raster.map(|pixel| {
            let [r, g, b, a] = unpremultiply(pixel);
            premultiply([curve[r as usize], curve[g as usize], curve[b as usize], a])
        }),
    }
}

/// An sRGB colour as a straight pixel of `space`, its alpha times `opacity`.
pub(super) fn pixel_of(color: Color, opacity: f32, space: ColorSpace) -> Rgba {
    let straight = [color.r, color.g, color.b, mul255(color.a, quantise(opacity))];
    match curve_between(ColorSpace::Srgb, space) {
        None => straight,
        Some(curve) => {
            let [r, g, b, a] = straight;
            [curve[r as usize], curve[g as usize], curve[b as usize], a]
        }
    }
}

/// `feColorMatrix`.
pub(super) fn color_matrix(input: Raster, matrix: &ColorMatrix) -> Raster {
    let m = values_of(matrix);
    input.map(|pixel| {
        let [r, g, b, a] = unpremultiply(pixel).map(|c| f32::from(c) / 255.0);
        let row = |i: usize| quantise(m[i] * r + m[i + 1] * g + m[i + 2] * b + m[i + 3] * a + m[i + 4]);
        premultiply([row(0), row(5), row(10), row(15)])
    })
}

/// `feComponentTransfer` with the curves for red, green, blue and alpha.
pub(super) fn component_transfer(input: Raster, functions: [&TransferFunction; 4]) -> Raster {
    let curves = functions.map(transfer_curve);
    input.map(|pixel| {
        let straight = unpremultiply(pixel);
        premultiply([0, 1, 2, 3].map(|i| curves[i][straight[i] as usize]))
    })
}

fn curve_between(from: ColorSpace, to: ColorSpace) -> Option<&'static Curve> {
    match (from, to) {
        (ColorSpace::Srgb, ColorSpace::LinearRgb) => Some(&LINEAR_FROM_SRGB),
        (ColorSpace::LinearRgb, ColorSpace::Srgb) => Some(&SRGB_FROM_LINEAR),
        _ => None,
    }
}

fn curve(function: impl Fn(f32) -> f32) -> Curve {
    std::array::from_fn(|i| quantise(function(i as f32 / 255.0)))
}

fn transfer_curve(function: &TransferFunction) -> Curve {
    match function {
        TransferFunction::Identity => std::array::from_fn(|i| i as u8),
        TransferFunction::Table { values } | TransferFunction::Discrete { values } if values.is_empty() => {
            std::array::from_fn(|i| i as u8)
        }
        TransferFunction::Table { values } => curve(|c| {
            let last = values.len() - 1;
            let place = c * last as f32;
            let left = (place as usize).min(last);
            let right = (left + 1).min(last);
            values[left] + (place - left as f32) * (values[right] - values[left])
        }),
        TransferFunction::Discrete { values } => {
            curve(|c| values[((c * values.len() as f32) as usize).min(values.len() - 1)])
        }
        TransferFunction::Linear { slope, intercept } => curve(|c| slope * c + intercept),
        TransferFunction::Gamma { amplitude, exponent, offset } => {
            curve(|c| amplitude * c.powf(*exponent) + offset)
        }
    }
}

/// The twenty factors of a matrix (Filter Effects Level 1, feColorMatrix).
fn values_of(matrix: &ColorMatrix) -> [f32; 20] {
    let colors = |m: [[f32; 3]; 3]| {
        let [[a, b, c], [d, e, f], [g, h, i]] = m;
        [a, b, c, 0.0, 0.0, d, e, f, 0.0, 0.0, g, h, i, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    };
    const WEIGHTS: [f32; 3] = [0.213, 0.715, 0.072];
    match matrix {
        ColorMatrix::Matrix { values } => *values,
        ColorMatrix::Saturate { amount } => {
            let amount = amount.max(0.0);
            colors(std::array::from_fn(|row| {
                std::array::from_fn(|column| {
                    let kept = if row == column { amount } else { 0.0 };
                    WEIGHTS[column] * (1.0 - amount) + kept
                })
            }))
        }
        ColorMatrix::HueRotate { degrees } => {
            const SINES: [[f32; 3]; 3] =
                [[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]];
            let (sin, cos) = degrees.to_radians().sin_cos();
            colors(std::array::from_fn(|row| {
                std::array::from_fn(|column| {
                    let kept = if row == column { 1.0 } else { 0.0 };
                    WEIGHTS[column] + cos * (kept - WEIGHTS[column]) + sin * SINES[row][column]
                })
            }))
        }
        ColorMatrix::LuminanceToAlpha => {
            let mut values = [0.0; 20];
            values[15..18].copy_from_slice(&[0.2125, 0.7154, 0.0721]);
            values
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(pixel: Rgba) -> Raster {
        Raster::filled(1, 1, pixel)
    }

    #[test]
    fn colour_spaces_round_trip_above_the_darkest_tones() {
        assert_eq!(pixel_of(Color::rgb(0, 128, 255), 0.5, ColorSpace::LinearRgb), [0, 55, 255, 128]);
        let grey = one([200, 128, 60, 255]);
        let linear = convert(grey, ColorSpace::Srgb, ColorSpace::LinearRgb);
        assert_eq!(linear.pixels, [[147, 55, 12, 255]]);
        let back = convert(linear, ColorSpace::LinearRgb, ColorSpace::Srgb);
        for (a, b) in back.pixels[0].iter().zip([200u8, 128, 60, 255]) {
            assert!(a.abs_diff(b) <= 2);
        }
    }

    #[test]
    fn matrices_have_their_defining_effects() {
        let red = one([255, 0, 0, 255]);
        for (matrix, expected) in [
            (ColorMatrix::Saturate { amount: 0.0 }, [54, 54, 54, 255]),
            (ColorMatrix::Saturate { amount: 1.0 }, [255, 0, 0, 255]),
            (ColorMatrix::HueRotate { degrees: 360.0 }, [255, 0, 0, 255]),
            (ColorMatrix::HueRotate { degrees: 180.0 }, [0, 109, 109, 255]),
            (ColorMatrix::LuminanceToAlpha, [0, 0, 0, 54]),
            (ColorMatrix::Matrix { values: [f32::NAN; 20] }, [0, 0, 0, 0]),
        ] {
            assert_eq!(color_matrix(red.clone(), &matrix).pixels, [expected], "{matrix:?}");
        }
    }

    #[test]
    fn transfer_curves_follow_the_specification() {
        let values = vec![0.0, 1.0, 0.5];
        let table = TransferFunction::Table { values: values.clone() };
        let discrete = TransferFunction::Discrete { values };
        let linear = TransferFunction::Linear { slope: -1.0, intercept: 1.0 };
        let gamma = TransferFunction::Gamma { amplitude: 1.0, exponent: 2.0, offset: 0.0 };
        for (function, input, expected) in [
            (&table, 0, 0),
            (&table, 51, 102),
            (&table, 255, 128),
            (&discrete, 84, 0),
            (&discrete, 85, 255),
            (&discrete, 255, 128),
            (&linear, 55, 200),
            (&gamma, 128, 64),
            (&TransferFunction::Table { values: vec![] }, 9, 9),
        ] {
            assert_eq!(transfer_curve(function)[input], expected, "{function:?} {input}");
        }
    }
}
