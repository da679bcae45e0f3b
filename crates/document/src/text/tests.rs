//! The laws of change sets, on generated texts, and their written forms.

use proptest::{collection::vec, prelude::*, sample::select};
use ropey::Rope;

use super::*;

const LETTERS: [&str; 10] = ["a", "b", "é", "è", "水", "𝄞", " ", "_", "\n", "\r\n"];

fn short_text() -> impl Strategy<Value = String> {
    vec(select(&LETTERS[..]), 0..6).prop_map(|letters| letters.concat())
}

/// Texts from empty to several chunks of a rope.
fn text() -> impl Strategy<Value = String> {
    (vec(select(&LETTERS[..]), 0..40), 0..60usize).prop_map(|(letters, times)| letters.concat().repeat(times))
}

/// A change set of a text of `len` characters, from steps of which those past the end are left out.
fn changes_of(len: usize, steps: &[(usize, usize, String)]) -> ChangeSet {
    let mut builder = ChangeSetBuilder::new();
    let mut left = len;
    for (retained, deleted, inserted) in steps {
        let retained = (*retained).min(left);
        let deleted = (*deleted).min(left - retained);
        builder.retain(retained).delete(deleted).insert(inserted);
        left -= retained + deleted;
    }
    builder.retain(left).finish().unwrap()
}

fn steps() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
    vec((prop_oneof![0..8usize, 0..1500usize], prop_oneof![0..5usize, 0..1500usize], short_text()), 0..6)
}

/// What the change set makes of a text, by its steps alone.
fn apply_naively(changes: &ChangeSet, text: &str) -> String {
    let mut chars = text.chars();
    let mut out = String::new();
    for op in changes.ops() {
        match op {
            Op::Retain(count) => out.extend(chars.by_ref().take(count)),
            Op::Insert(text) => out.push_str(text),
            Op::Delete(count) => chars.by_ref().take(count).for_each(drop),
        }
    }
    assert_eq!(chars.next(), None);
    out
}

fn applied(changes: &ChangeSet, text: &str) -> String {
    let mut rope = Rope::from_str(text);
    changes.apply(&mut rope).unwrap();
    rope.into()
}

fn to_cbor(changes: &ChangeSet) -> Vec<u8> {
    minicbor::to_vec(changes).unwrap()
}

fn from_cbor(bytes: &[u8]) -> Result<ChangeSet, minicbor::decode::Error> {
    minicbor::decode(bytes)
}

proptest! {
    #[test]
    fn applying_follows_the_steps_and_the_inverse_takes_it_back(text in text(), steps in steps()) {
        let before = Rope::from_str(&text);
        let changes = changes_of(before.len_chars(), &steps);
        let mut rope = before.clone();
        let inverse = changes.apply_invertibly(&mut rope).unwrap();
        prop_assert_eq!(&rope.to_string(), &apply_naively(&changes, &text));
        prop_assert_eq!(rope.len_chars(), changes.len_after());
        prop_assert_eq!(&inverse, &changes.invert(&before).unwrap());
        prop_assert_eq!(&inverse.apply_invertibly(&mut rope).unwrap(), &changes);
        prop_assert_eq!(rope, before);
        let edits = changes.edits().map(|edit| (edit.range, edit.text));
        prop_assert_eq!(ChangeSet::from_edits(changes.len_before(), edits), Ok(changes));
    }

    #[test]
    fn a_composition_has_the_effect_of_both(text in text(), first in steps(), second in steps()) {
        let first = changes_of(text.chars().count(), &first);
        let second = changes_of(first.len_after(), &second);
        let both = first.compose(&second).unwrap();
        prop_assert_eq!(applied(&both, &text), applied(&second, &applied(&first, &text)));
    }

    #[test]
    fn rebased_either_way_two_change_sets_meet(text in text(), a in steps(), b in steps(), left in any::<bool>()) {
        let side = if left { Side::Left } else { Side::Right };
        let (a, b) = (changes_of(text.chars().count(), &a), changes_of(text.chars().count(), &b));
        let a_then_b = a.compose(&b.rebase(&a, side.opposite()).unwrap()).unwrap();
        let b_then_a = b.compose(&a.rebase(&b, side).unwrap()).unwrap();
        prop_assert_eq!(applied(&a_then_b, &text), applied(&b_then_a, &text));
    }

    #[test]
    fn retained_characters_keep_the_positions_beside_them(len in 0..300usize, steps in steps()) {
        let changes = changes_of(len, &steps);
        let (mut old, mut new) = (0, 0);
        for op in changes.ops() {
            match op {
                Op::Retain(count) => {
                    for kept in 0..count {
                        prop_assert_eq!(changes.map_position(old + kept, Assoc::After), new + kept);
                        prop_assert_eq!(changes.map_position(old + kept + 1, Assoc::Before), new + kept + 1);
                    }
                    (old, new) = (old + count, new + count);
                }
                Op::Insert(text) => {
                    let end = new + text.chars().count();
                    prop_assert_eq!(changes.map_position(old, Assoc::Before), new);
                    prop_assert_eq!(changes.map_position(old, Assoc::After), end);
                    new = end;
                }
                Op::Delete(count) => {
                    for inside in 1..count {
                        prop_assert_eq!(changes.map_position(old + inside, Assoc::After), new);
                    }
                    old += count;
                }
            }
        }
        let positions: Vec<_> = (0..=len + 1).flat_map(|p| [(p, Assoc::Before), (p, Assoc::After)]).collect();
        let one_by_one: Vec<_> = positions.iter().map(|(p, assoc)| changes.map_position(*p, *assoc)).collect();
        let mut backwards: Vec<_> = changes.map_positions(positions.iter().rev().copied()).collect();
        backwards.reverse();
        prop_assert_eq!(&changes.map_positions(positions).collect::<Vec<_>>(), &one_by_one);
        prop_assert_eq!(&backwards, &one_by_one);
    }

    #[test]
    fn change_sets_read_back_as_written(len in 0..3000usize, steps in steps()) {
        let changes = changes_of(len, &steps);
        prop_assert_eq!(&from_cbor(&to_cbor(&changes)).unwrap(), &changes);
        let json = serde_json::to_string(&changes).unwrap();
        prop_assert_eq!(&serde_json::from_str::<ChangeSet>(&json).unwrap(), &changes);
    }

    #[test]
    fn bytes_that_are_no_change_set_are_refused(bytes in vec(any::<u8>(), 0..40), steps in steps(), at in any::<prop::sample::Index>()) {
        let mut damaged = to_cbor(&changes_of(3000, &steps));
        let at = at.index(damaged.len());
        damaged.splice(at..at + 1, bytes.iter().copied().take(1));
        for bytes in [bytes, damaged] {
            if let Ok(changes) = from_cbor(&bytes) {
                prop_assert_eq!(from_cbor(&to_cbor(&changes)).unwrap(), changes);
            }
        }
    }

    #[test]
    fn the_difference_makes_the_new_text(before in text(), after in text(), steps in steps()) {
        let edited = applied(&changes_of(before.chars().count(), &steps), &before);
        for after in [after, edited] {
            let changes = diff(&Rope::from_str(&before), &Rope::from_str(&after));
            prop_assert_eq!(applied(&changes, &before), after);
        }
    }
}

#[test]
fn steps_are_written_in_normal_form() {
    for (read, written) in [
        ("[]", "[]"),
        ("[7]", "[7]"),
        (r#"[5,-2,"text"]"#, r#"[5,"text",-2]"#),
        (r#"[1,2,-1,"a",0,"",-2,"b",3]"#, r#"[3,"ab",-3,3]"#),
    ] {
        let changes: ChangeSet = serde_json::from_str(read).unwrap();
        assert_eq!(serde_json::to_string(&changes).unwrap(), written);
    }
    for bad in ["5", "[1.5]", "[null]", "[[]]", r#"{"5":1}"#] {
        assert!(serde_json::from_str::<ChangeSet>(bad).is_err(), "{bad}");
    }
    let longest = [i64::MAX, i64::MAX, 1];
    assert!(serde_json::from_value::<ChangeSet>(serde_json::json!(longest)).is_ok());
    let too_long = [i64::MIN, i64::MIN, i64::MAX, 2];
    assert!(serde_json::from_value::<ChangeSet>(serde_json::json!(too_long)).is_err());
}

#[test]
fn cbor_has_one_form() {
    let written = [0x84, 0x05, 0x62, b'h', b'i', 0x21, 0x03];
    assert_eq!(from_cbor(&written).map(|changes| to_cbor(&changes)).unwrap(), written);
    for (bad, why) in [
        (&[0x82, 0x05, 0x03][..], "two retains"),
        (&[0x81, 0x00], "an empty retain"),
        (&[0x81, 0x60], "an empty text"),
        (&[0x82, 0x21, 0x61, b'a'], "an insertion behind a deletion"),
        (&[0x9f, 0x05, 0xff], "no stated length"),
        (&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x05], "more steps than bytes"),
        (&[0x81, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "a count over 63 bits"),
    ] {
        assert!(from_cbor(bad).is_err(), "{why}");
    }
}

#[test]
fn misuse_is_refused_and_changes_nothing() {
    let refused = |edits: &[(std::ops::Range<usize>, &str)]| {
        ChangeSet::from_edits(5, edits.iter().cloned()).unwrap_err()
    };
    let (end, backwards) = (6, std::ops::Range { start: 3, end: 2 });
    assert_eq!(refused(&[(4..end, "")]), ChangeSetError::OutOfRange { range: 4..6, len: 5 });
    assert_eq!(refused(&[(backwards.clone(), "")]), ChangeSetError::OutOfRange { range: backwards, len: 5 });
    assert_eq!(refused(&[(0..3, ""), (2..4, "")]), ChangeSetError::Overlap { range: 2..4, previous_end: 3 });
    assert_eq!(ChangeSet::replace(usize::MAX, 0..0, "x"), Err(ChangeSetError::TooLong));

    let changes = ChangeSet::replace(5, 0..2, "x").unwrap();
    let mismatch = ChangeSetError::LengthMismatch { expected: 5, found: 6 };
    let mut rope = Rope::from_str("longer");
    assert_eq!(changes.apply(&mut rope), Err(mismatch.clone()));
    assert_eq!(changes.apply_invertibly(&mut rope), Err(mismatch.clone()));
    assert_eq!(rope, "longer");
    assert_eq!(changes.rebase(&ChangeSet::identity(6), Side::Left), Err(mismatch));
    assert!(ChangeSet::identity(4).compose(&changes).is_err());
}

fn lines(numbers: impl Iterator<Item = u32>) -> String {
    numbers.map(|number| format!("line {number:05} of the text\n")).collect()
}

#[test]
fn differences_are_small() {
    const LINE: usize = 23;
    let short = lines(0..3000);
    let long = lines(0..70_000);
    let last = 69_990 * LINE;
    for (before, after, expected) in [
        (short.clone(), short.clone(), vec![]),
        ("aéb".into(), "aèb".into(), vec![(1..2, "è")]),
        ("𝄞".into(), "𝄟".into(), vec![(0..1, "𝄟")]),
        ("aa".into(), "aaa".into(), vec![(2..2, "a")]),
        ("".into(), "new".into(), vec![(0..0, "new")]),
        ("a\r\nb".into(), "a\nb".into(), vec![(1..2, "")]),
        ("let x = f(a, b);\n".into(), "let y = f(a, c);\n".into(), vec![(4..5, "y"), (13..14, "c")]),
        (
            short.clone(),
            short.replace("01999 of", "01999 in"),
            vec![(1999 * LINE + 11..1999 * LINE + 13, "in")],
        ),
        (
            short.clone(),
            lines((0..1000).chain(1001..2999)),
            vec![(1000 * LINE..1001 * LINE, ""), (2999 * LINE..3000 * LINE, "")],
        ),
        (
            long.clone(),
            long.replace("00005 of", "00005 in").replace("69990 of", "69990 in"),
            vec![(5 * LINE + 11..5 * LINE + 13, "in"), (last + 11..last + 13, "in")],
        ),
        (
            long.clone(),
            lines((0..5).chain(6..69_990).chain([5]).chain(69_990..70_000)),
            vec![(5 * LINE..6 * LINE, ""), (last..last, "line 00005 of the text\n")],
        ),
    ] {
        let changes = diff(&Rope::from_str(&before), &Rope::from_str(&after));
        assert_eq!(applied(&changes, &before), after);
        let edits: Vec<_> = changes.edits().map(|edit| (edit.range, edit.text)).collect();
        assert_eq!(edits, expected);
    }
    let (before, after) = ("a\n".repeat(70_000) + "b", "c".to_owned() + &"a\n".repeat(70_000));
    let changes = diff(&Rope::from_str(&before), &Rope::from_str(&after));
    assert_eq!(changes.edits().len(), 1, "too long and repetitive to be compared");
    assert_eq!(applied(&changes, &before), after);
}
