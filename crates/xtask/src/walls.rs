//! The walls of the architecture as data (`walls.json`), held against what the manifests declare.
//!
//! Manifests, not the resolved graph: a wall stands for every feature and platform.

use crate::graph::{self, Member};
use crate::project::{Findings, Project};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::fs;
use std::path::Path;

/// The file of rules. A pattern is a package name, or a folder when it holds `/`; a `*` at its end stands for any rest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Walls {
    only: Vec<Only>,
    never: Vec<Never>,
    silenced: Silenced,
}

/// Outside crates that only some packages may name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Only {
    crates: Vec<String>,
    r#in: Vec<String>,
    why: String,
}

/// Packages of the workspace that must not use one another.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Never {
    from: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    to: Vec<String>,
    #[serde(default)]
    dev: Dev,
    why: String,
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Dev {
    Allowed,
    #[default]
    Forbidden,
}

/// A lint that only some packages may switch off outside of their tests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Silenced {
    lint: String,
    r#in: Vec<String>,
    why: String,
}

/// Holds the workspace against the rules.
pub fn check(project: &Project) -> Result<Findings> {
    let walls = rules()?;
    let members = graph::members(project)?;
    let mut faults = violations(&walls, &members);
    for member in members.iter().filter(|member| !fits_any(&walls.silenced.r#in, member)) {
        for path in sources(&project.root.join(&member.folder).join("src"))? {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            faults.extend(silencing(&walls.silenced, &text).map(|line| {
                format!(
                    "{}:{line} switches off {}: {}",
                    project.shown(&path),
                    walls.silenced.lint,
                    walls.silenced.why
                )
            }));
        }
    }
    Ok(Findings { checked: format!("{} packages", members.len()), faults })
}

fn rules() -> Result<Walls> {
    serde_json::from_str(include_str!("../walls.json")).context("crates/xtask/walls.json")
}

fn violations(walls: &Walls, members: &[Member]) -> Vec<String> {
    let mut faults = Vec::new();
    for member in members {
        for used in &member.uses {
            let says = |why: &str| format!("{} uses {}: {why}", member.name, used.name);
            for rule in &walls.only {
                let named = rule.crates.iter().any(|pattern| fits_text(pattern, &used.name));
                if named && !fits_any(&rule.r#in, member) {
                    faults.push(says(&rule.why));
                }
            }
            let Some(target) = members.iter().find(|target| target.name == used.name) else { continue };
            for rule in &walls.never {
                let bound = fits_any(&rule.from, member) && !fits_any(&rule.except, member);
                let counts = !used.dev || rule.dev == Dev::Forbidden;
                // A package that uses itself in its tests crosses no wall.
                if bound && counts && member.name != target.name && fits_any(&rule.to, target) {
                    faults.push(says(&rule.why));
                }
            }
        }
    }
    faults
}

fn fits_any(patterns: &[String], member: &Member) -> bool {
    patterns.iter().any(|pattern| {
        fits_text(pattern, &member.folder) || (!pattern.contains('/') && fits_text(pattern, &member.name))
    })
}

fn fits_text(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => pattern == text,
    }
}

/// The number of the line that switches the lint off, ahead of the file's tests.
fn silencing(rule: &Silenced, text: &str) -> Option<usize> {
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    let off = |line: &str| {
        let line = line.trim_start();
        (line.starts_with("#![") || line.starts_with("#["))
            && line.contains("allow")
            && line.contains(&rule.lint)
    };
    lines.enumerate().find(|(_, line)| off(line)).map(|(index, _)| index + 1)
}

fn sources(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Use;

    fn found(user: &str, used: &str, dev: bool) -> Vec<String> {
        let member =
            |folder: &str, name: &str, uses| Member { name: name.into(), folder: folder.into(), uses };
        let mut members: Vec<_> = [
            ("app", "metabuilder"),
            ("app/shell", "metabuilder-shell"),
            ("capabilities/code", "code"),
            ("capabilities/graphics", "graphics"),
            ("crates/base", "base"),
            ("crates/document", "document"),
            ("crates/gpu", "gpu"),
            ("crates/kernel", "kernel"),
            ("crates/store", "store"),
            ("crates/testkit", "testkit"),
            ("crates/vfs", "vfs"),
            ("crates/xtask", "xtask"),
            ("tests", "e2e"),
        ]
        .map(|(folder, name)| member(folder, name, vec![]))
        .into();
        let user = members.iter_mut().find(|member| member.name == user).unwrap();
        user.uses.push(Use { name: used.into(), dev });
        violations(&rules().unwrap(), &members)
    }

    #[test]
    fn every_wall_reports_what_crosses_it() {
        for (user, used, dev) in [
            ("graphics", "code", false),
            ("graphics", "code", true),
            ("graphics", "metabuilder", false),
            ("kernel", "graphics", false),
            ("base", "metabuilder-shell", false),
            ("graphics", "wgpu", false),
            ("graphics", "wgpu-core", false),
            ("kernel", "tree-sitter", false),
            ("graphics", "tree-sitter-rust", true),
            ("metabuilder", "cxx-qt-lib", false),
            ("document", "rusqlite", true),
            ("metabuilder", "ffmpeg-sys-next", false),
            ("code", "git2", false),
            ("kernel", "notify", false),
            ("store", "loro", false),
            ("document", "tiny-skia", false),
            ("kernel", "vfs", false),
            ("graphics", "store", false),
            ("store", "testkit", false),
            ("metabuilder", "testkit", false),
            ("e2e", "xtask", true),
            ("base", "document", false),
            ("vfs", "anyhow", false),
        ] {
            let faults = found(user, used, dev);
            assert_eq!(faults.len(), 1, "{user} uses {used}: {faults:?}");
            assert!(faults[0].starts_with(&format!("{user} uses {used}: ")), "{faults:?}");
        }
    }

    #[test]
    fn what_the_architecture_allows_passes() {
        for (user, used, dev) in [
            ("gpu", "wgpu", false),
            ("metabuilder-shell", "cxx-qt-lib", false),
            ("store", "rusqlite", false),
            ("vfs", "git2", false),
            ("document", "loro", false),
            ("code", "tree-sitter-rust", false),
            ("graphics", "tiny-skia", false),
            ("graphics", "kernel", false),
            ("metabuilder", "graphics", false),
            ("metabuilder", "store", false),
            ("kernel", "store", true),
            ("graphics", "testkit", true),
            ("e2e", "testkit", true),
            ("xtask", "testkit", false),
            ("document", "base", false),
        ] {
            assert_eq!(found(user, used, dev), Vec::<String>::new(), "{user} uses {used}");
        }
    }

    #[test]
    fn a_silenced_lint_is_found_ahead_of_the_tests() {
        let rule = rules().unwrap().silenced;
        let line = |text| silencing(&rule, text);
        assert_eq!(line("//! x\n#![allow(clippy::disallowed_methods)]\n"), Some(2));
        assert_eq!(line("    #[allow(unused, clippy::disallowed_methods)]\nfn x() {}"), Some(1));
        assert_eq!(line("// allow(clippy::disallowed_methods)\n#[allow(dead_code)]"), None);
        assert_eq!(line("fn x() {}\n#[cfg(test)]\nmod tests {\n#![allow(clippy::disallowed_methods)]"), None);
    }
}
