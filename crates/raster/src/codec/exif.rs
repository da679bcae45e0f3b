//! The orientation of a picture, from its EXIF data.

use rayon::prelude::*;

use crate::{Pixels, Surface};

/// How stored pixels lie relative to the upright picture (EXIF 2.32, tag 0x0112).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Orientation {
    /// As they should.
    #[default]
    Upright,
    /// Mirrored left to right.
    FlippedAcross,
    /// Turned by 180°.
    Rotated180,
    /// Mirrored top to bottom.
    FlippedDown,
    /// Mirrored along the diagonal from the top left.
    Transposed,
    /// To be turned clockwise by 90°.
    Rotated90,
    /// Mirrored along the diagonal from the top right.
    Transversed,
    /// To be turned clockwise by 270°.
    Rotated270,
}

impl Orientation {
    /// All orientations, in the order of their EXIF values from 1.
    pub const ALL: [Orientation; 8] = [
        Orientation::Upright,
        Orientation::FlippedAcross,
        Orientation::Rotated180,
        Orientation::FlippedDown,
        Orientation::Transposed,
        Orientation::Rotated90,
        Orientation::Transversed,
        Orientation::Rotated270,
    ];

    /// The orientation that EXIF data state: a TIFF header and its tags, with or without the `Exif` signature.
    /// What is missing or broken means upright.
    pub fn from_exif(data: &[u8]) -> Orientation {
        orientation_tag(data)
            .and_then(|value| Orientation::ALL.get(usize::from(value).wrapping_sub(1)))
            .copied()
            .unwrap_or_default()
    }

    /// Whether width and height change places.
    pub const fn swaps_sides(self) -> bool {
        matches!(
            self,
            Orientation::Transposed
                | Orientation::Rotated90
                | Orientation::Transversed
                | Orientation::Rotated270
        )
    }

    /// The size of the upright picture of stored pixels of `width` × `height`.
    pub const fn upright_size(self, width: u32, height: u32) -> (u32, u32) {
        if self.swaps_sides() { (height, width) } else { (width, height) }
    }

    /// The upright picture of stored pixels.
    pub fn upright(self, stored: Surface) -> Surface {
        if self == Orientation::Upright {
            return stored;
        }
        let (width, height) = self.upright_size(stored.width(), stored.height());
        let stride = stored.width() as usize;
        let pixels = match stored.into_pixels() {
            Pixels::U8(pixels) => Pixels::U8(self.turned(&pixels, stride)),
            Pixels::F32(pixels) => Pixels::F32(self.turned(&pixels, stride)),
        };
        Surface::with_pixels(width, height, pixels)
    }

    fn turned<P: Copy + Default + Send + Sync>(self, stored: &[P], stride: usize) -> Vec<P> {
        /// Pixels on a side of the squares that are turned one at a time, so that both sides stay in the cache.
        const TILE: usize = 32;
        if stored.is_empty() {
            return Vec::new();
        }
        let (stored_width, stored_height) = (stride, stored.len() / stride);
        let (width, _) = self.upright_size(stored_width as u32, stored_height as u32);
        let width = width as usize;
        // Where the upright pixel (0, 0) lies, and how far apart its right and lower neighbours are.
        let (right, bottom) = (stored_width - 1, (stored_height - 1) * stride);
        let (across, down) = (1isize, stride as isize);
        let (origin, step_x, step_y) = match self {
            Orientation::Upright => (0, across, down),
            Orientation::FlippedAcross => (right, -across, down),
            Orientation::Rotated180 => (bottom + right, -across, -down),
            Orientation::FlippedDown => (bottom, across, -down),
            Orientation::Transposed => (0, down, across),
            Orientation::Rotated90 => (bottom, -down, across),
            Orientation::Transversed => (bottom + right, -down, -across),
            Orientation::Rotated270 => (right, down, -across),
        };
        let mut turned = vec![P::default(); stored.len()];
        turned.par_chunks_mut(TILE * width).enumerate().for_each(|(band, rows)| {
            for left in (0..width).step_by(TILE) {
                for (y, row) in rows.chunks_exact_mut(width).enumerate() {
                    let line = origin as isize + (band * TILE + y) as isize * step_y;
                    for (x, pixel) in row.iter_mut().enumerate().skip(left).take(TILE) {
                        *pixel = stored[(line + x as isize * step_x) as usize];
                    }
                }
            }
        });
        turned
    }
}

/// The value of the orientation tag of the first directory.
fn orientation_tag(data: &[u8]) -> Option<u16> {
    const ORIENTATION: u16 = 0x0112;
    const SHORT: u16 = 3;
    let tiff = data.strip_prefix(b"Exif\0\0").unwrap_or(data);
    let big_endian = match tiff.get(..4)? {
        b"MM\0\x2a" => true,
        b"II\x2a\0" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let long = |at: usize| {
        let (first, second) = (u32::from(short(at)?), u32::from(short(at + 2)?));
        Some(if big_endian { first << 16 | second } else { second << 16 | first })
    };
    let directory = long(4)? as usize;
    let entries = usize::from(short(directory)?);
    (0..entries)
        .map(|index| directory + 2 + 12 * index)
        .take_while(|&entry| entry < tiff.len())
        .find(|&entry| short(entry) == Some(ORIENTATION) && short(entry + 2) == Some(SHORT))
        .and_then(|entry| short(entry + 8))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// EXIF data that state `value`.
    pub(in crate::codec) fn exif(value: u16, big_endian: bool) -> Vec<u8> {
        let short = |v: u16| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
        let long = |v: u32| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
        let mut data = if big_endian { b"MM\0\x2a".to_vec() } else { b"II\x2a\0".to_vec() };
        data.extend(long(8));
        data.extend(short(2));
        for (tag, value) in [(0x0100, 7), (0x0112, value)] {
            data.extend(short(tag));
            data.extend(short(3));
            data.extend(long(1));
            data.extend(short(value));
            data.extend(short(0));
        }
        data.extend(long(0));
        data
    }

    #[test]
    fn every_value_turns_the_picture_as_the_standard_draws_it() {
        // The stored pixels of the upright picture `abc / def`, for EXIF values 1 to 8.
        let stored: [(usize, &str); 8] = [
            (3, "abcdef"),
            (3, "cbafed"),
            (3, "fedcba"),
            (3, "defabc"),
            (2, "adbecf"),
            (2, "cfbead"),
            (2, "fcebda"),
            (2, "daebfc"),
        ];
        for (value, (width, letters)) in (1..).zip(stored) {
            for big_endian in [false, true] {
                let orientation = Orientation::from_exif(&exif(value, big_endian));
                assert_eq!(orientation, Orientation::ALL[usize::from(value) - 1]);
                let pixels = letters.bytes().map(|letter| [letter, 0, 0, 255]).collect();
                let surface = Surface::with_pixels(width as u32, 6 / width as u32, Pixels::U8(pixels));
                let upright = orientation.upright(surface);
                assert_eq!((upright.width(), upright.height()), (3, 2), "{value}");
                let found: Vec<u8> = upright.samples::<u8>().unwrap().iter().map(|pixel| pixel[0]).collect();
                assert_eq!(found, b"abcdef", "{value}");
            }
        }
    }

    #[test]
    fn broken_data_mean_upright() {
        let whole = exif(6, true);
        for length in 0..whole.len() {
            Orientation::from_exif(&whole[..length]);
        }
        assert_eq!(Orientation::from_exif(&exif(0, true)), Orientation::Upright);
        assert_eq!(Orientation::from_exif(&exif(9, false)), Orientation::Upright);
        assert_eq!(Orientation::from_exif(b"MM\0\x2a\xff\xff\xff\xff"), Orientation::Upright);
        assert_eq!(
            Orientation::from_exif(&[b"Exif\0\0".as_slice(), &whole].concat()),
            Orientation::Rotated90
        );
    }
}
