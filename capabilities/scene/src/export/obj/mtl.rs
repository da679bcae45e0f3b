//! The library of materials, with the extensions for physically based rendering.

use std::fmt::Write;

use base::{Diagnostic, Limits};
use kernel::FileBeside;
use rustc_hash::FxHashMap;

use crate::{
    frame::{Alpha, Wrap},
    model::{ImageData, Material, Model, Slot, TextureRef, TextureTransform},
};

use super::{
    super::{baked::Part, image::portable},
    Number,
    names::{Names, plain},
};

/// A written library.
#[derive(Default)]
pub(super) struct Library {
    /// The file; empty when nothing has a material.
    pub text: String,
    pub images: Vec<FileBeside>,
    pub warnings: Vec<Diagnostic>,
    names: FxHashMap<Option<usize>, String>,
    laid: FxHashMap<usize, (usize, TextureTransform)>,
}

impl Library {
    pub fn write(model: &Model, parts: &[Part<'_>], stem: &str, limits: &Limits) -> Library {
        let mut library = Library::default();
        if parts.iter().all(|part| part.material.is_none()) {
            return library;
        }
        let mut writer = Writer {
            model,
            limits,
            folder: format!("{}_textures", Names::default().unique(stem, "model")),
            files: Names::default(),
            paths: FxHashMap::default(),
            library: &mut library,
        };
        let mut names = Names::default();
        for part in parts {
            if writer.library.names.contains_key(&part.material) {
                continue;
            }
            let found = part.material.and_then(|index| Some((index, model.materials.get(index)?)));
            let name = match found {
                Some((_, material)) => names.unique(&material.name, "material"),
                None => names.unique("", "plain"),
            };
            match found {
                Some((index, material)) => writer.material(index, material, &name),
                // What has no material looks like this; the format has no way back to none.
                None => {
                    let plain = Material { metallic: 0.0, roughness: 0.5, ..Material::default() };
                    write_factors(&plain, &name, &mut writer.library.text);
                }
            }
            writer.library.names.insert(part.material, name);
        }
        library
    }

    /// The name of a material; none when there is no library.
    pub fn name(&self, material: Option<usize>) -> Option<&str> {
        self.names.get(&material).map(String::as_str)
    }

    /// Which texture coordinates of a material count, and how they lie: those of its first image, since maps share them.
    pub fn laid(&self, material: Option<usize>) -> (usize, TextureTransform) {
        material.and_then(|index| self.laid.get(&index)).copied().unwrap_or_default()
    }
}

struct Writer<'w> {
    model: &'w Model,
    limits: &'w Limits,
    /// The folder of images, beside the file.
    folder: String,
    files: Names,
    /// The path of each image of the model; none of one that cannot be written.
    paths: FxHashMap<usize, Option<String>>,
    library: &'w mut Library,
}

impl Writer<'_> {
    fn material(&mut self, index: usize, material: &Material, name: &str) {
        write_factors(material, name, &mut self.library.text);
        let of =
            |slot| material.textures.iter().find(|(other, _)| *other == slot).map(|(_, texture)| texture);
        let maps = [("map_Kd", Slot::BaseColor), ("map_Ke", Slot::Emissive), ("norm", Slot::Normal)];
        let mut first: Option<&TextureRef> = None;
        let place = format!("material {name}");
        for (word, slot) in maps {
            let Some(texture) = of(slot) else { continue };
            let Some(path) = self.image(texture.image) else { continue };
            let leading = *first.get_or_insert(texture);
            if (leading.set, leading.transform) != (texture.set, texture.transform) {
                let message =
                    format!("{word} lies as the material's other images: OBJ has no way of its own");
                self.library.warnings.push(Diagnostic::warning(&place, message));
            }
            let clamp = if texture.wrap == [Wrap::Clamp; 2] { " -clamp on" } else { "" };
            let _ = writeln!(self.library.text, "{word}{clamp} {path}");
        }
        if of(Slot::MetallicRoughness).is_some() || of(Slot::Occlusion).is_some() {
            let message = "images of metal, roughness and occlusion are left out: OBJ has no place for them";
            self.library.warnings.push(Diagnostic::warning(&place, message));
        }
        self.library.laid.extend(first.map(|texture| (index, (texture.set.min(1), texture.transform))));
    }

    /// The path of an image, which is written on the first time.
    fn image(&mut self, index: usize) -> Option<String> {
        if let Some(path) = self.paths.get(&index) {
            return path.clone();
        }
        let image = self.model.images.get(index)?;
        let found = match &image.data {
            ImageData::Encoded(bytes) => portable(bytes, self.limits),
            ImageData::Missing => None,
        };
        let path = found.map(|(bytes, form)| {
            let file = image.name.rsplit(['/', '\\']).next().unwrap_or_default();
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            let name = self.files.unique(&plain(stem), "image");
            let path = format!("{}/{name}.{}", self.folder, form.extension());
            self.library.images.push(FileBeside { path: path.clone(), bytes: bytes.into_owned() });
            path
        });
        if path.is_none() {
            let message = "the image is not there or cannot be read: its maps are left out";
            self.library.warnings.push(Diagnostic::warning(format!("image {:?}", image.name), message));
        }
        self.paths.insert(index, path.clone());
        path
    }
}

fn write_factors(material: &Material, name: &str, out: &mut String) {
    let color = material.base_color;
    let _ = writeln!(out, "newmtl {name}");
    let _ = writeln!(out, "Kd {} {} {}", Number(color.x), Number(color.y), Number(color.z));
    let emissive = material.emissive;
    if emissive != glam::Vec3::ZERO || material.textures.iter().any(|(slot, _)| *slot == Slot::Emissive) {
        let _ = writeln!(out, "Ke {} {} {}", Number(emissive.x), Number(emissive.y), Number(emissive.z));
    }
    if material.alpha == Alpha::Blend && color.w < 1.0 {
        let _ = writeln!(out, "d {}", Number(color.w));
    }
    // Roughness as the width of a Blinn-Phong highlight (Karis 2013), for readers that know no other.
    let shine = 2.0 / material.roughness.clamp(0.01, 1.0).powi(4) - 2.0;
    let _ = writeln!(out, "Ns {}", Number(shine.clamp(0.0, 1000.0).round()));
    let _ = writeln!(out, "Pr {}", Number(material.roughness));
    let _ = writeln!(out, "Pm {}", Number(material.metallic));
    if material.ior >= 1.0 {
        let _ = writeln!(out, "Ni {}", Number(material.ior));
    }
    let _ = writeln!(out, "illum 2");
}
