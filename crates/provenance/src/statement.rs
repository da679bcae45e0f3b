//! The statement: an in-toto Statement v1 with the SLSA provenance v1 predicate.

use crate::{Artifact, Build, Error, StepRecord};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

/// `_type` (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>).
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// `predicateType` (<https://slsa.dev/spec/v1.0/provenance>).
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";

/// `buildType`: a run of a script (`--batch`), version 1 of how it is described. In such a statement
///
/// - `externalParameters` is what the user decided: `script`, the descriptor of the script, `variables`, those that were
///   set from outside, by name, and `settings`, those that were given for this run, by key. A verifier compares them with
///   what it expects, and refuses further parameters;
/// - `internalParameters.steps` lists the steps in the order of the script, as they were resolved: `id`, `command`,
///   `arguments`, `inputs` (names of `resolvedDependencies`, ascending) and `cacheKey` (hexadecimal). They follow from
///   the external parameters and the dependencies, and need no check;
/// - `resolvedDependencies` lists the script and every file that a step read, by ascending name;
/// - every descriptor has a `name`, as the script writes the path, a `digest`, and the length in bytes as the annotation
///   `metabuilder_size`. Beside `sha256`, a digest may have `blake3`: BLAKE3 with its default length of 256 bits, in
///   lower-case hexadecimal.
///
/// To run the build anew, put the dependencies where the script looks for them and run
/// `metabuilder --batch SCRIPT --set NAME=VALUE … --setting KEY=VALUE …` with the variables and settings.
pub const BUILD_TYPE: &str = "https://metabuilder.dev/build/script/v1";

/// `builder.id`: MetaBuilder on a machine of the user's, trusted as much as whoever holds the signing key is.
pub const LOCAL_BUILDER: &str = "https://metabuilder.dev/builder/local/v1";

/// The statement about a build, as JSON text. The same build gives the same bytes: there is no white space, the keys of
/// every object ascend, and lists that are sets ascend by name, each entry once.
///
/// # Errors
/// [`Error::NoSubject`] when the build wrote nothing, [`Error::Ambiguous`] when a name stands for two contents,
/// [`Error::UnknownInput`] when a step read what is no material, [`Error::Time`] when the times make no sense.
pub fn statement(build: &Build) -> Result<String, Error> {
    if build.subjects.is_empty() {
        return Err(Error::NoSubject);
    }
    let dependencies = by_name(build.materials.iter().chain([&build.script]))?;
    let steps: Vec<_> =
        build.steps.iter().map(|step| resolved(step, &dependencies)).collect::<Result<_, _>>()?;
    let (started, finished) = times(build)?;
    let mut statement = json!({
        "_type": STATEMENT_TYPE,
        "subject": descriptors(&by_name(&build.subjects)?),
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "script": descriptor(&build.script),
                    "variables": build.variables,
                    "settings": build.settings,
                },
                "internalParameters": { "steps": steps },
                "resolvedDependencies": descriptors(&dependencies),
            },
            "runDetails": {
                "builder": { "id": LOCAL_BUILDER, "version": { (build.program.name.as_str()): build.program.version } },
                "metadata": { "invocationId": build.invocation, "startedOn": started, "finishedOn": finished },
                "byproducts": descriptors(&by_name(&build.byproducts)?),
            },
        },
    });
    statement.sort_all_objects();
    Ok(statement.to_string())
}

type ByName<'a> = BTreeMap<&'a str, &'a Artifact>;

/// Each artifact once, with both of its hashes where they are told anywhere.
fn by_name<'a>(artifacts: impl IntoIterator<Item = &'a Artifact>) -> Result<ByName<'a>, Error> {
    let mut found = ByName::new();
    for artifact in artifacts {
        let known = found.entry(&artifact.name).or_insert(artifact);
        let other = known.blake3.zip(artifact.blake3).is_some_and(|(known, told)| known != told);
        if other || known.sha256 != artifact.sha256 {
            return Err(Error::Ambiguous { name: artifact.name.clone() });
        }
        if known.blake3.is_none() {
            *known = artifact;
        }
    }
    Ok(found)
}

fn descriptors(artifacts: &ByName<'_>) -> Vec<Value> {
    artifacts.values().map(|artifact| descriptor(artifact)).collect()
}

/// A ResourceDescriptor (<https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md>).
fn descriptor(artifact: &Artifact) -> Value {
    let mut digest = Map::new();
    digest.insert("sha256".into(), artifact.sha256.to_string().into());
    digest.extend(artifact.blake3.map(|hash| ("blake3".into(), hash.to_string().into())));
    json!({ "name": artifact.name, "digest": digest, "annotations": { "metabuilder_size": artifact.size } })
}

fn resolved(step: &StepRecord, dependencies: &ByName<'_>) -> Result<Value, Error> {
    if let Some(input) = step.inputs.iter().find(|input| !dependencies.contains_key(input.as_str())) {
        return Err(Error::UnknownInput { step: step.id.clone(), input: input.clone() });
    }
    Ok(json!({
        "id": step.id,
        "command": step.command,
        "arguments": step.arguments,
        "inputs": step.inputs.iter().collect::<BTreeSet<_>>(),
        "cacheKey": step.key,
    }))
}

/// 9999-12-31T23:59:59.999Z, the last time with a year of four digits.
const LAST_MS: i64 = 253_402_300_799_999;

/// Start and end in RFC 3339 with milliseconds, UTC.
fn times(build: &Build) -> Result<(String, String), Error> {
    let (started_ms, finished_ms) = (build.started_ms, build.finished_ms);
    let rfc3339 = |ms: i64| {
        let since = Duration::from_millis(u64::try_from(ms).ok().filter(|_| ms <= LAST_MS)?);
        Some(humantime::format_rfc3339_millis(UNIX_EPOCH.checked_add(since)?).to_string())
    };
    let both = || Some((rfc3339(started_ms)?, rfc3339(finished_ms)?));
    both().filter(|_| started_ms <= finished_ms).ok_or(Error::Time { started_ms, finished_ms })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Program, Sha256};
    use base::BlobHash;

    fn artifact(name: &str, content: &str) -> Artifact {
        let bytes = content.as_bytes();
        let size = bytes.len() as u64;
        Artifact { name: name.into(), sha256: Sha256::of(bytes), blake3: None, size }
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn build() -> Build {
        Build {
            subjects: vec![Artifact {
                blake3: Some(BlobHash::of(b"abc")),
                ..artifact("out/poster.png", "abc")
            }],
            materials: vec![artifact("in/photo.jpg", "")],
            script: artifact("poster.json", "{}"),
            variables: object(json!({ "width": 640, "title": "Hello" })),
            settings: object(json!({ "adapter": "cpu" })),
            steps: vec![StepRecord {
                id: "photo".into(),
                command: "document.import".into(),
                arguments: object(json!({ "path": "in/photo.jpg" })),
                inputs: vec!["in/photo.jpg".into()],
                key: "ab".into(),
            }],
            byproducts: vec![],
            program: Program { name: "metabuilder".into(), version: "0.1.0".into() },
            started_ms: 482_196_050_520,
            finished_ms: 482_196_051_000,
            invocation: "run-1".into(),
        }
    }

    #[test]
    fn the_fields_are_those_of_the_specifications() {
        let text = statement(&build()).unwrap();
        let script = json!({
            "name": "poster.json",
            "digest": { "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" },
            "annotations": { "metabuilder_size": 2 },
        });
        let expected = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{
                "name": "out/poster.png",
                "digest": {
                    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                    "blake3": "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
                },
                "annotations": { "metabuilder_size": 3 },
            }],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    "buildType": "https://metabuilder.dev/build/script/v1",
                    "externalParameters": {
                        "script": script,
                        "variables": { "width": 640, "title": "Hello" },
                        "settings": { "adapter": "cpu" },
                    },
                    "internalParameters": { "steps": [{
                        "id": "photo",
                        "command": "document.import",
                        "arguments": { "path": "in/photo.jpg" },
                        "inputs": ["in/photo.jpg"],
                        "cacheKey": "ab",
                    }] },
                    "resolvedDependencies": [
                        {
                            "name": "in/photo.jpg",
                            "digest": {
                                "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                            },
                            "annotations": { "metabuilder_size": 0 },
                        },
                        script,
                    ],
                },
                "runDetails": {
                    "builder": {
                        "id": "https://metabuilder.dev/builder/local/v1",
                        "version": { "metabuilder": "0.1.0" },
                    },
                    "metadata": {
                        "invocationId": "run-1",
                        "startedOn": "1985-04-12T23:20:50.520Z",
                        "finishedOn": "1985-04-12T23:20:51.000Z",
                    },
                    "byproducts": [],
                },
            },
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }

    #[test]
    fn the_same_build_gives_the_same_bytes_in_whatever_order_it_is_told() {
        let mut first = build();
        first.subjects.push(artifact("out/a.png", "a"));
        first.materials.push(artifact("in/a.jpg", "a"));
        first.steps[0].inputs.push("in/a.jpg".into());
        first.variables = object(json!({ "a": { "x": 1, "y": 2 }, "b": [] }));
        let mut second = first.clone();
        second.subjects.reverse();
        second.materials.reverse();
        let hashed = Artifact { blake3: Some(BlobHash::of(b"a")), ..artifact("in/a.jpg", "a") };
        second.materials.push(hashed.clone());
        first.materials.insert(0, hashed);
        second.steps[0].inputs.reverse();
        second.variables = object(json!({ "b": [], "a": { "y": 2, "x": 1 } }));
        assert_eq!(statement(&first).unwrap(), statement(&second).unwrap());
        assert!(
            statement(&first).unwrap().starts_with(r#"{"_type":"https://in-toto.io/Statement/v1","pred"#)
        );

        second.variables = object(json!({ "a": { "x": 1, "y": 2 }, "b": [0] }));
        assert_ne!(statement(&first).unwrap(), statement(&second).unwrap());
    }

    #[test]
    fn what_cannot_be_attested_is_refused() {
        let refused = |change: fn(&mut Build)| {
            let mut build = build();
            change(&mut build);
            statement(&build).unwrap_err()
        };
        assert!(matches!(refused(|build| build.subjects.clear()), Error::NoSubject));
        let error = refused(|build| build.subjects.push(artifact("out/poster.png", "other")));
        assert!(matches!(error, Error::Ambiguous { name } if name == "out/poster.png"));
        let error = refused(|build| {
            let other = Artifact { blake3: Some(BlobHash::of(b"other")), ..build.subjects[0].clone() };
            build.subjects.push(other);
        });
        assert!(matches!(error, Error::Ambiguous { name } if name == "out/poster.png"));
        let error = refused(|build| build.materials.push(artifact("poster.json", "other")));
        assert!(matches!(error, Error::Ambiguous { name } if name == "poster.json"));
        let error = refused(|build| build.steps[0].inputs.push("in/other.jpg".into()));
        assert!(
            matches!(error, Error::UnknownInput { step, input } if step == "photo" && input == "in/other.jpg")
        );
        for change in [
            (|build| build.started_ms = -1) as fn(&mut Build),
            |build| build.finished_ms = LAST_MS + 1,
            |build| build.finished_ms = i64::MAX,
            |build| build.finished_ms = build.started_ms - 1,
        ] {
            assert!(matches!(refused(change), Error::Time { .. }));
        }
    }

    #[test]
    fn times_reach_from_1970_to_9999() {
        let build = Build { started_ms: 0, finished_ms: LAST_MS, ..build() };
        let (first, last) = times(&build).unwrap();
        assert_eq!((first.as_str(), last.as_str()), ("1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"));
    }
}
