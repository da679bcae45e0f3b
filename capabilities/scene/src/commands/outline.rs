//! `scene.text.add` and `scene.extrude`: outlines given depth.

use std::sync::Arc;

use base::{DocumentId, NodeId};
use document::Content;
use glam::DVec3;
use kernel::{CommandError, EditScope, Place, Registrar, TaskScope, Work};
use kurbo::{Affine, BezPath, Shape};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Shared, check_home, check_material, made, placed, root, scene, vector};
use crate::{
    geometry,
    kinds::{Mesh, MeshProperties},
    shapes::{self, ExtrudeError, Extrusion},
};

pub(super) fn register(registrar: &mut Registrar<'_>, shared: &Arc<Shared>) {
    let shared = shared.clone();
    registrar.work("scene.text.add", move |scope, args| text(&shared, scope, args));
    registrar.work("scene.extrude", extrude);
}

/// Sides that bend less than this are smooth, in degrees.
const CREASE: f64 = 40.0;

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Anchor {
    /// Lines begin at the place.
    #[default]
    Start,
    /// Lines have their middle at the place.
    Middle,
    /// Lines end at the place.
    End,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The text; one line per line.
    text: String,
    /// The font size, in m.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0001, max = 100_000))]
    size: f64,
    /// How deep the letters are, in m; a fifth of the size when absent.
    #[schemars(range(min = 0.000001, max = 100_000))]
    depth: Option<f64>,
    /// Font families, the most wanted first, separated by commas.
    #[serde(default = "usual_family")]
    family: String,
    /// The weight: 400 is regular, 700 is bold.
    #[serde(default = "usual_weight")]
    #[schemars(range(min = 1, max = 1000))]
    weight: u16,
    /// Whether it is slanted.
    #[serde(default)]
    italic: bool,
    /// Which part of the lines the place is.
    #[serde(default)]
    anchor: Anchor,
    /// The distance of baselines as a multiple of the font size.
    #[serde(rename = "lineHeight", default = "usual_line_height")]
    #[schemars(range(min = 0.1, max = 100))]
    line_height: f64,
    /// Space added after each letter, in m.
    #[serde(rename = "letterSpacing", default)]
    letter_spacing: f64,
    /// How far curves may be from the polygons that stand for them, in m; a thousandth of the size when absent.
    #[schemars(range(min = 0.000001, max = 1000))]
    tolerance: Option<f64>,
    /// Where the baseline of the first line is, in the parent's space, in m; the letters' front is half their depth before it.
    #[serde(default)]
    position: [f64; 3],
    /// How it is turned: about x, then y, then z, in degrees.
    #[serde(default)]
    rotation: [f64; 3],
    /// The node that the text goes into; the scene itself when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// What people call it; the beginning of the text when absent.
    name: Option<String>,
    /// What it is made of; plain white when absent.
    #[schemars(with = "Option<String>")]
    material: Option<NodeId>,
}

fn one() -> f64 {
    1.0
}

fn usual_family() -> String {
    "sans-serif".into()
}

fn usual_weight() -> u16 {
    400
}

fn usual_line_height() -> f64 {
    1.2
}

fn text(shared: &Arc<Shared>, scope: &mut TaskScope<'_>, args: Text) -> Result<Work, CommandError> {
    let shared = shared.clone();
    let body = Body {
        document: args.document,
        parent: args.parent,
        name: args.name.unwrap_or_else(|| args.text.chars().take(32).take_while(|c| *c != '\n').collect()),
        position: vector("position", args.position)?,
        rotation: vector("rotation", args.rotation)?,
        material: args.material,
    };
    body.check(&scope.content(args.document)?)?;
    let style = fonts::Style {
        family: args.family,
        size: args.size,
        weight: args.weight,
        italic: args.italic,
        anchor: match args.anchor {
            Anchor::Start => fonts::Anchor::Start,
            Anchor::Middle => fonts::Anchor::Middle,
            Anchor::End => fonts::Anchor::End,
        },
        line_height: args.line_height * args.size,
        letter_spacing: args.letter_spacing,
    };
    let extrusion = Extrusion {
        depth: args.depth.unwrap_or(args.size / 5.0),
        tolerance: args.tolerance.unwrap_or(args.size / 1000.0),
        even_odd: false,
        crease: CREASE.to_radians() as f32,
    };
    Ok(Box::new(move |away| {
        let fonts = shared.fonts.of(away.assets().fonts());
        let outline = Affine::FLIP_Y * fonts::outline(&args.text, &style, &fonts);
        let no_glyphs =
            || CommandError::argument("text", "no font has letters for it: nothing would be seen");
        let geometry = shapes::extrude(&outline, &extrusion).map_err(|error| match error {
            ExtrudeError::Empty => no_glyphs(),
            other => CommandError::argument("text", other.to_string()),
        })?;
        body.keep(away.assets().put_blob(geometry::encode(&geometry))?)
    }))
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum FillRule {
    /// What is inside is all that outlines go around and that others do not cancel out.
    #[default]
    Nonzero,
    /// What is inside is what an odd number of outlines goes around.
    Evenodd,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Extrude {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The outline as SVG path data; y goes down in it. Open parts are closed.
    data: String,
    /// How many m a unit of the outline is.
    #[serde(default = "centimetre")]
    #[schemars(range(min = 0.000000001, max = 1_000_000))]
    scale: f64,
    /// How deep the body is, in m.
    #[serde(default = "tenth")]
    #[schemars(range(min = 0.000001, max = 1_000_000))]
    depth: f64,
    /// What of the outline is inside.
    #[serde(rename = "fillRule", default)]
    fill_rule: FillRule,
    /// Whether the middle of the outline's box comes to lie at the place; otherwise the origin of its data does.
    #[serde(default = "yes")]
    center: bool,
    /// How far curves may be from the polygons that stand for them, in m; a thousandth of the outline's longer side when absent.
    #[schemars(range(min = 0.000000001, max = 1000))]
    tolerance: Option<f64>,
    /// Where it is in its parent's space, in m; its front is half its depth before that.
    #[serde(default)]
    position: [f64; 3],
    /// How it is turned: about x, then y, then z, in degrees.
    #[serde(default)]
    rotation: [f64; 3],
    /// The node that the body goes into; the scene itself when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// What people call it.
    name: Option<String>,
    /// What it is made of; plain white when absent.
    #[schemars(with = "Option<String>")]
    material: Option<NodeId>,
}

fn centimetre() -> f64 {
    0.01
}

fn tenth() -> f64 {
    0.1
}

fn yes() -> bool {
    true
}

fn extrude(scope: &mut TaskScope<'_>, args: Extrude) -> Result<Work, CommandError> {
    let mut outline = BezPath::from_svg(&args.data)
        .map_err(|error| CommandError::argument("data", format!("not path data: {error}")))?;
    outline.apply_affine(Affine::scale_non_uniform(args.scale, -args.scale));
    if !outline.is_finite() {
        return Err(CommandError::argument("data", "its numbers are too large"));
    }
    let size = outline.bounding_box().size();
    let extrusion = Extrusion {
        depth: args.depth,
        tolerance: args.tolerance.unwrap_or_else(|| (size.max_side() / 1000.0).max(1e-9)),
        even_odd: args.fill_rule == FillRule::Evenodd,
        crease: CREASE.to_radians() as f32,
    };
    let body = Body {
        document: args.document,
        parent: args.parent,
        name: args.name.unwrap_or_else(|| "Outline".to_owned()),
        position: vector("position", args.position)?,
        rotation: vector("rotation", args.rotation)?,
        material: args.material,
    };
    body.check(&scope.content(args.document)?)?;
    Ok(Box::new(move |away| {
        let extruded = shapes::extrude(&outline, &extrusion);
        let mut geometry = extruded.map_err(|error| CommandError::argument("data", error.to_string()))?;
        if args.center {
            shapes::center(&mut geometry);
        }
        body.keep(away.assets().put_blob(geometry::encode(&geometry))?)
    }))
}

/// A mesh that is to be made.
struct Body {
    document: DocumentId,
    parent: NodeId,
    name: String,
    position: DVec3,
    rotation: DVec3,
    material: Option<NodeId>,
}

impl Body {
    /// Fails early where there is no place for it.
    fn check(&self, content: &Content) -> Result<(), CommandError> {
        let tree = scene(content)?;
        match self.material {
            Some(material) => check_material(tree, "material", material),
            None => Ok(()),
        }
    }

    fn keep(self, blob: base::BlobHash) -> Result<kernel::Finish, CommandError> {
        Ok(Box::new(move |scope| scope.edit(|edit| self.insert(edit, blob)).map(made)))
    }

    fn insert(&self, edit: &mut EditScope<'_>, blob: base::BlobHash) -> Result<NodeId, CommandError> {
        check_home(edit, self.document, self.parent)?;
        let mut builder =
            placed!(MeshProperties::default(), &self.name, self.position, self.rotation).geometry(blob);
        if let Some(material) = self.material {
            builder = builder.material(material);
        }
        edit.insert(self.document, self.parent, Place::Last, Mesh::KIND, builder.list())
    }
}
