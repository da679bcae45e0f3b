//! `document.json`: a document's state as JSON whose lines change one by one.
//!
//! A line begins with the comma that parts it from the one before, so that what is added or taken away at an end leaves
//! its neighbours as they are. Nodes follow each other in the order of the tree without nesting, so that moving one changes
//! no line of what is below it: each names its parent. Names that begin with `#` are not properties. What the state does
//! not consist of, such as times, paths and hashes over everything, is not in here.

use std::fmt::Write;

use base::BlobHash;
use document::{Content, NodeRef};
use serde_json::Value as Json;

use super::FORMAT;
use crate::DocumentRecord;

/// The longest value that is written in one line, in bytes.
const INLINE: usize = 100;

/// A document as text, and the hashes that it holds: ascending, none twice.
pub(super) fn write(record: &DocumentRecord, content: &Content) -> (String, Vec<BlobHash>) {
    let mut writer = Writer { out: String::new(), hashes: Vec::new() };
    writer.line(format_args!("{{ \"format\": {FORMAT}"));
    for (name, text) in [("id", &*record.id.to_string()), ("kind", &*record.kind), ("name", &*record.name)] {
        writer.line(format_args!(", \"{name}\": {}", quoted(text)));
    }
    // The path is where this copy lies; the others are above.
    let elsewhere = ["path", "kind", "name"];
    let kept = record.properties.iter().filter(|(key, _)| !elsewhere.contains(&key.as_str()));
    let kept: serde_json::Map<_, _> = kept.map(|(key, value)| (key.to_string(), value.to_json())).collect();
    writer.member("record", &kept.into(), 0);
    match content {
        Content::Tree(tree) => {
            writer.line(format_args!(", \"nodes\":"));
            let mut stack = vec![tree.root()];
            let mut mark = '[';
            while let Some(node) = stack.pop() {
                writer.node(mark, node);
                mark = ',';
                stack.extend(node.children().rev());
            }
        }
        Content::Text(rope) => {
            writer.line(format_args!(", \"text\":"));
            writer.line(format_args!("  [ \"\""));
            for line in rope.to_string().split_inclusive('\n') {
                writer.line(format_args!("  , {}", quoted(line)));
            }
        }
    }
    writer.line(format_args!("  ]"));
    writer.line(format_args!("}}"));
    writer.hashes.sort();
    writer.hashes.dedup();
    (writer.out, writer.hashes)
}

struct Writer {
    out: String,
    hashes: Vec<BlobHash>,
}

impl Writer {
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to memory cannot fail.
        let _ = writeln!(self.out, "{text}");
    }

    fn node(&mut self, mark: char, node: NodeRef<'_>) {
        let (id, kind) = (node.id(), quoted(node.kind()));
        match node.parent() {
            None => self.line(format_args!("  {mark} {{ \"#id\": \"{id}\", \"#kind\": {kind}")),
            Some(parent) => {
                let parent = parent.id();
                self.line(format_args!(
                    "  {mark} {{ \"#id\": \"{id}\", \"#kind\": {kind}, \"#parent\": \"{parent}\""
                ));
            }
        }
        for (key, property) in node.properties() {
            self.member(key.as_str(), &property.to_value().to_json(), 4);
        }
        self.line(format_args!("    }}"));
    }

    /// A member of an object that is not its first.
    fn member(&mut self, name: &str, value: &Json, indent: usize) {
        collect_hashes(value, &mut self.hashes);
        let _ = write!(self.out, "{:indent$}, {}:", "", quoted(name));
        self.value(value, indent + 2, false);
    }

    /// A value after a colon (or a mark, with whose line a long one goes on): in the same line when it is short, else its
    /// parts in lines of their own.
    fn value(&mut self, value: &Json, indent: usize, after_mark: bool) {
        let parts: Vec<(Option<&String>, &Json)> = match value {
            Json::Array(items) => items.iter().map(|item| (None, item)).collect(),
            Json::Object(members) => members.iter().map(|(name, item)| (Some(name), item)).collect(),
            _ => Vec::new(),
        };
        let mut short = String::new();
        if inline(value, &mut short, if parts.is_empty() { usize::MAX } else { INLINE }) {
            return self.line(format_args!(" {short}"));
        }
        let (opens, closes) = if value.is_array() { ('[', ']') } else { ('{', '}') };
        if !after_mark {
            self.out.push('\n');
        }
        for (at, (name, part)) in parts.into_iter().enumerate() {
            let mark = if at == 0 { opens } else { ',' };
            let before = if at == 0 && after_mark { 1 } else { indent };
            let _ = write!(self.out, "{:before$}{mark}", "");
            if let Some(name) = name {
                let _ = write!(self.out, " {}:", quoted(name));
            }
            self.value(part, indent + 2, name.is_none());
        }
        self.line(format_args!("{:indent$}{closes}", ""));
    }
}

/// Writes a value in one line; whether it has at most so many bytes.
fn inline(value: &Json, out: &mut String, most: usize) -> bool {
    match value {
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "[" } else { ", " });
                if !inline(item, out, most) {
                    return false;
                }
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Json::Object(members) => {
            for (at, (name, item)) in members.iter().enumerate() {
                let _ = write!(out, "{}{}: ", if at == 0 { "{ " } else { ", " }, quoted(name));
                if !inline(item, out, most) {
                    return false;
                }
            }
            out.push_str(if members.is_empty() { "{}" } else { " }" });
        }
        Json::String(text) => out.push_str(&quoted(text)),
        other => {
            let _ = write!(out, "{other}");
        }
    }
    out.len() <= most
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

/// Whatever text reads as a hash may name a blob.
fn collect_hashes(json: &Json, hashes: &mut Vec<BlobHash>) {
    match json {
        Json::String(text) if text.len() == 64 => hashes.extend(text.parse::<BlobHash>()),
        Json::Array(items) => items.iter().for_each(|item| collect_hashes(item, hashes)),
        Json::Object(map) => map.values().for_each(|value| collect_hashes(value, hashes)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use base::{DocumentId, NodeId, ReplicaId};
    use document::{Delta, Document, Value};

    use super::*;

    fn record() -> DocumentRecord {
        let properties =
            vec![("path".into(), "here/a.mbd".into()), ("source".into(), BlobHash::of(b"source").into())];
        DocumentRecord {
            id: DocumentId::new(7),
            kind: "test.root".into(),
            name: "A \"name\"".into(),
            path: None,
            properties,
        }
    }

    fn lines(document: &Document) -> Vec<String> {
        let (text, _) = write(&record(), document.content());
        serde_json::from_str::<Json>(&text).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn insert(node: u128, parent: u128) -> Delta {
        let properties = vec![("fill".into(), "#ff0000".into())];
        let (node, parent) = (NodeId::new(node), NodeId::new(parent));
        Delta::Insert { node, kind: "test.shape".into(), parent, after: None, properties }
    }

    /// How many lines only the first and only the second has; the common ones are in the same order.
    fn difference(before: &[String], after: &[String]) -> (usize, usize) {
        let (mut gone, mut rest) = (0, after.iter());
        for line in before {
            let mut ahead = rest.clone();
            match ahead.any(|other| other == line) {
                true => rest = ahead,
                false => gone += 1,
            }
        }
        (gone, after.len() + gone - before.len())
    }

    #[test]
    fn a_change_changes_its_own_lines_only() {
        let mut document = Document::new_tree(ReplicaId(1), &"test.root".into()).unwrap();
        document.apply(&[insert(20, 0), insert(21, 20), insert(22, 21)]).unwrap();
        let set =
            |key: &str, value: Option<Value>| Delta::Set { node: NodeId::new(22), key: key.into(), value };
        let group = insert(23, 0);
        let into = Delta::Move { node: NodeId::new(21), parent: NodeId::new(23), after: None };
        for (step, (gone, new)) in [
            (set("fill", Some("#00ff00".into())), (1, 1)),
            (set("opacity", Some(0.5.into())), (0, 1)),
            (set("blend", Some("screen".into())), (0, 1)),
            (set("opacity", None), (1, 0)),
            (Delta::Remove { node: NodeId::new(22) }, (4, 0)),
        ] {
            let before = lines(&document);
            document.apply(std::slice::from_ref(&step)).unwrap();
            assert_eq!(difference(&before, &lines(&document)), (gone, new), "{step:?}");
        }
        document.apply(&[group]).unwrap();
        let before = lines(&document);
        document.apply(&[into]).unwrap();
        let after = lines(&document);
        let moved: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
        assert_eq!(moved.len(), 1, "only the line that names the parent: {moved:?}");
    }

    #[test]
    fn texts_change_by_the_line_and_nothing_of_them_is_lost() {
        for text in ["", "one", "one\n", "one\r\n\"two\"\n\nthree\u{2028}\t"] {
            let document = Document::new_text(ReplicaId(1), text).unwrap();
            let (written, _) = write(&record(), document.content());
            let json: Json = serde_json::from_str(&written).unwrap();
            let parts = json["text"].as_array().unwrap().iter();
            assert_eq!(parts.map(|part| part.as_str().unwrap()).collect::<String>(), text);
        }
    }

    #[test]
    fn long_values_have_lines_of_their_own_and_their_hashes_are_found() {
        let hash = BlobHash::of(b"tile").to_string();
        let tiles: Json = vec![Json::from(hash); 3].into();
        let value = serde_json::json!({ "tiles": tiles, "size": [1, 2.0], "none": {}, "deep": { "a": [null, true] } });
        let mut document = Document::new_tree(ReplicaId(1), &"test.root".into()).unwrap();
        let set =
            Delta::Set { node: NodeId::ROOT, key: "long".into(), value: Some(Value::from_json(&value)) };
        document.apply(&[set]).unwrap();
        let (text, hashes) = write(&record(), document.content());
        let json: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(json["nodes"][0]["long"], value);
        assert!(
            text.contains("        , \"size\": [1, 2.0]\n") || text.contains("\"size\": [1, 2.0]\n"),
            "{text}"
        );
        assert_eq!(hashes.len(), 2, "that of the tiles and that of the source, which is in the record");
        assert!(!text.contains("here/a.mbd"), "where the copy lies is not its state");
    }
}
