//! Decoding: what is read is the original, from any frame on, and damage ends well.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod common;

use base::Limits;
use common::{chirp, random, read_all, source};
use sound::{Block, Bytes, SoundError, open, recognise};

/// File, container, codec, and frames before the chirp where the file does not say which are its own.
const FILES: &[(&str, &str, &str, Option<usize>)] = &[
    ("chirp.flac", "flac", "flac", None),
    ("chirp.ogg", "ogg", "vorbis", None),
    ("chirp.m4a", "mp4", "aac", None),
    ("chirp.mp3", "mp3", "mp3", None),
    ("chirp-vbr.mp3", "mp3", "mp3", None),
    ("chirp-untagged.mp3", "mp3", "mp3", Some(1105)),
    ("chirp.aac", "adts", "aac", Some(1024)),
    ("chirp.mka", "mkv", "vorbis", Some(0)),
];

fn file(name: &str) -> Bytes {
    std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap().into()
}

/// How far `decoded` is from `original`, in dB below it.
fn distance(decoded: &[f32], original: &[f32]) -> f64 {
    let power = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let signal = power(&mut original.iter().map(|sample| f64::from(*sample)));
    let error = power(&mut decoded.iter().zip(original).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    10.0 * (signal / error).log10()
}

#[test]
fn the_first_frame_is_the_first_of_the_original() {
    let original =
        chirp(70001).map(|channel| channel.iter().map(|s| f32::from(*s) / 32768.0).collect::<Vec<_>>());
    for (name, container, codec, before) in FILES {
        let bytes = file(name);
        let found = if *name == "chirp.m4a" { "m4a" } else { container };
        assert_eq!(recognise(&bytes), Some(found), "{name}");
        let mut source = source(&bytes);
        let info = source.info().clone();
        assert_eq!((info.container, info.codec.as_str(), info.rate), (*container, *codec, 44100), "{name}");
        let decoded = read_all(source.as_mut(), 1000);
        assert_eq!(source.damaged(), 0, "{name}");
        if let Some(frames) = info.frames {
            assert_eq!(frames as usize, decoded[0].len(), "{name}");
        }
        if *codec == "flac" {
            // ffmpeg's mono is the mean of both.
            assert_eq!((decoded.len(), decoded[0].len(), info.bits), (1, 20001, Some(16)));
            continue;
        }
        if before.is_none() {
            assert_eq!(decoded[0].len(), 70001, "{name}");
        }
        let near = |shift: isize, channel: usize| {
            let start = (before.unwrap_or(0) as isize + 1000 + shift) as usize;
            distance(&decoded[channel][start..start + 60000], &original[channel][1000..61000])
        };
        for channel in 0..2 {
            let here = near(0, channel);
            assert!(here > 12.0, "{name}: channel {channel} is {here} dB away");
            for shift in [-2, -1, 1, 2] {
                assert!(near(shift, channel) < here, "{name}: nearer by {shift}");
            }
        }
    }
}

#[test]
fn lossless_is_bit_exact() {
    let [left, right] = chirp(20001);
    let decoded = read_all(source(&file("chirp.flac")).as_mut(), 4096);
    let mixed: Vec<i32> = decoded[0].iter().map(|sample| (sample * 32768.0) as i32).collect();
    let worst = mixed
        .iter()
        .zip(left.iter().zip(&right))
        .map(|(mixed, (left, right))| (2 * mixed - i32::from(*left) - i32::from(*right)).abs());
    assert!(worst.max().unwrap() <= 2);
}

#[test]
fn a_seek_gives_the_samples_of_a_straight_decode() {
    for (name, ..) in FILES {
        let bytes = file(name);
        let straight = read_all(source(&bytes).as_mut(), 4096);
        let frames = straight[0].len();
        let mut next = random(7);
        let mut sought = source(&bytes);
        let mut block = Block::new(0, 777);
        let places =
            (0..60).map(|_| next() as usize % frames).chain([0, 1, frames - 1, frames, 2, frames + 5]);
        for place in places {
            sought.seek(place as u64).unwrap();
            let count = sought.read(&mut block).unwrap();
            assert_eq!(count, frames.saturating_sub(place).min(777), "{name} from {place}");
            for (channel, samples) in straight.iter().zip(block.iter()) {
                let expected = channel.get(place..place + count).unwrap_or_default();
                let wrong = expected.iter().zip(samples).position(|(a, b)| a != b);
                assert_eq!(wrong, None, "{name} from {place}");
            }
        }
        assert_eq!(sought.damaged(), 0, "{name}");
    }
}

/// Everything that can be read of `bytes`, with an end to it.
fn survive(bytes: Vec<u8>, what: &str) -> Option<(usize, u64)> {
    let length = bytes.len();
    let mut source = match open(bytes.into(), &Limits::default()) {
        Ok(source) => source,
        Err(
            SoundError::Unrecognised
            | SoundError::Malformed { .. }
            | SoundError::Unsupported { .. }
            | SoundError::NoSound { .. },
        ) => return None,
        Err(error) => panic!("{what}: {error}"),
    };
    let mut frames = 0;
    let mut block = Block::new(0, 4096);
    while let count @ 1.. = source.read(&mut block).unwrap() {
        frames += count;
        // A minute of silence may stand for a hole, but no more.
        assert!(frames < 400 * length + 200 * 1_536_000, "{what}: there is no end");
    }
    for place in [frames as u64 / 2, 3, u64::MAX] {
        source.seek(place).unwrap();
        source.read(&mut block).unwrap();
    }
    Some((frames, source.damaged()))
}

#[test]
fn damage_ends_well() {
    let [left, right] =
        chirp(3000).map(|channel| channel.iter().map(|s| f32::from(*s) / 32768.0).collect::<Vec<_>>());
    let wav = common::wav(44100, sound::wav::Depth::Int24, &[&left, &right]);
    let files = FILES.iter().map(|(name, ..)| (*name, file(name))).chain([("wav", wav)]);
    for (name, bytes) in files {
        let whole = survive(bytes.to_vec(), name).unwrap().0;
        for percent in 0..100 {
            let kept = bytes.len() * percent / 100;
            if let Some((frames, _)) = survive(bytes[..kept].to_vec(), name) {
                assert!(frames <= whole + 4096, "{name} at {percent} %");
                // What is there is read, but for the last blocks, or a page of Ogg, a third of the file here; an MP4's index
                // is at its end.
                let lost = if name == "chirp.ogg" { whole * 2 / 5 } else { 3 * 4608 };
                if percent > 50 && name != "chirp.m4a" {
                    assert!(frames + lost > whole * percent / 100, "{name} at {percent} %: {frames}");
                }
            }
        }
        let mut next = random(11);
        for round in 0..300 {
            let mut flipped = bytes.to_vec();
            // One bit, then many; every third time in the header.
            for _ in 0..1 << (round % 5) {
                let span = if round % 3 == 0 { 512.min(flipped.len()) } else { flipped.len() };
                let bit = next() as usize % (span * 8);
                flipped[bit / 8] ^= 1 << (bit % 8);
            }
            survive(flipped, name);
        }
    }
}

#[test]
fn damaged_packets_are_silent_and_counted() {
    let mut bytes = file("chirp.flac").to_vec();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0);
    let (frames, damaged) = survive(bytes, "chirp.flac").unwrap();
    assert_eq!(frames, 20001);
    assert!((1..=3 * 4608).contains(&damaged), "{damaged}");
}

/// A RIFF or FORM chunk.
fn chunk(big: bool, name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = body.len() as u32;
    let mut bytes = name.to_vec();
    bytes.extend(if big { size.to_be_bytes() } else { size.to_le_bytes() });
    bytes.extend(body);
    bytes.extend(vec![0; body.len() % 2]);
    bytes
}

#[test]
fn every_coding_of_pcm() {
    let values = [-32768i16, -12345, -256, 0, 128, 256, 12345, 32767 & !0xff];
    for width in [1usize, 2, 3, 4, 5, 8] {
        for big in [false, true] {
            for channels in [1usize, 2, 3] {
                let encode = |value: i16| -> Vec<u8> {
                    let word = i32::from(value) << 16;
                    let sample = f64::from(value) / 32768.0;
                    let mut bytes = match width {
                        1 if big => vec![(value >> 8) as u8],
                        1 => vec![((value >> 8) as u8) ^ 0x80],
                        5 => (sample as f32).to_be_bytes().to_vec(),
                        8 => sample.to_be_bytes().to_vec(),
                        width => word.to_be_bytes()[..width].to_vec(),
                    };
                    if !big {
                        bytes.reverse();
                    }
                    bytes
                };
                let data: Vec<u8> =
                    values.iter().flat_map(|v| (0..channels).flat_map(|_| encode(*v))).collect();
                let real = if width == 5 { 4 } else { width };
                let bits = real as u16 * 8;
                let bytes = if big {
                    let kind: &[u8; 4] = match width {
                        5 => b"fl32",
                        8 => b"fl64",
                        _ => b"twos",
                    };
                    let mut common = (channels as u16).to_be_bytes().to_vec();
                    common.extend((values.len() as u32).to_be_bytes());
                    common.extend(bits.to_be_bytes());
                    common.extend([0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0]);
                    common.extend(kind);
                    common.extend([0, 0]);
                    let inner =
                        [chunk(true, b"COMM", &common), chunk(true, b"SSND", &[&[0; 8], &data[..]].concat())];
                    chunk(true, b"FORM", &[&b"AIFC"[..], &inner.concat()].concat())
                } else {
                    let mut format = if width == 5 || width == 8 { 3u16 } else { 1 }.to_le_bytes().to_vec();
                    format.extend((channels as u16).to_le_bytes());
                    format.extend(44100u32.to_le_bytes());
                    format.extend((44100 * (real * channels) as u32).to_le_bytes());
                    format.extend(((real * channels) as u16).to_le_bytes());
                    format.extend(bits.to_le_bytes());
                    let list = chunk(false, b"LIST", b"odd");
                    let inner = [list, chunk(false, b"fmt ", &format), chunk(false, b"data", &data)];
                    chunk(false, b"RIFF", &[&b"WAVE"[..], &inner.concat()].concat())
                };
                let mut source = source(&bytes.into());
                assert_eq!((source.info().rate, source.info().frames), (44100, Some(8)));
                let expected: Vec<f32> =
                    values
                        .iter()
                        .map(|value| {
                            if width == 1 {
                                f32::from(value >> 8) / 128.0
                            } else {
                                f32::from(*value) / 32768.0
                            }
                        })
                        .collect();
                for channel in read_all(source.as_mut(), 3) {
                    assert_eq!(channel, expected, "{width} bytes, big {big}, {channels} channels");
                }
            }
        }
    }
}

#[test]
fn faults_name_their_place() {
    let nothing: &[(&[u8], &str)] = &[
        (b"", "first bytes"),
        (b"Once upon a time there was no sound", "first bytes"),
        (b"RIFF\x04\0\0\0WAVE", "at byte 12: there is no data chunk"),
        (b"RIFF\x0c\0\0\0WAVEfmt \x02\0\0\0\x01\0", "at byte 20: the format chunk is of 2 bytes"),
        (b"FORM\0\0\0\x04AIFF", "at byte 12: there is no common chunk"),
    ];
    for (bytes, message) in nothing {
        let error = open(Bytes::from_static(bytes), &Limits::default()).err().unwrap().to_string();
        assert!(error.contains(message), "{error}");
    }
    let small = Limits { file_bytes: 100, ..Limits::default() };
    assert!(matches!(open(file("chirp.ogg"), &small), Err(SoundError::Limit(_))));
}
