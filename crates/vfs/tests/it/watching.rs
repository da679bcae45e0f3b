//! Watches report what changed, and nothing else.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::Duration,
};

use base::Limits;
use vfs::{Change, ChangeKind, ChangeKind::*, Vfs, WatchGuard};

use crate::{for_each_provider, local, uri};

/// Longer than any batch takes; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

fn watch(vfs: &Vfs, path: &str) -> (WatchGuard, Receiver<Vec<Change>>) {
    let (sender, changes) = mpsc::channel();
    let guard = vfs.watch(&uri(path), move |batch| sender.send(batch).unwrap_or_default()).unwrap();
    (guard, changes)
}

/// All changes up to the first of `last`, the newest of each path.
fn changes_until(changes: &Receiver<Vec<Change>>, last: &str) -> BTreeMap<String, ChangeKind> {
    let mut seen = BTreeMap::new();
    while !seen.contains_key(last) {
        let batch = changes.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("{e}, so far {seen:?}"));
        seen.extend(batch.into_iter().map(|change| (change.uri.to_string(), change.kind)));
    }
    seen
}

fn expect(changes: &Receiver<Vec<Change>>, expected: &[(&str, ChangeKind)]) {
    let last = expected.last().unwrap().0;
    let expected = expected.iter().map(|(path, kind)| ((*path).to_owned(), *kind)).collect();
    assert_eq!(changes_until(changes, last), expected);
}

#[test]
fn what_is_made_changed_and_removed_is_reported_until_the_guard_goes() {
    for_each_provider(Limits::default(), |vfs, _| {
        for folder in ["w/.metabuilder", "elsewhere"] {
            vfs.create_dir_all(&uri(folder)).unwrap();
        }
        vfs.write(&uri("w/one"), b"").unwrap();
        let (guard, changes) = watch(vfs, "w");
        // Each group ends with the path that sorts last, so that a batch that holds it holds the group.
        vfs.write(&uri("elsewhere/x"), b"").unwrap();
        vfs.write(&uri("w/.metabuilder/log"), b"").unwrap();
        drop(vfs.write_atomic(&uri("w/dropped")).unwrap());
        vfs.write(&uri("w/zero"), b"").unwrap();
        expect(&changes, &[("m:/w/zero", Created)]);
        vfs.write(&uri("w/zero"), b"more").unwrap();
        expect(&changes, &[("m:/w/zero", Modified)]);
        vfs.create_dir_all(&uri("w/folder/deep")).unwrap();
        vfs.write(&uri("w/folder/deep/file"), b"").unwrap();
        let made =
            [("m:/w/folder", Created), ("m:/w/folder/deep", Created), ("m:/w/folder/deep/file", Created)];
        expect(&changes, &made);
        vfs.remove(&uri("w/one")).unwrap();
        expect(&changes, &[("m:/w/one", Removed)]);
        drop(guard);
        vfs.write(&uri("w/after"), b"").unwrap();
        assert_eq!(changes.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    });
}

#[test]
fn one_file_is_watched_through_replacement() {
    for_each_provider(Limits::default(), |vfs, _| {
        vfs.write(&uri("doc"), b"1").unwrap();
        let (_guard, changes) = watch(vfs, "doc");
        vfs.write(&uri("dock"), b"").unwrap();
        for (content, kind) in [(Some("2"), Modified), (None, Removed), (Some("3"), Created)] {
            match content {
                Some(content) => vfs.write(&uri("doc"), content.as_bytes()).unwrap(),
                None => vfs.remove(&uri("doc")).unwrap(),
            }
            expect(&changes, &[("m:/doc", kind)]);
        }
    });
}

#[test]
fn changes_by_others_come_out_as_what_they_amount_to() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("a/b")).unwrap();
    fs::write(at("a/b/file"), "").unwrap();
    fs::write(at("a-b"), "").unwrap();
    symlink(outside.path(), at("link")).unwrap();
    let vfs = local(folder.path());
    let (_guard, changes) = watch(&vfs, ".");

    // Nothing: access, permissions, what lies behind a link, and a file that is gone before anyone looks.
    fs::read(at("a/b/file")).unwrap();
    fs::set_permissions(at("a/b/file"), fs::metadata(at("a-b")).unwrap().permissions()).unwrap();
    fs::write(outside.path().join("new"), "").unwrap();
    fs::rename(at("a"), at("z")).unwrap();
    let moved = ["a", "a/b", "a/b/file"].map(|path| (format!("m:/{path}"), Removed)).into_iter();
    let moved = moved.chain(["z", "z/b", "z/b/file"].map(|path| (format!("m:/{path}"), Created)));
    assert_eq!(changes_until(&changes, "m:/z/b/file"), moved.collect());

    // An editor's way to save: a new file is renamed over the old one. And one in place.
    fs::write(at("z/b/.file.swp"), "new").unwrap();
    fs::rename(at("z/b/.file.swp"), at("z/b/file")).unwrap();
    assert_eq!(changes_until(&changes, "m:/z/b/file")["m:/z/b/file"], Modified);
    fs::write(at("z/b/file"), "neu").unwrap();
    assert_eq!(changes_until(&changes, "m:/z/b/file")["m:/z/b/file"], Modified);

    fs::create_dir_all(outside.path().join("tree/x")).unwrap();
    fs::write(outside.path().join("tree/x/y"), "").unwrap();
    fs::rename(outside.path().join("tree"), at("tree")).unwrap();
    let arrived = [("m:/tree", Created), ("m:/tree/x", Created), ("m:/tree/x/y", Created)];
    expect(&changes, &arrived);
    fs::remove_dir_all(at("tree")).unwrap();
    let gone = changes_until(&changes, "m:/tree");
    assert!(gone.values().all(|kind| *kind == Removed), "{gone:?}");
}
