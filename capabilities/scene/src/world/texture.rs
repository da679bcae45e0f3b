//! Textures of a material's node.

use document::NodeRef;
use glam::Vec2;

use crate::{
    frame::{Material, Texture, Wrap},
    kinds::{self, TexturePurpose, TextureWrapX, TextureWrapY},
    model::{Slot, TextureRef, TextureTransform},
};

/// How the image of this number lies on a surface.
pub(crate) fn texture_ref(texture: kinds::Texture<'_>, image: usize) -> TextureRef {
    let transform = TextureTransform {
        offset: Vec2::new(texture.offset_x() as f32, texture.offset_y() as f32),
        rotation: texture.rotation().to_radians() as f32,
        scale: Vec2::new(texture.scale_x() as f32, texture.scale_y() as f32),
    };
    let across = match texture.wrap_x() {
        TextureWrapX::Repeat => Wrap::Repeat,
        TextureWrapX::Mirror => Wrap::Mirror,
        TextureWrapX::Clamp => Wrap::Clamp,
    };
    let down = match texture.wrap_y() {
        TextureWrapY::Repeat => Wrap::Repeat,
        TextureWrapY::Mirror => Wrap::Mirror,
        TextureWrapY::Clamp => Wrap::Clamp,
    };
    let set = texture.set().clamp(0, 1) as usize;
    TextureRef { image, set, transform, wrap: [across, down], smooth: texture.smooth() }
}

const PURPOSES: [(Slot, TexturePurpose); 14] = [
    (Slot::BaseColor, TexturePurpose::BaseColor),
    (Slot::MetallicRoughness, TexturePurpose::MetallicRoughness),
    (Slot::Normal, TexturePurpose::Normal),
    (Slot::Occlusion, TexturePurpose::Occlusion),
    (Slot::Emissive, TexturePurpose::Emissive),
    (Slot::Clearcoat, TexturePurpose::Clearcoat),
    (Slot::ClearcoatRoughness, TexturePurpose::ClearcoatRoughness),
    (Slot::ClearcoatNormal, TexturePurpose::ClearcoatNormal),
    (Slot::Transmission, TexturePurpose::Transmission),
    (Slot::Thickness, TexturePurpose::Thickness),
    (Slot::Specular, TexturePurpose::Specular),
    (Slot::SpecularColor, TexturePurpose::SpecularColor),
    (Slot::SheenColor, TexturePurpose::SheenColor),
    (Slot::SheenRoughness, TexturePurpose::SheenRoughness),
];

/// The slot of a purpose.
pub(super) fn slot(purpose: TexturePurpose) -> Slot {
    let found = PURPOSES.into_iter().find(|(_, other)| *other == purpose);
    found.map_or(Slot::BaseColor, |(slot, _)| slot)
}

/// The purpose of a slot.
pub(super) fn purpose(slot: Slot) -> TexturePurpose {
    let found = PURPOSES.into_iter().find(|(other, _)| *other == slot);
    found.map_or(TexturePurpose::BaseColor, |(_, purpose)| purpose)
}

/// Puts the textures below a material's node where they belong; the first of a purpose counts.
pub(super) fn apply(
    node: NodeRef<'_>,
    material: &mut Material,
    mut read: impl FnMut(kinds::Texture<'_>) -> Texture,
) {
    for texture in node.children().filter_map(kinds::Texture::read) {
        let own = match slot(texture.purpose()) {
            Slot::BaseColor => &mut material.base_color_texture,
            Slot::MetallicRoughness => &mut material.metallic_roughness_texture,
            Slot::Normal => &mut material.normal_texture,
            Slot::Occlusion => &mut material.occlusion_texture,
            Slot::Emissive => &mut material.emissive_texture,
            slot => {
                if material.lobe_textures.iter().all(|(other, _)| *other != slot) {
                    material.lobe_textures.push((slot, read(texture)));
                }
                continue;
            }
        };
        own.get_or_insert_with(|| read(texture));
    }
}
