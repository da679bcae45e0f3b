//! SQL over documents and nodes, and what it may not do.
#![allow(clippy::expect_used)] // Helpers of tests are tests, too.

mod common;

use std::{sync::Arc, time::Duration};

use base::{DocumentId, NodeId};
use common::{document, edit, event, open, options};
use serde_json::{Value, json};
use store::{
    Entities, EntityDocument, EntityNode, EntitySource, QueryError, QueryLimits, Store, Table, View,
};

/// Documents 1 and 2, each with a root and nodes of alternating kinds.
struct Forest {
    nodes: u64,
}

impl EntitySource for Forest {
    fn documents(&self) -> Vec<EntityDocument> {
        let named = |number: u128| EntityDocument {
            id: document(number),
            kind: "drawing".into(),
            name: format!("drawing {number}"),
            path: (number == 1).then(|| "a.svg".to_owned()),
            revision: None,
            hash: None,
        };
        vec![named(1), named(2)]
    }

    fn nodes(&self, _: DocumentId) -> Box<dyn Iterator<Item = EntityNode>> {
        Box::new((0..self.nodes).map(|position| EntityNode {
            id: NodeId::new(u128::from(position) + 100),
            kind: if position % 2 == 0 { "rect".into() } else { "path".into() },
            parent: Some(NodeId::ROOT),
            position,
        }))
    }

    fn properties(&self, document: DocumentId, node: NodeId) -> String {
        json!({ "width": node.value() as u64, "document": document }).to_string()
    }
}

fn forest(nodes: u64) -> Entities {
    let rects = View {
        name: "graphics.rect".into(),
        select: "SELECT id, document, properties ->> '$.width' AS width FROM nodes WHERE kind = 'rect'"
            .into(),
    };
    Entities { source: Arc::new(Forest { nodes }), views: [rects].into() }
}

fn rows(table: Table) -> Value {
    json!(table.rows)
}

#[test]
fn documents_nodes_views_and_the_stores_own_tables_can_be_queried() {
    let dir = tempfile::tempdir().expect("a folder");
    let second = document(2).to_string();
    for mut store in [open(dir.path()), Store::in_memory(options(7)).expect("a store")] {
        store.append(event("a", &[edit(1)], &[])).expect("an event");
        let query = |sql: &str, params: &[Value]| {
            rows(store.query(&forest(6), sql, params, &QueryLimits::default()).expect(sql))
        };
        assert_eq!(
            query("SELECT name, path FROM documents ORDER BY name DESC", &[]),
            json!([["drawing 2", null], ["drawing 1", "a.svg"]])
        );
        assert_eq!(query("SELECT count(*), sum(width) FROM \"graphics.rect\"", &[]), json!([[6, 612]]));
        assert_eq!(
            query(
                "SELECT position, parent FROM nodes WHERE document = ?1 AND kind = 'path' AND position > ?2",
                &[second.clone().into(), 2.into()]
            ),
            json!([[3, NodeId::ROOT], [5, NodeId::ROOT]])
        );
        assert_eq!(
            query(
                "SELECT d.name, count(*) FROM documents d JOIN nodes n ON n.document = d.id GROUP BY 1",
                &[]
            ),
            json!([["drawing 1", 6], ["drawing 2", 6]])
        );
        assert_eq!(query("SELECT count(*) FROM nodes WHERE document = 12", &[]), json!([[0]]));
        assert_eq!(query("SELECT ord, hex(document) <> '' FROM event_documents", &[]), json!([[1, 1]]));
        assert_eq!(query("SELECT NULL, 1.5, x'0aff'", &[]), json!([[null, 1.5, "0aff"]]));
        store.append(event("b", &[edit(1)], &[])).expect("a store that still writes");
        store.sync().expect("a commit");
    }
}

#[test]
fn a_query_reads_and_stays_within_its_limits() {
    let dir = tempfile::tempdir().expect("a folder");
    for store in [open(dir.path()), Store::in_memory(options(7)).expect("a store")] {
        let limits = QueryLimits { rows: 3, bytes: 1000, time: Duration::from_millis(100) };
        let query = |sql: &str| store.query(&forest(6), sql, &[], &limits);
        for sql in [
            "DELETE FROM events",
            "CREATE TABLE t (x)",
            "CREATE TEMP TABLE t (x)",
            "DROP VIEW \"graphics.rect\"",
            "PRAGMA query_only = OFF",
            "ATTACH 'other.db' AS other",
            "BEGIN",
            "VACUUM",
            "SELECT 1; SELECT 2",
            "INSERT INTO nodes (kind) VALUES ('x')",
            "SELECT nonsense",
        ] {
            assert!(query(sql).is_err(), "{sql}");
        }
        let cut = query("SELECT id FROM nodes").expect("rows");
        assert_eq!((cut.rows.len(), cut.truncated), (3, true));
        assert!(!query("SELECT id FROM documents").expect("rows").truncated);
        assert!(matches!(query("SELECT zeroblob(600)"), Err(QueryError::TooLarge(1000))));
        let endless =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        assert!(matches!(query(endless), Err(QueryError::TimedOut(_))));
        let list = store.query(&forest(1), "SELECT ?1", &[json!([1])], &limits);
        assert!(matches!(list, Err(QueryError::Parameter(1))));
        assert_eq!(rows(query("SELECT 1").expect("a row")), json!([[1]]));
    }
}
