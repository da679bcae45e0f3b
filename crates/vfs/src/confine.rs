//! A folder that cannot be left: every path is resolved by the kernel beneath an open descriptor of it (`openat2(2)`).

use std::{
    ffi::{OsStr, OsString},
    fs::{File, Metadata},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    thread,
};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, openat, openat2, readlinkat, statat},
    io::Errno,
};

use crate::{Fault, FileKind};

/// How often a resolution that lost a race against renames is tried again.
const ATTEMPTS: usize = 128;
/// How many symbolic links lead from a name to the file to be written, at most (as in the kernel's own resolution).
const LINKS: usize = 40;

/// Refers to a file without opening it: no permission to read is needed and no device notices.
pub(crate) const REFER: OFlags = OFlags::PATH;
/// A folder to be listed, synced or changed.
pub(crate) const FOLDER: OFlags = OFlags::DIRECTORY;

/// A folder and the rule by which paths beneath it are resolved. Paths may be relative host paths with `..` and symbolic links.
pub(crate) struct Root {
    folder: File,
    resolve: ResolveFlags,
}

impl Root {
    /// Paths resolve beneath `folder`; absolute symbolic links lead out and are refused.
    pub(crate) fn beneath(folder: &Path) -> Result<Self, Fault> {
        Self::open(folder, ResolveFlags::BENEATH)
    }

    /// The whole file system, where absolute symbolic links are as good as others.
    pub(crate) fn whole() -> Result<Self, Fault> {
        Self::open(Path::new("/"), ResolveFlags::IN_ROOT)
    }

    fn open(folder: &Path, rule: ResolveFlags) -> Result<Self, Fault> {
        let folder = openat(CWD, folder, REFER | FOLDER | OFlags::CLOEXEC, Mode::empty())?;
        let root = Root { folder: folder.into(), resolve: rule | ResolveFlags::NO_MAGICLINKS };
        match openat2(&root.folder, ".", REFER | FOLDER | OFlags::CLOEXEC, Mode::empty(), root.resolve) {
            Ok(_) => Ok(root),
            // Sandboxes that do not know the call forbid it.
            Err(Errno::PERM) => Err(Fault::NoConfinement),
            Err(errno) => Err(unresolved(errno)),
        }
    }

    /// Whether this is the whole file system.
    pub(crate) fn is_whole(&self) -> bool {
        self.resolve.contains(ResolveFlags::IN_ROOT)
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &File {
        &self.folder
    }

    /// Opens what `path` leads to, never waiting for it and never making it.
    pub(crate) fn at(&self, path: &Path, flags: OFlags) -> Result<File, Fault> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let mut flags = flags | OFlags::CLOEXEC;
        if !flags.contains(OFlags::PATH) {
            flags |= OFlags::NONBLOCK | OFlags::NOCTTY;
        }
        for _ in 0..ATTEMPTS {
            match openat2(&self.folder, path, flags, Mode::empty(), self.resolve) {
                Ok(file) => return Ok(file.into()),
                Err(Errno::AGAIN | Errno::INTR) => thread::yield_now(),
                Err(errno) => return Err(unresolved(errno)),
            }
        }
        Err(Fault::Unstable)
    }

    /// The folder in which the file that `path` names lies or would lie, its host path beneath the root, and the file's name
    /// there. A symbolic link at the end of the path is followed, so that its target is written and not the link.
    pub(crate) fn place_of(&self, path: &Path) -> Result<Place, Fault> {
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            let name = path.file_name().ok_or(Fault::IsADirectory)?.to_owned();
            let folder_path = path.parent().unwrap_or(Path::new("")).to_owned();
            let folder = self.at(&folder_path, FOLDER)?;
            match readlinkat(&folder, &name, Vec::new()) {
                Ok(target) => path = folder_path.join(OsStr::from_bytes(target.to_bytes())),
                Err(Errno::INVAL | Errno::NOENT) => return Ok(Place { folder, folder_path, name }),
                Err(errno) => return Err(errno.into()),
            }
        }
        Err(Fault::LinkLoop)
    }
}

/// What `openat2` means by an error.
fn unresolved(errno: Errno) -> Fault {
    match errno {
        Errno::XDEV => Fault::OutsideRoot,
        Errno::NOSYS => Fault::NoConfinement,
        errno => errno.into(),
    }
}

/// Where a file is to be written.
pub(crate) struct Place {
    pub(crate) folder: File,
    pub(crate) folder_path: PathBuf,
    pub(crate) name: OsString,
}

impl Place {
    /// The mode, user and group of the file that is there now; none if there is none, an error if it cannot be replaced.
    pub(crate) fn replaced(&self) -> Result<Option<Owner>, Fault> {
        match statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => {
                check_is_file(FileType::from_raw_mode(stat.st_mode))?;
                Ok(Some(Owner { mode: stat.st_mode & 0o777, user: stat.st_uid, group: stat.st_gid }))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Whether the folder is still where it was when it was opened.
    pub(crate) fn is_in_place(&self, root: &Root) -> bool {
        let there = root.at(&self.folder_path, REFER | FOLDER).and_then(|folder| identity(&folder));
        matches!((there, identity(&self.folder)), (Ok(there), Ok(here)) if there == here)
    }
}

/// Who may do what with a file.
pub(crate) struct Owner {
    pub(crate) mode: u32,
    pub(crate) user: u32,
    pub(crate) group: u32,
}

/// What tells one file from another: device and inode.
pub(crate) fn identity(file: &File) -> Result<(u64, u64), Fault> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// What sort of file this is of.
pub(crate) fn type_of(metadata: &Metadata) -> FileType {
    FileType::from_raw_mode(metadata.mode())
}

/// What a file of this type is; links count as leading nowhere.
pub(crate) fn kind_of(file_type: FileType) -> FileKind {
    match file_type {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Link,
        _ => FileKind::Special,
    }
}

/// Refuses anything but a file.
pub(crate) fn check_is_file(file_type: FileType) -> Result<(), Fault> {
    match file_type {
        FileType::RegularFile => Ok(()),
        FileType::Directory => Err(Fault::IsADirectory),
        FileType::Symlink => Err(Fault::Unstable),
        FileType::Fifo => Err(Fault::Special("named pipe")),
        FileType::Socket => Err(Fault::Special("socket")),
        _ => Err(Fault::Special("device")),
    }
}

/// The names in an open folder, without `.` and `..`, in no order, each with the type that the folder knows of.
pub(crate) fn names_in(folder: &File) -> Result<Vec<(OsString, FileType)>, Fault> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push((OsStr::from_bytes(name).to_owned(), entry.file_type()));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_cannot_confine_is_an_error_of_its_own() {
        assert!(matches!(unresolved(Errno::NOSYS), Fault::NoConfinement));
        assert!(matches!(unresolved(Errno::ACCESS), Fault::Denied));
    }
}
