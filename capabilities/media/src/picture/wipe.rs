//! The edge of a wipe.

/// An edge that moves over a picture, from one side to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Where it goes: to the right, and downwards.
    direction: (f64, f64),
    /// The lowest place along that direction, and the length from there to the highest, edge included.
    from: f64,
    length: f64,
    softness: f64,
    progress: f64,
}

impl Edge {
    /// One over a picture of this size, which goes to `angle` degrees (0 to the right, 90 downwards), is `softness` of the way
    /// wide, and has gone `progress` of it, from 0 to 1.
    pub fn new(width: u32, height: u32, angle: f64, softness: f64, progress: f64) -> Self {
        let (y, x) = angle.to_radians().sin_cos();
        let (width, height) = (f64::from(width), f64::from(height));
        let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)];
        let along = corners.map(|(cx, cy)| cx * x + cy * y);
        let from = along.iter().copied().fold(f64::INFINITY, f64::min);
        let to = along.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let softness = softness.clamp(0.0, 1.0) * (to - from);
        Edge { direction: (x, y), from: from - softness, length: to - from + softness, softness, progress }
    }

    /// How much of the next picture there is at a point, from 0 to 1. A hard edge is as soft as a pixel.
    pub fn part(&self, x: f64, y: f64) -> f32 {
        let place = x * self.direction.0 + y * self.direction.1;
        let edge = self.from + self.length * self.progress;
        let part = match self.softness > 1.0 {
            true => (edge + self.softness - place) / self.softness,
            false => edge - place + 0.5,
        };
        part.clamp(0.0, 1.0) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_goes_all_the_way() {
        for angle in [0.0, 45.0, 90.0, 180.0, 200.0, 270.0] {
            for softness in [0.0, 0.25, 1.0] {
                for (x, y) in [(0.5, 0.5), (319.5, 0.5), (160.0, 90.0), (319.5, 179.5)] {
                    let part = |progress| Edge::new(320, 180, angle, softness, progress).part(x, y);
                    assert_eq!((part(0.0), part(1.0)), (0.0, 1.0), "{angle} {softness} {x} {y}");
                    assert!(part(0.3) <= part(0.6));
                }
            }
        }
        assert_eq!(Edge::new(320, 180, 0.0, 0.0, 0.5).part(100.0, 50.0), 1.0);
        assert_eq!(Edge::new(320, 180, 0.0, 0.0, 0.5).part(200.0, 50.0), 0.0);
    }
}
