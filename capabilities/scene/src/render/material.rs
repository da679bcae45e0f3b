//! Materials and their textures go to the GPU, each image once.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use bytemuck::{Pod, Zeroable};
use glam::{Vec3, Vec4};
use gpu::{
    Bindings, Filter, Format, Gpu, GpuError, SamplerSpec, Slot, SlotKind, TextureSpec, TextureUse, Tiling,
    Use,
};

use crate::{
    frame::{Alpha, Frame, Geometry, Image, Material, Texture, Wrap},
    model::Slot as Purpose,
    render::{RenderError, batch::Plan, mips, sheen, view},
};

/// The most samples along the direction in which a texture is seen at a slant.
const ANISOTROPY: u16 = 8;

/// How many textures materials have without lobes; they come first.
const BASIC: usize = 5;
/// How many they have with lobes.
const ALL: usize = Purpose::ALL.len();

/// The slots of a material, without lobes or with them.
pub(super) fn slots(lobed: bool) -> Vec<Slot> {
    let mut slots = vec![Slot::new(SlotKind::Uniform)];
    for _ in 0..if lobed { ALL } else { BASIC } {
        slots.extend([Slot::new(SlotKind::Texture), Slot::new(SlotKind::Sampler)]);
    }
    if lobed {
        slots.push(Slot::new(SlotKind::Storage));
    }
    slots
}

/// Whether the shaders of lobes draw it: what is not lit has none.
pub(super) fn is_lobed(material: &Material) -> bool {
    !material.unlit && material.lobes.are_seen()
}

/// As `Material` in `fragment.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Uniform {
    base: Vec4,
    emissive: Vec4,
    factors: Vec4,
    alpha: Vec4,
    mappings: [[Vec4; 2]; ALL],
    specular: Vec4,
    coat: Vec4,
    sheen: Vec4,
    through: Vec4,
    volume: Vec4,
}

/// The textures of a material in the order of their slots.
fn textures(material: &Material) -> [Option<&Texture>; ALL] {
    let lobed = is_lobed(material);
    Purpose::ALL.map(|purpose| match purpose {
        Purpose::BaseColor => material.base_color_texture.as_ref(),
        Purpose::MetallicRoughness => material.metallic_roughness_texture.as_ref(),
        Purpose::Normal => material.normal_texture.as_ref(),
        Purpose::Occlusion => material.occlusion_texture.as_ref(),
        Purpose::Emissive => material.emissive_texture.as_ref(),
        purpose => {
            let mut found = material.lobe_textures.iter().filter(|(other, _)| lobed && *other == purpose);
            found.next().map(|(_, texture)| texture)
        }
    })
}

/// Which textures of a material are seen on a geometry, a bit for each: those whose texture coordinates it has.
pub(super) fn textured(geometry: &Geometry, material: &Material) -> i32 {
    let seen = |texture: &Texture| !geometry.uvs[texture.set.min(1)].is_empty();
    let bits = textures(material).into_iter().enumerate();
    bits.filter(|(_, texture)| texture.is_some_and(seen)).map(|(place, _)| 1 << place).sum()
}

/// The bindings of all materials, and how many images the adapter only takes smaller than they are.
///
/// # Errors
/// What fails on the GPU.
pub(super) fn materials(
    gpu: &Gpu,
    frame: &Frame,
    plan: &Plan<'_>,
) -> Result<(Vec<Bindings>, usize), RenderError> {
    let mut used = vec![0; frame.materials.len()];
    for batch in &plan.batches {
        used[batch.material] |=
            textured(plan.checked.geometries[batch.geometry].0, &frame.materials[batch.material]);
    }
    let blank = view::placeholder(gpu, Format::Rgba8)?;
    let mut images: HashMap<(*const Image, bool), gpu::Texture> = HashMap::new();
    let mut shrunk: HashSet<*const Image> = HashSet::new();
    let albedo = match frame.materials.iter().any(is_lobed) {
        true => gpu.buffer(Use::Storage, sheen::albedo())?,
        false => gpu.buffer(Use::Storage, &[0.0])?,
    };
    let mut bind = |material: &Material, used: i32| {
        let lobed = is_lobed(material);
        let count = if lobed { ALL } else { BASIC };
        let mut bound = Vec::with_capacity(count);
        for (place, texture) in textures(material).into_iter().enumerate().take(count) {
            let srgb = Purpose::ALL[place].is_srgb();
            let Some(texture) = texture.filter(|_| used >> place & 1 == 1) else {
                bound.push((blank.clone(), gpu.sampler(PLAIN)?));
                continue;
            };
            let key = (Arc::as_ptr(&texture.image), srgb);
            let image = match images.get(&key) {
                Some(image) => image.clone(),
                None => upload(gpu, &texture.image, srgb)?,
            };
            if image.spec().width < texture.image.width || image.spec().height < texture.image.height {
                shrunk.insert(key.0);
            }
            images.insert(key, image.clone());
            bound.push((image, gpu.sampler(sampler(texture))?));
        }
        let uniform = gpu.buffer(Use::Uniform, &[uniform(material)])?;
        let mut bindings = vec![(&uniform).into()];
        for (image, sampler) in &bound {
            bindings.extend([image.into(), sampler.into()]);
        }
        if lobed {
            bindings.push((&albedo).into());
        }
        Ok(gpu.bind(&gpu.layout(&slots(lobed))?, &bindings)?)
    };
    let bound = frame.materials.iter().zip(used).map(|(material, used)| bind(material, used));
    let bound = bound.collect::<Result<_, RenderError>>()?;
    Ok((bound, shrunk.len()))
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

/// A texture with all its levels; what is larger than the adapter takes begins with the first level that is not.
fn upload(gpu: &Gpu, image: &Image, srgb: bool) -> Result<gpu::Texture, GpuError> {
    let smaller = mips::levels(image, srgb);
    let mut levels: Vec<&[u8]> = vec![bytemuck::cast_slice(&image.rgba)];
    levels.extend(smaller.iter().map(|level| bytemuck::cast_slice::<_, u8>(level)));
    let most = gpu.limits().texture_side;
    let sides = |level: usize| [image.width, image.height].map(|side| (side >> level.min(31)).max(1));
    let first = (0..levels.len()).find(|level| sides(*level).iter().all(|side| *side <= most)).unwrap_or(0);
    let [width, height] = sides(first);
    let spec = TextureSpec {
        width,
        height,
        format: if srgb { Format::Rgba8Srgb } else { Format::Rgba8 },
        usage: TextureUse::Sampled,
    };
    gpu.texture(spec, levels.get(first..).unwrap_or_default())
}

fn uniform(material: &Material) -> Uniform {
    let edge = ((material.ior - 1.0) / (material.ior + 1.0)).powi(2);
    // KHR_materials_ior: 0 stands for a Fresnel of 1.
    let reflectance = if edge.is_finite() { edge.clamp(0.0, 1.0) } else { 0.04 };
    let lobes = &material.lobes;
    let left = lobes.attenuation_color.clamp(Vec3::splat(1e-4), Vec3::ONE);
    let absorbed = left.map(|part| -part.ln() / lobes.attenuation_distance.max(1e-6));
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
        mappings: textures(material).map(|texture| texture.map_or([Vec4::ZERO; 2], mapping)),
        specular: lobes.specular_color.max(Vec3::ZERO).extend(lobes.specular.clamp(0.0, 1.0)),
        coat: Vec4::new(
            lobes.clearcoat.clamp(0.0, 1.0),
            lobes.clearcoat_roughness.clamp(0.0, 1.0),
            lobes.clearcoat_normal_scale,
            material.ior,
        ),
        sheen: lobes.sheen_color.clamp(Vec3::ZERO, Vec3::ONE).extend(lobes.sheen_roughness.clamp(0.0, 1.0)),
        through: absorbed.extend(lobes.transmission.clamp(0.0, 1.0)),
        volume: Vec4::new(lobes.thickness.max(0.0), 0.0, 0.0, 0.0),
    }
}

fn mapping(texture: &Texture) -> [Vec4; 2] {
    let row = |row: usize| -> Vec3 { texture.image_from_uv.row(row) };
    [row(0).extend(texture.set.min(1) as f32), row(1).extend(0.0)]
}
