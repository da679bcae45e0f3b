//! Definitions: gradients, patterns, clip paths, masks, and what filters draw.

use kurbo::{Point, Rect};

use crate::picture::{
    ColorInterpolation, LinearGradient, Mask, MaskKind, Pattern, RadialGradient, Resource, Spread, Stop,
    Symbol,
};

use super::{
    Exporter,
    attributes::{Attributes, hex},
    references::Role,
};

impl Exporter<'_> {
    /// Writes all resources that the drawing needs.
    pub(super) fn resources(&mut self) {
        let used: Vec<_> = self.references.used().collect();
        for id in used {
            let (Some(resource), Some(name)) = (self.picture.resources.get(id), self.names.resource(id))
            else {
                continue;
            };
            let mut attributes = Attributes::default();
            attributes.raw("id", name);
            self.within = Some(id);
            match resource {
                Resource::LinearGradient(gradient) => self.linear_gradient(gradient, attributes),
                Resource::RadialGradient(gradient) => self.radial_gradient(gradient, attributes),
                Resource::Pattern(pattern) => self.pattern(pattern, attributes),
                Resource::ClipPath(clip) => self.clip_path(clip, attributes),
                Resource::Mask(mask) => self.mask(mask, attributes),
                Resource::Symbol(symbol) => self.symbol(symbol, &attributes),
            }
            self.within = None;
        }
    }

    fn linear_gradient(&mut self, gradient: &LinearGradient, mut attributes: Attributes) {
        attributes.raw("gradientUnits", "userSpaceOnUse");
        point(("x1", "y1"), gradient.start, &mut attributes);
        point(("x2", "y2"), gradient.end, &mut attributes);
        attributes.text_unless("spreadMethod", spread(gradient.spread), "pad");
        attributes.transform("gradientTransform", gradient.transform);
        self.stops("linearGradient", &gradient.stops, &attributes);
    }

    fn radial_gradient(&mut self, gradient: &RadialGradient, mut attributes: Attributes) {
        attributes.raw("gradientUnits", "userSpaceOnUse");
        point(("cx", "cy"), gradient.center, &mut attributes);
        attributes.number("r", gradient.radius);
        if gradient.focus != gradient.center {
            point(("fx", "fy"), gradient.focus, &mut attributes);
        }
        attributes.number_unless("fr", gradient.focus_radius, 0.0);
        attributes.text_unless("spreadMethod", spread(gradient.spread), "pad");
        attributes.transform("gradientTransform", gradient.transform);
        self.stops("radialGradient", &gradient.stops, &attributes);
    }

    fn stops(&mut self, element: &str, stops: &[Stop], attributes: &Attributes) {
        self.out.open(element, attributes);
        for stop in stops {
            let mut attributes = Attributes::default();
            // Readers part stops at one place by less than this precision.
            attributes.number("offset", (stop.offset * 1e6).round() / 1e6);
            attributes.raw("stop-color", &hex(stop.color));
            attributes.number_unless("stop-opacity", stop.opacity * f64::from(stop.color.a) / 255.0, 1.0);
            self.out.empty("stop", &attributes);
        }
        self.out.close(element);
    }

    fn pattern(&mut self, pattern: &Pattern, mut attributes: Attributes) {
        attributes.raw("patternUnits", "userSpaceOnUse");
        rect(pattern.tile, &mut attributes);
        attributes.transform("patternTransform", pattern.transform);
        self.out.open("pattern", &attributes);
        self.nodes(&pattern.content);
        self.out.close("pattern");
    }

    fn mask(&mut self, mask: &Mask, mut attributes: Attributes) {
        attributes.raw("maskUnits", "userSpaceOnUse");
        rect(mask.region, &mut attributes);
        if mask.kind == MaskKind::Alpha {
            attributes.raw("mask-type", "alpha");
        }
        if mask.color_interpolation == ColorInterpolation::LinearRgb {
            attributes.raw("color-interpolation", "linearRGB");
        }
        if let Some(id) = mask.mask.as_ref().and_then(|mask| self.reference(Role::Mask, mask)) {
            attributes.url("mask", &id);
        }
        self.out.open("mask", &attributes);
        self.nodes(&mask.content);
        self.out.close("mask");
    }

    /// A single node stands for the symbol itself.
    fn symbol(&mut self, symbol: &Symbol, attributes: &Attributes) {
        if let [_] = symbol.content.as_slice() {
            return self.nodes(&symbol.content);
        }
        self.out.open("g", attributes);
        self.nodes(&symbol.content);
        self.out.close("g");
    }
}

fn point((x, y): (&str, &str), point: Point, attributes: &mut Attributes) {
    attributes.number(x, point.x).number(y, point.y);
}

fn rect(rect: Rect, attributes: &mut Attributes) {
    attributes.number("x", rect.x0).number("y", rect.y0);
    attributes.number("width", rect.width()).number("height", rect.height());
}

fn spread(spread: Spread) -> &'static str {
    match spread {
        Spread::Pad => "pad",
        Spread::Reflect => "reflect",
        Spread::Repeat => "repeat",
    }
}
