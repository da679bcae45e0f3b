//! Commands about tools: which one is in hand, and what it shows of what it is about to do. They change the session, never
//! the workspace.

use base::nearest;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use statechart::Event;

use super::document::Nothing;
use crate::{CommandError, Preview, QueryScope, Registrar, Signalled};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.query("tool.select", select);
    registrar.query("tool.list", |scope, _: Nothing| {
        Ok(json!(scope.kernel().registry().tools().collect::<Vec<_>>()))
    });
    registrar.query("preview.show", |scope, preview: Preview| {
        scope.kernel().record(preview.document)?;
        scope.kernel().session().set_preview(Some(preview));
        Ok(Json::Null)
    });
    registrar.query("preview.clear", |scope, _: Nothing| {
        scope.kernel().session().set_preview(None);
        Ok(Json::Null)
    });
    registrar.chart("workspace.modes", include_str!("../../modes.json"));
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Select {
    /// The id of the tool.
    #[schemars(extend("x-choices" = "tools"))]
    tool: String,
}

fn select(scope: &mut QueryScope<'_>, args: Select) -> Result<Json, CommandError> {
    let context = scope.context().clone();
    let kernel = scope.kernel();
    let found = kernel.registry().tools().find(|tool| tool.id == args.tool).map(|tool| tool.chart.clone());
    let chart = found.ok_or_else(|| {
        let known = kernel.registry().tools().map(|tool| tool.id.as_str());
        CommandError::NotFound {
            what: "tool",
            nearest: nearest(&args.tool, known).map(str::to_owned),
            name: args.tool.clone(),
        }
    })?;
    let mut came = Signalled::default();
    let event = Event::new(format!("tool.select.{}", args.tool));
    kernel.raise(Some(&chart), event, &context, &mut came);
    match came.errors.pop() {
        Some((_, error)) => Err(error),
        None => Ok(json!({ "tool": kernel.session().key("tool") })),
    }
}
