//! Frames that contradict themselves are refused; what is not finite is left out.

use std::{collections::HashMap, sync::Arc};

use glam::Vec3;
use rayon::prelude::*;

use crate::{
    frame::{Frame, Geometry, Image, Material, Texture, Topology},
    render::RenderError,
};

/// A box along the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) min: Vec3,
    pub(super) max: Vec3,
}

impl Bounds {
    /// Of nothing.
    pub(super) const EMPTY: Bounds =
        Bounds { min: Vec3::splat(f32::INFINITY), max: Vec3::splat(f32::NEG_INFINITY) };

    /// With a point more.
    pub(super) fn with(self, point: Vec3) -> Self {
        Bounds { min: self.min.min(point), max: self.max.max(point) }
    }

    fn and(self, other: Bounds) -> Self {
        Bounds { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// Its corners.
    pub(super) fn corners(self) -> [Vec3; 8] {
        std::array::from_fn(|place| {
            let of = |bit: usize| if place >> bit & 1 == 0 { self.min[bit] } else { self.max[bit] };
            Vec3::new(of(0), of(1), of(2))
        })
    }

    /// Its middle.
    pub(super) fn center(self) -> Vec3 {
        self.min * 0.5 + self.max * 0.5
    }
}

/// What was found out about a frame.
#[derive(Debug)]
pub(super) struct Checked<'a> {
    /// The geometries, each once, in the order in which they come first, and their bounds.
    pub(super) geometries: Vec<(&'a Arc<Geometry>, Bounds)>,
    /// Which instances are drawn: their numbers, and the places of their geometries.
    pub(super) drawn: Vec<(usize, usize)>,
    /// How many are not, because they are not finite.
    pub(super) skipped: usize,
}

/// Looks at everything that the GPU would trust.
///
/// # Errors
/// A contradiction.
pub(super) fn check(frame: &Frame) -> Result<Checked<'_>, RenderError> {
    limit("instances", frame.instances.len())?;
    limit("lights", frame.lights.len())?;
    frame.materials.iter().flat_map(textures).try_for_each(|texture| image(&texture.image))?;
    let mut places: HashMap<*const Geometry, Shape> = HashMap::new();
    let (mut geometries, mut drawn) = (Vec::new(), Vec::with_capacity(frame.instances.len()));
    let mut skipped = 0;
    for (number, instance) in frame.instances.iter().enumerate() {
        if instance.material >= frame.materials.len() {
            let (material, count) = (instance.material, frame.materials.len());
            return Err(RenderError::Material { instance: number, material, count });
        }
        let shape = match places.get(&Arc::as_ptr(&instance.geometry)) {
            Some(shape) => *shape,
            None => {
                let shape = match geometry(number, &instance.geometry)? {
                    None => Shape::NotFinite,
                    Some(_) if instance.geometry.indices.is_empty() => Shape::Empty,
                    Some(bounds) => {
                        geometries.push((&instance.geometry, bounds));
                        Shape::Drawn(geometries.len() - 1)
                    }
                };
                places.insert(Arc::as_ptr(&instance.geometry), shape);
                shape
            }
        };
        match shape {
            Shape::Drawn(place) if instance.world_from_local.is_finite() => drawn.push((number, place)),
            Shape::Empty => {}
            Shape::Drawn(_) | Shape::NotFinite => skipped += 1,
        }
    }
    Ok(Checked { geometries, drawn, skipped })
}

/// What is drawn of a geometry.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// It has this place in the list.
    Drawn(usize),
    Empty,
    NotFinite,
}

/// The textures of a material.
pub(super) fn textures(material: &Material) -> impl Iterator<Item = &Texture> {
    let all = [
        &material.base_color_texture,
        &material.metallic_roughness_texture,
        &material.normal_texture,
        &material.occlusion_texture,
        &material.emissive_texture,
    ];
    all.into_iter().flatten().chain(material.lobe_textures.iter().map(|(_, texture)| texture))
}

fn image(image: &Image) -> Result<(), RenderError> {
    let Image { width, height, .. } = *image;
    let found = image.rgba.len();
    if found == 0 || u64::from(width) * u64::from(height) != found as u64 {
        return Err(RenderError::Image { width, height, found });
    }
    Ok(())
}

fn limit(what: &'static str, count: usize) -> Result<(), RenderError> {
    if count >= 1 << 31 {
        return Err(RenderError::Count { what, count });
    }
    Ok(())
}

/// The bounds of a geometry; none if its positions are not finite.
fn geometry(instance: usize, geometry: &Geometry) -> Result<Option<Bounds>, RenderError> {
    let count = geometry.positions.len();
    limit("positions", count)?;
    limit("indices", geometry.indices.len())?;
    for (list, found) in [
        ("normals", geometry.normals.len()),
        ("tangents", geometry.tangents.len()),
        ("texture coordinates", geometry.uvs[0].len()),
        ("texture coordinates of the second set", geometry.uvs[1].len()),
        ("colours", geometry.colors.len()),
    ] {
        if found != 0 && found != count {
            return Err(RenderError::Length { instance, list, found, expected: count });
        }
    }
    let corners = match geometry.topology {
        Topology::Triangles => 3,
        Topology::Lines => 2,
        Topology::Points => 1,
    };
    let found = geometry.indices.len();
    if !found.is_multiple_of(corners) {
        return Err(RenderError::Length {
            instance,
            list: "indices",
            found,
            expected: found - found % corners,
        });
    }
    let index = geometry.indices.par_chunks(CHUNK).map(|chunk| chunk.iter().copied().fold(0, u32::max)).max();
    if let Some(index) = index.filter(|index| *index as usize >= count) {
        return Err(RenderError::Index { instance, index, count });
    }
    let (bounds, finite) = geometry
        .positions
        .par_chunks(CHUNK)
        .map(|chunk| {
            let bounds = chunk.iter().fold(Bounds::EMPTY, |bounds, point| bounds.with(*point));
            (bounds, chunk.iter().fold(true, |finite, point| finite & point.is_finite()))
        })
        .reduce(|| (Bounds::EMPTY, true), |(a, x), (b, y)| (a.and(b), x & y));
    Ok(finite.then_some(bounds))
}

/// How many values a thread looks at in one go.
const CHUNK: usize = 1 << 15;
