//! The pictures of a film that is being written.

use std::{ffi::c_int, ptr};

use codecs::{Codec, CodecError, EncodeVideo, Layout, Plane};
use ffmpeg_next::ffi::{self as ff, AVPixelFormat as Av};

use crate::{
    av::{self, Coder, Frame, broke},
    choose,
    encode::{self, Freed, Muxer, SharedSlot},
    format,
    palette::{self, Film},
};

/// The pictures of a film that is being written.
pub struct Pictures {
    coder: Coder,
    stream: c_int,
    video: EncodeVideo,
    planes: Vec<Plane>,
    bytes: usize,
    count: i64,
    /// Where colours are chosen for the film.
    film: Option<Film>,
}

impl Pictures {
    /// Opens what encodes them.
    pub fn open(video: &EncodeVideo, muxer: &mut Muxer) -> Result<Self, CodecError> {
        encode::check_size(video.width, video.height)?;
        let chosen = choose::encoder(video.codec, None)?;
        muxer.check_codec(chosen)?;
        let is_gif = video.codec == Codec::Gif;
        if is_gif && (video.format.layout, video.format.bits) != (Layout::Gbr, 8) {
            return Err(CodecError::Unsupported("gif takes red, green and blue of 8 bits".to_owned()));
        }
        let target = format::target(video.format);
        let wanted = if is_gif { Some(Av::AV_PIX_FMT_PAL8) } else { target };
        let known = choose::list(chosen.codec.pix_fmts, |format| format == Av::AV_PIX_FMT_NONE);
        let Some(wanted) = wanted.filter(|wanted| known.contains(wanted)) else {
            let known: Vec<String> = known.into_iter().map(format::name).collect();
            let (asked, known) = (target.map(format::name).unwrap_or_default(), known.join(", "));
            return Err(CodecError::Unsupported(format!("{} takes {known}, not {asked}", chosen.name)));
        };
        // SAFETY: the codec is FFmpeg's.
        let mut coder = unsafe { Coder::new(chosen.codec) }?;
        let mut options = choose::set_video(chosen, &mut coder, video)?;
        let context = coder.get_mut();
        let side = |side: u32| i32::try_from(side).unwrap_or(0);
        (context.width, context.height) = (side(video.width), side(video.height));
        context.pix_fmt = wanted;
        let rate = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let (numerator, denominator) = (rate(video.rate.numerator()), rate(video.rate.denominator()));
        context.time_base = ff::AVRational { num: denominator, den: numerator };
        context.framerate = ff::AVRational { num: numerator, den: denominator };
        context.sample_aspect_ratio = ff::AVRational { num: 1, den: 1 };
        context.flags |= ff::AV_CODEC_FLAG_BITEXACT as i32;
        if muxer.wants_header() {
            context.flags |= ff::AV_CODEC_FLAG_GLOBAL_HEADER as i32;
        }
        if !is_gif {
            choose::set_color(context, video.color);
        }
        coder.open(&mut options).map_err(|code| {
            let (name, why) = (chosen.name, av::message(code));
            let (width, height) = (video.width, video.height);
            CodecError::Unsupported(format!("{name} does not take this ({width}x{height}): {why}"))
        })?;
        if let Some(left) = options.left() {
            return Err(CodecError::Unsupported(format!("{} has no {left} here", chosen.name)));
        }
        let stream = muxer.stream(&coder)?;
        let (planes, bytes) = video.format.arranged(video.width, video.height);
        let film = is_gif.then(Film::default);
        Ok(Pictures { coder, stream, video: video.clone(), planes, bytes, count: 0, film })
    }

    /// Encodes the picture in a slot.
    pub fn add(
        &mut self,
        number: u32,
        slot: &SharedSlot,
        freed: &Freed,
        muxer: &mut Muxer,
    ) -> Result<(), CodecError> {
        if slot.len() < self.bytes {
            return Err(broke("the memory of a picture is too small"));
        }
        let lent = encode::lend(slot, number, freed)?;
        let mut frame = Frame::new()?;
        let it = frame.get_mut();
        // From here on the frame owns what was lent, and gives it back.
        it.buf[0] = lent.as_ptr();
        if let Some(mut film) = self.film.take() {
            let ready = film.add(self.interleaved(slot));
            let encoded = self.encode_film(&mut film, ready, muxer, &mut || {});
            self.film = Some(film);
            return encoded;
        }
        it.format = self.coder.get().pix_fmt as i32;
        (it.width, it.height) = (self.coder.get().width, self.coder.get().height);
        for (plane, placed) in self.planes.iter().enumerate() {
            let data = slot.get(placed.offset..).map_or(ptr::null_mut(), |rows| rows.as_ptr().cast_mut());
            if let (Some(to), Some(stride)) = (it.data.get_mut(plane), it.linesize.get_mut(plane)) {
                (*to, *stride) = (data, i32::try_from(placed.stride).unwrap_or(0));
            }
        }
        it.extended_data = it.data.as_mut_ptr();
        self.send(&mut frame, muxer, &mut || {})
    }

    fn send(
        &mut self,
        frame: &mut Frame,
        muxer: &mut Muxer,
        working: &mut dyn FnMut(),
    ) -> Result<(), CodecError> {
        let (context, it) = (self.coder.get(), frame.get_mut());
        (it.color_range, it.colorspace) = (context.color_range, context.colorspace);
        (it.color_primaries, it.color_trc) = (context.color_primaries, context.color_trc);
        (it.pts, it.pkt_duration) = (self.count, 1);
        self.count += 1;
        av::check(self.coder.send_frame(Some(frame)), "encoding a picture")?;
        muxer.drain(&mut self.coder, self.stream, working)
    }

    /// Ends the stream.
    pub fn finish(&mut self, muxer: &mut Muxer, working: &mut dyn FnMut()) -> Result<(), CodecError> {
        if let Some(mut film) = self.film.take() {
            let ready = film.finish();
            self.encode_film(&mut film, ready, muxer, working)?;
        }
        av::check(self.coder.send_frame(None), "encoding the last pictures")?;
        muxer.drain(&mut self.coder, self.stream, working)
    }

    /// The pixels in a slot side by side.
    fn interleaved(&self, slot: &[u8]) -> palette::Pixels {
        let (width, height) = (self.video.width as usize, self.video.height as usize);
        let mut pixels = vec![255; width * height * 4];
        let planes = [Some(2), Some(0), Some(1), self.video.format.alpha.then_some(3)];
        for (channel, plane) in planes.into_iter().enumerate() {
            let Some(placed) = plane.and_then(|plane| self.planes.get(plane)) else { continue };
            for (y, row) in pixels.chunks_exact_mut(width * 4).enumerate() {
                let from = slot.get(placed.offset + y * placed.stride..).unwrap_or_default();
                let to = row.iter_mut().skip(channel).step_by(4);
                to.zip(from).for_each(|(to, from)| *to = *from);
            }
        }
        pixels
    }

    fn encode_film(
        &mut self,
        film: &mut Film,
        ready: Vec<palette::Pixels>,
        muxer: &mut Muxer,
        working: &mut dyn FnMut(),
    ) -> Result<(), CodecError> {
        let Some(palette) = film.palette() else { return Ok(()) };
        let (width, height) = (self.video.width as usize, self.video.height as usize);
        for pixels in ready {
            let mut frame = Frame::new()?;
            let it = frame.get_mut();
            it.format = Av::AV_PIX_FMT_PAL8 as i32;
            (it.width, it.height) = (self.coder.get().width, self.coder.get().height);
            // SAFETY: format and size are set; the frame owns what it gets.
            av::check(unsafe { ff::av_frame_get_buffer(it, 0) }, "a frame")?;
            let stride = usize::try_from(it.linesize[0]).unwrap_or(0);
            // SAFETY: a frame of this format has so many rows, and 256 colours.
            let (rows, colors) = unsafe {
                let rows = std::slice::from_raw_parts_mut(it.data[0], stride * height);
                (rows, std::slice::from_raw_parts_mut(it.data[1].cast::<u32>(), 256))
            };
            colors.copy_from_slice(&palette.entries());
            for (y, row) in rows.chunks_exact_mut(stride.max(1)).enumerate() {
                let from = pixels.get(y * width * 4..(y + 1) * width * 4).unwrap_or_default();
                palette.row(y, from, row);
            }
            self.send(&mut frame, muxer, working)?;
        }
        Ok(())
    }
}
