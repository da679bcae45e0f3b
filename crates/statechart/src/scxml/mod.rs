//! SCXML files as forms of charts. Reads structure, transitions and actions; whatever needs a data model is refused by name.

mod actions;
mod lines;

use std::collections::HashSet;

use base::{LimitExceeded, Limits};
use roxmltree::{Document, Node, ParsingOptions};

use crate::{
    chart::StateId,
    error::{ChartError, Fault, Place},
    form::{ChartForm, Names, StateForm, StateType, TransitionForm},
    guard::Guard,
    load::MAX_NESTING,
};
use lines::Lines;

/// The namespace of SCXML's elements.
const SCXML: &str = "http://www.w3.org/2005/07/scxml";

/// The most quotes between two elements, and so twice the most attributes of one: the parser compares each with each.
const MAX_QUOTES: usize = 10_000;

const NO_DATA: &str =
    "there is no data model: keep data in the program and ask for it in a JSON chart's 'when'";

/// Reads a file.
pub(crate) fn read(text: &str, limits: &Limits) -> Result<ChartForm, ChartError> {
    let lines = Lines::new(text);
    check_attributes(text, &lines)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: u32::try_from(limits.nodes.saturating_mul(4)).unwrap_or(u32::MAX),
        ..ParsingOptions::default()
    };
    let xml = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => Place::default().fault(Fault::Doctype),
        roxmltree::Error::NodesLimitReached => {
            let what = "the number of elements and texts".to_owned();
            let limit = limits.nodes;
            Place::default().fault(LimitExceeded { what, found: limit + 1, limit, setting: "nodes" }.into())
        }
        error => {
            let message = error.to_string();
            let suffix = format!(" at {}", error.pos());
            let message = message.strip_suffix(&suffix).unwrap_or(&message).to_owned();
            Place::line(error.pos().row).fault(Fault::Xml(message))
        }
    })?;
    let root = xml.root_element();
    let ids = xml.descendants().filter(|node| is_state(*node)).filter_map(|node| node.attribute("id"));
    let mut reader = Reader { lines, taken: ids.map(str::to_owned).collect(), unnamed: 0 };
    reader.chart(root)
}

fn check_attributes(text: &str, lines: &Lines) -> Result<(), ChartError> {
    let mut at = 0;
    for part in text.split('<') {
        if part.bytes().filter(|byte| matches!(byte, b'"' | b'\'')).count() > MAX_QUOTES {
            let message = format!("more than {} attributes", MAX_QUOTES / 2);
            return Err(Place::line(lines.at(at)).fault(Fault::Xml(message)));
        }
        at += part.len() + 1;
    }
    Ok(())
}

/// The local name of an element of SCXML; none for an element of another namespace. Files without any namespace are read,
/// too.
fn tag<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    match node.tag_name().namespace() {
        None | Some(SCXML) if node.is_element() => Some(node.tag_name().name()),
        _ => None,
    }
}

fn is_state(node: Node<'_, '_>) -> bool {
    matches!(tag(node), Some("state" | "parallel" | "final" | "history"))
}

fn misplaced(text: impl Into<String>) -> Fault {
    Fault::Misplaced(text.into())
}

struct Reader {
    lines: Lines,
    /// The ids of the file.
    taken: HashSet<String>,
    unnamed: usize,
}

impl Reader {
    fn line(&self, node: Node<'_, '_>) -> u32 {
        self.lines.at(node.range().start)
    }

    fn fault(&self, node: Node<'_, '_>, fault: Fault) -> ChartError {
        Place::line(self.line(node)).fault(fault)
    }

    fn unsupported(&self, node: Node<'_, '_>, what: impl Into<String>, help: &'static str) -> ChartError {
        self.fault(node, Fault::Unsupported { what: what.into(), help })
    }

    /// Something that stands where it has no place, or is not interpreted at all.
    fn refused(&self, node: Node<'_, '_>, tag: &str, parent: &str) -> ChartError {
        match tag {
            "script" | "data" | "datamodel" | "assign" | "foreach" => {
                self.unsupported(node, format!("<{tag}>"), NO_DATA)
            }
            "invoke" | "finalize" => {
                let help = "a chart starts no other services: let a JSON chart 'emit' a command";
                self.unsupported(node, format!("<{tag}>"), help)
            }
            _ => self.fault(node, misplaced(format!("<{tag}> has no place in <{parent}>"))),
        }
    }

    fn chart(&mut self, root: Node<'_, '_>) -> Result<ChartForm, ChartError> {
        if tag(root) != Some("scxml") {
            let name = root.tag_name().name();
            let message = format!("the first element is <{name}>, not <scxml> of the namespace {SCXML}");
            return Err(self.fault(root, misplaced(message)));
        }
        let mut form = ChartForm {
            version: 1,
            name: root.attribute("name").unwrap_or_default().to_owned(),
            initial: names(root, "initial"),
            data: Default::default(),
            states: Vec::new(),
        };
        for child in root.children() {
            match tag(child) {
                Some("state" | "parallel" | "final" | "history") => form.states.push(self.state(child, 1)?),
                Some("initial") if form.initial.is_empty() => form.initial = self.initial(child)?.target,
                Some("datamodel") if !child.has_children() => {}
                Some(tag) => return Err(self.refused(child, tag, "scxml")),
                None => {}
            }
        }
        Ok(form)
    }

    fn state(&mut self, node: Node<'_, '_>, depth: u64) -> Result<StateForm, ChartError> {
        if depth > MAX_NESTING {
            let what = "the nesting of states".to_owned();
            let limit = LimitExceeded { what, found: depth, limit: MAX_NESTING, setting: "nesting" };
            return Err(self.fault(node, limit.into()));
        }
        let own = tag(node).unwrap_or_default();
        let kind = match (own, node.attribute("type")) {
            ("parallel", _) => StateType::Parallel,
            ("final", _) => StateType::Final,
            ("history", None | Some("shallow")) => StateType::ShallowHistory,
            ("history", Some("deep")) => StateType::DeepHistory,
            ("history", Some(other)) => {
                let message = format!("a history is 'shallow' or 'deep', not '{other}'");
                return Err(self.fault(node, misplaced(message)));
            }
            _ => StateType::State,
        };
        let mut form = StateForm {
            id: node.attribute("id").map_or_else(|| self.name_for(own), str::to_owned),
            kind,
            initial: names(node, "initial"),
            line: Some(self.line(node)),
            ..StateForm::default()
        };
        for child in node.children() {
            match tag(child) {
                Some("state" | "parallel" | "final" | "history") => {
                    form.states.push(self.state(child, depth + 1)?);
                }
                Some("initial") => {
                    if !form.initial.is_empty() {
                        let message = "the state says twice what is initial in it (keep one)";
                        return Err(self.fault(child, misplaced(message)));
                    }
                    let transition = self.initial(child)?;
                    form.initial = transition.target;
                    form.initial_actions = transition.actions;
                }
                Some("transition") => form.transitions.push(self.transition(child)?),
                Some("onentry") => form.on_entry.extend(self.actions(child, depth)?),
                Some("onexit") => form.on_exit.extend(self.actions(child, depth)?),
                Some("datamodel") if !child.has_children() => {}
                Some("donedata") if kind == StateType::Final => form.done_data = self.data(child)?,
                Some(tag) => return Err(self.refused(child, tag, own)),
                None => {}
            }
        }
        Ok(form)
    }

    /// An id for a state that has none in the file.
    fn name_for(&mut self, tag: &str) -> String {
        loop {
            self.unnamed += 1;
            let name = format!("{tag}-{}", self.unnamed);
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }

    /// The transition in an `initial` element.
    fn initial(&self, node: Node<'_, '_>) -> Result<TransitionForm, ChartError> {
        let mut transitions = node.children().filter(|child| tag(*child) == Some("transition"));
        match (transitions.next(), transitions.next()) {
            (Some(transition), None) => {
                let form = self.transition(transition)?;
                match form.event.is_empty() && form.when.is_empty() && !form.target.is_empty() {
                    true => Ok(form),
                    false => {
                        let message = "the transition of <initial> has a target, and neither event nor cond";
                        Err(self.fault(transition, misplaced(message)))
                    }
                }
            }
            _ => Err(self.fault(node, misplaced("<initial> holds exactly one <transition>"))),
        }
    }

    fn transition(&self, node: Node<'_, '_>) -> Result<TransitionForm, ChartError> {
        let internal = match node.attribute("type") {
            None | Some("external") => false,
            Some("internal") => true,
            Some(other) => {
                let message = format!("a transition is 'internal' or 'external', not '{other}'");
                return Err(self.fault(node, misplaced(message)));
            }
        };
        Ok(TransitionForm {
            event: names(node, "event"),
            when: self.condition(node)?,
            target: names(node, "target"),
            internal,
            actions: self.actions(node, 1)?,
            line: Some(self.line(node)),
        })
    }

    /// The condition of an element; the empty text where it has none.
    fn condition(&self, node: Node<'_, '_>) -> Result<String, ChartError> {
        let text = node.attribute("cond").unwrap_or_default().trim();
        if text.is_empty() {
            return Ok(String::new());
        }
        // Whether the states exist is checked with the whole chart.
        let guard = Guard::parse(text, &|_| Ok(StateId::ROOT)).map_err(|fault| self.fault(node, fault))?;
        let mut tests = Vec::new();
        guard.host_tests(&mut tests);
        match tests.first() {
            None => Ok(text.to_owned()),
            Some(test) => {
                let help = "there is no data model: only In(state), true and false can be tested in SCXML";
                Err(self.unsupported(node, format!("the condition '{test}'"), help))
            }
        }
    }
}

fn names(node: Node<'_, '_>, attribute: &str) -> Names {
    node.attribute(attribute).unwrap_or_default().into()
}
