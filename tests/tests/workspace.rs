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
    let mut picture = Some(first["results"]["pic"]["document"].clone());
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
                // Another workspace: its documents are others.
                fs::remove_dir_all(project.path(".metabuilder")).unwrap();
                (is_ours, picture) = (true, None);
                states.clear();
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
        let document = run["results"]["pic"]["document"].clone();
        let same = picture.get_or_insert_with(|| document.clone());
        assert_eq!(document, *same, "{what:?}: the same document, not another one");
        if is_ours || ran(&run).contains("box") {
            let state = project.inspect(&document)["hash"].clone();
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
    // Also where all steps follow on each other.
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

/// A text that one script made, which others append to and save.
struct Outside {
    folder: tempfile::TempDir,
    text: Json,
}

impl Outside {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new = json!({ "id": "new", "command": "code.create", "args": { "text": "base\n" } });
        let made = run(folder.path(), "make.json", &json!({ "version": 1, "steps": [new] }));
        Outside { text: made["results"]["new"]["document"].clone(), folder }
    }

    fn step(&self, command: &str, more: Json) -> Json {
        let mut args = json!({ "document": self.text });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "id": command.replace('.', "-"), "command": command, "args": args })
    }

    fn run(&self, name: &str, steps: &[Json]) -> Json {
        run(self.folder.path(), name, &json!({ "version": 1, "steps": steps }))
    }

    /// Appends a line, if there is one, and saves: how many steps ran, and what was saved.
    fn build(&self, line: &str) -> (usize, String) {
        let append = self.step("code.append", json!({ "text": line }));
        let save = self.step("code.save", json!({ "path": "text.txt" }));
        let steps: Vec<Json> = [append, save].into_iter().skip(usize::from(line.is_empty())).collect();
        let ran = ran(&self.run("build.json", &steps)).len();
        (ran, fs::read(self.folder.path().join("text.txt")).map(|b| String::from_utf8(b).unwrap()).unwrap())
    }

    fn content(&self) -> String {
        let read = self.run("look.json", &[self.step("code.read", json!({}))]);
        read["results"]["code-read"]["text"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_document_that_was_there_before_starts_where_it_was() {
    let outside = Outside::new();
    let gave = |ran: usize, text: &str| (ran, text.to_owned());
    assert_eq!(outside.build("one\n"), gave(2, "base\none\n"));
    assert_eq!(outside.build("one\n"), gave(0, "base\none\n"));
    assert_eq!(outside.build("two\n"), gave(2, "base\ntwo\n"));
    assert_eq!(outside.build("one\n"), gave(0, "base\none\n"));
    assert_eq!((outside.build(""), outside.content()), (gave(1, "base\n"), "base\n".to_owned()));
    assert_eq!(
        (outside.build("one\n"), outside.content()),
        (gave(0, "base\none\n"), "base\none\n".to_owned())
    );
    // Neither a lost cache nor a pruned history lets the script start from what it made.
    fs::remove_dir_all(outside.folder.path().join(".cache")).unwrap();
    assert_eq!(outside.build("one\n"), gave(2, "base\none\n"));
    // What others have done since is what the next run starts from.
    outside.run("others.json", &[outside.step("code.append", json!({ "text": "theirs\n" }))]);
    assert_eq!(outside.build("one\n"), gave(2, "base\none\ntheirs\none\n"));
    assert_eq!(outside.build("two\n"), gave(2, "base\none\ntheirs\ntwo\n"));
    outside.run("prune.json", &[json!({ "id": "prune", "command": "history.prune", "args": {} })]);
    assert_eq!(outside.build("three\n").0, 2);
    outside.run("encoding.json", &[outside.step("code.encoding.set", json!({ "encoding": "UTF-16LE" }))]);
    let script = [outside.step("code.save", json!({ "path": "wide.txt" }))];
    outside.run("wide.json", &script);
    assert_eq!(fs::read(outside.folder.path().join("wide.txt")).unwrap()[..4], [0xff, 0xfe, b'b', 0]);
}

#[test]
fn a_copy_that_was_taken_in_stays() {
    let outside = Outside::new();
    let other = tempfile::tempdir().unwrap();
    outside.run("export.json", &[outside.step("document.export", json!({ "path": "text.mbd" }))]);
    let path = outside.folder.path().join("text.mbd");
    let import = json!({ "id": "import", "command": "document.import", "args": { "path": path } });
    let append = outside.step("code.append", json!({ "text": "theirs\n" }));
    let export = outside.step("document.export", json!({ "path": "copy.mbd" }));
    run(other.path(), "copy.json", &json!({ "version": 1, "steps": [import, append, export] }));
    let merge = outside.step("document.merge", json!({ "path": other.path().join("copy.mbd") }));
    let save = outside.step("code.save", json!({ "path": "merged.txt" }));
    for _ in 0..3 {
        outside.run("merge.json", &[merge.clone(), save.clone()]);
        assert_eq!(fs::read_to_string(outside.folder.path().join("merged.txt")).unwrap(), "base\ntheirs\n");
    }
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
