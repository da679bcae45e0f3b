//! The command line of MetaBuilder: the list of capabilities, and the wiring of the kernel's ports.
//!
//! Owns nothing but arguments, exit codes and messages. stdout carries data only; everything else goes to stderr.
#![allow(clippy::disallowed_methods)] // The outermost layer is where programs end and the environment is read.

mod assembly;
mod builds;
mod cli;
mod commands;
mod memory;
mod ports;
mod report;
mod signals;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // A layer of Mesa's that chooses among graphics cards looks for a display, and complains where there is none.
    if std::env::var_os("DISPLAY").is_none() && std::env::var_os("WAYLAND_DISPLAY").is_none() {
        // SAFETY: no other thread is there yet.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are data; everything else is a message.
            let code = if error.use_stderr() { report::WRONG_USAGE } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match commands::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("metabuilder: {failure}");
            ExitCode::from(failure.code)
        }
    }
}
