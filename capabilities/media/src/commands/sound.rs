//! Commands about sound: effects, loudness, waveforms.

use std::sync::Arc;

use base::{DocumentId, Flicks, NodeId};
use kernel::{CommandError, EditScope, Registrar, TaskScope, Work};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sound::{SoundError, loudness::Meter};

use crate::{Media, kinds, model, sound::SoundEffect};

pub(super) fn register(registrar: &mut Registrar<'_>, media: &Arc<Media>) {
    registrar.edit("media.sound.effect.apply", apply);
    registrar.edit("media.sound.effect.clear", clear);
    let media = media.clone();
    registrar.work("media.loudness", move |scope, args| loudness(media.clone(), scope, args));
}

#[derive(Deserialize, JsonSchema)]
struct Apply {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The track or stack; the timeline itself when absent.
    #[serde(default = "super::root")]
    #[schemars(with = "String")]
    node: NodeId,
    #[serde(flatten)]
    effect: SoundEffect,
}

fn apply(scope: &mut EditScope<'_>, args: Apply) -> Result<Json, CommandError> {
    let effects = effects(scope, args.document, args.node)?;
    let mut effects = effects.and_then(|json| json.as_array().cloned()).unwrap_or_default();
    let added =
        serde_json::to_value(&args.effect).map_err(|error| CommandError::Failed(error.to_string()))?;
    effects.push(added);
    scope.set(args.document, args.node, EFFECTS, Some(&effects.into()))?;
    Ok(json!({ "node": args.node }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Clear {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The track or stack; the timeline itself when absent.
    #[serde(default = "super::root")]
    #[schemars(with = "String")]
    node: NodeId,
}

fn clear(scope: &mut EditScope<'_>, args: Clear) -> Result<Json, CommandError> {
    effects(scope, args.document, args.node)?;
    scope.set(args.document, args.node, EFFECTS, None)?;
    Ok(json!({ "node": args.node }))
}

/// The property that holds the effects of what has some.
const EFFECTS: &str = "soundEffects";

/// The effects of a node that may have some.
fn effects(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    node: NodeId,
) -> Result<Option<Json>, CommandError> {
    let reader = scope.node(document, node)?;
    let (kind, found) = (reader.kind().to_owned(), reader.value(EFFECTS).map(|value| value.to_json()));
    match scope.registry().property(&kind, EFFECTS) {
        Ok(Some(_)) => Ok(found),
        _ => Err(CommandError::argument("node", format!("a {kind} has no effects on sound"))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Loudness {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
}

fn loudness(media: Arc<Media>, scope: &mut TaskScope<'_>, args: Loudness) -> Result<Work, CommandError> {
    let content = scope.content(args.document)?;
    if content.tree().map(|tree| tree.root().kind()) != Some(kinds::Timeline::KIND) {
        return Err(CommandError::argument("document", "a timeline is needed"));
    }
    let links = scope.links(args.document)?;
    Ok(Box::new(move |away| {
        let assets = away.assets();
        let reading = kernel::Reading { links: &links, ..assets.reading() };
        let limit = |limit| CommandError::Limit { place: "the timeline".to_owned(), limit };
        let Some(found) = model::timeline(&content, reading.limits) else {
            return Err(CommandError::argument("document", "a timeline is needed"));
        };
        let (timeline, stack) = found.map_err(limit)?;
        let format = model::Format::of(timeline);
        let range = (Flicks::ZERO, stack.duration);
        let mix = crate::sound::mix(timeline, &stack, &format, range, &media.readers, &reading)?;
        let failed = |error: SoundError| CommandError::Failed(error.to_string());
        let mut meter = Meter::new(mix.channels, mix.rate).map_err(failed)?;
        sound::render(&mix, &mut |block| meter.add(block)).map_err(failed)?;
        let measured = meter.finish();
        // JSON has no infinity: silence has no loudness.
        let told = |level: f64| level.is_finite().then_some(level);
        let result = json!({
            "integrated": told(measured.integrated), "range": told(measured.range),
            "momentaryMax": told(measured.momentary_max), "shortTermMax": told(measured.short_term_max),
            "samplePeak": told(measured.sample_peak), "truePeak": told(measured.true_peak),
        });
        Ok(Box::new(move |_| Ok(result)))
    }))
}
