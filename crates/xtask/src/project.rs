//! Where things lie, how cargo and the program are started, and how a check reports.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The checkout that this tool was built from.
pub struct Project {
    /// The folder of the workspace's Cargo.toml.
    pub root: PathBuf,
    target: PathBuf,
}

/// What one check found: how many things it looked at, and what is wrong, each in a line or more.
pub struct Findings {
    /// What was looked at, for example `212 packages`.
    pub checked: String,
    /// What is wrong.
    pub faults: Vec<String>,
}

impl Project {
    /// Finds the checkout and the target folder of this very executable.
    pub fn find() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.ancestors().nth(2).context("xtask lies two folders under the root")?;
        if !root.join("Cargo.toml").is_file() {
            bail!("{} has moved since xtask was built: run `cargo xtask` there", root.display());
        }
        let own = std::env::current_exe().context("the path of xtask itself")?;
        let target = own.ancestors().nth(2).context("xtask runs from the target folder")?;
        Ok(Self { root: root.into(), target: target.into() })
    }

    /// The release binary; it may not be built yet.
    pub fn binary(&self) -> PathBuf {
        self.target.join("release/metabuilder")
    }

    /// The release binary, or an error that says how to build it.
    pub fn built_binary(&self) -> Result<PathBuf> {
        let binary = self.binary();
        if !binary.is_file() {
            bail!("{} is not there: run `cargo build --release --package metabuilder`", binary.display());
        }
        Ok(binary)
    }

    /// `cargo` in the root, in words separated by spaces.
    pub fn cargo(&self, words: &str) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(words.split_whitespace()).current_dir(&self.root);
        // Set by the cargo that runs this tool, and wrong for the packages of another build.
        for (name, _) in std::env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
            {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs `cargo` to its end with its output shown; whether it succeeded.
    pub fn run_cargo(&self, words: &str) -> Result<bool> {
        Ok(self.cargo(words).status().with_context(|| format!("cargo {words}"))?.success())
    }

    /// A path as a reader of this checkout would write it.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

impl Findings {
    /// Prints what is wrong, or that nothing is. Whether nothing is.
    pub fn print(&self, name: &str) -> bool {
        for fault in &self.faults {
            println!("{name}: {fault}");
        }
        if self.faults.is_empty() {
            println!("{name}: {} checked, nothing wrong", self.checked);
        }
        self.faults.is_empty()
    }
}

/// `850 ms`, `12.3 s` or `4 min 05 s`.
pub fn shown_time(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 100.0 => format!("{s:.1} s"),
        s => format!("{} min {:02} s", s as u64 / 60, s as u64 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_to_read() {
        let shown = |ms| shown_time(Duration::from_millis(ms));
        assert_eq!([shown(7), shown(12_340), shown(245_900)], ["7 ms", "12.3 s", "4 min 05 s"]);
    }
}
