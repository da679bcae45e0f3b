//! The references of an SVG tree, and how much there is once they are followed.
//!
//! The reader copies what is referred to at every use: nested uses can ask for more copies than fit into
//! memory. So the copies are counted before, by a walk that visits each element once.

use std::collections::HashMap;

use base::Limits;
use usvg::roxmltree::{Document, Node};

use super::{circles, guard::GuardError, styles};

/// How many elements a small file may expand to in any case.
const MIN_EXPANDED: u64 = 100_000;

/// Why an element needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    Fill,
    Stroke,
    Marker,
    Clip,
    Mask,
    Filter,
    Use,
    Image,
}

impl Role {
    /// The kind of element that can be referred to in this role, if only one can. (Gradients need nothing
    /// else.)
    pub fn target(self) -> Option<&'static str> {
        match self {
            Role::Fill | Role::Stroke => Some("pattern"),
            Role::Marker => Some("marker"),
            Role::Clip => Some("clipPath"),
            Role::Mask => Some("mask"),
            Role::Filter => Some("filter"),
            Role::Use | Role::Image => None,
        }
    }

    /// Whether the reference is passed on to descendants.
    fn is_inherited(self) -> bool {
        matches!(self, Role::Fill | Role::Stroke | Role::Marker)
    }
}

/// A reference: the element on which it is set, what for, and to which element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reference {
    pub origin: usize,
    pub role: Role,
    pub target: usize,
}

/// The elements of a file in document order, and their references.
pub(super) struct Tree<'a, 'input> {
    pub elements: Vec<Node<'a, 'input>>,
    pub parents: Vec<Option<usize>>,
    /// The index behind each element's last descendant.
    pub ends: Vec<usize>,
    /// The references set on elements, by origin.
    pub references: Vec<Reference>,
    /// The template (`href`) of gradients, patterns and filters.
    pub templates: Vec<Option<usize>>,
}

impl<'a, 'input> Tree<'a, 'input> {
    fn of(xml: &'a Document<'input>, sheet: &styles::Sheet<'_>) -> Self {
        let elements: Vec<Node<'a, 'input>> = xml.descendants().filter(Node::is_element).collect();
        let count = elements.len();
        let mut index_of = HashMap::with_capacity(count);
        let mut by_id: HashMap<&str, usize> = HashMap::new();
        for (index, element) in elements.iter().enumerate() {
            index_of.insert(element.id(), index);
            if let Some(id) = element.attribute("id") {
                by_id.entry(id).or_insert(index);
            }
        }
        let parent_of = |element: &Node<'_, '_>| index_of.get(&element.parent_element()?.id()).copied();
        let parents: Vec<Option<usize>> = elements.iter().map(parent_of).collect();
        let mut ends: Vec<usize> = (1..=count).collect();
        for index in (0..count).rev() {
            if let Some(parent) = parents[index] {
                ends[parent] = ends[parent].max(ends[index]);
            }
        }
        let mut references = Vec::new();
        let mut templates = vec![None; count];
        for (origin, element) in elements.iter().enumerate() {
            for (role, id) in sheet.references(*element) {
                let target = by_id.get(id.as_str()).copied();
                let fits = |target: &usize| {
                    role.target().is_none_or(|kind| elements[*target].tag_name().name() == kind)
                };
                if let Some(target) = target.filter(fits) {
                    references.push(Reference { origin, role, target });
                }
            }
            let Some(target) = styles::href(*element).and_then(|link| by_id.get(link).copied()) else {
                continue;
            };
            match element.tag_name().name() {
                "use" => references.push(Reference { origin, role: Role::Use, target }),
                "feImage" => references.push(Reference { origin, role: Role::Image, target }),
                "linearGradient" | "radialGradient" | "pattern" | "filter" => {
                    templates[origin] = Some(target)
                }
                _ => {}
            }
        }
        Tree { elements, parents, ends, references, templates }
    }

    /// Whether `inner` is `outer` or lies in it.
    pub fn contains(&self, outer: usize, inner: usize) -> bool {
        (outer..self.ends[outer]).contains(&inner)
    }

    /// The element's parent, that one's parent, and so on, from the element itself.
    pub fn ancestors(&self, index: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(index), |index| self.parents[*index])
    }

    /// The error for elements that need each other.
    pub fn circle(&self, path: &[usize]) -> GuardError {
        let describe = |index: &usize| {
            let element = self.elements[*index];
            let id = element.attribute("id").map(|id| format!(" '{id}'")).unwrap_or_default();
            format!("{}{id}", element.tag_name().name())
        };
        let first = self.elements[path.first().copied().unwrap_or_default()];
        let position = first.document().text_pos_at(first.range().start);
        let through = path.iter().map(describe).collect();
        GuardError::Circle { line: position.row, column: position.col, through }
    }
}

/// What each element leads to: its children and what it refers to, by itself or by inheritance.
pub(super) struct Graph {
    pub children: Vec<Vec<usize>>,
    pub references: Vec<Vec<Reference>>,
}

impl Graph {
    /// The graph of a tree without the references that the reader drops by itself.
    fn of(tree: &Tree<'_, '_>, dropped: &std::collections::HashSet<Reference>) -> Self {
        let count = tree.elements.len();
        let mut set: Vec<Vec<Reference>> = vec![Vec::new(); count];
        for reference in tree.references.iter().filter(|reference| !dropped.contains(reference)) {
            set[reference.origin].push(*reference);
        }
        let mut children = vec![Vec::new(); count];
        let mut inherited: Vec<Vec<Reference>> = Vec::with_capacity(count);
        let mut references = Vec::with_capacity(count);
        for (index, set) in set.iter().enumerate() {
            let mut passed_on: Vec<Reference> = Vec::new();
            if let Some(parent) = tree.parents[index] {
                children[parent].push(index);
                let replaced = |role: Role| role != Role::Marker && set.iter().any(|own| own.role == role);
                passed_on.extend(inherited[parent].iter().filter(|known| !replaced(known.role)));
            }
            passed_on.extend(set.iter().filter(|own| own.role.is_inherited()));
            let mut needed: Vec<Reference> =
                set.iter().filter(|own| !own.role.is_inherited()).copied().collect();
            if is_painted(tree.elements[index].tag_name().name()) {
                needed.extend(&passed_on);
            }
            references.push(needed);
            inherited.push(passed_on);
        }
        Graph { children, references }
    }
}

/// Whether an element is painted, or passes paint on to copies.
fn is_painted(name: &str) -> bool {
    matches!(
        name,
        "path"
            | "rect"
            | "circle"
            | "ellipse"
            | "line"
            | "polyline"
            | "polygon"
            | "text"
            | "tspan"
            | "textPath"
            | "tref"
            | "use"
    )
}

/// Checks nesting, circles, and the number of elements after all references are followed.
pub(super) fn check(xml: &Document<'_>, limits: &Limits) -> Result<(), GuardError> {
    let count = xml.descendants().filter(Node::is_element).count() as u64;
    Limits::check("the number of elements", count, limits.nodes, "nodes")?;
    let sheet = styles::Sheet::of(xml, count)?;
    let tree = Tree::of(xml, &sheet);
    let dropped = circles::dropped_by_reader(&tree)?;
    let graph = Graph::of(&tree, &dropped);
    circles::check(&tree, &graph, limits)?;

    let mut weights = Weights { tree: &tree, graph: &graph, known: vec![None; tree.elements.len()] };
    let total = weights.of(0);
    let most = count.saturating_mul(limits.expansion).max(MIN_EXPANDED).min(limits.nodes);
    let setting = if most == limits.nodes { "nodes" } else { "expansion" };
    Limits::check("the number of elements once references are followed", total, most, setting)?;
    Ok(())
}

/// How many elements each element stands for.
struct Weights<'a> {
    tree: &'a Tree<'a, 'a>,
    graph: &'a Graph,
    /// 0 while an element's weight is found: circles of markers, which the reader ends, weigh nothing.
    known: Vec<Option<u64>>,
}

impl Weights<'_> {
    /// The depth of the recursion has been checked before.
    fn of(&mut self, index: usize) -> u64 {
        if let Some(weight) = self.known[index] {
            return weight;
        }
        self.known[index] = Some(0);
        let graph = self.graph;
        let mut weight = 1u64;
        for child in &graph.children[index] {
            weight = weight.saturating_add(self.of(*child));
        }
        for reference in &graph.references[index] {
            let times = if reference.role == Role::Marker { vertices(self.tree.elements[index]) } else { 1 };
            weight = weight.saturating_add(self.of(reference.target).saturating_mul(times));
        }
        self.known[index] = Some(weight);
        weight
    }
}

/// At most how many markers an element has: one per number of its geometry.
fn vertices(element: Node<'_, '_>) -> u64 {
    let data = element.attribute("d").or(element.attribute("points")).unwrap_or_default();
    let numbers = data.split(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|part| !part.is_empty());
    numbers.count() as u64 + 2
}
