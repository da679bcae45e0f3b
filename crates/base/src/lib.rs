//! The words that every other crate shares: identifiers, content hashes, diagnostics, colours, units and limits.
//!
//! Owns no state, does no IO, and depends on nothing else of the workspace.

mod color;
mod diagnostic;
mod hash;
mod id;
mod limits;
mod suggest;
mod time;

pub use color::{Color, ParseColorError};
pub use diagnostic::{Diagnostic, Severity};
pub use hash::{BlobHash, EventHash, ParseHashError, StateHash, StepKey, VersionKey};
pub use id::{ActorId, DocumentId, IdSource, NodeId, ParseIdError, ReplicaId, TenantId};
pub use limits::{LimitExceeded, Limits};
pub use suggest::nearest;
pub use time::{Flicks, FrameRate, ParseFrameRateError, ParseTimecodeError, parse_timecode, timecode};
