//! The project's own tool: `cargo xtask run | test | suites | walls | licences | docs | samples | demo | bench |
//! compare`.
//!
//! It drives finished programs, above all `target/release/metabuilder`, and links no crate under test. Nothing depends on
//! it, and nothing of it ships.

// It starts cargo and the program, and reads and writes their files; there is no port to go through.
#![allow(clippy::disallowed_methods)]

mod bench;
mod compare;
mod demo;
mod docs;
mod graph;
mod licences;
mod packages;
mod project;
mod run;
mod samples;
mod spdx;
mod suites;
mod table;
mod test;
mod walls;

use anyhow::Result;
use clap::{Parser, Subcommand};
use project::Project;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Build, test and measure MetaBuilder",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the program with its window and open it
    Run(run::Options),
    /// Check and test everything, from a bare machine; ends with `N passed, N failed`
    Test,
    /// Run the outside test suites against the release binary
    Suites(suites::Options),
    /// Check who may depend on whom
    Walls,
    /// Check the licences of everything that is linked
    Licences,
    /// Write the reference pages from what the program says about itself
    Docs(docs::Options),
    /// Make the sample inputs anew
    Samples,
    /// Build the programs and render the showreel of the samples into out/
    Demo,
    /// Measure whole runs of the program: wall time, CPU time, peak memory
    Bench(bench::Options),
    /// Compare scenes with what other programs make of them
    Compare(compare::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is well.
fn run(command: Command) -> Result<bool> {
    let project = Project::find()?;
    match command {
        Command::Run(options) => run::run(&project, &options),
        Command::Test => test::test(&project),
        Command::Suites(options) => suites::suites(&project, &options),
        Command::Walls => Ok(walls::check(&project)?.print("walls")),
        Command::Licences => Ok(licences::check(&project)?.print("licences")),
        Command::Docs(options) => docs::docs(&project, &options),
        Command::Samples => samples::samples(&project),
        Command::Demo => demo::demo(&project),
        Command::Bench(options) => bench::bench(&project, &options),
        Command::Compare(options) => compare::compare(&project, &options),
    }
}
