//! `scene.pick`: the nearest surface along a ray.

use std::sync::{Arc, Mutex, PoisonError};

use base::{BlobHash, DocumentId, NodeId};
use document::{NodeRef, Tree};
use glam::{DMat4, DVec2, DVec3, Mat4};
use kernel::{Assets, Blobs, CommandError, QueryScope, Registrar};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Shared, scene, vector};
use crate::{
    edit::bvh::{Bvh, Hit, Ray},
    frame::{Camera, Geometry, Projection},
    geometry, keyframes, kinds,
    model::{Bounds, Sampler},
    view,
    world::{self, Motion, Shown, Thing},
};

pub(super) fn register(registrar: &mut Registrar<'_>, shared: &Arc<Shared>) {
    let shared = shared.clone();
    registrar.query("scene.pick", move |scope, args| pick(&shared.indexes, scope, args));
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// From the left edge of the picture, in px.
    x: Option<f64>,
    /// From the top edge of the picture, in px.
    y: Option<f64>,
    /// The width of the picture that the scene's camera sees, in px.
    #[serde(default = "usual_width")]
    #[schemars(range(min = 1, max = 1_000_000))]
    width: u32,
    /// The height of that picture, in px.
    #[serde(default = "usual_height")]
    #[schemars(range(min = 1, max = 1_000_000))]
    height: u32,
    /// Where the ray begins when x and y are absent, in the world, in m.
    origin: Option<[f64; 3]>,
    /// The direction of that ray.
    direction: Option<[f64; 3]>,
    /// Whether surfaces count that are seen from behind although their material is not double-sided.
    #[serde(rename = "backFaces", default)]
    back_faces: bool,
    /// Whether locked things count, too.
    #[serde(default)]
    locked: bool,
    /// The point in time, in s.
    #[serde(default)]
    time: f64,
}

fn usual_width() -> u32 {
    1280
}

fn usual_height() -> u32 {
    720
}

fn pick(indexes: &Indexes, scope: &mut QueryScope<'_>, args: Args) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let tree = scene(&content)?;
    let root = tree.root().at_time(args.time);
    let assets = scope.kernel().assets();
    let motion = Motion::at(root, args.time, &mut |hash| keyframes(hash, &assets))?;
    let shown = world::world(root, &motion, assets.limits())
        .map_err(|limit| CommandError::Limit { place: format!("document {}", args.document), limit })?
        .shown;
    let meshes: Vec<(&Shown, BlobHash, Option<NodeId>)> = shown
        .iter()
        .filter_map(|shown| match &shown.thing {
            Thing::Mesh { geometry: Some(hash), material, .. } => Some((shown, *hash, *material)),
            _ => None,
        })
        .collect();
    let read = indexes.read(meshes.iter().map(|(_, hash, _)| *hash), &assets, assets.limits())?;
    let Aim { ray, before, reach } = match (args.x, args.y, args.origin, args.direction) {
        (Some(x), Some(y), None, None) => {
            let camera = camera(root, &shown, || bounds(&meshes, &read), (args.width, args.height));
            through(&camera, DVec2::new(x, y), DVec2::new(args.width.into(), args.height.into()))
        }
        (None, None, Some(origin), Some(direction)) => {
            let direction = vector("direction", direction)?.try_normalize();
            let direction =
                direction.ok_or_else(|| CommandError::argument("direction", "it must be a direction"))?;
            let ray = Ray { origin: vector("origin", origin)?, direction };
            Aim { ray, before: 0.0, reach: f64::INFINITY }
        }
        _ => return Err(CommandError::argument("", "either x and y are needed, or origin and direction")),
    };
    let mut best: Option<(Hit, usize)> = None;
    for (place, (shown, _, material)) in meshes.iter().enumerate() {
        let Some(index) = read.get(place) else { continue };
        let world_from_local = shown.world_from_local.as_dmat4();
        let local_from_world = world_from_local.inverse();
        if !local_from_world.is_finite() || !args.locked && is_locked(tree, shown.node) {
            continue;
        }
        let local = Ray {
            origin: local_from_world.transform_point3(ray.origin),
            direction: local_from_world.transform_vector3(ray.direction),
        };
        let is_seen_through = args.back_faces || is_double_sided(tree, *material);
        // In the mesh's own space a front is one also where the world mirrors it.
        let fronts = if is_seen_through { None } else { Some(true) };
        let limit = best.as_ref().map_or(reach, |(hit, _)| hit.distance);
        if let Some(hit) = index.bvh.nearest(&index.geometry, &local, limit, fronts) {
            best = Some((hit, place));
        }
    }
    let found = best.and_then(|(hit, place)| {
        let (shown, _, material) = meshes.get(place)?;
        let mut told = told(&hit, shown, *material, &read.get(place)?.geometry, &ray);
        told["distance"] = json!(hit.distance + before);
        Some(told)
    });
    Ok(found.unwrap_or_else(|| json!({ "node": null })))
}

fn keyframes(hash: BlobHash, assets: &Assets<'_>) -> Result<Arc<Sampler>, CommandError> {
    let read = keyframes::decode(&assets.blob(hash)?);
    read.map(Arc::new).map_err(|error| CommandError::input(format!("blob {}", hash.short()), error))
}

fn told(hit: &Hit, shown: &Shown, material: Option<NodeId>, geometry: &Geometry, ray: &Ray) -> Json {
    let triangle =
        geometry.indices.as_chunks::<3>().0.get(hit.triangle as usize).copied().unwrap_or_default();
    let [u, v] = hit.weights;
    let weights = [1.0 - u - v, u, v];
    let world_from_local = shown.world_from_local.as_dmat4();
    let position =
        |index: u32| geometry.positions.get(index as usize).copied().unwrap_or_default().as_dvec3();
    let [a, b, c] = triangle.map(|index| world_from_local.transform_point3(position(index)));
    // Towards the side that the surface is seen from, in a mirrored mesh as in others.
    let face = (b - a).cross(c - a).normalize_or_zero();
    let face = if (face.dot(ray.direction) < 0.0) == hit.front { face } else { -face };
    let uv = triangle.iter().zip(weights).try_fold(DVec2::ZERO, |sum, (index, weight)| {
        Some(sum + geometry.uvs[0].get(*index as usize)?.as_dvec2() * weight)
    });
    let at = ray.origin + ray.direction * hit.distance;
    json!({
        "node": shown.node, "material": material, "position": at.to_array(),
        "normal": face.to_array(), "uv": uv.map(|uv| uv.to_array()), "triangle": hit.triangle, "front": hit.front,
    })
}

fn is_locked(tree: &Tree, node: NodeId) -> bool {
    std::iter::successors(tree.get(node), |node| node.parent())
        .any(|node| node.value("locked").and_then(|value| value.as_bool()) == Some(true))
}

fn is_double_sided(tree: &Tree, material: Option<NodeId>) -> bool {
    let material = material.and_then(|material| tree.get(material)).and_then(kinds::Material::read);
    material.is_none_or(|material| material.double_sided())
}

fn bounds(meshes: &[(&Shown, BlobHash, Option<NodeId>)], read: &[Arc<Index>]) -> Bounds {
    meshes.iter().zip(read).fold(Bounds::EMPTY, |bounds, ((shown, ..), index)| {
        bounds.union(Bounds::of_geometry(&index.geometry, shown.world_from_local))
    })
}

/// The camera that pictures of the scene are drawn from.
fn camera(root: NodeRef<'_>, shown: &[Shown], bounds: impl Fn() -> Bounds, size: (u32, u32)) -> Camera {
    let wanted = kinds::World::read(root).and_then(|world| world.camera());
    let cameras = || {
        shown.iter().filter_map(|shown| match shown.thing {
            Thing::Camera(projection) => Some((shown.node, shown.world_from_local, projection)),
            _ => None,
        })
    };
    match cameras().find(|(node, ..)| Some(*node) == wanted).or_else(|| cameras().next()) {
        Some((_, world_from_camera, projection)) => {
            Camera { view_from_world: view::rigid_inverse(world_from_camera), projection }
        }
        None => view::framing(bounds(), size),
    }
}

/// The ray through a point of a picture, from the plane before which nothing is seen to that behind which nothing is.
fn through(camera: &Camera, point: DVec2, size: DVec2) -> Aim {
    let world_from_view: DMat4 = Mat4::as_dmat4(&camera.view_from_world).inverse();
    let part = (point / size - 0.5) * DVec2::new(2.0, -2.0) * DVec2::new(size.x / size.y, 1.0);
    let (origin, direction, near, far) = match camera.projection {
        Projection::Perspective { yfov, near, far } => {
            let direction = (part * (f64::from(yfov) / 2.0).tan()).extend(-1.0);
            (direction * f64::from(near), direction, near, far)
        }
        Projection::Orthographic { ymag, near, far } => {
            ((part * f64::from(ymag)).extend(-f64::from(near)), DVec3::NEG_Z, near, far)
        }
    };
    let (near, far) = (f64::from(near) * direction.length(), f64::from(far) * direction.length());
    let ray = Ray {
        origin: world_from_view.transform_point3(origin),
        direction: world_from_view.transform_vector3(direction).normalize_or(DVec3::NEG_Z),
    };
    Aim { ray, before: near, reach: far - near }
}

/// A ray of unit direction that begins and ends somewhere.
struct Aim {
    ray: Ray,
    /// What is to be added to distances, in m: how far away it begins from where they are measured from.
    before: f64,
    /// How far it goes, in m.
    reach: f64,
}

/// Geometry with the tree of its triangles.
struct Index {
    geometry: Geometry,
    bvh: Bvh,
}

impl Index {
    fn size(&self) -> usize {
        self.geometry.positions.len() * 64 + self.geometry.indices.len() * 4 + self.bvh.size()
    }
}

/// Indexes of geometry that has been asked, by its blob: edits that leave it as it is leave them, too.
#[derive(Default)]
pub(super) struct Indexes(Mutex<Vec<(BlobHash, Arc<Index>)>>);

/// How many bytes are kept.
const KEPT: usize = 1 << 29;

impl Indexes {
    /// Lets go of all.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The indexes of these blobs, in their order.
    fn read(
        &self,
        hashes: impl Iterator<Item = BlobHash>,
        blobs: &dyn Blobs,
        limits: &base::Limits,
    ) -> Result<Vec<Arc<Index>>, CommandError> {
        let hashes: Vec<BlobHash> = hashes.collect();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known: std::collections::BTreeMap<BlobHash, Option<Arc<Index>>> =
            hashes.iter().map(|hash| (*hash, None)).collect();
        for (hash, index) in kept.iter() {
            if let Some(place) = known.get_mut(hash) {
                *place = Some(index.clone());
            }
        }
        let mut bytes = 0;
        let mut missing = Vec::new();
        for hash in known.iter().filter(|(_, index)| index.is_none()).map(|(hash, _)| *hash) {
            let blob = blobs.blob(hash)?;
            bytes += blob.len() as u64;
            base::Limits::check("the scene's size in bytes", bytes, limits.import_bytes, "importBytes")
                .map_err(|limit| CommandError::Limit { place: "the scene".to_owned(), limit })?;
            missing.push((hash, blob));
        }
        let read: Result<Vec<(BlobHash, Arc<Index>)>, CommandError> = missing
            .into_par_iter()
            .map(|(hash, blob)| {
                let geometry = geometry::decode(&blob)
                    .map_err(|error| CommandError::input(format!("blob {}", hash.short()), error))?;
                let bvh = Bvh::new(&geometry);
                Ok((hash, Arc::new(Index { geometry, bvh })))
            })
            .collect();
        for (hash, index) in read? {
            known.insert(hash, Some(index.clone()));
            kept.push((hash, index));
        }
        // The oldest go first, but for those that this picture needs.
        let mut size: usize = kept.iter().map(|(_, index)| index.size()).sum();
        kept.retain(|(hash, index)| {
            let stays = size <= KEPT || known.contains_key(hash);
            size -= if stays { 0 } else { index.size() };
            stays
        });
        Ok(hashes.iter().filter_map(|hash| known.get(hash).cloned().flatten()).collect())
    }
}
