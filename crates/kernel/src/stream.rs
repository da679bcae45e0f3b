//! The event stream: notices to subscribers, by topic pattern.

use std::sync::mpsc::{Receiver, Sender, channel};

use base::{DocumentId, EventHash};
use serde_json::Value as Json;

use crate::{CommandError, Kernel, pattern::Pattern};

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// A document changed; the event is pending. Topic `document.ID.changed`.
    Changed {
        /// The document.
        document: DocumentId,
        /// The event.
        event: EventHash,
        /// Its place in the local order.
        ord: u64,
    },
    /// Every event up to this place is durable. Topic `log.durable`.
    Durable {
        /// The place in the local order.
        ord: u64,
    },
    /// The selection in a document changed. Topic `selection.ID.changed`.
    Selected {
        /// The document.
        document: DocumentId,
    },
    /// Something is asked of the window. The topic is the id of the command: `window.zoom.in`.
    Asked {
        /// The id of the command.
        command: &'static str,
        /// The document that it is about.
        document: Option<DocumentId>,
        /// Its other arguments: an object, or null when it has none.
        arguments: Json,
    },
    /// The workspace became read-only. Topic `log.failed`.
    ReadOnly {
        /// Why.
        reason: String,
    },
}

impl Notice {
    /// The topic that patterns are matched against.
    pub fn topic(&self) -> String {
        match self {
            Notice::Changed { document, .. } => format!("document.{document}.changed"),
            Notice::Durable { .. } => "log.durable".into(),
            Notice::Selected { document } => format!("selection.{document}.changed"),
            Notice::Asked { command, .. } => (*command).into(),
            Notice::ReadOnly { .. } => "log.failed".into(),
        }
    }
}

/// The subscribers of a kernel.
#[derive(Debug, Default)]
pub struct Stream {
    subscribers: Vec<(Pattern, Sender<Notice>)>,
}

impl Stream {
    /// Notices whose topic matches, from now on; until the receiver is dropped.
    pub fn subscribe(&mut self, pattern: Pattern) -> Receiver<Notice> {
        let (sender, receiver) = channel();
        self.subscribers.push((pattern, sender));
        receiver
    }

    pub(crate) fn publish(&mut self, notice: Notice) {
        if self.subscribers.is_empty() {
            return;
        }
        let topic = notice.topic();
        self.subscribers
            .retain(|(pattern, sender)| !pattern.matches(&topic) || sender.send(notice.clone()).is_ok());
    }
}

impl Kernel {
    /// What subscribers would have heard of changes after a place in the local order, in that order; those that were never
    /// away are told the same as it happens.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn replay(&mut self, pattern: &Pattern, after: u64) -> Result<Vec<Notice>, CommandError> {
        let mut notices = Vec::new();
        for document in self.all_documents()? {
            let rows = self.log.lock().history(document, after)?;
            notices.extend(rows.into_iter().map(|row| (row.ord, document, row.event)));
        }
        // The documents of one event keep their order.
        notices.sort_by_key(|(ord, ..)| *ord);
        let notices =
            notices.into_iter().map(|(ord, document, event)| Notice::Changed { document, event, ord });
        Ok(notices.filter(|notice| pattern.matches(&notice.topic())).collect())
    }
}
