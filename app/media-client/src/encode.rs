//! Files that are being written by a worker.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use codecs::{
    CodecError, Encode, Encoder, PictureMut,
    wire::{Ended, Reply, Request, SLOT_SAMPLES},
};

use crate::{
    memory::{Home, Lent, Output, Slot},
    pool::{Lease, Pool},
};

/// How long a worker may take for a picture.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many pictures and sounds wait for the worker.
const AHEAD: usize = 4;
/// The most pictures in memory: some encoders read many before they give one back.
const MOST_SLOTS: usize = 64;

/// Writes a file.
pub struct Writer {
    worker: Lease,
    request: Encode,
    output: Output,
    /// Slots for pictures that nobody draws in.
    pictures: Home,
    /// How many there are.
    made: usize,
    /// Slots for samples.
    sounds: Home,
    /// Slots that the worker reads.
    read: HashSet<u32>,
    /// How many answers are due.
    due: usize,
    failed: Option<CodecError>,
}

impl Writer {
    /// Begins to write a file.
    pub fn open(pool: &Arc<Pool>, request: &Encode) -> Result<Self, CodecError> {
        let mut worker = pool.worker()?;
        let output = Output::new(request.most_bytes)?;
        let asked = Request::Encode(Box::new(request.clone()));
        match worker.ask(&asked, Some(output.file()), PATIENCE) {
            Ok(Reply::Ready) => Ok(Writer {
                worker,
                request: request.clone(),
                output,
                pictures: Home::default(),
                made: 0,
                sounds: Home::default(),
                read: HashSet::new(),
                due: 0,
                failed: None,
            }),
            Ok(other) => Err(worker.unexpected(&other)),
            Err(ended) => Err(worker.lost(ended)),
        }
    }

    /// What has broken, from then on.
    fn fail<T>(&mut self, error: CodecError) -> Result<T, CodecError> {
        Err(self.failed.get_or_insert(error).clone())
    }

    fn lost<T>(&mut self, ended: Ended) -> Result<T, CodecError> {
        let error = self.worker.lost(ended);
        self.fail(error)
    }

    fn check(&self) -> Result<(), CodecError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// Takes answers until no more than so many are due.
    fn absorb(&mut self, most: usize) -> Result<(), CodecError> {
        while self.due > most {
            match self.worker.receive(PATIENCE) {
                Ok(Reply::Free { slots }) => {
                    self.due -= 1;
                    self.read.retain(|slot| !slots.contains(slot));
                }
                Ok(other) => {
                    self.due -= 1;
                    let error = self.worker.unexpected(&other);
                    return self.fail(error);
                }
                Err(ended) => return self.lost(ended),
            }
        }
        Ok(())
    }

    /// A slot that neither the worker reads nor anybody draws in.
    fn free(&self, home: &Home) -> Option<Slot> {
        let mut home = home.lock().unwrap_or_else(PoisonError::into_inner);
        let at = home.iter().position(|slot| !self.read.contains(&slot.number))?;
        Some(home.swap_remove(at))
    }

    fn send(&mut self, request: &Request, slot: u32) -> Result<(), CodecError> {
        if let Err(ended) = self.worker.send(request, None) {
            return self.lost(ended);
        }
        self.read.insert(slot);
        self.due += 1;
        Ok(())
    }

    fn new_slot(&mut self, bytes: usize) -> Result<Slot, CodecError> {
        match self.worker.slot(bytes) {
            Ok(slot) => Ok(slot),
            Err(ended) => self.lost(ended),
        }
    }
}

impl Encoder for Writer {
    fn canvas(&mut self) -> Result<PictureMut, CodecError> {
        self.check()?;
        let Some(video) = self.request.video.clone() else {
            return self.fail(CodecError::Unsupported("the file has no pictures".to_owned()));
        };
        self.absorb(AHEAD)?;
        let (planes, bytes) = video.format.arranged(video.width, video.height);
        let mut free = self.free(&self.pictures);
        while free.is_none() && self.due > 0 && self.made > AHEAD {
            self.absorb(self.due - 1)?;
            free = self.free(&self.pictures);
        }
        let slot = match free {
            Some(slot) => slot,
            None if self.made < MOST_SLOTS => {
                self.made += 1;
                self.new_slot(bytes)?
            }
            None => return Err(CodecError::BrokeOff(format!("{MOST_SLOTS} pictures are drawn at once"))),
        };
        let number = slot.number as usize;
        let data = Box::new(Lent::new(slot, &self.pictures, bytes));
        let (width, height, format) = (video.width, video.height, video.format);
        Ok(PictureMut { width, height, format, planes, data, slot: number })
    }

    fn picture(&mut self, picture: PictureMut) -> Result<(), CodecError> {
        self.check()?;
        let slot = picture.slot as u32;
        drop(picture);
        self.send(&Request::Frame { slot }, slot)?;
        self.absorb(AHEAD)
    }

    fn sound(&mut self, channels: &[&[f32]]) -> Result<(), CodecError> {
        self.check()?;
        let wanted = self.request.sound.as_ref().map_or(0, |sound| usize::from(sound.channels));
        let count = channels.first().map_or(0, |channel| channel.len());
        if channels.len() != wanted || channels.iter().any(|channel| channel.len() != count) {
            return Err(CodecError::Unsupported(format!(
                "{} channels of sound where {wanted} of equal length were said",
                channels.len()
            )));
        }
        let mut begin = 0;
        while begin < count {
            let some = SLOT_SAMPLES.min(count - begin);
            self.absorb(AHEAD)?;
            let mut slot = match self.free(&self.sounds) {
                Some(slot) => slot,
                None => self.new_slot(wanted * SLOT_SAMPLES * size_of::<f32>())?,
            };
            for (channel, samples) in channels.iter().enumerate() {
                let to = slot.bytes_mut().get_mut(channel * SLOT_SAMPLES * size_of::<f32>()..);
                let from = samples.get(begin..begin + some).unwrap_or_default();
                for (to, from) in to.unwrap_or_default().chunks_exact_mut(size_of::<f32>()).zip(from) {
                    to.copy_from_slice(&from.to_ne_bytes());
                }
            }
            let number = slot.number;
            self.sounds.lock().unwrap_or_else(PoisonError::into_inner).push(slot);
            self.send(&Request::Sounds { slot: number, samples: some as u32 }, number)?;
            begin += some;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Bytes, CodecError> {
        self.check()?;
        self.absorb(0)?;
        match self.worker.ask(&Request::Finish, None, PATIENCE) {
            Ok(Reply::Finished { bytes }) => {
                let Writer { output, worker, .. } = *self;
                drop(worker);
                output.finish(bytes)
            }
            Ok(other) => {
                let error = self.worker.unexpected(&other);
                self.fail(error)
            }
            Err(ended) => self.lost(ended),
        }
    }
}
