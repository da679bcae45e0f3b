//! What scenes refer to, read from blobs and kept for the next frame.

use std::{
    any::Any,
    sync::{Arc, Mutex, PoisonError},
};

use base::{BlobHash, DocumentId, Limits};
use kernel::{Blobs, CommandError, Reading};
use raster::{Pixels, alpha, codec, hdr};
use rustc_hash::FxHashMap;

use crate::{
    deformation::{self, Deformation},
    frame::{Geometry, Image},
    geometry, keyframes,
    model::{Sampler, bent},
    panorama::Panorama,
    world::{Bend, World},
};

/// Bytes of decoded data that are kept.
const KEPT_BYTES: usize = 512 << 20;

/// Decoded geometry, images and key frames by their blobs. What was not used for longest is forgotten first.
#[derive(Default)]
pub struct Sources {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    entries: FxHashMap<(BlobHash, Form), Entry>,
    bytes: usize,
    /// Counts uses.
    clock: u64,
}

/// Reads something from the bytes of a blob, and says how many bytes it takes.
type Read<'r, T> = dyn Fn(&[u8]) -> Result<(T, usize), CommandError> + 'r;

/// A mesh as joints and morph targets bend it.
pub struct Bent {
    /// It at that moment.
    pub geometry: Arc<Geometry>,
    /// Whether it is in the world's space, since it hangs on joints, and not in that of its node.
    pub in_world: bool,
    /// How many bytes it takes beside what it is at rest.
    pub bytes: usize,
}

/// About how many bytes a vertex takes that was bent: a position, a normal and a tangent.
const BENT_VERTEX: usize = 48;

/// What a blob is read as.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    Geometry,
    Deformation,
    Keyframes,
    Image,
    /// A picture of a document with this many pixels along its longer side.
    Drawn(u32),
    Panorama,
    /// The same, of such a picture of a document.
    DrawnPanorama(u32),
}

struct Entry {
    data: Arc<dyn Any + Send + Sync>,
    bytes: usize,
    used: u64,
}

impl Sources {
    /// Geometry, and how many bytes it takes.
    ///
    /// # Errors
    /// The blob is not there or damaged.
    pub fn geometry(
        &self,
        hash: BlobHash,
        blobs: &dyn Blobs,
    ) -> Result<(Arc<Geometry>, usize), CommandError> {
        self.kept(hash, Form::Geometry, blobs, &|bytes| {
            let geometry = geometry::decode(bytes).map_err(|error| damaged(hash, error))?;
            Ok((geometry, bytes.len()))
        })
    }

    /// Adds geometry that is at hand, as it is in the blob.
    pub fn add_geometry(&self, hash: BlobHash, geometry: Arc<Geometry>) {
        let bytes = geometry.size();
        self.keep((hash, Form::Geometry), geometry, bytes);
    }

    /// What bends a geometry of this many vertices, and how many bytes it takes.
    ///
    /// # Errors
    /// The blob is not there or damaged, or made for another geometry.
    pub fn deformation(
        &self,
        hash: BlobHash,
        vertices: usize,
        blobs: &dyn Blobs,
    ) -> Result<(Arc<Deformation>, usize), CommandError> {
        self.kept(hash, Form::Deformation, blobs, &|bytes| {
            let deformation = deformation::decode(bytes, vertices).map_err(|error| damaged(hash, error))?;
            Ok((deformation, bytes.len()))
        })
    }

    /// A mesh as it is bent in a world: by its morph targets, then by its joints. What neither bends is `geometry` itself.
    ///
    /// # Errors
    /// The blob of the deformation is not there or damaged, or made for another geometry.
    pub fn bent(
        &self,
        geometry: &Arc<Geometry>,
        bend: &Bend,
        world: &World,
        blobs: &dyn Blobs,
    ) -> Result<Bent, CommandError> {
        let vertices = geometry.positions.len();
        let (deformation, bytes) = self.deformation(bend.deformation, vertices, blobs)?;
        let skin = bend.skin.filter(|_| deformation.binding.is_some());
        let matrices = skin.and_then(|skin| world.skins.get(&skin)).map(Vec::as_slice).unwrap_or_default();
        if matrices.is_empty() && bend.weights.iter().all(|weight| *weight == 0.0) {
            return Ok(Bent { geometry: geometry.clone(), in_world: false, bytes: 0 });
        }
        Ok(Bent {
            geometry: Arc::new(bent(geometry, &deformation, &bend.weights, matrices)),
            in_world: !matrices.is_empty(),
            bytes: bytes + vertices * BENT_VERTEX,
        })
    }

    /// Key frames.
    ///
    /// # Errors
    /// The blob is not there or damaged.
    pub fn keyframes(&self, hash: BlobHash, blobs: &dyn Blobs) -> Result<Arc<Sampler>, CommandError> {
        let read = self.kept(hash, Form::Keyframes, blobs, &|bytes| {
            let sampler = keyframes::decode(bytes).map_err(|error| damaged(hash, error))?;
            Ok((sampler, bytes.len()))
        });
        read.map(|(sampler, _)| sampler)
    }

    /// The image of a file in a blob; why it cannot be read otherwise.
    ///
    /// # Errors
    /// The blob is not there.
    pub fn image(
        &self,
        hash: BlobHash,
        reading: &Reading<'_>,
    ) -> Result<Result<Arc<Image>, String>, CommandError> {
        let limits: &Limits = reading.limits;
        let read = self.kept(hash, Form::Image, reading.blobs, &|bytes| {
            let image = codec::decode_texels(bytes, limits)
                .map(|texels| Image { width: texels.width, height: texels.height, rgba: texels.rgba })
                .map_err(|error| error.to_string());
            let size = image.as_ref().map_or(0, |image| image.rgba.len() * 4);
            Ok((image.map(Arc::new), size))
        });
        read.map(|(image, _)| Result::clone(&image))
    }

    /// A picture of a linked document at a time, in seconds; why it cannot be drawn otherwise. A document that holds the same
    /// as before, and does not move, is not drawn again.
    pub fn drawn(
        &self,
        document: DocumentId,
        longest: u32,
        time: f64,
        reading: &Reading<'_>,
    ) -> Result<Arc<Image>, String> {
        let key = (shown(document, time, reading)?, Form::Drawn(longest));
        if let Some((data, _)) = self.find(key.0, key.1)
            && let Ok(image) = data.downcast()
        {
            return Ok(image);
        }
        let drawn =
            reading.links.draw(document, longest, time, reading).map_err(|error| error.to_string())?;
        let mut rgba = drawn.rgba;
        alpha::unpremultiply_pixels_u8(&mut rgba);
        let bytes = rgba.len() * 4;
        let image = Arc::new(Image { width: drawn.width, height: drawn.height, rgba });
        self.keep(key, image.clone(), bytes);
        Ok(image)
    }

    /// The light in a file in a blob; why it cannot be read otherwise.
    ///
    /// # Errors
    /// The blob is not there.
    pub fn panorama(
        &self,
        hash: BlobHash,
        reading: &Reading<'_>,
    ) -> Result<Result<Arc<Panorama>, String>, CommandError> {
        let read = self.kept(hash, Form::Panorama, reading.blobs, &|bytes| {
            let light = hdr::decode(bytes, reading.limits).map_err(|error| error.to_string());
            let panorama = light.and_then(|light| light_of(light.width, light.height, light.rgb));
            let size = panorama.as_ref().map_or(0, |panorama| panorama.bytes());
            Ok((panorama, size))
        });
        read.map(|(panorama, _)| Result::clone(&panorama))
    }

    /// The light of what a linked document shows at a time, in seconds, whose white is 1; otherwise as [`Sources::drawn`].
    pub fn drawn_panorama(
        &self,
        document: DocumentId,
        longest: u32,
        time: f64,
        reading: &Reading<'_>,
    ) -> Result<Arc<Panorama>, String> {
        let key = (shown(document, time, reading)?, Form::DrawnPanorama(longest));
        if let Some((data, _)) = self.find(key.0, key.1)
            && let Ok(panorama) = data.downcast()
        {
            return Ok(panorama);
        }
        let image = self.drawn(document, longest, time, reading)?;
        let mut rgba = image.rgba.clone();
        alpha::premultiply_pixels_u8(&mut rgba);
        let panorama = light_of(image.width, image.height, hdr::linear(&Pixels::U8(rgba)))?;
        self.keep(key, panorama.clone(), panorama.bytes());
        Ok(panorama)
    }

    fn kept<T: Any + Send + Sync>(
        &self,
        hash: BlobHash,
        form: Form,
        blobs: &dyn Blobs,
        read: &Read<'_, T>,
    ) -> Result<(Arc<T>, usize), CommandError> {
        if let Some((data, bytes)) = self.find(hash, form)
            && let Ok(data) = data.downcast()
        {
            return Ok((data, bytes));
        }
        let (data, bytes) = read(&blobs.blob(hash)?)?;
        let data = Arc::new(data);
        self.keep((hash, form), data.clone(), bytes);
        Ok((data, bytes))
    }

    fn find(&self, hash: BlobHash, form: Form) -> Option<(Arc<dyn Any + Send + Sync>, usize)> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let now = kept.clock;
        let entry = kept.entries.get_mut(&(hash, form))?;
        entry.used = now;
        Some((entry.data.clone(), entry.bytes))
    }

    fn keep(&self, key: (BlobHash, Form), data: Arc<dyn Any + Send + Sync>, bytes: usize) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes > KEPT_BYTES {
            return;
        }
        while kept.bytes + bytes > KEPT_BYTES {
            let Some(oldest) = kept.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key)
            else {
                break;
            };
            let freed = kept.entries.remove(&oldest).map_or(0, |entry| entry.bytes);
            kept.bytes = kept.bytes.saturating_sub(freed);
        }
        let used = kept.clock;
        if kept.entries.insert(key, Entry { data, bytes, used }).is_none() {
            kept.bytes += bytes;
        }
    }
}

/// What a document shows at a time: it is the same where it does not move.
fn shown(document: DocumentId, time: f64, reading: &Reading<'_>) -> Result<BlobHash, String> {
    let hash = reading.links.hash(document).ok_or("the document that it shows is not there")?;
    let moment = if reading.links.moves(document) { time } else { 0.0 };
    Ok(BlobHash::of(&[&hash.0[..], &moment.to_le_bytes()].concat()))
}

fn light_of(width: u32, height: u32, rgb: Vec<[f32; 3]>) -> Result<Arc<Panorama>, String> {
    Panorama::new(width, height, rgb).map(Arc::new).ok_or_else(|| "it has no pixels".to_owned())
}

fn damaged(hash: BlobHash, error: impl ToString) -> CommandError {
    CommandError::input(format!("blob {}", hash.short()), error.to_string())
}
