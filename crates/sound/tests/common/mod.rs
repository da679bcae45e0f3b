//! Sounds that the tests share.
#![allow(dead_code, clippy::unwrap_used)] // Each test uses a part.

use std::sync::Arc;

use base::Limits;
use sound::wav::{Depth, Format, Writer};
use sound::{Block, Bytes, OpenSource, Source, open};

/// The chirp that `data/make.sh` makes, left and right, in steps of 16 bits.
pub fn chirp(count: usize) -> [Vec<i16>; 2] {
    let (mut phase, mut step) = (0u32, 3u32 << 20);
    let mut next = || {
        phase = phase.wrapping_add(step);
        step += 2300;
        ((((phase >> 16) as i32 - 32768).abs() - 16384).div_euclid(2)) as i16
    };
    let left: Vec<i16> = (0..count).map(|_| next()).collect();
    let right = std::iter::repeat_n(0, 100).chain(left.iter().copied()).take(count);
    let right = right.map(|sample| -(sample.div_euclid(2))).collect();
    [left, right]
}

/// All samples of a source from its next frame on, read in blocks of `capacity`.
pub fn read_all(source: &mut dyn Source, capacity: usize) -> Vec<Vec<f32>> {
    let mut all = vec![Vec::new(); source.info().channels.into()];
    let mut block = Block::new(0, capacity);
    while let count @ 1.. = source.read(&mut block).unwrap() {
        assert_eq!(count, block.frames());
        for (all, channel) in all.iter_mut().zip(block.iter()) {
            all.extend_from_slice(channel);
        }
    }
    all
}

/// A reader of a file's bytes.
pub fn source(bytes: &Bytes) -> Box<dyn Source> {
    open(bytes.clone(), &Limits::default()).unwrap()
}

/// Opens a file's bytes again and again.
pub fn opener(bytes: &Bytes) -> OpenSource {
    let bytes = bytes.clone();
    Arc::new(move || open(bytes.clone(), &Limits::default()))
}

/// A WAV file of the channels given.
pub fn wav(rate: u32, depth: Depth, channels: &[&[f32]]) -> Bytes {
    let block = Block::from_channels(channels);
    let format = Format { rate, channels: channels.len() as u16, depth };
    let mut writer = Writer::new(format, block.frames() as u64).unwrap();
    let mut bytes = writer.header();
    writer.push(&block, &mut bytes).unwrap();
    let length = writer.file_bytes();
    writer.finish(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, length);
    bytes.into()
}

/// Numbers without a pattern, the same ones for the same seed.
pub fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

/// White noise of `level` at most, on the grid of 16 bits.
pub fn noise(seed: u64, count: usize, level: f32) -> Vec<f32> {
    let mut next = random(seed);
    (0..count)
        .map(|_| (((next() >> 40) as f32 / 8_388_608.0 - 1.0) * level * 32768.0).round() / 32768.0)
        .collect()
}

/// A sine of `frequency` Hz.
pub fn sine(rate: u32, frequency: f64, level: f64, count: usize) -> Vec<f32> {
    let step = std::f64::consts::TAU * frequency / f64::from(rate);
    (0..count).map(|index| (level * (step * index as f64).sin()) as f32).collect()
}
