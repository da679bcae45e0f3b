//! What a clip knows of its file.

use base::FrameRate;
use codecs::{MediaInfo, SoundInfo, VideoInfo};
use document::NodeRef;

use crate::kinds::Clip;

/// What a clip knows of its file; none when it plays none, or nothing is known of it.
pub fn read(clip: Clip<'_>) -> Option<MediaInfo> {
    clip.info()?.to_typed().ok()
}

/// The pictures that a clip plays: of the stream that it names, else of the first that there is.
pub fn video<'i>(clip: Clip<'_>, info: &'i MediaInfo) -> Option<&'i VideoInfo> {
    let named = named(clip).and_then(|stream| info.video.iter().find(|video| video.stream == stream));
    named.or(info.video.first())
}

/// The sound that a clip plays: of the stream that it names, else of the first that there is.
pub fn sound<'i>(clip: Clip<'_>, info: &'i MediaInfo) -> Option<&'i SoundInfo> {
    let named = named(clip).and_then(|stream| info.sound.iter().find(|sound| sound.stream == stream));
    named.or(info.sound.first())
}

fn named(clip: Clip<'_>) -> Option<u32> {
    u32::try_from(clip.node().value("stream")?.as_integer()?).ok()
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

/// The name of a node, or else its kind.
pub fn name_of(node: NodeRef<'_>) -> String {
    let name = node.string("name").filter(|name| !name.is_empty());
    name.map_or_else(|| node.kind().to_owned(), |name| name.to_string())
}
