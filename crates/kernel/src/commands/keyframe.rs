//! Commands about keyframes.

use base::{DocumentId, NodeId};
use document::{
    Delta, Key, Property, Value,
    keyframe::{Interpolation, Keyframe, PROPERTY},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{CommandError, EditScope, Registrar};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("keyframe.set", set);
    registrar.edit("keyframe.remove", remove);
}

#[derive(Clone, Copy, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
enum Ease {
    /// The value jumps at the next keyframe.
    Hold,
    /// The value changes evenly.
    #[default]
    Linear,
    /// The value starts and ends slowly.
    Smooth,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Set {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The node.
    #[schemars(with = "String")]
    node: NodeId,
    /// The name of the property.
    property: String,
    /// The point in time, in seconds.
    #[schemars(range(min = 0))]
    time: f64,
    /// The value at that time.
    value: Json,
    /// How the value goes on from there.
    #[serde(default)]
    interpolation: Ease,
}

fn set(scope: &mut EditScope<'_>, args: Set) -> Result<Json, CommandError> {
    let kind = scope.node(args.document, args.node)?.kind().to_owned();
    let value = match scope.registry().property(&kind, &args.property)? {
        Some(declaration) => declaration.check(&args.value)?,
        None => args.value,
    };
    let frame = Keyframe {
        property: args.property.as_str().into(),
        time: args.time,
        value: Value::from_json(&value),
        interpolation: match args.interpolation {
            Ease::Hold => Interpolation::Hold,
            Ease::Linear => Interpolation::Linear,
            Ease::Smooth => Interpolation::Smooth,
        },
    };
    let entry = match existing(scope, args.document, args.node, &args.property, args.time)? {
        Some(entry) => entry,
        None => Key::from(scope.new_id().to_string()),
    };
    let value = Value::from_typed(&frame).map_err(|error| CommandError::Failed(error.to_string()))?;
    put(scope, args.document, args.node, entry.clone(), Some(value))?;
    Ok(json!({ "keyframe": entry }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Remove {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The node.
    #[schemars(with = "String")]
    node: NodeId,
    /// The name of the property.
    property: String,
    /// The point in time, in seconds.
    time: f64,
}

fn remove(scope: &mut EditScope<'_>, args: Remove) -> Result<Json, CommandError> {
    match existing(scope, args.document, args.node, &args.property, args.time)? {
        Some(entry) => put(scope, args.document, args.node, entry, None).map(|()| Json::Null),
        None => Err(CommandError::NotApplicable(format!(
            "'{}' has no keyframe at {} s",
            args.property, args.time
        ))),
    }
}

fn put(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    node: NodeId,
    entry: Key,
    value: Option<Value>,
) -> Result<(), CommandError> {
    scope.push(document, Delta::Put { node, key: PROPERTY.into(), entry, value })
}

/// The keyframe of a property at a time, to the microsecond.
fn existing(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    node: NodeId,
    property: &str,
    time: f64,
) -> Result<Option<Key>, CommandError> {
    let reader = scope.node(document, node)?;
    let Some(Property::Map(frames)) = reader.property(PROPERTY) else { return Ok(None) };
    Ok(frames
        .iter()
        .find(|(_, frame)| {
            let frame = frame.to_typed::<Keyframe>();
            frame.is_ok_and(|frame| frame.property.as_str() == property && (frame.time - time).abs() < 1e-6)
        })
        .map(|(entry, _)| entry.clone()))
}
