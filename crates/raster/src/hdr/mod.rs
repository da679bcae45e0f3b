//! Pictures of linear light without an upper end: OpenEXR, both ways, and Radiance HDR, from bytes.
//!
//! Owns the way from a file to [`Radiance`] and from scene-referred pixels to OpenEXR. Whatever the file, its colours have
//! the primaries of sRGB and grow with the light. It reads no files itself and trusts no header.

mod exr;
mod radiance;

#[cfg(test)]
mod tests;

use base::{LimitExceeded, Limits};
use rayon::prelude::*;

pub use exr::{EncodeError, encode};

use crate::{
    Pixels,
    codec::{self, CodecError},
};

/// A picture of linear light.
#[derive(Clone, Debug, PartialEq)]
pub struct Radiance {
    /// Width in pixels; above 0.
    pub width: u32,
    /// Height in pixels; above 0.
    pub height: u32,
    /// Rows from the top. Finite, not below 0, with no upper end; 1 is white.
    pub rgb: Vec<[f32; 3]>,
}

/// A file format for linear light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// OpenEXR.
    OpenExr,
    /// Radiance RGBE and XYZE.
    Radiance,
}

impl Format {
    /// The format whose signature `bytes` begin with.
    pub fn sniff(bytes: &[u8]) -> Option<Format> {
        if bytes.starts_with(&[0x76, 0x2f, 0x31, 0x01]) {
            Some(Format::OpenExr)
        } else if bytes.starts_with(b"#?") {
            Some(Format::Radiance)
        } else {
            None
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Format::OpenExr => "OpenEXR",
            Format::Radiance => "Radiance HDR",
        })
    }
}

/// Bytes that are no picture of light.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HdrError {
    /// The content has the signature of no known format.
    #[error(
        "the content is no OpenEXR, Radiance HDR, PNG, JPEG, WebP or GIF picture; convert it to one of these"
    )]
    Unknown,
    /// The file ends before the picture does.
    #[error(
        "the {format} data ends at byte {offset}, before the picture is complete; get a whole copy of the file"
    )]
    Truncated {
        /// The format that the content begins as.
        format: Format,
        /// The number of bytes there are.
        offset: u64,
    },
    /// The content breaks the rules of its format.
    #[error("the {format} data is damaged: {reason}; get another copy of the file")]
    Damaged {
        /// The format.
        format: Format,
        /// What is wrong, and where.
        reason: String,
    },
    /// The content is valid, but of a kind that is not decoded.
    #[error("the {format} picture uses {feature}, which is not supported; save it again without")]
    Unsupported {
        /// The format.
        format: Format,
        /// What it uses.
        feature: String,
    },
    /// A colour is no amount of light.
    #[error(
        "the pixel at {x}, {y} is not finite; replace infinite values and NaN, and save the picture again"
    )]
    NotFinite {
        /// How far right it is, from 0.
        x: u32,
        /// How far down it is, from 0.
        y: u32,
    },
    /// The picture asks for more than the limits allow.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// A picture without light that cannot be read.
    #[error(transparent)]
    Picture(CodecError),
}

/// Whether a file is of a format for linear light, by its content.
pub fn is_hdr(bytes: &[u8]) -> bool {
    Format::sniff(bytes).is_some()
}

/// The light in a picture file, whose format is told by its content: OpenEXR, Radiance HDR, or one that
/// [`codec::decode`] reads, whose white is 1 and whose transparent pixels are dark. Negative colours, which lie outside of
/// the primaries of sRGB, become 0.
///
/// # Errors
/// Bytes that are no picture, end early, or ask for more than the limits allow; colours that are not finite.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Radiance, HdrError> {
    Limits::check("the file's size in bytes", bytes.len() as u64, limits.file_bytes, "fileBytes")?;
    let mut radiance = match Format::sniff(bytes) {
        Some(Format::OpenExr) => exr::decode(bytes, limits)?,
        Some(Format::Radiance) => radiance::decode(bytes, limits)?,
        None => return plain(bytes, limits),
    };
    let broken = radiance.rgb.par_iter().position_first(|rgb| rgb.iter().any(|value| !value.is_finite()));
    if let Some(place) = broken {
        let width = radiance.width as usize;
        return Err(HdrError::NotFinite { x: (place % width) as u32, y: (place / width) as u32 });
    }
    radiance.rgb.par_iter_mut().for_each(|rgb| *rgb = rgb.map(|value| value.max(0.0)));
    Ok(radiance)
}

/// A picture that ends at white.
fn plain(bytes: &[u8], limits: &Limits) -> Result<Radiance, HdrError> {
    let surface = match codec::decode(bytes, limits) {
        Ok(decoded) => decoded.surface,
        Err(CodecError::Unknown) => return Err(HdrError::Unknown),
        Err(CodecError::Limit(limit)) => return Err(limit.into()),
        Err(other) => return Err(HdrError::Picture(other)),
    };
    let (width, height) = (surface.width(), surface.height());
    limits.check_picture(width.into(), height.into(), 12)?;
    Ok(Radiance { width, height, rgb: linear(surface.pixels()) })
}

/// The linear colours of premultiplied sRGB pixels.
pub fn linear(pixels: &Pixels) -> Vec<[f32; 3]> {
    match pixels {
        Pixels::U8(pixels) => {
            let table: Vec<f32> = (0..256_u16).map(|value| decoded(f32::from(value) / 255.0)).collect();
            let of = |value: u8| table.get(usize::from(value)).copied().unwrap_or_default();
            pixels.par_iter().map(|[r, g, b, _]| [*r, *g, *b].map(of)).collect()
        }
        Pixels::F32(pixels) => pixels.par_iter().map(|[r, g, b, _]| [*r, *g, *b].map(decoded)).collect(),
    }
}

/// A linear value of an sRGB one (IEC 61966-2-1).
fn decoded(value: f32) -> f32 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// Checks the size of a picture that takes 12 bytes a pixel once it is decoded, against the limits and its file.
fn check_size(width: u32, height: u32, bytes: &[u8], limits: &Limits) -> Result<(), HdrError> {
    limits.check_picture(width.into(), height.into(), 12)?;
    codec::check_expansion((width, height), 16, bytes.len(), limits)?;
    Ok(())
}
