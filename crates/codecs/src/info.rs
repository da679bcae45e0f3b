//! What is in a file.

use base::{Flicks, FrameRate};
use serde::{Deserialize, Serialize};

use crate::{Color, PictureFormat};

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaInfo {
    /// The format of the file: "mp4", "webm", "matroska", "mov", "gif".
    pub container: String,
    /// From the beginning of the first stream to the end of the last.
    pub duration: Flicks,
    /// The moving pictures, cover art left out.
    pub video: Vec<VideoInfo>,
    /// The sounds.
    pub sound: Vec<SoundInfo>,
}

/// Moving pictures in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoInfo {
    /// The number of the stream in the file.
    pub stream: u32,
    /// The codec: "h264", "vp9".
    pub codec: String,
    /// Width in pixels, as stored: before pixels are made square and before [`VideoInfo::rotation`].
    pub width: u32,
    /// Height in pixels, as stored.
    pub height: u32,
    /// How many times as wide as high a pixel is, as a fraction.
    pub pixel_aspect: (u32, u32),
    /// By how many degrees pictures are to be turned clockwise to be upright: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Whether pictures are mirrored from left to right, before they are turned.
    pub mirrored: bool,
    /// Frames a second: on the average, where [`VideoInfo::variable`] says so.
    pub rate: FrameRate,
    /// Whether the frames are not equally long.
    pub variable: bool,
    /// How many frames there are.
    pub frames: u64,
    /// How samples are stored.
    pub format: PictureFormat,
    /// What the samples mean.
    pub color: Color,
    /// When the first frame is shown, after the beginning of the file.
    pub start: Flicks,
    /// From the beginning of the first frame to the end of the last.
    pub duration: Flicks,
}

/// A sound in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoundInfo {
    /// The number of the stream in the file.
    pub stream: u32,
    /// The codec: "aac", "opus".
    pub codec: String,
    /// Samples a second in each channel.
    pub rate: u32,
    /// The number of channels.
    pub channels: u16,
    /// When the first sample is heard, after the beginning of the file.
    pub start: Flicks,
    /// How long it is.
    pub duration: Flicks,
}
