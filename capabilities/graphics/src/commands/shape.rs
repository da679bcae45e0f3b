//! `graphics.shape.add`: vector shapes.

use base::{DocumentId, NodeId};
use kernel::{CommandError, EditScope, Place, Registrar};
use kurbo::{BezPath, Ellipse, Line, Rect, Shape};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{check_canvas, root};
use crate::{
    kinds::{Path, PathProperties},
    picture::Paint,
};

/// How closely curves follow their shapes, in px.
const ACCURACY: f64 = 1e-3;

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("graphics.shape.add", add);
}

#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// The box, with rounded corners when `radius` is given.
    Rectangle,
    /// The ellipse that fills the box.
    Ellipse,
    /// The line from the box's first corner to the opposite one.
    Line,
    /// The outline in `data`, moved to x and y.
    Path,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The shape.
    shape: Form,
    /// The group that the shape goes into; the canvas itself when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// What people call it.
    name: Option<String>,
    /// The left edge of the box, in px.
    #[serde(default)]
    x: f64,
    /// The top edge of the box, in px.
    #[serde(default)]
    y: f64,
    /// The width of the box, in px.
    #[serde(default)]
    width: f64,
    /// The height of the box, in px.
    #[serde(default)]
    height: f64,
    /// The radius of a rectangle's corners, in px.
    #[serde(default)]
    #[schemars(range(min = 0))]
    radius: f64,
    /// SVG path data.
    data: Option<String>,
    /// The corners of a path, in place of its data: [x, y] each, in px.
    #[serde(default)]
    points: Vec<[f64; 2]>,
    /// #rrggbb, #rrggbbaa, url(#NODE) or none; black when absent, none for a line.
    fill: Option<String>,
    /// As for the fill; none when absent, black for a line.
    stroke: Option<String>,
    /// The width of the stroke, in px.
    #[serde(default = "one")]
    #[schemars(range(min = 0))]
    #[serde(rename = "strokeWidth")]
    stroke_width: f64,
}

fn one() -> f64 {
    1.0
}

fn add(scope: &mut EditScope<'_>, args: Args) -> Result<Json, CommandError> {
    check_canvas(scope, args.document)?;
    let line = args.shape == Form::Line;
    let usual = |wanted: Option<String>, usual: bool| {
        wanted.unwrap_or_else(|| if usual { "#000000" } else { "none" }.into())
    };
    let fill = checked("fill", usual(args.fill.clone(), !line))?;
    let stroke = checked("stroke", usual(args.stroke.clone(), line))?;
    let list = PathProperties::default()
        .name(args.name.as_deref().unwrap_or_default())
        .data(&outline(&args)?.to_svg())
        .fill(&fill)
        .stroke(&stroke)
        .stroke_width(args.stroke_width)
        .list();
    let node = scope.insert(args.document, args.parent, Place::Last, Path::KIND, list)?;
    Ok(json!({ "node": node }))
}

/// A paint in its stored form.
fn checked(argument: &str, paint: String) -> Result<String, CommandError> {
    if paint == "none" {
        return Ok(paint);
    }
    let parsed = paint.parse::<Paint>();
    parsed.map(|paint| paint.to_string()).map_err(|error| CommandError::argument(argument, error.to_string()))
}

fn outline(args: &Args) -> Result<BezPath, CommandError> {
    let frame = Rect::new(args.x, args.y, args.x + args.width, args.y + args.height);
    let needs_size = args.shape != Form::Path && args.shape != Form::Line;
    if needs_size && !(args.width > 0.0 && args.height > 0.0) {
        return Err(CommandError::argument("width", "width and height must be above 0"));
    }
    Ok(match args.shape {
        Form::Rectangle if args.radius > 0.0 => frame.to_rounded_rect(args.radius).to_path(ACCURACY),
        Form::Rectangle => frame.to_path(ACCURACY),
        Form::Ellipse => Ellipse::from_rect(frame).to_path(ACCURACY),
        Form::Line => Line::new((frame.x0, frame.y0), (frame.x1, frame.y1)).to_path(ACCURACY),
        Form::Path if !args.points.is_empty() => {
            let mut path = BezPath::new();
            for (at, [x, y]) in args.points.iter().enumerate() {
                let point = (args.x + x, args.y + y);
                if at == 0 { path.move_to(point) } else { path.line_to(point) }
            }
            path
        }
        Form::Path => {
            let data = args.data.as_deref().ok_or_else(|| CommandError::argument("data", "is missing"))?;
            let mut path = BezPath::from_svg(data)
                .map_err(|error| CommandError::argument("data", format!("not path data: {error}")))?;
            path.apply_affine(kurbo::Affine::translate((args.x, args.y)));
            path
        }
    })
}
