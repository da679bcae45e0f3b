//! Radiance HDR (Ward, Real Pixels, 1991, and the description of picture files in Radiance's `filefmts`).
//!
//! Pixels count as they are stored: like most programs, this reads past `EXPOSURE` and `COLORCORR`.

use base::Limits;

use super::{Format, HdrError, Radiance, check_size};

/// Widths whose rows may be compressed channel by channel.
const PACKED: std::ops::RangeInclusive<usize> = 8..=0x7fff;
/// The longest line of a header in bytes.
const LINE: usize = 4096;
/// From CIE XYZ to linear sRGB, by rows (IEC 61966-2-1, for the white of D65).
const SRGB_FROM_XYZ: [[f32; 3]; 3] = [
    [3.240_97, -1.537_383, -0.498_611],
    [-0.969_244, 1.875_968, 0.041_555],
    [0.055_63, -0.203_977, 1.056_972],
];

/// Reads a file that begins with `#?`.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Radiance, HdrError> {
    let mut reader = Reader { bytes, at: 0 };
    let mut is_xyz = false;
    loop {
        let line = reader.line()?;
        if line.is_empty() {
            break;
        }
        if let Some(format) = line.strip_prefix(b"FORMAT=".as_slice()) {
            is_xyz = match format.trim_ascii() {
                b"32-bit_rle_rgbe" => false,
                b"32-bit_rle_xyze" => true,
                other => {
                    let feature = format!("the format {:?}", String::from_utf8_lossy(other));
                    return Err(HdrError::Unsupported { format: Format::Radiance, feature });
                }
            };
        }
    }
    let start = reader.at;
    let layout = Layout::read(reader.line()?)
        .ok_or_else(|| damaged(start, "there is no size, as in '-Y 512 +X 1024'".to_owned()))?;
    check_size(layout.width() as u32, layout.height() as u32, bytes, limits)?;
    let mut rgb = vec![[0.0; 3]; layout.width() * layout.height()];
    let mut row = vec![[0; 4]; layout.length];
    for number in 0..layout.count {
        reader.row(&mut row)?;
        for (step, pixel) in row.iter().enumerate() {
            if let Some(place) = rgb.get_mut(layout.place(number, step)) {
                *place = if is_xyz { srgb(light(*pixel)) } else { light(*pixel) };
            }
        }
    }
    Ok(Radiance { width: layout.width() as u32, height: layout.height() as u32, rgb })
}

/// The light of a pixel: three mantissas and a common exponent.
fn light([r, g, b, exponent]: [u8; 4]) -> [f32; 3] {
    if exponent == 0 {
        return [0.0; 3];
    }
    let scale = f64::from(i32::from(exponent) - 136).exp2() as f32;
    [r, g, b].map(|mantissa| f32::from(mantissa) * scale)
}

fn srgb(xyz: [f32; 3]) -> [f32; 3] {
    SRGB_FROM_XYZ.map(|row| row.iter().zip(xyz).map(|(factor, value)| factor * value).sum())
}

/// How the rows of a file lie in the picture.
struct Layout {
    /// How many rows the file has.
    count: usize,
    /// How many pixels each has.
    length: usize,
    /// Whether its rows are columns of the picture.
    upright: bool,
    /// Whether they, and the pixels in them, come from the far end.
    reversed: [bool; 2],
}

impl Layout {
    /// Of a line such as `-Y 512 +X 1024`; none when it is no such line.
    fn read(line: &[u8]) -> Option<Layout> {
        let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let mut next = || {
            let [sign @ (b'-' | b'+'), axis @ (b'X' | b'Y')] = words.next()? else { return None };
            let count: u32 = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
            (count > 0).then_some((*axis, *sign == b'-', count as usize))
        };
        let (first, second) = (next()?, next()?);
        let upright = match (first.0, second.0) {
            (b'Y', b'X') => false,
            (b'X', b'Y') => true,
            _ => return None,
        };
        // y grows upwards there: −Y begins at the top.
        let from_far_end = |(axis, is_down, _): (u8, bool, usize)| (axis == b'Y') != is_down;
        let reversed = [from_far_end(first), from_far_end(second)];
        Some(Layout { count: first.2, length: second.2, upright, reversed })
    }

    fn width(&self) -> usize {
        if self.upright { self.count } else { self.length }
    }

    fn height(&self) -> usize {
        if self.upright { self.length } else { self.count }
    }

    /// The place of a pixel among the rows of the picture.
    fn place(&self, row: usize, step: usize) -> usize {
        let row = if self.reversed[0] { self.count - 1 - row } else { row };
        let step = if self.reversed[1] { self.length - 1 - step } else { step };
        if self.upright { step * self.count + row } else { row * self.length + step }
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    /// The bytes up to the end of a line.
    fn line(&mut self) -> Result<&'b [u8], HdrError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().take(LINE).position(|byte| *byte == b'\n');
        match end.and_then(|end| rest.get(..end)) {
            Some(line) => {
                self.at += line.len() + 1;
                Ok(line.trim_ascii_end())
            }
            None if rest.len() < LINE => Err(self.truncated()),
            None => Err(damaged(self.at, format!("a line of the header is longer than {LINE} bytes"))),
        }
    }

    fn truncated(&self) -> HdrError {
        HdrError::Truncated { format: Format::Radiance, offset: self.bytes.len() as u64 }
    }

    fn byte(&mut self) -> Result<u8, HdrError> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.truncated())?;
        self.at += 1;
        Ok(byte)
    }

    fn pixel(&mut self) -> Result<[u8; 4], HdrError> {
        let end = self.at + 4;
        let pixel = self.bytes.get(self.at..end).and_then(|bytes| bytes.try_into().ok());
        let pixel = pixel.ok_or_else(|| self.truncated())?;
        self.at = end;
        Ok(pixel)
    }

    fn row(&mut self, row: &mut [[u8; 4]]) -> Result<(), HdrError> {
        let start = self.at;
        if PACKED.contains(&row.len())
            && let [2, 2, high @ 0..=127, low] = self.pixel()?
        {
            let length = usize::from(high) << 8 | usize::from(low);
            if length != row.len() {
                return Err(damaged(
                    start,
                    format!("a row is {length} pixels long instead of {}", row.len()),
                ));
            }
            return (0..4).try_for_each(|channel| self.channel(row, channel));
        }
        self.at = start;
        self.plain(row)
    }

    /// One channel of a row: runs of one value, and values.
    fn channel(&mut self, row: &mut [[u8; 4]], channel: usize) -> Result<(), HdrError> {
        let mut rest = row;
        while !rest.is_empty() {
            let start = self.at;
            let code = usize::from(self.byte()?);
            let (count, run) = if code > 128 { (code - 128, Some(self.byte()?)) } else { (code, None) };
            let (part, after) = Some(count)
                .filter(|count| *count > 0)
                .and_then(|count| rest.split_at_mut_checked(count))
                .ok_or_else(|| damaged(start, format!("{count} pixels do not fit into their row")))?;
            for pixel in part {
                pixel[channel] = match run {
                    Some(value) => value,
                    None => self.byte()?,
                };
            }
            rest = after;
        }
        Ok(())
    }

    /// Whole pixels, of which some say how often the one before them is there again.
    fn plain(&mut self, row: &mut [[u8; 4]]) -> Result<(), HdrError> {
        let (mut place, mut shift) = (0, 0);
        let mut before = None;
        while place < row.len() {
            let start = self.at;
            let pixel = self.pixel()?;
            let ([1, 1, 1, count], Some(repeated)) = (pixel, before) else {
                row[place] = pixel;
                (before, shift) = (Some(pixel), 0);
                place += 1;
                continue;
            };
            let count = usize::from(count) << shift;
            let Some(part) = row.get_mut(place..).and_then(|rest| rest.get_mut(..count)) else {
                return Err(damaged(start, format!("{count} pixels do not fit into their row")));
            };
            part.fill(repeated);
            place += count;
            shift =
                if shift < 24 { shift + 8 } else { return Err(damaged(start, "a run without end".into())) };
        }
        Ok(())
    }
}

fn damaged(offset: usize, reason: String) -> HdrError {
    HdrError::Damaged { format: Format::Radiance, reason: format!("near byte {offset}, {reason}") }
}
