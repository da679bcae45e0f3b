//! Matrices that no scale, turn and move make up, as two of those in turn.

use glam::{DMat3, DQuat, DVec3, Mat3, Mat4, Quat, Vec3};

/// A scale, then a turn, then a move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parts {
    pub translation: Vec3,
    pub rotation: Quat,
    pub scale: Vec3,
}

impl Default for Parts {
    fn default() -> Self {
        Parts { translation: Vec3::ZERO, rotation: Quat::IDENTITY, scale: Vec3::ONE }
    }
}

/// How often all pairs of columns are turned; some six times are enough for three.
const SWEEPS: usize = 30;

/// An affine matrix as parts, and a turn that comes before them: its singular value decomposition, by turns of pairs of
/// columns (one-sided Jacobi; Hestenes 1958).
pub(super) fn split(matrix: Mat4) -> (Parts, Option<Quat>) {
    let linear = Mat3::from_mat4(matrix).as_dmat3();
    let mut columns = [linear.x_axis, linear.y_axis, linear.z_axis];
    let mut turn = [DVec3::X, DVec3::Y, DVec3::Z];
    for _ in 0..SWEEPS {
        let mut done = true;
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            let (a, b, both) =
                (columns[p].length_squared(), columns[q].length_squared(), columns[p].dot(columns[q]));
            if both.abs() <= 1e-15 * (a * b).sqrt() {
                continue;
            }
            done = false;
            let zeta = (b - a) / (2.0 * both);
            let tangent = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
            let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
            let sine = cosine * tangent;
            for list in [&mut columns, &mut turn] {
                (list[p], list[q]) = (list[p] * cosine - list[q] * sine, list[p] * sine + list[q] * cosine);
            }
        }
        if done {
            break;
        }
    }
    let mut scale = DVec3::from_array(columns.map(DVec3::length));
    let axes = orthonormal(columns, scale);
    let mut rotation = DMat3::from_cols(axes[0], axes[1], axes[2]);
    if rotation.determinant() < 0.0 {
        rotation.z_axis = -rotation.z_axis;
        scale.z = -scale.z;
    }
    let before = DMat3::from_cols(turn[0], turn[1], turn[2]).transpose();
    let parts = Parts {
        translation: matrix.w_axis.truncate(),
        rotation: DQuat::from_mat3(&rotation).normalize().as_quat(),
        scale: scale.as_vec3(),
    };
    (parts, Some(DQuat::from_mat3(&before).normalize().as_quat()))
}

/// Unit vectors along columns at right angles of these lengths, and at right angles to the others where a length is 0.
fn orthonormal(columns: [DVec3; 3], lengths: DVec3) -> [DVec3; 3] {
    let least = lengths.max_element() * 1e-12;
    let mut axes = [None; 3];
    for (i, column) in columns.into_iter().enumerate() {
        axes[i] = (lengths[i] > least).then(|| column / lengths[i]);
    }
    for i in 0..3 {
        if axes[i].is_none() {
            let axis = match (axes[(i + 1) % 3], axes[(i + 2) % 3]) {
                (Some(next), Some(last)) => next.cross(last),
                (Some(other), None) | (None, Some(other)) => other.any_orthonormal_vector(),
                (None, None) => DVec3::X,
            };
            axes[i] = Some(axis);
        }
    }
    axes.map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_affine_matrix_is_a_turn_and_then_parts() {
        let sheared = Mat3::from_cols(Vec3::X, Vec3::new(0.5, 1.0, 0.0), Vec3::new(0.0, -0.25, 2.0));
        let cases = [
            sheared,
            Mat3::from_rotation_x(0.7) * sheared * Mat3::from_rotation_z(-1.2),
            -sheared,
            Mat3::from_cols(Vec3::ONE, Vec3::ONE * 2.0, Vec3::Z),
            Mat3::from_cols(Vec3::ONE, Vec3::ONE * 2.0, Vec3::NEG_ONE),
            Mat3::ZERO,
            Mat3::IDENTITY * 1e-6,
        ];
        for linear in cases {
            let matrix = Mat4::from_translation(Vec3::new(1.0, 2.0, 3.0)) * Mat4::from_mat3(linear);
            let (Parts { translation, rotation, scale }, before) = split(matrix);
            let again = Mat4::from_scale_rotation_translation(scale, rotation, translation)
                * Mat4::from_quat(before.unwrap());
            assert!(again.abs_diff_eq(matrix, 1e-6), "{linear}: {again}");
        }
    }
}
