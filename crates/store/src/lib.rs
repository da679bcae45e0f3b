//! The event log, saved states, blobs and run records of one workspace, in one SQLite file.
//!
//! Owns `.metabuilder/`: the database `workspace.db`, the `checkpoints` file beside it and the writer's `lock`. It hands out local order, sequence numbers and parents; it makes
//! events durable in groups, finds damage, and forgets payloads when told to.
//!
//! Never interprets a payload, a saved state or a blob: those are bytes. Never reads a clock and never decides who may write what.
//!
//! An event is *pending* when [`Store::append`] returns and *durable* once its group is in the database and its checkpoint is synced to a file of its own. The second file is what
//! makes loss visible: SQLite silently drops the frames of a damaged write-ahead log, and the checkpoint then names an event that the database lacks.
#![allow(clippy::disallowed_methods)] // The store is one of the few crates that do file IO.

mod blobs;
mod builds;
mod checkpoint;
mod entities;
mod error;
mod graph;
mod jobs;
mod lock;
mod lookup;
mod model;
mod notes;
mod open;
mod prune;
mod query;
mod read;
mod runs;
mod schema;
mod states;
mod store;
mod verify;
mod writer;

pub use builds::{BuildRun, BuildRunEnd, Builds, CachedStep};
pub use checkpoint::{Checkpoint, read_checkpoints};
pub use entities::{Entities, EntityDocument, EntityNode, EntitySource, View};
pub use error::{Failure, StoreError};
pub use model::{Appended, DocumentEntry, EventContents, HistoryRow, NewEvent, Payload, StoredEvent};
pub use prune::{Collected, Pruned};
pub use query::{QueryError, QueryLimits, Table};
pub use read::Events;
pub use runs::{NewRun, Run, RunEnd, RunId};
pub use states::{SavedState, StateInfo};
pub use store::{Listener, Notice, Options, Store};
pub use verify::{Finding, Subject, VerifyReport};
