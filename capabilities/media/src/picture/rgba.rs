//! A canvas of pixels.

use base::Color;
use codecs::Picture;
use kernel::CommandError;
use raster::{
    Depth, Surface, alpha,
    blend::{self, BlendMode},
};

use super::{canvas::Canvas, image::Drawn, place::Placed, wipe::Edge};

/// Premultiplied sRGB in bytes.
#[derive(Clone)]
pub struct Rgba(Surface);

impl Rgba {
    /// A clear one.
    pub fn new(width: u32, height: u32) -> Self {
        Rgba(Surface::transparent(width, height, Depth::U8))
    }

    /// Its pixels.
    pub fn surface(&self) -> &Surface {
        &self.0
    }

    /// Its pixels, which are taken out.
    pub fn into_surface(self) -> Surface {
        self.0
    }

    fn rows(&mut self) -> impl Iterator<Item = &mut [[u8; 4]]> {
        let width = self.0.width().max(1) as usize;
        self.0.samples_mut::<u8>().unwrap_or_default().chunks_mut(width)
    }
}

impl Canvas for Rgba {
    fn fill(&mut self, color: Color) {
        let pixel = alpha::premultiply_u8([color.r, color.g, color.b, color.a]);
        self.rows().for_each(|row| row.fill(pixel));
    }

    fn draw_video(&mut self, _: &Picture, _: &Placed, _: f32) -> bool {
        false
    }

    fn draw(&mut self, drawn: &Drawn, opacity: f32, mode: BlendMode) -> Result<(), CommandError> {
        let corner = (drawn.corner.0 as i32, drawn.corner.1 as i32);
        blend::composite(&mut self.0, &drawn.surface, corner, opacity, mode, None);
        Ok(())
    }

    fn mix(&mut self, other: &Self, part: f32) {
        // In 32,768ths, as for planes.
        let part = (part.clamp(0.0, 1.0) * 32_768.0 + 0.5) as u32;
        let from = other.0.samples::<u8>().unwrap_or_default().as_flattened();
        let to = self.0.samples_mut::<u8>().unwrap_or_default().as_flattened_mut();
        for (to, from) in to.iter_mut().zip(from) {
            *to = ((u32::from(*to) * (32_768 - part) + u32::from(*from) * part + 16_384) >> 15) as u8;
        }
    }

    fn wipe(&mut self, other: &Self, edge: &Edge) {
        let width = other.0.width().max(1) as usize;
        let from = other.0.samples::<u8>().unwrap_or_default().chunks(width);
        for (y, (to, from)) in self.rows().zip(from).enumerate() {
            for (x, (to, from)) in to.iter_mut().zip(from).enumerate() {
                let part = edge.part(x as f64 + 0.5, y as f64 + 0.5);
                for (to, from) in to.iter_mut().zip(from) {
                    *to = (f32::from(*to) + (f32::from(*from) - f32::from(*to)) * part + 0.5) as u8;
                }
            }
        }
    }
}
