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
        Ok(Decoded { info, reader })
    }
}

impl Source for Decoded {
    fn info(&self) -> &Info {
        &self.info
    }

    fn seek(&mut self, frame: u64) -> Result<(), SoundError> {
        self.reader.seek(frame).map_err(broken)
    }

    fn read(&mut self, block: &mut Block) -> Result<usize, SoundError> {
        block.reshape(self.info.channels.into());
        block.set_frames(block.capacity());
        let mut channels: Vec<&mut [f32]> = block.channels_mut().collect();
        let count = self.reader.read(&mut channels).map_err(broken)?;
        block.set_frames(count);
        Ok(count)
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
