//! What is compared: models of our own, made by scripts, and files of others.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::project::Project;

/// Scripts whose step `scene` makes a scene.
const SCRIPTS: &str = "tests/compare/models";
/// Well-known files, where they are there: below the folder of suites.
const FILES: [&str; 7] = [
    "meshes/glTF2/2CylinderEngine-glTF-Binary/2CylinderEngine.glb",
    "meshes/glTF2/BoxTextured-glTF/BoxTextured.gltf",
    "meshes/glTF2/MorphStressTest/glTF/MorphStressTest.gltf",
    "meshes/OBJ/WusonOBJ.obj",
    "meshes/PLY/Wuson.ply",
    "meshes/STL/3DSMaxExport.STL",
    "meshes/STL/sphereWithHole.stl",
];

/// A scene to compare.
#[derive(Debug)]
pub struct Model {
    /// What it is called, and its files.
    pub name: String,
    /// The file itself, for other programs to read; none of a scene that a script makes.
    pub file: Option<PathBuf>,
    /// The script, or one that imports the file: its step `scene` gives the document.
    steps: Value,
    /// Whether it brings lights of its own.
    pub lit: bool,
}

impl Model {
    /// All models of our own, those of others that are there, and `more` files; or `more` alone when there are any.
    pub fn find(project: &Project, suites: Option<&Path>, more: &[PathBuf]) -> Result<Vec<Self>> {
        if !more.is_empty() {
            return more.iter().map(|path| Self::of(path)).collect();
        }
        let folder = project.root.join(SCRIPTS);
        let mut paths = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            paths.push(entry?.path());
        }
        // Beside scripts lie the images that they use.
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let suites = suites.map_or_else(|| project.root.join("../shared/suites"), Path::to_path_buf);
        let files = FILES.iter().map(|file| suites.join(file));
        paths.extend(files.filter(|path| path.is_file()));
        paths.iter().map(|path| Self::of(path)).collect()
    }

    /// A script or a file of a model.
    fn of(path: &Path) -> Result<Self> {
        let path = path.canonicalize().with_context(|| path.display().to_string())?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let kind = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if kind == "json" {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let script: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
            let Some(steps) = script["steps"].as_array() else { bail!("{} has no steps", path.display()) };
            let lit = steps.iter().any(|step| step["command"] == "scene.light.add");
            return Ok(Self { name, file: None, steps: script["steps"].clone(), lit });
        }
        Ok(Self { name: format!("{name}.{kind}"), steps: import(&path), file: Some(path), lit: false })
    }

    /// Our export of a model, with all its lights.
    pub fn exported(path: &Path) -> Self {
        Self { name: "export".into(), file: Some(path.to_owned()), steps: import(path), lit: true }
    }

    /// A script that makes the scene and goes on with `then`.
    pub fn script(&self, then: impl IntoIterator<Item = Value>) -> Value {
        let steps: Vec<Value> =
            self.steps.as_array().cloned().unwrap_or_default().into_iter().chain(then).collect();
        json!({ "version": 1, "steps": steps })
    }
}

fn import(path: &Path) -> Value {
    json!([{ "id": "scene", "command": "document.import", "args": { "path": path } }])
}
