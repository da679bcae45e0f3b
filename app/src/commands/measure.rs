//! `self-test measure`: how long single steps inside of the kernel take. Prints a JSON line per figure.
//!
//! The document is imported by a process of its own, so that what is resident afterwards is what a user has who opens
//! it: a heap keeps the holes that an import leaves.

use std::{env, fs, path::Path, process::Command, time::Instant};

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
    let program = env::current_exe().map_err(failed)?;
    let child = Command::new(program).args(["self-test", "measure-import"]).arg(folder).status();
    if !child.map_err(failed)?.success() {
        return Err(Failure::new(1, format!("{}: the import failed", folder.display())));
    }

    let mut kernel = open(folder)?;
    let records = kernel.documents()?;
    let id = records.first().map_or(DocumentId::new(0), |record| record.id);
    let document = json!(id);
    let start = Instant::now();
    let children =
        kernel.content(id)?.tree().map(|tree| tree.root().node().children.clone()).unwrap_or_default();
    figure(&format!("open {} nodes from saved state", children.len()), start, 1, "ms", "≤ 500 ms")?;
    bytes("resident once it is open", "VmRSS", "")?;

    let start = Instant::now();
    let set_root = json!({ "document": document, "property": "width", "value": 1000 });
    execute(&mut kernel, "node.set", set_root)?;
    figure("first edit, of the root", start, 1, "ms", "")?;
    let set = |kernel: &mut Kernel, n: usize| {
        let node = children.get(n * 97 % children.len().max(1));
        let value = (n % 1000) as f64 / 1000.0;
        let arguments = json!({ "document": document, "node": node, "property": "opacity", "value": value });
        execute(kernel, "node.set", arguments)
    };
    let start = Instant::now();
    set(&mut kernel, 1)?;
    figure("first edit of a node, which decodes the tree of the merge data", start, 1, "ms", "")?;
    let start = Instant::now();
    for n in 2..=1001 {
        set(&mut kernel, n)?;
    }
    figure("one property command to pending", start, 1000, "µs", "≤ 60 µs")?;
    let start = Instant::now();
    for _ in 0..1000 {
        execute(&mut kernel, "history.undo", json!({ "document": document }))?;
    }
    figure("undo", start, 1000, "µs", "≤ 1000 µs")?;
    bytes("resident after these edits", "VmRSS", "≤ 400 MB")?;
    bytes("peak so far", "VmHWM", "")?;
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

/// Imports the document into the folder's workspace.
pub fn import(folder: &Path) -> Result<(), Failure> {
    let paths: String =
        (0..NODES).map(|n| format!("<path id='p{n}' fill='#123456' d='M{n} 0h1v1z'/>")).collect();
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' width='{NODES}' height='10'>{paths}</svg>");
    let path = folder.join("large.svg");
    fs::write(&path, svg).map_err(|error| Failure::new(1, format!("{}: {error}", path.display())))?;
    let mut kernel = open(folder)?;
    let start = Instant::now();
    execute(&mut kernel, "document.import", json!({ "path": path }))?;
    figure(&format!("import of a drawing of {NODES} nodes"), start, 1, "ms", "")?;
    kernel.close()?;
    bytes("resident in the importing process", "VmRSS", "")?;
    bytes("peak of the importing process", "VmHWM", "")
}

fn open(folder: &Path) -> Result<Kernel, Failure> {
    assembly::kernel(&Common::default(), &Home::Workspace { folder }, vec![folder.to_owned()])
}

fn execute(kernel: &mut Kernel, command: &str, arguments: Json) -> Result<Json, Failure> {
    let request = Request {
        command: command.to_owned(),
        arguments,
        context: Context::default(),
        timeout_s: None,
        traced: false,
    };
    Ok(kernel.execute(request)?.result)
}

fn figure(what: &str, start: Instant, times: u32, unit: &str, reach: &str) -> Result<(), Failure> {
    let seconds = start.elapsed().as_secs_f64() / f64::from(times);
    let value = if unit == "ms" { seconds * 1e3 } else { seconds * 1e6 };
    print(json!({ "what": what, "value": format!("{value:.1} {unit}"), "reach": reach }))
}

/// A size of this process as Linux keeps it (proc_pid_status(5), in KiB).
fn bytes(what: &str, field: &str, reach: &str) -> Result<(), Failure> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0);
    print(json!({ "what": what, "value": format!("{:.0} MB", kib * 1024.0 / 1e6), "reach": reach }))
}
