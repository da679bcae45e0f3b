//! What is wrong with content, and where: a value beside a result, never a panic.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing was lost.
    Note,
    /// The result is usable, yet differs from what the input asks for.
    Warning,
    /// There is no result.
    Error,
}

/// One finding about content: where it is, what is wrong, and what can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The place: a path, a URI, a node, or `FILE:LINE:COLUMN`; empty when there is none.
    pub place: String,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What the reader can do about it; empty when nothing is to be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
}

impl Diagnostic {
    /// A warning at `place`.
    pub fn warning(place: impl Into<String>, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            place: place.into(),
            message: message.into(),
            help: String::new(),
        }
    }

    /// The same finding with advice.
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Diagnostic { help: help.into(), ..self }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}: ")?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)?;
        if !self.help.is_empty() {
            write!(f, " ({})", self.help)?;
        }
        Ok(())
    }
}
