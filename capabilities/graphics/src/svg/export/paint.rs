//! Fill, stroke, and painted text.

use std::collections::BTreeMap;

use crate::{
    picture::{Fill, FillRule, LineCap, LineJoin, Paint, PaintOrder, Stroke, Text, TextPath},
    svg::text::{PaintText, TextPart, write_text},
};

use super::{
    Exporter,
    attributes::{Attributes, hex, number, numbers, path_data, url},
    references::Role,
};

impl Exporter<'_> {
    /// Adds those properties of fill and stroke that differ from the inherited ones, and makes them the inherited ones.
    pub(super) fn paint(
        &mut self,
        fill: &Option<Fill>,
        stroke: &Option<Stroke>,
        order: PaintOrder,
        inherited: &mut Inherited,
        attributes: &mut Attributes,
    ) {
        let mut set = |name, value: &str| inherited.set(name, value, attributes);
        match fill.as_ref().and_then(|fill| Some((fill, self.paint_value(&fill.paint)?))) {
            None => set("fill", "none"),
            Some((fill, (paint, alpha))) => {
                set("fill", &paint);
                set("fill-opacity", &number(fill.opacity * alpha));
                let rule = match fill.rule {
                    FillRule::NonZero => "nonzero",
                    FillRule::EvenOdd => "evenodd",
                };
                set("fill-rule", rule);
            }
        }
        match stroke.as_ref().and_then(|stroke| Some((stroke, self.paint_value(&stroke.paint)?))) {
            None => set("stroke", "none"),
            Some((stroke, (paint, alpha))) => {
                set("stroke", &paint);
                set("stroke-opacity", &number(stroke.opacity * alpha));
                set_line(stroke, &mut set);
            }
        }
        let order = match order {
            PaintOrder::FillStroke => "normal",
            PaintOrder::StrokeFill => "stroke",
        };
        set("paint-order", order);
    }

    /// A paint as SVG writes it, and the opacity of its colour; `None` for a paint that paints nothing.
    fn paint_value(&self, paint: &Paint) -> Option<(String, f64)> {
        match paint {
            Paint::Color(color) => Some((hex(*color), f64::from(color.a) / 255.0)),
            Paint::Server(id) => Some((url(&self.reference(Role::Paint, id)?), 1.0)),
        }
    }

    /// The element for a text. In clip paths text has no paint.
    pub(super) fn text(
        &mut self,
        text: &Text,
        attributes: &Attributes,
        title: Option<String>,
        painted: bool,
    ) -> String {
        let mut painter = TextPainter { exporter: self, painted, inherited: Inherited::default() };
        let mut element = write_text(text, attributes.as_str(), &mut painter);
        if let (Some(title), Some(start)) = (title, element.find('>')) {
            element.insert_str(start + 1, &title);
        }
        element
    }
}

/// The properties of fill and stroke that an element takes from those above it.
#[derive(Default)]
pub(super) struct Inherited(BTreeMap<&'static str, String>);

impl Inherited {
    fn set(&mut self, name: &'static str, value: &str, attributes: &mut Attributes) {
        let current = self.0.get(name).map_or(initial(name), String::as_str);
        if current != value {
            attributes.raw(name, value);
            self.0.insert(name, value.to_owned());
        }
    }
}

/// What a property is where nothing sets it (SVG 2, sections 13.4 and 13.5).
fn initial(property: &str) -> &'static str {
    match property {
        "fill" => "#000000",
        "fill-rule" => "nonzero",
        "fill-opacity" | "stroke-opacity" | "stroke-width" => "1",
        "stroke-linecap" => "butt",
        "stroke-linejoin" => "miter",
        "stroke-miterlimit" => "4",
        "stroke-dashoffset" => "0",
        "paint-order" => "normal",
        _ => "none",
    }
}

fn set_line(stroke: &Stroke, set: &mut impl FnMut(&'static str, &str)) {
    set("stroke-width", &number(stroke.width));
    let cap = match stroke.cap {
        LineCap::Butt => "butt",
        LineCap::Round => "round",
        LineCap::Square => "square",
    };
    set("stroke-linecap", cap);
    let join = match stroke.join {
        LineJoin::Miter => "miter",
        LineJoin::MiterClip => "miter-clip",
        LineJoin::Round => "round",
        LineJoin::Bevel => "bevel",
    };
    set("stroke-linejoin", join);
    set("stroke-miterlimit", &number(stroke.miter_limit));
    match stroke.dashes.as_slice() {
        [] => set("stroke-dasharray", "none"),
        dashes => set("stroke-dasharray", &numbers(dashes)),
    }
    set("stroke-dashoffset", &number(stroke.dash_offset));
}

struct TextPainter<'e, 'a> {
    exporter: &'e mut Exporter<'a>,
    painted: bool,
    /// What the lines around the next part have set.
    inherited: Inherited,
}

impl PaintText for TextPainter<'_, '_> {
    fn paint(&mut self, part: TextPart<'_>) -> String {
        let mut attributes = Attributes::default();
        if !self.painted {
            return String::new();
        }
        let (fill, stroke, order) = match part {
            TextPart::Glyphs(style) => (&style.fill, &style.stroke, style.paint_order),
            TextPart::Line(line) => (&line.fill, &line.stroke, PaintOrder::FillStroke),
        };
        self.exporter.paint(fill, stroke, order, &mut self.inherited, &mut attributes);
        if matches!(part, TextPart::Glyphs(_)) {
            self.inherited = Inherited::default();
        }
        attributes.as_str().to_owned()
    }

    fn path_id(&mut self, path: &TextPath) -> String {
        let data = path_data(&path.data);
        let exporter = &mut *self.exporter;
        if let Some(id) = exporter.text_paths.get(&data) {
            return id.clone();
        }
        let id = exporter.names.fresh("text-path");
        let mut attributes = Attributes::default();
        attributes.raw("id", &id).raw("d", &data);
        exporter.definitions.empty("path", &attributes);
        exporter.text_paths.insert(data, id.clone());
        id
    }
}
