//! Reading files of all formats into models and scenes.

use std::sync::Arc;

use base::{Diagnostic, IdSource, Limits};
use kernel::{Assets, CommandError, FileSource, Imported, ImportedContent, Importer, Registrar};

use crate::{
    ReadError, Sources, gltf, kinds,
    model::{Model, add_tangents},
    obj, ply, stl, world,
};

pub(crate) fn register(registrar: &mut Registrar<'_>, sources: &Arc<Sources>) {
    for format in ["gltf", "obj", "stl", "ply"] {
        registrar.importer(format, Arc::new(SceneImporter { sources: sources.clone() }));
    }
}

/// Reads a file of a format: gltf, obj, stl or ply. `resolve` reads files beside it. What is left out of the model is told
/// in the diagnostics. Where a material has a normal map and the file no tangents, they are those of MikkTSpace.
///
/// # Errors
/// The file is damaged, a file beside it that it cannot do without is missing, or a limit is exceeded.
pub fn read(
    format: &str,
    bytes: &[u8],
    resolve: &gltf::Resolve<'_>,
    limits: &Limits,
) -> Result<(Model, Vec<Diagnostic>), ReadError> {
    Limits::check("the file's size in bytes", bytes.len() as u64, limits.file_bytes, "fileBytes")?;
    let (mut model, mut diagnostics) = match format {
        "obj" => obj::read(bytes, resolve, limits)?,
        "ply" => (ply::read(bytes)?, Vec::new()),
        "stl" => (stl::read(bytes)?, Vec::new()),
        _ => gltf::read(bytes, resolve, limits)?,
    };
    diagnostics.extend(add_tangents(&mut model));
    Ok((model, diagnostics))
}

struct SceneImporter {
    sources: Arc<Sources>,
}

impl Importer for SceneImporter {
    fn recognises(&self, format: &str, bytes: &[u8]) -> bool {
        match format {
            "obj" => obj::recognises(bytes),
            "ply" => ply::recognises(bytes),
            "stl" => stl::recognises(bytes),
            _ => gltf::recognises(bytes),
        }
    }

    fn import(
        &self,
        source: &FileSource<'_>,
        assets: &mut Assets<'_>,
        ids: &mut IdSource,
    ) -> Result<Imported, CommandError> {
        let files = assets.files().clone();
        let resolve = |name: &str| files.read(&files.beside(source.path, name).ok()?).ok();
        let limits = assets.limits().clone();
        let (mut model, diagnostics) =
            read(source.format, source.bytes, &resolve, &limits).map_err(|error| match error {
                ReadError::Limit(limit) => CommandError::Limit { place: source.path.to_owned(), limit },
                other => CommandError::input(source.path, other),
            })?;
        name_after(&mut model, source.path);
        let inserted = world::insert(&model, source.path, &limits, ids, &mut |bytes| assets.put_blob(bytes))?;
        // What is drawn next is here already.
        inserted
            .geometries
            .into_iter()
            .for_each(|(hash, geometry)| self.sources.add_geometry(hash, geometry));
        let diagnostics = diagnostics.into_iter().map(|diagnostic| Diagnostic {
            place: format!("{}: {}", source.path, diagnostic.place),
            ..diagnostic
        });
        Ok(Imported {
            kind: kinds::World::KIND,
            content: ImportedContent::Tree(inserted.deltas),
            record: Vec::new(),
            diagnostics: diagnostics.collect(),
        })
    }
}

/// Names a node that stands for the whole file after it.
fn name_after(model: &mut Model, path: &str) {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    if let [root] = *model.roots
        && let Some(node) = model.nodes.get_mut(root)
        && node.name.is_empty()
    {
        node.name = stem.to_owned();
    }
}
