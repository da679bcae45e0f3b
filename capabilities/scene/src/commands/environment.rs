//! `scene.environment.add`: a picture of light, or another document, around a scene.

use base::{Color, DocumentId, NodeId};
use document::Delta;
use kernel::{CommandError, EditScope, Place, Registrar, TaskScope, Work};
use raster::hdr::{self, HdrError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    made,
    picture::{Origin, Picture},
    scene,
};
use crate::kinds::{Environment, EnvironmentProperties};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.work("scene.environment.add", add);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The OpenEXR, Radiance HDR, PNG, JPEG, WebP or GIF file; else the source is needed.
    path: Option<String>,
    /// The document that shines, as it is at any time: a canvas.
    #[schemars(with = "Option<String>")]
    source: Option<DocumentId>,
    /// The size in pixels at which a source is drawn, along its longer side.
    #[serde(default = "usual_resolution")]
    #[schemars(range(min = 1, max = 16384))]
    resolution: u32,
    /// How many times as bright as in the picture it is.
    #[serde(default = "one")]
    #[schemars(range(min = 0))]
    strength: f64,
    /// What its light is multiplied by: #rrggbb.
    #[serde(default = "white")]
    #[schemars(with = "String")]
    color: Color,
    /// How far it is turned about the y axis, in degrees: to the left, seen from above.
    #[serde(default)]
    rotation: f64,
    /// Whether it is seen behind everything, too.
    #[serde(default)]
    backdrop: bool,
    /// How much it is blurred there, 0 to 1.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    blur: f64,
    /// What people call it; the name of the file or document when absent.
    name: Option<String>,
}

fn usual_resolution() -> u32 {
    2048
}

fn one() -> f64 {
    1.0
}

fn white() -> Color {
    Color::WHITE
}

fn add(scope: &mut TaskScope<'_>, args: Args) -> Result<Work, CommandError> {
    scene(&scope.content(args.document)?)?;
    let named = (args.path.as_deref(), args.source);
    let origin = Origin::named(scope, args.document, named, "a scene cannot shine on itself")?;
    Ok(Box::new(move |away| {
        let picture = origin.kept(away, |path, bytes, limits| {
            hdr::decode(bytes, limits).map(drop).map_err(|error| match error {
                HdrError::Limit(limit) => CommandError::Limit { place: path.to_owned(), limit },
                other => CommandError::input(path, other),
            })
        })?;
        Ok(Box::new(move |scope| Ok(made(scope.edit(|edit| insert(edit, &args, &picture))?))))
    }))
}

fn insert(scope: &mut EditScope<'_>, args: &Args, picture: &Picture) -> Result<NodeId, CommandError> {
    let root = scene(scope.content(args.document)?)?.root();
    let others: Vec<NodeId> =
        root.children().filter(|child| child.kind() == Environment::KIND).map(|child| child.id()).collect();
    for node in others {
        scope.push(args.document, Delta::Remove { node })?;
    }
    let mut builder = EnvironmentProperties::default()
        .name(args.name.as_deref().unwrap_or(&picture.name))
        .strength(args.strength)
        .color(args.color)
        .rotation(args.rotation)
        .backdrop(args.backdrop)
        .blur(args.blur);
    if let Some(document) = picture.document {
        builder = builder.document(document).resolution(args.resolution.into());
    }
    if let Some(blob) = picture.blob {
        builder = builder.image(blob);
    }
    scope.insert(args.document, NodeId::ROOT, Place::Last, Environment::KIND, builder.list())
}
