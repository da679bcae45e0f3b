//! Circles of references: those that the reader breaks by itself, and those that it would follow for ever.

use std::collections::{HashMap, HashSet};

use base::Limits;

use super::{
    guard::GuardError,
    references::{Graph, Reference, Role, Tree},
};

/// The most references that the reader may have to drop: it searches the whole tree for each.
const MAX_DROPPED: usize = 1_000;

/// The references that the reader drops: an element that refers to one around it, or to one that holds an
/// element that does, in the same role; and uses of what holds a use of the same.
pub(super) fn dropped_by_reader(tree: &Tree<'_, '_>) -> Result<HashSet<Reference>, GuardError> {
    let mut dropped = HashSet::new();
    let mut by_target: HashMap<(Role, usize), Vec<Reference>> = HashMap::new();
    for reference in &tree.references {
        by_target.entry((reference.role, reference.target)).or_default().push(*reference);
    }
    let within = |role: Role, target: usize, outer: usize| {
        let references = by_target.get(&(role, target)).map(Vec::as_slice).unwrap_or_default();
        let start = references.partition_point(|reference| reference.origin < outer);
        references[start..].iter().take_while(move |reference| tree.contains(outer, reference.origin))
    };
    for reference in &tree.references {
        let Reference { origin, role, target } = *reference;
        match role {
            Role::Marker => {}
            Role::Image => {
                let filters = tree.ancestors(origin).filter(|outer| is_a(tree, *outer, "filter"));
                for filter in filters {
                    dropped
                        .extend(within(Role::Filter, filter, target).filter(|found| found.origin == target));
                }
            }
            Role::Use => {
                let copies_itself = within(Role::Use, target, target).any(|found| found.origin != target);
                let copies_use = within(Role::Use, origin, target).next().is_some();
                if target == origin || copies_itself || copies_use {
                    dropped.insert(*reference);
                }
            }
            Role::Fill | Role::Stroke | Role::Clip | Role::Mask | Role::Filter => {
                let Some(kind) = role.target() else { continue };
                for outer in tree.ancestors(origin).filter(|outer| is_a(tree, *outer, kind)) {
                    if outer == target {
                        dropped.insert(*reference);
                    } else {
                        dropped.extend(within(role, outer, target));
                    }
                }
            }
        }
        if dropped.len() > MAX_DROPPED {
            return Err(tree.circle(&[target, origin]));
        }
    }
    Ok(dropped)
}

fn is_a(tree: &Tree<'_, '_>, index: usize, kind: &str) -> bool {
    tree.elements[index].tag_name().name() == kind
}

/// Checks that no circle is left, and how deep the references lead.
pub(super) fn check(tree: &Tree<'_, '_>, graph: &Graph, limits: &Limits) -> Result<(), GuardError> {
    if let Some(path) = template_circle(&tree.templates) {
        return Err(tree.circle(&path));
    }
    let states = vec![State::New; tree.elements.len()];
    let mut walk = Walk { tree, graph, limits, states, path: Vec::new() };
    walk.visit(0).map(|_| ())
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    /// Done, with the length of the longest way from here.
    Done(u64),
}

/// Follows children and references, depth first.
struct Walk<'a> {
    tree: &'a Tree<'a, 'a>,
    graph: &'a Graph,
    limits: &'a Limits,
    states: Vec<State>,
    path: Vec<usize>,
}

impl Walk<'_> {
    /// The length of the longest way from an element. Markers do not count: the reader ends their circles.
    fn visit(&mut self, index: usize) -> Result<u64, GuardError> {
        match self.states[index] {
            State::Done(height) => return Ok(height),
            State::Open => {
                let first = self.path.iter().position(|step| *step == index).unwrap_or_default();
                return Err(self.tree.circle(&self.path[first..]));
            }
            State::New => {}
        }
        self.states[index] = State::Open;
        self.path.push(index);
        let graph = self.graph;
        let references = graph.references[index].iter().filter(|reference| reference.role != Role::Marker);
        let next = graph.children[index].iter().copied().chain(references.map(|reference| reference.target));
        let mut height = 0;
        for next in next {
            // The way so far, too: it bounds the depth of this walk.
            let reached = self.path.len() as u64;
            Limits::check("the nesting of elements and references", reached, self.limits.nesting, "nesting")?;
            height = height.max(self.visit(next)? + 1);
            Limits::check("the nesting of elements and references", height, self.limits.nesting, "nesting")?;
        }
        self.path.pop();
        self.states[index] = State::Done(height);
        Ok(height)
    }
}

/// A circle of templates (`href` between gradients, patterns or filters) that something outside of it leads
/// into: the reader looks for the element it came from, and would never see it again.
fn template_circle(templates: &[Option<usize>]) -> Option<Vec<usize>> {
    let mut seen_by = vec![usize::MAX; templates.len()];
    let mut in_circle = vec![false; templates.len()];
    for start in 0..templates.len() {
        let mut path = Vec::new();
        let mut next = Some(start);
        while let Some(current) = next.filter(|current| seen_by[*current] == usize::MAX) {
            seen_by[current] = start;
            path.push(current);
            next = templates[current];
        }
        let Some(met) = next.filter(|_| !path.is_empty()) else { continue };
        if seen_by[met] != start {
            if in_circle[met] {
                return Some(vec![start, met]);
            }
            continue;
        }
        let first = path.iter().position(|step| *step == met).unwrap_or_default();
        let circle = &path[first..];
        if circle.len() > 1 {
            if first > 0 {
                return Some(circle.to_vec());
            }
            circle.iter().for_each(|step| in_circle[*step] = true);
        }
    }
    None
}
