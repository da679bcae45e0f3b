//! Planes in memory.

use bytemuck::{Pod, Zeroable};
use codecs::{Color, Picture, PictureFormat, PictureMut, Plane};

/// A sample of a plane.
pub trait Sample: Pod + Send + Sync {
    /// From the nearest whole number, held in range.
    fn from_level(level: f32) -> Self;
    /// As a number.
    fn level(self) -> f32;
    /// As a whole number.
    fn whole(self) -> u32;
    /// From a whole number that is in range.
    fn from_whole(whole: u32) -> Self;
}

macro_rules! sample {
    ($of:ty) => {
        impl Sample for $of {
            #[inline(always)]
            fn from_level(level: f32) -> Self {
                (level + 0.5) as $of
            }
            #[inline(always)]
            fn level(self) -> f32 {
                f32::from(self)
            }
            #[inline(always)]
            fn whole(self) -> u32 {
                u32::from(self)
            }
            #[inline(always)]
            fn from_whole(whole: u32) -> Self {
                whole as $of
            }
        }
    };
}

sample!(u8);
sample!(u16);

/// Memory that begins where rows do.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A picture in planes.
#[derive(Clone)]
pub struct Planar {
    width: u32,
    height: u32,
    format: PictureFormat,
    color: Color,
    planes: Vec<Plane>,
    lines: Vec<Line>,
}

impl Planar {
    /// All samples are 0.
    pub fn new(width: u32, height: u32, format: PictureFormat, color: Color) -> Self {
        let (planes, bytes) = format.arranged(width, height);
        Planar { width, height, format, color, planes, lines: vec![Line([0; 64]); bytes.div_ceil(64)] }
    }

    /// It, to be read.
    pub fn view(&self) -> PlanarRef<'_> {
        PlanarRef {
            width: self.width,
            height: self.height,
            format: self.format,
            color: self.color,
            planes: &self.planes,
            data: bytemuck::cast_slice(&self.lines),
        }
    }

    /// It, to be drawn on.
    pub fn view_mut(&mut self) -> PlanarMut<'_> {
        PlanarMut {
            width: self.width,
            height: self.height,
            format: self.format,
            color: self.color,
            planes: &self.planes,
            data: bytemuck::cast_slice_mut(&mut self.lines),
        }
    }
}

/// A picture in planes, to be read.
#[derive(Clone, Copy)]
pub struct PlanarRef<'a> {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How samples are stored.
    pub format: PictureFormat,
    /// What they mean.
    pub color: Color,
    planes: &'a [Plane],
    data: &'a [u8],
}

impl<'a> PlanarRef<'a> {
    /// One that was decoded.
    pub fn of(picture: &'a Picture) -> Self {
        PlanarRef {
            width: picture.width,
            height: picture.height,
            format: picture.format,
            color: picture.color,
            planes: &picture.planes,
            data: &picture.data,
        }
    }

    /// The rows of a plane; samples of a row are as many as the plane is wide. Nothing where there is no such plane, or its
    /// samples are of another size.
    pub fn rows<S: Sample>(&self, plane: usize) -> Vec<&'a [S]> {
        let (width, height) = self.format.plane_size(plane, self.width, self.height);
        let row_bytes = width as usize * size_of::<S>();
        let Some(placed) = self.planes.get(plane).filter(|_| self.format.sample_bytes() == size_of::<S>())
        else {
            return Vec::new();
        };
        let row = |row: usize| {
            let start = placed.offset + row * placed.stride;
            bytemuck::try_cast_slice(self.data.get(start..start + row_bytes)?).ok()
        };
        (0..height as usize).map_while(row).collect()
    }
}

/// A picture in planes, to be drawn on.
pub struct PlanarMut<'a> {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How samples are stored.
    pub format: PictureFormat,
    /// What they mean.
    pub color: Color,
    planes: &'a [Plane],
    data: &'a mut [u8],
}

impl<'a> PlanarMut<'a> {
    /// One that is to be encoded, whose samples mean `color`.
    pub fn of(picture: &'a mut PictureMut, color: Color) -> Self {
        PlanarMut {
            width: picture.width,
            height: picture.height,
            format: picture.format,
            color,
            planes: &picture.planes,
            data: (*picture.data).as_mut(),
        }
    }

    /// The same, to be read.
    pub fn view(&self) -> PlanarRef<'_> {
        PlanarRef {
            width: self.width,
            height: self.height,
            format: self.format,
            color: self.color,
            planes: self.planes,
            data: self.data,
        }
    }

    /// The same for a while.
    pub fn reborrow(&mut self) -> PlanarMut<'_> {
        PlanarMut {
            width: self.width,
            height: self.height,
            format: self.format,
            color: self.color,
            planes: self.planes,
            data: self.data,
        }
    }

    /// The rows of a plane, as [`PlanarRef::rows`].
    pub fn rows<S: Sample>(&mut self, plane: usize) -> Vec<&mut [S]> {
        let (width, height) = self.format.plane_size(plane, self.width, self.height);
        let row_bytes = width as usize * size_of::<S>();
        let Some(placed) = self.planes.get(plane).filter(|_| self.format.sample_bytes() == size_of::<S>())
        else {
            return Vec::new();
        };
        let rows = self.data.get_mut(placed.offset..).unwrap_or_default().chunks_mut(placed.stride.max(1));
        let rows = rows.take(height as usize);
        rows.map_while(|row| bytemuck::try_cast_slice_mut(row.get_mut(..row_bytes)?).ok()).collect()
    }
}
