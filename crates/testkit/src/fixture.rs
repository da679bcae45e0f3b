//! The files that a case starts from, made when it runs.

use crate::image::{Format, Image, Scans};
use crate::photo;
use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// How one file comes to be.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fixture {
    /// This text, with `{dir}` replaced.
    Text(String),
    /// This JSON value, with `{dir}` replaced in its text.
    Json(Value),
    /// These bytes, two hexadecimal digits each; white space is skipped.
    Hex(String),
    /// A text that is repeated, between two others: nesting, long lines, many elements.
    Repeat {
        /// What comes first.
        #[serde(default)]
        before: String,
        /// What is repeated.
        text: String,
        /// How often.
        times: usize,
        /// What comes last.
        #[serde(default)]
        after: String,
    },
    /// A landscape; see [`photo::landscape`].
    Photo {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// The file format.
        format: Format,
        /// Chooses the landscape.
        #[serde(default)]
        seed: u32,
        /// Of JPEG, 1 to 100.
        #[serde(default = "default_quality")]
        quality: u8,
        /// Of JPEG.
        #[serde(default)]
        scans: Scans,
        /// Keeps only so many bytes of the file.
        cut: Option<usize>,
    },
    /// One colour, `#rrggbb` or `#rrggbbaa`.
    Solid {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// The file format.
        format: Format,
        /// Straight alpha.
        color: String,
    },
    /// A copy of a file under `tests/data`.
    Data(String),
    /// A copy of a file under `assets/samples`.
    Sample(String),
    /// A copy of a file in the folder of `case.json`.
    Beside(String),
    /// A symbolic link with this target, `{dir}` replaced.
    Link(String),
    /// An empty folder.
    Folder {},
}

/// Where a fixture finds what it refers to.
pub(crate) struct Sources<'a> {
    /// The folder of `case.json`.
    pub(crate) case: &'a Path,
    /// `tests/data`.
    pub(crate) data: &'a Path,
    /// `assets/samples`.
    pub(crate) samples: &'a Path,
    /// What `{dir}` stands for.
    pub(crate) dir: &'a str,
}

fn default_quality() -> u8 {
    90
}

impl Fixture {
    /// Makes the file at `path`, and the folders that it needs.
    pub(crate) fn make(&self, path: &Path, sources: &Sources<'_>) -> Result<(), String> {
        let fail = |error: std::io::Error| format!("fixture {}: {error}", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(fail)?;
        }
        let bytes = match self {
            Self::Folder {} => return fs::create_dir_all(path).map_err(fail),
            Self::Link(target) => {
                return std::os::unix::fs::symlink(target.replace("{dir}", sources.dir), path).map_err(fail);
            }
            other => {
                other.bytes(sources).map_err(|message| format!("fixture {}: {message}", path.display()))?
            }
        };
        fs::write(path, bytes).map_err(fail)
    }

    fn bytes(&self, sources: &Sources<'_>) -> Result<Vec<u8>, String> {
        let copy = |folder: &Path, name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        match self {
            Self::Text(text) => Ok(text.replace("{dir}", sources.dir).into_bytes()),
            Self::Json(value) => Ok(format!("{value:#}\n").replace("{dir}", sources.dir).into_bytes()),
            Self::Hex(digits) => from_hex(digits),
            Self::Repeat { before, text, times, after } => {
                Ok([before.as_str(), &text.repeat(*times), after].concat().into_bytes())
            }
            Self::Photo { width, height, format, seed, quality, scans, cut } => {
                let image = photo::landscape(*width, *height, *seed);
                let encoded = match format {
                    Format::Jpeg => image.encode_jpeg(*quality, *scans),
                    other => image.encode(*other, *quality),
                };
                let mut bytes = encoded.map_err(|error| error.to_string())?;
                bytes.truncate(cut.unwrap_or(usize::MAX));
                Ok(bytes)
            }
            Self::Solid { width, height, format, color } => {
                let image = Image::solid(*width, *height, parse_color(color)?);
                image.encode(*format, default_quality()).map_err(|error| error.to_string())
            }
            Self::Data(name) => copy(sources.data, name),
            Self::Sample(name) => copy(sources.samples, name),
            Self::Beside(name) => copy(sources.case, name),
            Self::Link(_) | Self::Folder {} => Ok(Vec::new()),
        }
    }
}

/// Reads `#rrggbb` or `#rrggbbaa`.
pub(crate) fn parse_color(text: &str) -> Result<[u8; 4], String> {
    let bad = || format!("{text:?} is no colour: write #rrggbb or #rrggbbaa");
    let digits = text.strip_prefix('#').ok_or_else(bad)?;
    match *from_hex(digits).map_err(|_| bad())?.as_slice() {
        [r, g, b] => Ok([r, g, b, 255]),
        [r, g, b, a] => Ok([r, g, b, a]),
        _ => Err(bad()),
    }
}

fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| match pair {
        [high, low] => {
            std::str::from_utf8(&[*high, *low]).ok().and_then(|text| u8::from_str_radix(text, 16).ok())
        }
        _ => None,
    };
    digits
        .chunks(2)
        .map(pair)
        .collect::<Option<_>>()
        .ok_or_else(|| format!("{text:?} is not pairs of hex digits"))
}
