//! The window as a person uses it: real keys and clicks on a display, pictures of what comes of them, and the log.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{fs, path::Path, process::Command};

use serde_json::{Value as Json, json};
use support::{display::Display, program, result, run, verify};
use testkit::{Format, Image};

/// A place in the middle of the canvas.
const MIDDLE: (u32, u32) = (750, 390);
/// A place of the canvas where the pointer never is.
const PROBE: (u32, u32) = (500, 250);
const ORANGE: [u8; 4] = [240, 140, 40, 255];

fn is(place: (u32, u32), color: [u8; 4]) -> impl Fn(&Image) -> bool {
    move |picture| {
        let pixel = picture.pixel(place.0, place.1).unwrap();
        pixel.iter().zip(color).all(|(a, b)| a.abs_diff(b) <= 2)
    }
}

fn query(workspace: &Path, sql: &str) -> Json {
    let output =
        Command::new(program()).args(["query", sql, "--json", "--workspace"]).arg(workspace).output();
    result(&output.unwrap())
}

/// The commands of the workspace's events, in order.
fn commands(workspace: &Path) -> Vec<String> {
    let output =
        Command::new(program()).args(["log", "--json", "--workspace"]).arg(workspace).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let command =
        |line: &str| serde_json::from_str::<Json>(line).unwrap()["command"].as_str().unwrap().to_owned();
    lines.lines().map(command).collect()
}

/// A workspace beside a picture, which is not in it.
fn workspace(folder: &Path) -> (std::path::PathBuf, String) {
    let picture = folder.join("orange.png");
    fs::write(&picture, Image::solid(300, 200, ORANGE).encode(Format::Png, 100).unwrap()).unwrap();
    let workspace = folder.join("work");
    fs::create_dir(&workspace).unwrap();
    (workspace, picture.to_str().unwrap().to_owned())
}

#[test]
fn a_picture_is_opened_changed_undone_killed_and_found_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, picture) = workspace(folder.path());
    let mut display = Display::new("open-change-undo-kill");
    display.open(&workspace);
    display.click(MIDDLE);

    display.keys(&["ctrl+o"]);
    display.write(&picture);
    display.keys(&["Return"]);
    display.wait("1-opened", is(PROBE, ORANGE));

    display.keys(&["ctrl+shift+p"]);
    display.write("apply fil");
    display.keys(&["Return"]);
    // The third of the four filters, and the strength of it, which is the fifth field.
    display.keys(&["Right", "Right", "Right", "Tab", "Tab", "Tab", "Tab", "Tab"]);
    display.write("0");
    display.keys(&["Return"]);
    let grey = |picture: &Image| {
        let [r, g, b, _] = picture.pixel(PROBE.0, PROBE.1).unwrap();
        r.abs_diff(g) <= 2 && g.abs_diff(b) <= 2 && r > 100
    };
    display.wait("2-grey", grey);

    display.keys(&["ctrl+z"]);
    display.wait("3-undone", is(PROBE, ORANGE));
    display.keys(&["ctrl+shift+z"]);
    // However fast it is pressed, the event that made the document is not taken back.
    display.keys_at_once(&["ctrl+z", "ctrl+z", "ctrl+z"]);
    display.keys(&["ctrl+shift+z"]);
    display.wait("4-redone", grey);
    display.kill();
    verify(&workspace);
    assert_eq!(
        commands(&workspace),
        [
            "document.import",
            "graphics.filter.apply",
            "history.undo",
            "history.redo",
            "history.undo",
            "history.redo"
        ]
    );

    display.open(&workspace);
    display.wait("5-opened-again", grey);
    display.click(MIDDLE);
    display.keys(&["ctrl+z"]);
    display.wait("6-undone-after-restart", is(PROBE, ORANGE));
    display.keys(&["ctrl+q"]);
    display.closed();
    verify(&workspace);
    assert_eq!(commands(&workspace).last().unwrap(), "history.undo");
}

#[test]
fn a_form_says_what_is_wrong_and_a_broken_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, picture) = workspace(folder.path());
    let broken = folder.path().join("broken.png");
    fs::write(&broken, &fs::read(&picture).unwrap()[..60]).unwrap();
    let mut display = Display::new("trouble");
    display.open(&workspace);
    display.click(MIDDLE);
    let red = |picture: &Image| {
        let danger = |pixel: &[u8]| pixel[0] == 0xff && pixel[1] == 0x7a && pixel[2] == 0x70;
        picture.pixels.chunks_exact(4).filter(|pixel| danger(pixel)).count() > 20
    };

    display.keys(&["ctrl+o", "Return"]);
    display.wait("1-a-path-is-needed", red);
    display.write(broken.to_str().unwrap());
    display.keys(&["Return"]);
    display.wait("2-the-file-is-broken", red);
    display.keys(&["ctrl+o"]);
    display.write(&picture);
    display.keys(&["Return"]);
    display.wait("3-another-one-opens", is(PROBE, ORANGE));
    display.keys(&["ctrl+q"]);
    display.closed();
    let documents = query(&workspace, "SELECT name FROM documents");
    assert_eq!(documents["rows"], json!([{ "name": "orange.png" }]));
}

/// Where a white canvas of 800 × 600 px begins that is shown pixel by pixel.
const CORNER: (u32, u32) = (378, 86);
const WHITE: [u8; 4] = [255, 255, 255, 255];
/// What shapes are drawn with.
const BLUE: [u8; 4] = [0x4c, 0x8d, 0xff, 255];

/// A place of that canvas on the screen.
fn on(x: u32, y: u32) -> (u32, u32) {
    (CORNER.0 + x, CORNER.1 + y)
}

#[test]
fn tools_draw_and_move_with_one_event_each_and_give_up_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = workspace(folder.path());
    let properties = json!({ "width": 800, "height": 600, "background": "#ffffff" });
    let args = json!({ "kind": "graphics.canvas", "name": "Sheet", "properties": properties });
    let script =
        json!({ "version": 1, "steps": [{ "id": "new", "command": "document.create", "args": args }] });
    run(&workspace, "new.json", &script);
    let mut display = Display::new("tools");
    display.open(&workspace);
    display.click(on(700, 500));
    display.keys(&["ctrl+1"]);
    display.wait("1-canvas", |picture| is(on(0, 0), WHITE)(picture) && !is(on(0, 600), WHITE)(picture));

    display.keys(&["r"]);
    display.drag(on(100, 100), on(200, 180));
    let ghost = |picture: &Image| !is(on(150, 150), WHITE)(picture) && !is(on(150, 150), BLUE)(picture);
    display.wait("2-ghost", ghost);
    display.drop();
    display.wait("3-rectangle", is(on(150, 150), BLUE));
    display.keys(&["v"]);
    display.drag(on(150, 150), on(350, 250));
    display.wait("4-moving", is(on(150, 150), BLUE));
    display.drop();
    let moved = |picture: &Image| is(on(150, 150), WHITE)(picture) && is(on(320, 220), BLUE)(picture);
    display.wait("5-moved", moved);
    display.keys(&["ctrl+z"]);
    display.wait("6-move-undone", is(on(150, 150), BLUE));
    display.keys(&["ctrl+z"]);
    display.wait("7-rectangle-undone", is(on(150, 150), WHITE));

    display.keys(&["e"]);
    display.drag(on(300, 300), on(500, 400));
    display.wait("8-ellipse", |picture| !is(on(400, 350), WHITE)(picture));
    display.keys(&["Escape"]);
    display.wait("9-given-up", is(on(400, 350), WHITE));
    display.drop();

    // Space pans in between, and the tool of before is back.
    display.hold("space", true);
    display.drag(on(300, 300), on(350, 340));
    display.drop();
    display.hold("space", false);
    display.wait("10-panned", |picture| !is(on(10, 10), WHITE)(picture) && is(on(60, 50), WHITE)(picture));
    display.drag(on(150, 140), on(250, 240));
    display.drop();
    display.wait("11-drawn-after-panning", is(on(200, 190), BLUE));
    display.keys(&["ctrl+q"]);
    display.closed();
    verify(&workspace);
    assert_eq!(
        commands(&workspace),
        [
            "document.create",
            "graphics.shape.add",
            "graphics.transform",
            "history.undo",
            "history.undo",
            "graphics.shape.add"
        ]
    );
    let shapes = query(&workspace, "SELECT data FROM graphics_path");
    let data = shapes["rows"][0]["data"].as_str().unwrap();
    assert!(shapes["rows"].as_array().unwrap().len() == 1 && data.starts_with("M200,150"), "{shapes}");
}

#[test]
fn a_workspace_in_use_is_not_opened_a_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = workspace(folder.path());
    let mut display = Display::new("in-use");
    display.open(&workspace);
    let second =
        Command::new(program()).arg(&workspace).env("QT_QPA_PLATFORM", "offscreen").output().unwrap();
    assert_eq!(second.status.code(), Some(6), "{}", String::from_utf8_lossy(&second.stderr));
    assert!(!second.stderr.is_empty());
    display.click(MIDDLE);
    display.keys(&["ctrl+q"]);
    display.closed();
}
