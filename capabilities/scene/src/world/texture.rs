//! Textures of a material's node.

use document::NodeRef;
use glam::Vec2;

use crate::{
    frame::{Material, Texture, Wrap},
    kinds::{self, TexturePurpose, TextureWrapX, TextureWrapY},
    model::{TextureRef, TextureTransform},
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
