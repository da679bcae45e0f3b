//! `--attest`: an in-toto statement of provenance beside each output.

use std::{collections::BTreeMap, fmt::Display, fs, path::Path};

use base::BlobHash;
use kernel::{Settings, ports::Files};
use provenance::{Artifact, Build, Program, Sha256, SigningKey, sign, statement};

use super::{RunRecord, StepRecord};
use crate::{
    assembly,
    report::{BAD_INPUT, DENIED, Failure, STORAGE, WRONG_USAGE},
};

/// The key that statements are signed with, which the settings name; none when they name none.
///
/// # Errors
/// It cannot be read, is no such key, or is a secret that a workspace asks for.
pub fn signing_key(settings: &Settings) -> Result<Option<SigningKey>, Failure> {
    let named = settings.text("attest.key").unwrap_or_default();
    let failed = |code: u8, error: &dyn Display| Failure::new(code, format!("attest.key: {named}: {error}"));
    let key = |text: &str| SigningKey::parse(text).map_err(|error| failed(WRONG_USAGE, &error)).map(Some);
    match named {
        "" => Ok(None),
        secret if secret.starts_with("secret:") => {
            if !settings.is_own("attest.key") {
                return Err(failed(
                    DENIED,
                    &"a workspace gets no secrets: name the key in your own settings",
                ));
            }
            let secret = assembly::secrets().resolve(secret).map_err(|error| failed(BAD_INPUT, &error))?;
            key(secret.expose())
        }
        file => key(&fs::read_to_string(file).map_err(|error| failed(BAD_INPUT, &error))?),
    }
}

/// Writes a statement beside each file that the steps of a run gave (`script` is the text that was run), signed if there is a key. Gives the
/// paths of the statements.
///
/// # Errors
/// A file is no longer what the run read or wrote, or a statement cannot be written.
pub fn attest(
    record: &RunRecord,
    script: &str,
    run: u64,
    key: Option<&SigningKey>,
    files: &dyn Files,
) -> Result<Vec<String>, Failure> {
    let mut outputs: BTreeMap<&str, &StepRecord> = BTreeMap::new();
    for step in &record.steps {
        outputs.extend(step.writes.keys().map(|path| (path.as_str(), step)));
    }
    let mut written = Vec::new();
    for (path, step) in outputs {
        let build = build(record, script, run, (path, step), files)?;
        let text = statement(&build).map_err(|error| Failure::new(1, format!("{path}: {error}")))?;
        let (name, bytes) = match key {
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
