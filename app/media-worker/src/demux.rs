//! Files taken apart into packets. Nothing but the file itself is ever opened.

use std::{
    ffi::{c_char, c_int},
    ptr::{self, NonNull},
    sync::Arc,
};

use base::Limits;
use codecs::CodecError;
use ffmpeg_next::{ffi as ff, format::context::StreamIo};
use memmap2::Mmap;

use crate::{
    av::{self, Options, Packet, broke},
    memory::{Deadline, Source},
};

/// Bytes that FFmpeg reads at once.
const BUFFER: usize = 256 << 10;

/// After so many damaged packets in a row nothing more is expected: some formats would tell of the same one for ever.
const MOST_DAMAGED: u32 = 4096;

/// A file that is being read.
pub struct Demuxer {
    context: NonNull<ff::AVFormatContext>,
    /// Damaged packets in a row.
    damaged: u32,
    // After the context, which reads through it.
    _io: StreamIo,
}

/// What reading the next packet gave.
pub enum Next {
    /// It is there.
    Packet,
    /// It breaks the format; others may follow.
    Damaged,
    /// There are no more.
    End,
}

unsafe extern "C" fn refuse(
    _context: *mut ff::AVFormatContext,
    _io: *mut *mut ff::AVIOContext,
    _url: *const c_char,
    _flags: c_int,
    _options: *mut *mut ff::AVDictionary,
) -> c_int {
    ff::AVERROR(ff::EPERM)
}

impl Demuxer {
    /// Opens a file and looks at its streams.
    pub fn open(file: &Arc<Mmap>, limits: &Limits, deadline: &Deadline) -> Result<Self, CodecError> {
        let source = Source::new(Arc::clone(file), Arc::clone(deadline));
        let mut io = StreamIo::from_read_seek_with_capacity(source, BUFFER)
            .map_err(|error| broke(error.to_string()))?;
        let mut options = Options::new(&[("protocol_whitelist", "none"), ("max_streams", "256")]);
        // SAFETY: takes nothing; null is handled.
        let mut context = unsafe { ff::avformat_alloc_context() };
        if context.is_null() {
            return Err(broke("there is no memory for a file"));
        }
        // SAFETY: the context was just made, `io` lives longer than it, and a context that is not opened is freed by
        // FFmpeg, which makes the pointer null.
        let opened = unsafe {
            (*context).pb = io.as_mut_ptr();
            (*context).flags |= ff::AVFMT_FLAG_CUSTOM_IO;
            (*context).io_open = Some(refuse);
            ff::avformat_open_input(&mut context, ptr::null(), ptr::null(), options.raw())
        };
        let context = match NonNull::new(context) {
            Some(context) if opened >= 0 => context,
            _ => return Err(unreadable(opened)),
        };
        let mut demuxer = Demuxer { context, damaged: 0, _io: io };
        demuxer.look(limits)?;
        Ok(demuxer)
    }

    fn look(&mut self, limits: &Limits) -> Result<(), CodecError> {
        let pixels = limits.pixels.min(limits.import_bytes).min(i32::MAX as u64).to_string();
        let mut options: Vec<Options> =
            (0..self.count()).map(|_| Options::new(&[("max_pixels", &pixels), ("threads", "1")])).collect();
        let mut raw: Vec<*mut ff::AVDictionary> = options.iter_mut().map(|it| *it.raw()).collect();
        // SAFETY: there is a dictionary for each stream that is known so far, as FFmpeg wants it.
        let found = unsafe { ff::avformat_find_stream_info(self.context.as_ptr(), raw.as_mut_ptr()) };
        for (option, raw) in options.iter_mut().zip(raw) {
            *option.raw() = raw;
        }
        if found < 0 { Err(unreadable(found)) } else { Ok(()) }
    }

    /// Its fields.
    pub fn get(&self) -> &ff::AVFormatContext {
        // SAFETY: opened in `open`, closed in `drop`.
        unsafe { self.context.as_ref() }
    }

    /// How many streams there are.
    pub fn count(&self) -> usize {
        self.get().nb_streams as usize
    }

    /// A stream.
    pub fn stream(&self, at: usize) -> Option<&ff::AVStream> {
        // SAFETY: FFmpeg has so many streams, which stay while the context does.
        (at < self.count()).then(|| unsafe { &**self.get().streams.add(at) })
    }

    /// What is known of the codec of a stream.
    pub fn parameters(&self, at: usize) -> Option<&ff::AVCodecParameters> {
        // SAFETY: each stream has its parameters.
        self.stream(at).map(|stream| unsafe { &*stream.codecpar })
    }

    /// Leaves the packets of all other streams out.
    pub fn only(&mut self, at: usize) {
        for index in 0..self.count() {
            let wanted =
                if index == at { ff::AVDiscard::AVDISCARD_DEFAULT } else { ff::AVDiscard::AVDISCARD_ALL };
            // SAFETY: as in `stream`; the field is for users to set.
            unsafe { (**self.get().streams.add(index)).discard = wanted };
        }
    }

    /// Reads the next packet.
    pub fn next(&mut self, packet: &mut Packet) -> Next {
        packet.clear();
        // SAFETY: a context that is open and an empty packet.
        match unsafe { ff::av_read_frame(self.context.as_ptr(), packet.raw()) } {
            0.. => {
                self.damaged = 0;
                Next::Packet
            }
            av::END => Next::End,
            _ if self.at_end() || self.damaged > MOST_DAMAGED => Next::End,
            _ => {
                self.damaged += 1;
                Next::Damaged
            }
        }
    }

    fn at_end(&self) -> bool {
        // SAFETY: `pb` is the reader that was given in `open`.
        unsafe { ff::avio_feof(self.get().pb) != 0 }
    }

    /// Goes to a packet at or before a time in the stream's unit; whether that worked.
    pub fn seek(&mut self, stream: usize, time: i64) -> bool {
        let Ok(stream) = c_int::try_from(stream) else { return false };
        // SAFETY: a context that is open.
        unsafe { ff::av_seek_frame(self.context.as_ptr(), stream, time, ff::AVSEEK_FLAG_BACKWARD) >= 0 }
    }
}

impl Drop for Demuxer {
    fn drop(&mut self) {
        let mut context = self.context.as_ptr();
        // SAFETY: opened in `open`, closed here alone; the reader is still there.
        unsafe { ff::avformat_close_input(&mut context) }
    }
}

fn unreadable(code: c_int) -> CodecError {
    CodecError::Damaged {
        place: "file".to_owned(),
        problem: format!("it has no format that is known, or breaks it: {}", av::message(code)),
    }
}
