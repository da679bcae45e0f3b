//! Reading files, with the media that lie beside them.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, Diagnostic, IdSource};
use document::Value;
use kernel::{
    Assets, Blobs, Bytes, CommandError, FileSource, Imported, ImportedContent, Importer, Registrar,
};

use super::{Element, OtioError, json::JsonError};
use crate::{
    Media, import,
    kinds::{Clip, Timeline},
};

pub(crate) fn register(registrar: &mut Registrar<'_>, media: &Arc<Media>) {
    registrar.importer("otio", Arc::new(OtioImporter(media.clone())));
}

struct OtioImporter(Arc<Media>);

impl Importer for OtioImporter {
    fn recognises(&self, _: &str, bytes: &[u8]) -> bool {
        let head = bytes.get(..bytes.len().min(1 << 12)).unwrap_or_default();
        let opens = head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        let word: &[u8] = b"\"OTIO_SCHEMA\"";
        opens && head.windows(word.len()).any(|window| window == word)
    }

    fn import(
        &self,
        source: &FileSource<'_>,
        assets: &mut Assets<'_>,
        ids: &mut IdSource,
    ) -> Result<Imported, CommandError> {
        let read = super::read(source.bytes, assets.limits());
        let (mut element, mut diagnostics) = read.map_err(|error| match error {
            OtioError::Limit(limit) | OtioError::Json(JsonError::Limit(limit)) => {
                CommandError::Limit { place: source.path.to_owned(), limit }
            }
            other => CommandError::input(source.path, other),
        })?;
        let mut files =
            Files { media: &self.0, path: source.path, assets, known: BTreeMap::new(), told: Vec::new() };
        element.each(&mut |element| files.bring(element));
        let mut told = files.told;
        diagnostics.append(&mut told);
        for found in &mut diagnostics {
            found.place = match found.place.is_empty() {
                true => source.path.to_owned(),
                false => format!("{}: {}", source.path, found.place),
            };
        }
        Ok(Imported {
            kind: Timeline::KIND,
            content: ImportedContent::Tree(element.deltas(ids)),
            record: Vec::new(),
            diagnostics,
        })
    }
}

/// A file as it is kept, with what is known of it.
type Taken = (BlobHash, Option<Value>);

/// Takes a file of media in. One of which nothing can be told is kept all the same.
fn take_in(
    media: &Media,
    path: &str,
    bytes: Bytes,
    assets: &mut Assets<'_>,
) -> Result<(Taken, Option<Diagnostic>), CommandError> {
    match import::take_in(media, path, &bytes, assets) {
        Ok(taken) => Ok(((taken.media, taken.info().ok()), None)),
        Err(error) => {
            let told = Diagnostic::warning(path, format!("{error}: what it holds is not known"));
            Ok(((assets.put_blob(bytes)?, None), Some(told)))
        }
    }
}

/// The files that clips play, each read once.
struct Files<'a, 'k> {
    media: &'a Media,
    path: &'a str,
    assets: &'a mut Assets<'k>,
    known: BTreeMap<String, Option<Taken>>,
    told: Vec<Diagnostic>,
}

impl Files<'_, '_> {
    /// Lets a clip have the blob of its file.
    fn bring(&mut self, element: &mut Element) {
        if element.kind != Clip::KIND {
            return;
        }
        let kept = element.properties.get("media").and_then(Value::as_str).and_then(|hash| hash.parse().ok());
        if let Some(hash) = kept {
            if self.assets.blob(hash).is_ok() {
                return;
            }
            element.properties.remove("media");
        }
        let Some(target) = element.properties.get("target").and_then(Value::as_str).map(str::to_owned) else {
            if kept.is_some() {
                self.told.push(Diagnostic::warning("", "a clip plays a file that is not in this workspace"));
            }
            return;
        };
        if !self.known.contains_key(&target) {
            let taken = self.read(&target);
            if taken.is_none() {
                let message = format!("the file '{target}' is not there: the clip shows nothing until it is");
                self.told.push(Diagnostic::warning("", message));
            }
            self.known.insert(target.clone(), taken);
        }
        if let Some(Some((hash, info))) = self.known.get(&target) {
            element.properties.insert("media".into(), (*hash).into());
            if let Some(info) = info {
                element.properties.insert("info".into(), info.clone());
            }
        }
    }

    /// The file at a URL or path, seen from the file that names it. Nothing is fetched from elsewhere.
    fn read(&mut self, target: &str) -> Option<Taken> {
        let path = match target.split_once("://") {
            Some(("file", rest)) => rest.strip_prefix("localhost").unwrap_or(rest),
            Some(_) => return None,
            None => target,
        };
        let decoded = decoded(path);
        let mut paths = vec![path.to_owned()];
        paths.extend(decoded.filter(|decoded| decoded != path));
        let bytes = paths.iter().find_map(|path| match path.starts_with('/') {
            true => self.assets.read(path).ok(),
            false => self.assets.read_beside(self.path, path).ok(),
        })?;
        let (taken, told) = take_in(self.media, target, bytes.into(), self.assets).ok()?;
        self.told.extend(told);
        Some(taken)
    }
}

/// A path whose bytes are written with percent signs.
fn decoded(path: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let digits =
            others.get(..2).filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let byte = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = others.get(if byte.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8(out).ok()
}
