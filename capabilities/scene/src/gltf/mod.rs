//! glTF 2.0 (Khronos, 2021): text with files beside it, and the binary container.
//!
//! A file is read only if it holds to the specification, as the Khronos validator judges it; images that are not there
//! are let pass.

mod accessor;
mod animation;
mod attributes;
mod bounds;
mod buffers;
mod draco;
mod element;
mod glb;
mod json;
mod material;
mod mesh;
mod node;
mod packed;
mod skin;

pub use buffers::Resolve;

use std::collections::HashSet;

use base::{Diagnostic, Limits};
use serde_json::Value;

use crate::{
    ReadError,
    model::{Material, Model},
};

use accessor::Accessors;
use buffers::Buffers;
use json::{At, Read};
use material::Materials;
use node::Nodes;

/// The extensions that are understood where a file requires them.
const SUPPORTED: [&str; 14] = [
    "EXT_meshopt_compression",
    draco::NAME,
    "KHR_lights_punctual",
    "KHR_materials_clearcoat",
    "KHR_materials_emissive_strength",
    "KHR_materials_ior",
    "KHR_materials_sheen",
    "KHR_materials_specular",
    "KHR_materials_transmission",
    "KHR_materials_unlit",
    "KHR_materials_volume",
    "KHR_mesh_quantization",
    "KHR_meshopt_compression",
    "KHR_texture_transform",
];

/// Whether these are the first bytes of a file in one of the two forms.
pub fn recognises(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(1 << 16)];
    let opens = head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let has = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
    let lists: [&[u8]; 4] = [b"\"scenes\"", b"\"meshes\"", b"\"accessors\"", b"\"bufferViews\""];
    glb::is_glb(bytes) || opens && has(b"\"asset\"") && lists.into_iter().any(has)
}

/// Reads a file of either form. What is left out of the model is told in the diagnostics.
///
/// # Errors
/// The file does not hold to the specification, a buffer is missing, or a limit is exceeded.
pub fn read(
    bytes: &[u8],
    resolve: &Resolve<'_>,
    limits: &Limits,
) -> Result<(Model, Vec<Diagnostic>), ReadError> {
    // What neither begins as JSON nor with a byte order mark is meant as a container, however it begins.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_glb = glb::is_glb(bytes) || !first.is_some_and(|first| b"{[\"-0123456789tfn\xef".contains(first));
    let (json, binary) = match is_glb {
        true => {
            let container = glb::read(bytes)?;
            (container.json, container.binary)
        }
        false => (bytes, None),
    };
    let value: Value = serde_json::from_slice(json)
        .map_err(|error| ReadError::json("", format!("invalid JSON: {error}")))?;
    let root = At::root(&value);
    check_root(&root, limits)?;
    let quantized = uses(&root, "KHR_mesh_quantization");
    let mut warnings = Vec::new();
    let buffers = Buffers::read(&root, binary, is_glb, resolve, limits)?;
    let materials = Materials::read(&root, &buffers, resolve, &mut warnings)?;
    let accessors = Accessors::read(&root, buffers, limits)?;
    let meshes = mesh::read(&root, &accessors, &materials, quantized)?;
    let (cameras, lights) = (node::cameras(&root)?, node::lights(&root)?);
    let nodes = Nodes::read(&root, &meshes, cameras.len(), lights.len())?;
    let skins = skin::read(&root, &accessors, &nodes)?;
    let roots = node::roots(&root, &nodes, &skins)?;
    let animations = animation::read(&root, &accessors, &nodes, &meshes)?;
    (0..accessors.len()).try_for_each(|index| accessors.check_unused(index))?;
    let mut model = Model {
        roots,
        nodes: nodes.list,
        meshes: meshes.into_iter().map(|info| info.mesh).collect(),
        materials: materials.list,
        images: materials.images,
        lights,
        cameras,
        skins,
        animations,
    };
    name_default_material(&mut model);
    Ok((model, warnings))
}

/// What has no material is of glTF's default one, which is not what a scene's meshes without one are made of.
fn name_default_material(model: &mut Model) {
    let default = model.materials.len();
    let primitives = model.meshes.iter_mut().flat_map(|mesh| &mut mesh.primitives);
    let mut found = false;
    for primitive in primitives.filter(|primitive| primitive.material.is_none()) {
        primitive.material = Some(default);
        found = true;
    }
    if found {
        model.materials.push(Material::default());
    }
}

fn uses(root: &At<'_>, extension: &str) -> bool {
    let used = root.value.get("extensionsUsed").and_then(Value::as_array);
    used.is_some_and(|list| list.iter().any(|name| name == extension))
}

fn check_root(root: &At<'_>, limits: &Limits) -> Read<()> {
    root.object()?;
    let asset = root.need("asset")?;
    asset.object()?;
    let (version, text) =
        read_version(&asset, "version")?.ok_or_else(|| asset.error("version is missing"))?;
    if version.0 != 2 {
        return Err(asset.error_in("version", format!("version {text} is not known")));
    }
    if let Some((least, text)) = read_version(&asset, "minVersion")?
        && least > version
    {
        return Err(asset.error_in("minVersion", format!("{text} is above the version")));
    }
    if let Some(extensions) = root.get("extensions") {
        for (_, extension) in extensions.entries()? {
            extension.object()?;
        }
    }
    let used: HashSet<&str> = names(root, "extensionsUsed")?.into_iter().map(|(name, _)| name).collect();
    for (name, at) in names(root, "extensionsRequired")? {
        if !used.contains(name) {
            return Err(at.error(format!("{name} is required but not used")));
        }
        if !SUPPORTED.contains(&name) {
            return Err(at.error(format!("{name} is not understood")));
        }
    }
    for key in ["scenes", "nodes", "meshes", "materials", "textures", "samplers", "images", "skins"] {
        let count = root.objects(key)?.len() as u64;
        Limits::check(&format!("the number of {key}"), count, limits.nodes, "nodes")?;
    }
    Ok(())
}

/// A version such as 2.0.
fn read_version<'a>(asset: &At<'a>, key: &str) -> Read<Option<((u32, u32), &'a str)>> {
    let Some(at) = asset.get(key) else { return Ok(None) };
    let text = at.string()?;
    let parts =
        text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parts.map(|parts| Some((parts, text))).ok_or_else(|| at.error(format!("{text:?} is no version")))
}

/// A list of texts, none twice.
fn names<'a>(root: &At<'a>, key: &str) -> Read<Vec<(&'a str, At<'a>)>> {
    let Some(list) = root.get(key) else { return Ok(Vec::new()) };
    let mut out: Vec<(&str, At<'_>)> = Vec::new();
    let mut seen = HashSet::new();
    for item in list.items()? {
        let name = item.string()?;
        if !seen.insert(name) {
            return Err(item.error(format!("{name} is there twice")));
        }
        out.push((name, item));
    }
    Ok(out)
}
