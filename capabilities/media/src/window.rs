//! What windows, and other documents, show of timelines.

use std::sync::Arc;

use base::{Diagnostic, Flicks};
use document::{Content, Tree};
use kernel::{CommandError, Evaluator, Pixels, Reading, Registrar, View};
use raster::Surface;

use crate::{
    Media,
    kinds::Timeline,
    model::{self, Format},
    picture::{Canvas, Frame, Rgba, Scene, compose},
};

const PLACE: &str = "the timeline";

pub(crate) fn register(registrar: &mut Registrar<'_>, media: &Arc<Media>) {
    registrar.evaluator("picture", Arc::new(TimelineEvaluator(media.clone())));
}

struct TimelineEvaluator(Arc<Media>);

impl Evaluator for TimelineEvaluator {
    fn extent(&self, document: &Content, _: f64) -> Result<(f64, f64), CommandError> {
        let timeline = document.tree().map(Tree::root).and_then(Timeline::read);
        let format = Format::of(timeline.ok_or_else(|| CommandError::Failed(format!("{PLACE} is none")))?);
        Ok(format.size())
    }

    fn draw(&self, document: &Content, view: &View, reading: &Reading<'_>) -> Result<Pixels, CommandError> {
        let whole = self.extent(document, view.time)?;
        let View { width, height, origin, scale, time } = *view;
        let frame = Frame { width, height, whole, origin, scale };
        let (surface, _) = picture(&self.0, document, time, &frame, reading)?;
        match surface.into_pixels() {
            raster::Pixels::U8(rgba) => Ok(Pixels { width, height, rgba }),
            _ => Err(CommandError::Failed(format!("{PLACE} was drawn with another depth than asked for"))),
        }
    }
}

/// All of a timeline in a picture of another size: as large as fits into it, in its middle.
pub(crate) fn stretched(format: &Format, width: u32, height: u32) -> Frame {
    let whole = format.size();
    let scale = (f64::from(width) / whole.0).min(f64::from(height) / whole.1);
    let off = |length: u32, whole: f64| (whole - f64::from(length) / scale) / 2.0;
    Frame { width, height, whole, origin: (off(width, whole.0), off(height, whole.1)), scale }
}

/// What a timeline shows at a time, in seconds, and what of it could not be drawn.
///
/// # Errors
/// It is no timeline, the work was given up, or a limit is exceeded.
pub(crate) fn picture(
    media: &Media,
    document: &Content,
    time: f64,
    frame: &Frame,
    reading: &Reading<'_>,
) -> Result<(Surface, Vec<Diagnostic>), CommandError> {
    let found = model::timeline(document, reading.limits);
    let (timeline, stack) = found
        .ok_or_else(|| CommandError::Failed(format!("{PLACE} is none")))?
        .map_err(|limit| CommandError::Limit { place: PLACE.to_owned(), limit })?;
    let format = Format::of(timeline);
    // What is shown is the frame that has begun.
    let time = Flicks::from_frame(Flicks::from_seconds(time).frame(format.rate), format.rate);
    let mut scene = Scene::new(&media.readers, &media.kept, reading, format.rate.frame());
    let mut canvas = Rgba::new(frame.width, frame.height);
    canvas.fill(timeline.background());
    compose(&mut canvas, &stack, time, frame, &mut scene)?;
    Ok((canvas.into_surface(), scene.warnings()))
}
