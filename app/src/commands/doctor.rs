//! `doctor`: what the program needs from this machine, and whether it is there.

use std::{env, thread};

use codecs::Codec;
use kernel::Settings;
use serde_json::{Value as Json, json};

use crate::{
    assembly,
    cli::Common,
    ports::{Fonts, LocalFiles, mounts::Mount},
    report::{Failure, print},
};

struct Finding {
    what: String,
    works: bool,
    detail: String,
}

/// Looks, and says what it found. Ends well also when something is missing: that is what was asked.
pub fn run(common: &Common) -> Result<(), Failure> {
    let registry = assembly::registry(common)?;
    let settings = assembly::settings(&registry, common, None)?;
    let mut findings = vec![
        cores(),
        confinement(),
        fonts(&settings),
        temporary_folder(),
        drawing(common),
        gpu(common),
        video(),
    ];
    findings.extend(mounts(&settings)?);
    if common.json {
        let checks: Vec<Json> =
            findings.iter().map(|f| json!({ "check": f.what, "ok": f.works, "detail": f.detail })).collect();
        return print(json!({ "version": env!("CARGO_PKG_VERSION"), "checks": checks }));
    }
    print(format_args!("metabuilder {}", env!("CARGO_PKG_VERSION")))?;
    for finding in findings {
        let mark = if finding.works { "ok  " } else { "MISS" };
        print(format_args!("{mark} {:<18} {}", finding.what, finding.detail))?;
    }
    Ok(())
}

fn cores() -> Finding {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Finding {
        what: "processor".into(),
        works: true,
        detail: format!("{cores} threads, {}", env::consts::ARCH),
    }
}

fn confinement() -> Finding {
    let (works, detail) = match LocalFiles::new(Vec::new(), base::Limits::default(), Vec::new()) {
        Ok(_) => (true, "openat2 is there: nothing leaves its mount".to_owned()),
        Err(error) => (false, error.to_string()),
    };
    Finding { what: "files".into(), works, detail }
}

fn fonts(settings: &Settings) -> Finding {
    let found = Fonts::new(settings).paths().len();
    let detail = match found {
        0 => "none in the folders of the system: text uses the bundled Inter (the package fonts-noto-core brings more)".into(),
        count => format!("{count} font files beside the bundled Inter"),
    };
    Finding { what: "fonts".into(), works: true, detail }
}

fn temporary_folder() -> Finding {
    let folder = env::temp_dir();
    let works = folder.is_dir();
    let detail = if works {
        folder.display().to_string()
    } else {
        format!("{} is not there: set TMPDIR", folder.display())
    };
    Finding { what: "temporary files".into(), works, detail }
}

/// What draws canvases. No device is opened.
fn drawing(common: &Common) -> Finding {
    let adapter = raster_gpu::Accelerator::new(assembly::gpu(common)).adapter();
    let large = adapter
        .map(|adapter| format!("; large blurs and photographs on {}", adapter.name))
        .unwrap_or_default();
    Finding { what: "drawing".into(), works: true, detail: format!("canvases on the CPU{large}") }
}

/// What draws scenes.
fn gpu(common: &Common) -> Finding {
    let what = "GPU".to_owned();
    let (works, mut detail) = match gpu::Shared::new(gpu::Choice::from(common.adapter.as_str())).gpu() {
        Ok(gpu) => (true, gpu.adapter().to_string()),
        Err(error) => {
            return Finding { what, works: false, detail: format!("scenes cannot be drawn: {error}") };
        }
    };
    let others: Vec<String> =
        gpu::adapters().iter().map(gpu::Adapter::to_string).filter(|it| *it != detail).collect();
    if !others.is_empty() {
        detail.push_str(&format!("; also {}", others.join(", ")));
    }
    Finding { what, works, detail }
}

/// What reads and writes video.
fn video() -> Finding {
    let what = "video".to_owned();
    let support = match assembly::codecs().support() {
        Ok(support) => support,
        Err(error) => return Finding { what, works: false, detail: error.to_string() },
    };
    let by = |codec: Codec, name: &str| support.encoder(codec).map(|by| format!("{name} by {by}"));
    let h264 = by(Codec::H264, "H.264").unwrap_or_else(|| "no H.264 (VP9 and Opus instead)".to_owned());
    let others = [
        (Codec::H265, "H.265"),
        (Codec::Vp9, "VP9"),
        (Codec::Av1, "AV1"),
        (Codec::ProRes, "ProRes"),
        (Codec::Gif, "GIF"),
        (Codec::Aac, "AAC"),
        (Codec::Opus, "Opus"),
        (Codec::Vorbis, "Vorbis"),
        (Codec::Flac, "FLAC"),
        (Codec::Mp3, "MP3"),
        (Codec::Pcm, "PCM"),
    ];
    let others: Vec<String> = others.into_iter().filter_map(|(codec, name)| by(codec, name)).collect();
    let detail = format!(
        "{h264}; {}; reads {} codecs ({})",
        others.join(", "),
        support.decoders.len(),
        support.library
    );
    Finding { what, works: true, detail }
}

/// The mounts of the user's settings. Servers are not asked.
fn mounts(settings: &Settings) -> Result<Vec<Finding>, Failure> {
    let mounts = assembly::mounts(settings, super::current_folder()?);
    let finding = |mount: &Mount| {
        let what = format!("mount {}", mount.name);
        let shown = format!("{}, {}", mount.kind, mount.detail());
        match mount.open() {
            Ok(_) => Finding { what, works: true, detail: shown },
            Err(fault) => Finding { what, works: false, detail: format!("{shown}: {fault}") },
        }
    };
    Ok(mounts.iter().map(finding).collect())
}
