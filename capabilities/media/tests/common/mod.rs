//! Timelines in a kernel in memory, written and read in short.
#![allow(dead_code, clippy::unwrap_used)] // Each test uses a part; one that cannot go on fails.

use base::{DocumentId, Flicks, NodeId};
use codecs::{Color, MediaInfo, PictureFormat, VideoInfo};
use document::Content;
use kernel::{CommandError, Context, Kernel, Registry, Request};
use media::{kinds, model};
use serde_json::{Value as Json, json};

/// A kernel with timelines, and these files at hand.
pub fn kernel(files: &[(&str, &[u8])]) -> Kernel {
    let mut registry = Registry::default();
    registry.add(kernel::core()).unwrap();
    registry.add(media::capability(std::sync::Arc::new(codecs::NoCodecs))).unwrap();
    kernel::ports::memory::kernel(registry, files).0
}

/// What a command gives.
pub fn attempt(kernel: &mut Kernel, command: &str, arguments: Json) -> Result<Json, CommandError> {
    let (command, context) = (command.to_owned(), Context::default());
    let request = Request { command, arguments, context, timeout_s: None, traced: false };
    kernel.execute(request).map(|response| response.result)
}

/// The result of a command.
pub fn run(kernel: &mut Kernel, command: &str, arguments: Json) -> Json {
    let what = format!("{command} {arguments}");
    attempt(kernel, command, arguments).unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// A timeline.
pub struct Timeline {
    pub kernel: Kernel,
    pub document: DocumentId,
}

impl Timeline {
    /// A timeline at 25 frames a second with these tracks: a `v` or `a`, a colon, and items with spaces between them. `A:4` is
    /// a clip of that name that lasts 4 s and begins at 10 s of its source; `A:4#x` one with the link x; `A:4<14` one whose
    /// material ends at 14 s and begins at 8 s; `A:4x-2` one at that speed; `-:1` a gap; `~1+2` a transition.
    pub fn new(tracks: &[&str]) -> Self {
        let mut kernel = kernel(&[]);
        let made = run(&mut kernel, "document.create", json!({ "kind": "media.timeline" }));
        let document = made["document"].as_str().unwrap().parse().unwrap();
        let mut timeline = Timeline { kernel, document };
        timeline.run("node.set", json!({ "property": "frameRate", "value": "25" }));
        for track in tracks {
            let (content, items) = track.split_once(':').unwrap();
            let content = if content.starts_with('v') { "video" } else { "audio" };
            let track = timeline.run("media.track.add", json!({ "content": content }))["node"].clone();
            let mut start = 0.0;
            for item in items.split_whitespace() {
                start = timeline.add(&track, item, start);
            }
        }
        timeline
    }

    fn add(&mut self, track: &Json, item: &str, start: f64) -> f64 {
        if let Some(reach) = item.strip_prefix('~') {
            let (before, after) = reach.split_once('+').unwrap();
            let [before, after] = [before, after].map(|text| Flicks::from_seconds(text.parse().unwrap()).0);
            let properties = json!({ "before": before, "after": after });
            let kind = kinds::Transition::KIND;
            self.run("node.insert", json!({ "parent": track, "kind": kind, "properties": properties }));
            return start;
        }
        let (name, rest) = item.split_once(':').unwrap();
        let (rest, link) = rest.split_once('#').map_or((rest, None), |(rest, link)| (rest, Some(link)));
        let (duration, material) = rest.split_once('<').map_or((rest, None), |(rest, end)| (rest, Some(end)));
        let (duration, speed) =
            duration.split_once('x').map_or((duration, None), |(d, speed)| (d, Some(speed)));
        let duration: f64 = duration.parse().unwrap();
        let flicks = Flicks::from_seconds(duration).0;
        if name == "-" {
            let properties = json!({ "duration": flicks });
            self.run(
                "node.insert",
                json!({ "parent": track, "kind": kinds::Gap::KIND, "properties": properties }),
            );
            return start + duration;
        }
        let mut properties =
            json!({ "name": name, "color": "#808080", "inPoint": 10 * Flicks::SECOND, "duration": flicks });
        if let Some(speed) = speed {
            properties["speed"] = json!(speed.parse::<f64>().unwrap());
        }
        if let Some(link) = link {
            properties["link"] = link.into();
        }
        if let Some(end) = material {
            let begin = 8 * Flicks::SECOND;
            let length = Flicks::from_seconds(end.parse().unwrap()).0 - begin;
            let video = VideoInfo {
                stream: 0,
                codec: "h264".into(),
                width: 1920,
                height: 1080,
                pixel_aspect: (1, 1),
                rotation: 0,
                mirrored: false,
                rate: "25".parse().unwrap(),
                variable: false,
                frames: 1,
                format: PictureFormat::YUV420,
                color: Color::BT709,
                start: Flicks(begin),
                duration: Flicks(length),
            };
            let duration = Flicks(begin + length);
            let info = MediaInfo { container: "mp4".into(), duration, video: vec![video], sound: Vec::new() };
            properties["info"] = serde_json::to_value(info).unwrap();
        }
        self.run(
            "node.insert",
            json!({ "parent": track, "kind": kinds::Clip::KIND, "properties": properties }),
        );
        start + duration
    }

    /// The result of a command on this timeline. Names of clips in the arguments stand for their nodes.
    pub fn run(&mut self, command: &str, arguments: Json) -> Json {
        let what = format!("{command} {arguments}");
        self.attempt(command, arguments).unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// The same, with its error.
    pub fn attempt(&mut self, command: &str, mut arguments: Json) -> Result<Json, CommandError> {
        arguments["document"] = json!(self.document);
        for key in ["clip", "stack", "node", "track"] {
            if let Some(name) = arguments.get(key).and_then(Json::as_str) {
                arguments[key] = json!(self.named(name));
            }
        }
        if let Some(clips) = arguments.get("clips").and_then(Json::as_array) {
            arguments["clips"] = clips.iter().map(|clip| json!(self.named(clip.as_str().unwrap()))).collect();
        }
        attempt(&mut self.kernel, command, arguments)
    }

    /// What it holds.
    pub fn content(&mut self) -> Content {
        self.kernel.content(self.document).unwrap()
    }

    /// The node of this name, or `v0`, `a1` and so on for tracks by their place.
    pub fn named(&mut self, name: &str) -> NodeId {
        if let Ok(id) = name.parse() {
            return id;
        }
        let content = self.content();
        let root = content.tree().unwrap().root();
        if let Some(place) = name.strip_prefix('t').and_then(|place| place.parse().ok()) {
            return root.children().filter_map(kinds::Track::read).nth(place).unwrap().node().id();
        }
        root.descendants().find(|node| node.string("name").as_deref() == Some(name)).unwrap().id()
    }

    /// Its tracks in short: as for [`Timeline::new`], with `A@10:4` for a clip that begins at 10 s of its source, and `A@10:4x2`
    /// for one at twice the speed.
    pub fn short(&mut self) -> Vec<String> {
        let content = self.content();
        shorten(content.tree().unwrap().root())
    }
}

/// The tracks below a node in short.
pub fn shorten(home: document::NodeRef<'_>) -> Vec<String> {
    let tracks = home.children().filter_map(kinds::Track::read);
    let seconds = |flicks: i64| {
        let text = format!("{:.4}", Flicks(flicks).seconds());
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    tracks
        .map(|track| {
            let items = track.node().children().filter_map(|child| {
                if let Some(clip) = kinds::Clip::read(child) {
                    let speed =
                        if clip.speed() == 1.0 { String::new() } else { format!("x{}", clip.speed()) };
                    let (at, lasts) = (seconds(clip.in_point()), seconds(clip.duration()));
                    return Some(format!("{}@{at}:{lasts}{speed}", clip.name()));
                }
                if let Some(gap) = kinds::Gap::read(child) {
                    return Some(format!("-:{}", seconds(gap.duration())));
                }
                if let Some(found) = kinds::Transition::read(child) {
                    return Some(format!("~{}+{}", seconds(found.before()), seconds(found.after())));
                }
                let stack = kinds::Stack::read(child)?;
                let inner = shorten(child).join("; ");
                Some(format!("[{inner}]@{}:{}", seconds(stack.in_point()), seconds(stack.duration())))
            });
            let content = track.content().as_str().chars().next().unwrap();
            format!("{content}: {}", items.collect::<Vec<_>>().join(" "))
        })
        .collect()
}

/// What a track shows at a time: name and time of the source, in flicks.
pub fn seen(content: &Content, track: usize, time: Flicks) -> Option<(String, i64)> {
    let limits = base::Limits::default();
    let (_, stack) = model::timeline(content, &limits).unwrap().unwrap();
    let track = stack.tracks.get(track)?;
    let item = match track.at(time) {
        model::Shown::Nothing => return None,
        model::Shown::One(item) => item,
        model::Shown::Both(left, right, _, progress) => {
            let part = (progress * 1e6) as i64;
            let name = format!("{} → {}", name(left), name(right));
            let times = left.source_time(time, Flicks::ZERO).0
                ^ right.source_time(time, Flicks::ZERO).0.rotate_left(20);
            return Some((name, times ^ part));
        }
    };
    match &item.thing {
        model::Thing::Gap(_) => None,
        _ => Some((name(item), item.source_time(time, Flicks::ZERO).0)),
    }
}

fn name(item: &model::Item<'_>) -> String {
    item.node().string("name").unwrap_or_default().to_string()
}
