//! Read-only SQL over the store's tables and over documents and nodes.
//!
//! Queries run on a connection of their own that cannot write, behind an authorizer that lets statements do nothing but read; time and the size of the result are bounded. A store in
//! memory has one connection only: there the guard is raised for as long as a query runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ErrorCode,
    hooks::{AuthAction, AuthContext, Authorization},
    params_from_iter,
    types::{Value as SqlValue, ValueRef},
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    Entities, Store, StoreError, View,
    entities::{self, Slot},
    open::Paths,
    schema::{Access, connect},
    store::Backend,
};

/// What one query may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Most rows in the result; what is over is left out.
    pub rows: usize,
    /// Most bytes in the result, about.
    pub bytes: usize,
    /// Longest run.
    pub time: Duration,
}

impl Default for QueryLimits {
    fn default() -> Self {
        QueryLimits { rows: 10_000, bytes: 64 << 20, time: Duration::from_secs(10) }
    }
}

/// The result of a query.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a value per column. Bytes are written as hexadecimal text.
    pub rows: Vec<Vec<Value>>,
    /// Whether there were more rows than the limit.
    pub truncated: bool,
}

/// A query that gave no result.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// SQLite does not understand it, or it may not do what it asks for.
    #[error("the query cannot be run: {0}")]
    Invalid(rusqlite::Error),
    /// It changes something.
    #[error("the query would change something: only SELECT is possible")]
    NotReadOnly,
    /// It ran for too long.
    #[error("the query ran longer than {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// Its result is too large.
    #[error("the result of the query has more than {0} bytes: select fewer columns or rows")]
    TooLarge(usize),
    /// A parameter is an array or an object.
    #[error("parameter {0} of the query is not a plain value")]
    Parameter(usize),
    /// A view could not be created.
    #[error("the view {name} cannot be created: {source}")]
    View {
        /// Its name.
        name: String,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Runs one `SELECT` over the store's tables, over `documents` and `nodes`, and over the views; `params` are bound to `?1`, `?2`, …
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn query(
        &self,
        entities: &Entities,
        sql: &str,
        params: &[Value],
        limits: &QueryLimits,
    ) -> Result<Table, QueryError> {
        self.settle()?;
        let params = params.iter().enumerate().map(sql_value).collect::<Result<Vec<_>, _>>()?;
        let mut queries = self.queries.borrow_mut();
        if let (Some(dir), None) = (&self.dir, &queries.connection) {
            let mut connection = connect(&Paths::new(dir).database, Access::Read)?;
            connection.pragma_update(None, "query_only", true).map_err(StoreError::from)?;
            queries.prepare(&mut connection)?;
            queries.connection = Some(connection);
        }
        debug_assert!(queries.connection.is_some() || matches!(self.backend, Backend::Memory(_)));
        queries.run(&self.reader, entities, sql, &params, limits)
    }
}

/// The connection for queries, and what is set up on it.
#[derive(Default)]
pub(crate) struct Queries {
    /// None for a store in memory, which has one connection only.
    connection: Option<Connection>,
    slot: Slot,
    guard: Arc<Guard>,
    views: Arc<[View]>,
}

/// Shared with the callbacks of the connection.
#[derive(Debug)]
pub(crate) struct Guard {
    start: Instant,
    /// When the running query must end, in milliseconds after `start`; 0 when none runs and the guard is down.
    deadline: AtomicU64,
}

impl Default for Guard {
    fn default() -> Self {
        Guard { start: Instant::now(), deadline: AtomicU64::new(0) }
    }
}

impl Guard {
    fn elapsed(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn raise(&self, time: Duration) {
        let deadline = self.elapsed().saturating_add(time.as_millis() as u64).saturating_add(1);
        self.deadline.store(deadline, Ordering::Relaxed);
    }

    fn lower(&self) {
        self.deadline.store(0, Ordering::Relaxed);
    }

    fn is_raised(&self) -> bool {
        self.deadline.load(Ordering::Relaxed) != 0
    }

    fn is_over(&self) -> bool {
        self.is_raised() && self.elapsed() >= self.deadline.load(Ordering::Relaxed)
    }

    /// Lets a statement read, and nothing else, while the guard is up.
    fn authorize(&self, context: &AuthContext<'_>) -> Authorization {
        let reads = matches!(
            context.action,
            AuthAction::Select
                | AuthAction::Read { .. }
                | AuthAction::Function { .. }
                | AuthAction::Recursive
        );
        if reads || !self.is_raised() { Authorization::Allow } else { Authorization::Deny }
    }
}

impl Queries {
    /// Sets up the virtual tables and the guard on a connection.
    pub(crate) fn prepare(&self, connection: &mut Connection) -> Result<(), StoreError> {
        entities::register(connection, &self.slot)?;
        let guard = Arc::clone(&self.guard);
        connection.progress_handler(1000, Some(move || guard.is_over()))?;
        let guard = Arc::clone(&self.guard);
        connection.authorizer(Some(move |context: AuthContext<'_>| guard.authorize(&context)))?;
        Ok(())
    }

    fn run(
        &mut self,
        shared: &Connection,
        entities: &Entities,
        sql: &str,
        params: &[SqlValue],
        limits: &QueryLimits,
    ) -> Result<Table, QueryError> {
        let connection = self.connection.as_ref().unwrap_or(shared);
        if self.views != entities.views {
            // A connection of its own cannot write, except while its temporary views change.
            let protect = |on: bool| match &self.connection {
                Some(own) => own.pragma_update(None, "query_only", on).map_err(QueryError::Invalid),
                None => Ok(()),
            };
            protect(false)?;
            let result = replace_views(connection, &self.views, &entities.views);
            protect(true)?;
            self.views = result.map(|()| Arc::clone(&entities.views))?;
        }
        self.slot.set(Some(Arc::clone(&entities.source)));
        self.guard.raise(limits.time);
        let result = read_table(connection, sql, params, limits);
        let timed_out = self.guard.is_over();
        self.guard.lower();
        self.slot.set(None);
        match result {
            Err(QueryError::Invalid(error))
                if timed_out && error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) =>
            {
                Err(QueryError::TimedOut(limits.time))
            }
            result => result,
        }
    }
}

fn replace_views(connection: &Connection, old: &[View], new: &[View]) -> Result<(), QueryError> {
    let quoted = |view: &View| format!("\"{}\"", view.name.replace('"', "\"\""));
    let run = |view: &View, sql: String| {
        connection.execute_batch(&sql).map_err(|source| QueryError::View { name: view.name.clone(), source })
    };
    for view in old.iter().chain(new) {
        run(view, format!("DROP VIEW IF EXISTS temp.{}", quoted(view)))?;
    }
    for view in new {
        run(view, format!("CREATE TEMP VIEW {} AS {}", quoted(view), view.select))?;
    }
    Ok(())
}

fn read_table(
    connection: &Connection,
    sql: &str,
    params: &[SqlValue],
    limits: &QueryLimits,
) -> Result<Table, QueryError> {
    let mut statement = connection.prepare(sql).map_err(QueryError::Invalid)?;
    if !statement.readonly() {
        return Err(QueryError::NotReadOnly);
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut table = Table { columns, rows: Vec::new(), truncated: false };
    let mut bytes = 0;
    let mut rows = statement.query(params_from_iter(params)).map_err(QueryError::Invalid)?;
    while let Some(row) = rows.next().map_err(QueryError::Invalid)? {
        if table.rows.len() == limits.rows {
            table.truncated = true;
            break;
        }
        let mut values = Vec::with_capacity(table.columns.len());
        for column in 0..table.columns.len() {
            let value = row.get_ref(column).map_err(QueryError::Invalid)?;
            bytes += match value {
                ValueRef::Text(text) => text.len(),
                ValueRef::Blob(blob) => 2 * blob.len(),
                _ => 8,
            };
            if bytes > limits.bytes {
                return Err(QueryError::TooLarge(limits.bytes));
            }
            values.push(json_value(value));
        }
        table.rows.push(values);
    }
    Ok(table)
}

fn json_value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(blob) => blob.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
    }
}

fn sql_value((index, value): (usize, &Value)) -> Result<SqlValue, QueryError> {
    Ok(match value {
        Value::Null => SqlValue::Null,
        Value::Bool(flag) => SqlValue::Integer(i64::from(*flag)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => SqlValue::Integer(integer),
            (None, Some(real)) => SqlValue::Real(real),
            (None, None) => return Err(QueryError::Parameter(index + 1)),
        },
        Value::String(text) => SqlValue::Text(text.clone()),
        Value::Array(_) | Value::Object(_) => return Err(QueryError::Parameter(index + 1)),
    })
}
