//! Decoded image files, kept while there is room: what is imported is drawn next, in several sizes, or placed once more.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use base::{BlobHash, Diagnostic, Limits};
use kernel::Bytes;

use raster::{
    Depth, Surface,
    codec::{self, CodecError},
};

/// How many bytes of pixels are kept. A larger image is kept as long as no other one is read.
const KEPT_BYTES: u64 = 128 << 20;

/// An image file, decoded with eight bits a channel.
#[derive(Clone)]
pub struct ReadImage {
    /// Its pixels.
    pub surface: Arc<Surface>,
    /// What is odd about it.
    pub warnings: Vec<Diagnostic>,
}

/// Image files by their hashes. Whoever wants one that is being decoded waits for it, and for no other.
#[derive(Default)]
pub struct Images(Mutex<Vec<(BlobHash, Arc<Slot>)>>);

#[derive(Default)]
struct Slot {
    image: Mutex<Option<ReadImage>>,
    bytes: AtomicU64,
}

impl Images {
    /// The image file with this hash. Its bytes are asked for when it has to be decoded.
    pub fn get<E: From<CodecError>>(
        &self,
        hash: BlobHash,
        bytes: impl FnOnce() -> Result<Bytes, E>,
        limits: &Limits,
    ) -> Result<ReadImage, E> {
        let slot = self.slot(hash);
        let mut image = slot.image.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = &*image {
            return Ok(image.clone());
        }
        self.trim(None);
        let decoded = bytes().and_then(|bytes| Ok(decode(&bytes, limits)?));
        match &decoded {
            Ok(decoded) => {
                let (width, height) = (decoded.surface.width(), decoded.surface.height());
                slot.bytes.store(4 * u64::from(width) * u64::from(height), Ordering::Relaxed);
                *image = Some(decoded.clone());
                self.trim(Some(hash));
            }
            Err(_) => self.slots().retain(|(other, _)| *other != hash),
        }
        decoded
    }

    /// Lets go of all.
    pub fn clear(&self) {
        self.slots().clear();
    }

    fn slots(&self) -> MutexGuard<'_, Vec<(BlobHash, Arc<Slot>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of an image, which is the one used last from now on.
    fn slot(&self, hash: BlobHash) -> Arc<Slot> {
        let mut slots = self.slots();
        let known = slots.iter().position(|(other, _)| *other == hash);
        let slot = known.map_or_else(Arc::default, |at| slots.remove(at).1);
        slots.push((hash, slot.clone()));
        slot
    }

    /// Lets go of what was used longest ago, and is not to be spared, until there is room.
    fn trim(&self, spared: Option<BlobHash>) {
        let mut slots = self.slots();
        let bytes = |slot: &Slot| slot.bytes.load(Ordering::Relaxed);
        let mut total: u64 = slots.iter().map(|(_, slot)| bytes(slot)).sum();
        slots.retain(|(hash, slot)| {
            let goes = total > KEPT_BYTES && Some(*hash) != spared && bytes(slot) > 0;
            total -= if goes { bytes(slot) } else { 0 };
            !goes
        });
    }
}

/// Decodes an image file.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<ReadImage, CodecError> {
    let decoded = codec::decode(bytes, limits)?;
    let surface = Arc::new(decoded.surface.into_depth(Depth::U8));
    Ok(ReadImage { surface, warnings: decoded.warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(side: u32) -> Vec<u8> {
        let white = Surface::filled(side, side, base::Color::WHITE, &Limits::default()).unwrap();
        codec::encode(&white, &codec::Encoding::Png { depth: Depth::U8 }).unwrap()
    }

    #[test]
    fn a_file_is_decoded_once_while_there_is_room() {
        let (images, limits) = (Images::default(), Limits::default());
        let get = |file: &[u8]| {
            let bytes = || Ok::<_, CodecError>(Bytes::copy_from_slice(file));
            images.get(BlobHash::of(file), bytes, &limits).map(|image| image.surface)
        };
        let (small, large) = (file(3), file(5000));
        let first = get(&small).unwrap();
        assert!(get(&small[..small.len() / 2]).is_err());
        assert!(Arc::ptr_eq(&first, &get(&small).unwrap()));
        let second = get(&large).unwrap();
        assert!(Arc::ptr_eq(&first, &get(&small).unwrap()) && Arc::ptr_eq(&second, &get(&large).unwrap()));
        // Two of 100 MB do not stay together, and the one that is used longest ago goes.
        get(&file(5001)).unwrap();
        let kept: Vec<_> =
            images.slots().iter().map(|(_, slot)| slot.bytes.load(Ordering::Relaxed)).collect();
        assert_eq!(kept, [4 * 5001 * 5001]);
    }
}
