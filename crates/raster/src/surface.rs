//! The picture in memory.

use base::{LimitExceeded, Limits};
use rayon::prelude::*;

/// How finely a channel is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// Eight bits, 0–255.
    U8,
    /// A 32-bit float, 0–1; what pictures of 16 bits a channel become.
    F32,
}

impl Depth {
    /// Bytes of one RGBA pixel: 4 or 16.
    pub const fn bytes_per_pixel(self) -> u64 {
        match self {
            Depth::U8 => 4,
            Depth::F32 => 16,
        }
    }
}

/// Pixels row by row without padding, each red, green, blue, alpha; colour is premultiplied, so that it never exceeds
/// alpha.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    /// Eight bits a channel.
    U8(Vec<[u8; 4]>),
    /// A float a channel.
    F32(Vec<[f32; 4]>),
}

impl Pixels {
    /// The number of pixels.
    pub fn len(&self) -> usize {
        match self {
            Pixels::U8(pixels) => pixels.len(),
            Pixels::F32(pixels) => pixels.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Pixels that do not fill their surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{found} pixels do not fill a surface of {width}×{height}")]
pub struct SizeMismatch {
    /// Pixels given.
    pub found: usize,
    /// Width asked for.
    pub width: u32,
    /// Height asked for.
    pub height: u32,
}

/// A rectangle of pixels; the position may lie outside the surface it is used on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelRect {
    /// Left edge, in pixels.
    pub x: i32,
    /// Top edge, in pixels.
    pub y: i32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl PixelRect {
    /// The rectangle from (`x`, `y`) of `width` × `height`.
    pub const fn new(x: i32, y: i32, width: u32, height: u32) -> Self {
        PixelRect { x, y, width, height }
    }

    /// The part that both cover, if any.
    pub fn intersect(self, other: PixelRect) -> Option<PixelRect> {
        let (left, top) = (self.x.max(other.x), self.y.max(other.y));
        let right =
            (i64::from(self.x) + i64::from(self.width)).min(i64::from(other.x) + i64::from(other.width));
        let bottom =
            (i64::from(self.y) + i64::from(self.height)).min(i64::from(other.y) + i64::from(other.height));
        let width = u32::try_from(right - i64::from(left)).ok().filter(|&w| w > 0)?;
        let height = u32::try_from(bottom - i64::from(top)).ok().filter(|&h| h > 0)?;
        Some(PixelRect { x: left, y: top, width, height })
    }
}

/// A channel value of a surface: `u8` or `f32`.
pub trait Sample: Copy + Default + PartialEq + Send + Sync + sealed::Sealed + 'static {
    /// Full intensity or full opacity.
    const ONE: Self;

    /// The value in 0–1, correctly rounded, so that [`from_unit`](Sample::from_unit) gives it back.
    fn to_unit(self) -> f32;

    /// The nearest storable value of `unit`, which is clamped to 0–1.
    fn from_unit(unit: f32) -> Self;

    /// The pixels, if they are of this type.
    fn slice(pixels: &Pixels) -> Option<&[[Self; 4]]>;

    /// The pixels for change, if they are of this type.
    fn slice_mut(pixels: &mut Pixels) -> Option<&mut [[Self; 4]]>;

    /// Pixels of this type.
    fn wrap(pixels: Vec<[Self; 4]>) -> Pixels;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for f32 {}
}

impl Sample for u8 {
    const ONE: Self = 255;

    #[inline(always)]
    fn to_unit(self) -> f32 {
        f32::from(self) / 255.0
    }

    #[inline(always)]
    fn from_unit(unit: f32) -> Self {
        // Adding 2^23 leaves the rounded integer in the low bits; unlike a saturating cast, this vectorises.
        ((unit * 255.0).clamp(0.0, 255.0) + 8_388_608.0).to_bits() as u8
    }

    fn slice(pixels: &Pixels) -> Option<&[[u8; 4]]> {
        match pixels {
            Pixels::U8(pixels) => Some(pixels),
            Pixels::F32(_) => None,
        }
    }

    fn slice_mut(pixels: &mut Pixels) -> Option<&mut [[u8; 4]]> {
        match pixels {
            Pixels::U8(pixels) => Some(pixels),
            Pixels::F32(_) => None,
        }
    }

    fn wrap(pixels: Vec<[u8; 4]>) -> Pixels {
        Pixels::U8(pixels)
    }
}

impl Sample for f32 {
    const ONE: Self = 1.0;

    #[inline(always)]
    fn to_unit(self) -> f32 {
        self
    }

    #[inline(always)]
    fn from_unit(unit: f32) -> Self {
        unit.clamp(0.0, 1.0)
    }

    fn slice(pixels: &Pixels) -> Option<&[[f32; 4]]> {
        match pixels {
            Pixels::U8(_) => None,
            Pixels::F32(pixels) => Some(pixels),
        }
    }

    fn slice_mut(pixels: &mut Pixels) -> Option<&mut [[f32; 4]]> {
        match pixels {
            Pixels::U8(_) => None,
            Pixels::F32(pixels) => Some(pixels),
        }
    }

    fn wrap(pixels: Vec<[f32; 4]>) -> Pixels {
        Pixels::F32(pixels)
    }
}

/// A picture: width × height premultiplied RGBA pixels in the sRGB encoding. Either side may be zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    width: u32,
    height: u32,
    pixels: Pixels,
}

impl Surface {
    /// A transparent surface, unless it would exceed the limits on pixels or memory.
    pub fn new(width: u32, height: u32, depth: Depth, limits: &Limits) -> Result<Self, LimitExceeded> {
        limits.check_picture(width.into(), height.into(), depth.bytes_per_pixel())?;
        Ok(Self::transparent(width, height, depth))
    }

    /// The surface made of `pixels`, which must be exactly `width` × `height` premultiplied pixels.
    pub fn from_pixels(width: u32, height: u32, pixels: Pixels) -> Result<Self, SizeMismatch> {
        if pixels.len() as u64 != u64::from(width) * u64::from(height) {
            return Err(SizeMismatch { found: pixels.len(), width, height });
        }
        Ok(Surface { width, height, pixels })
    }

    /// The surface made of `pixels`, known to be `width` × `height`: [`Surface::from_pixels`] checks it.
    pub fn with_pixels(width: u32, height: u32, pixels: Pixels) -> Self {
        debug_assert_eq!(pixels.len(), area(width, height));
        Surface { width, height, pixels }
    }

    /// A transparent surface whose size has been checked, or is that of another surface.
    pub fn transparent(width: u32, height: u32, depth: Depth) -> Self {
        let pixels = match depth {
            Depth::U8 => Pixels::U8(vec![[0; 4]; area(width, height)]),
            Depth::F32 => Pixels::F32(vec![[0.0; 4]; area(width, height)]),
        };
        Surface { width, height, pixels }
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The whole surface as a rectangle at the origin.
    pub fn bounds(&self) -> PixelRect {
        PixelRect::new(0, 0, self.width, self.height)
    }

    /// How the channels are stored.
    pub fn depth(&self) -> Depth {
        match self.pixels {
            Pixels::U8(_) => Depth::U8,
            Pixels::F32(_) => Depth::F32,
        }
    }

    /// The pixels, row by row.
    pub fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The pixels for change; who changes them keeps colour at or below alpha.
    pub fn pixels_mut(&mut self) -> PixelsMut<'_> {
        match &mut self.pixels {
            Pixels::U8(pixels) => PixelsMut::U8(pixels),
            Pixels::F32(pixels) => PixelsMut::F32(pixels),
        }
    }

    /// The pixels alone.
    pub fn into_pixels(self) -> Pixels {
        self.pixels
    }

    /// The pixels as `P`, if that is how they are stored.
    pub fn samples<P: Sample>(&self) -> Option<&[[P; 4]]> {
        P::slice(&self.pixels)
    }

    /// The pixels as `P` for change, if that is how they are stored.
    pub fn samples_mut<P: Sample>(&mut self) -> Option<&mut [[P; 4]]> {
        P::slice_mut(&mut self.pixels)
    }

    /// The pixel at (`x`, `y`) in 0–1, if it lies inside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[f32; 4]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let index = y as usize * self.width as usize + x as usize;
        Some(match &self.pixels {
            Pixels::U8(pixels) => pixels[index].map(Sample::to_unit),
            Pixels::F32(pixels) => pixels[index],
        })
    }

    /// The same picture at another depth; eight bits are the rounded floats.
    pub fn into_depth(self, depth: Depth) -> Self {
        let pixels = match (self.pixels, depth) {
            (Pixels::U8(pixels), Depth::F32) => {
                Pixels::F32(pixels.par_iter().map(|pixel| pixel.map(u8::to_unit)).collect())
            }
            (Pixels::F32(pixels), Depth::U8) => {
                Pixels::U8(pixels.par_iter().map(|pixel| pixel.map(u8::from_unit)).collect())
            }
            (pixels, _) => pixels,
        };
        Surface { pixels, ..self }
    }

    /// Whether every pixel is fully opaque.
    pub fn is_opaque(&self) -> bool {
        match &self.pixels {
            Pixels::U8(pixels) => {
                pixels.par_chunks(1 << 16).all(|chunk| chunk.iter().fold(255, |all, p| all & p[3]) == 255)
            }
            Pixels::F32(pixels) => {
                pixels.par_chunks(1 << 16).all(|chunk| chunk.iter().all(|pixel| pixel[3] >= 1.0))
            }
        }
    }

    /// The part of `rect` inside the surface, if there is one and the pixels are stored as `P`.
    pub fn view<P: Sample>(&self, rect: PixelRect) -> Option<View<'_, P>> {
        let rect = rect.intersect(self.bounds())?;
        Some(View { pixels: self.samples()?, stride: self.width as usize, rect })
    }

    /// A copy of `rect`; what lies outside the surface is transparent. The size is checked against the limits.
    pub fn crop(&self, rect: PixelRect, limits: &Limits) -> Result<Self, LimitExceeded> {
        let mut crop = Surface::new(rect.width, rect.height, self.depth(), limits)?;
        match &mut crop.pixels {
            Pixels::U8(pixels) => self.copy_rect(rect, pixels),
            Pixels::F32(pixels) => self.copy_rect(rect, pixels),
        }
        Ok(crop)
    }

    fn copy_rect<P: Sample>(&self, rect: PixelRect, target: &mut [[P; 4]]) {
        let Some(view) = self.view::<P>(rect) else { return };
        let left = (view.rect.x - rect.x) as usize;
        let top = (view.rect.y - rect.y) as usize;
        let rows = target.chunks_exact_mut(rect.width as usize).skip(top);
        for (row, source) in rows.zip(view.rows()) {
            row[left..left + source.len()].copy_from_slice(source);
        }
    }
}

/// The pixels of a surface for change, in their number fixed.
#[derive(Debug)]
pub enum PixelsMut<'a> {
    /// Eight bits a channel.
    U8(&'a mut [[u8; 4]]),
    /// A float a channel.
    F32(&'a mut [[f32; 4]]),
}

/// A rectangle of a surface, read in place.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, P> {
    pixels: &'a [[P; 4]],
    stride: usize,
    rect: PixelRect,
}

impl<'a, P: Sample> View<'a, P> {
    /// Where the view lies on its surface.
    pub fn rect(&self) -> PixelRect {
        self.rect
    }

    /// The rows from top to bottom, each as wide as the view.
    pub fn rows(self) -> impl ExactSizeIterator<Item = &'a [[P; 4]]> {
        let left = self.rect.x as usize;
        let first = self.rect.y as usize * self.stride;
        let end = first + self.rect.height as usize * self.stride;
        let width = self.rect.width as usize;
        self.pixels[first..end].chunks_exact(self.stride).map(move |row| &row[left..left + width])
    }
}

fn area(width: u32, height: u32) -> usize {
    width as usize * height as usize
}

impl Surface {
    /// A surface of one colour, eight bits a channel, unless it would exceed the limits.
    pub fn filled(
        width: u32,
        height: u32,
        color: base::Color,
        limits: &Limits,
    ) -> Result<Self, LimitExceeded> {
        limits.check_picture(width.into(), height.into(), Depth::U8.bytes_per_pixel())?;
        let pixel = super::alpha::premultiply_u8([color.r, color.g, color.b, color.a]);
        Ok(Surface { width, height, pixels: Pixels::U8(vec![pixel; area(width, height)]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(width: u32, height: u32) -> Surface {
        let pixels = (0..width * height).map(|i| [i as u8, (i / 2) as u8, 0, 255]).collect();
        Surface::from_pixels(width, height, Pixels::U8(pixels)).unwrap()
    }

    #[test]
    fn sizes_are_checked() {
        let limits = Limits { pixels: 100, import_bytes: 500, ..Limits::default() };
        assert!(Surface::new(10, 10, Depth::U8, &limits).is_ok());
        assert_eq!(Surface::new(101, 1, Depth::U8, &limits).unwrap_err().setting, "pixels");
        assert_eq!(Surface::new(10, 10, Depth::F32, &limits).unwrap_err().setting, "importBytes");
        assert_eq!(Surface::new(u32::MAX, u32::MAX, Depth::F32, &limits).unwrap_err().setting, "pixels");
        assert!(Surface::filled(11, 10, base::Color::WHITE, &limits).is_err());
        assert!(counted(10, 10).crop(PixelRect::new(0, 0, 11, 10), &limits).is_err());
        let mismatch = Surface::from_pixels(3, 2, Pixels::U8(vec![[0; 4]; 5])).unwrap_err();
        assert_eq!(mismatch, SizeMismatch { found: 5, width: 3, height: 2 });
    }

    #[test]
    fn eight_bits_survive_the_floats() {
        let pixels: Vec<[u8; 4]> = (0..=255).map(|v| [v, v / 2, 0, 255]).collect();
        let surface = Surface::from_pixels(256, 1, Pixels::U8(pixels)).unwrap();
        let floats = surface.clone().into_depth(Depth::F32);
        assert_eq!(floats.pixel(255, 0), Some([1.0, 127.0 / 255.0, 0.0, 1.0]));
        assert!(floats.is_opaque() && surface.is_opaque());
        assert!(floats.into_depth(Depth::U8) == surface);
    }

    #[test]
    fn views_and_crops_show_what_lies_there() {
        let surface = counted(5, 4);
        let view = surface.view::<u8>(PixelRect::new(3, 2, 9, 9)).unwrap();
        assert_eq!(view.rect(), PixelRect::new(3, 2, 2, 2));
        let reds: Vec<Vec<u8>> = view.rows().map(|row| row.iter().map(|pixel| pixel[0]).collect()).collect();
        assert_eq!(reds, [[13, 14], [18, 19]]);
        assert!(surface.view::<f32>(surface.bounds()).is_none());
        for outside in
            [PixelRect::new(5, 0, 1, 1), PixelRect::new(i32::MIN, 0, 7, 7), PixelRect::new(0, 0, 0, 3)]
        {
            assert!(surface.view::<u8>(outside).is_none(), "{outside:?}");
        }
        let crop = surface.crop(PixelRect::new(-1, 3, 3, 2), &Limits::default()).unwrap();
        let reds: Vec<u8> = crop.samples::<u8>().unwrap().iter().map(|pixel| pixel[0]).collect();
        assert_eq!(reds, [0, 15, 16, 0, 0, 0]);
        assert_eq!((crop.pixel(0, 0), crop.pixel(3, 0)), (Some([0.0; 4]), None));
    }
}
