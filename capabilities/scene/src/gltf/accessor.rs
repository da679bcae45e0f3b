//! Accessors: typed numbers in views, declared and read.

use std::{cell::RefCell, ops::Deref, rc::Rc};

use base::Limits;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    attributes::Semantic,
    bounds,
    buffers::Buffers,
    draco,
    element::{Component, Shape},
    json::{At, Read},
};

/// A declared accessor.
pub(super) struct Accessor<'a> {
    pub at: At<'a>,
    pub view: Option<usize>,
    pub offset: usize,
    pub count: usize,
    pub component: Component,
    pub shape: Shape,
    pub normalized: bool,
    pub has_bounds: bool,
    /// Whether packing rounded the numbers: bounds and unit lengths hold only nearly.
    pub rounded: bool,
    sparse: Option<Sparse<'a>>,
}

struct Sparse<'a> {
    count: usize,
    indices: (At<'a>, usize, usize, Component),
    values: (At<'a>, usize, usize),
}

/// All accessors. One of unknown types is none: it may be declared but not used.
pub(super) struct Accessors<'a> {
    pub buffers: Buffers<'a>,
    pub list: Vec<Option<Accessor<'a>>>,
    cache: RefCell<Vec<Option<Rc<Data>>>>,
    /// How many there are in the file; the others stand for some of them in compressed primitives.
    declared: usize,
    /// Which one stands at a place for the one that is named there.
    replaced: FxHashMap<String, usize>,
    /// The triangles of compressed primitives, by the place of each.
    faces: FxHashMap<String, Vec<u32>>,
    /// What was checked as which attribute.
    checked: RefCell<FxHashSet<(usize, Semantic)>>,
    /// How many more bytes may be decoded.
    budget: RefCell<u64>,
}

/// The numbers of an accessor, one after the other.
pub(super) enum Data {
    Floats(Vec<f32>),
    Unsigned(Vec<u32>),
    Signed(Vec<i32>),
}

/// Numbers as they are meant.
pub(super) enum Floats {
    /// As they are in the accessor.
    Shared(Rc<Data>),
    Own(Vec<f32>),
}

impl Deref for Floats {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Floats::Own(floats) => floats,
            Floats::Shared(data) => match &**data {
                Data::Floats(floats) => floats,
                Data::Unsigned(_) | Data::Signed(_) => &[],
            },
        }
    }
}

/// Views that many accessors share are decoded more than once; this bounds how often.
const EXPANSION: u64 = 16;
const SMALL: u64 = 64 << 20;

impl<'a> Accessors<'a> {
    pub fn read(root: &At<'a>, buffers: Buffers<'a>, limits: &Limits) -> Read<Self> {
        let list = root.objects("accessors")?;
        let list = list.into_iter().map(|at| declaration(at, &buffers)).collect::<Read<Vec<_>>>()?;
        let budget = buffers.size().saturating_mul(EXPANSION).saturating_add(SMALL).min(limits.import_bytes);
        let cache = RefCell::new(list.iter().map(|_| None).collect());
        let declared = list.len();
        let mut accessors = Accessors {
            buffers,
            list,
            cache,
            declared,
            replaced: FxHashMap::default(),
            faces: FxHashMap::default(),
            checked: RefCell::default(),
            budget: RefCell::new(budget),
        };
        draco::fill(root, &mut accessors, limits)?;
        Ok(accessors)
    }

    /// How many accessors the file has.
    pub fn len(&self) -> usize {
        self.declared
    }

    /// An accessor of the file; none when it is of an unknown type.
    pub fn declared(&self, index: usize) -> Option<&Accessor<'a>> {
        self.list.get(..self.declared)?.get(index)?.as_ref()
    }

    /// The accessor that a property names, or what stands for it there.
    pub fn named(&self, at: &At<'_>) -> Read<(usize, &Accessor<'a>)> {
        let named = at.index(self.declared)?;
        let index = self.replaced.get(&at.place).copied().unwrap_or(named);
        let accessor = self.list.get(index).and_then(Option::as_ref);
        Ok((index, accessor.ok_or_else(|| at.error("the accessor is of an unknown type"))?))
    }

    /// The triangles of a compressed primitive.
    pub fn faces(&self, primitive: &At<'_>) -> Option<&Vec<u32>> {
        self.faces.get(&primitive.place)
    }

    /// Puts decoded numbers at a place that names an accessor: `count` elements of its shape.
    pub fn replace_with(&mut self, at: &At<'_>, index: usize, count: usize, data: Data) -> Read<()> {
        let Some(accessor) = self.declared(index) else { return Ok(()) };
        let accessor = Accessor {
            at: accessor.at.clone(),
            view: None,
            offset: 0,
            count,
            rounded: true,
            sparse: None,
            ..*accessor
        };
        bounds::check(&accessor, &data)?;
        // What was decoded is read once more as floats.
        *self.budget.borrow_mut() += count as u64 * accessor.shape.count() as u64 * 8;
        self.replaced.insert(at.place.clone(), self.list.len());
        self.cache.borrow_mut().push(Some(Rc::new(data)));
        self.list.push(Some(accessor));
        Ok(())
    }

    /// Gives a compressed primitive its triangles.
    pub fn add_faces(&mut self, primitive: String, faces: Vec<u32>) {
        self.faces.insert(primitive, faces);
    }

    /// Takes decoded bytes off what may be decoded.
    pub fn spend(&self, bytes: u64) -> Read<()> {
        let mut budget = self.budget.borrow_mut();
        let spent = Limits::check("the decoded size in bytes", bytes, *budget, "importBytes")?;
        *budget -= spent;
        Ok(())
    }

    /// Whether there are no numbers for an accessor: all are 0 then, and nothing is asked of them.
    pub fn is_blank(&self, index: usize) -> bool {
        self.list.get(index).and_then(Option::as_ref).is_none_or(|accessor| match accessor.view {
            Some(view) => !self.buffers.has_data(view),
            None => accessor.sparse.is_none() && index < self.declared,
        })
    }

    /// Checks the numbers of an accessor that nothing may name.
    pub fn check_unused(&self, index: usize) -> Read<()> {
        if self.is_blank(index) { Ok(()) } else { self.data(index).map(drop) }
    }

    /// The numbers of an accessor: finite, and within its declared bounds.
    pub fn data(&self, index: usize) -> Read<Rc<Data>> {
        if let Some(Some(data)) = self.cache.borrow().get(index) {
            return Ok(data.clone());
        }
        let Some(accessor) = self.list.get(index).and_then(Option::as_ref) else {
            return Ok(Rc::new(Data::Unsigned(Vec::new())));
        };
        let data = Rc::new(self.decode(accessor)?);
        if !self.is_blank(index) {
            bounds::check(accessor, &data)?;
        }
        if let Some(slot) = self.cache.borrow_mut().get_mut(index) {
            *slot = Some(data.clone());
        }
        Ok(data)
    }

    /// Whether an accessor is to be checked as this attribute; from then on it is not.
    pub fn is_first(&self, index: usize, semantic: Semantic) -> bool {
        self.checked.borrow_mut().insert((index, semantic))
    }

    /// The numbers of an accessor as they are meant: integers are normalised when the accessor says so. Only those of the
    /// elements `kept`, when given.
    pub fn floats(&self, index: usize, kept: Option<&[u32]>) -> Read<Floats> {
        let data = self.data(index)?;
        let Some(accessor) = self.list.get(index).and_then(Option::as_ref) else {
            return Ok(Floats::Own(Vec::new()));
        };
        let width = accessor.shape.count();
        let count = kept.map_or(accessor.count, <[u32]>::len);
        self.spend(count as u64 * width as u64 * 4)?;
        let unit = if accessor.normalized { accessor.component.unit() } else { 1.0 };
        Ok(Floats::Own(match &*data {
            Data::Floats(_) if kept.is_none() => return Ok(Floats::Shared(data)),
            Data::Floats(floats) => picked(floats, width, kept, |float| *float),
            Data::Unsigned(integers) => picked(integers, width, kept, |integer| *integer as f32 / unit),
            Data::Signed(integers) => {
                let least = if accessor.normalized { -1.0 } else { f32::NEG_INFINITY };
                picked(integers, width, kept, |integer| (*integer as f32 / unit).max(least))
            }
        }))
    }

    fn decode(&self, accessor: &Accessor<'_>) -> Read<Data> {
        let numbers = (accessor.count as u64).saturating_mul(accessor.shape.count() as u64);
        self.spend(numbers.saturating_mul(4))?;
        let mut data = match accessor.view {
            Some(view) if self.buffers.has_data(view) => {
                let stride = self.buffers.views.get(view).and_then(|view| view.stride);
                let bytes = self.buffers.bytes(view, &accessor.at)?;
                let bytes = bytes.get(accessor.offset..).unwrap_or_default();
                numbers_of(bytes, accessor.count, accessor.shape, accessor.component, stride)
            }
            _ if accessor.component == Component::F32 => Data::Floats(vec![0.0; numbers as usize]),
            _ if accessor.component.is_signed() => Data::Signed(vec![0; numbers as usize]),
            _ => Data::Unsigned(vec![0; numbers as usize]),
        };
        if let Some(sparse) = &accessor.sparse {
            self.replace(&mut data, accessor, sparse)?;
        }
        Ok(data)
    }

    fn replace(&self, data: &mut Data, accessor: &Accessor<'_>, sparse: &Sparse<'_>) -> Read<()> {
        let (at, view, offset, component) = &sparse.indices;
        let bytes = self.buffers.bytes(*view, at)?.get(*offset..).unwrap_or_default();
        let indices = numbers_of(bytes, sparse.count, Shape::Scalar, *component, None);
        let Data::Unsigned(indices) = indices else { return Ok(()) };
        let (values_at, view, offset) = &sparse.values;
        let bytes = self.buffers.bytes(*view, values_at)?.get(*offset..).unwrap_or_default();
        let values = numbers_of(bytes, sparse.count, accessor.shape, accessor.component, None);
        let width = accessor.shape.count();
        let mut before = None;
        for (i, index) in indices.iter().enumerate() {
            if Some(index) <= before {
                return Err(at.error(format!("index {i} is not above the one before")));
            }
            before = Some(index);
            let slot = Some(*index as usize).filter(|slot| *slot < accessor.count);
            let slot = slot.ok_or_else(|| at.error(format!("there is no element {index}")))?;
            let (to, from) = (slot * width..(slot + 1) * width, i * width..(i + 1) * width);
            match (&mut *data, &values) {
                (Data::Floats(data), Data::Floats(values)) => data[to].copy_from_slice(&values[from]),
                (Data::Unsigned(data), Data::Unsigned(values)) => data[to].copy_from_slice(&values[from]),
                (Data::Signed(data), Data::Signed(values)) => data[to].copy_from_slice(&values[from]),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The numbers of the elements `kept`, or of all.
fn picked<T>(numbers: &[T], width: usize, kept: Option<&[u32]>, read: impl Fn(&T) -> f32) -> Vec<f32> {
    let Some(kept) = kept else { return numbers.iter().map(read).collect() };
    let element = |index: &u32| {
        let start = *index as usize * width;
        numbers.get(start..start + width).unwrap_or_default()
    };
    kept.iter().flat_map(element).map(read).collect()
}

/// Numbers from bytes that were checked to be there.
fn numbers_of(bytes: &[u8], count: usize, shape: Shape, component: Component, stride: Option<usize>) -> Data {
    let (places, size) = shape.layout(component.size());
    let stride = stride.unwrap_or(size);
    fn each<const N: usize, T>(
        bytes: &[u8],
        (count, stride): (usize, usize),
        places: &[usize],
        read: impl Fn([u8; N]) -> T,
    ) -> Vec<T> {
        if stride == places.len() * N {
            let (numbers, _) = bytes[..bytes.len().min(count * stride)].as_chunks::<N>();
            return numbers.iter().map(|number| read(*number)).collect();
        }
        let mut out = Vec::with_capacity(count * places.len());
        for element in 0..count {
            for place in places {
                let start = element * stride + place;
                let number = bytes.get(start..start + N).and_then(|number| number.try_into().ok());
                out.push(read(number.unwrap_or([0; N])));
            }
        }
        out
    }
    let (walk, places) = ((count, stride), places.as_slice());
    match component {
        Component::F32 => Data::Floats(each(bytes, walk, places, f32::from_le_bytes)),
        Component::I8 => Data::Signed(each(bytes, walk, places, |b| i8::from_le_bytes(b).into())),
        Component::U8 => Data::Unsigned(each(bytes, walk, places, |b| u8::from_le_bytes(b).into())),
        Component::I16 => Data::Signed(each(bytes, walk, places, |b| i16::from_le_bytes(b).into())),
        Component::U16 => Data::Unsigned(each(bytes, walk, places, |b| u16::from_le_bytes(b).into())),
        Component::U32 => Data::Unsigned(each(bytes, walk, places, u32::from_le_bytes)),
    }
}

fn declaration<'a>(at: At<'a>, buffers: &Buffers<'_>) -> Read<Option<Accessor<'a>>> {
    let view = at.reference("bufferView", buffers.views.len())?;
    let code = at.need("componentType")?.unsigned()?;
    at.need("count")?;
    let count = at.unsigned_or("count", 0, 1, u64::from(u32::MAX))? as usize;
    let shape = Shape::of(at.need("type")?.string()?);
    let sparse = at.get("sparse");
    let (Some(component), Some(shape)) = (Component::of(code), shape) else { return Ok(None) };
    let size = component.size();
    let offset = at.unsigned_or("byteOffset", 0, 0, u64::MAX)?;
    if view.is_none() && at.get("byteOffset").is_some() {
        return Err(at.error_in("byteOffset", "it needs a bufferView, too"));
    }
    let normalized = at.flag("normalized")?;
    if normalized && matches!(component, Component::U32 | Component::F32) {
        return Err(at.error_in("normalized", "only bytes and shorts can be normalised"));
    }
    if let Some(view) = view {
        let stride = buffers.views.get(view).and_then(|view| view.stride);
        fits(&at, (view, offset, count), shape, size, stride, buffers)?;
    }
    let sparse = sparse.map(|sparse| read_sparse(&sparse, count, shape, size, buffers)).transpose()?;
    let mut bounds = 0;
    for key in ["min", "max"] {
        let Some(list) = at.get(key) else { continue };
        let items = list.items()?;
        if items.len() != shape.count() {
            return Err(list.error(format!("{} numbers are needed", shape.count())));
        }
        items.iter().try_for_each(|item| item.number().map(drop))?;
        bounds += 1;
    }
    let has_bounds = bounds == 2;
    let rounded = view.is_some_and(|view| buffers.is_rounded(view));
    let offset = offset as usize;
    Ok(Some(Accessor { at, view, offset, count, component, shape, normalized, has_bounds, rounded, sparse }))
}

/// Whether elements lie within a view.
fn fits(
    at: &At<'_>,
    (view, offset, count): (usize, u64, usize),
    shape: Shape,
    size: usize,
    stride: Option<usize>,
    buffers: &Buffers<'_>,
) -> Read<()> {
    let (start, length) =
        buffers.views.get(view).map_or((0, 0), |view| (view.start as u64, view.length as u64));
    let (_, element) = shape.layout(size);
    let unit = if shape.columns().0 > 1 { 4 } else { size as u64 };
    if !offset.is_multiple_of(unit) || !start.saturating_add(offset).is_multiple_of(unit) {
        return Err(at.error_in("byteOffset", format!("the numbers are not aligned to {unit} bytes")));
    }
    if stride.is_some_and(|stride| stride < element) {
        return Err(at.error(format!("elements of {element} bytes do not fit the view's stride")));
    }
    if offset > length {
        return Err(at.error_in("byteOffset", format!("the view ends after {length} bytes")));
    }
    let step = stride.unwrap_or(element) as u64;
    let needed = (count as u64 - 1).saturating_mul(step).saturating_add(element as u64);
    if needed > length - offset {
        return Err(at.error(format!("{count} elements do not fit the view's {length} bytes")));
    }
    Ok(())
}

fn read_sparse<'a>(
    at: &At<'a>,
    count: usize,
    shape: Shape,
    size: usize,
    buffers: &Buffers<'_>,
) -> Read<Sparse<'a>> {
    let most = count as u64;
    at.need("count")?;
    let count = at.unsigned_or("count", 0, 1, most)? as usize;
    let indices = at.need("indices")?;
    let index_view = indices.need_reference("bufferView", buffers.views.len())?;
    let index_offset = indices.unsigned_or("byteOffset", 0, 0, u64::MAX)?;
    let kind = indices.need("componentType")?;
    let component = Component::of(kind.unsigned()?)
        .filter(|kind| matches!(kind, Component::U8 | Component::U16 | Component::U32));
    let component = component.ok_or_else(|| kind.error("indices are unsigned integers"))?;
    fits(&indices, (index_view, index_offset, count), Shape::Scalar, component.size(), None, buffers)?;
    let values = at.need("values")?;
    let value_view = values.need_reference("bufferView", buffers.views.len())?;
    let value_offset = values.unsigned_or("byteOffset", 0, 0, u64::MAX)?;
    fits(&values, (value_view, value_offset, count), shape, size, None, buffers)?;
    Ok(Sparse {
        count,
        indices: (indices, index_view, index_offset as usize, component),
        values: (values, value_view, value_offset as usize),
    })
}
