//! The hash of each frame, to hold films against each other.

use std::fmt::Write;

use base::FrameRate;
use codecs::{CodecError, Encoder, Layout, PictureFormat, PictureMut};
use kernel::Bytes;
use sha2::{Digest, Sha256};

/// Takes frames as an encoder does, and gives a text with the SHA-256 of the samples of each, rows and planes one after the
/// other: what FFmpeg's muxer framehash writes, version 2.
pub(super) struct Hashes {
    width: u32,
    height: u32,
    format: PictureFormat,
    text: String,
    frames: u64,
}

impl Hashes {
    /// None yet.
    pub fn new(width: u32, height: u32, rate: FrameRate, format: PictureFormat) -> Self {
        let name = match format.layout {
            Layout::Gray => "gray",
            Layout::Yuv420 => "yuv420p",
            Layout::Yuv422 => "yuv422p",
            Layout::Yuv444 => "yuv444p",
            Layout::Gbr => "gbrp",
        };
        let (numerator, denominator) = (rate.numerator(), rate.denominator());
        let text = format!(
            "#format: frame checksums\n#version: 2\n#hash: SHA256\n#tb 0: {denominator}/{numerator}\n#media_type 0: video\n\
             #codec_id 0: rawvideo\n#dimensions 0: {width}x{height}\n#pixel_format 0: {name}\n\
             #stream#, dts,        pts, duration,     size, hash\n"
        );
        Hashes { width, height, format, text, frames: 0 }
    }
}

impl Encoder for Hashes {
    fn canvas(&mut self) -> Result<PictureMut, CodecError> {
        let (planes, bytes) = self.format.arranged(self.width, self.height);
        let data = Box::new(vec![0u8; bytes]);
        let (width, height, format) = (self.width, self.height, self.format);
        Ok(PictureMut { width, height, format, planes, data, slot: 0 })
    }

    fn picture(&mut self, mut picture: PictureMut) -> Result<(), CodecError> {
        let (mut hash, mut size) = (Sha256::new(), 0);
        let data: &[u8] = (*picture.data).as_mut();
        for (plane, placed) in picture.planes.iter().enumerate() {
            let (columns, rows) = picture.format.plane_size(plane, picture.width, picture.height);
            let row_bytes = columns as usize * picture.format.sample_bytes();
            let rows = data
                .get(placed.offset..)
                .unwrap_or_default()
                .chunks(placed.stride.max(1))
                .take(rows as usize);
            for row in rows {
                hash.update(row.get(..row_bytes).unwrap_or_default());
                size += row_bytes;
            }
        }
        let number = self.frames;
        let digest = hash.finalize();
        // A text takes whatever is written.
        let _ = write!(self.text, "0, {number:10}, {number:10}, {:8}, {size:8}, ", 1);
        for byte in digest {
            let _ = write!(self.text, "{byte:02x}");
        }
        self.text.push('\n');
        self.frames += 1;
        Ok(())
    }

    fn sound(&mut self, _: &[&[f32]]) -> Result<(), CodecError> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Bytes, CodecError> {
        Ok(self.text.into_bytes().into())
    }
}
