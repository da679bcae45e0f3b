//! Commands about the clipboard.

use base::{DocumentId, NodeId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::node::{Fragment, chosen};
use crate::{CommandError, Place, Registrar, TaskScope};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.task("clipboard.copy", |scope, args| copy(scope, args, false));
    registrar.task("clipboard.cut", |scope, args| copy(scope, args, true));
    registrar.task("clipboard.paste", paste);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Copy {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The nodes; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
}

fn copy(scope: &mut TaskScope<'_>, args: Copy, cut: bool) -> Result<Json, CommandError> {
    let fragments = scope.edit(|edit| {
        let nodes = chosen(edit, args.document, args.nodes)?;
        let mut fragments = Vec::new();
        for node in &nodes {
            fragments.push(Fragment::of(edit.node(args.document, *node)?));
        }
        if cut {
            nodes
                .into_iter()
                .try_for_each(|node| edit.push(args.document, document::Delta::Remove { node }))?;
        }
        Ok(fragments)
    })?;
    let count = fragments.len();
    let fragments =
        serde_json::to_value(fragments).map_err(|error| CommandError::Failed(error.to_string()))?;
    scope.kernel().session().copy(fragments);
    Ok(json!({ "nodes": count }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Paste {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The node above; the root when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
}

fn root() -> NodeId {
    NodeId::ROOT
}

fn paste(scope: &mut TaskScope<'_>, args: Paste) -> Result<Json, CommandError> {
    let Some(clipboard) = scope.kernel().session().clipboard().cloned() else {
        return Err(CommandError::NotApplicable("the clipboard is empty".into()));
    };
    let fragments: Vec<Fragment> = serde_json::from_value(clipboard)
        .map_err(|_| CommandError::NotApplicable("the clipboard holds no nodes".into()))?;
    let nodes = scope.edit(|edit| {
        fragments
            .iter()
            .map(|fragment| fragment.insert(edit, args.document, args.parent, Place::Last))
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(json!({ "nodes": nodes }))
}
