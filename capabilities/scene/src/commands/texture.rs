//! `scene.texture.add`: an image file, or another document, on a material.

use base::{DocumentId, NodeId};
use document::Delta;
use kernel::{CommandError, EditScope, Place, Registrar, TaskScope, Work};
use raster::codec;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{
    check_material,
    picture::{Origin, Picture},
    scene,
};
use crate::kinds::{Texture, TextureProperties, TexturePurpose, TextureWrapX, TextureWrapY};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.work("scene.texture.add", add);
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Purpose {
    /// Colour and opacity.
    #[default]
    BaseColor,
    /// Green is roughness, blue is metallic.
    MetallicRoughness,
    /// Tangent-space normals, as in glTF.
    Normal,
    /// Red is how much light from all sides arrives.
    Occlusion,
    /// What shines by itself.
    Emissive,
    /// Red is how much lies below the clear coat.
    Clearcoat,
    /// Green is the coat's roughness.
    ClearcoatRoughness,
    /// The coat's tangent-space normals.
    ClearcoatNormal,
    /// Red is how much light goes through.
    Transmission,
    /// Green is how thick the body is that light goes through.
    Thickness,
    /// Alpha is how strongly what is no metal reflects.
    Specular,
    /// The colour of that reflection.
    SpecularColor,
    /// The colour of the sheen.
    SheenColor,
    /// Alpha is the sheen's roughness.
    SheenRoughness,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Wrap {
    /// The image again.
    #[default]
    Repeat,
    /// The image again, every second time mirrored.
    Mirror,
    /// Its edge.
    Clamp,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The material.
    #[schemars(with = "String")]
    material: NodeId,
    /// The PNG, JPEG, WebP or GIF file; else the source is needed.
    path: Option<String>,
    /// The document that is shown, as it is at any time: a canvas.
    #[schemars(with = "Option<String>")]
    source: Option<DocumentId>,
    /// The size in pixels at which a source is drawn, along its longer side.
    #[serde(default = "usual_resolution")]
    #[schemars(range(min = 1, max = 16384))]
    resolution: u32,
    /// What the image is for; one that is there for the same is replaced.
    #[serde(default)]
    purpose: Purpose,
    /// How often the image lies across and down the texture coordinates from 0 to 1.
    #[serde(default = "ones")]
    repeat: [f64; 2],
    /// What lies beside the image.
    #[serde(default)]
    wrap: Wrap,
    /// Whether pixels are mixed when they are seen large.
    #[serde(default = "yes")]
    smooth: bool,
    /// Which of the texture coordinates count: 0 or 1.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    set: i64,
    /// What people call it; the name of the file or document when absent.
    name: Option<String>,
}

fn usual_resolution() -> u32 {
    1024
}

fn ones() -> [f64; 2] {
    [1.0, 1.0]
}

fn yes() -> bool {
    true
}

fn add(scope: &mut TaskScope<'_>, args: Args) -> Result<Work, CommandError> {
    check_material(scene(&scope.content(args.document)?)?, "material", args.material)?;
    let named = (args.path.as_deref(), args.source);
    let origin = Origin::named(scope, args.document, named, "a scene cannot be on itself")?;
    Ok(Box::new(move |away| {
        let image = origin.kept(away, |path, bytes, limits| {
            codec::decode_texels(bytes, limits).map(drop).map_err(|error| CommandError::input(path, error))
        })?;
        Ok(Box::new(move |scope| {
            let texture = scope.edit(|edit| insert(edit, &args, &image))?;
            Ok(json!({ "texture": texture }))
        }))
    }))
}

fn insert(scope: &mut EditScope<'_>, args: &Args, image: &Picture) -> Result<NodeId, CommandError> {
    check_material(scene(scope.content(args.document)?)?, "material", args.material)?;
    let purpose = match args.purpose {
        Purpose::BaseColor => TexturePurpose::BaseColor,
        Purpose::MetallicRoughness => TexturePurpose::MetallicRoughness,
        Purpose::Normal => TexturePurpose::Normal,
        Purpose::Occlusion => TexturePurpose::Occlusion,
        Purpose::Emissive => TexturePurpose::Emissive,
        Purpose::Clearcoat => TexturePurpose::Clearcoat,
        Purpose::ClearcoatRoughness => TexturePurpose::ClearcoatRoughness,
        Purpose::ClearcoatNormal => TexturePurpose::ClearcoatNormal,
        Purpose::Transmission => TexturePurpose::Transmission,
        Purpose::Thickness => TexturePurpose::Thickness,
        Purpose::Specular => TexturePurpose::Specular,
        Purpose::SpecularColor => TexturePurpose::SpecularColor,
        Purpose::SheenColor => TexturePurpose::SheenColor,
        Purpose::SheenRoughness => TexturePurpose::SheenRoughness,
    };
    let material = scope.node(args.document, args.material)?;
    let same = material
        .children()
        .filter(|child| Texture::read(*child).is_some_and(|texture| texture.purpose() == purpose));
    let same: Vec<NodeId> = same.map(|child| child.id()).collect();
    for node in same {
        scope.push(args.document, Delta::Remove { node })?;
    }
    let (across, down) = match args.wrap {
        Wrap::Repeat => (TextureWrapX::Repeat, TextureWrapY::Repeat),
        Wrap::Mirror => (TextureWrapX::Mirror, TextureWrapY::Mirror),
        Wrap::Clamp => (TextureWrapX::Clamp, TextureWrapY::Clamp),
    };
    let mut builder = TextureProperties::default()
        .name(args.name.as_deref().unwrap_or(&image.name))
        .purpose(purpose)
        .set(args.set)
        .scale_x(args.repeat[0])
        .scale_y(args.repeat[1])
        .wrap_x(across)
        .wrap_y(down)
        .smooth(args.smooth);
    if let Some(document) = image.document {
        builder = builder.document(document).resolution(args.resolution.into());
    }
    if let Some(blob) = image.blob {
        builder = builder.image(blob);
    }
    scope.insert(args.document, args.material, Place::Last, Texture::KIND, builder.list())
}
