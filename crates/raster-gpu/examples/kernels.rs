//! Each kernel's time on an adapter beside the least that its memory allows, and beside its reference.
//!
//! `cargo run --release -p raster-gpu --example kernels -- [RUNS] [ADAPTER]` prints a JSON line about the adapter, then one
//! per kernel. The floor is the time to read the pictures that go in once and to write the one that comes out, at the
//! speed at which the same adapter copies a buffer.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // It measures, and ends by a panic when it cannot.

use std::time::Instant;

use base::Limits;
use gpu::{Choice, Commands, Gpu, GpuError, Kind};
use raster::{
    Depth, Mask, Pixels, Surface,
    blend::{self, BlendMode},
    boxes::Blur,
    resize::{self, Filter, Line},
};
use raster_gpu::{Image, MaskImage, boxes};
use serde_json::json;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Milliseconds of the median run, after one that does not count.
fn wall(runs: usize, mut work: impl FnMut()) -> f64 {
    work();
    let once = |()| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64() * 1e3
    };
    median(std::iter::repeat_n((), runs).map(once).collect())
}

fn picture(width: u32, height: u32, depth: Depth) -> Surface {
    let pixel = |i: u32| {
        let (x, y) = (i % width, i / width);
        let alpha = 255 - (x / 7 % 3 * 60) as u8;
        [x, y, x ^ y].map(|c| raster::alpha::mul_u8(c as u8, alpha)).into_iter().chain([alpha])
    };
    let samples: Vec<u8> = (0..width * height).flat_map(pixel).collect();
    let pixels = samples.as_chunks::<4>().0.to_vec();
    Surface::from_pixels(width, height, Pixels::U8(pixels)).unwrap().into_depth(depth)
}

/// What measures the kernels of an adapter.
struct Bench {
    gpu: Gpu,
    runs: usize,
    /// Bytes a second, read and written, of a copy.
    bandwidth: f64,
}

impl Bench {
    fn new(gpu: Gpu, runs: usize) -> Result<Self, GpuError> {
        let mut bench = Bench { gpu, runs, bandwidth: f64::NAN };
        let words = (bench.gpu.limits().storage_bytes.min(256 << 20) / 4) as usize;
        let (from, to) = (bench.gpu.lend::<u32>(words)?, bench.gpu.lend::<u32>(words)?);
        let ms = bench.device(&|commands| commands.copy(&from, &to))?;
        bench.bandwidth = words as f64 * 8.0 / (ms / 1e3);
        Ok(bench)
    }

    /// Milliseconds on the device, or between submission and end where it takes no times.
    fn device<R>(&self, record: &dyn Fn(&mut Commands) -> Result<R, GpuError>) -> Result<f64, GpuError> {
        let end = self.gpu.lend::<u32>(1)?;
        let mut times = Vec::new();
        for run in 0..=self.runs {
            let mut commands = self.gpu.commands();
            let (made, timing) = commands.timed(record)?;
            let started = Instant::now();
            commands.submit()?;
            self.gpu.read(&end)?;
            let waited = started.elapsed().as_secs_f64() * 1e3;
            let on_device = timing.nanoseconds()?.map(|nanoseconds| nanoseconds / 1e6);
            drop(made);
            if run > 0 {
                times.push(on_device.unwrap_or(waited));
            }
        }
        Ok(median(times))
    }

    /// Prints a kernel that reads and writes so many bytes at least.
    fn print(&self, what: &str, bytes: u64, device: f64, whole: f64, cpu: f64) {
        let floor = bytes as f64 / self.bandwidth * 1e3;
        println!(
            "{}",
            json!({ "what": what, "device_ms": device, "floor_ms": floor, "whole_ms": whole, "cpu_ms": cpu })
        );
    }

    fn blur(&self, pixels: &[[u8; 4]], width: usize, sigma: f32) -> Result<(), GpuError> {
        let blur = Blur::new(sigma, sigma);
        let Some(means) = boxes::means(&blur) else { return Ok(()) };
        let picture = boxes::Picture::upload(&self.gpu, pixels, width)?;
        let device = self.device(&|commands| picture.record(commands, means))?;
        drop(picture);
        let whole = wall(self.runs, || drop(boxes::blur(&self.gpu, pixels, width, means).unwrap()));
        let mut scratch = pixels.to_vec();
        let cpu = wall(self.runs, || blur.apply(&mut scratch, width));
        let what = format!("blur of 8 bits, sigma {sigma}");
        self.print(&what, 2 * size_of_val(pixels) as u64, device, whole, cpu);
        Ok(())
    }

    fn resize(&self, name: &str, source: &Surface, scale: f64, filter: Filter) -> Result<(), GpuError> {
        let gpu = &self.gpu;
        let side = |side: u32| (f64::from(side) * scale).round() as u32;
        let (width, height) = (side(source.width()), side(source.height()));
        let lines = [Line::whole(source.width(), width), Line::whole(source.height(), height)];
        let image = Image::upload(gpu, source)?;
        let device =
            self.device(&|commands| raster_gpu::resize::record(gpu, commands, &image, lines, filter))?;
        let whole = wall(self.runs, || {
            drop(raster_gpu::resize::resample(gpu, source, lines, filter).unwrap());
        });
        let cpu = wall(self.runs, || {
            drop(resize::resize(source, width, height, filter, &Limits::default()).unwrap());
        });
        let target = u64::from(width) * u64::from(height) * source.depth().bytes_per_pixel();
        self.print(&format!("{name}, {filter}, times {scale}"), bytes(source) + target, device, whole, cpu);
        Ok(())
    }

    fn blend(
        &self,
        name: &str,
        source: &Surface,
        mode: BlendMode,
        mask: Option<&Mask>,
    ) -> Result<(), GpuError> {
        let gpu = &self.gpu;
        let (below, image) =
            (std::cell::RefCell::new(Image::upload(gpu, source)?), Image::upload(gpu, source)?);
        let coverage = mask.map(|mask| MaskImage::upload(gpu, mask)).transpose()?;
        let (offset, opacity) = ((0, 0), 1.0);
        let device = self.device(&|commands| {
            let layer =
                raster_gpu::blend::Layer { image: &image, offset, opacity, mode, mask: coverage.as_ref() };
            raster_gpu::blend::record(gpu, commands, &mut below.borrow_mut(), &layer)
        })?;
        let layers = [blend::Layer { mode, mask, ..blend::Layer::new(source) }];
        let whole = wall(self.runs, || {
            drop(raster_gpu::blend::composite_layers(gpu, source, &layers).unwrap());
        });
        let mut scratch = source.clone();
        let cpu = wall(self.runs, || blend::composite_layers(&mut scratch, &layers));
        let covered = mask.map_or(0, |mask| mask.coverage().len() as u64);
        self.print(&format!("{name}, {mode}"), 3 * bytes(source) + covered, device, whole, cpu);
        Ok(())
    }
}

fn bytes(surface: &Surface) -> u64 {
    u64::from(surface.width()) * u64::from(surface.height()) * surface.depth().bytes_per_pixel()
}

fn main() -> Result<(), GpuError> {
    let mut arguments = std::env::args().skip(1);
    let runs = arguments.next().map_or(5, |runs| runs.parse().unwrap());
    let gpu = Gpu::open(&Choice::from(arguments.next().unwrap_or_default().as_str()))?;
    // Hardware needs more pixels than software to be busy, and takes larger buffers.
    let (width, height) = match gpu.adapter().kind {
        Kind::Software => (3000, 2000),
        _ => (6000, 4000),
    };
    let bench = Bench::new(gpu, runs)?;
    let clock = if bench.gpu.has_timestamps() { "its own clock" } else { "wall time" };
    println!(
        "{}",
        json!({ "adapter": bench.gpu.adapter().to_string(), "clock": clock, "bandwidth": bench.bandwidth,
            "width": width, "height": height })
    );
    let mask = Mask::from_coverage(
        width,
        height,
        (0..width as usize * height as usize).map(|i| (i % 251) as u8).collect(),
    );
    let mask = mask.unwrap();
    for (name, depth) in [("8 bits", Depth::U8), ("floats", Depth::F32)] {
        let source = picture(width, height, depth);
        for sigma in [3.0, 12.0, 50.0, 500.0] {
            if let Some(pixels) = source.samples() {
                bench.blur(pixels, width as usize, sigma)?;
            }
        }
        for (scale, filter) in [(0.5, Filter::Lanczos3), (0.1, Filter::Lanczos3), (0.5, Filter::Box)] {
            bench.resize(&format!("resize of {name}"), &source, scale, filter)?;
        }
        for mode in [BlendMode::Normal, BlendMode::SoftLight, BlendMode::Luminosity] {
            bench.blend(&format!("blend of {name}"), &source, mode, None)?;
        }
        bench.blend(&format!("masked blend of {name}"), &source, BlendMode::Normal, Some(&mask))?;
    }
    let small = picture(width / 2, height / 2, Depth::U8);
    bench.resize("resize of 8 bits", &small, 2.0, Filter::Bilinear)
}
