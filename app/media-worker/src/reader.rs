//! The packets of one stream, by their numbers.

use std::sync::Arc;

use base::Limits;
use codecs::CodecError;
use ffmpeg_next::ffi as ff;
use memmap2::Mmap;

use crate::{
    av::{NO_TIME, Packet},
    demux::{Demuxer, Next},
    memory::Deadline,
    scan::Entry,
};

/// How many packets after a seek are looked at for one that is known.
const STRAY_PACKETS: usize = 64;

/// Reads the packets of a stream.
pub struct Reader {
    file: Arc<Mmap>,
    limits: Limits,
    deadline: Deadline,
    demuxer: Demuxer,
    stream: usize,
    packet: Packet,
    /// The number of the packet that comes next.
    next: usize,
    /// Whether it was read while it was looked for.
    held: bool,
}

impl Reader {
    /// Of a file that was looked at.
    pub fn new(
        file: Arc<Mmap>,
        mut demuxer: Demuxer,
        stream: usize,
        limits: &Limits,
        deadline: &Deadline,
    ) -> Result<Self, CodecError> {
        demuxer.only(stream);
        let (limits, deadline) = (limits.clone(), Arc::clone(deadline));
        Ok(Reader { file, limits, deadline, demuxer, stream, packet: Packet::new()?, next: 0, held: false })
    }

    /// The number of the packet that comes next.
    pub fn next(&self) -> usize {
        self.next
    }

    /// The next packet and its number, which it has for a time, too: decoders hand that on. None at the end.
    pub fn read(&mut self) -> Option<(usize, &mut Packet)> {
        if !self.fetch() {
            return None;
        }
        let number = self.next;
        self.next += 1;
        mark(&mut self.packet, number);
        Some((number, &mut self.packet))
    }

    /// Gets the next packet of the stream; whether there is one.
    fn fetch(&mut self) -> bool {
        if std::mem::take(&mut self.held) {
            return true;
        }
        loop {
            match self.demuxer.next(&mut self.packet) {
                Next::Packet if is_of(&self.packet, self.stream) => return true,
                Next::Packet | Next::Damaged => {}
                Next::End => return false,
            }
        }
    }

    /// Goes to a packet, so that it is what is read next; to the first one where the format does not let it. Says which.
    pub fn go_to(&mut self, packets: &[Entry], wanted: usize) -> Result<usize, CodecError> {
        match self.seek(packets, wanted) {
            Some(reached) => {
                (self.next, self.held) = (reached, true);
            }
            None => {
                self.demuxer = Demuxer::open(&self.file, &self.limits, &self.deadline)?;
                self.demuxer.only(self.stream);
                (self.next, self.held) = (0, false);
            }
        }
        while self.next < wanted && self.fetch() {
            self.next += 1;
        }
        Ok(self.next)
    }

    /// Goes to a packet or one before it, which is read then; says which, if that worked.
    fn seek(&mut self, packets: &[Entry], wanted: usize) -> Option<usize> {
        let before = packets.get(..=wanted)?;
        let target = before.last()?;
        // Some formats seek by the one time, some by the other: the earlier is safe.
        let time = [target.pts, target.dts].into_iter().filter(|time| *time != NO_TIME).min()?;
        if !self.demuxer.seek(self.stream, time) {
            return None;
        }
        let mut strays = 0;
        while strays < STRAY_PACKETS {
            match self.demuxer.next(&mut self.packet) {
                Next::Packet if is_of(&self.packet, self.stream) => {
                    let read = Entry::of(&self.packet, 0);
                    if let Some(at) = before.iter().rposition(|known| known.is(&read)) {
                        return Some(at);
                    }
                    strays += 1;
                }
                Next::Packet => {}
                Next::Damaged => strays += 1,
                Next::End => break,
            }
        }
        None
    }
}

/// Whether a packet belongs to a stream, and holds something.
pub fn is_of(packet: &Packet, stream: usize) -> bool {
    packet.get().stream_index as usize == stream && packet.get().size > 0
}

/// Gives a packet its number for a time.
pub fn mark(packet: &mut Packet, number: usize) {
    let packet = packet.get_mut();
    packet.pts = number as i64;
    packet.dts = NO_TIME;
    packet.duration = 0;
    packet.flags &= !ff::AV_PKT_FLAG_DISCARD;
}
