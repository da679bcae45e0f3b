//! The kernel: commands, queries, events, history and what is registered.
//!
//! Owns the state of a workspace while it is open; everything enters through [`Kernel::execute`] as a message and
//! leaves as a response and as notices. Never touches disk, network, clock, GPU or window by itself: those are ports.

mod anew;
mod arguments;
mod assign;
mod branch;
mod call;
mod commands;
mod commit;
mod context;
mod error;
mod evaluate;
mod exchange;
mod history;
mod kernel;
mod links;
mod log;
mod machines;
pub mod pattern;
pub mod ports;
mod recent;
mod registry;
mod repeat;
mod scope;
mod session;
mod settings;
mod stream;
mod through;
mod trace;
mod undo;
pub mod when;
mod workspace;

pub use arguments::Problem;
pub use branch::Listed;
pub use bytes::Bytes;
pub use call::{Away, Begun, Errand, Finish, Returned, Work};
pub use commands::{Fragment, core};
pub use context::{Bounds, Context, Permissions, Source};
pub use error::CommandError;
pub use evaluate::{Blobs, Evaluator, Filters, Pixels, Quad, Reading, View};
pub use exchange::{
    ExportRequest, Exported, Exporter, FileBeside, Imported, ImportedContent, Importer, Source as FileSource,
};
pub use history::History;
pub use kernel::{Kernel, Ports, Request, Response};
pub use links::Links;
pub use machines::{
    Button, Input, LazyChart, Modifiers, PointerInput, PointerPhase, Preview, PreviewShape, Signalled,
};
pub use registry::{Capability, Command, Registrar, Registry, RegistryError};
pub use repeat::Deed;
pub use scope::{Assets, EditScope, Place, QueryScope, TaskScope};
pub use session::Session;
pub use settings::Settings;
pub use stream::{Notice, Stream};
pub use trace::{Trace, Written};
pub use workspace::{DocumentRecord, NewDocument, WORKSPACE};
