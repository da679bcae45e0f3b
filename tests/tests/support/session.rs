//! Random sessions: scripts that insert, change, move and remove nodes of every kind, and edit a text.

use std::collections::BTreeMap;

use base::IdSource;
use serde_json::{Value as Json, json};

/// Random numbers from a seed.
pub struct Dice(IdSource);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(IdSource::new(&seed.to_le_bytes()))
    }

    pub fn below(&mut self, n: usize) -> usize {
        let id: base::NodeId = self.0.next_id();
        (id.value() % n.max(1) as u128) as usize
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

struct Node {
    step: String,
    kind: String,
    parent: Option<usize>,
    alive: bool,
}

/// Writes a random session, command by command.
pub struct Session<'k> {
    dice: Dice,
    kinds: &'k BTreeMap<String, Json>,
    nodes: Vec<Node>,
    text: usize,
    steps: Vec<Json>,
}

impl<'k> Session<'k> {
    /// A session on a new canvas and a new text. `kinds` are what `metabuilder kinds --json` lists.
    pub fn new(seed: u64, kinds: &'k BTreeMap<String, Json>) -> Self {
        let canvas =
            json!({ "id": "canvas", "command": "document.create", "args": { "kind": "graphics.canvas" } });
        let text = json!({ "id": "text", "command": "document.create", "args": { "kind": "code.text" } });
        let root = Node { step: String::new(), kind: "graphics.canvas".into(), parent: None, alive: true };
        Session { dice: Dice::new(seed), kinds, nodes: vec![root], text: 0, steps: vec![canvas, text] }
    }

    /// The steps so far.
    pub fn steps(self) -> Vec<Json> {
        self.steps
    }

    /// Adds a look at the state of everything.
    pub fn inspect(&mut self, id: &str) {
        self.steps.push(json!({ "id": id, "command": "workspace.inspect", "args": {} }));
    }

    /// Adds one random command that changes something.
    pub fn command(&mut self) {
        let id = format!("s{}", self.steps.len());
        let (command, args) = match self.dice.below(12) {
            0..=3 => self.insert(&id),
            4..=6 => self.set(),
            7 => self.relocate(),
            8 => self.keyframe(),
            9 if self.alive().len() > 12 => self.remove(),
            _ => self.edit_text(),
        };
        self.steps.push(json!({ "id": id, "command": command, "args": args }));
    }

    fn alive(&self) -> Vec<usize> {
        (1..self.nodes.len()).filter(|at| self.nodes[*at].alive).collect()
    }

    fn reference(&self, at: usize) -> Json {
        match at {
            0 => "00000000000000000000000000000000".into(),
            _ => format!("${{{}.node}}", self.nodes[at].step).into(),
        }
    }

    fn children_of(&self, kind: &str) -> Vec<String> {
        let list = self.kinds[kind].get("children").and_then(Json::as_array).cloned().unwrap_or_default();
        list.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect()
    }

    fn insert(&mut self, step: &str) -> (&'static str, Json) {
        let mut homes: Vec<usize> = self
            .alive()
            .into_iter()
            .filter(|at| !self.children_of(&self.nodes[*at].kind).is_empty())
            .collect();
        homes.push(0);
        let parent = *self.dice.pick(&homes);
        let kind = self.dice.pick(&self.children_of(&self.nodes[parent].kind)).clone();
        let (name, value) = self.property(&kind);
        let mut args =
            json!({ "document": "${canvas.document}", "kind": kind, "parent": self.reference(parent) });
        if let Some(name) = name {
            args["properties"] = json!({ name: value });
        }
        self.nodes.push(Node { step: step.to_owned(), kind, parent: Some(parent), alive: true });
        ("node.insert", args)
    }

    /// A property of a kind, if it has any, and a value that fits it.
    fn property(&mut self, kind: &str) -> (Option<String>, Json) {
        let properties = self.kinds[kind]["properties"].as_array().cloned().unwrap_or_default();
        if properties.is_empty() {
            return (None, Json::Null);
        }
        let property = self.dice.pick(&properties).clone();
        let n = self.dice.below(1000);
        let (min, max) =
            (property["min"].as_f64().unwrap_or(-500.0), property["max"].as_f64().unwrap_or(500.0));
        let value = match property["type"].as_str().unwrap_or_default() {
            "bool" => json!(n.is_multiple_of(2)),
            "integer" | "number" => json!((min + (max - min).min(1e3) * n as f64 / 1000.0).clamp(min, max)),
            "enum" => self.dice.pick(property["values"].as_array().unwrap()).clone(),
            "color" => json!(format!("#{:06x}", n * 16_000)),
            "point" => json!([n, 1000 - n]),
            "transform" => json!([1.0, 0.0, 0.0, 1.0, n, n / 2]),
            "blob" => json!(base::BlobHash::of(&n.to_le_bytes())),
            "node" => json!(format!("{n:032x}")),
            "json" => json!([n, { "offset": 0.5 }]),
            _ => json!(format!("text {n} é")),
        };
        (property["name"].as_str().map(str::to_owned), value)
    }

    fn set(&mut self) -> (&'static str, Json) {
        let mut all = self.alive();
        all.push(0);
        let node = *self.dice.pick(&all);
        match self.property(&self.nodes[node].kind.clone()) {
            (Some(name), value) => {
                let args = json!({ "document": "${canvas.document}", "node": self.reference(node), "property": name, "value": value });
                ("node.set", args)
            }
            (None, _) => self.edit_text(),
        }
    }

    fn is_below(&self, mut at: usize, top: usize) -> bool {
        loop {
            if at == top {
                return true;
            }
            match self.nodes[at].parent {
                Some(parent) => at = parent,
                None => return false,
            }
        }
    }

    fn relocate(&mut self) -> (&'static str, Json) {
        let alive = self.alive();
        if alive.is_empty() {
            return self.edit_text();
        }
        let node = *self.dice.pick(&alive);
        let kind = self.nodes[node].kind.clone();
        let homes: Vec<usize> = alive
            .into_iter()
            .chain([0])
            .filter(|home| {
                !self.is_below(*home, node) && self.children_of(&self.nodes[*home].kind).contains(&kind)
            })
            .collect();
        if homes.is_empty() {
            return self.edit_text();
        }
        let parent = *self.dice.pick(&homes);
        self.nodes[node].parent = Some(parent);
        let at = ["first", "last"][self.dice.below(2)];
        let args = json!({ "document": "${canvas.document}", "node": self.reference(node), "parent": self.reference(parent), "at": at });
        ("node.move", args)
    }

    fn keyframe(&mut self) -> (&'static str, Json) {
        let drawn: Vec<usize> = self
            .alive()
            .into_iter()
            .filter(|at| self.kinds[&self.nodes[*at].kind].to_string().contains("opacity\""))
            .collect();
        if drawn.is_empty() {
            return self.edit_text();
        }
        let node = *self.dice.pick(&drawn);
        let (time, value) = (self.dice.below(5), self.dice.below(100) as f64 / 100.0);
        let args = json!({ "document": "${canvas.document}", "node": self.reference(node), "property": "opacity", "time": time, "value": value });
        ("keyframe.set", args)
    }

    fn remove(&mut self) -> (&'static str, Json) {
        let top = *self.dice.pick(&self.alive());
        for at in self.alive() {
            if self.is_below(at, top) {
                self.nodes[at].alive = false;
            }
        }
        ("node.remove", json!({ "document": "${canvas.document}", "nodes": [self.reference(top)] }))
    }

    fn edit_text(&mut self) -> (&'static str, Json) {
        let start = self.dice.below(self.text + 1);
        let end = (start + self.dice.below(5)).min(self.text);
        // Never nothing at all: every command of the session is to be an event.
        let text = ["a", "line\n", "é", "🎉 wide"][self.dice.below(4)];
        self.text = self.text - (end - start) + text.chars().count();
        let args = json!({ "document": "${text.document}", "edits": [{ "start": start, "end": end, "text": text }] });
        ("code.edit", args)
    }
}
