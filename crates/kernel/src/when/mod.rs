//! When-clauses: conditions over context keys, in VS Code's language, that say when a key binding or menu item applies.
//!
//! Owns parsing, evaluation and the canonical form. Keeps no values and knows no key's meaning: platform keys such as
//! `isLinux` are ordinary keys here. The semantics are those of VS Code and so JavaScript's: `==` compares loosely with a
//! text (the number 5 equals `'5'`, true equals `'1'`), `<` reads a number from the front of a text and is false without
//! one, regular expressions are ECMAScript's and read a value as JavaScript prints it, an absent one as `undefined`.

mod ecma;
mod eval;
mod expr;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde_json::Value;

use expr::Expr;

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

    /// Whether the condition holds, where `value` gives the values of the keys that are set.
    ///
    /// Allocates nothing, except to print a number or an array for a regular expression, or an array for `==`.
    pub fn eval<'v>(&self, value: &dyn Fn(&str) -> Option<&'v Value>) -> bool {
        self.0.eval(value)
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
