//! Weighted sums of neighbours, pass by pass: what blurring and resizing have in common.

use bytemuck::{Pod, Zeroable};
use gpu::{Commands, Gpu, GpuError, KernelSpec, Slot, SlotKind, Use};
use raster::Weights;

use crate::image::{Form, Image};

/// The shader with its ways of loading and storing pixels.
macro_rules! sum_of {
    ($load:literal, $store:literal) => {
        concat!(
            include_str!(concat!("../../../shaders/raster/", $load)),
            include_str!(concat!("../../../shaders/raster/", $store)),
            include_str!("../../../shaders/raster/sum.wgsl"),
        )
    };
}

/// The pixels of a workgroup, across and down.
pub(crate) const GROUP: [u32; 2] = [32, 8];

/// In which direction neighbours are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Along {
    /// Pixels of a row.
    Across,
    /// Rows.
    Down,
}

/// A pass over a picture.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    pub(crate) along: Along,
    pub(crate) weights: &'a Weights,
}

/// As `Sum` in `sum.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Sum {
    size: [u32; 2],
    row: u32,
    down: u32,
    weight_step: u32,
    output_step: u32,
    clamped: u32,
    unused: u32,
}

/// Records passes, one after the other; the result has the depth of the source. With `clamped`, colour ends within 0 and
/// alpha, and alpha within 0 and 1. None where there are no passes.
pub(crate) fn record(
    gpu: &Gpu,
    commands: &mut Commands,
    source: &Image,
    passes: &[Pass<'_>],
    clamped: bool,
) -> Result<Option<Image>, GpuError> {
    let mut made: Option<Image> = None;
    for (index, pass) in passes.iter().enumerate() {
        let is_last = index + 1 == passes.len();
        let form = match (is_last, source.form()) {
            (false, Form::Bytes) => Form::Halves,
            (_, form) => form,
        };
        let next = one(gpu, commands, made.as_ref().unwrap_or(source), pass, form, clamped && is_last)?;
        made = Some(next);
    }
    Ok(made)
}

fn one(
    gpu: &Gpu,
    commands: &mut Commands,
    source: &Image,
    pass: &Pass<'_>,
    form: Form,
    clamped: bool,
) -> Result<Image, GpuError> {
    let outputs = pass.weights.len() as u32;
    let (width, height) = match pass.along {
        Along::Across => (outputs, source.height()),
        Along::Down => (source.width(), outputs),
    };
    let target = Image::lend(gpu, width, height, form)?;
    let table = Table::new(pass.weights, pass.along);
    let sum = Sum {
        size: [width, height],
        row: source.width(),
        down: (pass.along == Along::Down).into(),
        weight_step: table.weight_step,
        output_step: table.output_step,
        clamped: clamped.into(),
        unused: 0,
    };
    let kernel = gpu.kernel(&KernelSpec {
        source: shader(source.form(), form).into(),
        entry: "weigh",
        slots: [
            SlotKind::Storage,
            SlotKind::StorageMut,
            SlotKind::Uniform,
            SlotKind::Storage,
            SlotKind::Storage,
        ]
        .map(Slot::new)
        .to_vec(),
    })?;
    let sum = gpu.buffer(Use::Uniform, &[sum])?;
    let reach = gpu.lend_with(&table.reach)?;
    let weights = gpu.lend_with(&table.weights)?;
    let bindings = [source.binding(), target.binding(), (&sum).into(), (&reach).into(), (&weights).into()];
    let bindings = gpu.bind(kernel.layout(), &bindings)?;
    commands.run(&kernel, &bindings, groups(width, height))?;
    Ok(target)
}

/// The workgroups that cover a picture.
pub(crate) fn groups(width: u32, height: u32) -> [u32; 3] {
    [width.div_ceil(GROUP[0]), height.div_ceil(GROUP[1]), 1]
}

fn shader(from: Form, to: Form) -> &'static str {
    match (from, to) {
        (Form::Bytes, Form::Halves) => sum_of!("load_bytes.wgsl", "store_halves.wgsl"),
        (Form::Halves, Form::Halves) => sum_of!("load_halves.wgsl", "store_halves.wgsl"),
        (Form::Halves, Form::Bytes) => sum_of!("load_halves.wgsl", "store_bytes.wgsl"),
        (Form::Bytes, Form::Bytes) => sum_of!("load_bytes.wgsl", "store_bytes.wgsl"),
        // Floats stay floats from the first pass to the last.
        _ => sum_of!("load_floats.wgsl", "store_floats.wgsl"),
    }
}

/// Weights as the shader reads them, so that neighbouring invocations read neighbouring ones.
struct Table {
    reach: Vec<[u32; 2]>,
    weights: Vec<f32>,
    weight_step: u32,
    output_step: u32,
}

impl Table {
    fn new(of: &Weights, along: Along) -> Self {
        let rows = || (0..of.len()).map(|output| of.row(output));
        let most = rows().map(|(_, weights)| weights.len()).max().unwrap_or(0);
        let (weight_step, output_step) = match along {
            Along::Across => (of.len(), 1),
            Along::Down => (1, most),
        };
        let mut table = Table {
            reach: rows().map(|(first, weights)| [first as u32, weights.len() as u32]).collect(),
            weights: vec![0.0; of.len() * most],
            weight_step: weight_step as u32,
            output_step: output_step as u32,
        };
        for (output, (_, weights)) in rows().enumerate() {
            for (index, weight) in weights.iter().enumerate() {
                table.weights[output * output_step + index * weight_step] = *weight;
            }
        }
        table
    }
}
