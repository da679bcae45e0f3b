//! Why a chart cannot be used.

use std::fmt;

/// A chart that cannot be used: where it is wrong, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{fault}")]
pub struct ChartError {
    /// Where.
    pub place: Place,
    /// What is wrong, and what to do.
    pub fault: Fault,
}

/// A place in a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The line of the file, from 1, where that is known.
    pub line: Option<u32>,
    /// The id of the state, if it is within one.
    pub state: Option<String>,
}

impl Place {
    /// A line of the file.
    pub(crate) fn line(line: u32) -> Self {
        Place { line: Some(line), state: None }
    }

    pub(crate) fn fault(&self, fault: Fault) -> ChartError {
        ChartError { place: self.clone(), fault }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(state) = &self.state {
            write!(f, "state '{state}': ")?;
        }
        Ok(())
    }
}

/// What is wrong with a chart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not JSON, or JSON of another form.
    #[error("{0}")]
    Json(String),
    /// Not well-formed XML.
    #[error("{0}")]
    Xml(String),
    /// The file declares a document type, which SCXML has no use for and which can make it expand without bound.
    #[error("the file has a DOCTYPE, which is refused (delete it)")]
    Doctype,
    /// The file's form is newer than this program.
    #[error("the chart is of version {0}; this program reads version 1")]
    Version(u32),
    /// Something of SCXML that is not interpreted.
    #[error("{what} is not supported ({help})")]
    Unsupported {
        /// What it is.
        what: String,
        /// What to do instead.
        help: &'static str,
    },
    /// Something that has no place there, or that has to be there.
    #[error("{0}")]
    Misplaced(String),
    /// A state that does not exist.
    #[error("{role}: there is no state '{name}'{}", did_you_mean(.nearest))]
    UnknownState {
        /// What the name was given as.
        role: &'static str,
        /// The name.
        name: String,
        /// The name that may have been meant.
        nearest: Option<String>,
    },
    /// Two states with one name.
    #[error("another state has the same id (rename one of them)")]
    DuplicateId,
    /// A state without a usable name.
    #[error("'{0}' is no id: an id has at least one character and no spaces")]
    BadId(String),
    /// A child that its parent cannot have.
    #[error("{child} cannot be in {parent}{help}")]
    Nesting {
        /// What the child is.
        child: &'static str,
        /// What the parent is.
        parent: &'static str,
        /// What to do, in parentheses.
        help: &'static str,
    },
    /// An initial state, or a history's default, that is not within the state that names it.
    #[error("{role} '{name}' is not inside of it (name one of its descendants)")]
    NotADescendant {
        /// What the name was given as.
        role: &'static str,
        /// The name.
        name: String,
    },
    /// Targets that cannot be active together.
    #[error(
        "'{0}' and '{1}' cannot be active together (name states of different regions of a parallel state)"
    )]
    Incompatible(String, String),
    /// A condition that cannot be read.
    #[error("the condition '{text}' cannot be read: column {column}: {message}")]
    Guard {
        /// The condition.
        text: String,
        /// Where it goes wrong, in characters from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A time span that cannot be read.
    #[error("{0}")]
    Delay(#[from] crate::form::ParseDelayError),
    /// Too much of something.
    #[error("{0}")]
    Limit(#[from] base::LimitExceeded),
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
}
