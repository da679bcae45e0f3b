//! A script that runs again in a workspace brings its documents to what a run from nothing gives, runs only what must run,
//! and loses nothing that others did.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value as Json, json};
use support::{program, result, run, session::Dice, verify};

const OUTPUTS: [&str; 4] = ["out.png", "out.svg", "thumb.png", "notes.txt"];

/// A project whose script imports a drawing, draws on it, writes notes, and exports all of it.
struct Project {
    folder: tempfile::TempDir,
    variables: BTreeMap<&'static str, Json>,
}

impl Project {
    fn new() -> Self {
        let project = Project {
            folder: tempfile::tempdir().unwrap(),
            variables: [
                ("shape", json!("rectangle")),
                ("x", json!(4)),
                ("blur", json!(false)),
                ("text", json!("one")),
            ]
            .into(),
        };
        let step =
            |id: &str, command: &str, args: Json| json!({ "id": id, "command": command, "args": args });
        let mut shape = step(
            "box",
            "graphics.shape.add",
            json!({ "document": "${pic.document}", "shape": "${shape}", "x": "${x}", "y": 5, "width": 30, "height": 20, "fill": "#20c060" }),
        );
        shape["needs"] = json!(["pic"]);
        let mut blur = step(
            "soft",
            "graphics.filter.apply",
            json!({ "document": "${pic.document}", "node": "${box.node}", "filter": "gaussian-blur", "sigma": 2 }),
        );
        blur["when"] = json!("blur");
        let export = |id: &str, path: &str| {
            step(id, "document.export", json!({ "document": "${pic.document}", "path": path }))
        };
        let mut notes = step("notes", "code.create", json!({ "name": "notes", "text": "${text}\n" }));
        notes["needs"] = json!([]);
        let script = json!({ "version": 1, "vars": project.variables, "steps": [
            step("pic", "document.import", json!({ "path": "a.svg" })),
            shape,
            blur,
            export("png", "out.png"),
            export("svg", "out.svg"),
            step("name", "document.rename", json!({ "document": "${pic.document}", "name": "at ${x}" })),
            step("thumb", "document.export", json!({ "document": "${pic.document}", "path": "thumb.png", "width": 20 })),
            notes,
            step("more", "code.append", json!({ "document": "${notes.document}", "text": "${text} more\n" })),
            step("save", "code.save", json!({ "document": "${notes.document}", "path": "notes.txt" })),
        ] });
        fs::write(project.path("build.json"), script.to_string()).unwrap();
        project.draw(0);
        project
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Another drawing: the first nodes are the same ones, of other kinds.
    fn draw(&self, which: usize) {
        let content = [
            "<g><circle cx='30' cy='30' r='20' fill='red'/><rect x='50' y='10' width='20' height='20'/></g>",
            "<rect x='10' y='10' width='50' height='40' fill='blue'/>",
            "<g><g><text x='5' y='40' font-size='20'>A</text></g></g><circle cx='70' cy='30' r='9'/>",
            "<g><path d='M5 5 50 60 5 60z' fill='teal'/></g>",
        ][which];
        let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' width='90' height='70'>{content}</svg>");
        fs::write(self.path("a.svg"), svg).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.arg("--batch").arg(self.path("build.json")).args(["--json", "--progress", "json"]);
        command.env("XDG_CACHE_HOME", self.path(".cache")).stdin(Stdio::null());
        for (name, value) in &self.variables {
            command
                .arg("--set")
                .arg(format!("{name}={}", value.as_str().map_or(value.to_string(), str::to_owned)));
        }
        command
    }

    /// The script in the workspace.
    fn run(&self, more: &[&str]) -> Json {
        result(&self.workspace_command().args(more).output().unwrap())
    }

    fn workspace_command(&self) -> Command {
        let mut command = self.command();
        command.arg("--workspace").arg(self.folder.path());
        command
    }

    fn outputs(&self) -> Vec<Vec<u8>> {
        OUTPUTS.iter().map(|output| fs::read(self.path(output)).unwrap()).collect()
    }

    /// What a run from nothing gives, without a workspace.
    fn cold(&self) -> Vec<Vec<u8>> {
        let mut cold = Project::new();
        fs::copy(self.path("a.svg"), cold.path("a.svg")).unwrap();
        cold.variables = self.variables.clone();
        result(&cold.command().output().unwrap());
        cold.outputs()
    }

    fn inspect(&self, document: &Json) -> Json {
        let look = json!({ "id": "look", "command": "document.inspect", "args": { "document": document } });
        let script = json!({ "version": 1, "steps": [look] });
        run(self.folder.path(), "look.json", &script)["results"]["look"].clone()
    }

    /// What somebody else does to a document.
    fn act(&self, name: &str, steps: Json) -> Json {
        run(self.folder.path(), name, &json!({ "version": 1, "steps": steps }))
    }
}

fn ran(result: &Json) -> BTreeSet<&str> {
    result["ran"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect()
}

fn events(folder: &Path) -> usize {
    let output = Command::new(program()).args(["log", "--json", "--workspace"]).arg(folder).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().count()
}

#[test]
fn a_workspace_comes_to_what_a_run_from_nothing_gives() {
    let mut dice = Dice::new(7);
    let mut project = Project::new();
    let first = project.run(&[]);
    assert_eq!(ran(&first).len(), 9, "{first}");
    assert_eq!(project.outputs(), project.cold());
    let picture = &first["results"]["pic"]["document"];
    let mut states: BTreeMap<Vec<Vec<u8>>, Json> = BTreeMap::new();
    for round in 0..32 {
        let mut is_ours = false;
        match dice.below(7) {
            0 => project.draw(dice.below(4)),
            1 => drop(project.variables.insert("x", dice.below(9).into())),
            2 => drop(project.variables.insert("blur", (dice.below(2) == 0).into())),
            3 => drop(project.variables.insert("shape", ["rectangle", "ellipse"][dice.below(2)].into())),
            4 => drop(project.variables.insert("text", ["one", "two", "three"][dice.below(3)].into())),
            5 => {
                // What is known of steps that do not run is done in the new workspace.
                fs::remove_dir_all(project.path(".metabuilder")).unwrap();
                is_ours = true;
            }
            _ => {
                let set = json!({ "id": "set", "command": "node.set", "args": { "document": picture, "property": "background", "value": "#303030" } });
                project.act(&format!("act{round}.json"), json!([set]));
            }
        }
        let preview = project.run(&["--dry-run"]);
        let steps = preview["steps"].as_array().unwrap().iter().filter(|step| step["way"] == "ran");
        let announced: BTreeSet<_> = steps.map(|step| step["id"].as_str().unwrap()).collect();
        let force = dice.below(8) == 0;
        let run = project.run(if force { &["--force"] } else { &[] });
        assert!(force || ran(&run) == announced, "{round}: {announced:?}, {:?}", ran(&run));
        let what = (round, &project.variables, ran(&run));
        assert!(project.outputs() == project.cold(), "{what:?}");
        assert_eq!(
            &run["results"]["pic"]["document"], picture,
            "{what:?}: the same document, not another one"
        );
        if is_ours || ran(&run).contains("box") {
            let state = project.inspect(picture)["hash"].clone();
            let known = states.entry(project.outputs()).or_insert_with(|| state.clone());
            assert_eq!(*known, state, "{what:?}");
        }
        let before = events(project.folder.path());
        let again = project.run(&[]);
        assert_eq!((ran(&again).len(), events(project.folder.path())), (0, before), "{what:?}");
    }
    verify(project.folder.path());
}

#[test]
fn what_others_do_stays_until_a_step_must_run_and_is_never_lost() {
    let mut project = Project::new();
    let picture = project.run(&[])["results"]["pic"]["document"].clone();
    let set = json!({ "id": "set", "command": "node.set", "args": { "document": picture, "property": "background", "value": "#303030" } });
    project.act("others.json", json!([set]));
    let changed = project.inspect(&picture)["hash"].clone();
    let idle = project.run(&[]);
    assert_eq!((ran(&idle).len(), &project.inspect(&picture)["hash"]), (0, &changed));
    project.variables.insert("text", "two".into());
    assert_eq!(ran(&project.run(&[])), ["notes", "more", "save"].into());
    assert_eq!(project.inspect(&picture)["hash"], changed, "no step of the picture ran");
    project.variables.insert("x", 20.into());
    let output = project.workspace_command().output().unwrap();
    assert_eq!(ran(&result(&output)), ["box", "png", "svg", "name", "thumb"].into());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("changed after this script ran last"), "{told}");
    assert_eq!(project.outputs(), project.cold());
    let event = told.split("revision ").nth(1).unwrap()[..64].to_owned();
    let back = json!({ "id": "back", "command": "history.checkout", "args": { "document": picture, "revision": event } });
    project.act("back.json", json!([back]));
    assert_eq!(project.inspect(&picture)["hash"], changed);
}

#[test]
fn a_document_that_was_there_before_starts_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let new = json!({ "id": "new", "command": "code.create", "args": { "text": "base\n" } });
    let made = run(folder, "make.json", &json!({ "version": 1, "steps": [new] }));
    let text = &made["results"]["new"]["document"];
    let append = |line: &str| json!({ "id": "more", "command": "code.append", "args": { "document": text, "text": line } });
    let save =
        json!({ "id": "save", "command": "code.save", "args": { "document": text, "path": "text.txt" } });
    let build =
        |line: &str| run(folder, "build.json", &json!({ "version": 1, "steps": [append(line), save] }));
    let saved = || fs::read_to_string(folder.join("text.txt")).unwrap();
    assert_eq!((ran(&build("one\n")).len(), saved().as_str()), (2, "base\none\n"));
    assert_eq!((ran(&build("one\n")).len(), saved().as_str()), (0, "base\none\n"));
    assert_eq!((ran(&build("two\n")).len(), saved().as_str()), (2, "base\ntwo\n"));
    assert_eq!((ran(&build("one\n")).len(), saved().as_str()), (0, "base\none\n"));
    // What others have done since is what the next run starts from.
    run(folder, "others.json", &json!({ "version": 1, "steps": [append("theirs\n")] }));
    assert_eq!((ran(&build("one\n")).len(), saved().as_str()), (2, "base\none\ntheirs\none\n"));
    assert_eq!((ran(&build("two\n")).len(), saved().as_str()), (2, "base\none\ntheirs\ntwo\n"));
}

#[test]
fn a_run_that_is_killed_in_a_workspace_goes_on_where_it_was() {
    let mut dice = Dice::new(3);
    for round in 0..15 {
        let mut project = Project::new();
        if round % 2 == 0 {
            project.run(&[]);
            project.draw(1 + dice.below(3));
            project.variables.insert("text", "two".into());
        }
        let mut command = project.workspace_command();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(dice.below(60) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let output = project.workspace_command().output().unwrap();
        let told = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(!told.contains("changed after"), "round {round}: {told}");
        assert!(project.outputs() == project.cold(), "round {round}: {:?}", ran(&result(&output)));
        let again = project.run(&[]);
        assert_eq!(ran(&again).len(), 0, "round {round}: {}", again["reasons"]);
        verify(project.folder.path());
    }
}
