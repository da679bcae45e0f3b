//! Tangents for normal maps that come without: those of MikkTSpace (Mikkelsen 2008), which normal maps are baked for.

use std::{borrow::Cow, hash::Hasher, mem, sync::Arc};

use base::Diagnostic;
use glam::{Vec2, Vec3, Vec4};
use meshopt::TangentOptions;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHasher};

use super::{Binding, Material, Model, Morph, Primitive, Slot, TextureRef, TextureTransform};
use crate::frame::{Geometry, Topology};

/// How many pairs of triangles that meet at a vertex may be looked at: some for each corner, and some seconds' worth.
const PAIRS_PER_CORNER: u64 = 64;
const PAIRS: u64 = 1 << 31;

/// Gives tangents to triangles with normals and texture coordinates whose material has a normal map, where they have none.
/// Vertices between triangles whose tangents differ, as where texture coordinates are mirrored, are split; the new ones
/// come last. Where more triangles meet at one vertex than can be gone through, there are none, which is told.
///
/// Triangles without normals get none: they are flat, and what a shader derives from the texture coordinates is exact.
pub(crate) fn add_tangents(model: &mut Model) -> Vec<Diagnostic> {
    let materials = &model.materials;
    let map = |primitive: &Primitive| {
        let material = primitive.material.and_then(|material| materials.get(material));
        material.and_then(normal_map).filter(|map| lacks(&primitive.geometry, map))
    };
    let wanted = model.meshes.par_iter_mut().enumerate().flat_map(|(mesh, parts)| {
        let place = if parts.name.is_empty() { format!("mesh {mesh}") } else { parts.name.clone() };
        let parts = parts.primitives.par_iter_mut();
        parts.filter_map(move |part| {
            map(part).map(|map| (place.clone(), pairs(&part.geometry, &map), part, map))
        })
    });
    let wanted: Vec<_> = wanted.collect();
    let corners: u64 = wanted.iter().map(|(_, _, part, _)| part.geometry.indices.len() as u64).sum();
    let mut left = corners.saturating_mul(PAIRS_PER_CORNER).saturating_add(PAIRS);
    let mut warnings = Vec::new();
    let mut given = Vec::with_capacity(wanted.len());
    for (place, pairs, part, map) in wanted {
        match left.checked_sub(pairs) {
            Some(rest) => {
                left = rest;
                given.push((part, map));
            }
            None => warnings.push(Diagnostic::warning(
                place,
                "too many triangles meet at one vertex: its normal map is not shown as it was baked",
            )),
        }
    }
    given.into_par_iter().for_each(|(part, map)| add(part, &map));
    warnings
}

fn normal_map(material: &Material) -> Option<TextureRef> {
    material.textures.iter().find(|(slot, _)| *slot == Slot::Normal).map(|(_, map)| *map)
}

fn lacks(geometry: &Geometry, map: &TextureRef) -> bool {
    let count = geometry.positions.len();
    let uvs = geometry.uvs.get(map.set).map_or(0, Vec::len);
    geometry.topology == Topology::Triangles
        && geometry.tangents.is_empty()
        && [geometry.normals.len(), uvs] == [count; 2]
        && geometry.indices.len().is_multiple_of(3)
        && !geometry.indices.is_empty()
}

/// Whether a triangle has three corners; what is made of fewer is not seen.
fn is_whole([a, b, c]: [u32; 3]) -> bool {
    a != b && b != c && c != a
}

/// The indices of whole triangles.
fn whole(geometry: &Geometry) -> Cow<'_, [u32]> {
    let triangles = geometry.indices.as_chunks::<3>().0;
    match triangles.iter().all(|triangle| is_whole(*triangle)) {
        true => Cow::Borrowed(&geometry.indices),
        false => triangles.iter().copied().filter(|triangle| is_whole(*triangle)).flatten().collect(),
    }
}

/// About how many pairs of triangles meet, at most. Vertices that are alike are one.
fn pairs(geometry: &Geometry, map: &TextureRef) -> u64 {
    let mut corners = vec![0_u64; geometry.positions.len()];
    for index in whole(geometry).iter() {
        if let Some(corners) = corners.get_mut(*index as usize) {
            *corners += 1;
        }
    }
    let mut alike = vec![0_u64; corners.len().next_power_of_two()];
    let uvs = geometry.uvs.get(map.set).map_or(&[][..], Vec::as_slice);
    for (((corners, position), normal), uv) in
        corners.iter().zip(&geometry.positions).zip(&geometry.normals).zip(uvs)
    {
        let mut hasher = FxHasher::default();
        let numbers = position.to_array().into_iter().chain(normal.to_array()).chain(uv.to_array());
        // Zero has only one sign.
        numbers.for_each(|number| hasher.write_u32((number + 0.0).to_bits()));
        let place = hasher.finish() as usize & (alike.len() - 1);
        if let Some(alike) = alike.get_mut(place) {
            *alike += corners;
        }
    }
    alike.iter().fold(0, |sum, corners| sum.saturating_add(corners.saturating_mul(*corners)))
}

fn add(primitive: &mut Primitive, map: &TextureRef) {
    let corners = corners(&primitive.geometry, map);
    let geometry = Arc::make_mut(&mut primitive.geometry);
    let mut tangents = vec![Vec4::ZERO; geometry.positions.len()];
    // Where the vertices come from that are added, and which one has which tangent.
    let mut sources: Vec<u32> = Vec::new();
    let mut split: FxHashMap<(u32, [u32; 4]), u32> = FxHashMap::default();
    let triangles = geometry.indices.as_chunks_mut::<3>().0.iter_mut();
    let indices = triangles.filter(|triangle| is_whole(**triangle)).flatten();
    for (index, corner) in indices.zip(corners) {
        let vertex = *index;
        let Some(own) = tangents.get_mut(vertex as usize) else { continue };
        if own.w == 0.0 {
            *own = corner;
        } else if *own != corner {
            *index = *split.entry((vertex, corner.to_array().map(f32::to_bits))).or_insert_with(|| {
                sources.push(vertex);
                tangents.push(corner);
                tangents.len() as u32 - 1
            });
        }
    }
    tangents
        .iter_mut()
        .filter(|tangent| tangent.w == 0.0)
        .for_each(|tangent| *tangent = Vec4::new(1.0, 0.0, 0.0, 1.0));
    geometry.tangents = tangents;
    if sources.is_empty() {
        return;
    }
    extend(&mut geometry.positions, &sources);
    extend(&mut geometry.normals, &sources);
    geometry.uvs.iter_mut().for_each(|uvs| extend(uvs, &sources));
    extend(&mut geometry.colors, &sources);
    if let Some(binding) = &mut primitive.binding {
        let Binding { joints, weights } = Arc::make_mut(binding);
        extend(joints, &sources);
        extend(weights, &sources);
    }
    let mut morphs = mem::take(&mut primitive.morphs).to_vec();
    for Morph { positions, normals, tangents } in &mut morphs {
        [positions, normals, tangents].into_iter().for_each(|list| extend(list, &sources));
    }
    primitive.morphs = morphs.into();
}

/// Adds what is at these places behind; an empty list stays so.
fn extend<T: Copy>(list: &mut Vec<T>, places: &[u32]) {
    list.reserve_exact(if list.is_empty() { 0 } else { places.len() });
    for place in places {
        let Some(item) = list.get(*place as usize).copied() else { return };
        list.push(item);
    }
}

/// The tangent of each corner of whole triangles: of unit length, with the sign of the bitangent.
fn corners(geometry: &Geometry, map: &TextureRef) -> impl Iterator<Item = Vec4> + use<> {
    let uvs = geometry.uvs.get(map.set).map_or(&[][..], Vec::as_slice);
    // Where texture coordinates are moved to is of no account.
    let matrix = map.transform.matrix();
    let turned = map.transform != TextureTransform::default();
    let moved: Vec<Vec2> =
        if turned { uvs.iter().map(|uv| matrix.transform_vector2(*uv)).collect() } else { Vec::new() };
    let tangents = meshopt::generate_tangents(
        Some(&whole(geometry)),
        bytemuck::cast_slice(&geometry.positions),
        bytemuck::cast_slice(&geometry.normals),
        bytemuck::cast_slice(if turned { &moved } else { uvs }),
        TangentOptions::Compatible,
    );
    tangents.into_iter().map(|[x, y, z, w]| {
        // Numbers near the end of what floats have overflow on the way.
        let along = Vec3::new(x, y, z).try_normalize().unwrap_or(Vec3::X);
        // MikkTSpace turns the bitangent to where v grows; here that is down the image, and green is up.
        along.extend(if w < 0.0 { 1.0 } else { -1.0 })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test that cannot go on fails.
mod tests {
    use super::*;
    use crate::frame::Wrap;

    /// A strip of two squares along x; texture coordinates grow along x in the first and come back in the second.
    fn mirrored() -> Primitive {
        let positions =
            [0.0, 1.0, 2.0].into_iter().flat_map(|x| [Vec3::new(x, 0.0, 0.0), Vec3::new(x, 1.0, 0.0)]);
        let uvs = [0.0, 1.0, 0.0].into_iter().flat_map(|u| [Vec2::new(u, 1.0), Vec2::new(u, 0.0)]);
        let geometry = Geometry {
            positions: positions.collect(),
            normals: vec![Vec3::Z; 6],
            uvs: [Vec::new(), uvs.collect()],
            indices: vec![0, 2, 1, 1, 2, 3, 2, 4, 3, 3, 4, 5],
            ..Geometry::default()
        };
        let morph = Morph { positions: (0..6).map(|i| Vec3::X * i as f32).collect(), ..Morph::default() };
        let binding = Binding { joints: (0..6).map(|i| [i; 4]).collect(), weights: vec![Vec4::X; 6] };
        let binding = Some(Arc::new(binding));
        Primitive { geometry: geometry.into(), material: Some(0), binding, morphs: [morph].into() }
    }

    fn with_tangents(primitive: Primitive, transform: TextureTransform) -> Primitive {
        let map = TextureRef { image: 0, set: 1, transform, wrap: [Wrap::Repeat; 2], smooth: true };
        let material = Material { textures: vec![(Slot::Normal, map)], ..Material::default() };
        let mesh = super::super::Mesh { primitives: vec![primitive], ..Default::default() };
        let mut model = Model { meshes: vec![mesh], materials: vec![material], ..Model::default() };
        add_tangents(&mut model);
        model.meshes.swap_remove(0).primitives.swap_remove(0)
    }

    #[test]
    fn vertices_are_split_where_texture_coordinates_are_mirrored() {
        let out = with_tangents(mirrored(), TextureTransform::default());
        let geometry = &out.geometry;
        assert_eq!(geometry.positions.len(), 8);
        for (corner, vertex) in geometry.indices.iter().map(|index| *index as usize).enumerate() {
            let wanted =
                if corner < 6 { Vec4::new(1.0, 0.0, 0.0, 1.0) } else { Vec4::new(-1.0, 0.0, 0.0, -1.0) };
            assert!(geometry.tangents[vertex].abs_diff_eq(wanted, 1e-6), "corner {corner}");
            let source = mirrored().geometry.indices[corner];
            assert_eq!(geometry.positions[vertex], mirrored().geometry.positions[source as usize]);
            assert_eq!(out.morphs[0].positions[vertex].x, source as f32);
            assert_eq!(u32::from(out.binding.as_ref().unwrap().joints[vertex][0]), source);
        }
    }

    #[test]
    fn tangents_are_those_of_the_texture_as_it_lies() {
        let turned =
            TextureTransform { rotation: std::f32::consts::FRAC_PI_2, ..TextureTransform::default() };
        let first = with_tangents(mirrored(), turned).geometry.tangents[0];
        assert!(first.abs_diff_eq(Vec4::new(0.0, -1.0, 0.0, 1.0), 1e-6), "{first}");
        let flipped = TextureTransform { scale: Vec2::new(1.0, -1.0), ..TextureTransform::default() };
        assert_eq!(with_tangents(mirrored(), flipped).geometry.tangents[0].w, -1.0);
    }

    #[test]
    fn what_needs_none_or_has_some_stays_as_it_is() {
        let changes: [fn(&mut Geometry); 4] = [
            |geometry| geometry.normals.clear(),
            |geometry| geometry.uvs[1].clear(),
            |geometry| geometry.topology = Topology::Lines,
            |geometry| geometry.tangents = vec![Vec4::ONE; 6],
        ];
        for change in changes {
            let mut primitive = mirrored();
            change(Arc::make_mut(&mut primitive.geometry));
            let before = primitive.geometry.clone();
            assert_eq!(with_tangents(primitive, TextureTransform::default()).geometry, before);
        }
    }

    #[test]
    fn triangles_that_all_meet_at_one_vertex_do_not_take_forever() {
        let mut primitive = mirrored();
        let geometry = Arc::make_mut(&mut primitive.geometry);
        // Triangles of fewer corners count for nothing; those that are only alike do.
        let seen = geometry.indices.len();
        geometry.indices.extend([0; 3].repeat(100_000));
        assert_eq!(with_tangents(primitive, TextureTransform::default()).geometry.tangents.len(), 8);
        let mut primitive = mirrored();
        let geometry = Arc::make_mut(&mut primitive.geometry);
        geometry.indices = geometry.indices[..seen].repeat(100_000);
        assert!(with_tangents(primitive, TextureTransform::default()).geometry.tangents.is_empty());
    }

    #[test]
    fn impossible_coordinates_give_finite_tangents() {
        let mut primitive = mirrored();
        let geometry = Arc::make_mut(&mut primitive.geometry);
        geometry.positions.iter_mut().for_each(|position| *position *= 3e38);
        geometry.uvs[1].iter_mut().for_each(|uv| *uv *= 1e-38);
        let out = with_tangents(primitive, TextureTransform::default());
        assert!(out.geometry.tangents.iter().all(|tangent| tangent.is_finite()));
    }
}
