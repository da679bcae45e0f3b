//! Running the release binary on scripts, and writing random ones.
#![allow(dead_code)] // Each test uses a part.

pub mod build;
#[cfg(feature = "window")]
#[allow(clippy::expect_used)] // A missing program is told by the name of its package.
pub mod display;
pub mod session;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

/// The release binary.
pub fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let program = own.ancestors().nth(2).unwrap().join("metabuilder");
    assert!(program.is_file(), "build it first: cargo build --release -p metabuilder");
    program
}

/// A command that runs a script in a workspace.
pub fn batch(folder: &Path, name: &str, script: &Json) -> Command {
    let path = folder.join(name);
    fs::write(&path, serde_json::to_vec_pretty(script).unwrap()).unwrap();
    let mut command = Command::new(program());
    command.arg("--batch").arg(path).arg("--workspace").arg(folder).args(["--progress", "json", "--json"]);
    command.env("XDG_CACHE_HOME", folder.join(".cache"));
    command
}

/// Runs a script to its end and gives its result.
pub fn run(folder: &Path, name: &str, script: &Json) -> Json {
    let output = batch(folder, name, script).output().unwrap();
    result(&output)
}

/// The result of a run that succeeded.
pub fn result(output: &Output) -> Json {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let tail: String = stderr.lines().rev().take(5).collect::<Vec<_>>().join("\n");
    assert!(output.status.success(), "{}: {tail}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The hash over everything that a step of `workspace.inspect` found.
pub fn hash(result: &Json, step: &str) -> String {
    result["results"][step]["hash"].as_str().unwrap_or_else(|| panic!("no hash in {step}")).to_owned()
}

/// Sends a signal to a program.
pub fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Checks the log of a workspace.
pub fn verify(folder: &Path) {
    let output = Command::new(program()).args(["log", "verify", "--workspace"]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
