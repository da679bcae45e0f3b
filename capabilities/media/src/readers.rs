//! Open readers of video, kept from one frame to the next.

use std::sync::{Arc, Mutex, PoisonError};

use base::{BlobHash, Flicks};
use codecs::{CodecError, Codecs, Picture, VideoReader};
use kernel::{CommandError, Reading};

/// Readers that are kept while nobody uses them.
const IDLE: usize = 6;

/// Readers of streams of pictures. Whoever asks for a frame takes one out, so that several may ask at once.
pub struct Readers {
    codecs: Arc<dyn Codecs>,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    media: BlobHash,
    stream: u32,
    /// The time of what was read last.
    time: Flicks,
    reader: Box<dyn VideoReader>,
}

impl Readers {
    /// None are open yet.
    pub fn new(codecs: Arc<dyn Codecs>) -> Self {
        Readers { codecs, idle: Mutex::default() }
    }

    /// What decodes and encodes.
    pub fn codecs(&self) -> &Arc<dyn Codecs> {
        &self.codecs
    }

    /// The picture that a stream shows at a time after the beginning of its file.
    ///
    /// # Errors
    /// The blob is not there, is no video, or nothing could be decoded.
    pub fn picture(
        &self,
        media: BlobHash,
        stream: u32,
        time: Flicks,
        reading: &Reading<'_>,
    ) -> Result<Picture, CommandError> {
        let mut reader = match self.take(media, stream, time) {
            Some(reader) => reader,
            None => {
                let file = reading.blobs.blob(media)?;
                let opened = self.codecs.video(&file, stream, reading.limits);
                opened.map_err(|error| failed(media, error))?
            }
        };
        let picture = reader.picture(time).map_err(|error| failed(media, error))?;
        self.put_back(Idle { media, stream, time, reader });
        Ok(picture)
    }

    /// Lets go of all of them.
    pub fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The reader that has the shortest way to a time: the last one behind it, else any.
    fn take(&self, media: BlobHash, stream: u32, time: Flicks) -> Option<Box<dyn VideoReader>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting =
            idle.iter().enumerate().filter(|(_, idle)| idle.media == media && idle.stream == stream);
        let nearest =
            fitting.max_by_key(|(_, idle)| (idle.time <= time, idle.time)).map(|(place, _)| place)?;
        Some(idle.remove(nearest).reader)
    }

    /// Keeps a reader; the one that was not used for longest is let go.
    fn put_back(&self, reader: Idle) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= IDLE {
            idle.remove(0);
        }
        idle.push(reader);
    }
}

/// The error of a command that used a media file.
pub(crate) fn failed(media: BlobHash, error: CodecError) -> CommandError {
    let place = format!("media {}", media.short());
    match error {
        CodecError::Limit(limit) => CommandError::Limit { place, limit },
        CodecError::Damaged { .. } | CodecError::Unsupported(_) => CommandError::input(place, error),
        CodecError::Unavailable(_) | CodecError::BrokeOff(_) => {
            CommandError::Failed(format!("{place}: {error}"))
        }
    }
}
