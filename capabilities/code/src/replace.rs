//! Replacing what is found, with the groups of a match where the replacement names them.

use std::ops::Range;

use document::text::{ChangeSet, ChangeSetBuilder};
use regex_automata::util::captures::Captures;

use crate::{TextError, search::Finder};

/// What replaces a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Group(usize),
}

impl Template {
    /// This text, whatever stands in it.
    pub fn text(text: &str) -> Self {
        Template(vec![Piece::Text(text.to_owned())])
    }

    /// A text in which `$1` and `${1}` stand for the group of that number, `${name}` for that of that name, `$0` for the
    /// whole match and `$$` for `$`. Any other `$` stands for itself.
    ///
    /// # Errors
    /// [`TextError::Group`] for a group that the pattern does not have.
    pub fn parse(template: &str, finder: &Finder) -> Result<Self, TextError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            let (before, reference) = rest.split_at(at);
            text.push_str(before);
            let Some((name, length)) = group_name(reference) else {
                text.push('$');
                rest = &reference[if reference.starts_with("$$") { 2 } else { 1 }..];
                continue;
            };
            let Some(group) = finder.group(name) else {
                let column = template[..template.len() - reference.len()].chars().count() + 1;
                return Err(TextError::Group { column, name: name.to_owned() });
            };
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Group(group));
            rest = &reference[length..];
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text));
        Ok(Template(pieces))
    }

    fn plain(&self) -> Option<&str> {
        if let [Piece::Text(text)] = self.0.as_slice() { Some(text) } else { None }
    }

    fn expand(&self, text: &str, groups: &Captures, into: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => into.push_str(text),
                Piece::Group(index) => {
                    into.push_str(groups.get_group(*index).map_or("", |span| &text[span.range()]));
                }
            }
        }
    }
}

/// The change set that replaces what is found within a range of a text, in bytes, up to a number of matches; and how many
/// it replaces. Characters that a replacement has in common with its match, at its start and end, are not touched.
///
/// # Errors
/// [`TextError::Change`] when the text becomes longer than can be counted.
pub fn replace(
    text: &str,
    within: Range<usize>,
    finder: &Finder,
    template: &Template,
    limit: usize,
) -> Result<(ChangeSet, usize), TextError> {
    let mut walk = Walk { text, changes: ChangeSetBuilder::new(), reached: 0 };
    let mut count = 0;
    match template.plain() {
        Some(new) => {
            for found in finder.matches(text, within).take(limit) {
                walk.replace(found, new);
                count += 1;
            }
        }
        None => {
            let mut new = String::new();
            for groups in finder.captures(text, within).take(limit) {
                let Some(found) = groups.get_match() else { continue };
                new.clear();
                template.expand(text, &groups, &mut new);
                walk.replace(found.range(), &new);
                count += 1;
            }
        }
    }
    Ok((walk.finish()?, count))
}

/// A walk over a text, from its start to its end.
struct Walk<'a> {
    text: &'a str,
    changes: ChangeSetBuilder,
    /// In bytes.
    reached: usize,
}

impl Walk<'_> {
    fn replace(&mut self, range: Range<usize>, new: &str) {
        let old = &self.text[range.clone()];
        let head = common_bytes(old.chars(), new.chars());
        let tail = common_bytes(old[head..].chars().rev(), new[head..].chars().rev());
        let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
        let start = range.start + head;
        self.changes.retain(self.text[self.reached..start].chars().count());
        self.changes.insert(new).delete(old.chars().count());
        self.reached = start + old.len();
    }

    fn finish(mut self) -> Result<ChangeSet, TextError> {
        self.changes.retain(self.text[self.reached..].chars().count());
        Ok(self.changes.finish()?)
    }
}

/// How many bytes the characters take that two texts have in common at their start.
fn common_bytes(a: impl Iterator<Item = char>, b: impl Iterator<Item = char>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

/// The name of the group that a text starting with `$` refers to, and the length of the reference.
fn group_name(reference: &str) -> Option<(&str, usize)> {
    let behind = &reference[1..];
    if let Some(braced) = behind.strip_prefix('{') {
        let end = braced.find('}')?;
        return Some((&braced[..end], end + 3));
    }
    let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| (&behind[..digits], digits + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ropey::Rope;

    use super::*;
    use crate::search::Query;

    fn finder(pattern: &str, regex: bool) -> Finder {
        Finder::new(Query { pattern, regex, match_case: true, whole_word: false }).unwrap()
    }

    fn replaced(
        text: &str,
        finder: &Finder,
        template: &Template,
        limit: usize,
    ) -> (String, usize, ChangeSet) {
        let (change, count) = replace(text, 0..text.len(), finder, template, limit).unwrap();
        let mut rope = Rope::from_str(text);
        change.apply(&mut rope).unwrap();
        (rope.to_string(), count, change)
    }

    #[test]
    fn replacements_name_groups() {
        let pair = finder(r"(?P<key>\w+)=(\w+)?", true);
        for (template, expected) in [
            ("$2:${key}", "1:a, :b"),
            ("${2}0$1", "10a, 0b"),
            ("<$0>$$1", "<a=1>$1, <b=>$1"),
            ("$x ${1", "$x ${1, $x ${1"),
        ] {
            let template = Template::parse(template, &pair).unwrap();
            assert_eq!(replaced("a=1, b=", &pair, &template, 9).0, expected);
        }
        for (template, column, name) in
            [("é$3", 2, "3"), ("${kye}", 1, "kye"), ("$99999999999999999999", 1, "99999999999999999999")]
        {
            let error = TextError::Group { column, name: name.into() };
            assert_eq!(Template::parse(template, &pair), Err(error));
        }
    }

    #[test]
    fn edits_touch_only_what_differs() {
        let template = Template::text("colour");
        let (text, count, change) = replaced("color é color color", &finder("color", false), &template, 2);
        assert_eq!((text.as_str(), count), ("colour é colour color", 2));
        let edits: Vec<_> = change.edits().map(|edit| (edit.range, edit.text)).collect();
        assert_eq!(edits, [(4..4, "u"), (12..12, "u")]);
        assert!(replaced("aaa", &finder("a", false), &Template::text("a"), 9).2.is_identity());
        let lines = replaced("a\r\nb\r\n", &finder("^", true), &Template::text("> "), 9);
        assert_eq!(lines.0, "> a\r\n> b\r\n> ");
    }

    proptest! {
        #[test]
        fn replacing_text_agrees_with_the_standard_library(
            text in "[abé🎉]{0,40}",
            pattern in "[abé🎉]{1,3}",
            new in "[abé🎉]{0,4}",
            limit in 0usize..8,
        ) {
            let (found, _, _) = replaced(&text, &finder(&pattern, false), &Template::text(&new), limit);
            prop_assert_eq!(found, text.replacen(&pattern, &new, limit));
        }
    }
}
