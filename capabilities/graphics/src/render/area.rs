//! Rectangles of device pixels.

use kurbo::Rect;

/// A half-open rectangle of device pixels; empty where a right or bottom edge does not lie past its opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub x0: i32,
    pub y0: i32,
    pub x1: i32,
    pub y1: i32,
}

impl Area {
    /// No pixels.
    pub const EMPTY: Area = Area { x0: 0, y0: 0, x1: 0, y1: 0 };

    /// The pixels of a canvas at the origin.
    pub fn of_size(width: u32, height: u32) -> Self {
        let side = |length: u32| i32::try_from(length).unwrap_or(i32::MAX);
        Area { x0: 0, y0: 0, x1: side(width), y1: side(height) }
    }

    /// The pixels that a rectangle touches; none if it is not finite.
    pub fn touched(rect: Rect) -> Self {
        if !rect.is_finite() {
            return Area::EMPTY;
        }
        // Far outside of any canvas the numbers are clamped, so that sums of them stay representable.
        let edge = |value: f64| value.clamp(-1e9, 1e9) as i32;
        Area {
            x0: edge(rect.x0.floor()),
            y0: edge(rect.y0.floor()),
            x1: edge(rect.x1.ceil()),
            y1: edge(rect.y1.ceil()),
        }
    }

    pub fn is_empty(self) -> bool {
        self.x0 >= self.x1 || self.y0 >= self.y1
    }

    pub fn width(self) -> usize {
        (i64::from(self.x1) - i64::from(self.x0)).max(0) as usize
    }

    pub fn height(self) -> usize {
        (i64::from(self.y1) - i64::from(self.y0)).max(0) as usize
    }

    pub fn intersect(self, other: Area) -> Area {
        Area {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        }
    }

    /// The smallest area that holds both; an empty one adds nothing.
    pub fn union(self, other: Area) -> Area {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Area {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    /// The area grown by `x` pixels to the left and right and by `y` above and below.
    pub fn grown(self, [x, y]: [u32; 2]) -> Area {
        Area {
            x0: self.x0.saturating_sub_unsigned(x),
            y0: self.y0.saturating_sub_unsigned(y),
            x1: self.x1.saturating_add_unsigned(x),
            y1: self.y1.saturating_add_unsigned(y),
        }
    }

    /// The area moved to the left by `x` pixels and up by `y`.
    pub fn moved_back(self, x: i32, y: i32) -> Area {
        Area {
            x0: self.x0.saturating_sub(x),
            y0: self.y0.saturating_sub(y),
            x1: self.x1.saturating_sub(x),
            y1: self.y1.saturating_sub(y),
        }
    }

    pub fn to_rect(self) -> Rect {
        Rect::new(self.x0.into(), self.y0.into(), self.x1.into(), self.y1.into())
    }
}
