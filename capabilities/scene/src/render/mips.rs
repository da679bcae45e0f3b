//! The smaller levels of textures.

use std::sync::OnceLock;

use rayon::prelude::*;

use crate::{frame::Image, render::pixels};

/// An image at half its size, and so on down to one pixel; the image itself is not among them. Colours of sRGB are mixed in
/// linear light.
pub(super) fn levels(image: &Image, srgb: bool) -> Vec<Vec<[u8; 4]>> {
    let mut levels: Vec<Vec<[u8; 4]>> = Vec::new();
    let (mut width, mut height) = (image.width as usize, image.height as usize);
    while width > 1 || height > 1 {
        let above = levels.last().unwrap_or(&image.rgba);
        let next = halve(above, width, height, srgb);
        (width, height) = ((width / 2).max(1), (height / 2).max(1));
        levels.push(next);
    }
    levels
}

/// Each pixel is the mean of what lies below it: two by two, or three where a side is odd.
fn halve(pixels: &[[u8; 4]], width: usize, height: usize, srgb: bool) -> Vec<[u8; 4]> {
    let (across, down) = ((width / 2).max(1), (height / 2).max(1));
    let tables = srgb.then(Tables::get);
    let mut halved = vec![[0; 4]; across * down];
    halved.par_chunks_mut(across).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.iter_mut().enumerate() {
            let (mut sum, mut count) = ([0_u32; 4], 0);
            for line in y * height / down..(y + 1) * height / down {
                for from in &pixels[line * width..][x * width / across..(x + 1) * width / across] {
                    count += 1;
                    for (channel, sum) in sum.iter_mut().enumerate() {
                        *sum += match tables {
                            Some(tables) if channel < 3 => tables.linear[usize::from(from[channel])],
                            _ => u32::from(from[channel]),
                        };
                    }
                }
            }
            *pixel = std::array::from_fn(|channel| {
                let mean = (sum[channel] + count / 2) / count;
                match tables {
                    Some(tables) if channel < 3 => tables.srgb[mean as usize],
                    _ => mean as u8,
                }
            });
        }
    });
    halved
}

/// sRGB and linear values of 16 bits, back and forth.
struct Tables {
    linear: Vec<u32>,
    srgb: Vec<u8>,
}

impl Tables {
    fn get() -> &'static Tables {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(|| Tables {
            linear: (0..256_u16)
                .map(|value| (pixels::decode(f32::from(value) / 255.0) * 65535.0).round() as u32)
                .collect(),
            srgb: (0..=u16::MAX)
                .map(|value| (pixels::encode(f32::from(value) / 65535.0) * 255.0).round() as u8)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u32, rgba: Vec<[u8; 4]>) -> Image {
        Image { width, height: rgba.len() as u32 / width, rgba }
    }

    #[test]
    fn levels_go_down_to_one_pixel() {
        let sizes = |width, height: u32| {
            let levels = levels(&image(width, vec![[7; 4]; (width * height) as usize]), true);
            assert!(levels.iter().flatten().all(|pixel| *pixel == [7; 4]));
            levels.iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(4, 4), [4, 1]);
        assert_eq!(sizes(5, 3), [2, 1]);
        assert_eq!(sizes(1, 9), [4, 2, 1]);
        assert_eq!(sizes(1, 1), [0; 0]);
    }

    #[test]
    fn srgb_is_mixed_in_linear_light() {
        let halves = image(2, vec![[0, 0, 0, 0], [255; 4]]);
        assert_eq!(levels(&halves, true), [[[188, 188, 188, 128]]]);
        assert_eq!(levels(&halves, false), [[[128; 4]]]);
    }
}
