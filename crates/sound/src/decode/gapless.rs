//! Encoder delay and padding of sound in MP4: edit lists (ISO/IEC 14496-12, 8.6.6) and the iTunSMPB tag.

/// Which of the decoded frames are the original's, at the track's time scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trim {
    /// Decoded frames before the first of the original.
    pub delay: u64,
    /// The original's frames, where the file says so.
    pub frames: Option<u64>,
}

/// The trim of the track with the identifier `track` in the MP4 file `bytes`.
pub(super) fn mp4(bytes: &[u8], track: u32) -> Option<Trim> {
    let moov = find(bytes, &[b"moov"])?;
    if let Some(trim) = find(moov, &[b"udta", b"meta"]).and_then(smpb) {
        return Some(trim);
    }
    let movie_scale = time_scale(find(moov, &[b"mvhd"])?)?;
    let trak = boxes(moov).filter(|(kind, _)| *kind == b"trak").map(|(_, body)| body).find(|trak| {
        find(trak, &[b"tkhd"])
            .and_then(|header| word(header, if header.first() == Some(&1) { 20 } else { 12 }))
            == Some(track)
    })?;
    let scale = time_scale(find(trak, &[b"mdia", b"mdhd"])?)?;
    edits(find(trak, &[b"edts", b"elst"])?, u64::from(movie_scale), u64::from(scale))
}

/// The boxes that `bytes` are made of: kind and body. Stops at the first that is malformed.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (size, rest) = bytes.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (header, size) = match u32::from_be_bytes(*size) {
            0 => (8, bytes.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
            size => (8, size as usize),
        };
        let body = bytes.get(header..size)?;
        bytes = bytes.get(size..)?;
        Some((kind, body))
    })
}

/// The body of the first box along `path`.
fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter()
        .try_fold(bytes, |bytes, wanted| boxes(bytes).find(|(kind, _)| kind == wanted).map(|(_, body)| body))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|long| u64::from_be_bytes(*long))
}

/// The time scale in a movie or media header.
fn time_scale(header: &[u8]) -> Option<u32> {
    word(header, if header.first() == Some(&1) { 20 } else { 12 })
}

/// The trim of an edit list with a single edit, but for empty ones before it.
fn edits(list: &[u8], movie_scale: u64, scale: u64) -> Option<Trim> {
    let wide = list.first() == Some(&1);
    let size = if wide { 20 } else { 12 };
    let edit = |index: usize| {
        let at = 8 + index * size;
        if wide {
            Some((long(list, at)?, long(list, at + 8)? as i64))
        } else {
            Some((u64::from(word(list, at)?), i64::from(word(list, at + 4)? as i32)))
        }
    };
    let count = (word(list, 4)? as usize).min(list.len() / size);
    let mut media = (0..count).filter_map(edit).filter(|(_, start)| *start >= 0);
    let (duration, start) = media.next()?;
    if media.next().is_some() {
        return None;
    }
    // The duration is in units of the movie's scale, often coarser than a frame; only a scale as fine is exact.
    let exact = movie_scale != 0 && scale != 0 && movie_scale.is_multiple_of(scale) && duration != 0;
    let frames = exact.then(|| u128::from(duration) * u128::from(scale) / u128::from(movie_scale));
    Some(Trim { delay: start as u64, frames: frames.and_then(|frames| u64::try_from(frames).ok()) })
}

/// The trim in the iTunSMPB tag of a metadata box: hexadecimal words, of which the second is the delay, the third the
/// padding and the fourth the number of frames.
fn smpb(meta: &[u8]) -> Option<Trim> {
    let items = find(meta.get(4..)?, &[b"ilst"])?;
    let item = boxes(items)
        .filter(|(kind, _)| *kind == b"----")
        .map(|(_, body)| body)
        .find(|item| find(item, &[b"name"]).is_some_and(|name| name.ends_with(b"iTunSMPB")))?;
    let text = std::str::from_utf8(find(item, &[b"data"])?.get(8..)?).ok()?;
    let mut words = text.split_ascii_whitespace().map(|word| u64::from_str_radix(word, 16).ok());
    let delay = words.nth(1)??;
    let frames = words.nth(1)??;
    Some(Trim { delay, frames: (frames != 0).then_some(frames) })
}
