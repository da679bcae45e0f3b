//! From user space to pixels: which pixels a region covers, and what to do with rotation and skew.

use tiny_skia::{IntRect, Rect, Transform};

use super::model::Region;

/// A transform split in two, because the primitives work along the axes of their pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalSpace {
    /// User space to the pixels in which a filter runs: scale and translation only, with the resolution of the device.
    pub local: Transform,
    /// Those pixels to device pixels: what remains, rotation and skew.
    pub device_from_local: Transform,
}

impl LocalSpace {
    /// Splits `device_from_user`; `None` where it has no area or is not finite.
    pub fn of(device_from_user: Transform) -> Option<Self> {
        let (sx, sy) = scale_of(device_from_user)?;
        let ts = device_from_user;
        let device_from_local = Transform::from_row(ts.sx / sx, ts.ky / sx, ts.kx / sy, ts.sy / sy, 0.0, 0.0);
        let local = device_from_local.invert()?.pre_concat(ts);
        let local = Transform::from_row(sx, 0.0, 0.0, sy, local.tx, local.ty);
        local.is_finite().then_some(LocalSpace { local, device_from_local })
    }
}

/// The pixels that `region` covers under `ts`, cut to `canvas`; `None` where it is empty, not finite or outside.
///
/// The left and top edge are rounded down, width and height up. Under rotation or skew the region's bounding box counts.
pub fn device_region(region: &Region, ts: Transform, canvas: IntRect) -> Option<IntRect> {
    PixelRect::of(region, ts)?.intersect(&PixelRect::from(canvas)).to_int_rect()
}

/// The lengths of user space's unit vectors in pixels; `None` where `ts` is not finite or has no area.
pub(super) fn scale_of(ts: Transform) -> Option<(f32, f32)> {
    let (sx, sy) = (ts.sx.hypot(ts.ky), ts.kx.hypot(ts.sy));
    let usable = |scale: f32| scale.is_finite() && scale > 0.0;
    let inverse = ts.invert().filter(Transform::is_finite);
    (ts.is_finite() && usable(sx) && usable(sy) && inverse.is_some()).then_some((sx, sy))
}

/// Half-open ranges of pixel columns and rows, which may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PixelRect {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) right: i64,
    pub(super) bottom: i64,
}

impl PixelRect {
    /// The pixels that `region` covers under `ts`; `None` where it is empty or not finite.
    pub(super) fn of(region: &Region, ts: Transform) -> Option<Self> {
        if !(region.width > 0.0 && region.height > 0.0) {
            return None;
        }
        let rect = Rect::from_xywh(region.x, region.y, region.width, region.height)?.transform(ts)?;
        let (left, top) = (rect.x().floor() as i64, rect.y().floor() as i64);
        let extent = |length: f32| (length.ceil() as i64).max(1);
        Some(PixelRect {
            left,
            top,
            right: left.saturating_add(extent(rect.width())),
            bottom: top.saturating_add(extent(rect.height())),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    pub(super) fn intersect(&self, other: &PixelRect) -> PixelRect {
        PixelRect {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    pub(super) fn moved(&self, dx: i64, dy: i64) -> PixelRect {
        PixelRect {
            left: self.left.saturating_add(dx),
            top: self.top.saturating_add(dy),
            right: self.right.saturating_add(dx),
            bottom: self.bottom.saturating_add(dy),
        }
    }

    pub(super) fn to_int_rect(self) -> Option<IntRect> {
        if self.is_empty() {
            return None;
        }
        let coordinate = |value: i64| i32::try_from(value).ok();
        IntRect::from_ltrb(
            coordinate(self.left)?,
            coordinate(self.top)?,
            coordinate(self.right)?,
            coordinate(self.bottom)?,
        )
    }
}

impl From<IntRect> for PixelRect {
    fn from(rect: IntRect) -> Self {
        let (left, top) = (i64::from(rect.x()), i64::from(rect.y()));
        PixelRect { left, top, right: left + i64::from(rect.width()), bottom: top + i64::from(rect.height()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_transform_compose_to_it() {
        let whole = Transform::from_row(1.2, 0.7, -0.4, 2.0, 30.0, -5.0);
        let space = LocalSpace::of(whole).expect("it has an area");
        assert!(space.local.is_scale_translate());
        let composed = space.device_from_local.pre_concat(space.local);
        for (a, b) in [
            (composed.sx, whole.sx),
            (composed.ky, whole.ky),
            (composed.kx, whole.kx),
            (composed.sy, whole.sy),
            (composed.tx, whole.tx),
            (composed.ty, whole.ty),
        ] {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        assert_eq!(LocalSpace::of(Transform::from_scale(0.0, 1.0)), None);
        assert_eq!(LocalSpace::of(Transform::from_scale(f32::NAN, 1.0)), None);
    }

    #[test]
    fn a_region_covers_the_pixels_it_touches_inside_the_canvas() {
        let canvas = IntRect::from_xywh(0, 0, 100, 50).expect("valid");
        let pixels = |x, y, width, height| {
            device_region(&Region { x, y, width, height }, Transform::from_scale(2.0, 2.0), canvas)
                .map(|r| (r.left(), r.top(), r.right(), r.bottom()))
        };
        assert_eq!(pixels(1.2, 1.0, 10.1, 5.0), Some((2, 2, 23, 12)));
        assert_eq!(pixels(-1e9, -3.0, 1e10, 8.0), Some((0, 0, 100, 10)));
        assert_eq!(pixels(60.0, 0.0, 5.0, 5.0), None);
        assert_eq!(pixels(0.0, 0.0, 0.0, 5.0), None);
        assert_eq!(pixels(f32::NAN, 0.0, 5.0, 5.0), None);
    }
}
