//! Commands about the selection and context keys: they change the session, never the workspace.

use base::{DocumentId, NodeId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::document::OneDocument;
use crate::{CommandError, QueryScope, Registrar};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.query("selection.set", set);
    registrar.query("selection.all", all);
    registrar.query("context.set", set_key);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Set {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The nodes, in order; none to select nothing.
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// What becomes of the nodes that are selected already.
    #[serde(default)]
    mode: Mode,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// They are not selected any more.
    #[default]
    Replace,
    /// They stay selected.
    Add,
    /// They stay selected, but for those that are named: they are not any more.
    Toggle,
}

fn set(scope: &mut QueryScope<'_>, args: Set) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let missing = args.nodes.iter().find(|node| content.tree().is_none_or(|tree| !tree.is_visible(**node)));
    if let Some(node) = missing {
        return Err(CommandError::no_node(*node));
    }
    let named = args.nodes;
    let mut before = scope.kernel().session().selection(args.document).to_vec();
    // What was removed since is not selected any more.
    before.retain(|node| content.tree().is_some_and(|tree| tree.is_visible(*node)));
    let nodes = match args.mode {
        Mode::Replace => named,
        Mode::Add => {
            before.retain(|node| !named.contains(node));
            before.into_iter().chain(named).collect()
        }
        Mode::Toggle => {
            let new: Vec<NodeId> = named.iter().copied().filter(|node| !before.contains(node)).collect();
            before.retain(|node| !named.contains(node));
            before.into_iter().chain(new).collect()
        }
    };
    scope.kernel().select(args.document, nodes);
    Ok(Json::Null)
}

fn all(scope: &mut QueryScope<'_>, args: OneDocument) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let nodes =
        content.tree().map(|tree| tree.root().node().children.iter().copied().collect()).unwrap_or_default();
    scope.kernel().select(args.document, nodes);
    Ok(Json::Null)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetKey {
    /// The name of the key.
    key: String,
    /// Its value.
    value: Json,
}

fn set_key(scope: &mut QueryScope<'_>, args: SetKey) -> Result<Json, CommandError> {
    scope.kernel().session().set_key(&args.key, args.value);
    Ok(Json::Null)
}
