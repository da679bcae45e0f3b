//! Line endings, which are kept as they are until someone asks for others.

use document::text::{ChangeSet, ChangeSetBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::TextError;

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Line feed: Unix.
    Lf,
    /// Carriage return and line feed: Windows.
    Crlf,
    /// Carriage return: classic Mac OS.
    Cr,
}

/// The change set that makes all lines end alike, and how many lines it changes. Touches nothing but what differs.
///
/// # Errors
/// [`TextError::Change`] when the text becomes longer than can be counted.
pub fn convert(text: &str, ending: Ending) -> Result<(ChangeSet, usize), TextError> {
    let mut changes = ChangeSetBuilder::new();
    let (mut rest, mut changed) = (text, 0);
    while let Some(at) = rest.find(['\r', '\n']) {
        let (line, behind) = rest.split_at(at);
        let found = match behind.as_bytes() {
            [b'\r', b'\n', ..] => Ending::Crlf,
            [b'\r', ..] => Ending::Cr,
            _ => Ending::Lf,
        };
        rest = &behind[if found == Ending::Crlf { 2 } else { 1 }..];
        changes.retain(line.chars().count());
        match (found, ending) {
            (Ending::Crlf, Ending::Crlf) => changes.retain(2),
            (Ending::Crlf, Ending::Lf) => changes.delete(1).retain(1),
            (Ending::Crlf, Ending::Cr) => changes.retain(1).delete(1),
            (Ending::Lf, Ending::Crlf) => changes.insert("\r").retain(1),
            (Ending::Cr, Ending::Crlf) => changes.retain(1).insert("\n"),
            (Ending::Lf, Ending::Cr) => changes.insert("\r").delete(1),
            (Ending::Cr, Ending::Lf) => changes.insert("\n").delete(1),
            (Ending::Lf, Ending::Lf) | (Ending::Cr, Ending::Cr) => changes.retain(1),
        };
        changed += usize::from(found != ending);
    }
    changes.retain(rest.chars().count());
    Ok((changes.finish()?, changed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ropey::Rope;

    use super::*;

    proptest! {
        #[test]
        fn all_lines_end_alike(text in "(a|é|🎉|\r\n|\r|\n){0,24}") {
            let unix = text.replace("\r\n", "\n").replace('\r', "\n");
            for (ending, mark) in [(Ending::Lf, "\n"), (Ending::Crlf, "\r\n"), (Ending::Cr, "\r")] {
                let mut rope = Rope::from_str(&text);
                let (change, changed) = convert(&text, ending).unwrap();
                change.apply(&mut rope).unwrap();
                prop_assert_eq!(rope.to_string(), unix.replace('\n', mark));
                prop_assert_eq!(changed == 0, change.is_identity());
            }
        }
    }
}
