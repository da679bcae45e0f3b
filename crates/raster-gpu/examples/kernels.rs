//! Each kernel's time on an adapter beside the least that its memory allows, and beside its reference.
//!
//! `cargo run --release -p raster-gpu --example kernels -- [RUNS] [ADAPTER]` prints a JSON line about the adapter, then one
//! per kernel. The floor is the time to read the pictures that go in once and to write the one that comes out, at the
//! speed at which the same adapter copies a buffer.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // It measures, and ends by a panic when it cannot.

use std::time::Instant;

use gpu::{Choice, Commands, Gpu, GpuError, Kind};
use raster::boxes::Blur;
use raster_gpu::boxes;
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

fn picture(width: u32, height: u32) -> Vec<[u8; 4]> {
    let pixel = |i: u32| {
        let (x, y) = (i % width, i / width);
        let alpha = 255 - (x / 7 % 3 * 60) as u8;
        let [r, g, b] = [x, y, x ^ y].map(|c| raster::alpha::mul_u8(c as u8, alpha));
        [r, g, b, alpha]
    };
    (0..width * height).map(pixel).collect()
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
        self.print(&format!("blur, sigma {sigma}"), 2 * size_of_val(pixels) as u64, device, whole, cpu);
        Ok(())
    }
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
    let pixels = picture(width, height);
    for sigma in [3.0, 12.0, 50.0, 500.0] {
        bench.blur(&pixels, width as usize, sigma)?;
    }
    Ok(())
}
