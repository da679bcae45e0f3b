//! Reading PNG (third edition).

use std::{borrow::Cow, io::Cursor};

use base::{Diagnostic, Limits};
use png::{BitDepth, ColorType, Decoder, DecodingError, Reader, Transformations};

use crate::{
    Depth, PixelsMut, Surface, alpha,
    codec::{
        CodecError, Decoded, Format, Orientation, Probe, Purpose, check_expansion,
        color::{self, Converter, Declared, Model},
    },
};

const SIGNATURE: usize = 8;
/// Bytes of a chunk besides its data: length, type, check sum.
const CHUNK_FRAME: usize = 12;
/// Rows that are converted while the next ones are decompressed.
const BAND: usize = 64;

/// The head of a file, and what its chunks tell without their contents.
struct Layout {
    width: u32,
    height: u32,
    bits: u8,
    animated: bool,
}

impl Layout {
    fn depth(&self) -> Depth {
        if self.bits > 8 { Depth::F32 } else { Depth::U8 }
    }
}

pub(super) fn probe(bytes: &[u8]) -> Result<Probe, CodecError> {
    let (width, height, bits) = header(bytes)?;
    let orientation = chunks(bytes)
        .map_while(Result::ok)
        .take_while(|chunk| chunk.kind != *b"IDAT")
        .find(|chunk| chunk.kind == *b"eXIf")
        .map(|chunk| Orientation::from_exif(chunk.data))
        .unwrap_or_default();
    let (width, height) = orientation.upright_size(width, height);
    Ok(Probe { format: Format::Png, width, height, bits })
}

pub(super) fn decode(purpose: Purpose, bytes: &[u8], limits: &Limits) -> Result<Decoded, CodecError> {
    let layout = layout(bytes, limits)?;
    let depth = layout.depth();
    check_expansion((layout.width, layout.height), layout.bits, bytes.len(), limits)?;

    let mut cursor = Cursor::new(bytes);
    let limit = png::Limits { bytes: usize::try_from(limits.import_bytes).unwrap_or(usize::MAX) };
    let mut decoder = Decoder::new_with_limits(&mut cursor, limit);
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    let result = decoder.read_info().and_then(|mut reader| {
        let described = Description::of(purpose, &reader);
        let surface = read_pixels(&mut reader, &layout, depth, &described)?;
        if !layout.animated {
            // The last check sum comes after the last pixel.
            reader.finish()?;
        }
        Ok((surface, described))
    });
    let (surface, described) = result.map_err(|error| failure(error, cursor.position()))?;

    let mut warnings: Vec<Diagnostic> = described.color.warning().into_iter().collect();
    if layout.animated {
        warnings.push(Diagnostic::warning("", "the picture is animated; only its still picture was decoded"));
    }
    Ok(Decoded {
        surface: described.orientation.upright(surface),
        format: Format::Png,
        bits: layout.bits,
        orientation: described.orientation,
        color: described.color,
        warnings,
    })
}

/// What a file says about its pixels besides their number, and how they are converted.
struct Description {
    orientation: Orientation,
    color: color::ColorSource,
    bytes: Option<Converter<u8>>,
    floats: Option<Converter<f32>>,
    purpose: Purpose,
}

impl Description {
    fn of<R: std::io::BufRead + std::io::Seek>(purpose: Purpose, reader: &Reader<R>) -> Self {
        let info = reader.info();
        let model = match info.color_type {
            ColorType::Grayscale | ColorType::GrayscaleAlpha => Model::Gray,
            ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => Model::Rgb,
        };
        let declared = purpose.colors(declared(info));
        let orientation = info.exif_metadata.as_deref().map(Orientation::from_exif).unwrap_or_default();
        let orientation = purpose.orientation(orientation);
        if info.bit_depth == BitDepth::Sixteen {
            let (floats, color) = color::floats_to_srgb(&declared, model);
            Description { orientation, color, bytes: None, floats, purpose }
        } else {
            let (bytes, color) = color::bytes_to_srgb(&declared, model);
            Description { orientation, color, bytes, floats: None, purpose }
        }
    }
}

/// The colours of a file: of several statements the first of this order counts (section 4.3).
fn declared(info: &png::Info<'_>) -> Declared {
    if let Some(cicp) = &info.coding_independent_code_points {
        let (primaries, transfer) = (cicp.color_primaries, cicp.transfer_function);
        return Declared::Cicp { primaries, transfer };
    }
    if let Some(icc) = &info.icc_profile {
        return Declared::Icc(Cow::into_owned(icc.clone()));
    }
    if info.srgb.is_some() {
        return Declared::Srgb;
    }
    let Some(gamma) = info.gama_chunk.map(|gamma| gamma.into_value()) else { return Declared::Srgb };
    let chromaticities = info.chrm_chunk.map(|given| {
        [given.white, given.red, given.green, given.blue].map(|(x, y)| (x.into_value(), y.into_value()))
    });
    // 1/2.2 is how files have always said "like sRGB".
    if chromaticities.is_none() && (gamma - 1.0 / 2.2).abs() < 0.001 {
        return Declared::Srgb;
    }
    Declared::Gamma { gamma, chromaticities }
}

/// The pixels of the still picture: premultiplied sRGB, as they are stored.
fn read_pixels<R: std::io::BufRead + std::io::Seek>(
    reader: &mut Reader<R>,
    layout: &Layout,
    depth: Depth,
    described: &Description,
) -> Result<Surface, DecodingError> {
    let mut surface = Surface::transparent(layout.width, layout.height, depth);
    let (channels, _) = reader.output_color_type();
    let width = layout.width as usize;
    let line = reader.output_line_size(layout.width).ok_or(DecodingError::LimitsExceeded)?;
    let interlaced = reader.info().interlaced;
    let mut whole = Vec::new();
    if interlaced {
        whole = vec![0; reader.output_buffer_size().ok_or(DecodingError::LimitsExceeded)?];
        reader.next_frame(&mut whole)?;
    }
    let mut whole = whole.chunks(BAND * line);
    // One band is converted on another thread while the next one is decompressed on this.
    rayon::in_place_scope(|scope| {
        let mut rows = |count: usize| -> Result<Cow<'_, [u8]>, DecodingError> {
            if interlaced {
                return Ok(Cow::Borrowed(whole.next().unwrap_or_default()));
            }
            let mut band = vec![0; count * line];
            for row in band.chunks_exact_mut(line) {
                reader.read_row(row)?;
            }
            Ok(Cow::Owned(band))
        };
        match surface.pixels_mut() {
            PixelsMut::U8(pixels) => {
                for target in pixels.chunks_mut(BAND * width) {
                    let band = rows(target.len() / width)?;
                    scope.spawn(move |_| convert_bytes(&band, channels, described, target));
                }
            }
            PixelsMut::F32(pixels) => {
                for target in pixels.chunks_mut(BAND * width) {
                    let band = rows(target.len() / width)?;
                    scope.spawn(move |_| convert_floats(&band, channels, described, target));
                }
            }
        }
        Ok::<(), DecodingError>(())
    })?;
    Ok(surface)
}

fn has_alpha(channels: ColorType) -> bool {
    matches!(channels, ColorType::GrayscaleAlpha | ColorType::Rgba)
}

fn convert_bytes(band: &[u8], channels: ColorType, described: &Description, target: &mut [[u8; 4]]) {
    match channels {
        ColorType::Grayscale | ColorType::Indexed => {
            target.iter_mut().zip(band).for_each(|(out, &y)| *out = [y, y, y, 255]);
        }
        ColorType::GrayscaleAlpha => {
            let pixels = band.as_chunks::<2>().0;
            target.iter_mut().zip(pixels).for_each(|(out, &[y, a])| *out = [y, y, y, a]);
        }
        ColorType::Rgb => {
            let pixels = band.as_chunks::<3>().0;
            target.iter_mut().zip(pixels).for_each(|(out, &[r, g, b])| *out = [r, g, b, 255]);
        }
        ColorType::Rgba => target.copy_from_slice(band.as_chunks::<4>().0),
    }
    if let Some(converter) = &described.bytes {
        converter.convert(target);
    }
    if has_alpha(channels) && described.purpose == Purpose::Picture {
        alpha::premultiply_pixels_u8(target);
    }
}

fn convert_floats(band: &[u8], channels: ColorType, described: &Description, target: &mut [[f32; 4]]) {
    let unit = |sample: [u8; 2]| f32::from(u16::from_be_bytes(sample)) / 65535.0;
    let samples = band.as_chunks::<2>().0;
    match channels {
        ColorType::Grayscale | ColorType::Indexed => {
            target.iter_mut().zip(samples).for_each(|(out, &y)| *out = [unit(y), unit(y), unit(y), 1.0]);
        }
        ColorType::GrayscaleAlpha => {
            let pixels = samples.as_chunks::<2>().0;
            target
                .iter_mut()
                .zip(pixels)
                .for_each(|(out, &[y, a])| *out = [unit(y), unit(y), unit(y), unit(a)]);
        }
        ColorType::Rgb => {
            let pixels = samples.as_chunks::<3>().0;
            target
                .iter_mut()
                .zip(pixels)
                .for_each(|(out, &[r, g, b])| *out = [unit(r), unit(g), unit(b), 1.0]);
        }
        ColorType::Rgba => {
            let pixels = samples.as_chunks::<4>().0;
            target.iter_mut().zip(pixels).for_each(|(out, pixel)| *out = pixel.map(unit));
        }
    }
    if let Some(converter) = &described.floats {
        converter.convert(target);
    }
    if has_alpha(channels) && described.purpose == Purpose::Picture {
        alpha::premultiply_pixels_f32(target);
    }
}

struct Chunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
}

fn damaged(offset: usize, reason: impl Into<String>) -> CodecError {
    CodecError::Damaged { format: Format::Png, offset: offset as u64, reason: reason.into() }
}

fn truncated(bytes: &[u8]) -> CodecError {
    CodecError::Truncated { format: Format::Png, offset: bytes.len() as u64 }
}

/// The chunks up to and including the last; the error says where they break off.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Result<Chunk<'_>, CodecError>> {
    let mut at = SIGNATURE;
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let Some((length, rest)) = bytes.get(at..).and_then(|rest| rest.split_first_chunk::<4>()) else {
            done = true;
            return Some(Err(truncated(bytes)));
        };
        let Some((&kind, rest)) = rest.split_first_chunk::<4>() else {
            done = true;
            return Some(Err(truncated(bytes)));
        };
        let length = u32::from_be_bytes(*length) as usize;
        if !kind.iter().all(u8::is_ascii_alphabetic) || length > i32::MAX as usize {
            done = true;
            return Some(Err(damaged(at, "there should be a chunk")));
        }
        if rest.len() < length + 4 {
            done = true;
            return Some(Err(truncated(bytes)));
        }
        at += CHUNK_FRAME + length;
        done = kind == *b"IEND";
        Some(Ok(Chunk { kind, data: &rest[..length] }))
    })
}

/// Width, height and bits per channel.
fn header(bytes: &[u8]) -> Result<(u32, u32, u8), CodecError> {
    let head = chunks(bytes).next().unwrap_or_else(|| Err(truncated(bytes)))?;
    if head.kind != *b"IHDR" || head.data.len() != 13 {
        return Err(damaged(SIGNATURE, "the first chunk is not the header"));
    }
    let side = |at: usize| {
        u32::from_be_bytes([head.data[at], head.data[at + 1], head.data[at + 2], head.data[at + 3]])
    };
    Ok((side(0), side(4), head.data[8]))
}

/// Checks the size, then walks all chunks, so that a file that ends early is told from one that is damaged.
fn layout(bytes: &[u8], limits: &Limits) -> Result<Layout, CodecError> {
    let (width, height, bits) = header(bytes)?;
    let mut layout = Layout { width, height, bits, animated: false };
    limits.check_picture(width.into(), height.into(), layout.depth().bytes_per_pixel())?;
    for chunk in chunks(bytes) {
        layout.animated |= chunk?.kind == *b"acTL";
    }
    Ok(layout)
}

fn failure(error: DecodingError, offset: u64) -> CodecError {
    let reason = match error {
        // All chunks are there, so it is their contents that end early.
        DecodingError::IoError(_) => "the image data end early".to_owned(),
        error => error.to_string().trim_end_matches('.').to_owned(),
    };
    CodecError::Damaged { format: Format::Png, offset, reason }
}
