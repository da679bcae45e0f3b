//! Reading and writing WebP (RFC 9649).

use std::io::Cursor;

use base::{Diagnostic, Limits};
use image_webp::{ColorType, DecodingError, WebPDecoder, WebPEncoder};
use rayon::prelude::*;

use crate::{
    Depth, Pixels, Surface, alpha,
    codec::{
        CodecError, Decoded, EncodeError, Format, Orientation, Probe, Purpose, check_expansion,
        color::{self, Declared, Model},
    },
};

/// The head of a RIFF file: `RIFF`, length, `WEBP`.
const HEAD: usize = 12;

/// Width, height, and the orientation where the chunks at hand tell it.
struct Layout {
    width: u32,
    height: u32,
    orientation: Orientation,
}

pub(super) fn probe(bytes: &[u8]) -> Result<Probe, CodecError> {
    let layout = walk(bytes, false)?;
    let (width, height) = layout.orientation.upright_size(layout.width, layout.height);
    Ok(Probe { format: Format::WebP, width, height, bits: 8 })
}

pub(super) fn decode(purpose: Purpose, bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let head = walk(bytes, false)?;
    limits.check_picture(head.width.into(), head.height.into(), Depth::U8.bytes_per_pixel())?;
    let Layout { width, height, orientation } = walk(bytes, true)?;
    let orientation = purpose.orientation(orientation);
    check_expansion((width, height), 8, bytes.len(), limits)?;

    let mut cursor = Cursor::new(bytes);
    let mut read = || -> Result<_, DecodingError> {
        let mut decoder = WebPDecoder::new(&mut cursor)?;
        decoder.set_memory_limit(usize::try_from(limits.import_bytes).unwrap_or(usize::MAX));
        if decoder.dimensions() != (width, height) {
            return Err(DecodingError::InconsistentImageSizes);
        }
        let icc = decoder.icc_profile()?;
        let mut pixels = vec![[0u8; 4]; width as usize * height as usize];
        if decoder.has_alpha() {
            decoder.read_image(pixels.as_flattened_mut())?;
        } else {
            let mut packed = vec![0; pixels.len() * 3];
            decoder.read_image(&mut packed)?;
            let packed = packed.as_chunks::<3>().0;
            pixels.par_iter_mut().zip(packed).for_each(|(pixel, &[r, g, b])| *pixel = [r, g, b, 255]);
        }
        Ok((pixels, icc, decoder.has_alpha(), decoder.is_animated()))
    };
    let result = read();
    let (mut pixels, icc, has_alpha, animated) = result.map_err(|error| failure(error, cursor.position()))?;

    let declared = purpose.colors(icc.map_or(Declared::Srgb, Declared::Icc));
    let (converter, color) = color::bytes_to_srgb(&declared, Model::Rgb);
    if let Some(converter) = converter {
        converter.convert(&mut pixels);
    }
    if has_alpha && purpose == Purpose::Picture {
        alpha::premultiply_pixels_u8(&mut pixels);
    }
    let mut warnings: Vec<Diagnostic> = color.warning().into_iter().collect();
    if animated {
        warnings.push(Diagnostic::warning("", "the picture is animated; only its first frame was decoded"));
    }
    let stored = Surface::with_pixels(width, height, Pixels::U8(pixels));
    Ok(Decoded {
        surface: orientation.upright(stored),
        format: Format::WebP,
        bits: 8,
        orientation,
        color,
        warnings,
    })
}

pub(super) fn encode(surface: &Surface) -> Result<Vec<u8>, EncodeError> {
    let bytes = surface.clone().into_depth(Depth::U8);
    let (width, height, opaque) = (bytes.width(), bytes.height(), bytes.is_opaque());
    let Pixels::U8(mut pixels) = bytes.into_pixels() else { return Ok(Vec::new()) };
    let mut file = Vec::new();
    let encoder = WebPEncoder::new(&mut file);
    let result = if opaque {
        let packed: Vec<u8> = pixels.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        encoder.encode(&packed, width, height, ColorType::Rgb8)
    } else {
        alpha::unpremultiply_pixels_u8(&mut pixels);
        encoder.encode(pixels.as_flattened(), width, height, ColorType::Rgba8)
    };
    result.map_err(|error| EncodeError::Failed { format: Format::WebP, reason: error.to_string() })?;
    Ok(file)
}

/// Walks the chunks; `whole` if the file must be complete.
fn walk(bytes: &[u8], whole: bool) -> Result<Layout, CodecError> {
    let truncated = || CodecError::Truncated { format: Format::WebP, offset: bytes.len() as u64 };
    let damaged = |at: usize, reason: &str| CodecError::Damaged {
        format: Format::WebP,
        offset: at as u64,
        reason: reason.to_owned(),
    };
    let length = bytes.get(4..8).and_then(|length| length.first_chunk::<4>()).ok_or_else(truncated)?;
    let end = u32::from_le_bytes(*length) as usize + 8;
    if whole && bytes.len() < end {
        return Err(truncated());
    }
    let mut layout = None;
    let mut at = HEAD;
    while at + 8 <= end {
        let Some((&kind, rest)) = bytes.get(at..).and_then(|rest| rest.split_first_chunk::<4>()) else {
            break;
        };
        let Some((&length, data)) = rest.split_first_chunk::<4>() else { break };
        let length = u32::from_le_bytes(length) as usize;
        if length > end - at - 8 {
            return Err(damaged(at, "a chunk is longer than the file"));
        }
        let data = &data[..length.min(data.len())];
        if layout.is_none() {
            let (width, height) = match size(kind, data) {
                Some(size) => size,
                None if data.len() < length => return Err(truncated()),
                None => return Err(damaged(at, "the first chunk is no picture")),
            };
            layout = Some(Layout { width, height, orientation: Orientation::Upright });
        }
        if let (b"EXIF", Some(layout)) = (&kind, &mut layout) {
            layout.orientation = Orientation::from_exif(data);
        }
        at += 8 + length + length % 2;
    }
    layout.ok_or_else(|| if bytes.len() < end { truncated() } else { damaged(HEAD, "there is no picture") })
}

/// The size that the first chunk states.
fn size(kind: [u8; 4], data: &[u8]) -> Option<(u32, u32)> {
    let three =
        |at: usize| Some(u32::from_le_bytes([*data.get(at)?, *data.get(at + 1)?, *data.get(at + 2)?, 0]));
    match &kind {
        b"VP8X" => Some((1 + three(4)?, 1 + three(7)?)),
        b"VP8L" => {
            let bits = u32::from_le_bytes(*data.get(1..5)?.first_chunk::<4>()?);
            Some((1 + (bits & 0x3fff), 1 + (bits >> 14 & 0x3fff)))
        }
        b"VP8 " => {
            let side = |at: usize| {
                Some(u32::from(u16::from_le_bytes([*data.get(at)?, *data.get(at + 1)?]) & 0x3fff))
            };
            Some((side(6)?, side(8)?))
        }
        _ => None,
    }
}

fn failure(error: DecodingError, offset: u64) -> CodecError {
    match error {
        DecodingError::UnsupportedFeature(feature) => {
            CodecError::Unsupported { format: Format::WebP, feature }
        }
        // All chunks are there, so it is their contents that end early.
        DecodingError::IoError(_) => CodecError::Damaged {
            format: Format::WebP,
            offset,
            reason: "the image data end early".to_owned(),
        },
        error => CodecError::Damaged { format: Format::WebP, offset, reason: error.to_string() },
    }
}
