//! Materials and the images on them.

use glam::{Mat3, Vec2, Vec3, Vec4};
use kernel::Bytes;

use crate::frame::{Alpha, Lobes, Wrap};

/// The material of glTF 2.0; [`crate::frame::Material`] says what the numbers mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Material {
    /// Its name; may be empty.
    pub name: String,
    /// Linear, not premultiplied.
    pub base_color: Vec4,
    /// 0 to 1.
    pub metallic: f32,
    /// 0 to 1.
    pub roughness: f32,
    /// How strongly normals are bent.
    pub normal_scale: f32,
    /// 0 to 1.
    pub occlusion_strength: f32,
    /// Linear, times the strength.
    pub emissive: Vec3,
    /// How alpha is read.
    pub alpha: Alpha,
    /// Whether back faces are seen, too.
    pub double_sided: bool,
    /// Shown without light.
    pub unlit: bool,
    /// Index of refraction.
    pub ior: f32,
    /// Coat, sheen and the like.
    pub lobes: Lobes,
    /// Images, one at most for each purpose.
    pub textures: Vec<(Slot, TextureRef)>,
}

impl Default for Material {
    fn default() -> Self {
        Material {
            name: String::new(),
            base_color: Vec4::ONE,
            metallic: 1.0,
            roughness: 1.0,
            normal_scale: 1.0,
            occlusion_strength: 1.0,
            emissive: Vec3::ZERO,
            alpha: Alpha::Opaque,
            double_sided: false,
            unlit: false,
            ior: 1.5,
            lobes: Lobes::default(),
            textures: Vec::new(),
        }
    }
}

/// What an image on a material is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Colour and opacity.
    BaseColor,
    /// Green is roughness, blue is metallic.
    MetallicRoughness,
    /// Tangent-space normals.
    Normal,
    /// Red is how much light arrives.
    Occlusion,
    /// What shines by itself.
    Emissive,
    /// Red is how much lies below the coat.
    Clearcoat,
    /// Green is the coat's roughness.
    ClearcoatRoughness,
    /// The coat's tangent-space normals.
    ClearcoatNormal,
    /// Red is how much light goes through.
    Transmission,
    /// Green is how thick the body is.
    Thickness,
    /// Alpha is how strongly what is no metal reflects.
    Specular,
    /// The colour of that reflection.
    SpecularColor,
    /// The colour of the fibres.
    SheenColor,
    /// Alpha is the fibres' roughness.
    SheenRoughness,
}

impl Slot {
    /// All, in the order in which shaders number them; the first five are those of glTF without extensions.
    pub const ALL: [Slot; 14] = [
        Slot::BaseColor,
        Slot::MetallicRoughness,
        Slot::Normal,
        Slot::Occlusion,
        Slot::Emissive,
        Slot::Clearcoat,
        Slot::ClearcoatRoughness,
        Slot::ClearcoatNormal,
        Slot::Transmission,
        Slot::Thickness,
        Slot::Specular,
        Slot::SpecularColor,
        Slot::SheenColor,
        Slot::SheenRoughness,
    ];

    /// Whether the image's colours are sRGB.
    pub fn is_srgb(self) -> bool {
        matches!(self, Slot::BaseColor | Slot::Emissive | Slot::SpecularColor | Slot::SheenColor)
    }
}

/// An image on a material.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextureRef {
    /// The number of the image.
    pub image: usize,
    /// The texture coordinates that count: 0 or 1.
    pub set: usize,
    /// How it lies.
    pub transform: TextureTransform,
    /// What lies beside it, across and down.
    pub wrap: [Wrap; 2],
    /// Whether pixels are mixed when they are seen large.
    pub smooth: bool,
}

/// How an image lies on texture coordinates (KHR_texture_transform).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextureTransform {
    /// Moves last.
    pub offset: Vec2,
    /// Turns second: counter-clockwise, in radians.
    pub rotation: f32,
    /// Scales first.
    pub scale: Vec2,
}

impl Default for TextureTransform {
    fn default() -> Self {
        TextureTransform { offset: Vec2::ZERO, rotation: 0.0, scale: Vec2::ONE }
    }
}

impl TextureTransform {
    /// From texture coordinates to the image's.
    pub fn matrix(&self) -> Mat3 {
        // The angle is counter-clockwise in an image whose rows go down.
        Mat3::from_translation(self.offset) * Mat3::from_angle(-self.rotation) * Mat3::from_scale(self.scale)
    }
}

/// An encoded image.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Its name, or where it was; may be empty.
    pub name: String,
    /// Its bytes.
    pub data: ImageData,
}

/// The bytes of an image.
#[derive(Clone, Debug, PartialEq)]
pub enum ImageData {
    /// As they were in the file.
    Encoded(Bytes),
    /// They are not there.
    Missing,
}
