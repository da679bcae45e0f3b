//! From the text that names a revision to its tree.
//!
//! The part of `gitrevisions(7)` that names one commit or tree: a branch, a tag, a remote branch, a hash or its beginning,
//! then `~N`, `^N`, `^{commit}`, `^{tree}` and `:path`. Neither reflogs nor searches, which give another commit every day.

use git2::{ObjectType, Oid};

use super::{
    objects::{Objects, damaged},
    repository::Repository,
    tree::{Node, Tree},
};
use crate::{Fault, VfsPath};

/// Largest commit or tag, in bytes.
const COMMIT: u64 = 16 << 20;

/// A tree and the time of the commit that it belongs to, in seconds after 1970; 0 for a tree that was named itself.
pub(super) struct Revision {
    pub(super) tree: Oid,
    pub(super) seconds: i64,
}

/// What a revision text means.
///
/// # Errors
/// [`Fault::NotFound`]: nothing is called so. Others: an object on the way cannot be read.
pub(super) fn resolve(repository: &Repository, objects: &Objects, text: &str) -> Result<Revision, Fault> {
    let (commit, path) = text.split_once(':').map_or((text, None), |(commit, path)| (commit, Some(path)));
    let end = commit.find(['~', '^']).unwrap_or(commit.len());
    let (name, mut steps) = commit.split_at(end);
    let mut id = named(repository, objects, name).ok_or(Fault::NotFound)?;
    while !steps.is_empty() {
        (id, steps) = step(objects, id, steps)?;
    }
    let mut revision = peeled(objects, id)?;
    if let Some(path) = path {
        let path = VfsPath::parse(path).map_err(|_| Fault::NotFound)?;
        let Node::Folder(tree) = Tree::new(objects, revision.tree).resolve(&path)? else {
            return Err(Fault::NotADirectory);
        };
        revision.tree = tree;
    }
    Ok(revision)
}

fn named(repository: &Repository, objects: &Objects, name: &str) -> Option<Oid> {
    let digits = (4..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits && name.len() == 40 {
        return Oid::from_str(name).ok();
    }
    let name = if name == "@" { "HEAD" } else { name };
    repository.reference(name).or_else(|| digits.then(|| objects.with_prefix(name)).flatten())
}

/// Takes the first step off a text such as `~2^{tree}`.
fn step<'t>(objects: &Objects, id: Oid, steps: &'t str) -> Result<(Oid, &'t str), Fault> {
    let (kind, rest) = steps.split_at(1);
    for (braces, tree) in [("{tree}", true), ("{commit}", false)] {
        if let Some(rest) = rest.strip_prefix(braces).filter(|_| kind == "^") {
            let id = if tree { peeled(objects, id)?.tree } else { commit_at(objects, id)?.id };
            return Ok((id, rest));
        }
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    let number: usize = if digits.is_empty() { 1 } else { digits.parse().map_err(|_| Fault::NotFound)? };
    let mut commit = commit_at(objects, id)?;
    match kind {
        "~" => {
            for _ in 0..number {
                commit = commit_at(objects, *commit.parents.first().ok_or(Fault::NotFound)?)?;
            }
            Ok((commit.id, rest))
        }
        "^" if number == 0 => Ok((commit.id, rest)),
        "^" => Ok((*commit.parents.get(number - 1).ok_or(Fault::NotFound)?, rest)),
        _ => Err(Fault::NotFound),
    }
}

struct Commit {
    id: Oid,
    tree: Oid,
    parents: Vec<Oid>,
    seconds: i64,
}

/// The tree of a commit, a tag or a tree.
fn peeled(objects: &Objects, id: Oid) -> Result<Revision, Fault> {
    let (id, kind) = untagged(objects, id)?;
    match kind {
        ObjectType::Tree => Ok(Revision { tree: id, seconds: 0 }),
        ObjectType::Commit => {
            let commit = commit_at(objects, id)?;
            Ok(Revision { tree: commit.tree, seconds: commit.seconds })
        }
        _ => Err(Fault::NotADirectory),
    }
}

/// What an annotated tag leads to.
fn untagged(objects: &Objects, mut id: Oid) -> Result<(Oid, ObjectType), Fault> {
    loop {
        match objects.header(id)?.0 {
            ObjectType::Tag => {
                let bytes = objects.read(id, ObjectType::Tag, COMMIT)?;
                id = header(&bytes, "object")
                    .next()
                    .ok_or_else(|| damaged(&format!("tag {id} names nothing")))?;
            }
            kind => return Ok((id, kind)),
        }
    }
}

fn commit_at(objects: &Objects, id: Oid) -> Result<Commit, Fault> {
    let (id, kind) = untagged(objects, id)?;
    if kind != ObjectType::Commit {
        return Err(Fault::NotFound);
    }
    let bytes = objects.read(id, ObjectType::Commit, COMMIT)?;
    let tree = header(&bytes, "tree").next().ok_or_else(|| damaged(&format!("commit {id} has no tree")))?;
    Ok(Commit {
        id,
        tree,
        parents: header(&bytes, "parent").collect(),
        seconds: seconds(&bytes).unwrap_or(0),
    })
}

/// The lines ahead of the message.
fn lines(object: &[u8]) -> impl Iterator<Item = &[u8]> {
    object.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty())
}

/// The objects that the header lines of this name hold.
fn header<'o>(object: &'o [u8], name: &'static str) -> impl Iterator<Item = Oid> + 'o {
    let values = lines(object).filter_map(move |line| line.strip_prefix(name.as_bytes())?.strip_prefix(b" "));
    values.filter_map(|value| Oid::from_str(std::str::from_utf8(value).ok()?).ok())
}

/// When it was committed: the last word but one of the line `committer Name <mail> 1700000000 +0100`.
fn seconds(commit: &[u8]) -> Option<i64> {
    let line = lines(commit).find(|line| line.starts_with(b"committer "))?;
    let seconds = line.rsplit(|byte| *byte == b' ').nth(1)?;
    std::str::from_utf8(seconds).ok()?.parse().ok()
}
