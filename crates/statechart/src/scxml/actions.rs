//! Executable content: what is done on entry, on exit and on the way.

use roxmltree::Node;
use serde_json::{Map, Value as Json};

use super::{NO_DATA, Reader, misplaced, tag};
use crate::{
    error::{ChartError, Fault},
    form::{ActionForm, BranchForm, Delay, SendForm},
    load::MAX_NESTING,
    template::literal,
};

/// The names of the event processor that every machine has.
const OWN_PROCESSOR: [&str; 2] = ["scxml", "http://www.w3.org/TR/scxml/#SCXMLEventProcessor"];

impl Reader {
    /// The actions in an element.
    pub(super) fn actions(&self, parent: Node<'_, '_>, depth: u64) -> Result<Vec<ActionForm>, ChartError> {
        let children = parent.children().filter(|child| child.is_element());
        children.map(|child| self.action(child, parent, depth)).collect()
    }

    fn action(&self, node: Node<'_, '_>, parent: Node<'_, '_>, depth: u64) -> Result<ActionForm, ChartError> {
        match tag(node) {
            Some("raise") => Ok(ActionForm::Raise(self.required(node, "event")?)),
            Some("send") => self.send(node),
            Some("cancel") => Ok(ActionForm::Cancel(self.required(node, "sendid")?)),
            Some("log") => Ok(ActionForm::Log(message(node))),
            Some("if") => self.choice(node, depth + 1),
            Some(tag) => Err(self.refused(node, tag, parent.tag_name().name())),
            None => {
                let what = format!("<{}> of another namespace", node.tag_name().name());
                Err(self.unsupported(node, what, "only actions of SCXML itself are known"))
            }
        }
    }

    fn choice(&self, node: Node<'_, '_>, depth: u64) -> Result<ActionForm, ChartError> {
        if depth > MAX_NESTING {
            return Err(self.fault(node, misplaced(format!("<if> is nested more than {MAX_NESTING} deep"))));
        }
        let required = |node| match self.condition(node)? {
            when if when.is_empty() => Err(self.fault(node, misplaced("the attribute 'cond' is missing"))),
            when => Ok(when),
        };
        let mut branch = BranchForm { when: required(node)?, actions: Vec::new() };
        let mut branches = Vec::new();
        for child in node.children().filter(|child| child.is_element()) {
            match tag(child) {
                Some(separator @ ("else" | "elseif")) => {
                    if branch.when.is_empty() {
                        let message = format!("<{separator}> behind <else>");
                        return Err(self.fault(child, misplaced(message)));
                    }
                    let when = if separator == "else" { String::new() } else { required(child)? };
                    branches.push(std::mem::replace(&mut branch, BranchForm { when, actions: Vec::new() }));
                }
                _ => branch.actions.push(self.action(child, node, depth)?),
            }
        }
        branches.push(branch);
        Ok(ActionForm::If(branches))
    }

    fn send(&self, node: Node<'_, '_>) -> Result<ActionForm, ChartError> {
        for attribute in ["targetexpr", "typeexpr", "idlocation", "namelist"] {
            if node.has_attribute(attribute) {
                return Err(self.unsupported(node, format!("the attribute '{attribute}'"), NO_DATA));
            }
        }
        let processor = node.attribute("type").unwrap_or(OWN_PROCESSOR[0]);
        if !OWN_PROCESSOR.contains(&processor) {
            let help = "events go to the machine itself: let a JSON chart 'emit' a command";
            return Err(self.unsupported(node, format!("the type '{processor}'"), help));
        }
        let delay = self.value(node, "delay")?.unwrap_or_else(|| "0s".to_owned());
        let form = SendForm {
            event: self.required(node, "event")?,
            delay: delay.parse::<Delay>().map_err(|error| self.fault(node, error.into()))?,
            id: node.attribute("id").map(str::to_owned),
            data: literal(self.data(node)?),
        };
        match node.attribute("target").unwrap_or_default() {
            "" => Ok(ActionForm::Send(form)),
            "#_internal" if form.delay == Delay(0) && form.data.is_null() => {
                Ok(ActionForm::Raise(form.event))
            }
            "#_internal" => {
                let help = "leave out the target: the event is then sent to the machine itself";
                Err(self.unsupported(node, "the target '#_internal' with a delay or data", help))
            }
            target => {
                let help = "events go to the machine itself: leave out the target";
                Err(self.unsupported(node, format!("the target '{target}'"), help))
            }
        }
    }

    /// What an event carries, from `param` and `content` elements with literal values.
    pub(super) fn data(&self, node: Node<'_, '_>) -> Result<Json, ChartError> {
        let mut data = Map::new();
        for child in node.children().filter(|child| child.is_element()) {
            match tag(child) {
                Some("param") => {
                    data.insert(self.required(child, "name")?, self.literal(child, "expr")?);
                }
                Some("content") if child.has_attribute("expr") => return self.literal(child, "expr"),
                Some("content") => {
                    let text = child.text().unwrap_or_default().trim();
                    return Ok(serde_json::from_str(text).unwrap_or_else(|_| text.into()));
                }
                other => {
                    let name = other.unwrap_or_else(|| child.tag_name().name());
                    return Err(self.refused(child, name, node.tag_name().name()));
                }
            }
        }
        Ok(if data.is_empty() { Json::Null } else { Json::Object(data) })
    }

    /// An attribute, or the literal in the one of that name with `expr` behind it.
    fn value(&self, node: Node<'_, '_>, attribute: &str) -> Result<Option<String>, ChartError> {
        let expression = format!("{attribute}expr");
        if let Some(value) = node.attribute(attribute) {
            return Ok(Some(value.to_owned()));
        }
        if !node.has_attribute(expression.as_str()) {
            return Ok(None);
        }
        let value = self.literal(node, &expression)?;
        Ok(Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    }

    fn required(&self, node: Node<'_, '_>, attribute: &str) -> Result<String, ChartError> {
        self.value(node, attribute)?.ok_or_else(|| {
            let tag = node.tag_name().name();
            self.fault(node, misplaced(format!("the attribute '{attribute}' of <{tag}> is missing")))
        })
    }

    /// The value of an expression that is a literal.
    fn literal(&self, node: Node<'_, '_>, attribute: &str) -> Result<Json, ChartError> {
        let text = node.attribute(attribute).unwrap_or_default().trim();
        unquoted(text).map(Json::from).or_else(|| serde_json::from_str(text).ok()).ok_or_else(|| {
            let what = format!("the expression '{text}'");
            self.fault(node, Fault::Unsupported { what, help: NO_DATA })
        })
    }
}

/// The text within quotes, if an expression is nothing but that.
fn unquoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    text[1..].strip_suffix(quote).filter(|inner| !inner.contains([quote, '\\']))
}

/// What a `log` element says: expressions are told as they are written.
fn message(node: Node<'_, '_>) -> String {
    let text = node.attribute("expr").unwrap_or_default().trim();
    let text = unquoted(text).unwrap_or(text);
    match node.attribute("label") {
        Some(label) => format!("{label}: {text}"),
        None => text.to_owned(),
    }
}
