//! `query`: read-only SQL over documents, nodes and the log.

use std::{collections::HashMap, sync::Arc};

use base::{DocumentId, NodeId};
use document::Content;
use kernel::{DocumentRecord, Kernel};
use serde_json::{Value as Json, json};
use store::{Entities, EntityDocument, EntityNode, EntitySource, QueryError, QueryLimits, View};

use crate::{
    assembly::{self, Home},
    cli::{Common, Query},
    report::{Failure, WRONG_USAGE, print},
};

/// Runs a query.
pub fn run(query: &Query, common: &Common) -> Result<(), Failure> {
    let mut kernel = assembly::kernel(common, &Home::Reading { folder: &query.place.folder }, Vec::new())?;
    let views = schema::views(kernel.registry().kinds().iter());
    let entities = Entities {
        source: Arc::new(Snapshot::of(&mut kernel)?),
        views: views.into_iter().map(|(name, select)| View { name, select }).collect(),
    };
    let store = assembly::read(&query.place.folder)?;
    let table =
        store.query(&entities, &query.sql, &[], &QueryLimits::default()).map_err(|error| match error {
            QueryError::Store(error) => error.into(),
            other => Failure::new(WRONG_USAGE, other),
        })?;
    if table.truncated {
        eprintln!(
            "metabuilder: warning: there are more rows than are shown (narrow the query, or use LIMIT and OFFSET)"
        );
    }
    if common.json {
        let rows: Vec<Json> = table
            .rows
            .into_iter()
            .map(|row| Json::Object(table.columns.iter().cloned().zip(row).collect()))
            .collect();
        return print(json!({ "columns": table.columns, "rows": rows, "truncated": table.truncated }));
    }
    print(table.columns.join("\t"))?;
    for row in table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        print(cells.join("\t"))?;
    }
    Ok(())
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.replace(['\t', '\n'], " "),
        other => other.to_string(),
    }
}

/// All documents as they are now.
struct Snapshot {
    documents: Vec<EntityDocument>,
    contents: HashMap<DocumentId, Content>,
}

impl Snapshot {
    fn of(kernel: &mut Kernel) -> Result<Self, Failure> {
        let mut snapshot = Snapshot { documents: Vec::new(), contents: HashMap::new() };
        for DocumentRecord { id, kind, name, path, .. } in kernel.documents()? {
            let content = kernel.content(id)?;
            let revision = kernel.history(id)?.rows().next_back().map(|row| row.event);
            let hash = Some(content.hash());
            snapshot.documents.push(EntityDocument { id, kind: kind.into(), name, path, revision, hash });
            snapshot.contents.insert(id, content);
        }
        Ok(snapshot)
    }
}

impl EntitySource for Snapshot {
    fn documents(&self) -> Vec<EntityDocument> {
        self.documents.clone()
    }

    fn nodes(&self, document: DocumentId) -> Box<dyn Iterator<Item = EntityNode>> {
        let Some(tree) = self.contents.get(&document).and_then(Content::tree) else {
            return Box::new(std::iter::empty());
        };
        let tree = tree.clone();
        let mut stack = vec![(NodeId::ROOT, 0)];
        Box::new(std::iter::from_fn(move || {
            let (id, position) = stack.pop()?;
            let node = tree.node(id)?;
            let below: Vec<(NodeId, u64)> = node.children.iter().copied().zip(0..).collect();
            stack.extend(below.into_iter().rev());
            Some(EntityNode { id, kind: node.kind.as_str().into(), parent: node.parent, position })
        }))
    }

    fn properties(&self, document: DocumentId, node: NodeId) -> String {
        let node = self.contents.get(&document).and_then(Content::tree).and_then(|tree| tree.node(node));
        let properties = node.into_iter().flat_map(|node| node.properties.iter());
        let map = properties.map(|(key, property)| (key.as_str().to_owned(), property.to_value().to_json()));
        Json::Object(map.collect()).to_string()
    }
}
