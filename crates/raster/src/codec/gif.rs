//! Reading GIF (87a and 89a).
//!
//! The picture is the first frame on the logical screen. What the frame leaves free is transparent, as in browsers:
//! the background colour of the file has no meaning today.

use std::io::Cursor;

use base::{Diagnostic, Limits};
use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};
use rayon::prelude::*;

use crate::{
    Depth, Pixels, Surface,
    codec::{
        CodecError, Decoded, Format, Orientation, Probe, Purpose, check_expansion,
        color::{self, Declared, Model},
    },
};

/// Signature and logical screen descriptor, before the global palette.
const HEAD: usize = 13;
/// What begins an extension.
const EXTENSION: u8 = 0x21;
/// What begins an image.
const IMAGE: u8 = 0x2c;
/// The end of the file.
const TRAILER: u8 = 0x3b;

/// What the blocks say about the picture.
struct Layout {
    width: u32,
    height: u32,
    /// The number of images, as far as they were walked over.
    frames: usize,
    /// Sides of the first image.
    frame: (u32, u32),
    /// Where its compressed indices begin.
    data: usize,
}

pub(super) fn probe(bytes: &[u8]) -> Result<Probe, CodecError> {
    let Layout { width, height, .. } = walk(bytes, false)?;
    Ok(Probe { format: Format::Gif, width, height, bits: 8 })
}

pub(super) fn decode(purpose: Purpose, bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let head = walk(bytes, false)?;
    limits.check_picture(head.width.into(), head.height.into(), Depth::U8.bytes_per_pixel())?;
    let layout = walk(bytes, true)?;
    let (width, height) = (layout.width, layout.height);
    check_expansion((width, height), 8, bytes.len(), limits)?;
    // An image may be larger than the screen that it is cut to.
    limits.check_picture(layout.frame.0.into(), layout.frame.1.into(), Depth::U8.bytes_per_pixel())?;
    check_expansion(layout.frame, 8, bytes.len(), limits)?;

    let Frame { left, top, columns, indices, mut palette, transparent, icc } =
        first_frame(bytes, limits).map_err(|error| failure(&error, layout.data))?;
    let declared = purpose.colors(icc.map_or(Declared::Srgb, Declared::Icc));
    let (converter, color) = color::bytes_to_srgb(&declared, Model::Rgb);
    if let Some(converter) = converter {
        converter.convert(&mut palette);
    }
    if let Some(color) = transparent.and_then(|index| palette.get_mut(usize::from(index))) {
        *color = [0; 4];
    }
    let mut pixels = vec![[0u8; 4]; width as usize * height as usize];
    if columns > 0 {
        let rows = pixels.par_chunks_mut(width as usize).skip(top).zip(indices.par_chunks(columns));
        rows.for_each(|(row, indices)| {
            for (pixel, &index) in row.iter_mut().skip(left).zip(indices) {
                *pixel = palette.get(usize::from(index)).copied().unwrap_or_default();
            }
        });
    }
    let mut warnings: Vec<Diagnostic> = color.warning().into_iter().collect();
    if layout.frames > 1 {
        warnings.push(Diagnostic::warning("", "the picture is animated; only its first frame was decoded"));
    }
    Ok(Decoded {
        surface: Surface::with_pixels(width, height, Pixels::U8(pixels)),
        format: Format::Gif,
        bits: 8,
        orientation: Orientation::Upright,
        color,
        warnings,
    })
}

/// The first image of a file and how it is coloured.
struct Frame {
    left: usize,
    top: usize,
    columns: usize,
    /// Row by row from the top, whatever the order in the file.
    indices: Vec<u8>,
    /// All opaque.
    palette: Vec<[u8; 4]>,
    transparent: Option<u8>,
    icc: Option<Vec<u8>>,
}

fn first_frame(bytes: &[u8], limits: &Limits) -> Result<Frame, DecodingError> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(match limits.import_bytes.try_into() {
        Ok(most) => MemoryLimit::Bytes(most),
        Err(_) => MemoryLimit::Unlimited,
    });
    options.allow_unknown_blocks(true);
    let mut decoder = options.read_info(Cursor::new(bytes))?;
    let icc = decoder.icc_profile().map(<[u8]>::to_vec);
    let Some(frame) = decoder.next_frame_info()? else { return Err(DecodingError::UnexpectedEof) };
    let (left, top, columns) = (frame.left.into(), frame.top.into(), frame.width.into());
    let transparent = frame.transparent;
    let palette = decoder.palette()?.as_chunks::<3>().0.iter().map(|&[r, g, b]| [r, g, b, 255]).collect();
    let mut indices = vec![0; decoder.buffer_size()];
    if !indices.is_empty() {
        decoder.read_into_buffer(&mut indices)?;
    }
    Ok(Frame { left, top, columns, indices, palette, transparent, icc })
}

/// Walks the blocks; to the end if the file must be `whole`, else only as far as the size is not known.
fn walk(bytes: &[u8], whole: bool) -> Result<Layout, CodecError> {
    let truncated = || CodecError::Truncated { format: Format::Gif, offset: bytes.len() as u64 };
    let damaged = |at: usize, reason: &str| CodecError::Damaged {
        format: Format::Gif,
        offset: at as u64,
        reason: reason.to_owned(),
    };
    let side = |at: usize| {
        let side = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or_else(truncated)?;
        Ok::<u32, CodecError>(u16::from_le_bytes(*side).into())
    };
    let byte = |at: usize| bytes.get(at).copied().ok_or_else(truncated);
    // The behind of a chain of sub-blocks, each led by its length, the last of length 0.
    let behind_data = |mut at: usize| loop {
        let length = usize::from(byte(at)?);
        at += 1 + length;
        if length == 0 {
            return Ok::<usize, CodecError>(at);
        }
    };
    // The lowest bits of the flags are the logarithm of the number of colours, less 1.
    let palette = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };

    let (width, height) = (side(6)?, side(8)?);
    let mut layout = Layout { width, height, frames: 0, frame: (0, 0), data: 0 };
    let mut at = HEAD + palette(byte(10)?);
    byte(HEAD - 1)?;
    let sized = |layout: &Layout| layout.width > 0 && layout.height > 0;
    while whole || !sized(&layout) {
        match byte(at)? {
            EXTENSION => at = behind_data(at + 2)?,
            IMAGE => {
                let frame = (side(at + 5)?, side(at + 7)?);
                let data = at + 10 + palette(byte(at + 9)?);
                if layout.frames == 0 {
                    layout.frame = frame;
                    layout.data = data;
                    // Some files state no screen.
                    if !sized(&layout) {
                        (layout.width, layout.height) = (side(at + 1)? + frame.0, side(at + 3)? + frame.1);
                    }
                    if !sized(&layout) {
                        return Err(damaged(at, "the picture has no area"));
                    }
                }
                layout.frames += 1;
                if whole {
                    at = behind_data(data + 1)?;
                }
            }
            TRAILER if layout.frames == 0 => return Err(damaged(at, "there is no picture")),
            // What stands in the place of a block behind the picture cannot harm it.
            _ if layout.frames > 0 => break,
            other => return Err(damaged(at, &format!("{other:#04x} begins no block"))),
        }
    }
    Ok(layout)
}

fn failure(error: &DecodingError, data: usize) -> CodecError {
    let reason = match error {
        // All blocks are there, so it is their contents that end early.
        DecodingError::UnexpectedEof | DecodingError::Io(_) => "the image data end early".to_owned(),
        error => error.to_string(),
    };
    CodecError::Damaged { format: Format::Gif, offset: data as u64, reason }
}
