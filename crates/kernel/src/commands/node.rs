//! Commands about nodes of any kind.

use std::collections::BTreeMap;

use base::{DocumentId, NodeId};
use document::{Delta, Key, NodeRef, Property, Value};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::document::properties;
use crate::{CommandError, EditScope, Place, QueryScope, Registrar};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("node.insert", insert);
    registrar.edit("node.remove", remove);
    registrar.edit("node.move", relocate);
    registrar.edit("node.duplicate", duplicate);
    registrar.edit("node.set", set);
    registrar.edit("node.unset", unset);
    registrar.query("node.find", find);
}

fn root() -> NodeId {
    NodeId::ROOT
}

/// Where a node goes.
#[derive(Clone, Copy, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
enum At {
    /// Before its siblings: at the bottom of a picture.
    First,
    /// After its siblings: at the top of a picture.
    #[default]
    Last,
}

fn place(at: At, after: Option<NodeId>) -> Place {
    match (after, at) {
        (Some(sibling), _) => Place::After(sibling),
        (None, At::First) => Place::First,
        (None, At::Last) => Place::Last,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Insert {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The kind of the node.
    kind: String,
    /// The node above; the root when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// The sibling before.
    #[schemars(with = "Option<String>")]
    after: Option<NodeId>,
    /// The place among the siblings when `after` is absent.
    #[serde(default)]
    at: At,
    /// Properties of the node.
    #[serde(default)]
    properties: BTreeMap<String, Json>,
}

fn insert(scope: &mut EditScope<'_>, args: Insert) -> Result<Json, CommandError> {
    check_home(scope, args.document, args.parent, &args.kind)?;
    let place = place(args.at, args.after);
    let node = scope.insert(args.document, args.parent, place, &args.kind, Vec::new())?;
    for (name, value) in &args.properties {
        scope.set(args.document, node, name, Some(value))?;
    }
    Ok(json!({ "node": node }))
}

/// Checks that a node of a kind may go below a parent. Unknown kinds may hold anything.
fn check_home(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    parent: NodeId,
    kind: &str,
) -> Result<(), CommandError> {
    let home = scope.node(document, parent)?.kind().to_owned();
    let kinds = scope.registry().kinds();
    if kinds.get(kind).is_none() {
        let nearest = base::nearest(kind, kinds.iter().map(|kind| kind.id.as_str())).map(str::to_owned);
        return Err(CommandError::NotFound { what: "kind of node", name: kind.to_owned(), nearest });
    }
    match kinds.get(&home) {
        Some(home) if !home.children.iter().any(|allowed| allowed == kind) => {
            let allowed = match home.children.is_empty() {
                true => "nothing can".to_owned(),
                false => format!("only {} can", home.children.join(", ")),
            };
            Err(CommandError::argument("parent", format!("a {kind} cannot go into a {}: {allowed}", home.id)))
        }
        _ => Ok(()),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Remove {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The nodes; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
}

fn remove(scope: &mut EditScope<'_>, args: Remove) -> Result<Json, CommandError> {
    for node in chosen(scope, args.document, args.nodes)? {
        // What went with a node above it is gone already.
        if scope.tree(args.document)?.is_visible(node) {
            scope.push(args.document, Delta::Remove { node })?;
        }
    }
    Ok(Json::Null)
}

/// The nodes named, else those selected; each must be there.
pub(super) fn chosen(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    named: Vec<NodeId>,
) -> Result<Vec<NodeId>, CommandError> {
    let nodes = if named.is_empty() { scope.selection(document).to_vec() } else { named };
    if nodes.is_empty() {
        return Err(CommandError::NotApplicable("no node is named and none is selected".into()));
    }
    for node in &nodes {
        scope.node(document, *node)?;
    }
    Ok(nodes)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Move {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The node.
    #[schemars(with = "String")]
    node: NodeId,
    /// The node above from now on; the one it has when absent.
    #[schemars(with = "Option<String>")]
    parent: Option<NodeId>,
    /// The sibling before.
    #[schemars(with = "Option<String>")]
    after: Option<NodeId>,
    /// The place among the siblings when `after` is absent.
    #[serde(default)]
    at: At,
}

fn relocate(scope: &mut EditScope<'_>, args: Move) -> Result<Json, CommandError> {
    let reader = scope.node(args.document, args.node)?;
    let (kind, current) = (reader.kind().to_owned(), reader.node().parent);
    let Some(parent) = args.parent.or(current) else {
        return Err(CommandError::argument("node", "the root of a document cannot be moved"));
    };
    check_home(scope, args.document, parent, &kind)?;
    let siblings = scope.node(args.document, parent)?.node().children.clone();
    let after = match place(args.at, args.after) {
        Place::First => None,
        Place::After(sibling) => Some(sibling),
        Place::Last => siblings.iter().rev().find(|sibling| **sibling != args.node).copied(),
    };
    scope.push(args.document, Delta::Move { node: args.node, parent, after })?;
    Ok(Json::Null)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneNode {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The node.
    #[schemars(with = "String")]
    node: NodeId,
}

fn duplicate(scope: &mut EditScope<'_>, args: OneNode) -> Result<Json, CommandError> {
    let reader = scope.node(args.document, args.node)?;
    let Some(parent) = reader.node().parent else {
        return Err(CommandError::argument("node", "the root of a document cannot be duplicated"));
    };
    let fragment = Fragment::of(reader);
    let copy = fragment.insert(scope, args.document, parent, Place::After(args.node))?;
    Ok(json!({ "node": copy }))
}

/// A node and what is below it, apart from any document.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Fragment {
    id: NodeId,
    kind: Key,
    properties: Vec<(Key, Property)>,
    children: Vec<Fragment>,
}

impl Fragment {
    /// A copy of a node.
    pub fn of(node: NodeRef<'_>) -> Self {
        Fragment {
            id: node.id(),
            kind: node.kind().into(),
            properties: node.properties().map(|(key, property)| (key.clone(), property.clone())).collect(),
            children: node.children().map(Fragment::of).collect(),
        }
    }

    /// Inserts the copy with fresh ids; what refers to copied nodes refers to the copies. Gives the id of the topmost.
    ///
    /// # Errors
    /// The document or its node `parent` is not there.
    pub fn insert(
        &self,
        scope: &mut EditScope<'_>,
        document: DocumentId,
        parent: NodeId,
        at: Place,
    ) -> Result<NodeId, CommandError> {
        let mut names = BTreeMap::new();
        self.name(scope, &mut names);
        self.insert_named(scope, document, parent, at, &names)
    }

    fn name(&self, scope: &mut EditScope<'_>, names: &mut BTreeMap<NodeId, NodeId>) {
        names.insert(self.id, scope.new_id());
        self.children.iter().for_each(|child| child.name(scope, names));
    }

    fn insert_named(
        &self,
        scope: &mut EditScope<'_>,
        document: DocumentId,
        parent: NodeId,
        at: Place,
        names: &BTreeMap<NodeId, NodeId>,
    ) -> Result<NodeId, CommandError> {
        let node = names.get(&self.id).copied().unwrap_or(self.id);
        let siblings = &scope.node(document, parent)?.node().children;
        let after = match at {
            Place::First => None,
            Place::Last => siblings.last().copied(),
            Place::After(sibling) => Some(sibling),
        };
        let registers = self.properties.iter().filter_map(|(key, property)| match property {
            Property::Register(value) => Some((key.clone(), renamed(value, names))),
            _ => None,
        });
        let properties = registers.collect();
        scope.push(document, Delta::Insert { node, kind: self.kind.clone(), parent, after, properties })?;
        for (key, property) in &self.properties {
            if !matches!(property, Property::Register(_)) {
                scope.set(document, node, key.as_str(), Some(&property.to_value().to_json()))?;
            }
        }
        for child in &self.children {
            child.insert_named(scope, document, node, Place::Last, names)?;
        }
        Ok(node)
    }
}

/// A value in which ids of copied nodes are those of the copies.
fn renamed(value: &Value, names: &BTreeMap<NodeId, NodeId>) -> Value {
    match value {
        Value::String(text) => match text.parse::<NodeId>().ok().and_then(|id| names.get(&id)) {
            Some(copy) => (*copy).into(),
            None => value.clone(),
        },
        Value::List(items) => Value::List(items.iter().map(|item| renamed(item, names)).collect()),
        Value::Map(map) => {
            Value::Map(std::sync::Arc::new(map.iter().map(|(k, v)| (k.clone(), renamed(v, names))).collect()))
        }
        other => other.clone(),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Set {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The node; the root when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    node: NodeId,
    /// The name of the property.
    property: String,
    /// Its value.
    value: Json,
}

fn set(scope: &mut EditScope<'_>, args: Set) -> Result<Json, CommandError> {
    scope.set(args.document, args.node, &args.property, Some(&args.value))?;
    Ok(Json::Null)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Unset {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The node; the root when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    node: NodeId,
    /// The name of the property.
    property: String,
}

fn unset(scope: &mut EditScope<'_>, args: Unset) -> Result<Json, CommandError> {
    scope.set(args.document, args.node, &args.property, None)?;
    Ok(Json::Null)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Find {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// Only nodes of this kind.
    kind: Option<String>,
    /// Only nodes of this name.
    name: Option<String>,
    /// Only nodes below this one.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    below: NodeId,
}

fn find(scope: &mut QueryScope<'_>, args: Find) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let Some(tree) = content.tree() else {
        return Err(CommandError::argument("document", "a text has no nodes"));
    };
    let top = tree.get(args.below).ok_or_else(|| CommandError::no_node(args.below))?;
    let nodes: Vec<Json> = top
        .descendants()
        .filter(|node| args.kind.as_deref().is_none_or(|kind| node.kind() == kind))
        .filter(|node| args.name.as_deref().is_none_or(|name| node.string("name").as_deref() == Some(name)))
        .map(|node| {
            json!({
                "node": node.id(), "kind": node.kind(), "parent": node.node().parent,
                "properties": properties(node.properties()),
            })
        })
        .collect();
    Ok(json!({ "nodes": nodes }))
}
