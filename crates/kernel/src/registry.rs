//! What is known: capabilities with their lifecycle, commands, kinds, importers, exporters and evaluators.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use base::nearest;
use schema::{
    CommandDeclaration, EvaluatorDeclaration, Format, Kind, Kinds, Manifest, ManifestError,
    PropertyDeclaration, Setting, ToolDeclaration,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::{
    CommandError,
    arguments::{self, Problem},
    call::Work,
    evaluate::{Evaluator, Filters},
    exchange::{Exporter, Importer},
    machines::LazyChart,
    scope::{EditScope, QueryScope, TaskScope},
    through::Through,
    workspace::WORKSPACE_KIND,
};

/// A capability: a manifest and the code behind it.
pub trait Capability: Send + Sync {
    /// The manifest: the text of `capability.json`.
    fn manifest(&self) -> &'static str;
    /// Initialise: hands in the handlers of everything in the manifest. Allocates nothing of weight.
    fn register(&self, registrar: &mut Registrar<'_>);
    /// Makes ready; called before the first use.
    fn activate(&self) -> Result<(), CommandError> {
        Ok(())
    }
    /// Lets go of what activation took; it may be activated again.
    fn deactivate(&self) {}
}

/// What runs a command.
pub(crate) enum Handler {
    Edit(Box<EditHandler>),
    Task(Box<TaskHandler>),
    Work(Box<WorkHandler>),
    Query(Box<QueryHandler>),
}

type EditHandler = dyn Fn(&mut EditScope<'_>, Json) -> Result<Json, CommandError> + Send + Sync;
type TaskHandler = dyn Fn(&mut TaskScope<'_>, Json) -> Result<Json, CommandError> + Send + Sync;
type WorkHandler = dyn Fn(&mut TaskScope<'_>, Json) -> Result<Work, CommandError> + Send + Sync;
type QueryHandler = dyn Fn(&mut QueryScope<'_>, Json) -> Result<Json, CommandError> + Send + Sync;

/// A command or query as registered.
pub struct Command {
    /// What the manifest says of it.
    pub declaration: CommandDeclaration,
    /// The capability that it belongs to.
    pub capability: String,
    /// The JSON Schema of its arguments.
    pub schema: Json,
    pub(crate) handler: Handler,
    validator: OnceLock<Option<jsonschema::Validator>>,
}

impl Command {
    /// `edit`, `task` or `query`.
    pub fn class(&self) -> &'static str {
        match self.handler {
            Handler::Edit(_) => "edit",
            Handler::Task(_) | Handler::Work(_) => "task",
            Handler::Query(_) => "query",
        }
    }

    /// Whether it may change the document that it is about.
    pub fn writes(&self) -> bool {
        !self.declaration.reads && !matches!(self.handler, Handler::Query(_))
    }

    /// What is wrong with arguments; with `placeholders`, texts with `${…}` pass for anything.
    pub fn problems(&self, arguments: &Json, placeholders: bool) -> Vec<Problem> {
        let validator = self.validator.get_or_init(|| jsonschema::validator_for(&self.schema).ok());
        validator
            .as_ref()
            .map(|v| arguments::problems(v, &self.schema, arguments, placeholders))
            .unwrap_or_default()
    }
}

struct Entry {
    manifest: Manifest,
    capability: Box<dyn Capability>,
    active: bool,
}

/// Everything that capabilities brought.
#[derive(Default)]
pub struct Registry {
    capabilities: Vec<Entry>,
    commands: BTreeMap<String, Arc<Command>>,
    kinds: Kinds,
    importers: Vec<(Format, Arc<dyn Importer>)>,
    /// Those that go through another format have no handler.
    exporters: Vec<(Format, Option<Arc<dyn Exporter>>)>,
    evaluators: Vec<(EvaluatorDeclaration, Arc<dyn Evaluator>)>,
    filters: Option<Arc<dyn Filters>>,
    charts: Vec<LazyChart>,
}

/// A set of capabilities that does not fit together.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A manifest is not well-formed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Manifest and handlers differ.
    #[error("capability '{capability}': {what} '{id}' {trouble}")]
    Mismatch {
        /// The capability.
        capability: String,
        /// What it is: "command".
        what: &'static str,
        /// Its id.
        id: String,
        /// What is wrong with it.
        trouble: &'static str,
    },
}

impl Registry {
    /// Takes in a capability: manifest and handlers must name the same things.
    pub fn add(&mut self, capability: Box<dyn Capability>) -> Result<(), RegistryError> {
        let manifest = Manifest::parse("capability.json", capability.manifest())?;
        let mut registrar = Registrar {
            handlers: BTreeMap::new(),
            importers: Vec::new(),
            exporters: Vec::new(),
            evaluators: Vec::new(),
            filters: None,
            charts: Vec::new(),
            trouble: None,
            manifest: &manifest,
        };
        capability.register(&mut registrar);
        let Registrar { mut handlers, importers, exporters, evaluators, filters, charts, trouble, .. } =
            registrar;
        let mismatch = |what, id: &str, trouble| RegistryError::Mismatch {
            capability: manifest.id.clone(),
            what,
            id: id.to_owned(),
            trouble,
        };
        if let Some((what, id)) = trouble {
            return Err(mismatch(what, &id, "has a handler, but is not in the manifest"));
        }
        for declaration in &manifest.commands {
            let Some((schema, handler)) = handlers.remove(&declaration.id) else {
                return Err(mismatch("command", &declaration.id, "is in the manifest, but has no handler"));
            };
            let command = Command {
                declaration: declaration.clone(),
                capability: manifest.id.clone(),
                schema,
                handler,
                validator: OnceLock::new(),
            };
            if self.commands.insert(declaration.id.clone(), Arc::new(command)).is_some() {
                return Err(mismatch("command", &declaration.id, "is brought by another capability, too"));
            }
        }
        let found = |id: &String, formats: &[Format]| formats.iter().find(|f| f.id == *id).cloned();
        for format in &manifest.importers {
            if !importers.iter().any(|(id, _)| *id == format.id) {
                return Err(mismatch("importer", &format.id, "is in the manifest, but has no handler"));
            }
        }
        for format in &manifest.exporters {
            let handled = exporters.iter().any(|(id, _)| *id == format.id);
            match (handled, format.through.is_empty()) {
                (false, true) => {
                    return Err(mismatch("exporter", &format.id, "is in the manifest, but has no handler"));
                }
                (true, false) => {
                    return Err(mismatch(
                        "exporter",
                        &format.id,
                        "goes through another one, but has a handler",
                    ));
                }
                _ => {}
            }
        }
        for declared in &manifest.evaluators {
            let Some((_, evaluator)) = evaluators.iter().find(|(id, _)| *id == declared.id) else {
                return Err(mismatch("evaluator", &declared.id, "is in the manifest, but has no handler"));
            };
            self.evaluators.push((declared.clone(), evaluator.clone()));
        }
        self.filters = filters.or(self.filters.take());
        for declared in &manifest.charts {
            let Some((_, text)) = charts.iter().find(|(id, _)| *id == declared.id) else {
                return Err(mismatch("chart", &declared.id, "is in the manifest, but has no handler"));
            };
            self.charts.push(LazyChart::new(declared.clone(), text));
        }
        let known = |tool: &&ToolDeclaration| manifest.charts.iter().all(|chart| chart.id != tool.chart);
        if let Some(tool) = manifest.tools.iter().find(known) {
            return Err(mismatch("tool", &tool.id, "names a chart that is not in the manifest"));
        }
        self.importers
            .extend(importers.into_iter().filter_map(|(id, i)| Some((found(&id, &manifest.importers)?, i))));
        let direct =
            exporters.into_iter().filter_map(|(id, e)| Some((found(&id, &manifest.exporters)?, Some(e))));
        self.exporters.extend(direct);
        let through = manifest.exporters.iter().filter(|format| !format.through.is_empty());
        self.exporters.extend(through.map(|format| (format.clone(), None)));
        for kind in &manifest.kinds {
            self.kinds.insert(kind.clone());
        }
        self.capabilities.push(Entry { manifest, capability, active: false });
        Ok(())
    }

    /// The command of this id, or an error with the nearest known id.
    pub fn command(&self, id: &str) -> Result<&Arc<Command>, CommandError> {
        self.commands.get(id).ok_or_else(|| CommandError::UnknownCommand {
            id: id.to_owned(),
            nearest: nearest(id, self.commands.keys().map(String::as_str)).map(str::to_owned),
        })
    }

    /// All commands in the order of their ids.
    pub fn commands(&self) -> impl Iterator<Item = &Arc<Command>> {
        self.commands.values()
    }

    /// All node kinds.
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// The kinds of documents that people make.
    pub fn document_kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.iter().filter(|kind| kind.document && kind.id != WORKSPACE_KIND)
    }

    /// The manifests of all capabilities, in the order in which they were added.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.capabilities.iter().map(|entry| &entry.manifest)
    }

    /// All settings.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.manifests().flat_map(|manifest| &manifest.settings)
    }

    /// The declaration of a property, or an error with the nearest known name. Unknown kinds allow anything: none.
    pub fn property(&self, kind: &str, name: &str) -> Result<Option<&PropertyDeclaration>, CommandError> {
        let Some(kind) = self.kinds.get(kind) else { return Ok(None) };
        kind.property(name).map(Some).ok_or_else(|| CommandError::NotFound {
            what: "property",
            name: name.to_owned(),
            nearest: nearest(name, kind.properties.iter().map(|p| p.name.as_str())).map(str::to_owned),
        })
    }

    /// What reads a file: by its first bytes, else by its extension.
    pub fn importer(&self, extension: &str, bytes: &[u8]) -> Option<(&Format, &Arc<dyn Importer>)> {
        let by_content =
            self.importers.iter().find(|(format, importer)| importer.recognises(&format.id, bytes));
        let by_name = || self.importers.iter().find(|(format, _)| has_extension(format, extension));
        by_content.or_else(by_name).map(|(format, importer)| (format, importer))
    }

    /// What writes documents of a kind into a format, by its id or an extension.
    pub fn exporter(&self, kind: &str, format: &str) -> Result<(&Format, Arc<dyn Exporter>), CommandError> {
        let fits = |candidate: &Format| {
            candidate.document == kind && (candidate.id == format || has_extension(candidate, format))
        };
        let mut fitting = self.exporters.iter().filter(|(candidate, _)| fits(candidate));
        if let Some(found) = fitting.find_map(|(format, exporter)| {
            Some((format, exporter.clone().or_else(|| self.exporter_through(format))?))
        }) {
            return Ok(found);
        }
        let known = self.exporters.iter().filter(|(f, _)| f.document == kind).map(|(f, _)| f.id.as_str());
        let names: Vec<&str> = known.clone().collect();
        Err(CommandError::argument(
            "format",
            format!("a {kind} document cannot be written as '{format}' (known: {})", names.join(", ")),
        ))
    }

    /// What writes a format through another one; none where nothing reads that or writes what is read.
    fn exporter_through(&self, format: &Format) -> Option<Arc<dyn Exporter>> {
        let direct = |kind: &str, id: &str| {
            let mut exporters = self.exporters.iter();
            exporters
                .find(|(f, _)| f.document == kind && f.id == id)
                .and_then(|(_, exporter)| exporter.clone())
        };
        let (read, importer) = self.importers.iter().find(|(read, _)| read.id == format.through)?;
        Some(Arc::new(Through {
            format: format.through.clone(),
            first: direct(&format.document, &format.through)?,
            importer: importer.clone(),
            second: direct(&read.document, &format.id)?,
        }))
    }

    /// All importers' and exporters' formats.
    pub fn formats(&self) -> (impl Iterator<Item = &Format>, impl Iterator<Item = &Format>) {
        (self.importers.iter().map(|(f, _)| f), self.exporters.iter().map(|(f, _)| f))
    }

    /// What draws documents of a kind.
    pub fn evaluator(&self, kind: &str) -> Option<&Arc<dyn Evaluator>> {
        self.evaluators.iter().find(|(declared, _)| declared.document == kind).map(|(_, evaluator)| evaluator)
    }

    /// What changes pictures as filters say.
    pub fn filters(&self) -> Option<&Arc<dyn Filters>> {
        self.filters.as_ref()
    }

    /// The state machines.
    pub fn charts(&self) -> impl Iterator<Item = &LazyChart> {
        self.charts.iter()
    }

    /// All tools, in the order in which they are shown.
    pub fn tools(&self) -> impl Iterator<Item = &ToolDeclaration> {
        self.manifests().flat_map(|manifest| &manifest.tools)
    }

    /// Activates a capability before its first use. One that fails leaves the others as they are.
    pub fn activate(&mut self, capability: &str) -> Result<(), CommandError> {
        if let Some(entry) =
            self.capabilities.iter_mut().find(|entry| entry.manifest.id == capability && !entry.active)
        {
            entry.capability.activate()?;
            entry.active = true;
        }
        Ok(())
    }

    /// Deactivates every capability, the last added first.
    pub fn deactivate_all(&mut self) {
        for entry in self.capabilities.iter_mut().rev().filter(|entry| entry.active) {
            entry.capability.deactivate();
            entry.active = false;
        }
    }
}

fn has_extension(format: &Format, extension: &str) -> bool {
    format.extensions.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// Takes the handlers of one capability.
pub struct Registrar<'m> {
    manifest: &'m Manifest,
    handlers: BTreeMap<String, (Json, Handler)>,
    importers: Vec<(String, Arc<dyn Importer>)>,
    exporters: Vec<(String, Arc<dyn Exporter>)>,
    evaluators: Vec<(String, Arc<dyn Evaluator>)>,
    filters: Option<Arc<dyn Filters>>,
    charts: Vec<(String, &'static str)>,
    trouble: Option<(&'static str, String)>,
}

impl Registrar<'_> {
    /// An edit: a function from what is there to what changes.
    pub fn edit<A, F>(&mut self, id: &str, handler: F)
    where
        A: DeserializeOwned + JsonSchema,
        F: Fn(&mut EditScope<'_>, A) -> Result<Json, CommandError> + Send + Sync + 'static,
    {
        let handler = Handler::Edit(Box::new(move |scope, json| handler(scope, arguments::parse(json)?)));
        self.handler::<A>(id, handler);
    }

    /// A task: may use ports, and submits edits.
    pub fn task<A, F>(&mut self, id: &str, handler: F)
    where
        A: DeserializeOwned + JsonSchema,
        F: Fn(&mut TaskScope<'_>, A) -> Result<Json, CommandError> + Send + Sync + 'static,
    {
        let handler = Handler::Task(Box::new(move |scope, json| handler(scope, arguments::parse(json)?)));
        self.handler::<A>(id, handler);
    }

    /// A task with long work: what it says first is done in the kernel, the work that it hands out away from it.
    pub fn work<A, F>(&mut self, id: &str, handler: F)
    where
        A: DeserializeOwned + JsonSchema,
        F: Fn(&mut TaskScope<'_>, A) -> Result<Work, CommandError> + Send + Sync + 'static,
    {
        let handler = Handler::Work(Box::new(move |scope, json| handler(scope, arguments::parse(json)?)));
        self.handler::<A>(id, handler);
    }

    /// A query: reads only.
    pub fn query<A, F>(&mut self, id: &str, handler: F)
    where
        A: DeserializeOwned + JsonSchema,
        F: Fn(&mut QueryScope<'_>, A) -> Result<Json, CommandError> + Send + Sync + 'static,
    {
        let handler = Handler::Query(Box::new(move |scope, json| handler(scope, arguments::parse(json)?)));
        self.handler::<A>(id, handler);
    }

    fn handler<A: JsonSchema>(&mut self, id: &str, handler: Handler) {
        let declared = self.manifest.commands.iter().any(|command| command.id == id);
        self.note("command", id, declared);
        let schema = schemars::schema_for!(A).to_value();
        self.handlers.insert(id.to_owned(), (schema, handler));
    }

    /// What reads a format.
    pub fn importer(&mut self, format: &str, importer: Arc<dyn Importer>) {
        self.note("importer", format, self.manifest.importers.iter().any(|f| f.id == format));
        self.importers.push((format.to_owned(), importer));
    }

    /// What writes a format.
    pub fn exporter(&mut self, format: &str, exporter: Arc<dyn Exporter>) {
        self.note("exporter", format, self.manifest.exporters.iter().any(|f| f.id == format));
        self.exporters.push((format.to_owned(), exporter));
    }

    /// What draws documents.
    pub fn evaluator(&mut self, id: &str, evaluator: Arc<dyn Evaluator>) {
        self.note("evaluator", id, self.manifest.evaluators.iter().any(|declared| declared.id == id));
        self.evaluators.push((id.to_owned(), evaluator));
    }

    /// What changes pictures as filters say; there is one.
    pub fn filters(&mut self, filters: Arc<dyn Filters>) {
        self.filters = Some(filters);
    }

    /// A state machine, as the JSON of a chart. It is read when it is run for the first time.
    pub fn chart(&mut self, id: &str, text: &'static str) {
        self.note("chart", id, self.manifest.charts.iter().any(|declared| declared.id == id));
        self.charts.push((id.to_owned(), text));
    }

    fn note(&mut self, what: &'static str, id: &str, declared: bool) {
        if !declared && self.trouble.is_none() {
            self.trouble = Some((what, id.to_owned()));
        }
    }
}
