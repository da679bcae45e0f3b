//! A revision of a git repository as a mount that never changes.
//!
//! Only references and objects are read: no configuration, and nothing is checked out, so that no hook, filter, file system
//! monitor, credential helper or transport of the repository is ever asked, and nothing is written into it.

mod objects;
mod repository;
mod revision;
mod tree;

use std::{
    io::Cursor,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use base::Limits;

use crate::{
    Capabilities, Fault, FileKind, Listing, Metadata, OpenFile, Provider, Report, VfsError, VfsPath,
    WatchGuard,
};
use objects::Objects;
use repository::Repository;
use tree::{Node, Tree};

/// What is wrong with a repository or a revision of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitFault {
    /// The folder holds no repository, or one of a format that is not known.
    #[error(
        "this cannot be read as a git repository ({0}): name the folder that holds .git, or a bare repository"
    )]
    NoRepository(String),
    /// No commit or tree is called so.
    #[error(
        "no revision is called '{revision}' ({message}): name a branch, a tag, a commit, or one seen from these such as HEAD~3"
    )]
    NoRevision {
        /// What was asked for.
        revision: String,
        /// What git says about it.
        message: String,
    },
    /// An object that a tree names is not there.
    #[error("object {0} is not in the repository: if this is a partial or shallow clone, fetch it with git")]
    MissingObject(String),
    /// An object is not what it should be.
    #[error("the repository is damaged ({0}): look at it with git fsck")]
    Damaged(String),
}

/// The files of one revision of a git repository, read-only. The revision is resolved once, when the provider is made: later
/// commits are not seen. Symbolic links that stay inside are followed; submodules can be seen, never entered. Works for bare
/// repositories, worktrees and alternates. Files that Git LFS manages are seen as the pointers that git keeps.
///
/// Whose repository it is does not matter (git's `safe.directory`): that guards against configured programs, and no
/// configuration is read. Repositories that hash with SHA-256 or keep references in reftables have no revision that is found.
pub struct GitProvider {
    objects: Mutex<Objects>,
    root: git2::Oid,
    /// When the commit was made.
    modified: SystemTime,
    /// The largest file that [`Provider::open`] takes into memory, in bytes.
    open_limit: u64,
}

impl GitProvider {
    /// The revision (a branch, a tag, a commit, `HEAD~3`, `main:folder`) of the repository in the folder `repository`, bare or
    /// not. A file is opened in memory, so [`Limits::import_bytes`] bounds it.
    ///
    /// # Errors
    /// [`Fault::Git`]: there is no such repository or revision.
    pub fn new(repository: impl Into<PathBuf>, revision: &str, limits: &Limits) -> Result<Self, VfsError> {
        let path = repository.into();
        Self::resolve(&path, revision, limits).map_err(|fault| VfsError::Host { path, fault })
    }

    fn resolve(path: &std::path::Path, revision: &str, limits: &Limits) -> Result<Self, Fault> {
        let repository = Repository::open(path)?;
        let objects = Objects::new(&repository.objects())?;
        let found = revision::resolve(&repository, &objects, revision);
        let found = found.map_err(|fault| match fault {
            Fault::Git(fault) => fault.into(),
            other => {
                Fault::Git(GitFault::NoRevision { revision: revision.to_owned(), message: other.to_string() })
            }
        })?;
        let (root, modified) = (found.tree, time_at(found.seconds));
        let open_limit = limits.import_bytes;
        Ok(GitProvider { objects: Mutex::new(objects), root, modified, open_limit })
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        // Nothing is changed under the lock, so a panic elsewhere leaves it whole.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_tree<T>(&self, operation: impl FnOnce(&Tree<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        operation(&Tree::new(&self.objects(), self.root))
    }

    /// A whole file, whose size is known to be within `limit` before it is inflated.
    fn bytes(&self, path: &VfsPath, limit: u64, setting: &'static str) -> Result<Vec<u8>, Fault> {
        self.with_tree(|tree| match tree.resolve(path)? {
            Node::File(id) => {
                Limits::check("the file's size in bytes", tree.len(id)?, limit, setting)?;
                tree.bytes(id)
            }
            Node::Folder(_) => Err(Fault::IsADirectory),
            Node::Submodule => Err(Fault::Special("submodule")),
        })
    }

    fn described(&self, kind: FileKind, len: u64) -> Metadata {
        Metadata { kind, len, modified: self.modified }
    }
}

/// So many seconds after 1970, or before.
fn time_at(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = match seconds < 0 {
        true => SystemTime::UNIX_EPOCH.checked_sub(distance),
        false => SystemTime::UNIX_EPOCH.checked_add(distance),
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

impl Provider for GitProvider {
    fn capabilities(&self) -> Capabilities {
        Capabilities { write: false, watch: false }
    }

    fn open(&self, path: &VfsPath) -> Result<OpenFile, Fault> {
        let bytes = self.bytes(path, self.open_limit, "importBytes")?;
        let metadata = self.described(FileKind::File, bytes.len() as u64);
        Ok(OpenFile::new(metadata, Cursor::new(bytes)))
    }

    fn read(&self, path: &VfsPath, limit: u64) -> Result<Vec<u8>, Fault> {
        self.bytes(path, limit, "fileBytes")
    }

    fn metadata(&self, path: &VfsPath) -> Result<Metadata, Fault> {
        self.with_tree(|tree| {
            Ok(match tree.resolve(path)? {
                Node::File(id) => self.described(FileKind::File, tree.len(id)?),
                Node::Folder(_) => self.described(FileKind::Directory, 0),
                Node::Submodule => self.described(FileKind::Special, 0),
            })
        })
    }

    fn state(&self, path: &VfsPath) -> Result<Option<String>, Fault> {
        self.with_tree(|tree| match tree.resolve(path)? {
            Node::File(id) => Ok(Some(id.to_string())),
            Node::Folder(_) | Node::Submodule => Ok(None),
        })
    }

    fn list(&self, path: &VfsPath) -> Result<Listing, Fault> {
        self.with_tree(|tree| match tree.resolve(path)? {
            Node::Folder(_) => tree.list(path),
            Node::File(_) | Node::Submodule => Err(Fault::NotADirectory),
        })
    }

    fn watch(&self, _path: &VfsPath, _report: Report) -> Result<WatchGuard, Fault> {
        Err(Fault::Watch("a revision of a repository never changes".to_owned()))
    }
}
