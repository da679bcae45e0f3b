//! Kernels: each one's time on an adapter beside the floor that its memory sets, and beside its reference.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{project::Project, table::Table};

/// The table, with what it was measured on above it; `adapter` as the program's `--adapter` has it.
pub fn table(project: &Project, runs: usize, adapter: &str) -> Result<String> {
    let words = "run --quiet --release -p raster-gpu --example kernels --";
    let output = project
        .cargo(words)
        .args([&runs.to_string(), adapter])
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cargo {words}"))?;
    if !output.status.success() {
        bail!("the kernels cannot be measured on the adapter {adapter:?}");
    }
    shown(&String::from_utf8_lossy(&output.stdout))
}

/// The lines that the example prints, as a table.
fn shown(lines: &str) -> Result<String> {
    let mut parsed = lines.lines().map(|line| {
        serde_json::from_str::<Value>(line)
            .with_context(|| format!("the kernels' benchmark printed {line:?}"))
    });
    let about = parsed.next().context("the kernels' benchmark printed nothing")??;
    let text = |key: &str| about[key].as_str().unwrap_or_default().to_owned();
    let number = |value: &Value, key: &str| value[key].as_f64().unwrap_or(f64::NAN);
    let mut table = Table::new(&[
        "what",
        " adapter ms",
        " floor ms",
        " times the floor",
        " with the way there and back ms",
        " reference ms",
        " reference / adapter",
    ]);
    for line in parsed {
        let line = line?;
        let [device, floor, whole, cpu] =
            ["device_ms", "floor_ms", "whole_ms", "cpu_ms"].map(|key| number(&line, key));
        let shown = |ms: f64| if ms < 1.0 { format!("{ms:.3}") } else { format!("{ms:.1}") };
        table.row([
            line["what"].as_str().unwrap_or_default().to_owned(),
            shown(device),
            shown(floor),
            format!("{:.1}", device / floor),
            shown(whole),
            shown(cpu),
            format!("{:.2}", cpu / device),
        ]);
    }
    Ok(format!(
        "{}; copies {:.1} GB/s; {} × {} pixels; times by {}\n\n{}",
        text("adapter"),
        number(&about, "bandwidth") / 1e9,
        about["width"],
        about["height"],
        text("clock"),
        table.markdown()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_a_table() {
        let lines = r#"{"adapter":"card","clock":"its own clock","bandwidth":2e12,"width":60,"height":40}
            {"what":"blur","device_ms":0.5,"floor_ms":0.125,"whole_ms":20.0,"cpu_ms":40.0}"#;
        let table = shown(lines).unwrap();
        assert!(table.starts_with("card; copies 2000.0 GB/s; 60 × 40 pixels; times by its own clock\n\n"));
        let row: Vec<&str> = table.lines().last().unwrap().split('|').map(str::trim).collect();
        assert_eq!(row[1..8], ["blur", "0.500", "0.125", "4.0", "20.0", "40.0", "80.00"]);
        assert!(shown("").is_err() && shown("no").is_err());
    }
}
