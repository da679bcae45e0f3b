//! How texts in every language are shown and what they declare: `tests/highlights/NAME.EXTENSION` beside its spans in
//! `NAME.spans` and its symbols in `NAME.symbols`.
//!
//! With `UPDATE=1` in the environment these are written.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // A test that cannot go on fails; it reads its cases.

use std::{fmt::Write, fs, path::Path};

use code::{Language, Syntax, highlights, symbols};
use proptest::prelude::*;
use ropey::Rope;

/// One line for each line of the text: its spans as `scope 'text'`.
fn shown(text: &Rope, language: &'static Language) -> String {
    let mut syntax = Syntax::new(text, language).unwrap();
    let mut out = String::new();
    let mut line = 0;
    for found in highlights(&mut syntax, 0..text.len_bytes()) {
        let at = text.byte_to_line(found.range.start) + 1;
        if at != line {
            write!(out, "{}{at}:", if line == 0 { "" } else { "\n" }).unwrap();
            line = at;
        }
        write!(out, " {} {:?}", found.scope, text.byte_slice(found.range).to_string()).unwrap();
    }
    out + "\n"
}

/// One line for each symbol: its kind and its name, deeper where it lies within another one.
fn declared(text: &Rope, language: &'static Language) -> String {
    let found = symbols(&Syntax::new(text, language).unwrap());
    found
        .iter()
        .map(|symbol| format!("{}{} {}\n", "  ".repeat(symbol.depth), symbol.kind, symbol.name))
        .collect()
}

fn cases() -> Vec<(String, Rope, &'static Language)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/highlights");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path().display().to_string();
        if let Some(language) = Language::of_name(&path) {
            found.push((path.clone(), Rope::from_str(&fs::read_to_string(&path).unwrap()), language));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn every_language_is_shown_as_it_was() {
    let cases = cases();
    for language in Language::all() {
        assert!(cases.iter().any(|(_, _, other)| *other == language), "no case of {language:?}");
    }
    for (path, text, language) in cases {
        for (extension, found) in [("spans", shown(&text, language)), ("symbols", declared(&text, language))]
        {
            let expected = Path::new(&path).with_extension(extension);
            if std::env::var_os("UPDATE").is_some() {
                fs::write(&expected, found).unwrap();
            } else {
                let expected = fs::read_to_string(&expected).unwrap_or_default();
                assert_eq!(found, expected, "{path}: {extension} (UPDATE=1 writes it)");
            }
        }
    }
}

/// Whether no part of it is broken: of what is, the tree depends on how it came about.
fn is_whole(syntax: &mut Syntax) -> bool {
    let whole = 0..syntax.text().len_bytes();
    syntax.layers(whole).iter().all(|(_, tree, _)| !tree.root_node().has_error())
}

#[test]
fn what_is_nested_without_end_ends_in_bounded_work() {
    let run = || {
        for (language, piece) in
            Language::all().flat_map(|language| ["[", "f(", "{"].map(|piece| (language, piece)))
        {
            let text = Rope::from_str(&piece.repeat(100_000));
            if let Ok(mut syntax) = Syntax::new(&text, language) {
                highlights(&mut syntax, 0..text.len_bytes());
                symbols(&syntax);
            }
        }
    };
    // A parser that recursed would not come far on so small a stack.
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn a_text_that_was_edited_is_shown_as_if_it_were_new(
        case in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, "[a-z ]{0,6}|[(){}\\[\\]\"'`/*#<>\n.;:=$]{1,2}"), 1..8),
    ) {
        let cases = cases();
        let (path, text, language) = case.get(&cases);
        let mut syntax = Syntax::new(text, language).unwrap();
        let mut edited = text.clone();
        let mut texts = Vec::new();
        for (at, length, inserted) in edits {
            let at = at.index(edited.len_chars() + 1);
            edited.remove(at..(at + length).min(edited.len_chars()));
            edited.insert(at, &inserted);
            texts.push(edited.clone());
        }
        texts.push(text.clone());
        for text in texts {
            syntax.update(&text).unwrap();
            let whole = 0..text.len_bytes();
            let kept = highlights(&mut syntax, whole.clone());
            let mut anew = Syntax::new(&text, language).unwrap();
            if is_whole(&mut anew) {
                prop_assert_eq!(kept, highlights(&mut anew, whole), "{}: {}", path, text);
            }
        }
    }
}
