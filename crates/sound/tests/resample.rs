//! Resampling: flat where sound is heard, silent where it must be, and in time.
#![allow(clippy::unwrap_used)]

mod common;

use std::f64::consts::TAU;

use common::{opener, read_all, sine, source, wav};
use sound::resample::Resampled;
use sound::varispeed::Varispeed;
use sound::wav::Depth;
use sound::{Block, Source, db_from_gain};

const LENGTH: usize = 24_000;

/// The amplitude of the tone that fits best, and the largest sample of what is left.
fn fit(samples: &[f32], first: usize, rate: u32, frequency: f64) -> (f64, f64, f64) {
    let step = TAU * frequency / f64::from(rate);
    let (mut ss, mut sc, mut cc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, x) in samples.iter().enumerate() {
        let (s, c) = (step * (first + n) as f64).sin_cos();
        (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c);
        (xs, xc) = (xs + f64::from(*x) * s, xc + f64::from(*x) * c);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / determinant, (xc * ss - xs * sc) / determinant);
    let left = samples.iter().enumerate().map(|(n, x)| {
        let (s, c) = (step * (first + n) as f64).sin_cos();
        (f64::from(*x) - a * s - b * c).abs()
    });
    (a.hypot(b), b.atan2(a), left.fold(0.0, f64::max))
}

/// A tone at `from` frames per second, brought to `to`; the middle of it, and the index of its first frame.
fn brought(from: u32, to: u32, tone: f64, speed: Option<f64>) -> (Vec<f32>, usize) {
    let bytes = wav(from, Depth::Float32, &[&sine(from, tone, 0.5, LENGTH)]);
    let out = match speed {
        None => read_all(&mut Resampled::new(move || opener(&bytes)(), to).unwrap(), 1000).remove(0),
        Some(speed) => {
            let mut varispeed = Varispeed::new(source(&bytes), to, 0.0, speed).unwrap();
            let frames = LENGTH as f64 * f64::from(to) / f64::from(from) / speed;
            let mut block = Block::new(1, frames as usize);
            varispeed.read(&mut block).unwrap();
            block.channel(0).to_vec()
        }
    };
    let edge = out.len() / 5;
    (out[edge..out.len() - edge].to_vec(), edge)
}

#[test]
fn flat_to_20_khz_without_images_or_delay() {
    for (from, to) in
        [(44100, 48000), (48000, 44100), (96000, 48000), (48000, 96000), (44100, 96000), (88200, 44100)]
    {
        for tone in [50.0, 997.0, 5003.0, 10007.0, 15013.0, 19000.0, 20000.0] {
            let (out, first) = brought(from, to, tone, None);
            let (level, phase, left) = fit(&out, first, to, tone);
            let what = format!("{from} to {to}, {tone} Hz");
            assert!(db_from_gain(level / 0.5).abs() < 0.1, "{what}: {} dB", db_from_gain(level / 0.5));
            assert!(phase.abs() < 1e-4, "{what}: {phase} rad late");
            assert!(db_from_gain(left) < -100.0, "{what}: {} dB of other sound", db_from_gain(left));
        }
    }
    // What does not fit below the new Nyquist frequency leaves nothing behind.
    for (from, to, tone) in
        [(96000, 44100, 22100.0), (96000, 48000, 24100.0), (48000, 44100, 23000.0), (96000, 32000, 40000.0)]
    {
        let (out, _) = brought(from, to, tone, None);
        let left = out.iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
        assert!(
            db_from_gain(left.into()) < -100.0,
            "{from} to {to}, {tone} Hz: {} dB",
            db_from_gain(left.into())
        );
    }
}

#[test]
fn any_ratio_and_any_speed() {
    // 47,999 has no simple ratio to anything.
    for (from, to, speed) in [
        (44100, 47999, None),
        (47999, 44100, None),
        (44100, 48000, Some(1.0)),
        (48000, 48000, Some(0.61)),
        (48000, 48000, Some(2.3)),
    ] {
        let times = speed.unwrap_or(1.0);
        for tone in [100.0, 1009.0, 8000.0, 17000.0] {
            let (out, first) = brought(from, to, tone, speed);
            let heard = tone * times;
            let left = if heard < f64::from(to) / 2.0 {
                let (level, phase, left) = fit(&out, first, to, heard);
                assert!(db_from_gain(level / 0.5).abs() < 0.1, "{from} to {to}, {tone} Hz");
                assert!(phase.abs() < 1e-4, "{from} to {to}, {tone} Hz: {phase}");
                left
            } else {
                out.iter().fold(0f32, |peak, sample| peak.max(sample.abs())).into()
            };
            assert!(
                db_from_gain(left) < -100.0,
                "{from} to {to} at {times}, {tone} Hz: {} dB",
                db_from_gain(left)
            );
        }
    }
}

#[test]
fn a_seek_gives_the_same_samples() {
    let noise = common::noise(3, LENGTH, 0.5);
    let bytes = wav(44100, Depth::Float32, &[&noise]);
    for rate in [48000, 47999] {
        let mut whole = Resampled::new(
            {
                let bytes = bytes.clone();
                move || opener(&bytes)()
            },
            rate,
        )
        .unwrap();
        let straight = read_all(&mut whole, 777).remove(0);
        assert_eq!(straight.len() as u64, whole.info().frames.unwrap());
        let mut block = Block::new(1, 500);
        for place in [0usize, 9000, 9001, 12_345, 25_600, 26_000] {
            whole.seek(place as u64).unwrap();
            let count = whole.read(&mut block).unwrap();
            assert_eq!(count, straight.len().saturating_sub(place).min(500));
            let worst = block
                .channel(0)
                .iter()
                .zip(&straight[place..])
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(
                db_from_gain(worst.into()) < -120.0,
                "{rate} from {place}: {} dB",
                db_from_gain(worst.into())
            );
        }
    }
}
