//! Renaming and replacing by structure, as data.
//!
//! `tests/rename/WHAT.NEW.EXTENSION` holds a text with `⟦ ⟧` around the name that becomes NEW; `tests/structure/NAME` holds a
//! query, a replacement and, behind `---`, a text. What comes of it stands beside it in `….expected`, or the error. With
//! `UPDATE=1` in the environment it is written.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // A test that cannot go on fails; it reads its cases.

mod world;

use std::{fs, path::Path};

use serde_json::json;
use world::World;

fn check(folder: &str, run: impl Fn(&str, &str) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in
        paths.into_iter().filter(|path| path.extension().is_none_or(|extension| extension != "expected"))
    {
        let name = path.file_name().unwrap().to_str().unwrap();
        let found = run(name, &fs::read_to_string(&path).unwrap());
        let expected = path.with_file_name(format!("{name}.expected"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, found).unwrap();
        } else {
            assert_eq!(
                found,
                fs::read_to_string(&expected).unwrap_or_default(),
                "{name} (UPDATE=1 writes it)"
            );
        }
    }
}

/// What a text becomes by a command, which has to be one event that undo takes back.
fn outcome(
    world: &mut World,
    name: &str,
    text: &str,
    command: &str,
    arguments: &mut serde_json::Value,
) -> String {
    let document = world.result("code.create", json!({ "name": name, "text": text }))["document"].take();
    let key = if command == "code.rename" { "document" } else { "documents" };
    arguments[key] = if key == "document" { document.clone() } else { json!([document]) };
    let read = |world: &mut World| world.result("code.read", json!({ "document": document }))["text"].clone();
    match world.run(command, arguments.clone()) {
        Err(error) => format!("error: {error}\n"),
        Ok(response) => {
            assert_eq!(response.events.len(), 1, "{name}");
            let found = read(world).as_str().unwrap().to_owned();
            world.result("history.undo", json!({ "document": document }));
            assert_eq!(read(world), text, "{name}");
            found
        }
    }
}

#[test]
fn what_is_renamed_is_what_the_name_means() {
    check("rename", |name, source| {
        let mut parts = name.split('.').skip(1);
        let new = parts.next().unwrap();
        let place = source.chars().position(|c| c == '⟦').unwrap();
        let text = source.replace(['⟦', '⟧'], "");
        let mut arguments = json!({ "place": place, "name": new });
        outcome(&mut World::new(&[]), name, &text, "code.rename", &mut arguments)
    });
}

#[test]
fn what_is_replaced_is_what_the_query_finds() {
    check("structure", |name, source| {
        let (head, text) = source.split_once("---\n").unwrap();
        let line = |key: &str| head.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim();
        let mut arguments =
            json!({ "query": line("query:"), "replacement": line("replacement:"), "language": null });
        outcome(&mut World::new(&[]), name, text, "code.structure.replace", &mut arguments)
    });
}
