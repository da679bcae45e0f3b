//! The light of a picture as a tree, summed as in Barnes and Hut, A Hierarchical O(N log N) Force-Calculation Algorithm
//! (1986): what is small where the lobe is wide counts as one light.

use std::f32::consts::PI;

use glam::{Vec2, Vec3};
use rayon::prelude::*;

use super::prefilter::{Map, band, direction, towards};

/// The width of the finest row of cells.
const WIDTH: usize = 512;
/// The largest radius of a cell that counts as one light, as a part of the distance over which the lobe changes.
const FINE: f32 = 0.12;

/// The cells of a map, four in each of the next row.
pub(super) struct Lights {
    /// From the finest to the coarsest.
    rows: Vec<Vec<Cell>>,
}

/// A part of the sphere.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    /// Its radiance times its solid angle.
    light: Vec3,
    /// The direction to the middle of its light.
    bright: Vec3,
    /// The direction to its middle.
    middle: Vec3,
    /// Its solid angle.
    angle: f32,
    /// The square of the distance from its middle to its farthest corner.
    radius2: f32,
}

impl Lights {
    /// Of a map whose width is a power of two and at least that of the finest cells.
    pub fn new(map: &Map) -> Lights {
        let (side, height) = ((map.width / WIDTH).max(1), WIDTH / 2);
        let cell = |place: usize| {
            let (x, y) = (place % WIDTH, place / WIDTH);
            let mut cell = Cell { radius2: radius2(WIDTH, x, y), ..Cell::default() };
            for (across, down) in
                (0..side * side).map(|step| (x * side + step % side, y * side + step / side))
            {
                let radiance = map.texels.get(down * map.width + across).copied().unwrap_or_default();
                let angle = band(map.height, down) * 4.0 * PI / map.width as f32;
                cell.add(radiance * angle, direction(map.width, map.height, across, down), angle);
            }
            cell.finished()
        };
        let mut rows = vec![(0..WIDTH * height).into_par_iter().map(cell).collect::<Vec<Cell>>()];
        let mut width = WIDTH;
        while let Some(fine) = rows.last().filter(|_| width > 2) {
            let wide = width;
            width /= 2;
            let cell = |place: usize| {
                let (x, y) = (place % width, place / width);
                let mut cell = Cell { radius2: radius2(width, x, y), ..Cell::default() };
                for below in below(x, y, wide).into_iter().filter_map(|place| fine.get(place)) {
                    cell.light += below.light;
                    cell.bright += below.bright * below.light.element_sum();
                    cell.middle += below.middle * below.angle;
                    cell.angle += below.angle;
                }
                cell.finished()
            };
            rows.push((0..width * width / 2).map(cell).collect());
        }
        Lights { rows }
    }

    /// What a surface of roughness √`alpha` sees that is looked at straight on: the mean over the lobe of GGX, weighted by
    /// the cosine.
    pub fn glossy(&self, normal: Vec3, alpha: f32) -> Vec3 {
        let alpha2 = alpha * alpha;
        // The square of the cosine of half the angle is (1 + cos) / 2.
        let lobe = |cos: f32| {
            let spread = (1.0 + cos) * 0.5 * (alpha2 - 1.0) + 1.0;
            cos.max(0.0) * alpha2 / (spread * spread)
        };
        self.mean(normal, 4.0 * alpha2, lobe)
    }

    /// What a diffuse surface sees: the irradiance over π.
    pub fn diffuse(&self, normal: Vec3) -> Vec3 {
        self.mean(normal, 0.25, |cos| cos.max(0.0))
    }

    /// The mean of the light, weighted by a lobe around a normal that changes over the root of `narrow` in its middle.
    fn mean(&self, normal: Vec3, narrow: f32, lobe: impl Fn(f32) -> f32) -> Vec3 {
        let (mut sum, mut weights) = (Vec3::ZERO, 0.0);
        let mut open: Vec<(usize, usize, usize)> = Vec::with_capacity(64);
        let top = self.rows.len().saturating_sub(1);
        open.extend([(top, 0, 0), (top, 1, 0)]);
        while let Some((row, x, y)) = open.pop() {
            let width = 2 << (top - row);
            let Some(cell) = self.rows.get(row).and_then(|cells| cells.get(y * width + x)) else { continue };
            let cos = normal.dot(cell.middle);
            // The square of a chord is 2 − 2 cos.
            let scale = narrow + 2.0 - 2.0 * cos;
            if row > 0 && cell.radius2 > FINE * FINE * scale {
                open.extend([0, 1, 2, 3].map(|part| (row - 1, 2 * x + part % 2, 2 * y + part / 2)));
                continue;
            }
            sum += cell.light * lobe(normal.dot(cell.bright));
            weights += cell.angle * lobe(cos);
        }
        if weights > 0.0 { sum / weights } else { Vec3::ZERO }
    }
}

impl Cell {
    fn add(&mut self, light: Vec3, towards: Vec3, angle: f32) {
        self.light += light;
        self.bright += towards * light.element_sum();
        self.middle += towards * angle;
        self.angle += angle;
    }

    fn finished(self) -> Cell {
        let middle = self.middle.normalize_or(Vec3::Y);
        Cell { middle, bright: self.bright.try_normalize().unwrap_or(middle), ..self }
    }
}

/// The places of the four cells in a cell, in a row of this width.
fn below(x: usize, y: usize, width: usize) -> [usize; 4] {
    [0, 1, 2, 3].map(|part| (2 * y + part / 2) * width + 2 * x + part % 2)
}

/// The square of the distance from the middle of a cell to its farthest corner.
fn radius2(width: usize, x: usize, y: usize) -> f32 {
    let at = |x: f32, y: f32| towards(Vec2::new(x / width as f32, y * 2.0 / width as f32));
    let (left, top) = (x as f32, y as f32);
    let middle = at(left + 0.5, top + 0.5);
    let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
    corners.map(|(x, y)| at(left + x, top + y).distance_squared(middle)).into_iter().fold(0.0, f32::max)
}
