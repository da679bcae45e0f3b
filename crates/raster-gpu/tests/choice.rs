//! When the GPU is used and when the processor is, and whose its failures are.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests, too.

use base::Limits;
use gpu::{Choice, GpuError, Shared};
use raster::{
    Pixels, Surface,
    blend::{BlendMode, Layer},
    boxes::Blur,
    resize::{Filter, ResizeError},
};
use raster_gpu::{Accelerator, Least, Session};

/// The name of the software adapter.
const SOFTWARE: &str = "llvmpipe";
const EVERYTHING: Least = Least { blurred: 0, resized: 0, blended: 0, opening: 0 };
const WIDTH: usize = 90;

fn source() -> Surface {
    let pixels = (0..90 * 60).map(|i: u32| [(i * 7 % 120) as u8, (i / 90) as u8, 0, 120]);
    Surface::from_pixels(90, 60, Pixels::U8(pixels.collect())).unwrap()
}

/// A picture that was blurred, resized, and blended with itself.
fn made(session: &Session<'_>) -> Surface {
    let Pixels::U8(mut pixels) = source().into_pixels() else { unreachable!() };
    session.blur(&mut pixels, WIDTH, &Blur::new(4.0, 4.0));
    let blurred = Surface::from_pixels(90, 60, Pixels::U8(pixels)).unwrap();
    let mut small = session.resize(&blurred, 31, 17, Filter::Lanczos3, &Limits::default()).unwrap();
    let above = small.clone();
    session.composite_layers(&mut small, &[Layer { mode: BlendMode::Hue, ..Layer::new(&above) }]);
    small
}

/// Whether pictures are within the step that kernels of blending may be off.
fn are_near(found: &Surface, wanted: &Surface) -> bool {
    let [found, wanted] = [found, wanted].map(|surface| surface.samples::<u8>().unwrap().as_flattened());
    found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| a.abs_diff(*b) <= 1)
}

fn on_processor() -> Surface {
    made(&Accelerator::new(Shared::new(Choice::Cpu)).session())
}

#[test]
fn software_is_used_when_it_is_asked_for_and_small_work_never() {
    let cases = [
        (Choice::Named(SOFTWARE.to_owned()), EVERYTHING, 3),
        (Choice::Named(SOFTWARE.to_owned()), Least { blurred: 1 << 20, ..EVERYTHING }, 2),
        (Choice::Named(SOFTWARE.to_owned()), Least::default(), 0),
        (Choice::Cpu, EVERYTHING, 0),
        (Choice::Auto, Least { opening: 1 << 20, ..EVERYTHING }, 0),
    ];
    for (choice, least, runs) in cases {
        let shared = Shared::new(choice.clone());
        let accelerator = Accelerator::new(shared.clone()).with_least(least);
        let session = accelerator.session();
        assert!(are_near(&made(&session), &on_processor()));
        assert_eq!(session.failure(), None);
        assert_eq!((accelerator.runs(), shared.is_open()), (runs, runs > 0), "{choice:?}, {least:?}");
    }
}

#[test]
fn a_lost_device_is_opened_anew_and_a_missing_one_is_told() {
    let shared = Shared::new(Choice::from(SOFTWARE));
    let accelerator = Accelerator::new(shared.clone()).with_least(EVERYTHING);
    shared.gpu().unwrap().close();
    let session = accelerator.session();
    assert!(are_near(&made(&session), &on_processor()));
    assert_eq!((session.failure(), accelerator.runs()), (None, 3));

    let accelerator = Accelerator::new(Shared::new(Choice::from("no such adapter"))).with_least(EVERYTHING);
    let session = accelerator.session();
    assert!(made(&session) == on_processor());
    assert!(matches!(session.failure(), Some(GpuError::UnknownAdapter { .. })));
    assert_eq!(accelerator.runs(), 0);
}

#[test]
fn what_the_processor_refuses_is_refused_and_what_is_empty_asks_no_gpu() {
    let accelerator = Accelerator::new(Shared::new(Choice::from("no such adapter"))).with_least(EVERYTHING);
    let session = accelerator.session();
    let limits = Limits { pixels: 10, ..Limits::default() };
    let refused = session.resize(&source(), 10, 10, Filter::Box, &limits);
    assert!(matches!(refused, Err(ResizeError::Limit(_))));
    let mut empty = Surface::from_pixels(0, 5, Pixels::U8(vec![])).unwrap();
    let refused = session.resize(&empty, 2, 2, Filter::Box, &Limits::default());
    assert_eq!(refused, Err(ResizeError::Empty { width: 0, height: 5 }));
    session.composite_layers(&mut empty, &[Layer { mode: BlendMode::Hue, ..Layer::new(&source()) }]);
    assert!(session.resize(&source(), 0, 9, Filter::Box, &Limits::default()).unwrap().pixels().is_empty());
    assert_eq!(session.failure(), None);
}
