//! The format of `case.json`: files, runs of a program, and what has to come of them.
//!
//! ```json
//! {
//!   "about": "A photo is rendered to a width, and a second run writes the same bytes.",
//!   "files": {
//!     "in/photo.jpg": { "photo": { "width": 960, "height": 640, "format": "jpeg", "seed": 1 } },
//!     "in/red.png": { "solid": { "width": 8, "height": 8, "format": "png", "color": "#ff000080" } },
//!     "in/deep.svg": { "repeat": { "before": "<svg>", "text": "<g>", "times": 5000 } },
//!     "script.json": { "json": { "version": 1, "steps": [] } }
//!   },
//!   "runs": [
//!     { "args": ["render", "in/photo.jpg", "-o", "a.png", "--size", "320x", "--json"],
//!       "stdout": { "json": { "outputs": [{ "path": { "$contains": "a.png" } }] } },
//!       "outputs": { "a.png": { "format": "png", "size": [320, 213], "pixels": [[0, 0, "#243a66ff", 12]], "like": {} } } },
//!     { "args": ["render", "in/photo.jpg", "-o", "{dir}/b.png", "--size", "320x"],
//!       "outputs": { "b.png": { "same_as": "a.png" }, "c.png": { "absent": true } } },
//!     { "args": ["render", "in/none.jpg", "-o", "c.png"], "exit": 3, "stderr": { "contains": ["in/none.jpg"] } }
//!   ],
//!   "may_leave": [".metabuilder/"]
//! }
//! ```

use crate::fixture::Fixture;
use crate::image::Format;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One test case. `{dir}` in arguments, environment, standard input, text fixtures and expected texts stands for the
/// absolute path of the folder that the case runs in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows, in one sentence.
    pub about: String,
    /// What lies in the folder before the first run, by relative path.
    #[serde(default)]
    pub files: BTreeMap<String, Fixture>,
    /// Variables beside PATH, HOME, TMPDIR and the XDG folders, which are the case's own.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The runs, one after the other; the first that disappoints ends the case.
    pub runs: Vec<Run>,
    /// Files that may be left beside the expected outputs: a path, or a folder that ends in `/`.
    #[serde(default)]
    pub may_leave: Vec<String>,
}

/// One run of the program and what is expected of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Arguments without the program.
    pub args: Vec<String>,
    /// Standard input; empty when absent.
    #[serde(default)]
    pub stdin: String,
    /// The folder to run in, relative to the case's.
    #[serde(default)]
    pub cwd: String,
    /// Seconds after which the run is killed and the case fails.
    #[serde(default = "Run::default_timeout")]
    pub timeout_s: u64,
    /// The exit code.
    #[serde(default)]
    pub exit: i32,
    /// What standard output holds.
    #[serde(default)]
    pub stdout: Text,
    /// What standard error holds.
    #[serde(default)]
    pub stderr: Text,
    /// Files after the run, by relative path: each exists and is not empty unless it says `absent`.
    #[serde(default)]
    pub outputs: BTreeMap<String, Output>,
}

/// What a text holds. Every member that is given has to hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The whole text.
    pub is: Option<String>,
    /// Parts, in any order.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Parts that must not be there.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// The text is one JSON value with at least this in it; see [`crate::subset`].
    pub json: Option<Value>,
    /// Every line is a JSON value, and for each of these there is a line with at least this in it, in this order.
    #[serde(default)]
    pub json_lines: Vec<Value>,
}

/// What is expected of one file. Every member that is given has to hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The file must not exist.
    #[serde(default)]
    pub absent: bool,
    /// Another file of the case with the same bytes.
    pub same_as: Option<String>,
    /// The file is text that holds this.
    pub text: Option<Text>,
    /// The picture format of its bytes.
    pub format: Option<Format>,
    /// Width and height in pixels.
    pub size: Option<[u32; 2]>,
    /// Colours at places.
    #[serde(default)]
    pub pixels: Vec<Probe>,
    /// A picture that it looks like.
    pub like: Option<Like>,
}

/// `[x, y, "#rrggbb" or "#rrggbbaa", tolerance]`: the pixel at column x and row y is that far at most from the colour
/// in every straight channel, 0 to 255.
#[derive(Debug, Deserialize)]
pub struct Probe(pub u32, pub u32, pub String, pub u8);

/// A picture to compare with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Like {
    /// A PNG in the folder of `case.json`, written anew under `UPDATE_EXPECT=1`; or, where `made` is set, a file that
    /// the case itself has made or been given.
    #[serde(default = "Like::default_image")]
    pub image: String,
    /// Whether `image` lies in the folder that the case runs in.
    #[serde(default)]
    pub made: bool,
    /// How far a premultiplied channel may be apart, 0 to 255.
    #[serde(default = "Like::default_tolerance")]
    pub tolerance: u8,
    /// The share of pixels that may be further apart, 0 to 1.
    #[serde(default)]
    pub share: f64,
}

/// Why a case could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The file or folder could not be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a case.
    #[error("{}:{}:{}: {source}", path.display(), source.line(), source.column())]
    Json {
        /// Where.
        path: PathBuf,
        /// What is wrong, and in which line and column.
        source: serde_json::Error,
    },
}

impl Case {
    /// Reads `case.json` in a folder.
    pub fn read(folder: &Path) -> Result<Self, CaseError> {
        let path = folder.join("case.json");
        let text =
            std::fs::read_to_string(&path).map_err(|source| CaseError::Io { path: path.clone(), source })?;
        serde_json::from_str(&text).map_err(|source| CaseError::Json { path, source })
    }

    /// All folders under `root` that hold a `case.json`, as paths relative to it with `/` between, in order of name.
    pub fn find(root: &Path) -> Result<Vec<String>, CaseError> {
        let mut names = Vec::new();
        collect(root, "", &mut names)?;
        names.sort();
        Ok(names)
    }
}

impl Run {
    fn default_timeout() -> u64 {
        60
    }
}

impl Like {
    fn default_image() -> String {
        "expected.png".into()
    }

    fn default_tolerance() -> u8 {
        2
    }
}

fn collect(folder: &Path, name: &str, names: &mut Vec<String>) -> Result<(), CaseError> {
    let io = |source| CaseError::Io { path: folder.into(), source };
    if folder.join("case.json").is_file() {
        names.push(name.into());
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.path().is_dir() {
            let part = entry.file_name().to_string_lossy().into_owned();
            let name = if name.is_empty() { part } else { format!("{name}/{part}") };
            collect(&entry.path(), &name, names)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_member_is_named_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("area/first")).unwrap();
        let text = "{ \"about\": \"x\",\n \"runs\": [{ \"args\": [], \"exits\": 2 }] }";
        std::fs::write(folder.path().join("area/first/case.json"), text).unwrap();
        assert_eq!(Case::find(folder.path()).unwrap(), ["area/first"]);
        let message = Case::read(&folder.path().join("area/first")).unwrap_err().to_string();
        assert!(message.contains("area/first/case.json:2:") && message.contains("`exits`"), "{message}");
    }
}
