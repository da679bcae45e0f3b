//! Frames drawn on a software GPU, held against what geometry and colour theory say.

use std::{f32::consts::PI, sync::Arc};

use glam::{Mat3, Mat4, Vec2, Vec3, Vec4, camera::rh::view::look_at_mat4};
use gpu::{Choice, Gpu};
use scene::{
    frame::{
        Alpha, Camera, Environment, Frame, Geometry, Image, Instance, Light, LightKind, Material, Projection,
        Texture, Topology, Wrap,
    },
    panorama::Panorama,
    render::{Part, RenderError, Rendered, render, render_part},
};

fn gpu() -> Gpu {
    Gpu::open(&Choice::Cpu).unwrap_or_else(|error| panic!("install mesa-vulkan-drivers: {error}"))
}

/// A ball of radius 1.
fn ball(rings: u32) -> Geometry {
    let mut ball = Geometry::default();
    for ring in 0..=rings {
        for step in 0..=rings * 2 {
            let (down, turn) = (ring as f32 / rings as f32 * PI, step as f32 / rings as f32 * PI);
            let position = Vec3::new(turn.sin() * down.sin(), down.cos(), turn.cos() * down.sin());
            ball.positions.push(position);
            ball.normals.push(position);
        }
    }
    let row = rings * 2 + 1;
    for ring in 0..rings {
        for step in 0..rings * 2 {
            let at = ring * row + step;
            ball.indices.extend([at, at + row, at + 1, at + 1, at + row, at + row + 1]);
        }
    }
    ball
}

/// A square from −1 to 1 that faces +z; its texture coordinates start at the upper left.
fn square() -> Geometry {
    let corners = [Vec2::new(-1.0, -1.0), Vec2::new(1.0, -1.0), Vec2::new(1.0, 1.0), Vec2::new(-1.0, 1.0)];
    let uv = |corner: Vec2| Vec2::new(corner.x + 1.0, 1.0 - corner.y) * 0.5;
    Geometry {
        positions: corners.map(|corner| corner.extend(0.0)).to_vec(),
        normals: vec![Vec3::Z; 4],
        uvs: [corners.map(uv).to_vec(), Vec::new()],
        indices: vec![0, 1, 2, 0, 2, 3],
        ..Geometry::default()
    }
}

fn straight(color: [u8; 3]) -> Vec4 {
    let decode = |value: u8| {
        let value = f64::from(value) / 255.0;
        (if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }) as f32
    };
    Vec3::from(color.map(decode)).extend(1.0)
}

fn unlit(color: [u8; 3]) -> Material {
    Material { base_color: straight(color), unlit: true, ..Material::default() }
}

/// Seen along −z, from −1 to 1 up and down.
fn frame(parts: Vec<(Geometry, Mat4, Material)>) -> Frame {
    let mut frame = Frame {
        instances: Vec::new(),
        materials: Vec::new(),
        lights: Vec::new(),
        environment: Environment::Studio(1.0),
        camera: Camera {
            view_from_world: look_at_mat4(Vec3::new(0.0, 0.0, 10.0), Vec3::ZERO, Vec3::Y),
            projection: Projection::Orthographic { ymag: 1.0, near: 0.1, far: 100.0 },
        },
        background: None,
    };
    for (geometry, world_from_local, material) in parts {
        let geometry = Arc::new(geometry);
        frame.instances.push(Instance { geometry, world_from_local, material: frame.materials.len() });
        frame.materials.push(material);
    }
    frame
}

fn at(picture: &Rendered, x: u32, y: u32) -> [u8; 4] {
    picture.rgba[(y * picture.width + x) as usize]
}

fn covered(picture: &Rendered) -> f64 {
    picture.rgba.iter().map(|pixel| f64::from(pixel[3]) / 255.0).sum()
}

#[test]
fn a_ball_covers_a_disc() {
    let gpu = gpu();
    let material = Material { metallic: 0.0, roughness: 0.4, ..Material::default() };
    let mut frame = frame(vec![(ball(64), Mat4::from_scale(Vec3::splat(0.8)), material)]);
    let picture = render(&gpu, &frame, 300, 200).unwrap();
    let disc = f64::from(PI) * 80.0 * 80.0;
    assert!((covered(&picture) / disc - 1.0).abs() < 0.01, "{} of {disc}", covered(&picture));
    assert_eq!(at(&picture, 0, 0), [0; 4]);
    let (top, bottom) = (at(&picture, 150, 40), at(&picture, 150, 170));
    assert!(top[1] > bottom[1] && bottom[1] > 40, "lit from above: {top:?} {bottom:?}");
    assert!(picture.rgba.iter().all(|[r, g, b, a]| r.max(g).max(b) <= a), "premultiplied");

    // The outline of a sphere in perspective: a cone that touches it.
    frame.camera.projection = Projection::Perspective { yfov: 0.2, near: 0.1, far: f32::INFINITY };
    let picture = render(&gpu, &frame, 200, 200).unwrap();
    let radius = 0.8 / (100.0_f64 - 0.64).sqrt() / 0.1_f64.tan() * 100.0;
    let disc = f64::from(PI) * radius * radius;
    assert!((covered(&picture) / disc - 1.0).abs() < 0.01, "{} of {disc}", covered(&picture));
    assert_eq!(picture, render(&gpu, &frame, 200, 200).unwrap(), "the same again");
}

#[test]
fn colours_without_light_come_out_exactly() {
    let gpu = gpu();
    let parts = (0..=255_u8).map(|value| {
        let place = Vec3::new((f32::from(value % 16) - 7.5) / 8.0, (f32::from(value / 16) - 7.5) / 8.0, 0.0);
        let place = Mat4::from_translation(place) * Mat4::from_scale(Vec3::splat(1.0 / 16.0));
        (square(), place, unlit([value, 255 - value, value / 2]))
    });
    let picture = render(&gpu, &frame(parts.collect()), 64, 64).unwrap();
    for value in 0..=255_u8 {
        let (x, y) = (u32::from(value % 16), 15 - u32::from(value / 16));
        assert_eq!(at(&picture, x * 4 + 2, y * 4 + 2), [value, 255 - value, value / 2, 255]);
    }
}

#[test]
fn the_background_is_premultiplied() {
    let mut frame = frame(Vec::new());
    for (alpha, expected) in [(1.0, [200, 100, 50, 255]), (0.5, [100, 50, 25, 128])] {
        frame.background = Some(straight([200, 100, 50]).truncate().extend(alpha));
        let picture = render(&gpu(), &frame, 5, 3).unwrap();
        let near = picture.rgba[0].iter().zip(expected).all(|(a, b): (&u8, u8)| a.abs_diff(b) <= 1);
        assert!(near, "{:?}", picture.rgba[0]);
        assert!(picture.rgba.iter().all(|pixel| *pixel == picture.rgba[0]));
    }
}

#[test]
fn alpha_is_masked_or_blended() {
    let gpu = gpu();
    let with = |alpha, opacity| {
        let mut material = Material { alpha, ..unlit([255, 0, 0]) };
        material.base_color.w = opacity;
        let mut frame = frame(vec![
            (square(), Mat4::from_translation(Vec3::Z), material),
            (square(), Mat4::IDENTITY, unlit([0, 0, 255])),
        ]);
        frame.instances[1].world_from_local = Mat4::from_scale(Vec3::new(0.5, 1.0, 1.0));
        let picture = render(&gpu, &frame, 40, 40).unwrap();
        (at(&picture, 20, 20), at(&picture, 2, 20))
    };
    assert_eq!(with(Alpha::Opaque, 0.1), ([255, 0, 0, 255], [255, 0, 0, 255]));
    assert_eq!(with(Alpha::Mask(0.5), 0.5), ([255, 0, 0, 255], [255, 0, 0, 255]));
    assert_eq!(with(Alpha::Mask(0.5), 0.49), ([0, 0, 255, 255], [0; 4]));
    // Half of each, mixed in linear light; over nothing, half of the colour itself.
    let (over, alone) = with(Alpha::Blend, 0.5);
    assert!(over[0].abs_diff(188) <= 1 && over[2].abs_diff(188) <= 1 && over[3] == 255, "{over:?}");
    assert!(alone[0].abs_diff(128) <= 1 && alone[1..] == [0, 0, 128], "{alone:?}");
}

#[test]
fn blended_surfaces_are_drawn_from_far_to_near() {
    let gpu = gpu();
    let glass = |color| {
        let mut material = Material { alpha: Alpha::Blend, ..unlit(color) };
        material.base_color.w = 0.75;
        material
    };
    let near = (square(), Mat4::from_translation(Vec3::Z), glass([255, 0, 0]));
    let far = (square(), Mat4::IDENTITY, glass([0, 255, 0]));
    let one = render(&gpu, &frame(vec![near.clone(), far.clone()]), 8, 8).unwrap();
    let other = render(&gpu, &frame(vec![far, near]), 8, 8).unwrap();
    assert_eq!(one, other);
    assert!(one.rgba[0][0] > one.rgba[0][1]);
}

#[test]
fn through_a_front_the_back_is_seen() {
    let mut material = Material { alpha: Alpha::Blend, double_sided: true, ..unlit([255; 3]) };
    material.base_color.w = 0.5;
    for places in [[1.0, -1.0], [-1.0, 1.0]] {
        // A square towards the eye and one away from it, in either order.
        let mut both = Geometry { colors: vec![Vec4::new(1.0, 0.0, 0.0, 1.0); 4], ..square() };
        both.colors.extend([Vec4::new(0.0, 0.0, 1.0, 1.0); 4]);
        both.normals = Vec::new();
        both.uvs = Default::default();
        let [z, behind] = places;
        let turn = z > behind;
        for position in &mut both.positions {
            position.z = z;
        }
        both.positions.extend(square().positions.iter().map(|p| p.with_z(behind)));
        let triangle = |first: u32, front: bool| {
            let [a, b, c] = if front { [0, 1, 2] } else { [0, 2, 1] };
            let [d, e, f] = if front { [0, 2, 3] } else { [0, 3, 2] };
            [a, b, c, d, e, f].map(|index| first + index)
        };
        both.indices = [triangle(0, turn), triangle(4, !turn)].concat();
        let picture = render(&gpu(), &frame(vec![(both, Mat4::IDENTITY, material.clone())]), 8, 8).unwrap();
        let [red, _, blue, alpha] = at(&picture, 4, 4);
        assert!(alpha.abs_diff(191) <= 1 && (red > blue) == turn, "{:?}", at(&picture, 4, 4));
    }
}

#[test]
fn mirrored_instances_show_their_front() {
    let gpu = gpu();
    let flip = Mat4::from_scale(Vec3::new(-0.5, 0.5, 0.5));
    let material = Material { metallic: 0.0, roughness: 1.0, ..Material::default() };
    let plain = frame(vec![(ball(32), Mat4::from_scale(Vec3::splat(0.5)), material.clone())]);
    let mirrored = frame(vec![(ball(32), flip, material.clone())]);
    let (plain, mirrored) = (render(&gpu, &plain, 64, 64).unwrap(), render(&gpu, &mirrored, 64, 64).unwrap());
    for (a, b) in plain.rgba.iter().zip(&mirrored.rgba) {
        assert!(a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 3), "{a:?} {b:?}");
    }
    let back = Mat4::from_rotation_y(PI);
    let picture = render(&gpu, &frame(vec![(square(), back, unlit([9, 9, 9]))]), 8, 8).unwrap();
    assert_eq!(covered(&picture), 0.0, "back faces are not seen");
    let both = Material { double_sided: true, ..unlit([9, 9, 9]) };
    let picture = render(&gpu, &frame(vec![(square(), back, both)]), 8, 8).unwrap();
    assert_eq!(at(&picture, 4, 4), [9, 9, 9, 255]);
}

#[test]
fn instances_of_one_geometry_are_drawn_as_separate_ones_are() {
    let gpu = gpu();
    let place = |number: u32| {
        let (x, y) = (number % 5, number / 5);
        Mat4::from_translation(Vec3::new(x as f32 * 0.4 - 0.8, y as f32 * 0.4 - 0.8, 0.1 * x as f32))
            * Mat4::from_scale(Vec3::splat(0.2))
    };
    let material = Material { metallic: 1.0, roughness: 0.3, ..Material::default() };
    let separate = frame((0..25).map(|number| (ball(16), place(number), material.clone())).collect());
    let mut shared = separate.clone();
    for instance in &mut shared.instances {
        instance.geometry = Arc::clone(&separate.instances[0].geometry);
        instance.material = 0;
    }
    assert_eq!(render(&gpu, &shared, 90, 90).unwrap(), render(&gpu, &separate, 90, 90).unwrap());
}

#[test]
fn missing_normals_are_flat() {
    let gpu = gpu();
    let material = Material { metallic: 0.0, roughness: 0.7, ..Material::default() };
    let with = frame(vec![(square(), Mat4::IDENTITY, material.clone())]);
    let without = Geometry { normals: Vec::new(), ..square() };
    let without = frame(vec![(without, Mat4::IDENTITY, material)]);
    let (with, without) = (render(&gpu, &with, 16, 16).unwrap(), render(&gpu, &without, 16, 16).unwrap());
    assert!(at(&with, 8, 8).iter().zip(at(&without, 8, 8)).all(|(a, b)| a.abs_diff(b) <= 1));
}

#[test]
fn colours_of_vertices_are_mixed() {
    let geometry =
        Geometry { colors: vec![Vec4::new(1.0, 0.0, 0.0, 1.0); 4], normals: Vec::new(), ..square() };
    let picture = render(&gpu(), &frame(vec![(geometry, Mat4::IDENTITY, unlit([255; 3]))]), 8, 8).unwrap();
    assert!(picture.rgba.iter().all(|pixel| *pixel == [255, 0, 0, 255]));
}

fn texture(rgba: Vec<[u8; 4]>, width: u32) -> Texture {
    let height = rgba.len() as u32 / width;
    Texture {
        image: Arc::new(Image { width, height, rgba }),
        set: 0,
        image_from_uv: Mat3::IDENTITY,
        wrap: [Wrap::Repeat; 2],
        smooth: false,
    }
}

const FOUR: [[u8; 4]; 4] = [[255, 0, 0, 255], [0, 255, 0, 255], [10, 20, 90, 255], [77, 128, 200, 255]];

#[test]
fn textures_lie_upright_and_keep_their_colours() {
    let gpu = gpu();
    let corners = |texture: Texture| {
        let material = Material { base_color_texture: Some(texture), ..unlit([255; 3]) };
        let picture = render(&gpu, &frame(vec![(square(), Mat4::IDENTITY, material)]), 4, 4).unwrap();
        [(0, 0), (3, 0), (0, 3), (3, 3)].map(|(x, y)| at(&picture, x, y))
    };
    let plain = texture(FOUR.to_vec(), 2);
    assert_eq!(corners(plain.clone()), FOUR);
    let half = Mat3::from_translation(Vec2::new(0.5, 0.0));
    let [a, b, c, d] = FOUR;
    assert_eq!(corners(Texture { image_from_uv: half, ..plain.clone() }), [b, a, d, c]);
    let whole = Mat3::from_translation(Vec2::new(1.0, 0.0));
    let mirrored = Texture { image_from_uv: whole, wrap: [Wrap::Mirror; 2], ..plain.clone() };
    assert_eq!(corners(mirrored), [b, a, d, c]);
    assert_eq!(corners(Texture { image_from_uv: whole, wrap: [Wrap::Clamp; 2], ..plain }), [b, b, d, d]);
}

#[test]
fn images_that_the_adapter_takes_only_smaller_are_drawn_smaller() {
    let gpu = gpu();
    let side = gpu.limits().texture_side as usize;
    for (length, shrunk) in [(side, 0), (side + 1, 1), (4 * side + 3, 1)] {
        let rgba: Vec<_> = (0..length).map(|i| FOUR[usize::from(i > length / 2)]).collect();
        for width in [length as u32, 1] {
            let texture = Some(texture(rgba.clone(), width));
            // Twice the same image, and one of them for what is no colour.
            let material = Material {
                base_color_texture: texture.clone(),
                occlusion_texture: texture,
                ..unlit([255; 3])
            };
            let frame = frame(vec![(square(), Mat4::IDENTITY, material)]);
            let picture = render(&gpu, &frame, 8, 8).unwrap();
            let corners = [at(&picture, 1, 1), at(&picture, 6, 6)];
            assert_eq!((corners, picture.lacks.sizes), ([FOUR[0], FOUR[1]], shrunk), "{length}, {width}");
        }
    }
}

#[test]
fn given_tangents_and_derived_ones_agree() {
    let gpu = gpu();
    let bumps: Vec<[u8; 4]> = (0..64).map(|i| [100 + (i % 8) * 8, 90 + i, 230, 255]).collect();
    let material = Material {
        metallic: 0.0,
        roughness: 0.5,
        normal_texture: Some(Texture { smooth: true, ..texture(bumps, 8) }),
        ..Material::default()
    };
    let tangents = vec![Vec4::new(1.0, 0.0, 0.0, 1.0); 4];
    let given = frame(vec![(Geometry { tangents, ..square() }, Mat4::IDENTITY, material.clone())]);
    let derived = frame(vec![(square(), Mat4::IDENTITY, material)]);
    let (given, derived) = (render(&gpu, &given, 32, 32).unwrap(), render(&gpu, &derived, 32, 32).unwrap());
    for (a, b) in given.rgba.iter().zip(&derived.rgba) {
        assert!(a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 2), "{a:?} {b:?}");
    }
}

#[test]
fn a_matte_surface_reflects_the_light_that_arrives() {
    let material = Material {
        base_color: Vec4::new(0.5, 0.5, 0.5, 1.0),
        metallic: 0.0,
        roughness: 1.0,
        ior: 1.0,
        ..Material::default()
    };
    let mut frame = frame(vec![(square(), Mat4::IDENTITY, material)]);
    frame.environment = Environment::None;
    frame.lights =
        vec![Light { color: Vec3::splat(PI), kind: LightKind::Directional(Vec3::new(0.0, 0.0, -1.0)) }];
    let picture = render(&gpu(), &frame, 8, 8).unwrap();
    // PBR Neutral takes 0.04 away for a Fresnel that was not there.
    let expected = 255.0 * (1.055 * (0.46_f32).powf(1.0 / 2.4) - 0.055);
    assert!((f32::from(at(&picture, 4, 4)[0]) - expected).abs() <= 1.5, "{:?}", at(&picture, 4, 4));
    let panorama = Arc::new(Panorama::new(8, 4, vec![[1.0; 3]; 8 * 4]).unwrap());
    frame.lights.clear();
    frame.environment = Environment::Image { panorama, turn: 1.0, tint: Vec3::ONE, backdrop: None };
    let picture = render(&gpu(), &frame, 8, 8).unwrap();
    assert!((f32::from(at(&picture, 4, 4)[0]) - expected).abs() <= 3.0, "{:?}", at(&picture, 4, 4));
}

#[test]
fn lamps_fade_with_distance_and_outside_of_their_cones() {
    let gpu = gpu();
    let material = Material {
        base_color: Vec4::new(0.5, 0.5, 0.5, 1.0),
        metallic: 0.0,
        roughness: 1.0,
        ior: 1.0,
        ..Material::default()
    };
    let mut frame = frame(vec![(square(), Mat4::IDENTITY, material)]);
    frame.environment = Environment::None;
    let mut lit = |kind| {
        frame.lights = vec![Light { color: Vec3::splat(PI * 4.0), kind }];
        let picture = render(&gpu, &frame, 41, 41).unwrap();
        (f32::from(at(&picture, 20, 20)[0]), f32::from(at(&picture, 0, 20)[0]))
    };
    let position = Vec3::new(0.0, 0.0, 2.0);
    let tone = |linear: f32| 255.0 * (1.055 * (linear - 0.04_f32).powf(1.0 / 2.4) - 0.055);
    let (middle, edge) = lit(LightKind::Point { position, range: f32::INFINITY });
    assert!((middle - tone(0.5)).abs() < 2.0, "{middle}");
    // A distance of √5 and a slant of 2/√5 for half of the light times 8/5√5, near enough to the edge.
    assert!((edge - tone(0.5 * 4.0 / 5.0 * 2.0 / 5.0_f32.sqrt())).abs() < 4.0, "{edge}");
    assert_eq!(lit(LightKind::Point { position, range: 1.9 }), (0.0, 0.0));
    let spot = |direction| LightKind::Spot { position, direction, range: 10.0, inner: 0.1, outer: 0.2 };
    let (middle, edge) = lit(spot(Vec3::NEG_Z));
    assert!((middle - tone(0.5)).abs() < 2.0 && edge == 0.0, "{middle} {edge}");
    assert_eq!(lit(spot(Vec3::Z)), (0.0, 0.0));
}

#[test]
fn a_mirror_shows_the_environment() {
    let gpu = gpu();
    let mirror = Material { metallic: 1.0, roughness: 0.0, ..Material::default() };
    let mut frame = frame(vec![(square(), Mat4::IDENTITY, mirror)]);
    // From the left: red behind the eye, green to the left of it, blue before it, grey to the right.
    let quarter = |x: u32| match (x + 8) / 16 % 4 {
        0 => [0.6, 0.0, 0.0],
        1 => [0.0, 0.6, 0.0],
        2 => [0.0, 0.0, 0.6],
        _ => [0.3, 0.3, 0.3],
    };
    let rgb = (0..64 * 32).map(|place| quarter(place % 64)).collect();
    let panorama = Arc::new(Panorama::new(64, 32, rgb).unwrap());
    let mut seen = |turn| {
        frame.environment =
            Environment::Image { panorama: panorama.clone(), turn, tint: Vec3::ONE, backdrop: None };
        let [r, g, b, _] = at(&render(&gpu, &frame, 9, 9).unwrap(), 4, 4);
        [r, g, b].map(|value| value > 100)
    };
    // The mirror looks at the eye, so it shows what is behind that.
    assert_eq!(seen(0.0), [true, false, false]);
    assert_eq!(seen(PI), [false, false, true]);
    // A quarter turn to the left, seen from above, brings from the left what comes to face the mirror.
    assert_eq!(seen(PI / 2.0), [false, true, false]);
}

#[test]
fn what_is_in_front_casts_a_shadow() {
    let material = Material { metallic: 0.0, roughness: 1.0, ..Material::default() };
    let small = Mat4::from_translation(Vec3::new(-0.6, 0.0, 1.0)) * Mat4::from_scale(Vec3::splat(0.2));
    let mut frame = frame(vec![(square(), Mat4::IDENTITY, material.clone()), (square(), small, material)]);
    frame.environment = Environment::None;
    let direction = Vec3::new(0.6, 0.0, -1.0).normalize();
    frame.lights = vec![Light { color: Vec3::splat(2.0), kind: LightKind::Directional(direction) }];
    let picture = render(&gpu(), &frame, 100, 100).unwrap();
    assert!(at(&picture, 50, 50)[0] < 10, "in shadow: {:?}", at(&picture, 50, 50));
    assert!(at(&picture, 90, 50)[0] > 80 && at(&picture, 50, 10)[0] > 80, "lit");
    assert_eq!(at(&picture, 90, 50), at(&picture, 90, 10), "no shadow of its own");

    let holes = texture(vec![[255, 255, 255, 0]], 1);
    frame.materials[1].base_color_texture = Some(holes);
    frame.materials[1].alpha = Alpha::Mask(0.5);
    let picture = render(&gpu(), &frame, 100, 100).unwrap();
    assert_eq!(at(&picture, 50, 50), at(&picture, 90, 10), "no shadow of what is not there");
}

#[test]
fn lines_and_points_are_drawn() {
    let gpu = gpu();
    let line = Geometry {
        positions: vec![Vec3::new(-2.0, 0.05, 0.0), Vec3::new(2.0, 0.05, 0.0)],
        indices: vec![0, 1],
        topology: Topology::Lines,
        ..Geometry::default()
    };
    let picture =
        render(&gpu, &frame(vec![(line.clone(), Mat4::IDENTITY, unlit([255; 3]))]), 20, 20).unwrap();
    assert!((covered(&picture) - 20.0).abs() < 4.0, "{}", covered(&picture));
    let points = Geometry { topology: Topology::Points, positions: vec![Vec3::ZERO; 2], ..line };
    let picture = render(&gpu, &frame(vec![(points, Mat4::IDENTITY, unlit([255; 3]))]), 21, 21).unwrap();
    assert!(covered(&picture) > 0.5, "{}", covered(&picture));
}

#[test]
fn large_pictures_are_drawn_tile_by_tile() {
    let gpu = gpu();
    let frame = frame(vec![(ball(48), Mat4::from_scale(Vec3::splat(0.9)), unlit([255; 3]))]);
    let picture = render(&gpu, &frame, 2100, 60).unwrap();
    let disc = f64::from(PI) * 27.0 * 27.0;
    assert!((covered(&picture) / disc - 1.0).abs() < 0.01, "{} of {disc}", covered(&picture));
    assert!(at(&picture, 1050, 30)[3] == 255 && at(&picture, 2090, 30)[3] == 0);
    let tall = render(&gpu, &frame, 50, 2100).unwrap();
    assert_eq!(at(&tall, 25, 1050), [255; 4]);
}

#[test]
fn contradictions_are_refused() {
    let gpu = gpu();
    let good = frame(vec![(square(), Mat4::IDENTITY, unlit([1, 2, 3]))]);
    assert!(matches!(render(&gpu, &good, 0, 9), Err(RenderError::Size { .. })));
    assert!(matches!(render(&gpu, &good, u32::MAX, u32::MAX), Err(RenderError::Size { .. })));
    let with = |change: &dyn Fn(&mut Geometry)| {
        let mut frame = good.clone();
        change(Arc::make_mut(&mut frame.instances[0].geometry));
        render(&gpu, &frame, 8, 8)
    };
    let index = with(&|geometry| geometry.indices[2] = 4);
    assert_eq!(index, Err(RenderError::Index { instance: 0, index: 4, count: 4 }));
    assert!(matches!(with(&|geometry| geometry.normals.truncate(3)), Err(RenderError::Length { .. })));
    assert!(matches!(with(&|geometry| geometry.indices.truncate(5)), Err(RenderError::Length { .. })));
    assert_eq!(with(&|geometry| geometry.positions[1].x = f32::NAN).unwrap().lacks.instances, 1);
    assert_eq!(covered(&with(&|geometry| *geometry = Geometry::default()).unwrap()), 0.0);

    let mut frame = good.clone();
    frame.instances[0].material = 1;
    assert!(matches!(render(&gpu, &frame, 8, 8), Err(RenderError::Material { .. })));
    let mut frame = good.clone();
    frame.instances[0].world_from_local.w_axis.y = f32::INFINITY;
    assert_eq!(render(&gpu, &frame, 8, 8).unwrap().lacks.instances, 1);
    let mut frame = good.clone();
    frame.lights = vec![Light { color: Vec3::ONE, kind: LightKind::Directional(Vec3::NEG_Y) }];
    for scale in [1e38, 1e-38, 0.0] {
        frame.instances[0].world_from_local = Mat4::from_scale(Vec3::splat(scale));
        render(&gpu, &frame, 8, 8).unwrap();
    }
    let mut frame = good.clone();
    frame.camera.view_from_world = Mat4::ZERO;
    assert!(matches!(render(&gpu, &frame, 8, 8), Err(RenderError::Camera(_))));
    let mut frame = good.clone();
    let empty = Image { width: 2, height: 2, rgba: Vec::new() };
    frame.materials[0].base_color_texture =
        Some(Texture { image: Arc::new(empty), ..texture(vec![[0; 4]], 1) });
    assert!(matches!(render(&gpu, &frame, 8, 8), Err(RenderError::Image { .. })));
}

#[test]
fn a_part_of_a_picture_shows_that_part() {
    let gpu = gpu();
    let frame = frame(vec![(ball(32), Mat4::from_scale(Vec3::splat(0.8)), Material::default())]);
    let whole = render(&gpu, &frame, 200, 160).unwrap();
    // It may reach beyond the picture, where there is nothing more of the ball.
    let (left, top, width, height) = (110, -10, 100, 120);
    let part =
        Part { whole: (200.0, 160.0), left: f64::from(left), top: f64::from(top), width: 100, height: 120 };
    let part = render_part(&gpu, &frame, &part).unwrap();
    let mut differences = 0;
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let (inside_x, inside_y) = (x + left, y + top);
        let expected = match (0..200).contains(&inside_x) && (0..160).contains(&inside_y) {
            true => at(&whole, inside_x as u32, inside_y as u32),
            false => [0; 4],
        };
        let found = at(&part, x as u32, y as u32);
        differences += usize::from(found.iter().zip(expected).any(|(a, b)| a.abs_diff(b) > 3));
    }
    assert!(differences < 20, "{differences} pixels differ");
}

#[test]
fn many_small_triangles_look_as_one_large_one() {
    let gpu = gpu();
    let seen = |side: u32| {
        let at = |number: u32| Vec3::new((number % (side + 1)) as f32, (number / (side + 1)) as f32, 0.0);
        let positions: Vec<Vec3> =
            (0..(side + 1) * (side + 1)).map(|number| at(number) / side as f32 - 0.5).collect();
        let cell = |number: u32| {
            let corner = number / side * (side + 1) + number % side;
            [corner, corner + 1, corner + side + 1, corner + 1, corner + side + 2, corner + side + 1]
        };
        let geometry = Geometry {
            normals: vec![Vec3::Z; positions.len()],
            positions,
            indices: (0..side * side).flat_map(cell).collect(),
            ..Geometry::default()
        };
        let place = Mat4::from_rotation_z(0.3) * Mat4::from_scale(Vec3::splat(1.2));
        let frame = frame(vec![(geometry, place, Material::default())]);
        render(&gpu, &frame, 64, 64).unwrap().rgba
    };
    let (coarse, fine) = (seen(1), seen(400));
    assert!(coarse.iter().filter(|pixel| pixel[3] == 255).count() > 500);
    for (place, (a, b)) in coarse.iter().zip(&fine).enumerate() {
        let inside = a[3] == b[3] && (a[3] == 255 || a[3] == 0);
        // At edges they differ by where the samples lie.
        let most = if inside { 1 } else { 128 };
        assert!(a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= most), "{place}: {a:?} {b:?}");
    }
}
