//! Every package that is linked, built or tested with has a licence from the list (`licences.json`).

use crate::graph;
use crate::project::{Findings, Project};
use crate::spdx::Expression;
use anyhow::{Context, Result};
use cargo_metadata::{Metadata, Package, PackageId};
use serde::Deserialize;
use std::collections::{HashMap, VecDeque};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    /// Licences that every package may have.
    allowed: Vec<String>,
    /// Licences with an exception.
    with: Vec<With>,
    /// Licences of packages that come from the registry as they are, so that nothing of them is changed here.
    unmodified: Vec<String>,
    /// Licences of single packages.
    r#in: Vec<In>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct With {
    licence: String,
    exception: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct In {
    licence: String,
    packages: Vec<String>,
}

/// Holds everything that the workspace resolves to against the list.
pub fn check(project: &Project) -> Result<Findings> {
    let allowed = list()?;
    let metadata = graph::resolved(project)?;
    let parents = parents(&metadata);
    let wrong = |package: &Package| {
        let from_registry =
            package.source.as_ref().is_some_and(|source| source.repr.starts_with("registry+"));
        let fault = fault(&allowed, &package.name, package.license.as_deref(), from_registry)?;
        let chain = chain(&metadata, &parents, &package.id).join(" → ");
        Some(format!("{} {}: {fault} (through {chain})", package.name, package.version))
    };
    let faults = metadata.packages.iter().filter_map(wrong).collect();
    Ok(Findings { checked: format!("{} packages", metadata.packages.len()), faults })
}

fn list() -> Result<Allowed> {
    serde_json::from_str(include_str!("../licences.json")).context("crates/xtask/licences.json")
}

/// What is wrong with a package's licence; `None` when it is allowed.
fn fault(list: &Allowed, package: &str, licence: Option<&str>, from_registry: bool) -> Option<String> {
    let Some(licence) = licence else { return Some("it states no licence expression".into()) };
    let allowed = |name: &str, exception: Option<&str>| match exception {
        Some(exception) => list.with.iter().any(|pair| pair.licence == name && pair.exception == exception),
        None => {
            list.allowed.iter().any(|allowed| allowed == name)
                || (from_registry && list.unmodified.iter().any(|allowed| allowed == name))
                || list
                    .r#in
                    .iter()
                    .any(|rule| rule.licence == name && rule.packages.iter().any(|held| held == package))
        }
    };
    match Expression::parse(licence) {
        Err(message) => Some(message),
        Ok(expression) if expression.is_met(&allowed) => None,
        Ok(_) => Some(format!("{licence} is not on the list")),
    }
}

/// For every package a user of it that is one step nearer to the workspace.
fn parents(metadata: &Metadata) -> HashMap<&PackageId, &PackageId> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let uses: HashMap<_, _> = nodes.map(|node| (&node.id, &node.dependencies)).collect();
    let mut parents = HashMap::new();
    let mut queue: VecDeque<_> = metadata.workspace_members.iter().collect();
    while let Some(user) = queue.pop_front() {
        for used in uses.get(user).into_iter().copied().flatten() {
            if !metadata.workspace_members.contains(used) && !parents.contains_key(used) {
                parents.insert(used, user);
                queue.push_back(used);
            }
        }
    }
    parents
}

/// The names from a member of the workspace to the package.
fn chain(metadata: &Metadata, parents: &HashMap<&PackageId, &PackageId>, package: &PackageId) -> Vec<String> {
    let mut names = Vec::new();
    let mut next = Some(package);
    while let Some(id) = next {
        names.push(metadata[id].name.to_string());
        next = parents.get(id).copied();
    }
    names.reverse();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_decides_by_licence_package_and_source() {
        let list = list().unwrap();
        for (package, licence, from_registry, part) in [
            ("a", Some("MIT OR GPL-3.0-only"), true, None),
            ("a", Some("Apache-2.0 WITH LLVM-exception"), true, None),
            ("a", Some("MPL-2.0"), true, None),
            ("a", Some("MPL-2.0"), false, Some("MPL-2.0 is not on the list")),
            ("jpeg-encoder", Some("(MIT OR Apache-2.0) AND IJG"), true, None),
            ("a", Some("(MIT OR Apache-2.0) AND IJG"), true, Some("IJG is not on the list")),
            ("a", Some("GPL-2.0-only"), true, Some("GPL-2.0-only is not on the list")),
            ("a", Some("MIT AND"), true, Some("ends too early")),
            ("a", None, true, Some("no licence")),
        ] {
            let fault = fault(&list, package, licence, from_registry);
            match (part, &fault) {
                (None, None) => {}
                (Some(part), Some(fault)) if fault.contains(part) => {}
                _ => panic!("{package} {licence:?}: {fault:?}"),
            }
        }
    }
}
