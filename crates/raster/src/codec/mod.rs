//! Picture files: PNG, JPEG and WebP, from bytes and to bytes, and GIF, from bytes.
//!
//! Owns what a file says about its pixels: format, size, depth, colour space, orientation. Decoded pixels are
//! always premultiplied, sRGB and upright. It reads no files itself, trusts no header, and gives a typed error
//! for whatever it cannot decode.

mod color;
mod error;
mod exif;
mod gif;
mod jpeg;
mod jpeg_encode;
mod literals;
mod png;
mod png_encode;
mod webp;

#[cfg(test)]
mod tests;

use base::{Color, Diagnostic, LimitExceeded, Limits};

pub use color::ColorSource;
pub use error::{CodecError, EncodeError};
pub use exif::Orientation;
pub use jpeg_encode::Subsampling;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{Depth, Pixels, Surface};

/// A file format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Portable Network Graphics; of an animated one, the still picture.
    Png,
    /// Baseline and progressive JPEG.
    Jpeg,
    /// Lossy and lossless WebP; of an animated one, the first frame.
    WebP,
    /// GIF, which is only read; of an animated one, the first frame.
    Gif,
}

impl Format {
    /// All formats.
    pub const ALL: &[Format] = &[Format::Png, Format::Jpeg, Format::WebP, Format::Gif];

    /// The name people know it by.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Png => "PNG",
            Format::Jpeg => "JPEG",
            Format::WebP => "WebP",
            Format::Gif => "GIF",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Png => "image/png",
            Format::Jpeg => "image/jpeg",
            Format::WebP => "image/webp",
            Format::Gif => "image/gif",
        }
    }

    /// The extensions of its files, in lower case, the usual one first.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Format::Png => &["png", "apng"],
            Format::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Format::WebP => &["webp"],
            Format::Gif => &["gif"],
        }
    }

    /// The format whose signature `bytes` begin with, or are the beginning of.
    pub fn sniff(bytes: &[u8]) -> Option<Format> {
        let begins = |signature: &[u8]| {
            let common = signature.len().min(bytes.len());
            common > 0 && bytes[..common] == signature[..common]
        };
        if begins(b"\x89PNG\r\n\x1a\n") {
            Some(Format::Png)
        } else if begins(b"\xff\xd8\xff") {
            Some(Format::Jpeg)
        } else if begins(b"RIFF") && (bytes.len() < 8 || b"WEBP".starts_with(&bytes[8..bytes.len().min(12)]))
        {
            Some(Format::WebP)
        } else if begins(b"GIF87a") || begins(b"GIF89a") {
            Some(Format::Gif)
        } else {
            None
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What the head of a file says, before anything is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The format, by content.
    pub format: Format,
    /// Width of the upright picture, in pixels.
    pub width: u32,
    /// Height of the upright picture, in pixels.
    pub height: u32,
    /// Bits of one channel as stored: 1, 2, 4, 8 or 16.
    pub bits: u8,
}

impl Probe {
    /// How a decoded surface stores the channels.
    pub fn depth(&self) -> Depth {
        if self.bits > 8 { Depth::F32 } else { Depth::U8 }
    }
}

/// A decoded picture.
#[derive(Debug)]
pub struct Decoded {
    /// The pixels: premultiplied, converted to sRGB, upright. Floats if the file has more than eight bits a channel.
    pub surface: Surface,
    /// The format of the file.
    pub format: Format,
    /// Bits of one channel as stored: 1, 2, 4, 8 or 16.
    pub bits: u8,
    /// How the stored pixels had to be turned to be upright.
    pub orientation: Orientation,
    /// In which colours the pixels were stored.
    pub color: ColorSource,
    /// What was ignored or assumed. The places are empty: the caller knows the file's name.
    pub warnings: Vec<Diagnostic>,
}

/// A decoded picture whose pixels are as they are stored: not premultiplied, in whatever colours, not turned.
#[derive(Clone, Debug)]
pub struct Texels {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Rows from the top.
    pub rgba: Vec<[u8; 4]>,
    /// What was ignored or assumed.
    pub warnings: Vec<Diagnostic>,
}

/// What the head of `bytes` says, without decoding pixels.
///
/// # Errors
/// [`CodecError::Unknown`] if the content is of no known format; [`CodecError::Truncated`] or [`CodecError::Damaged`] if
/// the head cannot be read.
pub fn probe(bytes: &[u8]) -> Result<Probe, CodecError> {
    match Format::sniff(bytes).ok_or(CodecError::Unknown)? {
        Format::Png => png::probe(bytes),
        Format::Jpeg => jpeg::probe(bytes),
        Format::WebP => webp::probe(bytes),
        Format::Gif => gif::probe(bytes),
    }
}

/// The picture in `bytes`, whose format is told by their content.
///
/// # Errors
/// As for [`probe`]; besides, [`CodecError::Limit`] before any memory is taken for pixels,
/// [`CodecError::Truncated`] if the file ends early, and [`CodecError::Unsupported`] for rare kinds of the formats.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    decode_for(Purpose::Picture, bytes, limits)
}

/// The numbers in `bytes`, for what is laid on surfaces: normals and other data are no colours.
///
/// # Errors
/// As for [`decode`].
pub fn decode_texels(bytes: &[u8], limits: &Limits) -> Result<Texels, CodecError> {
    let Decoded { surface, warnings, .. } = decode_for(Purpose::Texture, bytes, limits)?;
    let (width, height) = (surface.width(), surface.height());
    match surface.into_depth(Depth::U8).into_pixels() {
        Pixels::U8(rgba) => Ok(Texels { width, height, rgba, warnings }),
        Pixels::F32(_) => Err(CodecError::Unknown),
    }
}

/// What pixels are wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To be seen: premultiplied, sRGB, upright.
    Picture,
    /// As they are stored.
    Texture,
}

impl Purpose {
    fn colors(self, declared: color::Declared) -> color::Declared {
        if self == Purpose::Picture { declared } else { color::Declared::Srgb }
    }

    fn orientation(self, stored: Orientation) -> Orientation {
        if self == Purpose::Picture { stored } else { Orientation::default() }
    }
}

fn decode_for(purpose: Purpose, bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    Limits::check("the file's size in bytes", bytes.len() as u64, limits.file_bytes, "fileBytes")?;
    match Format::sniff(bytes).ok_or(CodecError::Unknown)? {
        Format::Png => png::decode(purpose, bytes, limits),
        Format::Jpeg => jpeg::decode(purpose, bytes, limits),
        Format::WebP => webp::decode(purpose, bytes, limits),
        Format::Gif => gif::decode(purpose, bytes, limits),
    }
}

/// How a surface is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoding {
    /// PNG with eight or, for [`Depth::F32`], sixteen bits a channel; lossless but for premultiplication.
    Png {
        /// Eight bits (`U8`) or sixteen (`F32`), whatever the depth of the surface.
        depth: Depth,
    },
    /// Baseline JPEG.
    Jpeg {
        /// Quality, 1 (smallest) to 100 (best).
        quality: u8,
        /// How the colour differences are stored.
        subsampling: Subsampling,
        /// What shows through transparent pixels; its own alpha is ignored.
        background: Color,
    },
    /// Lossless WebP, eight bits a channel.
    WebP,
}

/// What JPEG understands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct JpegOptions {
    /// 1 (smallest) to 100 (best).
    quality: u8,
    /// What shows through where the picture is transparent.
    background: Color,
}

impl Default for JpegOptions {
    fn default() -> Self {
        JpegOptions { quality: 90, background: Color::WHITE }
    }
}

/// What PNG understands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PngOptions {
    /// Of a channel: 8 or 16.
    bits: PngBits,
}

impl Default for PngOptions {
    fn default() -> Self {
        PngOptions { bits: PngBits(Depth::U8) }
    }
}

/// How finely PNG stores channels.
struct PngBits(Depth);

impl<'de> Deserialize<'de> for PngBits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            8 => Ok(PngBits(Depth::U8)),
            16 => Ok(PngBits(Depth::F32)),
            other => Err(D::Error::custom(format!("PNG has 8 or 16 bits a channel, not {other}"))),
        }
    }
}

/// Formats without options of their own.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NoOptions {}

impl Encoding {
    /// What `png` (`{"bits": 8}`), `jpeg` (`{"quality": 90, "background": "#ffffff"}`) or `webp` mean with these options; PNG
    /// for any other name.
    ///
    /// # Errors
    /// The format does not understand the options.
    pub fn of<'o, O: Deserializer<'o>>(format: &str, options: O) -> Result<Self, O::Error> {
        match format {
            "jpeg" => {
                let JpegOptions { quality, background } = JpegOptions::deserialize(options)?;
                let subsampling = if quality >= 90 { Subsampling::Full } else { Subsampling::Quarter };
                Ok(Encoding::Jpeg { quality, subsampling, background })
            }
            "webp" => NoOptions::deserialize(options).map(|_| Encoding::WebP),
            "png" => PngOptions::deserialize(options).map(|png| Encoding::Png { depth: png.bits.0 }),
            _ => NoOptions::deserialize(options).map(|_| Encoding::Png { depth: Depth::U8 }),
        }
    }

    /// The format that is written.
    pub fn format(&self) -> Format {
        match self {
            Encoding::Png { .. } => Format::Png,
            Encoding::Jpeg { .. } => Format::Jpeg,
            Encoding::WebP => Format::WebP,
        }
    }
}

/// The bytes of a file that holds `surface`; the same on every run and with any number of threads.
///
/// # Errors
/// [`EncodeError`] if the format cannot hold a picture of that size, or if the quality is out of range.
pub fn encode(surface: &Surface, encoding: &Encoding) -> Result<Vec<u8>, EncodeError> {
    let format = encoding.format();
    let most = match encoding {
        Encoding::Png { .. } => i32::MAX as u32,
        Encoding::Jpeg { .. } => 65_535,
        Encoding::WebP => 16_384,
    };
    let (width, height) = (surface.width(), surface.height());
    if width == 0 || height == 0 || width > most || height > most {
        return Err(EncodeError::Size { format, width, height, most });
    }
    match *encoding {
        Encoding::Png { depth } => png_encode::encode(surface, depth),
        Encoding::Jpeg { quality, subsampling, background } => {
            jpeg_encode::encode(surface, quality, subsampling, background)
        }
        Encoding::WebP => webp::encode(surface),
    }
}

/// Bytes that any file may expand to, counted as RGBA at the depth of the file: some 50 million pixels of eight bits.
const FREE_BYTES: u64 = 192 << 20;

/// Checks a complete file of `file_bytes` against the limit on expansion: what it decodes to beyond
/// [`FREE_BYTES`] must be in proportion. The number of pixels has been checked before.
pub(crate) fn check_expansion(
    (width, height): (u32, u32),
    bits: u8,
    file_bytes: usize,
    limits: &Limits,
) -> Result<(), LimitExceeded> {
    let bytes = u64::from(width) * u64::from(height) * if bits > 8 { 8 } else { 4 };
    if bytes > FREE_BYTES {
        let what = "how many times its own size the picture expands to";
        Limits::check(what, bytes / (file_bytes as u64).max(1), limits.expansion, "expansion")?;
    }
    Ok(())
}
