//! `feTurbulence`: Perlin's noise, by the algorithm and with the random numbers of Filter Effects Module Level 1, so
//! that a seed gives the same picture everywhere.

use tiny_skia::Transform;

use super::{
    attributes::TurbulenceKind,
    model::Region,
    raster::{Raster, premultiply, quantise},
};

/// Layers of noise that eight bits can show.
pub(super) const MAX_OCTAVES: u32 = 16;

const CELLS: usize = 256;
/// Keeps coordinates positive for anything near the origin.
const ORIGIN: f64 = 4096.0;

/// The attributes of the primitive.
pub(super) struct Turbulence {
    pub(super) base_frequency: [f32; 2],
    pub(super) octaves: u32,
    pub(super) seed: i32,
    /// The part of user space that the noise should tile.
    pub(super) stitched: Option<Region>,
    pub(super) kind: TurbulenceKind,
}

impl Turbulence {
    /// Noise for a raster of `width × height`, whose pixels `user_from_pixel` takes to user space.
    pub(super) fn render(&self, width: usize, height: usize, user_from_pixel: Transform) -> Raster {
        let lattice = Lattice::new(self.seed);
        let (frequency, stitch) = self.stitched_frequency();
        let ts = user_from_pixel;
        Raster::generate(width, height, |x, y| {
            let (x, y) = (x as f64, y as f64);
            let place = [
                x * f64::from(ts.sx) + y * f64::from(ts.kx) + f64::from(ts.tx),
                x * f64::from(ts.ky) + y * f64::from(ts.sy) + f64::from(ts.ty),
            ];
            premultiply(self.layered(&lattice, place, frequency, stitch).map(|noise| {
                quantise(match self.kind {
                    TurbulenceKind::FractalNoise => (noise as f32 + 1.0) / 2.0,
                    TurbulenceKind::Turbulence => noise as f32,
                })
            }))
        })
    }

    fn layered(
        &self,
        lattice: &Lattice,
        place: [f64; 2],
        frequency: [f64; 2],
        mut stitch: Option<[Stitch; 2]>,
    ) -> [f64; 4] {
        let mut place = [place[0] * frequency[0], place[1] * frequency[1]];
        let mut sums = [0.0; 4];
        let mut weight = 1.0;
        for _ in 0..self.octaves.min(MAX_OCTAVES) {
            let layer = lattice.noise(place, stitch);
            for (sum, noise) in sums.iter_mut().zip(layer) {
                *sum += weight
                    * match self.kind {
                        TurbulenceKind::FractalNoise => noise,
                        TurbulenceKind::Turbulence => noise.abs(),
                    };
            }
            place = place.map(|coordinate| coordinate * 2.0);
            weight /= 2.0;
            stitch = stitch.map(|axes| axes.map(Stitch::doubled));
        }
        sums
    }

    /// The base frequency, moved to the nearest one that fits a whole number of cells into the stitched region.
    fn stitched_frequency(&self) -> ([f64; 2], Option<[Stitch; 2]>) {
        let frequency = self.base_frequency.map(|f| if f.is_finite() { f64::from(f).max(0.0) } else { 0.0 });
        let Some(region) = self.stitched else { return (frequency, None) };
        let axes = [(region.x, region.width), (region.y, region.height)];
        let adjusted = [0, 1].map(|axis| {
            let length = f64::from(axes[axis].1);
            let cells = length * frequency[axis];
            let (low, high) = (cells.floor() / length, cells.ceil() / length);
            if frequency[axis] == 0.0 || (low > 0.0 && frequency[axis] / low < high / frequency[axis]) {
                low
            } else {
                high
            }
        });
        let stitch = [0, 1].map(|axis| {
            let cells = (f64::from(axes[axis].1) * adjusted[axis] + 0.5).floor();
            Stitch { cells, end: (f64::from(axes[axis].0) * adjusted[axis] + ORIGIN + cells).floor() }
        });
        (adjusted, Some(stitch))
    }
}

/// Where the lattice of one axis wraps around.
#[derive(Clone, Copy)]
struct Stitch {
    cells: f64,
    end: f64,
}

impl Stitch {
    fn doubled(self) -> Self {
        Stitch { cells: self.cells * 2.0, end: self.end * 2.0 - ORIGIN }
    }

    fn wrapped(&self, cell: f64) -> f64 {
        if cell >= self.end { cell - self.cells } else { cell }
    }
}

/// Park and Miller's minimal standard generator.
struct Random(i64);

impl Random {
    const MODULUS: i64 = 2_147_483_647;

    fn new(seed: i32) -> Self {
        let seed = i64::from(seed);
        let positive = if seed <= 0 { -(seed % (Self::MODULUS - 1)) + 1 } else { seed };
        Random(positive.min(Self::MODULUS - 1))
    }

    fn next(&mut self) -> i64 {
        self.0 = self.0 * 16_807 % Self::MODULUS;
        self.0
    }
}

/// Shuffled cell numbers and, in every cell, a unit gradient for each channel.
struct Lattice {
    selector: [usize; CELLS],
    gradient: [[[f64; 2]; 4]; CELLS],
}

impl Lattice {
    fn new(seed: i32) -> Box<Self> {
        let mut random = Random::new(seed);
        let mut lattice =
            Box::new(Lattice { selector: std::array::from_fn(|i| i), gradient: [[[0.0; 2]; 4]; CELLS] });
        for channel in 0..4 {
            for cell in &mut lattice.gradient {
                let span = CELLS as i64;
                let vector = [(); 2].map(|()| (random.next() % (2 * span) - span) as f64 / span as f64);
                let length = vector[0].hypot(vector[1]);
                cell[channel] = vector.map(|v| if length > 0.0 { v / length } else { 0.0 });
            }
        }
        for i in (1..CELLS).rev() {
            lattice.selector.swap(i, (random.next() % CELLS as i64) as usize);
        }
        lattice
    }

    /// The specification's `noise2`: about -1 to 1, and 0 at the corners of every cell.
    fn noise(&self, place: [f64; 2], stitch: Option<[Stitch; 2]>) -> [f64; 4] {
        let axis = |i: usize| {
            let shifted = place[i] + ORIGIN;
            let cell = shifted.floor();
            let wrap = |cell: f64| stitch.map_or(cell, |axes| axes[i].wrapped(cell)) as i64 as usize % CELLS;
            ([wrap(cell), wrap(cell + 1.0)], shifted - cell)
        };
        let ((columns, x), (rows, y)) = (axis(0), axis(1));
        let ease = |t: f64| t * t * (3.0 - 2.0 * t);
        let mix = |t: f64, a: f64, b: f64| a + t * (b - a);
        let (ease_x, ease_y) = (ease(x), ease(y));
        let cell = |column: usize, row: usize| {
            &self.gradient[self.selector[(self.selector[columns[column]] + rows[row]) % CELLS]]
        };
        let cells = [cell(0, 0), cell(1, 0), cell(0, 1), cell(1, 1)];
        std::array::from_fn(|channel| {
            let corner = |i: usize, x: f64, y: f64| {
                let [gx, gy] = cells[i][channel];
                x * gx + y * gy
            };
            let top = mix(ease_x, corner(0, x, y), corner(1, x - 1.0, y));
            let bottom = mix(ease_x, corner(2, x, y - 1.0), corner(3, x - 1.0, y - 1.0));
            mix(ease_y, top, bottom)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(octaves: u32, frequency: f32, stitched: Option<Region>, seed: i32) -> Turbulence {
        Turbulence {
            base_frequency: [frequency; 2],
            octaves,
            seed,
            stitched,
            kind: TurbulenceKind::FractalNoise,
        }
    }

    #[test]
    fn random_numbers_are_the_minimal_standard() {
        // Park and Miller's own check: the 10,000th number from seed 1.
        let mut random = Random::new(1);
        let last = (0..10_000).map(|_| random.next()).last();
        assert_eq!(last, Some(1_043_618_065));
        assert_eq!(Random::new(0).0, 1);
        assert_eq!(Random::new(-5).0, 6);
        assert_eq!(Random::new(i32::MIN).0, 3);
        assert_eq!(Random::new(i32::MAX).0, Random::MODULUS - 1);
    }

    #[test]
    fn noise_is_mid_grey_at_lattice_points_and_tiles_when_stitched() {
        let flat = noise(3, 1.0, None, 7).render(4, 4, Transform::identity());
        assert!(flat.pixels.iter().all(|pixel| *pixel == [64, 64, 64, 128]));
        let region = Region { x: 10.0, y: 20.0, width: 37.0, height: 23.0 };
        let stitched = noise(4, 0.11, Some(region), 3);
        let at = |x, y| stitched.render(1, 1, Transform::from_translate(x, y)).pixels[0];
        assert_ne!(at(10.0, 27.0), at(13.0, 27.0));
        for step in 0..20 {
            let offset = step as f32;
            let close = |a: [u8; 4], b: [u8; 4]| a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 1);
            assert!(close(at(10.0, 20.0 + offset), at(46.999_99, 20.0 + offset)));
            assert!(close(at(10.0 + offset, 20.0), at(10.0 + offset, 42.999_99)));
        }
    }

    #[test]
    fn hostile_numbers_only_cost_bounded_time() {
        for frequency in [f32::NAN, f32::INFINITY, f32::MAX, -1.0, 0.0] {
            let far = Region { x: f32::MAX, y: -1e30, width: f32::MAX, height: 1e-30 };
            for stitched in [None, Some(far)] {
                noise(u32::MAX, frequency, stitched, i32::MIN).render(
                    3,
                    3,
                    Transform::from_scale(1e30, 1e-30),
                );
            }
        }
    }
}
