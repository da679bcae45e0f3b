//! Which pipeline draws what.

use std::{collections::HashMap, ops::Range};

use gpu::{
    Attribute, Blending, Culling, Depth, Format, Gpu, Pipeline, PipelineSpec, Primitive, Step, Stream,
};

use crate::{
    frame::{Alpha, Frame, Geometry, Material, Topology},
    render::{
        Output, RenderError, SAMPLES,
        batch::Plan,
        material,
        view::{self, Shared},
    },
};

/// The shader of surfaces.
pub(super) const SHADER: &str = include_str!(concat!(env!("OUT_DIR"), "/surface.wgsl"));

/// The same with lobes.
const LOBED_SHADER: &str = include_str!(concat!(env!("OUT_DIR"), "/lobed_surface.wgsl"));

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// The picture: everything, as it is shown.
    Picture(Output),
    /// The light from what is seen through other things, for a picture: all that is neither blended nor lets light through.
    Behind(Output),
}

impl Scope {
    fn output(self) -> Output {
        let (Scope::Picture(output) | Scope::Behind(output)) = self;
        output
    }

    fn is_toned(self) -> bool {
        matches!(self, Scope::Picture(output) if output.is_toned())
    }

    fn format(self) -> Format {
        match self {
            Scope::Picture(output) => output.format(),
            Scope::Behind(_) => Format::Rgba16Float,
        }
    }
}

/// Which values of vertices are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Style {
    /// Positions.
    Flat,
    /// Positions and normals.
    Smooth,
    /// All.
    Rich,
}

/// A draw, ready.
#[derive(Debug)]
pub(super) struct Draw {
    pub(super) pipeline: Pipeline,
    pub(super) style: Style,
    pub(super) mesh: usize,
    pub(super) material: usize,
    pub(super) instances: Range<u32>,
}

/// The draws of a plan, in its order.
///
/// # Errors
/// What fails on the GPU.
pub(super) fn draws(
    gpu: &Gpu,
    frame: &Frame,
    plan: &Plan<'_>,
    shared: &Shared,
    scope: Scope,
) -> Result<Vec<Draw>, RenderError> {
    let mut made: HashMap<Variant, Pipeline> = HashMap::new();
    let mut draws = Vec::with_capacity(plan.batches.len());
    for batch in &plan.batches {
        let geometry = plan.checked.geometries[batch.geometry].0;
        let material = &frame.materials[batch.material];
        let hides = material.alpha != Alpha::Blend && !is_transmissive(material);
        if matches!(scope, Scope::Behind(_)) && !hides {
            continue;
        }
        for culling in turns(geometry.topology, material) {
            let mut variant = Variant::new(geometry, material, shared, scope);
            (variant.mirrored, variant.culling) = (batch.mirrored, *culling);
            let pipeline = match made.get(&variant) {
                Some(pipeline) => pipeline.clone(),
                None => gpu.pipeline(&variant.spec())?,
            };
            made.insert(variant, pipeline.clone());
            draws.push(Draw {
                pipeline,
                style: variant.style,
                mesh: batch.geometry,
                material: batch.material,
                instances: batch.instances.clone(),
            });
        }
    }
    Ok(draws)
}

/// Which triangles are left out, at each turn of drawing: through a front the back behind it is seen.
fn turns(topology: Topology, material: &Material) -> &'static [Culling] {
    match (topology, material.double_sided, material.alpha) {
        (Topology::Triangles, true, Alpha::Blend) => &[Culling::Front, Culling::Back],
        (Topology::Triangles, false, _) => &[Culling::Back],
        _ => &[Culling::None],
    }
}

/// Whether other things are seen through it.
pub(super) fn is_transmissive(material: &Material) -> bool {
    material::is_lobed(material) && material.lobes.is_transmissive()
}

/// What a material needs to see of a geometry.
pub(super) fn style(geometry: &Geometry, material: &Material) -> Style {
    if !geometry.colors.is_empty()
        || material::is_lobed(material)
        || material::textured(geometry, material) != 0
    {
        Style::Rich
    } else if geometry.normals.is_empty() {
        Style::Flat
    } else {
        Style::Smooth
    }
}

/// The buffers of a style.
pub(super) fn streams(style: Style) -> Vec<Stream> {
    let vertex =
        |attributes: &[(u32, Attribute)]| Stream { step: Step::Vertex, attributes: attributes.into() };
    let rows = [6, 7, 8].map(|location| (location, Attribute::Float4));
    let mut streams =
        vec![Stream { step: Step::Instance, attributes: rows.into() }, vertex(&[(0, Attribute::Float3)])];
    match style {
        Style::Flat => {}
        Style::Smooth => streams.push(vertex(&[(1, Attribute::Snorm16x2)])),
        Style::Rich => streams.push(vertex(&[
            (1, Attribute::Snorm16x2),
            (2, Attribute::Snorm16x4),
            (3, Attribute::Float2),
            (4, Attribute::Float2),
            (5, Attribute::Float4),
        ])),
    }
    streams
}

/// All that makes pipelines differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Variant {
    style: Style,
    constants: [(&'static str, i32); 11],
    /// Which lobes the shader has; none where it is the plain one.
    lobes: Option<i32>,
    /// Whether the material is bound with lobes.
    lobed: bool,
    primitive: Primitive,
    mirrored: bool,
    culling: Culling,
    blended: bool,
    scope: Scope,
    samples: u32,
}

impl Variant {
    fn new(geometry: &Geometry, material: &Material, shared: &Shared, scope: Scope) -> Self {
        let triangles = geometry.topology == Topology::Triangles;
        // As glTF 2.0 has it (3.7.2.1): lines and points without normals are not lit.
        let unlit = material.unlit || (!triangles && geometry.normals.is_empty());
        let alpha = match material.alpha {
            Alpha::Opaque => 0,
            Alpha::Mask(_) => 1,
            Alpha::Blend => 2,
        };
        let lobed = material::is_lobed(material);
        let lobes = &material.lobes;
        let lobes = [lobes.is_coated(), lobes.has_sheen(), lobes.is_transmissive()];
        let bits = lobes.into_iter().enumerate().map(|(place, has)| i32::from(has) << place).sum();
        Variant {
            style: style(geometry, material),
            constants: [
                ("ENVIRONMENT", shared.environment),
                ("LIGHTS", shared.lit.into()),
                ("SHADOWS", shared.shadowed.into()),
                ("TEXTURES", material::textured(geometry, material)),
                ("NORMALS", (!geometry.normals.is_empty()).into()),
                ("TANGENTS", (!geometry.tangents.is_empty()).into()),
                ("COLORS", (!geometry.colors.is_empty()).into()),
                ("UNLIT", unlit.into()),
                ("ALPHA", alpha),
                ("TONED", scope.is_toned().into()),
                ("TONED_AT_LAST", scope.output().is_toned().into()),
            ],
            lobes: (lobed && !unlit).then_some(bits),
            lobed,
            primitive: match geometry.topology {
                Topology::Triangles => Primitive::Triangles,
                Topology::Lines => Primitive::Lines,
                Topology::Points => Primitive::Points,
            },
            mirrored: false,
            culling: Culling::None,
            blended: material.alpha == Alpha::Blend,
            scope,
            samples: match scope {
                Scope::Picture(_) => shared.sampling.samples(),
                Scope::Behind(_) => SAMPLES,
            },
        }
    }

    fn spec(&self) -> PipelineSpec {
        let (vertex, fragment) = match self.style {
            Style::Flat => ("flat_vertex", "plain_fragment"),
            Style::Smooth => ("smooth_vertex", "plain_fragment"),
            Style::Rich if self.lobes.is_some() => ("lobed_vertex", "lobed_fragment"),
            Style::Rich => ("rich_vertex", "rich_fragment"),
        };
        let mut constants = self.constants.to_vec();
        constants.extend(self.lobes.map(|bits| ("LOBES", bits)));
        let blending = if self.blended { Blending::Over } else { Blending::Replace };
        PipelineSpec {
            source: if self.lobes.is_some() { LOBED_SHADER } else { SHADER }.into(),
            vertex,
            fragment: Some(fragment),
            constants,
            groups: vec![view::SLOTS.to_vec(), material::slots(self.lobed)],
            streams: streams(self.style),
            primitive: self.primitive,
            clockwise: self.mirrored,
            culling: self.culling,
            color: Some((self.scope.format(), blending)),
            depth: Some(Depth { write: !self.blended, bias: (0, 0) }),
            samples: self.samples,
        }
    }
}
