//! Bodies made from nothing, and what edits make of geometry, against formulas and against slower ways.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::f64::consts::PI;

use glam::{DMat4, DVec2, DVec3, EulerRot, UVec3, Vec3};
use kurbo::BezPath;
use proptest::prelude::*;
use scene::{
    edit::{
        bvh::{Bvh, Ray},
        decimate::decimate,
        measure::measure,
        normals,
        place::{Parts, looking},
        weld::weld,
    },
    frame::Geometry,
    shapes::{self, Extrusion, extrude},
};

/// Its name, geometry, area, volume if it is closed, and by how much both may differ, as a part of them.
type Body = (&'static str, Geometry, f64, Option<f64>, f64);

fn bodies() -> Vec<Body> {
    let round = 2e-3;
    let outline = |data: &str, even_odd| {
        let options = Extrusion { depth: 0.5, tolerance: 1e-3, even_odd, crease: 0.7 };
        extrude(&BezPath::from_svg(data).unwrap(), &options).unwrap()
    };
    let ring = |r: f64| format!("M{r} 0A{r} {r} 0 0 1 -{r} 0A{r} {r} 0 0 1 {r} 0Z");
    let slant = (0.25f64 + 4.0).sqrt();
    vec![
        ("box", shapes::cuboid(DVec3::new(2.0, 3.0, 4.0), UVec3::new(1, 2, 5)), 52.0, Some(24.0), 1e-6),
        ("plane", shapes::plane(DVec2::new(3.0, 2.0), 4, 7), 6.0, None, 1e-6),
        ("sphere", shapes::sphere(2.0, 128, 64), 16.0 * PI, Some(32.0 / 3.0 * PI), round),
        ("icosphere", shapes::icosphere(0.5, 24), PI, Some(PI / 6.0), 6e-3),
        ("cylinder", shapes::frustum(0.5, 0.5, 2.0, 128, 3, true), 2.5 * PI, Some(PI / 2.0), round),
        ("tube", shapes::frustum(0.5, 0.5, 2.0, 128, 1, false), 2.0 * PI, None, round),
        (
            "cone",
            shapes::frustum(0.0, 0.5, 2.0, 128, 2, true),
            PI * 0.5 * (0.5 + slant),
            Some(PI / 6.0),
            round,
        ),
        (
            "funnel",
            shapes::frustum(0.5, 0.0, 2.0, 128, 1, true),
            PI * 0.5 * (0.5 + slant),
            Some(PI / 6.0),
            round,
        ),
        (
            "torus",
            shapes::torus(1.0, 0.25, 128, 128),
            4.0 * PI * PI * 0.25,
            Some(2.0 * PI * PI * 0.0625),
            round,
        ),
        (
            "plate with a hole",
            outline("M0 0H3V2H0Z M1 .5V1.5H2V.5Z", false),
            10.0 + 14.0 * 0.5,
            Some(2.5),
            1e-5,
        ),
        // Squares that touch in a corner, outlines that cross themselves, and each other.
        ("a corner cut out", outline("M0 0H2V2H0Z M0 0H1V1H0Z", true), 6.0 + 8.0 * 0.5, Some(1.5), 1e-5),
        ("touching", outline("M0 0H1V1H0Z M1 1H2V2H1Z", true), 4.0 + 8.0 * 0.5, Some(1.0), 1e-5),
        (
            "bow tie",
            outline("M0 0L2 2V0L0 2Z", false),
            4.0 + (4.0 + 4.0 * 2f64.sqrt()) * 0.5,
            Some(1.0),
            1e-5,
        ),
        ("overlapping", outline("M0 0H2V2H0Z M1 1H3V3H1Z", false), 14.0 + 12.0 * 0.5, Some(3.5), 1e-5),
        (
            "ring",
            outline(&(ring(2.0) + &ring(1.0)), true),
            6.0 * PI + 6.0 * PI * 0.5,
            Some(3.0 * PI * 0.5),
            round,
        ),
    ]
}

#[test]
fn bodies_are_closed_look_out_and_have_the_size_of_their_formulas() {
    for (name, geometry, area, volume, tolerance) in bodies() {
        let found = measure(&geometry, DMat4::IDENTITY);
        assert_eq!(found.watertight, volume.is_some(), "{name} is closed");
        let near = |found: f64, wanted: f64| (found - wanted).abs() <= tolerance * wanted;
        assert!(near(found.area, area), "{name}: area {} is not {area}", found.area);
        if let Some(volume) = volume {
            assert!(near(found.volume, volume), "{name}: volume {} is not {volume}", found.volume);
        }
        check(name, &geometry);
    }
}

/// Every triangle has an area, normals that it is seen with, and a piece of the texture that is not mirrored.
fn check(name: &str, geometry: &Geometry) {
    let uvs = &geometry.uvs[0];
    assert_eq!([geometry.normals.len(), uvs.len()], [geometry.positions.len(); 2], "{name}");
    assert!(
        uvs.iter().all(|uv| uv.cmpge(glam::Vec2::ZERO).all() && uv.cmple(glam::Vec2::ONE).all()),
        "{name}"
    );
    for triangle in geometry.indices.as_chunks::<3>().0 {
        let [a, b, c] = triangle.map(|index| geometry.positions[index as usize].as_dvec3());
        let normal = (b - a).cross(c - a);
        assert!(normal.length() > 0.0, "{name}: {triangle:?}");
        for vertex in triangle.map(|index| geometry.normals[index as usize]) {
            assert!((vertex.length() - 1.0).abs() < 1e-5, "{name}");
            assert!(vertex.as_dvec3().dot(normal.normalize()) > 0.5, "{name}: {vertex} {normal} at {a}");
        }
        let [a, b, c] = triangle.map(|index| uvs[index as usize].as_dvec2());
        // Texture coordinates go down.
        assert!((b - a).perp_dot(c - a) <= 1e-9, "{name}: {a} {b} {c}");
    }
}

/// A cube of twelve triangles that share no vertex.
fn loose_cube() -> Geometry {
    let whole = shapes::cuboid(DVec3::ONE, UVec3::ONE);
    let places = whole.indices.clone();
    scene::edit::vertices::gather(&whole, &places, (0..36).collect())
}

#[test]
fn normals_and_welding_split_and_merge_vertices_as_the_surface_needs() {
    let cube = loose_cube();
    let bare = Geometry { uvs: Default::default(), ..cube.clone() };
    let smooth = normals::recompute(&bare, PI as f32).unwrap();
    let cases: [(&str, Geometry, usize); 6] = [
        ("seams stay", weld(&cube, 0.0, true), 24),
        ("seams go", weld(&cube, 1e-3, false), 8),
        ("smooth all over", smooth.clone(), 8),
        ("flat again", normals::recompute(&smooth, 0.0).unwrap(), 24),
        ("sharp at a right angle", normals::recompute(&smooth, 1.0).unwrap(), 24),
        ("near vertices", weld(&nudged(&bare), 0.01, false), 8),
    ];
    for (name, geometry, vertices) in cases {
        assert_eq!(geometry.positions.len(), vertices, "{name}");
        let found = measure(&geometry, DMat4::IDENTITY);
        assert!(
            found.watertight && found.triangles == 12 && (found.volume - 1.0).abs() < 0.02,
            "{name}: {found:?}"
        );
    }
    assert_eq!(weld(&cube, 10.0, false).indices.len(), 0);
    assert!(smooth.normals.iter().zip(&smooth.positions).all(|(n, p)| n.dot(p.normalize()) > 0.9));
}

/// The geometry with vertices a little apart.
fn nudged(geometry: &Geometry) -> Geometry {
    let mut out = geometry.clone();
    for (i, position) in out.positions.iter_mut().enumerate() {
        *position += Vec3::new((i % 3) as f32, (i % 5) as f32, (i % 7) as f32) * 5e-4;
    }
    out
}

#[test]
fn decimation_keeps_bounds_attributes_and_what_is_closed() {
    for (name, geometry, ..) in bodies() {
        let error = 0.02;
        let made = decimate(&geometry, 0.25, error, true).unwrap();
        let (before, after) = (measure(&geometry, DMat4::IDENTITY), measure(&made.geometry, DMat4::IDENTITY));
        assert!(made.error <= error && after.triangles <= before.triangles, "{name}");
        if before.triangles > 1_000 {
            assert!(after.triangles as f64 <= before.triangles as f64 * 0.5, "{name}: {}", after.triangles);
        }
        assert_eq!(after.watertight, before.watertight, "{name}");
        let vertices = made.geometry.positions.len();
        assert_eq!([made.geometry.normals.len(), made.geometry.uvs[0].len()], [vertices; 2], "{name}");
        let size = |geometry: &Geometry| {
            let bounds = scene::model::Bounds::of_geometry(geometry, glam::Mat4::IDENTITY);
            (bounds, (bounds.max - bounds.min).max_element())
        };
        let ((old, side), (new, _)) = (size(&geometry), size(&made.geometry));
        let moved = (old.min - new.min).abs().max((old.max - new.max).abs()).max_element();
        assert!(moved <= error * side, "{name}: {moved}");
    }
}

#[test]
fn what_looks_at_a_point_sees_it_straight_ahead() {
    let cases = [
        ([0.0, 0.0, 5.0], [0.0, 0.0, 0.0]),
        ([3.0, 4.0, -2.0], [-1.0, 0.5, 7.0]),
        ([0.0, 9.0, 0.0], [0.0, 0.0, 0.0]),
        ([1.0, -9.0, 2.0], [1.0, 0.0, 2.0]),
    ];
    for (from, to) in cases.map(|(from, to)| (DVec3::from_array(from), DVec3::from_array(to))) {
        let rotation = looking(from, to, DVec3::Y).unwrap();
        let still = Parts { position: from, rotation, scale: DVec3::ONE, matrix: None }.recomposed();
        let seen = still.inverse().transform_point3(to);
        assert!(seen.abs_diff_eq(DVec3::new(0.0, 0.0, -from.distance(to)), 1e-9), "{from} {to}: {seen}");
        // Its head is up.
        assert!(still.y_axis.y >= -1e-9, "{from} {to}");
    }
    assert_eq!(looking(DVec3::ONE, DVec3::ONE, DVec3::Y), None);
}

fn vector() -> impl Strategy<Value = DVec3> {
    prop::array::uniform3(-4.0f64..4.0).prop_map(DVec3::from_array)
}

/// Where a ray meets a triangle, by its plane and the signs of three volumes.
fn crossing(ray: &Ray, [a, b, c]: [DVec3; 3]) -> Option<f64> {
    let normal = (b - a).cross(c - a);
    let distance = (a - ray.origin).dot(normal) / ray.direction.dot(normal);
    let inside = [(a, b), (b, c), (c, a)]
        .map(|(p, q)| (p - ray.origin).cross(q - ray.origin).dot(ray.direction))
        .map(|volume| volume >= 0.0);
    let is_hit = inside == [true; 3] || inside == [false; 3];
    (is_hit && distance >= 0.0 && distance.is_finite()).then_some(distance)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_ray_meets_what_it_meets_when_every_triangle_is_tried(
        triangles in prop::collection::vec((vector(), vector(), vector()), 1..200),
        aims in prop::collection::vec((vector(), vector()), 1..20),
        flat: bool,
    ) {
        let corner = |p: DVec3| if flat { p.as_vec3().with_y(0.25) } else { p.as_vec3() };
        let positions: Vec<Vec3> = triangles.iter().flat_map(|(a, b, c)| [corner(*a), corner(*b), corner(*c)]).collect();
        let indices = (0..positions.len() as u32).collect();
        let geometry = Geometry { positions, indices, ..Geometry::default() };
        let bvh = Bvh::new(&geometry);
        for (origin, direction) in aims {
            let ray = Ray { origin, direction };
            let tried = geometry.indices.as_chunks::<3>().0.iter().filter_map(|triangle| {
                crossing(&ray, triangle.map(|index| geometry.positions[index as usize].as_dvec3()))
            });
            let wanted = tried.min_by(f64::total_cmp);
            let found = bvh.nearest(&geometry, &ray, f64::INFINITY, None).map(|hit| hit.distance);
            match (wanted, found) {
                (Some(wanted), Some(found)) => prop_assert!((wanted - found).abs() <= 1e-9 * (1.0 + wanted)),
                (wanted, found) => prop_assert_eq!(wanted, found),
            }
        }
    }

    #[test]
    fn transforms_come_back_from_their_parts(
        position in vector(), angles in vector(), scale in vector(), shear in -1.0f64..1.0, sheared: bool,
    ) {
        prop_assume!(scale.abs().min_element() > 0.01);
        let turned = glam::DQuat::from_euler(EulerRot::XYZ, angles.x, angles.y, angles.z);
        let mut matrix = DMat4::from_scale_rotation_translation(scale, turned, position);
        if sheared {
            matrix.y_axis += matrix.x_axis * (shear + 1.1);
        }
        let none = Parts { position: DVec3::ZERO, rotation: DVec3::ZERO, scale: DVec3::ONE, matrix: None };
        let parts = Parts::of(matrix, &none);
        prop_assert!(parts.recomposed().abs_diff_eq(matrix, 1e-7));
        prop_assert_eq!(parts.matrix.is_some(), sheared);
    }
}
