//! What a surface has beside the metallic-roughness model.

use glam::Vec3;

/// The lobes that extensions of glTF 2.0 add to a material. By default they change nothing. Textures multiply them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lobes {
    /// How much of the surface lies below a clear coat, 0 to 1 (KHR_materials_clearcoat).
    pub clearcoat: f32,
    /// The coat's roughness, 0 to 1, perceptual.
    pub clearcoat_roughness: f32,
    /// How strongly the coat's normals are bent.
    pub clearcoat_normal_scale: f32,
    /// How much of the light that is not reflected goes through, 0 to 1 (KHR_materials_transmission).
    pub transmission: f32,
    /// How thick the body below the surface is, in the units of the mesh; 0 for a thin wall (KHR_materials_volume).
    pub thickness: f32,
    /// In metres, how far light of the attenuation colour's part comes; above 0, infinite where nothing is absorbed.
    pub attenuation_distance: f32,
    /// Linear, each 0 to 1: what is left of white light after the attenuation distance.
    pub attenuation_color: Vec3,
    /// How strongly what is no metal reflects, 0 to 1 (KHR_materials_specular).
    pub specular: f32,
    /// Linear, at least 0: the colour of that reflection seen straight on.
    pub specular_color: Vec3,
    /// Linear, each 0 to 1: the colour of fibres that stand off the surface; black for none (KHR_materials_sheen).
    pub sheen_color: Vec3,
    /// The fibres' roughness, 0 to 1, perceptual.
    pub sheen_roughness: f32,
}

impl Default for Lobes {
    fn default() -> Self {
        Lobes {
            clearcoat: 0.0,
            clearcoat_roughness: 0.0,
            clearcoat_normal_scale: 1.0,
            transmission: 0.0,
            thickness: 0.0,
            attenuation_distance: f32::INFINITY,
            attenuation_color: Vec3::ONE,
            specular: 1.0,
            specular_color: Vec3::ONE,
            sheen_color: Vec3::ZERO,
            sheen_roughness: 0.0,
        }
    }
}

impl Lobes {
    /// Whether there is a clear coat.
    pub fn is_coated(&self) -> bool {
        self.clearcoat > 0.0
    }

    /// Whether light goes through.
    pub fn is_transmissive(&self) -> bool {
        self.transmission > 0.0
    }

    /// Whether there are fibres.
    pub fn has_sheen(&self) -> bool {
        self.sheen_color.max_element() > 0.0
    }

    /// Whether the surface looks otherwise than without them.
    pub fn are_seen(&self) -> bool {
        let plain = Lobes::default();
        let is_specular = self.specular != plain.specular || self.specular_color != plain.specular_color;
        self.is_coated() || self.is_transmissive() || self.has_sheen() || is_specular
    }
}
