//! `self-test measure`: how long single steps inside of the kernel take. Prints a JSON line per figure.

use std::{fs, path::Path, time::Instant};

use base::DocumentId;
use kernel::{Context, Kernel, Request};
use serde_json::{Value as Json, json};

use crate::{
    assembly::{self, Home},
    cli::Common,
    report::{Failure, print},
};

const NODES: usize = 100_000;

/// Measures in a folder, which is left with a workspace in it.
pub fn run(folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(1, format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    let paths: String =
        (0..NODES).map(|n| format!("<path id='p{n}' fill='#123456' d='M{n} 0h1v1z'/>")).collect();
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' width='{NODES}' height='10'>{paths}</svg>");
    fs::write(folder.join("large.svg"), svg).map_err(failed)?;
    let mut kernel = open(folder)?;
    let imported = execute(&mut kernel, "document.import", json!({ "path": folder.join("large.svg") }))?;
    let document = imported["document"].clone();
    kernel.close()?;
    drop(kernel);

    let mut kernel = open(folder)?;
    let id: DocumentId = document.as_str().and_then(|id| id.parse().ok()).unwrap_or(DocumentId::new(0));
    let start = Instant::now();
    let nodes = kernel.content(id)?.tree().map_or(0, |tree| tree.root().node().children.len());
    figure(&format!("open {nodes} nodes from saved state"), start, 1, "ms", "≤ 500 ms")?;
    let set = |kernel: &mut Kernel, n: usize| {
        execute(kernel, "node.set", json!({ "document": document, "property": "width", "value": 1000 + n }))
    };
    let start = Instant::now();
    set(&mut kernel, 0)?;
    figure("first edit, which decodes the merge data", start, 1, "ms", "")?;
    let start = Instant::now();
    for n in 1..=1000 {
        set(&mut kernel, n)?;
    }
    figure("one property command to pending", start, 1000, "µs", "≤ 60 µs")?;
    let start = Instant::now();
    for _ in 0..50 {
        execute(&mut kernel, "history.undo", json!({ "document": document }))?;
    }
    figure("undo", start, 50, "µs", "≤ 1000 µs")?;
    let resident = resident_bytes() as f64 / 1e6;
    print(
        json!({ "what": "resident with that document", "value": format!("{resident:.0} MB"), "reach": "≤ 400 MB" }),
    )?;
    kernel.sync()?;
    let start = Instant::now();
    for n in 0..10_000 {
        set(&mut kernel, 5000 + n)?;
    }
    kernel.sync()?;
    let rate = 10_000.0 / start.elapsed().as_secs_f64();
    print(
        json!({ "what": "kernel to durable, 10,000 commands", "value": format!("{rate:.0} commands/s"), "reach": "" }),
    )
}

fn open(folder: &Path) -> Result<Kernel, Failure> {
    assembly::kernel(&Common::default(), &Home::Workspace { folder }, vec![folder.to_owned()])
}

fn execute(kernel: &mut Kernel, command: &str, arguments: Json) -> Result<Json, Failure> {
    let request = Request { command: command.to_owned(), arguments, context: Context::default() };
    Ok(kernel.execute(request)?.result)
}

fn figure(what: &str, start: Instant, times: u32, unit: &str, reach: &str) -> Result<(), Failure> {
    let seconds = start.elapsed().as_secs_f64() / f64::from(times);
    let value = if unit == "ms" { seconds * 1e3 } else { seconds * 1e6 };
    print(json!({ "what": what, "value": format!("{value:.1} {unit}"), "reach": reach }))
}

fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}
