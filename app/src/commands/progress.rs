//! Progress on stderr: a bar on a terminal, JSON lines for programs, or nothing.

use std::{io::IsTerminal, time::Duration};

use batch::{Progress, StepReport};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::cli::ProgressMode;

/// Tells of progress in one of the ways.
pub enum Teller {
    /// A bar.
    Bar(ProgressBar),
    /// JSON lines.
    Json,
    /// Nothing.
    Silent,
}

impl Teller {
    /// A teller for a run of `total` steps.
    pub fn new(mode: ProgressMode, total: usize) -> Self {
        match mode {
            ProgressMode::Json => Teller::Json,
            ProgressMode::Auto if std::io::stderr().is_terminal() => {
                let bar = ProgressBar::new(total as u64);
                let style = ProgressStyle::with_template("{spinner} {bar:32} {pos}/{len} {wide_msg} {eta}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                bar.enable_steady_tick(Duration::from_millis(100));
                Teller::Bar(bar)
            }
            ProgressMode::Auto | ProgressMode::None => Teller::Silent,
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Teller::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Teller {
    fn acknowledged(&mut self, step: &StepReport, done: usize, total: usize, eta_ms: i64) {
        match self {
            Teller::Bar(bar) => {
                bar.set_position(done as u64);
                bar.set_message(step.id.clone());
            }
            Teller::Json => {
                let line = json!({ "task": step.id, "done": done, "total": total, "eta_ms": eta_ms, "events": step.events });
                eprintln!("{line}");
            }
            Teller::Silent => {}
        }
    }
}
