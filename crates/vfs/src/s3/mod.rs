//! A bucket of Amazon S3, or of a server that speaks as it does, as a mount.

mod listing;
mod request;
mod write;

use std::{sync::Arc, time::SystemTime};

use base::Limits;
use rusty_s3::{Bucket, UrlStyle};
use ureq::http::Method;

use crate::{
    AtomicWrite, Capabilities, Fault, FileKind, Listing, Metadata, OpenFile, Patience, Provider, RemoteFault,
    Report, VfsPath, WatchGuard,
    http::{Client, Ranges, Validator, address, part, time},
    secrets::Secret,
};
use request::Connection;
use write::S3Writer;

/// How a bucket is mounted.
pub struct S3Options {
    /// The address of the server: `https://s3.eu-west-1.amazonaws.com`.
    pub endpoint: String,
    /// Whether the server may be in a private network, or this machine.
    pub allow_private: bool,
    /// The region: `eu-west-1`.
    pub region: String,
    /// The name of the bucket.
    pub bucket: String,
    /// What the keys begin with, without the slashes around it; empty for the whole bucket.
    pub prefix: String,
    /// Whether the bucket is named in the path and not in the host.
    pub path_style: bool,
    /// Access key and secret key; none for a bucket that everybody may read.
    pub credentials: Option<(Secret, Secret)>,
    /// How long the server may take.
    pub patience: Patience,
    /// The largest file that is read, in bytes ([`Limits::file_bytes`]).
    pub file_bytes: u64,
    /// The length in bytes of the parts in which a file is read that is opened; at least 1.
    pub block_bytes: u64,
    /// The length in bytes of the parts in which a large file is sent; S3 itself takes none below 5 MiB but the last.
    pub part_bytes: usize,
}

impl S3Options {
    /// The usual options for a bucket.
    pub fn new(endpoint: impl Into<String>, region: impl Into<String>, bucket: impl Into<String>) -> Self {
        S3Options {
            endpoint: endpoint.into(),
            allow_private: true,
            region: region.into(),
            bucket: bucket.into(),
            prefix: String::new(),
            path_style: false,
            credentials: None,
            patience: Patience::default(),
            file_bytes: Limits::default().file_bytes,
            block_bytes: 1 << 20,
            part_bytes: 8 << 20,
        }
    }
}

/// The objects of a bucket as files; a folder is what keys have in common up to a slash, so that it is there when something is in
/// it. Nothing is kept on disk. A write appears as a whole: if the answer to its last request is lost, it may be there although
/// it is told to have failed.
pub struct S3Provider {
    connection: Arc<Connection>,
    /// Empty, or ends in a slash.
    prefix: String,
    file_bytes: u64,
    block_bytes: u64,
    part_bytes: usize,
}

impl S3Provider {
    /// A mount of a bucket; nothing is asked yet.
    ///
    /// # Errors
    /// [`RemoteFault::Address`]: endpoint, bucket or prefix are none.
    pub fn new(options: S3Options) -> Result<Self, Fault> {
        let wrong = |message: &str| RemoteFault::Address {
            address: options.endpoint.clone(),
            message: message.to_owned(),
        };
        let endpoint = address(&options.endpoint)?;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if options.bucket.is_empty() || !options.bucket.bytes().all(word) || options.bucket.starts_with('.') {
            return Err(wrong("the bucket's name is none").into());
        }
        let prefix = options.prefix.trim_matches('/');
        if VfsPath::parse(prefix).map_or(true, |path| path.as_str() != prefix) {
            return Err(wrong("the prefix is no path without '.', '..' and '//'").into());
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let style = if options.path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let bucket = Bucket::new(endpoint, style, options.bucket.clone(), options.region.clone())
            .map_err(|error| wrong(&error.to_string()))?;
        let client = Client::new(bucket.base_url(), options.allow_private, options.patience);
        let connection = Connection { client, bucket, credentials: options.credentials };
        Ok(S3Provider {
            connection: Arc::new(connection),
            prefix,
            file_bytes: options.file_bytes,
            block_bytes: options.block_bytes.max(1),
            part_bytes: options.part_bytes.max(1),
        })
    }

    /// The key of a file; none for the root.
    fn key(&self, path: &VfsPath) -> Result<String, Fault> {
        if path.is_root() {
            Err(Fault::IsADirectory)
        } else {
            Ok(format!("{}{}", self.prefix, path.as_str()))
        }
    }

    /// What the keys of all that is in a folder begin with.
    fn folder(&self, path: &VfsPath) -> String {
        if path.is_root() { self.prefix.clone() } else { format!("{}{}/", self.prefix, path.as_str()) }
    }

    /// Length, date and entity tag of the file of this key.
    fn head(&self, key: &str) -> Result<(Metadata, Option<String>), Fault> {
        let answer = self.connection.repeat(&Method::HEAD, Some(key), &[], &[], &[])?;
        let len = answer.header("content-length").and_then(|len| len.parse().ok());
        let len =
            len.ok_or_else(|| RemoteFault::Protocol("it does not say how long the file is".to_owned()))?;
        let modified = time(answer.header("last-modified"));
        let tag = answer.header("etag").map(str::to_owned);
        Ok((Metadata { kind: FileKind::File, len, modified }, tag))
    }

    /// Whether anything is in a folder.
    fn has_content(&self, path: &VfsPath) -> Result<bool, Fault> {
        let page = self.connection.page(&self.folder(path), 1, None)?;
        Ok(!page.objects.is_empty() || !page.prefixes.is_empty())
    }

    /// The fault of reading a file that is not there, which may be a folder.
    fn missing<T>(&self, path: &VfsPath, result: Result<T, Fault>) -> Result<T, Fault> {
        match result {
            Err(Fault::NotFound) if self.has_content(path)? => Err(Fault::IsADirectory),
            result => result,
        }
    }
}

const FOLDER: Metadata = Metadata { kind: FileKind::Directory, len: 0, modified: SystemTime::UNIX_EPOCH };

impl Provider for S3Provider {
    fn capabilities(&self) -> Capabilities {
        Capabilities { write: true, watch: false }
    }

    fn open(&self, path: &VfsPath) -> Result<OpenFile, Fault> {
        let key = self.key(path)?;
        let (metadata, tag) = self.missing(path, self.head(&key))?;
        let len = metadata.len;
        Limits::check("the file's size in bytes", len, self.file_bytes, "fileBytes")?;
        let tag = tag.ok_or_else(|| RemoteFault::Protocol("it gives no entity tag".to_owned()))?;
        let connection = self.connection.clone();
        let fetch = move |range: std::ops::Range<u64>| {
            connection.client.retrying(|| {
                part(connection.range(&key, &range, &tag)?, &range, len, &Validator(tag.clone()))
            })
        };
        Ok(OpenFile::new(metadata, Ranges::new(len, self.block_bytes, None, fetch)))
    }

    fn read(&self, path: &VfsPath, limit: u64) -> Result<Vec<u8>, Fault> {
        let read = self.connection.read(&self.key(path)?, limit.min(self.file_bytes));
        self.missing(path, read)
    }

    fn metadata(&self, path: &VfsPath) -> Result<Metadata, Fault> {
        if path.is_root() {
            return Ok(FOLDER);
        }
        match self.missing(path, self.head(&self.key(path)?)) {
            Err(Fault::IsADirectory) => Ok(FOLDER),
            found => Ok(found?.0),
        }
    }

    fn list(&self, path: &VfsPath) -> Result<Listing, Fault> {
        match self.connection.list(&self.folder(path))? {
            Some(listing) => Ok(listing),
            None if path.is_root() => Ok(Listing::default()),
            None => self.head(&self.key(path)?).and(Err(Fault::NotADirectory)),
        }
    }

    fn write_atomic(&self, path: &VfsPath) -> Result<Box<dyn AtomicWrite>, Fault> {
        Ok(Box::new(S3Writer::new(self.connection.clone(), self.key(path)?, self.part_bytes)))
    }

    fn remove(&self, path: &VfsPath) -> Result<(), Fault> {
        if path.is_root() {
            return Err(Fault::MountRoot);
        }
        let delete = |key: &str| self.connection.repeat(&Method::DELETE, Some(key), &[], &[], &[]).map(drop);
        match self.metadata(path)?.kind {
            FileKind::File => delete(&self.key(path)?),
            _ => {
                let mark = self.folder(path);
                let page = self.connection.page(&mark, 2, None)?;
                match page.objects.as_slice() {
                    [Ok(only)] if *only == mark && page.prefixes.is_empty() => delete(&mark),
                    _ => Err(Fault::NotEmpty),
                }
            }
        }
    }

    /// Does nothing: a folder is there when something is in it.
    fn create_dir_all(&self, _path: &VfsPath) -> Result<(), Fault> {
        Ok(())
    }

    fn watch(&self, _path: &VfsPath, _report: Report) -> Result<WatchGuard, Fault> {
        Err(Fault::Watch("a bucket reports none".to_owned()))
    }
}
