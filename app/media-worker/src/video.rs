//! The pictures of a stream, in any order.

use std::{collections::HashSet, sync::Arc, time::Instant};

use base::{Flicks, Limits};
use codecs::{CodecError, VideoInfo, wire::PictureHead};
use ffmpeg_next::ffi as ff;
use memmap2::Mmap;

use crate::{
    av::{self, Coder, Frame, Options, Packet, broke},
    convert::Converter,
    demux::{Demuxer, Next},
    describe::{self, Described},
    memory::Deadline,
    reader::{Reader, is_of, mark},
    scan::Scan,
    table::Table,
};

/// How many key packets further back decoding begins before a picture is given up.
const STEPS_BACK: usize = 3;

/// How many packets are looked at for the first that can be decoded.
const LATE_PACKETS: usize = 1000;

/// A stream of pictures that is being read.
pub struct VideoSource {
    reader: Reader,
    decoder: Coder,
    /// The packets and pictures.
    pub table: Table,
    /// What is known of it.
    pub info: VideoInfo,
    /// When the file begins, in flicks of the stream's own time.
    pub origin: Flicks,
    converter: Converter,
    run: Option<Run>,
    /// Decoded, and shown before what comes next.
    last: Option<(usize, Frame)>,
    /// Decoded ahead of what was asked for.
    ahead: Option<(usize, Frame)>,
    spare: Option<Frame>,
    /// Pictures that nothing is decoded for.
    missing: HashSet<usize>,
    damaged: HashSet<usize>,
}

/// Decoding from a key packet on.
struct Run {
    /// The packet it began with.
    from: usize,
    /// Whether the last packet is in.
    drained: bool,
    /// How many pictures came.
    count: usize,
}

/// Whether pictures have their opacity in a stream of its own beside them.
pub fn has_alpha(stream: &ff::AVStream, parameters: &ff::AVCodecParameters) -> bool {
    let codecs = [ff::AVCodecID::AV_CODEC_ID_VP8, ff::AVCodecID::AV_CODEC_ID_VP9];
    // SAFETY: the stream's metadata are its own.
    let mode = unsafe { av::entry(stream.metadata, "alpha_mode") };
    codecs.contains(&parameters.codec_id) && mode.is_some_and(|mode| mode == "1")
}

/// Gets a decoder to work on a stream.
pub fn decoder(
    demuxer: &Demuxer,
    stream: usize,
    limits: &Limits,
    threads: &str,
) -> Result<Coder, CodecError> {
    let (Some(known), Some(parameters)) = (demuxer.stream(stream), demuxer.parameters(stream)) else {
        return Err(CodecError::Unsupported(format!("there is no stream {stream}")));
    };
    let alpha = has_alpha(known, parameters);
    // SAFETY: looks codecs up in FFmpeg's own list.
    let codec = unsafe {
        let named = match parameters.codec_id {
            ff::AVCodecID::AV_CODEC_ID_VP9 if alpha => {
                ff::avcodec_find_decoder_by_name(c"libvpx-vp9".as_ptr())
            }
            ff::AVCodecID::AV_CODEC_ID_VP8 if alpha => ff::avcodec_find_decoder_by_name(c"libvpx".as_ptr()),
            _ => std::ptr::null(),
        };
        if named.is_null() { ff::avcodec_find_decoder(parameters.codec_id) } else { named }
    };
    let name = describe::codec_name(parameters);
    if codec.is_null() {
        return Err(CodecError::Unsupported(format!("nothing here decodes {name}")));
    }
    // SAFETY: the codec is FFmpeg's.
    let mut decoder = unsafe { Coder::new(codec) }?;
    // SAFETY: both are FFmpeg's; the parameters are copied.
    let set = unsafe { ff::avcodec_parameters_to_context(decoder.raw(), parameters) };
    av::check(set, "the codec's parameters")?;
    let context = decoder.get_mut();
    context.pkt_timebase = known.time_base;
    context.flags2 |= ff::AV_CODEC_FLAG2_SKIP_MANUAL;
    let pixels = limits.pixels.min(limits.import_bytes).min(i32::MAX as u64).to_string();
    let mut options = Options::new(&[("threads", threads), ("max_pixels", &pixels)]);
    decoder.open(&mut options).map_err(|code| CodecError::Damaged {
        place: format!("stream {stream}"),
        problem: format!("{name} cannot be decoded: {}", av::message(code)),
    })?;
    Ok(decoder)
}

/// The first picture that decoding from the beginning of the file shows.
pub fn first_decoded(
    demuxer: &mut Demuxer,
    stream: usize,
    table: &Table,
    limits: &Limits,
) -> Result<Option<usize>, CodecError> {
    let mut decoder = decoder(demuxer, stream, limits, "1")?;
    let (mut packet, mut frame) = (Packet::new()?, Frame::new()?);
    let mut ordinal = 0;
    loop {
        match demuxer.next(&mut packet) {
            Next::End => {
                decoder.send_packet(None);
            }
            Next::Packet if is_of(&packet, stream) => {
                mark(&mut packet, ordinal);
                decoder.send_packet(Some(&mut packet));
                ordinal += 1;
            }
            Next::Packet | Next::Damaged => continue,
        }
        if decoder.receive_frame(&mut frame) >= 0 {
            return Ok(usize::try_from(frame.get().pts).ok().and_then(|at| table.number_of(at)));
        }
        if ordinal > LATE_PACKETS || packet.get().size == 0 {
            return Ok(None);
        }
    }
}

impl VideoSource {
    /// Begins to read a stream.
    pub fn open(
        file: Arc<Mmap>,
        stream: u32,
        limits: &Limits,
        deadline: &Deadline,
        begun: Instant,
    ) -> Result<Self, CodecError> {
        let Described { info, mut tables, origin, demuxer, .. } =
            describe::describe(&file, limits, deadline, begun)?;
        let known = info.video.into_iter().find(|video| video.stream == stream);
        let (Some(info), Some(table)) = (known, tables.remove(&stream)) else {
            return Err(CodecError::Unsupported(format!("stream {stream} has no moving pictures")));
        };
        let at = stream as usize;
        let decoder = decoder(&demuxer, at, limits, "auto")?;
        Ok(VideoSource {
            reader: Reader::new(file, demuxer, at, limits, deadline)?,
            decoder,
            table,
            converter: Converter::new(info.format, info.width, info.height),
            info,
            origin,
            run: None,
            last: None,
            ahead: None,
            spare: None,
            missing: HashSet::new(),
            damaged: HashSet::new(),
        })
    }

    /// When a picture begins, after the beginning of the file; the end of the last for the number after it.
    pub fn time(&self, number: usize) -> Flicks {
        let time = self.table.shown.get(number).map(|shown| shown.time).or_else(|| self.table.end());
        self.table.flicks(time.unwrap_or(0)) - self.origin
    }

    /// Half a unit of the stream's clock.
    pub fn half_unit(&self) -> Flicks {
        Flicks(self.table.flicks(1).0 / 2)
    }

    /// Decodes a picture into memory that is arranged as the port says.
    pub fn picture(
        &mut self,
        number: u64,
        slot: u32,
        into: &mut [u8],
        working: &mut dyn FnMut(),
    ) -> Result<PictureHead, CodecError> {
        let count = self.table.shown.len();
        let wanted = usize::try_from(number).unwrap_or(usize::MAX);
        if wanted >= count {
            let problem = format!("there are {count} pictures and no number {number}");
            return Err(CodecError::Damaged { place: format!("stream {}", self.info.stream), problem });
        }
        self.find(wanted, working)?;
        let frame = match (&self.last, &self.ahead) {
            (Some((_, frame)), _) | (None, Some((_, frame))) => frame,
            (None, None) => {
                let place = format!("picture {number}");
                return Err(CodecError::Damaged { place, problem: "nothing can be decoded".to_owned() });
            }
        };
        self.converter.convert(frame, into)?;
        let (time, next) = (self.time(wanted), self.time(wanted + 1));
        Ok(PictureHead {
            number,
            slot,
            width: self.info.width,
            height: self.info.height,
            format: self.info.format,
            color: self.info.color,
            time,
            duration: next - time,
            damaged: self.damaged.len() as u64,
        })
    }

    /// Decodes until the last picture is the wanted one, or the one before it when the wanted one is missing.
    fn find(&mut self, wanted: usize, working: &mut dyn FnMut()) -> Result<(), CodecError> {
        if self.last.as_ref().is_some_and(|(number, _)| *number == wanted) {
            return Ok(());
        }
        let keys: Vec<usize> = self.table.keys(wanted).take(STEPS_BACK).chain([0]).collect();
        let known_missing = self.missing.contains(&wanted);
        for (step, key) in keys.iter().copied().enumerate() {
            let goes_on = step == 0 && self.goes_on(wanted, key);
            if !goes_on {
                self.begin(key)?;
            }
            let found = self.advance(wanted, working)?;
            let begun = self.run.as_ref().map_or(0, |run| run.from);
            // What was decoded from an earlier key packet on is as good as it gets.
            let tried = begun == 0 || keys.get(1).is_some_and(|second| begun <= *second);
            if found || (self.last.is_some() && (known_missing || tried)) || begun == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Whether the picture comes when decoding just goes on, and no key packet is nearer.
    fn goes_on(&self, wanted: usize, key: usize) -> bool {
        let passed =
            |held: &Option<(usize, Frame)>| held.as_ref().is_some_and(|(number, _)| *number > wanted);
        let Some(run) = &self.run else { return false };
        if let Some((number, _)) = &self.ahead {
            let between = self.last.as_ref().is_none_or(|(last, _)| *last < wanted);
            if *number > wanted {
                return between && self.missing.contains(&wanted);
            }
        }
        !passed(&self.last) && (key <= run.from || key < self.reader.next())
    }

    /// Decodes on until the wanted picture came or cannot come any more; whether it came.
    fn advance(&mut self, wanted: usize, working: &mut dyn FnMut()) -> Result<bool, CodecError> {
        loop {
            if let Some((number, frame)) = self.ahead.take() {
                if number > wanted {
                    self.ahead = Some((number, frame));
                    self.missing.insert(wanted);
                    return Ok(false);
                }
                self.spare = self.last.replace((number, frame)).map(|(_, frame)| frame);
                if number == wanted {
                    return Ok(true);
                }
            }
            self.ahead = self.next_frame(working)?;
            if self.ahead.is_none() {
                self.missing.insert(wanted);
                return Ok(false);
            }
        }
    }

    /// The next picture of this run that is shown; none at the end.
    fn next_frame(&mut self, working: &mut dyn FnMut()) -> Result<Option<(usize, Frame)>, CodecError> {
        let mut frame = match self.spare.take() {
            Some(frame) => frame,
            None => Frame::new()?,
        };
        frame.clear();
        loop {
            let Some(run) = &mut self.run else { return Ok(None) };
            match self.decoder.receive_frame(&mut frame) {
                0.. => {
                    let of = usize::try_from(frame.get().pts).ok();
                    let number = if self.table.timed {
                        of.and_then(|at| self.table.number_of(at))
                    } else {
                        Some(run.count)
                    };
                    run.count += 1;
                    if let Some(at) = of.filter(|_| frame.get().decode_error_flags != 0) {
                        self.damaged.insert(at);
                    }
                    // Pictures that are shown before the one that decoding began with lack what they refer to.
                    let first = self.table.number_of(run.from).filter(|_| run.from > 0);
                    let whole = number.filter(|number| first.is_none_or(|first| *number >= first));
                    if let Some(number) = whole.filter(|number| *number < self.table.shown.len()) {
                        working();
                        return Ok(Some((number, frame)));
                    }
                }
                av::END => return Ok(None),
                _ if run.drained => return Ok(None),
                _ => self.feed()?,
            }
        }
    }

    /// Puts the next packet into the decoder.
    fn feed(&mut self) -> Result<(), CodecError> {
        let Some((number, packet)) = self.reader.read() else {
            if let Some(run) = &mut self.run {
                run.drained = true;
            }
            self.decoder.send_packet(None);
            return Ok(());
        };
        let sent = self.decoder.send_packet(Some(packet));
        if sent == ff::AVERROR(ff::ENOMEM) {
            return Err(broke("decoding takes more memory than is allowed (limits.importBytes)"));
        }
        if sent < 0 && sent != av::AGAIN {
            self.damaged.insert(number);
        }
        Ok(())
    }

    /// Begins to decode with a key packet.
    fn begin(&mut self, key: usize) -> Result<(), CodecError> {
        self.decoder.flush();
        self.last = None;
        self.ahead = None;
        let from = self.reader.go_to(&self.table.packets, key)?;
        self.run = Some(Run { from, drained: false, count: 0 });
        Ok(())
    }
}

/// The pictures of a stream by their packets. Those at the beginning that cannot be decoded are left out.
pub fn table(
    demuxer: &mut Demuxer,
    file: &Arc<Mmap>,
    scan: &mut Scan,
    stream: usize,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Option<Table>, CodecError> {
    let packets = scan.streams.get_mut(stream).map(std::mem::take).unwrap_or_default();
    let (Some(known), Some(parameters)) = (demuxer.stream(stream), demuxer.parameters(stream)) else {
        return Ok(None);
    };
    let mut table = Table::new(packets, known.time_base, parameters.video_delay > 0);
    if table.begins_late() {
        let mut again = Demuxer::open(file, limits, deadline)?;
        again.only(stream);
        if let Ok(Some(first)) = first_decoded(&mut again, stream, &table, limits) {
            table.begin_at(first);
        }
    }
    Ok(Some(table).filter(|table| !table.shown.is_empty()))
}
