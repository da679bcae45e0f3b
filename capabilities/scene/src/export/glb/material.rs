//! Materials with their textures, samplers and images.

use base::{Diagnostic, Limits};
use glam::{Vec3, Vec4};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value as Json, json};

use crate::{
    frame::{Alpha, Wrap},
    model::{Image, ImageData, Material, Model, Slot, TextureRef, TextureTransform},
};

use super::{super::image::portable, asset::Asset, insert_list, insert_name, lobes, number, numbers};

/// Written materials and what they name.
pub(super) struct Materials {
    list: Vec<Json>,
    /// How many sets of texture coordinates each needs.
    sets: Vec<usize>,
    /// How many there are in the model.
    own: usize,
    /// The material of what has none.
    plain: Option<usize>,
    textures: Vec<Json>,
    samplers: Vec<Json>,
    images: Vec<Json>,
}

impl Materials {
    pub fn write(
        model: &Model,
        asset: &mut Asset,
        limits: &Limits,
        warnings: &mut Vec<Diagnostic>,
    ) -> Materials {
        let mut writer = Writer {
            model,
            asset,
            limits,
            warnings,
            images: Vec::new(),
            image_places: FxHashMap::default(),
            textures: Vec::new(),
            samplers: Vec::new(),
        };
        let (list, sets): (Vec<Json>, Vec<usize>) =
            model.materials.iter().map(|material| writer.material(material)).unzip();
        let Writer { images, textures, samplers, .. } = writer;
        Materials { own: list.len(), list, sets, plain: None, textures, samplers, images }
    }

    /// The number of a material, of the plain one when there is none, and how many sets of texture coordinates it needs.
    pub fn place(&mut self, material: Option<usize>) -> (usize, usize) {
        if let Some(index) = material.filter(|index| *index < self.own) {
            return (index, self.sets.get(index).copied().unwrap_or(0));
        }
        let place = *self.plain.get_or_insert_with(|| {
            // glTF's own default is a metal that is seen from one side.
            self.list
                .push(json!({ "doubleSided": true, "pbrMetallicRoughness": { "metallicFactor": 0, "roughnessFactor": 0.5 } }));
            self.list.len() - 1
        });
        (place, 0)
    }

    /// Puts all into the file's text.
    pub fn finish(self, root: &mut Map<String, Json>, asset: &mut Asset) {
        let uses = |name: &str| {
            let mut extensions = self.list.iter().filter_map(|material| material.get("extensions"));
            extensions.any(|extensions| extensions.get(name).is_some())
        };
        for name in EXTENSIONS {
            if uses(name) {
                asset.extension(name);
            }
        }
        insert_list(root, "materials", self.list);
        insert_list(root, "textures", self.textures);
        insert_list(root, "samplers", self.samplers);
        insert_list(root, "images", self.images);
    }
}

/// What materials may be extended with.
const EXTENSIONS: [&str; 8] = [
    lobes::CLEARCOAT,
    "KHR_materials_emissive_strength",
    "KHR_materials_ior",
    lobes::SHEEN,
    lobes::SPECULAR,
    lobes::TRANSMISSION,
    "KHR_materials_unlit",
    lobes::VOLUME,
];

struct Writer<'w> {
    model: &'w Model,
    asset: &'w mut Asset,
    limits: &'w Limits,
    warnings: &'w mut Vec<Diagnostic>,
    images: Vec<Json>,
    /// The number of each image of the model that is named; none of one that cannot be written.
    image_places: FxHashMap<usize, Option<usize>>,
    textures: Vec<Json>,
    samplers: Vec<Json>,
}

impl Writer<'_> {
    /// A material, and how many sets of texture coordinates it needs.
    fn material(&mut self, material: &Material) -> (Json, usize) {
        let unit = |x: f32| x.clamp(0.0, 1.0);
        let mut pbr = Map::new();
        let color = material.base_color.clamp(Vec4::ZERO, Vec4::ONE);
        if color != Vec4::ONE {
            pbr.insert("baseColorFactor".to_owned(), numbers(&color.to_array()));
        }
        for (key, factor) in [("metallicFactor", material.metallic), ("roughnessFactor", material.roughness)]
        {
            if factor != 1.0 {
                pbr.insert(key.to_owned(), number(unit(factor)));
            }
        }
        let mut out = json!({});
        let mut sets = 0;
        let mut written: Vec<Slot> = Vec::new();
        let mut lobes = lobes::factors(&material.lobes);
        for (slot, texture) in &material.textures {
            if written.contains(slot) {
                continue;
            }
            // What shows its colour as it is neither reflects nor shines.
            if material.unlit && lobes::place(*slot).is_some() {
                continue;
            }
            let Some(mut info) = self.texture_info(texture) else { continue };
            written.push(*slot);
            sets = sets.max(texture.set.min(1) + 1);
            match slot {
                Slot::BaseColor => drop(pbr.insert("baseColorTexture".to_owned(), info)),
                Slot::MetallicRoughness => drop(pbr.insert("metallicRoughnessTexture".to_owned(), info)),
                Slot::Normal => {
                    if material.normal_scale != 1.0 {
                        info["scale"] = number(material.normal_scale);
                    }
                    out["normalTexture"] = info;
                }
                Slot::Occlusion => {
                    if material.occlusion_strength != 1.0 {
                        info["strength"] = number(unit(material.occlusion_strength));
                    }
                    out["occlusionTexture"] = info;
                }
                Slot::Emissive => out["emissiveTexture"] = info,
                slot => lobes::insert_texture(&mut lobes, *slot, info, &material.lobes),
            }
        }
        if !pbr.is_empty() {
            out["pbrMetallicRoughness"] = pbr.into();
        }
        insert_name(&mut out, &material.name);
        let emissive = material.emissive.max(Vec3::ZERO);
        let strength = emissive.max_element().max(1.0);
        if emissive != Vec3::ZERO {
            out["emissiveFactor"] = numbers(&(emissive / strength).min(Vec3::ONE).to_array());
        }
        match material.alpha {
            Alpha::Opaque => {}
            Alpha::Mask(cutoff) => {
                out["alphaMode"] = "MASK".into();
                if cutoff != 0.5 {
                    out["alphaCutoff"] = number(cutoff.max(0.0));
                }
            }
            Alpha::Blend => out["alphaMode"] = "BLEND".into(),
        }
        if material.double_sided {
            out["doubleSided"] = true.into();
        }
        if material.unlit {
            out["extensions"] = json!({ "KHR_materials_unlit": {} });
            return (out, sets);
        }
        if strength > 1.0 {
            out["extensions"]["KHR_materials_emissive_strength"] =
                json!({ "emissiveStrength": number(strength) });
        }
        if material.ior != 1.5 {
            let ior = if material.ior <= 0.0 { 0.0 } else { material.ior.max(1.0) };
            out["extensions"]["KHR_materials_ior"] = json!({ "ior": number(ior) });
        }
        for (name, extension) in lobes {
            out["extensions"][name] = extension.into();
        }
        (out, sets)
    }

    /// How a material names a texture; none when its image cannot be written.
    fn texture_info(&mut self, texture: &TextureRef) -> Option<Json> {
        let image = self.image(texture.image)?;
        let sampler = place(&mut self.samplers, sampler(texture));
        let index = place(&mut self.textures, json!({ "sampler": sampler, "source": image }));
        let mut info = json!({ "index": index });
        if texture.set > 0 {
            info["texCoord"] = 1.into();
        }
        let transform = texture.transform;
        if transform != TextureTransform::default() {
            self.asset.extension("KHR_texture_transform");
            let plain = TextureTransform::default();
            let mut extension = json!({});
            if transform.offset != plain.offset {
                extension["offset"] = numbers(&transform.offset.to_array());
            }
            if transform.rotation != plain.rotation {
                extension["rotation"] = number(transform.rotation);
            }
            if transform.scale != plain.scale {
                extension["scale"] = numbers(&transform.scale.to_array());
            }
            info["extensions"] = json!({ "KHR_texture_transform": extension });
        }
        Some(info)
    }

    fn image(&mut self, index: usize) -> Option<usize> {
        if let Some(place) = self.image_places.get(&index) {
            return *place;
        }
        let place = self.model.images.get(index).and_then(|image| self.write_image(image));
        self.image_places.insert(index, place);
        place
    }

    fn write_image(&mut self, image: &Image) -> Option<usize> {
        let found = match &image.data {
            ImageData::Encoded(bytes) => portable(bytes, self.limits),
            ImageData::Missing => None,
        };
        let Some((bytes, form)) = found else {
            let name = &image.name;
            let message = "the image is not there or cannot be read: its textures are left out";
            self.warnings.push(Diagnostic::warning(format!("image {name:?}"), message));
            return None;
        };
        let view = self.asset.view(bytes.iter().copied(), None);
        let mut out = json!({ "bufferView": view, "mimeType": form.media_type() });
        insert_name(&mut out, &image.name);
        self.images.push(out);
        Some(self.images.len() - 1)
    }
}

fn sampler(texture: &TextureRef) -> Json {
    let wrap = |wrap: Wrap| match wrap {
        Wrap::Repeat => 10497,
        Wrap::Mirror => 33648,
        Wrap::Clamp => 33071,
    };
    let [across, down] = texture.wrap;
    let magnified = if texture.smooth { 9729 } else { 9728 };
    json!({ "magFilter": magnified, "minFilter": 9987, "wrapS": wrap(across), "wrapT": wrap(down) })
}

/// The place of something in a list, at whose end it is put unless it is there.
fn place(list: &mut Vec<Json>, item: Json) -> usize {
    list.iter().position(|other| *other == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}
