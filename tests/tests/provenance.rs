//! What made a file is told by the log, and attested so that others' programs believe it.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value as Json;
use sigstore_types::{DsseEnvelope, Statement};
use support::{build::Build, result};

/// RFC 8032 §7.1, test 2.
const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const PUBLIC: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

fn names(list: &Json) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

fn digest(list: &Json, name: &str, algorithm: &str) -> String {
    let entry = list.as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap();
    entry["digest"][algorithm].as_str().unwrap().to_owned()
}

#[test]
fn each_output_says_what_it_was_made_of_and_others_believe_it() {
    let build = Build::new();
    fs::write(build.path("../key"), SEED).unwrap();
    let key = format!("attest.key={}", build.path("../key").display());
    let no_key = build.command(&["--attest", "--setting", "attest.key=secret:signing"]).output().unwrap();
    assert_eq!((no_key.status.code(), build.outputs().len()), (Some(3), 0));
    let run = build.run(&["--attest", "--setting", &key]);
    let mut secret = build.command(&["--attest", "--setting", "attest.key=secret:signing"]);
    let same = result(&secret.env("METABUILDER_SECRET_SIGNING", SEED).output().unwrap());
    assert_eq!((&same["statements"], &same["ran"]), (&run["statements"], &Json::Array(Vec::new())));
    assert_eq!(run["statements"].as_array().unwrap().len(), 18);
    let public: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&PUBLIC[2 * at..2 * at + 2], 16).unwrap()).collect();
    let public = ed25519_compact::PublicKey::from_slice(&public).unwrap();
    let all: BTreeSet<String> = ["build.json", "in/mark0.svg", "in/mark1.svg"]
        .into_iter()
        .map(str::to_owned)
        .chain((0..4).map(|n| format!("in/photo{n}.jpg")))
        .collect();
    let some: BTreeSet<String> = ["build.json", "in/mark1.svg", "in/photo3.jpg"].map(str::to_owned).into();
    for (output, materials) in [("out/3-small.png", some), ("out/sheet.png", all)] {
        let envelope = fs::read(build.path(&format!("{output}.intoto.jsonl"))).unwrap();
        let envelope: DsseEnvelope = serde_json::from_slice(&envelope).unwrap();
        let signature = ed25519_compact::Signature::from_slice(envelope.signature.sig.as_bytes()).unwrap();
        public.verify(envelope.pae(), &signature).unwrap();
        let payload = envelope.payload.as_bytes();
        let statement: Statement = serde_json::from_slice(payload).unwrap();
        assert_eq!(statement.predicate_type, "https://slsa.dev/provenance/v1");
        let statement: Json = serde_json::from_slice(payload).unwrap();
        assert_eq!(names(&statement["subject"]), BTreeSet::from([output.to_owned()]));
        let bytes = fs::read(build.path(output)).unwrap();
        let reported = run["outputs"]
            .as_array()
            .unwrap()
            .iter()
            .find(|o| o["path"].as_str().unwrap().ends_with(output))
            .unwrap();
        assert_eq!(digest(&statement["subject"], output, "sha256"), reported["sha256"].as_str().unwrap());
        assert_eq!(digest(&statement["subject"], output, "blake3"), base::BlobHash::of(&bytes).to_string());
        let dependencies = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
        assert_eq!(names(dependencies), materials, "{output}");

        let mut log = Command::new(support::program());
        log.args(["log", "--json", "--output"]).arg(build.path(output)).env("XDG_CACHE_HOME", build.cache());
        let told = result(&log.output().unwrap());
        let mut inputs: BTreeSet<String> = told["inputs"].as_object().unwrap().keys().cloned().collect();
        inputs.insert("build.json".to_owned());
        assert_eq!(inputs, materials, "{output}");
        assert_eq!(
            told["inputs"]["in/photo3.jpg"].as_str().unwrap(),
            digest(dependencies, "in/photo3.jpg", "blake3")
        );
    }
}

#[test]
fn runs_are_remembered_with_what_ran_and_why() {
    let build = Build::new();
    build.run(&[]);
    build.change_a_byte("in/mark0.svg");
    build.run(&[]);
    let output = build.command(&["--set", "nothing=1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    build.run(&[]);
    let metabuilder = |arguments: &[&str]| {
        let mut command = Command::new(support::program());
        result(&command.args(arguments).arg("--json").env("XDG_CACHE_HOME", build.cache()).output().unwrap())
    };
    let listed = metabuilder(&["runs"]);
    let runs = listed["runs"].as_array().unwrap();
    let dependants = build.dependants("in/mark0.svg").len();
    let counts: Vec<_> = runs.iter().map(|run| run["ran"].as_u64().unwrap()).collect();
    assert_eq!(counts, [0, dependants as u64, 60]);
    let shown = metabuilder(&["runs", "show", &runs[1]["id"].to_string()]);
    let steps = shown["record"]["steps"].as_array().unwrap();
    let mark = steps.iter().find(|step| step["id"] == "0-mark").unwrap();
    assert_eq!((&mark["way"], &mark["reason"]), (&"ran".into(), &"in/mark0.svg changed".into()));
    let small = steps.iter().find(|step| step["id"] == "0-small").unwrap();
    assert!(small["writes"]["out/0-small.png"].is_string());
}
