//! A tree of files in memory, for tests and for runs that leave nothing behind.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Seek, SeekFrom, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, SystemTime},
};

use crate::{
    AtomicWrite, Capabilities, ChangeKind, Entry, Fault, FileKind, Listing, Metadata, OpenFile, PathChange,
    Provider, Report, VfsPath, WatchGuard, provider::is_unwatched,
};

/// Files in memory; clones see the same tree. Reports changes at once, on the thread that makes them.
#[derive(Clone, Default)]
pub struct MemoryProvider(Arc<Mutex<Tree>>);

#[derive(Default)]
struct Tree {
    root: Folder,
    /// How many changes there have been.
    changes: u64,
    watchers: Vec<Weak<Watcher>>,
}

type Folder = BTreeMap<String, Node>;

struct Node {
    content: Content,
    /// The count of changes at which it last changed.
    changed: u64,
}

enum Content {
    File(Arc<[u8]>),
    Folder(Folder),
}

struct Watcher {
    path: VfsPath,
    report: Report,
}

impl MemoryProvider {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        // Every change is made by one insert or remove, so a panic elsewhere leaves a whole tree.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the watchers, with the tree free for them to read.
    fn report(&self, changes: &[PathChange]) {
        let watchers: Vec<Arc<Watcher>> = {
            let mut tree = self.tree();
            tree.watchers.retain(|watcher| watcher.strong_count() > 0);
            tree.watchers.iter().filter_map(Weak::upgrade).collect()
        };
        for watcher in watchers {
            let news = changes.iter().filter(|change| {
                change.path.starts_with(&watcher.path) && !change.path.components().any(is_unwatched)
            });
            let news: Vec<PathChange> = news.cloned().collect();
            if !news.is_empty() {
                (watcher.report)(news);
            }
        }
    }
}

impl Tree {
    fn folder(&self, path: &VfsPath) -> Result<&Folder, Fault> {
        path.components()
            .try_fold(&self.root, |folder, name| folder.get(name).ok_or(Fault::NotFound)?.folder())
    }

    fn folder_mut(&mut self, path: &VfsPath) -> Result<&mut Folder, Fault> {
        path.components().try_fold(&mut self.root, |folder, name| {
            match &mut folder.get_mut(name).ok_or(Fault::NotFound)?.content {
                Content::Folder(folder) => Ok(folder),
                Content::File(_) => Err(Fault::NotADirectory),
            }
        })
    }

    /// The node at `path`; none for the root.
    fn node(&self, path: &VfsPath) -> Result<Option<&Node>, Fault> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
        self.folder(&parent)?.get(name).ok_or(Fault::NotFound).map(Some)
    }

    fn next_change(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    /// Puts a file into a folder that is there, or (without bytes) only checks that it could be.
    fn put(&mut self, path: &VfsPath, bytes: Option<Arc<[u8]>>) -> Result<ChangeKind, Fault> {
        let changed = self.next_change();
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Fault::IsADirectory);
        };
        let folder = self.folder_mut(&parent)?;
        let kind = match folder.get(name) {
            None => ChangeKind::Created,
            Some(Node { content: Content::File(_), .. }) => ChangeKind::Modified,
            Some(_) => return Err(Fault::IsADirectory),
        };
        if let Some(bytes) = bytes {
            folder.insert(name.to_owned(), Node { content: Content::File(bytes), changed });
        }
        Ok(kind)
    }
}

impl Node {
    fn folder(&self) -> Result<&Folder, Fault> {
        match &self.content {
            Content::Folder(folder) => Ok(folder),
            Content::File(_) => Err(Fault::NotADirectory),
        }
    }

    fn metadata(&self) -> Metadata {
        let (kind, len) = match &self.content {
            Content::File(bytes) => (FileKind::File, bytes.len() as u64),
            Content::Folder(_) => (FileKind::Directory, 0),
        };
        Metadata { kind, len, modified: SystemTime::UNIX_EPOCH + Duration::from_nanos(self.changed) }
    }
}

impl Provider for MemoryProvider {
    fn capabilities(&self) -> Capabilities {
        Capabilities { write: true, watch: true }
    }

    fn open(&self, path: &VfsPath) -> Result<OpenFile, Fault> {
        match self.tree().node(path)? {
            Some(node @ Node { content: Content::File(bytes), .. }) => {
                Ok(OpenFile::new(node.metadata(), Cursor::new(bytes.clone())))
            }
            _ => Err(Fault::IsADirectory),
        }
    }

    fn metadata(&self, path: &VfsPath) -> Result<Metadata, Fault> {
        let root = Metadata { kind: FileKind::Directory, len: 0, modified: SystemTime::UNIX_EPOCH };
        Ok(self.tree().node(path)?.map_or(root, Node::metadata))
    }

    fn list(&self, path: &VfsPath) -> Result<Listing, Fault> {
        let tree = self.tree();
        let entries = tree.folder(path)?.iter();
        let entries = entries.map(|(name, node)| Entry { name: name.clone(), kind: node.metadata().kind });
        Ok(Listing { entries: entries.collect(), undecodable: Vec::new() })
    }

    fn write_atomic(&self, path: &VfsPath) -> Result<Box<dyn AtomicWrite>, Fault> {
        self.tree().put(path, None)?;
        Ok(Box::new(MemoryWriter { provider: self.clone(), path: path.clone(), content: Cursor::default() }))
    }

    fn remove(&self, path: &VfsPath) -> Result<(), Fault> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Fault::MountRoot);
        };
        {
            let mut tree = self.tree();
            let folder = tree.folder_mut(&parent)?;
            match &folder.get(name).ok_or(Fault::NotFound)?.content {
                Content::Folder(content) if !content.is_empty() => return Err(Fault::NotEmpty),
                _ => folder.remove(name),
            };
        }
        self.report(&[PathChange { path: path.clone(), kind: ChangeKind::Removed }]);
        Ok(())
    }

    fn create_dir_all(&self, path: &VfsPath) -> Result<(), Fault> {
        let mut made = Vec::new();
        {
            let mut tree = self.tree();
            let changed = tree.next_change();
            let mut at = VfsPath::root();
            path.components().try_fold(&mut tree.root, |folder, name| {
                at = at.child(name);
                let node = folder.entry(name.to_owned()).or_insert_with(|| {
                    made.push(PathChange { path: at.clone(), kind: ChangeKind::Created });
                    Node { content: Content::Folder(Folder::new()), changed }
                });
                match &mut node.content {
                    Content::Folder(folder) => Ok(folder),
                    Content::File(_) => Err(Fault::NotADirectory),
                }
            })?;
        }
        self.report(&made);
        Ok(())
    }

    fn watch(&self, path: &VfsPath, report: Report) -> Result<WatchGuard, Fault> {
        let mut tree = self.tree();
        tree.node(path)?;
        let watcher = Arc::new(Watcher { path: path.clone(), report });
        tree.watchers.push(Arc::downgrade(&watcher));
        Ok(WatchGuard::new(watcher))
    }
}

struct MemoryWriter {
    provider: MemoryProvider,
    path: VfsPath,
    content: Cursor<Vec<u8>>,
}

impl Write for MemoryWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.content.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for MemoryWriter {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.content.seek(position)
    }
}

impl AtomicWrite for MemoryWriter {
    fn commit(self: Box<Self>) -> Result<(), Fault> {
        let kind = match self.provider.tree().put(&self.path, Some(self.content.into_inner().into())) {
            Err(Fault::NotFound | Fault::NotADirectory) => return Err(Fault::Moved),
            kind => kind?,
        };
        self.provider.report(&[PathChange { path: self.path, kind }]);
        Ok(())
    }
}
