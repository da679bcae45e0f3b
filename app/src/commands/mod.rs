//! What the command line can be asked to do, one file each.

mod batch;
mod chart;
mod doctor;
mod list;
mod log;
mod measure;
mod progress;
mod query;
mod render;
mod runs;
mod self_test;
mod self_test_chart;
mod self_test_media;
mod self_test_scene;
#[cfg(feature = "shell")]
mod window;

use std::{env, io, path::PathBuf};

use clap::CommandFactory;
use serde_json::Value as Json;

use crate::{
    cli::{Arguments, Command, Common, SchemaOf},
    report::Failure,
};

/// Does what the arguments say.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { command, paths, batch, common } = arguments;
    match command {
        Some(Command::Render(render)) => render::run(&render, &common),
        Some(Command::Chart(chart)) => chart::run(&chart, &common),
        Some(Command::Commands) => list::commands(&common),
        Some(Command::Kinds) => list::kinds(&common),
        Some(Command::Formats) => list::formats(&common),
        Some(Command::Schema { of: SchemaOf::Script }) => list::script_schema(&common),
        Some(Command::Doctor) => doctor::run(&common),
        Some(Command::Log(log)) => log::run(&log, &common),
        Some(Command::Runs(runs)) => runs::run(&runs, &common),
        Some(Command::Query(query)) => query::run(&query, &common),
        Some(Command::SelfTest(test)) => self_test::run(&test),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Arguments::command(), "metabuilder", &mut io::stdout());
            Ok(())
        }
        None => match &batch.script {
            Some(script) => batch::run(script, &batch, &common),
            None => window(&paths, &common),
        },
    }
}

#[cfg(feature = "shell")]
fn window(paths: &[PathBuf], common: &Common) -> Result<(), Failure> {
    window::run(paths, common)
}

#[cfg(not(feature = "shell"))]
fn window(_paths: &[PathBuf], _common: &Common) -> Result<(), Failure> {
    let message =
        "this build has no window: use render, --batch or one of the commands of metabuilder --help";
    Err(Failure::new(crate::report::WRONG_USAGE, message))
}

/// The current folder.
fn current_folder() -> Result<PathBuf, Failure> {
    env::current_dir().map_err(|error| Failure::new(1, format!("the current folder is not there: {error}")))
}

/// The files that an export tells of: the one that it was asked for, and those beside it.
fn files(result: &Json) -> Vec<Json> {
    let mut file = result.clone();
    let beside = file.as_object_mut().and_then(|file| file.remove("beside"));
    let mut files = vec![file];
    if let Some(Json::Array(beside)) = beside {
        files.extend(beside);
    }
    files
}
