//! Compares what a run left with what its case expects.

use crate::case::{Like, Output, Probe, Text};
use crate::fixture::parse_color;
use crate::image::{Format, Image};
use crate::json::subset;
use std::fs;
use std::path::Path;

/// Where files of a case lie, and whether expected pictures are written instead of compared.
pub(crate) struct Places<'a> {
    /// The folder that the case runs in.
    pub(crate) work: &'a Path,
    /// The folder of `case.json`.
    pub(crate) case: &'a Path,
    /// What `{dir}` stands for.
    pub(crate) dir: &'a str,
    /// `UPDATE_EXPECT=1`.
    pub(crate) update: bool,
}

/// Adds to `faults` what the text called `name` lacks.
pub(crate) fn text(expected: &Text, actual: &[u8], name: &str, dir: &str, faults: &mut Vec<String>) {
    let actual = String::from_utf8_lossy(actual);
    let here = |text: &str| text.replace("{dir}", dir);
    if let Some(whole) = expected.is.as_deref().map(here).filter(|whole| *whole != actual) {
        faults.push(format!("{name} is not {whole:?} but {actual:?}"));
    }
    let parts = expected.contains.iter().map(|part| here(part));
    faults.extend(parts.filter(|part| !actual.contains(part)).map(|part| format!("{name} lacks {part:?}")));
    let parts = expected.lacks.iter().map(|part| here(part));
    faults.extend(parts.filter(|part| actual.contains(part)).map(|part| format!("{name} contains {part:?}")));
    let value =
        |text: &str| serde_json::from_str(text).map_err(|error| format!("{name} is not JSON: {error}"));
    let in_place = |json: &serde_json::Value| value(&json.to_string().replace("{dir}", dir));
    if let Some(json) = &expected.json {
        let held = value(&actual).and_then(|actual| {
            subset(&in_place(json)?, &actual).map_err(|message| format!("{name}: {message}"))
        });
        faults.extend(held.err());
    }
    if !expected.json_lines.is_empty() {
        match actual.lines().map(value).collect::<Result<Vec<_>, _>>() {
            Err(message) => faults.push(message),
            Ok(lines) => {
                let mut rest = lines.iter();
                for json in &expected.json_lines {
                    let Ok(wanted) = in_place(json) else { continue };
                    if !rest.any(|line| subset(&wanted, line).is_ok()) {
                        faults
                            .push(format!("{name}: no line, or none after the one before it, holds {json}"));
                        break;
                    }
                }
            }
        }
    }
}

/// Adds to `faults` what the file at the relative path `name` disappoints in.
pub(crate) fn output(expected: &Output, name: &str, places: &Places<'_>, faults: &mut Vec<String>) {
    let path = places.work.join(name);
    if expected.absent {
        if path.symlink_metadata().is_ok() {
            faults.push(format!("{name} exists and should not"));
        }
        return;
    }
    let bytes = match fs::read(&path) {
        Err(error) => return faults.push(format!("{name}: {error}")),
        Ok(bytes) if bytes.is_empty() => return faults.push(format!("{name} is empty")),
        Ok(bytes) => bytes,
    };
    if let Some(other) = &expected.same_as {
        match fs::read(places.work.join(other)) {
            Err(error) => faults.push(format!("{other}: {error}")),
            Ok(held) => faults.extend(unequal(&bytes, &held).map(|how| format!("{name} and {other} {how}"))),
        }
    }
    if let Some(held) = &expected.text {
        text(held, &bytes, name, places.dir, faults);
    }
    let is_picture = expected.format.is_some()
        || expected.size.is_some()
        || expected.like.is_some()
        || !expected.pixels.is_empty();
    if is_picture {
        match Image::decode(&bytes) {
            Err(error) => faults.push(format!("{name}: {error}")),
            Ok((image, format)) => picture(expected, name, &image, format, places, faults),
        }
    }
}

fn picture(
    expected: &Output,
    name: &str,
    image: &Image,
    format: Format,
    places: &Places<'_>,
    faults: &mut Vec<String>,
) {
    if let Some(wanted) = expected.format.filter(|wanted| *wanted != format) {
        faults.push(format!("{name} is {format:?}, not {wanted:?}"));
    }
    let size = [image.width, image.height];
    if let Some([width, height]) = expected.size.filter(|wanted| *wanted != size) {
        faults.push(format!("{name} is {}x{} pixels, not {width}x{height}", size[0], size[1]));
    }
    for probe in &expected.pixels {
        faults.extend(probed(probe, image).err().map(|message| format!("{name}: {message}")));
    }
    if let Some(like) = &expected.like {
        faults.extend(compared(like, image, places).err().map(|message| format!("{name}: {message}")));
    }
}

fn probed(Probe(x, y, color, tolerance): &Probe, image: &Image) -> Result<(), String> {
    let wanted = parse_color(color)?;
    let found = image.pixel(*x, *y).ok_or_else(|| format!("({x}, {y}) is outside of {image:?}"))?;
    let near = wanted.iter().zip(found).all(|(a, b)| a.abs_diff(b) <= *tolerance);
    let [r, g, b, a] = found;
    if near {
        Ok(())
    } else {
        Err(format!("({x}, {y}) is #{r:02x}{g:02x}{b:02x}{a:02x}, not {color} ±{tolerance}"))
    }
}

fn compared(like: &Like, image: &Image, places: &Places<'_>) -> Result<(), String> {
    let path = if like.made { places.work } else { places.case }.join(&like.image);
    if places.update && !like.made {
        let bytes = image.encode(Format::Png, 0).map_err(|error| error.to_string())?;
        return fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()));
    }
    let (expected, _) = Image::read(&path).map_err(|error| format!("{error} (UPDATE_EXPECT=1 writes it)"))?;
    let difference = expected
        .difference(image, like.tolerance)
        .ok_or_else(|| format!("{image:?}, but {} is {expected:?}", like.image))?;
    if difference.share <= like.share {
        return Ok(());
    }
    Err(format!(
        "{:.3} % of the pixels differ from {} by more than {} (allowed {:.3} %); the greatest difference is {} at {:?}",
        difference.share * 100.0,
        like.image,
        like.tolerance,
        like.share * 100.0,
        difference.greatest,
        difference.place
    ))
}

fn unequal(a: &[u8], b: &[u8]) -> Option<String> {
    if a == b {
        return None;
    }
    let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(a.len().min(b.len()));
    Some(format!("differ from byte {at} on ({} and {} bytes)", a.len(), b.len()))
}
