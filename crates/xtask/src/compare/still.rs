//! Pictures as coverage and light, and how far two of them are apart.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use testkit::Image;

use super::stage::SIZE;

/// How a program writes light into a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoding {
    /// Toned as this project does it, then sRGB.
    Toned,
    /// sRGB; toned here.
    Srgb,
    /// To the power of 1 / 2.2; toned here.
    Gamma22,
}

/// A picture of [`SIZE`].
#[derive(Debug)]
pub struct Still {
    /// How much of each pixel is covered, 0 to 1.
    coverage: Vec<f32>,
    /// Toned, linear RGB of what covers it.
    light: Vec<[f32; 3]>,
}

/// How far the colours of two pictures are apart where both are covered, in 1/255 of sRGB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shading {
    /// The mean over pixels and channels.
    pub mean: f64,
    /// What 99 % of the pixels are not farther apart than, in their worst channel.
    pub most: f64,
}

impl Still {
    /// Reads a picture of [`SIZE`], or of a multiple of it that is averaged.
    pub fn read(path: &Path, encoding: Encoding) -> Result<Self> {
        let (image, _) = Image::read(path)?;
        Self::of(&image, encoding).with_context(|| path.display().to_string())
    }

    fn of(image: &Image, encoding: Encoding) -> Result<Self> {
        let [width, height] = SIZE;
        let factor = image.width / width;
        ensure!(
            factor > 0 && [image.width, image.height] == [width * factor, height * factor],
            "{} × {} pixels are not a multiple of {width} × {height}",
            image.width,
            image.height
        );
        let decode: Vec<f32> = (0..=255u8).map(|byte| decoded(f32::from(byte) / 255.0, encoding)).collect();
        let mut still = Self { coverage: Vec::new(), light: Vec::new() };
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let (mut alpha, mut sum) = (0.0, [0.0; 3]);
            for (down, across) in (0..factor).flat_map(|down| (0..factor).map(move |across| (down, across))) {
                let [r, g, b, a] =
                    image.pixel(x * factor + across, y * factor + down).context("a picture is cut short")?;
                let a = f32::from(a) / 255.0;
                let color = [r, g, b].map(|channel| decode[usize::from(channel)]);
                let color = if encoding == Encoding::Toned { color } else { toned(color) };
                alpha += a;
                sum = [0, 1, 2].map(|i| sum[i] + color[i] * a);
            }
            still.coverage.push(alpha / (factor * factor) as f32);
            still.light.push(sum.map(|light| light / f32::max(alpha, 1e-6)));
        }
        Ok(still)
    }

    /// Pixels covered by half or more in both pictures, over those so covered in either. 1 where neither shows anything.
    pub fn overlap(&self, other: &Self) -> f64 {
        let (mut both, mut either) = (0u32, 0u32);
        for (a, b) in self.coverage.iter().zip(&other.coverage) {
            let (a, b) = (*a >= 0.5, *b >= 0.5);
            both += u32::from(a && b);
            either += u32::from(a || b);
        }
        if either == 0 { 1.0 } else { f64::from(both) / f64::from(either) }
    }

    /// How far colours are apart in the pixels that both cover wholly. With `lit`, pixels that are black here, in
    /// shadow, and those beside them are left out: for programs without shadows. None where there is no such pixel.
    pub fn shading(&self, other: &Self, lit: bool) -> Option<Shading> {
        let (mut sum, mut worst) = (0.0, Vec::new());
        for index in 0..self.light.len() {
            let whole = self.coverage[index].min(other.coverage[index]) >= 0.999;
            if !whole || lit && self.is_near_shadow(index) {
                continue;
            }
            let apart = self.apart(other, index);
            sum += apart.iter().sum::<f64>() / 3.0;
            worst.push(apart.into_iter().fold(0.0, f64::max));
        }
        worst.sort_by(f64::total_cmp);
        let most = *worst.get((worst.len().max(1) - 1) * 99 / 100)?;
        Some(Shading { mean: sum / worst.len() as f64, most })
    }

    /// Whether a pixel, or one not more than two away, is covered and black.
    fn is_near_shadow(&self, index: usize) -> bool {
        let width = SIZE[0] as usize;
        (0..5).flat_map(|down| (0..5).map(move |across| (down, across))).any(|(down, across)| {
            let place = (index + down * width + across).wrapping_sub(2 * width + 2);
            let covered = self.coverage.get(place).is_some_and(|coverage| *coverage > 0.0);
            covered && self.light[place].iter().all(|light| *light < 0.002)
        })
    }

    fn apart(&self, other: &Self, index: usize) -> [f64; 3] {
        let shown = |still: &Self, channel: usize| f64::from(encoded(still.light[index][channel]));
        [0, 1, 2].map(|channel| (shown(self, channel) - shown(other, channel)).abs() * 255.0)
    }

    /// The picture over a dark grey.
    pub fn shown(&self) -> Image {
        self.pictured(|index| {
            let alpha = self.coverage[index];
            self.light[index].map(|light| encoded(light * alpha + 0.03 * (1.0 - alpha)))
        })
    }

    /// What only this picture covers in red, what only the other one does in blue, what both do in grey.
    pub fn outlines(&self, other: &Self) -> Image {
        self.pictured(|index| match (self.coverage[index] >= 0.5, other.coverage[index] >= 0.5) {
            (true, true) => [0.35; 3],
            (true, false) => [1.0, 0.2, 0.1],
            (false, true) => [0.2, 0.5, 1.0],
            (false, false) => [0.08; 3],
        })
    }

    /// How far colours are apart, four times over, where both cover a pixel wholly.
    pub fn differences(&self, other: &Self) -> Image {
        self.pictured(|index| {
            let whole = self.coverage[index].min(other.coverage[index]) >= 0.999;
            if whole { self.apart(other, index).map(|apart| apart as f32 * 4.0 / 255.0) } else { [0.08; 3] }
        })
    }

    fn pictured(&self, color: impl Fn(usize) -> [f32; 3]) -> Image {
        let byte = |channel: f32| (channel.clamp(0.0, 1.0) * 255.0).round() as u8;
        let pixels = (0..self.light.len()).flat_map(|index| {
            let [r, g, b] = color(index).map(byte);
            [r, g, b, 255]
        });
        Image { width: SIZE[0], height: SIZE[1], pixels: pixels.collect() }
    }
}

fn decoded(value: f32, encoding: Encoding) -> f32 {
    match encoding {
        Encoding::Gamma22 => value.powf(2.2),
        _ if value <= 0.04045 => value / 12.92,
        _ => ((value + 0.055) / 1.055).powf(2.4),
    }
}

/// sRGB, from linear.
fn encoded(light: f32) -> f32 {
    match light.clamp(0.0, 1.0) {
        light if light <= 0.003_130_8 => light * 12.92,
        light => 1.055 * light.powf(1.0 / 2.4) - 0.055,
    }
}

/// Khronos PBR Neutral, as its specification gives it, over linear RGB.
fn toned(color: [f32; 3]) -> [f32; 3] {
    let low = color.into_iter().fold(f32::INFINITY, f32::min);
    let offset = if low < 0.08 { low - 6.25 * low * low } else { 0.04 };
    let color = color.map(|channel| channel - offset);
    let peak = color.into_iter().fold(0.0, f32::max);
    const START: f32 = 0.8 - 0.04;
    if peak < START {
        return color;
    }
    let room = 1.0 - START;
    let pressed = 1.0 - room * room / (peak + room - START);
    let grey = 1.0 - 1.0 / (0.15 * (peak - pressed) + 1.0);
    color.map(|channel| channel * pressed / peak * (1.0 - grey) + pressed * grey)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one colour whose left `covered` columns are opaque.
    fn still(covered: u32, color: [u8; 3], encoding: Encoding) -> Still {
        let mut image = Image::solid(SIZE[0], SIZE[1], [0; 4]);
        for (index, pixel) in image.pixels.chunks_exact_mut(4).enumerate() {
            if (index as u32 % SIZE[0]) < covered {
                pixel.copy_from_slice(&[color[0], color[1], color[2], 255]);
            }
        }
        Still::of(&image, encoding).unwrap()
    }

    #[test]
    fn outlines_and_colours_are_compared() {
        let (ours, theirs) =
            (still(100, [100; 3], Encoding::Toned), still(80, [110, 100, 100], Encoding::Toned));
        assert_eq!(ours.overlap(&theirs), 0.8);
        let shading = ours.shading(&theirs, false).unwrap();
        assert!(
            (shading.mean - 10.0 / 3.0).abs() < 1e-3 && (shading.most - 10.0).abs() < 1e-3,
            "{shading:?}"
        );
        let black = still(100, [0; 3], Encoding::Toned);
        assert_eq!(black.shading(&ours, true), None);
    }

    #[test]
    fn encodings_come_to_the_same_light() {
        // 0.5 less the 0.04 that Neutral takes away, each in its encoding.
        let srgb = still(9, [188; 3], Encoding::Srgb);
        let gamma = still(9, [186; 3], Encoding::Gamma22);
        let own = still(9, [181; 3], Encoding::Toned);
        for other in [&gamma, &own] {
            assert!(srgb.shading(other, false).unwrap().most < 1.0);
        }
    }
}
