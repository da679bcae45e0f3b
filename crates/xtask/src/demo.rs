//! `cargo xtask demo`: from a bare machine to a showreel.

use crate::packages;
use crate::project::{Project, shown_time};
use crate::table::Table;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use testkit::Image;

/// Installs what is missing, builds the programs, renders the showreel sample and shows what came of it.
pub fn demo(project: &Project) -> Result<bool> {
    packages::install_missing(&[packages::BUILD, packages::GPU, packages::MEDIA])?;
    println!("building the release binaries");
    if !project.run_cargo(crate::test::BUILD_PROGRAM)? {
        bail!("the programs do not build");
    }
    let script = project.root.join("assets/samples/showreel/showreel.json");
    let mut command = Command::new(project.built_binary()?);
    command.arg("--batch").arg(&script).arg("--json");
    command.args(["--set", &format!("output={}", project.root.join("out").display())]);
    println!("$ {}", shown_command(project, &command));
    let started = Instant::now();
    let run = command.current_dir(&project.root).stderr(Stdio::inherit()).output().context("metabuilder")?;
    if !run.status.success() {
        bail!("the showreel script failed: {}", run.status);
    }
    let time = started.elapsed();
    let result: Value = serde_json::from_slice(&run.stdout).context("the result of the showreel script")?;
    print!("\n{}", outputs(project, &result)?.markdown());
    let count = |list: &str| result[list].as_array().map_or(0, Vec::len);
    let (ran, known) = (count("ran"), count("cacheHits"));
    println!("\n{ran} steps ran and {known} were known from earlier runs, in {}", shown_time(time));
    Ok(true)
}

/// The outputs of steps that have the same name but for their number.
#[derive(Default)]
struct Output {
    files: u64,
    bytes: u64,
    /// The first of the files.
    content: String,
    time: Duration,
    known: bool,
}

/// What was written, one line for each step or loop.
fn outputs(project: &Project, result: &Value) -> Result<Table> {
    let known: Vec<&str> =
        result["cacheHits"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut lines: BTreeMap<String, Output> = BTreeMap::new();
    for (step, made) in result["results"].as_object().into_iter().flatten() {
        let (Some(path), Some(bytes)) = (made["path"].as_str(), made["size"].as_u64()) else { continue };
        let path = project.root.join(path);
        let name = match step.contains('[') {
            true => path.with_file_name("*").with_extension(path.extension().unwrap_or_default()),
            false => path.clone(),
        };
        let line = lines.entry(project.shown(&name)).or_default();
        if line.files == 0 {
            line.content = content(&path)?;
            line.known = true;
        }
        line.files += 1;
        line.bytes += bytes;
        line.known &= known.contains(&step.as_str());
        line.time += Duration::from_millis(result["timings"][step].as_u64().unwrap_or_default());
    }
    let mut table = Table::new(&["output", " files", "content", " KB", " time"]);
    for (name, line) in lines {
        table.row([
            name,
            line.files.to_string(),
            line.content,
            line.bytes.div_ceil(1000).to_string(),
            if line.known { "known".to_owned() } else { shown_time(line.time) },
        ]);
    }
    Ok(table)
}

/// What a file holds: pixels, or how long it plays.
fn content(path: &Path) -> Result<String> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let bytes = || fs::read(path).with_context(|| path.display().to_string());
    let seconds = |seconds: Option<f64>| {
        seconds.map(|seconds| format!("{seconds:.2} s")).with_context(|| path.display().to_string())
    };
    match extension {
        "png" => {
            let (image, _) = Image::read(path)?;
            Ok(format!("{}x{}", image.width, image.height))
        }
        "mp4" => seconds(mp4_seconds(&bytes()?)),
        "wav" => seconds(wav_seconds(&bytes()?)),
        _ => Ok(format!("{} lines", String::from_utf8_lossy(&bytes()?).lines().count())),
    }
}

/// What the header of an MPEG-4 file says (ISO/IEC 14496-12, 8.2.2), in its version 0.
fn mp4_seconds(file: &[u8]) -> Option<f64> {
    let header = file.windows(4).position(|name| name == b"mvhd")? + 4;
    let number =
        |at: usize| Some(u32::from_be_bytes(file.get(header + at..header + at + 4)?.try_into().ok()?));
    Some(f64::from(number(16)?) / f64::from(number(12)?))
}

/// What the header of a WAV file says, whose samples come right behind it.
fn wav_seconds(file: &[u8]) -> Option<f64> {
    let rate = u32::from_le_bytes(file.get(28..32)?.try_into().ok()?);
    let data = file.windows(4).position(|name| name == b"data")? + 4;
    let bytes = u32::from_le_bytes(file.get(data..data + 4)?.try_into().ok()?);
    Some(f64::from(bytes) / f64::from(rate))
}

fn shown_command(project: &Project, command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let root = format!("{}/", project.root.display());
    words.map(|word| word.to_string_lossy().replace(&root, "")).collect::<Vec<_>>().join(" ")
}
