//! The running means of [`raster::boxes`], to the same bytes.

use bytemuck::{Pod, Zeroable};
use gpu::{Binding, Buffer, Commands, Gpu, GpuError};
use raster::boxes::{Blur, Method, Window};

use crate::launch::{Shader, launch, source};

/// The rows and columns of a workgroup of `down` and of `turn`.
const DOWN: [u32; 2] = [64, 4];
const TURN: u32 = 16;
/// The rows that an invocation makes: enough that they outweigh the first sum of its window, and few enough that there are
/// invocations for all of a device.
const ROWS: std::ops::RangeInclusive<u32> = 64..=512;

/// Four bytes, or four 16-bit integers between two means.
type Bytes = Buffer<[u8; 4]>;
type Fixed = Buffer<[u16; 4]>;

/// As `Mean` in `means.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Mean {
    size: [u32; 2],
    window: [u32; 2],
    rows: u32,
    from_bytes: u32,
    to_bytes: u32,
    scale: f32,
    one: f32,
    unused: u32,
}

/// What of a blur the GPU makes to the same bytes: running means along the axes that change, of which there is one at
/// least; `None` for other blurs.
pub fn means(blur: &Blur) -> Option<[Option<[Window; 3]>; 2]> {
    let axis = |method: &Option<Method>| match method {
        None => Some(None),
        Some(Method::Means(windows)) => Some(Some(*windows)),
        Some(Method::Direct(_)) => None,
    };
    let axes = [axis(&blur.across)?, axis(&blur.down)?];
    axes.iter().any(Option::is_some).then_some(axes)
}

/// Whether an adapter has room for the means of so many pixels.
pub fn fits(gpu: &Gpu, pixels: u64) -> bool {
    let limits = gpu.limits();
    pixels.saturating_mul(size_of::<[u16; 4]>() as u64) <= limits.storage_bytes.min(limits.buffer_bytes)
}

/// A picture in the device's memory, with what its blur needs.
pub struct Picture<'g> {
    gpu: &'g Gpu,
    size: [u32; 2],
    pixels: Bytes,
    turned: Bytes,
    fixed: [Fixed; 2],
}

impl<'g> Picture<'g> {
    /// A copy of rows of `width` pixels.
    ///
    /// # Errors
    /// They are more than the adapter allows, there is no memory for them, or the device is lost.
    pub fn upload(gpu: &'g Gpu, pixels: &[[u8; 4]], width: usize) -> Result<Self, GpuError> {
        let size = [width as u32, (pixels.len() / width.max(1)) as u32];
        let fixed = || gpu.lend(pixels.len());
        let (turned, fixed) = (gpu.lend(pixels.len())?, [fixed()?, fixed()?]);
        Ok(Picture { gpu, size, pixels: gpu.lend_with(pixels)?, turned, fixed })
    }

    /// Records the means along both axes, rows first.
    ///
    /// # Errors
    /// As [`Picture::upload`].
    pub fn record(
        &self,
        commands: &mut Commands,
        [across, down]: [Option<[Window; 3]>; 2],
    ) -> Result<(), GpuError> {
        let [width, height] = self.size;
        if let Some(windows) = across {
            self.turn(commands, &self.pixels, &self.turned, self.size)?;
            self.means(commands, &self.turned, [height, width], windows)?;
            self.turn(commands, &self.turned, &self.pixels, [height, width])?;
        }
        match down {
            Some(windows) => self.means(commands, &self.pixels, self.size, windows),
            None => Ok(()),
        }
    }

    /// The pixels, when all that was submitted is done.
    ///
    /// # Errors
    /// No memory, or a lost device.
    pub fn download(&self) -> Result<Vec<[u8; 4]>, GpuError> {
        self.gpu.read(&self.pixels)
    }

    /// Three means down the columns of `pixels`, in place.
    fn means(
        &self,
        commands: &mut Commands,
        pixels: &Bytes,
        size: [u32; 2],
        [first, second, third]: [Window; 3],
    ) -> Result<(), GpuError> {
        let [one, other] = &self.fixed;
        let mean = |commands: &mut Commands, from, to, window: Window, bytes: [bool; 2]| {
            let rows = ((window.left + window.right) as u32).clamp(*ROWS.start(), *ROWS.end());
            let mean = Mean {
                size,
                window: [window.left as u32, window.right as u32],
                rows,
                from_bytes: bytes[0].into(),
                to_bytes: bytes[1].into(),
                scale: window.scale(),
                ..Mean::of(size)
            };
            let groups = [size[0].div_ceil(DOWN[0]), size[1].div_ceil(rows).div_ceil(DOWN[1]), 1];
            self.run(commands, "down", [from, to], mean, groups)
        };
        mean(commands, pixels.into(), one.into(), first, [true, false])?;
        mean(commands, one.into(), other.into(), second, [false, false])?;
        mean(commands, other.into(), pixels.into(), third, [false, true])
    }

    /// Rows of a picture of this size become columns.
    fn turn(
        &self,
        commands: &mut Commands,
        from: &Bytes,
        to: &Bytes,
        size: [u32; 2],
    ) -> Result<(), GpuError> {
        let [width, height] = size.map(|side| side.div_ceil(TURN));
        self.run(commands, "turn", [from.into(), to.into()], Mean::of(size), [width, height, 1])
    }

    fn run(
        &self,
        commands: &mut Commands,
        entry: &'static str,
        bindings: [Binding<'_>; 2],
        mean: Mean,
        groups: [u32; 3],
    ) -> Result<(), GpuError> {
        let shader = Shader { source: source!("means"), entry };
        launch((self.gpu, commands), shader, bindings, mean, &[], groups)
    }
}

impl Mean {
    /// What says nothing but the size.
    fn of(size: [u32; 2]) -> Self {
        Mean { size, one: 1.0, ..Mean::zeroed() }
    }
}

/// Blurs rows of `width` pixels on the GPU, as [`Blur::apply`] does on the processor.
///
/// # Errors
/// As [`Picture::upload`].
pub fn blur(
    gpu: &Gpu,
    pixels: &[[u8; 4]],
    width: usize,
    means: [Option<[Window; 3]>; 2],
) -> Result<Vec<[u8; 4]>, GpuError> {
    let picture = Picture::upload(gpu, pixels, width)?;
    let mut commands = gpu.commands();
    picture.record(&mut commands, means)?;
    commands.submit()?;
    picture.download()
}
