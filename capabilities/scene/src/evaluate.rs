//! What is drawn of a scene's document at one point in time.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, Limits, NodeId};
use document::{Content, NodeRef};
use glam::{Mat3, Vec2};
use kernel::{CommandError, Reading};

use crate::{
    frame::{Camera, Environment, Frame, Geometry, Image, Instance, Material, Texture, Wrap},
    geometry,
    kinds::{self, TextureWrapX, TextureWrapY, WorldEnvironment},
    model::{Bounds, TextureTransform},
    view,
    world::{self, Shown, Thing},
};

const PLACE: &str = "the scene";

/// Decodes an image of a texture; none when it is of no known format or damaged.
pub type Decode<'a> = dyn Fn(&[u8]) -> Option<Image> + 'a;

/// What is seen of a scene at a point in time, in seconds, in a picture of `size` pixels. Images that are not there, or
/// that `decode` does not know, are replaced by a checker.
///
/// # Errors
/// The document is no scene, a limit is exceeded, or geometry is not there or damaged.
pub fn frame(
    content: &Content,
    time: f64,
    reading: &Reading<'_>,
    decode: &Decode<'_>,
    size: (u32, u32),
) -> Result<Frame, CommandError> {
    let tree = content.tree().ok_or_else(|| CommandError::Failed(format!("{PLACE} is a text")))?;
    let root = tree.root().at_time(time);
    let world = kinds::World::read(root).ok_or_else(|| CommandError::Failed(format!("{PLACE} is none")))?;
    let shown = world::things(root, reading.limits)
        .map_err(|limit| CommandError::Limit { place: PLACE.to_owned(), limit })?;
    let mut gathering = Gathering::new(root, reading, decode);
    let (mut lights, mut cameras) = (Vec::new(), Vec::new());
    for Shown { node, world_from_local, thing } in shown {
        match thing {
            Thing::Mesh { geometry: Some(hash), material } => {
                let (geometry, material) = (gathering.geometry(hash)?, gathering.material(material)?);
                gathering.instances.push(Instance { geometry, world_from_local, material });
            }
            Thing::Mesh { geometry: None, .. } => {}
            Thing::Camera(projection) => cameras.push((node, world_from_local, projection)),
            Thing::Light(light) => lights.push(light),
        }
    }
    let strength = world.environment_strength().max(0.0) as f32;
    let environment = match world.environment() {
        WorldEnvironment::Auto if lights.is_empty() => Environment::Studio(strength),
        WorldEnvironment::Studio => Environment::Studio(strength),
        WorldEnvironment::Auto | WorldEnvironment::None => Environment::None,
    };
    let chosen = cameras.iter().find(|(node, ..)| Some(*node) == world.camera()).or(cameras.first());
    let camera = match chosen {
        Some((_, world_from_camera, projection)) => {
            Camera { view_from_world: view::rigid_inverse(*world_from_camera), projection: *projection }
        }
        None => view::framing(gathering.bounds(), size),
    };
    let background = world.background().map(world::decoded);
    let Gathering { instances, materials, .. } = gathering;
    Ok(Frame { instances, materials, lights, environment, camera, background })
}

/// What instances share.
struct Gathering<'a> {
    root: NodeRef<'a>,
    reading: &'a Reading<'a>,
    decode: &'a Decode<'a>,
    instances: Vec<Instance>,
    materials: Vec<Material>,
    /// The places of materials by their nodes.
    places: BTreeMap<Option<NodeId>, usize>,
    geometries: BTreeMap<BlobHash, Arc<Geometry>>,
    images: BTreeMap<Option<BlobHash>, Arc<Image>>,
    /// How many bytes were read.
    bytes: u64,
}

impl<'a> Gathering<'a> {
    fn new(root: NodeRef<'a>, reading: &'a Reading<'a>, decode: &'a Decode<'a>) -> Self {
        Gathering {
            root,
            reading,
            decode,
            instances: Vec::new(),
            materials: Vec::new(),
            places: BTreeMap::new(),
            geometries: BTreeMap::new(),
            images: BTreeMap::new(),
            bytes: 0,
        }
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
        let bytes = self.reading.blobs.blob(hash)?;
        self.spend(bytes.len())?;
        let geometry = geometry::decode(&bytes)
            .map_err(|error| CommandError::input(format!("blob {}", hash.short()), error))?;
        let geometry = Arc::new(geometry);
        self.geometries.insert(hash, geometry.clone());
        Ok(geometry)
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
                let image = self.image(texture.image()).unwrap_or_else(|error| {
                    failed = Err(error);
                    Arc::new(checker())
                });
                placed(texture, image)
            })
        });
        failed?;
        let plain = Material { metallic: 0.0, roughness: 0.5, ..Material::default() };
        self.materials.push(read.unwrap_or(plain));
        self.places.insert(key, self.materials.len() - 1);
        Ok(self.materials.len() - 1)
    }

    fn image(&mut self, hash: Option<BlobHash>) -> Result<Arc<Image>, CommandError> {
        if let Some(image) = self.images.get(&hash) {
            return Ok(image.clone());
        }
        let decoded = match hash {
            Some(hash) => (self.decode)(&self.reading.blobs.blob(hash)?),
            None => None,
        };
        let whole = |image: &Image| {
            let pixels = u64::from(image.width) * u64::from(image.height);
            pixels > 0 && image.rgba.len() as u64 == pixels
        };
        let image = Arc::new(decoded.filter(whole).unwrap_or_else(checker));
        self.spend(image.rgba.len() * 4)?;
        self.images.insert(hash, image.clone());
        Ok(image)
    }

    fn bounds(&self) -> Bounds {
        self.instances.iter().fold(Bounds::EMPTY, |bounds, instance| {
            bounds.union(Bounds::of_geometry(&instance.geometry, instance.world_from_local))
        })
    }
}

fn placed(texture: kinds::Texture<'_>, image: Arc<Image>) -> Texture {
    let transform = TextureTransform {
        offset: Vec2::new(texture.offset_x() as f32, texture.offset_y() as f32),
        rotation: texture.rotation().to_radians() as f32,
        scale: Vec2::new(texture.scale_x() as f32, texture.scale_y() as f32),
    };
    let image_from_uv: Mat3 = transform.matrix();
    let across = match texture.wrap_x() {
        TextureWrapX::Repeat => Wrap::Repeat,
        TextureWrapX::Mirror => Wrap::Mirror,
        TextureWrapX::Clamp => Wrap::Clamp,
    };
    let down = match texture.wrap_y() {
        TextureWrapY::Repeat => Wrap::Repeat,
        TextureWrapY::Mirror => Wrap::Mirror,
        TextureWrapY::Clamp => Wrap::Clamp,
    };
    let set = texture.set().clamp(0, 1) as usize;
    Texture { image, set, image_from_uv, wrap: [across, down], smooth: texture.smooth() }
}

/// What stands for an image that is not there: eight by eight fields of magenta and black.
fn checker() -> Image {
    let field = |i: u32| if (i % 8 + i / 8).is_multiple_of(2) { [255, 0, 255, 255] } else { [0, 0, 0, 255] };
    Image { width: 8, height: 8, rgba: (0..64).map(field).collect() }
}
