//! System packages that a step needs, and their installation on Debian.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// A package of the system.
pub struct Needed {
    /// How it shows that it is there: a program in PATH, or a file when it begins with `/`.
    shows: &'static str,
    /// Debian's name.
    package: &'static str,
    /// What it is for, for the person who watches it being installed.
    why: &'static str,
}

/// What building and testing the headless program takes beside Rust.
pub const BUILD: &[Needed] = &[
    Needed { shows: "cc", package: "gcc", why: "links the programs and compiles SQLite, which is built in" },
    Needed {
        shows: "/usr/include/stdlib.h",
        package: "libc6-dev",
        why: "the C headers that SQLite includes",
    },
    Needed {
        shows: "c++",
        package: "g++",
        why: "compiles what simplifies meshes, and the C++ side of the window",
    },
    Needed { shows: "git", package: "git", why: "the tests of mounted repositories make some" },
];

/// What building the window and opening it takes besides.
pub const WINDOW: &[Needed] = &[
    Needed { shows: "qmake6", package: "qmake6", why: "tells where Qt is" },
    Needed { shows: "/usr/share/doc/qt6-base-dev/copyright", package: "qt6-base-dev", why: "Qt itself" },
    Needed {
        shows: "/usr/share/doc/qt6-declarative-dev/copyright",
        package: "qt6-declarative-dev",
        why: "Qt Quick, in which the window is written",
    },
    Needed {
        shows: "/usr/share/doc/qml6-module-qtquick/copyright",
        package: "qml6-module-qtquick",
        why: "the items of Qt Quick",
    },
    Needed {
        shows: "/usr/share/doc/qml6-module-qtquick-controls/copyright",
        package: "qml6-module-qtquick-controls",
        why: "text fields and scroll bars",
    },
    Needed {
        shows: "/usr/share/doc/qml6-module-qtquick-layouts/copyright",
        package: "qml6-module-qtquick-layouts",
        why: "rows and columns",
    },
    Needed {
        shows: "/usr/share/doc/qml6-module-qtquick-templates/copyright",
        package: "qml6-module-qtquick-templates",
        why: "what the controls are made of",
    },
    Needed {
        shows: "/usr/share/doc/qml6-module-qtquick-window/copyright",
        package: "qml6-module-qtquick-window",
        why: "the window itself",
    },
    Needed {
        shows: "/usr/share/doc/qml6-module-qtqml-workerscript/copyright",
        package: "qml6-module-qtqml-workerscript",
        why: "loaded by the models of lists",
    },
    Needed { shows: "ld.lld", package: "lld", why: "links the tests of the window" },
];

/// What building and running the media worker takes.
pub const MEDIA: &[Needed] = &[
    Needed { shows: "pkg-config", package: "pkg-config", why: "tells where FFmpeg is" },
    Needed {
        shows: "/usr/share/doc/libavcodec-dev/copyright",
        package: "libavcodec-dev",
        why: "FFmpeg's codecs, which the media worker links",
    },
    Needed {
        shows: "/usr/share/doc/libavformat-dev/copyright",
        package: "libavformat-dev",
        why: "FFmpeg's file formats",
    },
    Needed {
        shows: "/usr/share/doc/libavutil-dev/copyright",
        package: "libavutil-dev",
        why: "what all of FFmpeg shares",
    },
    Needed {
        shows: "/usr/share/doc/libswscale-dev/copyright",
        package: "libswscale-dev",
        why: "converts pictures that few programs have",
    },
    Needed {
        shows: "/usr/share/doc/libclang-dev/copyright",
        package: "libclang-dev",
        why: "reads FFmpeg's headers for Rust, and brings the headers of the compiler",
    },
];

/// What drawing scenes takes.
pub const GPU: &[Needed] = &[
    Needed {
        shows: "/usr/share/doc/libvulkan1/copyright",
        package: "libvulkan1",
        why: "finds the drivers of graphics cards",
    },
    Needed {
        shows: "/usr/share/doc/mesa-vulkan-drivers/copyright",
        package: "mesa-vulkan-drivers",
        why: "draws scenes, also without a graphics card",
    },
];

/// What testing the program takes besides.
pub const TESTS: &[Needed] = &[
    Needed { shows: "dbus-run-session", package: "dbus-daemon", why: "a session bus of the tests' own" },
    Needed { shows: "gnome-keyring-daemon", package: "gnome-keyring", why: "keeps secrets" },
    Needed { shows: "secret-tool", package: "libsecret-tools", why: "puts secrets into a keyring" },
];

/// What testing the window takes besides.
pub const WINDOW_TESTS: &[Needed] = &[
    Needed { shows: "Xvfb", package: "xvfb", why: "a display without hardware" },
    Needed { shows: "xdotool", package: "xdotool", why: "presses keys and clicks" },
];

/// What other programs take that draw through a display.
pub const DISPLAY: &[Needed] = &[
    Needed { shows: "xvfb-run", package: "xvfb", why: "a display without hardware" },
    Needed { shows: "xauth", package: "xauth", why: "keys to that display" },
];

/// What scenes are compared with.
pub const F3D: &[Needed] = &[Needed { shows: "f3d", package: "f3d", why: "draws models beside ours" }];

/// What scenes are compared with, too.
pub const BLENDER: &[Needed] = &[
    Needed { shows: "blender", package: "blender", why: "draws models beside ours" },
    Needed {
        shows: "/usr/lib/python3/dist-packages/numpy/__init__.py",
        package: "python3-numpy",
        why: "Blender reads glTF with it",
    },
];

/// What the validator of glTF runs in.
pub const NODE: &[Needed] =
    &[Needed { shows: "node", package: "nodejs, npm", why: "runs the validator of glTF" }];

/// Prints what is missing, why it is wanted, and the package that brings it; whether anything is.
pub fn tell_missing(needed: &[Needed]) -> bool {
    let missing = needed.iter().filter(|needed| !is_there(needed.shows));
    missing.map(|needed| println!("{} is missing: {}", needed.package, needed.why)).count() > 0
}

/// Installs what is missing, as root or through sudo, and says what and why.
///
/// # Errors
/// Something is missing and cannot be installed here; the message says how to do it by hand.
pub fn install_missing(needed: &[&[Needed]]) -> Result<()> {
    let needed: Vec<_> = needed.iter().copied().flatten().collect();
    let missing: Vec<_> = needed.iter().filter(|needed| !is_there(needed.shows)).collect();
    if missing.is_empty() {
        println!("system packages: all {} are there", needed.len());
        return Ok(());
    }
    for needed in &missing {
        println!("system package {} is missing: {}", needed.package, needed.why);
    }
    let names: Vec<_> = missing.iter().map(|needed| needed.package).collect();
    let by_hand = format!("install by hand: {}", names.join(" "));
    if !is_there("apt-get") {
        bail!("there is no apt-get here; {by_hand}");
    }
    let root = is_root();
    if !root && !is_there("sudo") {
        bail!("neither root nor sudo; {by_hand}");
    }
    let apt = |arguments: &[&str]| -> Result<bool> {
        let mut command = Command::new(if root { "apt-get" } else { "sudo" });
        if !root {
            command.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        Ok(command.status().context("apt-get")?.success())
    };
    let install: Vec<_> = ["install", "--yes", "--no-install-recommends"].into_iter().chain(names).collect();
    // The package lists may be absent or old; fetching them takes longer than most installations.
    let installed = apt(&install)? || (apt(&["update"])? && apt(&install)?);
    if !installed {
        bail!("apt-get failed; {by_hand}");
    }
    match missing.iter().find(|needed| !is_there(needed.shows)) {
        Some(needed) => bail!("{} is installed, but {} is not there", needed.package, needed.shows),
        None => Ok(()),
    }
}

fn is_there(shows: &str) -> bool {
    if shows.starts_with('/') {
        return Path::new(shows).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(shows).is_file())
}

fn is_root() -> bool {
    // SAFETY: geteuid takes nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}
