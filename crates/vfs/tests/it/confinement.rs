//! Nothing outside of a local mount can be read or written through it.

use std::{
    fs,
    io::Write,
    os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use base::Limits;
use rustix::fs::{CWD, Mode, RenameFlags, mkfifoat, renameat_with};
use tempfile::TempDir;
use vfs::{Access, FileKind, LocalProvider, Vfs};

use crate::{local, names, outcome, table, uri};

/// A folder that holds `root`, which is mounted, and `outside`, which is not; each with a file `secret`.
fn inside_and_outside() -> (TempDir, PathBuf, PathBuf, Vfs) {
    let folder = tempfile::tempdir().unwrap();
    let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
    fs::create_dir_all(root.join("dir/deep")).unwrap();
    fs::create_dir_all(&outside).unwrap();
    fs::write(root.join("dir/secret"), "inside").unwrap();
    fs::write(outside.join("secret"), "outside").unwrap();
    let vfs = local(&root);
    (folder, root, outside, vfs)
}

/// The names beneath a folder, with the content of files.
fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(snapshot(&path));
        }
        all.push((path.clone(), fs::read(&path).unwrap_or_default()));
    }
    all.sort();
    all
}

#[test]
fn links_that_lead_out_are_refused_by_every_operation() {
    let (_folder, root, outside, vfs) = inside_and_outside();
    symlink(&outside, root.join("absolute")).unwrap();
    symlink("../outside", root.join("relative")).unwrap();
    symlink("../../../outside", root.join("dir/deep/climbs")).unwrap();
    symlink("dir/deep/climbs", root.join("chain")).unwrap();
    symlink("../root/../outside", root.join("out-and-in")).unwrap();
    symlink("/proc/self/cwd", root.join("magic")).unwrap();
    let before = snapshot(&outside);
    for link in ["absolute", "relative", "dir/deep/climbs", "chain", "out-and-in", "magic"] {
        let within = uri(&format!("{link}/secret"));
        for (what, result) in [
            ("read", outcome(vfs.read(&within))),
            ("metadata", outcome(vfs.metadata(&within))),
            ("list", outcome(vfs.list(&uri(link)))),
            ("write", outcome(vfs.write(&within, b"written"))),
            ("create", outcome(vfs.create_dir_all(&uri(&format!("{link}/new"))))),
            ("remove", outcome(vfs.remove(&within))),
            ("watch", outcome(vfs.watch(&uri(link), |_| ()))),
        ] {
            assert_eq!(result, "OutsideRoot", "{what} {link}");
        }
        // Neither the link nor its target is written over.
        symlink(outside.join("secret"), root.join("file")).unwrap();
        assert_eq!(outcome(vfs.write(&uri("file"), b"written")), "OutsideRoot");
        assert_eq!(outcome(vfs.read(&uri("file"))), "OutsideRoot");
        vfs.remove(&uri("file")).unwrap();
    }
    assert_eq!(snapshot(&outside), before);
    let kinds = vfs.list(&uri(".")).unwrap().entries;
    assert!(kinds.iter().all(|entry| entry.kind == FileKind::Link || entry.name == "dir"), "{kinds:?}");
}

#[test]
fn links_that_stay_inside_are_followed_and_survive_a_write() {
    let (_folder, root, _, vfs) = inside_and_outside();
    symlink("../dir/secret", root.join("dir/link")).unwrap();
    symlink("dir/deep/../link", root.join("twice")).unwrap();
    symlink("b", root.join("a")).unwrap();
    symlink("a", root.join("b")).unwrap();
    assert_eq!(vfs.read(&uri("twice")).unwrap(), b"inside");
    vfs.write(&uri("twice"), b"new").unwrap();
    assert_eq!(fs::read(root.join("dir/secret")).unwrap(), b"new");
    assert!(root.join("twice").is_symlink() && root.join("dir/link").is_symlink());
    assert_eq!(outcome(vfs.read(&uri("a"))), "LinkLoop");
    assert_eq!(outcome(vfs.write(&uri("a"), b"")), "LinkLoop");
    vfs.remove(&uri("twice")).unwrap();
    assert_eq!(vfs.read(&uri("dir/link")).unwrap(), b"new");
}

#[test]
fn a_folder_that_keeps_turning_into_a_link_out_never_lets_anything_through() {
    const ROUNDS: usize = 4000;
    for target in ["../outside", "absolute"] {
        let (_folder, root, outside, vfs) = inside_and_outside();
        let target = if target == "absolute" { outside.clone() } else { target.into() };
        symlink(target, root.join("link")).unwrap();
        let before = snapshot(&outside);
        let (swap_root, stop) = (root.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = stop.clone();
        let swapper = thread::spawn(move || {
            let (dir, link) = (swap_root.join("dir"), swap_root.join("link"));
            let mut flips = 0_usize;
            while !stopped.load(Ordering::Relaxed) {
                renameat_with(CWD, &dir, CWD, &link, RenameFlags::EXCHANGE).unwrap();
                flips += 1;
            }
            flips
        });
        let (mut inside, mut refused) = (0, 0);
        let mut round = 0;
        while round < ROUNDS || inside == 0 || refused == 0 {
            round += 1;
            match vfs.read(&uri("dir/secret")) {
                Ok(bytes) => {
                    assert_eq!(bytes, b"inside");
                    inside += 1;
                }
                error => {
                    let fault = outcome(error);
                    assert!(["OutsideRoot", "Unstable"].contains(&fault.as_str()), "{fault}");
                    refused += 1;
                }
            }
            if round % 10 == 0 {
                let _ = vfs.write(&uri("dir/new"), b"written");
                let _ = vfs.create_dir_all(&uri("dir/made"));
                let _ = vfs.remove(&uri("dir/new"));
                if let Ok(listing) = vfs.list(&uri("dir")) {
                    assert!(listing.entries.iter().any(|entry| entry.name == "deep"), "listed the outside");
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(swapper.join().unwrap() > ROUNDS / 10);
        assert_eq!(snapshot(&outside), before);
    }
}

#[test]
fn a_file_whose_folder_is_moved_out_meanwhile_is_not_put_there() {
    let (_folder, root, outside, vfs) = inside_and_outside();
    let mut writer = vfs.write_atomic(&uri("dir/new")).unwrap();
    writer.write_all(b"written").unwrap();
    fs::rename(root.join("dir"), outside.join("dir")).unwrap();
    assert_eq!(outcome(writer.commit()), "Moved");
    let moved: Vec<_> = snapshot(&outside.join("dir")).into_iter().map(|(path, _)| path).collect();
    assert_eq!(moved, [outside.join("dir/deep"), outside.join("dir/secret")]);
}

#[test]
fn special_files_are_refused_at_once() {
    let (_folder, root, _, vfs) = inside_and_outside();
    mkfifoat(CWD, root.join("pipe"), Mode::RWXU).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    symlink("pipe", root.join("to-pipe")).unwrap();
    let devices = table(Arc::new(LocalProvider::whole_file_system().unwrap()), Limits::default());
    for (vfs, path, name) in [
        (&vfs, "pipe", "named pipe"),
        (&vfs, "to-pipe", "named pipe"),
        (&vfs, "socket", "socket"),
        (&devices, "dev/full", "device"),
        (&devices, "dev/zero", "device"),
    ] {
        assert_eq!(vfs.metadata(&uri(path)).unwrap().kind, FileKind::Special);
        for error in
            [vfs.read(&uri(path)).map(drop), vfs.open(&uri(path)).map(drop), vfs.write(&uri(path), b"x")]
        {
            assert_eq!(error.unwrap_err().to_string(), format!("m:/{path}: this is a {name}, not a file"));
        }
    }
    assert_eq!(outcome(vfs.remove(&uri("pipe"))), "Special");
    assert_eq!(names(&vfs, "."), ["dir", "pipe", "socket", "to-pipe"]);
}

#[test]
fn names_that_are_not_utf_8_are_reported_beside_the_others() {
    let (_folder, root, _, vfs) = inside_and_outside();
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"caf\xe9.png")), "").unwrap();
    let listing = vfs.list(&uri(".")).unwrap();
    assert_eq!((listing.entries.len(), listing.undecodable), (1, vec!["caf\u{fffd}.png".to_owned()]));
}

#[test]
fn the_whole_file_system_follows_absolute_links_but_no_magic_ones() {
    let (_folder, root, outside, _) = inside_and_outside();
    symlink(outside.join("secret"), root.join("link")).unwrap();
    let whole = Arc::new(LocalProvider::whole_file_system().unwrap());
    let vfs = Vfs::new("file".parse().unwrap(), Limits::default());
    let vfs = vfs.with_mount("file".parse().unwrap(), whole, Access::ReadWrite);
    let named = |path: &Path| vfs.resolve(path.to_str().unwrap()).unwrap();
    assert_eq!(vfs.read(&named(&root.join("link"))).unwrap(), b"outside");
    vfs.write(&named(&root.join("link")), b"new").unwrap();
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"new");
    assert!(root.join("link").is_symlink());
    assert_eq!(outcome(vfs.read(&named(Path::new("/proc/self/exe")))), "LinkLoop");
    assert_eq!(outcome(vfs.watch(&named(Path::new("/")), |_| ())), "Watch");
}

#[test]
fn a_folder_that_cannot_be_mounted_says_why() {
    let (_folder, root, _, _) = inside_and_outside();
    let error = |path: &str| LocalProvider::new(root.join(path)).map(drop).unwrap_err();
    assert!(error("missing").to_string().ends_with("root/missing: there is no such file or folder"));
    assert_eq!(outcome::<()>(Err(error("dir/secret"))), "NotADirectory");
}
