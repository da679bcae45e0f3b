//! Pipelines: how vertices become pixels.

use std::borrow::Cow;

use crate::{Format, Gpu, GpuError, Slot};

/// What a value of a vertex is in its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attribute {
    /// Two floats.
    Float2,
    /// Three floats.
    Float3,
    /// Four floats.
    Float4,
    /// Two 16-bit integers for −1 to 1.
    Snorm16x2,
    /// Four 16-bit integers for −1 to 1.
    Snorm16x4,
}

impl Attribute {
    fn bytes(self) -> u64 {
        match self {
            Attribute::Snorm16x2 => 4,
            Attribute::Float2 | Attribute::Snorm16x4 => 8,
            Attribute::Float3 => 12,
            Attribute::Float4 => 16,
        }
    }

    fn raw(self) -> wgpu::VertexFormat {
        match self {
            Attribute::Float2 => wgpu::VertexFormat::Float32x2,
            Attribute::Float3 => wgpu::VertexFormat::Float32x3,
            Attribute::Float4 => wgpu::VertexFormat::Float32x4,
            Attribute::Snorm16x2 => wgpu::VertexFormat::Snorm16x2,
            Attribute::Snorm16x4 => wgpu::VertexFormat::Snorm16x4,
        }
    }
}

/// When a stream goes on to its next element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// At each vertex.
    Vertex,
    /// At each instance.
    Instance,
}

/// A buffer that a pipeline reads: elements of attributes one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    /// When it goes on.
    pub step: Step,
    /// The `@location` of each attribute, and what it is.
    pub attributes: Vec<(u32, Attribute)>,
}

/// What vertices make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Primitive {
    /// Each three are a triangle.
    Triangles,
    /// Each two are a line.
    Lines,
    /// Each is a point.
    Points,
}

/// Which triangles are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Culling {
    /// None.
    None,
    /// Those seen from behind.
    Back,
    /// Those seen from the front.
    Front,
}

/// How a colour comes over what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blending {
    /// It takes its place.
    Replace,
    /// As coverage; the shader's colours are premultiplied.
    Over,
}

/// How depth is used. The nearest is 1 and the farthest 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Depth {
    /// Whether what is drawn hides what is behind it.
    pub write: bool,
    /// How much depths are moved away from the eye, in the smallest steps, plus by the slope.
    pub bias: (i32, u32),
}

/// What a pipeline is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PipelineSpec {
    /// The WGSL.
    pub source: Cow<'static, str>,
    /// The function for vertices.
    pub vertex: &'static str,
    /// The function for fragments; none where only depth counts.
    pub fragment: Option<&'static str>,
    /// Values of the source's `override` constants.
    pub constants: Vec<(&'static str, i32)>,
    /// The slots of its groups.
    pub groups: Vec<Vec<Slot>>,
    /// The buffers that it reads.
    pub streams: Vec<Stream>,
    /// What vertices make up.
    pub primitive: Primitive,
    /// Whether triangles are clockwise when they are seen from the front.
    pub clockwise: bool,
    /// Which triangles are left out.
    pub culling: Culling,
    /// What it draws into; none where only depth counts.
    pub color: Option<(Format, Blending)>,
    /// How depth is used; none without depth.
    pub depth: Option<Depth>,
    /// Samples a pixel.
    pub samples: u32,
}

/// A pipeline, made.
#[derive(Clone, Debug)]
pub struct Pipeline {
    pub(crate) raw: wgpu::RenderPipeline,
}

impl Gpu {
    /// A pipeline; the same one is made once.
    ///
    /// # Errors
    /// WGSL with mistakes, slots or streams that do not fit it, or a lost device.
    pub fn pipeline(&self, spec: &PipelineSpec) -> Result<Pipeline, GpuError> {
        if let Some(made) = self.caches().pipelines.get(spec) {
            return Ok(made.clone());
        }
        let made = self.make_pipeline(spec)?;
        self.caches().pipelines.insert(spec.clone(), made.clone());
        Ok(made)
    }

    fn make_pipeline(&self, spec: &PipelineSpec) -> Result<Pipeline, GpuError> {
        let shader = self.shader(&spec.source)?;
        let layouts = spec.groups.iter().map(|slots| self.layout(slots)).collect::<Result<Vec<_>, _>>()?;
        let layouts: Vec<_> = layouts.iter().map(|layout| Some(&layout.raw)).collect();
        let attributes: Vec<_> = spec.streams.iter().map(attributes).collect();
        let buffers: Vec<_> = spec.streams.iter().zip(&attributes).map(buffer).collect();
        let constants: Vec<_> =
            spec.constants.iter().map(|(name, value)| (*name, f64::from(*value))).collect();
        let options = || wgpu::PipelineCompilationOptions { constants: &constants, ..Default::default() };
        let targets: Vec<_> = spec.color.iter().map(|color| Some(target(*color))).collect();
        let raw = self.guarded("a pipeline", || {
            let layout = self.device().create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts: &layouts,
                immediate_size: 0,
            });
            self.device().create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: Some(spec.vertex),
                layout: Some(&layout),
                vertex: wgpu::VertexState {
                    module: &shader,
                    entry_point: Some(spec.vertex),
                    compilation_options: options(),
                    buffers: &buffers,
                },
                primitive: primitive(spec),
                depth_stencil: spec.depth.map(depth),
                multisample: wgpu::MultisampleState { count: spec.samples, ..Default::default() },
                fragment: spec.fragment.map(|entry| wgpu::FragmentState {
                    module: &shader,
                    entry_point: Some(entry),
                    compilation_options: options(),
                    targets: &targets,
                }),
                multiview_mask: None,
                cache: self.pipeline_cache(),
            })
        })?;
        Ok(Pipeline { raw })
    }
}

fn attributes(stream: &Stream) -> Vec<wgpu::VertexAttribute> {
    let mut offset = 0;
    let next = |(shader_location, attribute): &(u32, Attribute)| {
        let made =
            wgpu::VertexAttribute { format: attribute.raw(), offset, shader_location: *shader_location };
        offset += attribute.bytes();
        made
    };
    stream.attributes.iter().map(next).collect()
}

fn buffer<'a>(
    (stream, attributes): (&Stream, &'a Vec<wgpu::VertexAttribute>),
) -> Option<wgpu::VertexBufferLayout<'a>> {
    let step_mode = match stream.step {
        Step::Vertex => wgpu::VertexStepMode::Vertex,
        Step::Instance => wgpu::VertexStepMode::Instance,
    };
    let array_stride = stream.attributes.iter().map(|(_, attribute)| attribute.bytes()).sum();
    Some(wgpu::VertexBufferLayout { array_stride, step_mode, attributes })
}

fn primitive(spec: &PipelineSpec) -> wgpu::PrimitiveState {
    wgpu::PrimitiveState {
        topology: match spec.primitive {
            Primitive::Triangles => wgpu::PrimitiveTopology::TriangleList,
            Primitive::Lines => wgpu::PrimitiveTopology::LineList,
            Primitive::Points => wgpu::PrimitiveTopology::PointList,
        },
        front_face: if spec.clockwise { wgpu::FrontFace::Cw } else { wgpu::FrontFace::Ccw },
        cull_mode: match spec.culling {
            Culling::None => None,
            Culling::Back => Some(wgpu::Face::Back),
            Culling::Front => Some(wgpu::Face::Front),
        },
        ..Default::default()
    }
}

fn depth(depth: Depth) -> wgpu::DepthStencilState {
    let (constant, slope) = depth.bias;
    wgpu::DepthStencilState {
        format: Format::Depth32.raw(),
        depth_write_enabled: Some(depth.write),
        depth_compare: Some(wgpu::CompareFunction::GreaterEqual),
        stencil: wgpu::StencilState::default(),
        bias: wgpu::DepthBiasState { constant: -constant, slope_scale: -(slope as f32), clamp: 0.0 },
    }
}

fn target((format, blending): (Format, Blending)) -> wgpu::ColorTargetState {
    let blend = match blending {
        Blending::Replace => None,
        Blending::Over => Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
    };
    wgpu::ColorTargetState { format: format.raw(), blend, write_mask: wgpu::ColorWrites::ALL }
}
