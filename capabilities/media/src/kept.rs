//! What was drawn of things that do not move, kept for the next frame.

use std::sync::{Arc, Mutex, PoisonError};

use base::BlobHash;

use crate::picture::Drawn;

/// Bytes of pixels that are kept.
const KEPT_BYTES: usize = 128 << 20;

/// Pixels by what they were drawn from. What was not used for longest is forgotten first.
#[derive(Default)]
pub struct Kept(Mutex<Vec<(BlobHash, Arc<Drawn>)>>);

impl Kept {
    /// What was drawn from this.
    pub fn drawn(&self, key: BlobHash) -> Option<Arc<Drawn>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(known, _)| *known == key)?;
        let entry = kept.remove(place);
        let drawn = entry.1.clone();
        kept.push(entry);
        Some(drawn)
    }

    /// Keeps what was drawn from this.
    pub fn keep(&self, key: BlobHash, drawn: Arc<Drawn>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push((key, drawn));
        while kept.len() > 1 && kept.iter().map(|(_, drawn)| drawn.bytes()).sum::<usize>() > KEPT_BYTES {
            kept.remove(0);
        }
    }

    /// Lets go of all of it.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
