//! The cases of 3D files: glTF with the report of the Khronos validator beside it, and meshes of several formats.

use std::{fs, path::Path};

use base::Limits;
use scene::{ReadError, model::Model};
use serde::Deserialize;
use serde_json::json;

use super::self_test::unreadable;
use crate::report::{Failure, print};

#[derive(Deserialize)]
struct Report {
    issues: Issues,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issues {
    num_errors: u64,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    severity: u64,
    pointer: Option<String>,
    offset: Option<usize>,
}

/// Runs the case of one glTF file: it is read exactly when the report counts no errors, and otherwise our error names one
/// of the places of the report.
pub fn gltf(path: &Path) -> Result<(), Failure> {
    let mut report = path.as_os_str().to_owned();
    report.push(".report.json");
    let report = Path::new(&report);
    let text = fs::read_to_string(report).map_err(|error| unreadable(report, error))?;
    let Report { issues } = serde_json::from_str(&text).map_err(|error| unreadable(report, error))?;
    let outcome = match (issues.num_errors, read(path)?) {
        (0, outcome) => outcome.map(drop).map_err(|error| error.to_string()),
        (_, Ok(_)) => Err("it was read without an error".to_owned()),
        (_, Err(error)) if issues.messages.iter().any(|message| is_at(&error, message)) => Ok(()),
        (_, Err(error)) => Err(format!("the report names another place: {error}")),
    };
    finish(path, outcome)
}

fn is_at(error: &ReadError, message: &Message) -> bool {
    let whole = |pointer: &str| pointer.is_empty() || pointer == "/";
    message.severity == 0
        && match (error, &message.pointer, message.offset) {
            (ReadError::Json { pointer, .. }, Some(other), _) => {
                pointer == other || whole(pointer) && whole(other)
            }
            (ReadError::Byte { offset, .. }, _, Some(other)) => *offset == other,
            _ => false,
        }
}

/// The folders of files that break the specification of their format, or require an extension that is not understood.
const INVALID: [&str; 7] = [
    "invalid",
    "BoxTextured-glTF-techniqueWebGL",
    "IncorrectVertexArrays",
    "IndexOutOfRange",
    "SchemaFailures",
    "TestNoRootNode",
    "issue_3269",
];

/// Runs the case of one mesh: it has geometry that stays the same through our own form, or, in a folder of invalid ones, is
/// refused.
pub fn mesh(path: &Path) -> Result<(), Failure> {
    let invalid = path.components().any(|part| INVALID.iter().any(|folder| part.as_os_str() == *folder));
    let outcome = match (invalid, read(path)?) {
        (true, Ok(_)) => Err("it was read without an error".to_owned()),
        (true, Err(_)) => Ok(()),
        (false, outcome) => outcome.map_err(|error| error.to_string()).and_then(|model| check(&model)),
    };
    finish(path, outcome)
}

fn check(model: &Model) -> Result<(), String> {
    let mut count = 0;
    for primitive in model.meshes.iter().flat_map(|mesh| &mesh.primitives) {
        count += primitive.geometry.indices.len();
        let bytes = scene::geometry::encode(&primitive.geometry);
        let again = scene::geometry::decode(&bytes).map_err(|error| error.to_string())?;
        if again != *primitive.geometry {
            return Err("our form of a mesh reads otherwise than it was written".to_owned());
        }
    }
    if count == 0 { Err("there is no geometry".to_owned()) } else { Ok(()) }
}

fn read(path: &Path) -> Result<Result<Model, ReadError>, Failure> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let resolve = |name: &str| fs::read(folder.join(name)).ok();
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    Ok(scene::import::read(&extension, &bytes, &resolve, &Limits::default()).map(|(model, _)| model))
}

fn finish(path: &Path, outcome: Result<(), String>) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let message = outcome.as_ref().err().cloned().unwrap_or_default();
    print(json!({ "case": name, "passed": outcome.is_ok(), "message": message }))
}
