//! What every provider promises, run for each of them, and what the local one promises beyond that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)] // A test fails by panicking.

mod confinement;
mod durability;
mod git;
mod http;
mod providers;
mod s3;
mod server;
mod watching;

use std::{path::Path, sync::Arc};

use base::Limits;
use vfs::{Access, LocalProvider, MemoryProvider, Provider, Uri, Vfs, VfsError};

/// A mount table with one provider as `m`, writable, and as `ro`, read-only.
fn table(provider: Arc<dyn Provider>, limits: Limits) -> Vfs {
    Vfs::new("m".parse().unwrap(), limits)
        .with_mount("m".parse().unwrap(), provider.clone(), Access::ReadWrite)
        .with_mount("ro".parse().unwrap(), provider, Access::ReadOnly)
}

fn local(folder: &Path) -> Vfs {
    table(Arc::new(LocalProvider::new(folder).unwrap()), Limits::default())
}

/// Runs the test for an empty mount of each provider; the folder is the local one's.
fn for_each_provider(limits: Limits, test: impl Fn(&Vfs, Option<&Path>)) {
    test(&table(Arc::new(MemoryProvider::new()), limits.clone()), None);
    let folder = tempfile::tempdir().unwrap();
    test(&table(Arc::new(LocalProvider::new(folder.path()).unwrap()), limits), Some(folder.path()));
}

/// A relative path is of the mount `m`.
fn uri(text: &str) -> Uri {
    Uri::from_user(text, &"m".parse().unwrap()).unwrap()
}

/// `Ok`, or the name of the fault.
fn outcome<T>(result: Result<T, VfsError>) -> String {
    match result {
        Ok(_) => "Ok".to_owned(),
        Err(error) => {
            let fault = format!("{:?}", error.fault().expect("a fault of a file"));
            fault.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
        }
    }
}

fn names(vfs: &Vfs, folder: &str) -> Vec<String> {
    vfs.list(&uri(folder)).unwrap().entries.into_iter().map(|entry| entry.name).collect()
}
