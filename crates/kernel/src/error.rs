//! Why a command did not do what it was asked: typed, with the place and what to do.

use base::{DocumentId, LimitExceeded, NodeId};
use document::DeltaError;
use schema::ValueError;

use crate::ports::{FileError, FileFault, LogError};

/// A command that ended without its result. Nothing has changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommandError {
    /// There is no command of this id.
    #[error("there is no command '{id}'{}", did_you_mean(.nearest))]
    UnknownCommand {
        /// The id asked for.
        id: String,
        /// The nearest known id.
        nearest: Option<String>,
    },
    /// An argument is missing, unknown, or not of its type.
    #[error("{}{message}", place(.argument))]
    Argument {
        /// The argument; empty when it is about all of them.
        argument: String,
        /// What is wrong with it.
        message: String,
    },
    /// Something named in the arguments is not there.
    #[error("there is no {what} '{name}'{}", did_you_mean(.nearest))]
    NotFound {
        /// What was looked for: "document".
        what: &'static str,
        /// The name asked for.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// The command cannot be called now.
    #[error("{0}")]
    NotApplicable(String),
    /// An input is missing, unreadable or not well-formed.
    #[error("{place}: {message}")]
    Input {
        /// The file or document, with the place in it where there is one.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// The actor may not do this.
    #[error("denied: {0}")]
    Denied(String),
    /// The input asks for more than the limits allow.
    #[error("{place}: {limit}")]
    Limit {
        /// The file or document.
        place: String,
        /// The limit and what was asked for.
        limit: LimitExceeded,
    },
    /// The log could not be written or read; the workspace is read-only from now on.
    #[error("the workspace's log failed: {0}")]
    Storage(#[from] LogError),
    /// The task was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The task took longer than it may.
    #[error("took longer than {0} s")]
    TimedOut(f64),
    /// Anything else that went wrong while it ran.
    #[error("{0}")]
    Failed(String),
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
}

fn place(argument: &str) -> String {
    if argument.is_empty() { String::new() } else { format!("argument '{argument}': ") }
}

impl CommandError {
    /// An argument that is wrong.
    pub fn argument(argument: impl Into<String>, message: impl Into<String>) -> Self {
        CommandError::Argument { argument: argument.into(), message: message.into() }
    }

    /// An input that is wrong.
    pub fn input(place: impl Into<String>, message: impl ToString) -> Self {
        CommandError::Input { place: place.into(), message: message.to_string() }
    }

    /// A document that is not in the workspace.
    pub fn no_document(id: DocumentId) -> Self {
        CommandError::NotFound { what: "document", name: id.to_string(), nearest: None }
    }

    /// A node that is not in its document.
    pub fn no_node(id: NodeId) -> Self {
        CommandError::NotFound { what: "node", name: id.to_string(), nearest: None }
    }

    /// The exit code of a process that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            CommandError::UnknownCommand { .. } | CommandError::Argument { .. } => 2,
            CommandError::Input { .. } => 3,
            CommandError::Denied(_) => 4,
            CommandError::Limit { .. } => 5,
            CommandError::Storage(_) => 6,
            CommandError::Cancelled => 130,
            CommandError::NotFound { .. }
            | CommandError::NotApplicable(_)
            | CommandError::TimedOut(_)
            | CommandError::Failed(_) => 1,
        }
    }
}

impl From<FileError> for CommandError {
    fn from(error: FileError) -> Self {
        let FileError { path, fault, message } = error;
        match fault {
            FileFault::Unreadable => CommandError::Input { place: path, message },
            FileFault::Unwritable => CommandError::Failed(format!("{path}: {message}")),
            FileFault::Denied => CommandError::Denied(format!("{path}: {message}")),
            FileFault::TooLarge(limit) => CommandError::Limit { place: path, limit },
        }
    }
}

impl From<ValueError> for CommandError {
    fn from(error: ValueError) -> Self {
        CommandError::Argument { argument: error.property.clone(), message: error.to_string() }
    }
}

impl From<DeltaError> for CommandError {
    fn from(error: DeltaError) -> Self {
        match error {
            DeltaError::UnknownNode(id) => CommandError::no_node(id),
            other => CommandError::Failed(other.to_string()),
        }
    }
}
