//! The programs that draw and check: ours, F3D, Blender, and the validator of Khronos.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::stage::Stage;
use crate::{packages, project::Project};

/// How long one program may work on one model.
const LIMIT: Duration = Duration::from_secs(600);
/// A display for programs that draw through one, larger than what they draw.
const DISPLAY: [&str; 4] = ["xvfb-run", "-a", "-s", "-screen 0 3840x2880x24"];
const BLENDER: &str = include_str!("blender.py");
const VALIDATE: &str = include_str!("validate.js");

/// What is there of them.
pub struct Programs {
    ours: PathBuf,
    /// The folder in which they run.
    root: PathBuf,
    /// Where scripts for them are written.
    folder: PathBuf,
    /// Whether F3D is there.
    pub f3d: bool,
    /// Whether Blender is there, with what its importers need.
    pub blender: bool,
    /// The folder of modules with the validator.
    modules: Option<PathBuf>,
}

impl Programs {
    /// Looks for them, and says what is missing and where it comes from.
    pub fn find(project: &Project, folder: &Path) -> Result<Self> {
        let missing = |needed: &[packages::Needed]| packages::tell_missing(needed);
        let display = !missing(packages::DISPLAY);
        let modules = folder.join("node_modules");
        let validator = modules.join("gltf-validator").is_dir();
        if !validator {
            println!(
                "gltf-validator is missing: npm install --prefix {} gltf-validator",
                project.shown(folder)
            );
        }
        let node = !missing(packages::NODE);
        Ok(Self {
            ours: project.built_binary()?,
            root: project.root.clone(),
            folder: folder.to_owned(),
            f3d: !missing(packages::F3D) && display,
            blender: !missing(packages::BLENDER) && display,
            modules: (validator && node).then_some(modules),
        })
    }

    /// Runs a script of ours; its result.
    pub fn batch(&self, script: &Value, path: &Path) -> Result<Value> {
        fs::write(path, format!("{script:#}")).with_context(|| path.display().to_string())?;
        let mut command = Command::new(&self.ours);
        command.arg("--batch").arg(path).args(["--json", "--force", "--progress", "none"]);
        let printed = self.run(&mut command)?;
        serde_json::from_slice(&printed).with_context(|| format!("the result of {}", path.display()))
    }

    /// Draws a file with F3D, with the lights of the file.
    pub fn f3d(&self, stage: &Stage, model: &Path, picture: &Path) -> Result<()> {
        let mut command = Command::new(DISPLAY[0]);
        command.args(&DISPLAY[1..]).args(["f3d", "--dry-run", "--quiet", "--no-background"]);
        command.args(stage.f3d_options()).arg(format!("--output={}", picture.display())).arg(model);
        self.run(&mut command)?;
        if !picture.is_file() {
            bail!("F3D drew nothing of {}", model.display());
        }
        Ok(())
    }

    /// Draws files with Blender: a job of `blender.py`, kept at `path`.
    pub fn blender(&self, job: &Value, path: &Path) -> Result<()> {
        let script = self.folder.join("blender.py");
        fs::write(&script, BLENDER).with_context(|| script.display().to_string())?;
        fs::write(path, format!("{job:#}")).with_context(|| path.display().to_string())?;
        let mut command = Command::new(DISPLAY[0]);
        command.args(&DISPLAY[1..]).args(["blender", "-b", "-noaudio", "--factory-startup"]);
        command.args(["--python-exit-code", "1", "--python"]).arg(script).arg("--").arg(path);
        self.run(&mut command).map(|_| ())
    }

    /// What the validator says about a GLB file; none where it is not there.
    pub fn validate(&self, model: &Path) -> Result<Option<Value>> {
        let Some(modules) = &self.modules else { return Ok(None) };
        let script = self.folder.join("validate.js");
        fs::write(&script, VALIDATE).with_context(|| script.display().to_string())?;
        let mut command = Command::new("node");
        let printed = self.run(command.arg(script).arg(model).env("NODE_PATH", modules))?;
        Ok(Some(serde_json::from_slice(&printed).context("what the validator printed")?))
    }

    fn run(&self, command: &mut Command) -> Result<Vec<u8>> {
        let name = command.get_program().to_string_lossy().into_owned();
        let finished = testkit::run(command.current_dir(&self.root), b"", LIMIT).with_context(|| name)?;
        if finished.code != Some(0) {
            let said = String::from_utf8_lossy(&finished.stderr).into_owned()
                + &String::from_utf8_lossy(&finished.stdout);
            let end: Vec<&str> = said.lines().rev().take(12).collect();
            let end: Vec<&str> = end.into_iter().rev().collect();
            bail!("{command:?}: {}\n{}", finished.ending(), end.join("\n"));
        }
        Ok(finished.stdout)
    }
}
