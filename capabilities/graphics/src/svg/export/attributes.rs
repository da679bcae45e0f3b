//! Attributes, and the forms of their values: numbers, colours, transforms, path data.

use std::fmt::Write;

use base::Color;
use kurbo::{Affine, BezPath, PathEl};

use crate::svg::text::escape;

/// The attributes of an element as text, with a space before each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attributes(String);

impl Attributes {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Adds an attribute; the value is escaped.
    pub(super) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        let _ = write!(self.0, " {name}=\"{}\"", escape(value));
        self
    }

    /// Adds an attribute whose value needs no escapes.
    pub(super) fn raw(&mut self, name: &str, value: &str) -> &mut Self {
        let _ = write!(self.0, " {name}=\"{value}\"");
        self
    }

    /// Adds a keyword unless it is the default.
    pub(super) fn text_unless(&mut self, name: &str, value: &str, default: &str) -> &mut Self {
        if value == default { self } else { self.text(name, value) }
    }

    /// Adds a number.
    pub(super) fn number(&mut self, name: &str, value: f64) -> &mut Self {
        self.raw(name, &number(value))
    }

    /// Adds a number unless it is the default.
    pub(super) fn number_unless(&mut self, name: &str, value: f64, default: f64) -> &mut Self {
        if value == default { self } else { self.number(name, value) }
    }

    /// Adds a transform unless it does nothing.
    pub(super) fn transform(&mut self, name: &str, value: Affine) -> &mut Self {
        match transform(value) {
            Some(value) => self.raw(name, &value),
            None => self,
        }
    }

    /// Adds all attributes of another element.
    pub(super) fn append(&mut self, others: &Attributes) -> &mut Self {
        self.0.push_str(&others.0);
        self
    }

    /// Adds a reference as CSS writes it.
    pub(super) fn url(&mut self, name: &str, id: &str) -> &mut Self {
        self.raw(name, &url(id))
    }
}

/// A number with nine significant digits, at least six and at most twelve of them decimals; what is not finite is 0.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (8 - value.abs().log10().floor() as i32).clamp(6, 12) as usize;
    let text = format!("{value:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Numbers with spaces between them.
pub(super) fn numbers(values: &[f64]) -> String {
    values.iter().map(|value| number(*value)).collect::<Vec<_>>().join(" ")
}

/// A colour as `#rrggbb`, without its alpha.
pub(super) fn hex(color: Color) -> String {
    Color { a: 255, ..color }.to_string()
}

/// A reference as CSS writes it.
pub(super) fn url(id: &str) -> String {
    format!("url(#{id})")
}

/// A transform in its shortest form; `None` for one that does nothing.
fn transform(value: Affine) -> Option<String> {
    let values = value.as_coeffs().map(number);
    Some(match values.each_ref().map(String::as_str) {
        ["1", "0", "0", "1", "0", "0"] => return None,
        ["1", "0", "0", "1", x, "0"] => format!("translate({x})"),
        ["1", "0", "0", "1", x, y] => format!("translate({x} {y})"),
        [x, "0", "0", y, "0", "0"] if x == y => format!("scale({x})"),
        [x, "0", "0", y, "0", "0"] => format!("scale({x} {y})"),
        all => format!("matrix({})", all.join(" ")),
    })
}

/// Path data with absolute commands.
pub(super) fn path_data(path: &BezPath) -> String {
    let mut out = String::new();
    let mut start = [String::new(), String::new()];
    let mut last = start.clone();
    for element in path.elements() {
        let (letter, points) = match *element {
            PathEl::MoveTo(p) => ('M', vec![p]),
            PathEl::LineTo(p) => ('L', vec![p]),
            PathEl::QuadTo(p1, p) => ('Q', vec![p1, p]),
            PathEl::CurveTo(p1, p2, p) => ('C', vec![p1, p2, p]),
            PathEl::ClosePath => ('Z', vec![]),
        };
        let points: Vec<[String; 2]> = points.iter().map(|p| [number(p.x), number(p.y)]).collect();
        match (letter, points.as_slice()) {
            ('L', [[x, y]]) if *y == last[1] => {
                let _ = write!(out, "H{x}");
            }
            ('L', [[x, y]]) if *x == last[0] => {
                let _ = write!(out, "V{y}");
            }
            _ => {
                out.push(letter);
                out.push_str(&points.as_flattened().join(" "));
            }
        }
        last = points.into_iter().next_back().unwrap_or_else(|| start.clone());
        if letter == 'M' {
            start.clone_from(&last);
        }
    }
    out
}
