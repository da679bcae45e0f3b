//! Names as readers of OBJ take them: without blanks, and no two the same.

use rustc_hash::FxHashSet;

/// Names that were given.
#[derive(Default)]
pub(super) struct Names(FxHashSet<String>);

impl Names {
    /// A name that was not given before, like `wanted`, or like `otherwise` when that is empty.
    pub fn unique(&mut self, wanted: &str, otherwise: &str) -> String {
        let name = plain(wanted);
        let name = if name.is_empty() { otherwise.to_owned() } else { name };
        let mut unique = name.clone();
        let mut number = 2;
        // Files of some systems do not differ in capitals alone.
        while !self.0.insert(unique.to_lowercase()) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        unique
    }
}

/// A name with underscores for blanks and for what has a meaning in paths or in lines.
pub(super) fn plain(name: &str) -> String {
    let is_special = |c: char| c.is_whitespace() || c.is_control() || "#/\\:*?\"<>|".contains(c);
    let name: String = name.chars().map(|c| if is_special(c) { '_' } else { c }).take(100).collect();
    // A minus begins an option of a map.
    name.trim_matches(['_', '.', '-']).to_owned()
}
