//! What differs between two ropes, found without looking at what they share.

use std::iter;

use ropey::Rope;

/// A replaced part: `start..old_end` in bytes of the old text became `start..new_end` of the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where both begin to differ.
    pub start: usize,
    /// Where the replaced part ends.
    pub old_end: usize,
    /// Where the new part ends.
    pub new_end: usize,
}

/// The part outside of which two texts are the same; none when they are equal. It starts and ends between characters.
///
/// Chunks that the ropes share are known by their address, so that a text and its next edition are compared in the time
/// that it takes to count their chunks.
pub fn difference(old: &Rope, new: &Rope) -> Option<Difference> {
    if old.is_instance(new) {
        return None;
    }
    let (old_len, new_len) = (old.len_bytes(), new.len_bytes());
    let shared = common(
        old.chunks(),
        new.chunks(),
        |a, b| a.iter().zip(b).take_while(|(a, b)| a == b).count(),
        |chunk, n| &chunk[n..],
    );
    if shared == old_len && shared == new_len {
        return None;
    }
    let start = old.char_to_byte(old.byte_to_char(shared));
    let shared = common(
        backwards(old),
        backwards(new),
        |a, b| a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count(),
        |chunk, n| &chunk[..chunk.len() - n],
    );
    let end = old_len - shared.min(old_len.min(new_len) - start);
    let character = old.byte_to_char(end);
    let old_end = if old.char_to_byte(character) < end { old.char_to_byte(character + 1) } else { end };
    Some(Difference { start, old_end, new_end: new_len - (old_len - old_end) })
}

fn backwards(rope: &Rope) -> impl Iterator<Item = &str> {
    let mut chunks = rope.chunks_at_byte(rope.len_bytes()).0;
    // The iterator stands before the last chunk, or behind it where the text is empty.
    while chunks.next().is_some() {}
    iter::from_fn(move || chunks.prev())
}

/// How many bytes two runs of chunks share, where `count` counts those of two pieces and `rest` leaves out so many.
fn common<'a>(
    mut old: impl Iterator<Item = &'a str>,
    mut new: impl Iterator<Item = &'a str>,
    count: impl Fn(&[u8], &[u8]) -> usize,
    rest: impl Fn(&'a [u8], usize) -> &'a [u8],
) -> usize {
    let (mut a, mut b): (&[u8], &[u8]) = (&[], &[]);
    let mut shared = 0;
    loop {
        while a.is_empty() {
            let Some(chunk) = old.next() else { return shared };
            a = chunk.as_bytes();
        }
        while b.is_empty() {
            let Some(chunk) = new.next() else { return shared };
            b = chunk.as_bytes();
        }
        let length = a.len().min(b.len());
        let same = if std::ptr::eq(a, b) { length } else { count(a, b) };
        shared += same;
        if same < length {
            return shared;
        }
        (a, b) = (rest(a, same), rest(b, same));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_outside_of_the_difference_is_equal(
            text in "[aé🎉\n]{0,3000}",
            edits in prop::collection::vec((0usize..3000, 0usize..20, "[aé🎉]{0,8}"), 0..3),
        ) {
            let old = Rope::from_str(&text);
            let mut new = old.clone();
            for (at, length, inserted) in edits {
                let at = at.min(new.len_chars());
                let end = (at + length).min(new.len_chars());
                new.remove(at..end);
                new.insert(at, &inserted);
            }
            match difference(&old, &new) {
                None => prop_assert_eq!(&old, &new),
                Some(Difference { start, old_end, new_end }) => {
                    let (old, new) = (old.to_string(), new.to_string());
                    prop_assert!(start <= old_end && start <= new_end);
                    prop_assert_eq!(&old[..start], &new[..start]);
                    prop_assert_eq!(&old[old_end..], &new[new_end..]);
                    prop_assert!(old[start..old_end].chars().next() != new[start..new_end].chars().next());
                }
            }
        }
    }
}
