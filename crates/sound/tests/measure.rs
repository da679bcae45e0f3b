//! Loudness, waveforms and WAV.
#![allow(clippy::unwrap_used)]

mod common;

use common::{noise, read_all, sine, source, wav};
use sound::loudness::loudness;
use sound::peaks::peaks;
use sound::wav::{Depth, Dither, Format, Writer};
use sound::{Block, Bytes, gain_from_db};

/// Stretches of a stereo tone of 1 kHz, by their level in dBFS and length in seconds.
fn tones(stretches: &[(f64, f64)]) -> Bytes {
    let all: Vec<f32> = stretches
        .iter()
        .flat_map(|(level, seconds)| sine(48000, 1000.0, gain_from_db(*level), (seconds * 48000.0) as usize))
        .collect();
    wav(48000, Depth::Float32, &[&all, &all])
}

#[test]
fn loudness_of_the_ebu_test_signals() {
    // EBU Tech 3341, cases 1 to 5 (1 kHz in both channels), and Tech 3342, cases 1 to 3.
    let integrated: &[(&[(f64, f64)], f64)] = &[
        (&[(-23.0, 20.0)], -23.0),
        (&[(-33.0, 20.0)], -33.0),
        (&[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
        (&[(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)], -23.0),
        (&[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0),
    ];
    for (stretches, expected) in integrated {
        let found = loudness(source(&tones(stretches)).as_mut()).unwrap();
        assert!((found.integrated - expected).abs() < 0.1, "{stretches:?}: {found:?}");
    }
    for (levels, expected) in [((-20.0, -30.0), 10.0), ((-20.0, -15.0), 5.0), ((-40.0, -20.0), 20.0)] {
        let found = loudness(source(&tones(&[(levels.0, 20.0), (levels.1, 20.0)])).as_mut()).unwrap();
        assert!((found.range - expected).abs() < 1.0, "{levels:?}: {found:?}");
    }
    let found = loudness(source(&tones(&[(-40.0, 5.0), (-20.0, 0.4), (-40.0, 5.0)])).as_mut()).unwrap();
    assert!((found.momentary_max + 20.0).abs() < 0.3, "{found:?}");
    assert!((found.sample_peak + 20.0).abs() < 0.05 && (found.true_peak + 20.0).abs() < 0.2, "{found:?}");
    // Tech 3341, case 16: samples at 45° of a quarter of the sampling rate miss the crest by 3 dB.
    let crest: Vec<f32> = (0..48000)
        .map(|n| 0.5 * (std::f32::consts::FRAC_PI_2 * n as f32 + std::f32::consts::FRAC_PI_4).sin())
        .collect();
    let found = loudness(source(&wav(48000, Depth::Float32, &[&crest])).as_mut()).unwrap();
    assert!((-6.4..=-5.8).contains(&found.true_peak) && (found.sample_peak + 9.03).abs() < 0.1, "{found:?}");
    assert!((found.gain_to(100.0, -1.0) - gain_from_db(-1.0 - found.true_peak)).abs() < 1e-12);
    assert!((found.gain_to(-23.0, -1.0) - gain_from_db(-23.0 - found.integrated)).abs() < 1e-12);
    let silence = loudness(source(&wav(48000, Depth::Float32, &[&[0.0; 48000]])).as_mut()).unwrap();
    assert_eq!((silence.integrated, silence.gain_to(-23.0, -1.0)), (f64::NEG_INFINITY, 1.0));
}

#[test]
fn waveforms() {
    let left = noise(1, 300_001, 0.8);
    let right = sine(48000, 100.0, 1.5, 300_001);
    let waveform = peaks(source(&wav(48000, Depth::Float32, &[&left, &right])).as_mut(), 100).unwrap();
    assert_eq!((waveform.channels, waveform.frames), (2, 300_001));
    let shape: Vec<_> = waveform.levels.iter().map(|level| (level.frames, level.peaks.len())).collect();
    assert_eq!(shape, [(100, 2 * 3001), (800, 2 * 376), (6400, 2 * 47)]);
    assert_eq!(waveform.level_for(500).unwrap().frames, 800);
    assert_eq!(waveform.level_for(1 << 40).unwrap().frames, 6400);
    for level in &waveform.levels {
        for (index, peak) in level.peaks.iter().enumerate() {
            let samples = if index % 2 == 0 { &left } else { &right };
            let stretch = samples.chunks(level.frames as usize).nth(index / 2).unwrap();
            let scaled = |sample: f32| (sample.clamp(-32768.0 / 32767.0, 1.0) * 32767.0).round() as i16;
            assert_eq!(peak.min, scaled(stretch.iter().copied().fold(f32::INFINITY, f32::min)));
            assert_eq!(peak.max, scaled(stretch.iter().copied().fold(f32::NEG_INFINITY, f32::max)));
            let power: f32 = stretch.iter().map(|sample| sample * sample).sum();
            let rms = (power / stretch.len() as f32).sqrt() * 32767.0;
            // The last stretch of a coarse scale weighs its shorter last part like the others.
            let last = index / 2 == samples.len() / level.frames as usize;
            assert!(last || (f32::from(peak.rms) - rms).abs() < 1.5, "{rms} {peak:?}");
        }
    }
}

#[test]
fn wav_comes_back() {
    let float = [noise(1, 5001, 0.99), noise(2, 5001, 0.99), sine(44100, 440.0, 1.2, 5001)];
    for count in 1..=3 {
        let channels: Vec<&[f32]> = float[3 - count..].iter().map(Vec::as_slice).collect();
        for (depth, steps) in [
            (Depth::Float32, f32::INFINITY),
            (Depth::Int24, 8_388_608.0),
            (Depth::Int16(Dither::None), 32768.0),
            (Depth::Int16(Dither::Triangular), 32768.0),
        ] {
            let bytes = wav(44100, depth, &channels);
            assert_eq!(u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize, bytes.len() - 8);
            let mut source = source(&bytes);
            assert_eq!((source.info().rate, source.info().channels), (44100, count as u16));
            let back = read_all(source.as_mut(), 999);
            for (back, channel) in back.iter().zip(&channels) {
                for (back, sample) in back.iter().zip(*channel) {
                    let clipped =
                        if steps.is_finite() { sample.clamp(-1.0, (steps - 1.0) / steps) } else { *sample };
                    let untouched = clipped * 32768.0 == (clipped * 32768.0).round();
                    let allowed = match depth {
                        Depth::Float32 => 0.0,
                        Depth::Int16(Dither::Triangular) if !untouched => 1.5 / steps,
                        Depth::Int16(_) if untouched => 0.0,
                        _ => 0.5 / steps,
                    };
                    assert!((back - clipped).abs() <= allowed * 1.0001, "{depth:?}: {back} for {sample}");
                }
            }
        }
    }
}

#[test]
fn dither_is_even_noise_that_does_not_depend_on_the_blocks() {
    let quiet = vec![0.3 / 32768.0; 100_000];
    let format = Format { rate: 48000, channels: 1, depth: Depth::Int16(Dither::Triangular) };
    let encoded = |size: usize| {
        let mut writer = Writer::new(format, quiet.len() as u64).unwrap();
        let mut bytes = writer.header();
        for block in quiet.chunks(size) {
            writer.push(&Block::from_channels(&[block]), &mut bytes).unwrap();
        }
        assert!(writer.push(&Block::from_channels(&[&[0.0]]), &mut Vec::new()).is_err());
        writer.finish(&mut bytes).unwrap();
        Bytes::from(bytes)
    };
    let whole = encoded(100_000);
    assert!(whole == encoded(777));
    let steps: Vec<f64> = read_all(source(&whole).as_mut(), 4096)[0]
        .iter()
        .map(|sample| f64::from(*sample) * 32768.0)
        .collect();
    let mean = steps.iter().sum::<f64>() / steps.len() as f64;
    let power = steps.iter().map(|step| (step - mean).powi(2)).sum::<f64>() / steps.len() as f64;
    // The mean is kept, and the noise is a quarter of a step's square, whatever the signal.
    assert!((mean - 0.3).abs() < 0.01 && (power - 0.25).abs() < 0.01, "{mean} {power}");
}

#[test]
fn files_over_4_gib_are_rf64() {
    let format = Format { rate: 48000, channels: 2, depth: Depth::Float32 };
    for frames in [1u64 << 20, 1 << 30] {
        let writer = Writer::new(format, frames).unwrap();
        let mut bytes = writer.header();
        assert_eq!(&bytes[..4], if frames > 1 << 28 { b"RF64" } else { b"RIFF" });
        assert_eq!(writer.file_bytes(), bytes.len() as u64 + frames * 8);
        if frames > 1 << 28 {
            assert_eq!(u64::from_le_bytes(bytes[20..28].try_into().unwrap()), writer.file_bytes() - 8);
            assert_eq!(u64::from_le_bytes(bytes[28..36].try_into().unwrap()), frames * 8);
        }
        // What is there of it is read.
        bytes.extend(0.25f32.to_le_bytes().repeat(10));
        assert_eq!(read_all(source(&bytes.into()).as_mut(), 100), vec![vec![0.25; 5]; 2]);
    }
}
