//! Every kernel against its reference, on a software GPU, and when which of them is used.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests, too.

use gpu::{Choice, Gpu, GpuError, Shared};
use raster::boxes::Blur;
use raster_gpu::{Accelerator, Least, boxes};

/// The name of the software adapter.
const SOFTWARE: &str = "llvmpipe";

/// Noise of all opacities with hard edges, and with a part that is transparent.
fn noise(width: usize, height: usize) -> Vec<[u8; 4]> {
    let mut state = 0x9e37_79b9_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut pixel = |i: usize| {
        let alpha = [0, 255, random(), random()][usize::from(random() % 4)];
        let mut color = || raster::alpha::mul_u8(random(), alpha);
        if i % width > width / 2 && i / width > height / 2 {
            [0; 4]
        } else {
            [color(), color(), color(), alpha]
        }
    };
    (0..width * height).map(&mut pixel).collect()
}

fn on_processor(pixels: &[[u8; 4]], width: usize, blur: &Blur) -> Vec<[u8; 4]> {
    let mut pixels = pixels.to_vec();
    blur.apply(&mut pixels, width);
    pixels
}

#[test]
fn blurs_give_the_bytes_of_the_processor() {
    let gpu = Gpu::open(&Choice::Cpu).unwrap_or_else(|error| panic!("install mesa-vulkan-drivers: {error}"));
    let sizes = [(1, 1), (1, 9), (64, 3), (67, 45), (257, 131), (900, 1100)];
    let sigmas = [(2.0, 2.0), (2.9, 8.0), (31.0, 31.0), (0.0, 5.0), (40.0, f32::NAN), (333.3, 1e9)];
    for (width, height) in sizes {
        let pixels = noise(width, height);
        for (x, y) in sigmas {
            let blur = Blur::new(x, y);
            let found = boxes::blur(&gpu, &pixels, width, boxes::means(&blur).unwrap()).unwrap();
            assert!(found == on_processor(&pixels, width, &blur), "{width} × {height} at {x}, {y}");
        }
    }
    for (x, y) in [(0.0, 0.0), (1.9, 1.9), (5.0, 1.0)] {
        assert_eq!(boxes::means(&Blur::new(x, y)), None, "{x}, {y}");
    }
    let room = gpu.limits().storage_bytes.min(gpu.limits().buffer_bytes) / 8;
    assert!(boxes::fits(&gpu, room) && !boxes::fits(&gpu, room + 1) && !boxes::fits(&gpu, u64::MAX));
}

#[test]
fn software_is_used_when_it_is_asked_for_and_small_work_never() {
    let (width, blur) = (90, Blur::new(4.0, 4.0));
    let source = noise(width, 60);
    let wanted = on_processor(&source, width, &blur);
    let everything = Least { blurred: 0, opening: 0 };
    let cases = [
        (Choice::Named(SOFTWARE.to_owned()), everything, 1),
        (Choice::Named(SOFTWARE.to_owned()), Least::default(), 0),
        (Choice::Cpu, everything, 0),
        (Choice::Auto, Least { opening: 1 << 20, ..everything }, 0),
    ];
    for (choice, least, runs) in cases {
        let shared = Shared::new(choice.clone());
        let accelerator = Accelerator::new(shared.clone()).with_least(least);
        let session = accelerator.session();
        let mut pixels = source.clone();
        session.blur(&mut pixels, width, &blur);
        assert_eq!(session.failure(), None);
        assert!(pixels == wanted);
        assert_eq!((accelerator.runs(), shared.is_open()), (runs, runs > 0), "{choice:?}, {least:?}");
    }
}

#[test]
fn a_lost_device_is_opened_anew_and_a_missing_one_is_told() {
    let (width, blur) = (90, Blur::new(4.0, 4.0));
    let source = noise(width, 60);
    let wanted = on_processor(&source, width, &blur);
    let everything = Least { blurred: 0, opening: 0 };

    let shared = Shared::new(Choice::from(SOFTWARE));
    let accelerator = Accelerator::new(shared.clone()).with_least(everything);
    shared.gpu().unwrap().close();
    let session = accelerator.session();
    let mut pixels = source.clone();
    session.blur(&mut pixels, width, &blur);
    assert!(pixels == wanted);
    assert_eq!((session.failure(), accelerator.runs()), (None, 1));

    let accelerator = Accelerator::new(Shared::new(Choice::from("no such adapter"))).with_least(everything);
    let session = accelerator.session();
    let mut pixels = source;
    session.blur(&mut pixels, width, &blur);
    assert!(pixels == wanted);
    assert!(matches!(session.failure(), Some(GpuError::UnknownAdapter { .. })));
    assert_eq!(accelerator.runs(), 0);
}
