//! Mixing: against a reference in double precision, whatever the number of threads.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use base::Limits;
use common::{noise, opener, read_all, sine, source, wav};
use sound::effects::{Biquad, Compressor, Kind, Limiter};
use sound::wav::{Depth, Dither};
use sound::{
    Chain, Clip, Effect, Envelope, Fade, FadeShape, Key, Mix, Report, SoundError, Track, open, render,
};

const RATE: u32 = 48000;

fn rendered(mix: &Mix) -> (Vec<Vec<f32>>, Report) {
    let mut all = vec![Vec::new(); mix.channels.into()];
    let report = render(mix, &mut |block| {
        for (all, channel) in all.iter_mut().zip(block.iter()) {
            all.extend_from_slice(channel);
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(all[0].len() as u64, mix.frames);
    (all, report)
}

fn mix(frames: u64, tracks: Vec<Track>) -> Mix {
    Mix { rate: RATE, channels: 2, frames, tracks, master: Chain::default() }
}

fn track(clip: Clip) -> Track {
    Track { clips: vec![clip], ..Track::default() }
}

fn stereo(rate: u32, seed: u64, count: usize) -> (sound::Bytes, [Vec<f32>; 2]) {
    let channels = [noise(seed, count, 0.9), noise(seed + 100, count, 0.9)];
    (wav(rate, Depth::Int16(Dither::None), &[&channels[0], &channels[1]]), channels)
}

/// The largest difference, in dBFS.
fn difference(a: &[f32], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    sound::db_from_gain(largest)
}

const LOW_PASS: Biquad =
    Biquad { kind: Kind::LowPass, frequency: 12000.0, q: std::f64::consts::FRAC_1_SQRT_2, gain_db: 0.0 };

/// The same low-pass, in double precision and direct form I.
fn low_pass(samples: &mut [f64]) {
    let w = std::f64::consts::TAU * 12000.0 / f64::from(RATE);
    let alpha = w.sin() / (2.0 * std::f64::consts::FRAC_1_SQRT_2);
    let (a0, b1) = (1.0 + alpha, 1.0 - w.cos());
    let (mut x, mut y) = ([0.0; 2], [0.0; 2]);
    for sample in samples {
        let new =
            (b1 / 2.0 * (*sample + x[1]) + b1 * x[0] + 2.0 * w.cos() * y[0] - (1.0 - alpha) * y[1]) / a0;
        (x, y) = ([*sample, x[0]], [new, y[0]]);
        *sample = new;
    }
}

#[test]
fn sixteen_tracks_are_within_120_db_of_double_precision() {
    let count = 50_000usize;
    let mut tracks = Vec::new();
    let mut expected = [vec![0f64; count], vec![0f64; count]];
    for index in 0..16u64 {
        let (bytes, samples) = stereo(RATE, index, count);
        let mut clip = Clip::new(opener(&bytes), 10 * index, count as u64);
        clip.offset = 3.0 * index as f64 / f64::from(RATE);
        let ramp = index % 3 == 1;
        let gain = if ramp {
            Envelope::new(vec![Key { frame: 1000, value: 0.02 }, Key { frame: 41000, value: 0.12 }])
        } else {
            Envelope::constant(0.1)
        };
        for (expected, samples) in expected.iter_mut().zip(&samples) {
            for (frame, expected) in expected.iter_mut().enumerate() {
                let Some(at) = (frame as u64).checked_sub(10 * index) else { continue };
                let sample = samples.get((at + 3 * index) as usize).copied().unwrap_or(0.0);
                let way = (frame.clamp(1000, 41000) - 1000) as f64 / 40000.0;
                let level =
                    if ramp { f64::from(0.02f32) + f64::from(0.1f32) * way } else { f64::from(0.1f32) };
                *expected += f64::from(sample) * level;
            }
        }
        tracks.push(Track { gain, ..track(clip) });
    }
    let mut mix = mix(count as u64, tracks);
    mix.master.effects.push(Effect::Filter(LOW_PASS));
    let (samples, report) = rendered(&mix);
    for (samples, expected) in samples.iter().zip(&mut expected) {
        low_pass(expected);
        let away = difference(samples, expected);
        assert!(away < -120.0, "{away} dB");
    }
    let peak = samples.iter().flatten().fold(0f32, |peak, sample| peak.max(sample.abs()));
    assert_eq!(report, Report { damaged: Vec::new(), peak });
}

/// A mix with something of everything.
fn everything() -> Mix {
    let mut tracks = Vec::new();
    for index in 0..7u64 {
        let (bytes, _) =
            stereo([RATE, 44100, 44100, 22050, 44100, 96000, 47999][index as usize], index, 60_000);
        let mut clip = Clip::new(opener(&bytes), if index < 3 { 500 } else { 500 * index }, 40_000);
        clip.speed = [1.0, 1.0, 1.0, -0.7, 1.0, 1.9, 1.0][index as usize];
        clip.offset = if index == 3 { 2.0 } else { 0.0 };
        if index > 4 {
            clip.fade_in = Some(Fade { frames: 3000, shape: FadeShape::EqualPower });
            clip.fade_out = Some(Fade { frames: 5000, shape: FadeShape::SCurve });
            clip.pan = Envelope::new(vec![Key { frame: 0, value: -1.0 }, Key { frame: 30000, value: 1.0 }]);
        }
        tracks.push(Track { gain: Envelope::constant(0.3), ..track(clip) });
    }
    let compressor = Compressor {
        threshold_db: -20.0,
        ratio: 4.0,
        attack_s: 0.005,
        release_s: 0.1,
        knee_db: 6.0,
        makeup_db: 3.0,
    };
    tracks[4].chain.effects.push(Effect::Compressor(compressor));
    let mut mix = mix(50_000, tracks);
    let limiter = Limiter { ceiling_db: -1.0, release_s: 0.05, look_ahead_s: 0.005, true_peak: true };
    mix.master.effects = vec![Effect::Filter(LOW_PASS), Effect::Limiter(limiter)];
    mix
}

#[test]
fn threads_do_not_change_a_sample() {
    let mix = everything();
    let of = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| rendered(&mix))
    };
    let one = of(1);
    assert!(one.1.peak > 0.1);
    for threads in [2, 3, 8] {
        assert!(of(threads) == one, "{threads} threads");
    }
}

#[test]
fn unity_is_bit_exact() {
    let (bytes, samples) = stereo(RATE, 5, 40_000);
    let (out, _) = rendered(&mix(40_000, vec![track(Clip::new(opener(&bytes), 0, 40_000))]));
    assert!(out == samples);
}

#[test]
fn resampling_a_sum_is_summing_the_resampled() {
    let clip = |seed: u64, offset: f64| {
        let (bytes, _) = stereo(44100, seed, 40_000);
        Clip { offset, gain: Envelope::constant(0.25), ..Clip::new(opener(&bytes), 700, 30_000) }
    };
    let clips = [clip(1, 0.0), clip(2, 100.0 / 44100.0), clip(3, 1234.0 / 44100.0)];
    let together = mix(36_000, clips.iter().cloned().map(track).collect());
    let (sum, _) = rendered(&together);
    let mut apart = vec![vec![0f64; 36_000]; 2];
    for clip in clips {
        let (one, _) = rendered(&mix(36_000, vec![track(clip)]));
        for (apart, one) in apart.iter_mut().zip(one) {
            apart.iter_mut().zip(one).for_each(|(apart, one)| *apart += f64::from(one));
        }
    }
    for (sum, apart) in sum.iter().zip(&apart) {
        let away = difference(sum, apart);
        assert!(away < -120.0, "{away} dB");
    }
}

#[test]
fn clips_lie_where_they_are_put() {
    let ramp: Vec<f32> = (0..1000).map(|frame| frame as f32 / 1024.0).collect();
    let bytes = wav(RATE, Depth::Float32, &[&ramp]);
    let plain = |change: &dyn Fn(&mut Clip)| {
        let mut clip = Clip::new(opener(&bytes), 20, 100);
        clip.offset = 200.0 / f64::from(RATE);
        change(&mut clip);
        let mono = Mix { channels: 1, ..mix(150, vec![track(clip)]) };
        rendered(&mono).0.remove(0)
    };
    let at = |frame: f64| (frame / 1024.0) as f32;
    let straight = plain(&|_| {});
    for (frame, sample) in straight.iter().enumerate() {
        let expected = if (20..120).contains(&frame) { at(180.0 + frame as f64) } else { 0.0 };
        assert_eq!(*sample, expected, "{frame}");
    }
    let backwards = plain(&|clip| clip.speed = -1.5);
    let slow = plain(&|clip| clip.speed = 0.37);
    let between = plain(&|clip| clip.offset += 0.25 / f64::from(RATE));
    for frame in 20..120 {
        let n = (frame - 20) as f64;
        for (sample, expected) in [
            (backwards[frame], at(200.0 - 1.5 * n)),
            (slow[frame], at(200.0 + 0.37 * n)),
            (between[frame], at(200.25 + n)),
        ] {
            assert!((sample - expected).abs() < 2e-5, "{frame}: {sample} for {expected}");
        }
    }
    let faded = plain(&|clip| {
        clip.fade_in = Some(Fade { frames: 40, shape: FadeShape::Linear });
        clip.fade_out = Some(Fade { frames: 10, shape: FadeShape::Linear });
    });
    for frame in 20..120 {
        let n = (frame - 20) as f32;
        let expected = straight[frame] * (n / 40.0).min(1.0) * ((100.0 - n) / 10.0).min(1.0);
        assert!((faded[frame] - expected).abs() < 1e-6, "{frame}");
    }
}

#[test]
fn panning() {
    let tone = vec![0.5f32; 64];
    let (mono, both) = (wav(RATE, Depth::Float32, &[&tone]), wav(RATE, Depth::Float32, &[&tone, &tone]));
    let half = std::f32::consts::FRAC_1_SQRT_2;
    for (bytes, pan, left, right) in [
        (&mono, 0.0, half, half),
        (&mono, -1.0, 1.0, 0.0),
        (&mono, 1.0, 0.0, 1.0),
        (&both, 0.0, 1.0, 1.0),
        (&both, 0.5, 0.5, 1.0),
        (&both, -1.0, 1.0, 0.0),
    ] {
        let clip = Clip { pan: Envelope::constant(pan), ..Clip::new(opener(bytes), 0, 64) };
        let (out, _) = rendered(&mix(64, vec![track(clip.clone())]));
        let moving = Envelope::new(vec![
            Key { frame: 0, value: pan },
            Key { frame: 63, value: pan },
            Key { frame: 64, value: 9.0 },
        ]);
        let (moved, _) = rendered(&mix(64, vec![track(Clip { pan: moving, ..clip })]));
        for (out, gain) in [(&out[0], left), (&out[1], right), (&moved[0], left), (&moved[1], right)] {
            assert!(
                out.iter().all(|sample| (sample - 0.5 * gain).abs() < 1e-6),
                "{pan}: {} for {gain}",
                out[0]
            );
        }
    }
}

/// `samples` after `effects`.
fn through(effects: Vec<Effect>, samples: &[f32]) -> Vec<f32> {
    let bytes = wav(RATE, Depth::Float32, &[samples]);
    let clip = Clip::new(opener(&bytes), 0, samples.len() as u64);
    let chain = Chain { effects, ..Chain::default() };
    let on_track = Track { chain: chain.clone(), ..track(clip.clone()) };
    let count = samples.len() as u64;
    let of = |mix: Mix| rendered(&Mix { channels: 1, ..mix }).0.remove(0);
    let out = of(mix(count, vec![on_track]));
    let on_master = of(Mix { master: chain, ..mix(count, vec![track(clip)]) });
    assert!(out == on_master);
    out
}

#[test]
fn filters_respond_as_they_should() {
    let mut impulse = vec![0f32; 1 << 15];
    impulse[0] = 1.0;
    for kind in [
        Kind::LowPass,
        Kind::HighPass,
        Kind::BandPass,
        Kind::Notch,
        Kind::LowShelf,
        Kind::HighShelf,
        Kind::Peak,
    ] {
        for (frequency, q, gain_db) in [(1000.0, 1.0, 6.0), (60.0, 2.0, -12.0), (12000.0, 0.5, 18.0)] {
            let biquad = Biquad { kind, frequency, q, gain_db };
            let response = through(vec![Effect::Filter(biquad)], &impulse);
            for tone in [10.0, 55.0, 500.0, 1003.0, 5000.0, 15000.0, 23000.0] {
                let angle = std::f64::consts::TAU * tone / f64::from(RATE);
                let part = |wave: fn(f64) -> f64| {
                    response
                        .iter()
                        .enumerate()
                        .map(|(n, h)| f64::from(*h) * wave(angle * n as f64))
                        .sum::<f64>()
                };
                let measured = sound::db_from_gain(part(f64::cos).hypot(part(f64::sin)));
                let analytic = biquad.response_db(tone, RATE).unwrap();
                assert!(
                    (measured - analytic).abs() < 0.02 || (measured < -90.0 && analytic < -90.0),
                    "{biquad:?} at {tone} Hz: {measured} dB for {analytic} dB"
                );
            }
            // What the kinds promise, apart from the formulae.
            let db = |tone| biquad.response_db(tone, RATE).unwrap();
            let (low, high) = match kind {
                Kind::LowPass | Kind::LowShelf => {
                    (if kind == Kind::LowPass { 0.0 } else { gain_db }, f64::NAN)
                }
                Kind::HighPass | Kind::HighShelf => {
                    (f64::NAN, if kind == Kind::HighPass { 0.0 } else { gain_db })
                }
                Kind::BandPass => (f64::NAN, f64::NAN),
                Kind::Notch | Kind::Peak => (0.0, 0.0),
            };
            assert!(low.is_nan() || (db(0.01) - low).abs() < 0.01, "{biquad:?}");
            assert!(high.is_nan() || (db(23999.99) - high).abs() < 0.01, "{biquad:?}");
            let centre = db(frequency);
            let expected = match kind {
                Kind::LowPass | Kind::HighPass => sound::db_from_gain(q),
                Kind::BandPass => 0.0,
                Kind::Notch => f64::NEG_INFINITY,
                Kind::LowShelf | Kind::HighShelf => gain_db / 2.0,
                Kind::Peak => gain_db,
            };
            assert!(
                (centre - expected).abs() < 0.01 || (kind == Kind::Notch && centre < -200.0),
                "{biquad:?}: {centre}"
            );
        }
    }
}

#[test]
fn the_compressor_follows_its_curve() {
    let compressor = Compressor {
        threshold_db: -20.0,
        ratio: 4.0,
        attack_s: 0.001,
        release_s: 0.05,
        knee_db: 8.0,
        makeup_db: 2.0,
    };
    for (input, expected) in [(-40.0, -38.0), (-24.0, -22.0), (-20.0, -18.75), (-16.0, -17.0), (0.0, -13.0)] {
        assert!((compressor.static_curve(input) - expected).abs() < 1e-9, "{input}");
        let level = vec![sound::gain_from_db(input) as f32; 20_000];
        let out = through(vec![Effect::Compressor(compressor)], &level);
        let reached = sound::db_from_gain(f64::from(out[19_999]));
        assert!((reached - expected).abs() < 0.01, "{input} dB: {reached} dB for {expected} dB");
    }
}

#[test]
fn the_limiter_holds_the_ceiling_and_keeps_time() {
    for true_peak in [false, true] {
        let limiter = Limiter { ceiling_db: -3.0, release_s: 0.02, look_ahead_s: 0.004, true_peak };
        let mut loud = sine(RATE, 997.0, 0.3, 30_000);
        for (frame, sample) in loud.iter_mut().enumerate() {
            *sample *= if (10_000..14_000).contains(&frame) { 6.0 } else { 1.0 };
        }
        let out = through(vec![Effect::Limiter(limiter)], &loud);
        let ceiling = sound::gain_from_db(-3.0) as f32;
        let peak = out.iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
        assert!(peak <= ceiling * 1.0001 && peak > ceiling * 0.98, "{peak}");
        // Before and long after the loud part nothing is changed, and nothing is late.
        for frame in (0..9_000).chain(25_000..29_000) {
            assert!((out[frame] - loud[frame]).abs() < 1e-4, "{frame}: {} for {}", out[frame], loud[frame]);
        }
        let envelope = Envelope::new(vec![Key { frame: 99, value: 0.0 }, Key { frame: 100, value: 1.0 }]);
        let gated = through(vec![Effect::Limiter(limiter), Effect::Gain(envelope)], &loud);
        assert!(gated[..100].iter().all(|sample| *sample == 0.0));
        assert!(gated[100..9000] == out[100..9000]);
    }
}

#[test]
fn faults_name_track_and_clip() {
    let (bytes, _) = stereo(RATE, 1, 100);
    let broken: sound::OpenSource =
        Arc::new(|| open(sound::Bytes::from_static(b"nothing"), &Limits::default()));
    let bad = Track {
        clips: vec![Clip::new(opener(&bytes), 0, 10), Clip::new(broken, 50, 10)],
        ..Track::default()
    };
    let fails = |mix: &Mix| render(mix, &mut |_| Ok(())).unwrap_err();
    let error = fails(&mix(100, vec![Track::default(), bad]));
    assert!(matches!(error, SoundError::Clip { track: 1, clip: 1, .. }), "{error}");
    for speed in [0.0, f64::NAN, 1e9] {
        let clip = Clip { speed, ..Clip::new(opener(&bytes), 0, 10) };
        assert!(fails(&mix(100, vec![track(clip)])).to_string().contains("speed"));
    }
    let mut wrong = mix(100, Vec::new());
    wrong.master.effects.push(Effect::Filter(Biquad { frequency: 24000.0, ..LOW_PASS }));
    assert!(fails(&wrong).to_string().contains("frequency is 24000"));
    let full = render(&mix(100, Vec::new()), &mut |_| Err(SoundError::Sink("the disk is full".into())));
    assert!(full.unwrap_err().to_string().contains("the disk is full"));
}

#[test]
fn damage_is_reported_for_its_clip() {
    let path = format!("{}/tests/data/chirp.flac", env!("CARGO_MANIFEST_DIR"));
    #[allow(clippy::disallowed_methods)]
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0);
    let bytes = bytes.into();
    let mut whole = source(&bytes);
    read_all(whole.as_mut(), 4096);
    let clip = Clip::new(opener(&bytes), 0, 30_000);
    let (_, report) = rendered(&mix(30_000, vec![Track::default(), track(clip)]));
    assert_eq!(report.damaged.len(), 1);
    let found = report.damaged[0];
    assert_eq!((found.track, found.clip, found.frames), (1, 0, whole.damaged()));
}
