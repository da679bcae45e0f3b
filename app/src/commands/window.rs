//! `metabuilder [WORKSPACE | FILE…]`: the window.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use kernel::{Context, Source};
use metabuilder_shell::Launch;

use super::current_folder;
use crate::{
    assembly::{self, Home},
    cli::Common,
    report::{BAD_INPUT, Failure, WRONG_USAGE},
};

/// Opens the window on a workspace, or on the user's own workspace with files.
pub fn run(paths: &[PathBuf], common: &Common) -> Result<(), Failure> {
    if !has_display() {
        let message = "there is no display for a window: use render, --batch or one of the commands of \
                       metabuilder --help";
        return Err(Failure::new(WRONG_USAGE, message));
    }
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        return Err(Failure::new(
            BAD_INPUT,
            format!("{}: there is no such file or folder", missing.display()),
        ));
    }
    let (folder, files) = match paths {
        [folder] if folder.is_dir() => (folder.clone(), &[][..]),
        files => (own_workspace()?, files),
    };
    if let Some(folder) = files.iter().find(|path| path.is_dir()) {
        let message = format!("{}: a workspace is opened by itself, without files", folder.display());
        return Err(Failure::new(WRONG_USAGE, message));
    }
    let here = current_folder()?;
    let files = files.iter().map(|file| here.join(file).to_string_lossy().into_owned()).collect();
    let absolute = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute(&folder);
    let name = folder.file_name().map_or_else(|| "/".to_owned(), |name| name.to_string_lossy().into_owned());
    let common = common.clone();
    let launch = Launch::<Failure> {
        kernel: Box::new(move || {
            let home = Home::Workspace { folder: &folder };
            let kernel = assembly::kernel(&common, &home, vec![folder.clone(), here])?;
            let actor = assembly::context(kernel.assets().settings());
            Ok((kernel, Context { source: Source::Window, ..actor }))
        }),
        workspace: name,
        files,
    };
    match metabuilder_shell::run(launch)? {
        0 => Ok(()),
        _ => Err(Failure::new(1, "the window could not be shown; see the messages above")),
    }
}

/// Whether there is anything to show a window on. Qt ends the program where there is none.
fn has_display() -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    set("DISPLAY") || set("WAYLAND_DISPLAY") || set("QT_QPA_PLATFORM")
}

/// The workspace of files that are opened without one, in the user's data folder.
fn own_workspace() -> Result<PathBuf, Failure> {
    let data = assembly::user_folder("XDG_DATA_HOME", ".local/share");
    let folder = data.ok_or_else(|| Failure::new(1, "neither XDG_DATA_HOME nor HOME is set"))?;
    let folder = folder.join("metabuilder/workspace");
    fs::create_dir_all(&folder).map_err(|error| Failure::new(1, format!("{}: {error}", folder.display())))?;
    Ok(folder)
}
