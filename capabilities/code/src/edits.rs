//! Several edits at once, in whatever order they are given.

use std::ops::Range;

use document::text::ChangeSet;

use crate::TextError;

/// The change set that makes all edits of a text of `len` characters, and where each one's new text stands afterwards, in
/// the order given.
///
/// Edits are ranges of the old text, within it, and what is to stand there. Of two insertions at one place the one given
/// first comes first; an insertion at the start of a replaced range comes before its new text.
///
/// # Errors
/// [`TextError::Overlap`], or [`TextError::Change`] for a range that is not within the text.
pub fn arrange(
    len: usize,
    edits: &[(Range<usize>, String)],
) -> Result<(ChangeSet, Vec<Range<usize>>), TextError> {
    let mut order: Vec<usize> = (0..edits.len()).collect();
    order.sort_by_key(|index| (edits[*index].0.start, edits[*index].0.end));
    let range = |index: usize| edits[index].0.clone();
    if let Some(pair) = order.windows(2).find(|pair| range(pair[1]).start < range(pair[0]).end) {
        let (first, second) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
        return Err(TextError::Overlap { first: (first, range(first)), second: (second, range(second)) });
    }
    let mut placed = vec![0..0; edits.len()];
    let (mut deleted, mut inserted) = (0, 0);
    for index in &order {
        let (range, text) = &edits[*index];
        let start = range.start - deleted + inserted;
        deleted += range.len();
        let length = text.chars().count();
        inserted += length;
        placed[*index] = start..start + length;
    }
    let sorted = order.iter().map(|index| (edits[*index].0.clone(), &edits[*index].1));
    Ok((ChangeSet::from_edits(len, sorted)?, placed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ropey::Rope;

    use super::*;

    fn arranged(
        text: &str,
        edits: &[(Range<usize>, &str)],
    ) -> Result<(String, Vec<Range<usize>>), TextError> {
        let edits: Vec<_> = edits.iter().map(|(range, text)| (range.clone(), text.to_string())).collect();
        let mut rope = Rope::from_str(text);
        let (change, placed) = arrange(rope.len_chars(), &edits)?;
        change.apply(&mut rope).unwrap();
        Ok((rope.to_string(), placed))
    }

    #[test]
    fn edits_may_touch_and_insertions_keep_their_order() {
        let edits = [(4..6, "EF"), (2..2, "1"), (2..4, "CD"), (2..2, "2"), (6..6, "!")];
        let (text, placed) = arranged("abcdef", &edits).unwrap();
        assert_eq!(text, "ab12CDEF!");
        assert_eq!(placed, [6..8, 2..3, 4..6, 3..4, 8..9]);
        let both = TextError::Overlap { first: (0, 1..4), second: (2, 3..3) };
        assert_eq!(arranged("abcdef", &[(1..4, ""), (5..6, ""), (3..3, "x")]), Err(both));
    }

    proptest! {
        #[test]
        fn the_order_of_distinct_edits_does_not_matter(
            cuts in prop::collection::btree_set(0usize..40, 2..12),
            texts in prop::collection::vec("[a-zé🎉]{0,3}", 6),
            turn in 0usize..6,
        ) {
            let text = "0123456789".repeat(4);
            let cuts: Vec<usize> = cuts.into_iter().collect();
            let mut edits: Vec<_> =
                cuts.chunks_exact(2).zip(&texts).map(|(pair, text)| (pair[0]..pair[1], text.as_str())).collect();
            let (expected, _) = arranged(&text, &edits).unwrap();
            let turn = turn % edits.len();
            edits.rotate_left(turn);
            let (found, placed) = arranged(&text, &edits).unwrap();
            prop_assert_eq!(&found, &expected);
            let found: Vec<char> = found.chars().collect();
            for ((_, text), range) in edits.iter().zip(placed) {
                prop_assert_eq!(found[range].iter().collect::<String>(), *text);
            }
        }
    }
}
