//! `graphics.place`: a picture file as a layer.

use std::sync::Arc;

use base::{DocumentId, NodeId};
use document::Delta;
use kernel::{CommandError, EditScope, Place, Registrar, TaskScope, Work};
use kurbo::{Affine, Rect, Shape, Vec2};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{check_canvas, resources, root};
use crate::{
    canvas::Inserter,
    draw::Drawing,
    import,
    kinds::{ClipPath, ClipPathProperties, Path, PathProperties},
    picture::{Node, Picture},
};

pub(super) fn register(registrar: &mut Registrar<'_>, drawing: &Arc<Drawing>) {
    let drawing = drawing.clone();
    registrar.work("graphics.place", move |scope, args| place(drawing.clone(), scope, args));
}

/// How a picture fills a box.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Fit {
    /// As large as fits into the box.
    #[default]
    Contain,
    /// As small as fills the box; what sticks out is cut off.
    Cover,
    /// Stretched to the box.
    Fill,
    /// At its own size, in the middle of the box.
    None,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The PNG, JPEG, WebP, GIF or SVG file.
    path: String,
    /// The group that the layer goes into; the canvas itself when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// What people call the layer; the name of the file when absent.
    name: Option<String>,
    /// The left edge of the box, in px.
    #[serde(default)]
    x: f64,
    /// The top edge of the box, in px.
    #[serde(default)]
    y: f64,
    /// The width of the box, in px; in proportion, or the picture's own, when absent.
    #[schemars(range(min = 0.000001))]
    width: Option<f64>,
    /// The height of the box, in px; in proportion, or the picture's own, when absent.
    #[schemars(range(min = 0.000001))]
    height: Option<f64>,
    /// How the picture fills the box.
    #[serde(default)]
    fit: Fit,
}

fn place(drawing: Arc<Drawing>, scope: &mut TaskScope<'_>, args: Args) -> Result<Work, CommandError> {
    let bytes = scope.assets().read(&args.path)?;
    let Some(format) = import::format_of(&bytes) else {
        return Err(CommandError::input(&args.path, "not a PNG, JPEG, WebP, GIF or SVG file"));
    };
    Ok(Box::new(move |away| {
        let import::Read { picture, files, diagnostics } =
            import::read(&drawing, &args.path, format, &bytes, &away.assets())?;
        for file in files.values() {
            away.assets().put_blob(file.to_vec())?;
        }
        away.warn(diagnostics);
        Ok(Box::new(move |scope| {
            let node = scope.edit(|edit| insert(edit, &args, picture))?;
            Ok(json!({ "node": node }))
        }))
    }))
}

fn insert(scope: &mut EditScope<'_>, args: &Args, picture: Picture) -> Result<NodeId, CommandError> {
    check_canvas(scope, args.document)?;
    let size = (picture.width, picture.height);
    let (across, down) = match (args.width, args.height) {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, width * size.1 / size.0),
        (None, Some(height)) => (height * size.0 / size.1, height),
        (None, None) => size,
    };
    let frame = Rect::new(args.x, args.y, args.x + across, args.y + down);
    let fitted = fitted(args.fit, size, frame);
    let name = args.name.clone().unwrap_or_else(|| import::stem(&args.path));
    let mut layer = layer(&picture);
    layer.transform = fitted * layer.transform;
    layer.name = name;

    let home = if picture.resources.0.is_empty() { None } else { Some(resources(scope, args.document)?) };
    let last_resource = match home {
        Some(home) => scope.node(args.document, home)?.node().children.last().copied(),
        None => None,
    };
    let siblings = scope.node(args.document, args.parent)?.node().children.clone();
    let mut ids = scope.ids().clone();
    let mut inserter = Inserter::new(&mut ids);
    if let Some(home) = home {
        inserter.resources_into(&picture, home, last_resource);
    }
    let node = inserter.node(&layer, args.parent, siblings.last().copied());
    let deltas = inserter.deltas;
    *scope.ids() = ids;
    scope.push_all(args.document, deltas)?;
    if args.fit == Fit::Cover {
        cut(scope, args.document, node, layer.transform, frame)?;
    }
    Ok(node)
}

/// The picture as one node: its only one when there is just one, else a group.
fn layer(picture: &Picture) -> Node {
    match picture.root.children.as_slice() {
        [only] => only.clone(),
        _ => picture.root.clone().into(),
    }
}

/// From the picture's pixels to the canvas, so that it fills the box.
fn fitted(fit: Fit, (width, height): (f64, f64), frame: Rect) -> Affine {
    let (across, down) = (frame.width() / width, frame.height() / height);
    let (across, down) = match fit {
        Fit::Contain => (across.min(down), across.min(down)),
        Fit::Cover => (across.max(down), across.max(down)),
        Fit::Fill => (across, down),
        Fit::None => (1.0, 1.0),
    };
    let corner = frame.center() - Vec2::new(width * across, height * down) / 2.0;
    Affine::translate(corner.to_vec2()) * Affine::scale_non_uniform(across, down)
}

/// Cuts off what of a layer sticks out of a box of its parent.
fn cut(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    node: NodeId,
    transform: Affine,
    frame: Rect,
) -> Result<(), CommandError> {
    let home = resources(scope, document)?;
    let list = ClipPathProperties::default().name("Frame").transform(transform.inverse()).list();
    let clip = scope.insert(document, home, Place::Last, ClipPath::KIND, list)?;
    let outline = PathProperties::default().data(&frame.to_path(0.1).to_svg()).fill("#000000").list();
    scope.insert(document, clip, Place::Last, Path::KIND, outline)?;
    // The layer may have a clip of its own: the frame is then cut by that one.
    let own = scope.node(document, node)?.string("clip");
    if let Some(own) = own {
        scope.set(document, clip, "clip", Some(&own.as_ref().into()))?;
    }
    scope.push(document, Delta::Set { node, key: "clip".into(), value: Some(clip.into()) })
}
