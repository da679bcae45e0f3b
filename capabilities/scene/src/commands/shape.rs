//! `scene.shape.add`: basic bodies.

use base::{DocumentId, NodeId};
use glam::{DVec2, DVec3, UVec3};
use kernel::{CommandError, EditScope, Place, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{check_home, check_material, made, placed, root, scene, vector};
use crate::{
    edit::normals,
    frame::Geometry,
    geometry,
    kinds::{Mesh, MeshProperties},
    shapes,
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("scene.shape.add", add);
}

#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Shape {
    /// A box of `width`, `height` and `depth`.
    Box,
    /// A level rectangle of `width` and `depth`, seen from above.
    Plane,
    /// A sphere of `radius` with meridians (`segments`) and parallels (`rings`).
    Sphere,
    /// A sphere of `radius` of triangles that are nearly alike; each edge of an icosahedron is cut into `segments`.
    Icosphere,
    /// A cylinder of `radius` and `height`; `topRadius` makes its upper end wider or narrower.
    Cylinder,
    /// A cone of `radius` and `height`; `topRadius` cuts its tip off.
    Cone,
    /// A ring of `radius` to the middle of its tube, whose own radius is `tube`.
    Torus,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The shape.
    shape: Shape,
    /// The node that the shape goes into; the scene itself when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// What people call it; the name of the shape when absent.
    name: Option<String>,
    /// Where its middle is, in its parent's space, in m.
    #[serde(default)]
    position: [f64; 3],
    /// How it is turned: about x, then y, then z, in degrees.
    #[serde(default)]
    rotation: [f64; 3],
    /// The size along x, of boxes and planes, in m.
    #[serde(default = "one")]
    #[schemars(range(min = 0.000001, max = 1_000_000_000))]
    width: f64,
    /// The size along y, of boxes, cylinders and cones, in m.
    #[serde(default = "one")]
    #[schemars(range(min = 0.000001, max = 1_000_000_000))]
    height: f64,
    /// The size along z, of boxes and planes, in m.
    #[serde(default = "one")]
    #[schemars(range(min = 0.000001, max = 1_000_000_000))]
    depth: f64,
    /// The radius of round shapes, in m.
    #[serde(default = "half")]
    #[schemars(range(min = 0.000001, max = 1_000_000_000))]
    radius: f64,
    /// The radius of the upper end of a cylinder or cone, in m; when absent, as the lower one, or 0.
    #[serde(rename = "topRadius")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    top_radius: Option<f64>,
    /// The radius of a torus' tube, in m; 0.4 times the radius when absent. At most the radius.
    #[schemars(range(min = 0.000001, max = 1_000_000_000))]
    tube: Option<f64>,
    /// How many parts there are around, of a box or plane along each axis, of an icosphere along each edge; when absent 48, or
    /// 1 for boxes and planes, or 12 for icospheres. Round shapes have 3 at least.
    #[schemars(range(min = 1, max = 2048))]
    segments: Option<u32>,
    /// How many parts a sphere has from pole to pole, a torus around its tube, a cylinder or cone along its height; when absent
    /// 24, or 1 for cylinders and cones. Spheres have 2 at least, tubes 3.
    #[schemars(range(min = 1, max = 2048))]
    rings: Option<u32>,
    /// Whether cylinders and cones have ends.
    #[serde(default = "yes")]
    caps: bool,
    /// Whether round shapes are shaded as round; otherwise every face is flat.
    #[serde(default = "yes")]
    smooth: bool,
    /// What it is made of; plain white when absent.
    #[schemars(with = "Option<String>")]
    material: Option<NodeId>,
}

fn one() -> f64 {
    1.0
}

fn half() -> f64 {
    0.5
}

fn yes() -> bool {
    true
}

fn add(scope: &mut EditScope<'_>, args: Args) -> Result<Json, CommandError> {
    check_home(scope, args.document, args.parent)?;
    let (position, rotation) = (vector("position", args.position)?, vector("rotation", args.rotation)?);
    let (geometry, name) = shape(&args)?;
    let name = args.name.as_deref().unwrap_or(name);
    let blob = scope.put_blob(geometry::encode(&geometry))?;
    let mut builder = placed!(MeshProperties::default(), name, position, rotation).geometry(blob);
    if let Some(material) = args.material {
        check_material(scene(scope.content(args.document)?)?, "material", material)?;
        builder = builder.material(material);
    }
    let node = scope.insert(args.document, args.parent, Place::Last, Mesh::KIND, builder.list())?;
    Ok(made(node))
}

fn shape(args: &Args) -> Result<(Geometry, &'static str), CommandError> {
    let parts = |argument: &str, wanted: Option<u32>, usual: u32, least: u32| match wanted.unwrap_or(usual) {
        parts if parts < least => {
            Err(CommandError::argument(argument, format!("at least {least} are needed for this shape")))
        }
        parts => Ok(parts),
    };
    let round = || parts("segments", args.segments, 48, 3);
    let straight = args.segments.unwrap_or(1);
    let rows = args.rings.unwrap_or(1);
    let (geometry, name) = match args.shape {
        Shape::Box => {
            // A box has six sides of so many parts.
            if straight > 512 {
                return Err(CommandError::argument("segments", "a box has at most 512 along each axis"));
            }
            let size = DVec3::new(args.width, args.height, args.depth);
            (shapes::cuboid(size, UVec3::splat(straight)), "Box")
        }
        Shape::Plane => (shapes::plane(DVec2::new(args.width, args.depth), straight, straight), "Plane"),
        Shape::Sphere => {
            (shapes::sphere(args.radius, round()?, parts("rings", args.rings, 24, 2)?), "Sphere")
        }
        Shape::Icosphere => {
            let segments = parts("segments", args.segments, 12, 1)?;
            if segments > 512 {
                return Err(CommandError::argument(
                    "segments",
                    "an icosphere has at most 512 along each edge",
                ));
            }
            (shapes::icosphere(args.radius, segments), "Icosphere")
        }
        Shape::Cylinder | Shape::Cone => {
            let usual = if args.shape == Shape::Cone { 0.0 } else { args.radius };
            let top = args.top_radius.unwrap_or(usual);
            let name = if args.shape == Shape::Cone { "Cone" } else { "Cylinder" };
            (shapes::frustum(top, args.radius, args.height, round()?, rows, args.caps), name)
        }
        Shape::Torus => {
            let tube = args.tube.unwrap_or(args.radius * 0.4);
            if tube > args.radius {
                return Err(CommandError::argument("tube", "it must not be larger than the radius"));
            }
            (shapes::torus(args.radius, tube, round()?, parts("rings", args.rings, 24, 3)?), "Torus")
        }
    };
    if args.smooth || matches!(args.shape, Shape::Box | Shape::Plane) {
        return Ok((geometry, name));
    }
    let flat = normals::recompute(&geometry, 0.0);
    flat.map(|flat| (flat, name)).map_err(|error| CommandError::Failed(error.to_string()))
}
