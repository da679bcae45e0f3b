//! Between Y, Cb, Cr and red, green, blue.

use codecs::{Color, Layout, Matrix, PictureFormat};
use raster::dispatch::{self, Kernel};
use rayon::prelude::*;

use super::image::{PlanarRef, Sample};

/// What takes levels of samples to colours and back (ITU-R BT.601, BT.709 and BT.2020; ranges as ITU-T H.273, 8.3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// The parts of red and blue in luma.
    red: f32,
    blue: f32,
    /// The level of black, and the levels from there to white.
    black: f32,
    luma: f32,
    /// The level of no colour, and the levels from the lowest to the highest.
    neutral: f32,
    chroma: f32,
    /// The highest level.
    most: f32,
}

impl Coefficients {
    /// Those of samples of so many bits.
    pub fn of(color: Color, bits: u8) -> Self {
        let (red, blue) = match color.matrix {
            Matrix::Identity | Matrix::Bt709 => (0.2126, 0.0722),
            Matrix::Bt601 => (0.299, 0.114),
            Matrix::Smpte240 => (0.212, 0.087),
            Matrix::Bt2020 => (0.2627, 0.0593),
        };
        let unit = f32::from(1u16 << (bits.clamp(8, 16) - 8));
        let most = unit * 256.0 - 1.0;
        let (black, luma, chroma) = match color.full_range {
            true => (0.0, most, most),
            false => (16.0 * unit, 219.0 * unit, 224.0 * unit),
        };
        Coefficients { red, blue, black, luma, neutral: 128.0 * unit, chroma, most }
    }

    /// Y, Cb and Cr as levels, from red, green and blue from 0 to 1.
    #[inline(always)]
    pub fn levels(&self, [r, g, b]: [f32; 3]) -> [f32; 3] {
        let y = self.red * r + (1.0 - self.red - self.blue) * g + self.blue * b;
        let cb = (b - y) / (2.0 * (1.0 - self.blue));
        let cr = (r - y) / (2.0 * (1.0 - self.red));
        let held = |level: f32| level.clamp(0.0, self.most);
        [
            held(self.black + y * self.luma),
            held(self.neutral + cb * self.chroma),
            held(self.neutral + cr * self.chroma),
        ]
    }

    /// The level of a channel that is stored as it is, from 0 to 1.
    #[inline(always)]
    pub fn level(&self, value: f32) -> f32 {
        self.black + value * self.luma
    }

    /// Factors that take levels less their zeros to red, green and blue from 0 to 255: of Y in all, of Cr in red and green,
    /// of Cb in green and blue.
    fn factors(&self) -> [f32; 5] {
        let (luma, chroma) = (255.0 / self.luma, 255.0 / self.chroma);
        let (from_red, from_blue) = (2.0 * (1.0 - self.red), 2.0 * (1.0 - self.blue));
        let green = 1.0 - self.red - self.blue;
        [
            luma,
            from_red * chroma,
            -from_red * self.red / green * chroma,
            -from_blue * self.blue / green * chroma,
            from_blue * chroma,
        ]
    }
}

/// The pixels of a picture: rows from the top, premultiplied sRGB with eight bits. Chroma is that of the nearest sample.
pub fn to_rgba(picture: PlanarRef<'_>) -> Vec<[u8; 4]> {
    match picture.format.sample_bytes() {
        1 => converted::<u8>(picture),
        _ => converted::<u16>(picture),
    }
}

fn converted<S: Sample>(picture: PlanarRef<'_>) -> Vec<[u8; 4]> {
    let PictureFormat { layout, bits, alpha } = picture.format;
    let width = picture.width as usize;
    let mut pixels = vec![[0, 0, 0, 255]; width * picture.height as usize];
    let planes: [Vec<&[S]>; 3] = std::array::from_fn(|plane| match layout {
        Layout::Gray => picture.rows(0),
        _ => picture.rows(plane),
    });
    let opacity: Vec<&[S]> = if alpha { picture.rows(picture.format.planes() - 1) } else { Vec::new() };
    let coefficients = Coefficients::of(picture.color, bits);
    let (shift_x, shift_y) = if layout == Layout::Gray { (0, 0) } else { picture.format.subsampling(1) };
    pixels.par_chunks_mut(width.max(1)).enumerate().for_each(|(y, out)| {
        let rows = [planes[0].get(y), planes[1].get(y >> shift_y), planes[2].get(y >> shift_y)];
        let [Some(first), Some(second), Some(third)] = rows else { return };
        match layout {
            Layout::Gbr => dispatch::run(Direct { out, planes: [third, first, second], coefficients }),
            Layout::Gray => dispatch::run(Direct { out, planes: [first, first, first], coefficients }),
            _ => {
                dispatch::run(FromYuv { out, y: first, cb: second, cr: third, shift: shift_x, coefficients })
            }
        }
        if let Some(opacity) = opacity.get(y) {
            let most = f32::from(u16::MAX >> (16 - bits.clamp(8, 16)));
            for (pixel, alpha) in out.iter_mut().zip(opacity.iter()) {
                let alpha = alpha.level() / most;
                let [r, g, b, _] = pixel.map(|channel| (f32::from(channel) * alpha + 0.5) as u8);
                *pixel = [r, g, b, (alpha * 255.0 + 0.5) as u8];
            }
        }
    });
    pixels
}

struct FromYuv<'a, S> {
    out: &'a mut [[u8; 4]],
    y: &'a [S],
    cb: &'a [S],
    cr: &'a [S],
    shift: u32,
    coefficients: Coefficients,
}

/// Pixels that are converted together: enough for the loops to be vectorised.
const CHUNK: usize = 64;

impl<S: Sample> Kernel for FromYuv<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Coefficients { black, neutral, .. } = self.coefficients;
        let [luma, red_cr, green_cr, green_cb, blue_cb] = self.coefficients.factors();
        let step = CHUNK >> self.shift;
        let chroma = self.cb.chunks(step).zip(self.cr.chunks(step));
        for ((out, y), (cb, cr)) in self.out.chunks_mut(CHUNK).zip(self.y.chunks(CHUNK)).zip(chroma) {
            let (mut wide_cb, mut wide_cr) = ([0.0f32; CHUNK], [0.0f32; CHUNK]);
            for (wide, narrow) in [(&mut wide_cb, cb), (&mut wide_cr, cr)] {
                if self.shift == 1 {
                    for (pair, level) in wide.chunks_exact_mut(2).zip(narrow) {
                        pair.fill(level.level() - neutral);
                    }
                } else {
                    for (one, level) in wide.iter_mut().zip(narrow) {
                        *one = level.level() - neutral;
                    }
                }
            }
            for (((pixel, y), cb), cr) in out.iter_mut().zip(y).zip(&wide_cb).zip(&wide_cr) {
                let y = (y.level() - black) * luma + 0.5;
                pixel[0] = (y + cr * red_cr) as u8;
                pixel[1] = (y + cr * green_cr + cb * green_cb) as u8;
                pixel[2] = (y + cb * blue_cb) as u8;
            }
        }
    }
}

struct Direct<'a, S> {
    out: &'a mut [[u8; 4]],
    planes: [&'a [S]; 3],
    coefficients: Coefficients,
}

impl<S: Sample> Kernel for Direct<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Coefficients { black, luma, .. } = self.coefficients;
        for (channel, plane) in self.planes.into_iter().enumerate() {
            for (pixel, level) in self.out.iter_mut().zip(plane) {
                pixel[channel] = ((level.level() - black) * (255.0 / luma) + 0.5) as u8;
            }
        }
    }
}
