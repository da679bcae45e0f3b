//! Runs one case in a folder of its own and says what disappointed.

use crate::case::{Case, Run};
use crate::check::{self, Places};
use crate::fixture::Sources;
use crate::process;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What all cases share.
#[derive(Debug)]
pub struct Bench {
    /// The program under test.
    pub program: PathBuf,
    /// The folder whose subfolders are cases.
    pub cases: PathBuf,
    /// The folder of shared input files.
    pub data: PathBuf,
    /// The folder of the samples that come with the program.
    pub samples: PathBuf,
    /// Write expected pictures instead of comparing with them.
    pub update: bool,
}

/// Why a case failed, ready to be read.
#[derive(Debug)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl Bench {
    /// Runs the case in the subfolder `name`. Its folder is deleted afterwards.
    ///
    /// Beyond what the case says, it fails when an input has changed, when a file is left that is neither input nor
    /// expected output nor in `may_leave`, or when something is left in TMPDIR.
    pub fn run(&self, name: &str) -> Result<(), Failure> {
        let folder = self.cases.join(name);
        let case = Case::read(&folder).map_err(|error| Failure(error.to_string()))?;
        let io = |error: std::io::Error| Failure(format!("{name}: {error}"));
        let root = tempfile::Builder::new().prefix("case-").tempdir().map_err(io)?;
        let root_path = root.path().canonicalize().map_err(io)?;
        let work = root_path.join("work");
        for part in ["work", "home", "tmp"] {
            fs::create_dir(root_path.join(part)).map_err(io)?;
        }
        let dir = work.to_string_lossy().into_owned();
        let sources = Sources { case: &folder, data: &self.data, samples: &self.samples, dir: &dir };
        for (path, fixture) in &case.files {
            fixture.make(&work.join(path), &sources).map_err(Failure)?;
        }
        let before = contents(&work).map_err(io)?;
        let places = Places { work: &work, case: &folder, dir: &dir, update: self.update };
        for run in &case.runs {
            self.run_once(&case, run, &root_path, &places)?;
        }
        let mut faults = untouched(&case, &before, &contents(&work).map_err(io)?);
        let left = contents(&root_path.join("tmp")).map_err(io)?;
        faults.extend(left.keys().map(|path| format!("{path} was left in TMPDIR")));
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Failure(format!("{}\n- {}", case.about, faults.join("\n- "))))
        }
    }

    fn run_once(&self, case: &Case, run: &Run, root: &Path, places: &Places<'_>) -> Result<(), Failure> {
        let here = |text: &String| text.replace("{dir}", places.dir);
        let home = root.join("home");
        let mut command = Command::new(&self.program);
        command
            .args(run.args.iter().map(here))
            .current_dir(places.work.join(&run.cwd))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("TMPDIR", root.join("tmp"))
            .env("LANG", "C.UTF-8")
            .env("RUST_BACKTRACE", "1")
            .envs(case.env.iter().map(|(name, value)| (name, here(value))));
        let limit = Duration::from_secs(run.timeout_s);
        let finished = process::run(&mut command, here(&run.stdin).as_bytes(), limit)
            .map_err(|error| Failure(format!("{}: {error}", self.program.display())))?;

        let mut faults = Vec::new();
        if finished.timed_out || finished.code != Some(run.exit) {
            faults.push(format!("{}, not exit {}", finished.ending(), run.exit));
        }
        check::text(&run.stdout, &finished.stdout, "stdout", places.dir, &mut faults);
        check::text(&run.stderr, &finished.stderr, "stderr", places.dir, &mut faults);
        for (name, output) in &run.outputs {
            check::output(output, name, places, &mut faults);
        }
        if faults.is_empty() {
            return Ok(());
        }
        let words: Vec<_> = run.args.iter().map(|word| quoted(&here(word))).collect();
        Err(Failure(format!(
            "{}\n- {}\n  $ metabuilder {}\n{}{}",
            case.about,
            faults.join("\n- "),
            words.join(" "),
            tail("stdout", &finished.stdout),
            tail("stderr", &finished.stderr)
        )))
    }
}

/// What was not to happen between the two listings of the folder: inputs changed or gone, files left.
fn untouched(
    case: &Case,
    before: &BTreeMap<String, Option<Vec<u8>>>,
    after: &BTreeMap<String, Option<Vec<u8>>>,
) -> Vec<String> {
    let expected: BTreeSet<&str> =
        case.runs.iter().flat_map(|run| run.outputs.keys()).map(String::as_str).collect();
    let free = |path: &str| {
        case.may_leave
            .iter()
            .any(|free| path == free || (free.ends_with('/') && path.starts_with(free.as_str())))
    };
    let mut faults = Vec::new();
    for (path, bytes) in before {
        if expected.contains(path.as_str()) || free(path) {
            continue;
        }
        match after.get(path) {
            None => faults.push(format!("the input {path} is gone")),
            Some(now) if now != bytes => faults.push(format!("the input {path} has changed")),
            Some(_) => {}
        }
    }
    let left = after.keys().filter(|path| !before.contains_key(*path) && !expected.contains(path.as_str()));
    faults.extend(left.filter(|path| !free(path)).map(|path| format!("{path} was left behind")));
    faults
}

/// Every file and link under `root` by relative path: the bytes of a file, nothing for a link.
fn contents(root: &Path) -> std::io::Result<BTreeMap<String, Option<Vec<u8>>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let (entry, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            let kind = entry?;
            if kind.is_dir() {
                folders.push(path);
            } else {
                found.insert(name, if kind.is_file() { Some(fs::read(&path)?) } else { None });
            }
        }
    }
    Ok(found)
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The last lines of an output, indented under its name; nothing for none.
fn tail(name: &str, bytes: &[u8]) -> String {
    const LINES: usize = 20;
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    shown.iter().map(|line| format!("  {name} │ {}\n", line.chars().take(400).collect::<String>())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Runs a case against a program that does what its first argument, a shell script, says.
    fn verdict(files: &str, run: &str, rest: &str) -> String {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("program");
        fs::write(&program, "#!/bin/sh\neval \"$1\"\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let folder = root.path().join("cases/one");
        fs::create_dir_all(&folder).unwrap();
        let text =
            format!("{{ \"about\": \"a case\", \"files\": {{{files}}}, \"runs\": [{{{run}}}] {rest} }}");
        fs::write(folder.join("case.json"), text).unwrap();
        let cases = root.path().join("cases");
        let (data, samples) = (root.path().into(), root.path().into());
        let bench = Bench { program, cases, data, samples, update: false };
        bench.run("one").err().map(|failure| failure.to_string()).unwrap_or_default()
    }

    #[test]
    fn cases_pass_when_all_holds() {
        let files = r##""in/a.txt": { "text": "in {dir}" }, "in/p.png": { "solid": { "width": 3, "height": 2, "format": "png", "color": "#0080ff40" } }"##;
        let run = r##""args": ["cat in/a.txt; cat >&2; cp in/p.png q.png; echo '{\"n\":1}' > n.json; exit 4"],
            "stdin": "said", "exit": 4, "stdout": { "is": "in {dir}" }, "stderr": { "contains": ["aid"], "lacks": ["in"] },
            "outputs": { "q.png": { "size": [3, 2], "format": "png", "same_as": "in/p.png", "pixels": [[2, 1, "#0082ff40", 2]],
                "like": { "image": "in/p.png", "made": true } }, "n.json": { "text": { "json": { "n": 1 } } }, "no.png": { "absent": true } }"##;
        assert_eq!(verdict(files, run, ""), "");
    }

    #[test]
    fn cases_say_what_disappointed() {
        let solid =
            r##""p.png": { "solid": { "width": 3, "height": 2, "format": "png", "color": "#102030" } }"##;
        let table = [
            ("", r#""args": ["exit 3"]"#, "exit 3, not exit 0"),
            ("", r#""args": ["kill -9 $$"]"#, "signal 9, not exit 0"),
            ("", r#""args": ["sleep 9"], "timeout_s": 0"#, "timed out"),
            ("", r#""args": ["echo out"], "stdout": { "contains": ["in"] }"#, "stdout lacks \"in\""),
            ("", r#""args": ["echo '{}'"], "stdout": { "json": { "a": 1 } }"#, "stdout: $.a: missing"),
            ("", r#""args": ["echo 1; echo 2"], "stdout": { "json_lines": [2, 1] }"#, "no line"),
            ("", r#""args": ["echo oh >&2; exit 1"]"#, "stderr │ oh"),
            ("", r#""args": ["true"], "outputs": { "a.png": {} }"#, "a.png: No such file"),
            ("", r#""args": ["touch a.png"], "outputs": { "a.png": {} }"#, "a.png is empty"),
            ("", r#""args": ["touch a"], "outputs": { "a": { "absent": true } }"#, "a exists and should not"),
            ("", r#""args": ["touch .x.tmp"]"#, ".x.tmp was left behind"),
            ("", r#""args": ["touch $TMPDIR/x"]"#, "x was left in TMPDIR"),
            (r#""a": { "text": "1" }"#, r#""args": ["echo 2 > a"]"#, "the input a has changed"),
            (r#""a": { "text": "1" }"#, r#""args": ["rm a"]"#, "the input a is gone"),
            (
                solid,
                r#""args": ["cp p.png q"], "outputs": { "q": { "size": [2, 3] } }"#,
                "q is 3x2 pixels, not 2x3",
            ),
            (
                solid,
                r##""args": ["cp p.png q"], "outputs": { "q": { "pixels": [[0, 0, "#102040", 15]] } }"##,
                "#102030ff",
            ),
            (solid, r#""args": ["cp p.png q"], "outputs": { "q": { "like": {} } }"#, "UPDATE_EXPECT=1"),
        ];
        for (files, run, part) in table {
            let message = verdict(files, run, "");
            assert!(message.contains(part), "{run}: {message}");
        }
        assert_eq!(verdict("", r#""args": ["mkdir s; touch s/x"]"#, r#", "may_leave": ["s/"]"#), "");
    }
}
