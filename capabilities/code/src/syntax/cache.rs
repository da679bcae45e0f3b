//! The syntaxes of the documents that were looked at last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::DocumentId;
use document::{Key, Value};
use ropey::Rope;

use super::{NoSyntax, Syntax};
use crate::Language;

/// The most documents whose syntax is kept.
const DOCUMENTS: usize = 16;
/// The most bytes that their texts have together; a tree takes about twenty times the bytes of its text.
const BYTES: usize = 16 << 20;
/// A text that was too hard is tried again once its size has changed by this part.
const TRIED_AGAIN: usize = 16;

/// A syntax that others may use at once, one after the other.
type Kept = Arc<Mutex<Syntax>>;

/// Syntaxes by document, the one used last at the end.
#[derive(Default)]
pub struct Syntaxes(Mutex<Vec<Entry>>);

struct Entry {
    document: DocumentId,
    language: &'static Language,
    size: usize,
    /// None: the text was too hard.
    syntax: Option<Kept>,
}

impl Syntaxes {
    /// What `use_it` makes of the syntax of a document's text.
    ///
    /// # Errors
    /// Why it has none.
    pub fn with<T>(
        &self,
        document: DocumentId,
        record: &[(Key, Value)],
        text: &Rope,
        limit: usize,
        use_it: impl FnOnce(&mut Syntax) -> T,
    ) -> Result<T, NoSyntax> {
        let language = Language::of(record, text).ok_or(NoSyntax::Plain)?;
        let size = text.len_bytes();
        if size > limit {
            return Err(NoSyntax::TooLarge { size, limit });
        }
        let kept = self.take(document, language, text)?;
        let mut syntax = lock(&kept);
        let current = syntax.update(text);
        if let Err(error) = current {
            self.keep(Entry { document, language, size, syntax: None });
            return Err(error);
        }
        let made = use_it(&mut syntax);
        drop(syntax);
        self.keep(Entry { document, language, size, syntax: Some(kept) });
        Ok(made)
    }

    fn take(&self, document: DocumentId, language: &'static Language, text: &Rope) -> Result<Kept, NoSyntax> {
        let found = lock(&self.0)
            .iter()
            .find(|entry| entry.document == document && entry.language == language)
            .map(|entry| (entry.size, entry.syntax.clone()));
        match found {
            Some((_, Some(syntax))) => return Ok(syntax),
            Some((size, None)) if size.abs_diff(text.len_bytes()) <= size / TRIED_AGAIN => {
                return Err(NoSyntax::TooHard(language.title));
            }
            _ => {}
        }
        match Syntax::new(text, language) {
            Ok(syntax) => Ok(Arc::new(Mutex::new(syntax))),
            Err(error) => {
                self.keep(Entry { document, language, size: text.len_bytes(), syntax: None });
                Err(error)
            }
        }
    }

    fn keep(&self, entry: Entry) {
        let mut entries = lock(&self.0);
        entries.retain(|other| other.document != entry.document);
        entries.push(entry);
        let mut bytes = 0;
        let fitting = entries.iter().rev().take(DOCUMENTS).take_while(|entry| {
            bytes += entry.size;
            bytes <= BYTES
        });
        let surplus = entries.len() - fitting.count().max(1);
        entries.drain(..surplus);
    }

    /// Lets go of all.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
