//! Which of FFmpeg's encoders does what, and how it is set.

use codecs::{
    Codec, CodecError, Color, Container, EncodeSound, EncodeVideo, Layout, Matrix, Primaries, Quality,
    Support, Transfer,
};
use ffmpeg_next::ffi as ff;

use crate::av::{self, Coder, Options};

/// How many threads encoders use: a number of its own for every machine would give other bytes on each.
const THREADS: i32 = 4;

/// What writes a codec, the best first.
fn names(codec: Codec, bits: Option<u8>) -> &'static [&'static str] {
    match codec {
        Codec::H264 => &["libx264", "libopenh264"],
        Codec::H265 => &["libx265"],
        Codec::Vp9 => &["libvpx-vp9"],
        Codec::Av1 => &["libsvtav1", "libaom-av1"],
        Codec::ProRes => &["prores_ks"],
        Codec::Gif => &["gif"],
        Codec::Aac => &["aac"],
        Codec::Opus => &["libopus"],
        Codec::Vorbis => &["libvorbis"],
        Codec::Flac => &["flac"],
        Codec::Mp3 => &["libmp3lame"],
        Codec::Pcm if bits == Some(24) => &["pcm_s24le"],
        Codec::Pcm => &["pcm_s16le"],
    }
}

/// All codecs that the port can write.
const CODECS: [Codec; 12] = [
    Codec::H264,
    Codec::H265,
    Codec::Vp9,
    Codec::Av1,
    Codec::ProRes,
    Codec::Gif,
    Codec::Aac,
    Codec::Opus,
    Codec::Vorbis,
    Codec::Flac,
    Codec::Mp3,
    Codec::Pcm,
];

/// An encoder of FFmpeg's.
#[derive(Clone, Copy)]
pub struct Chosen {
    /// Its name.
    pub name: &'static str,
    /// It itself.
    pub codec: &'static ff::AVCodec,
}

/// What writes a codec here.
pub fn encoder(codec: Codec, bits: Option<u8>) -> Result<Chosen, CodecError> {
    let found = names(codec, bits).iter().find_map(|name| {
        let text = av::c_text(name);
        // SAFETY: the text ends with 0; codecs stay as long as the library.
        let codec = unsafe { ff::avcodec_find_encoder_by_name(text.as_ptr()).as_ref() };
        codec.map(|codec| Chosen { name, codec })
    });
    let names = names(codec, bits).join(" and ");
    found.ok_or_else(|| {
        CodecError::Unsupported(format!("{codec:?} cannot be written here: FFmpeg has no {names}"))
    })
}

/// What can be read and written.
pub fn support() -> Support {
    let written = |codec| encoder(codec, None).ok().map(|chosen| (codec, chosen.name.to_owned()));
    let mut decoders = Vec::new();
    let mut state = std::ptr::null_mut();
    // SAFETY: the state is the iteration's own; codecs and their names stay as long as the library.
    unsafe {
        while let Some(codec) = ff::av_codec_iterate(&mut state).as_ref() {
            let media = [ff::AVMediaType::AVMEDIA_TYPE_VIDEO, ff::AVMediaType::AVMEDIA_TYPE_AUDIO];
            if ff::av_codec_is_decoder(codec) != 0 && media.contains(&codec.type_) {
                decoders.push(av::text(ff::avcodec_get_name(codec.id)));
            }
        }
    }
    decoders.sort();
    decoders.dedup();
    // SAFETY: takes nothing and returns a text of FFmpeg's own.
    let version = unsafe { av::text(ff::av_version_info()) };
    Support {
        library: format!("FFmpeg {version}"),
        encoders: CODECS.into_iter().filter_map(written).collect(),
        decoders,
    }
}

/// The name of a container's format in FFmpeg.
pub fn format_name(container: Container) -> &'static str {
    match container {
        Container::Mp4 => "mp4",
        Container::Mov => "mov",
        Container::WebM => "webm",
        Container::Mkv => "matroska",
        Container::Gif => "gif",
        Container::Flac => "flac",
        Container::Ogg => "ogg",
        Container::Mp3 => "mp3",
        Container::M4a => "ipod",
    }
}

/// The options of a container's format.
pub fn format_options(container: Container) -> Options {
    match container {
        // What players need first comes first.
        Container::Mp4 | Container::Mov | Container::M4a => Options::new(&[("movflags", "+faststart")]),
        _ => Options::new(&[]),
    }
}

/// Sets how pictures are encoded.
pub fn set_video(chosen: Chosen, coder: &mut Coder, video: &EncodeVideo) -> Result<Options, CodecError> {
    let name = chosen.name;
    let unsupported = |what: &str| Err(CodecError::Unsupported(format!("{name} {what}")));
    let mut options = Options::new(&[]);
    let context = coder.get_mut();
    context.thread_count = THREADS;
    if let Some(interval) = video.key_interval {
        context.gop_size = i32::try_from(interval).unwrap_or(i32::MAX);
    }
    let usual = match video.codec {
        Codec::H264 => 23.0,
        Codec::H265 => 28.0,
        Codec::Vp9 => 31.0,
        _ => 35.0,
    };
    let is_yuv = matches!(video.format.layout, Layout::Yuv420 | Layout::Yuv422);
    let odd = |value: u32| value % 2 == 1;
    if matches!(video.codec, Codec::H264 | Codec::H265)
        && is_yuv
        && (odd(video.width) || (odd(video.height) && video.format.layout == Layout::Yuv420))
    {
        return unsupported(&format!(
            "takes even sizes alone, not {}x{}: scale or crop the pictures",
            video.width, video.height
        ));
    }
    let by_quality =
        |context: &mut ff::AVCodecContext, options: &mut Options, lossless: &[(&str, &str)]| match video
            .quality
        {
            Some(Quality::BitRate(bits)) => context.bit_rate = i64::try_from(bits).unwrap_or(i64::MAX),
            Some(Quality::Lossless) => lossless.iter().for_each(|(name, value)| options.set(name, value)),
            Some(Quality::Constant(quality)) => options.set("crf", &quality.to_string()),
            None => options.set("crf", &usual.to_string()),
        };
    let preset = video.preset.as_deref();
    match name {
        "libx264" => {
            options.set("preset", preset.unwrap_or("medium"));
            by_quality(context, &mut options, &[("qp", "0")]);
        }
        "libx265" => {
            options.set("preset", preset.unwrap_or("medium"));
            let lossless = if video.quality == Some(Quality::Lossless) { ":lossless=1" } else { "" };
            by_quality(context, &mut options, &[]);
            // Its own threads, and no text about itself in the film.
            let own = format!("pools={THREADS}:frame-threads=2:info=0:log-level=none{lossless}");
            options.set("x265-params", &own);
        }
        "libvpx-vp9" => {
            options.set("deadline", "good");
            options.set("cpu-used", preset.unwrap_or("2"));
            options.set("row-mt", "1");
            options.set("tile-columns", if video.width >= 1024 { "2" } else { "1" });
            context.bit_rate = 0;
            by_quality(context, &mut options, &[("lossless", "1")]);
        }
        "libsvtav1" => {
            if video.quality == Some(Quality::Lossless) {
                return unsupported("cannot keep all of the picture: choose H.264 or VP9");
            }
            options.set("preset", preset.unwrap_or("8"));
            options.set("svtav1-params", &format!("lp={THREADS}"));
            by_quality(context, &mut options, &[]);
        }
        "libaom-av1" => {
            options.set("cpu-used", preset.unwrap_or("6"));
            options.set("row-mt", "1");
            by_quality(context, &mut options, &[("aom-params", "lossless=1")]);
        }
        "prores_ks" => {
            let usual = if is_yuv { "hq" } else { "4444" };
            options.set("profile", preset.unwrap_or(usual));
            options.set("vendor", "apl0");
            match video.quality {
                Some(Quality::Lossless) => return unsupported("cannot keep all of the picture"),
                Some(Quality::BitRate(_)) => {
                    return unsupported("has no bit rate: its preset is its profile");
                }
                Some(Quality::Constant(quality)) => {
                    context.flags |= ff::AV_CODEC_FLAG_QSCALE as i32;
                    context.global_quality = (quality * ff::FF_QP2LAMBDA as f32) as i32;
                }
                None => {}
            }
        }
        "libopenh264" => match video.quality {
            Some(Quality::Lossless) => return unsupported("cannot keep all of the picture"),
            Some(Quality::BitRate(bits)) => context.bit_rate = i64::try_from(bits).unwrap_or(i64::MAX),
            // It has no constant quality: bits for each pixel that look much like it.
            _ => {
                let pixels = f64::from(video.width) * f64::from(video.height) * video.rate.number();
                context.bit_rate = (pixels * 0.12) as i64;
            }
        },
        _ => {}
    }
    Ok(options)
}

/// Says what the samples mean.
pub fn set_color(context: &mut ff::AVCodecContext, color: Color) {
    let matrix = match (color.matrix, color.primaries) {
        (Matrix::Identity, _) => 0,
        (Matrix::Bt709, _) => 1,
        (Matrix::Bt601, Primaries::Bt601Pal) => 5,
        (Matrix::Bt601, _) => 6,
        (Matrix::Smpte240, _) => 7,
        (Matrix::Bt2020, _) => 9,
    };
    let primaries = match color.primaries {
        Primaries::Bt709 => 1,
        Primaries::Bt601Pal => 5,
        Primaries::Bt601Ntsc => 6,
        Primaries::Bt2020 => 9,
        Primaries::DisplayP3 => 12,
    };
    let transfer = match color.transfer {
        Transfer::Bt709 => 1,
        Transfer::Linear => 8,
        Transfer::Srgb => 13,
        Transfer::Pq => 16,
        Transfer::Hlg => 18,
    };
    let set = |field: *mut i32, number: i32| {
        // SAFETY: a field of the context, each as large as a whole number of C; FFmpeg knows all of these numbers.
        unsafe { field.write(number) }
    };
    set((&raw mut context.colorspace).cast(), matrix);
    set((&raw mut context.color_primaries).cast(), primaries);
    set((&raw mut context.color_trc).cast(), transfer);
    set((&raw mut context.color_range).cast(), if color.full_range { 2 } else { 1 });
}

/// Sets how sound is encoded.
pub fn set_sound(chosen: Chosen, coder: &mut Coder, sound: &EncodeSound) -> Result<Options, CodecError> {
    let name = chosen.name;
    let context = coder.get_mut();
    context.thread_count = 1;
    let rate = i32::try_from(sound.rate).unwrap_or(0);
    let rates = list(chosen.codec.supported_samplerates, |rate| rate == 0);
    if !rates.is_empty() && !rates.contains(&rate) {
        let known: Vec<String> = rates.iter().map(i32::to_string).collect();
        let known = known.join(", ");
        return Err(CodecError::Unsupported(format!("{name} takes {known} samples a second, not {rate}")));
    }
    context.sample_rate = rate;
    context.time_base = ff::AVRational { num: 1, den: rate };
    // SAFETY: the context's own layout.
    unsafe { ff::av_channel_layout_default(&mut context.ch_layout, sound.channels.into()) };
    let bits = sound.bits.unwrap_or(16);
    if matches!(sound.codec, Codec::Flac | Codec::Pcm) && !matches!(bits, 16 | 24) {
        return Err(CodecError::Unsupported(format!("{name} keeps 16 or 24 bits of a sample, not {bits}")));
    }
    context.bits_per_raw_sample =
        if matches!(sound.codec, Codec::Flac | Codec::Pcm) { bits.into() } else { 0 };
    use ff::AVSampleFormat as Av;
    let formats = list(chosen.codec.sample_fmts, |format| format == Av::AV_SAMPLE_FMT_NONE);
    let wanted: &[Av] = match (sound.codec, bits) {
        (Codec::Flac | Codec::Pcm, 24) => &[Av::AV_SAMPLE_FMT_S32],
        (Codec::Flac | Codec::Pcm, _) => &[Av::AV_SAMPLE_FMT_S16],
        _ => &[
            Av::AV_SAMPLE_FMT_FLTP,
            Av::AV_SAMPLE_FMT_FLT,
            Av::AV_SAMPLE_FMT_S32P,
            Av::AV_SAMPLE_FMT_S16P,
            Av::AV_SAMPLE_FMT_S16,
        ],
    };
    let format = wanted.iter().copied().find(|format| formats.contains(format));
    context.sample_fmt =
        format.ok_or_else(|| CodecError::Unsupported(format!("{name} takes no samples that are known")))?;
    if let Some(bits) = sound.bit_rate {
        context.bit_rate = i64::try_from(bits).unwrap_or(i64::MAX);
    }
    let mut options = Options::new(&[]);
    if name == "aac" {
        // Its noise is made of random numbers that differ with the order of calls.
        options.set("aac_pns", "0");
    }
    Ok(options)
}

/// A list of FFmpeg's that ends with what `ends` knows; empty when there is none.
pub fn list<T: Copy>(list: *const T, ends: impl Fn(T) -> bool) -> Vec<T> {
    let mut found = Vec::new();
    if !list.is_null() {
        for at in 0..1024 {
            // SAFETY: FFmpeg's lists end with a mark, which is the last that is read.
            let value = unsafe { list.add(at).read() };
            if ends(value) {
                break;
            }
            found.push(value);
        }
    }
    found
}
