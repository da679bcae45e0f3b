//! Reading JPEG (ITU-T T.81), with the marks that Adobe and EXIF left in its segments.

use base::{Diagnostic, Limits};
use rayon::prelude::*;
use zune_jpeg::{
    JpegDecoder,
    errors::DecodeErrors,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use crate::{
    Depth, Pixels, Surface, alpha,
    codec::{
        CodecError, Decoded, Format, Orientation, Probe, Purpose, check_expansion,
        color::{self, ColorSource, Declared, Model},
    },
};

/// What the segments of a file tell.
#[derive(Debug, Default)]
struct Layout {
    width: u32,
    height: u32,
    bits: u8,
    /// The identifiers of the components; they tell RGB from YCbCr where Adobe does not.
    components: Vec<u8>,
    /// The transform of the Adobe segment: 0 none, 1 YCbCr, 2 YCCK.
    adobe: Option<u8>,
    orientation: Orientation,
    /// The pieces of the ICC profile by their numbers.
    icc: Vec<(u8, Vec<u8>)>,
    /// Where the first scan begins.
    scan: usize,
    /// What makes the file one that we cannot read.
    unsupported: Option<String>,
}

impl Layout {
    fn declared(&mut self) -> Declared {
        self.icc.sort_by_key(|(number, _)| *number);
        let icc = self.icc.iter().flat_map(|(_, piece)| piece).copied().collect::<Vec<u8>>();
        if icc.is_empty() { Declared::Srgb } else { Declared::Icc(icc) }
    }

    fn is_rgb(&self) -> bool {
        self.components == *b"RGB" || (self.components.len() == 3 && self.adobe == Some(0))
    }
}

pub(super) fn probe(bytes: &[u8]) -> Result<Probe, CodecError> {
    let layout = walk(bytes, Until::Scan)?;
    let (width, height) = layout.orientation.upright_size(layout.width, layout.height);
    Ok(Probe { format: Format::Jpeg, width, height, bits: layout.bits })
}

pub(super) fn decode(purpose: Purpose, bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let head = walk(bytes, Until::Scan)?;
    limits.check_picture(head.width.into(), head.height.into(), Depth::U8.bytes_per_pixel())?;
    if let Some(feature) = head.unsupported {
        return Err(CodecError::Unsupported { format: Format::Jpeg, feature });
    }
    let mut layout = walk(bytes, Until::End)?;
    check_expansion((layout.width, layout.height), 8, bytes.len(), limits)?;

    let (mut pixels, model) = read_pixels(bytes, &layout)?;
    let (converter, color) = color::bytes_to_srgb(&purpose.colors(layout.declared()), model);
    match (converter, model) {
        (Some(converter), Model::Cmyk) => {
            converter.convert(&mut pixels);
            alpha::in_bands(&mut pixels, |[r, g, b, _]| [r, g, b, 255]);
        }
        (Some(converter), _) => converter.convert(&mut pixels),
        (None, Model::Cmyk) => alpha::in_bands(&mut pixels, naive_rgb),
        (None, _) => {}
    }

    let mut warnings: Vec<Diagnostic> = color.warning().into_iter().collect();
    if model == Model::Cmyk && color == ColorSource::Srgb {
        warnings.push(Diagnostic::warning(
            "",
            "the picture is CMYK without a profile; its colours are approximate",
        ));
    }
    let stored = Surface::with_pixels(layout.width, layout.height, Pixels::U8(pixels));
    let orientation = purpose.orientation(layout.orientation);
    Ok(Decoded {
        surface: orientation.upright(stored),
        format: Format::Jpeg,
        bits: layout.bits,
        orientation,
        color,
        warnings,
    })
}

/// The pixels as they are stored: RGBA, or CMYK with 0 for no ink.
fn read_pixels(bytes: &[u8], layout: &Layout) -> Result<(Vec<[u8; 4]>, Model), CodecError> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let (space, model) = match layout.components.len() {
        1 => (ColorSpace::RGBA, Model::Gray),
        3 if layout.is_rgb() => (ColorSpace::RGB, Model::Rgb),
        3 => (ColorSpace::RGBA, Model::Rgb),
        _ if layout.adobe == Some(2) => (ColorSpace::YCCK, Model::Cmyk),
        _ => (ColorSpace::CMYK, Model::Cmyk),
    };
    let options = options.jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let failure = |error| failure(error, layout.scan);
    let mut pixels = vec![[0u8; 4]; layout.width as usize * layout.height as usize];
    let stored = pixels.as_flattened_mut();
    if space == ColorSpace::RGB {
        let mut packed = vec![0; stored.len() / 4 * 3];
        decoder.decode_into(&mut packed).map_err(failure)?;
        let packed = packed.as_chunks::<3>().0;
        pixels.par_iter_mut().zip(packed).for_each(|(pixel, &[r, g, b])| *pixel = [r, g, b, 255]);
    } else {
        decoder.decode_into(stored).map_err(failure)?;
    }
    if space == ColorSpace::YCCK {
        alpha::in_bands(&mut pixels, ycck_to_cmyk);
    }
    // Adobe's programs store CMYK inverted.
    if model == Model::Cmyk && layout.adobe.is_some() {
        alpha::in_bands(&mut pixels, |pixel| pixel.map(|ink| 255 - ink));
    }
    Ok((pixels, model))
}

/// CMYK out of YCCK, which codes the complements of the first three channels as if they were RGB (T.872, section
/// 6.5.3).
fn ycck_to_cmyk([y, cb, cr, k]: [u8; 4]) -> [u8; 4] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    let level = |value: f32| 255 - (value + 0.5) as u8;
    [level(y + 1.402 * cr), level(y - 0.344_136 * cb - 0.714_136 * cr), level(y + 1.772 * cb), k]
}

/// sRGB as if inks were perfect filters.
fn naive_rgb([c, m, y, k]: [u8; 4]) -> [u8; 4] {
    let light = |ink: u8| alpha::mul_u8(255 - ink, 255 - k);
    [light(c), light(m), light(y), 255]
}

/// How far a file is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// To the first scan: everything before the pixels.
    Scan,
    /// To the end of the picture.
    End,
}

/// Walks the segments, so that a file that ends early is told from one that is damaged.
fn walk(bytes: &[u8], until: Until) -> Result<Layout, CodecError> {
    let mut layout = Layout::default();
    let mut at = 2;
    loop {
        let (marker, next) = next_marker(bytes, at)?;
        let segment = match marker {
            // Markers without a segment: TEM, RST, SOI.
            0x01 | 0xd0..=0xd8 => {
                at = next;
                continue;
            }
            EOI if layout.components.is_empty() => return Err(damaged(next, "there is no frame header")),
            EOI => return Ok(layout),
            _ => segment(bytes, next)?,
        };
        at = next + 2 + segment.len();
        match marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                layout.read_frame(marker, segment, next)?
            }
            SOS if layout.components.is_empty() => return Err(damaged(next, "there is no frame header")),
            SOS if until == Until::Scan => return Ok(layout),
            SOS if layout.scan == 0 => layout.scan = next,
            0xe1 if segment.starts_with(b"Exif\0\0") => layout.orientation = Orientation::from_exif(segment),
            0xe2 => {
                if let Some([number, _, piece @ ..]) = segment.strip_prefix(b"ICC_PROFILE\0".as_slice()) {
                    layout.icc.push((*number, piece.to_vec()));
                }
            }
            0xee if segment.starts_with(b"Adobe") && segment.len() >= 12 => layout.adobe = Some(segment[11]),
            _ => {}
        }
    }
}

const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;

/// The next marker from `at` on, and where its segment begins. Entropy-coded data, where 0xff is followed by 0 or a
/// restart, are passed over.
fn next_marker(bytes: &[u8], mut at: usize) -> Result<(u8, usize), CodecError> {
    let truncated = || CodecError::Truncated { format: Format::Jpeg, offset: bytes.len() as u64 };
    loop {
        let rest = bytes.get(at..).ok_or_else(truncated)?;
        at += rest.iter().position(|&byte| byte == 0xff).ok_or_else(truncated)? + 1;
        match *bytes.get(at).ok_or_else(truncated)? {
            0 | 0xff | 0xd0..=0xd7 => {}
            marker => return Ok((marker, at + 1)),
        }
    }
}

/// The contents of the segment at `at`, without its length.
fn segment(bytes: &[u8], at: usize) -> Result<&[u8], CodecError> {
    let truncated = CodecError::Truncated { format: Format::Jpeg, offset: bytes.len() as u64 };
    let Some((length, rest)) = bytes.get(at..).and_then(|rest| rest.split_first_chunk::<2>()) else {
        return Err(truncated);
    };
    let length = usize::from(u16::from_be_bytes(*length));
    if length < 2 {
        return Err(damaged(at, "a segment is shorter than its length"));
    }
    rest.get(..length - 2).ok_or(truncated)
}

impl Layout {
    /// Reads a frame header: precision, height, width, components.
    fn read_frame(&mut self, marker: u8, segment: &[u8], at: usize) -> Result<(), CodecError> {
        let [bits, height_high, height_low, width_high, width_low, count, components @ ..] = segment else {
            return Err(damaged(at, "the frame header is too short"));
        };
        if !self.components.is_empty() {
            return Err(damaged(at, "there is a second frame header"));
        }
        self.bits = *bits;
        self.height = u32::from(u16::from_be_bytes([*height_high, *height_low]));
        self.width = u32::from(u16::from_be_bytes([*width_high, *width_low]));
        self.components =
            components.chunks(3).take(usize::from(*count)).map(|component| component[0]).collect();
        self.unsupported = match (marker, *bits, *count) {
            (0xc3 | 0xc7 | 0xcb | 0xcf, ..) => Some("lossless coding".to_owned()),
            (0xc9.., ..) => Some("arithmetic coding".to_owned()),
            (0xc5..=0xc7, ..) => Some("hierarchical coding".to_owned()),
            (_, bits, _) if bits != 8 => Some(format!("{bits} bits a channel")),
            (.., count) if !matches!(count, 1 | 3 | 4) => Some(format!("{count} channels")),
            _ if self.height == 0 => Some("a height that is given after the pixels".to_owned()),
            _ if self.width == 0 => return Err(damaged(at, "the picture has no width")),
            _ if self.components.len() != usize::from(*count) => {
                return Err(damaged(at, "the frame header is too short"));
            }
            _ => None,
        };
        Ok(())
    }
}

fn damaged(at: usize, reason: &str) -> CodecError {
    CodecError::Damaged { format: Format::Jpeg, offset: at as u64, reason: reason.to_owned() }
}

fn failure(error: DecodeErrors, scan: usize) -> CodecError {
    match error {
        DecodeErrors::Unsupported(feature) => {
            CodecError::Unsupported { format: Format::Jpeg, feature: format!("{feature:?}") }
        }
        error => damaged(scan, error.to_string().trim_matches(['"', '.', ' '])),
    }
}
