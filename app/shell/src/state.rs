//! What the kernel's thread tells the window: one immutable value, replaced as a whole.

use std::{collections::BTreeMap, sync::Arc};

use base::DocumentId;
use document::Content;
use kernel::{Evaluator, Links};
use schema::ToolDeclaration;
use serde_json::{Map, Value as Json};

/// What the window shows of the workspace.
#[derive(Clone, Default)]
pub struct State {
    /// All documents, in the order of their creation.
    pub documents: Vec<DocumentEntry>,
    /// The document in front.
    pub active: Option<Active>,
    /// The title of the command that undo would take back.
    pub undo: Option<String>,
    /// The title of the command that redo would bring back.
    pub redo: Option<String>,
    /// Whether every change is on disk.
    pub saved: bool,
    /// Why nothing may change, if so.
    pub read_only: Option<String>,
    /// The title of the command that is running.
    pub running: Option<String>,
    /// The context keys that when-clauses read.
    pub keys: BTreeMap<String, Json>,
    /// Every tool, in the order in which they are shown.
    pub tools: Arc<Vec<ToolEntry>>,
    /// The ids of the kinds of documents.
    pub document_kinds: Arc<Vec<String>>,
    /// Every command, in the order of their ids.
    pub commands: Arc<Vec<CommandEntry>>,
}

/// A document in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentEntry {
    /// Its id.
    pub id: DocumentId,
    /// What people call it.
    pub name: String,
    /// The id of its kind.
    pub kind: String,
}

/// The document in front.
#[derive(Clone)]
pub struct Active {
    /// Its id.
    pub id: DocumentId,
    /// The place of the newest event in the log of it and of what it refers to: another one means that it has changed.
    pub version: u64,
    /// A read snapshot of it.
    pub content: Content,
    /// The documents that it refers to.
    pub links: Links,
    /// What draws it; none for kinds that are not drawn.
    pub evaluator: Option<Arc<dyn Evaluator>>,
    /// How the text of a text begins.
    pub preview: Option<String>,
    /// Its width and height in its units, where it is drawn.
    pub extent: (f64, f64),
}

/// A command in the palette.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandEntry {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What it does.
    pub description: String,
    /// The name of the capability that brings it.
    pub capability: String,
    /// Its key bindings.
    pub keys: Vec<KeyEntry>,
    /// When it can be called; always when empty.
    pub when: String,
    /// The JSON Schema of its arguments.
    pub schema: Arc<Json>,
}

/// A key binding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyEntry {
    /// The keys as written.
    pub keys: String,
    /// When they are bound; always when empty.
    pub when: String,
    /// The arguments that the command is called with.
    pub arguments: Map<String, Json>,
}

/// A tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolEntry {
    /// What the manifest says of it.
    pub declaration: ToolDeclaration,
    /// The kind of document that it is for.
    pub document: String,
}

impl State {
    /// The tools for the document in front.
    pub fn tools_at_hand(&self) -> impl Iterator<Item = &ToolEntry> {
        let kind = self.keys.get("documentKind").and_then(Json::as_str);
        self.tools.iter().filter(move |tool| Some(&*tool.document) == kind)
    }

    /// The tool that is in hand.
    pub fn tool(&self) -> Option<&ToolEntry> {
        let id = self.keys.get("tool")?.as_str()?;
        self.tools_at_hand().find(|tool| tool.declaration.id == id)
    }
}

impl CommandEntry {
    /// Whether it takes an argument of this name.
    pub fn takes(&self, argument: &str) -> bool {
        self.schema["properties"].get(argument).is_some()
    }

    /// Whether it cannot do without an argument of this name.
    pub fn requires(&self, argument: &str) -> bool {
        let required = self.schema["required"].as_array();
        required.is_some_and(|names| names.iter().any(|name| name == argument))
    }
}

/// Something that the user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Whether something failed.
    pub error: bool,
    /// What happened.
    pub text: String,
}
