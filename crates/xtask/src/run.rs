//! `cargo xtask run`: the window, from a bare machine.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::project::Project;
use crate::{packages, test};

#[derive(Args)]
pub struct Options {
    /// The workspace or the files to open
    paths: Vec<PathBuf>,
}

/// Installs what is missing, builds the program with its window, and opens it.
pub fn run(project: &Project, options: &Options) -> Result<bool> {
    packages::install_missing(&[packages::BUILD, packages::GPU, packages::WINDOW])?;
    if !project.run_cargo(test::BUILD_WINDOW)? {
        bail!("the program does not build");
    }
    let mut command = Command::new(project.built_binary()?);
    Ok(command.args(&options.paths).status().context("metabuilder")?.success())
}
