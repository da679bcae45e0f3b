//! Sound and video: mixes, decoding, and a film of two clips, against FFmpeg, SoX and melt.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Job, jobs::is_there};
use crate::project::Project;

/// Tracks of the mix.
const TRACKS: usize = 16;
/// How long each of them is, in seconds.
const SECONDS: u32 = 300;

/// What is measured, with its inputs in `inputs`.
pub fn jobs(project: &Project, inputs: &Path) -> Result<Vec<Job>> {
    let binary = project.built_binary()?.display().to_string();
    if !is_there("ffmpeg") {
        bail!("this bench compares with FFmpeg: install the package ffmpeg");
    }
    let mut jobs = Vec::new();
    sound(&binary, inputs, &mut jobs)?;
    film(&binary, inputs, &mut jobs)?;
    Ok(jobs)
}

fn job(name: &str, folder: &Path, words: impl IntoIterator<Item = impl ToString>) -> Job {
    let command = words.into_iter().map(|word| word.to_string()).collect();
    Job { name: name.to_owned(), command, folder: Some(folder.to_owned()), keeps: false }
}

/// Runs FFmpeg in a folder.
fn ffmpeg(folder: &Path, words: &[&str]) -> Result<()> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]).args(words).current_dir(folder);
    match command.status().context("ffmpeg")?.success() {
        true => Ok(()),
        false => bail!("ffmpeg {} failed", words.join(" ")),
    }
}

/// A batch script as a file; it keeps nothing from run to run, as other programs do not.
fn script(binary: &str, folder: &Path, name: &str, steps: Vec<Value>) -> Result<Vec<String>> {
    let path = folder.join(name);
    fs::write(&path, json!({ "version": 1, "steps": steps }).to_string())
        .with_context(|| path.display().to_string())?;
    let words = [binary, "--batch", name, "--setting", "batch.cacheBytes=0"];
    Ok(words.iter().map(|word| (*word).to_owned()).collect())
}

fn sound(binary: &str, inputs: &Path, jobs: &mut Vec<Job>) -> Result<()> {
    let folder = inputs.join("sound");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for (letter, rate) in [("t", 48_000), ("r", 44_100)] {
        for track in 0..TRACKS {
            let tone = 110 + 37 * track;
            let source = format!(
                "aevalsrc='0.3*sin({tone}*2*PI*t)+0.1*(random(0)-0.5)|0.3*sin({tone}*2*PI*t+1)+0.1*(random(1)-0.5)':s={rate}:d={SECONDS}"
            );
            ffmpeg(
                &folder,
                &["-f", "lavfi", "-i", &source, "-c:a", "pcm_s16le", &format!("{letter}{track}.wav")],
            )?;
        }
        let timeline = || json!({ "document": "${t.document}" });
        let with = |more: Value| {
            let mut args = timeline();
            args.as_object_mut()
                .into_iter()
                .for_each(|args| args.extend(more.as_object().cloned().unwrap_or_default()));
            args
        };
        let step =
            |id: String, command: &str, args: Value| json!({ "id": id, "command": command, "args": args });
        let properties = json!({ "sampleRate": 48_000 });
        let new = json!({ "kind": "media.timeline", "properties": properties });
        let mut steps = vec![step("t".into(), "document.create", new)];
        for track in 0..TRACKS {
            let node = format!("${{k{track}.node}}");
            steps.push(step(format!("k{track}"), "media.track.add", with(json!({ "content": "audio" }))));
            let clip = json!({ "track": node, "path": format!("{letter}{track}.wav") });
            steps.push(step(format!("c{track}"), "media.clip.add", with(clip)));
            let gain = json!({ "node": node, "property": "gain", "value": -20 });
            steps.push(step(format!("g{track}"), "node.set", with(gain)));
        }
        let filter = json!({ "effect": "low-pass", "frequency": 12_000 });
        steps.push(step("filter".into(), "media.sound.effect.apply", with(filter)));
        steps.push(step(
            "mix".into(),
            "document.export",
            with(json!({ "path": format!("{letter}.ours.wav") })),
        ));
        let what = format!("16 stereo tracks of 5 min from {rate} Hz to 24-bit WAV");
        jobs.push(job(&what, &folder, script(binary, &folder, &format!("{letter}.json"), steps)?));
        let mut words: Vec<String> = ["ffmpeg", "-v", "error", "-y"].map(str::to_owned).to_vec();
        let (mut graph, mut all) = (String::new(), String::new());
        for track in 0..TRACKS {
            words.extend(["-i".to_owned(), format!("{letter}{track}.wav")]);
            graph.push_str(&format!("[{track}:a]volume=0.1,aresample=48000[a{track}];"));
            all.push_str(&format!("[a{track}]"));
        }
        graph.push_str(&format!("{all}amix=inputs={TRACKS}:normalize=0,lowpass=f=12000"));
        let rest = ["-filter_complex", &graph, "-c:a", "pcm_s24le", &format!("{letter}.ffmpeg.wav")];
        words.extend(rest.map(str::to_owned));
        jobs.push(job("the same by FFmpeg", &folder, words));
    }
    ffmpeg(&folder, &["-i", "t0.wav", "m.flac"])?;
    ffmpeg(&folder, &["-i", "t0.wav", "-b:a", "256k", "m.mp3"])?;
    for format in ["flac", "mp3"] {
        let file = format!("m.{format}");
        let what = format!("5 min of {format} to WAV, one core");
        let ours = ["taskset", "-c", "0", binary, "render", &file, "-o", "d.ours.wav"];
        jobs.push(job(&what, &folder, ours));
        let theirs =
            ["taskset", "-c", "0", "ffmpeg", "-v", "error", "-y", "-i", &file, "-c:a", "pcm_s24le", "d.wav"];
        jobs.push(job("the same by FFmpeg", &folder, theirs));
    }
    Ok(())
}

fn film(binary: &str, inputs: &Path, jobs: &mut Vec<Job>) -> Result<()> {
    let folder = inputs.join("film");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for (name, pictures, tone) in
        [("a", "testsrc2=s=1920x1080:r=30", "440"), ("b", "mandelbrot=s=1920x1080:r=30", "660")]
    {
        let tone = format!("sine={tone}:r=48000");
        let inputs = ["-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", &tone, "-t", "5.5"];
        let file = format!("{name}.mp4");
        let coded = ["-c:v", "libx264", "-crf", "14", "-preset", "veryfast", "-pix_fmt", "yuv420p", &file];
        ffmpeg(&folder, &[&inputs[..], &coded[..]].concat())?;
    }
    let size = json!({ "width": 1920, "height": 1080, "frameRate": "30" });
    let canvas = json!({ "kind": "graphics.canvas", "properties": { "width": 1920, "height": 1080 } });
    let timeline = json!({ "kind": "media.timeline", "properties": size });
    let steps = |film: Value| {
        vec![
            json!({ "id": "t", "command": "document.create", "args": timeline }),
            json!({ "id": "a", "command": "media.clip.add", "args":
                { "document": "${t.document}", "path": "a.mp4", "duration": 5 } }),
            json!({ "id": "b", "command": "media.clip.add", "args":
                { "document": "${t.document}", "path": "b.mp4", "inPoint": 0.5, "duration": 5 } }),
            json!({ "id": "mix", "command": "media.transition.add", "args":
                { "document": "${t.document}", "clip": "${a.node}", "duration": 1 } }),
            json!({ "id": "c", "command": "document.create", "args": canvas }),
            json!({ "id": "text", "command": "graphics.text.add", "args":
                { "document": "${c.document}", "text": "Workbench", "x": 80, "y": 980, "size": 96, "color": "#ffffff" } }),
            json!({ "id": "over", "command": "media.track.add", "args":
                { "document": "${t.document}", "content": "video" } }),
            json!({ "id": "title", "command": "media.clip.add", "args":
                { "document": "${t.document}", "track": "${over.node}", "source": "${c.document}", "start": 0, "duration": 10 } }),
            json!({ "id": "film", "command": "document.export", "args": film }),
        ]
    };
    let mp4 = json!({ "document": "${t.document}", "path": "ours.mp4" });
    let words = script(binary, &folder, "film.json", steps(mp4))?;
    jobs.push(job("10 s of 1080p30: two clips, dissolve, title, sound, to H.264 medium", &folder, words));
    let text = "drawtext=text='Workbench':x=80:y=h-180:fontsize=96:fontcolor=white";
    let graph = format!(
        "[0:v][1:v]xfade=transition=fade:duration=1:offset=4.5,{text}[v];[0:a][1:a]acrossfade=d=1[a]"
    );
    let begin = ["ffmpeg", "-v", "error", "-y", "-i", "a.mp4", "-i", "b.mp4", "-filter_complex", &graph];
    let mapped = ["-map", "[v]", "-map", "[a]"];
    let coded = ["-c:v", "libx264", "-preset", "medium", "-pix_fmt", "yuv420p", "-c:a", "aac", "theirs.mp4"];
    jobs.push(job("the same by FFmpeg", &folder, [&begin[..], &mapped, &coded].concat()));
    if is_there("melt") {
        let melt = [
            "melt",
            "-silent",
            "a.mp4",
            "b.mp4",
            "-mix",
            "30",
            "-mixer",
            "luma",
            "-mixer",
            "mix:-1",
            "-filter",
            "dynamictext:Workbench",
            "geometry=80,900,1760,120",
            "fgcolour=white",
            "size=96",
            "-consumer",
            "avformat:melt.mp4",
            "vcodec=libx264",
            "preset=medium",
            "acodec=aac",
            "pix_fmt=yuv420p",
            "real_time=-2",
        ];
        jobs.push(job("the same by melt", &folder, melt));
    }
    let hashes = json!({ "document": "${t.document}", "path": "ours.framehash" });
    let words = script(binary, &folder, "hashes.json", steps(hashes))?;
    jobs.push(job("the same without encoding: a hash of each frame", &folder, words));
    let hashed = ["-map", "[v]", "-f", "framehash", "theirs.framehash"];
    jobs.push(job(
        "the same by FFmpeg (SHA-256)",
        &folder,
        [&begin[..], &hashed, &["-map", "[a]", "-f", "null", "-"]].concat(),
    ));
    let null = ["-f", "null", "-"];
    jobs.push(job("the same by FFmpeg, thrown away", &folder, [&begin[..], &mapped, &null].concat()));
    Ok(())
}
