//! Coats, fibres, what light goes through, and shadows of many lights, held against energy and geometry.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::{f32::consts::PI, sync::Arc};

use glam::{Mat3, Mat4, Vec2, Vec3, Vec4, camera::rh::view::look_at_mat4};
use gpu::{Choice, Gpu};
use scene::{
    frame::{
        Alpha, Camera, Environment, Frame, Geometry, Image, Instance, Light, LightKind, Lobes, Material,
        Projection, Texture, Wrap,
    },
    model::Slot,
    panorama::Panorama,
    render::{Rendered, render},
};

fn gpu() -> Gpu {
    Gpu::open(&Choice::Cpu).unwrap_or_else(|error| panic!("install mesa-vulkan-drivers: {error}"))
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

/// A square that is bent to show the eye all normals between it and its edges.
fn bowl() -> Geometry {
    let side = 24_u32;
    let mut out = Geometry::default();
    for place in 0..side * side {
        let at = Vec2::new((place % side) as f32, (place / side) as f32) / (side - 1) as f32 * 2.0 - 1.0;
        out.positions.push(at.extend(0.0));
        out.normals.push(
            Vec3::new(at.x * 0.68, at.y * 0.68, 0.0).with_z((1.0 - 0.4624 * at.length_squared()).sqrt()),
        );
        let (x, y) = (place % side, place / side);
        if x + 1 < side && y + 1 < side {
            let (a, b, c, d) = (place, place + 1, place + side + 1, place + side);
            out.indices.extend([a, b, c, a, c, d]);
        }
    }
    out
}

/// Seen along −z, from −1 to 1 up and down, without light.
fn frame(parts: Vec<(Geometry, Mat4, Material)>) -> Frame {
    let mut frame = Frame {
        instances: Vec::new(),
        materials: Vec::new(),
        lights: Vec::new(),
        environment: Environment::None,
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

fn even(radiance: f32) -> Environment {
    let panorama = Arc::new(Panorama::new(8, 4, vec![[radiance; 3]; 8 * 4]).unwrap());
    Environment::Image { panorama, turn: 0.0, tint: Vec3::ONE, backdrop: None }
}

fn at(picture: &Rendered, x: u32, y: u32) -> [u8; 4] {
    picture.rgba[(y * picture.width + x) as usize]
}

fn decoded(value: u8) -> f32 {
    let value = f32::from(value) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The light that grey of middle brightness was, before PBR Neutral took 0.04 away.
fn light(value: u8) -> f32 {
    decoded(value) + 0.04
}

fn white(roughness: f32, lobes: Lobes) -> Material {
    Material { metallic: 0.0, roughness, lobes, ..Material::default() }
}

/// Each lobe by itself, and all at once.
fn lobes() -> Vec<(&'static str, Lobes)> {
    let plain = Lobes::default();
    let mut list = vec![
        ("none", plain),
        ("a coat", Lobes { clearcoat: 1.0, clearcoat_roughness: 0.6, ..plain }),
        ("fine fibres", Lobes { sheen_color: Vec3::ONE, sheen_roughness: 0.4, ..plain }),
        ("coarse fibres", Lobes { sheen_color: Vec3::ONE, sheen_roughness: 1.0, ..plain }),
        ("half a reflection", Lobes { specular: 0.5, ..plain }),
        ("a strong reflection", Lobes { specular_color: Vec3::splat(9.0), ..plain }),
        ("glass", Lobes { transmission: 1.0, ..plain }),
    ];
    let fibres = list[2].1;
    let coated = Lobes { clearcoat: 1.0, clearcoat_roughness: 0.6, ..fibres };
    list.push(("coated fibres", coated));
    list.push(("all", Lobes { specular: 0.7, transmission: 0.5, ..coated }));
    list
}

/// A row of parts from left to right, each in a square of its own.
fn row(parts: Vec<(Geometry, Material)>) -> Frame {
    let count = parts.len() as f32;
    let place = |(number, (geometry, material)): (usize, (Geometry, Material))| {
        let left = Vec3::X * (2.0 * number as f32 + 1.0 - count);
        (geometry, Mat4::from_translation(left), material)
    };
    frame(parts.into_iter().enumerate().map(place).collect())
}

#[test]
fn white_surfaces_keep_the_light_of_an_even_room() {
    let cases: Vec<(&str, Lobes, f32)> =
        lobes().into_iter().flat_map(|(name, lobes)| [0.1, 0.5, 1.0].map(|r| (name, lobes, r))).collect();
    let parts = cases.iter().map(|(_, lobes, roughness)| (bowl(), white(*roughness, *lobes)));
    let mut frame = row(parts.collect());
    frame.environment = even(0.5);
    let side = 24;
    let picture = render(&gpu(), &frame, side * cases.len() as u32, side).unwrap();
    for (number, (name, _, roughness)) in cases.iter().enumerate() {
        for place in 0..side * side {
            let pixel = at(&picture, number as u32 * side + place % side, place / side);
            let kept = light(pixel[1]) / 0.5;
            assert!((0.96..1.02).contains(&kept), "{name}, roughness {roughness}: {kept} {pixel:?}");
        }
    }
}

/// Suns all over the half of the sky towards +z, which is white all over.
fn suns(radiance: f32) -> Vec<Light> {
    let (rings, steps) = (20, 40);
    let one = |place: usize| {
        let (ring, step) = (place / steps, place % steps);
        let height = ((ring as f32 + 0.5) / rings as f32).powi(2);
        let turn = (step as f32 + 0.5 * (ring % 2) as f32) / steps as f32 * 2.0 * PI;
        let flat = (1.0 - height * height).sqrt();
        let towards = Vec3::new(turn.cos() * flat, turn.sin() * flat, height);
        let width = (((ring + 1) as f32).powi(2) - (ring as f32).powi(2)) / (rings * rings) as f32;
        let angle = width * 2.0 * PI / steps as f32;
        Light { color: Vec3::splat(radiance * angle), kind: LightKind::Directional(-towards) }
    };
    (0..rings * steps).map(one).collect()
}

#[test]
fn surfaces_gain_no_light_of_a_sky_of_suns() {
    let gpu = gpu();
    let cases = lobes();
    let mut frame = row(cases.iter().map(|(_, lobes)| (square(), white(0.6, *lobes))).collect());
    frame.lights = suns(0.5);
    for slant in [0.0, 0.9, 1.35_f32] {
        let eye = Vec3::new(0.0, slant.sin(), slant.cos()) * 20.0;
        frame.camera.view_from_world = look_at_mat4(eye, Vec3::ZERO, Vec3::Y);
        let picture = render(&gpu, &frame, cases.len() as u32 * 9, 9).unwrap();
        for (number, (name, lobes)) in cases.iter().enumerate() {
            // What goes through comes from behind, where there is nothing.
            let least = 0.8 * (1.0 - lobes.transmission);
            let [_, value, _, alpha] = at(&picture, number as u32 * 9 + 4, 4);
            let alpha = f32::from(alpha) / 255.0;
            let kept = light((f32::from(value) / alpha.max(0.01)).round() as u8) * alpha / 0.5;
            assert!((least..1.05).contains(&kept), "{name}, slant {slant}: {kept}");
        }
    }
}

/// A texture that is laid so that its second pixel alone is seen.
fn texture(rgba: [u8; 4]) -> Texture {
    let second = Mat3::from_translation(Vec2::new(0.75, 0.5)) * Mat3::from_scale(Vec2::splat(1e-3));
    Texture {
        image: Arc::new(Image { width: 2, height: 1, rgba: vec![[0; 4], rgba] }),
        set: 0,
        image_from_uv: second,
        wrap: [Wrap::Repeat; 2],
        smooth: false,
    }
}

#[test]
fn textures_of_lobes_count_as_their_factors_do() {
    let half = Lobes {
        clearcoat: 0.5,
        clearcoat_roughness: 0.5,
        transmission: 0.5,
        thickness: 0.5,
        attenuation_distance: 0.5,
        attenuation_color: Vec3::new(0.2, 0.5, 0.9),
        specular: 0.5,
        specular_color: Vec3::splat(0.5),
        sheen_color: Vec3::splat(0.5),
        sheen_roughness: 0.5,
        ..Lobes::default()
    };
    let full = Lobes {
        clearcoat: 1.0,
        clearcoat_roughness: 1.0,
        transmission: 1.0,
        thickness: 1.0,
        specular: 1.0,
        specular_color: Vec3::ONE,
        sheen_color: Vec3::ONE,
        sheen_roughness: 1.0,
        ..half
    };
    // In sRGB and linear; other channels than the one that counts are off.
    let grey = |slot: Slot| match slot {
        Slot::SpecularColor | Slot::SheenColor => [188, 188, 188, 9],
        Slot::Clearcoat | Slot::Transmission => [128, 9, 9, 9],
        Slot::ClearcoatRoughness | Slot::Thickness => [9, 128, 9, 9],
        Slot::Specular | Slot::SheenRoughness => [9, 9, 9, 128],
        _ => [128, 128, 255, 255],
    };
    let textures = Slot::ALL[5..].iter().map(|slot| (*slot, texture(grey(*slot)))).collect();
    let textured = Material { lobe_textures: textures, ..white(0.3, full) };
    let mut frame = row(vec![(square(), white(0.3, half)), (square(), textured)]);
    frame.environment = Environment::Studio(1.0);
    let direction = Vec3::new(0.3, -0.4, -1.0).normalize();
    frame.lights = vec![Light { color: Vec3::ONE, kind: LightKind::Directional(direction) }];
    frame.background = Some(Vec4::new(0.2, 0.4, 0.1, 1.0));
    let picture = render(&gpu(), &frame, 32, 16).unwrap();
    let (factors, textures) = (at(&picture, 8, 8), at(&picture, 24, 8));
    assert!(factors.iter().zip(textures).all(|(a, b)| a.abs_diff(b) <= 2), "{factors:?} {textures:?}");
}

#[test]
fn what_is_behind_glass_is_seen_tinted_and_blurred() {
    let gpu = gpu();
    let plain = Material { unlit: true, double_sided: true, ..Material::default() };
    let color = |x: f32| Material { base_color: Vec4::new(x, x, x, 1.0), ..plain.clone() };
    let half = |x: f32| Mat4::from_translation(Vec3::new(x, 0.0, -1.0));
    let seen = |glass: Option<Material>, x: u32| {
        // Left of the middle dark, right of it bright.
        let mut parts = vec![(square(), half(-1.0), color(0.05)), (square(), half(1.0), color(0.6))];
        parts.extend(glass.map(|glass| (square(), Mat4::IDENTITY, glass)));
        at(&render(&gpu, &frame(parts), 64, 64).unwrap(), x, 32)
    };
    let glass = |roughness: f32, base: Vec3| Material {
        base_color: base.extend(1.0),
        ior: 1.5,
        ..white(roughness, Lobes { transmission: 1.0, specular: 0.0, ..Lobes::default() })
    };
    // Without a reflection, nothing but what is behind is seen.
    for x in [8, 56] {
        let (bare, clear) = (seen(None, x), seen(Some(glass(0.0, Vec3::ONE)), x));
        assert!(bare.iter().zip(clear).all(|(a, b)| a.abs_diff(b) <= 4), "{bare:?} {clear:?}");
    }
    let [r, g, b, _] = seen(Some(glass(0.0, Vec3::new(1.0, 0.5, 0.1))), 56);
    assert!(r > 180 && (130..180).contains(&g) && b < 90, "{r} {g} {b}");
    // Frosted glass mixes across the border; clear glass does not.
    let (near, far) = (seen(Some(glass(0.6, Vec3::ONE)), 30), seen(Some(glass(0.0, Vec3::ONE)), 30));
    assert!(near[0] > far[0] + 30, "{near:?} {far:?}");
    // A body swallows what it is thick for.
    let mut body = glass(0.0, Vec3::ONE);
    body.lobes.thickness = 2.0;
    body.lobes.attenuation_distance = 1.0;
    body.lobes.attenuation_color = Vec3::new(1.0, 0.5, 1.0);
    let [r, g, ..] = seen(Some(body), 56);
    let expected = decoded(r) * 0.25;
    assert!((decoded(g) - expected).abs() < 0.03, "{} {expected}", decoded(g));
}

#[test]
fn each_light_throws_its_shadow() {
    let gpu = gpu();
    let matte = white(1.0, Lobes { specular: 0.0, ..Lobes::default() });
    let small = Mat4::from_translation(Vec3::Z) * Mat4::from_scale(Vec3::splat(0.1));
    let masked = Material { alpha: Alpha::Mask(0.5), ..matte.clone() };
    let position = |x: f32| Vec3::new(x, 0.0, 2.0);
    let spot = |x: f32| {
        let (position, direction) = (position(x), Vec3::new(-x, 0.0, -2.0).normalize());
        LightKind::Spot { position, direction, range: f32::INFINITY, inner: 0.6, outer: 0.9 }
    };
    let sun = |x: f32| LightKind::Directional(Vec3::new(-x / 2.0, 0.0, -1.0).normalize());
    let point = |x: f32| LightKind::Point { position: position(x), range: f32::INFINITY };
    for (name, kinds, aside, bright) in [
        ("spots", [spot(1.0), spot(-1.0)], 1.0, 4.0),
        ("points", [point(1.0), point(-1.0)], 1.0, 4.0),
        ("suns", [sun(1.0), sun(-1.0)], 0.5, 1.0),
    ] {
        let parts = vec![(square(), Mat4::IDENTITY, matte.clone()), (square(), small, masked.clone())];
        let mut frame = frame(parts);
        frame.lights = kinds
            .into_iter()
            .zip([Vec3::X, Vec3::Z])
            .map(|(kind, color)| Light { color: color * bright, kind })
            .collect();
        let side = 200.0;
        let picture = render(&gpu, &frame, side as u32, side as u32).unwrap();
        let pixel = |x: f32| at(&picture, ((x + 1.0) * 0.5 * (side - 1.0)).round() as u32, 100);
        // The red light is on the right, so its shadow is on the left; the blue one's is on the right.
        let (left, right, between) = (pixel(-0.95 * aside), pixel(0.95 * aside), pixel(0.3));
        assert!(left[0] < 12 && left[2] > 60, "{name}: {left:?}");
        assert!(right[2] < 12 && right[0] > 60, "{name}: {right:?}");
        assert!(between[0] > 60 && between[2] > 60, "{name}: {between:?}");
        assert_eq!(picture.lacks.shadows, 0);
    }
}
