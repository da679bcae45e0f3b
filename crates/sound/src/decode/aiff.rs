//! AIFF and AIFF-C headers.

use super::convert::Coding;
use super::pcm::Layout;
use crate::SoundError;

fn malformed(offset: usize, what: impl Into<String>) -> SoundError {
    SoundError::Malformed { container: "aiff", offset: offset as u64, what: what.into() }
}

/// Where an AIFF file's samples lie; `None` when they are not PCM. A sound chunk that is longer than the file ends with it.
pub(super) fn layout(bytes: &[u8]) -> Result<Option<Layout>, SoundError> {
    let compressed = bytes.get(8..12) == Some(b"AIFC");
    let (mut common, mut sound) = (None, None);
    let mut at = 12usize;
    while let Some(&[a, b, c, d, size @ ..]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let body = at + 8;
        let size = u32::from_be_bytes(size) as usize;
        let end = body.saturating_add(size).min(bytes.len());
        let chunk = bytes.get(body..end).unwrap_or_default();
        match &[a, b, c, d] {
            b"COMM" => common = Some(parse_common(body, chunk, compressed)?),
            b"SSND" => {
                let Some(skip) = chunk.first_chunk().map(|skip| u32::from_be_bytes(*skip) as usize) else {
                    return Err(malformed(body, "the sound chunk has no header"));
                };
                let offset = body.saturating_add(8).saturating_add(skip).min(end);
                sound = Some((offset, end - offset));
            }
            _ => {}
        }
        if let (Some(common), Some((offset, length))) = (&common, sound) {
            let Some((layout, frames)) = common else { return Ok(None) };
            let frame = layout.coding.width() * usize::from(layout.channels);
            let length = length.min(frame.saturating_mul(*frames as usize));
            return Ok(Some(Layout { offset, length, ..layout.clone() }));
        }
        at = body.saturating_add(size).saturating_add(size & 1);
    }
    let missing = if common.is_none() { "common chunk" } else { "sound chunk" };
    Err(malformed(at.min(bytes.len()), format!("there is no {missing}")))
}

/// The common chunk that lies at byte `at`, and the number of frames; `None` when the sound is not PCM.
fn parse_common(at: usize, chunk: &[u8], compressed: bool) -> Result<Option<(Layout, u32)>, SoundError> {
    let Some(&[c0, c1, f0, f1, f2, f3, b0, b1, e0, e1, m0, m1, m2, m3, ..]) = chunk.first_chunk::<18>()
    else {
        return Err(malformed(
            at,
            format!("the common chunk is of {} bytes; it must be of 18 or more", chunk.len()),
        ));
    };
    let channels = u16::from_be_bytes([c0, c1]);
    let bits = u16::from_be_bytes([b0, b1]);
    // An 80-bit float; the upper half of the mantissa holds every whole rate.
    let exponent = i32::from(u16::from_be_bytes([e0, e1]) & 0x7fff) - 16383;
    let rate = f64::from(u32::from_be_bytes([m0, m1, m2, m3])) * f64::from(exponent - 31).exp2();
    let kind = if compressed { chunk.get(18..22).unwrap_or_default() } else { b"NONE" };
    let (coding, big) = match (kind, bits) {
        (b"NONE" | b"twos" | b"in24" | b"in32" | b"sowt", 1..=32) => {
            (Coding::Int(bits.div_ceil(8) as u8), kind != b"sowt")
        }
        (b"raw ", 8) => (Coding::U8, true),
        (b"fl32" | b"FL32", _) => (Coding::F32, true),
        (b"fl64" | b"FL64", _) => (Coding::F64, true),
        (b"NONE" | b"twos" | b"sowt" | b"raw ", bits) => {
            return Err(malformed(at + 6, format!("samples of {bits} bits")));
        }
        _ => return Ok(None),
    };
    super::check_shape("aiff", rate.round() as u32, channels)?;
    let layout = Layout { offset: 0, length: 0, rate: rate.round() as u32, channels, coding, big, bits };
    Ok(Some((layout, u32::from_be_bytes([f0, f1, f2, f3]))))
}
