//! Materials, with the textures, samplers and images that they name.

use base::Diagnostic;
use glam::{Vec2, Vec3, Vec4};

use crate::{
    frame::{Alpha, Lobes, Wrap},
    model::{Image, ImageData, Material, Slot, TextureRef, TextureTransform},
};

use super::{
    buffers::{Buffers, Resolve, resource},
    json::{At, Read},
};

/// All materials and images.
pub(super) struct Materials {
    pub list: Vec<Material>,
    /// For each material, how many sets of texture coordinates it needs.
    pub sets: Vec<usize>,
    pub images: Vec<Image>,
}

/// An image with what lies beside it.
#[derive(Clone, Copy)]
struct Sampled {
    image: Option<usize>,
    wrap: [Wrap; 2],
    smooth: bool,
}

impl Materials {
    pub fn read(
        root: &At<'_>,
        buffers: &Buffers<'_>,
        resolve: &Resolve<'_>,
        warnings: &mut Vec<Diagnostic>,
    ) -> Read<Self> {
        let mut images = Vec::new();
        for at in root.objects("images")? {
            images.push(read_image(&at, buffers, resolve, warnings)?);
        }
        let samplers = root.objects("samplers")?;
        let samplers = samplers.iter().map(read_sampler).collect::<Read<Vec<_>>>()?;
        let textures = root.objects("textures")?;
        let texture = |at: &At<'_>| {
            let sampler = at.reference("sampler", samplers.len())?;
            let (wrap, smooth) =
                sampler.and_then(|i| samplers.get(i).copied()).unwrap_or(([Wrap::Repeat; 2], true));
            Ok(Sampled { image: at.reference("source", images.len())?, wrap, smooth })
        };
        let textures = textures.iter().map(texture).collect::<Read<Vec<_>>>()?;
        let (mut list, mut sets) = (Vec::new(), Vec::new());
        for at in root.objects("materials")? {
            let (material, needed) = read_material(&at, &textures, warnings)?;
            list.push(material);
            sets.push(needed);
        }
        Ok(Materials { list, sets, images })
    }
}

fn read_sampler(at: &At<'_>) -> Read<([Wrap; 2], bool)> {
    let wrap = |key| -> Read<Wrap> {
        Ok(match at.get(key).map(|at| at.unsigned()).transpose()? {
            Some(33071) => Wrap::Clamp,
            Some(33648) => Wrap::Mirror,
            _ => Wrap::Repeat,
        })
    };
    let magnified = at.get("magFilter").map(|at| at.unsigned()).transpose()?;
    at.get("minFilter").map(|at| at.unsigned()).transpose()?;
    Ok(([wrap("wrapS")?, wrap("wrapT")?], magnified != Some(9728)))
}

fn read_image(
    at: &At<'_>,
    buffers: &Buffers<'_>,
    resolve: &Resolve<'_>,
    warnings: &mut Vec<Diagnostic>,
) -> Read<Image> {
    let mut name = at.name()?;
    let declared = at.text("mimeType")?;
    let view = at.reference("bufferView", buffers.views.len())?;
    let (place, media, bytes) = match (at.get("uri"), view) {
        (Some(_), Some(_)) => return Err(at.error("an image has either an URI or a view, not both")),
        (None, None) => return Err(at.error("an image needs an URI or a view")),
        (None, Some(view)) => {
            let place = at.need("bufferView")?;
            if declared.is_none() {
                return Err(place.error("an image in a view needs its mimeType"));
            }
            let bytes = match buffers.has_data(view) {
                true => Some(buffers.bytes(view, &place)?.to_vec()),
                false => None,
            };
            (place, None, bytes)
        }
        (Some(uri), None) => {
            let resource = resource(&uri, resolve)?;
            if name.is_empty() {
                name = resource.path;
            }
            (uri, resource.media, resource.bytes)
        }
    };
    let Some(bytes) = bytes else {
        warnings
            .push(Diagnostic::warning(&at.place, format!("there is no image {name:?}; a checker stands in")));
        return Ok(Image { name, data: ImageData::Missing });
    };
    check_media(&place, &bytes, [media.as_deref(), declared])?;
    if !is_whole(&bytes) {
        return Err(at.error("the image is damaged"));
    }
    Ok(Image { name, data: ImageData::Encoded(bytes.into()) })
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

/// Whether what is said about an image is what its bytes are.
fn check_media(at: &At<'_>, bytes: &[u8], declared: [Option<&str>; 2]) -> Read<()> {
    let actual = match bytes {
        _ if bytes.starts_with(PNG) => "image/png",
        _ if bytes.starts_with(JPEG) => "image/jpeg",
        _ => return Ok(()),
    };
    match declared.into_iter().flatten().find(|media| *media != actual && media.starts_with("image/")) {
        Some(media) => Err(at.error(format!("the image is {actual}, not {media}"))),
        None => Ok(()),
    }
}

/// Whether a PNG begins with its header and a JPEG has whole segments up to its first scan; other formats are not
/// looked into.
fn is_whole(bytes: &[u8]) -> bool {
    if bytes.starts_with(PNG) {
        return bytes.len() > 33 && bytes.get(12..16) == Some(b"IHDR".as_slice());
    }
    if !bytes.starts_with(JPEG) {
        return true;
    }
    let mut offset = 2;
    while let Some([0xff, marker, high, low]) = bytes.get(offset..offset + 4) {
        match marker {
            0xff => offset += 1,
            0xda => return true,
            0x01 | 0xd0..=0xd9 => offset += 2,
            _ => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                if length < 2 {
                    return false;
                }
                offset += 2 + length;
            }
        }
    }
    false
}

fn read_material(
    at: &At<'_>,
    textures: &[Sampled],
    warnings: &mut Vec<Diagnostic>,
) -> Read<(Material, usize)> {
    let mut out = Material { name: at.name()?, ..Material::default() };
    let mut sets = 0;
    let mut texture = |slot, at: Option<At<'_>>, list: &mut Vec<(Slot, TextureRef)>| -> Read<()> {
        let Some(at) = at else { return Ok(()) };
        let (needed, found) = read_texture(&at, textures, warnings)?;
        sets = needed.max(sets);
        list.extend(found.map(|found| (slot, found)));
        Ok(())
    };
    let object = |key| at.get(key).map(|at| at.object().map(|_| at)).transpose();
    if let Some(pbr) = object("pbrMetallicRoughness")? {
        if let Some(color) = pbr.numbers_in::<4>("baseColorFactor", 0.0, 1.0)? {
            out.base_color = Vec4::from(color);
        }
        out.metallic = pbr.number_in("metallicFactor", 0.0, 1.0)?.unwrap_or(1.0);
        out.roughness = pbr.number_in("roughnessFactor", 0.0, 1.0)?.unwrap_or(1.0);
        texture(Slot::BaseColor, pbr.get("baseColorTexture"), &mut out.textures)?;
        texture(Slot::MetallicRoughness, pbr.get("metallicRoughnessTexture"), &mut out.textures)?;
    }
    if let Some(normal) = object("normalTexture")? {
        out.normal_scale = normal.number_in("scale", f64::NEG_INFINITY, f64::INFINITY)?.unwrap_or(1.0);
        texture(Slot::Normal, Some(normal), &mut out.textures)?;
    }
    if let Some(occlusion) = object("occlusionTexture")? {
        out.occlusion_strength = occlusion.number_in("strength", 0.0, 1.0)?.unwrap_or(1.0);
        texture(Slot::Occlusion, Some(occlusion), &mut out.textures)?;
    }
    texture(Slot::Emissive, object("emissiveTexture")?, &mut out.textures)?;
    if let Some(color) = at.numbers_in::<3>("emissiveFactor", 0.0, 1.0)? {
        out.emissive = Vec3::from(color);
    }
    if let Some(strength) = at.extension("KHR_materials_emissive_strength") {
        out.emissive *= strength.number_in("emissiveStrength", 0.0, f64::INFINITY)?.unwrap_or(1.0);
    }
    let cutoff = at.number_in("alphaCutoff", 0.0, f64::INFINITY)?.unwrap_or(0.5);
    out.alpha = match at.text("alphaMode")? {
        Some("MASK") => Alpha::Mask(cutoff),
        Some("BLEND") => Alpha::Blend,
        _ => Alpha::Opaque,
    };
    out.double_sided = at.flag("doubleSided")?;
    out.unlit = at.extension("KHR_materials_unlit").is_some();
    if let Some(ior) = at.extension("KHR_materials_ior") {
        out.ior = ior.number_in("ior", 0.0, f64::INFINITY)?.unwrap_or(1.5);
        if out.ior != 0.0 && out.ior < 1.0 {
            return Err(ior.error_in("ior", format!("{} is neither 0 nor at least 1", out.ior)));
        }
    }
    out.lobes = read_lobes(at, &mut |slot, at| texture(slot, at, &mut out.textures))?;
    Ok((out, sets))
}

/// What extensions add, with their textures.
fn read_lobes<'a>(at: &At<'a>, texture: &mut dyn FnMut(Slot, Option<At<'a>>) -> Read<()>) -> Read<Lobes> {
    let mut out = Lobes::default();
    let vector = |found: Option<[f32; 3]>, default| found.map_or(default, Vec3::from);
    if let Some(coat) = at.extension("KHR_materials_clearcoat") {
        out.clearcoat = coat.number_in("clearcoatFactor", 0.0, 1.0)?.unwrap_or(0.0);
        out.clearcoat_roughness = coat.number_in("clearcoatRoughnessFactor", 0.0, 1.0)?.unwrap_or(0.0);
        texture(Slot::Clearcoat, coat.get("clearcoatTexture"))?;
        texture(Slot::ClearcoatRoughness, coat.get("clearcoatRoughnessTexture"))?;
        if let Some(normal) = coat.get("clearcoatNormalTexture") {
            let scale = normal.number_in("scale", f64::NEG_INFINITY, f64::INFINITY)?;
            out.clearcoat_normal_scale = scale.unwrap_or(1.0);
            texture(Slot::ClearcoatNormal, Some(normal))?;
        }
    }
    if let Some(transmission) = at.extension("KHR_materials_transmission") {
        out.transmission = transmission.number_in("transmissionFactor", 0.0, 1.0)?.unwrap_or(0.0);
        texture(Slot::Transmission, transmission.get("transmissionTexture"))?;
    }
    if let Some(volume) = at.extension("KHR_materials_volume") {
        out.thickness = volume.number_in("thicknessFactor", 0.0, f64::INFINITY)?.unwrap_or(0.0);
        texture(Slot::Thickness, volume.get("thicknessTexture"))?;
        if let Some(distance) = volume.number_in("attenuationDistance", 0.0, f64::INFINITY)? {
            if distance == 0.0 {
                return Err(volume.error_in("attenuationDistance", "it must be above 0"));
            }
            out.attenuation_distance = distance;
        }
        out.attenuation_color = vector(volume.numbers_in("attenuationColor", 0.0, 1.0)?, Vec3::ONE);
    }
    if let Some(specular) = at.extension("KHR_materials_specular") {
        out.specular = specular.number_in("specularFactor", 0.0, 1.0)?.unwrap_or(1.0);
        texture(Slot::Specular, specular.get("specularTexture"))?;
        let color = specular.numbers_in("specularColorFactor", 0.0, f64::INFINITY)?;
        out.specular_color = vector(color, Vec3::ONE);
        texture(Slot::SpecularColor, specular.get("specularColorTexture"))?;
    }
    if let Some(sheen) = at.extension("KHR_materials_sheen") {
        out.sheen_color = vector(sheen.numbers_in("sheenColorFactor", 0.0, 1.0)?, Vec3::ZERO);
        texture(Slot::SheenColor, sheen.get("sheenColorTexture"))?;
        out.sheen_roughness = sheen.number_in("sheenRoughnessFactor", 0.0, 1.0)?.unwrap_or(0.0);
        texture(Slot::SheenRoughness, sheen.get("sheenRoughnessTexture"))?;
    }
    Ok(out)
}

fn read_texture(
    at: &At<'_>,
    textures: &[Sampled],
    warnings: &mut Vec<Diagnostic>,
) -> Read<(usize, Option<TextureRef>)> {
    let index = at.need_reference("index", textures.len())?;
    let mut set = at.unsigned_or("texCoord", 0, 0, 1 << 16)?;
    let mut transform = TextureTransform::default();
    if let Some(extension) = at.extension("KHR_texture_transform") {
        transform.offset = extension.numbers::<2>("offset")?.map_or(Vec2::ZERO, Vec2::from);
        transform.scale = extension.numbers::<2>("scale")?.map_or(Vec2::ONE, Vec2::from);
        let rotation = extension.number_in("rotation", f64::NEG_INFINITY, f64::INFINITY)?;
        transform.rotation = rotation.unwrap_or(0.0);
        set = extension.unsigned_or("texCoord", set, 0, 1 << 16)?;
    }
    let needed = set as usize + 1;
    if set > 1 {
        warnings.push(Diagnostic::warning(
            &at.place,
            "only two sets of texture coordinates are read: the first is taken",
        ));
        set = 0;
    }
    let found = textures.get(index).and_then(|sampled| {
        let Sampled { image, wrap, smooth } = *sampled;
        Some(TextureRef { image: image?, set: set as usize, transform, wrap, smooth })
    });
    Ok((needed, found))
}
