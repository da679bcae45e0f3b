//! Primitives that Draco compressed (KHR_draco_mesh_compression): what their attributes name is filled from its streams.

use base::Limits;
use draco_core::{DataType, DecodeLimits, DecoderBuffer, DracoError, ErrorKind, Mesh, MeshDecoder};
use rayon::prelude::*;

use super::{
    accessor::{Accessors, Data},
    element::Component,
    json::{At, Read},
};

pub(super) const NAME: &str = "KHR_draco_mesh_compression";

/// A compressed primitive.
struct Stream<'a> {
    at: At<'a>,
    /// Where the primitive is.
    primitive: String,
    view: usize,
    /// Attributes of the primitive, with their accessors and their numbers in the stream.
    attributes: Vec<(At<'a>, usize, u32)>,
}

/// What a stream holds.
struct Decoded {
    /// Three vertices for each triangle.
    faces: Vec<u32>,
    /// How many vertices there are.
    count: usize,
    /// The numbers of each attribute that is asked for.
    attributes: Vec<Data>,
}

/// Decodes all streams and gives what they hold to the accessors that are asked for there.
pub(super) fn fill<'a>(root: &At<'a>, accessors: &mut Accessors<'a>, limits: &Limits) -> Read<()> {
    let mut streams = Vec::new();
    for mesh in root.objects("meshes")? {
        for primitive in mesh.objects("primitives")? {
            streams.extend(stream(&primitive, accessors)?);
        }
    }
    if streams.is_empty() {
        return Ok(());
    }
    let sources = streams.iter().map(|stream| {
        let source = accessors.buffers.bytes(stream.view, &stream.at)?;
        let shapes = stream.attributes.iter().map(|(at, index, number)| {
            let accessor =
                accessors.declared(*index).ok_or_else(|| at.error("the accessor is of an unknown type"))?;
            Ok((*number, accessor.component, accessor.shape.count()))
        });
        Ok((source, shapes.collect::<Read<Vec<_>>>()?))
    });
    let sources = sources.collect::<Read<Vec<_>>>()?;
    // Together they take no more than one may; those that need more than their part have another turn, one by one.
    let share = limits.import_bytes / streams.len().min(rayon::current_num_threads()).max(1) as u64;
    let decoded: Vec<_> = sources.par_iter().map(|(source, wanted)| decode(source, wanted, share)).collect();
    let mut left = limits.import_bytes;
    let mut filled = Vec::with_capacity(streams.len());
    for ((stream, (source, wanted)), decoded) in streams.iter().zip(&sources).zip(decoded) {
        let decoded = match decoded {
            Err(error) if error.kind() == ErrorKind::LimitExceeded => decode(source, wanted, left),
            decoded => decoded,
        };
        let decoded = decoded.map_err(|error| match error.kind() {
            ErrorKind::LimitExceeded => {
                stream.at.error(format!("{}, which importBytes sets", error.message()))
            }
            _ => stream.at.error(format!("the Draco stream cannot be read: {}", error.message())),
        })?;
        left -= Limits::check("the decoded size in bytes", decoded.size(), left, "importBytes")?;
        filled.push(decoded);
    }
    for (stream, decoded) in streams.into_iter().zip(filled) {
        let Decoded { faces, count, attributes } = decoded;
        for ((at, index, _), data) in stream.attributes.into_iter().zip(attributes) {
            accessors.replace_with(&at, index, count, data)?;
        }
        accessors.add_faces(stream.primitive, faces);
    }
    Ok(())
}

fn stream<'a>(primitive: &At<'a>, accessors: &Accessors<'a>) -> Read<Option<Stream<'a>>> {
    let Some(at) = primitive.extension(NAME) else { return Ok(None) };
    let view = at.need_reference("bufferView", accessors.buffers.views.len())?;
    if !matches!(primitive.unsigned_or("mode", 4, 0, 6)?, 4 | 5) {
        return Err(primitive.error_in("mode", "Draco compresses triangles and strips of them alone"));
    }
    let own = primitive.need("attributes")?;
    let mut attributes = Vec::new();
    for (name, number) in at.need("attributes")?.entries()? {
        let attribute = own.get(name).ok_or_else(|| number.error("the primitive has no such attribute"))?;
        let index = attribute.index(accessors.len())?;
        attributes.push((attribute, index, number.unsigned_u32()?));
    }
    Ok(Some(Stream { at, primitive: primitive.place.clone(), view, attributes }))
}

impl Decoded {
    fn size(&self) -> u64 {
        let numbers = self.attributes.iter().map(|data| match data {
            Data::Floats(floats) => floats.len() as u64 * 4,
            Data::Unsigned(integers) => integers.len() as u64 * 4,
            Data::Signed(integers) => integers.len() as u64 * 4,
        });
        self.faces.len() as u64 * 4 + numbers.sum::<u64>()
    }
}

fn decode(bytes: &[u8], wanted: &[(u32, Component, usize)], most: u64) -> Result<Decoded, DracoError> {
    let limits = DecodeLimits::default().with_max_decoded_bytes(most).with_max_faces(most / FACE);
    let mut mesh = Mesh::new();
    MeshDecoder::new().decode(&mut DecoderBuffer::new(bytes).with_limits(limits), &mut mesh)?;
    let count = mesh.num_points();
    let faces: Vec<u32> = mesh.faces().iter().flatten().map(|point| point.0).collect();
    let attributes = wanted.iter().map(|wanted| attribute(&mesh, count, *wanted));
    Ok(Decoded { faces, count, attributes: attributes.collect::<Result<_, _>>()? })
}

/// How many bytes of memory a triangle takes at least while it is decoded.
const FACE: u64 = 64;

/// The numbers of one attribute, as the type of its accessor has them.
fn attribute(
    mesh: &Mesh,
    count: usize,
    (number, component, width): (u32, Component, usize),
) -> Result<Data, DracoError> {
    let attribute = mesh.attribute_by_unique_id(number);
    let attribute = attribute.ok_or_else(|| DracoError::general(format!("it has no attribute {number}")))?;
    let found = usize::from(attribute.num_components());
    if found != width {
        let problem = format!("attribute {number} has {found} numbers for each vertex, its accessor {width}");
        return Err(DracoError::general(problem));
    }
    let mut floats = attribute.read_f32s(count, width);
    let unit = match attribute.data_type() {
        DataType::Float32 | DataType::Float64 => None,
        DataType::Int8 => Some(127.0),
        DataType::Uint8 => Some(255.0),
        DataType::Int16 => Some(32767.0),
        DataType::Uint16 => Some(65535.0),
        _ => Some(1.0),
    };
    Ok(match (component, unit) {
        (Component::F32, Some(unit)) if attribute.normalized() => {
            floats.iter_mut().for_each(|float| *float = (*float / unit).max(-1.0));
            Data::Floats(floats)
        }
        (Component::F32, _) => Data::Floats(floats),
        (_, None) => {
            let problem = format!("attribute {number} has floats, its accessor integers");
            return Err(DracoError::general(problem));
        }
        (_, Some(_)) => {
            let (least, most) = component.range();
            let integers = floats.iter().map(|float| (*float as i64).clamp(least, most));
            match component.is_signed() {
                true => Data::Signed(integers.map(|integer| integer as i32).collect()),
                false => Data::Unsigned(integers.map(|integer| integer as u32).collect()),
            }
        }
    })
}
