//! Themes: how scopes look.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Deserialize;

/// How the scopes of texts look. Colours are sRGB, as `#rrggbb`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Theme {
    /// Its id: `light`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// The colour of plain text.
    pub foreground: String,
    /// The colour behind it.
    pub background: String,
    /// The colour of the numbers of lines.
    pub line_numbers: String,
    /// How the parts of texts look by their scopes; one such as `function` also counts for `function.method` where that is
    /// not told by itself.
    pub scopes: BTreeMap<String, Style>,
}

/// How a part of a text looks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// Its colour.
    pub colour: String,
    /// Whether it is bold.
    #[serde(default)]
    pub bold: bool,
    /// Whether it is italic.
    #[serde(default)]
    pub italic: bool,
}

impl Theme {
    /// All themes, the usual one first.
    pub fn all() -> &'static [Theme] {
        static THEMES: OnceLock<Vec<Theme>> = OnceLock::new();
        THEMES.get_or_init(|| {
            let sources = [include_str!("../themes/light.json"), include_str!("../themes/dark.json")];
            sources.iter().filter_map(|source| serde_json::from_str(source).ok()).collect()
        })
    }

    /// The name and the look of a scope: its own, or that of the nearest one that it is part of.
    pub fn style<'t>(&'t self, scope: &str) -> Option<(&'t str, &'t Style)> {
        let mut scope = scope;
        loop {
            if let Some((name, style)) = self.scopes.get_key_value(scope) {
                return Some((name, style));
            }
            scope = scope.rsplit_once('.')?.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of a colour, as WCAG 2.2 defines it.
    fn luminance(colour: &str) -> f64 {
        let value = u32::from_str_radix(colour.strip_prefix('#').unwrap(), 16).unwrap();
        let channel = |shift: u32| {
            let value = f64::from((value >> shift) & 255) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    }

    #[test]
    fn every_colour_can_be_read_on_its_background() {
        assert_eq!(Theme::all().len(), 2);
        for theme in Theme::all() {
            let scopes = theme.scopes.values().map(|style| &style.colour);
            for colour in scopes.chain([&theme.foreground, &theme.line_numbers]) {
                let (a, b) = (luminance(colour), luminance(&theme.background));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{}: {colour}: {contrast:.2}", theme.id);
            }
        }
    }
}
