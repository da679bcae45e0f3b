//! The order of work: names resolved to steps, steps nobody reads left out, costs bounded.

use super::{
    apply::FilterError,
    model::{Input, Primitive, PrimitiveKind},
    turbulence::MAX_OCTAVES,
};

/// The most work that one filter may ask for, in multiplications of whole pixels.
const MAX_WORK: u64 = 1 << 33;
/// The most pixels that intermediate results may hold at once; eight results are allowed on any canvas.
const MAX_HELD_PIXELS: u64 = 1 << 28;

/// Where a step's input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The element.
    Graphic,
    /// The element's alpha.
    Alpha,
    /// The outcome of the step with this index.
    Step(usize),
}

/// One step of a plan, at the index of its primitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The inputs, in the order of [`PrimitiveKind::inputs`].
    pub(super) sources: Vec<Source>,
    /// The last step that reads the outcome (itself for the filter's outcome); `None` where nobody does.
    pub(super) last_reader: Option<usize>,
}

/// Resolves the inputs of `primitives`.
pub(super) fn plan(primitives: &[Primitive]) -> Vec<Step> {
    let mut named = std::collections::HashMap::new();
    let mut steps: Vec<Step> = Vec::with_capacity(primitives.len());
    for (index, primitive) in primitives.iter().enumerate() {
        let previous = index.checked_sub(1).map_or(Source::Graphic, Source::Step);
        let resolve = |input: &Input| match input {
            Input::SourceGraphic => Source::Graphic,
            Input::SourceAlpha => Source::Alpha,
            Input::Result(name) => named.get(name.as_str()).map_or(previous, |step| Source::Step(*step)),
        };
        let sources = primitive.kind.inputs().into_iter().map(resolve).collect();
        steps.push(Step { sources, last_reader: None });
        named.insert(primitive.result.as_str(), index);
    }
    if let Some(last) = steps.last_mut() {
        last.last_reader = Some(primitives.len() - 1);
    }
    for reader in (0..steps.len()).rev() {
        if steps[reader].last_reader.is_none() {
            continue;
        }
        for source in steps[reader].sources.clone() {
            if let Source::Step(read) = source {
                steps[read].last_reader.get_or_insert(reader);
            }
        }
    }
    steps
}

/// Refuses work and memory over the limits, on a raster of so many pixels.
pub(super) fn check_limits(primitives: &[Primitive], steps: &[Step], pixels: u64) -> Result<(), FilterError> {
    let (mut work, mut held) = (0u64, 0u64);
    let largest_held = MAX_HELD_PIXELS.max(pixels.saturating_mul(8));
    for (index, (primitive, step)) in primitives.iter().zip(steps).enumerate() {
        if step.last_reader.is_none() {
            continue;
        }
        let name = || primitive.result.clone();
        work = work.saturating_add(cost_per_pixel(&primitive.kind).saturating_mul(pixels));
        if work > MAX_WORK {
            return Err(FilterError::TooCostly { primitive: name(), found: work, limit: MAX_WORK });
        }
        held = held.saturating_add(pixels);
        if held > largest_held {
            return Err(FilterError::TooMuchHeld { primitive: name(), found: held, limit: largest_held });
        }
        let mut released: Vec<usize> = step
            .sources
            .iter()
            .filter_map(|source| match source {
                Source::Step(read) if steps[*read].last_reader == Some(index) => Some(*read),
                _ => None,
            })
            .collect();
        released.sort_unstable();
        released.dedup();
        held -= pixels * released.len() as u64;
    }
    Ok(())
}

/// How many elementary operations `kind` takes for each pixel, roughly: one is a multiplication of a whole pixel.
fn cost_per_pixel(kind: &PrimitiveKind) -> u64 {
    match kind {
        PrimitiveKind::ConvolveMatrix { kernel, .. } => 4 + kernel.len() as u64,
        PrimitiveKind::Turbulence { num_octaves, .. } => 32 * u64::from((*num_octaves).min(MAX_OCTAVES)),
        PrimitiveKind::DiffuseLighting { .. } | PrimitiveKind::SpecularLighting { .. } => 32,
        PrimitiveKind::GaussianBlur { .. } | PrimitiveKind::DropShadow { .. } => 32,
        PrimitiveKind::Morphology { .. } => 16,
        PrimitiveKind::Merge { inputs } => 4 * inputs.len() as u64,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{ColorSpace, Region, TurbulenceKind};

    fn step(result: &str, kind: PrimitiveKind) -> Primitive {
        let region = Region { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
        Primitive { region, color_space: ColorSpace::Srgb, result: result.to_owned(), kind }
    }

    fn merge(result: &str, inputs: &[&str]) -> Primitive {
        let input = |name: &&str| match *name {
            "graphic" => Input::SourceGraphic,
            "alpha" => Input::SourceAlpha,
            other => Input::Result(other.to_owned()),
        };
        step(result, PrimitiveKind::Merge { inputs: inputs.iter().map(input).collect() })
    }

    #[test]
    fn names_mean_the_latest_earlier_step_and_unread_steps_are_left_out() {
        let steps = plan(&[
            merge("a", &["a", "alpha"]),
            merge("unread", &["a"]),
            merge("a", &["a", "nowhere"]),
            merge("end", &["a", "graphic"]),
        ]);
        let sources: Vec<_> = steps.iter().map(|step| step.sources.clone()).collect();
        assert_eq!(
            sources,
            [
                vec![Source::Graphic, Source::Alpha],
                vec![Source::Step(0)],
                vec![Source::Step(0), Source::Step(1)],
                vec![Source::Step(2), Source::Graphic],
            ]
        );
        let readers: Vec<_> = steps.iter().map(|step| step.last_reader).collect();
        assert_eq!(readers, [Some(2), Some(2), Some(3), Some(3)]);
        assert_eq!(plan(&[merge("x", &[]), merge("y", &[])])[0].last_reader, None);
    }

    #[test]
    fn work_and_memory_are_bounded_before_they_are_spent() {
        let noise = PrimitiveKind::Turbulence {
            base_frequency_x: 1.0,
            base_frequency_y: 1.0,
            num_octaves: u32::MAX,
            seed: 0,
            stitch_tiles: false,
            noise: TurbulenceKind::Turbulence,
        };
        let named = |i: usize| i.to_string();
        let merged = |count: usize, kind: &PrimitiveKind| {
            let mut all: Vec<_> = (0..count).map(|i| step(&named(i), kind.clone())).collect();
            let inputs = (0..count).map(|i| Input::Result(named(i))).collect();
            all.push(step("all", PrimitiveKind::Merge { inputs }));
            check_limits(&all, &plan(&all), 1 << 20)
        };
        assert_eq!(merged(10, &noise), Ok(()));
        assert!(matches!(merged(100, &noise), Err(FilterError::TooCostly { .. })));
        let plain = PrimitiveKind::Image { content: String::new() };
        assert_eq!(merged(200, &plain), Ok(()));
        assert!(matches!(merged(300, &plain), Err(FilterError::TooMuchHeld { .. })));
    }
}
