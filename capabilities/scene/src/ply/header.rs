//! The header of a PLY file: which elements follow, with which properties.

use crate::ReadError;

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Text,
    Little,
    Big,
}

/// The type of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    F32,
    F64,
}

impl Scalar {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "char" | "int8" => Scalar::I8,
            "uchar" | "uint8" => Scalar::U8,
            "short" | "int16" => Scalar::I16,
            "ushort" | "uint16" => Scalar::U16,
            "int" | "int32" => Scalar::I32,
            "uint" | "uint32" => Scalar::U32,
            "float" | "float32" => Scalar::F32,
            "double" | "float64" => Scalar::F64,
            _ => return None,
        })
    }

    pub fn size(self) -> usize {
        match self {
            Scalar::I8 | Scalar::U8 => 1,
            Scalar::I16 | Scalar::U16 => 2,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => 4,
            Scalar::F64 => 8,
        }
    }

    /// The number that stands for 1 in a colour.
    pub fn unit(self) -> f64 {
        match self {
            Scalar::I8 => 127.0,
            Scalar::U8 => 255.0,
            Scalar::I16 => 32767.0,
            Scalar::U16 => 65535.0,
            Scalar::I32 => 2_147_483_647.0,
            Scalar::U32 => 4_294_967_295.0,
            Scalar::F32 | Scalar::F64 => 1.0,
        }
    }

    /// The number of its bytes, the lowest first.
    pub fn number(self, word: [u8; 8]) -> f64 {
        let [a, b, c, d, ..] = word;
        match self {
            Scalar::I8 => f64::from(a as i8),
            Scalar::U8 => f64::from(a),
            Scalar::I16 => f64::from(i16::from_le_bytes([a, b])),
            Scalar::U16 => f64::from(u16::from_le_bytes([a, b])),
            Scalar::I32 => f64::from(i32::from_le_bytes([a, b, c, d])),
            Scalar::U32 => f64::from(u32::from_le_bytes([a, b, c, d])),
            Scalar::F32 => f64::from(f32::from_le_bytes([a, b, c, d])),
            Scalar::F64 => f64::from_le_bytes(word),
        }
    }
}

/// A number, or a list of numbers behind its count.
pub(super) struct Property {
    pub name: String,
    pub scalar: Scalar,
    pub count: Option<Scalar>,
}

/// Rows of properties.
pub(super) struct Element {
    pub name: String,
    pub count: u64,
    pub properties: Vec<Property>,
    /// The line that declares it.
    pub line: usize,
}

/// A whole header.
pub(super) struct Header {
    pub encoding: Encoding,
    pub elements: Vec<Element>,
    /// Where the rows begin.
    pub end: usize,
}

impl Header {
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        let mut lines = Lines { bytes, offset: 0, number: 0 };
        if lines.next()?.trim() != "ply" {
            return Err(ReadError::line(1, "this is no PLY file"));
        }
        let mut encoding = None;
        let mut elements: Vec<Element> = Vec::new();
        loop {
            let text = lines.next()?;
            let line = lines.number;
            let error = |problem: String| ReadError::line(line, problem);
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            let scalar = |name: &str| Scalar::of(name).ok_or_else(|| error(format!("{name:?} is no type")));
            match words.as_slice() {
                ["end_header"] => break,
                ["format", format, ..] => {
                    encoding = Some(match *format {
                        "ascii" => Encoding::Text,
                        "binary_little_endian" => Encoding::Little,
                        "binary_big_endian" => Encoding::Big,
                        other => return Err(error(format!("the format {other:?} is not known"))),
                    });
                }
                ["element", name, count, ..] => {
                    let count = count.parse().map_err(|_| error(format!("{count:?} is no count")))?;
                    elements.push(Element { name: (*name).to_owned(), count, properties: Vec::new(), line });
                }
                ["property", kind @ .., name] => {
                    let Some(element) = elements.last_mut() else {
                        return Err(error("the property is of no element".to_owned()));
                    };
                    let (count, item) = match kind {
                        ["list", count, item] => (Some(scalar(count)?), scalar(item)?),
                        [item] => (None, scalar(item)?),
                        _ => return Err(error("the property is not understood".to_owned())),
                    };
                    element.properties.push(Property { name: (*name).to_owned(), scalar: item, count });
                }
                _ => {}
            }
        }
        let encoding = encoding.ok_or_else(|| ReadError::line(lines.number, "the header names no format"))?;
        Ok(Header { encoding, elements, end: lines.offset })
    }
}

/// The lines of a header, which end in LF, CR or both.
struct Lines<'a> {
    bytes: &'a [u8],
    offset: usize,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<std::borrow::Cow<'a, str>, ReadError> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let end = end.ok_or_else(|| ReadError::line(self.number + 1, "the file ends within the header"))?;
        let both = rest.get(end..end + 2) == Some(b"\r\n");
        self.offset += end + if both { 2 } else { 1 };
        self.number += 1;
        Ok(String::from_utf8_lossy(&rest[..end]))
    }
}
