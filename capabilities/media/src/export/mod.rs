//! Writing timelines: as films, as sound, and as pictures of a moment.

mod film;
mod hashes;
mod options;
mod sound;
mod still;

use std::sync::Arc;

use ::sound::SoundError;
use base::{Flicks, Limits};
use document::{Content, Key, Value};
use kernel::{CommandError, Registrar};

use crate::{
    Media,
    kinds::Timeline,
    model::{self, Format, Stack},
};

/// The formats of films.
const FILMS: [&str; 6] = ["mp4", "mov", "webm", "mkv", "gif", HASHES];
/// The format of the hashes of frames.
const HASHES: &str = "framehash";
/// The formats of sound.
const SOUNDS: [&str; 5] = ["wav", "flac", "ogg", "mp3", "m4a"];
/// The formats of pictures.
const STILLS: [&str; 3] = ["png", "jpeg", "webp"];

pub(crate) fn register(registrar: &mut Registrar<'_>, media: &Arc<Media>) {
    for format in FILMS {
        registrar.exporter(format, Arc::new(film::FilmExporter(media.clone())));
    }
    for format in SOUNDS {
        registrar.exporter(format, Arc::new(sound::SoundExporter(media.clone())));
    }
    for format in STILLS {
        registrar.exporter(format, Arc::new(still::StillExporter(media.clone())));
    }
}

/// A timeline that is written.
struct Subject<'a> {
    /// What people call it.
    name: &'a str,
    timeline: Timeline<'a>,
    stack: Stack<'a>,
    format: Format,
}

impl<'a> Subject<'a> {
    /// The timeline in a document.
    fn read(
        document: &'a Content,
        record: &'a [(Key, Value)],
        limits: &Limits,
    ) -> Result<Self, CommandError> {
        let named =
            record.iter().find(|(key, _)| key.as_str() == "name").and_then(|(_, value)| value.as_str());
        let name = named.unwrap_or("the timeline");
        let found = model::timeline(document, limits)
            .ok_or_else(|| CommandError::Failed(format!("{name} is no timeline")))?;
        let (timeline, stack) =
            found.map_err(|limit| CommandError::Limit { place: name.to_owned(), limit })?;
        Ok(Subject { name, timeline, stack, format: Format::of(timeline) })
    }

    /// From where to where it is written: all of it, or what the options say, in seconds.
    fn range(&self, start: Option<f64>, end: Option<f64>) -> Result<(Flicks, Flicks), CommandError> {
        let moment = |seconds: Option<f64>| seconds.map(Flicks::from_seconds);
        let start = moment(start).unwrap_or_default().max(Flicks::ZERO);
        let end = moment(end).unwrap_or(self.stack.duration).min(self.stack.duration);
        match start < end {
            true => Ok((start, end)),
            false => {
                Err(CommandError::NotApplicable(format!("{}: there is nothing in it to write", self.name)))
            }
        }
    }

    /// An error of its sound.
    fn wrong_sound(&self, error: SoundError) -> CommandError {
        match error {
            SoundError::Limit(limit) => CommandError::Limit { place: self.name.to_owned(), limit },
            SoundError::Sink(error) => match error.downcast::<CommandError>() {
                Ok(error) => *error,
                Err(error) => CommandError::Failed(format!("{}: {error}", self.name)),
            },
            other => CommandError::input(self.name, other),
        }
    }
}
