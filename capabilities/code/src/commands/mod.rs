//! The commands about texts.

mod change;
mod file;
mod find;
mod rename;
mod structure;
mod syntax;

use std::sync::Arc;

use base::DocumentId;
use document::Content;
use kernel::{CommandError, Registrar};
use ropey::Rope;

use crate::{Syntaxes, TextError};

pub(super) fn register(registrar: &mut Registrar<'_>, syntaxes: &Arc<Syntaxes>) {
    registrar.task("code.create", file::create);
    registrar.task("code.save", file::save);
    registrar.edit("code.encoding.set", file::set_encoding);
    registrar.edit("code.edit", change::edit);
    registrar.edit("code.append", change::append);
    registrar.edit("code.replace", change::replace);
    registrar.edit("code.lineEndings.set", change::set_line_endings);
    registrar.query("code.find", find::find);
    registrar.query("code.read", find::read);
    registrar.edit("code.language.set", syntax::set_language);
    let kept = syntaxes.clone();
    registrar.query("code.highlight", move |scope, args| syntax::highlight(scope, args, &kept));
    let kept = syntaxes.clone();
    registrar.query("code.symbols", move |scope, args| syntax::list_symbols(scope, args, &kept));
    let kept = syntaxes.clone();
    registrar.task("code.rename", move |scope, args| rename::rename(scope, args, &kept));
    let kept = syntaxes.clone();
    registrar.query("code.structure.find", move |scope, args| structure::find(scope, args, &kept));
    let kept = syntaxes.clone();
    registrar.task("code.structure.replace", move |scope, args| structure::replace(scope, args, &kept));
}

/// The text of a document.
fn text(content: &Content, document: DocumentId) -> Result<&Rope, CommandError> {
    content.text().ok_or_else(|| {
        CommandError::argument("document", format!("document {document} is a node tree, not a text"))
    })
}

/// An argument that is wrong.
fn wrong(argument: &str) -> impl Fn(TextError) -> CommandError + '_ {
    move |error| CommandError::argument(argument, error.to_string())
}

/// What an argument is that holds unless it is denied.
fn yes() -> bool {
    true
}
