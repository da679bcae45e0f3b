//! `--attest`: an in-toto statement of provenance beside each output.

use std::{collections::BTreeMap, fs, path::Path};

use base::BlobHash;
use kernel::ports::Files;
use provenance::{Artifact, Build, Program, Sha256, SigningKey, sign, statement};

use super::{RunRecord, StepRecord};
use crate::report::{BAD_INPUT, Failure, STORAGE, WRONG_USAGE};

/// The key that statements are signed with; none when the setting is empty.
fn key(path: &str) -> Result<Option<SigningKey>, Failure> {
    if path.is_empty() {
        return Ok(None);
    }
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(BAD_INPUT, format!("attest.key: {path}: {error}")))?;
    let key = SigningKey::parse(&text)
        .map_err(|error| Failure::new(WRONG_USAGE, format!("attest.key: {path}: {error}")))?;
    Ok(Some(key))
}

/// Writes a statement beside each file that the steps of a run gave (`script` is the text that was run), signed with the key in a file if there is one. Gives
/// the paths of the statements.
///
/// # Errors
/// The key cannot be read, a file is no longer what the run read or wrote, or a statement cannot be written.
pub fn attest(
    record: &RunRecord,
    script: &str,
    run: u64,
    key_file: &str,
    files: &dyn Files,
) -> Result<Vec<String>, Failure> {
    let key = key(key_file)?;
    let mut outputs: BTreeMap<&str, &StepRecord> = BTreeMap::new();
    for step in &record.steps {
        outputs.extend(step.writes.keys().map(|path| (path.as_str(), step)));
    }
    let mut written = Vec::new();
    for (path, step) in outputs {
        let build = build(record, script, run, (path, step), files)?;
        let text = statement(&build).map_err(|error| Failure::new(1, format!("{path}: {error}")))?;
        let (name, bytes) = match &key {
            Some(key) => (format!("{path}.intoto.jsonl"), sign(text.as_bytes(), key).to_json() + "\n"),
            None => (format!("{path}.intoto.json"), text + "\n"),
        };
        let place = files.write(&name, bytes.as_bytes()).map_err(|error| Failure::new(STORAGE, error))?;
        written.push(place);
    }
    Ok(written)
}

/// What is known of the making of one output.
fn build(
    record: &RunRecord,
    script: &str,
    run: u64,
    (path, step): (&str, &StepRecord),
    files: &dyn Files,
) -> Result<Build, Failure> {
    let steps = record.origin(&step.id);
    let inputs = RunRecord::inputs(&steps);
    let artifact = |path: &str, hash: BlobHash| -> Result<Artifact, Failure> {
        let bytes = files.read(path).map_err(|error| Failure::new(BAD_INPUT, error))?;
        if BlobHash::of(&bytes) != hash {
            let message = format!("{path}: it was changed during the run: run the script again");
            return Err(Failure::new(1, message));
        }
        Ok(Artifact {
            name: path.to_owned(),
            sha256: Sha256::of(&bytes),
            blake3: Some(hash),
            size: bytes.len() as u64,
        })
    };
    let name = Path::new(&record.script).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let subject = step.writes.get(path).map(|hash| artifact(path, *hash));
    let step = |step: &&StepRecord| provenance::StepRecord {
        id: step.id.clone(),
        command: step.command.clone(),
        arguments: step.arguments.as_object().cloned().unwrap_or_default(),
        inputs: step.reads.keys().filter(|path| inputs.contains_key(path.as_str())).cloned().collect(),
        key: step.version.map(|version| version.to_string()).unwrap_or_default(),
    };
    Ok(Build {
        subjects: subject.into_iter().collect::<Result<_, _>>()?,
        materials: inputs.iter().map(|(path, hash)| artifact(path, *hash)).collect::<Result<_, _>>()?,
        script: Artifact {
            name,
            sha256: Sha256::of(script.as_bytes()),
            blake3: Some(record.script_hash),
            size: script.len() as u64,
        },
        variables: record.variables.clone(),
        settings: record.settings.clone(),
        steps: steps.iter().map(step).collect(),
        byproducts: Vec::new(),
        program: Program { name: env!("CARGO_PKG_NAME").into(), version: record.program.clone() },
        started_ms: record.started,
        finished_ms: record.ended,
        invocation: run.to_string(),
    })
}
