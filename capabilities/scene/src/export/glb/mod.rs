//! glTF 2.0 in its binary container: one file with all that it needs.

mod animation;
mod asset;
mod bend;
mod lobes;
mod material;
mod mesh;
mod node;
mod skin;
mod split;

use base::Limits;
use serde_json::{Map, Value as Json, json};

use crate::model::Model;

use super::{WriteError, Written, check_size};

use asset::Asset;

const MAGIC: &[u8] = b"glTF";
const JSON_CHUNK: &[u8] = b"JSON";
const BINARY_CHUNK: &[u8] = b"BIN\0";

pub(super) fn write(model: &Model, limits: &Limits) -> Result<Written, WriteError> {
    let mut asset = Asset::default();
    let mut warnings = Vec::new();
    let mut materials = material::Materials::write(model, &mut asset, limits, &mut warnings);
    let meshes = mesh::write(model, &mut asset, &mut materials);
    let mut nodes = node::write(model, &meshes);
    let skins = skin::write(model, &meshes, &mut nodes, &mut asset);
    let animations = animation::write(model, &meshes, &nodes, &mut asset, &mut warnings);
    let mut root = Map::new();
    root.insert("asset".to_owned(), json!({ "version": "2.0", "generator": "MetaBuilder" }));
    root.insert("scene".to_owned(), 0.into());
    let mut scene = Map::new();
    insert_list(&mut scene, "nodes", nodes.roots.into_iter().map(Json::from).collect());
    root.insert("scenes".to_owned(), json!([scene]));
    insert_list(&mut root, "nodes", nodes.list);
    insert_list(&mut root, "cameras", node::cameras(model));
    insert_list(&mut root, "meshes", meshes.list);
    insert_list(&mut root, "skins", skins);
    insert_list(&mut root, "animations", animations);
    materials.finish(&mut root, &mut asset);
    let lights = node::lights(model);
    if !lights.is_empty() {
        asset.extension("KHR_lights_punctual");
        root.insert("extensions".to_owned(), json!({ "KHR_lights_punctual": { "lights": lights } }));
    }
    let binary = asset.finish(&mut root);
    let bytes = container(&Json::Object(root), &binary)?;
    check_size(bytes.len() as u64, limits)?;
    Ok(Written { bytes, beside: Vec::new(), diagnostics: warnings })
}

/// glTF allows no empty lists.
fn insert_list(object: &mut Map<String, Json>, key: &str, list: Vec<Json>) {
    if !list.is_empty() {
        object.insert(key.to_owned(), list.into());
    }
}

/// The container (glTF 2.0, section 4.4): its header, then the text and the data, each padded to four bytes.
fn container(root: &Json, binary: &[u8]) -> Result<Vec<u8>, WriteError> {
    let mut text = root.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let padding = binary.len().next_multiple_of(4) - binary.len();
    let chunk = if binary.is_empty() { 0 } else { 8 + binary.len() + padding };
    let length = 12 + 8 + text.len() + chunk;
    let most = u64::from(u32::MAX);
    if length as u64 > most {
        return Err(WriteError::TooLarge { what: "the size in bytes", found: length as u64, most });
    }
    let mut out = Vec::with_capacity(length);
    out.extend(MAGIC);
    out.extend(2u32.to_le_bytes());
    out.extend((length as u32).to_le_bytes());
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(JSON_CHUNK);
    out.extend(text);
    if !binary.is_empty() {
        out.extend(((binary.len() + padding) as u32).to_le_bytes());
        out.extend(BINARY_CHUNK);
        out.extend(binary);
        out.resize(length, 0);
    }
    Ok(out)
}

/// The shortest number that reads as the same one; the greatest one for infinity, which JSON has not.
fn number(number: f32) -> Json {
    let number = super::held(number);
    let shortest: f64 = number.to_string().parse().unwrap_or_else(|_| number.into());
    // Whole numbers go without a point.
    if shortest.fract() == 0.0 && shortest.abs() < 1e9 { (shortest as i64).into() } else { shortest.into() }
}

fn numbers(list: &[f32]) -> Json {
    list.iter().map(|item| number(*item)).collect()
}

/// Sets the name of something that has one.
fn insert_name(object: &mut Json, name: &str) {
    if !name.is_empty() {
        object["name"] = name.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_finite() {
        let list = [0.1, -0.0, 3.0, 1.5e-7, f32::INFINITY, f32::NAN];
        assert_eq!(numbers(&list).to_string(), "[0.1,0,3,1.5e-7,3.4028235e+38,0]");
    }
}
