//! Geometry goes to the GPU, each once.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use glam::{Vec2, Vec3, Vec4};
use gpu::{Buffer, Gpu, GpuError, Pass, Use};
use rayon::prelude::*;

use crate::{
    frame::{Frame, Geometry},
    render::{
        RenderError,
        batch::{Place, Plan},
        pipelines::{self, Style},
    },
};

/// What a vertex has beside its position, as `rich_vertex` reads it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Rich {
    normal: [i16; 2],
    tangent: [i16; 4],
    uvs: [Vec2; 2],
    color: [f32; 4],
}

/// A geometry on the GPU.
#[derive(Debug)]
pub(super) struct Mesh {
    positions: Buffer<Vec3>,
    indices: Buffer<u32>,
    normals: Option<Buffer<[i16; 2]>>,
    rich: Option<Buffer<Rich>>,
}

/// All geometries, and where their instances are.
#[derive(Debug)]
pub(super) struct Meshes {
    pub(super) list: Vec<Mesh>,
    pub(super) places: Buffer<Place>,
}

impl Mesh {
    /// Draws it at some of the places.
    pub(super) fn draw(
        &self,
        pass: &mut Pass<'_>,
        places: &Buffer<Place>,
        style: Style,
        instances: Range<u32>,
    ) {
        pass.vertices(0, places);
        pass.vertices(1, &self.positions);
        match (style, &self.normals, &self.rich) {
            (Style::Smooth, Some(normals), _) => pass.vertices(2, normals),
            (Style::Rich, _, Some(rich)) => pass.vertices(2, rich),
            _ => {}
        }
        pass.indices(&self.indices);
        pass.draw_indexed(0..self.indices.len() as u32, instances);
    }
}

/// Uploads what a plan draws.
///
/// # Errors
/// What fails on the GPU.
pub(super) fn meshes(gpu: &Gpu, frame: &Frame, plan: &Plan<'_>) -> Result<Meshes, RenderError> {
    let geometries = &plan.checked.geometries;
    let mut styles = vec![Vec::new(); geometries.len()];
    for batch in &plan.batches {
        let style = pipelines::style(geometries[batch.geometry].0, &frame.materials[batch.material]);
        let styles: &mut Vec<Style> = &mut styles[batch.geometry];
        if !styles.contains(&style) {
            styles.push(style);
        }
    }
    let uploaded = geometries.iter().zip(&styles).map(|((geometry, _), styles)| mesh(gpu, geometry, styles));
    let list = uploaded.collect::<Result<_, _>>()?;
    Ok(Meshes { list, places: gpu.buffer(Use::Vertices, &plan.places)? })
}

fn mesh(gpu: &Gpu, geometry: &Geometry, styles: &[Style]) -> Result<Mesh, GpuError> {
    let normals = styles.contains(&Style::Smooth).then(|| {
        let packed: Vec<[i16; 2]> = geometry.normals.par_iter().map(|normal| octahedral(*normal)).collect();
        gpu.buffer(Use::Vertices, &packed)
    });
    let rich = styles.contains(&Style::Rich).then(|| {
        let packed: Vec<Rich> =
            (0..geometry.positions.len()).into_par_iter().map(|vertex| rich(geometry, vertex)).collect();
        gpu.buffer(Use::Vertices, &packed)
    });
    Ok(Mesh {
        positions: gpu.buffer(Use::Vertices, &geometry.positions)?,
        indices: gpu.buffer(Use::Indices, &geometry.indices)?,
        normals: normals.transpose()?,
        rich: rich.transpose()?,
    })
}

fn rich(geometry: &Geometry, vertex: usize) -> Rich {
    let tangent = geometry.tangents.get(vertex).copied().unwrap_or(Vec4::X);
    Rich {
        normal: geometry.normals.get(vertex).map_or([0, 0], |normal| octahedral(*normal)),
        tangent: tangent.to_array().map(snorm),
        uvs: [0, 1].map(|set| geometry.uvs[set].get(vertex).copied().unwrap_or_default()),
        color: geometry.colors.get(vertex).copied().unwrap_or(Vec4::ONE).to_array(),
    }
}

/// A direction in two numbers (Cigolle et al. 2014); what is none becomes +z.
fn octahedral(direction: Vec3) -> [i16; 2] {
    let sum = direction.abs().element_sum();
    let flat = if sum > 0.0 && sum.is_finite() { direction / sum } else { Vec3::Z };
    let (x, y) = (flat.x, flat.y);
    let (x, y) =
        if flat.z >= 0.0 { (x, y) } else { ((1.0 - y.abs()).copysign(x), (1.0 - x.abs()).copysign(y)) };
    [snorm(x), snorm(y)]
}

fn snorm(value: f32) -> i16 {
    // Rounds as `round` does, without the call.
    (value.clamp(-1.0, 1.0) * f32::from(i16::MAX) + 0.5_f32.copysign(value)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_survive_being_packed() {
        let unpack = |[x, y]: [i16; 2]| {
            let [x, y] = [x, y].map(|value| f32::from(value) / 32767.0);
            let z = 1.0 - x.abs() - y.abs();
            let fold = (-z).max(0.0);
            Vec3::new(x - fold.copysign(x), y - fold.copysign(y), z).normalize()
        };
        for number in 0..1000 {
            let (turn, z) = (number as f32 * 2.399, number as f32 / 499.5 - 1.0);
            let flat = (1.0 - z * z).max(0.0).sqrt();
            let direction = Vec3::new(turn.cos() * flat, turn.sin() * flat, z);
            assert!(unpack(octahedral(direction)).distance(direction) < 1e-4, "{direction}");
        }
        assert_eq!(octahedral(Vec3::ZERO), [0, 0]);
        assert_eq!(octahedral(Vec3::NAN), [0, 0]);
    }
}
