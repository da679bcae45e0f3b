//! The encoded forms of a change set: one array of steps, in CBOR and in serde's formats.
//!
//! A positive number retains, a negative one deletes, a text is inserted: `[5, "new", -3, 12]`. The last number retains up
//! to the end, so that the lengths of both texts follow from the steps. What is written is always the normal form, where
//! an insertion comes before the deletion at its place.

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, data::Type, decode, encode};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
    ser,
};

use super::{
    ChangeSetBuilder,
    change_set::{ChangeSet, ChangeSetError, Op},
};

impl<C> Encode<C> for ChangeSet {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(self.ops().count() as u64)?;
        for op in self.ops() {
            match Item::of(op).map_err(encode::Error::message)? {
                Item::Count(count) => e.i64(count)?,
                Item::Text(text) => e.str(text)?,
            };
        }
        Ok(())
    }
}

/// Accepts only steps in normal form, in an array of stated length.
impl<'b, C> Decode<'b, C> for ChangeSet {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let start = d.position();
        let len = d.array()?.ok_or_else(|| error_at(start, "its array states no length"))?;
        let mut builder = ChangeSetBuilder::new();
        let mut last = None;
        for _ in 0..len {
            let position = d.position();
            let kind = match d.datatype()? {
                Type::String => {
                    let text = d.str()?;
                    builder.insert(text);
                    (!text.is_empty()).then_some(Kind::Insert)
                }
                _ => {
                    let count = d.i64()?;
                    push_count(&mut builder, count).map_err(|source| error_at(position, source))?;
                    match count {
                        0 => None,
                        1.. => Some(Kind::Retain),
                        _ => Some(Kind::Delete),
                    }
                }
            };
            if !Kind::may_follow(last, kind) {
                return Err(error_at(
                    position,
                    "an empty step, or one that belongs before or into the last one",
                ));
            }
            last = kind;
        }
        builder.finish().map_err(|source| error_at(start, source))
    }
}

/// `[5, "new", -3, 12]`.
impl Serialize for ChangeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items: Vec<Item<'_>> =
            self.ops().map(Item::of).collect::<Result<_, _>>().map_err(ser::Error::custom)?;
        serializer.collect_seq(items)
    }
}

/// Accepts steps in any order and merges what belongs together, as people write them.
impl<'de> Deserialize<'de> for ChangeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(StepsVisitor)
    }
}

struct StepsVisitor;

impl<'de> Visitor<'de> for StepsVisitor {
    type Value = ChangeSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of numbers (retain, or delete when negative) and texts to insert")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut steps: A) -> Result<ChangeSet, A::Error> {
        let mut builder = ChangeSetBuilder::new();
        while let Some(step) = steps.next_element()? {
            match step {
                Step::Count(count) => push_count(&mut builder, count).map_err(de::Error::custom)?,
                Step::Text(text) => {
                    builder.insert(&text);
                }
            }
        }
        builder.finish().map_err(de::Error::custom)
    }
}

/// A step as it is written.
#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Count(i64),
    Text(&'a str),
}

/// A step as it is read.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a step is a whole number (retain, or delete when negative) or a text to insert"
)]
enum Step {
    Count(i64),
    Text(String),
}

impl<'a> Item<'a> {
    fn of(op: Op<'a>) -> Result<Self, ChangeSetError> {
        let signed = |count: usize| i64::try_from(count).map_err(|_| ChangeSetError::TooLong);
        Ok(match op {
            Op::Retain(count) => Item::Count(signed(count)?),
            Op::Insert(text) => Item::Text(text),
            Op::Delete(count) => Item::Count(-signed(count)?),
        })
    }
}

/// The kinds of step, in their order at one place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Retain,
    Insert,
    Delete,
}

impl Kind {
    /// Whether a step of kind `next` may stand behind one of kind `last` in the normal form; an empty step has no kind.
    fn may_follow(last: Option<Kind>, next: Option<Kind>) -> bool {
        match (last, next) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(last), Some(Kind::Retain)) => last != Kind::Retain,
            (Some(last), Some(next)) => last < next,
        }
    }
}

/// Retains `count` characters, or deletes as many as it is below zero.
fn push_count(builder: &mut ChangeSetBuilder, count: i64) -> Result<(), ChangeSetError> {
    let length = usize::try_from(count.unsigned_abs()).map_err(|_| ChangeSetError::TooLong)?;
    if count < 0 {
        builder.delete(length)
    } else {
        builder.retain(length)
    };
    Ok(())
}

fn error_at(position: usize, what: impl fmt::Display) -> decode::Error {
    decode::Error::message(format!("not a change set: {what}")).at(position)
}
