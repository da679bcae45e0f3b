//! Mixes sound files to a WAV file of 24 bits.
//!
//! `cargo run --release -p sound --example mix -- OUTPUT.wav RATE GAIN LOWPASS-HZ INPUT…` (a low-pass of 0 is none).
//! With `-` for the output, each input is decoded and measured instead: how fast it was, and how loud it is.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // It reads and writes files, and ends by a panic when it cannot.

use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;

use base::Limits;
use sound::effects::{Biquad, Kind};
use sound::wav::{Depth, Format, Writer};
use sound::{Block, Bytes, Clip, Effect, Envelope, Mix, SoundError, Track, open};

fn map(path: &str) -> Bytes {
    let file = std::fs::File::open(path).unwrap();
    // SAFETY: nobody changes the files while they are mixed.
    Bytes::from_owner(unsafe { memmap2::Mmap::map(&file) }.unwrap())
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [output, rate, gain, cut, inputs @ ..] = words.as_slice() else { panic!("too few arguments") };
    let (rate, gain, cut): (u32, f32, f64) =
        (rate.parse().unwrap(), gain.parse().unwrap(), cut.parse().unwrap());
    if output == "-" {
        return inputs.iter().for_each(|path| decode(path));
    }
    let mut tracks = Vec::new();
    let mut frames = 0;
    for path in inputs {
        let bytes = map(path);
        let info = open(bytes.clone(), &Limits::default()).unwrap().info().clone();
        let length = (info.frames.unwrap() as f64 * f64::from(rate) / f64::from(info.rate)).ceil() as u64;
        frames = frames.max(length);
        let clip = Clip::new(Arc::new(move || open(bytes.clone(), &Limits::default())), 0, length);
        tracks.push(Track { clips: vec![clip], gain: Envelope::constant(gain), ..Track::default() });
    }
    let mut mix = Mix { rate, channels: 2, frames, tracks, master: Default::default() };
    if cut > 0.0 {
        let q = std::f64::consts::FRAC_1_SQRT_2;
        let low_pass = Biquad { kind: Kind::LowPass, frequency: cut, q, gain_db: 0.0 };
        mix.master.effects.push(Effect::Filter(low_pass));
    }
    let mut writer = Writer::new(Format { rate, channels: 2, depth: Depth::Int24 }, frames).unwrap();
    let mut file = std::fs::File::create(output).unwrap();
    let mut bytes = writer.header();
    let report = sound::render(&mix, &mut |block| {
        writer.push(block, &mut bytes)?;
        file.write_all(&bytes).map_err(|error| SoundError::Sink(error.into()))?;
        bytes.clear();
        Ok(())
    })
    .unwrap();
    writer.finish(&mut bytes).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(&bytes).unwrap();
    println!("{report:?}");
}

fn decode(path: &str) {
    let bytes = map(path);
    let started = std::time::Instant::now();
    let mut source = open(bytes, &Limits::default()).unwrap();
    let mut block = Block::new(source.info().channels.into(), 4096);
    let mut frames = 0u64;
    while let count @ 1.. = source.read(&mut block).unwrap() {
        frames += count as u64;
    }
    let seconds = started.elapsed().as_secs_f64();
    let times = frames as f64 / f64::from(source.info().rate) / seconds;
    println!(
        "{path}: {:?}, {frames} frames in {seconds:.3} s, {times:.0} times real time, {} damaged",
        source.info(),
        source.damaged()
    );
    source.seek(0).unwrap();
    println!("{:?}", sound::loudness::loudness(source.as_mut()).unwrap());
}
