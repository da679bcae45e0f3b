//! What a clip knows of its file.

use base::{Flicks, FrameRate};
use codecs::{MediaInfo, SoundInfo, VideoInfo};
use document::NodeRef;
use serde::{Deserialize, Serialize};

use crate::kinds::{Clip, TrackContent};

/// What is kept of a file with each clip that plays it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClipInfo {
    /// The format of the file.
    pub container: String,
    /// How long the stream is.
    pub duration: Flicks,
    /// Its pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoInfo>,
    /// Its sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<SoundInfo>,
}

impl ClipInfo {
    /// Of the first stream of pictures; none when there is none.
    pub fn of_video(info: &MediaInfo) -> Option<Self> {
        let video = info.video.first()?;
        Some(ClipInfo {
            container: info.container.clone(),
            duration: video.start + video.duration,
            video: Some(video.clone()),
            sound: None,
        })
    }

    /// Of the first stream of sound; none when there is none.
    pub fn of_sound(info: &MediaInfo) -> Option<Self> {
        let sound = info.sound.first()?;
        Some(ClipInfo {
            container: info.container.clone(),
            duration: sound.start + sound.duration,
            video: None,
            sound: Some(sound.clone()),
        })
    }

    /// What a clip knows; none when it plays no file.
    pub fn read(clip: Clip<'_>) -> Option<Self> {
        serde_json::from_value(clip.info()?.to_json()).ok()
    }
}

/// The number of the stream that a clip plays, of which `info` is known: the one it names, else the first of the content.
pub fn stream(clip: Clip<'_>, info: Option<&ClipInfo>, content: TrackContent) -> u32 {
    if let Some(stream) = clip.node().number("stream") {
        return stream.max(0.0) as u32;
    }
    match content {
        TrackContent::Video => info.and_then(|info| info.video.as_ref()).map_or(0, |video| video.stream),
        TrackContent::Audio => info.and_then(|info| info.sound.as_ref()).map_or(0, |sound| sound.stream),
    }
}

/// The width and height of a video in upright, square pixels.
pub fn upright_size(video: &VideoInfo) -> (f64, f64) {
    let (across, down) = video.pixel_aspect;
    let aspect = if across > 0 && down > 0 { f64::from(across) / f64::from(down) } else { 1.0 };
    let (width, height) = (f64::from(video.width) * aspect, f64::from(video.height));
    if video.rotation % 180 == 90 { (height, width) } else { (width, height) }
}

/// The frame rate of a new timeline for a video.
pub fn frame_rate(video: &VideoInfo) -> FrameRate {
    match video.variable {
        false => video.rate,
        true => FrameRate::from_number(video.rate.number().round()).unwrap_or(FrameRate::FILM),
    }
}

/// The name of a node, or of what it plays.
pub fn name_of(node: NodeRef<'_>) -> String {
    node.string("name")
        .filter(|name| !name.is_empty())
        .map_or_else(|| node.kind().to_owned(), |name| name.to_string())
}
