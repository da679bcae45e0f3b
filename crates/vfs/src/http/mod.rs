//! Files beneath an address of the web, read-only.

mod address;
mod cache;
mod client;
mod fault;
mod ranges;

use std::{
    io::{self, Read},
    ops::Range,
    sync::Arc,
    time::SystemTime,
};

use base::Limits;
use jiff::fmt::rfc2822;
use ureq::http::Method;
use url::Url;

use crate::{
    Capabilities, Fault, FileKind, Listing, Metadata, OpenFile, Provider, Report, VfsPath, WatchGuard,
};
pub use cache::Cache;
use cache::{Cached, Label};
pub use client::Patience;
pub(crate) use client::{Answer, Client, Question};
pub use fault::RemoteFault;
pub(crate) use ranges::{Ranges, Validator, asked, part};
use ranges::{body, total};

/// Longest time for which a server may say that it need not be asked again, in seconds.
const MAX_AGE: u64 = 3600;

/// How an address is mounted.
pub struct HttpOptions {
    /// The address of the folder: `https://example.org/assets`, without user, query and fragment.
    pub url: String,
    /// Whether the host of `url` may be at an address that is not public, such as this machine.
    pub allow_private: bool,
    /// How long the server may take.
    pub patience: Patience,
    /// The largest file, in bytes ([`Limits::file_bytes`]).
    pub file_bytes: u64,
    /// The length in bytes of the parts that are fetched of a file that is opened; at least 1.
    pub block_bytes: u64,
}

impl HttpOptions {
    /// The usual options for an address.
    pub fn new(url: impl Into<String>) -> Self {
        HttpOptions {
            url: url.into(),
            allow_private: false,
            patience: Patience::default(),
            file_bytes: Limits::default().file_bytes,
            block_bytes: 1 << 20,
        }
    }
}

/// Files beneath an address, read-only and kept in a [`Cache`]. A file is read as a whole, or opened and fetched in parts where
/// the server supports that and says what tells its states apart. HTTP lists no folders: a file is named in full.
pub struct HttpProvider(Arc<Mount>);

struct Mount {
    client: Client,
    base: Url,
    cache: Cache,
    file_bytes: u64,
    block_bytes: u64,
}

impl HttpProvider {
    /// A mount of an address; nothing is fetched yet.
    ///
    /// # Errors
    /// [`RemoteFault::Address`]: the address is none of a folder on the web.
    pub fn new(options: HttpOptions, cache: Cache) -> Result<Self, Fault> {
        let base = address(&options.url)?;
        let client = Client::new(&base, options.allow_private, options.patience);
        let block_bytes = options.block_bytes.max(1);
        Ok(HttpProvider(Arc::new(Mount { client, base, cache, file_bytes: options.file_bytes, block_bytes })))
    }
}

/// The address that a person wrote, if a mount can be there.
pub(crate) fn address(text: &str) -> Result<Url, Fault> {
    let wrong = |message: String| RemoteFault::Address { address: text.to_owned(), message };
    let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    let message = match url.scheme() {
        "http" | "https" if url.host_str().is_none_or(str::is_empty) => "it names no host",
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => "it names a user",
        "http" | "https" if url.query().is_some() || url.fragment().is_some() => {
            "it names more than a folder"
        }
        "http" | "https" => return Ok(url),
        _ => "it begins with neither https:// nor http://",
    };
    Err(wrong(message.to_owned()).into())
}

/// The address of a path beneath a folder.
pub(crate) fn beneath(base: &Url, path: &VfsPath) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.components());
    }
    url
}

/// The time in a header such as `Last-Modified`; 1970 where there is none.
pub(crate) fn time(header: Option<&str>) -> SystemTime {
    let time = header.and_then(|text| rfc2822::parse(text).ok());
    time.map_or(SystemTime::UNIX_EPOCH, |time| time.timestamp().into())
}

impl Mount {
    fn key(&self, parts: &[&str]) -> String {
        blake3::hash(parts.join("\0").as_bytes()).to_hex().to_string()
    }

    fn label(url: &Url, answer: &Answer) -> Label {
        let text = |name| answer.header(name).map(str::to_owned);
        Label {
            url: url.to_string(),
            etag: text("etag"),
            last_modified: text("last-modified"),
            max_age: max_age(
                answer.header("cache-control").unwrap_or_default(),
                answer.header("age").and_then(|age| age.parse().ok()).unwrap_or(0),
            ),
        }
    }

    fn get(&self, url: &Url, headers: &[(&str, &str)]) -> Result<Answer, RemoteFault> {
        self.client.follow(&Question { method: Method::GET, url, headers })
    }

    /// The whole file, from the cache if the server confirms it or need not be asked.
    fn whole(&self, url: &Url, limit: u64) -> Result<Cached, Fault> {
        let key = self.key(&[url.as_str()]);
        let cached = self.cache.get(&key);
        let check = |cached: Cached| {
            Limits::check("the file's size in bytes", cached.content.len(), limit, "fileBytes")?;
            Ok(cached)
        };
        if let Some(cached) = cached {
            if cached.is_fresh() {
                return check(cached);
            }
            let headers = [
                ("if-none-match", cached.label.etag.as_deref()),
                ("if-modified-since", cached.label.last_modified.as_deref()),
            ];
            let headers: Vec<_> =
                headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            let answer = self.client.retrying(|| self.ask_whole(url, &headers))?;
            return match answer.status {
                304 => {
                    self.cache.confirm(&cached);
                    check(cached)
                }
                _ => self.keep(url, &key, answer, limit),
            };
        }
        self.client.retrying(|| self.keep(url, &key, self.get(url, &[])?, limit))
    }

    /// An answer to a request for the whole file that is no failure to be tried again.
    fn ask_whole(&self, url: &Url, headers: &[(&str, &str)]) -> Result<Answer, Fault> {
        let answer = self.get(url, headers)?;
        match answer.status {
            500.. | 429 => Err(answer.fault()),
            _ => Ok(answer),
        }
    }

    /// Puts a whole body into the cache.
    fn keep(&self, url: &Url, key: &str, mut answer: Answer, limit: u64) -> Result<Cached, Fault> {
        match answer.status {
            200 => {}
            206 => {
                let sent = answer.header("content-range").unwrap_or("a part").to_owned();
                return Err(RemoteFault::WrongRange { asked: "0-".to_owned(), sent }.into());
            }
            404 | 410 => {
                self.cache.remove(key);
                return Err(Fault::NotFound);
            }
            _ => return Err(answer.fault()),
        }
        let mut filling = self.cache.fill(key)?;
        answer.copy(limit, "fileBytes", &mut filling)?;
        let cached = filling.finish(&Self::label(url, &answer))?;
        if answer.header("cache-control").is_some_and(|text| text.to_lowercase().contains("no-store")) {
            self.cache.remove(key);
        }
        Ok(cached)
    }

    fn open(self: &Arc<Self>, url: &Url) -> Result<OpenFile, Fault> {
        let whole = || Ok(opened(self.whole(url, self.file_bytes)?));
        if self.cache.get(&self.key(&[url.as_str()])).is_some() {
            return whole();
        }
        let first = 0..self.block_bytes;
        let answer = self.client.retrying(|| self.ask_whole(url, &[("range", &range(&first))]))?;
        match (answer.status, Validator::of(&answer)) {
            (200, _) => {
                let key = self.key(&[url.as_str()]);
                Ok(opened(self.keep(url, &key, answer, self.file_bytes)?))
            }
            (206, Some(validator)) => self.open_in_parts(url, answer, validator),
            // Nothing would tell whether the parts are of one file, or the file is empty.
            (206 | 416, _) => whole(),
            _ => Err(answer.fault()),
        }
    }

    fn open_in_parts(
        self: &Arc<Self>,
        url: &Url,
        answer: Answer,
        validator: Validator,
    ) -> Result<OpenFile, Fault> {
        let len = total(&answer, &(0..self.block_bytes))?;
        Limits::check("the file's size in bytes", len, self.file_bytes, "fileBytes")?;
        let first = 0..self.block_bytes.min(len);
        let metadata = Metadata { kind: FileKind::File, len, modified: time(answer.header("last-modified")) };
        let label = Self::label(url, &answer);
        let bytes = body(answer, &first)?;
        if first.end == len {
            let mut filling = self.cache.fill(&self.key(&[url.as_str()]))?;
            io::Write::write_all(&mut filling, &bytes)?;
            return Ok(OpenFile::new(metadata, filling.finish(&label)?.content));
        }
        let (mount, url) = (self.clone(), url.clone());
        let fetch = move |range: Range<u64>| mount.block(&url, &range, len, &validator, &label);
        Ok(OpenFile::new(metadata, Ranges::new(len, self.block_bytes, Some(bytes), fetch)))
    }

    /// One part of a file in a known state, from the cache if it is there.
    fn block(
        &self,
        url: &Url,
        span: &Range<u64>,
        len: u64,
        validator: &Validator,
        label: &Label,
    ) -> Result<Vec<u8>, Fault> {
        let key = self.key(&[url.as_str(), &validator.0, &asked(span)]);
        if let Some(mut cached) = self.cache.get(&key) {
            let mut bytes = Vec::new();
            cached.content.read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
        let bytes = self.client.retrying(|| {
            let answer = self.get(url, &[("range", &range(span)), ("if-range", &validator.0)])?;
            part(answer, span, len, validator)
        })?;
        let mut filling = self.cache.fill(&key)?;
        io::Write::write_all(&mut filling, &bytes)?;
        filling.finish(label)?;
        Ok(bytes)
    }

    fn metadata(self: &Arc<Self>, url: &Url) -> Result<Metadata, Fault> {
        if let Some(cached) = self.cache.get(&self.key(&[url.as_str()])).filter(Cached::is_fresh) {
            return Ok(opened(cached).metadata().clone());
        }
        let answer = self.client.retrying(|| {
            let answer = self.client.follow(&Question { method: Method::HEAD, url, headers: &[] })?;
            if matches!(answer.status, 200 | 405 | 501) { Ok(answer) } else { Err(answer.fault()) }
        })?;
        match answer.header("content-length").and_then(|len| len.parse().ok()) {
            Some(len) if answer.status == 200 => {
                Ok(Metadata { kind: FileKind::File, len, modified: time(answer.header("last-modified")) })
            }
            _ => Ok(self.open(url)?.metadata().clone()),
        }
    }
}

/// The value that asks for a range of bytes.
pub(crate) fn range(range: &Range<u64>) -> String {
    format!("bytes={}", asked(range))
}

/// For how many seconds an answer need not be confirmed.
fn max_age(cache_control: &str, age: u64) -> u64 {
    let directives = || cache_control.split(',').map(|part| part.trim().to_lowercase());
    if directives().any(|part| part == "no-cache" || part == "no-store") {
        return 0;
    }
    let max_age = directives().find_map(|part| part.strip_prefix("max-age=")?.trim_matches('"').parse().ok());
    max_age.unwrap_or(0).min(MAX_AGE).saturating_sub(age)
}

fn opened(cached: Cached) -> OpenFile {
    let modified = time(cached.label.last_modified.as_deref());
    let metadata = Metadata { kind: FileKind::File, len: cached.content.len(), modified };
    OpenFile::new(metadata, cached.content)
}

impl Provider for HttpProvider {
    fn capabilities(&self) -> Capabilities {
        Capabilities { write: false, watch: false }
    }

    fn open(&self, path: &VfsPath) -> Result<OpenFile, Fault> {
        if path.is_root() {
            return Err(Fault::IsADirectory);
        }
        self.0.open(&beneath(&self.0.base, path))
    }

    fn read(&self, path: &VfsPath, limit: u64) -> Result<Vec<u8>, Fault> {
        if path.is_root() {
            return Err(Fault::IsADirectory);
        }
        let mut cached = self.0.whole(&beneath(&self.0.base, path), limit.min(self.0.file_bytes))?;
        let mut bytes = Vec::new();
        let room = usize::try_from(cached.content.len()).unwrap_or(usize::MAX);
        bytes.try_reserve_exact(room).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        cached.content.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn metadata(&self, path: &VfsPath) -> Result<Metadata, Fault> {
        match path.is_root() {
            true => Ok(Metadata { kind: FileKind::Directory, len: 0, modified: SystemTime::UNIX_EPOCH }),
            false => self.0.metadata(&beneath(&self.0.base, path)),
        }
    }

    fn list(&self, _path: &VfsPath) -> Result<Listing, Fault> {
        Err(Fault::NoListing)
    }

    fn watch(&self, _path: &VfsPath, _report: Report) -> Result<WatchGuard, Fault> {
        Err(Fault::Watch("a server on the web reports none".to_owned()))
    }
}
