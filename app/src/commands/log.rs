//! `log`: reads the event log of a workspace, checks it, and exports its checkpoints.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Write},
    path::Path,
};

use base::BlobHash;
use serde_json::{Value as Json, json};
use store::{Builds, Store, StoredEvent, read_checkpoints};

use super::{files, runs::print_step};
use crate::{
    assembly,
    builds::{RunRecord, cache},
    cli::{Common, Log, LogAction},
    ports::contents,
    report::{BAD_INPUT, Failure, STORAGE, print},
};

/// Does what the arguments say.
pub fn run(log: &Log, common: &Common) -> Result<(), Failure> {
    match &log.action {
        Some(LogAction::Verify { checkpoints, place }) => {
            verify(&place.folder, checkpoints.as_deref(), common)
        }
        Some(LogAction::ExportCheckpoints { file, place }) => export_checkpoints(&place.folder, file),
        None => match &log.output {
            Some(file) => made(&log.place.folder, file, common),
            None => list(log, common),
        },
    }
}

fn list(log: &Log, common: &Common) -> Result<(), Failure> {
    let store = assembly::read(&log.place.folder)?;
    for event in store.events(.., log.document) {
        print_event(&store, &event?, common)?;
    }
    Ok(())
}

fn print_event(store: &Store, event: &StoredEvent, common: &Common) -> Result<(), Failure> {
    let header = &event.header;
    if !common.json {
        let (time, command) = (timestamp(header.time), &header.command);
        return print(format_args!(
            "{:>6}  {}  {time}  {:<12}  {command}",
            event.ord,
            event.hash.short(),
            header.actor
        ));
    }
    let payload = match store.payload_of(event)? {
        store::Payload::Pruned(_) => Json::Null,
        store::Payload::Bytes(bytes) => match document::Payload::decode(&bytes) {
            Ok(payload) => json!({
                "arguments": serde_json::from_str::<Json>(&payload.arguments).unwrap_or(Json::Null),
                "documents": payload.changes.iter().map(|change| change.document).collect::<Vec<_>>(),
                "deltas": payload.changes.iter().map(|change| change.deltas.len()).sum::<usize>(),
            }),
            Err(error) => json!({ "damaged": error.to_string() }),
        },
    };
    print(json!({
        "ord": event.ord, "event": event.hash, "command": header.command, "actor": header.actor,
        "tenant": header.tenant, "replica": header.replica.to_string(), "sequence": header.sequence,
        "parents": header.parents, "time": header.time, "payload": payload,
    }))
}

/// The point in time as `YYYY-MM-DDTHH:MM:SSZ` (days to civil date after Hinnant, 2013).
pub(super) fn timestamp(ms: i64) -> String {
    let seconds = ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// What made a file, by its bytes: a step of a script that is remembered, else an export in the log of the workspace.
fn made(folder: &Path, file: &Path, common: &Common) -> Result<(), Failure> {
    let bytes =
        fs::read(file).map_err(|error| Failure::new(BAD_INPUT, format!("{}: {error}", file.display())))?;
    let hash = BlobHash::of(&bytes);
    match cache().and_then(Result::ok) {
        Some(builds) if made_by_script(&builds, hash, common)? => Ok(()),
        _ => made_in_workspace(folder, file, hash, common),
    }
}

/// Tells which step of a script wrote a file, what that followed from, and what was read for it from outside.
fn made_by_script(builds: &Builds, output: BlobHash, common: &Common) -> Result<bool, Failure> {
    let Some((run, step, path)) = builds.maker(output)? else { return Ok(false) };
    let Some((_, Some(record))) = builds.run(run)? else { return Ok(false) };
    let Ok(record) = serde_json::from_str::<RunRecord>(&record) else { return Ok(false) };
    let steps = record.origin(&step);
    let inputs = RunRecord::inputs(&steps);
    if common.json {
        let script = json!({ "path": record.script, "blake3": record.script_hash });
        print(json!({
            "output": { "path": path, "blake3": output }, "run": run, "step": step, "script": script,
            "variables": record.variables, "settings": record.settings, "program": record.program,
            "started": record.started, "inputs": inputs, "steps": steps,
        }))?;
        return Ok(true);
    }
    let (time, script) = (timestamp(record.started), &record.script);
    print(format_args!("{path}: written {time} by step '{step}' of {script} (run {run})"))?;
    for (path, hash) in inputs {
        print(format_args!("input    {hash}  {path}"))?;
    }
    steps.into_iter().try_for_each(print_step)?;
    Ok(true)
}

/// The recorded export whose output has these bytes, and the events of the document that it wrote.
fn made_in_workspace(folder: &Path, file: &Path, hash: BlobHash, common: &Common) -> Result<(), Failure> {
    let hash = hash.to_string();
    let unknown = || {
        let message = format!(
            "{}: no script that is remembered, and no log, wrote a file with these bytes",
            file.display()
        );
        Failure::new(1, message)
    };
    if !assembly::is_workspace(folder) {
        return Err(unknown());
    }
    let store = assembly::read(folder)?;
    let runs = store.runs(usize::MAX)?;
    let is_it = |file: &Json| file["blake3"] == hash.as_str();
    let wrote = |run: &&store::Run| run.end.as_ref().is_some_and(|end| files(&end.outputs).iter().any(is_it));
    let run = runs.iter().filter(wrote).max_by_key(|run| run.id).ok_or_else(unknown)?;
    let document = run.arguments["document"].as_str().and_then(|id| id.parse().ok());
    if common.json {
        print(json!({ "run": run }))?;
    } else {
        print(format_args!("written {} by {} {}", timestamp(run.started), run.command, run.arguments))?;
    }
    for event in store.events(.., document) {
        let event = event?;
        if event.header.time <= run.started {
            print_event(&store, &event, common)?;
        }
    }
    Ok(())
}

fn verify(folder: &Path, checkpoints: Option<&Path>, common: &Common) -> Result<(), Failure> {
    let external = match checkpoints {
        None => None,
        Some(path) => {
            let file = File::open(path)
                .map_err(|error| Failure::new(BAD_INPUT, format!("{}: {error}", path.display())))?;
            Some(read_checkpoints(BufReader::new(file))?)
        }
    };
    let store = assembly::read_unchecked(folder)?;
    let report = store.verify(external.as_deref(), &contents)?;
    if common.json {
        print(json!(report))?;
    }
    match report.findings.first() {
        None => {
            if !common.json {
                print(format_args!(
                    "{} events, {} payloads, {} blobs, {} saved states: everything is as it was written",
                    report.events, report.payloads, report.blobs, report.states
                ))?;
            }
            Ok(())
        }
        Some(first) => {
            report.findings.iter().skip(1).for_each(|finding| eprintln!("metabuilder: {finding}"));
            Err(Failure::new(STORAGE, first))
        }
    }
}

fn export_checkpoints(folder: &Path, file: &Path) -> Result<(), Failure> {
    let store = assembly::read(folder)?;
    let failed = |error: std::io::Error| Failure::new(1, format!("{}: {error}", file.display()));
    let mut out = Vec::new();
    store.export_checkpoints(&mut BufWriter::new(&mut out))?;
    let mut target = tempfile(file).map_err(failed)?;
    target.0.write_all(&out).and_then(|()| target.0.sync_all()).map_err(failed)?;
    fs::rename(&target.1, file).map_err(failed)
}

fn tempfile(file: &Path) -> std::io::Result<(File, std::path::PathBuf)> {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    Ok((File::create(&name)?, name.into()))
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn points_in_time_are_written_in_utc() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(1_709_210_096_789), "2024-02-29T12:34:56Z");
        assert_eq!(timestamp(-1), "1969-12-31T23:59:59Z");
    }
}
