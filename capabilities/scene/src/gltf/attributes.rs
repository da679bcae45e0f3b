//! What vertices have: names, allowed types, and the checks that the specification asks for.

use std::collections::{BTreeMap, HashMap};

use super::{
    accessor::{Accessor, Accessors, Data},
    buffers::ELEMENTS,
    element::{Component, Shape},
    json::{At, Read},
};

/// What an attribute means, with its number where there may be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Semantic {
    Position,
    Normal,
    Tangent,
    TexCoord(usize),
    Color(usize),
    Joints(usize),
    Weights(usize),
    /// An application's own.
    Other,
}

impl Semantic {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "POSITION" => Semantic::Position,
            "NORMAL" => Semantic::Normal,
            "TANGENT" => Semantic::Tangent,
            _ if name.starts_with('_') => Semantic::Other,
            _ => {
                let (word, digits) = name.rsplit_once('_')?;
                let canonical = digits == "0" || !digits.starts_with('0');
                let number = digits.parse().ok().filter(|_| canonical && !digits.starts_with('+'))?;
                match word {
                    "TEXCOORD" => Semantic::TexCoord(number),
                    "COLOR" => Semantic::Color(number),
                    "JOINTS" => Semantic::Joints(number),
                    "WEIGHTS" => Semantic::Weights(number),
                    _ => return None,
                }
            }
        })
    }

    /// Whether an accessor is of a type that is allowed here; in morph targets tangents have three numbers, and all may
    /// be signed.
    fn allows(self, accessor: &Accessor<'_>, target: bool, quantized: bool) -> bool {
        let Accessor { component, shape, normalized, .. } = accessor;
        let float = *component == Component::F32;
        let unsigned = *normalized && matches!(component, Component::U8 | Component::U16);
        let signed = *normalized && matches!(component, Component::I8 | Component::I16);
        let small =
            quantized && matches!(component, Component::I8 | Component::U8 | Component::I16 | Component::U16);
        match self {
            Semantic::Position => *shape == Shape::Vec3 && (float || small),
            Semantic::Normal => *shape == Shape::Vec3 && (float || quantized && signed),
            Semantic::Tangent => {
                *shape == (if target { Shape::Vec3 } else { Shape::Vec4 }) && (float || quantized && signed)
            }
            Semantic::TexCoord(_) => {
                *shape == Shape::Vec2 && (float || unsigned || small || target && signed)
            }
            Semantic::Color(_) => {
                matches!(shape, Shape::Vec3 | Shape::Vec4) && (float || unsigned || target && signed)
            }
            Semantic::Joints(_) => {
                *shape == Shape::Vec4 && !normalized && matches!(component, Component::U8 | Component::U16)
            }
            Semantic::Weights(_) => *shape == Shape::Vec4 && (float || unsigned),
            Semantic::Other => *component != Component::U32,
        }
    }
}

/// An attribute: where it is declared and its accessor.
pub(super) struct Attribute<'a> {
    pub at: At<'a>,
    pub accessor: usize,
    pub count: usize,
}

pub(super) type Attributes<'a> = BTreeMap<Semantic, Attribute<'a>>;

/// Reads attributes of a primitive or of one of its morph targets.
pub(super) fn read<'a>(
    at: &At<'a>,
    accessors: &Accessors<'_>,
    target: bool,
    quantized: bool,
) -> Read<Attributes<'a>> {
    let mut out = Attributes::new();
    let mut users: HashMap<usize, usize> = HashMap::new();
    for (name, at) in at.entries()? {
        let semantic = Semantic::of(name)
            .filter(|semantic| !target || !matches!(semantic, Semantic::Joints(_) | Semantic::Weights(_)));
        let semantic = semantic.ok_or_else(|| at.error(format!("{name} is no attribute")))?;
        let (index, accessor) = accessors.named(&at)?;
        if !semantic.allows(accessor, target, quantized) {
            let Accessor { shape, component, .. } = accessor;
            return Err(at.error(format!("{name} cannot be {shape:?} of {component:?}")));
        }
        if semantic == Semantic::Position && !accessor.has_bounds {
            return Err(at.error("positions need min and max"));
        }
        if let Some(view) = accessor.view.and_then(|view| accessors.buffers.views.get(view)) {
            let element = accessor.component.size() * accessor.shape.count();
            let step = view.stride.unwrap_or(element);
            if accessor.offset % 4 != 0 || step % 4 != 0 {
                return Err(at.error("vertices are not aligned to four bytes"));
            }
            if view.target == Some(ELEMENTS) {
                return Err(at.error("the target of its view is that of indices"));
            }
            let shared =
                users.insert(accessor.view.unwrap_or_default(), index).is_some_and(|other| other != index);
            if view.stride.is_none() && shared {
                return Err(at.error("accessors that share a view of vertices need its stride"));
            }
        }
        let count = accessor.count;
        out.insert(semantic, Attribute { at, accessor: index, count });
    }
    Ok(out)
}

/// Whether numbered attributes start at 0 without gaps, and weights come with joints.
pub(super) fn check_numbers(at: &At<'_>, attributes: &Attributes<'_>) -> Read<()> {
    let count =
        |of: &dyn Fn(usize) -> Semantic| (0..).take_while(|n| attributes.contains_key(&of(*n))).count();
    let all = |wanted: &dyn Fn(&Semantic) -> bool| attributes.keys().filter(|key| wanted(key)).count();
    let runs = [
        (count(&Semantic::TexCoord), all(&|key| matches!(key, Semantic::TexCoord(_)))),
        (count(&Semantic::Color), all(&|key| matches!(key, Semantic::Color(_)))),
        (count(&Semantic::Joints), all(&|key| matches!(key, Semantic::Joints(_)))),
        (count(&Semantic::Weights), all(&|key| matches!(key, Semantic::Weights(_)))),
    ];
    if runs.iter().any(|(run, all)| run != all) {
        return Err(at.error("numbered attributes start at 0 and leave none out"));
    }
    if runs[2].0 != runs[3].0 {
        return Err(at.error(format!("there are {} JOINTS and {} WEIGHTS", runs[2].0, runs[3].0)));
    }
    Ok(())
}

/// How far the length of a unit vector may be off, as in the Khronos validator.
const UNIT_TOLERANCE: f32 = 0.006_74;

/// Checks an attribute's numbers beyond what holds of any accessor.
pub(super) fn check_data(
    semantic: Semantic,
    attribute: &Attribute<'_>,
    accessors: &Accessors<'_>,
) -> Read<()> {
    if accessors.is_blank(attribute.accessor) || !accessors.is_first(attribute.accessor, semantic) {
        return Ok(());
    }
    let Some(accessor) = accessors.list.get(attribute.accessor).and_then(Option::as_ref) else {
        return Ok(());
    };
    let data = accessors.data(attribute.accessor)?;
    let (Data::Floats(floats), false) = (&*data, accessor.rounded) else { return Ok(()) };
    let width = accessor.shape.count();
    match semantic {
        Semantic::Normal | Semantic::Tangent => {
            for (i, vector) in floats.chunks_exact(width).enumerate() {
                let length = vector.iter().take(3).map(|x| x * x).sum::<f32>().sqrt();
                if (length - 1.0).abs() > UNIT_TOLERANCE {
                    return Err(attribute.at.error(format!("vector {i} is not of unit length but {length}")));
                }
                if vector.get(3).is_some_and(|sign| sign.abs() != 1.0) {
                    return Err(attribute.at.error(format!("the sign of tangent {i} is neither 1 nor -1")));
                }
            }
        }
        Semantic::Color(_) | Semantic::Weights(_) => {
            if let Some(i) = floats.iter().position(|number| !(0.0..=1.0).contains(number)) {
                return Err(attribute
                    .at
                    .error(format!("the number at {i} is {}, not within 0 to 1", floats[i])));
            }
        }
        _ => {}
    }
    Ok(())
}
