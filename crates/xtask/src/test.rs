//! `cargo xtask test`: everything that has to hold, in order, with the totals in the last line.

use crate::packages::{self, BUILD, GPU, MEDIA, TESTS, WINDOW, WINDOW_TESTS};
use crate::project::{Project, shown_time};
use crate::{docs, licences, suites, walls};
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Builds the program with its window.
pub const BUILD_WINDOW: &str = "build --release --package metabuilder --features shell";

/// Builds the program, and the media worker beside it.
pub const BUILD_PROGRAM: &str = "build --release --package metabuilder --package metabuilder-media-worker";

/// How many checks went well and how many did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Checks that went well.
    pub passed: u64,
    /// Checks that did not.
    pub failed: u64,
}

/// The steps so far.
struct Steps {
    total: Tally,
    lines: Vec<String>,
    /// Steps that failed, by heading.
    failed: Vec<&'static str>,
    started: Instant,
}

/// Runs all steps. A failed step does not keep the later ones from running unless they need what it makes.
pub fn test(project: &Project) -> Result<bool> {
    let mut steps =
        Steps { total: Tally::default(), lines: Vec::new(), failed: Vec::new(), started: Instant::now() };
    packages::install_missing(&[BUILD, GPU, MEDIA, TESTS, WINDOW, WINDOW_TESTS])?;

    let single = |good: Result<bool>| good.map(Tally::one);
    steps.run("formatting", || single(project.run_cargo("fmt --all --check")));
    steps.run("walls", || single(walls::check(project).map(|found| found.print("walls"))));
    steps.run("licences", || single(licences::check(project).map(|found| found.print("licences"))));
    steps.run("lints", || {
        single(project.run_cargo(
            "clippy --release --workspace --features metabuilder/shell,e2e/window --all-targets --quiet -- -D warnings",
        ))
    });
    let built = steps.run("release binary", || single(project.run_cargo(BUILD_PROGRAM)));
    steps.run("unit and integration tests", || {
        counted(project, "test --release --workspace --exclude e2e --no-fail-fast")
    });
    if built {
        // The same selection of packages as above, so that the same features are on and nothing is compiled twice.
        steps.run("end-to-end cases", || {
            counted(
                project,
                "test --release --workspace --no-fail-fast --test cases --test bundle --test examples --test history --test incremental --test keyring --test mounts --test provenance --test schema --test showreel --test signals --test watch --test workspace",
            )
        });
        steps.run("reference pages", || single(docs::docs(project, &docs::Options { check: true })));
        steps.run("outside suites", || suites::tally(project));
    } else {
        println!("\nskipped without the release binary: end-to-end cases, reference pages, outside suites");
    }
    // Last, since it puts a program with the window in the place of the one without.
    let built = steps.run("release binary with the window", || single(project.run_cargo(BUILD_WINDOW)));
    if built {
        steps.run("window", || {
            counted(project, "test --release --package e2e --features window --no-fail-fast --test window")
        });
    }
    Ok(steps.summary())
}

impl Steps {
    /// Runs one step under its heading; whether it went well.
    fn run(&mut self, heading: &'static str, step: impl FnOnce() -> Result<Tally>) -> bool {
        println!("\n=== {heading}");
        let started = Instant::now();
        let tally = step().unwrap_or_else(|error| {
            println!("{heading}: {error:#}");
            Tally::one(false)
        });
        self.add(heading, tally, started.elapsed());
        tally.failed == 0
    }

    fn add(&mut self, heading: &'static str, tally: Tally, time: Duration) {
        let line = format!(
            "{heading:<28} {:>6} passed {:>5} failed {:>13}",
            tally.passed,
            tally.failed,
            shown_time(time)
        );
        println!("--- {line}");
        // Cargo and the programs write to standard error in between.
        let _ = std::io::stdout().flush();
        self.lines.push(line);
        self.failed.extend((tally.failed > 0).then_some(heading));
        self.total = self.total + tally;
    }

    fn summary(&self) -> bool {
        println!("\n=== summary after {}", shown_time(self.started.elapsed()));
        for line in &self.lines {
            println!("{line}");
        }
        if !self.failed.is_empty() {
            println!("failed: {}", self.failed.join(", "));
        }
        println!("{} passed, {} failed", self.total.passed, self.total.failed);
        self.total.failed == 0
    }
}

impl Tally {
    /// One check.
    pub fn one(good: bool) -> Self {
        Self { passed: u64::from(good), failed: u64::from(!good) }
    }
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// Runs `cargo test`, shows what it prints and adds up its results. A run that fails for another reason than a test,
/// such as a compile error, counts as one failed check.
fn counted(project: &Project, words: &str) -> Result<Tally> {
    let mut child =
        project.cargo(words).stdout(Stdio::piped()).spawn().with_context(|| format!("cargo {words}"))?;
    let output = child.stdout.take().context("the output of cargo test")?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        tally = tally + results(&line);
        if !is_noise(&line) {
            println!("{line}");
        }
    }
    let good = child.wait()?.success();
    if !good && tally.failed == 0 {
        println!("cargo {words} failed");
        tally.failed = 1;
    }
    Ok(tally)
}

/// The counts in a line such as `test result: ok. 5 passed; 0 failed; 0 ignored; …`.
fn results(line: &str) -> Tally {
    let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
        return Tally::default();
    };
    let count = |name: &str| {
        let part = counts.split(';').find_map(|part| part.trim().strip_suffix(name));
        part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
    };
    Tally { passed: count("passed"), failed: count("failed") }
}

/// Lines that say that all is well, one for each of many tests.
fn is_noise(line: &str) -> bool {
    line.is_empty()
        || (line.starts_with("test ") && line.ends_with(" ... ok"))
        || line.starts_with("running ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_test_runs_are_read() {
        let line = "test result: FAILED. 48 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s";
        assert_eq!(results(line), Tally { passed: 48, failed: 3 });
        assert_eq!(results("test result_is_kept ... ok"), Tally::default());
        assert_eq!(results("test result: odd"), Tally::default());
    }
}
