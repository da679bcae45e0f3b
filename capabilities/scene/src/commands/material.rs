//! Materials: made, and given to meshes.

use base::{Color, DocumentId, NodeId};
use kernel::{CommandError, EditScope, Place, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{check_material, rewrite::meshes_below, scene, spatial};
use crate::kinds::{Material, MaterialAlphaMode, MaterialProperties, Materials};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("scene.material.add", add);
    registrar.edit("scene.material.assign", assign);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Add {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// What people call it.
    name: Option<String>,
    /// The colour: #rrggbb, or #rrggbbaa for what is seen through.
    #[serde(rename = "baseColor", default = "white")]
    #[schemars(with = "String")]
    base_color: Color,
    /// From 0, a plastic, to 1, a metal.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    metallic: f64,
    /// From 0, a mirror, to 1, chalk.
    #[serde(default = "half")]
    #[schemars(range(min = 0, max = 1))]
    roughness: f64,
    /// The colour that it shines in by itself: #rrggbb.
    #[serde(default = "black")]
    #[schemars(with = "String")]
    emissive: Color,
    /// How strongly it shines: 1 is as bright as white paper in plain light.
    #[serde(rename = "emissiveStrength", default = "one")]
    #[schemars(range(min = 0))]
    emissive_strength: f64,
    /// Whether it is seen from behind, too.
    #[serde(rename = "doubleSided", default)]
    double_sided: bool,
    /// Whether it shows its colour as it is, without light.
    #[serde(default)]
    unlit: bool,
    /// The index of refraction: 1.33 for water, 1.5 for glass and plastic, 2.4 for diamond.
    #[serde(default = "glassy")]
    #[schemars(range(min = 0))]
    ior: f64,
    /// How strongly what is no metal reflects.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1))]
    specular: f64,
    /// The colour of that reflection, seen straight on: #rrggbb.
    #[serde(rename = "specularColor", default = "white")]
    #[schemars(with = "String")]
    specular_color: Color,
    /// How much of it lies below a clear coat.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    clearcoat: f64,
    /// The coat's roughness.
    #[serde(rename = "clearcoatRoughness", default)]
    #[schemars(range(min = 0, max = 1))]
    clearcoat_roughness: f64,
    /// The colour of fibres that stand off it, as on velvet: #rrggbb, black for none.
    #[serde(rename = "sheenColor", default = "black")]
    #[schemars(with = "String")]
    sheen_color: Color,
    /// The fibres' roughness.
    #[serde(rename = "sheenRoughness", default)]
    #[schemars(range(min = 0, max = 1))]
    sheen_roughness: f64,
    /// How much of the light that is not reflected goes through, as through glass.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    transmission: f64,
    /// How thick the body is that light goes through, in m; 0 for a thin wall, which bends no light.
    #[serde(default)]
    #[schemars(range(min = 0))]
    thickness: f64,
    /// What is left of white light after the attenuation distance, where there is thickness: #rrggbb.
    #[serde(rename = "attenuationColor", default = "white")]
    #[schemars(with = "String")]
    attenuation_color: Color,
    /// In m; 0 where nothing is absorbed.
    #[serde(rename = "attenuationDistance", default)]
    #[schemars(range(min = 0))]
    attenuation_distance: f64,
    /// Meshes that are made of it from now on, also those below the nodes named.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
}

fn white() -> Color {
    Color::WHITE
}

fn black() -> Color {
    Color::BLACK
}

fn half() -> f64 {
    0.5
}

fn one() -> f64 {
    1.0
}

fn glassy() -> f64 {
    1.5
}

fn add(scope: &mut EditScope<'_>, args: Add) -> Result<Json, CommandError> {
    let tree = scene(scope.content(args.document)?)?;
    let found = tree.root().children().find(|node| node.kind() == Materials::KIND).map(|node| node.id());
    let home = match found {
        Some(home) => home,
        None => scope.insert(args.document, NodeId::ROOT, Place::First, Materials::KIND, Vec::new())?,
    };
    let mut builder = MaterialProperties::default()
        .name(args.name.as_deref().unwrap_or("Material"))
        .base_color(args.base_color)
        .metallic(args.metallic)
        .roughness(args.roughness)
        .emissive(args.emissive)
        .emissive_strength(args.emissive_strength)
        .double_sided(args.double_sided)
        .unlit(args.unlit)
        .ior(args.ior)
        .specular(args.specular)
        .specular_color(args.specular_color)
        .clearcoat(args.clearcoat)
        .clearcoat_roughness(args.clearcoat_roughness)
        .sheen_color(args.sheen_color)
        .sheen_roughness(args.sheen_roughness)
        .transmission(args.transmission)
        .thickness(args.thickness)
        .attenuation_color(args.attenuation_color)
        .attenuation_distance(args.attenuation_distance);
    if args.base_color.a < 255 {
        builder = builder.alpha_mode(MaterialAlphaMode::Blend);
    }
    let material = scope.insert(args.document, home, Place::Last, Material::KIND, builder.list())?;
    if !args.nodes.is_empty() {
        give(scope, args.document, &args.nodes, Some(material))?;
    }
    Ok(json!({ "material": material }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Assign {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The meshes, and nodes that meshes are below; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// The material; plain white when absent.
    #[schemars(with = "Option<String>")]
    material: Option<NodeId>,
}

fn assign(scope: &mut EditScope<'_>, args: Assign) -> Result<Json, CommandError> {
    if let Some(material) = args.material {
        check_material(scene(scope.content(args.document)?)?, "material", material)?;
    }
    give(scope, args.document, &args.nodes, args.material)
}

fn give(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    named: &[NodeId],
    material: Option<NodeId>,
) -> Result<Json, CommandError> {
    let nodes = spatial(scope, document, named)?;
    let meshes = meshes_below(scope.tree(document)?, &nodes);
    if meshes.is_empty() {
        return Err(CommandError::argument("nodes", "there is no mesh among them or below them"));
    }
    let value = material.map(|material| json!(material));
    for mesh in &meshes {
        scope.set(document, *mesh, "material", value.as_ref())?;
    }
    Ok(json!({ "nodes": meshes }))
}
