//! Charts as data: what they do, what is wrong with them, and that they stay legal.

mod faults;
mod legal;
mod picture;
mod saved;
mod semantics;

use serde_json::{Map, Value as Json};

use crate::{Event, Host, Scope};

/// A host that writes down what it is asked. It knows the tests `yes` and `no`, and the command `fail` fails.
#[derive(Default)]
struct Diary(Vec<String>);

impl Host for Diary {
    fn holds(&self, test: &str, _: Scope<'_>) -> Result<bool, String> {
        match test {
            "yes" => Ok(true),
            "no" => Ok(false),
            test => Err(format!("unknown test {test}")),
        }
    }

    fn emit(
        &mut self,
        command: &str,
        args: Map<String, Json>,
        event: Option<&Event>,
    ) -> Result<Json, String> {
        let event = event.map(|event| format!(" on {} {}", event.name, event.data)).unwrap_or_default();
        self.0.push(format!("{command} {}{event}", Json::Object(args.clone())));
        if command == "fail" { Err("failed".into()) } else { Ok(Json::Object(args)) }
    }

    fn log(&mut self, message: &str) {
        self.0.push(message.into());
    }
}
