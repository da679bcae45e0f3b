//! The extensions of materials that add lobes.

use std::collections::BTreeMap;

use glam::Vec3;
use serde_json::{Map, Value as Json};

use crate::{frame::Lobes, model::Slot};

use super::{number, numbers};

pub(super) const CLEARCOAT: &str = "KHR_materials_clearcoat";
pub(super) const SHEEN: &str = "KHR_materials_sheen";
pub(super) const SPECULAR: &str = "KHR_materials_specular";
pub(super) const TRANSMISSION: &str = "KHR_materials_transmission";
pub(super) const VOLUME: &str = "KHR_materials_volume";

/// Extensions by their names.
pub(super) type Extensions = BTreeMap<&'static str, Map<String, Json>>;

/// What differs from the defaults.
pub(super) fn factors(lobes: &Lobes) -> Extensions {
    let plain = Lobes::default();
    let unit = |x: f32| x.clamp(0.0, 1.0);
    let mut out = Extensions::new();
    for (name, key, found, default) in [
        (CLEARCOAT, "clearcoatFactor", unit(lobes.clearcoat), plain.clearcoat),
        (CLEARCOAT, "clearcoatRoughnessFactor", unit(lobes.clearcoat_roughness), plain.clearcoat_roughness),
        (SHEEN, "sheenRoughnessFactor", unit(lobes.sheen_roughness), plain.sheen_roughness),
        (SPECULAR, "specularFactor", unit(lobes.specular), plain.specular),
        (TRANSMISSION, "transmissionFactor", unit(lobes.transmission), plain.transmission),
        (VOLUME, "thicknessFactor", lobes.thickness.max(0.0), plain.thickness),
        (VOLUME, "attenuationDistance", lobes.attenuation_distance, plain.attenuation_distance),
    ] {
        if found != default {
            out.entry(name).or_default().insert(key.to_owned(), number(found));
        }
    }
    let bright = Vec3::splat(f32::MAX);
    for (name, key, found, default) in [
        (SHEEN, "sheenColorFactor", lobes.sheen_color.clamp(Vec3::ZERO, Vec3::ONE), plain.sheen_color),
        (
            SPECULAR,
            "specularColorFactor",
            lobes.specular_color.clamp(Vec3::ZERO, bright),
            plain.specular_color,
        ),
        (
            VOLUME,
            "attenuationColor",
            lobes.attenuation_color.clamp(Vec3::ZERO, Vec3::ONE),
            plain.attenuation_color,
        ),
    ] {
        if found != default {
            out.entry(name).or_default().insert(key.to_owned(), numbers(&found.to_array()));
        }
    }
    out
}

/// The extension and the property that a texture goes to; none for those that need no extension.
pub(super) fn place(slot: Slot) -> Option<(&'static str, &'static str)> {
    match slot {
        Slot::BaseColor | Slot::MetallicRoughness | Slot::Normal | Slot::Occlusion | Slot::Emissive => None,
        Slot::Clearcoat => Some((CLEARCOAT, "clearcoatTexture")),
        Slot::ClearcoatRoughness => Some((CLEARCOAT, "clearcoatRoughnessTexture")),
        Slot::ClearcoatNormal => Some((CLEARCOAT, "clearcoatNormalTexture")),
        Slot::Transmission => Some((TRANSMISSION, "transmissionTexture")),
        Slot::Thickness => Some((VOLUME, "thicknessTexture")),
        Slot::Specular => Some((SPECULAR, "specularTexture")),
        Slot::SpecularColor => Some((SPECULAR, "specularColorTexture")),
        Slot::SheenColor => Some((SHEEN, "sheenColorTexture")),
        Slot::SheenRoughness => Some((SHEEN, "sheenRoughnessTexture")),
    }
}

/// Puts a texture where it belongs.
pub(super) fn insert_texture(extensions: &mut Extensions, slot: Slot, mut info: Json, lobes: &Lobes) {
    if slot == Slot::ClearcoatNormal && lobes.clearcoat_normal_scale != 1.0 {
        info["scale"] = number(lobes.clearcoat_normal_scale);
    }
    if let Some((name, key)) = place(slot) {
        extensions.entry(name).or_default().insert(key.to_owned(), info);
    }
}
