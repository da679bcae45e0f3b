//! The font catalogue, built from the font files of the kernel's port when the first text is met.

use std::sync::{Arc, Mutex, PoisonError};

use kernel::ports::FontSource;
use usvg::fontdb::{Database, Family, Source};

/// The catalogue with the source that it was built from.
#[derive(Default)]
pub struct Catalogue(Mutex<Option<Built>>);

/// The source, and the catalogue built from it.
type Built = (Arc<dyn FontSource>, Arc<Database>);

impl Catalogue {
    /// The fonts of a source, with its generic families set.
    pub fn of(&self, source: &Arc<dyn FontSource>) -> Arc<Database> {
        let mut built = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*built {
            Some((from, fonts)) if Arc::ptr_eq(from, source) => fonts.clone(),
            _ => {
                let fonts = Arc::new(build(&**source));
                *built = Some((source.clone(), fonts.clone()));
                fonts
            }
        }
    }

    /// Lets go of the fonts.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn build(source: &dyn FontSource) -> Database {
    let mut fonts = Database::new();
    for bytes in source.files() {
        fonts.load_font_source(Source::Binary(bytes));
    }
    let named = |generic: &str| source.generic_family(generic);
    // Where nothing is said, the family that is there: text is better in another family than not at all.
    let first = fonts.faces().flat_map(|face| face.families.first()).map(|(name, _)| name.clone()).next();
    let present = |wanted: &str| {
        fonts.query(&usvg::fontdb::Query { families: &[Family::Name(wanted)], ..Default::default() })
    };
    let choose = |generic: &str, usual: &[&str]| {
        named(generic)
            .or_else(|| usual.iter().find(|name| present(name).is_some()).map(|name| (*name).to_owned()))
            .or_else(|| first.clone())
    };
    let serif = choose("serif", &["Noto Serif", "DejaVu Serif", "Liberation Serif", "Times New Roman"]);
    let sans = choose("sans-serif", &["Inter", "Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial"]);
    let cursive = choose("cursive", &["Yellowtail", "Comic Neue", "Comic Sans MS"]);
    let fantasy = choose("fantasy", &["Sedgwick Ave Display", "Impact"]);
    let monospace =
        choose("monospace", &["Noto Mono", "Noto Sans Mono", "DejaVu Sans Mono", "Liberation Mono"]);
    serif.into_iter().for_each(|name| fonts.set_serif_family(name));
    sans.into_iter().for_each(|name| fonts.set_sans_serif_family(name));
    cursive.into_iter().for_each(|name| fonts.set_cursive_family(name));
    fantasy.into_iter().for_each(|name| fonts.set_fantasy_family(name));
    monospace.into_iter().for_each(|name| fonts.set_monospace_family(name));
    fonts
}
