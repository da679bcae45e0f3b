//! Buffers, views of them, and the files beside the scene.

use std::borrow::Cow;

use base::Limits;
use base64::{Engine, engine::general_purpose::STANDARD};
use rayon::prelude::*;

use super::{
    json::{At, Read},
    packed::{self, Packed, Unpacked},
};

/// Reads a file beside the scene by its path relative to it.
pub type Resolve<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// What an URI stands for.
pub(super) struct Resource {
    /// The media type of a data URI.
    pub media: Option<String>,
    /// The bytes; none when there is no such file.
    pub bytes: Option<Vec<u8>>,
    /// The decoded path of a file.
    pub path: String,
}

/// Reads what an URI stands for.
pub(super) fn resource(at: &At<'_>, resolve: &Resolve<'_>) -> Read<Resource> {
    let uri = at.string()?;
    if let Some(rest) = uri.strip_prefix("data:") {
        let (head, body) =
            rest.split_once(',').ok_or_else(|| at.error("the data URI has no comma before its data"))?;
        let (media, is_base64) = head.strip_suffix(";base64").map_or((head, false), |media| (media, true));
        let bytes = match is_base64 {
            true => {
                // Data need not, but may, be escaped as in any URI.
                let body: Cow<'_, [u8]> = percent_encoding::percent_decode_str(body).into();
                STANDARD
                    .decode(body.as_ref())
                    .map_err(|error| at.error(format!("invalid base64: {error}")))?
            }
            false => percent_encoding::percent_decode_str(body).collect(),
        };
        let media = media.split(';').next().unwrap_or_default().to_ascii_lowercase();
        return Ok(Resource { media: Some(media), bytes: Some(bytes), path: String::new() });
    }
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| !scheme.contains('/'));
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    if uri.is_empty() || scheme.is_some_and(|scheme| !is_scheme(scheme)) {
        return Err(at.error(format!("{uri:?} is no URI")));
    }
    if scheme.is_some() || uri.starts_with('/') {
        return Err(at.error(format!("{uri:?} is not relative to the file")));
    }
    let path = percent_encoding::percent_decode_str(uri)
        .decode_utf8()
        .map_err(|_| at.error(format!("{uri:?} is no text when it is decoded")))?
        .into_owned();
    Ok(Resource { media: None, bytes: resolve(&path), path })
}

/// Bytes that views look at.
pub(super) struct Buffer<'a> {
    length: usize,
    data: Option<Cow<'a, [u8]>>,
}

impl Buffer<'_> {
    /// How many bytes it declares.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Its bytes, if they are there.
    pub fn data(&self) -> Option<&[u8]> {
        self.data.as_deref()
    }
}

/// A part of a buffer.
#[derive(Clone)]
pub(super) struct View {
    buffer: usize,
    pub start: usize,
    pub length: usize,
    pub stride: Option<usize>,
    pub target: Option<u64>,
}

/// All buffers and views.
pub(super) struct Buffers<'a> {
    buffers: Vec<Buffer<'a>>,
    pub views: Vec<View>,
    /// For each view its bytes, where they were packed.
    unpacked: Vec<Option<Unpacked>>,
}

/// The target of views of vertices.
pub(super) const ARRAY: u64 = 34962;
/// The target of views of indices.
pub(super) const ELEMENTS: u64 = 34963;

impl<'a> Buffers<'a> {
    pub fn read(
        root: &At<'_>,
        binary: Option<&'a [u8]>,
        is_glb: bool,
        resolve: &Resolve<'_>,
        limits: &Limits,
    ) -> Read<Self> {
        let list = root.objects("buffers")?;
        let mut buffers = Vec::with_capacity(list.len());
        for (index, at) in list.iter().enumerate() {
            buffers.push(read_buffer(at, binary.filter(|_| index == 0), is_glb && index == 0, resolve)?);
        }
        let list = root.objects("bufferViews")?;
        let views = list.iter().map(|at| read_view(at, &buffers)).collect::<Read<Vec<_>>>()?;
        let packed = list.iter().zip(&views).map(|(at, view)| Packed::declared(at, view, &buffers));
        let packed = packed.collect::<Read<Vec<_>>>()?;
        let size = packed.iter().flatten().fold(0, |sum: u64, packed| sum.saturating_add(packed.size()));
        Limits::check("the unpacked size in bytes", size, limits.import_bytes, "importBytes")?;
        let unpack =
            |packed: &Option<Packed<'_>>| packed.as_ref().map(|packed| packed.unpack(&buffers)).transpose();
        let unpacked = packed.par_iter().map(unpack).collect::<Vec<Read<_>>>();
        let unpacked = unpacked.into_iter().collect::<Read<_>>()?;
        Ok(Buffers { buffers, views, unpacked })
    }

    /// The bytes that a view looks at; `at` is what uses it.
    pub fn bytes(&self, view: usize, at: &At<'_>) -> Read<&[u8]> {
        if let Some(unpacked) = self.unpacked(view) {
            return Ok(unpacked.bytes());
        }
        let none = || at.error("the buffer has no data");
        let View { buffer, start, length, .. } = self.views.get(view).ok_or_else(none)?;
        let data = self.buffers.get(*buffer).and_then(Buffer::data).ok_or_else(none)?;
        data.get(*start..start + length).ok_or_else(none)
    }

    /// How many bytes there are in all.
    pub fn size(&self) -> u64 {
        let data = self.buffers.iter().filter_map(Buffer::data);
        let unpacked = self.unpacked.iter().flatten().map(Unpacked::bytes);
        data.chain(unpacked).map(|bytes| bytes.len() as u64).sum()
    }

    /// Whether the bytes of a view are there at all.
    pub fn has_data(&self, view: usize) -> bool {
        let buffer = self.views.get(view).and_then(|view| self.buffers.get(view.buffer));
        self.unpacked(view).is_some() || buffer.is_some_and(|buffer| buffer.data.is_some())
    }

    /// Whether the numbers of a view are only nearly what they were before packing.
    pub fn is_rounded(&self, view: usize) -> bool {
        self.unpacked(view).is_some_and(|unpacked| unpacked.rounded)
    }

    fn unpacked(&self, view: usize) -> Option<&Unpacked> {
        self.unpacked.get(view)?.as_ref()
    }
}

fn read_buffer<'a>(
    at: &At<'_>,
    binary: Option<&'a [u8]>,
    may_be_binary: bool,
    resolve: &Resolve<'_>,
) -> Read<Buffer<'a>> {
    let length = at.need("byteLength")?;
    let bytes = length.unsigned()?;
    if bytes == 0 {
        return Err(length.error("a buffer of no bytes is not allowed"));
    }
    let length = usize::try_from(bytes).map_err(|_| length.error("the buffer is too large"))?;
    if packed::is_fallback(at)? {
        return Ok(Buffer { length, data: None });
    }
    let data: Option<Cow<'a, [u8]>> = match at.get("uri") {
        Some(uri) => {
            let resource = resource(&uri, resolve)?;
            if let Some(media) = &resource.media
                && !matches!(media.as_str(), "application/octet-stream" | "application/gltf-buffer")
            {
                return Err(uri.error(format!("{media:?} is no media type of a buffer")));
            }
            let missing = || uri.error(format!("there is no file {:?}", resource.path));
            Some(resource.bytes.ok_or_else(missing)?.into())
        }
        None if may_be_binary => Some(binary.ok_or_else(|| at.error("the file has no binary chunk"))?.into()),
        None => None,
    };
    if let Some(data) = &data
        && data.len() < length
    {
        return Err(at.error(format!("there are {} bytes, not {length}", data.len())));
    }
    Ok(Buffer { length, data })
}

fn read_view(at: &At<'_>, buffers: &[Buffer<'_>]) -> Read<View> {
    let buffer = at.need_reference("buffer", buffers.len())?;
    let start = at.unsigned_or("byteOffset", 0, 0, u64::MAX)?;
    at.need("byteLength")?;
    let length = at.unsigned_or("byteLength", 0, 1, u64::MAX)?;
    let whole = buffers.get(buffer).map_or(0, |buffer| buffer.length) as u64;
    if start >= whole {
        return Err(at.error_in("byteOffset", format!("{start} is behind the buffer's {whole} bytes")));
    }
    if length > whole - start {
        return Err(at.error_in("byteLength", format!("the buffer ends after {whole} bytes")));
    }
    let target = at.get("target").map(|at| at.unsigned()).transpose()?;
    if let Some(stride) = at.get("byteStride") {
        let bytes = stride.unsigned()?;
        if !(4..=252).contains(&bytes) || bytes % 4 != 0 {
            return Err(stride.error(format!("{bytes} is no multiple of four from 4 to 252")));
        }
        if bytes > length {
            return Err(stride.error(format!("{bytes} is more than the view's {length} bytes")));
        }
        if target == Some(ELEMENTS) || target.is_some_and(|target| target != ARRAY) {
            return Err(stride.error("only views of vertices have a stride"));
        }
    }
    let stride = at.get("byteStride").map(|at| at.unsigned()).transpose()?.map(|stride| stride as usize);
    Ok(View { buffer, start: start as usize, length: length as usize, stride, target })
}
