//! Fonts: the bundled ones and those of the system, or exactly those of the folders that the settings name.

use std::{
    fs::File,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use base::BlobHash;
use kernel::{
    Settings,
    ports::{FontBytes, FontSource},
};
use memmap2::Mmap;
use vfs::fonts::{FontEnvironment, font_files, system_font_directories};

/// So that text looks the same on every machine, and at all on one without fonts.
const BUNDLED: [&[u8]; 3] = [
    include_bytes!("../../../assets/fonts/Inter-Regular.otf"),
    include_bytes!("../../../assets/fonts/Inter-Bold.otf"),
    include_bytes!("../../../assets/fonts/Inter-Italic.otf"),
];

/// Where fonts come from.
pub struct Fonts {
    bundled: bool,
    directories: Vec<PathBuf>,
    families: Vec<(&'static str, String)>,
}

impl Fonts {
    /// The fonts that the settings and the environment ask for.
    pub fn new(settings: &Settings) -> Self {
        let named = settings.text("text.fontDirectories").unwrap_or_default();
        let directories = match named {
            "" => system_font_directories(&FontEnvironment {
                home: std::env::var_os("HOME").map(PathBuf::from),
                data_home: std::env::var_os("XDG_DATA_HOME"),
                data_dirs: std::env::var_os("XDG_DATA_DIRS"),
            }),
            list => list.split(':').filter(|folder| !folder.is_empty()).map(PathBuf::from).collect(),
        };
        let generic = [
            ("serif", "serif"),
            ("sans-serif", "sansSerif"),
            ("cursive", "cursive"),
            ("fantasy", "fantasy"),
            ("monospace", "monospace"),
        ];
        let families = generic
            .into_iter()
            .filter_map(|(name, key)| {
                let family = settings.text(&format!("text.fontFamilies.{key}"))?;
                (!family.is_empty()).then(|| (name, family.to_owned()))
            })
            .collect();
        Fonts { bundled: named.is_empty(), directories, families }
    }

    /// A hash that changes when other fonts are seen, without reading them.
    pub fn fingerprint(&self) -> BlobHash {
        let mut text = format!("{} {:?}\n", self.bundled, self.families);
        for path in self.paths() {
            let state =
                path.metadata().map(|file| (file.len(), file.mtime(), file.mtime_nsec())).unwrap_or_default();
            text.push_str(&format!("{} {state:?}\n", path.display()));
        }
        BlobHash::of(text.as_bytes())
    }

    /// The font files, the bundled ones left aside.
    pub fn paths(&self) -> Vec<PathBuf> {
        font_files(&self.directories).paths
    }
}

impl FontSource for Fonts {
    fn files(&self) -> Vec<FontBytes> {
        let bundled = BUNDLED.iter().filter(|_| self.bundled).map(|bytes| Arc::new(*bytes) as FontBytes);
        bundled.chain(self.paths().iter().filter_map(|path| map(path))).collect()
    }

    fn generic_family(&self, generic: &str) -> Option<String> {
        self.families.iter().find(|(name, _)| *name == generic).map(|(_, family)| family.clone())
    }
}

fn map(path: &Path) -> Option<FontBytes> {
    let file = File::open(path).ok()?;
    // SAFETY: font files are replaced, not edited in place, by everything that installs fonts; reading hundreds of them
    // whole at every start would take longer than most runs.
    let mapped = unsafe { Mmap::map(&file) }.ok()?;
    Some(Arc::new(mapped))
}
