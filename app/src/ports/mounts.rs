//! The mounts that the setting `mounts` declares.
//!
//! Nothing is opened, looked up or connected to before a mount is used, so that none slows the start down.

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use base::{Diagnostic, Limits, nearest};
use kernel::Settings;
use serde_json::{Map, Value as Json};
use vfs::{
    Access, AtomicWrite, Cache, Capabilities, Fault, GitProvider, HttpOptions, HttpProvider, Listing,
    LocalProvider, Metadata, MountName, OpenFile, Provider, Report, S3Options, S3Provider, Vfs, VfsPath,
    WatchGuard,
    secrets::{SecretError, Secrets},
};

/// The setting.
const KEY: &str = "mounts";
/// Most bytes that are kept on disk of what was fetched over HTTP.
const CACHE: u64 = 1 << 30;

/// What a value of a mount must be.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Text,
    /// A text without which there is no mount.
    Needed,
    Flag,
}

/// The kinds of mounts, and the keys of each beside `provider`.
const PROVIDERS: [(&str, &[(&str, Shape)]); 4] = [
    ("local", &[("path", Shape::Needed), ("readOnly", Shape::Flag)]),
    ("git", &[("repository", Shape::Needed), ("revision", Shape::Text)]),
    ("http", &[("url", Shape::Needed), ("allowPrivate", Shape::Flag)]),
    (
        "s3",
        &[
            ("endpoint", Shape::Needed),
            ("region", Shape::Text),
            ("bucket", Shape::Needed),
            ("prefix", Shape::Text),
            ("pathStyle", Shape::Flag),
            ("accessKey", Shape::Text),
            ("secretKey", Shape::Text),
        ],
    ),
];

/// What a mount is made from.
#[derive(Clone)]
pub struct Surroundings {
    /// The folder from which relative paths are seen.
    pub folder: PathBuf,
    /// The user's configuration folder, which may hold secrets.
    pub configuration: Option<PathBuf>,
    /// The user's folder for what can be fetched again.
    pub cache: Option<PathBuf>,
    /// The limits of this run.
    pub limits: Limits,
}

/// A mount that is declared and well-formed.
pub struct Mount {
    /// Its name.
    pub name: MountName,
    /// `local`, `git`, `http` or `s3`.
    pub kind: &'static str,
    values: Map<String, Json>,
    /// Whether the user declared it: one that came with a workspace gets no secrets, and reaches no private network.
    is_own: bool,
    surroundings: Surroundings,
}

/// The mounts that the settings declare, and what is wrong with the others.
pub fn declared(settings: &Settings, surroundings: &Surroundings) -> (Vec<Mount>, Vec<Diagnostic>) {
    let (mut mounts, mut warnings) = (Vec::new(), Vec::new());
    for (name, values) in settings.get(KEY).as_object().into_iter().flatten() {
        match mount(name, values, settings.is_own(KEY), surroundings) {
            Ok(mount) => mounts.push(mount),
            Err(warning) => warnings.push(warning),
        }
    }
    (mounts, warnings)
}

fn mount(name: &str, values: &Json, is_own: bool, surroundings: &Surroundings) -> Result<Mount, Diagnostic> {
    let place = format!("{KEY}.{name}");
    let at = |key: &str, message: String| Diagnostic::warning(format!("{place}.{key}"), message);
    let mount_name: MountName =
        name.parse().map_err(|error: vfs::UriError| Diagnostic::warning(&place, error.to_string()))?;
    if name == MountName::FILE {
        return Err(Diagnostic::warning(&place, "this name stands for all files of this machine"));
    }
    let values = values.as_object().ok_or_else(|| Diagnostic::warning(&place, "this is no object"))?;
    let provider = values.get("provider").and_then(Json::as_str).unwrap_or_default();
    let names = PROVIDERS.map(|(name, _)| name);
    let Some((kind, keys)) = PROVIDERS.into_iter().find(|(name, _)| *name == provider) else {
        let message = format!("'{provider}' is none of {}{}", names.join(", "), meant(provider, names));
        return Err(at("provider", message));
    };
    for (key, value) in values.iter().filter(|(key, _)| *key != "provider") {
        let known = keys.iter().map(|(key, _)| *key);
        let Some((_, shape)) = keys.iter().find(|(name, _)| name == key) else {
            return Err(at(key, format!("a mount by {kind} has no such key{}", meant(key, known))));
        };
        match shape {
            Shape::Flag if !value.is_boolean() => return Err(at(key, "write true or false".into())),
            Shape::Text | Shape::Needed if !value.is_string() => return Err(at(key, "write a text".into())),
            _ => {}
        }
    }
    let missing = |key: &str| values.get(key).and_then(Json::as_str).is_none_or(str::is_empty);
    if let Some((key, _)) = keys.iter().find(|(key, shape)| *shape == Shape::Needed && missing(key)) {
        return Err(at(key, format!("a mount by {kind} needs this")));
    }
    if kind == "s3" && missing("accessKey") != missing("secretKey") {
        return Err(at("accessKey", "write both accessKey and secretKey, or neither".into()));
    }
    let secret =
        |key: &&str| values.get(*key).and_then(Json::as_str).is_some_and(|text| text.starts_with("secret:"));
    if let Some(key) = ["accessKey", "secretKey"].iter().find(|key| !is_own && secret(key)) {
        let message = "a mount that comes with a workspace gets no secrets: declare it in your own settings";
        return Err(at(key, message.into()));
    }
    Ok(Mount { name: mount_name, kind, values: values.clone(), is_own, surroundings: surroundings.clone() })
}

fn meant<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    nearest(name, known).map_or(String::new(), |name| format!("; did you mean '{name}'?"))
}

/// The table with these mounts, too.
pub fn mounted(vfs: Vfs, mounts: Vec<Mount>) -> Vfs {
    mounts.into_iter().fold(vfs, |vfs, mount| {
        let access = if mount.is_writable() { Access::ReadWrite } else { Access::ReadOnly };
        let name = mount.name.clone();
        vfs.with_mount(name, Arc::new(Lazy { mount, provider: Mutex::new(None) }), access)
    })
}

impl Mount {
    fn is_writable(&self) -> bool {
        match self.kind {
            "local" => !self.flag("readOnly"),
            kind => kind == "s3",
        }
    }

    /// What it shows, for people: without secrets.
    pub fn detail(&self) -> String {
        match self.kind {
            "local" => self.host("path").display().to_string(),
            "git" => format!("{} at {}", self.host("repository").display(), self.text("revision", "HEAD")),
            "http" => self.text("url", "").to_owned(),
            _ => {
                let place = [self.text("endpoint", ""), self.text("bucket", ""), self.text("prefix", "")];
                place.map(|part| part.trim_matches('/')).join("/").trim_end_matches('/').to_owned()
            }
        }
    }

    /// Opens it; servers are not asked.
    pub fn open(&self) -> Result<Arc<dyn Provider>, Fault> {
        let failed = |error: &dyn std::fmt::Display| Fault::Unmountable(error.to_string());
        let limits = &self.surroundings.limits;
        Ok(match self.kind {
            "local" => Arc::new(LocalProvider::new(self.host("path")).map_err(|error| failed(&error))?),
            "git" => {
                let repository = self.host("repository");
                let provider = GitProvider::new(repository, self.text("revision", "HEAD"), limits);
                Arc::new(provider.map_err(|error| failed(&error))?)
            }
            "http" => {
                let folder = self.surroundings.cache.as_ref();
                let folder = folder.ok_or_else(|| failed(&"set HOME or XDG_CACHE_HOME to have a cache"))?;
                let cache = Cache::new(folder.join("http"), CACHE).map_err(|error| failed(&error))?;
                let options = HttpOptions {
                    allow_private: self.is_own && self.flag("allowPrivate"),
                    file_bytes: limits.file_bytes,
                    ..HttpOptions::new(self.text("url", ""))
                };
                Arc::new(HttpProvider::new(options, cache).map_err(|error| failed(&error))?)
            }
            _ => {
                let region = self.text("region", "us-east-1");
                let options = S3Options::new(self.text("endpoint", ""), region, self.text("bucket", ""));
                let options = S3Options {
                    allow_private: self.is_own,
                    prefix: self.text("prefix", "").to_owned(),
                    path_style: self.flag("pathStyle"),
                    credentials: self.credentials().map_err(|error| failed(&error))?,
                    file_bytes: limits.file_bytes,
                    ..options
                };
                Arc::new(S3Provider::new(options).map_err(|error| failed(&error))?)
            }
        })
    }

    fn credentials(&self) -> Result<Option<(vfs::secrets::Secret, vfs::secrets::Secret)>, SecretError> {
        let (access, secret) = (self.text("accessKey", ""), self.text("secretKey", ""));
        if access.is_empty() {
            return Ok(None);
        }
        let nowhere = Path::new("/nonexistent");
        let folder = self.surroundings.configuration.as_deref().unwrap_or(nowhere);
        let secrets = Secrets::new(folder, |name| env::var_os(name));
        Ok(Some((secrets.resolve(access)?, secrets.resolve(secret)?)))
    }

    fn text<'m>(&'m self, key: &str, usual: &'m str) -> &'m str {
        self.values.get(key).and_then(Json::as_str).filter(|text| !text.is_empty()).unwrap_or(usual)
    }

    fn flag(&self, key: &str) -> bool {
        self.values.get(key).and_then(Json::as_bool).unwrap_or(false)
    }

    fn host(&self, key: &str) -> PathBuf {
        self.surroundings.folder.join(self.text(key, ""))
    }
}

/// A mount that is opened when it is used first; one that cannot be is tried anew at the next use.
struct Lazy {
    mount: Mount,
    provider: Mutex<Option<Arc<dyn Provider>>>,
}

impl Lazy {
    fn provider(&self) -> Result<Arc<dyn Provider>, Fault> {
        let mut provider = self.provider.lock().unwrap_or_else(PoisonError::into_inner);
        match &*provider {
            Some(provider) => Ok(provider.clone()),
            None => Ok(provider.insert(self.mount.open()?).clone()),
        }
    }
}

impl Provider for Lazy {
    fn capabilities(&self) -> Capabilities {
        Capabilities { write: self.mount.is_writable(), watch: self.mount.kind == "local" }
    }

    fn open(&self, path: &VfsPath) -> Result<OpenFile, Fault> {
        self.provider()?.open(path)
    }

    fn read(&self, path: &VfsPath, limit: u64) -> Result<Vec<u8>, Fault> {
        self.provider()?.read(path, limit)
    }

    fn metadata(&self, path: &VfsPath) -> Result<Metadata, Fault> {
        self.provider()?.metadata(path)
    }

    fn state(&self, path: &VfsPath) -> Result<Option<String>, Fault> {
        self.provider()?.state(path)
    }

    fn list(&self, path: &VfsPath) -> Result<Listing, Fault> {
        self.provider()?.list(path)
    }

    fn write_atomic(&self, path: &VfsPath) -> Result<Box<dyn AtomicWrite>, Fault> {
        self.provider()?.write_atomic(path)
    }

    fn remove(&self, path: &VfsPath) -> Result<(), Fault> {
        self.provider()?.remove(path)
    }

    fn create_dir_all(&self, path: &VfsPath) -> Result<(), Fault> {
        self.provider()?.create_dir_all(path)
    }

    fn watch(&self, path: &VfsPath, report: Report) -> Result<WatchGuard, Fault> {
        self.provider()?.watch(path, report)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wrong_declaration_is_told_by_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let surroundings = Surroundings {
            folder: folder.path().to_owned(),
            configuration: None,
            cache: None,
            limits: Limits::default(),
        };
        for (name, values, warning) in [
            ("a", json!({ "provider": "git", "repository": "." }), ""),
            ("A", json!({}), "mounts.A: \"A\" is no name for a mount"),
            ("file", json!({}), "mounts.file: this name stands for"),
            ("a", json!([]), "mounts.a: this is no object"),
            (
                "a",
                json!({ "provider": "gitt" }),
                "mounts.a.provider: 'gitt' is none of local, git, http, s3; did you mean 'git'?",
            ),
            (
                "a",
                json!({ "provider": "git", "repository": ".", "revison": "x" }),
                "mounts.a.revison: a mount by git has no such key; did you mean 'revision'?",
            ),
            ("a", json!({ "provider": "http" }), "mounts.a.url: a mount by http needs this"),
            (
                "a",
                json!({ "provider": "local", "path": ".", "readOnly": 1 }),
                "mounts.a.readOnly: write true or false",
            ),
            ("a", json!({ "provider": "local", "path": 1 }), "mounts.a.path: write a text"),
            (
                "a",
                json!({ "provider": "s3", "endpoint": "x", "bucket": "b", "accessKey": "k" }),
                "mounts.a.accessKey: write both",
            ),
        ] {
            let found = mount(name, &values, true, &surroundings).map(drop);
            let found = found.map_or_else(|warning| warning.to_string(), |()| String::new());
            let expected = if warning.is_empty() { String::new() } else { format!("warning: {warning}") };
            assert!(found.starts_with(&expected) && found.is_empty() == warning.is_empty(), "{found}");
        }
        let values = json!({ "provider": "s3", "endpoint": "http://x", "bucket": "b", "accessKey": "secret:a", "secretKey": "secret:b" });
        assert!(mount("a", &values, true, &surroundings).is_ok());
        let refused = mount("a", &values, false, &surroundings).err().unwrap().to_string();
        assert!(refused.contains("mounts.a.accessKey: a mount that comes with a workspace"), "{refused}");
    }
}
