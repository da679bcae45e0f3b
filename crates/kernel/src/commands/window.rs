//! Commands that ask something of the window. They change no document; without a window nothing comes of them.

use base::DocumentId;
use serde_json::Value as Json;

use super::document::{Nothing, OneDocument};
use crate::{CommandError, Notice, QueryScope, Registrar};

const PLAIN: [&str; 8] = [
    "window.palette.show",
    "window.document.next",
    "window.document.previous",
    "window.zoom.in",
    "window.zoom.out",
    "window.zoom.fit",
    "window.zoom.actual",
    "window.close",
];

pub(super) fn register(registrar: &mut Registrar<'_>) {
    for command in PLAIN {
        registrar.query(command, move |scope, _: Nothing| ask(scope, command, None));
    }
    registrar.query("window.document.show", |scope, OneDocument { document }| {
        scope.kernel().record(document)?;
        ask(scope, "window.document.show", Some(document))
    });
}

fn ask(
    scope: &mut QueryScope<'_>,
    command: &'static str,
    document: Option<DocumentId>,
) -> Result<Json, CommandError> {
    scope.kernel().stream.publish(Notice::Asked { command, document });
    Ok(Json::Null)
}
