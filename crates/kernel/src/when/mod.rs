//! When-clauses: conditions over context keys, in VS Code's language, that say when a key binding or menu item applies.
//!
//! Owns parsing, evaluation and the canonical form. Knows no key's meaning: values come from a [`Context`]. The semantics are
//! those of VS Code and so JavaScript's: `==` compares loosely with a text (a number with `'5'`, true with `'1'`), `<`
//! reads numbers from the front of a text and is false without one, regular expressions are ECMAScript's and see an absent
//! key as `undefined`. Platform keys such as `isLinux` are ordinary keys here.

mod ecma;
mod eval;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde_json::{Map, Value};

use ecma::EcmaRegex;

/// A when-clause that cannot be read. Columns count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// Something stands where something else has to.
    #[error("column {column}: expected {expected}, found {found}")]
    Unexpected {
        /// Where it stands.
        column: usize,
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A regular expression that is none.
    #[error("column {column}: the regular expression cannot be used: {reason}")]
    Regex {
        /// Where it stands.
        column: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Too many parentheses in parentheses.
    #[error("column {column}: parentheses are nested more than {limit} deep")]
    TooDeep {
        /// Where the first one too many stands.
        column: usize,
        /// How deep they may be nested.
        limit: usize,
    },
}

/// The values of context keys.
pub trait Context {
    /// The value of this key; none when it is not set.
    fn value(&self, key: &str) -> Option<&Value>;
}

impl Context for Map<String, Value> {
    fn value(&self, key: &str) -> Option<&Value> {
        self.get(key)
    }
}

/// A condition over context keys.
///
/// Written back ([`fmt::Display`]) it has one space around operators, quoted values, and negation at the single tests;
/// that text reads as the same clause.
#[derive(Debug, Clone)]
pub struct When(Expr);

impl When {
    /// The clause that is written so.
    ///
    /// # Errors
    /// [`WhenError`], which names the column and what is expected there.
    pub fn parse(text: &str) -> Result<Self, WhenError> {
        parser::parse(text).map(When)
    }

    /// Whether the condition holds.
    ///
    /// Allocates nothing, except to render a number or an array as text for a regular expression, or an array for `==`.
    pub fn eval(&self, context: &dyn Context) -> bool {
        self.0.eval(context)
    }

    /// The keys whose values the condition depends on, sorted, each once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let mut keys = BTreeSet::new();
        self.0.collect_keys(&mut keys);
        keys.into_iter()
    }
}

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, WhenError> {
        When::parse(text)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, Clone)]
enum Expr {
    Constant(bool),
    Test(Test),
    /// At least two, none of them an `All`.
    All(Vec<Expr>),
    /// At least two, none of them an `Any`.
    Any(Vec<Expr>),
}

/// One test of one key.
#[derive(Debug, Clone)]
struct Test {
    key: String,
    negated: bool,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// `key`
    Truthy,
    /// `key == 'value'`
    Equals(String),
    /// `key in 'other key'`
    In(String),
    /// `key =~ /pattern/flags`
    Matches(Box<EcmaRegex>),
    /// `key < value`; never negated, because what is no number fails the opposite test as well.
    Compares(Order, Operand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The right-hand side of a comparison.
#[derive(Debug, Clone)]
struct Operand {
    text: String,
    /// Not a number (NaN) when the text does not begin with one.
    number: f64,
}
