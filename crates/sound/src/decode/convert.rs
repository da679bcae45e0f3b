//! Interleaved bytes to planar floats.

use crate::dispatch::wide;

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Eight bits around 128.
    U8,
    /// Whole numbers of 8, 16, 24 or 32 bits, by their number of bytes.
    Int(u8),
    /// Floating point of 32 bits.
    F32,
    /// Floating point of 64 bits.
    F64,
}

impl Coding {
    /// Bytes of a sample.
    pub(super) fn width(self) -> usize {
        match self {
            Coding::U8 => 1,
            Coding::Int(width) => width.into(),
            Coding::F32 => 4,
            Coding::F64 => 8,
        }
    }
}

/// Writes channel `channel` of `channels` interleaved in `bytes` to `samples`, one for each frame.
pub(super) fn plane(
    coding: Coding,
    big: bool,
    bytes: &[u8],
    channels: usize,
    channel: usize,
    samples: &mut [f32],
) {
    let stride = coding.width() * channels;
    let bytes = bytes.get(channel * coding.width()..).unwrap_or_default();
    macro_rules! run {
        ($width:literal, $decode:expr) => {
            wide(|| gather::<$width>(bytes, stride, samples, $decode))
        };
    }
    match (coding, big) {
        (Coding::U8, _) => run!(1, |[byte]| (f32::from(byte) - 128.0) / 128.0),
        (Coding::Int(1), _) => run!(1, |bytes| f32::from(i8::from_le_bytes(bytes)) / 128.0),
        (Coding::Int(2), false) => run!(2, |bytes| f32::from(i16::from_le_bytes(bytes)) / 32768.0),
        (Coding::Int(2), true) => run!(2, |bytes| f32::from(i16::from_be_bytes(bytes)) / 32768.0),
        (Coding::Int(3), false) => {
            run!(3, |[a, b, c]| i32::from_le_bytes([0, a, b, c]) as f32 / 2147483648.0)
        }
        (Coding::Int(3), true) => run!(3, |[a, b, c]| i32::from_be_bytes([a, b, c, 0]) as f32 / 2147483648.0),
        (Coding::Int(_), false) => run!(4, |bytes| i32::from_le_bytes(bytes) as f32 / 2147483648.0),
        (Coding::Int(_), true) => run!(4, |bytes| i32::from_be_bytes(bytes) as f32 / 2147483648.0),
        (Coding::F32, false) => run!(4, |bytes| finite(f32::from_le_bytes(bytes))),
        (Coding::F32, true) => run!(4, |bytes| finite(f32::from_be_bytes(bytes))),
        (Coding::F64, false) => run!(8, |bytes| finite(f64::from_le_bytes(bytes) as f32)),
        (Coding::F64, true) => run!(8, |bytes| finite(f64::from_be_bytes(bytes) as f32)),
    }
}

/// Zero for what is no number: one such sample would silence a filter for good.
#[inline(always)]
fn finite(sample: f32) -> f32 {
    if sample.is_finite() { sample } else { 0.0 }
}

/// Every `stride` bytes, the `WIDTH` bytes of a sample.
#[inline(always)]
fn gather<const WIDTH: usize>(
    bytes: &[u8],
    stride: usize,
    samples: &mut [f32],
    decode: impl Fn([u8; WIDTH]) -> f32,
) {
    // Known strides let the compiler turn the loop into shuffles.
    if stride == WIDTH {
        gather_by(bytes, WIDTH, samples, decode);
    } else if stride == 2 * WIDTH {
        gather_by(bytes, 2 * WIDTH, samples, decode);
    } else {
        gather_by(bytes, stride, samples, decode);
    }
}

#[inline(always)]
fn gather_by<const WIDTH: usize>(
    bytes: &[u8],
    stride: usize,
    samples: &mut [f32],
    decode: impl Fn([u8; WIDTH]) -> f32,
) {
    // The last frame's bytes may end with the sample, before the stride does.
    let whole = bytes.len() / stride;
    let (body, rest) = samples.split_at_mut(whole.min(samples.len()));
    for (sample, bytes) in body.iter_mut().zip(bytes.chunks_exact(stride)) {
        if let Some(bytes) = bytes.first_chunk() {
            *sample = decode(*bytes);
        }
    }
    let tail = bytes.get(whole * stride..).and_then(<[u8]>::first_chunk);
    for sample in rest {
        *sample = tail.map_or(0.0, |bytes| decode(*bytes));
    }
}

/// Writes both channels of interleaved 16-bit stereo at once; least significant byte first.
pub(super) fn stereo16(bytes: &[u8], left: &mut [f32], right: &mut [f32]) {
    #[inline(always)]
    fn body(bytes: &[u8], left: &mut [f32], right: &mut [f32]) {
        for ((bytes, left), right) in bytes.as_chunks::<4>().0.iter().zip(left).zip(right) {
            let both = i32::from_le_bytes(*bytes);
            *left = (both << 16 >> 16) as f32 * (1.0 / 32768.0);
            *right = (both >> 16) as f32 * (1.0 / 32768.0);
        }
    }
    wide(|| body(bytes, left, right));
}
