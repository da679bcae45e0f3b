//! Scenes: a model of a million triangles from a file to a picture and into a document, beside F3D and Blender.

use std::{f64::consts::PI, fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{Job, crowd, jobs::is_there};
use crate::project::Project;

/// Quads around and from pole to pole: a million triangles.
const AROUND: u32 = 1000;
const DOWN: u32 = 500;
/// The picture.
const SIZE: &str = "1920x1080";
/// A display for programs that draw through one.
const DISPLAY: [&str; 4] = ["xvfb-run", "-a", "-s", "-screen 0 1920x1080x24"];

/// What is measured, with its inputs in `inputs`.
pub fn jobs(project: &Project, inputs: &Path) -> Result<Vec<Job>> {
    let binary = project.built_binary()?.display().to_string();
    let at = |name: &str| inputs.join(name).display().to_string();
    fs::write(inputs.join("ball.ply"), ball()).context("the model to measure with")?;
    for format in ["glb", "obj"] {
        let output = at(&format!("ball.{format}"));
        let made = Command::new(&binary).args(["render", &at("ball.ply"), "-o", &output]).status()?;
        ensure!(made.success(), "{output} was not written");
    }
    let job = |name: String, words: &[&str]| Job {
        name,
        command: words.iter().map(|word| (*word).to_owned()).collect(),
        folder: None,
        keeps: false,
    };
    let mut jobs = Vec::new();
    for format in ["glb", "obj", "ply"] {
        let (model, picture) = (at(&format!("ball.{format}")), at(&format!("{format}.png")));
        let render = [&binary, "render", &model, "-o", &picture, "--size", SIZE];
        jobs.push(job(format!("1 M triangles, {format} to a 1080p PNG"), &render));
        if is_there("f3d") && is_there("xvfb-run") {
            let output = format!("--output={}", at(&format!("f3d-{format}.png")));
            let f3d = ["f3d", &output, "--resolution=1920,1080", &model];
            jobs.push(job("the same by F3D".to_owned(), &[&DISPLAY[..], &f3d].concat()));
        }
    }
    for format in ["glb", "obj", "ply"] {
        let script = at(&format!("import-{format}.json"));
        let step = json!({ "id": "model", "command": "document.import", "args": { "path": at(&format!("ball.{format}")) } });
        fs::write(&script, json!({ "version": 1, "steps": [step] }).to_string())?;
        jobs.push(job(
            format!("1 M triangles, {format} into a document"),
            &[&binary, "--batch", &script, "--setting", "batch.cacheBytes=0"],
        ));
    }
    jobs.extend(crowd::jobs(&binary, inputs)?);
    let blender = project.root.join("../shared/peers/blender_render.py");
    if is_there("blender") && is_there("xvfb-run") && blender.is_file() {
        let (script, model, picture) = (blender.display().to_string(), at("ball.ply"), at("blender.png"));
        let words = ["blender", "-noaudio", "--factory-startup", "-P", &script, "--"];
        let render = ["BLENDER_WORKBENCH", "16", &model, &picture];
        jobs.push(job(
            "1 M triangles, ply to a 1080p PNG by Blender's Workbench (reach: 10 × ours)".to_owned(),
            &[&DISPLAY[..], &words, &render].concat(),
        ));
    }
    Ok(jobs)
}

/// A ball with waves on it, as a binary PLY with normals.
fn ball() -> Vec<u8> {
    let angles = |across: u32, down: u32| {
        (f64::from(across) / f64::from(AROUND) * 2.0 * PI, f64::from(down) / f64::from(DOWN) * PI)
    };
    let place = |u: f64, v: f64| {
        let radius = 1.0
            + 0.06 * (9.0 * u).sin() * (7.0 * v).sin()
            + 0.02 * (41.0 * u).sin() * (37.0 * v).sin().powi(2);
        [radius * v.sin() * u.cos(), radius * v.cos(), radius * v.sin() * u.sin()]
    };
    let vertices = (AROUND + 1) * (DOWN + 1);
    let triangles = 2 * AROUND * DOWN;
    let properties: String =
        ["x", "y", "z", "nx", "ny", "nz"].iter().map(|name| format!("property float {name}\n")).collect();
    let mut out = format!(
        "ply\nformat binary_little_endian 1.0\nelement vertex {vertices}\n{properties}element face {triangles}\n\
         property list uchar uint vertex_indices\nend_header\n"
    )
    .into_bytes();
    const STEP: f64 = 1e-5;
    for (down, across) in (0..=DOWN).flat_map(|down| (0..=AROUND).map(move |across| (down, across))) {
        let (u, v) = angles(across, down);
        let v = v.clamp(1e-4, PI - 1e-4);
        let (here, [a, b]) = (place(u, v), [place(u + STEP, v), place(u, v + STEP)]);
        let [a, b] = [a, b].map(|there| [0, 1, 2].map(|i| there[i] - here[i]));
        let cross = [b[1] * a[2] - b[2] * a[1], b[2] * a[0] - b[0] * a[2], b[0] * a[1] - b[1] * a[0]];
        let length = cross.iter().map(|x| x * x).sum::<f64>().sqrt();
        let outwards = if (0..3).map(|i| cross[i] * here[i]).sum::<f64>() < 0.0 { -1.0 } else { 1.0 };
        let numbers = here.into_iter().chain(cross.map(|x| x / length * outwards));
        out.extend(numbers.flat_map(|number| (number as f32).to_le_bytes()));
    }
    for (down, across) in (0..DOWN).flat_map(|down| (0..AROUND).map(move |across| (down, across))) {
        let corner = down * (AROUND + 1) + across;
        let below = corner + AROUND + 1;
        for triangle in [[corner, corner + 1, below], [corner + 1, below + 1, below]] {
            out.push(3);
            out.extend(triangle.iter().flat_map(|index| index.to_le_bytes()));
        }
    }
    out
}
