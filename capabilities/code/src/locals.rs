//! What the names in a text mean: scopes, definitions and references, as the locals query of its language tells them.
//!
//! The captures of such a query:
//!
//! - `@scope`: where definitions are visible. `@scope.function` also takes what is hoisted; what is in `@scope.class` is
//!   visible in it directly, but not in functions within.
//! - `@definition`: a name that is visible in all of the innermost scope around it; from the end of a `@statement` around it
//!   where there is one. `.outer`: in the scope around that one. `.hoist`: in the function's. `.after`: from its own end on.
//!   `.body`: in the body of the scope. `.member`: of an object, to be reached in other ways than by name alone;
//!   never by name alone where it is `.unseen`, too.
//! - `@reference`: the use of a name. `.shorthand`, also of a definition: names a member at the same time. `.weak`: a
//!   definition that is visible everywhere, where the name has no other one.
//! - `.type` and `.value`: of two kinds of names that do not meet.
//! - `@ignore`: a name that means nothing here. `@words`: text whose words are names. `@format`: text with names in braces.

use std::{collections::BTreeMap, ops::Range};

use streaming_iterator::StreamingIterator;
use tree_sitter::{Node, QueryCursor};

use crate::{
    Syntax,
    syntax::{MANY, QUERY_STATES, Source, is_crowded},
};

/// A name that stands in the text.
#[derive(Clone, Debug)]
pub struct Name {
    /// Its bytes.
    pub range: Range<usize>,
    /// What stands there.
    pub text: String,
    /// Whether it names a member, too, so that another name has to come behind that.
    pub shorthand: bool,
    /// Whether it is a word of text that stands in the place of a macro, where a name means what it means there.
    pub elsewhere: bool,
    space: Space,
    scope: usize,
    weak: bool,
    definition: Option<Definition>,
}

#[derive(Clone, Copy, Debug)]
struct Definition {
    visible_from: usize,
    member: bool,
}

/// What kinds of things a name can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    Any,
    Type,
    Value,
}

impl Space {
    fn meets(self, other: Space) -> bool {
        self == Space::Any || other == Space::Any || self == other
    }
}

struct Scope {
    range: Range<usize>,
    parent: Option<usize>,
    class: bool,
    function: bool,
}

/// The names of a text.
pub struct Locals {
    scopes: Vec<Scope>,
    /// In the order in which they stand.
    pub names: Vec<Name>,
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The first definition of what it stands for, by its place among the names.
    Local(usize),
    /// A member of an object.
    Member,
    /// Something outside of the text.
    Unknown,
}

/// A captured node, and what the query says of it.
struct Captured<'t> {
    node: Node<'t>,
    roles: Vec<&'static str>,
}

impl Locals {
    /// The names of a text; none where its language tells nothing of them, or its tree is too deep or too broken.
    pub fn of(syntax: &Syntax) -> Option<Locals> {
        let query = syntax.language().locals().filter(|query| query.pattern_count() > 0)?;
        if syntax.text().len_bytes() > MANY && is_crowded(syntax.root()) {
            return None;
        }
        let captures = query.capture_names();
        let mut cursor = QueryCursor::new();
        cursor.set_match_limit(QUERY_STATES);
        let mut matches = cursor.matches(query, syntax.root(), Source(syntax.text()));
        let mut scopes = vec![Scope { range: 0..usize::MAX, parent: None, class: false, function: true }];
        let mut statements: Vec<Range<usize>> = Vec::new();
        let mut found: BTreeMap<(usize, usize), ((u8, usize), Captured<'_>)> = BTreeMap::new();
        while let Some(one) = matches.next() {
            for capture in one.captures() {
                let Some(name) = captures.get(capture.index as usize) else { continue };
                let range = capture.node.byte_range();
                let mut roles = name.split('.');
                let rank = match roles.next().unwrap_or_default() {
                    "scope" => {
                        let is = |role| name.split('.').any(|other| other == role);
                        scopes.push(Scope {
                            range,
                            parent: None,
                            class: is("class"),
                            function: is("function"),
                        });
                        continue;
                    }
                    "statement" => {
                        statements.push(range);
                        continue;
                    }
                    "reference" => 1,
                    "ignore" => 2,
                    "definition" => 3,
                    "words" | "format" => 4,
                    _ => continue,
                };
                let captured = Captured { node: capture.node, roles: name.split('.').collect() };
                let key = (range.start, range.end);
                // The later pattern is the more exact one.
                let rank = (rank, one.pattern_index);
                if found.get(&key).is_none_or(|(known, _)| *known <= rank) {
                    found.insert(key, (rank, captured));
                }
            }
        }
        let mut locals = Locals { scopes: nested(scopes), names: Vec::new() };
        statements.sort_by_key(|range| (range.start, range.end));
        for (_, (_, captured)) in found {
            locals.add(&captured, &statements, syntax);
        }
        locals.names.sort_by_key(|name| (name.range.start, name.range.end));
        let meanings = locals.meanings(&|_| false, "");
        for (name, meaning) in locals.names.iter_mut().zip(meanings) {
            if name.weak && meaning == Meaning::Unknown {
                (name.scope, name.definition) = (0, Some(Definition { visible_from: 0, member: false }));
            }
        }
        Some(locals)
    }

    fn add(&mut self, captured: &Captured<'_>, statements: &[Range<usize>], syntax: &Syntax) {
        let is = |role: &str| captured.roles.contains(&role);
        let range = captured.node.byte_range();
        let source = Source(syntax.text());
        if is("ignore") {
            return;
        }
        let mut scope = self.innermost(range.start);
        if is("words") || is("format") {
            let text = source.slice(range.clone()).to_string();
            for part in if is("words") { words(&text) } else { in_braces(&text) } {
                let shown = text.get(part.clone()).unwrap_or_default().to_owned();
                let range = range.start + part.start..range.start + part.end;
                self.names.push(Name {
                    range,
                    text: shown,
                    shorthand: false,
                    elsewhere: is("words"),
                    space: Space::Any,
                    scope,
                    weak: false,
                    definition: None,
                });
            }
            return;
        }
        let space = match (is("type"), is("value")) {
            (true, _) => Space::Type,
            (_, true) => Space::Value,
            _ => Space::Any,
        };
        let definition = is("definition").then(|| {
            let outside = |scope: usize| self.scopes.get(scope).and_then(|scope| scope.parent).unwrap_or(0);
            if is("outer") {
                scope = outside(scope);
            }
            while is("hoist") && self.scopes.get(scope).is_some_and(|scope| !scope.function) {
                scope = outside(scope);
            }
            let within = self.scopes.get(scope).map_or(0..0, |scope| scope.range.clone());
            let encloses = |statement: &&Range<usize>| {
                statement.start <= range.start
                    && range.end <= statement.end
                    && within.start <= statement.start
                    && statement.end <= within.end
                    && **statement != within
            };
            let begun = statements.partition_point(|statement| statement.start <= range.start);
            let statement = statements.iter().take(begun).rev().take(64).find(encloses);
            let visible_from = match statement {
                _ if is("unseen") => usize::MAX,
                Some(statement) => statement.end,
                None if is("after") => range.end,
                None if is("body") => body_start(captured.node, &within),
                None => 0,
            };
            let class = self.scopes.get(scope).is_some_and(|scope| scope.class);
            Definition { visible_from, member: is("member") || class }
        });
        let text = source.slice(range.clone()).to_string();
        self.names.push(Name {
            range,
            text,
            shorthand: is("shorthand"),
            elsewhere: false,
            space,
            scope,
            weak: is("weak"),
            definition,
        });
    }

    /// The innermost scope around a byte.
    fn innermost(&self, byte: usize) -> usize {
        let begun = self.scopes.partition_point(|scope| scope.range.start <= byte);
        let mut scope = begun.saturating_sub(1);
        while let Some(Scope { range, parent: Some(parent), .. }) = self.scopes.get(scope) {
            if byte < range.end {
                break;
            }
            scope = *parent;
        }
        scope
    }

    /// What every name means, where those at the places in `renamed` were called `new`.
    pub fn meanings(&self, renamed: &dyn Fn(usize) -> bool, new: &str) -> Vec<Meaning> {
        let called = |index: usize, name: &'_ Name| -> String {
            if renamed(index) { new.to_owned() } else { name.text.clone() }
        };
        let mut definitions: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
        for (index, name) in self.names.iter().enumerate().filter(|(_, name)| name.definition.is_some()) {
            definitions.entry((name.scope, called(index, name))).or_default().push(index);
        }
        let meaning = |(index, name): (usize, &Name)| {
            let text = called(index, name);
            if let Some(definition) = &name.definition {
                return self.first(
                    &definitions,
                    name.scope,
                    &text,
                    name.space,
                    definition.visible_from,
                    true,
                );
            }
            let mut scope = Some(name.scope);
            while let Some(at) = scope {
                let inner = self.scopes.get(at);
                let is_hidden = inner.is_some_and(|scope| scope.class) && at != name.scope;
                if !is_hidden {
                    let found = self.first(&definitions, at, &text, name.space, name.range.start, false);
                    if found != Meaning::Unknown {
                        return found;
                    }
                }
                scope = inner.and_then(|scope| scope.parent);
            }
            Meaning::Unknown
        };
        self.names.iter().enumerate().map(meaning).collect()
    }

    /// Whether what a name means is defined in the very scope that the name is in, and that is not the whole text.
    pub fn is_of_own_scope(&self, name: &Name, meaning: Meaning) -> bool {
        let Meaning::Local(definition) = meaning else { return false };
        name.scope != 0 && self.names.get(definition).is_some_and(|definition| definition.scope == name.scope)
    }

    /// The definition of a name in a scope that counts at a byte; of several at once the first.
    fn first(
        &self,
        definitions: &BTreeMap<(usize, String), Vec<usize>>,
        scope: usize,
        text: &str,
        space: Space,
        byte: usize,
        exactly: bool,
    ) -> Meaning {
        let known = definitions.get(&(scope, text.to_owned())).map(Vec::as_slice).unwrap_or_default();
        let visible = |index: &&usize| -> Option<Definition> {
            let name = self.names.get(**index)?;
            let definition = name.definition.filter(|_| name.space.meets(space))?;
            let counts =
                if exactly { definition.visible_from == byte } else { definition.visible_from <= byte };
            counts.then_some(definition)
        };
        let latest = known.iter().filter_map(|index| visible(&index)).map(|found| found.visible_from).max();
        let first = known
            .iter()
            .find(|index| visible(index).map(|found| found.visible_from) == latest && latest.is_some());
        match first.and_then(|index| Some((index, self.names.get(*index)?.definition?))) {
            Some((_, Definition { member: true, .. })) => Meaning::Member,
            Some((index, _)) => Meaning::Local(*index),
            None => Meaning::Unknown,
        }
    }
}

/// Puts scopes in order and says which lies in which.
fn nested(mut scopes: Vec<Scope>) -> Vec<Scope> {
    scopes.sort_by_key(|scope| (scope.range.start, std::cmp::Reverse(scope.range.end)));
    scopes.dedup_by(|later, first| {
        let same = later.range == first.range;
        if same {
            first.class |= later.class;
            first.function |= later.function;
        }
        same
    });
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (index, scope) in scopes.iter_mut().enumerate() {
        while open.last().is_some_and(|(_, end)| *end < scope.range.end) {
            open.pop();
        }
        scope.parent = open.last().map(|(parent, _)| *parent);
        open.push((index, scope.range.end));
    }
    scopes
}

fn body_start(node: Node<'_>, scope: &Range<usize>) -> usize {
    let mut at = Some(node);
    while let Some(node) = at {
        if node.byte_range() == *scope {
            return node.child_by_field_name("body").map_or(0, |body| body.start_byte());
        }
        at = node.parent();
    }
    0
}

/// The words of a text that are not in its quotes.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    let mut behind_dot = false;
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        let is_part = quote.is_none() && (c.is_alphanumeric() || c == '_');
        match (is_part, start) {
            (true, None) => start = Some((at, behind_dot || c.is_ascii_digit())),
            (false, Some((from, skipped))) => {
                if !skipped {
                    found.push(from..at);
                }
                start = None;
            }
            _ => {}
        }
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
        if !is_part && !c.is_whitespace() {
            behind_dot = c == '.' || (c == '>' && text.get(..at).is_some_and(|before| before.ends_with('-')));
        }
    }
    found
}

/// The names that start what stands in braces, where two of these stand for one.
fn in_braces(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find('{')).map(|open| at + open) {
        let rest = text.get(open + 1..).unwrap_or_default();
        if rest.starts_with('{') {
            at = open + 2;
            continue;
        }
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let closed = rest.get(length..).is_some_and(|behind| behind.starts_with(['}', ':']));
        if length > 0 && closed && !rest.starts_with(|c: char| c.is_ascii_digit()) {
            found.push(open + 1..open + 1 + length);
        }
        at = open + 1;
    }
    found
}
