//! The languages that are known: one table of how their files are told, their grammars and their queries.

use std::sync::OnceLock;

use document::{Key, Value};
use ropey::Rope;
use tree_sitter::Query;
use tree_sitter_language::LanguageFn;

/// The property of a document's record that names its language.
pub const LANGUAGE: &str = "language";

/// The language of a text that is to be read as no language.
pub const PLAIN: &str = "plain";

/// The most characters of the first line that are looked at.
const FIRST_LINE: usize = 200;

/// A language.
pub struct Language {
    /// Its id: `rust`.
    pub id: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The extensions of its files, without the dot, in lower case. The first names also stand for it in other languages'
    /// texts, as behind the fence of a code block.
    extensions: &'static [&'static str],
    /// The names of files that are in it whatever their extension.
    names: &'static [&'static str],
    /// The interpreters that read it.
    interpreters: &'static [&'static str],
    /// What its files may start with.
    starts: &'static [&'static str],
    grammar: LanguageFn,
    highlights: &'static [&'static str],
    injections: &'static [&'static str],
    locals: &'static str,
    symbols: &'static str,
}

/// The queries of a language, each compiled when it is first needed.
struct Compiled {
    highlights: OnceLock<Query>,
    injections: OnceLock<Query>,
    locals: OnceLock<Query>,
    symbols: OnceLock<Query>,
}

impl Compiled {
    const fn new() -> Self {
        Compiled {
            highlights: OnceLock::new(),
            injections: OnceLock::new(),
            locals: OnceLock::new(),
            symbols: OnceLock::new(),
        }
    }
}

macro_rules! query {
    ($path:literal) => {
        include_str!(concat!("../queries/", $path, ".scm"))
    };
}

macro_rules! language {
    ($id:literal, $title:literal, $grammar:expr, { $($field:ident: $value:expr),* $(,)? }) => {
        Language { $($field: $value,)* ..language($id, $title, $grammar) }
    };
}

const fn language(id: &'static str, title: &'static str, grammar: LanguageFn) -> Language {
    Language {
        id,
        title,
        extensions: &[],
        names: &[],
        interpreters: &[],
        starts: &[],
        grammar,
        highlights: &[],
        injections: &[],
        locals: "",
        symbols: "",
    }
}

static COMPILED: [Compiled; LANGUAGES.len()] = [const { Compiled::new() }; LANGUAGES.len()];

/// All languages. Of those that a file's name or start fits the first one counts.
static LANGUAGES: [Language; 19] = [
    language!("rust", "Rust", tree_sitter_rust::LANGUAGE, {
        extensions: &["rs"],
        highlights: &[tree_sitter_rust::HIGHLIGHTS_QUERY, query!("rust/highlights")],
        injections: &[tree_sitter_rust::INJECTIONS_QUERY],
        locals: query!("rust/locals"),
        symbols: query!("rust/symbols"),
    }),
    language!("c", "C", tree_sitter_c::LANGUAGE, {
        extensions: &["c", "h"],
        highlights: &[tree_sitter_c::HIGHLIGHT_QUERY, query!("c/highlights")],
        locals: query!("c/locals"),
        symbols: query!("c/symbols"),
    }),
    language!("cpp", "C++", tree_sitter_cpp::LANGUAGE, {
        extensions: &["cpp", "cc", "cxx", "c++", "hpp", "hh", "hxx", "inl", "cu"],
        highlights: &[
            tree_sitter_c::HIGHLIGHT_QUERY,
            tree_sitter_cpp::HIGHLIGHT_QUERY,
            query!("c/highlights"),
            query!("cpp/highlights"),
        ],
        injections: &[query!("cpp/injections")],
        locals: concat!(query!("c/locals"), query!("cpp/locals")),
        symbols: query!("cpp/symbols"),
    }),
    language!("python", "Python", tree_sitter_python::LANGUAGE, {
        extensions: &["py", "pyi", "pyw", "python"],
        names: &["SConstruct", "SConscript", "wscript"],
        interpreters: &["python", "python2", "python3", "pypy", "pypy3"],
        highlights: &[tree_sitter_python::HIGHLIGHTS_QUERY, query!("python/highlights")],
        locals: query!("python/locals"),
        symbols: query!("python/symbols"),
    }),
    language!("javascript", "JavaScript", tree_sitter_javascript::LANGUAGE, {
        extensions: &["js", "mjs", "cjs", "jsx"],
        interpreters: &["node", "deno", "bun"],
        highlights: &[
            tree_sitter_javascript::HIGHLIGHT_QUERY,
            tree_sitter_javascript::JSX_HIGHLIGHT_QUERY,
            query!("javascript/highlights"),
            query!("javascript/parameters"),
        ],
        injections: &[query!("javascript/injections")],
        locals: query!("javascript/locals"),
        symbols: query!("javascript/symbols"),
    }),
    language!("typescript", "TypeScript", tree_sitter_typescript::LANGUAGE_TYPESCRIPT, {
        extensions: &["ts", "mts", "cts"],
        interpreters: &["ts-node", "tsx"],
        highlights: &[
            tree_sitter_javascript::HIGHLIGHT_QUERY,
            query!("javascript/highlights"),
            tree_sitter_typescript::HIGHLIGHTS_QUERY,
            query!("typescript/highlights"),
        ],
        injections: &[query!("javascript/injections")],
        locals: query!("typescript/locals"),
        symbols: query!("typescript/symbols"),
    }),
    language!("tsx", "TSX", tree_sitter_typescript::LANGUAGE_TSX, {
        extensions: &["tsx"],
        highlights: &[
            tree_sitter_javascript::HIGHLIGHT_QUERY,
            tree_sitter_javascript::JSX_HIGHLIGHT_QUERY,
            query!("javascript/highlights"),
            tree_sitter_typescript::HIGHLIGHTS_QUERY,
            query!("typescript/highlights"),
        ],
        injections: &[query!("javascript/injections")],
        locals: concat!(query!("typescript/locals"), query!("tsx/locals")),
        symbols: query!("typescript/symbols"),
    }),
    language!("go", "Go", tree_sitter_go::LANGUAGE, {
        extensions: &["go"],
        highlights: &[tree_sitter_go::HIGHLIGHTS_QUERY, query!("go/highlights")],
        locals: query!("go/locals"),
        symbols: query!("go/symbols"),
    }),
    language!("java", "Java", tree_sitter_java::LANGUAGE, {
        extensions: &["java"],
        highlights: &[tree_sitter_java::HIGHLIGHTS_QUERY, query!("java/highlights")],
        locals: query!("java/locals"),
        symbols: query!("java/symbols"),
    }),
    language!("json", "JSON", tree_sitter_json::LANGUAGE, {
        extensions: &["json", "jsonc", "geojson", "gltf", "webmanifest"],
        highlights: &[tree_sitter_json::HIGHLIGHTS_QUERY, query!("json/highlights")],
        symbols: query!("json/symbols"),
    }),
    language!("toml", "TOML", tree_sitter_toml_ng::LANGUAGE, {
        extensions: &["toml"],
        names: &["Cargo.lock", "Pipfile", "poetry.lock", "uv.lock"],
        highlights: &[tree_sitter_toml_ng::HIGHLIGHTS_QUERY, query!("toml/highlights")],
        symbols: query!("toml/symbols"),
    }),
    language!("yaml", "YAML", tree_sitter_yaml::LANGUAGE, {
        extensions: &["yaml", "yml"],
        names: &[".clang-format", ".clang-tidy", "CITATION.cff"],
        starts: &["%YAML"],
        highlights: &[tree_sitter_yaml::HIGHLIGHTS_QUERY],
        symbols: query!("yaml/symbols"),
    }),
    language!("markdown", "Markdown", tree_sitter_md::LANGUAGE, {
        extensions: &["md", "markdown", "mkd"],
        names: &["README", "CHANGELOG"],
        highlights: &[tree_sitter_md::HIGHLIGHT_QUERY_BLOCK, query!("markdown/highlights")],
        injections: &[query!("markdown/injections")],
        symbols: query!("markdown/symbols"),
    }),
    language!("markdown-inline", "Markdown, in lines", tree_sitter_md::INLINE_LANGUAGE, {
        highlights: &[tree_sitter_md::HIGHLIGHT_QUERY_INLINE, query!("markdown/inline")],
        injections: &[tree_sitter_md::INJECTION_QUERY_INLINE],
    }),
    language!("html", "HTML", tree_sitter_html::LANGUAGE, {
        extensions: &["html", "htm", "xhtml"],
        starts: &["<!DOCTYPE html", "<!doctype html", "<html"],
        highlights: &[tree_sitter_html::HIGHLIGHTS_QUERY, query!("html/highlights")],
        injections: &[tree_sitter_html::INJECTIONS_QUERY],
        symbols: query!("html/symbols"),
    }),
    language!("css", "CSS", tree_sitter_css::LANGUAGE, {
        extensions: &["css"],
        highlights: &[tree_sitter_css::HIGHLIGHTS_QUERY],
        symbols: query!("css/symbols"),
    }),
    language!("bash", "Shell", tree_sitter_bash::LANGUAGE, {
        extensions: &["sh", "bash", "zsh", "ksh", "shell", "env"],
        names: &[".bashrc", ".bash_profile", ".bash_aliases", ".profile", ".zshrc", ".zshenv", "PKGBUILD", "APKBUILD"],
        interpreters: &["sh", "bash", "zsh", "ksh", "dash", "ash"],
        highlights: &[tree_sitter_bash::HIGHLIGHT_QUERY, query!("bash/highlights")],
        locals: query!("bash/locals"),
        symbols: query!("bash/symbols"),
    }),
    language!("qml", "QML", tree_sitter_qmljs::LANGUAGE, {
        extensions: &["qml"],
        highlights: &[
            tree_sitter_javascript::HIGHLIGHT_QUERY,
            tree_sitter_typescript::HIGHLIGHTS_QUERY,
            tree_sitter_qmljs::HIGHLIGHTS_QUERY,
        ],
        symbols: query!("qml/symbols"),
    }),
    language!("wgsl", "WGSL", tree_sitter_wgsl_bevy::LANGUAGE, {
        extensions: &["wgsl"],
        highlights: &[query!("wgsl/highlights")],
        symbols: query!("wgsl/symbols"),
    }),
];

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl Language {
    /// All languages that a document can be in.
    pub fn all() -> impl Iterator<Item = &'static Language> {
        LANGUAGES.iter().filter(|language| !language.extensions.is_empty())
    }

    /// The language of this id.
    pub fn of_id(id: &str) -> Option<&'static Language> {
        LANGUAGES.iter().find(|language| language.id == id)
    }

    /// The language that texts in other languages name so: by an id, an extension or a usual other name.
    pub fn named(name: &str) -> Option<&'static Language> {
        let name = name.trim().to_ascii_lowercase();
        let id = match name.as_str() {
            "c++" => "cpp",
            "markdown_inline" => "markdown-inline",
            "golang" => "go",
            "console" | "shellsession" => "bash",
            other => other,
        };
        Self::of_id(id).or_else(|| Self::all().find(|language| language.extensions.contains(&id)))
    }

    /// The language of a document: what its record says, else what its name, its path or its start tells.
    pub fn of(record: &[(Key, Value)], text: &Rope) -> Option<&'static Language> {
        let property =
            |name| record.iter().find(|(key, _)| key.as_str() == name).and_then(|(_, value)| value.as_str());
        match property(LANGUAGE).filter(|id| !id.is_empty()) {
            Some(id) => Self::of_id(id),
            None => ["path", "name"]
                .into_iter()
                .filter_map(property)
                .find_map(Self::of_name)
                .or_else(|| Self::of_start(text)),
        }
    }

    /// The language that the name of a file tells.
    pub fn of_name(path: &str) -> Option<&'static Language> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        let by_name = Self::all().find(|language| language.names.contains(&name));
        by_name.or_else(|| {
            Self::all().find(|language| {
                extension.as_deref().is_some_and(|extension| language.extensions.contains(&extension))
            })
        })
    }

    /// The language that the first line of a text tells: the interpreter that it names, or how it starts.
    pub fn of_start(text: &Rope) -> Option<&'static Language> {
        let line: String = text.chars().take(FIRST_LINE).take_while(|c| *c != '\n' && *c != '\r').collect();
        let interpreter = line.strip_prefix("#!").and_then(|command| {
            let mut words = command.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
            let first = words.next()?;
            let is_option = |word: &&str| word.starts_with('-') || word.contains('=');
            if first == "env" { words.find(|word| !is_option(word)) } else { Some(first) }
        });
        if let Some(interpreter) = interpreter {
            let versionless = interpreter.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            let reads = |language: &&Language| {
                language.interpreters.contains(&interpreter) || language.interpreters.contains(&versionless)
            };
            return Self::all().find(reads);
        }
        Self::all().find(|language| language.starts.iter().any(|start| line.starts_with(start)))
    }

    /// The grammar.
    pub fn grammar(&self) -> tree_sitter::Language {
        self.grammar.into()
    }

    /// What tells how nodes are shown.
    pub fn highlights(&self) -> &Query {
        self.compile(&self.compiled().highlights, self.highlights)
    }

    /// What tells which nodes are in other languages.
    pub fn injections(&self) -> Option<&Query> {
        (!self.injections.is_empty()).then(|| self.compile(&self.compiled().injections, self.injections))
    }

    /// What tells scopes, definitions and references.
    pub fn locals(&self) -> Option<&Query> {
        (!self.locals.is_empty()).then(|| self.compile(&self.compiled().locals, &[self.locals]))
    }

    /// What tells the symbols.
    pub fn symbols(&self) -> Option<&Query> {
        (!self.symbols.is_empty()).then(|| self.compile(&self.compiled().symbols, &[self.symbols]))
    }

    fn compiled(&self) -> &'static Compiled {
        let index = LANGUAGES.iter().position(|language| language == self);
        COMPILED.get(index.unwrap_or_default()).unwrap_or(&COMPILED[0])
    }

    /// A query that cannot be compiled counts as empty; a test compiles all of them.
    fn compile<'a>(&self, kept: &'a OnceLock<Query>, sources: &[&str]) -> &'a Query {
        kept.get_or_init(|| {
            let grammar = self.grammar();
            Query::new(&grammar, &sources.concat())
                .or_else(|_| Query::new(&grammar, ""))
                .unwrap_or_else(|_| unreachable!("the empty query is one of every grammar"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_is_one_of_its_grammar() {
        let mut faults = Vec::new();
        for language in &LANGUAGES {
            let sources = [
                language.highlights.concat(),
                language.injections.concat(),
                language.locals.to_owned(),
                language.symbols.to_owned(),
            ];
            let wrong = |source: &String| Query::new(&language.grammar(), source).err();
            faults.extend(sources.iter().filter_map(wrong).map(|error| format!("{}: {error}", language.id)));
        }
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn languages_are_told_from_names_and_first_lines() {
        let name = |name| Language::of_name(name).map(|language| language.id);
        for (path, id) in [
            ("src/main.rs", Some("rust")),
            ("a.b/Main.JAVA", Some("java")),
            ("Cargo.lock", Some("toml")),
            ("x.tsx", Some("tsx")),
            (".bashrc", Some("bash")),
            ("notes.txt", None),
            ("rs", None),
        ] {
            assert_eq!(name(path), id, "{path}");
        }
        let start = |text: &str| Language::of_start(&Rope::from_str(text)).map(|language| language.id);
        for (text, id) in [
            ("#!/bin/sh\n", Some("bash")),
            ("#!/usr/bin/env -S LANG=C python3.11 -u\n", Some("python")),
            ("#! /usr/local/bin/node --flag", Some("javascript")),
            ("#!/usr/bin/perl\n", None),
            ("<!doctype html>", Some("html")),
            ("", None),
        ] {
            assert_eq!(start(text), id, "{text}");
        }
        assert_eq!(Language::named("C++").map(|l| l.id), Some("cpp"));
        assert_eq!(Language::named("yml").map(|l| l.id), Some("yaml"));
    }
}
