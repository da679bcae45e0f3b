//! The commands through the kernel: what scripts and the window call.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod world;

use kernel::{CommandError, Notice, pattern::Pattern, ports::Files};
use serde_json::{Value as Json, json};
use world::World;

fn text(world: &mut World, document: &Json) -> String {
    world.result("code.read", json!({ "document": document }))["text"].as_str().unwrap().to_owned()
}

fn created(text: &str) -> (World, Json) {
    let mut world = World::new(&[]);
    let document = world.result("code.create", json!({ "text": text }))["document"].take();
    (world, document)
}

#[test]
fn files_come_back_byte_for_byte() {
    let mut world = World::new(&[
        ("mixed.txt", b"a\r\nb\nc\rd"),
        ("mark.cs", b"\xEF\xBB\xBF// caf\xC3\xA9\n"),
        ("wide.log", b"\xFF\xFEa\0\n\0"),
        ("latin.tex", b"na\xEFve\n"),
        ("Makefile", b"all:\n\t@true\n"),
        ("script.unknown", b"#!/bin/sh\n"),
        (".gitignore", b""),
    ]);
    for (path, encoding, mark, expected) in [
        ("mixed.txt", "UTF-8", false, "a\r\nb\nc\rd"),
        ("mark.cs", "UTF-8", true, "// café\n"),
        ("wide.log", "UTF-16LE", true, "a\n"),
        ("latin.tex", "windows-1252", false, "naïve\n"),
        ("Makefile", "UTF-8", false, "all:\n\t@true\n"),
        ("script.unknown", "UTF-8", false, "#!/bin/sh\n"),
        (".gitignore", "UTF-8", false, ""),
    ] {
        let document = world.result("document.import", json!({ "path": path }))["document"].take();
        let read = world.result("code.read", json!({ "document": document }));
        let found = (&read["text"], &read["encoding"], &read["byteOrderMark"]);
        assert_eq!(found, (&json!(expected), &json!(encoding), &json!(mark)), "{path}");
        world.result("code.save", json!({ "document": document, "path": "copy" }));
        world
            .result("document.export", json!({ "document": document, "path": "out/copy", "format": "text" }));
        let before = world.files.read(path).unwrap();
        assert_eq!(world.files.read("copy").unwrap(), before, "{path}");
        assert_eq!(world.files.read("out/copy").unwrap(), before, "{path}");
    }
}

#[test]
fn an_edit_is_one_event_and_undo_takes_it_back() {
    let start = "one\r\ntwo\nthree";
    let (mut world, document) = created(start);
    let edits = json!([
        { "start": { "line": 2, "column": 1 }, "end": { "line": 2, "column": 4 }, "text": "zwei" },
        { "start": 0, "text": "# " },
        { "start": 9, "end": 14, "text": "" },
    ]);
    let replace = json!({ "document": document, "pattern": "(\\w)$", "replacement": "$1;", "regex": true });
    let part = json!({ "document": document, "pattern": "O", "replacement": "0", "matchCase": false, "limit": 1,
        "within": { "start": { "line": 1, "column": 4 }, "end": 14 } });
    for (command, arguments, result, expected) in [
        (
            "code.edit",
            json!({ "document": document, "edits": edits }),
            json!({ "ranges": [{ "start": 7, "end": 11 }, { "start": 0, "end": 2 }, { "start": 12, "end": 12 }] }),
            "# one\r\nzwei\n",
        ),
        (
            "code.append",
            json!({ "document": document, "text": "three" }),
            json!({ "start": 12, "end": 17 }),
            "# one\r\nzwei\nthree",
        ),
        ("code.replace", replace, json!({ "replacements": 3 }), "# one;\r\nzwei;\nthree;"),
        ("code.replace", part, json!({ "replacements": 0 }), "# one;\r\nzwei;\nthree;"),
        (
            "code.lineEndings.set",
            json!({ "document": document, "ending": "lf" }),
            json!({ "changed": 1 }),
            "# one;\nzwei;\nthree;",
        ),
    ] {
        let before = text(&mut world, &document);
        let response = world.run(command, arguments).unwrap();
        assert_eq!(response.result, result, "{command}");
        assert_eq!(text(&mut world, &document), expected, "{command}");
        assert_eq!(response.events.len(), usize::from(before != expected), "{command}");
    }
    for _ in 0..4 {
        world.result("history.undo", json!({ "document": document }));
    }
    assert_eq!(text(&mut world, &document), start);
}

#[test]
fn matches_are_counted_and_placed() {
    let (mut world, document) = created("naïve cat\r\nCat\ncats 🎉 cat");
    let found = world.result(
        "code.find",
        json!({ "document": document, "pattern": "cat", "matchCase": false, "wholeWord": true, "limit": 2 }),
    );
    let matches = json!([
        { "start": 6, "end": 9, "line": 1, "column": 7, "text": "cat" },
        { "start": 11, "end": 14, "line": 2, "column": 1, "text": "Cat" },
    ]);
    assert_eq!(found, json!({ "count": 3, "matches": matches }));
    let read = |lines: &str| {
        let (first, last) = lines.split_once('-').unwrap();
        json!({ "document": document, "startLine": first.parse::<u32>().unwrap(), "endLine": last.parse::<u32>().unwrap() })
    };
    assert_eq!(world.result("code.read", read("1-2"))["text"], "naïve cat\r\nCat");
    assert!(
        matches!(world.run("code.read", read("2-4")), Err(CommandError::Argument { argument, .. }) if argument == "endLine")
    );
}

#[test]
fn a_line_ends_where_line_endings_are_converted() {
    let start = "page one\u{c}page two\u{2028}still\u{85}there\r\nnext";
    let (mut world, document) = created(start);
    let found = world.result("code.find", json!({ "document": document, "pattern": "there" }));
    assert_eq!((&found["matches"][0]["line"], &found["matches"][0]["column"]), (&json!(1), &json!(25)));
    let second = world.result("code.read", json!({ "document": document, "startLine": 2, "endLine": 2 }));
    assert_eq!(second["text"], "next");
    world.result("code.lineEndings.set", json!({ "document": document, "ending": "lf" }));
    assert_eq!(text(&mut world, &document), start.replace("\r\n", "\n"));
}

#[test]
fn saving_is_all_or_nothing() {
    let mut world = World::new(&[("latin.txt", b"na\xEFve\n"), ("tree.bin", b"\0\xFF")]);
    let document = world.result("document.import", json!({ "path": "latin.txt" }))["document"].take();
    world.result("code.append", json!({ "document": document, "text": "→" }));
    let error = world.run("code.save", json!({ "document": document })).unwrap_err().to_string();
    assert!(error.contains("latin.txt: 2:1: windows-1252 has no '→' (U+2192)"), "{error}");
    assert_eq!(world.files.read("latin.txt").unwrap(), b"na\xEFve\n");
    let refused = world.run("code.encoding.set", json!({ "document": document, "encoding": "windows-1252" }));
    assert!(matches!(refused, Err(CommandError::Argument { argument, .. }) if argument == "encoding"));

    world.result(
        "code.encoding.set",
        json!({ "document": document, "encoding": "UTF-8", "byteOrderMark": true }),
    );
    let saved = world.run("code.save", json!({ "document": document, "path": "new.txt" })).unwrap();
    assert_eq!(
        (&saved.result["path"], &saved.result["size"], saved.events.len()),
        (&json!("new.txt"), &json!(13), 1)
    );
    assert_eq!(world.files.read("new.txt").unwrap(), "\u{FEFF}naïve\n→".as_bytes());
    let again = world.run("code.save", json!({ "document": document })).unwrap();
    assert_eq!((again.result, again.events.len()), (saved.result, 0));
    assert_eq!(world.result("document.list", json!({}))["documents"][0]["path"], "new.txt");
}

#[test]
fn what_cannot_be_done_is_told_with_its_place() {
    let (mut world, document) = created("one\ntwo");
    let edits = |edits: Json| ("code.edit", json!({ "document": document, "edits": edits }));
    let replace = |pattern: &str, replacement: &str| {
        let arguments =
            json!({ "document": document, "pattern": pattern, "replacement": replacement, "regex": true });
        ("code.replace", arguments)
    };
    for ((command, arguments), place, message) in [
        (
            edits(json!([{ "start": 0, "end": 3, "text": "" }, { "start": 2, "text": "" }])),
            "edits",
            "edit 0 replaces 0..3",
        ),
        (edits(json!([{ "start": 0, "text": "" }, { "start": 8, "text": "" }])), "edits.1", "7 characters"),
        (edits(json!([{ "start": { "line": 1, "column": 5 }, "text": "" }])), "edits.0", "columns 1 to 4"),
        (edits(json!([{ "start": 3, "end": 1, "text": "" }])), "edits.0", "ends at 1"),
        (replace("ab(c", ""), "pattern", "column 3"),
        (replace("", ""), "pattern", ""),
        (replace("a", "${b}"), "replacement", "no group 'b'"),
        (("code.save", json!({ "document": document })), "path", "no file yet"),
        (("code.read", json!({ "document": document, "startLine": 3 })), "startLine", "lines 1 to 2"),
    ] {
        match world.run(command, arguments) {
            Err(CommandError::Argument { argument, message: found }) => {
                assert!(argument == place && found.contains(message), "{argument}: {found}");
            }
            other => panic!("{place}: {other:?}"),
        }
    }
    assert_eq!(text(&mut world, &document), "one\ntwo");

    let mut world = World::new(&[("data.txt", b"PK\x03\xFF\0"), ("photo.png", b"not found")]);
    for (path, message) in [("data.txt", "byte 2 (0x03)"), ("photo.png", "known format")] {
        let error = world.run("document.import", json!({ "path": path })).unwrap_err();
        assert!(matches!(&error, CommandError::Input { place, .. } if place == path), "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn who_was_away_is_told_what_the_others_heard() {
    let mut world = World::new(&[]);
    let live = world.kernel.subscribe(Pattern::below("document"));
    let document = world.result("code.create", json!({ "text": "one" }))["document"].take();
    world.result("code.append", json!({ "document": document, "text": "two" }));
    world.result("document.rename", json!({ "document": document, "name": "Numbers" }));
    let heard: Vec<Notice> = live.try_iter().collect();
    assert_eq!(heard.len(), 3, "the list of documents, the text, the list: {heard:?}");
    assert_eq!(world.kernel.replay(&Pattern::below("document"), 0).unwrap(), heard);
    let Notice::Changed { ord, .. } = heard[1] else { panic!("a change") };
    assert_eq!(world.kernel.replay(&Pattern::below("document"), ord).unwrap(), heard[2..]);
    assert_eq!(world.kernel.replay(&Pattern::below("selection"), 0).unwrap(), []);
}

#[test]
fn listings_hold_the_text_as_it_is_shown() {
    let mut world = World::new(&[]);
    let text = "# <&\"\u{1}\n\tx = 'é' # 1\n";
    let document = world.result("code.create", json!({ "name": "a.py", "text": text }))["document"].take();
    let mut write = |path: &str, options: Json| {
        world.result("document.export", json!({ "document": document, "path": path, "options": options }));
        String::from_utf8(world.files.read(path).unwrap()).unwrap()
    };
    let page = write("a.html", json!({ "lineNumbers": true, "title": "<a>" }));
    for part in [
        "<title>&lt;a&gt;</title>",
        "# &lt;&amp;&quot;\u{2401}</span>\n",
        ">2  </span>\t<span class=\"variable\">x",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let drawing = write("a.svg", json!({ "theme": "dark", "fontSize": 10, "columns": 8 }));
    // A column is six wide: two are free at the left, and a tab takes four.
    for part in ["<tspan x=\"36\" fill=\"#e4e9ee\">x", "width=\"72\"", "fill=\"#1b2128\""] {
        assert!(drawing.contains(part), "{part}: {drawing}");
    }
    assert_eq!(page, write("b.html", json!({ "lineNumbers": true, "title": "<a>" })));
    for options in [json!({ "theme": "none" }), json!({ "colour": 1 }), json!({ "fontSize": 0 })] {
        let arguments = json!({ "document": document, "path": "a.svg", "options": options });
        assert!(matches!(world.run("document.export", arguments), Err(CommandError::Argument { .. })));
    }
}

#[test]
fn a_text_without_syntax_says_why() {
    let mut world = World::new(&[]);
    let document =
        world.result("code.create", json!({ "name": "a.rs", "text": "fn a() {}" }))["document"].take();
    let highlight = |world: &mut World| world.result("code.highlight", json!({ "document": document }));
    assert_eq!(
        highlight(&mut world)["spans"][0],
        json!({ "line": 1, "column": 1, "length": 2, "scope": "keyword" })
    );
    world.result("code.language.set", json!({ "document": document, "language": "plain" }));
    let plain = highlight(&mut world);
    assert_eq!((&plain["spans"], plain["diagnostics"].as_array().unwrap().len()), (&json!([]), 1));
    world.result("code.language.set", json!({ "document": document, "language": null }));
    assert_eq!(highlight(&mut world)["language"], "rust");
    let wrong = json!({ "document": document, "language": "rst" });
    assert!(matches!(world.run("code.language.set", wrong), Err(CommandError::NotFound { .. })));
}
