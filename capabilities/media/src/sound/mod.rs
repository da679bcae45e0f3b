//! What timelines play: their sound as a mix.

mod effect;
mod source;

use ::sound::{
    Chain, Clip as MixClip, Effect, Envelope, Fade, FadeShape, Key, Mix, OpenSource, Report,
    Track as MixTrack, gain_from_db,
};
use base::{Diagnostic, Flicks, Limits};
use document::NodeRef;
use kernel::{CommandError, Reading};

pub use effect::SoundEffect;

use crate::{
    Readers,
    import::samples,
    info,
    kinds::{Clip, ClipFadeShape, Timeline, TransitionCurve, TransitionForm},
    model::{self, Format, Item, Stack, Thing},
};

/// Seconds between the points of a gain that changes over time.
const STEP: f64 = 0.01;

/// The sound of a part of a timeline, from when to when, as a mix.
///
/// # Errors
/// A blob is not there, or stacks are nested too deeply.
pub fn mix(
    timeline: Timeline<'_>,
    stack: &Stack<'_>,
    format: &Format,
    (start, end): (Flicks, Flicks),
    readers: &Readers,
    reading: &Reading<'_>,
) -> Result<Mix, CommandError> {
    let rate = samples(format.sample_rate);
    let frames = (end - start).nearest_frame(rate).max(0) as u64;
    let mut gathering =
        Gathering { rate: format.sample_rate, end: frames, tracks: Vec::new(), readers, reading };
    let window = Window { start, end, offset: start, gain: 0.0 };
    gathering.stack(stack, window, 0)?;
    let master = timeline.node();
    Ok(Mix {
        rate: format.sample_rate,
        channels: format.channels,
        frames,
        tracks: gathering.tracks,
        master: Chain {
            effects: effects(master)?,
            gain: over_mix(master, "gain", window, format.sample_rate, &gain_from_db),
        },
    })
}

/// A part of tracks that is heard: from `start` to `end` of their own time, which is `offset` earlier than that of the mix.
#[derive(Clone, Copy)]
struct Window {
    start: Flicks,
    end: Flicks,
    offset: Flicks,
    /// What is added to the gain, in dB.
    gain: f64,
}

struct Gathering<'a> {
    rate: u32,
    end: u64,
    tracks: Vec<MixTrack>,
    readers: &'a Readers,
    reading: &'a Reading<'a>,
}

impl Gathering<'_> {
    /// Adds the tracks of a stack that are heard.
    fn stack(&mut self, stack: &Stack<'_>, window: Window, depth: u64) -> Result<(), CommandError> {
        Limits::check("the nesting of timelines", depth, self.reading.limits.nesting, "nesting")
            .map_err(|limit| CommandError::Limit { place: "the timeline".to_owned(), limit })?;
        let audio = || stack.tracks.iter().filter(|track| !track.is_video());
        let any_solo = audio().any(|track| track.node.solo());
        for track in stack.tracks.iter().filter(|track| track.node.enabled()) {
            if any_solo && !track.is_video() && !track.node.solo() {
                continue;
            }
            let node = track.node.node();
            let mut made = MixTrack {
                gain: over_mix(node, "gain", window, self.rate, &|db| gain_from_db(db + window.gain)),
                pan: over_mix(node, "pan", window, self.rate, &|pan| pan),
                chain: Chain { effects: effects(node)?, gain: Envelope::default() },
                ..MixTrack::default()
            };
            for (place, item) in track.items.iter().enumerate() {
                if !item.is_enabled() || item.end() <= window.start || item.start >= window.end {
                    continue;
                }
                let fades = Fades::of(track, place, item);
                match &item.thing {
                    Thing::Clip(clip) if clip.document().is_some() => {
                        self.nested(*clip, item, window, depth)?;
                    }
                    Thing::Clip(clip) if !track.is_video() => {
                        made.clips.extend(self.clip(*clip, item, fades, window)?);
                    }
                    Thing::Stack(stack, tracks) => {
                        let inner = inner(item, Flicks(stack.in_point()), window, stack.gain());
                        self.stack(tracks, inner, depth + 1)?;
                    }
                    _ => {}
                }
            }
            if !made.clips.is_empty() {
                self.tracks.push(made);
            }
        }
        Ok(())
    }

    /// Adds what a timeline plays that is a clip in another one, on whatever track.
    fn nested(
        &mut self,
        clip: Clip<'_>,
        item: &Item<'_>,
        window: Window,
        depth: u64,
    ) -> Result<(), CommandError> {
        let Some(document) = clip.document() else { return Ok(()) };
        // What others show makes no sound, and this does not follow from it.
        if self.reading.links.kind(document) != Some(Timeline::KIND) {
            return Ok(());
        }
        let Some((content, _)) = self.reading.links.content(document) else { return Ok(()) };
        let Some(found) = model::timeline(content, self.reading.limits) else { return Ok(()) };
        let (_, stack) =
            found.map_err(|limit| CommandError::Limit { place: "the timeline".to_owned(), limit })?;
        if clip.speed() != 1.0 {
            return Ok(());
        }
        self.stack(&stack, inner(item, Flicks(clip.in_point()), window, clip.gain()), depth + 1)
    }

    fn clip(
        &self,
        clip: Clip<'_>,
        item: &Item<'_>,
        fades: Fades,
        window: Window,
    ) -> Result<Option<MixClip>, CommandError> {
        let Some(media) = clip.media() else { return Ok(None) };
        let rate = samples(self.rate);
        let speed = clip.speed();
        let info = info::read(clip);
        let heard = info.as_ref().and_then(|info| info::sound(clip, info));
        let begin = heard.map_or(Flicks::ZERO, |sound| sound.start);
        let (start, end) = (item.start - fades.before, item.end() + fades.after);
        let (from, to) = (start.max(window.start), end.min(window.end));
        // Where the sound is at a time of the track. Backwards it begins at its end.
        let place = |time: Flicks| {
            let played = if speed < 0.0 { item.end() - time } else { time - item.start };
            Flicks(clip.in_point()) + if speed.abs() == 1.0 { played } else { played.scaled(speed.abs()) }
                - begin
        };
        // Before its file begins there is silence.
        let missing = (-place(from)).max(Flicks::ZERO);
        let from = if speed > 0.0 { from + missing.scaled(1.0 / speed) } else { from };
        let first = (from - window.offset).nearest_frame(rate).max(0);
        let last = (to - window.offset).nearest_frame(rate).min(self.end as i64);
        if last <= first || speed == 0.0 {
            return Ok(None);
        }
        let shape = |curve: Option<TransitionCurve>| match (curve, clip.fade_shape()) {
            (Some(TransitionCurve::EqualPower), _) | (None, ClipFadeShape::EqualPower) => {
                FadeShape::EqualPower
            }
            (Some(TransitionCurve::Linear), _) | (None, ClipFadeShape::Linear) => FadeShape::Linear,
            (None, ClipFadeShape::Smooth) => FadeShape::SCurve,
        };
        let (shape_in, shape_out) = (shape(fades.curve_in), shape(fades.curve_out));
        let whole = from == start && to == end;
        // Of a part, fades are a part, too.
        let faded = |time: Flicks| {
            let part = |gone: Flicks, length: Flicks, shape: FadeShape| match length > Flicks::ZERO {
                true => shape.gain((gone.seconds() / length.seconds()).clamp(0.0, 1.0)),
                false => 1.0,
            };
            part(time - start, fades.fade_in, shape_in) * part(end - time, fades.fade_out, shape_out)
        };
        let fades_here = !whole && (fades.fade_in > from - start || fades.fade_out > end - to);
        // Key frames are in the clip's own time.
        let read = |name: &str, seconds: f64| {
            let inside = (from - item.start).seconds() + seconds;
            let inside = if speed < 0.0 { item.duration.seconds() - inside } else { inside };
            let time = Flicks(clip.in_point()).seconds() + inside * speed.abs();
            clip.node().at_time(time).number(name).unwrap_or(0.0)
        };
        let moves = clip.node().end() > 0.0;
        let length = (to - from).seconds();
        let open: OpenSource = source::opener(media, heard, self.readers, self.reading)?;
        let mut made = MixClip::new(open, first as u64, (last - first) as u64);
        made.offset = place(from).seconds();
        made.speed = speed;
        made.gain = envelope(moves || fades_here, length, self.rate, &|seconds| {
            let fade = if fades_here { faded(from + Flicks::from_seconds(seconds)) } else { 1.0 };
            gain_from_db(read("gain", seconds)) * fade
        });
        made.pan = envelope(moves, length, self.rate, &|seconds| read("pan", seconds));
        if whole {
            let fade = |time: Flicks, shape| {
                let frames = time.nearest_frame(rate).max(0) as u64;
                (frames > 0).then_some(Fade { frames, shape })
            };
            made.fade_in = fade(fades.fade_in, shape_in);
            made.fade_out = fade(fades.fade_out, shape_out);
        }
        Ok(Some(made))
    }
}

/// The window on the inside of an item that plays tracks from `begin` on.
fn inner(item: &Item<'_>, begin: Flicks, window: Window, gain: f64) -> Window {
    let (from, to) = (item.start.max(window.start), item.end().min(window.end));
    // From the time of the track to that inside, and from there to that of the mix.
    let shift = begin - item.start;
    Window { start: from + shift, end: to + shift, offset: window.offset + shift, gain: window.gain + gain }
}

/// How a clip comes and goes: what it plays beyond its cuts, and its fades.
struct Fades {
    before: Flicks,
    after: Flicks,
    fade_in: Flicks,
    fade_out: Flicks,
    curve_in: Option<TransitionCurve>,
    curve_out: Option<TransitionCurve>,
}

impl Fades {
    fn of(track: &model::Track<'_>, place: usize, item: &Item<'_>) -> Self {
        let before = track.cuts.iter().find(|cut| cut.left + 1 == place);
        let after = track.cuts.iter().find(|cut| cut.left == place);
        let own = |name: &str| Flicks(item.node().number(name).unwrap_or(0.0) as i64);
        // Through a colour one is gone before the other comes.
        let dips = |cut: &model::Cut<'_>| cut.node.form() == TransitionForm::Dip;
        let beyond = |cut: Option<&model::Cut<'_>>, length: &dyn Fn(&model::Cut<'_>) -> Flicks| {
            cut.filter(|cut| !dips(cut)).map_or(Flicks::ZERO, length)
        };
        let lasts =
            |cut: &model::Cut<'_>, inside: Flicks| if dips(cut) { inside } else { cut.end - cut.start };
        Fades {
            before: beyond(before, &|cut| item.start - cut.start),
            after: beyond(after, &|cut| cut.end - item.end()),
            fade_in: before.map_or(own("fadeIn"), |cut| lasts(cut, cut.end - item.start)),
            fade_out: after.map_or(own("fadeOut"), |cut| lasts(cut, item.end() - cut.start)),
            curve_in: before.map(|cut| cut.node.curve()),
            curve_out: after.map(|cut| cut.node.curve()),
        }
    }
}

/// A property over a whole mix, of a node whose time is that of a window's tracks.
fn over_mix(
    node: NodeRef<'_>,
    name: &str,
    window: Window,
    rate: u32,
    value: &dyn Fn(f64) -> f64,
) -> Envelope {
    let read = |seconds: f64| {
        let time = seconds + window.offset.seconds();
        value(node.at_time(time).number(name).unwrap_or(0.0))
    };
    envelope(node.end() > 0.0, (window.end - window.offset).seconds(), rate, &read)
}

/// What changes over so many seconds, if it does.
fn envelope(changes: bool, seconds: f64, rate: u32, value: &dyn Fn(f64) -> f64) -> Envelope {
    if !changes {
        return Envelope::constant(value(0.0) as f32);
    }
    let points = (seconds / STEP).ceil().max(0.0) as u64;
    let key = |point: u64| {
        let time = point as f64 * STEP;
        Key { frame: (time * f64::from(rate)).round() as u64, value: value(time) as f32 }
    };
    Envelope::new((0..=points).map(key).collect())
}

fn effects(node: NodeRef<'_>) -> Result<Vec<Effect>, CommandError> {
    let Some(effects) = node.value("soundEffects") else { return Ok(Vec::new()) };
    let list: Vec<SoundEffect> = serde_json::from_value(effects.to_json())
        .map_err(|error| CommandError::argument("soundEffects", error.to_string()))?;
    Ok(list.iter().map(SoundEffect::made).collect())
}

/// What a rendering found that people should know of.
pub fn told(report: &Report, place: &str, clips: bool) -> Vec<Diagnostic> {
    let mut told: Vec<Diagnostic> = Vec::new();
    if !report.damaged.is_empty() {
        let frames: u64 = report.damaged.iter().map(|clip| clip.frames).sum();
        let message =
            format!("{frames} samples of {} clips are silent: their files are damaged", report.damaged.len());
        told.push(Diagnostic::warning(place, message));
    }
    if clips && report.peak > 1.0 {
        let over = 20.0 * f64::from(report.peak).log10();
        let message = format!("the sound is {over:.1} dB too loud and was clipped");
        let help = "lower the timeline's gain, or put a limiter on it";
        told.push(Diagnostic::warning(place, message).with_help(help));
    }
    told
}
