//! The binary container (glTF 2.0, section 4).

use crate::ReadError;

use super::json::Read;

const JSON: u32 = 0x4e4f_534a;
const BIN: u32 = 0x004e_4942;

/// What a container holds.
pub(super) struct Container<'a> {
    pub json: &'a [u8],
    pub binary: Option<&'a [u8]>,
}

/// Whether these are the first bytes of a container.
pub(super) fn is_glb(bytes: &[u8]) -> bool {
    bytes.starts_with(b"glTF")
}

fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let four = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

/// Reads a container. Chunks of unknown types are passed over.
pub(super) fn read(bytes: &[u8]) -> Read<Container<'_>> {
    let end = |offset| ReadError::byte(offset, "the file ends within the header");
    if word(bytes, 0).ok_or_else(|| end(bytes.len()))? != 0x4654_6c67 {
        return Err(ReadError::byte(0, "this is no binary glTF"));
    }
    let version = word(bytes, 4).ok_or_else(|| end(bytes.len()))?;
    if version != 2 {
        return Err(ReadError::byte(4, format!("version {version} of the container is not known")));
    }
    let length = word(bytes, 8).ok_or_else(|| end(bytes.len()))? as usize;
    if length <= 12 {
        return Err(ReadError::byte(8, format!("a length of {length} bytes is too small")));
    }
    let mut container = Container { json: &[], binary: None };
    let mut offset = 12;
    let mut count = 0;
    let whole = length.min(bytes.len());
    while offset < whole {
        let header = || ReadError::byte(whole, "the file ends within the header of a chunk");
        let size = word(bytes, offset).ok_or_else(header)? as usize;
        let kind = word(bytes, offset + 4).ok_or_else(header)?;
        if !size.is_multiple_of(4) {
            return Err(ReadError::byte(offset, format!("a chunk of {size} bytes is not aligned to four")));
        }
        let start = offset + 8;
        let Some(data) = start.checked_add(size).and_then(|end| bytes.get(start..end)) else {
            return Err(ReadError::byte(bytes.len(), "the file ends within a chunk"));
        };
        match (count, kind) {
            (0, JSON) if size == 0 => return Err(ReadError::byte(offset, "the chunk of JSON is empty")),
            (0, JSON) => container.json = data,
            (0, _) => return Err(ReadError::byte(offset, "the first chunk is not JSON")),
            (_, JSON) => return Err(ReadError::byte(offset, "there is a second chunk of JSON")),
            (_, BIN) if container.binary.is_some() => {
                return Err(ReadError::byte(offset, "there is a second binary chunk"));
            }
            (1, BIN) => container.binary = Some(data),
            (_, BIN) => return Err(ReadError::byte(offset, "the binary chunk is not the second one")),
            _ => {}
        }
        offset = start + size;
        count += 1;
    }
    if length > bytes.len() || offset != length {
        return Err(ReadError::byte(bytes.len(), format!("the file is not {length} bytes long, as it says")));
    }
    Ok(container)
}
