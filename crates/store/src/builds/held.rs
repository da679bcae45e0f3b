//! What workspaces hold of what scripts made.

use base::{DocumentId, EventHash, VersionKey};
use rusqlite::{OptionalExtension, Transaction, params};

use super::Builds;
use crate::StoreError;

/// A document of a workspace that is at a version after an event, or before its first one.
#[derive(Clone, Debug)]
pub(super) struct Held {
    workspace: String,
    version: VersionKey,
    document: DocumentId,
    event: Option<EventHash>,
}

impl Builds {
    /// The event after which a document of a workspace is at a version; `Some(None)` when that is before its first one.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn held(
        &self,
        workspace: &str,
        version: VersionKey,
        document: DocumentId,
    ) -> Result<Option<Option<EventHash>>, StoreError> {
        let of_this = |held: &&Held| held.version == version && held.document == document;
        if let Some(held) = self.held.iter().rev().find(of_this) {
            return Ok(Some(held.event));
        }
        self.read_on()?;
        let mut statement = self.connection.prepare_cached(
            "SELECT event FROM held WHERE version = ?1 AND document = ?2 AND workspace = ?3",
        )?;
        let found = statement
            .query_row(params![version.0, document.value().to_be_bytes(), workspace], |row| {
                Ok(row.get::<_, Option<[u8; 32]>>(0)?.map(EventHash))
            });
        Ok(found.optional()?)
    }

    /// Keeps that, from the next commit on; it is found at once.
    pub fn hold(
        &mut self,
        workspace: &str,
        version: VersionKey,
        document: DocumentId,
        event: Option<EventHash>,
    ) {
        self.held.push(Held { workspace: workspace.to_owned(), version, document, event });
    }
}

pub(super) fn write(transaction: &Transaction<'_>, held: &[Held]) -> rusqlite::Result<()> {
    for Held { workspace, version, document, event } in held {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO held (workspace, version, document, event) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                workspace,
                version.0,
                document.value().to_be_bytes(),
                event.map(|event| event.0)
            ])?;
    }
    Ok(())
}
