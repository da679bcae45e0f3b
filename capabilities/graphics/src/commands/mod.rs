//! The commands of canvases.

mod blend;
mod filter;
mod group;
mod mask;
mod measure;
mod pick;
mod place;
mod shape;
mod text;
mod transform;

use std::sync::Arc;

use base::{DocumentId, NodeId};
use document::NodeRef;
use kernel::{CommandError, EditScope, Place, Registrar};

use crate::{draw::Drawing, kinds};

pub(crate) fn register(registrar: &mut Registrar<'_>, drawing: &Arc<Drawing>) {
    place::register(registrar, drawing);
    shape::register(registrar);
    text::register(registrar);
    filter::register(registrar);
    blend::register(registrar);
    transform::register(registrar);
    group::register(registrar);
    mask::register(registrar);
    measure::register(registrar, drawing);
    pick::register(registrar, drawing);
}

/// The root of a canvas, as the default of arguments that name a parent.
fn root() -> NodeId {
    NodeId::ROOT
}

/// Checks that the document is a canvas.
fn check_canvas(scope: &mut EditScope<'_>, document: DocumentId) -> Result<(), CommandError> {
    let kind = scope.tree(document)?.root().kind();
    match kind == kinds::Canvas::KIND {
        true => Ok(()),
        false => Err(CommandError::argument("document", format!("a canvas is needed, not a {kind}"))),
    }
}

/// The nodes named, else those selected; at least one, each of them drawn.
fn layers(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    named: &[NodeId],
) -> Result<Vec<NodeId>, CommandError> {
    let nodes = if named.is_empty() { scope.selection(document).to_vec() } else { named.to_vec() };
    if nodes.is_empty() {
        return Err(CommandError::NotApplicable("no layer is named and none is selected".into()));
    }
    for node in &nodes {
        let reader = scope.node(document, *node)?;
        if !is_drawn(reader) {
            return Err(CommandError::argument(
                "nodes",
                format!("node {node} is a {}, not a layer", reader.kind()),
            ));
        }
    }
    Ok(nodes)
}

fn is_drawn(node: NodeRef<'_>) -> bool {
    [kinds::Group::KIND, kinds::Path::KIND, kinds::Image::KIND, kinds::Text::KIND].contains(&node.kind())
}

/// The node that holds a canvas' resources; made when there is none.
fn resources(scope: &mut EditScope<'_>, document: DocumentId) -> Result<NodeId, CommandError> {
    let found = scope.tree(document)?.root().children().find(|node| node.kind() == kinds::Resources::KIND);
    match found.map(NodeRef::id) {
        Some(id) => Ok(id),
        None => scope.insert(document, NodeId::ROOT, Place::First, kinds::Resources::KIND, Vec::new()),
    }
}
