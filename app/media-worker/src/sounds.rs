//! The sound of a film that is being written.

use std::ffi::c_int;

use codecs::{CodecError, EncodeSound, wire::SLOT_SAMPLES};
use ffmpeg_next::ffi::{self as ff, AVSampleFormat as Av};

use crate::{
    av::{self, Coder, Frame, broke},
    choose,
    encode::Muxer,
};

/// Samples that are encoded at once where the codec does not mind.
const USUAL: usize = 4096;

/// The sound of a film that is being written.
pub struct Sounds {
    coder: Coder,
    stream: c_int,
    /// What waits, by channel.
    waiting: Vec<Vec<f32>>,
    count: i64,
}

impl Sounds {
    /// Opens what encodes it.
    pub fn open(sound: &EncodeSound, muxer: &mut Muxer) -> Result<Self, CodecError> {
        if sound.channels == 0 || sound.channels > 64 || sound.rate == 0 {
            let (channels, rate) = (sound.channels, sound.rate);
            return Err(CodecError::Unsupported(format!("sound of {channels} channels at {rate} Hz")));
        }
        let chosen = choose::encoder(sound.codec, sound.bits)?;
        muxer.check_codec(chosen)?;
        // SAFETY: the codec is FFmpeg's.
        let mut coder = unsafe { Coder::new(chosen.codec) }?;
        let mut options = choose::set_sound(chosen, &mut coder, sound)?;
        let context = coder.get_mut();
        context.flags |= ff::AV_CODEC_FLAG_BITEXACT as i32;
        if muxer.wants_header() {
            context.flags |= ff::AV_CODEC_FLAG_GLOBAL_HEADER as i32;
        }
        coder.open(&mut options).map_err(|code| {
            let (name, channels, rate) = (chosen.name, sound.channels, sound.rate);
            let why = av::message(code);
            CodecError::Unsupported(format!("{name} does not take {channels} channels at {rate} Hz: {why}"))
        })?;
        let stream = muxer.stream(&coder)?;
        Ok(Sounds { coder, stream, waiting: vec![Vec::new(); sound.channels.into()], count: 0 })
    }

    /// Encodes samples, one channel after the other, each [`SLOT_SAMPLES`] long in memory.
    pub fn add(&mut self, slot: &[u8], samples: usize, muxer: &mut Muxer) -> Result<(), CodecError> {
        for (channel, waiting) in self.waiting.iter_mut().enumerate() {
            let begin = channel * SLOT_SAMPLES * size_of::<f32>();
            let bytes = slot.get(begin..begin + samples * size_of::<f32>());
            let bytes = bytes.ok_or_else(|| broke("the memory of samples is too small"))?;
            waiting
                .extend(bytes.chunks_exact(4).filter_map(|it| Some(f32::from_ne_bytes(it.try_into().ok()?))));
        }
        let size = self.frame_size();
        while self.waiting.first().is_some_and(|waiting| waiting.len() >= size) {
            self.encode(size, muxer, &mut || {})?;
        }
        Ok(())
    }

    fn frame_size(&self) -> usize {
        usize::try_from(self.coder.get().frame_size).ok().filter(|size| *size > 0).unwrap_or(USUAL)
    }

    /// Ends the stream.
    pub fn finish(&mut self, muxer: &mut Muxer, working: &mut dyn FnMut()) -> Result<(), CodecError> {
        let left = self.waiting.first().map_or(0, Vec::len);
        if left > 0 {
            self.encode(left, muxer, working)?;
        }
        av::check(self.coder.send_frame(None), "encoding the last samples")?;
        muxer.drain(&mut self.coder, self.stream, working)
    }

    fn encode(
        &mut self,
        count: usize,
        muxer: &mut Muxer,
        working: &mut dyn FnMut(),
    ) -> Result<(), CodecError> {
        let mut frame = Frame::new()?;
        let (context, it) = (self.coder.get(), frame.get_mut());
        (it.format, it.sample_rate) = (context.sample_fmt as i32, context.sample_rate);
        it.nb_samples = i32::try_from(count).unwrap_or(0);
        // SAFETY: layouts of our own; the frame owns what it gets.
        unsafe {
            av::check(ff::av_channel_layout_copy(&mut it.ch_layout, &context.ch_layout), "a frame")?;
            av::check(ff::av_frame_get_buffer(it, 0), "a frame")?;
        }
        it.pts = self.count;
        self.count += count as i64;
        let channels = self.waiting.len();
        for (channel, waiting) in self.waiting.iter_mut().enumerate() {
            let samples = waiting.drain(..count.min(waiting.len()));
            // SAFETY: the frame was made for so many samples of these channels, of which `channel` is one.
            unsafe { put(it, context, channel, channels, samples) };
        }
        av::check(self.coder.send_frame(Some(&mut frame)), "encoding sound")?;
        muxer.drain(&mut self.coder, self.stream, working)
    }
}

/// Puts the samples of a channel into a frame.
///
/// # Safety
/// The frame was made for the coder's format and has room for so many samples of so many channels, of which `channel` is one.
unsafe fn put(
    frame: &mut ff::AVFrame,
    context: &ff::AVCodecContext,
    channel: usize,
    channels: usize,
    samples: impl Iterator<Item = f32>,
) {
    macro_rules! write {
        ($type:ty, $planar:expr, $from:expr) => {{
            let from = $from;
            let (plane, step) = if $planar { (channel, 1) } else { (0, channels) };
            // SAFETY: the caller's promise.
            unsafe {
                let first = (*frame.extended_data.add(plane)).cast::<$type>();
                let first = if $planar { first } else { first.add(channel) };
                for (at, sample) in samples.enumerate() {
                    first.add(at * step).write(from(sample));
                }
            }
        }};
    }
    // The largest is one step below 1.
    let whole = |sample: f32, steps: f64| (f64::from(sample) * steps).round().clamp(-steps, steps - 1.0);
    let to_i16 = |sample: f32| whole(sample, 32768.0) as i16;
    let deep = context.bits_per_raw_sample == 24;
    let to_i32 = |sample: f32| {
        if deep { (whole(sample, 8_388_608.0) as i32) << 8 } else { whole(sample, 2_147_483_648.0) as i32 }
    };
    match context.sample_fmt {
        Av::AV_SAMPLE_FMT_FLTP => write!(f32, true, |sample: f32| sample),
        Av::AV_SAMPLE_FMT_FLT => write!(f32, false, |sample: f32| sample),
        Av::AV_SAMPLE_FMT_S16P => write!(i16, true, to_i16),
        Av::AV_SAMPLE_FMT_S16 => write!(i16, false, to_i16),
        Av::AV_SAMPLE_FMT_S32P => write!(i32, true, to_i32),
        Av::AV_SAMPLE_FMT_S32 => write!(i32, false, to_i32),
        _ => {}
    }
}
