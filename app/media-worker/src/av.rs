//! FFmpeg's objects, each with an owner that frees it.

use std::{
    ffi::{CStr, CString, c_char, c_int},
    ptr::{self, NonNull},
};

use codecs::CodecError;
use ffmpeg_next::ffi as ff;

/// What FFmpeg gives where there is no time.
pub const NO_TIME: i64 = ff::AV_NOPTS_VALUE;
/// There is nothing more.
pub const END: c_int = ff::AVERROR_EOF;
/// More must go in before something comes out, or the other way round.
pub const AGAIN: c_int = ff::AVERROR(ff::EAGAIN);

/// What an error of FFmpeg's says.
pub fn message(code: c_int) -> String {
    let mut text = [0 as c_char; 128];
    // SAFETY: `text` is writable for its length; the text that is put into it ends with 0.
    unsafe {
        ff::av_strerror(code, text.as_mut_ptr(), text.len());
        CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned()
    }
}

/// A result of FFmpeg's that is no error, or what broke.
pub fn check(code: c_int, doing: &str) -> Result<c_int, CodecError> {
    if code >= 0 { Ok(code) } else { Err(broke(format!("{doing}: {}", message(code)))) }
}

/// The work broke off.
pub fn broke(why: impl Into<String>) -> CodecError {
    CodecError::BrokeOff(why.into())
}

/// The text of FFmpeg's at `text`; empty when there is none.
///
/// # Safety
/// It is null, or ends with 0 and stays while it is read.
pub unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// The text as C takes it; what follows a 0 is left out.
pub fn c_text(text: &str) -> CString {
    CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default()
}

fn made<T>(pointer: *mut T, what: &str) -> Result<NonNull<T>, CodecError> {
    NonNull::new(pointer).ok_or_else(|| broke(format!("there is no memory for {what}")))
}

/// A packet.
pub struct Packet(NonNull<ff::AVPacket>);

impl Packet {
    /// An empty one.
    pub fn new() -> Result<Self, CodecError> {
        // SAFETY: takes nothing; null is handled.
        made(unsafe { ff::av_packet_alloc() }, "a packet").map(Packet)
    }

    /// Its fields.
    pub fn get(&self) -> &ff::AVPacket {
        // SAFETY: allocated in `new`, freed in `drop`.
        unsafe { self.0.as_ref() }
    }

    /// Its fields.
    pub fn get_mut(&mut self) -> &mut ff::AVPacket {
        // SAFETY: as above, and borrowed mutably.
        unsafe { self.0.as_mut() }
    }

    /// For FFmpeg.
    pub fn raw(&mut self) -> *mut ff::AVPacket {
        self.0.as_ptr()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        // SAFETY: a packet of FFmpeg's.
        unsafe { ff::av_packet_unref(self.raw()) }
    }

    /// Side data of a kind; empty when there is none.
    pub fn side_data(&self, kind: ff::AVPacketSideDataType) -> &[u8] {
        let mut size = 0;
        // SAFETY: what is returned belongs to the packet, which is borrowed, and is so long.
        unsafe {
            let data = ff::av_packet_get_side_data(self.0.as_ptr(), kind, &mut size);
            if data.is_null() { &[] } else { std::slice::from_raw_parts(data, size) }
        }
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        let mut packet = self.raw();
        // SAFETY: allocated in `new`, freed here alone.
        unsafe { ff::av_packet_free(&mut packet) }
    }
}

/// A decoded picture or sound.
pub struct Frame(NonNull<ff::AVFrame>);

impl Frame {
    /// An empty one.
    pub fn new() -> Result<Self, CodecError> {
        // SAFETY: takes nothing; null is handled.
        made(unsafe { ff::av_frame_alloc() }, "a frame").map(Frame)
    }

    /// Its fields.
    pub fn get(&self) -> &ff::AVFrame {
        // SAFETY: allocated in `new`, freed in `drop`.
        unsafe { self.0.as_ref() }
    }

    /// Its fields.
    pub fn get_mut(&mut self) -> &mut ff::AVFrame {
        // SAFETY: as above, and borrowed mutably.
        unsafe { self.0.as_mut() }
    }

    /// For FFmpeg.
    pub fn raw(&mut self) -> *mut ff::AVFrame {
        self.0.as_ptr()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        // SAFETY: a frame of FFmpeg's.
        unsafe { ff::av_frame_unref(self.raw()) }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let mut frame = self.raw();
        // SAFETY: allocated in `new`, freed here alone.
        unsafe { ff::av_frame_free(&mut frame) }
    }
}

/// Names and values.
pub struct Options(*mut ff::AVDictionary);

impl Options {
    /// Those given.
    pub fn new(options: &[(&str, &str)]) -> Self {
        let mut made = Options(ptr::null_mut());
        options.iter().for_each(|(name, value)| made.set(name, value));
        made
    }

    /// One more.
    pub fn set(&mut self, name: &str, value: &str) {
        let (name, value) = (c_text(name), c_text(value));
        // SAFETY: both texts end with 0 and are copied.
        unsafe { ff::av_dict_set(&mut self.0, name.as_ptr(), value.as_ptr(), 0) };
    }

    /// For FFmpeg, which takes those that it knows.
    pub fn raw(&mut self) -> &mut *mut ff::AVDictionary {
        &mut self.0
    }

    /// What of these is left: what FFmpeg did not know.
    pub fn left(&self) -> Option<String> {
        // SAFETY: the dictionary is null or ours; the entry belongs to it.
        unsafe {
            let entry = ff::av_dict_get(self.0, c"".as_ptr(), ptr::null(), ff::AV_DICT_IGNORE_SUFFIX);
            (!entry.is_null()).then(|| text((*entry).key))
        }
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: null or ours.
        unsafe { ff::av_dict_free(&mut self.0) }
    }
}

/// A value of a dictionary.
///
/// # Safety
/// It is null or a dictionary of FFmpeg's.
pub unsafe fn entry(dictionary: *const ff::AVDictionary, name: &str) -> Option<String> {
    let name = c_text(name);
    // SAFETY: the caller's promise; the entry belongs to the dictionary.
    unsafe {
        let entry = ff::av_dict_get(dictionary, name.as_ptr(), ptr::null(), 0);
        (!entry.is_null()).then(|| text((*entry).value))
    }
}

/// What decodes or encodes.
pub struct Coder(NonNull<ff::AVCodecContext>);

impl Coder {
    /// One that is not opened yet.
    ///
    /// # Safety
    /// `codec` is one of FFmpeg's.
    pub unsafe fn new(codec: *const ff::AVCodec) -> Result<Self, CodecError> {
        // SAFETY: the caller's promise; null is handled.
        made(unsafe { ff::avcodec_alloc_context3(codec) }, "a codec").map(Coder)
    }

    /// Its fields.
    pub fn get(&self) -> &ff::AVCodecContext {
        // SAFETY: allocated in `new`, freed in `drop`.
        unsafe { self.0.as_ref() }
    }

    /// Its fields.
    pub fn get_mut(&mut self) -> &mut ff::AVCodecContext {
        // SAFETY: as above, and borrowed mutably.
        unsafe { self.0.as_mut() }
    }

    /// For FFmpeg.
    pub fn raw(&mut self) -> *mut ff::AVCodecContext {
        self.0.as_ptr()
    }

    /// Gets it to work.
    pub fn open(&mut self, options: &mut Options) -> Result<(), c_int> {
        // SAFETY: the codec was given when it was made; the options are ours.
        let opened = unsafe { ff::avcodec_open2(self.raw(), ptr::null(), options.raw()) };
        if opened < 0 { Err(opened) } else { Ok(()) }
    }

    /// Takes a packet to be decoded; none at the end.
    pub fn send_packet(&mut self, packet: Option<&mut Packet>) -> c_int {
        let packet = packet.map_or(ptr::null_mut(), Packet::raw);
        // SAFETY: a decoder that is open, and a packet or null.
        unsafe { ff::avcodec_send_packet(self.raw(), packet) }
    }

    /// Gives a frame that was decoded.
    pub fn receive_frame(&mut self, frame: &mut Frame) -> c_int {
        // SAFETY: a decoder that is open, and a frame.
        unsafe { ff::avcodec_receive_frame(self.raw(), frame.raw()) }
    }

    /// Takes a frame to be encoded; none at the end.
    pub fn send_frame(&mut self, frame: Option<&mut Frame>) -> c_int {
        let frame = frame.map_or(ptr::null_mut(), Frame::raw);
        // SAFETY: an encoder that is open, and a frame or null.
        unsafe { ff::avcodec_send_frame(self.raw(), frame) }
    }

    /// Gives a packet that was encoded.
    pub fn receive_packet(&mut self, packet: &mut Packet) -> c_int {
        // SAFETY: an encoder that is open, and a packet.
        unsafe { ff::avcodec_receive_packet(self.raw(), packet.raw()) }
    }

    /// Forgets what was decoded: what comes next follows on nothing.
    pub fn flush(&mut self) {
        // SAFETY: a decoder that is open.
        unsafe { ff::avcodec_flush_buffers(self.raw()) }
    }
}

impl Drop for Coder {
    fn drop(&mut self) {
        let mut context = self.raw();
        // SAFETY: allocated in `new`, freed here alone.
        unsafe { ff::avcodec_free_context(&mut context) }
    }
}
