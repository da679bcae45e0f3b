//! The packages of the workspace and what they use, read from `cargo metadata`.

use crate::project::Project;
use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// A package of the workspace with the dependencies that its manifest declares, optional and platform ones included.
#[derive(Debug)]
pub struct Member {
    /// The package's name.
    pub name: String,
    /// Its folder relative to the root, `/` between.
    pub folder: String,
    /// What its manifest names.
    pub uses: Vec<Use>,
}

/// One declared dependency.
#[derive(Debug)]
pub struct Use {
    /// The name of the package that is used, whatever it is called inside the user.
    pub name: String,
    /// Whether only tests, examples and benches use it.
    pub dev: bool,
}

/// The members of the workspace; needs no network.
pub fn members(project: &Project) -> Result<Vec<Member>> {
    let metadata = command(project).no_deps().exec().context("cargo metadata")?;
    let folder = |manifest: &cargo_metadata::camino::Utf8Path| {
        let folder = manifest.parent().unwrap_or(manifest);
        folder.strip_prefix(&metadata.workspace_root).unwrap_or(folder).to_string()
    };
    Ok(metadata
        .packages
        .iter()
        .map(|package| Member {
            name: package.name.to_string(),
            folder: folder(&package.manifest_path),
            uses: package
                .dependencies
                .iter()
                .map(|used| Use { name: used.name.clone(), dev: used.kind == DependencyKind::Development })
                .collect(),
        })
        .collect())
}

/// Everything that a build for Linux resolves to, all features of the workspace on.
pub fn resolved(project: &Project) -> Result<Metadata> {
    let mut command = command(project);
    command.features(cargo_metadata::CargoOpt::AllFeatures);
    command.other_options(["--filter-platform".to_owned(), "x86_64-unknown-linux-gnu".to_owned()]);
    command.exec().context("cargo metadata")
}

fn command(project: &Project) -> MetadataCommand {
    let mut command = MetadataCommand::new();
    command.manifest_path(project.root.join("Cargo.toml"));
    command
}
