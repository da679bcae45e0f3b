//! WAV headers: RIFF, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088).

use super::convert::Coding;
use super::pcm::Layout;
use crate::SoundError;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xfffe;
/// The last 14 bytes of the subformats of `WAVE_FORMAT_EXTENSIBLE`; the first two are a format tag.
const SUBFORMAT: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

fn malformed(offset: usize, what: impl Into<String>) -> SoundError {
    SoundError::Malformed { container: "wav", offset: offset as u64, what: what.into() }
}

/// Where a WAV file's samples lie; `None` when they are not PCM. A data chunk that is longer than the file ends with it.
pub(super) fn layout(bytes: &[u8]) -> Result<Option<Layout>, SoundError> {
    let mut format = None;
    let mut long_data = None;
    let mut at = 12usize;
    while let Some(header) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let [a, b, c, d, size @ ..] = *header;
        let body = at + 8;
        let size = u32::from_le_bytes(size) as usize;
        match &[a, b, c, d] {
            b"ds64" => {
                long_data = bytes
                    .get(body + 8..)
                    .and_then(|rest| rest.first_chunk())
                    .map(|size| u64::from_le_bytes(*size));
            }
            b"fmt " => {
                let chunk = bytes.get(body..body.saturating_add(size).min(bytes.len())).unwrap_or_default();
                format = Some(parse_format(body, chunk)?);
            }
            b"data" => {
                let format = format.ok_or_else(|| malformed(at, "the samples come before their format"))?;
                // Writers that could not seek back to their header leave zero or the most in it.
                let unfinished = matches!(bytes.get(4..8), Some([0, 0, 0, 0] | [0xff, 0xff, 0xff, 0xff]));
                let size = match (size, long_data) {
                    (0xffff_ffff, Some(long)) => usize::try_from(long).unwrap_or(usize::MAX),
                    (0xffff_ffff, None) => usize::MAX,
                    (0, None) if unfinished => usize::MAX,
                    _ => size,
                };
                let length = size.min(bytes.len() - body);
                return Ok(format.map(|format| Layout { offset: body, length, ..format }));
            }
            _ => {}
        }
        at = body.saturating_add(size).saturating_add(size & 1);
    }
    Err(malformed(at.min(bytes.len()), "there is no data chunk"))
}

/// The format chunk that lies at byte `at`; `None` when it is not PCM.
fn parse_format(at: usize, chunk: &[u8]) -> Result<Option<Layout>, SoundError> {
    let word =
        |index: usize| chunk.get(index..index + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    let fields = (word(0), word(2), word(4), word(6), word(12), word(14));
    let (Some(tag), Some(channels), Some(low), Some(high), Some(block), Some(container_bits)) = fields else {
        return Err(malformed(
            at,
            format!("the format chunk is of {} bytes; it must be of 16 or more", chunk.len()),
        ));
    };
    let rate = u32::from(high) << 16 | u32::from(low);
    let mut bits = container_bits;
    let mut tag = tag;
    if tag == EXTENSIBLE {
        let (Some(valid), Some(subformat), true) =
            (word(18), word(24), chunk.get(26..40) == Some(&SUBFORMAT))
        else {
            return Ok(None);
        };
        tag = subformat;
        if (1..=container_bits).contains(&valid) {
            bits = valid;
        }
    }
    let coding = match (tag, container_bits) {
        (PCM, 1..=8) => Coding::U8,
        (PCM, 9..=16) => Coding::Int(2),
        (PCM, 17..=24) => Coding::Int(3),
        (PCM, 25..=32) => Coding::Int(4),
        (FLOAT, 32) => Coding::F32,
        (FLOAT, 64) => Coding::F64,
        (PCM | FLOAT, bits) => return Err(malformed(at + 14, format!("samples of {bits} bits"))),
        _ => return Ok(None),
    };
    super::check_shape("wav", rate, channels)?;
    let expected = coding.width() * usize::from(channels);
    if usize::from(block) != expected {
        return Err(malformed(
            at + 12,
            format!("frames of {block} bytes; {channels} channels need {expected}"),
        ));
    }
    Ok(Some(Layout { offset: 0, length: 0, rate, channels, coding, big: false, bits }))
}
