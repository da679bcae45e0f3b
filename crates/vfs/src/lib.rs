//! Files by name: mounts, the providers behind them, whole-or-absent writes, watching, and where fonts lie.
//!
//! Owns every access to the local file system and to the network by user-given name. A [`Uri`] such as
//! `workspace:/in/photo.jpg` is resolved by the [`Vfs`] to a [`Provider`]: a [`LocalProvider`] (a folder, opened once and never
//! left), a [`MemoryProvider`], a [`GitProvider`] (a revision of a repository), an [`HttpProvider`] (an address of the web), or
//! an [`S3Provider`] (a bucket).
//!
//! Never reads the environment, never decides who may do what (the kernel's policy does), never interprets content, and never
//! reads or writes anything outside of a mount's root: symbolic links, `..` and races included.
#![allow(clippy::disallowed_methods)] // This crate is the port that the banned calls point to.

mod confine;
mod error;
pub mod fonts;
mod git;
mod http;
mod keyring;
mod local;
mod local_watch;
mod local_write;
mod memory;
mod mounts;
mod provider;
mod s3;
pub mod secrets;
mod uri;

pub use error::{Fault, VfsError};
pub use git::{GitFault, GitProvider};
pub use http::{Cache, HttpOptions, HttpProvider, Patience, RemoteFault};
pub use local::LocalProvider;
pub use memory::MemoryProvider;
pub use mounts::{Access, Change, Vfs, Writer};
pub use provider::{
    AtomicWrite, Capabilities, ChangeKind, Entry, FileKind, Listing, Metadata, OpenFile, PathChange,
    Provider, ReadSeek, Report, WatchGuard,
};
pub use s3::{S3Options, S3Provider};
pub use uri::{MountName, TEMPORARY_PREFIX, Uri, UriError, VfsPath};
