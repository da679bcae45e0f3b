//! Every kernel against its reference, on a software GPU.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests, too.

use std::fmt::Display;

use base::Limits;
use gpu::{Choice, Gpu, GpuError, Shared};
use raster::{
    Depth, Mask, Pixels, Surface,
    blend::{self, BlendMode, Layer},
    blur::{self, Edge},
    resize::{self, Filter},
};
use raster_gpu::{Accelerator, Least};

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
fn blurs_agree() {
    let gpu = gpu();
    let sizes = [(1, 1), (1, 9), (64, 3), (67, 45), (257, 131)];
    let sigmas = [
        (0.3, 0.3),
        (1.0, 1.0),
        (2.8, 2.8),
        (2.9, 2.9),
        (8.0, 8.0),
        (31.0, 31.0),
        (100.0, 100.0),
        (0.0, 5.0),
        (40.0, -1.0),
        (1.5, 60.0),
        (f32::NAN, 0.0),
        (f32::INFINITY, 0.7),
    ];
    for depth in DEPTHS {
        for (width, height) in sizes {
            let source = noise(width, height, width, depth);
            for (sigma_x, sigma_y) in sigmas {
                for edge in [Edge::Transparent, Edge::Clamp] {
                    let case = format!("{width}×{height} {depth:?} at {sigma_x}, {sigma_y}, {edge:?}");
                    let found = raster_gpu::blur::gaussian(&gpu, &source, sigma_x, sigma_y, edge).unwrap();
                    let mut expected = source.clone();
                    blur::gaussian(&mut expected, sigma_x, sigma_y, edge);
                    compare(&case, &found, &expected, STEPS);
                }
            }
        }
    }
}

#[test]
fn resized_pictures_agree() {
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
    for depth in DEPTHS {
        for &filter in Filter::ALL {
            for (from, (width, height)) in cases {
                let case = format!("{from:?} to {width}×{height} {depth:?} with {filter}");
                let source = noise(from.0, from.1, width, depth);
                let found = raster_gpu::resize::resize(&gpu, &source, width, height, filter).unwrap();
                let expected = resize::resize(&source, width, height, filter, &Limits::default()).unwrap();
                compare(&case, &found, &expected, STEPS);
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
fn software_and_small_work_stay_on_the_processor() {
    let source = noise(40, 30, 1, Depth::U8);
    let mut expected = source.clone();
    blur::gaussian(&mut expected, 4.0, 4.0, Edge::Clamp);
    let everything = Least { blurred: 0, resized: 0, blended: 0 };
    for shared in [Shared::new(Choice::Cpu), Shared::new(Choice::from("no such adapter"))] {
        let accelerator = Accelerator::new(shared).with_least(everything);
        let mut blurred = source.clone();
        accelerator.gaussian(&mut blurred, 4.0, 4.0, Edge::Clamp);
        assert!(blurred == expected);
        let limits = Limits { pixels: 10, ..Limits::default() };
        assert!(accelerator.resize(&source, 10, 10, Filter::Box, &limits).is_err());
        let empty = Surface::from_pixels(0, 5, Pixels::U8(vec![])).unwrap();
        assert!(accelerator.resize(&empty, 2, 2, Filter::Box, &Limits::default()).is_err());
    }
}

#[test]
fn what_is_too_large_is_an_error_before_it_is_tried() {
    let gpu = gpu();
    let pixels = (gpu.limits().storage_bytes / 4 + 1) as usize;
    let wide = Surface::from_pixels(pixels as u32, 1, Pixels::U8(vec![[0; 4]; pixels])).unwrap();
    let error = raster_gpu::blur::gaussian(&gpu, &wide, 1.0, 1.0, Edge::Clamp).unwrap_err();
    assert!(matches!(error, GpuError::TooLarge { .. }), "{error}");
}
