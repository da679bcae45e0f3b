//! Material libraries of OBJ files, read as metallic-roughness materials.

use base::Diagnostic;
use glam::{Vec3, Vec4};
use rustc_hash::FxHashMap;

use crate::{
    frame::{Alpha, Wrap},
    gltf::Resolve,
    model::{Image, ImageData, Material, Slot, TextureRef, TextureTransform},
    numbers::{Words, float},
};

/// Materials by their names, and the images that they name.
#[derive(Default)]
pub(super) struct Library {
    pub materials: Vec<Material>,
    pub images: Vec<Image>,
    by_path: FxHashMap<String, usize>,
    by_name: FxHashMap<String, usize>,
}

/// A material that nothing is said about.
pub(super) fn plain(name: &str) -> Material {
    Material {
        name: name.to_owned(),
        base_color: Vec4::new(0.8, 0.8, 0.8, 1.0),
        metallic: 0.0,
        roughness: 0.8,
        // The format says nothing of sides, and surfaces are wound either way in files.
        double_sided: true,
        ..Material::default()
    }
}

impl Library {
    /// The first material of this name.
    pub fn material(&self, name: &str) -> Option<&Material> {
        self.by_name.get(name).and_then(|index| self.materials.get(*index))
    }

    /// Adds the materials of a file. What cannot be read is left out.
    pub fn read(&mut self, path: &str, bytes: &[u8], resolve: &Resolve<'_>, warnings: &mut Vec<Diagnostic>) {
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let mut words = Words(line);
            let Some(word) = words.next() else { continue };
            if word == b"newmtl" {
                let name = super::rest(words);
                self.materials.push(plain(&name));
                self.by_name.entry(name).or_insert(self.materials.len() - 1);
                continue;
            }
            let Some(mut material) = self.materials.pop() else { continue };
            if let Some(slot) = slot(word) {
                let name = file(words);
                if !name.is_empty() {
                    let image = self.image(
                        &format!("{folder}{name}"),
                        &format!("{path}, line {}", index + 1),
                        resolve,
                        warnings,
                    );
                    apply_texture(&mut material, slot, image);
                }
            } else {
                apply(&mut material, word, words);
            }
            self.materials.push(material);
        }
    }

    fn image(
        &mut self,
        path: &str,
        place: &str,
        resolve: &Resolve<'_>,
        warnings: &mut Vec<Diagnostic>,
    ) -> usize {
        if let Some(index) = self.by_path.get(path) {
            return *index;
        }
        let data = match resolve(path) {
            Some(bytes) => ImageData::Encoded(bytes.into()),
            None => {
                warnings.push(Diagnostic::warning(
                    place,
                    format!("there is no image {path:?}; a checker stands in"),
                ));
                ImageData::Missing
            }
        };
        self.images.push(Image { name: path.to_owned(), data });
        self.by_path.insert(path.to_owned(), self.images.len() - 1);
        self.images.len() - 1
    }
}

fn slot(word: &[u8]) -> Option<Slot> {
    Some(match word.to_ascii_lowercase().as_slice() {
        b"map_kd" => Slot::BaseColor,
        b"map_ke" => Slot::Emissive,
        b"norm" | b"map_kn" => Slot::Normal,
        _ => return None,
    })
}

/// The file of a map, behind its options.
fn file(words: Words<'_>) -> String {
    let all: Vec<&[u8]> = words.collect();
    let is_argument = |word: &[u8]| float(word).is_some() || matches!(word, b"on" | b"off");
    let mut rest = all.as_slice();
    while let [option, more @ ..] = rest
        && option.starts_with(b"-")
    {
        let takes_word = matches!(*option, b"-type" | b"-imfchan");
        let skip = if takes_word { 1 } else { more.iter().take_while(|word| is_argument(word)).count() };
        rest = more.get(skip..).unwrap_or_default();
    }
    let words: Vec<_> = rest.iter().map(|word| String::from_utf8_lossy(word)).collect();
    words.join(" ").replace('\\', "/")
}

fn apply_texture(material: &mut Material, slot: Slot, image: usize) {
    if material.textures.iter().any(|(other, _)| *other == slot) {
        return;
    }
    if slot == Slot::Emissive && material.emissive == Vec3::ZERO {
        material.emissive = Vec3::ONE;
    }
    let transform = TextureTransform::default();
    let texture = TextureRef { image, set: 0, transform, wrap: [Wrap::Repeat; 2], smooth: true };
    material.textures.push((slot, texture));
}

fn apply(material: &mut Material, word: &[u8], words: Words<'_>) {
    let numbers: Vec<f32> = words.map_while(float).collect();
    let Some(first) = numbers.first().copied() else { return };
    let color = match numbers.as_slice() {
        [r, g, b, ..] => Vec3::new(*r, *g, *b),
        _ => Vec3::splat(first),
    };
    let unit = first.clamp(0.0, 1.0);
    match word {
        b"Kd" => material.base_color = color.clamp(Vec3::ZERO, Vec3::ONE).extend(material.base_color.w),
        b"Ke" => material.emissive = color.max(Vec3::ZERO),
        b"d" => set_opacity(material, unit),
        b"Tr" => set_opacity(material, 1.0 - unit),
        // The width of a Blinn-Phong highlight as roughness (Karis 2013).
        b"Ns" => material.roughness = (2.0 / (first.max(0.0) + 2.0)).powf(0.25).clamp(0.0, 1.0),
        b"Pr" => material.roughness = unit,
        b"Pm" => material.metallic = unit,
        b"Ni" if first >= 1.0 => material.ior = first,
        _ => {}
    }
}

fn set_opacity(material: &mut Material, opacity: f32) {
    material.base_color.w = opacity;
    material.alpha = if opacity < 1.0 { Alpha::Blend } else { Alpha::Opaque };
}
