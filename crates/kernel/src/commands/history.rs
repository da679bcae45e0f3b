//! Commands about history: undo, redo, revisions.

use base::{DocumentId, EventHash};
use document::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::document::{Nothing, OneDocument};
use crate::{CommandError, QueryScope, Registrar, TaskScope, undo::Direction};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.task("history.undo", |scope, args| step(scope, args, Direction::Undo));
    registrar.task("history.redo", |scope, args| step(scope, args, Direction::Redo));
    registrar.task("history.checkout", checkout);
    registrar.query("history.list", list);
    registrar.task("history.prune", prune);
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Undo {
    /// The document; the whole workspace when absent.
    #[schemars(with = "Option<String>")]
    document: Option<DocumentId>,
}

fn step(scope: &mut TaskScope<'_>, args: Undo, direction: Direction) -> Result<Json, CommandError> {
    let (context, arguments) = (scope.context().clone(), scope.arguments.clone());
    let event = scope.kernel().step_history(&context, arguments, args.document, direction)?;
    Ok(json!({ "event": event }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Checkout {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The event after which the document was as it is to be; as it was made when absent.
    #[schemars(with = "Option<String>")]
    revision: Option<EventHash>,
}

fn checkout(scope: &mut TaskScope<'_>, args: Checkout) -> Result<Json, CommandError> {
    let (context, arguments) = (scope.context().clone(), scope.arguments.clone());
    let event = scope.kernel().check_out(&context, arguments, args.document, args.revision)?;
    Ok(json!({ "event": event }))
}

fn list(scope: &mut QueryScope<'_>, args: OneDocument) -> Result<Json, CommandError> {
    let history = scope.kernel().history(args.document)?;
    let events: Vec<Json> = history
        .rows()
        .map(|row| {
            let (role, target) = match row.role {
                Role::Edit => ("edit", None),
                Role::Undo(event) => ("undo", Some(event)),
                Role::Redo(event) => ("redo", Some(event)),
                Role::Checkout(event) => ("checkout", event),
                Role::Start => ("start", None),
            };
            json!({
                "event": row.event, "command": row.command, "actor": row.actor, "time": row.time,
                "role": role, "target": target,
            })
        })
        .collect();
    Ok(json!({ "events": events, "inForce": history.active().collect::<Vec<_>>() }))
}

fn prune(scope: &mut TaskScope<'_>, _: Nothing) -> Result<Json, CommandError> {
    let (context, arguments) = (scope.context().clone(), scope.arguments.clone());
    let pruned = scope.kernel().prune(&context, arguments)?;
    Ok(json!({ "events": pruned }))
}
