//! Pictures in the device's memory.

use gpu::{Binding, Buffer, Gpu, GpuError};
use raster::{Depth, Mask, Pixels, Surface};

/// A picture in the device's memory, premultiplied as a [`Surface`] is. Its buffer is used again once it is dropped.
#[derive(Debug)]
pub struct Image {
    width: u32,
    height: u32,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Bytes(Buffer<[u8; 4]>),
    Floats(Buffer<[f32; 4]>),
}

impl Image {
    /// A copy of a surface.
    ///
    /// # Errors
    /// It is larger than the adapter allows, there is no memory for it, or the device is lost.
    pub fn upload(gpu: &Gpu, surface: &Surface) -> Result<Self, GpuError> {
        let store = match surface.pixels() {
            Pixels::U8(pixels) => Store::Bytes(gpu.lend_with(pixels)?),
            Pixels::F32(pixels) => Store::Floats(gpu.lend_with(pixels)?),
        };
        Ok(Image { width: surface.width(), height: surface.height(), store })
    }

    /// The surface, when all that was submitted is done.
    ///
    /// # Errors
    /// No memory, or a lost device.
    pub fn download(&self, gpu: &Gpu) -> Result<Surface, GpuError> {
        let pixels = match &self.store {
            Store::Bytes(buffer) => Pixels::U8(gpu.read(buffer)?),
            Store::Floats(buffer) => Pixels::F32(gpu.read(buffer)?),
        };
        Ok(Surface::with_pixels(self.width, self.height, pixels))
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// How finely its channels are stored.
    pub fn depth(&self) -> Depth {
        match self.store {
            Store::Bytes(_) => Depth::U8,
            Store::Floats(_) => Depth::F32,
        }
    }

    /// One with whatever is left in its memory.
    pub(crate) fn lend(gpu: &Gpu, width: u32, height: u32, depth: Depth) -> Result<Self, GpuError> {
        let area = width as usize * height as usize;
        let store = match depth {
            Depth::U8 => Store::Bytes(gpu.lend(area)?),
            Depth::F32 => Store::Floats(gpu.lend(area)?),
        };
        Ok(Image { width, height, store })
    }

    pub(crate) fn binding(&self) -> Binding<'_> {
        match &self.store {
            Store::Bytes(buffer) => buffer.into(),
            Store::Floats(buffer) => buffer.into(),
        }
    }
}

/// Coverage in the device's memory.
#[derive(Debug)]
pub struct MaskImage {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) coverage: Buffer<u8>,
}

impl MaskImage {
    /// A copy of a mask.
    ///
    /// # Errors
    /// As [`Image::upload`].
    pub fn upload(gpu: &Gpu, mask: &Mask) -> Result<Self, GpuError> {
        let coverage = gpu.lend_with(mask.coverage())?;
        Ok(MaskImage { width: mask.width(), height: mask.height(), coverage })
    }
}

/// Whether an adapter has room for so many pixels of this depth in one buffer.
pub(crate) fn fits(gpu: &Gpu, pixels: u64, depth: Depth) -> bool {
    let limits = gpu.limits();
    pixels.saturating_mul(depth.bytes_per_pixel()) <= limits.storage_bytes.min(limits.buffer_bytes)
}
