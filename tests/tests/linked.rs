//! A canvas as a texture of a scene: what follows from its colour is made again, and nothing else.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::{Value as Json, json};
use support::{program, result, verify};

fn step(id: &str, needs: &[&str], command: &str, args: Json) -> Json {
    json!({ "id": id, "needs": needs, "command": command, "args": args })
}

/// A square that shows a canvas, a picture of the canvas, a turntable of the square, and another scene that shows nothing.
fn write_project(folder: &Path, color: &str) {
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'><rect width='8' height='8' fill='{color}'/></svg>"
    );
    fs::write(folder.join("skin.svg"), svg).unwrap();
    fs::write(
        folder.join("square.obj"),
        "mtllib square.mtl\no square\nv -1 -1 0\nv 1 -1 0\nv 1 1 0\nv -1 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nusemtl paint\nf 1/1 2/2 3/3 4/4\n",
    )
    .unwrap();
    fs::write(folder.join("square.mtl"), "newmtl paint\nKd 1 1 1\nmap_Kd skin.png\n").unwrap();
    let export = |id: &str, needs: &str, of: &str, time: f64| {
        let path = format!("{id}.png");
        let args = json!({ "document": format!("${{{of}.document}}"), "path": path, "width": 64, "height": 64, "time": time });
        step(id, &[needs, of], "document.export", args)
    };
    let texture = "${paint.nodes.0.node}";
    let script = json!({ "version": 1, "steps": [
        step("skin", &[], "document.import", json!({ "path": "skin.svg" })),
        step("square", &[], "document.import", json!({ "path": "square.obj" })),
        step("plain", &["square"], "document.import", json!({ "path": "square.obj" })),
        step("paint", &["square"], "node.find", json!({ "document": "${square.document}", "kind": "scene.texture" })),
        step("link", &["skin", "paint", "square"], "node.set", json!({ "document": "${square.document}", "node": texture, "property": "document", "value": "${skin.document}" })),
        export("flat", "skin", "skin", 0.0),
        export("first", "link", "square", 0.0),
        export("later", "link", "square", 1.0),
        export("other", "plain", "plain", 0.0),
    ] });
    fs::write(folder.join("build.json"), script.to_string()).unwrap();
}

fn run(folder: &Path, more: &[&str]) -> (BTreeSet<String>, Vec<Vec<u8>>) {
    let mut command = Command::new(program());
    command.arg("--batch").arg(folder.join("build.json")).args(["--json", "--progress", "none"]).args(more);
    command.env("XDG_CACHE_HOME", folder.join(".cache"));
    let told = result(&command.output().unwrap());
    let ran = told["ran"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    let pictures = ["flat.png", "first.png", "later.png", "other.png"];
    (ran, pictures.iter().map(|name| fs::read(folder.join(name)).unwrap()).collect())
}

fn pixel(png: &[u8]) -> [u8; 3] {
    let texels = raster::codec::decode_texels(png, &base::Limits::default()).unwrap();
    let [r, g, b, _] = texels.rgba[(texels.height / 2 * texels.width + texels.width / 2) as usize];
    [r, g, b]
}

fn steps(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn what_shows_a_canvas_is_made_again_when_the_canvas_changes() {
    let (warm, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for workspace in [false, true] {
        let place = warm.path().to_str().unwrap();
        let more: &[&str] = if workspace { &["--workspace", place] } else { &[] };
        write_project(warm.path(), "#ff0000");
        let (_, red) = run(warm.path(), more);
        let [r, g, b] = pixel(&red[1]);
        assert!(r > 150 && g < 60 && b < 60, "the scene shows the canvas: {r} {g} {b}");
        assert_eq!(run(warm.path(), more).0, steps(&[]));
        write_project(warm.path(), "#0000ff");
        let (ran, blue) = run(warm.path(), more);
        assert_eq!(ran, steps(&["skin", "link", "flat", "first", "later"]), "in a workspace: {workspace}");
        let [r, g, b] = pixel(&blue[1]);
        assert!(b > 150 && r < 60 && g < 60, "the scene shows the new colour: {r} {g} {b}");
        assert_eq!(blue[3], red[3], "what shows no canvas is as it was");
        write_project(elsewhere.path(), "#0000ff");
        assert_eq!(run(elsewhere.path(), &["--force"]).1, blue);
        write_project(warm.path(), "#ff0000");
        assert_eq!(run(warm.path(), more), (steps(&[]), red));
    }
    verify(warm.path());
}

#[test]
fn a_scene_that_is_drawn_beside_an_edit_of_what_it_shows_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_project(folder.path(), "#ff0000");
    let mut script: Json =
        serde_json::from_slice(&fs::read(folder.path().join("build.json")).unwrap()).unwrap();
    let steps = script["steps"].as_array_mut().unwrap();
    let edit = step(
        "edit",
        &["flat", "skin"],
        "node.set",
        json!({ "document": "${skin.document}", "property": "background", "value": "#00ff00" }),
    );
    let late = step(
        "late",
        &["link", "square"],
        "document.export",
        json!({ "document": "${square.document}", "path": "late.png" }),
    );
    steps.extend([edit, late]);
    fs::write(folder.path().join("build.json"), script.to_string()).unwrap();
    let mut command = Command::new(program());
    command.arg("--batch").arg(folder.path().join("build.json")).args(["--progress", "none", "--jobs", "1"]);
    command.env("XDG_CACHE_HOME", folder.path().join(".cache"));
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("which runs beside it: add"), "{told}");
}

#[test]
fn what_others_do_to_a_canvas_is_seen_in_a_scene_that_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    write_project(folder.path(), "#ff0000");
    let place = folder.path().to_str().unwrap();
    let made = support::run(
        folder.path(),
        "make.json",
        &serde_json::from_slice(&fs::read(folder.path().join("build.json")).unwrap()).unwrap(),
    );
    let (canvas, scene) = (&made["results"]["skin"]["document"], &made["results"]["square"]["document"]);
    let picture = json!({ "document": scene, "path": "first.png", "width": 64, "height": 64 });
    let draw = json!({ "version": 1, "steps": [step("draw", &[], "document.export", picture)] });
    fs::write(folder.path().join("build.json"), draw.to_string()).unwrap();
    let more = ["--workspace", place];
    let (ran, red) = run(folder.path(), &more);
    assert_eq!((ran, run(folder.path(), &more).0), (steps(&["draw"]), steps(&[])));
    let find = step("find", &[], "node.find", json!({ "document": canvas, "kind": "graphics.path" }));
    let hide =
        json!({ "document": canvas, "node": "${find.nodes.0.node}", "property": "visible", "value": false });
    let script = json!({ "version": 1, "steps": [find, step("hide", &["find"], "node.set", hide)] });
    support::run(folder.path(), "others.json", &script);
    let (ran, hidden) = run(folder.path(), &more);
    assert_eq!(ran, steps(&["draw"]));
    assert_ne!(hidden[1], red[1]);
}

#[test]
fn a_turntable_with_a_picture_on_it_is_the_same_twice() {
    let pictures = |color: &str| {
        let folder = tempfile::tempdir().unwrap();
        write_project(folder.path(), color);
        let of_model = |id: &str, needs: &[&str], command: &str, more: Json| {
            let mut args = json!({ "document": "${model.document}" });
            args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            step(id, needs, command, args)
        };
        let texture = json!({ "material": "${paint.nodes.0.node}", "source": "${skin.document}" });
        let mut steps = vec![
            step("skin", &[], "document.import", json!({ "path": "${picture}" })),
            step("model", &[], "document.import", json!({ "path": "square.obj" })),
            of_model("paint", &["model"], "node.find", json!({ "kind": "scene.material" })),
            of_model("texture", &["paint", "skin", "model"], "scene.texture.add", texture),
            of_model(
                "turn",
                &["texture", "model"],
                "scene.turntable.add",
                json!({ "frames": 48, "elevation": 10 }),
            ),
        ];
        steps.extend((0..48).map(|frame| {
            let more = json!({ "path": format!("{frame}.png"), "width": 96, "height": 54, "time": f64::from(frame) / 24.0 });
            of_model(&format!("frame {frame}"), &["turn", "model"], "document.export", more)
        }));
        let script = json!({ "version": 1, "vars": { "picture": "none.svg" }, "steps": steps });
        fs::write(folder.path().join("turn.json"), script.to_string()).unwrap();
        let mut command = Command::new(program());
        command.arg("--batch").arg(folder.path().join("turn.json")).args(["--json", "--progress", "none"]);
        command.args(["--set", "picture=skin.svg"]).env("XDG_CACHE_HOME", folder.path().join(".cache"));
        result(&command.output().unwrap());
        (0..48).map(|frame| fs::read(folder.path().join(format!("{frame}.png"))).unwrap()).collect::<Vec<_>>()
    };
    let red = pictures("#ff0000");
    assert!(red == pictures("#ff0000"), "all frames are the same in two runs");
    let distinct: BTreeSet<&Vec<u8>> = red.iter().collect();
    assert!(distinct.len() > 24, "it turns: {} different frames", distinct.len());
    let [r, g, b] = pixel(&red[0]);
    assert!(r > 150 && g < 60 && b < 60, "{r} {g} {b}");
    assert!(pictures("#0000ff")[0] != red[0]);
}
