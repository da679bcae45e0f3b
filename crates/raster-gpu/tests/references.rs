//! Every kernel against its reference, on a software GPU.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests, too.

use std::fmt::Display;

use base::Limits;
use gpu::{Choice, Gpu, GpuError};
use raster::{
    Depth, Mask, Pixels, Surface,
    blend::{self, BlendMode, Layer},
    boxes::Blur,
    resize::{self, Filter, Line},
};
use raster_gpu::boxes;

/// Steps of eight bits between a kernel and its reference.
const STEPS: u8 = 1;
/// The distance of floats between a kernel and its reference: each is within 1e-5 of the exact value.
const DISTANCE: f32 = 2e-5;

const DEPTHS: [Depth; 2] = [Depth::U8, Depth::F32];

fn gpu() -> Gpu {
    Gpu::open(&Choice::Cpu).unwrap_or_else(|error| panic!("install mesa-vulkan-drivers: {error}"))
}

/// Noise of all opacities with hard edges; every fourth pixel is transparent or opaque.
fn noise(width: u32, height: u32, seed: u32, depth: Depth) -> Surface {
    let mut state = u64::from(seed) << 32 | 0x9e37_79b9;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut pixel = || {
        let alpha = match random() % 8 {
            0 => 0,
            1 => 255,
            _ => random(),
        };
        let mut color = || raster::alpha::mul_u8(random(), alpha);
        [color(), color(), color(), alpha]
    };
    let pixels = (0..width * height).map(|_| pixel()).collect();
    Surface::from_pixels(width, height, Pixels::U8(pixels)).unwrap().into_depth(depth)
}

/// Holds a result against its reference; for bytes it may be asked to be equal.
fn compare(case: &dyn Display, found: &Surface, expected: &Surface, steps: u8) {
    assert_eq!((found.width(), found.height()), (expected.width(), expected.height()), "{case}");
    match (found.pixels(), expected.pixels()) {
        (Pixels::U8(found), Pixels::U8(expected)) => {
            for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                let off = (0..4).map(|c| found[c].abs_diff(expected[c])).max().unwrap();
                assert!(off <= steps, "{case}, pixel {i}: {found:?}, not {expected:?}");
                assert!(found[..3].iter().all(|c| *c <= found[3]), "{case}, pixel {i}: {found:?}");
            }
        }
        (Pixels::F32(found), Pixels::F32(expected)) => {
            for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                let off = (0..4).map(|c| (found[c] - expected[c]).abs()).fold(0.0, f32::max);
                assert!(off <= DISTANCE, "{case}, pixel {i}: {found:?}, not {expected:?}");
            }
        }
        _ => panic!("{case}: another depth"),
    }
}

#[test]
fn blurs_give_the_bytes_of_the_processor() {
    let gpu = gpu();
    let sizes = [(1, 1), (1, 9), (64, 3), (67, 45), (257, 131), (900, 1100)];
    let sigmas = [(2.0, 2.0), (2.9, 8.0), (31.0, 31.0), (0.0, 5.0), (40.0, f32::NAN), (333.3, 1e9)];
    for (width, height) in sizes {
        let source = noise(width as u32, height as u32, 1, Depth::U8);
        let pixels = source.samples::<u8>().unwrap();
        for (x, y) in sigmas {
            let blur = Blur::new(x, y);
            let found = boxes::blur(&gpu, pixels, width, boxes::means(&blur).unwrap()).unwrap();
            let mut expected = pixels.to_vec();
            blur.apply(&mut expected, width);
            assert!(found == expected, "{width} × {height} at {x}, {y}");
        }
    }
    for (x, y) in [(0.0, 0.0), (1.9, 1.9), (5.0, 1.0)] {
        assert_eq!(boxes::means(&Blur::new(x, y)), None, "{x}, {y}");
    }
    let room = gpu.limits().storage_bytes.min(gpu.limits().buffer_bytes) / 8;
    assert!(boxes::fits(&gpu, room) && !boxes::fits(&gpu, room + 1) && !boxes::fits(&gpu, u64::MAX));
}

#[test]
fn resampled_pictures_agree() {
    let gpu = gpu();
    let cases = [
        ((1, 1), (1, 1)),
        ((1, 1), (17, 5)),
        ((61, 33), (1, 1)),
        ((61, 33), (61, 33)),
        ((61, 33), (61, 7)),
        ((61, 33), (122, 66)),
        ((61, 33), (200, 3)),
        ((300, 201), (37, 140)),
        ((1000, 2), (9, 50)),
    ];
    let whole = cases.map(|(from, to)| (from, [Line::whole(from.0, to.0), Line::whole(from.1, to.1)]));
    // Parts of pictures, turned round, and places beyond their edges.
    let line = |count, start, step| Line { count, start, step };
    let placed = [
        ((300, 201), [line(40, 120.3, 1.7), line(31, 90.1, -2.3)]),
        ((61, 33), [line(90, -4.5, 0.9), line(3, 30.0, 8.0)]),
    ];
    for depth in DEPTHS {
        for &filter in Filter::ALL {
            for (from, lines) in whole.into_iter().chain(placed) {
                let case = format!("{from:?} to {lines:?} {depth:?} with {filter}");
                let source = noise(from.0, from.1, lines[0].count, depth);
                let found = raster_gpu::resize::resample(&gpu, &source, lines, filter).unwrap();
                let expected = resize::resample(&source, lines, filter, &Limits::default()).unwrap();
                compare(&case, &found, &expected, 0);
            }
        }
    }
}

/// Pixels below and above each other in all combinations of the opacities and colours that matter.
fn grid(depth: Depth) -> (Surface, Surface) {
    let mut pixels = Vec::new();
    for alpha in [0u8, 1, 2, 100, 128, 254, 255] {
        for i in 0..=8u16 {
            let color = |i: u16| (u16::from(alpha) * (i % 9) / 8) as u8;
            pixels.push([color(i), color(i * 5), color(i * 7 + 3), alpha]);
            pixels.push([color(i), color(i), color(i + 1), alpha]);
        }
    }
    let side = pixels.len() as u32;
    let below = pixels.iter().flat_map(|pixel| vec![*pixel; pixels.len()]).collect();
    let above = pixels.iter().flat_map(|_| pixels.clone()).collect();
    let surface = |pixels| Surface::from_pixels(side, side, Pixels::U8(pixels)).unwrap().into_depth(depth);
    (surface(below), surface(above))
}

#[test]
fn blended_layers_agree_in_every_mode() {
    let gpu = gpu();
    let mask = |width: u32, height: u32| {
        let coverage = (0..width * height).map(|i| [0, 1, 77, 128, 254, 255][(i * 7 / 3 % 6) as usize]);
        Mask::from_coverage(width, height, coverage.collect()).unwrap()
    };
    let exact = [
        BlendMode::Normal,
        BlendMode::Multiply,
        BlendMode::Screen,
        BlendMode::Overlay,
        BlendMode::Darken,
        BlendMode::Lighten,
        BlendMode::HardLight,
        BlendMode::Difference,
        BlendMode::Exclusion,
    ];
    let masks = [mask(126, 126), mask(61, 200), mask(0, 3)];
    let placed = [
        ((0, 0), 1.0, None),
        ((0, 0), 0.5, None),
        ((0, 0), 0.37, Some(&masks[0])),
        ((-13, 20), 1.0, Some(&masks[1])),
        ((50, -7), f32::NAN, None),
        ((i32::MAX, i32::MIN), 1.0, None),
        ((0, 0), 1.0, Some(&masks[2])),
    ];
    for (below, above) in
        [(Depth::U8, Depth::U8), (Depth::U8, Depth::F32), (Depth::F32, Depth::U8), (Depth::F32, Depth::F32)]
    {
        let (below_surface, above_surface) = (grid(below).0, grid(above).1);
        for &mode in BlendMode::ALL {
            for (offset, opacity, mask) in placed {
                let case = format!("{mode} of {above:?} on {below:?} at {offset:?}, {opacity}");
                let layer = Layer { surface: &above_surface, offset, opacity, mode, mask };
                let found = raster_gpu::blend::composite_layers(&gpu, &below_surface, &[layer]).unwrap();
                let mut expected = below_surface.clone();
                blend::composite_layers(&mut expected, &[layer]);
                let steps = match (below, above) {
                    (Depth::U8, Depth::U8) if exact.contains(&mode) => 0,
                    _ => STEPS,
                };
                compare(&case, &found, &expected, steps);
            }
        }
    }
    let layers = [noise(90, 50, 1, Depth::U8), noise(31, 77, 2, Depth::F32), noise(64, 64, 3, Depth::U8)];
    let stack: Vec<Layer<'_>> = layers
        .iter()
        .zip([BlendMode::Multiply, BlendMode::Normal, BlendMode::Screen])
        .map(|(surface, mode)| Layer { mode, offset: (5, -9), opacity: 0.7, ..Layer::new(surface) })
        .collect();
    let below = noise(80, 60, 4, Depth::F32);
    let mut expected = below.clone();
    blend::composite_layers(&mut expected, &stack);
    let found = raster_gpu::blend::composite_layers(&gpu, &below, &stack).unwrap();
    compare(&"a stack", &found, &expected, STEPS);
}

#[test]
fn what_is_too_large_is_an_error_before_it_is_tried() {
    let gpu = gpu();
    let pixels = (gpu.limits().storage_bytes / 4 + 1) as usize;
    let wide = Surface::from_pixels(pixels as u32, 1, Pixels::U8(vec![[0; 4]; pixels])).unwrap();
    let lines = [Line::whole(wide.width(), 7), Line::whole(1, 1)];
    assert!(!raster_gpu::resize::fits(&gpu, &wide, &lines));
    assert!(!raster_gpu::blend::fits(&gpu, &wide, &[]));
    let error = raster_gpu::resize::resample(&gpu, &wide, lines, Filter::Box).unwrap_err();
    assert!(matches!(error, GpuError::TooLarge { .. }), "{error}");
}
