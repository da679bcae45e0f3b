//! The run table: task commands and scripts that changed no document, with what came of them. Outside the chain and not undoable.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;

use crate::{Store, StoreError};

/// Names a run: from 1, in the order of beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RunId(pub u64);

/// A run that begins.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// Milliseconds since the Unix epoch.
    pub started: i64,
    /// The id of the command, or the path of the script.
    pub command: String,
    /// Its arguments, with secrets by name only.
    pub arguments: Value,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunEnd {
    /// Milliseconds since the Unix epoch.
    pub ended: i64,
    /// One word: "done", "failed", "cancelled", "denied", …
    pub outcome: String,
    /// What went wrong.
    pub error: Option<String>,
    /// What it made.
    pub outputs: Value,
}

/// A recorded run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// Milliseconds since the Unix epoch.
    pub started: i64,
    /// The id of the command, or the path of the script.
    pub command: String,
    /// Its arguments.
    pub arguments: Value,
    /// How it ended; `None` while it lasts, and for ever when it was cut short.
    pub end: Option<RunEnd>,
}

impl Store {
    /// Records that a run begins.
    ///
    /// # Errors
    /// A read-only or poisoned store.
    pub fn begin_run(&mut self, run: NewRun) -> Result<RunId, StoreError> {
        let id = self.next_run;
        let row = RunRow {
            id,
            started: run.started,
            ended: None,
            texts: [Some(run.command), Some(run.arguments.to_string()), None, None, None],
        };
        self.write(256, move |connection| row.write(connection))?;
        self.next_run += 1;
        Ok(RunId(id))
    }

    /// Records how a run ended.
    ///
    /// # Errors
    /// A read-only or poisoned store, or no such run.
    pub fn end_run(&mut self, id: RunId, end: RunEnd) -> Result<(), StoreError> {
        self.check_writable()?;
        if id.0 == 0 || id.0 >= self.next_run {
            return Err(StoreError::UnknownRun(id.0));
        }
        self.write(256, move |connection| {
            let mut row: RunRow = connection
                .prepare_cached(&format!("{SELECT} WHERE id = ?1"))?
                .query_row([id.0], |row| RunRow::read(row).map(|(row, _)| row))?;
            row.ended = Some(end.ended);
            row.texts[2..].clone_from_slice(&[Some(end.outcome), end.error, Some(end.outputs.to_string())]);
            row.write(connection)
        })
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// A damaged row, or the database cannot be read.
    pub fn runs(&self, limit: usize) -> Result<Vec<Run>, StoreError> {
        self.settle()?;
        let mut statement = self.reader.prepare_cached(&format!("{SELECT} ORDER BY id DESC LIMIT ?1"))?;
        let rows = statement.query_map([limit.min(i64::MAX as usize)], RunRow::read)?;
        rows.map(|row| row.map_err(StoreError::from).and_then(|(row, digest)| row.into_run(digest))).collect()
    }

    /// One run; `None` when there is none.
    ///
    /// # Errors
    /// A damaged row, or the database cannot be read.
    pub fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.settle()?;
        let row = self
            .reader
            .prepare_cached(&format!("{SELECT} WHERE id = ?1"))?
            .query_row([id.0.min(i64::MAX as u64)], RunRow::read)
            .optional()?;
        row.map(|(row, digest)| row.into_run(digest)).transpose()
    }
}

const SELECT: &str =
    "SELECT id, started, ended, command, arguments, outcome, error, outputs, digest FROM runs";

/// A row of the table; the texts are command, arguments, outcome, error and outputs.
pub(crate) struct RunRow {
    id: u64,
    started: i64,
    ended: Option<i64>,
    texts: [Option<String>; 5],
}

impl RunRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<(Self, [u8; 32])> {
        let mut texts = [const { None }; 5];
        for (index, text) in texts.iter_mut().enumerate() {
            *text = row.get(3 + index)?;
        }
        Ok((RunRow { id: row.get(0)?, started: row.get(1)?, ended: row.get(2)?, texts }, row.get(8)?))
    }

    fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{} {} {:?}", self.id, self.started, self.ended).as_bytes());
        for text in &self.texts {
            let length = text.as_ref().map_or(u64::MAX, |text| text.len() as u64);
            hasher.update(&length.to_le_bytes()).update(text.as_deref().unwrap_or_default().as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let [command, arguments, outcome, error, outputs] = &self.texts;
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO runs
                 (id, started, ended, command, arguments, outcome, error, outputs, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                self.id,
                self.started,
                self.ended,
                command,
                arguments,
                outcome,
                error,
                outputs,
                self.digest()
            ])
            .map(|_| ())
    }

    fn into_run(self, digest: [u8; 32]) -> Result<Run, StoreError> {
        let place = format!("run {}", self.id);
        if self.digest() != digest {
            return Err(StoreError::damaged(place, "it does not match its digest"));
        }
        let json = |text: Option<String>| {
            serde_json::from_str(text.as_deref().unwrap_or("null"))
                .map_err(|e| StoreError::damaged(place.clone(), e.to_string()))
        };
        let [command, arguments, outcome, error, outputs] = self.texts;
        let end = match (self.ended, outcome) {
            (Some(ended), Some(outcome)) => Some(RunEnd { ended, outcome, error, outputs: json(outputs)? }),
            _ => None,
        };
        Ok(Run {
            id: RunId(self.id),
            started: self.started,
            command: command.unwrap_or_default(),
            arguments: json(arguments)?,
            end,
        })
    }
}
