//! Where the sound of clips comes from.

use std::sync::Arc;

use base::{BlobHash, Limits};
use codecs::{CodecError, Codecs, SoundInfo, SoundReader};
use kernel::{CommandError, Reading};
use sound::{Block, Info, OpenSource, SoundError, Source};

use crate::{Readers, import};

/// What opens a clip's sound, of which this is known: our own decoders where they know it, else those of the port.
///
/// # Errors
/// The blob is not there.
pub(super) fn opener(
    media: BlobHash,
    known: Option<&SoundInfo>,
    readers: &Readers,
    reading: &Reading<'_>,
) -> Result<OpenSource, CommandError> {
    let file = reading.blobs.blob(media)?;
    let (codecs, limits) = (readers.codecs().clone(), reading.limits.clone());
    let sound = known.cloned();
    Ok(Arc::new(move || {
        if import::is_sound(&file)
            && let Ok(source) = sound::open(file.clone(), &limits)
        {
            return Ok(source);
        }
        let Some(sound) = &sound else {
            return Err(SoundError::Source("nothing is known of its sound".into()));
        };
        let info = Info {
            container: "video",
            codec: sound.codec.clone(),
            rate: sound.rate,
            channels: sound.channels,
            frames: Some(sound.duration.nearest_frame(import::samples(sound.rate)).max(0) as u64),
            bits: None,
        };
        Ok(Box::new(Decoded::open(codecs.as_ref(), &file, sound.stream, info, &limits)?))
    }))
}

/// Sound that the port decodes.
struct Decoded {
    info: Info,
    reader: Box<dyn SoundReader>,
    /// What was read and not asked for yet.
    left: Vec<Vec<f32>>,
    taken: usize,
}

impl Decoded {
    fn open(
        codecs: &dyn Codecs,
        file: &kernel::Bytes,
        stream: u32,
        info: Info,
        limits: &Limits,
    ) -> Result<Self, SoundError> {
        let reader = codecs.sound(file, stream, limits).map_err(broken)?;
        let left = vec![Vec::new(); usize::from(info.channels)];
        Ok(Decoded { info, reader, left, taken: 0 })
    }
}

impl Source for Decoded {
    fn info(&self) -> &Info {
        &self.info
    }

    fn seek(&mut self, frame: u64) -> Result<(), SoundError> {
        self.left.iter_mut().for_each(Vec::clear);
        self.taken = 0;
        self.reader.seek(frame).map_err(broken)
    }

    fn read(&mut self, block: &mut Block) -> Result<usize, SoundError> {
        block.reshape(self.left.len());
        let mut filled = 0;
        let capacity = block.capacity();
        block.set_frames(capacity);
        while filled < capacity {
            let ready = self.left.first().map_or(0, Vec::len).saturating_sub(self.taken);
            if ready == 0 {
                self.taken = 0;
                if self.reader.read(&mut self.left).map_err(broken)? == 0 {
                    self.left.iter_mut().for_each(Vec::clear);
                    break;
                }
                continue;
            }
            let count = ready.min(capacity - filled);
            for (to, from) in block.channels_mut().zip(&self.left) {
                let from = from.get(self.taken..self.taken + count).unwrap_or_default();
                if let Some(to) = to.get_mut(filled..filled + from.len()) {
                    to.copy_from_slice(from);
                }
            }
            filled += count;
            self.taken += count;
        }
        block.set_frames(filled);
        Ok(filled)
    }

    fn damaged(&self) -> u64 {
        self.reader.damaged()
    }
}

fn broken(error: CodecError) -> SoundError {
    match error {
        CodecError::Limit(limit) => SoundError::Limit(limit),
        other => SoundError::Source(Box::new(other)),
    }
}
