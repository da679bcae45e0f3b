//! Where in the picture something goes.

use crate::kinds::{Clip, ClipBlendMode, ClipFit, Stack, StackFit};
use document::NodeRef;
use raster::blend::BlendMode;

/// The picture that is drawn: a part of a timeline's, as large as wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The timeline's width and height.
    pub whole: (f64, f64),
    /// What is at the upper left corner, in the timeline's pixels.
    pub origin: (f64, f64),
    /// Pixels of the picture for one of the timeline.
    pub scale: f64,
}

impl Frame {
    /// All of a timeline, at its own size.
    pub fn whole(width: u32, height: u32) -> Self {
        let whole = (f64::from(width), f64::from(height));
        Frame { width, height, whole, origin: (0.0, 0.0), scale: 1.0 }
    }
}

/// How large a thing is before it is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit {
    /// All of it is seen.
    Contain,
    /// It fills the picture.
    Cover,
    /// It fills the picture, and all of it is seen.
    Stretch,
    /// At its own size.
    None,
}

/// Where a clip or stack goes, and how it is mixed in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// How large it is before it is scaled.
    pub fit: Fit,
    /// Where its middle is, from the picture's, in the timeline's pixels.
    pub middle: (f64, f64),
    /// How many times as large it is.
    pub scale: f64,
    /// Clockwise, in degrees.
    pub rotation: f64,
    /// What is cut off at the left, top, right and bottom, in its own pixels.
    pub crop: [f64; 4],
    /// From 0 to 1.
    pub opacity: f64,
    /// How it is mixed with what lies below.
    pub blend: BlendMode,
}

impl Placement {
    /// That of a clip, which is read at its own time.
    pub fn of_clip(clip: Clip<'_>) -> Self {
        Placement {
            fit: match clip.fit() {
                ClipFit::Contain => Fit::Contain,
                ClipFit::Cover => Fit::Cover,
                ClipFit::Stretch => Fit::Stretch,
                ClipFit::None => Fit::None,
            },
            middle: (clip.x(), clip.y()),
            scale: clip.scale(),
            rotation: clip.rotation(),
            crop: [clip.crop_left(), clip.crop_top(), clip.crop_right(), clip.crop_bottom()],
            opacity: clip.opacity(),
            blend: blend_mode(clip.blend_mode()),
        }
    }

    /// That of a stack, which is read at its own time.
    pub fn of_stack(stack: Stack<'_>) -> Self {
        Placement {
            fit: match stack.fit() {
                StackFit::Contain => Fit::Contain,
                StackFit::Cover => Fit::Cover,
                StackFit::Stretch => Fit::Stretch,
                StackFit::None => Fit::None,
            },
            middle: (stack.x(), stack.y()),
            scale: stack.scale(),
            rotation: stack.rotation(),
            crop: [0.0; 4],
            opacity: stack.opacity(),
            blend: stack.blend_mode().as_str().parse().unwrap_or(BlendMode::Normal),
        }
    }

    /// Where a thing of this size goes in a frame, its crop taken off. None when nothing of it is there.
    pub fn place(&self, size: (f64, f64), frame: &Frame) -> Option<Placed> {
        let [left, top, right, bottom] = self.crop;
        let (width, height) = (size.0 - left - right, size.1 - top - bottom);
        if !(width > 0.0 && height > 0.0 && self.scale > 0.0) {
            return None;
        }
        let (across, down) = (frame.whole.0 / width, frame.whole.1 / height);
        let (across, down) = match self.fit {
            Fit::Contain => (across.min(down), across.min(down)),
            Fit::Cover => (across.max(down), across.max(down)),
            Fit::Stretch => (across, down),
            Fit::None => (1.0, 1.0),
        };
        let factor = self.scale * frame.scale;
        let middle = |whole: f64, off: f64, origin: f64| (whole / 2.0 + off - origin) * frame.scale;
        let placed = Placed {
            x: middle(frame.whole.0, self.middle.0, frame.origin.0),
            y: middle(frame.whole.1, self.middle.1, frame.origin.1),
            width: width * across * factor,
            height: height * down * factor,
            rotation: self.rotation.rem_euclid(360.0),
            source: [left, top, width, height],
        };
        [placed.x, placed.y, placed.width, placed.height, placed.rotation]
            .iter()
            .all(|number| number.is_finite())
            .then_some(placed)
    }
}

/// A box in a frame that something goes into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Its middle, in the frame's pixels.
    pub x: f64,
    /// As x, downwards.
    pub y: f64,
    /// Its width, in the frame's pixels, before it is turned.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// Clockwise about its middle, from 0 to 360 degrees.
    pub rotation: f64,
    /// The part of the thing that goes there: x, y, width and height in its own pixels.
    pub source: [f64; 4],
}

impl Placed {
    /// Whether it is a thing of `width` by `height` pixels as it is, at the corner of the frame.
    pub fn is_plain(&self, width: u32, height: u32) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        let (width, height) = (f64::from(width), f64::from(height));
        near(self.width, width)
            && near(self.height, height)
            && near(self.x, width / 2.0)
            && near(self.y, height / 2.0)
            && self.rotation == 0.0
            && self.source == [0.0, 0.0, width, height]
    }

    /// The smallest box of whole pixels of the frame that it lies in, after it is turned: x, y, width and height.
    pub fn bounds(&self, frame: &Frame) -> Option<[u32; 4]> {
        let (sine, cosine) = self.rotation.to_radians().sin_cos();
        let across = (self.width * cosine.abs() + self.height * sine.abs()) / 2.0;
        let down = (self.width * sine.abs() + self.height * cosine.abs()) / 2.0;
        let low = |middle: f64, half: f64| (middle - half + 1e-6).floor().max(0.0);
        let high = |middle: f64, half: f64, most: u32| (middle + half - 1e-6).ceil().min(f64::from(most));
        let (left, top) = (low(self.x, across), low(self.y, down));
        let (right, bottom) = (high(self.x, across, frame.width), high(self.y, down, frame.height));
        (left < right && top < bottom).then_some([
            left as u32,
            top as u32,
            (right - left) as u32,
            (bottom - top) as u32,
        ])
    }
}

fn blend_mode(mode: ClipBlendMode) -> BlendMode {
    mode.as_str().parse().unwrap_or(BlendMode::Normal)
}

/// The filters of a clip or stack, as JSON; none when there are none.
pub fn filters(node: NodeRef<'_>) -> Option<serde_json::Value> {
    let filters = node.value("filters")?.to_json();
    filters.as_array().is_some_and(|list| !list.is_empty()).then_some(filters)
}
