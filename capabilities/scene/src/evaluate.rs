//! What is drawn of a scene's document at one point in time.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, Diagnostic, DocumentId, Limits, NodeId};
use document::{Content, NodeRef};
use glam::Mat4;
use kernel::{CommandError, Reading};
use rustc_hash::FxHashMap;

use crate::{
    Sources,
    frame::{Camera, Environment, Frame, Geometry, Image, Instance, Material, Texture},
    kinds::{self, WorldEnvironment},
    model::{Bounds, TextureRef},
    view,
    world::{self, Bend, Motion, Shown, Thing, World},
};

const PLACE: &str = "the scene";
/// How often a movement is looked at to find where all of it is in view.
const LOOKS: u32 = 8;

/// What is seen of a scene at a time, and what is wrong with it.
pub struct Seen {
    /// What is drawn.
    pub frame: Frame,
    /// Images that could not be read: a checker stands for them.
    pub warnings: Vec<Diagnostic>,
}

/// What is seen of a scene at a point in time, in seconds, in a picture of `size` pixels. Where no camera says from where, all
/// of it is in view, at all times.
///
/// # Errors
/// The document is no scene, a limit is exceeded, or geometry is not there or damaged.
pub fn frame(
    content: &Content,
    time: f64,
    reading: &Reading<'_>,
    sources: &Sources,
    size: (u32, u32),
) -> Result<Seen, CommandError> {
    let tree = content.tree().ok_or_else(|| CommandError::Failed(format!("{PLACE} is a text")))?;
    let root = tree.root().at_time(time);
    let world = kinds::World::read(root).ok_or_else(|| CommandError::Failed(format!("{PLACE} is none")))?;
    let mut gathering = Gathering::new(root, reading, sources);
    let (mut lights, mut cameras) = (Vec::new(), Vec::new());
    let end = gathering.at(time, &mut |gathering, shown, world| {
        match shown.thing {
            Thing::Mesh { geometry: Some(hash), material, bend } => {
                let geometry = gathering.geometry(hash)?;
                let (geometry, world_from_local) = match bend {
                    Some(bend) => gathering.bent(&geometry, &bend, shown.world_from_local, world)?,
                    None => (geometry, shown.world_from_local),
                };
                let material = gathering.material(material)?;
                gathering.instances.push(Instance { geometry, world_from_local, material });
            }
            Thing::Mesh { geometry: None, .. } => {}
            Thing::Camera(projection) => cameras.push((shown.node, shown.world_from_local, projection)),
            Thing::Light(light) => lights.push(light),
        }
        Ok(())
    })?;
    let strength = world.environment_strength().max(0.0) as f32;
    let environment = match world.environment() {
        WorldEnvironment::Auto => match gathering.environment(strength)? {
            Some(environment) => environment,
            None if lights.is_empty() => Environment::Studio(strength),
            None => Environment::None,
        },
        WorldEnvironment::Studio => Environment::Studio(strength),
        WorldEnvironment::None => Environment::None,
    };
    let chosen = cameras.iter().find(|(node, ..)| Some(*node) == world.camera()).or(cameras.first());
    let camera = match chosen {
        Some((_, world_from_camera, projection)) => {
            Camera { view_from_world: view::rigid_inverse(*world_from_camera), projection: *projection }
        }
        None => view::framing(gathering.bounds(end)?, size),
    };
    let background = world.background().map(world::decoded);
    let Gathering { instances, materials, warnings, .. } = gathering;
    Ok(Seen { frame: Frame { instances, materials, lights, environment, camera, background }, warnings })
}

/// The box around all that is visible in a scene, at all times of the animation that plays; empty when nothing is.
///
/// # Errors
/// As [`frame`].
pub fn bounds(content: &Content, reading: &Reading<'_>, sources: &Sources) -> Result<Bounds, CommandError> {
    let tree = content.tree().ok_or_else(|| CommandError::Failed(format!("{PLACE} is a text")))?;
    let mut gathering = Gathering::new(tree.root(), reading, sources);
    let end = gathering.at(0.0, &mut |_, _, _| Ok(()))?;
    gathering.bounds(end)
}

/// What instances share.
struct Gathering<'a> {
    root: NodeRef<'a>,
    reading: &'a Reading<'a>,
    sources: &'a Sources,
    instances: Vec<Instance>,
    materials: Vec<Material>,
    warnings: Vec<Diagnostic>,
    /// The places of materials by their nodes.
    places: BTreeMap<Option<NodeId>, usize>,
    geometries: BTreeMap<BlobHash, Arc<Geometry>>,
    images: BTreeMap<Picture, Arc<Image>>,
    /// How many bytes were read.
    bytes: u64,
}

/// Where the pixels of a texture come from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Picture {
    File(BlobHash),
    /// A document, and the pixels along its longer side.
    Document(DocumentId, u32),
    None,
}

/// Takes what is shown.
type Visit<'v, 'a> = dyn FnMut(&mut Gathering<'a>, Shown, &World) -> Result<(), CommandError> + 'v;

impl<'a> Gathering<'a> {
    fn new(root: NodeRef<'a>, reading: &'a Reading<'a>, sources: &'a Sources) -> Self {
        Gathering {
            root,
            reading,
            sources,
            instances: Vec::new(),
            materials: Vec::new(),
            warnings: Vec::new(),
            places: BTreeMap::new(),
            geometries: BTreeMap::new(),
            images: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Visits all that is shown at a time; hands back when the animation is over.
    fn at(&mut self, time: f64, visit: &mut Visit<'_, 'a>) -> Result<f64, CommandError> {
        let root = self.root.at_time(time);
        let motion = Motion::at(root, time, &mut |hash| self.sources.keyframes(hash, self.reading.blobs))?;
        let mut world = world::world(root, &motion, self.reading.limits)
            .map_err(|limit| CommandError::Limit { place: PLACE.to_owned(), limit })?;
        for shown in std::mem::take(&mut world.shown) {
            visit(self, shown, &world)?;
        }
        Ok(motion.end)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), CommandError> {
        self.bytes += bytes as u64;
        Limits::check(
            "the scene's size in bytes",
            self.bytes,
            self.reading.limits.import_bytes,
            "importBytes",
        )
        .map(drop)
        .map_err(|limit| CommandError::Limit { place: PLACE.to_owned(), limit })
    }

    fn geometry(&mut self, hash: BlobHash) -> Result<Arc<Geometry>, CommandError> {
        if let Some(geometry) = self.geometries.get(&hash) {
            return Ok(geometry.clone());
        }
        let (geometry, bytes) = self.sources.geometry(hash, self.reading.blobs)?;
        self.spend(bytes)?;
        self.geometries.insert(hash, geometry.clone());
        Ok(geometry)
    }

    /// A mesh as it is bent, and where it is: on joints it is in the world's space.
    fn bent(
        &mut self,
        geometry: &Arc<Geometry>,
        bend: &Bend,
        world_from_local: Mat4,
        world: &World,
    ) -> Result<(Arc<Geometry>, Mat4), CommandError> {
        let bent = self.sources.bent(geometry, bend, world, self.reading.blobs)?;
        self.spend(bent.bytes)?;
        Ok((bent.geometry, if bent.in_world { Mat4::IDENTITY } else { world_from_local }))
    }

    /// The place of a material; of the default one when there is none.
    fn material(&mut self, node: Option<NodeId>) -> Result<usize, CommandError> {
        let found = node.and_then(|node| self.root.find(node));
        let key = found.map(|node| node.id());
        if let Some(place) = self.places.get(&key) {
            return Ok(*place);
        }
        let mut failed = Ok(());
        let read = found.and_then(|node| {
            world::material(node, |texture| {
                let image = self.image(&texture).unwrap_or_else(|error| {
                    failed = Err(error);
                    Arc::new(checker())
                });
                placed(texture, image)
            })
        });
        failed?;
        let plain = Material { metallic: 0.0, roughness: 0.5, double_sided: true, ..Material::default() };
        self.materials.push(read.unwrap_or(plain));
        self.places.insert(key, self.materials.len() - 1);
        Ok(self.materials.len() - 1)
    }

    fn image(&mut self, texture: &kinds::Texture<'_>) -> Result<Arc<Image>, CommandError> {
        let picture = match (texture.document(), texture.image()) {
            (Some(document), _) => Picture::Document(document, texture.resolution().clamp(1, 16_384) as u32),
            (None, Some(hash)) => Picture::File(hash),
            (None, None) => Picture::None,
        };
        if let Some(image) = self.images.get(&picture) {
            return Ok(image.clone());
        }
        let read = match picture {
            Picture::File(hash) => self.sources.image(hash, self.reading)?,
            Picture::Document(document, longest) => {
                self.sources.drawn(document, longest, self.root.time(), self.reading)
            }
            Picture::None => Err("it has no image".to_owned()),
        };
        let image = read.unwrap_or_else(|problem| {
            let name = texture.name();
            let place = if name.is_empty() { PLACE.to_owned() } else { format!("texture '{name}'") };
            self.warnings.push(Diagnostic::warning(place, format!("{problem}: a checker is shown instead")));
            Arc::new(checker())
        });
        self.spend(image.rgba.len() * 4)?;
        self.images.insert(picture, image.clone());
        Ok(image)
    }

    /// The light of the first environment that is visible; none where there is none, or it cannot be read.
    fn environment(&mut self, strength: f32) -> Result<Option<Environment>, CommandError> {
        let mut environments = self.root.children().filter_map(kinds::Environment::read);
        let Some(environment) = environments.find(|environment| environment.visible()) else {
            return Ok(None);
        };
        let read = match (environment.document(), environment.image()) {
            (Some(document), _) => {
                let longest = environment.resolution().clamp(1, 16_384) as u32;
                self.sources.drawn_panorama(document, longest, self.root.time(), self.reading)
            }
            (None, Some(hash)) => self.sources.panorama(hash, self.reading)?,
            (None, None) => Err("it has no picture".to_owned()),
        };
        let panorama = match read {
            Ok(panorama) => panorama,
            Err(problem) => {
                let name = environment.name();
                let place = if name.is_empty() { PLACE.to_owned() } else { format!("environment '{name}'") };
                self.warnings.push(Diagnostic::warning(place, format!("{problem}: it does not shine")));
                return Ok(None);
            }
        };
        self.spend(panorama.bytes())?;
        let strength = strength * environment.strength().max(0.0) as f32;
        Ok(Some(Environment::Image {
            panorama,
            turn: (environment.rotation() % 360.0).to_radians() as f32,
            tint: world::decoded(environment.color()).truncate() * strength,
            backdrop: environment.backdrop().then(|| environment.blur().clamp(0.0, 1.0) as f32),
        }))
    }

    /// The box around all instances, and all there is at all times of an animation that is over at `end`.
    fn bounds(&mut self, end: f64) -> Result<Bounds, CommandError> {
        let mut boxes: FxHashMap<*const Geometry, Bounds> = FxHashMap::default();
        let mut all = Bounds::EMPTY;
        for instance in &self.instances {
            all = all.union(Bounds::of_geometry(&instance.geometry, instance.world_from_local));
        }
        let looks = match end > 0.0 {
            true => LOOKS,
            false => u32::from(self.instances.is_empty()),
        };
        for look in 0..looks {
            self.at(end * f64::from(look) / f64::from(LOOKS - 1), &mut |gathering, shown, world| {
                let Thing::Mesh { geometry: Some(hash), bend, .. } = shown.thing else { return Ok(()) };
                let geometry = gathering.geometry(hash)?;
                let bounds = match bend {
                    Some(bend) => {
                        let (bent, place) =
                            gathering.bent(&geometry, &bend, shown.world_from_local, world)?;
                        Bounds::of_geometry(&bent, place)
                    }
                    None => boxes
                        .entry(Arc::as_ptr(&geometry))
                        .or_insert_with(|| Bounds::of_geometry(&geometry, Mat4::IDENTITY))
                        .transformed(shown.world_from_local),
                };
                all = all.union(bounds);
                Ok(())
            })?;
        }
        Ok(all)
    }
}

fn placed(texture: kinds::Texture<'_>, image: Arc<Image>) -> Texture {
    let TextureRef { set, transform, wrap, smooth, .. } = world::texture_ref(texture, 0);
    Texture { image, set, image_from_uv: transform.matrix(), wrap, smooth }
}

/// What stands for an image that is not there: eight by eight fields of magenta and black.
fn checker() -> Image {
    let field = |i: u32| if (i % 8 + i / 8).is_multiple_of(2) { [255, 0, 255, 255] } else { [0, 0, 0, 255] };
    Image { width: 8, height: 8, rgba: (0..64).map(field).collect() }
}
