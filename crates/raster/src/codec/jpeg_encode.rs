//! Writing JPEG: strips are coded side by side and joined by restart markers (ITU-T T.81, section E.1.4).

use base::Color;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use rayon::prelude::*;

use crate::{
    Depth, Surface,
    alpha::mul_u8,
    codec::{EncodeError, Format},
};

/// How finely a JPEG stores colour differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subsampling {
    /// One for every pixel (4:4:4).
    Full,
    /// One for every square of four pixels (4:2:0): smaller, softer at coloured edges.
    Quarter,
}

/// Pixels that one thread codes at a time.
const STRIP: usize = 1 << 19;

pub(super) fn encode(
    surface: &Surface,
    quality: u8,
    subsampling: Subsampling,
    background: Color,
) -> Result<Vec<u8>, EncodeError> {
    if !(1..=100).contains(&quality) {
        return Err(EncodeError::Quality(quality));
    }
    let bytes;
    let surface = match surface.depth() {
        Depth::U8 => surface,
        Depth::F32 => {
            bytes = surface.clone().into_depth(Depth::U8);
            &bytes
        }
    };
    let opaque = surface.is_opaque();
    let (sampling, block) = match subsampling {
        Subsampling::Full => (SamplingFactor::F_1_1, 8),
        Subsampling::Quarter => (SamplingFactor::F_2_2, 16),
    };
    let (width, height) = (surface.width() as usize, surface.height() as usize);
    let blocks_across = width.div_ceil(block);
    // A restart interval is counted in sixteen bits.
    let blocks_down = (STRIP / (width * block)).clamp(1, usize::from(u16::MAX) / blocks_across);
    let strip = blocks_down * block * width;
    let coded = surface.samples::<u8>().unwrap_or_default().par_chunks(strip).map(|pixels| {
        let flat;
        let pixels = if opaque {
            pixels.as_flattened()
        } else {
            flat = pixels.iter().map(|&pixel| over(pixel, background)).collect::<Vec<[u8; 4]>>();
            flat.as_flattened()
        };
        let mut file = Vec::with_capacity(pixels.len() / 8);
        let mut encoder = Encoder::new(&mut file, quality);
        encoder.set_sampling_factor(sampling);
        let rows = pixels.len() / 4 / width;
        encoder
            .encode(pixels, width as u16, rows as u16, ColorType::Rgba)
            .map_err(|error| failed(&error.to_string()))?;
        Ok(file)
    });
    let strips = coded.collect::<Result<Vec<Vec<u8>>, EncodeError>>()?;
    match strips.as_slice() {
        [] => Err(failed("there are no pixels")),
        [whole] => Ok(whole.clone()),
        strips => join(strips, height as u16, (blocks_across * blocks_down) as u16),
    }
}

/// The pixel on an opaque background.
fn over([r, g, b, a]: [u8; 4], background: Color) -> [u8; 4] {
    let through = |color: u8| mul_u8(color, 255 - a);
    [r + through(background.r), g + through(background.g), b + through(background.b), 255]
}

fn failed(reason: &str) -> EncodeError {
    EncodeError::Failed { format: Format::Jpeg, reason: reason.to_owned() }
}

/// One file out of the files of its strips, which differ in nothing but their pixels: the head of the first with the
/// true height, the restart interval in blocks, and the coded pixels of each, parted by restart markers.
fn join(strips: &[Vec<u8>], height: u16, interval: u16) -> Result<Vec<u8>, EncodeError> {
    let parts = strips.iter().map(|file| Parts::of(file)).collect::<Option<Vec<Parts<'_>>>>();
    let parts =
        parts.filter(|parts| !parts.is_empty()).ok_or_else(|| failed("the strips cannot be joined"))?;
    let mut joined = Vec::with_capacity(strips.iter().map(Vec::len).sum());
    joined.extend_from_slice(parts[0].head);
    joined[parts[0].height..][..2].copy_from_slice(&height.to_be_bytes());
    joined.extend_from_slice(&[0xff, 0xdd, 0, 4]);
    joined.extend_from_slice(&interval.to_be_bytes());
    joined.extend_from_slice(parts[0].scan_header);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            joined.extend_from_slice(&[0xff, 0xd0 + (index as u8 - 1) % 8]);
        }
        joined.extend_from_slice(part.coded);
    }
    joined.extend_from_slice(&[0xff, 0xd9]);
    Ok(joined)
}

/// A baseline file with one scan.
struct Parts<'a> {
    /// Everything before the scan header.
    head: &'a [u8],
    /// Where in the head the height is.
    height: usize,
    scan_header: &'a [u8],
    /// The coded pixels.
    coded: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(file: &'a [u8]) -> Option<Self> {
        let mut at = 2;
        let mut height = None;
        loop {
            let [0xff, marker, high, low] = *file.get(at..)?.first_chunk::<4>()? else { return None };
            let next = at + 2 + usize::from(u16::from_be_bytes([high, low]));
            match marker {
                // Marker, length, precision, and then the height.
                0xc0 | 0xc1 => height = Some(at + 5),
                0xda => {
                    let coded = file.get(next..)?.strip_suffix(&[0xff, 0xd9])?;
                    return Some(Parts {
                        head: &file[..at],
                        height: height?,
                        scan_header: &file[at..next],
                        coded,
                    });
                }
                _ => {}
            }
            at = next;
        }
    }
}
