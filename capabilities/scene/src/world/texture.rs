//! Textures of a material's node.

use document::NodeRef;

use crate::{
    frame::{Material, Texture},
    kinds::{self, TexturePurpose},
};

/// Puts the textures below a material's node where they belong; the first of a purpose counts.
pub(super) fn apply(
    node: NodeRef<'_>,
    material: &mut Material,
    mut read: impl FnMut(kinds::Texture<'_>) -> Texture,
) {
    for texture in node.children().filter_map(kinds::Texture::read) {
        let slot = match texture.purpose() {
            TexturePurpose::BaseColor => &mut material.base_color_texture,
            TexturePurpose::MetallicRoughness => &mut material.metallic_roughness_texture,
            TexturePurpose::Normal => &mut material.normal_texture,
            TexturePurpose::Occlusion => &mut material.occlusion_texture,
            TexturePurpose::Emissive => &mut material.emissive_texture,
        };
        slot.get_or_insert_with(|| read(texture));
    }
}
