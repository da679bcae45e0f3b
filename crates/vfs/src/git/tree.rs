//! Paths, links and listings in the trees of one revision.

use git2::{ObjectType, Oid};

use super::objects::{Objects, damaged};
use crate::{Entry, Fault, FileKind, Listing, TEMPORARY_PREFIX, VfsPath};

/// Most symbolic links on one way, as in Linux.
const LINKS: usize = 40;
/// Longest target of a symbolic link, in bytes (Linux's `PATH_MAX`).
const TARGET: u64 = 4096;
/// Largest object that holds one folder, in bytes: some million names.
const FOLDER: u64 = 64 << 20;

/// The part of a mode that tells folders, links and submodules.
const TYPE: u32 = 0o170000;
const TREE: u32 = 0o040000;
const LINK: u32 = 0o120000;
const SUBMODULE: u32 = 0o160000;

/// What a path leads to, symbolic links followed.
#[derive(Clone, Copy)]
pub(super) enum Node {
    Folder(Oid),
    File(Oid),
    Submodule,
}

impl Node {
    fn kind(self) -> FileKind {
        match self {
            Node::Folder(_) => FileKind::Directory,
            Node::File(_) => FileKind::File,
            Node::Submodule => FileKind::Special,
        }
    }
}

/// The trees beneath a root.
pub(super) struct Tree<'o> {
    objects: &'o Objects,
    root: Oid,
}

/// One name of a folder.
struct Named {
    name: Vec<u8>,
    mode: u32,
    id: Oid,
}

impl<'o> Tree<'o> {
    pub(super) fn new(objects: &'o Objects, root: Oid) -> Self {
        Tree { objects, root }
    }

    /// What is at `path`. Links are followed by hand, since libgit2 takes them for files; `..` in them climbs the folders that
    /// were really entered, and never above the root.
    pub(super) fn resolve(&self, path: &VfsPath) -> Result<Node, Fault> {
        let mut entered = vec![self.root];
        self.walk(&mut entered, path.as_str().as_bytes())
    }

    /// What `path` leads to from the last of the folders entered.
    fn walk(&self, entered: &mut Vec<Oid>, path: &[u8]) -> Result<Node, Fault> {
        let mut links = 0;
        // The names still to go, the next one last.
        let mut names: Vec<Vec<u8>> = reversed(path).collect();
        while let Some(name) = names.pop() {
            let folder = *entered.last().ok_or(Fault::OutsideRoot)?;
            if name == b".." {
                entered.pop();
                if entered.is_empty() {
                    return Err(Fault::OutsideRoot);
                }
                continue;
            }
            let (id, mode) = self.entry(folder, &name)?;
            match mode {
                TREE => entered.push(id),
                LINK => {
                    links += 1;
                    if links > LINKS {
                        return Err(Fault::LinkLoop);
                    }
                    names.extend(reversed(&self.target(id)?));
                }
                _ if !names.is_empty() => return Err(Fault::NotADirectory),
                SUBMODULE => return Ok(Node::Submodule),
                _ => return Ok(Node::File(id)),
            }
        }
        Ok(Node::Folder(*entered.last().ok_or(Fault::OutsideRoot)?))
    }

    /// The object and the type of a name in a folder.
    fn entry(&self, folder: Oid, name: &[u8]) -> Result<(Oid, u32), Fault> {
        let entry = self.folder(folder)?.into_iter().find(|entry| entry.name == name);
        entry.map(|entry| (entry.id, entry.mode & TYPE)).ok_or(Fault::NotFound)
    }

    fn folder(&self, id: Oid) -> Result<Vec<Named>, Fault> {
        let bytes = self.objects.read(id, ObjectType::Tree, FOLDER)?;
        names(&bytes).ok_or_else(|| damaged(&format!("tree {id} is none")))
    }

    /// Where a symbolic link leads.
    fn target(&self, id: Oid) -> Result<Vec<u8>, Fault> {
        let target = self.objects.read(id, ObjectType::Blob, TARGET)?;
        match target.first() {
            None => Err(Fault::NotFound),
            Some(b'/') => Err(Fault::OutsideRoot),
            Some(_) => Ok(target),
        }
    }

    /// The length of a file in bytes, from its header alone.
    pub(super) fn len(&self, id: Oid) -> Result<u64, Fault> {
        match self.objects.header(id)? {
            (ObjectType::Blob, len) => Ok(len),
            (other, _) => Err(damaged(&format!("object {id} is a {other}, not a blob"))),
        }
    }

    /// The content of a file.
    pub(super) fn bytes(&self, id: Oid) -> Result<Vec<u8>, Fault> {
        self.objects.read(id, ObjectType::Blob, u64::MAX)
    }

    /// The folder at `path`.
    pub(super) fn list(&self, path: &VfsPath) -> Result<Listing, Fault> {
        let mut entered = vec![self.root];
        let Node::Folder(folder) = self.walk(&mut entered, path.as_str().as_bytes())? else {
            return Err(Fault::NotADirectory);
        };
        let mut listing = Listing::default();
        for entry in self.folder(folder)? {
            let name = &entry.name[..];
            if name.starts_with(TEMPORARY_PREFIX.as_bytes()) {
                continue;
            }
            let Some(shown) = std::str::from_utf8(name).ok().filter(|name| is_component(name)) else {
                listing.undecodable.push(String::from_utf8_lossy(name).into_owned());
                continue;
            };
            let kind = match entry.mode & TYPE {
                TREE => FileKind::Directory,
                SUBMODULE => FileKind::Special,
                LINK => self.walk(&mut entered.clone(), name).map_or(FileKind::Link, Node::kind),
                _ => FileKind::File,
            };
            listing.entries.push(Entry { name: shown.to_owned(), kind });
        }
        listing.entries.sort_by(|a, b| a.name.cmp(&b.name));
        listing.entries.dedup_by(|a, b| a.name == b.name);
        listing.undecodable.sort();
        Ok(listing)
    }
}

/// The entries of a tree object: mode, space, name, NUL, the twenty bytes of a hash.
fn names(mut bytes: &[u8]) -> Option<Vec<Named>> {
    let mut names = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ')?;
        let mode = u32::from_str_radix(std::str::from_utf8(&bytes[..space]).ok()?, 8).ok()?;
        let rest = &bytes[space + 1..];
        let nul = rest.iter().position(|byte| *byte == 0)?;
        let (id, after) = rest[nul + 1..].split_at_checked(20)?;
        names.push(Named { name: rest[..nul].to_vec(), mode, id: Oid::from_bytes(id).ok()? });
        bytes = after;
    }
    Some(names)
}

/// The names of a path, the last one first.
fn reversed(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let names = path.rsplit(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".");
    names.map(<[u8]>::to_vec)
}

/// Whether a name, which a tree that was not made by git may hold in any form, is one that a [`VfsPath`] can lead to.
fn is_component(name: &str) -> bool {
    VfsPath::parse(name).is_ok_and(|path| path.as_str() == name && !name.contains('/') && !name.is_empty())
}
