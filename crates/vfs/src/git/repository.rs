//! Where a repository keeps its references and objects.
//!
//! Found by its files alone: no configuration is read, neither the repository's nor the user's, so that none has an effect.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use git2::Oid;

use super::GitFault;

/// Longest file that holds one reference or one path, in bytes.
const LINE: u64 = 8 << 10;
/// Longest chain of symbolic references, as in git.
const SYMBOLIC: usize = 5;
/// What a short name of a reference may be short for, in git's order.
const RULES: [(&str, &str); 6] = [
    ("", ""),
    ("refs/", ""),
    ("refs/tags/", ""),
    ("refs/heads/", ""),
    ("refs/remotes/", ""),
    ("refs/remotes/", "/HEAD"),
];

/// The folders of a repository.
pub(super) struct Repository {
    /// Of this worktree.
    own: PathBuf,
    /// Of all worktrees.
    common: PathBuf,
}

impl Repository {
    /// The repository in the folder `path`: with `.git` in it, or bare.
    pub(super) fn open(path: &Path) -> Result<Self, GitFault> {
        let inner = path.join(".git");
        let own = match line(&inner) {
            Some(text) => path.join(text.strip_prefix("gitdir:").unwrap_or(&text).trim_start()),
            None if inner.is_dir() => inner,
            None => path.to_owned(),
        };
        let common = line(&own.join("commondir")).map_or_else(|| own.clone(), |text| own.join(text));
        let known = line(&own.join("HEAD")).is_some() && common.join("objects").is_dir();
        let nothing = || GitFault::NoRepository("it holds neither HEAD nor objects".to_owned());
        if known { Ok(Repository { own, common }) } else { Err(nothing()) }
    }

    /// The folder of the objects.
    pub(super) fn objects(&self) -> PathBuf {
        self.common.join("objects")
    }

    /// The object that a reference leads to, which may be named by less than its whole name.
    pub(super) fn reference(&self, name: &str) -> Option<Oid> {
        let names = RULES.iter().map(|(before, after)| format!("{before}{name}{after}"));
        names.into_iter().find_map(|name| self.resolve(&name, 0))
    }

    fn resolve(&self, name: &str, depth: usize) -> Option<Oid> {
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        if depth > SYMBOLIC || name.contains('\0') || !name.split('/').all(plain) {
            return None;
        }
        match line(&self.own.join(name)).or_else(|| line(&self.common.join(name))) {
            Some(text) => match text.strip_prefix("ref:") {
                Some(target) => self.resolve(target.trim(), depth + 1),
                None => Oid::from_str(text.get(..40)?).ok(),
            },
            None => self.packed(name),
        }
    }

    /// A reference of the file that holds many.
    fn packed(&self, name: &str) -> Option<Oid> {
        let mut file = BufReader::new(regular(&self.common.join("packed-refs"))?);
        let mut text = Vec::new();
        while file.by_ref().take(LINE).read_until(b'\n', &mut text).ok()? > 0 {
            let found =
                text.split_at_checked(41).filter(|(_, rest)| rest.trim_ascii_end() == name.as_bytes());
            if let Some((id, _)) = found {
                return Oid::from_str(std::str::from_utf8(&id[..40]).ok()?).ok();
            }
            text.clear();
        }
        None
    }
}

/// A file that reading does not wait at, unlike a named pipe.
fn regular(path: &Path) -> Option<File> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    File::open(path).ok()
}

/// The first line of a file.
fn line(path: &Path) -> Option<String> {
    let mut text = String::new();
    BufReader::new(regular(path)?.take(LINE)).read_line(&mut text).ok()?;
    Some(text.trim_end().to_owned())
}
