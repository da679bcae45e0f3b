//! How geometry and defaults are written in JSON: paths as SVG path data, transforms as six numbers, defaults
//! not at all.

use kurbo::{Affine, BezPath};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Whether a value is its type's default, so that it need not be written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One, as the default of opacities and widths.
pub(crate) fn one() -> f64 {
    1.0
}

/// Whether a number is one.
pub(crate) fn is_one(value: &f64) -> bool {
    *value == 1.0
}

/// True, as the default of flags.
pub(crate) fn yes() -> bool {
    true
}

/// Whether a flag is set.
pub(crate) fn is_yes(value: &bool) -> bool {
    *value
}

/// Whether a transform does nothing.
pub(crate) fn is_identity(transform: &Affine) -> bool {
    *transform == Affine::IDENTITY
}

/// A transform as `[a, b, c, d, e, f]`, in SVG's order.
pub(crate) mod affine {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(transform: &Affine, serializer: S) -> Result<S::Ok, S::Error> {
        transform.as_coeffs().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Affine, D::Error> {
        <[f64; 6]>::deserialize(deserializer).map(Affine::new)
    }
}

/// A rectangle as `[x, y, width, height]`.
pub(crate) mod rect {
    use super::*;
    use kurbo::Rect;

    pub(crate) fn serialize<S: Serializer>(rect: &Rect, serializer: S) -> Result<S::Ok, S::Error> {
        [rect.x0, rect.y0, rect.width(), rect.height()].serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rect, D::Error> {
        let [x, y, width, height] = <[f64; 4]>::deserialize(deserializer)?;
        Ok(Rect::new(x, y, x + width, y + height))
    }
}

/// A path as SVG path data with absolute commands.
pub(crate) mod path {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(path: &BezPath, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&path.to_svg())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BezPath, D::Error> {
        let data = String::deserialize(deserializer)?;
        BezPath::from_svg(&data)
            .map_err(|error| de::Error::custom(format!("'{data}' is no path data: {error}")))
    }
}
