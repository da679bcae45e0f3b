//! Films through the program and its media worker: what was written is what is read again, and what goes wrong is told.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{fs, path::Path, process::Command, thread, time::Duration};

use rustix::process::Signal;
use serde_json::{Value as Json, json};
use support::{batch, run};
use testkit::Image;

fn step(id: &str, command: &str, args: Json) -> Json {
    json!({ "id": id, "command": command, "args": args })
}

/// A WAV file of 44.1 kHz, mono, 16 bits.
fn wav(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(44_100u32.to_le_bytes());
    file.extend(88_200u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

/// A timeline of so many seconds: every ten seconds, from the fifth on, a white frame and a click.
fn flashes(folder: &Path, seconds: u32, exports: &[Json]) -> Json {
    let click: Vec<i16> = (0..4_410).map(|at| if at < 22 { 30_000 } else { 0 }).collect();
    fs::write(folder.join("click.wav"), wav(&click)).unwrap();
    let format = json!({ "width": 64, "height": 36, "frameRate": "24", "channels": 1 });
    let mut steps =
        vec![step("t", "document.create", json!({ "kind": "media.timeline", "properties": format }))];
    for (number, start) in (5..seconds).step_by(10).enumerate() {
        let flash = json!({ "document": "${t.document}", "color": "#ffffff", "start": start, "duration": { "frame": 1 } });
        steps.push(step(&format!("flash{number}"), "media.clip.add", flash));
        let click = json!({ "document": "${t.document}", "path": "click.wav", "start": start });
        steps.push(step(&format!("click{number}"), "media.clip.add", click));
    }
    let end = json!({ "document": "${t.document}", "color": "#000000", "start": seconds - 1, "duration": 1 });
    steps.push(step("end", "media.clip.add", end));
    for (number, export) in exports.iter().enumerate() {
        let mut args = json!({ "document": "${t.document}" });
        args.as_object_mut().unwrap().extend(export.as_object().unwrap().clone());
        steps.push(step(&format!("film{number}"), "document.export", args));
    }
    json!({ "version": 1, "steps": steps })
}

#[test]
fn pictures_and_sound_stay_together_for_ten_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let preset = json!({ "preset": "veryfast" });
    let exports = [json!({ "path": "film.mp4", "options": preset }), json!({ "path": "film.mov" })];
    run(folder, "make.json", &flashes(folder, 600, &exports));
    for film in ["film.mp4", "film.mov"] {
        let picture = |frame: i64, path: &str| json!({ "document": "${film.document}", "path": path, "time": (frame as f64 + 0.5) / 24.0 });
        let mut steps = vec![step("film", "document.import", json!({ "path": film }))];
        for second in [5, 305, 595] {
            for (name, frame) in
                [("before", second * 24 - 1), ("at", second * 24), ("after", second * 24 + 1)]
            {
                let path = format!("{name}-{second}.png");
                steps.push(step(&format!("{name}{second}"), "document.export", picture(frame, &path)));
            }
        }
        let sound = json!({ "document": "${film.document}", "path": "film.wav", "options": { "bits": 32 } });
        steps.push(step("sound", "document.export", sound));
        run(folder, "look.json", &json!({ "version": 1, "steps": steps }));
        for second in [5, 305, 595] {
            for (name, white) in [("before", false), ("at", true), ("after", false)] {
                let (image, _) = Image::read(&folder.join(format!("{name}-{second}.png"))).unwrap();
                let bright = image.pixels.iter().all(|channel| *channel > 128);
                assert_eq!(bright, white, "{film}: {name} {second} s");
            }
        }
        let sound = fs::read(folder.join("film.wav")).unwrap();
        let start = sound.windows(4).position(|window| window == b"data").unwrap() + 8;
        let samples: Vec<f32> = sound[start..]
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        let mut clicks = Vec::new();
        let mut at = 0;
        while at < samples.len() {
            if samples[at].abs() > 0.2 {
                clicks.push(at as f64 / 48_000.0);
                at += 48_000;
            }
            at += 1;
        }
        assert_eq!(clicks.len(), 60, "{film}");
        for (number, click) in clicks.iter().enumerate() {
            let off = click - (5.0 + 10.0 * number as f64);
            assert!(off.abs() < 0.002, "{film}: click {number} is {off} s off");
        }
    }
}

#[test]
fn films_are_the_same_bytes_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let films = ["a.mp4", "b.mp4", "a.webm", "b.webm", "a.gif", "b.gif", "a.flac", "b.flac"];
    let exports: Vec<Json> = films.iter().map(|path| json!({ "path": path })).collect();
    run(folder, "make.json", &flashes(folder, 6, &exports));
    for pair in films.chunks(2) {
        let [first, second] = [pair[0], pair[1]].map(|path| fs::read(folder.join(path)).unwrap());
        assert!(first.len() > 500 && first == second, "{}", pair[0]);
    }
}

#[test]
fn a_worker_that_is_missing_or_dies_is_told_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let script = flashes(folder, 600, &[json!({ "path": "film.mp4", "options": { "preset": "veryslow" } })]);
    let output = batch(folder, "a.json", &script)
        .env("METABUILDER_MEDIA_WORKER", "/nonexistent/worker")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("/nonexistent/worker"), "{told}");
    assert!(!folder.join("film.mp4").exists());

    let child = batch(folder, "b.json", &script).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut killed = false;
    while !killed {
        thread::sleep(Duration::from_millis(20));
        let workers =
            Command::new("pgrep").args(["-P", &child.id().to_string(), "metabuilder-med"]).output().unwrap();
        for worker in String::from_utf8_lossy(&workers.stdout).split_whitespace() {
            let worker = rustix::process::Pid::from_raw(worker.parse().unwrap()).unwrap();
            killed |= rustix::process::kill_process(worker, Signal::KILL).is_ok();
        }
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("broke off"), "{told}");
    assert!(!folder.join("film.mp4").exists());
}
