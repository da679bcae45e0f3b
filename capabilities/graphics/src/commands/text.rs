//! Text layers.

use base::{Color, DocumentId, NodeId};
use document::Value;
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{check_canvas, root};
use crate::{
    canvas::{self, Inserter},
    kinds,
    picture::{Fill, Font, FontFamily, FontStyle, Node, NodeKind, Paint, Text, TextAnchor},
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("graphics.text.add", add);
    registrar.edit("graphics.text.edit", edit);
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Anchor {
    /// x is the left end of the lines.
    #[default]
    Start,
    /// x is the middle of the lines.
    Middle,
    /// x is the right end of the lines.
    End,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Add {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The text; one line per line.
    text: String,
    /// Where the lines are anchored, in px.
    x: f64,
    /// The baseline of the first line, in px.
    y: f64,
    /// The font size, in px.
    #[serde(default = "usual_size")]
    #[schemars(range(min = 0.01, max = 100_000))]
    size: f64,
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
    /// The colour: #rrggbb or #rrggbbaa.
    #[serde(default = "usual_color")]
    #[schemars(with = "String")]
    color: Color,
    /// Which end of the lines x is.
    #[serde(default)]
    anchor: Anchor,
    /// Space added after each glyph, in px.
    #[serde(default)]
    #[serde(rename = "letterSpacing")]
    letter_spacing: f64,
    /// The distance of baselines as a multiple of the font size.
    #[serde(rename = "lineHeight")]
    #[schemars(range(min = 0.1, max = 100))]
    line_height: Option<f64>,
    /// The group that the text goes into; the canvas itself when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// What people call the layer; the beginning of the text when absent.
    name: Option<String>,
}

fn usual_size() -> f64 {
    16.0
}

fn usual_family() -> String {
    "sans-serif".into()
}

fn usual_weight() -> u16 {
    400
}

fn usual_color() -> Color {
    Color::BLACK
}

fn add(scope: &mut EditScope<'_>, args: Add) -> Result<Json, CommandError> {
    check_canvas(scope, args.document)?;
    let families = args.family.split(',').map(|name| name.trim().trim_matches(['"', '\'']));
    let font = Font {
        families: families.filter(|name| !name.is_empty()).map(FontFamily::from).collect(),
        weight: args.weight,
        style: if args.italic { FontStyle::Italic } else { FontStyle::Normal },
        ..Font::default()
    };
    let anchor = match args.anchor {
        Anchor::Start => TextAnchor::Start,
        Anchor::Middle => TextAnchor::Middle,
        Anchor::End => TextAnchor::End,
    };
    let fill = Fill::new(Paint::Color(args.color));
    let mut text = Text::point(&args.text, args.x, args.y, font, args.size, anchor, fill);
    for span in text.chunks.iter_mut().flat_map(|chunk| &mut chunk.spans) {
        span.style.letter_spacing = args.letter_spacing;
    }
    if let Some(multiple) = args.line_height {
        text.line_height = Some(args.size * multiple);
        text.set_content(&args.text);
    }
    let mut node = Node::new(NodeKind::Text(text));
    node.name = args.name.unwrap_or_else(|| args.text.chars().take(32).take_while(|c| *c != '\n').collect());
    let after = scope.node(args.document, args.parent)?.node().children.last().copied();
    let mut ids = scope.ids().clone();
    let mut inserter = Inserter::new(&mut ids);
    let id = inserter.node(&node, args.parent, after);
    let deltas = inserter.deltas;
    *scope.ids() = ids;
    scope.push_all(args.document, deltas)?;
    Ok(json!({ "node": id }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The text layer.
    #[schemars(with = "String")]
    node: NodeId,
    /// The new content.
    text: String,
}

fn edit(scope: &mut EditScope<'_>, args: Edit) -> Result<Json, CommandError> {
    let reader = scope.node(args.document, args.node)?;
    let limits = base::Limits::default();
    let node = canvas::node(reader, &limits).ok().flatten();
    let Some(Node { kind: NodeKind::Text(mut text), .. }) = node else {
        return Err(CommandError::argument(
            "node",
            format!("a {} is needed, not a {}", kinds::Text::KIND, reader.kind()),
        ));
    };
    text.set_content(&args.text);
    let chunks = Value::from_typed(&text.chunks).map_err(|error| CommandError::Failed(error.to_string()))?;
    scope.set(args.document, args.node, "chunks", Some(&chunks.to_json()))?;
    for (name, numbers) in [("dx", &text.dx), ("dy", &text.dy), ("rotate", &text.rotate)] {
        let value = (!numbers.is_empty()).then(|| json!(numbers));
        scope.set(args.document, args.node, name, value.as_ref())?;
    }
    if let Some(height) = text.line_height {
        scope.set(args.document, args.node, "lineHeight", Some(&height.into()))?;
    }
    Ok(Json::Null)
}
