//! Samples that lie in the file as they are.

use bytes::Bytes;

use super::convert::{self, Coding};
use super::{Info, Source};
use crate::{Block, SoundError};

/// Where the samples lie and how they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The first byte of the samples.
    pub offset: usize,
    /// Their length in bytes, within the file.
    pub length: usize,
    /// Frames per second.
    pub rate: u32,
    /// The number of channels.
    pub channels: u16,
    /// How one sample is stored.
    pub coding: Coding,
    /// Most significant byte first.
    pub big: bool,
    /// Bits of a sample that count.
    pub bits: u16,
}

/// A reader of samples that lie in the file as they are.
pub(super) struct Pcm {
    info: Info,
    samples: Bytes,
    layout: Layout,
    next: u64,
}

impl Pcm {
    /// A reader of what `layout` describes; it must lie within `bytes`.
    pub(super) fn new(container: &'static str, bytes: Bytes, layout: Layout) -> Pcm {
        let end = layout.offset.saturating_add(layout.length).min(bytes.len());
        let samples = bytes.slice(layout.offset.min(end)..end);
        let frame = layout.coding.width() * usize::from(layout.channels);
        let codec = match layout.coding {
            Coding::F32 | Coding::F64 => "pcm float",
            _ => "pcm",
        };
        let info = Info {
            container,
            codec: codec.to_owned(),
            rate: layout.rate,
            channels: layout.channels,
            frames: Some((samples.len() / frame) as u64),
            bits: Some(layout.bits),
        };
        Pcm { info, samples, layout, next: 0 }
    }
}

impl Source for Pcm {
    fn info(&self) -> &Info {
        &self.info
    }

    fn seek(&mut self, frame: u64) -> Result<(), SoundError> {
        self.next = frame;
        Ok(())
    }

    fn read(&mut self, block: &mut Block) -> Result<usize, SoundError> {
        let channels = usize::from(self.layout.channels);
        block.reshape(channels);
        let left = self.info.frames.unwrap_or(0).saturating_sub(self.next);
        let count = block.capacity().min(usize::try_from(left).unwrap_or(usize::MAX));
        if count == 0 {
            return Ok(0);
        }
        let frame = self.layout.coding.width() * channels;
        let start = self.next as usize * frame;
        let bytes = &self.samples[start..start + count * frame];
        block.set_frames(count);
        if self.layout.coding == Coding::Int(2) && !self.layout.big && channels == 2 {
            let mut planes = block.channels_mut();
            if let (Some(left), Some(right)) = (planes.next(), planes.next()) {
                convert::stereo16(bytes, left, right);
            }
        } else {
            // In pieces whose bytes stay in the cache from one channel to the next.
            const PIECE: usize = 1024;
            for (piece, bytes) in bytes.chunks(PIECE * frame).enumerate() {
                for (index, plane) in block.channels_mut().enumerate() {
                    let end = count.min((piece + 1) * PIECE);
                    let samples = &mut plane[piece * PIECE..end];
                    convert::plane(self.layout.coding, self.layout.big, bytes, channels, index, samples);
                }
            }
        }
        self.next += count as u64;
        Ok(count)
    }
}
