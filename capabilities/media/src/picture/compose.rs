//! Drawing what a timeline shows at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::{BlobHash, Color, Diagnostic, DocumentId, Flicks};
use kernel::{CommandError, Pixels, Reading, View};
use raster::{Surface, blend::BlendMode};

use super::{
    canvas::Canvas,
    image::{self, Drawn},
    place::{self, Frame, Placed, Placement},
    rgba::Rgba,
    wipe::Edge,
};
use crate::{
    info,
    kept::Kept,
    kinds::{self, Clip, Transition, TransitionForm},
    model::{Item, Shown, Stack, Thing},
    readers::Readers,
};

/// What drawing timelines takes beside them, and what goes wrong meanwhile.
pub struct Scene<'a> {
    /// Where video comes from.
    pub readers: &'a Readers,
    /// What has been drawn of things that do not move.
    pub kept: &'a Kept,
    /// Blobs and other documents.
    pub reading: &'a Reading<'a>,
    /// How long a frame is shown.
    pub frame_length: Flicks,
    /// What could not be drawn, by the clip.
    problems: BTreeMap<String, String>,
    /// Streams of which nothing could be read: they are not tried again.
    broken: BTreeSet<(BlobHash, u32)>,
}

impl<'a> Scene<'a> {
    /// Nothing has gone wrong yet.
    pub fn new(readers: &'a Readers, kept: &'a Kept, reading: &'a Reading<'a>, frame_length: Flicks) -> Self {
        let (problems, broken) = (BTreeMap::new(), BTreeSet::new());
        Scene { readers, kept, reading, frame_length, problems, broken }
    }

    /// The problems, as warnings.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let warning = |(place, problem): (&String, &String)| {
            Diagnostic::warning(place.clone(), format!("{problem}: it is left out"))
        };
        self.problems.iter().map(warning).collect()
    }

    /// Notes what is wrong with a thing, once, unless it is worth ending all for.
    fn forgive<T: Default>(
        &mut self,
        place: impl FnOnce() -> String,
        result: Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        match result {
            Err(
                error @ (CommandError::Cancelled | CommandError::TimedOut(_) | CommandError::Limit { .. }),
            ) => Err(error),
            Err(error) => {
                self.problems.entry(place()).or_insert_with(|| error.to_string());
                Ok(T::default())
            }
            Ok(value) => Ok(value),
        }
    }
}

/// Whether all that is shown at a time is mixed in the plain way, so that it can be drawn on planes.
pub fn mixes_alone(stack: &Stack<'_>, time: Flicks) -> bool {
    let plain = |item: &Item<'_>| {
        let node = item.node();
        node.string("blendMode").is_none_or(|mode| &*mode == "normal") || !item.is_enabled()
    };
    stack.tracks.iter().filter(|track| track.is_video() && track.node.enabled()).all(|track| {
        match track.at(time) {
            Shown::Nothing => true,
            Shown::One(item) => plain(item),
            Shown::Both(left, right, ..) => plain(left) && plain(right),
        }
    })
}

/// Draws what tracks show at a time over what is on a canvas.
///
/// # Errors
/// The work was given up, or a limit is exceeded. What cannot be drawn otherwise is left out and noted.
pub fn compose<C: Canvas>(
    canvas: &mut C,
    stack: &Stack<'_>,
    time: Flicks,
    frame: &Frame,
    scene: &mut Scene<'_>,
) -> Result<(), CommandError> {
    for track in stack.tracks.iter().filter(|track| track.is_video() && track.node.enabled()) {
        let opacity = track.node.node().at_time(time.seconds()).number("opacity").unwrap_or(1.0) as f32;
        match track.at(time) {
            Shown::Nothing => {}
            Shown::One(item) => draw(canvas, item, time, opacity, (0.0, 0.0), frame, scene)?,
            Shown::Both(left, right, transition, progress) => {
                both(canvas, (left, right), transition, progress, (time, opacity), frame, scene)?;
            }
        }
    }
    Ok(())
}

fn both<C: Canvas>(
    canvas: &mut C,
    (left, right): (&Item<'_>, &Item<'_>),
    transition: Transition<'_>,
    progress: f64,
    (time, opacity): (Flicks, f32),
    frame: &Frame,
    scene: &mut Scene<'_>,
) -> Result<(), CommandError> {
    let still = (0.0, 0.0);
    match transition.form() {
        TransitionForm::Dissolve => {
            let mut next = canvas.clone();
            draw(canvas, left, time, opacity, still, frame, scene)?;
            draw(&mut next, right, time, opacity, still, frame, scene)?;
            canvas.mix(&next, progress as f32);
        }
        TransitionForm::Wipe => {
            let mut next = canvas.clone();
            draw(canvas, left, time, opacity, still, frame, scene)?;
            draw(&mut next, right, time, opacity, still, frame, scene)?;
            let (angle, softness) = (transition.angle(), transition.softness());
            canvas.wipe(&next, &Edge::new(frame.width, frame.height, angle, softness, progress));
        }
        TransitionForm::Push => {
            let (y, x) = transition.angle().to_radians().sin_cos();
            let way = (x * frame.whole.0, y * frame.whole.1);
            let (gone, left_over) = (progress, progress - 1.0);
            draw(canvas, left, time, opacity, (way.0 * gone, way.1 * gone), frame, scene)?;
            draw(canvas, right, time, opacity, (way.0 * left_over, way.1 * left_over), frame, scene)?;
        }
        TransitionForm::Dip => {
            let mut color = canvas.clone();
            color.fill(transition.color());
            let (item, part) = match progress < 0.5 {
                true => (left, progress * 2.0),
                false => (right, 2.0 - progress * 2.0),
            };
            draw(canvas, item, time, opacity, still, frame, scene)?;
            canvas.mix(&color, part as f32);
        }
    }
    Ok(())
}

/// Draws an item as it is at a time of its track, moved by some of the timeline's pixels.
fn draw<C: Canvas>(
    canvas: &mut C,
    item: &Item<'_>,
    time: Flicks,
    opacity: f32,
    moved: (f64, f64),
    frame: &Frame,
    scene: &mut Scene<'_>,
) -> Result<(), CommandError> {
    if !item.is_enabled() {
        return Ok(());
    }
    let source_time = item.source_time(time, scene.frame_length);
    let node = item.node().at_time(source_time.seconds());
    let mut placement = match &item.thing {
        Thing::Clip(_) => Clip::read(node).map(Placement::of_clip),
        Thing::Stack(..) => kinds::Stack::read(node).map(Placement::of_stack),
        Thing::Gap(_) => None,
    };
    let Some(placement) = placement.as_mut().filter(|placement| placement.opacity > 0.0) else {
        return Ok(());
    };
    placement.middle = (placement.middle.0 + moved.0, placement.middle.1 + moved.1);
    let opacity = opacity * placement.opacity.clamp(0.0, 1.0) as f32;
    let filters = place::filters(node);
    let work = Work { placement: *placement, source_time, frame: *frame };
    let name = || info::name_of(node);
    if let Thing::Clip(clip) = &item.thing
        && let Some(media) = clip.media()
    {
        let info = info::read(*clip);
        let video = info.as_ref().and_then(|info| info::video(*clip, info));
        let stream = video.map_or(0, |video| video.stream);
        if scene.broken.contains(&(media, stream)) {
            return Ok(());
        }
        let picture = scene.readers.picture(media, stream, source_time, scene.reading).map(Some);
        let Some(picture) = scene.forgive(name, picture)? else {
            scene.broken.insert((media, stream));
            return Ok(());
        };
        let size = video.map_or((f64::from(picture.width), f64::from(picture.height)), info::upright_size);
        let Some(placed) = work.placement.place(size, frame) else { return Ok(()) };
        let direct = filters.is_none()
            && work.placement.blend == BlendMode::Normal
            && image::orientation(video) == raster::codec::Orientation::Upright;
        if direct && canvas.draw_video(&picture, &placed, opacity) {
            return Ok(());
        }
        let drawn = image::put(&image::upright(&picture, video), size, &placed, frame, scene.reading.limits);
        let drawn = drawn.map_err(|error| CommandError::Failed(error.to_string()));
        let drawn = drawn.and_then(|drawn| work.filtered(drawn, filters.as_ref(), scene));
        let Some(drawn) = scene.forgive(name, drawn)? else { return Ok(()) };
        return canvas.draw(&drawn, opacity, work.placement.blend);
    }
    let drawn = match &item.thing {
        Thing::Clip(clip) => work.shown(*clip, filters.as_ref(), scene),
        Thing::Stack(_, tracks) => work.tracks(tracks, filters.as_ref(), scene),
        Thing::Gap(_) => Ok(None),
    };
    match scene.forgive(name, drawn)? {
        Some(drawn) => canvas.draw(&drawn, opacity, work.placement.blend),
        None => Ok(()),
    }
}

/// What is to be drawn of one item.
struct Work {
    placement: Placement,
    source_time: Flicks,
    frame: Frame,
}

impl Work {
    /// What a clip of a document or of a colour shows.
    fn shown(
        &self,
        clip: Clip<'_>,
        filters: Option<&serde_json::Value>,
        scene: &Scene<'_>,
    ) -> Result<Option<Arc<Drawn>>, CommandError> {
        let time = self.source_time.seconds();
        let Some(document) = clip.document() else {
            let Some(color) = clip.color() else { return Ok(None) };
            return self.filtered(self.plain(color), filters, scene);
        };
        let links = scene.reading.links;
        let size = links.extent(document, time)?;
        let Some(placed) = self.placement.place(size, &self.frame) else { return Ok(None) };
        let key = self.key(document, &placed, filters, scene);
        if let Some(drawn) = key.and_then(|key| scene.kept.drawn(key)) {
            return Ok(Some(drawn));
        }
        let drawn = self.document(document, size, &placed, scene)?;
        let drawn = self.filtered(drawn, filters, scene)?;
        if let (Some(key), Some(drawn)) = (key, &drawn) {
            scene.kept.keep(key, drawn.clone());
        }
        Ok(drawn)
    }

    /// What tells pictures of documents apart: they are the same for the same key.
    fn key(
        &self,
        document: DocumentId,
        placed: &Placed,
        filters: Option<&serde_json::Value>,
        scene: &Scene<'_>,
    ) -> Option<BlobHash> {
        let links = scene.reading.links;
        let hash = links.hash(document)?;
        // What a document shows follows from what it refers to as well.
        let whole: Vec<u8> =
            links.documents().filter_map(|other| links.hash(other)).flat_map(|hash| hash.0).collect();
        let moment = if links.any_moves() { self.source_time } else { Flicks::ZERO };
        let text = format!(
            "{placed:?} {:?} {} {}",
            self.frame,
            moment.0,
            filters.map(ToString::to_string).unwrap_or_default()
        );
        Some(BlobHash::of(&[&hash.0[..], &whole, text.as_bytes()].concat()))
    }

    /// All of the place that the placement gives to nothing in particular, in a colour.
    fn plain(&self, color: Color) -> Option<Drawn> {
        let placed = self.placement.place(self.frame.whole, &self.frame)?;
        let [left, top, width, height] = placed.bounds(&self.frame)?;
        let mut canvas = Rgba::new(width, height);
        canvas.fill(color);
        Some(Drawn::new(canvas.into_surface(), (left, top)))
    }

    fn document(
        &self,
        document: DocumentId,
        size: (f64, f64),
        placed: &Placed,
        scene: &Scene<'_>,
    ) -> Result<Option<Drawn>, CommandError> {
        let Some([left, top, width, height]) = placed.bounds(&self.frame) else { return Ok(None) };
        let (links, time) = (scene.reading.links, self.source_time.seconds());
        let [x, y, source_width, source_height] = placed.source;
        let scale = (placed.width / source_width, placed.height / source_height);
        if placed.rotation == 0.0 && (scale.0 - scale.1).abs() < 1e-9 * scale.0 {
            let origin = |low: u32, middle: f64, length: f64, begin: f64, scale: f64| {
                begin + (f64::from(low) - (middle - length / 2.0)) / scale
            };
            let origin = (
                origin(left, placed.x, placed.width, x, scale.0),
                origin(top, placed.y, placed.height, y, scale.1),
            );
            let view = View { width, height, origin, scale: scale.0, time };
            let drawn = links.draw_view(document, &view, scene.reading)?;
            return Ok(Some(Drawn::new(surface(drawn)?, (left, top))));
        }
        let scale = scale.0.max(scale.1);
        let pixels = |length: f64| (length * scale).ceil().max(1.0) as u32;
        let view = View { width: pixels(size.0), height: pixels(size.1), origin: (0.0, 0.0), scale, time };
        let drawn = surface(links.draw_view(document, &view, scene.reading)?)?;
        image::put(&drawn, size, placed, &self.frame, scene.reading.limits)
            .map_err(|error| CommandError::Failed(error.to_string()))
    }

    /// What tracks within a track show.
    fn tracks(
        &self,
        tracks: &Stack<'_>,
        filters: Option<&serde_json::Value>,
        scene: &mut Scene<'_>,
    ) -> Result<Option<Arc<Drawn>>, CommandError> {
        let size = self.frame.whole;
        let Some(placed) = self.placement.place(size, &self.frame) else { return Ok(None) };
        let plain = Frame::whole(
            (size.0 * self.frame.scale).round().max(1.0) as u32,
            (size.1 * self.frame.scale).round().max(1.0) as u32,
        );
        let inner = Frame { whole: size, scale: self.frame.scale, ..plain };
        let mut canvas = Rgba::new(inner.width, inner.height);
        compose(&mut canvas, tracks, self.source_time, &inner, scene)?;
        let drawn = image::put(canvas.surface(), size, &placed, &self.frame, scene.reading.limits)
            .map_err(|error| CommandError::Failed(error.to_string()))?;
        self.filtered(drawn, filters, scene)
    }

    fn filtered(
        &self,
        drawn: Option<Drawn>,
        filters: Option<&serde_json::Value>,
        scene: &Scene<'_>,
    ) -> Result<Option<Arc<Drawn>>, CommandError> {
        let (Some(drawn), Some(filters)) = (&drawn, filters) else { return Ok(drawn.map(Arc::new)) };
        // Filters may spread beyond the pixels that there are.
        let (width, height) = (self.frame.width, self.frame.height);
        let rgba = drawn.whole(width, height);
        let pixels = scene.reading.links.filter(Pixels { width, height, rgba }, filters, self.frame.scale)?;
        Ok(Some(Arc::new(Drawn::new(surface(pixels)?, (0, 0)))))
    }
}

fn surface(pixels: Pixels) -> Result<Surface, CommandError> {
    let Pixels { width, height, rgba } = pixels;
    Surface::from_pixels(width, height, raster::Pixels::U8(rgba))
        .map_err(|error| CommandError::Failed(error.to_string()))
}
