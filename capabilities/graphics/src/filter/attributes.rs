//! The values of primitives' attributes that are more than a number.

use serde::{Deserialize, Serialize};

/// The linear map of `feColorMatrix`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ColorMatrix {
    /// Four rows (red, green, blue, alpha) of five factors (red, green, blue, alpha, one).
    Matrix {
        /// The rows.
        values: [f32; 20],
    },
    /// 0 removes colour, 1 keeps it, more adds to it.
    Saturate {
        /// The amount, at least 0.
        amount: f32,
    },
    /// A turn of the hue.
    HueRotate {
        /// The angle in degrees.
        degrees: f32,
    },
    /// Black, with the input's luminance for alpha.
    LuminanceToAlpha,
}

/// A curve of `feComponentTransfer`, from 0–1 to 0–1.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TransferFunction {
    /// No change.
    #[default]
    Identity,
    /// Straight lines between evenly spaced values; no values mean no change.
    Table {
        /// The values.
        values: Vec<f32>,
    },
    /// Steps of even width; no values mean no change.
    Discrete {
        /// The values.
        values: Vec<f32>,
    },
    /// `slope · c + intercept`.
    Linear {
        /// Factor.
        slope: f32,
        /// Summand.
        intercept: f32,
    },
    /// `amplitude · c^exponent + offset`.
    Gamma {
        /// Factor.
        amplitude: f32,
        /// Power.
        exponent: f32,
        /// Summand.
        offset: f32,
    },
}

/// The operator of `feComposite` (Porter and Duff, and two sums).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CompositeOperator {
    /// The first over the second.
    Over,
    /// The first where the second is.
    In,
    /// The first where the second is not.
    Out,
    /// The first where the second is, over the second.
    Atop,
    /// Each where the other is not.
    Xor,
    /// The sum.
    Lighter,
    /// `k1 · i1 · i2 + k2 · i1 + k3 · i2 + k4` of premultiplied channels.
    #[allow(missing_docs, reason = "the specification's own names")]
    Arithmetic { k1: f32, k2: f32, k3: f32, k4: f32 },
}

/// What `feConvolveMatrix` takes for pixels outside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EdgeMode {
    /// The nearest pixel inside.
    #[default]
    Duplicate,
    /// The pixel from the opposite edge.
    Wrap,
    /// Nothing.
    None,
}

/// A channel of straight RGBA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Channel {
    Red,
    Green,
    Blue,
    #[default]
    Alpha,
}

/// Where the light of the lighting primitives comes from. z points at the viewer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LightSource {
    /// Parallel light.
    Distant {
        /// Direction in the plane of the picture, in degrees, clockwise from the x axis.
        azimuth: f32,
        /// Direction out of that plane, in degrees.
        elevation: f32,
    },
    /// Light from one point.
    #[allow(missing_docs, reason = "the names say it")]
    Point { x: f32, y: f32, z: f32 },
    /// A cone of light from one point.
    Spot {
        /// Position in x.
        x: f32,
        /// Position in y.
        y: f32,
        /// Position in z.
        z: f32,
        /// Where the cone's axis leads, in x.
        points_at_x: f32,
        /// Where the cone's axis leads, in y.
        points_at_y: f32,
        /// Where the cone's axis leads, in z.
        points_at_z: f32,
        /// How fast the light falls off away from the axis.
        specular_exponent: f32,
        /// Half the opening angle in degrees; without one the cone has no edge.
        limiting_cone_angle: Option<f32>,
    },
}

/// Which of two filters `feMorphology` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MorphologyOperator {
    /// Thins: the smallest values.
    #[default]
    Erode,
    /// Fattens: the largest values.
    Dilate,
}

/// How `feTurbulence` adds up its layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TurbulenceKind {
    /// Signed noise around mid grey.
    FractalNoise,
    /// Absolute values of the noise.
    #[default]
    Turbulence,
}
