//! Whole-or-absent writes to a local folder.
//!
//! The content goes to a file of a reserved name beside its place, which is synced and renamed over it. While its writer lives,
//! that file is locked (`flock(2)`); the kernel lifts the lock when the process dies in whatever way, so an unlocked one is
//! a dead process's and may go. Unlike a process number in its name, that also holds across containers.

use std::{
    fs::File,
    io::{self, BufWriter, Seek, SeekFrom, Write},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::{
    fs::{
        AtFlags, FlockOperation, Gid, Mode, OFlags, Uid, fchmod, fchown, flock, fsync, openat, renameat,
        unlinkat,
    },
    io::Errno,
};

use crate::{
    Fault, TEMPORARY_PREFIX,
    confine::{Owner, Place, Root, names_in},
};

const BUFFER_BYTES: usize = 1 << 18;
/// How many names are tried for one unfinished file.
const ATTEMPTS: usize = 1024;

static ORDINAL: AtomicU64 = AtomicU64::new(0);

/// A file on its way into a local folder.
pub(crate) struct LocalWriter {
    content: BufWriter<File>,
    root: Arc<Root>,
    place: Place,
    /// The unfinished file's name; none once it is in place.
    unfinished: Option<String>,
}

impl LocalWriter {
    /// Begins a file that takes over the owner and permissions of the one that it replaces; a new one follows the umask.
    pub(crate) fn begin(root: Arc<Root>, place: Place, replaced: Option<Owner>) -> Result<Self, Fault> {
        // Others see nothing of a private file while it is written.
        let mode = if replaced.is_some() { 0o600 } else { 0o666 };
        let (file, name) = create_locked(&place.folder, Mode::from_raw_mode(mode))?;
        let writer = LocalWriter {
            content: BufWriter::with_capacity(BUFFER_BYTES, file),
            root,
            place,
            unfinished: Some(name),
        };
        if let Some(owner) = replaced {
            let file = writer.content.get_ref();
            fchmod(file, Mode::from_raw_mode(take_over(file, &owner)?))?;
        }
        Ok(writer)
    }
}

/// Gives the file its predecessor's user and group where the system allows it, and says which mode it may have: a group that
/// could not be kept must not hand its rights to another one.
fn take_over(file: &File, owner: &Owner) -> Result<u32, Fault> {
    let now = file.metadata()?;
    if (now.uid(), now.gid()) == (owner.user, owner.group)
        || fchown(file, Some(Uid::from_raw(owner.user)), Some(Gid::from_raw(owner.group))).is_ok()
        || now.gid() == owner.group
        || fchown(file, None, Some(Gid::from_raw(owner.group))).is_ok()
    {
        return Ok(owner.mode);
    }
    let (rest, others) = (owner.mode & !0o070, owner.mode & 0o007);
    Ok(rest | (owner.mode & 0o070 & (others << 3)))
}

/// Makes and locks a file of an unused reserved name.
fn create_locked(folder: &File, mode: Mode) -> Result<(File, String), Fault> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for _ in 0..ATTEMPTS {
        let ordinal = ORDINAL.fetch_add(1, Ordering::Relaxed);
        let name = format!("{TEMPORARY_PREFIX}{}-{ordinal}", process::id());
        let file: File = match openat(folder, &name, flags, mode) {
            Ok(file) => file.into(),
            Err(Errno::EXIST | Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        };
        // Between these two calls another process may take the file for a dead one's, and remove it. A file system that
        // knows no locks is fine: there, nobody removes anything.
        let taken = flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK);
        if !taken && file.metadata()?.nlink() > 0 {
            return Ok((file, name));
        }
    }
    Err(Fault::Unstable)
}

/// Removes the unfinished files in `folder` whose writers are dead.
pub(crate) fn sweep(folder: &File) -> Result<(), Fault> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    for (name, _) in names_in(folder)? {
        if !name.as_bytes().starts_with(TEMPORARY_PREFIX.as_bytes()) {
            continue;
        }
        // What cannot be opened or locked is alive, gone already, or not ours to remove.
        let Ok(file) = openat(folder, &name, flags, Mode::empty()) else { continue };
        let file = File::from(file);
        let locked = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        let metadata = file.metadata()?;
        if locked && metadata.is_file() && metadata.nlink() > 0 {
            // Failing costs room, not correctness; the next process tries again.
            let _ = unlinkat(folder, &name, AtFlags::empty());
        }
    }
    Ok(())
}

impl Write for LocalWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.content.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.content.flush()
    }
}

impl Seek for LocalWriter {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.content.seek(position)
    }
}

impl crate::AtomicWrite for LocalWriter {
    fn commit(mut self: Box<Self>) -> Result<(), Fault> {
        self.content.flush()?;
        self.content.get_ref().sync_all()?;
        if !self.place.is_in_place(&self.root) {
            return Err(Fault::Moved);
        }
        self.place.replaced()?;
        let Some(unfinished) = &self.unfinished else { return Ok(()) };
        renameat(&self.place.folder, unfinished, &self.place.folder, &self.place.name)?;
        self.unfinished = None;
        match fsync(&self.place.folder) {
            // Some network file systems know no such thing as syncing a folder.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Drop for LocalWriter {
    fn drop(&mut self) {
        if let Some(unfinished) = &self.unfinished {
            // A failure leaves a file that the next process sweeps.
            let _ = unlinkat(&self.place.folder, unfinished, AtFlags::empty());
        }
    }
}
