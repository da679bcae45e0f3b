//! Bitmaps as `data:` URLs.

use std::collections::{HashMap, HashSet};

use base::BlobHash;

use crate::picture::{Image, NodeKind, Picture};

use super::{
    Exporter,
    attributes::Attributes,
    references::{References, content, walk},
};

/// What tells images apart: their file, and the bits of their width and height.
pub(super) type ImageKey = (BlobHash, u64, u64);

/// The images that the drawing shows more than once.
pub(super) fn repeated(picture: &Picture, references: &References<'_>) -> HashSet<ImageKey> {
    let resources = references.used().filter_map(|id| picture.resources.get(id));
    let mut counts: HashMap<ImageKey, u32> = HashMap::new();
    for nodes in std::iter::once(picture.root.children.as_slice()).chain(resources.map(content)) {
        for node in walk(nodes) {
            if let NodeKind::Image(image) = &node.kind {
                *counts.entry(key(image)).or_default() += 1;
            }
        }
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(key, _)| key).collect()
}

fn key(image: &Image) -> ImageKey {
    (image.data, image.width.to_bits(), image.height.to_bits())
}

impl Exporter<'_> {
    /// The element for an image and its own attributes. An image that is shown more than once is defined once.
    pub(super) fn image(&mut self, image: &Image, place: &str) -> (&'static str, Attributes) {
        let key = key(image);
        if !self.shared_images.contains(&key) {
            return ("image", self.embedded(image, place));
        }
        let id = match self.images.get(&key) {
            Some(id) => id.clone(),
            None => {
                let id = self.names.fresh("image");
                let mut attributes = Attributes::default();
                attributes.raw("id", &id);
                attributes.append(&self.embedded(image, place));
                self.definitions.empty("image", &attributes);
                self.images.insert(key, id.clone());
                id
            }
        };
        let mut attributes = Attributes::default();
        attributes.raw("href", &format!("#{id}"));
        ("use", attributes)
    }

    fn embedded(&mut self, image: &Image, place: &str) -> Attributes {
        let mut attributes = Attributes::default();
        attributes.number("width", image.width).number("height", image.height);
        attributes.raw("preserveAspectRatio", "none");
        match (self.assets)(&image.data) {
            None => {
                let message =
                    format!("the image file {} is not there, so the image shows nothing", image.data.short());
                self.warn(place, message, "import the image again");
            }
            Some(file) => match media_type(&file) {
                None => {
                    let message =
                        "the image is in a format that SVG cannot hold, so it shows nothing".to_owned();
                    self.warn(place, message, "convert it to PNG, JPEG, GIF or WebP");
                }
                Some(media_type) => {
                    attributes.raw("href", &format!("data:{media_type};base64,{}", base64(&file)));
                }
            },
        }
        attributes
    }
}

/// The media type of an image file that SVG viewers read, by its first bytes.
fn media_type(file: &[u8]) -> Option<&'static str> {
    match file {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            out.push(if digit <= chunk.len() { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads_as_the_standard_says() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }
}
