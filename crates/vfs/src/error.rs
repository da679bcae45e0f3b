//! What can go wrong with a file, and where it went wrong.

use std::{io, path::PathBuf};

use base::LimitExceeded;
use rustix::io::Errno;

use crate::{GitFault, RemoteFault, Uri, UriError};

/// Why an operation on one file or folder failed; its place is told by the [`VfsError`] around it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Nothing has this name.
    #[error("there is no such file or folder")]
    NotFound,
    /// A folder is needed, and something else is there.
    #[error("this, or a part of its path, is not a folder")]
    NotADirectory,
    /// A file is needed, and a folder is there.
    #[error("this is a folder, not a file")]
    IsADirectory,
    /// A named pipe, a device or a socket, which is never opened.
    #[error("this is a {0}, not a file")]
    Special(&'static str),
    /// A symbolic link or a moved folder leads outside of the mount.
    #[error("this leads outside of its mount: copy the file into it, or mount the folder that holds it")]
    OutsideRoot,
    /// Symbolic links form a circle, or one is a magic link of /proc.
    #[error("too many symbolic links on the way, or one of those that /proc makes up")]
    LinkLoop,
    /// The path changed at every attempt to follow it.
    #[error("the path keeps changing while it is followed: try again")]
    Unstable,
    /// The folder was moved or removed while the file was being written.
    #[error("its folder was moved or removed while the file was being written: write it again")]
    Moved,
    /// An earlier write failed, so that the file would have a hole.
    #[error("an earlier write of this file failed, so it was not put in place")]
    Incomplete,
    /// The mount or its file system takes no changes.
    #[error("this is mounted read-only")]
    ReadOnly,
    /// The operating system refuses.
    #[error("the operating system denies access: check the owner and the permissions")]
    Denied,
    /// Disk, quota or file size limit is used up.
    #[error("no room: the disk is full, a quota is used up, or the file is larger than the system allows")]
    Full,
    /// A folder with content was to be removed.
    #[error("the folder is not empty")]
    NotEmpty,
    /// The root of a mount was to be removed.
    #[error("the root of a mount cannot be removed")]
    MountRoot,
    /// The file is larger than the limit.
    #[error(transparent)]
    TooLarge(#[from] LimitExceeded),
    /// The operating system has no `openat2`, without which nothing keeps a mount closed.
    #[error(
        "this system cannot confine a mount to its folder (openat2 is missing or blocked): use Linux 5.6 or newer"
    )]
    NoConfinement,
    /// Watching does not work here.
    #[error("cannot watch for changes: {0}")]
    Watch(String),
    /// A git repository or a revision of it.
    #[error(transparent)]
    Git(#[from] GitFault),
    /// A server or what it sent.
    #[error(transparent)]
    Remote(#[from] RemoteFault),
    /// Folders cannot be listed here.
    #[error("folders cannot be listed over HTTP: name the file itself")]
    NoListing,
    /// The mount could not be opened.
    #[error("this mount cannot be opened: {0}")]
    Unmountable(String),
    /// Anything else that the operating system reports.
    #[error("{0}")]
    Io(io::Error),
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Fault::NotFound,
            Errno::NOTDIR => Fault::NotADirectory,
            Errno::ISDIR => Fault::IsADirectory,
            Errno::LOOP => Fault::LinkLoop,
            Errno::ROFS => Fault::ReadOnly,
            Errno::ACCESS | Errno::PERM => Fault::Denied,
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Fault::Full,
            Errno::NOTEMPTY => Fault::NotEmpty,
            other => Fault::Io(other.into()),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let error = match error.downcast::<Fault>() {
            Ok(fault) => return fault,
            Err(error) => error,
        };
        let error = match error.downcast::<RemoteFault>() {
            Ok(fault) => return Fault::Remote(fault),
            Err(error) => error,
        };
        match Errno::from_io_error(&error) {
            Some(errno) => errno.into(),
            None => Fault::Io(error),
        }
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Io(error) => error,
            fault => io::Error::other(fault),
        }
    }
}

/// A failed operation and its place.
#[derive(Debug, thiserror::Error)]
pub enum VfsError {
    /// An operation on a file or folder of a mount.
    #[error("{uri}: {fault}")]
    File {
        /// Where.
        uri: Uri,
        /// Why.
        fault: Fault,
    },
    /// A folder of the host that was to be mounted.
    #[error("{}: {fault}", path.display())]
    Host {
        /// Where.
        path: PathBuf,
        /// Why.
        fault: Fault,
    },
    /// A mount that is not in the table.
    #[error("{uri}: there is no mount '{}'; {help}", uri.mount())]
    UnknownMount {
        /// What was asked for.
        uri: Uri,
        /// The nearest or all known names.
        help: String,
    },
    /// A text that names no file.
    #[error(transparent)]
    Uri(#[from] UriError),
}

impl VfsError {
    /// Why a file or folder failed; none for names that lead to no mount.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            VfsError::File { fault, .. } | VfsError::Host { fault, .. } => Some(fault),
            VfsError::UnknownMount { .. } | VfsError::Uri(_) => None,
        }
    }
}
