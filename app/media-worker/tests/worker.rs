//! Films written and read again through workers, and what becomes of broken ones.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // A test reads files, and ends by a panic.

use std::{collections::HashMap, fs, path::Path};

use base::{Flicks, FrameRate, Limits};
use bytes::Bytes;
use codecs::{
    Codec, CodecError, Codecs, Color, Container, Encode, EncodeSound, EncodeVideo, Encoder, Layout, Matrix,
    Picture, PictureFormat, Primaries, Quality, Transfer,
};
use media_client::MediaWorkers;
use rustix::process::{Pid, Signal, kill_process};

const FRAMES: u64 = 70;
const GBR: PictureFormat = PictureFormat { layout: Layout::Gbr, bits: 8, alpha: false };

fn workers() -> MediaWorkers {
    MediaWorkers::of(env!("CARGO_BIN_EXE_metabuilder-media-worker").into())
}

fn rate(text: &str) -> FrameRate {
    text.parse().unwrap()
}

fn video(codec: Codec, format: PictureFormat, quality: Option<Quality>) -> EncodeVideo {
    let color = if format.layout == Layout::Gbr {
        Color {
            matrix: Matrix::Identity,
            full_range: true,
            primaries: Primaries::Bt709,
            transfer: Transfer::Srgb,
        }
    } else {
        Color::BT709
    };
    let preset = (codec == Codec::Vp9).then(|| "5".to_owned());
    let (width, height, rate, key_interval) = (128, 64, rate("25"), Some(20));
    EncodeVideo { codec, width, height, rate, format, color, quality, preset, key_interval }
}

fn sound(codec: Codec, rate: u32, bits: Option<u8>) -> EncodeSound {
    EncodeSound { codec, rate, channels: 2, bit_rate: None, bits }
}

fn film(container: Container, video: Option<EncodeVideo>, sound: Option<EncodeSound>) -> Encode {
    Encode { container, video, sound, title: Some("Test".to_owned()), most_bytes: 64 << 20 }
}

/// The sample of a plane: a moving slope, and the number of the frame in eight blocks along the top of the first.
fn sample(number: u64, plane: usize, x: usize, y: usize, width: usize) -> u8 {
    if plane == 0 && y < 16 {
        return if number >> (x * 8 / width) & 1 == 1 { 220 } else { 30 };
    }
    (40 + (x * 3 + y * 2 + number as usize * (plane + 2)) % 160) as u8
}

fn draw(number: u64, picture: &mut codecs::PictureMut) {
    let (format, planes) = (picture.format, picture.planes.clone());
    let (width, height) = (picture.width, picture.height);
    let data = (*picture.data).as_mut();
    for (plane, placed) in planes.iter().enumerate() {
        let (columns, rows) = format.plane_size(plane, width, height);
        for y in 0..rows as usize {
            for x in 0..columns as usize {
                data[placed.offset + y * placed.stride + x] = sample(number, plane, x, y, columns as usize);
            }
        }
    }
}

/// The samples of all planes without what is between rows.
fn samples(picture: &Picture) -> Vec<u8> {
    let mut all = Vec::new();
    for plane in 0..picture.format.planes() {
        let (columns, rows) = picture.format.plane_size(plane, picture.width, picture.height);
        let (data, stride) = picture.plane(plane);
        let bytes = columns as usize * picture.format.sample_bytes();
        (0..rows as usize).for_each(|y| all.extend(&data[y * stride..y * stride + bytes]));
    }
    all
}

/// The number that is drawn into a picture.
fn number(picture: &Picture) -> u64 {
    let (data, stride) = picture.plane(0);
    let width = picture.width as usize;
    (0..8).map(|bit| u64::from(data[8 * stride + (2 * bit + 1) * width / 16] > 125) << bit).sum()
}

fn tone(sample: usize, channel: usize) -> f32 {
    let (at, step) = (sample as f64, 0.02 + channel as f64 * 0.005);
    // It rises, so that it is like itself nowhere else.
    let value = 0.6 * (at * step + at * at * 4e-7).sin();
    (value * 32768.0).round() as f32 / 32768.0
}

fn add_sound(encoder: &mut dyn Encoder, range: std::ops::Range<usize>) -> Result<(), CodecError> {
    let channels: Vec<Vec<f32>> =
        (0..2).map(|channel| range.clone().map(|at| tone(at, channel)).collect()).collect();
    encoder.sound(&[&channels[0], &channels[1]])
}

fn write(workers: &MediaWorkers, request: &Encode) -> Result<Bytes, CodecError> {
    let mut encoder = workers.encode(request)?;
    let rate = request.sound.as_ref().map_or(0, |sound| sound.rate as usize);
    for frame in 0..FRAMES {
        if request.video.is_some() {
            let mut canvas = encoder.canvas()?;
            draw(frame, &mut canvas);
            encoder.picture(canvas)?;
        }
        if rate > 0 {
            let at = |frame: u64| frame as usize * rate / 25;
            add_sound(&mut *encoder, at(frame)..at(frame + 1))?;
        }
    }
    encoder.finish()
}

fn read_all(workers: &MediaWorkers, file: &Bytes, stream: u32, from: u64) -> Vec<Vec<f32>> {
    let mut reader = workers.sound(file, stream, &Limits::default()).unwrap();
    if from > 0 {
        reader.seek(from).unwrap();
    }
    let mut all = vec![Vec::new(); 2];
    let mut buffers = vec![vec![0.0; 5000]; 2];
    loop {
        let count = reader.read(&mut buffers).unwrap();
        if count == 0 {
            return all;
        }
        all.iter_mut().zip(&buffers).for_each(|(all, some)| all.extend(&some[..count]));
    }
}

/// Every picture of a file, straight on; and the same again in another order.
fn check_order(workers: &MediaWorkers, file: &Bytes, count: u64) -> Vec<Picture> {
    let mut reader = workers.video(file, 0, &Limits::default()).unwrap();
    let straight: Vec<Picture> = (0..count).map(|number| reader.numbered(number).unwrap()).collect();
    assert!(reader.numbered(count).is_err());
    let sums: HashMap<u64, Vec<u8>> =
        straight.iter().map(|picture| (picture.number, samples(picture))).collect();
    let mut at = 3;
    for step in 0..60 {
        at = (at * 31 + 17 + step * step) % count;
        assert_eq!(samples(&reader.numbered(at).unwrap()), sums[&at], "picture {at}");
        let whole = &straight[at as usize];
        for time in [whole.time, whole.time + whole.duration - Flicks(whole.duration.0 / 4)] {
            assert_eq!(reader.picture(time).unwrap().number, at, "{time:?}");
        }
    }
    assert_eq!(reader.picture(Flicks(-5)).unwrap().number, 0);
    assert_eq!(reader.picture(Flicks::MAX).unwrap().number, count - 1);
    assert_eq!(reader.damaged(), 0);
    straight
}

#[test]
fn pictures_come_back_in_any_order() {
    let workers = workers();
    let yuv444 = PictureFormat { layout: Layout::Yuv444, bits: 8, alpha: false };
    let alpha = PictureFormat { alpha: true, ..PictureFormat::YUV420 };
    let exact = Some(Quality::Lossless);
    for (container, codec, format, quality) in [
        (Container::Mp4, Codec::H264, PictureFormat::YUV420, None),
        (Container::Mkv, Codec::H264, yuv444, exact),
        (Container::Mp4, Codec::H265, PictureFormat::YUV420, exact),
        (Container::WebM, Codec::Vp9, PictureFormat::YUV420, exact),
        (Container::WebM, Codec::Vp9, alpha, None),
        (Container::Mp4, Codec::Av1, PictureFormat::YUV420, None),
        (Container::Gif, Codec::Gif, GBR, None),
    ] {
        let request = film(container, Some(video(codec, format, quality)), None);
        let file = write(&workers, &request).unwrap();
        let info = workers.probe(&file, &Limits::default()).unwrap();
        let stream = &info.video[0];
        assert_eq!((stream.width, stream.height, stream.frames), (128, 64, FRAMES), "{codec:?}");
        assert_eq!(
            (stream.rate, stream.variable, stream.start),
            (rate("25"), false, Flicks::ZERO),
            "{codec:?}"
        );
        if codec == Codec::Gif {
            assert!(stream.format.layout == Layout::Gbr && info.container == "gif");
        } else {
            assert_eq!((stream.format, stream.color.matrix), (format, Matrix::Bt709), "{codec:?}");
        }
        for (at, picture) in check_order(&workers, &file, FRAMES).iter().enumerate() {
            assert_eq!((number(picture), picture.number), (at as u64, at as u64), "{codec:?}");
            let due = Flicks::from_frame(at as i64, rate("25"));
            // WebM counts milliseconds, GIF hundredths of a second.
            assert!((picture.time - due).0.abs() <= Flicks::SECOND / 1000, "{codec:?} {at}");
            if quality == exact {
                let (data, stride) = picture.plane(1);
                let columns = picture.format.plane_size(1, 128, 64).0 as usize;
                let same = (0..columns).all(|x| data[5 * stride + x] == sample(at as u64, 1, x, 5, columns));
                assert!(same, "{codec:?} {at}");
            }
        }
    }
}

#[test]
fn a_variable_rate_is_known_and_kept() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/variable.mp4");
    let (workers, file) = (workers(), Bytes::from(fs::read(path).unwrap()));
    let info = workers.probe(&file, &Limits::default()).unwrap();
    let kept: Vec<i64> = (0..100).filter(|n| n % 3 == 0 || n % 10 < 4).collect();
    assert!(info.video[0].variable);
    assert_eq!(info.video[0].frames, kept.len() as u64);
    for (picture, frame) in check_order(&workers, &file, kept.len() as u64).iter().zip(kept) {
        assert_eq!(picture.time, Flicks::from_frame(frame, rate("50")));
    }
}

#[test]
fn sound_comes_back_where_it_was() {
    let workers = workers();
    for (container, codec, rate, bits, exact) in [
        (Container::Flac, Codec::Flac, 44_100, Some(16), true),
        (Container::Flac, Codec::Flac, 48_000, Some(24), true),
        (Container::Mov, Codec::Pcm, 48_000, Some(16), true),
        (Container::Mkv, Codec::Pcm, 44_100, Some(24), true),
        (Container::M4a, Codec::Aac, 44_100, None, false),
        (Container::WebM, Codec::Opus, 48_000, None, false),
        (Container::Ogg, Codec::Vorbis, 44_100, None, false),
        (Container::Mp3, Codec::Mp3, 44_100, None, false),
    ] {
        let what = format!("{container:?} {codec:?}");
        let file = write(&workers, &film(container, None, Some(sound(codec, rate, bits)))).unwrap();
        let info = workers.probe(&file, &Limits::default()).unwrap();
        assert_eq!((info.sound[0].rate, info.sound[0].channels), (rate, 2), "{what}");
        let (length, read) = (FRAMES as usize * rate as usize / 25, read_all(&workers, &file, 0, 0));
        if exact {
            assert_eq!(read[0].len(), length, "{what}");
        }
        // The last packet may be longer than what was put in.
        assert!((length..length + 2048).contains(&read[0].len()), "{what}: {} for {length}", read[0].len());
        for (channel, read) in read.iter().enumerate() {
            let off = |lag: i64| -> f64 {
                let due = (20_000..24_000).map(|at| (tone(at, channel), read[(at as i64 + lag) as usize]));
                due.map(|(due, found)| f64::from(due - found).powi(2)).sum()
            };
            let best = (-1500..1500).min_by(|a, b| off(*a).total_cmp(&off(*b))).unwrap();
            assert!(best.abs() <= 1, "{what}: {best} samples late");
            assert!(!exact || off(0) == 0.0, "{what}");
        }
        let later = read_all(&workers, &file, 0, 31_234);
        assert_eq!(later[0].len(), read[0].len() - 31_234, "{what}");
        let worst = later[1].iter().zip(&read[1][31_234..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= if exact { 0.0 } else { 0.02 }, "{what}: {worst}");
    }
}

#[test]
fn pictures_and_sound_begin_together_and_bytes_are_the_same_each_time() {
    let workers = workers();
    for (container, picture, heard) in
        [(Container::Mp4, Codec::H264, Codec::Aac), (Container::WebM, Codec::Vp9, Codec::Opus)]
    {
        let pictures = video(picture, PictureFormat::YUV420, None);
        let request = film(container, Some(pictures), Some(sound(heard, 48_000, None)));
        let file = write(&workers, &request).unwrap();
        assert!(file == write(&workers, &request).unwrap(), "{container:?}");
        let info = workers.probe(&file, &Limits::default()).unwrap();
        let apart = info.video[0].start - info.sound[0].start;
        assert!(apart.0.abs() <= Flicks::SECOND / 1000, "{container:?}: {apart:?}");
        if container == Container::Mp4 {
            let at = |name: &[u8]| file.windows(4).position(|word| word == name).unwrap();
            assert!(at(b"moov") < at(b"mdat"));
        }
    }
}

#[test]
fn a_reader_outlives_its_worker_and_a_writer_tells() {
    let workers = workers();
    let request = film(
        Container::Mp4,
        Some(video(Codec::H264, PictureFormat::YUV420, None)),
        Some(sound(Codec::Aac, 48_000, None)),
    );
    let file = write(&workers, &request).unwrap();
    let signal = |signal: Signal| {
        for id in workers.processes() {
            kill_process(Pid::from_raw(id as i32).unwrap(), signal).unwrap();
        }
    };
    let quick = Limits { parse_seconds: 2, ..Limits::default() };
    let mut pictures = workers.video(&file, 0, &quick).unwrap();
    let mut sounds = workers.sound(&file, 1, &quick).unwrap();
    let mut buffers = vec![vec![0.0; 3000]; 2];
    for round in 0..4 {
        assert_eq!(number(&pictures.numbered(10 + round).unwrap()), 10 + round);
        assert_eq!(sounds.read(&mut buffers).unwrap(), 3000);
        let found = f64::from(buffers[0][1500] - tone(round as usize * 3000 + 1500, 0));
        assert!(found.abs() < 0.1, "{found}");
        signal(Signal::KILL);
    }
    // The workers hang: that is told, and then others go on.
    pictures.numbered(20).unwrap();
    signal(Signal::STOP);
    assert!(matches!(pictures.numbered(60), Err(CodecError::BrokeOff(_))));
    assert_eq!(number(&pictures.numbered(60).unwrap()), 60);

    let mut encoder = workers.encode(&request).unwrap();
    let canvas = encoder.canvas().unwrap();
    signal(Signal::KILL);
    let broke = |error| matches!(error, CodecError::BrokeOff(_));
    let given = encoder.picture(canvas);
    let rest = (0..20).try_for_each(|_| encoder.canvas().and_then(|canvas| encoder.picture(canvas)));
    assert!(broke(given.and(rest).unwrap_err()));
    assert!(broke(encoder.finish().unwrap_err()));
    assert!(write(&workers, &request).unwrap() == file);
}

/// What can be read of a file, as far as it goes.
fn read_some(workers: &MediaWorkers, file: &Bytes) -> Result<(), CodecError> {
    let limits = Limits { parse_seconds: 5, ..Limits::default() };
    let info = workers.probe(file, &limits)?;
    for stream in &info.video {
        let mut reader = workers.video(file, stream.stream, &limits)?;
        for number in [0, stream.frames / 2, stream.frames - 1] {
            reader.numbered(number)?;
        }
    }
    for stream in &info.sound {
        let mut reader = workers.sound(file, stream.stream, &limits)?;
        reader.read(&mut vec![vec![0.0; 4000]; stream.channels.into()])?;
        reader.seek(50_000)?;
        reader.read(&mut vec![vec![0.0; 4000]; stream.channels.into()])?;
    }
    Ok(())
}

#[test]
fn broken_files_end_in_words() {
    let workers = workers();
    for (container, picture, heard) in
        [(Container::Mp4, Codec::H264, Codec::Aac), (Container::WebM, Codec::Vp9, Codec::Opus)]
    {
        let pictures = video(picture, PictureFormat::YUV420, None);
        let request = film(container, Some(pictures), Some(sound(heard, 48_000, None)));
        let file = write(&workers, &request).unwrap();
        read_some(&workers, &file).unwrap();
        let check = |file: Vec<u8>, what: String| {
            let file = Bytes::from(file);
            if let Err(CodecError::BrokeOff(why)) = read_some(&workers, &file) {
                panic!("{container:?} {what}: {why}");
            }
        };
        for percent in 0..100 {
            check(file[..file.len() * percent / 100].to_vec(), format!("cut at {percent} %"));
        }
        let mut seed = 1_u64;
        for round in 0..150 {
            let mut broken = file.to_vec();
            for _ in 0..=round % 7 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // What describes the file is at its beginning.
                let within = if round % 2 == 0 { 3000.min(broken.len()) } else { broken.len() };
                broken[(seed >> 33) as usize % within] ^= 1 << (seed >> 29 & 7);
            }
            check(broken, format!("with bits flipped, {round}"));
        }
        for at in (0..600).step_by(4) {
            for word in [[0; 4], [255; 4], [127, 255, 255, 255]] {
                let mut broken = file.to_vec();
                broken[at..at + 4].copy_from_slice(&word);
                check(broken, format!("with {word:?} at {at}"));
            }
        }
    }
}

#[test]
fn what_is_too_much_or_not_there_is_told() {
    let workers = workers();
    let pictures = video(Codec::H264, PictureFormat::YUV420, None);
    let request = film(Container::Mp4, Some(pictures.clone()), None);
    let file = write(&workers, &request).unwrap();
    let limit = |result: Result<(), CodecError>, setting: &str| match result.unwrap_err() {
        CodecError::Limit(limit) => assert_eq!(limit.setting, setting),
        other => panic!("{other}"),
    };
    let probe = |limits: Limits| workers.probe(&file, &limits).map(drop);
    limit(probe(Limits { file_bytes: 100, ..Limits::default() }), "fileBytes");
    limit(probe(Limits { pixels: 100, ..Limits::default() }), "pixels");
    limit(write(&workers, &Encode { most_bytes: 1000, ..request.clone() }).map(drop), "fileBytes");
    let unsupported = |request: &Encode| {
        let error = workers.encode(request).map(drop).unwrap_err();
        assert!(matches!(error, CodecError::Unsupported(_)), "{error}");
    };
    unsupported(&film(Container::WebM, Some(pictures.clone()), None));
    unsupported(&film(Container::Mp4, Some(EncodeVideo { width: 33, ..pictures.clone() }), None));
    unsupported(&film(Container::Mp4, Some(EncodeVideo { format: GBR, ..pictures.clone() }), None));
    unsupported(&film(Container::Mp4, Some(EncodeVideo { preset: Some("x".into()), ..pictures }), None));
    unsupported(&film(Container::M4a, None, Some(sound(Codec::Aac, 12_345, None))));
    unsupported(&film(Container::Mp4, None, None));
    assert!(workers.video(&file, 7, &Limits::default()).is_err());
    assert!(matches!(MediaWorkers::of("/nowhere".into()).support(), Err(CodecError::Unavailable(_))));
    assert!(workers.support().unwrap().encoder(Codec::H264).is_some());
}
