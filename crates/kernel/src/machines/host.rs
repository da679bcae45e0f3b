//! What machines ask of the kernel: tests over event, data and context keys, and commands.

use serde_json::{Map, Value as Json, json};
use statechart::{Event, Host, Scope};

use super::run::Signalled;
use crate::{Context, Kernel, Request, when::When};

/// The kernel as a machine sees it.
pub(super) struct KernelHost<'k> {
    pub kernel: &'k mut Kernel,
    pub context: &'k Context,
    pub came: &'k mut Signalled,
}

impl Host for KernelHost<'_> {
    /// A test is a when-clause; its keys are paths into the event and the data, else context keys.
    fn holds(&self, test: &str, scope: Scope<'_>) -> Result<bool, String> {
        let when = When::parse(test).map_err(|error| format!("the test '{test}': {error}"))?;
        Ok(when.eval(&|key: &str| scope.value(key).or_else(|| self.kernel.session.key(key))))
    }

    fn emit(&mut self, command: &str, args: Map<String, Json>, _: Option<&Event>) -> Result<Json, String> {
        let mut arguments = args;
        if let (Some(document), Ok(found)) =
            (self.kernel.session.machines.document, self.kernel.registry.command(command))
            && found.schema["properties"].get("document").is_some()
        {
            arguments.entry("document").or_insert_with(|| json!(document));
        }
        let request = Request {
            command: command.to_owned(),
            arguments: arguments.into(),
            context: self.context.clone(),
            timeout_s: None,
            traced: false,
        };
        match self.kernel.execute_within(request) {
            Ok(response) => {
                let result = response.result.clone();
                self.came.responses.push((command.to_owned(), response));
                Ok(result)
            }
            Err(error) => {
                let message = error.to_string();
                self.came.errors.push((command.to_owned(), error));
                Err(message)
            }
        }
    }

    fn log(&mut self, message: &str) {
        tracing::debug!("{message}");
    }
}
