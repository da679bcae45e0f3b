//! Pictures as codecs hold them: planes of samples, and what the samples mean.

use base::Flicks;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Which planes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layout {
    /// Y alone.
    Gray,
    /// Y, U and V; U and V have half as many columns and rows.
    Yuv420,
    /// Y, U and V; U and V have half as many columns.
    Yuv422,
    /// Y, U and V of the same size.
    Yuv444,
    /// Green, blue, red.
    Gbr,
}

/// How the samples of a picture are stored: in planes, one sample after the other, low byte first where one takes two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PictureFormat {
    /// Which planes there are.
    pub layout: Layout,
    /// Bits that a sample has: 8 take a byte, 10, 12 and 16 two.
    pub bits: u8,
    /// Whether there is a last plane of opacity, of full size; colours are not multiplied with it.
    pub alpha: bool,
}

impl PictureFormat {
    /// What most video has.
    pub const YUV420: PictureFormat = PictureFormat { layout: Layout::Yuv420, bits: 8, alpha: false };

    /// How many planes there are.
    pub fn planes(self) -> usize {
        usize::from(self.alpha) + if self.layout == Layout::Gray { 1 } else { 3 }
    }

    /// Bytes that a sample takes.
    pub fn sample_bytes(self) -> usize {
        if self.bits > 8 { 2 } else { 1 }
    }

    /// By how many powers of two a plane has fewer columns and rows than the picture.
    pub fn subsampling(self, plane: usize) -> (u32, u32) {
        match (self.layout, plane) {
            (Layout::Yuv420, 1 | 2) => (1, 1),
            (Layout::Yuv422, 1 | 2) => (1, 0),
            _ => (0, 0),
        }
    }

    /// The size of a plane of a picture of this size, in samples; what is odd is rounded up.
    pub fn plane_size(self, plane: usize, width: u32, height: u32) -> (u32, u32) {
        let (x, y) = self.subsampling(plane);
        (width.div_ceil(1 << x), height.div_ceil(1 << y))
    }

    /// Where the planes of a picture lie in memory when rows begin at multiples of 64 bytes, and how many bytes there are.
    pub fn arranged(self, width: u32, height: u32) -> (Vec<Plane>, usize) {
        let mut end = 0;
        let planes = (0..self.planes()).map(|plane| {
            let (columns, rows) = self.plane_size(plane, width, height);
            let stride = (columns as usize * self.sample_bytes()).next_multiple_of(64);
            let placed = Plane { offset: end, stride };
            end += stride * rows as usize;
            placed
        });
        (planes.collect(), end)
    }
}

/// Where a plane lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plane {
    /// The byte at which its first row begins.
    pub offset: usize,
    /// Bytes from a row to the next.
    pub stride: usize,
}

/// How Y, U and V come from red, green and blue (ITU-T H.273, MatrixCoefficients).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Matrix {
    /// The planes are green, blue and red themselves.
    Identity,
    /// ITU-R BT.601 (and BT.470 BG, SMPTE 170M).
    Bt601,
    /// ITU-R BT.709.
    Bt709,
    /// SMPTE 240M.
    Smpte240,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
}

/// Which red, green and blue are meant (H.273, ColourPrimaries).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Primaries {
    /// BT.709 and sRGB.
    Bt709,
    /// BT.470 BG: PAL.
    Bt601Pal,
    /// SMPTE 170M: NTSC.
    Bt601Ntsc,
    /// BT.2020.
    Bt2020,
    /// SMPTE EG 432-1: Display P3.
    DisplayP3,
}

/// How samples grow with light (H.273, TransferCharacteristics).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Transfer {
    /// BT.709, BT.601 and BT.2020.
    Bt709,
    /// sRGB.
    Srgb,
    /// In proportion.
    Linear,
    /// SMPTE ST 2084: PQ.
    Pq,
    /// ARIB STD-B67: HLG.
    Hlg,
}

/// What samples mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Color {
    /// How Y, U and V come from red, green and blue.
    pub matrix: Matrix,
    /// Whether samples use all values; otherwise black is 16 and white 235 of 255, colour goes from 16 to 240.
    pub full_range: bool,
    /// Which red, green and blue are meant.
    pub primaries: Primaries,
    /// How samples grow with light.
    pub transfer: Transfer,
}

impl Color {
    /// High-definition video.
    pub const BT709: Color = Color {
        matrix: Matrix::Bt709,
        full_range: false,
        primaries: Primaries::Bt709,
        transfer: Transfer::Bt709,
    };
}

/// A picture that was decoded. Clones share the samples; the memory is free again when the last is gone.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How the samples are stored.
    pub format: PictureFormat,
    /// What they mean.
    pub color: Color,
    /// When it is shown, after the beginning of the file.
    pub time: Flicks,
    /// For how long.
    pub duration: Flicks,
    /// Its number among the frames of its stream, from 0, in the order in which they are shown.
    pub number: u64,
    /// Where the planes are in the data.
    pub planes: Vec<Plane>,
    /// The samples.
    pub data: Bytes,
}

impl Picture {
    /// The rows of a plane from the first on, each of `stride` bytes, and that stride; empty when there is no such plane.
    pub fn plane(&self, plane: usize) -> (&[u8], usize) {
        let Some(placed) = self.planes.get(plane) else { return (&[], 1) };
        (self.data.get(placed.offset..).unwrap_or_default(), placed.stride)
    }
}

/// A picture that is to be drawn, and then encoded. What its memory holds at first is undefined.
pub struct PictureMut {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How the samples are stored.
    pub format: PictureFormat,
    /// Where the planes are in the data.
    pub planes: Vec<Plane>,
    /// The samples.
    pub data: Box<dyn AsMut<[u8]> + Send>,
    /// Which of an encoder's pictures it is.
    pub slot: usize,
}
