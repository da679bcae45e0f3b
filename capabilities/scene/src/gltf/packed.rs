//! Views of buffers that meshoptimizer packed (EXT_meshopt_compression, KHR_meshopt_compression).

use meshopt::ffi;

use super::{
    buffers::{Buffer, View},
    json::{At, Read},
};

/// The names of the extension. What the newer one adds is read in files of both.
pub(super) const NAMES: [&str; 2] = ["KHR_meshopt_compression", "EXT_meshopt_compression"];

/// How bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Attributes,
    Triangles,
    Indices,
}

/// What turns unpacked numbers into those that are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    None,
    Octahedral,
    Quaternion,
    Exponential,
    Color,
}

/// A packed view.
pub(super) struct Packed<'a> {
    at: At<'a>,
    buffer: usize,
    start: usize,
    length: usize,
    stride: usize,
    count: usize,
    mode: Mode,
    filter: Filter,
}

/// The bytes of a view after unpacking.
pub(super) struct Unpacked {
    /// Words, so that numbers in them are aligned.
    words: Vec<u32>,
    length: usize,
    /// Whether a filter rounded the numbers, so that bounds and unit lengths hold only nearly.
    pub rounded: bool,
}

impl Unpacked {
    pub fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.words).get(..self.length).unwrap_or_default()
    }
}

/// The extension of an object, if it has it in one of its names.
fn extension<'a>(at: &At<'a>) -> Read<Option<At<'a>>> {
    let mut found = NAMES.iter().filter_map(|name| at.extension(name));
    let first = found.next();
    match (first, found.next()) {
        (Some(_), Some(second)) => Err(second.error("the view is packed twice")),
        (first, _) => Ok(first),
    }
}

/// Whether a buffer only stands in for those who cannot unpack.
pub(super) fn is_fallback(at: &At<'_>) -> Read<bool> {
    extension(at)?.map_or(Ok(false), |extension| extension.flag("fallback"))
}

impl<'a> Packed<'a> {
    /// What a view is unpacked from, if it is packed.
    pub fn declared(at: &At<'a>, view: &View, buffers: &[Buffer<'_>]) -> Read<Option<Self>> {
        let Some(at) = extension(at)? else { return Ok(None) };
        at.object()?;
        let buffer = at.need_reference("buffer", buffers.len())?;
        let whole = buffers.get(buffer).map_or(0, Buffer::length) as u64;
        let start = at.unsigned_or("byteOffset", 0, 0, whole)?;
        at.need("byteLength")?;
        let length = at.unsigned_or("byteLength", 0, 1, whole - start)?;
        let mode = at.need("mode")?;
        let mode = match mode.string()? {
            "ATTRIBUTES" => Mode::Attributes,
            "TRIANGLES" => Mode::Triangles,
            "INDICES" => Mode::Indices,
            other => return Err(mode.error(format!("{other:?} is no mode of packing"))),
        };
        let filter = match at.text("filter")? {
            None | Some("NONE") => Filter::None,
            Some("OCTAHEDRAL") => Filter::Octahedral,
            Some("QUATERNION") => Filter::Quaternion,
            Some("EXPONENTIAL") => Filter::Exponential,
            Some("COLOR") => Filter::Color,
            Some(other) => return Err(at.error_in("filter", format!("{other:?} is no filter"))),
        };
        at.need("count")?;
        let count = at.unsigned_or("count", 0, 1, u64::from(u32::MAX))?;
        let place = at.need("byteStride")?;
        let stride = place.unsigned()?;
        let fits = match (mode, filter) {
            (Mode::Attributes, Filter::Octahedral | Filter::Color) => stride == 4 || stride == 8,
            (Mode::Attributes, Filter::Quaternion) => stride == 8,
            (Mode::Attributes, _) => stride % 4 == 0 && (4..=256).contains(&stride),
            _ => stride == 2 || stride == 4,
        };
        if !fits {
            return Err(place.error(format!("{mode:?} with {filter:?} have no stride of {stride} bytes")));
        }
        if mode != Mode::Attributes && filter != Filter::None {
            return Err(at.error_in("filter", "indices have no filter"));
        }
        if mode == Mode::Triangles && !count.is_multiple_of(3) {
            return Err(at.error_in("count", format!("{count} indices make up no whole triangles")));
        }
        if count * stride != view.length as u64 || view.stride.is_some_and(|own| own as u64 != stride) {
            let length = view.length;
            return Err(at.error(format!("{count} elements of {stride} bytes are not the view's {length}")));
        }
        let [start, length, stride, count] = [start, length, stride, count].map(|number| number as usize);
        Ok(Some(Packed { at, buffer, start, length, stride, count, mode, filter }))
    }

    /// How many bytes it unpacks to.
    pub fn size(&self) -> u64 {
        self.count as u64 * self.stride as u64
    }

    /// Unpacks the view.
    pub fn unpack(&self, buffers: &[Buffer<'_>]) -> Read<Unpacked> {
        let data = buffers.get(self.buffer).and_then(Buffer::data);
        let bytes = data.and_then(|data| data.get(self.start..self.start + self.length));
        let bytes = bytes.ok_or_else(|| self.at.error_in("buffer", "the buffer has no data"))?;
        if bytes.len() < self.least() {
            let (found, count) = (bytes.len(), self.count);
            return Err(self.at.error(format!("{found} bytes are too few for {count} elements")));
        }
        let length = self.count * self.stride;
        let mut words = vec![0_u32; length.div_ceil(4)];
        let decode = match self.mode {
            Mode::Attributes => ffi::meshopt_decodeVertexBuffer,
            Mode::Triangles => ffi::meshopt_decodeIndexBuffer,
            Mode::Indices => ffi::meshopt_decodeIndexSequence,
        };
        // SAFETY: the words have room for `count` elements of `stride` bytes, which suits the mode; the decoders read
        // nothing beyond the bytes, whatever is in them.
        let code = unsafe {
            decode(words.as_mut_ptr().cast(), self.count, self.stride, bytes.as_ptr(), bytes.len())
        };
        if code != 0 {
            let problem = match code {
                -1 => "they do not begin as such".to_owned(),
                -2 => "they end too early".to_owned(),
                -3 => "there are bytes left over".to_owned(),
                code => format!("error {code} of meshoptimizer"),
            };
            return Err(self.at.error(format!("the packed bytes are damaged: {problem}")));
        }
        self.filter(&mut words);
        Ok(Unpacked { words, length, rounded: self.filter != Filter::None })
    }

    /// The fewest bytes that can hold as many elements: a false count is found before there is room made for it.
    fn least(&self) -> usize {
        match self.mode {
            Mode::Attributes => {
                let block = ((8192 / self.stride) & !15).clamp(16, 256);
                1 + self.count.div_ceil(block) * (self.stride / 4)
            }
            Mode::Triangles => 1 + self.count / 3 + 16,
            Mode::Indices => 1 + self.count + 4,
        }
    }

    fn filter(&self, words: &mut [u32]) {
        let filter = match self.filter {
            Filter::None => return,
            Filter::Octahedral => ffi::meshopt_decodeFilterOct,
            Filter::Quaternion => ffi::meshopt_decodeFilterQuat,
            Filter::Exponential => ffi::meshopt_decodeFilterExp,
            Filter::Color => ffi::meshopt_decodeFilterColor,
        };
        // SAFETY: the words are `count` elements of `stride` bytes, and the stride is one that the filter has.
        unsafe { filter(words.as_mut_ptr().cast(), self.count, self.stride) }
    }
}
