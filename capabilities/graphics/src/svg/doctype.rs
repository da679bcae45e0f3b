//! What a file's entity declarations expand to, measured before anything is expanded.

use std::collections::HashMap;

use base::Limits;

use super::guard::{GuardError, malformed};

/// Checks that the entities declared in the document type, if any, expand to no more than the limits allow.
pub(super) fn check_entities(text: &str, limits: &Limits) -> Result<(), GuardError> {
    let Some(subset) = internal_subset(text) else { return Ok(()) };
    let mut entities = Entities::default();
    entities.declare(text, subset.clone());
    if entities.values.is_empty() {
        return Ok(());
    }
    let mut total = text.len() as u64;
    for (name, _) in references(&text[subset.end..]) {
        total = total.saturating_add(entities.length(text, name)?);
    }
    let by_factor = (text.len() as u64).saturating_mul(limits.expansion);
    let most = limits.expanded_bytes.min(by_factor);
    let setting = if most == by_factor { "expansion" } else { "expandedBytes" };
    Limits::check("the file's size in bytes with its entities expanded", total, most, setting)?;
    Ok(())
}

/// The bytes between the brackets of the document type declaration.
fn internal_subset(text: &str) -> Option<std::ops::Range<usize>> {
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let rest = &text[at..];
        if rest.starts_with("<?") {
            at += rest.find("?>")? + 2;
        } else if rest.starts_with("<!--") {
            at += rest.find("-->")? + 3;
        } else if rest.starts_with("<!DOCTYPE") {
            break;
        } else {
            return None;
        }
    }
    let start = at + unquoted(&text[at..], &['[', '>'])?;
    if !text[start..].starts_with('[') {
        return None;
    }
    let mut end = start + 1;
    loop {
        let rest = &text[end..];
        if rest.starts_with("<!--") {
            end += rest.find("-->")? + 3;
        } else if rest.starts_with("<?") {
            end += rest.find("?>")? + 2;
        } else if rest.starts_with("<!") {
            end += unquoted(rest, &['>'])? + 1;
        } else if rest.starts_with(']') {
            return Some(start + 1..end);
        } else {
            end += rest.chars().next()?.len_utf8();
        }
    }
}

/// Where the first of the characters stands that is not within quotes.
fn unquoted(text: &str, wanted: &[char]) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match quote {
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None if matches!(character, '"' | '\'') => quote = Some(character),
            None if wanted.contains(&character) => return Some(at),
            None => {}
        }
    }
    None
}

/// The entity references of a text: name and place.
fn references(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.match_indices('&').filter_map(|(at, _)| {
        let rest = &text[at + 1..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | ':'))?;
        (rest[end..].starts_with(';') && end > 0).then(|| (&rest[..end], at))
    })
}

/// General entities with internal values.
#[derive(Default)]
struct Entities<'a> {
    /// Value and its place in the file, by name; the first declaration counts.
    values: HashMap<&'a str, (&'a str, usize)>,
    /// Expanded lengths; `None` while one is being measured.
    lengths: HashMap<&'a str, Option<u64>>,
}

impl<'a> Entities<'a> {
    fn declare(&mut self, text: &'a str, subset: std::ops::Range<usize>) {
        let mut at = subset.start;
        while let Some(found) = text[at..subset.end].find("<!ENTITY") {
            let start = at + found + "<!ENTITY".len();
            let length = unquoted(&text[start..subset.end], &['>']).unwrap_or(subset.end - start);
            let declaration = text[start..start + length].trim_start();
            if let Some((name, value)) = declaration.split_once(char::is_whitespace) {
                let value = value.trim_start();
                let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
                if let Some(value) = quote.and_then(|quote| value[1..].split(quote).next()) {
                    let place = value.as_ptr().addr() - text.as_ptr().addr();
                    self.values.entry(name).or_insert((value, place));
                }
            }
            at = start + length;
        }
    }

    /// How many bytes an entity expands to; those of unknown names are left to the parser.
    fn length(&mut self, text: &str, name: &'a str) -> Result<u64, GuardError> {
        let Some(&(value, place)) = self.values.get(name) else { return Ok(0) };
        match self.lengths.get(name) {
            Some(Some(length)) => return Ok(*length),
            Some(None) => {
                return Err(malformed(text, place, format!("the entity '{name}' refers to itself")));
            }
            None => {}
        }
        self.lengths.insert(name, None);
        let mut length = value.len() as u64;
        for (inner, _) in references(value) {
            length = length.saturating_add(self.length(text, inner)?);
        }
        self.lengths.insert(name, Some(length));
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(subset: &str, body: &str) -> Result<(), GuardError> {
        let text = format!("<?xml version='1.0'?><!-- [ --><!DOCTYPE svg [{subset}]><svg>{body}</svg>");
        check_entities(&text, &Limits { expansion: 10, ..Limits::default() })
    }

    #[test]
    fn entities_may_expand_within_the_limits_only() {
        let tenfold = "&a;".repeat(10);
        for (subset, body, allowed) in [
            ("<!ENTITY a 'green'>", "&a;", true),
            ("<!ELEMENT svg ANY><!-- <!ENTITY a '&a;'> --><!ENTITY b \"]>\">", "&b;&amp;&#10;", true),
            ("<!ENTITY % a '&a;'>", "", true),
            (&format!("<!ENTITY a '{}'>", "x".repeat(1000)), &"&a;".repeat(100), false),
            (&format!("<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '{tenfold}'>"), &"&b;".repeat(30), false),
            ("<!ENTITY a '&b;'><!ENTITY b '&a;'>", "&a;", false),
        ] {
            assert_eq!(check(subset, body).is_ok(), allowed, "{subset} {body}");
        }
        assert!(check_entities("<!DOCTYPE svg PUBLIC '[' 'x'><svg/>", &Limits::default()).is_ok());
    }
}
