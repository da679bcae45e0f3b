//! Names of files: a mount and a normalised path inside of it.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How the names of unfinished outputs begin. No [`VfsPath`] may name one, listings hide them and watches ignore them.
pub const TEMPORARY_PREFIX: &str = ".metabuilder-tmp-";

/// Longest name of one file or folder, in bytes (Linux's `NAME_MAX`).
const NAME_MAX: usize = 255;
/// Longest path, in bytes (Linux's `PATH_MAX` without its terminator).
const PATH_MAX: usize = 4095;

/// A text that names no file of a mount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Nothing was written.
    #[error("an empty text names no file: write '.' for the folder itself")]
    Empty,
    /// The path holds a NUL character.
    #[error("{0:?} holds a NUL character, which no file name may")]
    Nul(String),
    /// The path climbs above its root.
    #[error("{0:?} leads out of its mount: name a file beneath it, or give an absolute path")]
    Escapes(String),
    /// An absolute path where a relative one belongs.
    #[error("{0:?} is absolute: write it relative to the folder")]
    Absolute(String),
    /// A name of more than 255 bytes, or a path of more than 4,095.
    #[error("{0:?} is too long: 255 bytes for a name, 4095 for a path")]
    TooLong(String),
    /// A name that unfinished outputs use.
    #[error("{0:?} uses a name that starts with '{TEMPORARY_PREFIX}', which is kept for unfinished outputs")]
    Reserved(String),
    /// Not of the form `mount:/path`.
    #[error("{0:?} is not of the form mount:/path")]
    NoMount(String),
    /// A mount's name of other than lower-case letters, digits and dashes.
    #[error("{0:?} is no name for a mount: write a lower-case letter, then letters, digits or dashes")]
    MountName(String),
}

/// A path inside of a mount: UTF-8, relative to the mount's root, components joined by `/`, without `.`, `..`, empty components
/// or NUL. The empty path is the root. `..` is resolved by the text alone, before any symbolic link is looked at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VfsPath(Arc<str>);

impl VfsPath {
    /// The mount's root.
    pub fn root() -> Self {
        VfsPath("".into())
    }

    /// Normalises a relative path as a person writes it: `./a//b/../c` is `a/c`.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if text.starts_with('/') {
            return Err(UriError::Absolute(text.to_owned()));
        }
        normalise(text, text)
    }

    /// The path of `relative` as seen from this folder; `..` may climb, though not above the root.
    pub fn join(&self, relative: &str) -> Result<Self, UriError> {
        if relative.starts_with('/') {
            return Err(UriError::Absolute(relative.to_owned()));
        }
        normalise(&format!("{}/{relative}", self.0), relative)
    }

    /// The path as text, without a leading `/`; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the mount's root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The names on the way from the root.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// The folder that holds this; none for the root.
    pub fn parent(&self) -> Option<Self> {
        (!self.is_root()).then(|| VfsPath(self.0.rsplit_once('/').map_or("", |(parent, _)| parent).into()))
    }

    /// The last name; none for the root.
    pub fn file_name(&self) -> Option<&str> {
        self.0.rsplit('/').next().filter(|name| !name.is_empty())
    }

    /// What follows the last dot of the file name, as written; none for `name`, `.name` and `name.`.
    pub fn extension(&self) -> Option<&str> {
        let (stem, extension) = self.file_name()?.rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then_some(extension)
    }

    /// Whether this is `folder` or lies beneath it.
    pub fn starts_with(&self, folder: &VfsPath) -> bool {
        match self.0.strip_prefix(&*folder.0) {
            Some(rest) => folder.is_root() || rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }

    /// The path of a child whose name is already known to be a single component.
    pub(crate) fn child(&self, name: &str) -> Self {
        if self.is_root() { VfsPath(name.into()) } else { VfsPath(format!("{}/{name}", self.0).into()) }
    }
}

fn normalise(path: &str, written: &str) -> Result<VfsPath, UriError> {
    let written = || written.to_owned();
    if path.contains('\0') {
        return Err(UriError::Nul(written()));
    }
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop().ok_or_else(|| UriError::Escapes(written()))?;
            }
            _ if name.len() > NAME_MAX => return Err(UriError::TooLong(written())),
            _ if name.starts_with(TEMPORARY_PREFIX) => return Err(UriError::Reserved(written())),
            _ => names.push(name),
        }
    }
    let path = names.join("/");
    if path.len() > PATH_MAX {
        return Err(UriError::TooLong(written()));
    }
    Ok(VfsPath(path.into()))
}

impl fmt::Display for VfsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for VfsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The name of a mount: a lower-case letter, then lower-case letters, digits or dashes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MountName(Arc<str>);

impl MountName {
    /// The mount of the whole file system, which absolute paths name.
    pub const FILE: &'static str = "file";

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn file() -> Self {
        MountName(Self::FILE.into())
    }
}

impl FromStr for MountName {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let word = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if word && text.starts_with(|c: char| c.is_ascii_lowercase()) {
            Ok(MountName(text.into()))
        } else {
            Err(UriError::MountName(text.to_owned()))
        }
    }
}
impl fmt::Display for MountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for MountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Names a file or folder of a mount; written `mount:/path/inside`, nothing escaped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri {
    mount: MountName,
    path: VfsPath,
}

impl Uri {
    /// The file at `path` of `mount`.
    pub fn new(mount: MountName, path: VfsPath) -> Self {
        Uri { mount, path }
    }

    /// Reads what a person writes: `mount:/path`, an absolute path (of the mount `file`), or a path relative to the root of
    /// `default`. A name such as `a:b.txt` is relative, since no `/` follows the colon.
    pub fn from_user(text: &str, default: &MountName) -> Result<Self, UriError> {
        if text.is_empty() {
            return Err(UriError::Empty);
        }
        match text.parse() {
            Err(UriError::NoMount(_) | UriError::MountName(_)) => {}
            uri => return uri,
        }
        if text.starts_with('/') {
            return Ok(Uri::new(MountName::file(), normalise(text, text)?));
        }
        Ok(Uri::new(default.clone(), VfsPath::parse(text)?))
    }

    /// The mount that holds the file.
    pub fn mount(&self) -> &MountName {
        &self.mount
    }

    /// Where in the mount it is.
    pub fn path(&self) -> &VfsPath {
        &self.path
    }

    /// See [`VfsPath::join`].
    pub fn join(&self, relative: &str) -> Result<Self, UriError> {
        Ok(Uri::new(self.mount.clone(), self.path.join(relative)?))
    }

    /// See [`VfsPath::parent`].
    pub fn parent(&self) -> Option<Self> {
        Some(Uri::new(self.mount.clone(), self.path.parent()?))
    }

    /// See [`VfsPath::file_name`].
    pub fn file_name(&self) -> Option<&str> {
        self.path.file_name()
    }

    /// See [`VfsPath::extension`].
    pub fn extension(&self) -> Option<&str> {
        self.path.extension()
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let (mount, path) = text.split_once(":/").ok_or_else(|| UriError::NoMount(text.to_owned()))?;
        Ok(Uri::new(mount.parse()?, normalise(path, text)?))
    }
}
impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:/{}", self.mount, self.path)
    }
}
impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl Serialize for Uri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Uri {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(text: &str) -> Result<String, UriError> {
        Uri::from_user(text, &"workspace".parse()?).map(|uri| uri.to_string())
    }

    #[test]
    fn user_text_resolves_to_a_mount_and_a_normalised_path() {
        for (text, uri) in [
            ("in/photo.jpg", "workspace:/in/photo.jpg"),
            ("./a//b/../c/", "workspace:/a/c"),
            (".", "workspace:/"),
            ("/home//me/./x", "file:/home/me/x"),
            ("mem:/x", "mem:/x"),
            ("mem://x", "mem:/x"),
            ("a:b.txt", "workspace:/a:b.txt"),
            ("Ä b:/c", "workspace:/Ä b:/c"),
            (".metabuilder/store", "workspace:/.metabuilder/store"),
        ] {
            assert_eq!(user(text).as_deref(), Ok(uri), "{text}");
        }
        let long = "x".repeat(256);
        let deep = "x/".repeat(3000);
        let own = |text: &str| text.to_owned();
        for (text, error) in [
            ("", UriError::Empty),
            ("..", UriError::Escapes(own(".."))),
            ("a/../../b", UriError::Escapes(own("a/../../b"))),
            ("mem:/../x", UriError::Escapes(own("mem:/../x"))),
            ("/..", UriError::Escapes(own("/.."))),
            ("a\0b", UriError::Nul(own("a\0b"))),
            (&long, UriError::TooLong(long.clone())),
            (&deep, UriError::TooLong(deep.clone())),
            ("d/.metabuilder-tmp-1-2", UriError::Reserved(own("d/.metabuilder-tmp-1-2"))),
        ] {
            assert_eq!(user(text), Err(error), "{text}");
        }
    }

    #[test]
    fn parts_of_a_path() {
        for (text, parent, name, extension) in [
            ("", None, None, None),
            ("a", Some(""), Some("a"), None),
            ("a/b.tar.gz", Some("a"), Some("b.tar.gz"), Some("gz")),
            ("a.d/.hidden", Some("a.d"), Some(".hidden"), None),
            ("x/name.", Some("x"), Some("name."), None),
        ] {
            let path = VfsPath::parse(text).unwrap();
            assert_eq!(path.parent().as_ref().map(VfsPath::as_str), parent, "{text}");
            assert_eq!((path.file_name(), path.extension()), (name, extension), "{text}");
        }
        let folder = VfsPath::parse("a/b").unwrap();
        assert_eq!(folder.join("../c").unwrap().as_str(), "a/c");
        assert_eq!(folder.join("../../../c"), Err(UriError::Escapes("../../../c".to_owned())));
        assert_eq!(folder.join("/c"), Err(UriError::Absolute("/c".to_owned())));
        assert!(folder.starts_with(&VfsPath::parse("a").unwrap()));
        assert!(!VfsPath::parse("a/bc").unwrap().starts_with(&folder));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_normal_stays_inside_and_reads_back(text in "([a-c.:/]|\\.\\./|é|\0){0,24}") {
            if let Ok(uri) = Uri::from_user(&text, &"m".parse().unwrap()) {
                prop_assert!(uri.path().components().all(|name| name != ".." && name != "."));
                prop_assert!(!uri.path().as_str().contains('\0'));
                prop_assert_eq!(uri.path().components().collect::<Vec<_>>().join("/"), uri.path().as_str());
                prop_assert_eq!(uri.to_string().parse::<Uri>(), Ok(uri.clone()));
            }
        }
    }
}
