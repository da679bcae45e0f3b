//! Ids in the file: valid, unique, and the same as in the picture wherever those are.

use std::collections::{HashMap, HashSet};

use crate::picture::{Node, Picture, Resource, ResourceId};

use super::references::{References, content, walk};

/// The ids of nodes and resources, and those that are still free.
pub(super) struct Names {
    free: FreeNames,
    /// By the nodes' addresses.
    nodes: HashMap<usize, String>,
    resources: HashMap<ResourceId, String>,
}

impl Names {
    /// Names everything that will be written. Nodes of the drawing come first, then resources, then their nodes.
    pub(super) fn of(picture: &Picture, references: &References<'_>) -> Self {
        let mut names =
            Names { free: FreeNames::default(), nodes: HashMap::new(), resources: HashMap::new() };
        names.name_nodes(&picture.root.children);
        let used = || references.used().filter_map(|id| Some((id, picture.resources.get(id)?)));
        for (id, resource) in used() {
            let only = only_node(resource);
            let wish = only.map(|node| &node.id).filter(|id| !id.is_empty()).unwrap_or(&id.0);
            let name = names.free.take(wish);
            if let Some(node) = only {
                names.nodes.insert(std::ptr::from_ref(node).addr(), name.clone());
            }
            names.resources.insert(id.clone(), name);
        }
        for (_, resource) in used() {
            names.name_nodes(only_node(resource).map_or(content(resource), Node::children));
        }
        names
    }

    fn name_nodes(&mut self, nodes: &[Node]) {
        for node in walk(nodes).filter(|node| !node.id.is_empty()) {
            let name = self.free.take(&node.id);
            self.nodes.insert(std::ptr::from_ref(node).addr(), name);
        }
    }

    /// The id of a node that has one.
    pub(super) fn node(&self, node: &Node) -> Option<&str> {
        self.nodes.get(&std::ptr::from_ref(node).addr()).map(String::as_str)
    }

    /// The id of a resource that is written.
    pub(super) fn resource(&self, id: &ResourceId) -> Option<&str> {
        self.resources.get(id).map(String::as_str)
    }

    /// An id for something that has none in the picture.
    pub(super) fn fresh(&mut self, wish: &str) -> String {
        self.free.take(wish)
    }
}

/// Names that are taken once.
#[derive(Default)]
pub(super) struct FreeNames {
    taken: HashSet<String>,
    /// The next number to try after a name.
    next: HashMap<String, u32>,
}

impl FreeNames {
    /// A valid name as near to `wish` as is free: an XML name without colons, which CSS can hold without escapes.
    pub(super) fn take(&mut self, wish: &str) -> String {
        let name = valid(wish);
        if self.taken.insert(name.clone()) {
            return name;
        }
        let next = self.next.entry(name.clone()).or_insert(2);
        loop {
            let numbered = format!("{name}-{next}");
            *next += 1;
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

/// The node that stands for a symbol in the file: the only one that it has.
pub(super) fn only_node(resource: &Resource) -> Option<&Node> {
    match (resource, content(resource)) {
        (Resource::Symbol(_), [node]) => Some(node),
        _ => None,
    }
}

fn valid(wish: &str) -> String {
    let name: String =
        wish.chars().map(|c| if starts_name(c) || continues_name(c) { c } else { '-' }).collect();
    if name.starts_with(starts_name) { name } else { format!("_{name}") }
}

/// `NameStartChar` of XML 1.0 without the colon.
fn starts_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// What `NameChar` of XML 1.0 adds.
fn continues_name(c: char) -> bool {
    matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}
