//! The camera, and what all draws of a picture share.

use bytemuck::{Pod, Zeroable};
use glam::{DMat4, DVec3, Mat4, Vec3, Vec4, dcamera::rh::proj::directx};
use gpu::{Bindings, Buffer, Format, Gpu, GpuError, Pyramid, Sampler, Slot, SlotKind, Texture, Use};

use crate::{
    frame::{Camera, Environment, Frame, Light, LightKind, Projection},
    render::{
        RenderError,
        batch::Plan,
        environment::{self, Surroundings},
        sampling::Sampling,
        shadow::{self, Shadows},
        upload::Meshes,
    },
};

/// Where a picture is seen from.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// The eye, in the world.
    pub(super) eye: DVec3,
    /// From the world around the eye to clip space; the nearest is 1, the farthest 0.
    clip_from_world: Mat4,
    /// The direction of view.
    forward: Vec3,
    parallel: bool,
}

impl View {
    /// What a camera sees in a picture of so much width for its height.
    ///
    /// # Errors
    /// Numbers that no camera has.
    pub(super) fn new(camera: &Camera, aspect: f64) -> Result<Self, RenderError> {
        let world_from_view = camera.view_from_world.as_dmat4().inverse();
        if !camera.view_from_world.is_finite() || !world_from_view.is_finite() {
            return Err(RenderError::Camera("its place is not finite"));
        }
        let (parallel, projection) = match camera.projection {
            Projection::Perspective { yfov, near, far } => {
                if !(yfov > 0.0 && yfov < std::f32::consts::PI) {
                    return Err(RenderError::Camera("its field of view is not between 0 and 180 degrees"));
                }
                if !(near > 0.0 && near.is_finite() && far > near) {
                    return Err(RenderError::Camera("its near plane is not between it and its far plane"));
                }
                let (yfov, near, far) = (f64::from(yfov), f64::from(near), f64::from(far));
                let matrix = if far.is_infinite() {
                    directx::perspective_infinite_reverse(yfov, aspect, near)
                } else {
                    directx::perspective(yfov, aspect, far, near)
                };
                (false, matrix)
            }
            Projection::Orthographic { ymag, near, far } => {
                if !(ymag > 0.0 && ymag.is_finite()) {
                    return Err(RenderError::Camera("its height is not above 0"));
                }
                if !(near.is_finite() && far.is_finite() && near < far) {
                    return Err(RenderError::Camera("its near plane is not before its far plane"));
                }
                let (ymag, near, far) = (f64::from(ymag), f64::from(near), f64::from(far));
                let xmag = ymag * aspect;
                (true, directx::orthographic(-xmag, xmag, -ymag, ymag, far, near))
            }
        };
        let eye = world_from_view.w_axis.truncate();
        let around = camera.view_from_world.as_dmat4() * DMat4::from_translation(eye);
        let forward = -world_from_view.z_axis.truncate().normalize_or_zero().as_vec3();
        Ok(View { eye, clip_from_world: (projection * around).as_mat4(), forward, parallel })
    }

    /// How far away a point of the world around the eye is.
    pub(super) fn distance(&self, point: Vec3) -> f32 {
        point.dot(self.forward)
    }

    /// From the world around the eye to the clip space of a tile of a part of a picture.
    pub(super) fn clip_from_world(&self, tile: &Tile, part: &Part) -> Mat4 {
        let (width, height) = part.whole;
        let (across, down) = (f64::from(tile.width), f64::from(tile.height));
        let (left, top) = (part.left + f64::from(tile.left), part.top + f64::from(tile.top));
        if (left, top, across, down) == (0.0, 0.0, width, height) {
            return self.clip_from_world;
        }
        let x = width - 2.0 * left - across;
        let y = 2.0 * top + down - height;
        let scale = DMat4::from_scale(DVec3::new(width / across, height / down, 1.0));
        let shift = DMat4::from_translation(DVec3::new(x / across, y / down, 0.0));
        (shift * scale * self.clip_from_world.as_dmat4()).as_mat4()
    }
}

/// What is drawn of a picture, which may reach beyond it. In pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The width and height of the whole picture.
    pub whole: (f64, f64),
    /// How far right of the picture's left edge it begins.
    pub left: f64,
    /// How far below the picture's upper edge it begins.
    pub top: f64,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// A part of what is drawn, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Tile {
    /// Puts its pixels where they belong.
    pub(super) fn place<T: Copy>(&self, pixels: &[T], picture: &mut [T], width: u32) {
        for (row, line) in pixels.chunks_exact(self.width as usize).enumerate() {
            let start = (self.top as usize + row) * width as usize + self.left as usize;
            picture[start..start + line.len()].copy_from_slice(line);
        }
    }
}

/// The parts of a picture that are no larger than `across` and `down`, row by row.
pub(super) fn tiles((width, height): (u32, u32), (across, down): (u32, u32)) -> impl Iterator<Item = Tile> {
    let starts = |whole: u32, side: u32| (0..whole).step_by(side as usize);
    starts(height, down).flat_map(move |top| {
        starts(width, across).map(move |left| Tile {
            left,
            top,
            width: across.min(width - left),
            height: down.min(height - top),
        })
    })
}

/// As `Frame` in `frame.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct Globals {
    pub(super) clip_from_world: Mat4,
    pub(super) shadow_from_world: Mat4,
    behind_from_world: Mat4,
    tint: Vec4,
    towards_eye: Vec4,
    environment: Vec4,
    background: Vec4,
    behind: Vec4,
}

/// As `Light` in `frame.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Lamp {
    color: Vec4,
    position: Vec4,
    direction: Vec4,
    cone: Vec4,
}

/// What all draws share.
#[derive(Debug)]
pub(super) struct Shared {
    globals: Globals,
    lamps: Buffer<Lamp>,
    pub(super) surroundings: Surroundings,
    environment_sampler: Sampler,
    shadows: Shadows,
    shadow_sampler: Sampler,
    behind: Texture,
    /// 0 none, 1 the studio, 2 an image.
    pub(super) environment: i32,
    pub(super) lit: bool,
    pub(super) shadowed: bool,
    /// How many lights cast no shadows, because there are too many.
    pub(super) unshadowed: usize,
    /// How the picture is sampled.
    pub(super) sampling: Sampling,
}

/// The slots of the group that all draws share.
pub(super) const SLOTS: [Slot; 9] = [
    Slot::with_vertices(SlotKind::Uniform),
    Slot::new(SlotKind::Storage),
    Slot::new(SlotKind::Texture),
    Slot::new(SlotKind::Sampler),
    Slot::new(SlotKind::Depth),
    Slot::new(SlotKind::Comparison),
    Slot::new(SlotKind::Storage),
    Slot::new(SlotKind::Texture),
    Slot::new(SlotKind::Texture),
];

impl Shared {
    /// Puts on the GPU what all draws share, and draws the shadow maps.
    ///
    /// # Errors
    /// What fails there.
    pub(super) fn new(
        gpu: &Gpu,
        frame: &Frame,
        view: &View,
        plan: &Plan<'_>,
        meshes: &Meshes,
        materials: &[Bindings],
    ) -> Result<Self, RenderError> {
        let (environment, tint, turn) = match &frame.environment {
            Environment::None => (0, Vec3::ZERO, 0.0),
            Environment::Studio(scale) => (1, Vec3::splat(*scale), 0.0),
            Environment::Image { turn, tint, .. } => (2, *tint, *turn),
        };
        let surroundings = environment::surroundings(gpu, &frame.environment)?;
        let casting = shadow::casting(frame, plan, view.eye);
        let shadows = shadow::draw(gpu, frame, plan, meshes, materials, &casting)?;
        let mut lamps: Vec<Lamp> = frame.lights.iter().map(|light| lamp(light, view.eye)).collect();
        for (lamp, views) in lamps.iter_mut().zip(&casting.of_lights) {
            (lamp.cone.y, lamp.cone.z) = (views.start as f32, views.len() as f32);
        }
        let lamps = if lamps.is_empty() { vec![Lamp::zeroed()] } else { lamps };
        Ok(Shared {
            globals: Globals {
                clip_from_world: Mat4::IDENTITY,
                shadow_from_world: Mat4::IDENTITY,
                behind_from_world: Mat4::IDENTITY,
                tint: tint.extend(0.0),
                towards_eye: (-view.forward).extend(if view.parallel { 1.0 } else { 0.0 }),
                environment: Vec4::new(0.0, turn, surroundings.levels, frame.lights.len() as f32),
                background: background(frame),
                behind: Vec4::ONE,
            },
            lamps: gpu.buffer(Use::Storage, &lamps)?,
            surroundings,
            environment_sampler: gpu.sampler(environment::SAMPLER)?,
            shadows,
            shadow_sampler: gpu.sampler(shadow::SAMPLER)?,
            sampling: Sampling::of(gpu, plan),
            behind: placeholder(gpu, Format::Rgba16Float)?,
            environment,
            lit: !frame.lights.is_empty(),
            shadowed: !casting.views.is_empty(),
            unshadowed: casting.unshadowed,
        })
    }

    /// Shows this as what is behind from now on; `height` is that of the whole picture in its pixels.
    pub(super) fn set_behind(&mut self, pyramid: &Pyramid, clip_from_world: Mat4, height: f32) {
        self.globals.behind_from_world = clip_from_world;
        self.globals.behind = Vec4::new(pyramid.levels().len() as f32, height, 0.0, 0.0);
        self.behind = pyramid.texture().clone();
    }

    /// Binds it for a tile.
    ///
    /// # Errors
    /// What fails on the GPU.
    pub(super) fn bind(&self, gpu: &Gpu, clip_from_world: Mat4) -> Result<Bindings, GpuError> {
        let globals = gpu.buffer(Use::Uniform, &[Globals { clip_from_world, ..self.globals }])?;
        let layout = gpu.layout(&SLOTS)?;
        let bindings = [
            (&globals).into(),
            (&self.lamps).into(),
            (&self.surroundings.map).into(),
            (&self.environment_sampler).into(),
            (&self.shadows.map).into(),
            (&self.shadow_sampler).into(),
            (&self.shadows.views).into(),
            (&self.behind).into(),
            (&self.surroundings.irradiance).into(),
        ];
        gpu.bind(&layout, &bindings)
    }
}

impl Globals {
    /// With nothing but the matrix of a shadow map.
    pub(super) fn shadow(shadow_from_world: Mat4) -> Self {
        Globals { shadow_from_world, ..Globals::zeroed() }
    }
}

fn lamp(light: &Light, eye: DVec3) -> Lamp {
    let near = |position: Vec3| (position.as_dvec3() - eye).as_vec3();
    let bound = |range: f32| if range.is_finite() && range > 0.0 { 1.0 / range } else { 0.0 };
    match light.kind {
        LightKind::Directional(direction) => Lamp {
            color: light.color.extend(0.0),
            direction: direction.normalize_or_zero().extend(0.0),
            ..Lamp::zeroed()
        },
        LightKind::Point { position, range } => Lamp {
            color: light.color.extend(1.0),
            position: near(position).extend(bound(range)),
            ..Lamp::zeroed()
        },
        LightKind::Spot { position, direction, range, inner, outer } => {
            let scale = 1.0 / (inner.cos() - outer.cos()).max(1e-3);
            Lamp {
                color: light.color.extend(2.0),
                position: near(position).extend(bound(range)),
                direction: direction.normalize_or_zero().extend(scale),
                cone: Vec4::new(-outer.cos() * scale, 0.0, 0.0, 0.0),
            }
        }
    }
}

/// What is seen where there is nothing, if the environment is not: linear, not premultiplied.
fn background(frame: &Frame) -> Vec4 {
    let hidden = matches!(frame.environment, Environment::Image { backdrop: Some(_), .. });
    frame.background.filter(|_| !hidden).unwrap_or_default()
}

/// A texture of one pixel, to fill a slot that no shader looks at.
///
/// # Errors
/// What fails on the GPU.
pub(super) fn placeholder(gpu: &Gpu, format: Format) -> Result<Texture, GpuError> {
    let usage = if format == Format::Depth32 { gpu::TextureUse::Drawn } else { gpu::TextureUse::Sampled };
    gpu.texture(gpu::TextureSpec { width: 1, height: 1, format, usage }, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_a_picture_once() {
        let mut picture = vec![[0; 4]; 70 * 50];
        for tile in tiles((70, 50), (32, 20)) {
            let pixels = vec![[1, tile.left as u8, tile.top as u8, 0]; (tile.width * tile.height) as usize];
            tile.place(&pixels, &mut picture, 70);
        }
        for (place, pixel) in picture.iter().enumerate() {
            assert_eq!(*pixel, [1, (place % 70 / 32 * 32) as u8, (place / 70 / 20 * 20) as u8, 0]);
        }
        assert_eq!(tiles((32, 20), (32, 20)).count(), 1);
    }

    #[test]
    fn a_tile_shows_its_part() {
        let projection = Projection::Perspective { yfov: 1.0, near: 0.1, far: 10.0 };
        let view = View::new(&Camera { view_from_world: Mat4::IDENTITY, projection }, 2.0).unwrap();
        let part = Part { whole: (200.0, 100.0), left: 0.0, top: 0.0, width: 200, height: 100 };
        let pixel = |tile: &Tile| {
            let clip =
                view.clip_from_world(tile, &part).as_dmat4().project_point3(DVec3::new(0.3, -0.2, -2.0));
            let across = (clip.x + 1.0) / 2.0 * f64::from(tile.width) + f64::from(tile.left);
            let down = (1.0 - clip.y) / 2.0 * f64::from(tile.height) + f64::from(tile.top);
            (across, down, clip.z)
        };
        let whole = pixel(&Tile { left: 0, top: 0, width: 200, height: 100 });
        let part = pixel(&Tile { left: 64, top: 32, width: 64, height: 68 });
        assert!((whole.0 - part.0).abs() < 1e-3 && (whole.1 - part.1).abs() < 1e-3, "{whole:?} {part:?}");
        assert!((whole.2 - part.2).abs() < 1e-6);
    }
}
