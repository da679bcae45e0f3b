//! Commands that ask something of the window. They change no document; without a window nothing comes of them.

use base::DocumentId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

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
        registrar.query(command, move |scope, _: Nothing| ask(scope, command, None, Json::Null));
    }
    registrar.query("window.document.show", |scope, OneDocument { document }| {
        scope.kernel().record(document)?;
        ask(scope, "window.document.show", Some(document), Json::Null)
    });
    registrar.query("window.pan.to", |scope, args: Pan| ask(scope, "window.pan.to", None, json!(args)));
    registrar.query("window.zoom.at", |scope, args: Zoom| ask(scope, "window.zoom.at", None, json!(args)));
    registrar.query("window.form.show", |scope, args: Form| {
        scope.kernel().registry().command(&args.command)?;
        ask(scope, "window.form.show", None, json!(args))
    });
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pan {
    /// The point of the document, in its units: [x, y].
    point: [f64; 2],
    /// Where it is to be, in units of the view from its upper left corner: [x, y].
    at: [f64; 2],
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Zoom {
    /// How many times larger the document is shown.
    #[schemars(range(min = 0.001, max = 1000))]
    factor: f64,
    /// The place that stays where it is, in units of the view from its upper left corner: [x, y].
    at: [f64; 2],
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Form {
    /// The id of the command.
    command: String,
    /// The arguments that are filled in already.
    #[serde(default)]
    arguments: Map<String, Json>,
}

fn ask(
    scope: &mut QueryScope<'_>,
    command: &'static str,
    document: Option<DocumentId>,
    arguments: Json,
) -> Result<Json, CommandError> {
    scope.kernel().stream.publish(Notice::Asked { command, document, arguments });
    Ok(Json::Null)
}
