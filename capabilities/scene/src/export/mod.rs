//! Writing scenes: models as files of other programs, and what is seen of them as pictures.

mod baked;
mod glb;
mod image;
mod obj;
mod ply;
mod still;
mod stl;

use std::sync::Arc;

use base::{Diagnostic, LimitExceeded, Limits};
use document::{Content, Key, Tree, Value};
use gpu::Shared;
use kernel::{Assets, CommandError, ExportRequest, Exported, Exporter, FileBeside, Registrar};

use crate::{
    Sources,
    frame::{Geometry, Topology},
    model::Model,
    world::{self, Movement},
};

/// The formats of models.
const MODELS: [&str; 4] = ["glb", "obj", "stl", "ply"];

pub(crate) fn register(registrar: &mut Registrar<'_>, gpu: &Shared, sources: &Arc<Sources>) {
    still::register(registrar, gpu, sources);
    for format in MODELS {
        registrar.exporter(format, Arc::new(ModelExporter(sources.clone())));
    }
}

/// A model that was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// The files that it refers to.
    pub beside: Vec<FileBeside>,
    /// What was left out or written otherwise than meant.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why a model was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// It has nothing that the format can hold.
    #[error("there is nothing to write: {0}")]
    Nothing(&'static str),
    /// It does not fit into the format.
    #[error("{what} is {found}, and the format holds {most} at most")]
    TooLarge {
        /// What was counted: "the number of triangles".
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many there may be.
        most: u64,
    },
    /// The format is none that models are written in.
    #[error("models are not written as {0:?}")]
    Format(String),
    /// The file would be larger than is allowed.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// Writes a model in a format: glb, obj, stl or ply. `name` is that of the file; files beside it are named after it.
///
/// glTF keeps nodes, shared meshes, materials, lights, cameras, skins, morph targets and animations. The other formats hold what is seen at one place each,
/// in the world's space: OBJ objects with materials, PLY one surface with colours, STL triangles alone.
///
/// # Errors
/// The format is another one, the model has nothing that it can hold or does not fit into it, or the limit on memory.
pub fn write(format: &str, model: &Model, name: &str, limits: &Limits) -> Result<Written, WriteError> {
    match format {
        "glb" => glb::write(model, limits),
        "obj" => obj::write(model, name, limits),
        "stl" => stl::write(model, limits),
        "ply" => ply::write(model, limits),
        other => Err(WriteError::Format(other.to_owned())),
    }
}

struct ModelExporter(Arc<Sources>);

impl Exporter for ModelExporter {
    fn export(
        &self,
        document: &Content,
        record: &[(Key, Value)],
        request: &ExportRequest,
        assets: &mut Assets<'_>,
        limits: &Limits,
    ) -> Result<Exported, CommandError> {
        let name =
            record.iter().find(|(key, _)| key.as_str() == "name").and_then(|(_, value)| value.as_str());
        let place = name.unwrap_or("the scene");
        let movement = movement(request)?;
        let model = world::model(document, request.time, movement, place, &assets.reading(), &self.0)?;
        let written = write(&request.format, &model, &request.name, limits).map_err(|error| match error {
            WriteError::Limit(limit) => CommandError::Limit { place: place.to_owned(), limit },
            other => CommandError::Failed(format!("{place}: {other}")),
        })?;
        let mut all = written.diagnostics;
        if movement == Movement::Kept && has_key_frames(document) {
            let message = "key frames of properties are not written: they are as they are at the moment";
            all.push(Diagnostic::warning("", message));
        }
        let diagnostics = all.into_iter().map(|diagnostic| Diagnostic {
            place: match diagnostic.place.is_empty() {
                true => place.to_owned(),
                false => format!("{place}: {}", diagnostic.place),
            },
            ..diagnostic
        });
        Ok(Exported {
            bytes: written.bytes.into(),
            beside: written.beside,
            diagnostics: diagnostics.collect(),
        })
    }
}

/// Whether what moves goes on to do so in the file: in glTF, unless the option `bake` asks for the moment alone.
fn movement(request: &ExportRequest) -> Result<Movement, CommandError> {
    let refused =
        |message: String| CommandError::argument("options", format!("{}: {message}", request.format));
    let mut movement = if request.format == "glb" { Movement::Kept } else { Movement::Baked };
    for (option, value) in request.options.as_object().into_iter().flatten() {
        if option != "bake" || request.format != "glb" {
            return Err(refused(format!("there is no option {option:?}")));
        }
        let bakes = value.as_bool().ok_or_else(|| refused("bake is true or false".to_owned()))?;
        movement = if bakes { Movement::Baked } else { Movement::Kept };
    }
    Ok(movement)
}

/// Whether properties of nodes change over time by themselves, beside the animations.
fn has_key_frames(document: &Content) -> bool {
    let root = document.tree().map(Tree::root);
    root.into_iter()
        .flat_map(|root| std::iter::once(root).chain(root.descendants()))
        .any(|node| node.end() > 0.0)
}

/// The indices of a geometry that make up whole elements; none when there is nothing to be seen.
fn elements(geometry: &Geometry) -> Option<&[u32]> {
    let corners = corners(geometry.topology);
    let whole = geometry.indices.len() / corners * corners;
    let indices = geometry.indices.get(..whole).filter(|indices| !indices.is_empty())?;
    let count = geometry.positions.len();
    indices.iter().all(|index| (*index as usize) < count).then_some(indices)
}

/// How many vertices an element has.
fn corners(topology: Topology) -> usize {
    match topology {
        Topology::Triangles => 3,
        Topology::Lines => 2,
        Topology::Points => 1,
    }
}

/// A number as it is, if it is finite.
fn held(number: f32) -> f32 {
    if number.is_nan() { 0.0 } else { number.clamp(f32::MIN, f32::MAX) }
}

/// Checks what a file is going to take before memory is taken for it.
fn check_size(bytes: u64, limits: &Limits) -> Result<(), WriteError> {
    Limits::check("the size of the file in bytes", bytes, limits.import_bytes, "importBytes")?;
    Ok(())
}
