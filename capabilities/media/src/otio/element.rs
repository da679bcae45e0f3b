//! What is on a timeline between a file and a tree: nodes by kind, with their properties.

use base::{Flicks, IdSource, NodeId};
use document::{Delta, Key, NodeRef, Property, Value, keyframe};

use super::{
    json::Json,
    own::{self, Properties},
};
use crate::kinds::{Clip, Gap, Stack, Timeline, Track};

/// The property that keeps the object of a file.
const FOREIGN: &str = "foreign";

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its kind.
    pub kind: &'static str,
    /// Its properties but for the object of a file.
    pub properties: Properties,
    /// The object that it was read from, without what is below it; `null` where a file needs no object for it.
    pub foreign: Option<Json>,
    /// The nodes below it.
    pub children: Vec<Element>,
}

/// The kinds that elements have.
const KINDS: [&str; 8] = [
    Timeline::KIND,
    Track::KIND,
    Clip::KIND,
    Gap::KIND,
    Stack::KIND,
    crate::kinds::Transition::KIND,
    crate::kinds::Marker::KIND,
    crate::kinds::Foreign::KIND,
];

impl Element {
    /// An element for which a file has no object: a track around a clip, a stack around a track.
    pub fn wrapper(kind: &'static str, properties: Properties, child: Element) -> Self {
        Element { kind, properties, foreign: Some(Json::Null), children: vec![child] }
    }

    /// How long it lasts in its track; of tracks, how long all that is on them lasts.
    pub fn duration(&self) -> Flicks {
        match self.kind {
            Clip::KIND | Gap::KIND | Stack::KIND => self.flicks("duration"),
            Track::KIND => self.children.iter().map(Element::duration).sum(),
            Timeline::KIND => self.natural(),
            _ => Flicks::ZERO,
        }
    }

    /// How long the longest of the tracks below it lasts.
    pub fn natural(&self) -> Flicks {
        let tracks = self.children.iter().filter(|child| child.kind == Track::KIND);
        tracks.map(Element::duration).max().unwrap_or_default()
    }

    /// A property of time.
    pub fn flicks(&self, name: &str) -> Flicks {
        Flicks(self.properties.get(name).and_then(Value::as_integer).unwrap_or(0))
    }

    /// The element of a node and of all that is below it. Nodes of other kinds are left out.
    pub fn of(node: NodeRef<'_>) -> Option<Self> {
        let kind = KINDS.into_iter().find(|kind| *kind == node.kind())?;
        let (mut properties, mut foreign) = (Properties::new(), None);
        for (key, property) in node.properties() {
            let value = property.to_value();
            match (key.as_str(), property) {
                (FOREIGN, _) => {
                    let limits = base::Limits::default();
                    foreign = value.as_str().and_then(|text| Json::parse(text.as_bytes(), &limits).ok());
                }
                (keyframe::PROPERTY, Property::Map(_)) => drop(properties.insert(key.clone(), value)),
                (name, _) => {
                    let checked = own::checked(kind, name, &value);
                    checked.into_iter().for_each(|value| drop(properties.insert(key.clone(), value)));
                }
            }
        }
        let children = node.children().filter_map(Element::of).collect();
        Some(Element { kind, properties, foreign, children })
    }

    /// The steps that make an empty timeline into this one.
    pub fn deltas(&self, ids: &mut IdSource) -> Vec<Delta> {
        let mut deltas: Vec<Delta> = self
            .registers()
            .into_iter()
            .map(|(key, value)| Delta::Set { node: NodeId::ROOT, key, value: Some(value) })
            .collect();
        self.put_keyframes(NodeId::ROOT, &mut deltas);
        self.insert_below(NodeId::ROOT, ids, &mut deltas);
        deltas
    }

    fn insert_below(&self, parent: NodeId, ids: &mut IdSource, deltas: &mut Vec<Delta>) {
        let mut after = None;
        for child in &self.children {
            let node = ids.next_id();
            let properties = child.registers();
            deltas.push(Delta::Insert { node, kind: child.kind.into(), parent, after, properties });
            child.put_keyframes(node, deltas);
            child.insert_below(node, ids, deltas);
            after = Some(node);
        }
    }

    fn registers(&self) -> Vec<(Key, Value)> {
        let mut list = self.properties.clone();
        list.remove(keyframe::PROPERTY);
        if let Some(foreign) = &self.foreign {
            list.insert(FOREIGN.into(), foreign.to_string().into());
        }
        list.into_iter().collect()
    }

    fn put_keyframes(&self, node: NodeId, deltas: &mut Vec<Delta>) {
        if let Some(Value::Map(frames)) = self.properties.get(keyframe::PROPERTY) {
            deltas.extend(frames.iter().map(|(entry, value)| Delta::Put {
                node,
                key: keyframe::PROPERTY.into(),
                entry: entry.clone(),
                value: Some(value.clone()),
            }));
        }
    }

    /// It and all that is below it.
    pub fn each(&mut self, visit: &mut dyn FnMut(&mut Element)) {
        visit(self);
        self.children.iter_mut().for_each(|child| child.each(visit));
    }
}
