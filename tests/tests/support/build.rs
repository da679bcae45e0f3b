//! A build of 60 steps: posters in two sizes from photographs and drawings, and a sheet that shows them all.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value as Json, json};
use testkit::Format;

use super::{program, result};

const POSTERS: usize = 8;
const PHOTOS: usize = 4;
const DRAWINGS: usize = 2;

/// A step as the build knows it: what it needs, and the input file that it reads.
struct Step {
    needs: Vec<String>,
    reads: Option<String>,
}

/// The build in a folder of its own, with a cache of its own.
pub struct Build {
    root: tempfile::TempDir,
    steps: BTreeMap<String, Step>,
}

impl Build {
    /// The inputs and the script, and nothing else.
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut build = Build { root, steps: BTreeMap::new() };
        fs::create_dir_all(build.folder().join("in")).unwrap();
        for n in 0..PHOTOS {
            let photo = testkit::photo::landscape(240 + 20 * n as u32, 180, n as u32);
            fs::write(build.folder().join(photo_path(n)), photo.encode(Format::Jpeg, 85).unwrap()).unwrap();
        }
        for n in 0..DRAWINGS {
            let drawing = format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='60' height='60'><circle cx='30' cy='30' r='{}' fill='#c03020'/></svg>",
                20 + n
            );
            fs::write(build.folder().join(drawing_path(n)), drawing).unwrap();
        }
        let script = build.script();
        fs::write(build.folder().join("build.json"), serde_json::to_vec_pretty(&script).unwrap()).unwrap();
        build
    }

    /// A build with the same inputs that has never run.
    pub fn cold_copy(&self) -> Self {
        let build = Build::new();
        for entry in fs::read_dir(self.folder().join("in")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, build.folder().join("in").join(path.file_name().unwrap())).unwrap();
        }
        build
    }

    /// Where the files are.
    pub fn folder(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// A file of the build.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    /// Changes one byte of an input: of a photograph in its quantisation table, of a drawing in its colour.
    pub fn change_a_byte(&self, path: &str) {
        let path = self.path(path);
        let mut bytes = fs::read(&path).unwrap();
        let table = bytes.windows(2).position(|marker| marker == [0xff, 0xdb]);
        let at = table.map_or_else(|| bytes.iter().rposition(|b| *b == b'0').unwrap(), |at| at + 10);
        bytes[at] += 1;
        fs::write(&path, bytes).unwrap();
    }

    /// The ids of the steps that follow from an input, directly or by way of others.
    pub fn dependants(&self, input: &str) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = BTreeSet::new();
        loop {
            let follows = |(id, step): &(&String, &Step)| {
                !found.contains(*id)
                    && (step.reads.as_deref() == Some(input)
                        || step.needs.iter().any(|need| found.contains(need)))
            };
            let new: Vec<String> = self.steps.iter().filter(follows).map(|(id, _)| id.clone()).collect();
            if new.is_empty() {
                return found;
            }
            found.extend(new);
        }
    }

    /// The folder of the cache.
    pub fn cache(&self) -> PathBuf {
        self.root.path().join("cache")
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// A command that runs the build.
    pub fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.arg("--batch").arg(self.path("build.json")).args(["--json", "--progress", "json"]).args(more);
        command.env("XDG_CACHE_HOME", self.cache()).stdin(Stdio::null());
        command
    }

    /// Runs the build to its end.
    pub fn run(&self, more: &[&str]) -> Json {
        result(&self.command(more).output().unwrap())
    }

    /// All outputs.
    pub fn outputs(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.path("out"))
            .into_iter()
            .map(|path| {
                let bytes = fs::read(self.path("out").join(&path)).unwrap();
                (path, bytes)
            })
            .collect()
    }

    /// The names of all files beside those that the build knows: inputs, script and outputs.
    pub fn strangers(&self) -> Vec<String> {
        let outputs: BTreeSet<String> = (0..POSTERS)
            .flat_map(|p| [format!("out/{p}-small.png"), format!("out/{p}-large.jpg")])
            .chain(["out/sheet.png".to_owned(), "out/plain.png".to_owned()])
            .collect();
        let inputs = |path: &String| path.starts_with("in/") || path == "build.json";
        files(&self.folder()).into_iter().filter(|path| !inputs(path) && !outputs.contains(path)).collect()
    }

    fn step(&mut self, id: &str, command: &str, args: Json, needs: &[&str], reads: Option<String>) -> Json {
        let needs: Vec<String> = needs.iter().map(|need| (*need).to_owned()).collect();
        let json = json!({ "id": id, "command": command, "args": args, "needs": needs });
        self.steps.insert(id.to_owned(), Step { needs, reads });
        json
    }

    fn script(&mut self) -> Json {
        let mut steps = Vec::new();
        for p in 0..POSTERS {
            let id = |part: &str| format!("{p}-{part}");
            let document = format!("${{{}.document}}", id("new"));
            let (photo, drawing) = (photo_path(p % PHOTOS), drawing_path(p % DRAWINGS));
            let canvas = json!({ "kind": "graphics.canvas", "properties": { "width": 160, "height": 200 } });
            steps.push(self.step(&id("new"), "document.create", canvas, &[], None));
            let place = json!({ "document": document, "path": photo, "width": 160 });
            steps.push(self.step(&id("photo"), "graphics.place", place, &[&id("new")], Some(photo)));
            let place = json!({ "document": document, "path": drawing, "x": 10 * p, "y": 130 });
            steps.push(self.step(&id("mark"), "graphics.place", place, &[&id("photo")], Some(drawing)));
            let text =
                json!({ "document": document, "text": format!("Poster {p}"), "x": 20, "y": 30, "size": 20 });
            steps.push(self.step(&id("title"), "graphics.text.add", text, &[&id("mark")], None));
            for (size, name, width) in [("small", "small.png", 80), ("large", "large.jpg", 320)] {
                let export =
                    json!({ "document": document, "path": format!("out/{p}-{name}"), "width": width });
                steps.push(self.step(&id(size), "document.export", export, &[&id("title")], None));
            }
        }
        let sheet = json!({ "kind": "graphics.canvas", "properties": { "width": 640, "height": 100 } });
        steps.push(self.step("sheet", "document.create", sheet, &[], None));
        let mut last = "sheet".to_owned();
        for p in 0..POSTERS {
            let (id, small) = (format!("sheet-{p}"), format!("{p}-small"));
            let place =
                json!({ "document": "${sheet.document}", "path": format!("out/{p}-small.png"), "x": 80 * p });
            steps.push(self.step(&id, "graphics.place", place, &[&last, &small], None));
            last = id;
        }
        let export = json!({ "document": "${sheet.document}", "path": "out/sheet.png" });
        steps.push(self.step("sheet-out", "document.export", export, &[&last], None));
        let import = json!({ "path": photo_path(0) });
        steps.push(self.step("plain", "document.import", import, &[], Some(photo_path(0))));
        let export = json!({ "document": "${plain.document}", "path": "out/plain.png" });
        steps.push(self.step("plain-out", "document.export", export, &["plain"], None));
        json!({ "version": 1, "steps": steps })
    }
}

fn photo_path(n: usize) -> String {
    format!("in/photo{n}.jpg")
}

fn drawing_path(n: usize) -> String {
    format!("in/mark{n}.svg")
}

/// The files beneath a folder, by their paths from there.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(at) = open.pop() {
        let Ok(entries) = fs::read_dir(folder.join(&at)) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let path = at.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => open.push(path),
                false => found.push(path.to_str().unwrap().to_owned()),
            }
        }
    }
    found.sort();
    found
}
