//! Wavefront OBJ with its material libraries.

mod build;
mod mtl;

use std::borrow::Cow;

use base::{Diagnostic, Limits};
use glam::{Vec2, Vec3};

use crate::{
    ReadError,
    frame::Topology,
    gltf::Resolve,
    model::Model,
    numbers::{Words, float, integer},
    polygon::triangulate,
};

use build::{Build, Corner};

/// Whether these are the first bytes of a file: its first lines begin with words of the format, and one is a vertex.
pub fn recognises(bytes: &[u8]) -> bool {
    const WORDS: [&[u8]; 12] =
        [b"v", b"vn", b"vt", b"vp", b"f", b"l", b"p", b"o", b"g", b"s", b"mtllib", b"usemtl"];
    let head = text(&bytes[..bytes.len().min(1 << 14)]).into_owned();
    let lines = head.split(|byte| *byte == b'\n').filter_map(|line| Words(line).next());
    let words: Vec<&[u8]> = lines.filter(|word| !word.starts_with(b"#")).take(16).collect();
    words.iter().all(|word| WORDS.contains(word)) && words.contains(&b"v".as_slice())
}

/// The text in UTF-8 where it is in UTF-16.
fn text(bytes: &[u8]) -> Cow<'_, [u8]> {
    let read = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
        let text: String =
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Cow::Owned(text.into_bytes())
    };
    match bytes {
        [0xfe, 0xff, rest @ ..] => read(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => read(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        _ => Cow::Borrowed(bytes),
    }
}

/// Lines that end in a backslash go on in the next one.
fn joined(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if !text.windows(2).any(|pair| matches!(pair, b"\\\n" | b"\\\r")) {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (b'\\', Some(b'\n')) => {
                bytes.next();
                out.push(b' ');
            }
            (b'\\', Some(b'\r')) => {
                bytes.next();
                bytes.next_if_eq(&b'\n');
                out.push(b' ');
            }
            _ => out.push(byte),
        }
    }
    Cow::Owned(out)
}

/// Reads a file. Curves and surfaces are left out, and material libraries and images that are not there are let pass.
///
/// # Errors
/// Something else is where a number belongs, an element names what is not there, or a limit is exceeded.
pub fn read(
    bytes: &[u8],
    resolve: &Resolve<'_>,
    limits: &Limits,
) -> Result<(Model, Vec<Diagnostic>), ReadError> {
    let text = joined(text(bytes));
    let mut reader =
        Reader { build: Build::default(), corners: Vec::new(), points: Vec::new(), free_forms: None };
    let mut libraries: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        match reader.line(line, index + 1)? {
            Some(library) => libraries.push((index + 1, library)),
            None => continue,
        }
    }
    let Reader { mut build, free_forms, .. } = reader;
    build.finish_points();
    let mut warnings = Vec::new();
    if let Some(line) = free_forms {
        warnings.push(Diagnostic::warning(format!("line {line}"), "curves and surfaces are not read"));
    }
    let mut materials = mtl::Library::default();
    for (line, name) in libraries {
        match resolve(&name) {
            Some(bytes) => materials.read(&name, &bytes, resolve, &mut warnings),
            None => warnings.push(Diagnostic::warning(
                format!("line {line}"),
                format!("there is no material library {name:?}"),
            )),
        }
    }
    let model = build.model(materials, limits, &mut warnings)?;
    Ok((model, warnings))
}

struct Reader {
    build: Build,
    /// The corners of the current element, and where they are.
    corners: Vec<Corner>,
    points: Vec<Vec3>,
    /// The first line with a curve or surface.
    free_forms: Option<usize>,
}

impl Reader {
    /// Reads a line; gives the material library that it names.
    fn line(&mut self, line: &[u8], number: usize) -> Result<Option<String>, ReadError> {
        let mut words = Words(line);
        let Some(word) = words.next() else { return Ok(None) };
        match word {
            b"v" => self.position(words, number)?,
            b"vt" => {
                let [u, v] = numbers(&mut words, number, 1)?;
                // Rows of images go down, v goes up.
                self.build.uvs.push(Vec2::new(u, 1.0 - v));
            }
            b"vn" => {
                let normal = Vec3::from(numbers::<3>(&mut words, number, 3)?);
                self.build.normals.push(normal.normalize_or(Vec3::Y));
            }
            b"f" | b"l" | b"p" => self.element(word[0], words, number)?,
            b"o" | b"g" => self.build.start(&rest(words)),
            b"usemtl" => self.build.material(&rest(words)),
            b"mtllib" => return Ok(Some(rest(words).replace('\\', "/"))),
            b"curv" | b"curv2" | b"surf" => {
                self.free_forms.get_or_insert(number);
            }
            _ => {}
        }
        Ok(None)
    }

    fn position(&mut self, mut words: Words<'_>, number: usize) -> Result<(), ReadError> {
        let build = &mut self.build;
        build.positions.push(Vec3::from(numbers::<3>(&mut words, number, 3)?));
        let Some(red) = words.next().and_then(float) else { return Ok(()) };
        // A fourth number alone is a weight.
        if let (Some(green), Some(blue)) = (words.next().and_then(float), words.next().and_then(float)) {
            build.colors.resize(build.positions.len(), Vec3::ONE);
            if let Some(color) = build.colors.last_mut() {
                *color = Vec3::new(red, green, blue);
            }
        }
        Ok(())
    }

    fn element(&mut self, kind: u8, words: Words<'_>, number: usize) -> Result<(), ReadError> {
        self.corners.clear();
        for word in words {
            // Comments may follow on the same line.
            if word[0] == b'#' {
                break;
            }
            self.corners.push(self.build.corner(word).map_err(|problem| ReadError::line(number, problem))?);
        }
        let corners = &self.corners;
        match (kind, corners.as_slice()) {
            (_, []) => return Err(ReadError::line(number, "the element names no vertices")),
            (b'p', _) | (b'f', [_]) => {
                corners.iter().for_each(|corner| self.build.push(Topology::Points, &[*corner]));
            }
            (b'l', _) | (b'f', [_, _]) => {
                corners.windows(2).for_each(|pair| self.build.push(Topology::Lines, pair));
            }
            (_, [_, _, _]) => self.build.push(Topology::Triangles, corners),
            _ => {
                self.points.clear();
                self.points.extend(corners.iter().map(|corner| self.build.place(corner)));
                let build = &mut self.build;
                triangulate(&self.points, |triangle| {
                    build.push(Topology::Triangles, &triangle.map(|i| corners[i]));
                });
            }
        }
        Ok(())
    }
}

/// The name that is the rest of a line.
fn rest(words: Words<'_>) -> String {
    String::from_utf8_lossy(words.0.trim_ascii()).into_owned()
}

/// Numbers of a line, `least` at least; those left out are 0.
fn numbers<const N: usize>(words: &mut Words<'_>, line: usize, least: usize) -> Result<[f32; N], ReadError> {
    let mut out = [0.0; N];
    for (i, slot) in out.iter_mut().enumerate() {
        match words.next() {
            Some(word) => {
                let bad = || {
                    ReadError::line(line, format!("{:?} is no finite number", String::from_utf8_lossy(word)))
                };
                *slot = float(word).ok_or_else(bad)?;
            }
            None if i < least => return Err(ReadError::line(line, format!("{least} numbers are needed"))),
            None => break,
        }
    }
    Ok(out)
}

/// The place in a list of `count` that a number from 1, or from the end when it is negative, names.
fn index(word: &[u8], count: usize) -> Option<u32> {
    let number = integer(word)?;
    let index = if number < 0 { count as i64 + number } else { number - 1 };
    (0..count as i64).contains(&index).then_some(index as u32)
}
