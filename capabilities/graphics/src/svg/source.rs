//! From a file's bytes to XML text: decompression and character encodings, within limits.

use std::{borrow::Cow, io::Read};

use base::{LimitExceeded, Limits};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes that hold no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The file is too large, or expands to too much.
    #[error("{0}")]
    Limit(#[from] LimitExceeded),
    /// The file starts like gzip but is damaged.
    #[error("the compressed file is damaged: {0}")]
    Gzip(String),
    /// The file is not in the encoding that it claims to be in.
    #[error("the file is not {encoding} text, from byte {byte} on (save it as UTF-8)")]
    Encoding {
        /// The name of the encoding.
        encoding: &'static str,
        /// The first byte that does not fit.
        byte: usize,
    },
}

/// Whether the bytes are a gzip stream, as in `.svgz` files.
pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The file's bytes, decompressed if they are a gzip stream.
pub(super) fn decompressed<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, SourceError> {
    let size = bytes.len() as u64;
    Limits::check("the file's size in bytes", size, limits.file_bytes, "fileBytes")?;
    if !is_gzip(bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    let by_factor = size.saturating_mul(limits.expansion);
    let most = limits.expanded_bytes.min(by_factor).min(limits.import_bytes);
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(most.saturating_add(1))
        .read_to_end(&mut out)
        .map_err(|error| SourceError::Gzip(error.to_string()))?;
    let setting = if most == by_factor { "expansion" } else { "expandedBytes" };
    Limits::check("the decompressed size in bytes", out.len() as u64, most, setting)?;
    Ok(Cow::Owned(out))
}

/// The text of an XML file: in the encoding of its byte order mark, else UTF-8, else the one that it
/// declares.
pub(super) fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, SourceError> {
    let marked = Encoding::for_bom(bytes);
    let (encoding, start) = match marked {
        Some((encoding, length)) => (encoding, length),
        None if bytes.starts_with(b"<\0") => (UTF_16LE, 0),
        None if bytes.starts_with(b"\0<") => (UTF_16BE, 0),
        None => (UTF_8, 0),
    };
    let content = &bytes[start..];
    if encoding == UTF_8 {
        let error = match std::str::from_utf8(content) {
            Ok(text) => return Ok(Cow::Borrowed(text)),
            Err(error) => SourceError::Encoding { encoding: "UTF-8", byte: start + error.valid_up_to() },
        };
        let declared = declared_encoding(content).filter(|declared| marked.is_none() && *declared != UTF_8);
        return decode(content, declared.ok_or(error)?);
    }
    decode(content, encoding)
}

fn decode<'a>(content: &'a [u8], encoding: &'static Encoding) -> Result<Cow<'a, str>, SourceError> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(content);
    text.ok_or(SourceError::Encoding { encoding: encoding.name(), byte: 0 })
}

/// The encoding that an XML declaration names.
fn declared_encoding(content: &[u8]) -> Option<&'static Encoding> {
    let declaration = content.strip_prefix(b"<?xml")?;
    let end = declaration.iter().position(|byte| *byte == b'>')?;
    let declaration = str::from_utf8(&declaration[..end]).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let label = value[1..].split(quote).next()?;
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn text_is_read_in_the_encoding_that_the_file_names() {
        let utf16: Vec<u8> = "\u{feff}<я/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, text) in [
            (b"<a/>".to_vec(), "<a/>"),
            (b"\xef\xbb\xbf<a/>".to_vec(), "<a/>"),
            (utf16, "<я/>"),
            (
                b"<?xml version='1.0' encoding = 'Windows-1251'?><\xff/>".to_vec(),
                "<?xml version='1.0' encoding = 'Windows-1251'?><я/>",
            ),
        ] {
            assert_eq!(decoded(&bytes).as_deref(), Ok(text));
        }
        let error = SourceError::Encoding { encoding: "UTF-8", byte: 1 };
        assert_eq!(decoded(b"<\xff/>"), Err(error));
    }

    #[test]
    fn decompression_stops_at_the_limit() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![b' '; 1_000_000]).unwrap();
        let bomb = encoder.finish().unwrap();
        let error = decompressed(&bomb, &Limits::default()).unwrap_err();
        assert!(matches!(error, SourceError::Limit(LimitExceeded { setting: "expansion", .. })), "{error}");
        let generous = Limits { expansion: 10_000, ..Limits::default() };
        assert_eq!(decompressed(&bomb, &generous).map(|text| text.len()), Ok(1_000_000));
        assert!(matches!(decompressed(&bomb[..50], &generous), Err(SourceError::Gzip(_))));
    }
}
