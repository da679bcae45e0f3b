//! The samples of a stream, decoded ahead.

use std::{collections::VecDeque, sync::Arc};

use base::Limits;
use bytes::Bytes;
use codecs::{
    CodecError, SoundInfo, SoundReader,
    wire::{Ended, Reply, Request, SLOT_SAMPLES},
};

use crate::{
    memory::{Input, Slot},
    pool::{Lease, Pool},
};

/// How many slots are decoded ahead.
const AHEAD: usize = 3;

/// Reads the sound of a stream.
pub struct Reader {
    pool: Arc<Pool>,
    input: Arc<Input>,
    limits: Limits,
    info: SoundInfo,
    open: Option<Open>,
    /// The sample that is read next.
    at: u64,
    damaged: u64,
}

/// A worker that has the file open.
struct Open {
    worker: Lease,
    free: Vec<Slot>,
    /// Memory for what was asked for.
    pending: VecDeque<Slot>,
    /// What is being read: how many samples there are and how many of them were read.
    current: Option<(Slot, usize, usize)>,
    /// Whether there is nothing after that.
    ended: bool,
    damaged: u64,
}

impl Reader {
    /// Begins to read a stream.
    pub fn open(pool: Arc<Pool>, file: &Bytes, stream: u32, limits: &Limits) -> Result<Self, CodecError> {
        let input = pool.input(file, limits)?;
        let (open, info) = begin(&pool, &input, stream, limits)?;
        Ok(Reader { pool, input, limits: limits.clone(), info, open: Some(open), at: 0, damaged: 0 })
    }

    /// The worker that has the file open; another one, at the same sample, when the last has died.
    fn opened(&mut self) -> Result<&mut Open, CodecError> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let (mut open, _) = begin(&self.pool, &self.input, self.info.stream, &self.limits)?;
                if let Err(ended) = open.seek(self.at, &self.limits) {
                    return Err(open.worker.lost(ended));
                }
                open
            }
        };
        Ok(self.open.insert(open))
    }

    /// Does something with a worker; with another one when the first has died.
    fn with<T>(&mut self, mut act: impl FnMut(&mut Open) -> Result<T, Ended>) -> Result<T, CodecError> {
        for restarted in [false, true] {
            let open = self.opened()?;
            match act(open) {
                Ok(done) => return Ok(done),
                Err(Ended::Broken(error)) => {
                    self.open = self.open.take().filter(|open| !open.worker.broken);
                    return Err(error);
                }
                Err(ended) => {
                    let lost = open.worker.lost(ended.clone());
                    self.open = None;
                    if restarted || ended == Ended::TimedOut {
                        return Err(lost);
                    }
                }
            }
        }
        Err(CodecError::BrokeOff("the media worker ended twice".to_owned()))
    }
}

fn begin(
    pool: &Arc<Pool>,
    input: &Input,
    stream: u32,
    limits: &Limits,
) -> Result<(Open, SoundInfo), CodecError> {
    let mut worker = pool.worker()?;
    let request = Request::Sound { stream, limits: limits.clone() };
    match worker.ask(&request, Some(input.file()), limits.parse_time()) {
        Ok(Reply::Sound(opened)) => {
            let bytes = usize::from(opened.info.channels) * SLOT_SAMPLES * size_of::<f32>();
            let slots: Result<Vec<Slot>, Ended> = (0..=AHEAD).map(|_| worker.slot(bytes)).collect();
            let free = slots.map_err(|ended| worker.lost(ended))?;
            let pending = VecDeque::new();
            Ok((Open { worker, free, pending, current: None, ended: false, damaged: 0 }, opened.info))
        }
        Ok(other) => Err(worker.unexpected(&other)),
        Err(ended) => Err(worker.lost(ended)),
    }
}

impl Open {
    fn seek(&mut self, sample: u64, limits: &Limits) -> Result<(), Ended> {
        while let Some(slot) = self.pending.pop_front() {
            self.free.push(slot);
            self.worker.receive(limits.parse_time())?;
        }
        self.free.extend(self.current.take().map(|(slot, ..)| slot));
        self.ended = false;
        match self.worker.ask(&Request::Seek { sample }, None, limits.parse_time())? {
            Reply::Ready => Ok(()),
            other => Err(Ended::Broken(self.worker.unexpected(&other))),
        }
    }

    /// Gets the next samples, and has the ones after them decoded meanwhile; whether there are any.
    fn next(&mut self, limits: &Limits) -> Result<bool, Ended> {
        self.free.extend(self.current.take().map(|(slot, ..)| slot));
        while !self.ended
            && let Some(slot) = self.free.pop()
        {
            let request = Request::Samples { slot: slot.number };
            self.pending.push_back(slot);
            self.worker.send(&request, None)?;
        }
        let Some(slot) = self.pending.pop_front() else { return Ok(false) };
        match self.worker.receive(limits.parse_time())? {
            Reply::Samples { samples, damaged } => {
                let samples = (samples as usize).min(SLOT_SAMPLES);
                self.damaged = damaged;
                self.ended |= samples == 0;
                self.current = Some((slot, samples, 0));
                Ok(samples > 0)
            }
            other => {
                self.free.push(slot);
                Err(Ended::Broken(self.worker.unexpected(&other)))
            }
        }
    }

    /// Puts what was decoded into the channels from a sample on; says how many.
    fn take(&mut self, channels: &mut [&mut [f32]], from: usize, most: usize) -> usize {
        let Some((slot, samples, read)) = &mut self.current else { return 0 };
        let count = most.min(*samples - *read);
        for (channel, into) in channels.iter_mut().enumerate() {
            let begin = (channel * SLOT_SAMPLES + *read) * size_of::<f32>();
            let bytes = slot.bytes().get(begin..begin + count * size_of::<f32>()).unwrap_or_default();
            let into = into.get_mut(from..from + count).unwrap_or_default();
            for (to, bytes) in into.iter_mut().zip(bytes.chunks_exact(size_of::<f32>())) {
                *to = bytes.try_into().map_or(0.0, f32::from_ne_bytes);
            }
        }
        *read += count;
        count
    }
}

impl SoundReader for Reader {
    fn seek(&mut self, sample: u64) -> Result<(), CodecError> {
        self.at = sample;
        let limits = self.limits.clone();
        self.with(|open| open.seek(sample, &limits))
    }

    fn read(&mut self, channels: &mut [&mut [f32]]) -> Result<usize, CodecError> {
        let wanted = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        let (limits, mut count) = (self.limits.clone(), 0);
        while count < wanted {
            let open = self.opened()?;
            let some = open.take(channels, count, wanted - count);
            (count, self.at) = (count + some, self.at + some as u64);
            if some == 0 && !self.with(|open| open.next(&limits))? {
                break;
            }
        }
        self.damaged = self.open.as_ref().map_or(self.damaged, |open| open.damaged.max(self.damaged));
        Ok(count)
    }

    fn damaged(&self) -> u64 {
        self.damaged
    }
}
