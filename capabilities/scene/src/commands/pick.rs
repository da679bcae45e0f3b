//! `scene.pick`: the nearest surface along a ray.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use base::{BlobHash, DocumentId, Limits, NodeId};
use document::{NodeRef, Tree};
use glam::{DMat4, DVec2, DVec3, Mat4};
use kernel::{Blobs, CommandError, QueryScope, Registrar};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Shared, scene, vector};
use crate::{
    Sources,
    edit::bvh::{Bvh, Hit, Ray},
    frame::{Camera, Geometry, Projection},
    kinds,
    model::Bounds,
    sources::Bent,
    view,
    world::{self, Bend, Motion, Shown, Thing, World},
};

pub(super) fn register(registrar: &mut Registrar<'_>, shared: &Arc<Shared>) {
    let shared = shared.clone();
    registrar.query("scene.pick", move |scope, args| pick(&shared, scope, args));
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

fn pick(shared: &Shared, scope: &mut QueryScope<'_>, args: Args) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let tree = scene(&content)?;
    let root = tree.root().at_time(args.time);
    let assets = scope.kernel().assets();
    let motion = Motion::at(root, args.time, &mut |hash| shared.sources.keyframes(hash, &assets))?;
    let world = world::world(root, &motion, assets.limits())
        .map_err(|limit| CommandError::Limit { place: format!("document {}", args.document), limit })?;
    let wanted = world.shown.iter().filter_map(|shown| match &shown.thing {
        Thing::Mesh { geometry: Some(hash), material, bend } => {
            Some((shown, *material, Wanted::of(*hash, bend.as_ref(), &world)))
        }
        _ => None,
    });
    let wanted: Vec<(&Shown, Option<NodeId>, Wanted<'_>)> = wanted.collect();
    let read = shared.indexes.read(
        wanted.iter().map(|(.., wanted)| *wanted),
        &shared.sources,
        &world,
        (&assets, assets.limits()),
    )?;
    let meshes = wanted.iter().zip(&read).map(|((shown, material, _), index)| Mesh {
        node: shown.node,
        material: *material,
        world_from_local: if index.in_world { Mat4::IDENTITY } else { shown.world_from_local },
        index,
    });
    let meshes: Vec<Mesh<'_>> = meshes.collect();
    let Aim { ray, before, reach } = match (args.x, args.y, args.origin, args.direction) {
        (Some(x), Some(y), None, None) => {
            let camera = camera(root, &world.shown, || bounds(&meshes), (args.width, args.height));
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
    for (place, mesh) in meshes.iter().enumerate() {
        let local_from_world = mesh.world_from_local.as_dmat4().inverse();
        if !local_from_world.is_finite() || !args.locked && is_locked(tree, mesh.node) {
            continue;
        }
        let local = Ray {
            origin: local_from_world.transform_point3(ray.origin),
            direction: local_from_world.transform_vector3(ray.direction),
        };
        let is_seen_through = args.back_faces || is_double_sided(tree, mesh.material);
        // In the mesh's own space a front is one also where the world mirrors it.
        let fronts = if is_seen_through { None } else { Some(true) };
        let limit = best.as_ref().map_or(reach, |(hit, _)| hit.distance);
        if let Some(hit) = mesh.index.bvh.nearest(&mesh.index.geometry, &local, limit, fronts) {
            best = Some((hit, place));
        }
    }
    let found = best.and_then(|(hit, place)| {
        let mut told = told(&hit, meshes.get(place)?, &ray);
        told["distance"] = json!(hit.distance + before);
        Some(told)
    });
    Ok(found.unwrap_or_else(|| json!({ "node": null })))
}

/// A mesh at the moment that was asked for.
struct Mesh<'a> {
    node: NodeId,
    material: Option<NodeId>,
    world_from_local: Mat4,
    index: &'a Index,
}

fn told(hit: &Hit, mesh: &Mesh<'_>, ray: &Ray) -> Json {
    let geometry = &*mesh.index.geometry;
    let triangle =
        geometry.indices.as_chunks::<3>().0.get(hit.triangle as usize).copied().unwrap_or_default();
    let [u, v] = hit.weights;
    let weights = [1.0 - u - v, u, v];
    let world_from_local = mesh.world_from_local.as_dmat4();
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
        "node": mesh.node, "material": mesh.material, "position": at.to_array(),
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

fn bounds(meshes: &[Mesh<'_>]) -> Bounds {
    meshes.iter().fold(Bounds::EMPTY, |bounds, mesh| {
        bounds.union(Bounds::of_geometry(&mesh.index.geometry, mesh.world_from_local))
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
    geometry: Arc<Geometry>,
    bvh: Bvh,
    /// Whether joints have brought it into the world's space.
    in_world: bool,
}

impl Index {
    fn size(&self) -> usize {
        self.geometry.positions.len() * 64 + self.geometry.indices.len() * 4 + self.bvh.size()
    }
}

/// Geometry as something bends it.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    /// Of all that it follows from.
    key: BlobHash,
    geometry: BlobHash,
    bend: Option<&'a Bend>,
}

impl<'a> Wanted<'a> {
    fn of(geometry: BlobHash, bend: Option<&'a Bend>, world: &World) -> Self {
        let Some(Bend { deformation, skin, weights }) = bend else {
            return Wanted { key: geometry, geometry, bend };
        };
        let matrices = skin.and_then(|skin| world.skins.get(&skin)).map(Vec::as_slice).unwrap_or_default();
        let mut bytes = [geometry.0, deformation.0].concat();
        let numbers = matrices.iter().flat_map(DMat4::to_cols_array).chain(weights.iter().copied());
        bytes.extend(numbers.flat_map(f64::to_le_bytes));
        Wanted { key: BlobHash::of(&bytes), geometry, bend }
    }
}

/// Indexes of geometry that has been asked, by what it follows from: edits that leave that as it is leave them, too.
#[derive(Default)]
pub(super) struct Indexes(Mutex<Vec<(BlobHash, Arc<Index>)>>);

/// How many bytes are kept.
const KEPT: usize = 1 << 29;

impl Indexes {
    /// Lets go of all.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The indexes of these, in their order.
    fn read<'a>(
        &self,
        wanted: impl Iterator<Item = Wanted<'a>>,
        sources: &Sources,
        world: &World,
        (blobs, limits): (&dyn Blobs, &Limits),
    ) -> Result<Vec<Arc<Index>>, CommandError> {
        let wanted: Vec<Wanted<'_>> = wanted.collect();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known: BTreeMap<BlobHash, Option<Arc<Index>>> =
            wanted.iter().map(|wanted| (wanted.key, None)).collect();
        for (key, index) in kept.iter() {
            if let Some(place) = known.get_mut(key) {
                *place = Some(index.clone());
            }
        }
        let mut bytes = 0;
        let mut missing: BTreeMap<BlobHash, Bent> = BTreeMap::new();
        for Wanted { key, geometry, bend } in &wanted {
            if missing.contains_key(key) || known.get(key).is_some_and(Option::is_some) {
                continue;
            }
            let (geometry, size) = sources.geometry(*geometry, blobs)?;
            let bent = match bend {
                Some(bend) => sources.bent(&geometry, bend, world, blobs)?,
                None => Bent { geometry, in_world: false, bytes: 0 },
            };
            bytes += (size + bent.bytes) as u64;
            Limits::check("the scene's size in bytes", bytes, limits.import_bytes, "importBytes")
                .map_err(|limit| CommandError::Limit { place: "the scene".to_owned(), limit })?;
            missing.insert(*key, bent);
        }
        let made: Vec<(BlobHash, Arc<Index>)> = missing
            .into_par_iter()
            .map(|(key, Bent { geometry, in_world, .. })| {
                let bvh = Bvh::new(&geometry);
                (key, Arc::new(Index { geometry, bvh, in_world }))
            })
            .collect();
        for (key, index) in made {
            known.insert(key, Some(index.clone()));
            kept.push((key, index));
        }
        // The oldest go first, but for those that this picture needs.
        let mut size: usize = kept.iter().map(|(_, index)| index.size()).sum();
        kept.retain(|(key, index)| {
            let stays = size <= KEPT || known.contains_key(key);
            size -= if stays { 0 } else { index.size() };
            stays
        });
        Ok(wanted.iter().filter_map(|wanted| known.get(&wanted.key).cloned().flatten()).collect())
    }
}
