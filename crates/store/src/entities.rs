//! Documents and nodes as the virtual tables `documents` and `nodes`, fed by the caller's read snapshot.
//!
//! ```sql
//! documents(id TEXT, kind TEXT, name TEXT, path TEXT, revision TEXT, hash TEXT)
//! nodes(document TEXT, id TEXT, kind TEXT, parent TEXT, position INTEGER, properties TEXT) -- properties: a JSON object
//! ```

use std::{
    borrow::Cow,
    cell::OnceCell,
    ffi::{CStr, c_int},
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use base::{DocumentId, EventHash, NodeId, StateHash};
use rusqlite::{
    Connection, Result, ffi,
    vtab::{
        Context, Filters, IndexConstraintOp, IndexInfo, Module, VTab, VTabConfig, VTabConnection, VTabCursor,
    },
};

/// A row of `documents`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityDocument {
    /// The document.
    pub id: DocumentId,
    /// Its kind.
    pub kind: Arc<str>,
    /// Its name.
    pub name: String,
    /// Its VFS path, if it has one.
    pub path: Option<String>,
    /// The event that it is at, if it has history.
    pub revision: Option<EventHash>,
    /// The hash of its visible content, if it is known.
    pub hash: Option<StateHash>,
}

/// A row of `nodes`, without its properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityNode {
    /// The node.
    pub id: NodeId,
    /// Its kind.
    pub kind: Arc<str>,
    /// Its parent; `None` for the root.
    pub parent: Option<NodeId>,
    /// Its place among its siblings, from 0.
    pub position: u64,
}

/// The documents that queries see. It does not change while a query runs: a read snapshot.
pub trait EntitySource: Send + Sync {
    /// All documents.
    fn documents(&self) -> Vec<EntityDocument>;
    /// The nodes of a document in tree order; none for a document that has no tree. The iterator holds what it needs.
    fn nodes(&self, document: DocumentId) -> Box<dyn Iterator<Item = EntityNode>>;
    /// The properties of a node as a JSON object; asked for only where a query reads them.
    fn properties(&self, document: DocumentId, node: NodeId) -> String;
}

/// A SQL view over the virtual tables, for instance one per node kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its name, quoted when it is created.
    pub name: String,
    /// The `SELECT` that it stands for.
    pub select: String,
}

/// What a query sees besides the store's own tables.
#[derive(Clone)]
pub struct Entities {
    /// The documents and nodes.
    pub source: Arc<dyn EntitySource>,
    /// The views over them. They are created again only when the list differs from that of the query before.
    pub views: Arc<[View]>,
}

/// Where the virtual tables find the source of the query that runs.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<Mutex<Option<Arc<dyn EntitySource>>>>);

impl Slot {
    pub(crate) fn set(&self, source: Option<Arc<dyn EntitySource>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = source;
    }

    fn get(&self) -> Result<Arc<dyn EntitySource>> {
        let source = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        source.ok_or_else(|| rusqlite::Error::ModuleError("no documents are open".to_owned()))
    }
}

/// Makes the virtual tables known to a connection.
pub(crate) fn register(connection: &Connection, slot: &Slot) -> Result<()> {
    const DOCUMENTS: Module<'static, Table<Documents>> = Module::eponymous_only_module();
    const NODES: Module<'static, Table<Nodes>> = Module::eponymous_only_module();
    connection.create_module(c"documents", &DOCUMENTS, Some(slot.clone()))?;
    connection.create_module(c"nodes", &NODES, Some(slot.clone()))
}

/// What sets the two tables apart.
trait Rows: 'static {
    const DECLARATION: &'static CStr;
    /// Columns that [`Rows::start`] can select by equality; it is handed their values in this order.
    const FILTERS: &'static [c_int];
    type Row;
    type Iter: Iterator<Item = Self::Row>;

    fn start(source: &Arc<dyn EntitySource>, filters: [Option<String>; 2]) -> Self::Iter;
    fn column(
        source: &dyn EntitySource,
        row: &Self::Row,
        cache: &OnceCell<String>,
        column: c_int,
        context: &mut Context,
    ) -> Result<()>;
}

struct Documents;

impl Rows for Documents {
    const DECLARATION: &'static CStr =
        c"CREATE TABLE documents (id TEXT, kind TEXT, name TEXT, path TEXT, revision TEXT, hash TEXT)";
    const FILTERS: &'static [c_int] = &[];
    type Row = EntityDocument;
    type Iter = std::vec::IntoIter<EntityDocument>;

    fn start(source: &Arc<dyn EntitySource>, _: [Option<String>; 2]) -> Self::Iter {
        source.documents().into_iter()
    }

    fn column(
        _: &dyn EntitySource,
        row: &EntityDocument,
        _: &OnceCell<String>,
        column: c_int,
        context: &mut Context,
    ) -> Result<()> {
        match column {
            0 => context.set_result(row.id.to_string()),
            1 => context.set_result(&*row.kind),
            2 => context.set_result(&*row.name),
            3 => context.set_result(row.path.as_deref()),
            4 => context.set_result(row.revision.map(|hash| hash.to_string())),
            _ => context.set_result(row.hash.map(|hash| hash.to_string())),
        }
    }
}

struct Nodes;

impl Rows for Nodes {
    const DECLARATION: &'static CStr =
        c"CREATE TABLE nodes (document TEXT, id TEXT, kind TEXT, parent TEXT, position INTEGER, properties TEXT)";
    const FILTERS: &'static [c_int] = &[0, 2];
    type Row = (DocumentId, EntityNode);
    type Iter = Box<dyn Iterator<Item = Self::Row>>;

    fn start(source: &Arc<dyn EntitySource>, [document, kind]: [Option<String>; 2]) -> Self::Iter {
        let documents: Vec<DocumentId> = match document {
            Some(document) => document.parse().into_iter().collect(),
            None => source.documents().iter().map(|document| document.id).collect(),
        };
        let source = Arc::clone(source);
        let nodes = documents
            .into_iter()
            .flat_map(move |document| source.nodes(document).map(move |node| (document, node)));
        match kind {
            Some(kind) => Box::new(nodes.filter(move |(_, node)| *node.kind == *kind)),
            None => Box::new(nodes),
        }
    }

    fn column(
        source: &dyn EntitySource,
        (document, node): &Self::Row,
        cache: &OnceCell<String>,
        column: c_int,
        context: &mut Context,
    ) -> Result<()> {
        match column {
            0 => context.set_result(document.to_string()),
            1 => context.set_result(node.id.to_string()),
            2 => context.set_result(&*node.kind),
            3 => context.set_result(node.parent.map(|parent| parent.to_string())),
            4 => context.set_result(node.position.min(i64::MAX as u64)),
            _ => context.set_result(cache.get_or_init(|| source.properties(*document, node.id)).as_str()),
        }
    }
}

#[repr(C)]
struct Table<R> {
    /// SQLite's part; must come first.
    base: ffi::sqlite3_vtab,
    slot: Slot,
    rows: PhantomData<fn() -> R>,
}

// SAFETY: the first field is SQLite's part and the layout is C's, as the trait asks.
unsafe impl<'vtab, R: Rows> VTab<'vtab> for Table<R> {
    type Aux = Slot;
    type Cursor = Cursor<R>;

    fn connect(
        connection: &mut VTabConnection,
        slot: Option<&Slot>,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        connection.config(VTabConfig::Innocuous)?;
        let slot = slot.cloned().unwrap_or_default();
        let table = Table { base: ffi::sqlite3_vtab::default(), slot, rows: PhantomData };
        Ok((Cow::Borrowed(R::DECLARATION), table))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        // Bit n of the plan says that the n-th filter is given; values come in the order of the filters.
        let mut found = [None; 2];
        for (index, constraint) in info.constraints().enumerate() {
            let is_equality = constraint.operator() == IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ;
            if let Some(filter) = R::FILTERS.iter().position(|column| *column == constraint.column())
                && constraint.is_usable()
                && is_equality
            {
                found[filter] = Some(index);
            }
        }
        let (mut plan, mut arguments) = (0, 0);
        let mut rows: i64 = 1 << 20;
        for (filter, index) in found.into_iter().enumerate() {
            if let Some(index) = index {
                arguments += 1;
                plan |= 1 << filter;
                rows >>= 4;
                // SQLite compares again, since a value of another type may be equal to the text.
                info.constraint_usage(index).set_argv_index(arguments);
            }
        }
        info.set_idx_num(plan);
        info.set_estimated_rows(rows);
        info.set_estimated_cost(rows as f64);
        Ok(true)
    }

    fn open(&'vtab mut self) -> Result<Cursor<R>> {
        Ok(Cursor {
            base: ffi::sqlite3_vtab_cursor::default(),
            source: self.slot.get()?,
            rows: None,
            row: None,
            number: 0,
            cache: OnceCell::new(),
        })
    }
}

#[repr(C)]
struct Cursor<R: Rows> {
    /// SQLite's part; must come first.
    base: ffi::sqlite3_vtab_cursor,
    source: Arc<dyn EntitySource>,
    rows: Option<R::Iter>,
    row: Option<R::Row>,
    number: i64,
    /// The properties of the row, once they were asked for.
    cache: OnceCell<String>,
}

// SAFETY: the first field is SQLite's part and the layout is C's, as the trait asks.
unsafe impl<R: Rows> VTabCursor for Cursor<R> {
    fn filter(&mut self, plan: c_int, _: Option<&str>, values: &Filters<'_>) -> Result<()> {
        let mut filters = [None, None];
        let mut next = 0;
        for (filter, value) in filters.iter_mut().enumerate() {
            if plan & (1 << filter) != 0 {
                // A value that is no text is equal to none.
                *value = Some(values.get::<Option<String>>(next).ok().flatten().unwrap_or_default());
                next += 1;
            }
        }
        self.rows = Some(R::start(&self.source, filters));
        self.number = 0;
        self.next()
    }

    fn next(&mut self) -> Result<()> {
        self.row = self.rows.as_mut().and_then(Iterator::next);
        self.number += 1;
        self.cache.take();
        Ok(())
    }

    fn eof(&self) -> bool {
        self.row.is_none()
    }

    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        match &self.row {
            Some(row) => R::column(&*self.source, row, &self.cache, column, context),
            None => Ok(()),
        }
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.number)
    }
}
