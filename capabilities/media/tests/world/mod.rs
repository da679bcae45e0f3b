//! A workspace in memory with timelines in it, and codecs that need no program: their files say what is in them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code)] // A test that cannot go on fails.

use std::sync::{Arc, Mutex};

use base::{Flicks, FrameRate, Limits};
use codecs::{
    Codec, CodecError, Codecs, Color, Encode, Encoder, MediaInfo, Picture, PictureFormat, PictureMut,
    SoundInfo, SoundReader, Support, VideoInfo, VideoReader,
};
use kernel::{Bytes, CommandError, Context, Kernel, Registry, Request, Response, ports::memory::MemoryFiles};
use serde_json::{Value as Json, json};

/// What every file of video begins with.
const MAGIC: &[u8] = b"\0\0\0\x10ftypTEST";

/// What came out of an encoder: samples of frames, and of the sound all of them.
#[derive(Clone, Debug, Default)]
pub struct Film {
    pub request: Option<Encode>,
    pub frames: Vec<Frame>,
    pub sound: Vec<Vec<f32>>,
}

/// A frame: its planes without what lies between rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub width: usize,
    pub planes: Vec<Vec<u8>>,
}

impl Frame {
    pub fn luma(&self, x: usize, y: usize) -> u8 {
        self.planes[0][y * self.width + x]
    }
}

/// The luma of a frame of a generated video, at a place.
pub fn luma(number: u64, x: u32, y: u32) -> u8 {
    16 + ((number * 7 + u64::from(x) + u64::from(y) * 3) % 220) as u8
}

/// Codecs for generated files.
#[derive(Clone, Default)]
pub struct TestCodecs(pub Arc<Mutex<Vec<Film>>>);

/// A file of generated video, and its sound, if it has one.
pub fn video(width: u32, height: u32, rate: &str, frames: u64, sound: bool) -> Vec<u8> {
    let rate: FrameRate = rate.parse().unwrap();
    let duration = Flicks::from_frame(frames as i64, rate);
    let video = VideoInfo {
        stream: 0,
        codec: "test".into(),
        width,
        height,
        pixel_aspect: (1, 1),
        rotation: 0,
        mirrored: false,
        rate,
        variable: false,
        frames,
        format: PictureFormat::YUV420,
        color: Color::BT709,
        start: Flicks::ZERO,
        duration,
    };
    let heard = SoundInfo {
        stream: 1,
        codec: "test".into(),
        rate: 48_000,
        channels: 1,
        start: Flicks::ZERO,
        duration,
    };
    let info = MediaInfo {
        container: "test".into(),
        duration,
        video: vec![video],
        sound: if sound { vec![heard] } else { Vec::new() },
    };
    [MAGIC, &serde_json::to_vec(&info).unwrap()].concat()
}

impl Codecs for TestCodecs {
    fn support(&self) -> Result<Support, CodecError> {
        let encoders =
            [Codec::H264, Codec::Aac, Codec::Gif, Codec::Flac].map(|codec| (codec, "test".to_owned()));
        Ok(Support { library: "test".into(), encoders: encoders.to_vec(), decoders: Vec::new() })
    }

    fn probe(&self, file: &Bytes, _: &Limits) -> Result<MediaInfo, CodecError> {
        let damaged = |problem: String| CodecError::Damaged { place: "byte 12".into(), problem };
        serde_json::from_slice(&file[MAGIC.len()..]).map_err(|error| damaged(error.to_string()))
    }

    fn video(&self, file: &Bytes, _: u32, limits: &Limits) -> Result<Box<dyn VideoReader>, CodecError> {
        Ok(Box::new(Generated(self.probe(file, limits)?.video[0].clone())))
    }

    fn sound(&self, file: &Bytes, _: u32, limits: &Limits) -> Result<Box<dyn SoundReader>, CodecError> {
        let info = self.probe(file, limits)?.sound[0].clone();
        let most = info.duration.nearest_frame(FrameRate::new(info.rate, 1).unwrap()) as u64;
        Ok(Box::new(Ramp { next: 0, most }))
    }

    fn encode(&self, request: &Encode) -> Result<Box<dyn Encoder>, CodecError> {
        let channels = request.sound.as_ref().map_or(0, |sound| sound.channels.into());
        let film =
            Film { request: Some(request.clone()), frames: Vec::new(), sound: vec![Vec::new(); channels] };
        Ok(Box::new(Recorder { film, all: self.0.clone() }))
    }
}

struct Generated(VideoInfo);

impl VideoReader for Generated {
    fn picture(&mut self, time: Flicks) -> Result<Picture, CodecError> {
        self.numbered(time.frame(self.0.rate).clamp(0, self.0.frames as i64 - 1) as u64)
    }

    fn numbered(&mut self, number: u64) -> Result<Picture, CodecError> {
        let VideoInfo { width, height, format, color, rate, .. } = self.0;
        let (planes, bytes) = format.arranged(width, height);
        let mut data = vec![128; bytes];
        for y in 0..height {
            for x in 0..width {
                data[planes[0].offset + y as usize * planes[0].stride + x as usize] = luma(number, x, y);
            }
        }
        let time = Flicks::from_frame(number as i64, rate);
        let duration = rate.frame();
        Ok(Picture { width, height, format, color, time, duration, number, planes, data: data.into() })
    }

    fn damaged(&self) -> u64 {
        0
    }
}

/// Sound that says of each sample which one it is, in 48,000,000ths.
struct Ramp {
    next: u64,
    most: u64,
}

/// The sample of generated sound.
pub fn sample(number: u64) -> f32 {
    number as f32 / 48_000_000.0
}

impl SoundReader for Ramp {
    fn seek(&mut self, sample: u64) -> Result<(), CodecError> {
        self.next = sample;
        Ok(())
    }

    fn read(&mut self, channels: &mut [Vec<f32>]) -> Result<usize, CodecError> {
        let count = self.most.saturating_sub(self.next).min(1000);
        for channel in channels {
            *channel = (self.next..self.next + count).map(sample).collect();
        }
        self.next += count;
        Ok(count as usize)
    }

    fn damaged(&self) -> u64 {
        0
    }
}

struct Recorder {
    film: Film,
    all: Arc<Mutex<Vec<Film>>>,
}

impl Encoder for Recorder {
    fn canvas(&mut self) -> Result<PictureMut, CodecError> {
        let video = self.film.request.as_ref().unwrap().video.as_ref().unwrap();
        let (planes, bytes) = video.format.arranged(video.width, video.height);
        let data = Box::new(vec![0u8; bytes]);
        Ok(PictureMut {
            width: video.width,
            height: video.height,
            format: video.format,
            planes,
            data,
            slot: 0,
        })
    }

    fn picture(&mut self, mut picture: PictureMut) -> Result<(), CodecError> {
        let data = (*picture.data).as_mut();
        let plane = |plane: usize| {
            let (width, height) = picture.format.plane_size(plane, picture.width, picture.height);
            let placed = picture.planes[plane];
            let row = |row: u32| {
                let start = placed.offset + row as usize * placed.stride;
                data[start..start + width as usize].to_vec()
            };
            (0..height).flat_map(row).collect()
        };
        let planes = (0..picture.format.planes()).map(plane).collect();
        self.film.frames.push(Frame { width: picture.width as usize, planes });
        Ok(())
    }

    fn sound(&mut self, channels: &[&[f32]]) -> Result<(), CodecError> {
        for (to, from) in self.film.sound.iter_mut().zip(channels) {
            to.extend_from_slice(from);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Bytes, CodecError> {
        self.all.lock().unwrap().push(self.film);
        Ok(Bytes::from_static(b"film"))
    }
}

/// The kernel, its files, and what was encoded.
pub struct World {
    pub kernel: Kernel,
    pub files: Arc<MemoryFiles>,
    pub codecs: TestCodecs,
}

impl World {
    /// An empty workspace beside these files.
    pub fn new(files: &[(&str, &[u8])]) -> World {
        let codecs = TestCodecs::default();
        let mut registry = Registry::default();
        registry.add(kernel::core()).unwrap();
        registry.add(media::capability(Arc::new(codecs.clone()))).unwrap();
        let (kernel, files) = kernel::ports::memory::kernel(registry, files);
        World { kernel, files, codecs }
    }

    /// Runs a command.
    pub fn run(&mut self, command: &str, arguments: Json) -> Result<Response, CommandError> {
        let command = command.to_owned();
        let context = Context::default();
        self.kernel.execute(Request { command, arguments, context, timeout_s: None, traced: false })
    }

    /// Runs a command that must succeed and hands back its result.
    pub fn result(&mut self, command: &str, arguments: Json) -> Json {
        self.run(command, arguments).unwrap().result
    }

    /// Takes a file in: the document, its tracks, and the first clip of each.
    pub fn import(&mut self, path: &str) -> (Json, Vec<(Json, Json)>) {
        let document = self.result("document.import", json!({ "path": path }))["document"].clone();
        let tracks = self.result("node.find", json!({ "document": document, "kind": "media.track" }));
        let clips = self.result("node.find", json!({ "document": document, "kind": "media.clip" }));
        let ids = |found: Json| -> Vec<Json> {
            found["nodes"].as_array().unwrap().iter().map(|node| node["node"].clone()).collect()
        };
        (document, ids(tracks).into_iter().zip(ids(clips)).collect())
    }

    /// Sets a property of a node.
    pub fn set(&mut self, document: &Json, node: &Json, property: &str, value: impl Into<Json>) {
        let value: Json = value.into();
        let args = json!({ "document": document, "node": node, "property": property, "value": value });
        self.result("node.set", args);
    }

    /// Exports a film and hands back what was encoded.
    pub fn film(&mut self, document: &Json, options: Json) -> Film {
        let args = json!({ "document": document, "path": "out.mp4", "options": options });
        self.result("document.export", args);
        self.codecs.0.lock().unwrap().pop().unwrap()
    }
}

/// So many frames, in flicks.
pub fn frames(count: i64, rate: &str) -> i64 {
    Flicks::from_frame(count, rate.parse().unwrap()).0
}
