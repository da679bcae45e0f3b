//! What is drawn of a scene: everything evaluated at one point in time, in world space, with linear colours.
//!
//! Right-handed, y up, metres, as in glTF 2.0. Matrices are column vectors on the right: `world_from_local * local`.

mod lobes;

use std::sync::Arc;

use glam::{Mat3, Mat4, Vec2, Vec3, Vec4};

pub use lobes::Lobes;

use crate::{model::Slot, panorama::Panorama};

/// A picture to be drawn.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What is drawn.
    pub instances: Vec<Instance>,
    /// The materials that instances name by their places.
    pub materials: Vec<Material>,
    /// Lights beside the environment.
    pub lights: Vec<Light>,
    /// What shines from all sides.
    pub environment: Environment,
    /// Where it is seen from.
    pub camera: Camera,
    /// What is seen where there is nothing: linear, not premultiplied; none for nothing at all.
    pub background: Option<Vec4>,
}

/// A mesh at a place.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its geometry; instances of the same one share the allocation.
    pub geometry: Arc<Geometry>,
    /// Where it is. Its determinant may be negative: front faces turn over then.
    pub world_from_local: Mat4,
    /// The number of its material.
    pub material: usize,
}

/// Triangles, lines or points. All lists are as long as `positions`, or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Geometry {
    /// Positions, in local space. Finite.
    pub positions: Vec<Vec3>,
    /// Unit normals; the renderer makes flat ones where there are none.
    pub normals: Vec<Vec3>,
    /// Unit tangents; `w` is the sign of the bitangent. Files are given those of MikkTSpace where a normal map needs them;
    /// the renderer derives them from the texture coordinates where there are none.
    pub tangents: Vec<Vec4>,
    /// Texture coordinates of the two sets.
    pub uvs: [Vec<Vec2>; 2],
    /// Colours of vertices, linear, not premultiplied.
    pub colors: Vec<Vec4>,
    /// What the indices make up.
    pub topology: Topology,
    /// The numbers of vertices; each below the number of positions.
    pub indices: Vec<u32>,
}

impl Geometry {
    /// The bytes that its lists take.
    pub fn size(&self) -> usize {
        size_of_val(&*self.positions)
            + size_of_val(&*self.normals)
            + size_of_val(&*self.tangents)
            + self.uvs.iter().map(|set| size_of_val(&**set)).sum::<usize>()
            + size_of_val(&*self.colors)
            + size_of_val(&*self.indices)
    }
}

/// What indices make up, as plain lists: strips and fans are resolved by whoever makes the geometry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Topology {
    /// Three make a triangle, counter-clockwise seen from the front.
    #[default]
    Triangles,
    /// Two make a line.
    Lines,
    /// Each is a point.
    Points,
}

/// The metallic-roughness material of glTF 2.0, with lobes beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Material {
    /// Linear, not premultiplied.
    pub base_color: Vec4,
    /// sRGB, with alpha.
    pub base_color_texture: Option<Texture>,
    /// 0 to 1.
    pub metallic: f32,
    /// 0 to 1, perceptual.
    pub roughness: f32,
    /// Linear: green is roughness, blue is metallic.
    pub metallic_roughness_texture: Option<Texture>,
    /// Linear: tangent-space normals.
    pub normal_texture: Option<Texture>,
    /// How strongly normals are bent.
    pub normal_scale: f32,
    /// Linear: red is how much of the environment's light arrives.
    pub occlusion_texture: Option<Texture>,
    /// How strongly it counts, 0 to 1.
    pub occlusion_strength: f32,
    /// Linear, in units of white; with KHR_materials_emissive_strength above 1.
    pub emissive: Vec3,
    /// sRGB.
    pub emissive_texture: Option<Texture>,
    /// How alpha is read.
    pub alpha: Alpha,
    /// Whether back faces are seen, too.
    pub double_sided: bool,
    /// Shown in its colour as it is, without light (KHR_materials_unlit).
    pub unlit: bool,
    /// Index of refraction (KHR_materials_ior).
    pub ior: f32,
    /// What it has beside all that.
    pub lobes: Lobes,
    /// Textures of the lobes, one at most for each of their slots.
    pub lobe_textures: Vec<(Slot, Texture)>,
}

impl Default for Material {
    fn default() -> Self {
        Material {
            base_color: Vec4::ONE,
            base_color_texture: None,
            metallic: 1.0,
            roughness: 1.0,
            metallic_roughness_texture: None,
            normal_texture: None,
            normal_scale: 1.0,
            occlusion_texture: None,
            occlusion_strength: 1.0,
            emissive: Vec3::ZERO,
            emissive_texture: None,
            alpha: Alpha::Opaque,
            double_sided: false,
            unlit: false,
            ior: 1.5,
            lobes: Lobes::default(),
            lobe_textures: Vec::new(),
        }
    }
}

/// How a material's alpha is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Alpha {
    /// Not at all.
    Opaque,
    /// Nothing below this, all from it on.
    Mask(f32),
    /// As coverage.
    Blend,
}

/// An image on a surface.
#[derive(Clone, Debug, PartialEq)]
pub struct Texture {
    /// The image; textures of the same one share the allocation.
    pub image: Arc<Image>,
    /// Which texture coordinates count: 0 or 1.
    pub set: usize,
    /// From the geometry's texture coordinates to the image's, whose origin is its upper left corner.
    pub image_from_uv: Mat3,
    /// What lies beside the image, across and down.
    pub wrap: [Wrap; 2],
    /// Whether pixels are mixed when they are seen large.
    pub smooth: bool,
}

/// What lies beside an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wrap {
    /// The image again.
    #[default]
    Repeat,
    /// The image again, every second time mirrored.
    Mirror,
    /// Its edge.
    Clamp,
}

/// Pixels of a texture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Width in pixels; above 0.
    pub width: u32,
    /// Height in pixels; above 0.
    pub height: u32,
    /// Rows from the top, not premultiplied; what the texture is for says whether colours are sRGB.
    pub rgba: Vec<[u8; 4]>,
}

/// A light (KHR_lights_punctual), in world space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Light {
    /// Linear, times intensity: lux for the sun, candela for the others.
    pub color: Vec3,
    /// Where it is and where it shines.
    pub kind: LightKind,
}

/// Where a light is and where it shines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LightKind {
    /// From infinitely far away, along this unit vector.
    Directional(Vec3),
    /// In all directions.
    Point {
        /// Where it is.
        position: Vec3,
        /// How far it shines; infinite when nothing bounds it.
        range: f32,
    },
    /// Within a cone.
    Spot {
        /// Where it is.
        position: Vec3,
        /// The unit vector along the axis of the cone.
        direction: Vec3,
        /// How far it shines; infinite when nothing bounds it.
        range: f32,
        /// Full up to this angle from the axis, in radians.
        inner: f32,
        /// Nothing from this angle on, in radians.
        outer: f32,
    },
}

/// What shines from all sides.
#[derive(Clone, Debug, PartialEq)]
pub enum Environment {
    /// Nothing.
    None,
    /// A soft studio: light from above, a little from below; scaled.
    Studio(f32),
    /// A picture of light.
    Image {
        /// The picture; its middle lies towards −z.
        panorama: Arc<Panorama>,
        /// How far it is turned about y, in radians; to the left, seen from above.
        turn: f32,
        /// What it is multiplied by: linear.
        tint: Vec3,
        /// How much it is blurred where it is seen behind everything, 0 to 1; none where it only shines.
        backdrop: Option<f32>,
    },
}

/// Where a scene is seen from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// It looks along −z with +y up.
    pub view_from_world: Mat4,
    /// How distance becomes size.
    pub projection: Projection,
}

/// How distance becomes size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Projection {
    /// What is far is small.
    Perspective {
        /// The vertical field of view, in radians.
        yfov: f32,
        /// The distance of the near plane; above 0.
        near: f32,
        /// The distance of the far plane; there is none when it is infinite.
        far: f32,
    },
    /// What is far is as large as what is near.
    Orthographic {
        /// Half the height of what is seen.
        ymag: f32,
        /// The distance of the near plane.
        near: f32,
        /// The distance of the far plane.
        far: f32,
    },
}
