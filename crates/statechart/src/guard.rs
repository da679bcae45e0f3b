//! Conditions: what the interpreter knows itself, put together with what only the host can say.
//!
//! `!`, `&&`, `||` and parentheses combine tests. `true`, `false` and `In(state)` are decided here; any other test is handed
//! to the host as it is written, such as `selection.count > 1 && tool == 'pen'`, which is two tests.

use crate::{chart::StateId, error::Fault};

/// How deep parentheses and negations may be nested.
const MAX_DEPTH: usize = 100;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Guard {
    Constant(bool),
    In(StateId),
    /// A test of the host, as it is written.
    Host(String),
    Not(Box<Guard>),
    All(Vec<Guard>),
    Any(Vec<Guard>),
}

impl Guard {
    /// Reads a condition; `state` finds a state by its id.
    pub fn parse(text: &str, state: &dyn Fn(&str) -> Result<StateId, Fault>) -> Result<Self, Fault> {
        let mut parser = Parser { text, at: 0, state };
        let guard = parser.any(0)?;
        match parser.rest() {
            "" => Ok(guard),
            _ => Err(parser.fault("expected && or ||")),
        }
    }

    /// Whether the condition holds. An error of the host is the outcome only if the test was needed.
    pub fn holds(
        &self,
        active: &dyn Fn(StateId) -> bool,
        host: &dyn Fn(&str) -> Result<bool, String>,
    ) -> Result<bool, String> {
        match self {
            Guard::Constant(value) => Ok(*value),
            Guard::In(state) => Ok(active(*state)),
            Guard::Host(test) => host(test),
            Guard::Not(guard) => guard.holds(active, host).map(|value| !value),
            Guard::All(guards) => {
                guards.iter().try_fold(true, |so_far, guard| Ok(so_far && guard.holds(active, host)?))
            }
            Guard::Any(guards) => {
                guards.iter().try_fold(false, |so_far, guard| Ok(so_far || guard.holds(active, host)?))
            }
        }
    }

    /// Adds the tests that only the host can decide.
    pub fn host_tests<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Guard::Constant(_) | Guard::In(_) => {}
            Guard::Host(test) => found.push(test),
            Guard::Not(guard) => guard.host_tests(found),
            Guard::All(guards) | Guard::Any(guards) => {
                guards.iter().for_each(|guard| guard.host_tests(found))
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    state: &'a dyn Fn(&str) -> Result<StateId, Fault>,
}

impl<'a> Parser<'a> {
    /// What is not read yet, without spaces in front.
    fn rest(&mut self) -> &'a str {
        let text = self.text;
        self.at += text[self.at..].len() - text[self.at..].trim_start().len();
        &text[self.at..]
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn fault(&self, message: &str) -> Fault {
        let column = self.text[..self.at].chars().count() + 1;
        Fault::Guard { text: self.text.to_owned(), column, message: message.to_owned() }
    }

    fn any(&mut self, depth: usize) -> Result<Guard, Fault> {
        let mut guards = vec![self.all(depth)?];
        while self.eat("||") {
            guards.push(self.all(depth)?);
        }
        Ok(single_or(guards, Guard::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Guard, Fault> {
        let mut guards = vec![self.one(depth)?];
        while self.eat("&&") {
            guards.push(self.one(depth)?);
        }
        Ok(single_or(guards, Guard::All))
    }

    fn one(&mut self, depth: usize) -> Result<Guard, Fault> {
        if depth > MAX_DEPTH {
            return Err(self.fault(&format!("nested more than {MAX_DEPTH} deep")));
        }
        if self.eat("!") {
            return Ok(Guard::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.eat("(") {
            let guard = self.any(depth + 1)?;
            return if self.eat(")") { Ok(guard) } else { Err(self.fault("expected )")) };
        }
        if self.eat("In(") {
            let rest = self.rest();
            let end = rest.find(')').ok_or_else(|| self.fault("expected ) behind the state's id"))?;
            let name = rest[..end].trim();
            let quoted = ['\'', '"'].iter().find_map(|quote| name.strip_prefix(*quote)?.strip_suffix(*quote));
            let state = (self.state)(quoted.unwrap_or(name))?;
            self.at += end + 1;
            return Ok(Guard::In(state));
        }
        let rest = self.rest();
        let test = rest[..end_of_test(rest)].trim_end();
        self.at += test.len();
        match test {
            "" => Err(self.fault("expected a test")),
            "true" => Ok(Guard::Constant(true)),
            "false" => Ok(Guard::Constant(false)),
            test => Ok(Guard::Host(test.to_owned())),
        }
    }
}

fn single_or(mut guards: Vec<Guard>, combine: fn(Vec<Guard>) -> Guard) -> Guard {
    match guards.pop() {
        Some(only) if guards.is_empty() => only,
        last => {
            guards.extend(last);
            combine(guards)
        }
    }
}

/// Where a test of the host ends: at `&&`, `||` or a closing parenthesis that is not within quotes, parentheses of its own
/// or a regular expression.
fn end_of_test(text: &str) -> usize {
    let mut quote = None;
    let mut open = 0;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        if let Some(end) = quote {
            quote = (escaped || character != end).then_some(end);
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '\'' | '"' => quote = Some(character),
            '/' if text[..at].trim_end().ends_with("=~") => quote = Some('/'),
            '(' => open += 1,
            ')' if open == 0 => return at,
            ')' => open -= 1,
            '&' | '|' if open == 0 && text[at + 1..].starts_with(character) => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_mix_states_with_tests_of_the_host() {
        let state = |name: &str| match name {
            "on" => Ok(StateId(1)),
            name => Err(Fault::BadId(name.to_owned())),
        };
        let host = |test: &str| match test {
            "key == 'a && b'" | "text =~ /a||(b\\/)/" | "f(1) > 2" => Ok(true),
            "no" => Ok(false),
            test => Err(test.to_owned()),
        };
        for (text, expected) in [
            ("true", Ok(true)),
            ("!true || false", Ok(false)),
            ("In(on) && !In('on')", Ok(false)),
            ("In( \"on\" ) && (no || key == 'a && b')", Ok(true)),
            ("text =~ /a||(b\\/)/ && f(1) > 2", Ok(true)),
            ("no && unknown", Ok(false)),
            ("!(no) && un known || no", Err("un known".to_owned())),
        ] {
            let guard = Guard::parse(text, &state).unwrap();
            assert_eq!(guard.holds(&|state| state == StateId(1), &host), expected, "{text}");
        }
        for (text, expected) in [
            ("", "column 1: expected a test"),
            ("true && ", "column 9: expected a test"),
            ("(a", "column 3: expected )"),
            ("In(on", "column 4: expected ) behind the state's id"),
            ("In(on) true", "column 8: expected && or ||"),
            ("In(off)", "'off'"),
        ] {
            let fault = Guard::parse(text, &state).unwrap_err().to_string();
            assert!(fault.contains(expected), "{text}: {fault}");
        }
    }
}
