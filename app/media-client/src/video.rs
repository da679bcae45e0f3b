//! Pictures of a stream, decoded ahead while they are asked for in order.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError},
};

use base::{Flicks, Limits};
use bytes::Bytes;
use codecs::{
    CodecError, Picture, VideoInfo, VideoReader,
    wire::{Ended, PictureHead, Reply, Request},
};

use crate::{
    memory::{Home, Input, Lent, Slot},
    pool::{Lease, Pool},
};

/// How many pictures are decoded ahead.
const AHEAD: usize = 4;
/// Bytes beyond a picture that conversions may write.
const MARGIN: usize = 4096;

/// Reads the pictures of a stream.
pub struct Reader {
    pool: Arc<Pool>,
    input: Arc<Input>,
    limits: Limits,
    info: VideoInfo,
    half_unit: Flicks,
    times: Vec<Flicks>,
    open: Option<Open>,
    last: Option<Picture>,
    damaged: u64,
}

/// A worker that has the file open.
struct Open {
    worker: Lease,
    home: Home,
    bytes: usize,
    /// Pictures that were asked for, and the memory for them.
    pending: VecDeque<(u64, Slot)>,
    damaged: u64,
}

/// Why a picture did not come.
enum Trouble {
    /// The worker is gone.
    Lost(Ended),
    /// It says why.
    Error(CodecError),
}

impl Reader {
    /// Begins to read a stream.
    pub fn open(pool: Arc<Pool>, file: &Bytes, stream: u32, limits: &Limits) -> Result<Self, CodecError> {
        let input = pool.input(file, limits)?;
        let (open, info, half_unit) = begin(&pool, &input, stream, limits)?;
        Ok(Reader {
            pool,
            input,
            limits: limits.clone(),
            info,
            half_unit,
            times: Vec::new(),
            open: Some(open),
            last: None,
            damaged: 0,
        })
    }

    /// Does something with a worker; with another one when the first has died.
    fn with<T>(
        &mut self,
        mut act: impl FnMut(&mut Open, &Self) -> Result<T, Trouble>,
    ) -> Result<T, CodecError> {
        let mut restarted = false;
        loop {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => begin(&self.pool, &self.input, self.info.stream, &self.limits)?.0,
            };
            match act(&mut open, self) {
                Ok(done) => {
                    self.open = Some(open);
                    return Ok(done);
                }
                Err(Trouble::Error(error)) => {
                    self.open = Some(open).filter(|open| !open.worker.broken);
                    return Err(error);
                }
                Err(Trouble::Lost(Ended::Closed)) if !restarted => restarted = true,
                Err(Trouble::Lost(ended)) => return Err(open.worker.lost(ended)),
            }
        }
    }

    /// When each picture begins.
    fn times(&mut self) -> Result<&[Flicks], CodecError> {
        if self.times.is_empty() {
            self.times = self.with(|open, reader| open.times(reader))?;
        }
        Ok(&self.times)
    }
}

fn begin(
    pool: &Arc<Pool>,
    input: &Input,
    stream: u32,
    limits: &Limits,
) -> Result<(Open, VideoInfo, Flicks), CodecError> {
    let mut worker = pool.worker()?;
    let request = Request::Video { stream, limits: limits.clone() };
    match worker.ask(&request, Some(input.file()), limits.parse_time()) {
        Ok(Reply::Video(opened)) => {
            let (_, bytes) = opened.info.format.arranged(opened.info.width, opened.info.height);
            let open = Open { worker, home: Home::default(), bytes, pending: VecDeque::new(), damaged: 0 };
            Ok((open, opened.info, opened.half_unit))
        }
        Ok(other) => Err(worker.unexpected(&other)),
        Err(ended) => Err(worker.lost(ended)),
    }
}

impl Open {
    fn times(&mut self, reader: &Reader) -> Result<Vec<Flicks>, Trouble> {
        self.forget(reader)?;
        let mut times = Vec::new();
        while (times.len() as u64) < reader.info.frames {
            let request = Request::Times { from: times.len() as u64 };
            match self.worker.ask(&request, None, reader.limits.parse_time()).map_err(Trouble::Lost)? {
                Reply::Times(more) if !more.is_empty() => times.extend(more),
                other => return Err(Trouble::Error(self.worker.unexpected(&other))),
            }
        }
        Ok(times)
    }

    /// The picture, and the next ones meanwhile when they are asked for in order.
    fn picture(&mut self, number: u64, reader: &Reader) -> Result<Picture, Trouble> {
        let in_order = reader.last.as_ref().is_some_and(|last| last.number + 1 == number);
        if !self.pending.iter().any(|(pending, _)| *pending == number) {
            self.forget(reader)?;
            self.ask(number)?;
        }
        while let Some(&(last, _)) = self.pending.back().filter(|_| in_order) {
            if self.pending.len() > AHEAD || last + 1 >= reader.info.frames {
                break;
            }
            self.ask(last + 1)?;
        }
        loop {
            let reply = self.worker.receive(reader.limits.parse_time()).map_err(Trouble::Lost)?;
            let Some((asked, slot)) = self.pending.pop_front() else {
                return Err(Trouble::Error(self.worker.unexpected(&reply)));
            };
            match reply {
                Reply::Picture(head) if head.number == number && slot.number == head.slot => {
                    return Ok(self.shown(head, slot));
                }
                Reply::Picture(_) | Reply::Forgotten { .. } => self.put_back(slot),
                Reply::Failed(failure) if asked == number => {
                    self.put_back(slot);
                    return Err(Trouble::Error(failure.into()));
                }
                Reply::Failed(_) => self.put_back(slot),
                other => return Err(Trouble::Error(self.worker.unexpected(&other))),
            }
        }
    }

    fn shown(&mut self, head: PictureHead, slot: Slot) -> Picture {
        self.damaged = head.damaged;
        let (planes, bytes) = head.format.arranged(head.width, head.height);
        Picture {
            width: head.width,
            height: head.height,
            format: head.format,
            color: head.color,
            time: head.time,
            duration: head.duration,
            number: head.number,
            planes,
            data: Bytes::from_owner(Lent::new(slot, &self.home, bytes.min(self.bytes))),
        }
    }

    fn ask(&mut self, number: u64) -> Result<(), Trouble> {
        let free = self.home.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let slot = match free {
            Some(slot) => slot,
            None => self.worker.slot(self.bytes + MARGIN).map_err(Trouble::Lost)?,
        };
        let request = Request::Picture { number, slot: slot.number };
        self.pending.push_back((number, slot));
        self.worker.send(&request, None).map_err(Trouble::Lost)
    }

    /// Takes back what was asked for.
    fn forget(&mut self, reader: &Reader) -> Result<(), Trouble> {
        if !self.pending.is_empty() {
            self.worker.send(&Request::Forget, None).map_err(Trouble::Lost)?;
        }
        while let Some((_, slot)) = self.pending.pop_front() {
            let received = self.worker.receive(reader.limits.parse_time());
            self.put_back(slot);
            received.map_err(Trouble::Lost)?;
        }
        Ok(())
    }

    fn put_back(&self, slot: Slot) {
        self.home.lock().unwrap_or_else(PoisonError::into_inner).push(slot);
    }
}

impl VideoReader for Reader {
    fn picture(&mut self, time: Flicks) -> Result<Picture, CodecError> {
        let until = time + self.half_unit;
        let begun = self.times()?.partition_point(|begin| *begin <= until);
        self.numbered(begun.saturating_sub(1) as u64)
    }

    fn numbered(&mut self, number: u64) -> Result<Picture, CodecError> {
        if let Some(last) = self.last.as_ref().filter(|last| last.number == number) {
            return Ok(last.clone());
        }
        let picture = self.with(|open, reader| open.picture(number, reader))?;
        self.damaged = self.open.as_ref().map_or(self.damaged, |open| open.damaged.max(self.damaged));
        self.last = Some(picture.clone());
        Ok(picture)
    }

    fn damaged(&self) -> u64 {
        self.damaged
    }
}
