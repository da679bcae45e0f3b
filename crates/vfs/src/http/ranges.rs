//! Files of which only those parts are fetched that are read.

use std::{
    collections::VecDeque,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

use super::{client::Answer, fault::RemoteFault};
use crate::Fault;

/// Blocks that are held in memory.
const HELD: usize = 4;

type Fetch = Box<dyn FnMut(Range<u64>) -> Result<Vec<u8>, Fault> + Send>;

/// A file that is fetched block by block.
pub(crate) struct Ranges {
    len: u64,
    at: u64,
    /// The length of a block in bytes.
    block: u64,
    /// Blocks by their number, the latest one last.
    held: VecDeque<(u64, Vec<u8>)>,
    fetch: Fetch,
}

impl Ranges {
    /// A file of `len` bytes whose blocks of `block` bytes come from `fetch`; `first` is the first of them, if it is known.
    pub(crate) fn new(
        len: u64,
        block: u64,
        first: Option<Vec<u8>>,
        fetch: impl FnMut(Range<u64>) -> Result<Vec<u8>, Fault> + Send + 'static,
    ) -> Self {
        let held = first.into_iter().map(|bytes| (0, bytes)).collect();
        Ranges { len, at: 0, block, held, fetch: Box::new(fetch) }
    }
}

impl Read for Ranges {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.len || buffer.is_empty() {
            return Ok(0);
        }
        let number = self.at / self.block;
        let start = number * self.block;
        if !self.held.iter().any(|(held, _)| *held == number) {
            let bytes = (self.fetch)(start..self.len.min(start.saturating_add(self.block)))?;
            if self.held.len() == HELD {
                self.held.pop_front();
            }
            self.held.push_back((number, bytes));
        }
        let block = self.held.iter().find(|(held, _)| *held == number).map_or(&[][..], |(_, bytes)| bytes);
        let rest = block.get((self.at - start) as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Ranges {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.at = seek(position, self.at, self.len)?;
        Ok(self.at)
    }
}

/// Where a position leads in a file of `len` bytes that is at `at`.
pub(super) fn seek(position: SeekFrom, at: u64, len: u64) -> io::Result<u64> {
    let target = match position {
        SeekFrom::Start(to) => Some(to),
        SeekFrom::End(by) => len.checked_add_signed(by),
        SeekFrom::Current(by) => at.checked_add_signed(by),
    };
    target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
}

/// What tells one state of a file from another: a strong entity tag or, without one, a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validator(pub(crate) String);

impl Validator {
    /// What an answer says of the state of the file.
    pub(crate) fn of(answer: &Answer) -> Option<Self> {
        let tag = answer.header("etag").filter(|tag| !tag.starts_with("W/"));
        tag.or_else(|| answer.header("last-modified")).map(|text| Validator(text.to_owned()))
    }
}

/// The text that asks for a range, without `bytes=`.
pub(crate) fn asked(range: &Range<u64>) -> String {
    format!("{}-{}", range.start, range.end.saturating_sub(1))
}

/// The total length in bytes of the file that a partial answer is from, if it holds what was asked for: the range, or as much of
/// it as there is.
pub(crate) fn total(answer: &Answer, range: &Range<u64>) -> Result<u64, RemoteFault> {
    let wrong = |sent: String| RemoteFault::WrongRange { asked: asked(range), sent };
    let sent = answer.header("content-range").ok_or_else(|| wrong("it does not say which".to_owned()))?;
    let total = sent.rsplit_once('/').and_then(|(_, total)| total.parse().ok());
    match total
        .filter(|total| sent == format!("bytes {}/{total}", asked(&(range.start..range.end.min(*total)))))
    {
        Some(total) if total > range.start => Ok(total),
        _ => Err(wrong(sent.to_owned())),
    }
}

/// The bytes of a range of a file that had `len` bytes and this validator when it was opened.
pub(crate) fn part(
    answer: Answer,
    range: &Range<u64>,
    len: u64,
    validator: &Validator,
) -> Result<Vec<u8>, Fault> {
    let same = Validator::of(&answer).is_none_or(|found| found == *validator);
    match answer.status {
        206 if same && total(&answer, range)? == len => body(answer, range),
        200 if same => {
            Err(RemoteFault::WrongRange { asked: asked(range), sent: "the whole file".to_owned() }.into())
        }
        200 | 206 | 416 => Err(RemoteFault::Changed.into()),
        _ => Err(answer.fault()),
    }
}

/// The bytes of an answer that holds this range and no more.
pub(crate) fn body(answer: Answer, range: &Range<u64>) -> Result<Vec<u8>, Fault> {
    let expected = range.end - range.start;
    let mut bytes = Vec::new();
    answer.body.take(expected.saturating_add(1)).read_to_end(&mut bytes)?;
    let found = bytes.len() as u64;
    match found.cmp(&expected) {
        std::cmp::Ordering::Less => Err(RemoteFault::Short { expected, found }.into()),
        std::cmp::Ordering::Equal => Ok(bytes),
        std::cmp::Ordering::Greater => {
            let sent = "more bytes than its head says".to_owned();
            Err(RemoteFault::WrongRange { asked: asked(range), sent }.into())
        }
    }
}
