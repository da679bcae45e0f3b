//! The bounds on what one input may cost.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Input that asks for more than the limits allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {found}, over the limit of {limit} (raise it with --setting limits.{setting}=VALUE)")]
pub struct LimitExceeded {
    /// What was measured, with its unit: "the picture's size in pixels".
    pub what: String,
    /// What the input asks for.
    pub found: u64,
    /// What is allowed.
    pub limit: u64,
    /// The setting that raises the limit, without its `limits.` prefix.
    pub setting: &'static str,
}

/// Bounds on input files and on what they expand to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Largest input file, in bytes.
    pub file_bytes: u64,
    /// Most pixels in one picture.
    pub pixels: u64,
    /// Most nodes in one document.
    pub nodes: u64,
    /// Deepest nesting of nodes, groups or containers.
    pub nesting: u64,
    /// Most bytes that a compressed container may expand to.
    pub expanded_bytes: u64,
    /// How many times its own size a compressed container may expand to.
    pub expansion: u64,
    /// Longest parse of one input, in seconds.
    pub parse_seconds: u64,
    /// Most memory that one import may take, in bytes.
    pub import_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const GIB: u64 = 1 << 30;
        Limits {
            file_bytes: 8 * GIB,
            pixels: 1 << 31,
            nodes: 2_000_000,
            nesting: 1_000,
            expanded_bytes: 4 * GIB,
            expansion: 100,
            parse_seconds: 10,
            import_bytes: 2 * GIB,
        }
    }
}

impl Limits {
    /// `found` if it is at most `limit`, else the error that names `what` and the setting.
    pub fn check(what: &str, found: u64, limit: u64, setting: &'static str) -> Result<u64, LimitExceeded> {
        if found <= limit {
            return Ok(found);
        }
        Err(LimitExceeded { what: what.to_owned(), found, limit, setting })
    }

    /// The bytes of a `width` × `height` picture at `bytes_per_pixel`, checked against the limits on pixels and memory.
    pub fn check_picture(&self, width: u64, height: u64, bytes_per_pixel: u64) -> Result<u64, LimitExceeded> {
        let pixels = width.saturating_mul(height);
        Self::check("the picture's size in pixels", pixels, self.pixels, "pixels")?;
        let bytes = pixels.saturating_mul(bytes_per_pixel);
        Self::check("the picture's size in bytes", bytes, self.import_bytes, "importBytes")
    }

    /// The longest parse of one input.
    pub fn parse_time(&self) -> Duration {
        Duration::from_secs(self.parse_seconds)
    }
}
