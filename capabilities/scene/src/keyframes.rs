//! Key frames as a blob: a header, then plain lists, all little-endian.
//!
//! `MBKF`, version (u8), interpolation (u8: 0 step, 1 linear, 2 cubic), 0 (u16), width (u32), times (u32); then the times in
//! seconds and the numbers (f32).

use crate::model::{Interpolation, Sampler};

/// A blob that holds no key frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyframesError {
    /// It does not begin as key frames do.
    #[error("the blob holds no key frames")]
    Foreign,
    /// It is of a newer form.
    #[error("the key frames are of version {0}, which is not known")]
    Version(u8),
    /// Its length is not what its header says.
    #[error("the key frames are not as long as they say")]
    Length,
    /// A number in it is impossible.
    #[error("the key frames have {0}")]
    Number(&'static str),
}

const MAGIC: &[u8; 4] = b"MBKF";
const VERSION: u8 = 1;
const HEADER: usize = 16;

/// Writes key frames.
pub fn encode(sampler: &Sampler) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let interpolation = match sampler.interpolation {
        Interpolation::Step => 0,
        Interpolation::Linear => 1,
        Interpolation::Cubic => 2,
    };
    out.extend([VERSION, interpolation, 0, 0]);
    out.extend((sampler.width as u32).to_le_bytes());
    out.extend((sampler.times.len() as u32).to_le_bytes());
    out.extend(sampler.times.iter().chain(&sampler.values).flat_map(|number| number.to_le_bytes()));
    out
}

/// Reads key frames.
///
/// # Errors
/// The bytes were not written by [`encode`], or the times do not ascend.
pub fn decode(bytes: &[u8]) -> Result<Sampler, KeyframesError> {
    let (head, numbers) = bytes.split_first_chunk::<HEADER>().ok_or(KeyframesError::Foreign)?;
    let [m0, m1, m2, m3, version, interpolation, _, _, w0, w1, w2, w3, t0, t1, t2, t3] = *head;
    if [m0, m1, m2, m3] != *MAGIC {
        return Err(KeyframesError::Foreign);
    }
    if version != VERSION {
        return Err(KeyframesError::Version(version));
    }
    let interpolation = match interpolation {
        0 => Interpolation::Step,
        1 => Interpolation::Linear,
        2 => Interpolation::Cubic,
        _ => return Err(KeyframesError::Number("an unknown interpolation")),
    };
    let width = u32::from_le_bytes([w0, w1, w2, w3]) as usize;
    let count = u32::from_le_bytes([t0, t1, t2, t3]) as usize;
    let (words, rest) = numbers.as_chunks::<4>();
    let mut times: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
    let values = times.split_off(count.min(times.len()));
    let sampler = Sampler { interpolation, width, times, values };
    if sampler.times.len() != count || !rest.is_empty() || !sampler.is_whole() {
        return Err(KeyframesError::Length);
    }
    if sampler.times.iter().chain(&sampler.values).any(|number| !number.is_finite()) {
        return Err(KeyframesError::Number("a number that is not finite"));
    }
    if sampler.times.is_sorted_by(|a, b| a < b) {
        return Ok(sampler);
    }
    Err(KeyframesError::Number("times that do not ascend"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_come_back_as_they_were_and_damage_is_found() {
        let sampler = Sampler {
            interpolation: Interpolation::Cubic,
            width: 2,
            times: vec![0.0, 0.5],
            values: (0..12).map(|i| i as f32).collect(),
        };
        let bytes = encode(&sampler);
        assert_eq!(decode(&bytes), Ok(sampler));
        let cases: [(usize, u8, KeyframesError); 6] = [
            (0, 0, KeyframesError::Foreign),
            (4, 2, KeyframesError::Version(2)),
            (5, 3, KeyframesError::Number("an unknown interpolation")),
            (8, 3, KeyframesError::Length),
            (12, 0xff, KeyframesError::Length),
            (19, 0x40, KeyframesError::Number("times that do not ascend")),
        ];
        for (place, byte, error) in cases {
            let mut damaged = bytes.clone();
            damaged[place] = byte;
            assert_eq!(decode(&damaged), Err(error), "{place}");
        }
    }
}
