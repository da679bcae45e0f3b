//! Secrets: passwords and keys that settings refer to as `secret:NAME`.

use std::{
    ffi::OsString,
    fmt,
    io::Read,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags, open},
    io::Errno,
    process::geteuid,
};
use std::os::unix::fs::MetadataExt;
use zeroize::Zeroizing;

use crate::keyring;

/// How a reference to a secret begins.
const REFERENCE: &str = "secret:";
/// The longest secret, in bytes.
const LONGEST: u64 = 64 << 10;

/// A secret value. It is shown nowhere and overwritten when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret of this value.
    pub fn new(value: String) -> Self {
        Secret(Zeroizing::new(value))
    }

    /// The value, for whoever has to send or sign with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a secret)")
    }
}

/// Why a secret could not be had, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The name is none.
    #[error(
        "'{0}' is no name for a secret: write letters, digits, '-', '.' and '_', and begin with none of '-' and '.'"
    )]
    Name(String),
    /// It is nowhere.
    #[error(
        "there is no secret '{name}': set {variable}, write it into {} with mode 0600, or put it into the keyring with {}",
        file.display(), keyring::how_to_store(name)
    )]
    Missing {
        /// Its name.
        name: String,
        /// The variable that may hold it.
        variable: String,
        /// The file that may hold it.
        file: PathBuf,
    },
    /// The file is open to others, or is none.
    #[error("{}: {why}", file.display())]
    Unsafe {
        /// The file.
        file: PathBuf,
        /// What is wrong with it and what to do.
        why: String,
    },
    /// The keyring of the desktop does not give it.
    #[error("the secret '{name}' in the keyring: {why}")]
    Keyring {
        /// Its name.
        name: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// The value is no text of one line and reasonable length.
    #[error("{place}: a secret is UTF-8 text of at most 64 KiB")]
    Value {
        /// The variable or the file.
        place: String,
    },
}

type Variables = Box<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// Where secrets are looked up. Nothing is read before a secret is asked for.
pub struct Secrets {
    variable: Variables,
    folder: PathBuf,
}

impl Secrets {
    /// Secrets in variables, which `variable` gives by name, else in files of `secrets` in the configuration folder
    /// `configuration`, else in the keyring of the desktop, where the variables tell of a session bus.
    pub fn new(
        configuration: &Path,
        variable: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static,
    ) -> Self {
        Secrets { variable: Box::new(variable), folder: configuration.join("secrets") }
    }

    /// What a setting means: the secret that `secret:NAME` refers to, any other text itself.
    ///
    /// # Errors
    /// The secret is nowhere, or its file is open to others.
    pub fn resolve(&self, text: &str) -> Result<Secret, SecretError> {
        match text.strip_prefix(REFERENCE) {
            Some(name) => self.find(name),
            None => Ok(Secret::new(text.to_owned())),
        }
    }

    fn find(&self, name: &str) -> Result<Secret, SecretError> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if name.is_empty() || !name.bytes().all(word) || name.starts_with(['-', '.']) {
            return Err(SecretError::Name(name.to_owned()));
        }
        let variable = format!("METABUILDER_SECRET_{}", name.to_uppercase().replace(['-', '.'], "_"));
        if let Some(value) = (self.variable)(&variable) {
            return secret(value.into_vec()).ok_or(SecretError::Value { place: variable });
        }
        let file = self.folder.join(name);
        match read(&file) {
            Ok(None) => match self.in_keyring(name)? {
                Some(bytes) => secret(bytes).ok_or(SecretError::Value { place: "the keyring".to_owned() }),
                None => Err(SecretError::Missing { name: name.to_owned(), variable, file }),
            },
            Ok(Some(bytes)) => {
                secret(bytes).ok_or_else(|| SecretError::Value { place: file.display().to_string() })
            }
            Err(why) => Err(SecretError::Unsafe { file, why }),
        }
    }

    fn in_keyring(&self, name: &str) -> Result<Option<Vec<u8>>, SecretError> {
        let is_there = |folder: OsString| Path::new(&folder).join("bus").exists();
        let session = (self.variable)("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty())
            || (self.variable)("XDG_RUNTIME_DIR").is_some_and(is_there);
        match session {
            true => keyring::find(name).map_err(|why| SecretError::Keyring { name: name.to_owned(), why }),
            false => Ok(None),
        }
    }
}

/// The text without the line break at its end.
fn secret(bytes: Vec<u8>) -> Option<Secret> {
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() as u64 <= LONGEST)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Some(Secret::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

/// The content of a file that is the user's alone; none where there is no such file. What is looked at is what was opened.
fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match open(path, flags, Mode::empty()) {
        Ok(file) => std::fs::File::from(file),
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        Err(Errno::LOOP) => {
            return Err("this is a symbolic link: put the file itself in its place".to_owned());
        }
        Err(errno) => return Err(errno.to_string()),
    };
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("this is no file: put one in its place".to_owned());
    }
    if metadata.uid() != geteuid().as_raw() {
        return Err("this is another user's file: make it your own with chown".to_owned());
    }
    let mode = metadata.mode() & 0o7777;
    if mode != 0o600 && mode != 0o400 {
        return Err(format!("its mode is {mode:04o}, so that others could read it: run chmod 600 on it"));
    }
    let mut bytes = Vec::with_capacity(metadata.len().min(LONGEST) as usize + 1);
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::{PermissionsExt, symlink},
    };

    use super::*;

    #[test]
    fn a_secret_comes_from_a_variable_or_from_a_file_of_the_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join("secrets").join(name);
        fs::create_dir(folder.path().join("secrets")).unwrap();
        for (name, content, mode) in [
            ("file", &b"from file\n"[..], 0o600),
            ("read-only", b"kept\r\n", 0o400),
            ("both", b"never", 0o600),
            ("open", b"x", 0o644),
            ("group", b"x", 0o640),
            ("bytes", b"\xff", 0o600),
        ] {
            fs::write(path(name), content).unwrap();
            fs::set_permissions(path(name), Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(path("folder")).unwrap();
        symlink("file", path("link")).unwrap();
        let secrets = Secrets::new(folder.path(), |name| {
            (name == "METABUILDER_SECRET_BOTH" || name == "METABUILDER_SECRET_A_B_C")
                .then(|| "from variable".into())
        });
        for (text, expected) in [
            ("plain", "plain"),
            ("secret:file", "from file"),
            ("secret:read-only", "kept"),
            ("secret:both", "from variable"),
            ("secret:a-b.c", "from variable"),
            ("secret:open", "its mode is 0644"),
            ("secret:group", "chmod 600"),
            ("secret:folder", "this is no file"),
            ("secret:link", "symbolic link"),
            ("secret:bytes", "UTF-8"),
            ("secret:gone", "set METABUILDER_SECRET_GONE, write it into"),
            ("secret:", "is no name"),
            ("secret:../file", "is no name"),
            ("secret:.file", "is no name"),
        ] {
            match secrets.resolve(text) {
                Ok(secret) => {
                    assert_eq!(secret.expose(), expected, "{text}");
                    let shown = format!("{secret} {secret:?}");
                    assert!(!shown.contains(expected), "{shown}");
                }
                Err(error) => assert!(error.to_string().contains(expected), "{text}: {error}"),
            }
        }
    }
}
