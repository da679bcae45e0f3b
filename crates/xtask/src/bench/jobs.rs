//! Builds: what a build costs in which nothing has changed, what a step costs that does nothing, and a build of 60 steps
//! over photographs against the same work by a script of others' programs.

use std::{fmt::Write, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use testkit::{Scans, photo};

use super::Job;
use crate::project::Project;

/// Pairs of steps in the build in which nothing has changed: 10,000 steps.
const PAIRS: usize = 5_000;
/// Photographs of the build of 60 steps.
const PHOTOS: usize = 5;
/// The sizes in which each of them is written: width and format.
const SIZES: [(u32, &str); 5] = [(3000, "jpg"), (1920, "png"), (1280, "jpg"), (640, "png"), (160, "jpg")];

/// What is measured, with its inputs in `inputs`.
pub fn jobs(project: &Project, inputs: &Path) -> Result<Vec<Job>> {
    let binary = project.built_binary()?.display().to_string();
    idle(&inputs.join("idle"))?;
    trivial(&inputs.join("trivial"))?;
    photos(&inputs.join("photos"))?;
    let at = |name: &str| inputs.join(name).display().to_string();
    let job = |name: &str, folder: &str, keeps: bool, words: &[&str]| Job {
        name: name.to_owned(),
        command: words.iter().map(|word| (*word).to_owned()).collect(),
        folder: Some(inputs.join(folder)),
        keeps,
    };
    let script = at("photos/build.json");
    let mut jobs = vec![
        job("10,000 steps, nothing to do", "idle", true, &[&binary, "--batch", "build.json"]),
        job("the same by make -rR", "idle", true, &["make", "-s", "-rR", "all"]),
    ];
    if is_there("ninja") {
        jobs.push(job("the same by ninja", "idle", true, &["ninja", "--quiet"]));
    }
    jobs.extend([
        job("10,000 trivial steps", "trivial", false, &[&binary, "--batch", "build.json"]),
        job(
            "the same, nothing kept",
            "trivial",
            false,
            &[&binary, "--batch", "build.json", "--setting", "batch.cacheBytes=0"],
        ),
        job(
            "60 steps over photographs, one core",
            "photos",
            false,
            &["taskset", "-c", "0", &binary, "--batch", &script, "--jobs", "1"],
        ),
        job("the same, two cores", "photos", false, &[&binary, "--batch", &script, "--jobs", "2"]),
    ]);
    if is_there("rsvg-convert") && Path::new("/usr/bin/convert").exists() {
        jobs.push(job(
            "the same by make -j2, ImageMagick, librsvg",
            "photos",
            false,
            &["make", "-s", "-B", "-j2", "all"],
        ));
    }
    Ok(jobs)
}

/// Whether a program is on the search path.
pub(super) fn is_there(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, bytes).with_context(|| path.display().to_string())
}

/// Files that are read by one step and written by another, and the same graph for make and ninja.
fn idle(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("in")).with_context(|| folder.display().to_string())?;
    fs::create_dir_all(folder.join("made"))?;
    let (mut steps, mut make, mut ninja) =
        (Vec::new(), "all:".to_owned(), "rule copy\n  command = cp $in $out\n".to_owned());
    (0..PAIRS).try_for_each(|n| write!(make, " made/{n}.txt"))?;
    make.push('\n');
    for n in 0..PAIRS {
        write(&folder.join(format!("in/{n}.txt")), format!("{n}\n"))?;
        steps.push(json!({ "id": format!("read{n}"), "command": "document.import", "needs": [], "args": { "path": format!("in/{n}.txt") } }));
        steps.push(json!({ "id": format!("save{n}"), "command": "code.save", "needs": [format!("read{n}")],
            "args": { "document": format!("${{read{n}.document}}"), "path": format!("out/{n}.txt") } }));
        write!(make, "made/{n}.mid: in/{n}.txt\n\tcp $< $@\nmade/{n}.txt: made/{n}.mid\n\tcp $< $@\n")?;
        write!(ninja, "build made/{n}.mid: copy in/{n}.txt\nbuild made/{n}.txt: copy made/{n}.mid\n")?;
    }
    write(&folder.join("build.json"), script(steps))?;
    write(&folder.join("Makefile"), make)?;
    write(&folder.join("build.ninja"), ninja)
}

fn trivial(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let step = |n: usize| json!({ "id": format!("s{n}"), "command": "document.list", "needs": [] });
    write(&folder.join("build.json"), script((0..2 * PAIRS).map(step).collect()))
}

fn script(steps: Vec<Value>) -> String {
    json!({ "version": 1, "steps": steps }).to_string()
}

/// Photographs with a shade, a mark, a rule and three lines of text, each in five sizes: 60 steps.
fn photos(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("out"))?;
    let mark = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 100'><circle cx='50' cy='50' r='46' fill='#ffb27d'/>\
                <path d='M20 70 L50 20 L80 70 Z' fill='#0d1326'/></svg>";
    write(&folder.join("mark.svg"), mark)?;
    let font = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/fonts/Inter-Bold.otf");
    let font = font.canonicalize()?.display().to_string();
    let mut steps = Vec::new();
    let mut make = "all:".to_owned();
    for n in 0..PHOTOS {
        SIZES.iter().try_for_each(|(width, format)| write!(make, " made/{n}-{width}.{format}"))?;
    }
    make.push('\n');
    for n in 0..PHOTOS {
        let photo = photo::landscape(3000, 2000, n as u32).encode_jpeg(90, Scans::Interleaved)?;
        write(&folder.join(format!("{n}.jpg")), photo)?;
        let document = format!("${{{n}-photo.document}}");
        let text = |y: u32, size: u32, text: &str| json!({ "document": document, "text": text, "x": 160, "y": y, "size": size, "weight": 700, "color": "#fff4e6" });
        let parts = [
            ("photo", "document.import", json!({ "path": format!("{n}.jpg") })),
            (
                "shade",
                "graphics.shape.add",
                json!({ "document": document, "shape": "rectangle", "x": 0, "y": 1300, "width": 3000, "height": 700, "fill": "#0b1022aa" }),
            ),
            (
                "mark",
                "graphics.place",
                json!({ "document": document, "path": "mark.svg", "x": 2600, "y": 1500, "width": 300 }),
            ),
            (
                "rule",
                "graphics.shape.add",
                json!({ "document": document, "shape": "rectangle", "x": 160, "y": 1720, "width": 240, "height": 12, "fill": "#ffb27d" }),
            ),
            ("title", "graphics.text.add", text(1620, 220, &format!("Landscape {n}"))),
            ("line", "graphics.text.add", text(1820, 80, "A landscape that no camera has seen")),
            ("maker", "graphics.text.add", text(1920, 60, "Edition 01")),
        ];
        let mut last: Option<String> = None;
        for (part, command, args) in parts {
            let id = format!("{n}-{part}");
            steps.push(json!({ "id": id, "command": command, "args": args, "needs": last.iter().collect::<Vec<_>>() }));
            last = Some(id);
        }
        write!(
            make,
            "made/{n}.miff: {n}.jpg mark.svg\n\t@mkdir -p made\n\trsvg-convert -w 300 mark.svg -o made/{n}-mark.png\n\t\
             /usr/bin/convert {n}.jpg -fill '#0b1022aa' -draw 'rectangle 0,1300 2999,1999' made/{n}-mark.png -geometry +2600+1500 -composite \
             -fill '#ffb27d' -draw 'rectangle 160,1720 399,1731' -font {font} -fill '#fff4e6' \
             -pointsize 220 -annotate +160+1620 'Landscape {n}' -pointsize 80 -annotate +160+1820 'A landscape that no camera has seen' \
             -pointsize 60 -annotate +160+1920 'Edition 01' $@\n"
        )?;
        for (width, format) in SIZES {
            steps.push(json!({ "id": format!("{n}-{width}"), "command": "document.export", "needs": last.iter().collect::<Vec<_>>(),
                "args": { "document": document, "path": format!("out/{n}-{width}.{format}"), "width": width } }));
            write!(
                make,
                "made/{n}-{width}.{format}: made/{n}.miff\n\t/usr/bin/convert $< -resize {width}x -quality 90 $@\n"
            )?;
        }
    }
    write(&folder.join("build.json"), script(steps))?;
    write(&folder.join("Makefile"), make)
}
