//! Where the fonts of this machine lie, without fontconfig. Finds files; whoever uses a font reads it.

use std::{
    collections::HashSet,
    env,
    ffi::OsString,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use base::Diagnostic;

const EXTENSIONS: [&str; 4] = ["ttf", "otf", "ttc", "otc"];

/// What the environment says about where fonts lie; an absent value means the default of the XDG Base Directory Specification.
#[derive(Clone, Debug, Default)]
pub struct FontEnvironment {
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_DATA_HOME`; by default `~/.local/share`.
    pub data_home: Option<OsString>,
    /// `XDG_DATA_DIRS`, separated by colons; by default `/usr/local/share:/usr/share`.
    pub data_dirs: Option<OsString>,
}

/// The folders that hold fonts for this user, those that exist, each once, the user's own first.
pub fn system_font_directories(environment: &FontEnvironment) -> Vec<PathBuf> {
    // The specification has relative paths ignored, and empty values count as unset.
    let listed = |value: &Option<OsString>| -> Vec<PathBuf> {
        let paths = value.iter().flat_map(env::split_paths);
        paths.filter(|path| path.is_absolute()).map(|path| path.join("fonts")).collect()
    };
    let mut directories = listed(&environment.data_home);
    if let Some(home) = environment.home.as_ref().filter(|home| home.is_absolute()) {
        directories.push(home.join(".local/share/fonts"));
        directories.push(home.join(".fonts"));
    }
    directories.extend(listed(&environment.data_dirs));
    directories.extend(["/usr/local/share/fonts", "/usr/share/fonts"].map(PathBuf::from));

    let mut seen = HashSet::new();
    directories.retain(|directory| directory.is_dir() && seen.insert(directory.clone()));
    directories
}

/// Font files, and what was in the way of finding more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FontFiles {
    /// In the order of the folders given, sorted by path within each; no path twice.
    pub paths: Vec<PathBuf>,
    /// Folders that could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// The font files (`ttf`, `otf`, `ttc`, `otc`, in any case) beneath these folders, symbolic links followed, each folder once.
pub fn font_files(directories: &[PathBuf]) -> FontFiles {
    let mut found = FontFiles::default();
    let mut seen = HashSet::new();
    for directory in directories {
        let mut paths = Vec::new();
        let mut folders = vec![directory.clone()];
        while let Some(folder) = folders.pop() {
            if let Err(error) = visit(&folder, &mut seen, &mut folders, &mut paths) {
                let place = folder.display().to_string();
                found
                    .diagnostics
                    .push(Diagnostic::warning(place, format!("cannot look for fonts here: {error}")));
            }
        }
        paths.sort();
        found.paths.extend(paths);
    }
    found
}

/// Sorts what is in `folder` into folders to visit and fonts, unless it has been seen.
fn visit(
    folder: &Path,
    seen: &mut HashSet<(u64, u64)>,
    folders: &mut Vec<PathBuf>,
    fonts: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let metadata = fs::metadata(folder)?;
    if !seen.insert((metadata.dev(), metadata.ino())) {
        return Ok(());
    }
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    // A folder reached in two ways is always listed under the same one.
    paths.sort_by(|a, b| b.cmp(a));
    for path in paths {
        // A link that leads nowhere is no font.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if metadata.is_dir() {
            folders.push(path);
        } else if metadata.is_file() && is_font(&path) {
            fonts.push(path);
        }
    }
    Ok(())
}

fn is_font(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn fonts_are_found_once_and_in_order() {
        let home = tempfile::tempdir().unwrap();
        let own = home.path().join(".local/share/fonts");
        fs::create_dir_all(own.join("b/c")).unwrap();
        fs::create_dir_all(home.path().join("share/fonts")).unwrap();
        for name in ["z.ttf", "b/A.OTF", "b/c/x.ttc", "b/c/readme.txt", "y.otc"] {
            fs::write(own.join(name), "").unwrap();
        }
        symlink(&own, own.join("b/circle")).unwrap();
        symlink("nowhere.ttf", own.join("broken.ttf")).unwrap();
        symlink(own.join("z.ttf"), home.path().join("share/fonts/link.ttf")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, own.join("pipe.ttf"), rustix::fs::Mode::RWXU).unwrap();

        let directories = system_font_directories(&FontEnvironment {
            home: Some(home.path().to_owned()),
            data_home: Some(home.path().join(".local/share").into()),
            data_dirs: Some(format!("{}:relative:/nowhere", home.path().join("share").display()).into()),
        });
        assert_eq!(directories[..2], [own.clone(), home.path().join("share/fonts")]);

        let missing = home.path().join("missing");
        let found =
            font_files(&[own.clone(), own.join("b"), home.path().join("share/fonts"), missing.clone()]);
        let expected = ["b/A.OTF", "b/c/x.ttc", "y.otc", "z.ttf"].map(|name| own.join(name));
        assert_eq!(found.paths[..4], expected);
        assert_eq!(found.paths[4..], [home.path().join("share/fonts/link.ttf")]);
        assert_eq!(found.diagnostics.len(), 1);
        assert_eq!(found.diagnostics[0].place, missing.display().to_string());
    }
}
