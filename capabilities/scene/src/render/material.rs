//! Materials and their textures go to the GPU, each image once.

use std::{collections::HashMap, sync::Arc};

use bytemuck::{Pod, Zeroable};
use glam::{Vec3, Vec4};
use gpu::{
    Bindings, Filter, Format, Gpu, GpuError, SamplerSpec, Slot, SlotKind, TextureSpec, TextureUse, Tiling,
    Use,
};

use crate::{
    frame::{Alpha, Frame, Geometry, Image, Material, Texture, Wrap},
    render::{RenderError, batch::Plan, mips, view},
};

/// The most samples along the direction in which a texture is seen at a slant.
const ANISOTROPY: u16 = 8;

/// The slots of a material.
pub(super) const SLOTS: [Slot; 11] = [
    Slot::new(SlotKind::Uniform),
    Slot::new(SlotKind::Texture),
    Slot::new(SlotKind::Sampler),
    Slot::new(SlotKind::Texture),
    Slot::new(SlotKind::Sampler),
    Slot::new(SlotKind::Texture),
    Slot::new(SlotKind::Sampler),
    Slot::new(SlotKind::Texture),
    Slot::new(SlotKind::Sampler),
    Slot::new(SlotKind::Texture),
    Slot::new(SlotKind::Sampler),
];

/// As `Material` in `fragment.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Uniform {
    base: Vec4,
    emissive: Vec4,
    factors: Vec4,
    alpha: Vec4,
    mappings: [[Vec4; 2]; 5],
}

/// The textures of a material in the order of their slots, and whether their colours are sRGB.
fn textures(material: &Material) -> [(&Option<Texture>, bool); 5] {
    [
        (&material.base_color_texture, true),
        (&material.metallic_roughness_texture, false),
        (&material.normal_texture, false),
        (&material.occlusion_texture, false),
        (&material.emissive_texture, true),
    ]
}

/// Which textures of a material are seen on a geometry, a bit for each: those whose texture coordinates it has.
pub(super) fn textured(geometry: &Geometry, material: &Material) -> i32 {
    let seen = |texture: &Option<Texture>| {
        texture.as_ref().is_some_and(|texture| !geometry.uvs[texture.set.min(1)].is_empty())
    };
    let bits = textures(material).into_iter().enumerate();
    bits.filter(|(_, (texture, _))| seen(texture)).map(|(place, _)| 1 << place).sum()
}

/// The bindings of all materials.
///
/// # Errors
/// What fails on the GPU.
pub(super) fn materials(gpu: &Gpu, frame: &Frame, plan: &Plan<'_>) -> Result<Vec<Bindings>, RenderError> {
    let mut used = vec![0; frame.materials.len()];
    for batch in &plan.batches {
        used[batch.material] |=
            textured(plan.checked.geometries[batch.geometry].0, &frame.materials[batch.material]);
    }
    let blank = view::placeholder(gpu, Format::Rgba8)?;
    let mut images: HashMap<(*const Image, bool), gpu::Texture> = HashMap::new();
    let mut bind = |material: &Material, used: i32| {
        let mut bound = Vec::with_capacity(5);
        for (place, (texture, srgb)) in textures(material).into_iter().enumerate() {
            let Some(texture) = texture.as_ref().filter(|_| used >> place & 1 == 1) else {
                bound.push((blank.clone(), gpu.sampler(PLAIN)?));
                continue;
            };
            let key = (Arc::as_ptr(&texture.image), srgb);
            let image = match images.get(&key) {
                Some(image) => image.clone(),
                None => upload(gpu, &texture.image, srgb)?,
            };
            images.insert(key, image.clone());
            bound.push((image, gpu.sampler(sampler(texture))?));
        }
        let uniform = gpu.buffer(Use::Uniform, &[uniform(material)])?;
        let mut bindings = vec![(&uniform).into()];
        for (image, sampler) in &bound {
            bindings.extend([image.into(), sampler.into()]);
        }
        Ok(gpu.bind(&gpu.layout(&SLOTS)?, &bindings)?)
    };
    frame.materials.iter().zip(used).map(|(material, used)| bind(material, used)).collect()
}

const PLAIN: SamplerSpec = SamplerSpec {
    tiling: [Tiling::Clamp; 2],
    magnified: Filter::Nearest,
    minified: Filter::Nearest,
    anisotropy: 1,
    compare: false,
};

fn sampler(texture: &Texture) -> SamplerSpec {
    let tiling = texture.wrap.map(|wrap| match wrap {
        Wrap::Repeat => Tiling::Repeat,
        Wrap::Mirror => Tiling::Mirror,
        Wrap::Clamp => Tiling::Clamp,
    });
    let magnified = if texture.smooth { Filter::Linear } else { Filter::Nearest };
    SamplerSpec { tiling, magnified, minified: Filter::Linear, anisotropy: ANISOTROPY, compare: false }
}

fn upload(gpu: &Gpu, image: &Image, srgb: bool) -> Result<gpu::Texture, GpuError> {
    let smaller = mips::levels(image, srgb);
    let mut levels: Vec<&[u8]> = vec![bytemuck::cast_slice(&image.rgba)];
    levels.extend(smaller.iter().map(|level| bytemuck::cast_slice::<_, u8>(level)));
    let spec = TextureSpec {
        width: image.width,
        height: image.height,
        format: if srgb { Format::Rgba8Srgb } else { Format::Rgba8 },
        usage: TextureUse::Sampled,
    };
    gpu.texture(spec, &levels)
}

fn uniform(material: &Material) -> Uniform {
    let edge = ((material.ior - 1.0) / (material.ior + 1.0)).powi(2);
    // KHR_materials_ior: 0 stands for a Fresnel of 1.
    let reflectance = if edge.is_finite() { edge.clamp(0.0, 1.0) } else { 0.04 };
    Uniform {
        base: material.base_color,
        emissive: material.emissive.extend(reflectance),
        factors: Vec4::new(
            material.metallic.clamp(0.0, 1.0),
            material.roughness.clamp(0.0, 1.0),
            material.normal_scale,
            material.occlusion_strength.clamp(0.0, 1.0),
        ),
        alpha: Vec4::splat(if let Alpha::Mask(cutoff) = material.alpha { cutoff } else { 0.0 }),
        mappings: textures(material).map(|(texture, _)| texture.as_ref().map_or([Vec4::ZERO; 2], mapping)),
    }
}

fn mapping(texture: &Texture) -> [Vec4; 2] {
    let row = |row: usize| -> Vec3 { texture.image_from_uv.row(row) };
    [row(0).extend(texture.set.min(1) as f32), row(1).extend(0.0)]
}
