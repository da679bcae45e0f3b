//! `cargo xtask compare scene`: scenes beside what F3D and Blender make of them, and what we export, checked by the
//! validator of Khronos and drawn by all three.
//!
//! A tool for engineers, never part of the tests: it takes other people's programs and minutes.

mod models;
mod programs;
mod sheet;
mod stage;
mod still;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use testkit::Format;

use crate::{bench, project::Project, table::Table};
use models::Model;
use programs::Programs;
use stage::{FACTOR, SIZE, Stage};
use still::{Encoding, Shading, Still};

/// What outlines are to have in common.
const OVERLAP: f64 = 0.99;
/// A picture of a kept sheet.
const SMALL: [u32; 2] = [160, 120];
/// A picture of a sheet to look at.
const LARGE: [u32; 2] = [320, 240];
/// What is kept in the tree.
const KEPT: &str = "tests/compare";

/// The options of `cargo xtask compare`.
#[derive(clap::Args)]
pub struct Options {
    /// What is compared: scene
    name: String,
    /// Scripts and model files, in place of those that are compared otherwise
    models: Vec<PathBuf>,
    /// The folder of suites, whose models are compared where they are there [default: ../shared/suites]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Append the table to tests/compare/RESULTS.md, and keep small pictures of our own models beside it
    #[arg(long)]
    record: bool,
}

/// What was drawn of a model: as it is, and of our export of it.
#[derive(Debug)]
struct Drawn {
    ours: Still,
    again: Still,
    f3d: [Option<Still>; 2],
    flat: [Option<Still>; 2],
    shaded: [Option<Still>; 2],
    /// The export alone.
    traced: Option<Still>,
    issues: Option<Value>,
}

/// Compares and prints the table; whether outlines and files are as they are to be.
pub fn compare(project: &Project, options: &Options) -> Result<bool> {
    ensure!(options.name == "scene", "there is no comparison {:?}; there is scene", options.name);
    let folder = project.root.join("target/compare");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let programs = Programs::find(project, &folder)?;
    let mut outlines =
        Table::new(&["outlines", " file, F3D", " file, Blender", " GLB, ours", " GLB, F3D", " GLB, Blender"]);
    let mut colors = Table::new(&[
        "colours",
        " file, EEVEE",
        " GLB, ours",
        " GLB, F3D",
        " GLB, EEVEE",
        " GLB, Cycles",
        "validator",
    ]);
    let mut good = true;
    for model in Model::find(project, options.dir.as_deref(), &options.models)? {
        eprintln!("{}", model.name);
        let drawn = match draw(&programs, &model, &folder) {
            Ok(drawn) => drawn,
            Err(error) => {
                println!("{}: {error:#}", model.name);
                good = false;
                continue;
            }
        };
        good &= report(&drawn, &model.name, &mut outlines, &mut colors);
        let sheet = folder.join(format!("{}.png", model.name));
        let bytes = sheet::grid(&drawn.sheet(), LARGE).encode(Format::Png, 0)?;
        fs::write(&sheet, bytes).with_context(|| sheet.display().to_string())?;
        if options.record && model.file.is_none() {
            let kept = project.root.join(KEPT).join(format!("{}.jpg", model.name));
            let bytes = sheet::grid(&drawn.small(), SMALL).encode(Format::Jpeg, 80)?;
            fs::write(&kept, bytes).with_context(|| kept.display().to_string())?;
        }
    }
    let table = format!("{}\n{}", outlines.markdown(), colors.markdown());
    print!("{table}");
    println!("pictures: {}", project.shown(&folder));
    if options.record {
        let path = project.root.join(KEPT).join("RESULTS.md");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&path)?;
        write!(file, "\n## scene, {}\n\n{table}", bench::today()?)?;
        println!("appended to {}", project.shown(&path));
    }
    Ok(good)
}

/// Draws a model with all programs, as it is and as we export it.
fn draw(programs: &Programs, model: &Model, folder: &Path) -> Result<Drawn> {
    const DOCUMENT: &str = "${scene.document}";
    let folder = folder.join(&model.name);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let at = |name: &str| folder.join(name);
    let step = |id: &str, command: &str, arguments: Value| json!({ "id": id, "command": command, "args": arguments });
    let bounds = step("stage-bounds", "scene.bounds", json!({ "document": DOCUMENT }));
    let measured = programs.batch(&model.script([bounds]), &at("bounds.json"))?;
    let stage = Stage::around(&measured["results"]["stage-bounds"])?;

    let [width, height] = SIZE.map(|side| side * FACTOR);
    let export = at("export.glb");
    let mut steps = stage.steps(DOCUMENT, !model.lit);
    let picture = |name: &str| {
        let arguments = json!({ "document": DOCUMENT, "path": at(name), "width": width, "height": height });
        step("stage-picture", "document.export", arguments)
    };
    steps.push(picture("ours.png"));
    steps.push(step("stage-glb", "document.export", json!({ "document": DOCUMENT, "path": export })));
    programs.batch(&model.script(steps), &at("ours.json"))?;
    // A file of glTF does not say from which of its cameras it is seen.
    let mut steps = stage.steps(DOCUMENT, false);
    steps.push(picture("ours-glb.png"));
    programs.batch(&Model::exported(&export).script(steps), &at("ours-glb.json"))?;

    let mut drawn = Drawn {
        ours: Still::read(&at("ours.png"), Encoding::Toned)?,
        again: Still::read(&at("ours-glb.png"), Encoding::Toned)?,
        f3d: [None, None],
        flat: [None, None],
        shaded: [None, None],
        traced: None,
        issues: programs.validate(&export)?,
    };
    let files = [model.file.as_deref(), Some(export.as_path())];
    let mut job = stage.blender_job();
    for (file, name) in files.into_iter().zip(["file", "glb"]) {
        let Some(file) = file else { continue };
        let mut picture = json!({ "model": file, "flat": at(&format!("blender-flat-{name}.png")),
            "shaded": at(&format!("blender-{name}.png")) });
        if name == "glb" {
            picture["traced"] = json!(at("cycles-glb.png"));
        }
        if !model.lit {
            picture["sun"] = stage.sun();
        }
        match job["pictures"].as_array_mut() {
            Some(pictures) => pictures.push(picture),
            None => bail!("a job without pictures"),
        }
    }
    if programs.blender {
        programs.blender(&job, &at("blender.json"))?;
        drawn.traced = Some(Still::read(&at("cycles-glb.png"), Encoding::Srgb)?);
    }
    for (place, (file, name)) in files.into_iter().zip(["file", "glb"]).enumerate() {
        let Some(file) = file else { continue };
        if programs.f3d {
            let picture = at(&format!("f3d-{name}.png"));
            programs.f3d(&stage, file, &picture)?;
            drawn.f3d[place] = Some(Still::read(&picture, Encoding::Gamma22)?);
        }
        if programs.blender {
            drawn.flat[place] = Some(Still::read(&at(&format!("blender-flat-{name}.png")), Encoding::Srgb)?);
            drawn.shaded[place] = Some(Still::read(&at(&format!("blender-{name}.png")), Encoding::Srgb)?);
        }
    }
    Ok(drawn)
}

/// Adds the rows of a model; whether outlines and file are as they are to be.
fn report(drawn: &Drawn, name: &str, outlines: &mut Table, colors: &mut Table) -> bool {
    let [f3d_file, f3d_glb] = drawn.f3d.each_ref().map(Option::as_ref);
    let [flat_file, flat_glb] = drawn.flat.each_ref().map(Option::as_ref);
    let [shaded_file, shaded_glb] = drawn.shaded.each_ref().map(Option::as_ref);
    let stills = [f3d_file, flat_file, Some(&drawn.again), f3d_glb, flat_glb];
    let overlaps = stills.map(|still| still.map(|still| drawn.ours.overlap(still)));
    let shown =
        |overlap: Option<f64>| overlap.map(|overlap| format!("{:.2} %", overlap * 100.0)).unwrap_or_default();
    outlines.row([name.to_owned()].into_iter().chain(overlaps.map(shown)));

    let stills = [
        (shaded_file, false),
        (Some(&drawn.again), false),
        (f3d_glb, true),
        (shaded_glb, false),
        (drawn.traced.as_ref(), false),
    ];
    let shades = stills.map(|(still, lit)| still.and_then(|still| drawn.ours.shading(still, lit)));
    let shown = |shading: Option<Shading>| {
        shading.map(|Shading { mean, most }| format!("{mean:.1}, {most:.1}")).unwrap_or_default()
    };
    let count = |issues: &Value, name: &str| issues[name].as_u64().unwrap_or(u64::MAX);
    let validator = drawn.issues.as_ref().map(|issues| {
        format!("{} errors, {} warnings", count(issues, "numErrors"), count(issues, "numWarnings"))
    });
    colors.row([name.to_owned()].into_iter().chain(shades.map(shown)).chain([validator.unwrap_or_default()]));
    let valid = drawn.issues.as_ref().is_none_or(|issues| count(issues, "numErrors") == 0);
    valid && overlaps.into_iter().flatten().all(|overlap| overlap >= OVERLAP)
}

impl Drawn {
    /// Rows of the sheet to look at. The file: ours, F3D, Blender, and outlines beside F3D's and Blender's; our GLB of
    /// it: the same; and how far colours are apart, four times over: Blender of the file; ours, F3D and Blender of the GLB.
    fn sheet(&self) -> [Vec<Option<testkit::Image>>; 3] {
        let shown = |still: Option<&Still>| still.map(Still::shown);
        let outlines = |still: Option<&Still>| still.map(|still| self.ours.outlines(still));
        let apart = |still: Option<&Still>| still.map(|still| self.ours.differences(still));
        let row = |ours: &Still, place: usize| {
            let [f3d, flat, shaded] = [&self.f3d, &self.flat, &self.shaded].map(|list| list[place].as_ref());
            vec![Some(ours.shown()), shown(f3d), shown(shaded), outlines(f3d), outlines(flat)]
        };
        let [before, shaded] = self.shaded.each_ref().map(Option::as_ref);
        let differences =
            vec![None, apart(before), apart(Some(&self.again)), apart(self.f3d[1].as_ref()), apart(shaded)];
        [row(&self.ours, 0), row(&self.again, 1), differences]
    }

    /// Rows of the sheet that is kept: ours and our GLB in ours; in F3D and in Blender.
    fn small(&self) -> [Vec<Option<testkit::Image>>; 2] {
        let shown = |still: &Option<Still>| still.as_ref().map(Still::shown);
        [
            vec![Some(self.ours.shown()), Some(self.again.shown())],
            vec![shown(&self.f3d[1]), shown(&self.shaded[1])],
        ]
    }
}
