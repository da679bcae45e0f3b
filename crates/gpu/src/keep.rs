//! Compiled pipelines, kept from one run of the program to the next.
//!
//! What drivers make of shaders is theirs and is handed back to them alone: under the name of the adapter and its driver,
//! with a hash over it, so that data that is cut off, damaged or of another adapter never reaches a driver.

use std::{fmt, sync::Arc};

use base::BlobHash;

use crate::Adapter;

/// Marks the format.
const MAGIC: &[u8; 8] = b"MBPIPE01";

/// Where compiled pipelines are kept. What is lost costs time and nothing else, so neither side fails.
pub trait PipelineStore: Send + Sync {
    /// What was last saved under a name; none when there is nothing or it cannot be read.
    fn load(&self, name: &str) -> Option<Vec<u8>>;

    /// Saves what replaces all that was under a name, whole or not at all. Names are of letters, digits, `-` and `.`.
    fn save(&self, name: &str, bytes: &[u8]);
}

/// The pipelines of a device and where they are kept.
pub(crate) struct Kept {
    pub(crate) raw: wgpu::PipelineCache,
    store: Arc<dyn PipelineStore>,
    /// The adapter with its driver, to the letter.
    of: String,
    name: String,
    /// The hash of what was loaded.
    loaded: Option<BlobHash>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Kept {
    /// The cache of a device with what was kept for its adapter; none where the device offers none.
    pub(crate) fn load(
        device: &wgpu::Device,
        adapter: &Adapter,
        store: Arc<dyn PipelineStore>,
    ) -> Option<Self> {
        if !device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return None;
        }
        let of = adapter.to_string();
        let name = format!("pipelines-{}", BlobHash::of(of.as_bytes()).short());
        let saved = store.load(&name);
        let data = saved.as_deref().and_then(|saved| open(saved, &of));
        let descriptor = wgpu::PipelineCacheDescriptor { label: None, data, fallback: true };
        // SAFETY: the data is what `get_data` gave for this adapter with this driver, to the byte: `open` checks both.
        let raw = unsafe { device.create_pipeline_cache(&descriptor) };
        let loaded = data.map(BlobHash::of);
        Some(Kept { raw, store, of, name, loaded })
    }

    /// Saves what was made since it was loaded.
    pub(crate) fn save(&self) {
        let Some(data) = self.raw.get_data() else { return };
        if self.loaded != Some(BlobHash::of(&data)) {
            self.store.save(&self.name, &seal(&data, &self.of));
        }
    }
}

/// Data with what [`open`] checks: format, hash of the rest, length and text of what it is of.
fn seal(data: &[u8], of: &str) -> Vec<u8> {
    let rest = [&(of.len() as u64).to_le_bytes(), of.as_bytes(), data].concat();
    [MAGIC.as_slice(), &BlobHash::of(&rest).0, &rest].concat()
}

/// The data that [`seal`] wrapped, if it is whole and of the same.
fn open<'a>(sealed: &'a [u8], of: &str) -> Option<&'a [u8]> {
    let (hash, rest) = sealed.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
    if BlobHash::of(rest).0 != *hash {
        return None;
    }
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (named, data) = rest.split_at_checked(length)?;
    (named == of.as_bytes()).then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_data_of_the_same_adapter_is_opened() {
        let sealed = seal(b"compiled", "card (driver 1)");
        assert_eq!(open(&sealed, "card (driver 1)"), Some(b"compiled".as_slice()));
        assert_eq!(open(&sealed, "card (driver 2)"), None);
        for cut in 0..sealed.len() {
            assert_eq!(open(&sealed[..cut], "card (driver 1)"), None, "cut at {cut}");
        }
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&damaged, "card (driver 1)"), None, "bit {bit}");
        }
    }
}
