//! Resampling with the weights of [`raster::resize`]; bytes become the same bytes.

use bytemuck::{Pod, Zeroable};
use gpu::{Buffer, Commands, Gpu, GpuError};
use raster::{
    Depth, Surface,
    resize::{Filter, Line, weights},
    weights::{Weight, Weights},
};

use crate::{
    image::{self, Image},
    launch::{Shader, groups, launch, source},
};

/// As `Stage` in `resize.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Stage {
    size: [u32; 2],
    row: u32,
    down: u32,
    weight_step: u32,
    output_step: u32,
    last: u32,
    left: u32,
}

/// Whether an adapter has room for what a resampling of a surface needs.
pub fn fits(gpu: &Gpu, surface: &Surface, lines: &[Line; 2]) -> bool {
    let [from, to] = [[surface.width(), surface.height()], [lines[0].count, lines[1].count]];
    let area = |width: u32, height: u32| u64::from(width) * u64::from(height);
    // Between the two sums, bytes have 16 bits.
    let between = area(from[0], to[1]) * if surface.depth() == Depth::U8 { 2 } else { 1 };
    [area(from[0], from[1]), between, area(to[0], to[1])]
        .into_iter()
        .all(|pixels| image::fits(gpu, pixels, surface.depth()))
}

/// Records the resampling of a picture, as [`raster::resize::resample`] has it, whose checks it is to pass; none where
/// either has no pixels.
///
/// # Errors
/// It takes more than the adapter allows, there is no memory, or the device is lost.
pub fn record(
    gpu: &Gpu,
    commands: &mut Commands,
    source: &Image,
    [across, down]: [Line; 2],
    filter: Filter,
) -> Result<Option<Image>, GpuError> {
    let (width, height) = (source.width(), source.height());
    if [width, height, across.count, down.count].contains(&0) {
        return Ok(None);
    }
    let to = [across.count, down.count];
    let (across, down) = (weights(filter, width, &across), weights(filter, height, &down));
    let columns = across.inputs();
    let between = [columns.len() as u32, to[1]];
    let made = Image::lend(gpu, to[0], to[1], source.depth())?;
    // A pixel of bytes is two words between the sums.
    let words = if source.depth() == Depth::U8 { 2 } else { 4 };
    let tall: Buffer<u32> = gpu.lend(between[0] as usize * between[1] as usize * words)?;
    for (down, weights, bindings, size, row) in [
        (true, &down, [source.binding(), (&tall).into()], between, width),
        (false, &across, [(&tall).into(), made.binding()], to, between[0]),
    ] {
        let shader = match source.depth() {
            Depth::U8 => Shader { source: source!("resize_bytes"), entry: "weigh" },
            Depth::F32 => Shader { source: source!("resize_floats"), entry: "weigh" },
        };
        let table = match source.depth() {
            Depth::U8 => Table::new::<i32>(gpu, weights, down)?,
            Depth::F32 => Table::new::<f32>(gpu, weights, down)?,
        };
        let stage = Stage {
            size,
            row,
            down: down.into(),
            weight_step: table.weight_step,
            output_step: table.output_step,
            last: (!down).into(),
            left: columns.start as u32,
        };
        let tables = [(&table.reach).into(), (&table.weights).into()];
        launch((gpu, commands), shader, bindings, stage, &tables, groups(size[0], size[1]))?;
    }
    Ok(Some(made))
}

/// Resamples a surface on the GPU, as [`raster::resize::resample`] does on the processor, whose checks it is to pass.
/// Neither it nor what is made has a side of 0.
///
/// # Errors
/// As [`record`].
pub fn resample(gpu: &Gpu, surface: &Surface, lines: [Line; 2], filter: Filter) -> Result<Surface, GpuError> {
    let source = Image::upload(gpu, surface)?;
    let mut commands = gpu.commands();
    match record(gpu, &mut commands, &source, lines, filter)? {
        None => Ok(surface.clone()),
        Some(resampled) => {
            commands.submit()?;
            resampled.download(gpu)
        }
    }
}

/// Weights as the shader reads them, so that neighbouring invocations read neighbouring ones.
struct Table {
    /// The first input of each output, and how many there are.
    reach: Buffer<[u32; 2]>,
    /// The bits of integers or floats.
    weights: Buffer<u32>,
    weight_step: u32,
    output_step: u32,
}

impl Table {
    fn new<W: Weight + Pod>(gpu: &Gpu, of: &Weights, down: bool) -> Result<Self, GpuError> {
        let rows = || (0..of.len()).map(|output| of.row::<W>(output));
        let most = rows().map(|(_, weights)| weights.len()).max().unwrap_or(0);
        let (weight_step, output_step) = if down { (1, most) } else { (of.len(), 1) };
        let reach: Vec<_> = rows().map(|(first, weights)| [first as u32, weights.len() as u32]).collect();
        let mut table = vec![0; of.len() * most];
        for (output, (_, weights)) in rows().enumerate() {
            for (index, weight) in weights.iter().enumerate() {
                table[output * output_step + index * weight_step] = bytemuck::cast(*weight);
            }
        }
        Ok(Table {
            reach: gpu.lend_with(&reach)?,
            weights: gpu.lend_with(&table)?,
            weight_step: weight_step as u32,
            output_step: output_step as u32,
        })
    }
}
