//! Suites that judge the inside of the program: it runs them itself through `metabuilder self-test KIND FILE` and prints
//! a JSON line per case, `{"case", "passed", "message"}`, or `{"case", "skipped": reason}`.

use super::{CaseResult, Ground, Outcome};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long one file may take.
const LIMIT: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
struct Line {
    case: String,
    passed: Option<bool>,
    message: Option<String>,
    skipped: Option<String>,
}

/// Expressions over context keys.
pub(super) fn when_clauses(ground: &Ground<'_>) -> Result<Vec<CaseResult>> {
    run(ground, "when-clauses", &[ground.folder.join("cases.json")])
}

/// Recorded editing sessions, one file each.
pub(super) fn editing_traces(ground: &Ground<'_>) -> Result<Vec<CaseResult>> {
    let mut files = Vec::new();
    for part in ["sequential_traces", "concurrent_traces"] {
        let folder = ground.folder.join(part);
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            files.push(entry?.path());
        }
    }
    files.retain(|path| path.to_string_lossy().ends_with(".json.gz"));
    files.sort();
    run(ground, "editing-traces", &files)
}

/// State machines, one file each, with a script of events beside it.
pub(super) fn scxml(ground: &Ground<'_>) -> Result<Vec<CaseResult>> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(&ground.folder).with_context(|| ground.folder.display().to_string())? {
        let folder = folder?.path();
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            files.push(entry?.path());
        }
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "scxml"));
    files.sort();
    run(ground, "scxml", &files)
}

/// glTF files, each with the report of the Khronos validator beside it.
pub(super) fn gltf_validator(ground: &Ground<'_>) -> Result<Vec<CaseResult>> {
    let mut files = Vec::new();
    collect(&ground.folder, &["gltf", "glb"], &mut files)?;
    run(ground, "gltf", &files)
}

/// 3D models of several formats.
pub(super) fn meshes(ground: &Ground<'_>) -> Result<Vec<CaseResult>> {
    let mut files = Vec::new();
    collect(&ground.folder, &["gltf", "glb", "obj", "ply", "stl"], &mut files)?;
    run(ground, "mesh", &files)
}

/// Timelines of OpenTimelineIO.
pub(super) fn otio(ground: &Ground<'_>) -> Result<Vec<CaseResult>> {
    let mut files = Vec::new();
    collect(&ground.folder, &["otio"], &mut files)?;
    run(ground, "otio", &files)
}

/// The files with one of these extensions in a folder and those below, in order.
fn collect(folder: &Path, extensions: &[&str], files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, extensions, files)?;
        } else if let Some(extension) = path.extension()
            && extensions.iter().any(|wanted| extension.eq_ignore_ascii_case(wanted))
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

fn run(ground: &Ground<'_>, kind: &str, files: &[PathBuf]) -> Result<Vec<CaseResult>> {
    let mut results = Vec::new();
    for file in files {
        let name = file.strip_prefix(&ground.folder).unwrap_or(file).to_string_lossy().into_owned();
        match lines(ground.binary, kind, file) {
            Ok(lines) if lines.is_empty() => bail!("self-test {kind} {name} ran no case"),
            Ok(lines) => results.extend(lines.into_iter().map(|line| line.result(&name))),
            // The other files may well run.
            Err(message) => results.push(CaseResult { case: name, outcome: Outcome::Failed(message) }),
        }
    }
    if results.is_empty() {
        bail!("no files for {kind} in {}", ground.folder.display());
    }
    Ok(results)
}

fn lines(binary: &Path, kind: &str, file: &Path) -> Result<Vec<Line>, String> {
    let mut command = Command::new(binary);
    command.args(["self-test", kind]).arg(file);
    let finished = testkit::run(&mut command, b"", LIMIT).map_err(|error| error.to_string())?;
    if finished.timed_out || finished.code != Some(0) {
        let messages = String::from_utf8_lossy(&finished.stderr);
        return Err(format!(
            "self-test {kind}: {}: {}",
            finished.ending(),
            messages.lines().last().unwrap_or_default()
        ));
    }
    let text = String::from_utf8_lossy(&finished.stdout);
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{error} in {line:?}")))
        .collect()
}

impl Line {
    /// The case's path is the file's, and behind a colon the case's own where the file holds several.
    fn result(self, file: &str) -> CaseResult {
        let outcome = match (self.skipped, self.passed) {
            (Some(reason), _) => Outcome::Skipped(reason),
            (None, Some(true)) => Outcome::Passed,
            (None, _) => Outcome::Failed(self.message.unwrap_or_else(|| "no message".into())),
        };
        let whole_file =
            self.case.is_empty() || Path::new(file).file_name() == Path::new(&self.case).file_name();
        let case = if whole_file { file.to_owned() } else { format!("{file}:{}", self.case) };
        CaseResult { case, outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Runs `when_clauses` against a program that is this shell script.
    fn judged(script: &str) -> Vec<(String, Outcome)> {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("program");
        std::fs::write(&binary, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
        let ground = Ground { folder: folder.path().into(), binary: &binary };
        let results = when_clauses(&ground).unwrap();
        results.into_iter().map(|result| (result.case, result.outcome)).collect()
    }

    #[test]
    fn lines_of_the_program_become_cases() {
        let results = judged(
            r#"echo '{"case":"a && b","passed":true}'; echo '{"case":"7","passed":false,"message":"true, not false"}'
            echo '{"case":"8","skipped":"later"}'"#,
        );
        let expected = [
            ("cases.json:a && b".to_owned(), Outcome::Passed),
            ("cases.json:7".to_owned(), Outcome::Failed("true, not false".into())),
            ("cases.json:8".to_owned(), Outcome::Skipped("later".into())),
        ];
        assert_eq!(results, expected);
        let refused = judged("echo 'unknown command' >&2; exit 2");
        let message = "self-test when-clauses: exit 2: unknown command".to_owned();
        assert_eq!(refused, [("cases.json".to_owned(), Outcome::Failed(message))]);
    }
}
