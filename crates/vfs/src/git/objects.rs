//! The objects of a repository, whose size is known before they are inflated.
//!
//! libgit2 reads those in packs. Loose ones are read here, because libgit2 never comes back from one that is cut off.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::bufread::ZlibDecoder;
use git2::{ErrorCode, ObjectType, Odb, Oid};

use super::GitFault;
use crate::Fault;

/// Longest header of a loose object, in bytes: `commit`, a space, twenty digits and NUL.
const HEADER: u64 = 32;
/// Deepest chain of alternates, as in libgit2.
const ALTERNATES: usize = 5;

/// Where the objects of a repository are.
pub(super) struct Objects {
    library: Odb<'static>,
    /// The folders that hold loose objects.
    folders: Vec<PathBuf>,
}

/// A loose object behind its header.
struct Loose {
    kind: ObjectType,
    len: u64,
    content: Content,
}

type Content = BufReader<ZlibDecoder<BufReader<File>>>;

impl Objects {
    /// The objects in a folder and in its alternates.
    pub(super) fn new(folder: &Path) -> Result<Self, Fault> {
        let mut folders = Vec::new();
        add_folders(folder, 0, &mut folders)?;
        let name = folder.to_str().ok_or_else(|| damaged("its path is no UTF-8"))?;
        let failed = |error: git2::Error| damaged(error.message());
        let library = Odb::new().map_err(failed)?;
        library.add_disk_alternate(name).map_err(failed)?;
        Ok(Objects { library, folders })
    }

    /// What an object is, and its length in bytes.
    pub(super) fn header(&self, id: Oid) -> Result<(ObjectType, u64), Fault> {
        if let Some(loose) = self.loose(id)? {
            return Ok((loose.kind, loose.len));
        }
        let (len, kind) = self.library.read_header(id).map_err(|error| fault(id, &error))?;
        Ok((kind, len as u64))
    }

    /// The length in bytes of an object that must be of this kind and no longer than `limit`.
    fn check(&self, id: Oid, kind: ObjectType, limit: u64) -> Result<u64, Fault> {
        match self.header(id)? {
            (found, _) if found != kind => Err(damaged(&format!("object {id} is a {found}, not a {kind}"))),
            (_, len) if len > limit => {
                Err(damaged(&format!("{kind} {id} has {len} bytes, and more than {limit} make no sense")))
            }
            (_, len) => Ok(len),
        }
    }

    /// The content of an object that must be of this kind and no longer than `limit` bytes.
    pub(super) fn read(&self, id: Oid, kind: ObjectType, limit: u64) -> Result<Vec<u8>, Fault> {
        let len = self.check(id, kind, limit)?;
        let Some(loose) = self.loose(id)? else {
            let object = self.library.read(id).map_err(|error| fault(id, &error))?;
            return Ok(object.data().to_vec());
        };
        let mut bytes = Vec::new();
        let room = usize::try_from(len).map_err(|_| damaged("an object is larger than memory"))?;
        bytes.try_reserve_exact(room).map_err(|_| std::io::Error::from(std::io::ErrorKind::OutOfMemory))?;
        let read = loose.content.take(len.saturating_add(1)).read_to_end(&mut bytes);
        let whole = read.is_ok() && Oid::hash_object(kind, &bytes).is_ok_and(|hash| hash == id);
        if whole {
            Ok(bytes)
        } else {
            Err(damaged(&format!("object {id} does not have the content of its name")))
        }
    }

    /// The one object whose name begins with these digits.
    pub(super) fn with_prefix(&self, digits: &str) -> Option<Oid> {
        let prefix = Oid::from_str(digits).ok()?;
        self.library.exists_prefix(prefix, digits.len()).ok()
    }

    fn loose(&self, id: Oid) -> Result<Option<Loose>, Fault> {
        let name = id.to_string();
        let places = self.folders.iter().map(|folder| folder.join(&name[..2]).join(&name[2..]));
        let Some(place) = places.into_iter().find(|place| place.symlink_metadata().is_ok()) else {
            return Ok(None);
        };
        let odd = || damaged(&format!("object {id} is no loose object"));
        if !fs::metadata(&place)?.is_file() {
            return Err(odd());
        }
        let mut content = BufReader::new(ZlibDecoder::new(BufReader::new(File::open(&place)?)));
        let mut header = Vec::new();
        content.by_ref().take(HEADER).read_until(0, &mut header).map_err(|_| odd())?;
        parsed(&header, content).map(Some).ok_or_else(odd)
    }
}

fn parsed(header: &[u8], content: Content) -> Option<Loose> {
    let (kind, len) = std::str::from_utf8(header.strip_suffix(b"\0")?).ok()?.split_once(' ')?;
    Some(Loose { kind: ObjectType::from_str(kind)?, len: len.parse().ok()?, content })
}

/// Adds the folder and those that its alternates name. What libgit2 would open in them is looked at first, since it waits for
/// ever at a named pipe.
fn add_folders(folder: &Path, depth: usize, folders: &mut Vec<PathBuf>) -> Result<(), Fault> {
    if depth > ALTERNATES || folders.iter().any(|known| known == folder) {
        return Ok(());
    }
    folders.push(folder.to_owned());
    for entry in
        ["pack", "info"].into_iter().filter_map(|name| fs::read_dir(folder.join(name)).ok()).flatten()
    {
        let path = entry?.path();
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            return Err(damaged(&format!("{} is neither a file nor a folder", path.display())));
        }
    }
    let named = fs::read_to_string(folder.join("info/alternates")).unwrap_or_default();
    for line in named.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        add_folders(&folder.join(line), depth + 1, folders)?;
    }
    Ok(())
}

/// A repository that is not what it should be.
pub(super) fn damaged(message: &str) -> Fault {
    GitFault::Damaged(message.to_owned()).into()
}

/// What the library means by an error about this object.
fn fault(id: Oid, error: &git2::Error) -> Fault {
    match error.code() {
        ErrorCode::NotFound => GitFault::MissingObject(id.to_string()).into(),
        _ => damaged(error.message()),
    }
}
