//! What the code behind a command sees: of an edit the content, of a task the ports, too.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::{BlobHash, Diagnostic, DocumentId, IdSource, Limits, NodeId};
use bytes::Bytes;
use document::{Content, Delta, Document, Key, NodeRef, Property, Value};
use schema::Merge;
use serde_json::Value as Json;

use crate::{
    Blobs, CommandError, Context, Kernel, Reading, Registry, Session,
    assign::assignments,
    call::{Call, Deadline},
    links::{self, Links},
    log::SharedLog,
    ports::{Clock, Files, FontSource},
    settings::Settings,
    trace::Tracer,
    workspace::{DocumentRecord, NewDocument, WORKSPACE, Workspace, record_node},
};

/// Blobs, files beside a file, fonts, limits and settings.
pub struct Assets<'a> {
    pub(crate) log: &'a SharedLog,
    pub(crate) files: &'a Arc<dyn Files>,
    pub(crate) fonts: &'a Arc<dyn FontSource>,
    pub(crate) limits: &'a Limits,
    pub(crate) settings: &'a Settings,
    pub(crate) tracer: Option<&'a Tracer>,
    pub(crate) links: &'a Links,
    pub(crate) carry_on: Option<&'a (dyn Fn() -> Result<(), CommandError> + 'a)>,
}

impl Assets<'_> {
    /// Keeps a blob.
    pub fn put_blob(&mut self, bytes: impl Into<Bytes>) -> Result<BlobHash, CommandError> {
        Ok(self.log.lock().put_blob(bytes.into())?)
    }

    /// What drawing needs of these.
    pub fn reading(&self) -> Reading<'_> {
        self.note_fonts();
        Reading { blobs: self, fonts: self.fonts, limits: self.limits, links: self.links }
    }

    /// A whole file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, CommandError> {
        Ok(self.files.read(path)?)
    }

    /// A file that another one refers to by a relative path.
    pub fn read_beside(&self, path: &str, relative: &str) -> Result<Vec<u8>, CommandError> {
        Ok(self.files.read(&self.files.beside(path, relative)?)?)
    }

    /// The files, for what outlives this scope.
    pub fn files(&self) -> &Arc<dyn Files> {
        self.files
    }

    /// The fonts.
    pub fn fonts(&self) -> &Arc<dyn FontSource> {
        self.note_fonts();
        self.fonts
    }

    /// Says that a GPU draws what comes of this: another adapter may round otherwise.
    pub fn note_gpu(&self) {
        if let Some(tracer) = self.tracer {
            tracer.lock().gpu = true;
        }
    }

    fn note_fonts(&self) {
        if let Some(tracer) = self.tracer {
            tracer.lock().fonts = true;
        }
    }

    /// Fails when the work was given up or its time is over. Long work asks between its parts.
    ///
    /// # Errors
    /// [`CommandError::Cancelled`] and [`CommandError::TimedOut`].
    pub fn carry_on(&self) -> Result<(), CommandError> {
        self.carry_on.map_or(Ok(()), |carry_on| carry_on())
    }

    /// The bounds on inputs.
    pub fn limits(&self) -> &Limits {
        self.limits
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        self.settings
    }
}

impl Blobs for Assets<'_> {
    fn blob(&self, hash: BlobHash) -> Result<Bytes, CommandError> {
        let blob = self.log.lock().blob(hash)?;
        blob.ok_or(CommandError::NotFound { what: "blob", name: hash.to_string(), nearest: None })
    }
}

/// What a query sees.
pub struct QueryScope<'k> {
    pub(crate) kernel: &'k mut Kernel,
    pub(crate) context: &'k Context,
}

impl QueryScope<'_> {
    /// The context of the query.
    pub fn context(&self) -> &Context {
        self.context
    }

    /// All documents.
    pub fn documents(&mut self) -> Result<Vec<DocumentRecord>, CommandError> {
        self.kernel.documents()
    }

    /// The content of a document.
    pub fn content(&mut self, document: DocumentId) -> Result<Content, CommandError> {
        self.kernel.content(document)
    }

    /// The kernel, to read from.
    pub fn kernel(&mut self) -> &mut Kernel {
        self.kernel
    }
}

/// What a task sees.
pub struct TaskScope<'k> {
    pub(crate) kernel: &'k mut Kernel,
    pub(crate) context: &'k Context,
    pub(crate) ids: &'k mut IdSource,
    pub(crate) command: Arc<str>,
    pub(crate) arguments: Arc<str>,
    pub(crate) diagnostics: &'k mut Vec<Diagnostic>,
    files: &'k Arc<dyn Files>,
    tracer: Option<&'k Tracer>,
    deadline: Option<Deadline>,
}

impl Call {
    /// What the task of this call sees.
    pub(crate) fn scope<'k>(&'k mut self, kernel: &'k mut Kernel) -> TaskScope<'k> {
        TaskScope {
            kernel,
            context: &self.context,
            ids: &mut self.ids,
            command: self.command.clone(),
            arguments: self.arguments.clone(),
            diagnostics: &mut self.diagnostics,
            files: &self.files,
            tracer: self.tracer.as_ref(),
            deadline: self.deadline,
        }
    }
}

impl TaskScope<'_> {
    /// The context of the command.
    pub fn context(&self) -> &Context {
        self.context
    }

    /// The content of a document.
    pub fn content(&mut self, document: DocumentId) -> Result<Content, CommandError> {
        self.kernel.content(document)
    }

    /// The record of a document.
    pub fn record(&mut self, document: DocumentId) -> Result<DocumentRecord, CommandError> {
        self.kernel.record(document)
    }

    /// The documents that a document refers to, as they are now.
    pub fn links(&mut self, document: DocumentId) -> Result<Links, CommandError> {
        Ok(self.kernel.links(&BTreeSet::from([document]))?.traced(self.tracer))
    }

    /// What is registered.
    pub fn registry(&self) -> &Registry {
        &self.kernel.registry
    }

    /// Blobs, files and fonts.
    pub fn assets(&mut self) -> Assets<'_> {
        Assets { files: self.files, tracer: self.tracer, ..self.kernel.assets() }
    }

    /// Fresh ids.
    pub fn ids(&mut self) -> &mut IdSource {
        self.ids
    }

    /// The time, in milliseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        self.kernel.clock().now()
    }

    /// Replaces a file as a whole. Says where it is.
    pub fn write(&mut self, path: &str, bytes: &[u8]) -> Result<String, CommandError> {
        self.check_deadline()?;
        Ok(self.files.write(path, bytes)?)
    }

    /// Fails once the time of the command is up.
    pub(crate) fn check_deadline(&self) -> Result<(), CommandError> {
        Deadline::check(self.deadline, &**self.kernel.clock())
    }

    /// Something to tell the user beside the result.
    pub fn warn(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.diagnostics.extend(diagnostics);
    }

    /// Submits an edit: one event, with the task's command and arguments.
    pub fn edit<T>(
        &mut self,
        edit: impl FnOnce(&mut EditScope<'_>) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        self.check_deadline()?;
        self.kernel.run_edit(self.context, self.ids, self.command.clone(), self.arguments.clone(), edit)
    }

    /// The kernel, for the commands that are about it: history and documents as wholes.
    pub fn kernel(&mut self) -> &mut Kernel {
        self.kernel
    }
}

/// What an edit sees, and what it has changed so far.
pub struct EditScope<'k> {
    pub(crate) workspace: &'k mut Workspace,
    pub(crate) log: &'k SharedLog,
    pub(crate) registry: &'k Registry,
    pub(crate) session: &'k Session,
    pub(crate) ids: &'k mut IdSource,
    pub(crate) context: &'k Context,
    pub(crate) changes: Vec<(DocumentId, Vec<Delta>)>,
    pub(crate) working: BTreeMap<DocumentId, Content>,
    pub(crate) created: Vec<(DocumentId, Document)>,
    /// The documents that are to come to hold what `working` says, since they have kept what this edit makes anew.
    pub(crate) anew: BTreeSet<DocumentId>,
}

impl EditScope<'_> {
    /// The context of the command.
    pub fn context(&self) -> &Context {
        self.context
    }

    /// What is registered.
    pub fn registry(&self) -> &Registry {
        self.registry
    }

    /// The selected nodes of a document.
    pub fn selection(&self, document: DocumentId) -> &[NodeId] {
        self.session.selection(document)
    }

    /// Fresh ids.
    pub fn ids(&mut self) -> &mut IdSource {
        self.ids
    }

    /// A fresh id.
    pub fn new_id(&mut self) -> NodeId {
        self.ids.next_id()
    }

    /// The content of a document as this edit has left it so far.
    pub fn content(&mut self, document: DocumentId) -> Result<&Content, CommandError> {
        if !self.working.contains_key(&document) {
            let content = self.workspace.open(&**self.log.lock(), document)?.document.content().clone();
            self.working.insert(document, content);
        }
        self.working.get(&document).ok_or_else(|| CommandError::no_document(document))
    }

    /// The tree of a document.
    pub fn tree(&mut self, document: DocumentId) -> Result<&document::Tree, CommandError> {
        self.content(document)?.tree().ok_or_else(|| {
            CommandError::argument("document", format!("document {document} is a text, not a node tree"))
        })
    }

    /// A node of a document.
    pub fn node(&mut self, document: DocumentId, node: NodeId) -> Result<NodeRef<'_>, CommandError> {
        self.tree(document)?.get(node).ok_or_else(|| CommandError::no_node(node))
    }

    /// Makes one step. It must fit; what came before in this edit counts.
    pub fn push(&mut self, document: DocumentId, delta: Delta) -> Result<(), CommandError> {
        self.push_all(document, vec![delta])
    }

    /// Makes several steps.
    pub fn push_all(&mut self, document: DocumentId, deltas: Vec<Delta>) -> Result<(), CommandError> {
        self.content(document)?;
        if let Some(content) = self.working.get_mut(&document)
            && content.apply_as_new(&deltas)?
        {
            self.anew.insert(document);
        }
        match self.changes.iter_mut().find(|(changed, _)| *changed == document) {
            Some((_, so_far)) => so_far.extend(deltas),
            None => self.changes.push((document, deltas)),
        }
        Ok(())
    }

    /// Inserts a node as the last child of `parent`, or after a sibling. Hands back its id.
    pub fn insert(
        &mut self,
        document: DocumentId,
        parent: NodeId,
        after: Place,
        kind: &str,
        properties: Vec<(Key, Value)>,
    ) -> Result<NodeId, CommandError> {
        let home = self.node(document, parent)?.node();
        let after = match after {
            Place::First => None,
            Place::Last => home.children.last().copied(),
            Place::After(sibling) => Some(sibling),
        };
        let node = self.new_id();
        self.push(document, Delta::Insert { node, kind: kind.into(), parent, after, properties })?;
        Ok(node)
    }

    /// Sets (`Some`) or unsets (`None`) a property after a check against its declaration, by its merge rule.
    pub fn set(
        &mut self,
        document: DocumentId,
        node: NodeId,
        name: &str,
        value: Option<&Json>,
    ) -> Result<(), CommandError> {
        let reader = self.node(document, node)?;
        let (kind, stored) = (reader.kind().to_owned(), reader.property(name).cloned());
        let declaration = self.registry.property(&kind, name)?;
        let checked = match (value, declaration) {
            (Some(value), Some(declaration)) if declaration.merge == Merge::Lww => {
                Some(declaration.check(value)?)
            }
            (value, _) => value.cloned(),
        };
        let value = checked.as_ref().map(Value::from_json);
        let merge = declaration.map_or(Merge::Lww, |declaration| declaration.merge);
        for delta in assignments(node, &name.into(), merge, stored.as_ref(), value)? {
            self.push(document, delta)?;
        }
        Ok(())
    }

    /// Keeps a blob. A blob that no event comes to name is forgotten.
    pub fn put_blob(&mut self, bytes: impl Into<Bytes>) -> Result<BlobHash, CommandError> {
        Ok(self.log.lock().put_blob(bytes.into())?)
    }

    /// Makes a document with this content, and its record in the workspace. One that is there already, from an earlier run
    /// of the same step, comes to hold this, and its history goes on.
    pub fn create(&mut self, new: NewDocument) -> Result<DocumentId, CommandError> {
        let mut id = self.ids.next_document();
        let mut kind = self.kind_of(id)?;
        while kind.as_ref().is_some_and(|kind| *kind != new.kind) {
            id = self.ids.next_document();
            kind = self.kind_of(id)?;
        }
        let replica = self.log.lock().replica();
        let (document, delta) = new.make(id, replica, self.content(WORKSPACE)?)?;
        self.working.insert(id, document.content().clone());
        match kind {
            Some(_) => drop(self.anew.insert(id)),
            None => self.created.push((id, document)),
        }
        self.push(WORKSPACE, delta)?;
        Ok(id)
    }

    /// The kind of the document of this id, also of a removed one.
    fn kind_of(&mut self, id: DocumentId) -> Result<Option<String>, CommandError> {
        let record = self.content(WORKSPACE)?.tree().and_then(|tree| tree.node(record_node(id)));
        let kind = record.and_then(|record| record.properties.get("kind")).map(Property::to_value);
        Ok(kind.and_then(|kind| kind.as_str().map(str::to_owned)))
    }
}

/// Where a node goes among its siblings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before all others.
    First,
    /// After all others.
    Last,
    /// After this one.
    After(NodeId),
}

impl Kernel {
    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.ports.clock
    }

    /// The files.
    pub fn files(&self) -> &Arc<dyn Files> {
        &self.ports.files
    }

    /// The settings.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.ports.settings
    }

    /// Blobs, files and fonts.
    pub fn assets(&self) -> Assets<'_> {
        Assets {
            log: &self.log,
            files: &self.ports.files,
            fonts: &self.ports.fonts,
            limits: &self.ports.limits,
            settings: &self.ports.settings,
            tracer: None,
            links: &links::NONE,
            carry_on: None,
        }
    }
}
