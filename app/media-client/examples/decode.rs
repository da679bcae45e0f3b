//! Decodes the first stream of pictures of a file: `decode FILE [hash|random|info]`. Without a word it measures; `hash` prints the SHA-256 of each
//! picture as `ffmpeg -f framehash` does; `random` compares pictures asked for in a shuffled order with those of a straight
//! decode; `info` prints what the file holds.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // It measures, reads files, and ends by a panic when it cannot.

use std::{collections::HashMap, env, fs, time::Instant};

use base::Limits;
use bytes::Bytes;
use codecs::{Codecs, Picture};
use media_client::MediaWorkers;
use sha2::{Digest, Sha256};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [path, word @ ..] = &arguments[..] else { panic!("decode FILE [hash|random|info]") };
    let (workers, limits) = (MediaWorkers::beside_program(), Limits::default());
    let file = Bytes::from(fs::read(path).unwrap());
    let begun = Instant::now();
    let info = workers.probe(&file, &limits).unwrap();
    let probed = begun.elapsed();
    match word.first().map(String::as_str) {
        Some("info") => println!("{info:#?}\n{probed:.1?}"),
        word => {
            let video = &info.video[0];
            let mut reader = workers.video(&file, video.stream, &limits).unwrap();
            let opened = begun.elapsed();
            let mut sums = HashMap::new();
            for number in 0..video.frames {
                let picture = reader.numbered(number).unwrap();
                if word.is_some() {
                    sums.insert(number, hash(&picture));
                }
                if word == Some("hash") {
                    println!("{number} {} {}", picture.time.seconds(), sums[&number]);
                }
            }
            let decoded = begun.elapsed() - opened;
            if word == Some("random") {
                let mut at = 1;
                for step in 0..video.frames.min(200) {
                    at = (at * 7919 + 13 + step * step) % video.frames;
                    assert_eq!(hash(&reader.numbered(at).unwrap()), sums[&at], "picture {at}");
                }
            }
            println!(
                "{} frames in {decoded:.1?}: {:.1} a second; probed in {probed:.1?}, opened after {opened:.1?}; {} damaged",
                video.frames,
                video.frames as f64 / decoded.as_secs_f64(),
                reader.damaged()
            );
        }
    }
}

fn hash(picture: &Picture) -> String {
    let mut hash = Sha256::new();
    for plane in 0..picture.format.planes() {
        let (columns, rows) = picture.format.plane_size(plane, picture.width, picture.height);
        let bytes = columns as usize * picture.format.sample_bytes();
        let (data, stride) = picture.plane(plane);
        for row in 0..rows as usize {
            hash.update(&data[row * stride..row * stride + bytes]);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
