//! PLY, the Stanford polygon format: text and binary of both byte orders.

mod header;

use std::sync::Arc;

use glam::{Vec2, Vec3, Vec4};

use crate::{
    ReadError,
    color::linear,
    frame::{Geometry, Topology},
    model::{Model, Primitive},
    numbers::{Words, float},
    polygon::triangulate,
};

use header::{Element, Encoding, Header, Property, Scalar};

/// Whether these are the first bytes of a file.
pub fn recognises(bytes: &[u8]) -> bool {
    bytes.starts_with(b"ply\n") || bytes.starts_with(b"ply\r") || bytes.starts_with(b"ply ")
}

/// Reads a file: its faces, or its edges, or else its vertices as points.
///
/// # Errors
/// The header is not understood, the file ends too early, or a number is not finite or names what is not there.
pub fn read(bytes: &[u8]) -> Result<Model, ReadError> {
    let header = Header::read(bytes)?;
    let mut body = Body { bytes, offset: header.end, encoding: header.encoding };
    let mut vertices = Vertices::default();
    let (mut triangles, mut lines) = (Vec::new(), Vec::new());
    for element in &header.elements {
        match element.name.as_str() {
            "vertex" => vertices.read(&mut body, element)?,
            "face" => read_faces(&mut body, element, &vertices.geometry.positions, &mut triangles)?,
            "edge" => read_edges(&mut body, element, vertices.geometry.positions.len(), &mut lines)?,
            _ => body.skip(element)?,
        }
    }
    let mut geometry = vertices.finish();
    let count = geometry.positions.len() as u32;
    (geometry.topology, geometry.indices) = match (triangles.is_empty(), lines.is_empty()) {
        (false, _) => (Topology::Triangles, triangles),
        (true, false) => (Topology::Lines, lines),
        (true, true) => (Topology::Points, (0..count).collect()),
    };
    Ok(Model::of_mesh(
        "",
        vec![Primitive {
            geometry: Arc::new(geometry),
            material: None,
            binding: None,
            morphs: Arc::default(),
        }],
    ))
}

/// What follows the header, read number by number.
struct Body<'a> {
    bytes: &'a [u8],
    offset: usize,
    encoding: Encoding,
}

impl Body<'_> {
    fn end(&self) -> ReadError {
        ReadError::byte(self.bytes.len(), "the file ends too early")
    }

    fn number(&mut self, scalar: Scalar) -> Result<f64, ReadError> {
        if self.encoding == Encoding::Text {
            let rest = self.bytes.get(self.offset..).unwrap_or_default();
            let mut words = Words(rest);
            let word = words.next().ok_or_else(|| self.end())?;
            let start = self.bytes.len() - words.0.len() - word.len();
            self.offset = self.bytes.len() - words.0.len();
            let whole =
                || std::str::from_utf8(word).ok()?.parse().ok().filter(|number: &f64| number.is_finite());
            let number = match scalar {
                Scalar::F32 => float(word).map(f64::from),
                _ => whole(),
            };
            let shown =
                || format!("{:?} is no finite number", String::from_utf8_lossy(&word[..word.len().min(40)]));
            return number.ok_or_else(|| ReadError::byte(start, shown()));
        }
        let size = scalar.size();
        let bytes = self.bytes.get(self.offset..self.offset + size).ok_or_else(|| self.end())?;
        let mut word = [0; 8];
        word[..size].copy_from_slice(bytes);
        if self.encoding == Encoding::Big {
            word[..size].reverse();
        }
        let number = scalar.number(word);
        if !number.is_finite() {
            return Err(ReadError::byte(self.offset, "the number is not finite"));
        }
        self.offset += size;
        Ok(number)
    }

    /// Reads a property of one row and hands its numbers on.
    fn property(&mut self, property: &Property, mut each: impl FnMut(f64)) -> Result<(), ReadError> {
        let count = match property.count {
            None => 1,
            Some(count) => {
                let start = self.offset;
                let number = self.number(count)?;
                if number < 0.0 || number.fract() != 0.0 {
                    return Err(ReadError::byte(start, format!("{number} is no count")));
                }
                number as u64
            }
        };
        for _ in 0..count {
            each(self.number(property.scalar)?);
        }
        Ok(())
    }

    fn skip(&mut self, element: &Element) -> Result<(), ReadError> {
        if element.properties.is_empty() {
            return Ok(());
        }
        for _ in 0..element.count {
            for property in &element.properties {
                self.property(property, |_| {})?;
            }
        }
        Ok(())
    }

    /// How many rows there can be at most, for lists to be made as long.
    fn most(&self, element: &Element) -> usize {
        let left = self.bytes.len().saturating_sub(self.offset);
        (element.count as usize).min(left / element.properties.len().max(1))
    }
}

/// What the properties of vertices are for, in this order in a row.
const SLOTS: [&[&str]; 12] = [
    &["x"],
    &["y"],
    &["z"],
    &["nx"],
    &["ny"],
    &["nz"],
    &["s", "u", "texture_u", "texcoord_u"],
    &["t", "v", "texture_v", "texcoord_v"],
    &["red", "r", "diffuse_red"],
    &["green", "g", "diffuse_green"],
    &["blue", "b", "diffuse_blue"],
    &["alpha", "a", "diffuse_alpha"],
];

#[derive(Default)]
struct Vertices {
    geometry: Geometry,
}

impl Vertices {
    fn read(&mut self, body: &mut Body<'_>, element: &Element) -> Result<(), ReadError> {
        let slot =
            |property: &Property| SLOTS.iter().position(|names| names.contains(&property.name.as_str()));
        let slots: Vec<Option<usize>> = element
            .properties
            .iter()
            .map(|property| slot(property).filter(|_| property.count.is_none()))
            .collect();
        let has = |slot: usize| slots.contains(&Some(slot));
        if !(has(0) && has(1) && has(2)) {
            return Err(ReadError::line(element.line, "vertices have no x, y and z"));
        }
        // Integers are parts of the greatest one.
        let scales: Vec<f64> =
            element.properties.iter().map(|property| 1.0 / property.scalar.unit()).collect();
        let most = body.most(element);
        let geometry = &mut self.geometry;
        geometry.positions.reserve(most);
        let mut row = [0.0f64; 12];
        row[11] = 1.0;
        for _ in 0..element.count {
            for (i, property) in element.properties.iter().enumerate() {
                match slots[i] {
                    Some(slot @ 8..) => row[slot] = body.number(property.scalar)? * scales[i],
                    Some(slot) => row[slot] = body.number(property.scalar)?,
                    None => body.property(property, |_| {})?,
                }
            }
            let [x, y, z, nx, ny, nz, s, t, r, g, b, a] = row.map(|number| number as f32);
            let position = Vec3::new(x, y, z);
            if !position.is_finite() {
                return Err(ReadError::byte(body.offset, "a coordinate is too large"));
            }
            geometry.positions.push(position);
            if has(3) && has(4) && has(5) {
                geometry.normals.push(Vec3::new(nx, ny, nz).normalize_or(Vec3::Y));
            }
            if has(6) && has(7) {
                geometry.uvs[0].push(Vec2::new(s, 1.0 - t));
            }
            if has(8) && has(9) && has(10) {
                geometry.colors.push(linear(Vec3::new(r, g, b)).extend(a.clamp(0.0, 1.0)));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Geometry {
        if self.geometry.colors.iter().all(|color| *color == Vec4::ONE) {
            self.geometry.colors = Vec::new();
        }
        self.geometry
    }
}

fn read_faces(
    body: &mut Body<'_>,
    element: &Element,
    positions: &[Vec3],
    out: &mut Vec<u32>,
) -> Result<(), ReadError> {
    let is_indices = |property: &Property| {
        matches!(property.name.as_str(), "vertex_indices" | "vertex_index") && property.count.is_some()
    };
    out.reserve(body.most(element));
    let (mut corners, mut places): (Vec<u32>, Vec<Vec3>) = (Vec::new(), Vec::new());
    if element.properties.is_empty() {
        return Ok(());
    }
    for _ in 0..element.count {
        corners.clear();
        for property in &element.properties {
            if !is_indices(property) {
                body.property(property, |_| {})?;
                continue;
            }
            let start = body.offset;
            let mut bad = None;
            body.property(property, |number| {
                match (0.0..positions.len() as f64).contains(&number) {
                    true => corners.push(number as u32),
                    false => bad = Some(number),
                };
            })?;
            if let Some(number) = bad {
                let problem = format!("there is no vertex {number}; there are {}", positions.len());
                return Err(ReadError::byte(start, problem));
            }
        }
        if let [a, b, c] = *corners {
            out.extend([a, b, c]);
            continue;
        }
        places.clear();
        places.extend(corners.iter().filter_map(|corner| positions.get(*corner as usize)));
        triangulate(&places, |triangle| out.extend(triangle.map(|i| corners[i])));
    }
    Ok(())
}

fn read_edges(
    body: &mut Body<'_>,
    element: &Element,
    vertices: usize,
    out: &mut Vec<u32>,
) -> Result<(), ReadError> {
    if element.properties.is_empty() {
        return Ok(());
    }
    for _ in 0..element.count {
        let start = body.offset;
        let mut ends = Vec::with_capacity(2);
        for property in &element.properties {
            let is_end = matches!(property.name.as_str(), "vertex1" | "vertex2");
            body.property(property, |number| ends.extend(is_end.then_some(number)))?;
        }
        if let Some(number) = ends.iter().find(|end| !(0.0..vertices as f64).contains(*end)) {
            return Err(ReadError::byte(start, format!("there is no vertex {number}; there are {vertices}")));
        }
        if let [a, b] = ends[..] {
            out.extend([a as u32, b as u32]);
        }
    }
    Ok(())
}
