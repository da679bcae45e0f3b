//! What the command line can be asked to do, one file each.

mod batch;
mod doctor;
mod list;
mod log;
mod measure;
mod progress;
mod query;
mod render;
mod self_test;

use std::{env, io, path::PathBuf};

use clap::CommandFactory;

use crate::{
    cli::{Arguments, Command},
    report::{Failure, WRONG_USAGE},
};

/// Does what the arguments say.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { command, paths, batch, common } = arguments;
    match command {
        Some(Command::Render(render)) => render::run(&render, &common),
        Some(Command::Commands) => list::commands(&common),
        Some(Command::Kinds) => list::kinds(&common),
        Some(Command::Formats) => list::formats(&common),
        Some(Command::Doctor) => doctor::run(&common),
        Some(Command::Log(log)) => log::run(&log, &common),
        Some(Command::Query(query)) => query::run(&query, &common),
        Some(Command::SelfTest(test)) => self_test::run(&test),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Arguments::command(), "metabuilder", &mut io::stdout());
            Ok(())
        }
        None => match &batch.script {
            Some(script) => batch::run(script, &batch, &common),
            None => Err(window(&paths)),
        },
    }
}

fn window(_paths: &[PathBuf]) -> Failure {
    let message =
        "this build has no window: use render, --batch or one of the commands of metabuilder --help";
    Failure::new(WRONG_USAGE, message)
}

/// The current folder.
fn current_folder() -> Result<PathBuf, Failure> {
    env::current_dir().map_err(|error| Failure::new(1, format!("the current folder is not there: {error}")))
}
