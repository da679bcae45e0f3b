//! FFmpeg's pixel formats and colours in the words of the port.

use codecs::{Color, Layout, Matrix, PictureFormat, Primaries, Transfer};
use ffmpeg_next::ffi::{self as ff, AVPixelFormat as Av};

/// FFmpeg's number of a pixel format as its type.
pub fn pixel_format(number: i32) -> Option<Av> {
    // SAFETY: the type has all numbers in this range, each its own.
    (0..Av::AV_PIX_FMT_NB as i32).contains(&number).then(|| unsafe { std::mem::transmute::<i32, Av>(number) })
}

/// The name of a pixel format.
pub fn name(format: Av) -> String {
    // SAFETY: returns null or a text of FFmpeg's own.
    unsafe { crate::av::text(ff::av_get_pix_fmt_name(format)) }
}

/// How pictures of a pixel format of FFmpeg's are handed on, and whether that format means full range by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handed {
    /// How they are handed on: no bits are lost.
    pub format: PictureFormat,
    /// Whether they are in memory as FFmpeg has them, but for rows that begin elsewhere.
    pub same: bool,
    /// Whether all values are used.
    pub full_range: bool,
    /// Whether the samples are red, green and blue.
    pub rgb: bool,
}

/// How pictures of a pixel format are handed on; none for those that only hardware reads.
pub fn handed(number: i32) -> Option<Handed> {
    let av = pixel_format(number)?;
    // SAFETY: returns null or a description of FFmpeg's own.
    let description = unsafe { ff::av_pix_fmt_desc_get(av).as_ref() }?;
    let flag = |flag: i32| description.flags & flag as u64 != 0;
    if flag(ff::AV_PIX_FMT_FLAG_HWACCEL) {
        return None;
    }
    let palette = flag(ff::AV_PIX_FMT_FLAG_PAL);
    let rgb = palette || flag(ff::AV_PIX_FMT_FLAG_RGB) || flag(ff::AV_PIX_FMT_FLAG_BAYER);
    let alpha = palette || flag(ff::AV_PIX_FMT_FLAG_ALPHA);
    let deepest = description.comp.iter().map(|part| part.depth).max().unwrap_or(8);
    let bits = match deepest {
        _ if palette => 8,
        ..=8 => 8,
        9 | 10 => 10,
        11 | 12 => 12,
        _ => 16,
    };
    let gray = description.nb_components <= 2 && !palette;
    let layout = match (description.log2_chroma_w, description.log2_chroma_h) {
        _ if rgb || (gray && alpha) => Layout::Gbr,
        _ if gray => Layout::Gray,
        (0, _) => Layout::Yuv444,
        (_, 0) => Layout::Yuv422,
        _ => Layout::Yuv420,
    };
    let format = PictureFormat { layout, bits, alpha };
    let (plain, full_range) = match av {
        Av::AV_PIX_FMT_YUVJ420P => (Av::AV_PIX_FMT_YUV420P, true),
        Av::AV_PIX_FMT_YUVJ422P => (Av::AV_PIX_FMT_YUV422P, true),
        Av::AV_PIX_FMT_YUVJ444P => (Av::AV_PIX_FMT_YUV444P, true),
        Av::AV_PIX_FMT_YUVJ440P | Av::AV_PIX_FMT_YUVJ411P => (av, true),
        other => (other, rgb || (gray && alpha)),
    };
    Some(Handed { format, same: plain == target(format)?, full_range, rgb: format.layout == Layout::Gbr })
}

/// FFmpeg's pixel format that is in memory as ours.
pub fn target(format: PictureFormat) -> Option<Av> {
    use Layout::{Gbr, Gray, Yuv420, Yuv422, Yuv444};
    Some(match (format.layout, format.bits, format.alpha) {
        (Gray, 8, false) => Av::AV_PIX_FMT_GRAY8,
        (Gray, 10, false) => Av::AV_PIX_FMT_GRAY10LE,
        (Gray, 12, false) => Av::AV_PIX_FMT_GRAY12LE,
        (Gray, 16, false) => Av::AV_PIX_FMT_GRAY16LE,
        (Yuv420, 8, false) => Av::AV_PIX_FMT_YUV420P,
        (Yuv420, 10, false) => Av::AV_PIX_FMT_YUV420P10LE,
        (Yuv420, 12, false) => Av::AV_PIX_FMT_YUV420P12LE,
        (Yuv420, 16, false) => Av::AV_PIX_FMT_YUV420P16LE,
        (Yuv422, 8, false) => Av::AV_PIX_FMT_YUV422P,
        (Yuv422, 10, false) => Av::AV_PIX_FMT_YUV422P10LE,
        (Yuv422, 12, false) => Av::AV_PIX_FMT_YUV422P12LE,
        (Yuv422, 16, false) => Av::AV_PIX_FMT_YUV422P16LE,
        (Yuv444, 8, false) => Av::AV_PIX_FMT_YUV444P,
        (Yuv444, 10, false) => Av::AV_PIX_FMT_YUV444P10LE,
        (Yuv444, 12, false) => Av::AV_PIX_FMT_YUV444P12LE,
        (Yuv444, 16, false) => Av::AV_PIX_FMT_YUV444P16LE,
        (Gbr, 8, false) => Av::AV_PIX_FMT_GBRP,
        (Gbr, 10, false) => Av::AV_PIX_FMT_GBRP10LE,
        (Gbr, 12, false) => Av::AV_PIX_FMT_GBRP12LE,
        (Gbr, 16, false) => Av::AV_PIX_FMT_GBRP16LE,
        (Yuv420, 8, true) => Av::AV_PIX_FMT_YUVA420P,
        (Yuv420, 10, true) => Av::AV_PIX_FMT_YUVA420P10LE,
        (Yuv420, 16, true) => Av::AV_PIX_FMT_YUVA420P16LE,
        (Yuv422, 8, true) => Av::AV_PIX_FMT_YUVA422P,
        (Yuv422, 10, true) => Av::AV_PIX_FMT_YUVA422P10LE,
        (Yuv422, 12, true) => Av::AV_PIX_FMT_YUVA422P12LE,
        (Yuv422, 16, true) => Av::AV_PIX_FMT_YUVA422P16LE,
        (Yuv444, 8, true) => Av::AV_PIX_FMT_YUVA444P,
        (Yuv444, 10, true) => Av::AV_PIX_FMT_YUVA444P10LE,
        (Yuv444, 12, true) => Av::AV_PIX_FMT_YUVA444P12LE,
        (Yuv444, 16, true) => Av::AV_PIX_FMT_YUVA444P16LE,
        (Gbr, 8, true) => Av::AV_PIX_FMT_GBRAP,
        (Gbr, 10, true) => Av::AV_PIX_FMT_GBRAP10LE,
        (Gbr, 12, true) => Av::AV_PIX_FMT_GBRAP12LE,
        (Gbr, 16, true) => Av::AV_PIX_FMT_GBRAP16LE,
        _ => return None,
    })
}

/// Numbers of ITU-T H.273.
#[derive(Clone, Copy, Debug)]
pub struct Tags {
    /// MatrixCoefficients.
    pub matrix: i32,
    /// ColourPrimaries.
    pub primaries: i32,
    /// TransferCharacteristics.
    pub transfer: i32,
    /// Whether samples use all values, if that is said.
    pub full_range: Option<bool>,
}

impl Tags {
    /// Those of a stream.
    pub fn of(parameters: &ff::AVCodecParameters) -> Self {
        // FFmpeg's types in Rust have only the numbers that are known; files may say others.
        let number = |field: *const i32| {
            // SAFETY: points to a field of the parameters, each as large as a whole number of C.
            unsafe { field.read() }
        };
        let range = number((&raw const parameters.color_range).cast());
        Tags {
            matrix: number((&raw const parameters.color_space).cast()),
            primaries: number((&raw const parameters.color_primaries).cast()),
            transfer: number((&raw const parameters.color_trc).cast()),
            full_range: match range {
                1 => Some(false),
                2 => Some(true),
                _ => None,
            },
        }
    }
}

/// What samples mean: as the tags say, else as is usual: BT.601 below 720 lines, BT.709 above, sRGB for red, green and blue.
pub fn color(tags: Tags, handed: Handed, height: u32) -> Color {
    let (low, pal) = (height < 720, height == 576 || height == 288);
    let matrix = match tags.matrix {
        _ if handed.rgb => Matrix::Identity,
        1 => Matrix::Bt709,
        4..=6 => Matrix::Bt601,
        7 => Matrix::Smpte240,
        9 | 10 => Matrix::Bt2020,
        _ if low => Matrix::Bt601,
        _ => Matrix::Bt709,
    };
    let primaries = match (tags.primaries, matrix) {
        (1, _) => Primaries::Bt709,
        (5, _) => Primaries::Bt601Pal,
        (4 | 6 | 7, _) => Primaries::Bt601Ntsc,
        (9, _) => Primaries::Bt2020,
        (11 | 12, _) => Primaries::DisplayP3,
        (_, Matrix::Bt601) if pal || tags.matrix == 5 => Primaries::Bt601Pal,
        (_, Matrix::Bt601 | Matrix::Smpte240) => Primaries::Bt601Ntsc,
        (_, Matrix::Bt2020) => Primaries::Bt2020,
        _ => Primaries::Bt709,
    };
    let transfer = match tags.transfer {
        4 | 13 => Transfer::Srgb,
        8 => Transfer::Linear,
        16 => Transfer::Pq,
        18 => Transfer::Hlg,
        1 | 5..=7 | 14 | 15 => Transfer::Bt709,
        _ if handed.rgb => Transfer::Srgb,
        _ => Transfer::Bt709,
    };
    let full_range = handed.full_range || tags.full_range.unwrap_or(false);
    Color { matrix, full_range, primaries, transfer }
}
