//! Transforms as people see them: position, angles and scale, with a matrix for what those cannot express.

use document::NodeRef;
use glam::{DMat3, DMat4, DQuat, DVec3, EulerRot};

/// A transform in its parts. The matrix is applied first, then scale, rotation and position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
    /// In m.
    pub position: DVec3,
    /// About x, then y, then z, in degrees.
    pub rotation: DVec3,
    /// Factors.
    pub scale: DVec3,
    /// What is not a scale followed by a rotation.
    pub matrix: Option<DMat4>,
}

/// How much a recomposed matrix may differ, as a part of its size.
const CLOSE: f64 = 1e-9;

impl Parts {
    /// The parts of a transform; `before` are those of one that it came from, whose angles and signs it keeps where it can.
    pub fn of(matrix: DMat4, before: &Parts) -> Parts {
        let position = matrix.w_axis.truncate();
        let linear = DMat3::from_mat4(matrix);
        let size = linear.to_cols_array().iter().fold(f64::MIN_POSITIVE, |size, x| size.max(x.abs()));
        let close = |other: DMat3| other.abs_diff_eq(linear, CLOSE * size);
        if before.matrix.is_none() && close(DMat3::from_mat4(before.recomposed())) {
            return Parts { position, ..*before };
        }
        let usual = if linear.determinant() < 0.0 { DVec3::new(-1.0, 1.0, 1.0) } else { DVec3::ONE };
        let signs = before.scale.signum();
        let signs = if signs.element_product() == usual.element_product() { signs } else { usual };
        let lengths = DVec3::new(linear.x_axis.length(), linear.y_axis.length(), linear.z_axis.length());
        let scale = lengths * signs;
        if scale.min_element() != 0.0 && scale.max_element() != 0.0 && lengths.min_element() > 0.0 {
            let turn =
                DMat3::from_cols(linear.x_axis / scale.x, linear.y_axis / scale.y, linear.z_axis / scale.z);
            let (z, y, x) = DQuat::from_mat3(&turn).normalize().to_euler(EulerRot::ZYX);
            let rotation = DVec3::new(x, y, z).map(|angle| tidy(angle.to_degrees()));
            let parts = Parts { position, rotation, scale: scale.map(tidy), matrix: None };
            if close(DMat3::from_mat4(parts.recomposed())) {
                return parts;
            }
        }
        let rest = DMat4::from_mat3(linear);
        Parts { position, rotation: DVec3::ZERO, scale: DVec3::ONE, matrix: Some(rest) }
    }

    /// The parts that a node has.
    pub fn read(node: NodeRef<'_>) -> Parts {
        let number = |key: &str, usual| node.number(key).unwrap_or(usual);
        Parts {
            position: DVec3::new(number("x", 0.0), number("y", 0.0), number("z", 0.0)),
            rotation: DVec3::new(
                number("rotationX", 0.0),
                number("rotationY", 0.0),
                number("rotationZ", 0.0),
            ),
            scale: DVec3::new(number("scaleX", 1.0), number("scaleY", 1.0), number("scaleZ", 1.0)),
            matrix: node.numbers::<16>("matrix").map(|list| DMat4::from_cols_array(&list)),
        }
    }

    /// The transform.
    pub fn recomposed(&self) -> DMat4 {
        let [x, y, z] = self.rotation.to_array().map(f64::to_radians);
        let rotation = DQuat::from_euler(EulerRot::ZYX, z, y, x);
        DMat4::from_scale_rotation_translation(self.scale, rotation, self.position)
            * self.matrix.unwrap_or(DMat4::IDENTITY)
    }
}

/// The number without what rounding left far behind the point.
fn tidy(number: f64) -> f64 {
    let tidied = (number * 1e10).round() / 1e10;
    if tidied.abs() < 1e5 && (number == 0.0 || ((tidied - number) / number).abs() < 1e-9 || tidied == 0.0) {
        tidied + 0.0
    } else {
        number
    }
}

/// A turn about x, then y, then z, in degrees.
pub fn turn(degrees: [f64; 3]) -> DMat4 {
    let [x, y, z] = degrees.map(f64::to_radians);
    DMat4::from_quat(DQuat::from_euler(EulerRot::ZYX, z, y, x))
}

/// The angles, in degrees about x, then y, then z, of what stands at `from` and looks along its −z axis at `to`, with `up` up
/// as far as that goes. None when both are at the same place.
pub fn looking(from: DVec3, to: DVec3, up: DVec3) -> Option<DVec3> {
    let back = (from - to).try_normalize()?;
    let across = up.normalize_or(DVec3::Y).cross(back);
    // Straight up or down there is no way up: then x is to the right, or z where that is ahead.
    let right = match across.length() > 1e-9 {
        true => across.normalize(),
        false => (DVec3::X - back * back.x).try_normalize().unwrap_or(DVec3::Z),
    };
    let matrix = DMat3::from_cols(right, back.cross(right), back);
    let (z, y, x) = DQuat::from_mat3(&matrix).normalize().to_euler(EulerRot::ZYX);
    Some(DVec3::new(x, y, z).map(|angle| tidy(angle.to_degrees())))
}
