//! `cargo xtask demo`: from a bare machine to a rendered poster.

use crate::packages;
use crate::project::{Project, shown_time};
use crate::table::Table;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use testkit::Image;

/// Installs what is missing, builds the program, renders the sample and shows what came of it.
pub fn demo(project: &Project) -> Result<bool> {
    packages::install_missing(&[packages::BUILD, packages::GPU, packages::MEDIA])?;
    println!("building the release binaries");
    if !project.run_cargo(crate::test::BUILD_PROGRAM)? {
        bail!("the program does not build");
    }
    let output = project.root.join("out");
    fs::create_dir_all(&output).with_context(|| output.display().to_string())?;
    let mut table = Table::new(&["output", "pixels", " KB", " time"]);
    let other = ["title=Last Light", "subtitle=The same script with another title", "edition=Edition 02"];
    for (name, variables) in [("poster.png", &[][..]), ("poster-02.png", &other[..])] {
        let started = Instant::now();
        let outputs = poster(project, &output.join(name), variables)?;
        let time = shown_time(started.elapsed());
        for path in outputs {
            let bytes = fs::metadata(&path).with_context(|| path.display().to_string())?.len();
            let (image, _) = Image::read(&path)?;
            table.row([
                project.shown(&path),
                format!("{}x{}", image.width, image.height),
                bytes.div_ceil(1000).to_string(),
                time.clone(),
            ]);
        }
    }
    print!("\n{}", table.markdown());
    Ok(true)
}

/// Renders the poster sample to `output` with these variables; the paths of what it wrote.
fn poster(project: &Project, output: &Path, variables: &[&str]) -> Result<Vec<PathBuf>> {
    let script = project.root.join("assets/samples/poster/poster.json");
    let mut command = Command::new(project.built_binary()?);
    command
        .arg("--batch")
        .arg(&script)
        .arg("--json")
        .args(["--set", &format!("output={}", output.display())]);
    for variable in variables {
        command.args(["--set", variable]);
    }
    println!("$ {}", shown_command(project, &command));
    let run = command.current_dir(&project.root).stderr(Stdio::inherit()).output().context("metabuilder")?;
    if !run.status.success() {
        bail!("the poster script failed: {}", run.status);
    }
    let result: Value = serde_json::from_slice(&run.stdout).context("the result of the poster script")?;
    let outputs = result["outputs"].as_array().context("the result of the poster script names no outputs")?;
    Ok(outputs
        .iter()
        .filter_map(|output| output["path"].as_str())
        .map(|path| project.root.join(path))
        .collect())
}

fn shown_command(project: &Project, command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let root = format!("{}/", project.root.display());
    words.map(|word| word.to_string_lossy().replace(&root, "")).collect::<Vec<_>>().join(" ")
}
