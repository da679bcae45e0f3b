//! Films that are being written.

use std::{
    ffi::{c_char, c_int, c_void},
    mem::ManuallyDrop,
    os::fd::OwnedFd,
    ptr::{self, NonNull},
    sync::{Arc, Mutex, PoisonError},
};

use base::{LimitExceeded, Limits};
use codecs::{Codec, CodecError, Container, Encode, wire::SLOT_SAMPLES};
use ffmpeg_next::{ffi as ff, format::context::StreamIo};
use memmap2::MmapMut;

use crate::{
    av::{self, Coder, Packet, broke},
    choose,
    memory::{self, Cursor, SharedOutput},
    pictures::Pictures,
    sounds::Sounds,
};

/// Bytes that are written at once.
const BUFFER: usize = 256 << 10;

/// Memory that the program draws in. It stays mapped as long as an encoder reads it.
pub type SharedSlot = Arc<MmapMut>;

/// The slots that are not read any more.
pub type Freed = Arc<Mutex<Vec<u32>>>;

/// A file that is being written.
pub struct Film {
    // Coders come first: they may still read slots.
    pictures: Option<Pictures>,
    sounds: Option<Sounds>,
    muxer: Muxer,
    freed: Freed,
}

/// The file's format.
pub struct Muxer {
    context: NonNull<ff::AVFormatContext>,
    // After the context, which writes through them.
    _io: StreamIo,
    _again: Box<Again>,
    output: SharedOutput,
    packet: Packet,
    /// Whether times of sound are to count from what is decoded first, rather than from what is heard first: the format
    /// says itself how much that is.
    from_priming: bool,
}

/// What is read again of a file that is being written.
struct Again {
    output: SharedOutput,
    readers: Vec<StreamIo>,
}

unsafe extern "C" fn read_again(
    context: *mut ff::AVFormatContext,
    io: *mut *mut ff::AVIOContext,
    _url: *const c_char,
    flags: c_int,
    _options: *mut *mut ff::AVDictionary,
) -> c_int {
    if flags & ff::AVIO_FLAG_WRITE != 0 {
        return ff::AVERROR(ff::EPERM);
    }
    // SAFETY: `opaque` is the box that was set when the context was made and lives as long; FFmpeg calls from one thread.
    let again = unsafe { &mut *(*context).opaque.cast::<Again>() };
    match StreamIo::from_read_seek_with_capacity(Cursor::new(again.output.clone()), BUFFER) {
        Ok(mut reader) => {
            // SAFETY: FFmpeg gives a place for the pointer; what it points to is kept in the box.
            unsafe { *io = reader.as_mut_ptr() };
            again.readers.push(reader);
            0
        }
        Err(_) => ff::AVERROR(ff::ENOMEM),
    }
}

unsafe extern "C" fn keep_open(_context: *mut ff::AVFormatContext, _io: *mut ff::AVIOContext) -> c_int {
    0
}

impl Film {
    /// Begins to write a file into memory.
    pub fn open(request: &Encode, memory: &OwnedFd) -> Result<Self, CodecError> {
        if request.video.is_none() && request.sound.is_none() {
            return Err(CodecError::Unsupported("a file of neither pictures nor sound".to_owned()));
        }
        let output = SharedOutput::new(memory::writable(memory)?);
        let mut muxer = Muxer::new(request, output)?;
        let video = request.video.as_ref();
        let pictures = video.map(|video| Pictures::open(video, &mut muxer)).transpose()?;
        let sounds = request.sound.as_ref().map(|sound| Sounds::open(sound, &mut muxer)).transpose()?;
        muxer.begin(request)?;
        Ok(Film { pictures, sounds, muxer, freed: Freed::default() })
    }

    /// Encodes the picture in a slot.
    pub fn picture(&mut self, number: u32, slot: &SharedSlot) -> Result<(), CodecError> {
        let pictures = self.pictures.as_mut().ok_or_else(|| broke("the file has no pictures"))?;
        pictures.add(number, slot, &self.freed, &mut self.muxer)
    }

    /// Encodes the samples in a slot.
    pub fn sound(&mut self, number: u32, slot: &SharedSlot, samples: u32) -> Result<(), CodecError> {
        let sounds = self.sounds.as_mut().ok_or_else(|| broke("the file has no sound"))?;
        let samples = (samples as usize).min(SLOT_SAMPLES);
        let added = sounds.add(slot, samples, &mut self.muxer);
        self.freed.lock().unwrap_or_else(PoisonError::into_inner).push(number);
        added
    }

    /// The slots that are not read any more.
    pub fn freed(&self) -> Vec<u32> {
        std::mem::take(&mut *self.freed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the file; says how many bytes it has.
    pub fn finish(&mut self, working: &mut dyn FnMut()) -> Result<u64, CodecError> {
        if let Some(pictures) = &mut self.pictures {
            pictures.finish(&mut self.muxer, working)?;
        }
        if let Some(sounds) = &mut self.sounds {
            sounds.finish(&mut self.muxer, working)?;
        }
        self.muxer.finish()
    }
}

impl Muxer {
    fn new(request: &Encode, output: SharedOutput) -> Result<Self, CodecError> {
        let mut io = StreamIo::from_write_seek_with_capacity(Cursor::new(output.clone()), BUFFER)
            .map_err(|error| broke(error.to_string()))?;
        let name = av::c_text(choose::format_name(request.container));
        let mut again = Box::new(Again { output: output.clone(), readers: Vec::new() });
        let mut context = ptr::null_mut();
        // SAFETY: the name ends with 0; null is handled.
        unsafe {
            ff::avformat_alloc_output_context2(&mut context, ptr::null(), name.as_ptr(), ptr::null());
        }
        let Some(context) = NonNull::new(context) else {
            let message = format!("{:?} cannot be written here", request.container);
            return Err(CodecError::Unsupported(message));
        };
        // SAFETY: the context was just made; the writer and the box live longer than it.
        unsafe {
            let context = context.as_ptr();
            (*context).pb = io.as_mut_ptr();
            (*context).flags |= ff::AVFMT_FLAG_CUSTOM_IO | ff::AVFMT_FLAG_BITEXACT;
            (*context).strict_std_compliance = ff::FF_COMPLIANCE_EXPERIMENTAL;
            (*context).opaque = (&raw mut *again).cast::<c_void>();
            (*context).io_open = Some(read_again);
            (*context).io_close2 = Some(keep_open);
        }
        let matroska = matches!(request.container, Container::WebM | Container::Mkv);
        let from_priming = matroska && request.sound.as_ref().is_some_and(|sound| sound.codec == Codec::Opus);
        Ok(Muxer { context, _io: io, _again: again, output, packet: Packet::new()?, from_priming })
    }

    /// Whether codecs are to put what describes them at the beginning of the file.
    pub fn wants_header(&self) -> bool {
        // SAFETY: a context that was made for a format.
        unsafe { (*self.context.as_ref().oformat).flags & ff::AVFMT_GLOBALHEADER != 0 }
    }

    /// Whether the format holds a codec.
    pub fn check_codec(&self, chosen: choose::Chosen) -> Result<(), CodecError> {
        // SAFETY: a context that was made for a format, whose name is FFmpeg's own.
        let (holds, format) = unsafe {
            let format = self.context.as_ref().oformat;
            let holds = ff::avformat_query_codec(format, chosen.codec.id, ff::FF_COMPLIANCE_EXPERIMENTAL);
            (holds, av::text((*format).name))
        };
        if holds != 0 {
            return Ok(());
        }
        Err(CodecError::Unsupported(format!("a file of the format {format} does not hold {}", chosen.name)))
    }

    /// A stream of what a coder that is open encodes; its number.
    pub fn stream(&mut self, coder: &Coder) -> Result<c_int, CodecError> {
        // SAFETY: the context was made in `new`; the parameters are copied.
        unsafe {
            let stream = ff::avformat_new_stream(self.context.as_ptr(), ptr::null());
            if stream.is_null() {
                return Err(broke("there is no memory for a stream"));
            }
            av::check(ff::avcodec_parameters_from_context((*stream).codecpar, coder.get()), "a stream")?;
            (*stream).time_base = coder.get().time_base;
            (*stream).avg_frame_rate = coder.get().framerate;
            Ok((*stream).index)
        }
    }

    fn begin(&mut self, request: &Encode) -> Result<(), CodecError> {
        let mut options = choose::format_options(request.container);
        if let Some(title) = &request.title {
            let title = av::c_text(title);
            // SAFETY: both texts end with 0 and are copied.
            unsafe {
                let metadata = &mut (*self.context.as_ptr()).metadata;
                ff::av_dict_set(metadata, c"title".as_ptr(), title.as_ptr(), 0);
            }
        }
        // SAFETY: the context has its streams; the options are ours.
        let begun = unsafe { ff::avformat_write_header(self.context.as_ptr(), options.raw()) };
        if begun >= 0 {
            return Ok(());
        }
        let codecs = [request.video.as_ref().map(|it| it.codec), request.sound.as_ref().map(|it| it.codec)];
        let codecs: Vec<String> = codecs.iter().flatten().map(|codec| format!("{codec:?}")).collect();
        self.failed(begun).map_err(|error| match error {
            CodecError::BrokeOff(why) => CodecError::Unsupported(format!(
                "{:?} does not hold {} as asked for: {why}",
                request.container,
                codecs.join(" and ")
            )),
            other => other,
        })
    }

    /// Writes what a coder has ready.
    pub fn drain(
        &mut self,
        coder: &mut Coder,
        stream: c_int,
        working: &mut dyn FnMut(),
    ) -> Result<(), CodecError> {
        loop {
            let received = coder.receive_packet(&mut self.packet);
            if received == av::AGAIN || received == av::END {
                return Ok(());
            }
            av::check(received, "encoding")?;
            working();
            let packet = self.packet.get_mut();
            if packet.duration == 0 && coder.get().sample_rate == 0 {
                packet.duration = 1;
            }
            if self.from_priming && coder.get().sample_rate > 0 {
                let priming = i64::from(coder.get().initial_padding);
                packet.pts = packet.pts.saturating_add(priming);
                packet.dts = packet.dts.saturating_add(priming);
            }
            packet.stream_index = stream;
            // SAFETY: the stream is one of the context's; the packet was just encoded.
            let written = unsafe {
                let of = *self.context.as_ref().streams.add(stream as usize);
                ff::av_packet_rescale_ts(self.packet.raw(), coder.get().time_base, (*of).time_base);
                ff::av_interleaved_write_frame(self.context.as_ptr(), self.packet.raw())
            };
            self.failed(written)?;
        }
    }

    fn finish(&mut self) -> Result<u64, CodecError> {
        // SAFETY: the header was written.
        let written = unsafe { ff::av_write_trailer(self.context.as_ptr()) };
        self.failed(written)?;
        // SAFETY: the writer is still there.
        unsafe { ff::avio_flush(self.context.as_ref().pb) };
        self.failed(0)?;
        Ok(self.output.bytes())
    }

    /// What broke, if anything did: the file that became too long above all.
    fn failed(&self, code: c_int) -> Result<(), CodecError> {
        if let Some(limit) = self.output.overflow() {
            let what = "the size of the file to be written in bytes".to_owned();
            let found = limit.saturating_add(1);
            return Err(LimitExceeded { what, found, limit, setting: "fileBytes" }.into());
        }
        av::check(code, "writing the file").map(drop)
    }
}

impl Drop for Muxer {
    fn drop(&mut self) {
        // SAFETY: made in `new`, freed here alone; `pb` is not the context's own.
        unsafe { ff::avformat_free_context(self.context.as_ptr()) }
    }
}

/// A frame that reads a slot, and says when it does not any more.
pub fn lend(slot: &SharedSlot, number: u32, freed: &Freed) -> Result<NonNull<ff::AVBufferRef>, CodecError> {
    unsafe extern "C" fn free(opaque: *mut c_void, _data: *mut u8) {
        // SAFETY: the box that was leaked below; FFmpeg calls this once.
        let lent = unsafe { Box::from_raw(opaque.cast::<Lent>()) };
        lent.freed.lock().unwrap_or_else(PoisonError::into_inner).push(lent.number);
    }
    struct Lent {
        slot: SharedSlot,
        number: u32,
        freed: Freed,
    }
    let lent = Box::new(Lent { slot: Arc::clone(slot), number, freed: Arc::clone(freed) });
    let (data, bytes) = (lent.slot.as_ptr().cast_mut(), lent.slot.len());
    let lent = ManuallyDrop::new(lent);
    // SAFETY: the memory stays mapped until `free` drops the box; it is marked as only read.
    let buffer = unsafe {
        let opaque = (&raw const **lent).cast_mut().cast::<c_void>();
        ff::av_buffer_create(data, bytes, Some(free), opaque, ff::AV_BUFFER_FLAG_READONLY)
    };
    NonNull::new(buffer).ok_or_else(|| broke("there is no memory for a frame"))
}

/// Checks the size of pictures that are to be encoded.
pub fn check_size(width: u32, height: u32) -> Result<(), CodecError> {
    if width == 0 || height == 0 {
        return Err(CodecError::Unsupported(format!("pictures of {width}x{height} pixels")));
    }
    Limits::default().check_picture(width.into(), height.into(), 4)?;
    Ok(())
}
