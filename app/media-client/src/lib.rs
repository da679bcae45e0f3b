//! Video and sound through media workers: processes of their own that decode and encode, so that a broken or hostile file
//! brings down nothing but its worker.
//!
//! Owns the processes, the memory that is shared with them, and their restarts. Knows no codec.

#![allow(clippy::disallowed_methods)] // Starts processes, and looks for the program beside its own.

mod encode;
mod memory;
mod pool;
mod sound;
mod video;
mod worker;

use std::{fmt, path::PathBuf, sync::Arc};

use base::Limits;
use bytes::Bytes;
use codecs::{
    CodecError, Codecs, Encode, Encoder, MediaInfo, SoundReader, Support, VideoReader,
    wire::{Reply, Request},
};

use pool::Pool;

/// The name of the worker's program, which lies beside the program's own.
pub const PROGRAM: &str = "metabuilder-media-worker";

/// The variable that says where the worker's program is, when it lies elsewhere.
pub const VARIABLE: &str = "METABUILDER_MEDIA_WORKER";

/// Media workers: started when they are needed, used again, restarted when they die.
#[derive(Clone)]
pub struct MediaWorkers {
    pool: Arc<Pool>,
}

impl MediaWorkers {
    /// Of the program that the variable names, or that lies beside the program's own.
    pub fn beside_program() -> Self {
        let named = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let beside = || Some(std::env::current_exe().ok()?.parent()?.join(PROGRAM));
        Self::of(named.or_else(beside).unwrap_or_else(|| PROGRAM.into()))
    }

    /// Of the program at a path.
    pub fn of(program: PathBuf) -> Self {
        MediaWorkers { pool: Arc::new(Pool::new(program)) }
    }

    /// The ids of the processes that are alive.
    pub fn processes(&self) -> Vec<u32> {
        self.pool.processes()
    }
}

impl Codecs for MediaWorkers {
    fn support(&self) -> Result<Support, CodecError> {
        self.pool.support()
    }

    fn probe(&self, file: &Bytes, limits: &Limits) -> Result<MediaInfo, CodecError> {
        let input = self.pool.input(file, limits)?;
        let request = Request::Probe { limits: limits.clone() };
        let mut worker = self.pool.worker()?;
        match worker.ask(&request, Some(input.file()), limits.parse_time()) {
            Ok(Reply::Info(info)) => Ok(info),
            Ok(other) => Err(worker.unexpected(&other)),
            Err(ended) => Err(worker.lost(ended)),
        }
    }

    fn video(&self, file: &Bytes, stream: u32, limits: &Limits) -> Result<Box<dyn VideoReader>, CodecError> {
        Ok(Box::new(video::Reader::open(Arc::clone(&self.pool), file, stream, limits)?))
    }

    fn sound(&self, file: &Bytes, stream: u32, limits: &Limits) -> Result<Box<dyn SoundReader>, CodecError> {
        Ok(Box::new(sound::Reader::open(Arc::clone(&self.pool), file, stream, limits)?))
    }

    fn encode(&self, request: &Encode) -> Result<Box<dyn Encoder>, CodecError> {
        Ok(Box::new(encode::Writer::open(&self.pool, request)?))
    }
}

impl fmt::Debug for MediaWorkers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MediaWorkers").field(&self.pool.program()).finish()
    }
}
