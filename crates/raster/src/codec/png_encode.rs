//! Writing PNG: strips of rows are filtered and compressed side by side.
//!
//! The strips are deflated apart, each ended by a flush to a whole byte, so that together they are one stream
//! (RFC 1951, section 3.2.3; RFC 1950 for the check sum). Strips have a fixed size, so that the file does not
//! depend on the number of threads.

use rayon::prelude::*;
use zlib_rs::{Deflate, DeflateFlush, adler32, crc32};

use crate::{
    Depth, Pixels, Surface, alpha,
    codec::{EncodeError, Format, literals},
    dispatch::{self, Kernel},
};

/// Bytes of unfiltered pixels in a strip.
const STRIP: usize = 1 << 20;
/// Bytes that are compressed on trial, to see whether a strip repeats itself.
const TRIAL: usize = 1 << 14;
/// zlib's level for strips that do.
const LEVEL: i32 = 4;

pub(super) fn encode(surface: &Surface, depth: Depth) -> Result<Vec<u8>, EncodeError> {
    let layout = Layout::of(surface, depth);
    let (width, height) = (surface.width() as usize, surface.height() as usize);
    let rows = (STRIP / (width * layout.pixel_bytes())).clamp(1, height);
    let strips = (0..height)
        .into_par_iter()
        .step_by(rows)
        .map(|top| {
            let filtered = layout.filtered(surface, top, (top + rows).min(height));
            let mut data = if top == 0 { vec![0x78, 0x5e] } else { Vec::new() };
            deflate(&filtered, &mut data)?;
            Ok((chunk(b"IDAT", &data), adler32::adler32(1, &filtered), filtered.len()))
        })
        .collect::<Result<Vec<(Vec<u8>, u32, usize)>, EncodeError>>()?;

    let mut file = Vec::with_capacity(strips.iter().map(|(strip, ..)| strip.len()).sum::<usize>() + 128);
    file.extend_from_slice(b"\x89PNG\r\n\x1a\n");
    let mut header = Vec::with_capacity(13);
    header.extend_from_slice(&surface.width().to_be_bytes());
    header.extend_from_slice(&surface.height().to_be_bytes());
    header.extend_from_slice(&[layout.bits(), layout.color_type(), 0, 0, 0]);
    file.extend(chunk(b"IHDR", &header));
    file.extend(chunk(b"sRGB", &[0]));
    let mut check = 1;
    for (strip, strip_check, length) in strips {
        file.extend(strip);
        check = adler32::adler32_combine(check, strip_check, length as u64);
    }
    // A last, empty block ends the stream.
    let mut end = vec![0x03, 0x00];
    end.extend_from_slice(&check.to_be_bytes());
    file.extend(chunk(b"IDAT", &end));
    file.extend(chunk(b"IEND", &[]));
    Ok(file)
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = Vec::with_capacity(data.len() + 12);
    chunk.extend_from_slice(&(data.len() as u32).to_be_bytes());
    chunk.extend_from_slice(kind);
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(&crc32::crc32(0, &chunk[4..]).to_be_bytes());
    chunk
}

/// Which channels are stored, and how: the fewest that lose nothing.
#[derive(Clone, Copy)]
struct Layout {
    depth: Depth,
    color: bool,
    alpha: bool,
}

impl Layout {
    fn of(surface: &Surface, depth: Depth) -> Self {
        let color = match surface.pixels() {
            Pixels::U8(pixels) => pixels.par_chunks(1 << 16).any(has_color),
            Pixels::F32(pixels) => pixels.par_chunks(1 << 16).any(has_color),
        };
        Layout { depth, color, alpha: !surface.is_opaque() }
    }

    fn channels(self) -> usize {
        usize::from(self.alpha) + if self.color { 3 } else { 1 }
    }

    fn bits(self) -> u8 {
        match self.depth {
            Depth::U8 => 8,
            Depth::F32 => 16,
        }
    }

    fn pixel_bytes(self) -> usize {
        self.channels() * usize::from(self.bits() / 8)
    }

    fn color_type(self) -> u8 {
        2 * u8::from(self.color) + 4 * u8::from(self.alpha)
    }

    /// Rows `top..bottom` as they are compressed: each with the filter that leaves the least, and its number
    /// before it.
    fn filtered(self, surface: &Surface, top: usize, bottom: usize) -> Vec<u8> {
        let line = surface.width() as usize * self.pixel_bytes();
        // The row above the first one is there to predict from.
        let mut rows = vec![0; line];
        if top > 0 {
            rows.clear();
            self.store(surface, top - 1, &mut rows);
        }
        for y in top..bottom {
            self.store(surface, y, &mut rows);
        }
        let mut filtered = vec![0; (line + 1) * (bottom - top)];
        dispatch::run(FilterRows { rows: &rows, line, pixel: self.pixel_bytes(), filtered: &mut filtered });
        filtered
    }

    /// Appends row `y` as straight samples in the order of the file.
    fn store(self, surface: &Surface, y: usize, out: &mut Vec<u8>) {
        let width = surface.width() as usize;
        let row = y * width..(y + 1) * width;
        match (surface.pixels(), self.depth) {
            (Pixels::U8(pixels), Depth::U8) if self.alpha => {
                self.pack(pixels[row].iter().map(|&pixel| alpha::unpremultiply_u8(pixel).map(|v| [v])), out);
            }
            (Pixels::U8(pixels), Depth::U8) => {
                self.pack(pixels[row].iter().map(|pixel| pixel.map(|v| [v])), out)
            }
            (Pixels::U8(pixels), Depth::F32) => {
                // 255 times 257 is 65,535.
                let wide = |v: u8| [v, v];
                self.pack(pixels[row].iter().map(|&pixel| alpha::unpremultiply_u8(pixel).map(wide)), out);
            }
            (Pixels::F32(pixels), Depth::U8) => {
                let byte = |v: f32| [(v * 255.0 + 0.5) as u8];
                self.pack(pixels[row].iter().map(|&pixel| alpha::unpremultiply_f32(pixel).map(byte)), out);
            }
            (Pixels::F32(pixels), Depth::F32) => {
                let short = |v: f32| ((v * 65535.0 + 0.5) as u16).to_be_bytes();
                self.pack(pixels[row].iter().map(|&pixel| alpha::unpremultiply_f32(pixel).map(short)), out);
            }
        }
    }

    fn pack<const N: usize>(self, pixels: impl Iterator<Item = [[u8; N]; 4]>, out: &mut Vec<u8>) {
        match (self.color, self.alpha) {
            (true, true) => pixels.for_each(|pixel| out.extend_from_slice(pixel.as_flattened())),
            (true, false) => pixels.for_each(|[r, g, b, _]| out.extend_from_slice([r, g, b].as_flattened())),
            (false, true) => pixels.for_each(|[y, _, _, a]| out.extend_from_slice([y, a].as_flattened())),
            (false, false) => pixels.for_each(|[y, ..]| out.extend_from_slice(&y)),
        }
    }
}

fn has_color<P: PartialEq>(pixels: &[[P; 4]]) -> bool {
    pixels.iter().any(|[r, g, b, _]| r != g || g != b)
}

/// Filters rows of `line` bytes, the first of which only serves to predict the second (PNG, section 9).
struct FilterRows<'a> {
    rows: &'a [u8],
    line: usize,
    pixel: usize,
    filtered: &'a mut [u8],
}

impl Kernel for FilterRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut candidate = vec![0; self.line];
        let above = self.rows.chunks_exact(self.line);
        let rows = self.rows[self.line..].chunks_exact(self.line);
        for ((row, above), out) in rows.zip(above).zip(self.filtered.chunks_exact_mut(self.line + 1)) {
            let [kind, best @ ..] = out else { continue };
            best.copy_from_slice(row);
            let mut least = magnitude(best);
            // At the left edge there is nothing to the left: zero.
            let start = self.pixel.min(self.line);
            for filter in [2u8, 1, 3, 4] {
                let (head, body) = candidate.split_at_mut(start);
                let (left, upper_left) = (&row[..row.len() - start], &above[..above.len() - start]);
                let inner = body.iter_mut().zip(&row[start..]).zip(left).zip(&above[start..]).zip(upper_left);
                match filter {
                    1 => inner.for_each(|((((out, x), a), _), _)| *out = x.wrapping_sub(*a)),
                    2 => inner.for_each(|((((out, x), _), b), _)| *out = x.wrapping_sub(*b)),
                    3 => inner.for_each(|((((out, x), a), b), _)| *out = x.wrapping_sub(mean(*a, *b))),
                    _ => inner.for_each(|((((out, x), a), b), c)| *out = x.wrapping_sub(paeth(*a, *b, *c))),
                }
                for ((out, x), b) in head.iter_mut().zip(row).zip(above) {
                    *out = match filter {
                        1 => *x,
                        3 => x.wrapping_sub(mean(0, *b)),
                        _ => x.wrapping_sub(*b),
                    };
                }
                let magnitude = magnitude(&candidate);
                if magnitude < least {
                    least = magnitude;
                    *kind = filter;
                    best.copy_from_slice(&candidate);
                }
            }
        }
    }
}

#[inline(always)]
fn mean(a: u8, b: u8) -> u8 {
    ((u16::from(a) + u16::from(b)) / 2) as u8
}

/// The neighbour nearest to a + b - c.
#[inline(always)]
fn paeth(a: u8, b: u8, c: u8) -> u8 {
    let (wide_a, wide_b, wide_c) = (i16::from(a), i16::from(b), i16::from(c));
    let from_a = (wide_b - wide_c).abs();
    let from_b = (wide_a - wide_c).abs();
    let from_c = (wide_a + wide_b - 2 * wide_c).abs();
    let b_or_c = if from_b <= from_c { b } else { c };
    if from_a <= from_b && from_a <= from_c { a } else { b_or_c }
}

/// The sum of the bytes as signed distances: a guess at how well they compress.
#[inline(always)]
fn magnitude(bytes: &[u8]) -> u64 {
    bytes
        .chunks(1 << 12)
        .map(|part| u64::from(part.iter().map(|&v| u32::from(v.min(v.wrapping_neg()))).sum::<u32>()))
        .sum()
}

/// Appends `filtered` as deflate blocks that end on a whole byte and are not the last.
///
/// Where repeats do not pay, as in photographs, bytes are coded one by one: that is several times as fast, and
/// smaller than with the short chance repeats that zlib would take.
fn deflate(filtered: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let middle = filtered.len() / 2;
    let trial = &filtered[middle.saturating_sub(TRIAL / 2)..(middle + TRIAL / 2).min(filtered.len())];
    let mut repeating = Vec::new();
    deflate_repeats(trial, &mut repeating)?;
    if repeating.len() < literals::cost(trial) {
        deflate_repeats(filtered, out)
    } else {
        literals::deflate(filtered, out);
        Ok(())
    }
}

fn deflate_repeats(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let failed = |reason: &str| EncodeError::Failed { format: Format::Png, reason: reason.to_owned() };
    let start = out.len();
    out.resize(start + bytes.len() + bytes.len() / 8 + 64, 0);
    let mut deflate = Deflate::new(LEVEL, false, 15);
    let room = &mut out[start..];
    deflate.compress(bytes, room, DeflateFlush::SyncFlush).map_err(|error| failed(error.as_str()))?;
    if deflate.total_in() != bytes.len() as u64 || deflate.total_out() == room.len() as u64 {
        return Err(failed("the compressor ran out of space"));
    }
    out.truncate(start + deflate.total_out() as usize);
    Ok(())
}
