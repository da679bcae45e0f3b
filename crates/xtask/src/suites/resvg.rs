//! The resvg suite: every SVG is rendered by the program at a width of 300 pixels with the suite's fonts alone, and
//! compared with the PNG beside it.

use super::{CaseResult, Ground, Outcome};
use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::Image;

/// A channel (0 to 255, premultiplied) that is further apart makes a pixel count as different.
const THRESHOLD: u8 = 32;
/// The share of pixels that may differ.
const SHARE: f64 = 0.003;
/// How long one picture may take.
const LIMIT: Duration = Duration::from_secs(30);
/// What the generic families stand for in the references.
const FAMILIES: [(&str, &str); 5] = [
    ("serif", "Noto Serif"),
    ("sansSerif", "Noto Sans"),
    ("cursive", "Yellowtail"),
    ("fantasy", "Sedgwick Ave Display"),
    ("monospace", "Noto Mono"),
];

/// Renders all, as many at a time as there are cores.
pub(super) fn run(ground: &Ground<'_>) -> Result<Vec<CaseResult>> {
    let tests = ground.folder.join("tests");
    let mut files = Vec::new();
    collect(&tests, &mut files)?;
    files.sort();
    if files.is_empty() {
        bail!("no SVG files in {}", tests.display());
    }
    let output = std::env::temp_dir().join(format!("xtask-resvg-{}", std::process::id()));
    fs::create_dir_all(&output).with_context(|| output.display().to_string())?;
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    let work = || {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(svg) = files.get(index) else { return results };
            let outcome = render(ground, svg, &output.join(format!("{index}.png")));
            let case = svg.strip_prefix(&tests).unwrap_or(svg).to_string_lossy().into_owned();
            results.push(CaseResult {
                case,
                outcome: outcome.map_or_else(Outcome::Failed, |()| Outcome::Passed),
            });
        }
    };
    let done = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join()).collect::<Result<Vec<_>, _>>()
    });
    let mut results: Vec<_> =
        done.map_err(|_| anyhow!("a rendering thread died"))?.into_iter().flatten().collect();
    fs::remove_dir_all(&output).with_context(|| output.display().to_string())?;
    results.sort_by(|a, b| a.case.cmp(&b.case));
    Ok(results)
}

fn render(ground: &Ground<'_>, svg: &Path, output: &Path) -> Result<(), String> {
    let mut command = Command::new(ground.binary);
    command.arg("render").arg(svg).arg("-o").arg(output).args(["--size", "300x", "--setting"]);
    command.arg(format!("text.fontDirectories={}", ground.folder.join("fonts").display()));
    // Results of earlier runs are kept there and would be taken for this run's.
    command.env("XDG_CACHE_HOME", output.with_extension("cache"));
    for (generic, family) in FAMILIES {
        command.args(["--setting".to_owned(), format!("text.fontFamilies.{generic}={family}")]);
    }
    let finished = testkit::run(&mut command, b"", LIMIT).map_err(|error| error.to_string())?;
    if finished.timed_out || finished.code != Some(0) {
        let messages = String::from_utf8_lossy(&finished.stderr);
        let last = messages.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(format!("{}: {}", finished.ending(), last.trim()));
    }
    let compared = compare(&svg.with_extension("png"), output);
    // The pictures may be large, and the suite has many.
    let _ = fs::remove_file(output);
    let _ = fs::remove_dir_all(output.with_extension("cache"));
    compared
}

fn compare(reference: &Path, output: &Path) -> Result<(), String> {
    let read = |path: &Path| Image::read(path).map(|(image, _)| image).map_err(|error| error.to_string());
    let (expected, found) = (read(reference)?, read(output)?);
    match expected.difference(&found, THRESHOLD) {
        None => Err(format!("{found:?} instead of {expected:?}")),
        Some(difference) if difference.share <= SHARE => Ok(()),
        Some(difference) => Err(format!(
            "{:.2} % of the pixels differ, the most at {:?}",
            difference.share * 100.0,
            difference.place
        )),
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "svg") {
            files.push(path);
        }
    }
    Ok(())
}
