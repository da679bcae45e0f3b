//! `cargo xtask bench`: whole runs of a program, measured from outside: wall time, CPU time, peak memory.
//! Kernels on the GPU are measured from inside.
//!
//! Never part of the tests: times on a shared machine fail without a fault. Figures mean something as ratios between
//! rows of one table.

mod crowd;
mod jobs;
mod kernels;
mod media;
mod scene;

use crate::project::Project;
use crate::table::Table;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use testkit::{Scans, photo};

/// The options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Options {
    /// Which set of measurements: core, jobs, scene, media, kernels
    #[arg(required_unless_present = "command")]
    name: Option<String>,
    /// How often each command is measured, after one run that does not count
    #[arg(short = 'n', long, default_value_t = 5)]
    runs: usize,
    /// On which adapter kernels are measured: auto, cpu or a part of its name
    #[arg(long, default_value = "auto")]
    adapter: String,
    /// Append the table to tests/bench/RESULTS.md
    #[arg(long)]
    record: bool,
    /// Measure this command instead
    #[arg(last = true)]
    command: Vec<String>,
}

/// What repeated runs of one command took.
#[derive(Debug, PartialEq)]
struct Measure {
    /// Wall time in seconds: least, median, greatest.
    wall: [f64; 3],
    /// User and system time of the process and its children in seconds: the median.
    cpu: f64,
    /// The largest resident size of a single process in bytes; at least that of this tool, from which it starts.
    peak: u64,
}

/// A command under a name.
struct Job {
    name: String,
    command: Vec<String>,
    /// The folder in which it runs; that of this tool when absent.
    folder: Option<PathBuf>,
    /// Whether what it keeps from one run to the next stays.
    keeps: bool,
}

/// Measures a set or a command and prints the table.
pub fn bench(project: &Project, options: &Options) -> Result<bool> {
    let table = match options.name.as_deref() {
        Some("kernels") => kernels::table(project, options.runs, &options.adapter)?,
        _ => programs(project, options)?,
    };
    print!("{table}");
    if options.record {
        let title = options.name.clone().unwrap_or_else(|| options.command.join(" "));
        record(project, &title, options.runs, &table)?;
    }
    Ok(true)
}

/// What is measured from outside.
fn programs(project: &Project, options: &Options) -> Result<String> {
    let inputs = std::env::temp_dir().join(format!("xtask-bench-{}", std::process::id()));
    fs::create_dir_all(&inputs).with_context(|| inputs.display().to_string())?;
    let measured = measure_all(project, options, &inputs);
    let mut table = measured?.markdown();
    if options.name.as_deref() == Some("core") {
        table.push('\n');
        table.push_str(&steps(project, &inputs)?.markdown());
    }
    fs::remove_dir_all(&inputs).with_context(|| inputs.display().to_string())?;
    Ok(table)
}

fn measure_all(project: &Project, options: &Options, inputs: &Path) -> Result<Table> {
    let jobs = match options.name.as_deref() {
        None => vec![Job {
            name: options.command.join(" "),
            command: options.command.clone(),
            folder: None,
            keeps: false,
        }],
        Some("core") => core(project, inputs)?,
        Some("jobs") => jobs::jobs(project, inputs)?,
        Some("scene") => scene::jobs(project, inputs)?,
        Some("media") => media::jobs(project, inputs)?,
        Some(name) => bail!("there is no bench {name:?}; there are core, jobs, scene, media and kernels"),
    };
    let mut table = Table::new(&["what", " wall ms", " min–max", " CPU ms", " peak MB"]);
    for job in jobs {
        eprintln!("{}", job.name);
        let measure = measure(&job, options.runs, &inputs.join("cache"))?;
        let [least, median, greatest] = measure.wall.map(|seconds| seconds * 1000.0);
        table.row([
            job.name,
            format!("{median:.1}"),
            format!("{least:.1}–{greatest:.1}"),
            format!("{:.1}", measure.cpu * 1000.0),
            format!("{:.1}", measure.peak as f64 / 1e6),
        ]);
    }
    Ok(table)
}

/// What a user waits for at the command line.
fn core(project: &Project, inputs: &Path) -> Result<Vec<Job>> {
    let binary = project.built_binary()?.display().to_string();
    let at = |name: &str| inputs.join(name).display().to_string();
    let job = |name: &str, words: &[&str]| Job {
        name: name.into(),
        command: std::iter::once(binary.clone()).chain(words.iter().map(|word| (*word).to_owned())).collect(),
        folder: None,
        keeps: false,
    };
    let photo = photo::landscape(6000, 4000, 1).encode_jpeg(90, Scans::Interleaved)?;
    fs::write(inputs.join("photo.jpg"), photo).context("the photo to measure with")?;
    let paths: String =
        (0..60).map(|n| format!("<circle cx='{n}' cy='{n}' r='{n}' fill='#{n:02}8040'/>")).collect();
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' width='300' height='300'>{paths}</svg>");
    fs::write(inputs.join("small.svg"), svg).context("the drawing to measure with")?;
    fs::write(inputs.join("empty.json"), r#"{"version":1,"steps":[]}"#)
        .context("the script to measure with")?;
    let poster = project.root.join("assets/samples/poster/poster.json").display().to_string();
    Ok(vec![
        job("start and stop", &["--version"]),
        job("list the commands", &["commands", "--json"]),
        job("empty script (reach: 40 ms)", &["--batch", &at("empty.json")]),
        job(
            "render of a 300-px SVG (reach: 60 ms)",
            &["render", &at("small.svg"), "-o", &at("small-svg.png")],
        ),
        job(
            "24 MP JPEG to 1280 px PNG",
            &["render", &at("photo.jpg"), "-o", &at("small.png"), "--size", "1280x"],
        ),
        job(
            "poster script",
            &["--batch", &poster, "--force", "--set", &format!("output={}", at("poster.png"))],
        ),
    ])
}

/// Single steps, as the programs that measure them from inside print them.
fn steps(project: &Project, inputs: &Path) -> Result<Table> {
    let binary = project.built_binary()?.display().to_string();
    let at = |name: &str| inputs.join(name).display().to_string();
    let traces = project.root.join("../shared/suites/editing-traces/sequential_traces");
    let cargo = |package: &str, example: &str, argument: &str| -> Vec<String> {
        ["cargo", "run", "--quiet", "--release", "-p", package, "--example", example, "--", argument]
            .map(str::to_owned)
            .to_vec()
    };
    let mut commands = vec![
        vec![binary, "self-test".into(), "measure".into(), at("workspace")],
        cargo("store", "append", &at("store")),
    ];
    if traces.is_dir() {
        commands.push(cargo("document", "traces", &traces.display().to_string()));
    }
    let mut table = Table::new(&["what", " figure", " ratio", " reach"]);
    for words in commands {
        eprintln!("{}", words.join(" "));
        let output = Command::new(&words[0])
            .args(&words[1..])
            .current_dir(&project.root)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            bail!("it failed and cannot be measured: {}", words.join(" "));
        }
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let figure: serde_json::Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
            let text = |key: &str| figure[key].as_str().unwrap_or_default().to_owned();
            let ratio = figure["ratio"].as_f64().map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            table.row([text("what"), text("value"), ratio, text("reach")]);
        }
    }
    Ok(table)
}

/// Runs a command once to warm up (thrice, so that it can settle, when what it keeps stays) and then `runs` times, each time
/// with an empty cache folder of its own unless what it keeps is what is measured.
fn measure(job: &Job, runs: usize, cache: &Path) -> Result<Measure> {
    for _ in 0..if job.keeps { 3 } else { 1 } {
        once(job, cache)?;
    }
    let samples = (0..runs.max(1)).map(|_| once(job, cache)).collect::<Result<Vec<_>>>()?;
    let sorted = |of: fn(&(f64, f64, u64)) -> f64| {
        let mut values: Vec<_> = samples.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (wall, cpu) = (sorted(|sample| sample.0), sorted(|sample| sample.1));
    let middle = (samples.len() - 1) / 2;
    Ok(Measure {
        wall: [wall[0], wall[middle], wall[wall.len() - 1]],
        cpu: cpu[middle],
        peak: samples.iter().map(|sample| sample.2).max().unwrap_or(0),
    })
}

/// Wall seconds, CPU seconds and peak bytes of one run.
fn once(job: &Job, cache: &Path) -> Result<(f64, f64, u64)> {
    let words = &job.command;
    let (program, arguments) = words.split_first().context("no command to measure")?;
    if cache.exists() && !job.keeps {
        fs::remove_dir_all(cache).with_context(|| cache.display().to_string())?;
    }
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("XDG_CACHE_HOME", cache);
    if let Some(folder) = &job.folder {
        command.current_dir(folder);
    }
    // A new process begins with the peak of the one that it comes from, so this one's own is set back to its present
    // size (proc_pid_clear_refs(5)); where the system refuses, only small peaks are overstated.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let started = Instant::now();
    let child = command.spawn().with_context(|| program.clone())?;
    let (status, usage) = wait4(child.id())?;
    let wall = started.elapsed().as_secs_f64();
    if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != 0 {
        bail!("it failed and cannot be measured: {}", words.join(" "));
    }
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    let cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    // Linux counts in KiB.
    Ok((wall, cpu, usage.ru_maxrss as u64 * 1024))
}

/// Waits for a child of this process; its status and what it used.
fn wait4(child: u32) -> Result<(i32, libc::rusage)> {
    let mut status = 0;
    // SAFETY: rusage is plain numbers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live values of the types that wait4 writes, and no one else waits for this child.
        let done = unsafe { libc::wait4(child as libc::pid_t, &mut status, 0, &mut usage) };
        if done >= 0 {
            return Ok((status, usage));
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error).context("wait4");
        }
    }
}

/// Appends a table with date and machine to the results that are kept.
fn record(project: &Project, title: &str, runs: usize, table: &str) -> Result<()> {
    let path = project.root.join("tests/bench/RESULTS.md");
    let at = || path.display().to_string();
    fs::create_dir_all(project.root.join("tests/bench")).with_context(at)?;
    let mut file = fs::OpenOptions::new().create(true).append(true).open(&path).with_context(at)?;
    write!(file, "\n## {title}, {}\n\n{}; median of {runs} runs\n\n{table}", today()?, machine())
        .with_context(at)?;
    println!("appended to {}", project.shown(&path));
    Ok(())
}

/// One line about the machine: processor, cores, memory, kernel.
fn machine() -> String {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory: u64 = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let processor = field("/proc/cpuinfo", "model name");
    format!("{processor}, {cores} cores, {} GB, Linux {}", memory / 976_563, kernel.trim())
}

/// The UTC date.
pub fn today() -> Result<String> {
    Ok(date(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")?.as_secs()))
}

/// The UTC date of a Unix time, `2026-01-31` (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        let cases = [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (1_798_761_599, "2026-12-31")];
        for (seconds, expected) in cases {
            assert_eq!(date(seconds), expected);
        }
    }

    #[test]
    fn a_run_is_measured_and_a_failed_one_refused() {
        let words = |script: &str| Job {
            name: String::new(),
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            folder: None,
            keeps: false,
        };
        let cache = tempfile::tempdir().unwrap();
        drop(std::hint::black_box(vec![1u8; 300_000_000]));
        let idle = measure(&words("true"), 1, cache.path()).unwrap();
        assert!(idle.peak < 100_000_000, "{idle:?}");
        let measure =
            measure(&words("head -c 60000000 /dev/zero | tail -c 60000000 | wc -c"), 2, cache.path())
                .unwrap();
        assert!(measure.peak > 40_000_000, "{measure:?}");
        assert!(
            measure.wall[0] > 0.0 && measure.wall[0] <= measure.wall[2] && measure.cpu > 0.0,
            "{measure:?}"
        );
        assert!(once(&words("exit 3"), cache.path()).is_err());
    }
}
