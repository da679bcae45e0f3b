//! Filters: their regions, the names of their results, and their primitives in order.

use std::collections::HashMap;

use crate::{
    filter::{ColorSpace, Filter, Input, Primitive, PrimitiveKind, Region},
    picture::ResourceId,
};

use super::{
    Exporter,
    attributes::Attributes,
    names::FreeNames,
    primitive::{Element, single},
    references::Role,
    xml::Xml,
};

/// Inputs with a meaning of their own (Filter Effects Level 1, section 9.2), which no result may be called.
const KEYWORDS: [&str; 6] =
    ["SourceGraphic", "SourceAlpha", "BackgroundImage", "BackgroundAlpha", "FillPaint", "StrokePaint"];

impl Exporter<'_> {
    /// The id of a filter, which is defined if no equal one is.
    pub(super) fn filter(&mut self, filter: &Filter) -> String {
        let mut attributes = Attributes::default();
        attributes.raw("filterUnits", "userSpaceOnUse");
        region(filter.region, &mut attributes);
        let space = common_space(&filter.primitives);
        if space == Some(ColorSpace::Srgb) {
            color_space(ColorSpace::Srgb, &mut attributes);
        }
        let mut primitives = Xml::new(3);
        let mut inputs = Inputs::of(&filter.primitives);
        let mut own_regions = false;
        for (index, primitive) in filter.primitives.iter().enumerate() {
            own_regions |= primitive.region != filter.region;
            self.primitive(primitive, &inputs, index, own_regions, space.is_none(), &mut primitives);
            inputs.latest.insert(&primitive.result, index);
        }

        let primitives = primitives.into_text();
        let key = format!("{}>{primitives}", attributes.as_str());
        if let Some(id) = self.filters.get(&key) {
            return id.clone();
        }
        let id = self.names.fresh("filter");
        let mut named = Attributes::default();
        named.raw("id", &id).append(&attributes);
        self.definitions.open("filter", &named);
        self.definitions.append(&primitives);
        self.definitions.close("filter");
        self.filters.insert(key, id.clone());
        id
    }

    fn primitive(
        &mut self,
        primitive: &Primitive,
        inputs: &Inputs<'_>,
        index: usize,
        with_region: bool,
        with_space: bool,
        out: &mut Xml,
    ) {
        let image = match &primitive.kind {
            PrimitiveKind::Image { content } => {
                self.reference(Role::Image, &ResourceId::from(content.as_str()))
            }
            _ => None,
        };
        let element = Element::of(&primitive.kind, |input| inputs.name(input, index), image.as_deref());
        let mut attributes = Attributes::default();
        if with_region {
            region(primitive.region, &mut attributes);
        }
        if with_space {
            color_space(primitive.color_space, &mut attributes);
        }
        attributes.append(&element.attributes).raw("result", &inputs.results[index]);
        if element.children.is_empty() {
            return out.empty(element.name, &attributes);
        }
        out.open(element.name, &attributes);
        for (name, attributes) in &element.children {
            out.empty(name, attributes);
        }
        out.close(element.name);
    }
}

/// The results of primitives under names that are unique within the filter.
struct Inputs<'f> {
    results: Vec<String>,
    /// By a result's name in the picture, the last primitive so far that has it.
    latest: HashMap<&'f str, usize>,
}

impl<'f> Inputs<'f> {
    fn of(primitives: &'f [Primitive]) -> Self {
        let mut names = FreeNames::default();
        for keyword in KEYWORDS {
            names.take(keyword);
        }
        let wish = |primitive: &'f Primitive| match primitive.result.as_str() {
            "" => "result",
            result => result,
        };
        let results = primitives.iter().map(|primitive| names.take(wish(primitive))).collect();
        Inputs { results, latest: HashMap::new() }
    }

    /// What the primitive with this index calls an input.
    fn name(&self, input: &Input, index: usize) -> &str {
        let previous = index.checked_sub(1);
        let step = match input {
            Input::SourceGraphic => None,
            Input::SourceAlpha => return "SourceAlpha",
            Input::Result(name) => self.latest.get(name.as_str()).copied().or(previous),
        };
        step.map_or("SourceGraphic", |step| &self.results[step])
    }
}

/// The colour space of all primitives, if they have one in common.
fn common_space(primitives: &[Primitive]) -> Option<ColorSpace> {
    let first = primitives.first()?.color_space;
    primitives.iter().all(|primitive| primitive.color_space == first).then_some(first)
}

fn color_space(space: ColorSpace, attributes: &mut Attributes) {
    let space = match space {
        ColorSpace::Srgb => "sRGB",
        ColorSpace::LinearRgb => "linearRGB",
    };
    attributes.raw("color-interpolation-filters", space);
}

fn region(region: Region, attributes: &mut Attributes) {
    attributes.raw("x", &single(region.x)).raw("y", &single(region.y));
    attributes.raw("width", &single(region.width)).raw("height", &single(region.height));
}
