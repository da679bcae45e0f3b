//! How layers mix with what lies below.

use base::{DocumentId, NodeId};
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::layers;

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("graphics.blend.set", set);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Set {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The layers; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// The blend mode by its CSS name: `multiply`, `screen`, `color-dodge` …; as it is when absent.
    mode: Option<String>,
    /// The opacity; as it is when absent.
    #[schemars(range(min = 0, max = 1))]
    opacity: Option<f64>,
}

fn set(scope: &mut EditScope<'_>, args: Set) -> Result<Json, CommandError> {
    for node in layers(scope, args.document, &args.nodes)? {
        if let Some(mode) = &args.mode {
            scope.set(args.document, node, "blendMode", Some(&mode.as_str().into()))?;
        }
        if let Some(opacity) = args.opacity {
            scope.set(args.document, node, "opacity", Some(&opacity.into()))?;
        }
    }
    Ok(Json::Null)
}
