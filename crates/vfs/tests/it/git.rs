//! What a revision of a repository shows, and that a hostile repository runs nothing.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base::Limits;
use git2::{ObjectType, Oid, Repository, Signature, Time};
use vfs::{Access, Fault, FileKind, GitFault, GitProvider, Vfs, VfsError};

use crate::{outcome, uri};

const FILE: u32 = 0o100644;
const LINK: u32 = 0o120000;
const TREE: u32 = 0o040000;

fn blob(repository: &Repository, bytes: &[u8]) -> Oid {
    repository.blob(bytes).unwrap()
}

/// A tree written byte by byte, so that it may hold what git would refuse.
fn tree(repository: &Repository, entries: &[(&[u8], u32, Oid)]) -> Oid {
    let mut entries = entries.to_vec();
    entries.sort_by_key(|(name, mode, _)| [*name, if *mode == TREE { b"/" } else { b"" }].concat());
    let mut bytes = Vec::new();
    for (name, mode, id) in entries {
        bytes.extend([format!("{mode:o} ").as_bytes(), name, b"\0", id.as_bytes()].concat());
    }
    repository.odb().unwrap().write(ObjectType::Tree, &bytes).unwrap()
}

/// A commit on `main` at so many seconds after 1970.
fn commit(repository: &Repository, tree: Oid, seconds: i64) -> Oid {
    let who = Signature::new("a", "a@b", &Time::new(seconds, 0)).unwrap();
    let parent = repository.refname_to_id("refs/heads/main").ok();
    let parent = parent.map(|id| repository.find_commit(id).unwrap());
    let parents: Vec<_> = parent.iter().collect();
    let tree = repository.find_tree(tree).unwrap();
    let id = repository.commit(Some("refs/heads/main"), &who, &who, "x", &tree, &parents).unwrap();
    repository.set_head("refs/heads/main").unwrap();
    id
}

fn mount(provider: GitProvider) -> Vfs {
    Vfs::new("m".parse().unwrap(), Limits { file_bytes: 1 << 20, ..Limits::default() }).with_mount(
        "m".parse().unwrap(),
        Arc::new(provider),
        Access::ReadWrite,
    )
}

fn at(path: &Path, revision: &str) -> Result<Vfs, VfsError> {
    GitProvider::new(path, revision, &Limits::default()).map(mount)
}

fn read(vfs: &Vfs, path: &str) -> String {
    vfs.read(&uri(path)).map_or_else(|e| outcome::<()>(Err(e)), |bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn a_revision_is_seen_as_files_folders_and_links_that_stay_inside() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    let text = blob(&repository, b"text");
    let link = |target: &str| blob(&repository, target.as_bytes());
    let empty = tree(&repository, &[]);
    let inner = tree(&repository, &[(b"inner", FILE, text), (b"up", LINK, link("../run.sh"))]);
    let root: &[(&[u8], u32, Oid)] = &[
        (b"run.sh", 0o100755, text),
        (b"dir", TREE, inner),
        (b"empty", TREE, empty),
        (b"module", 0o160000, Oid::from_str("1234567890123456789012345678901234567890").unwrap()),
        (b"to-dir", LINK, link("./dir/")),
        (b"to-inner", LINK, link("to-dir/../dir/inner")),
        (b"absolute", LINK, link("/etc/passwd")),
        (b"outside", LINK, link("dir/../../x")),
        (b"loop", LINK, link("loop")),
        (b"dangling", LINK, link("nowhere")),
        (b"caf\xe9", FILE, text),
        (b"..", TREE, inner),
        (b"a/b", FILE, text),
        (b".metabuilder-tmp-1", FILE, text),
    ];
    commit(&repository, tree(&repository, root), 1_000);
    let vfs = at(folder.path(), "main").unwrap();

    for (path, expected) in [
        ("run.sh", "text"),
        ("dir/inner", "text"),
        ("dir/up", "text"),
        ("to-dir/up", "text"),
        ("to-inner", "text"),
        ("dir", "IsADirectory"),
        ("run.sh/x", "NotADirectory"),
        ("to-inner/x", "NotADirectory"),
        ("nothing", "NotFound"),
        ("dangling", "NotFound"),
        ("absolute", "OutsideRoot"),
        ("outside", "OutsideRoot"),
        ("loop", "LinkLoop"),
        ("module", "Special"),
        ("module/x", "NotADirectory"),
    ] {
        assert_eq!(read(&vfs, path), expected, "{path}");
    }
    let listing = vfs.list(&uri(".")).unwrap();
    let entries: Vec<_> = listing.entries.iter().map(|entry| (entry.name.as_str(), entry.kind)).collect();
    use FileKind::{Directory, File, Link, Special};
    assert_eq!(
        entries,
        [
            ("absolute", Link),
            ("dangling", Link),
            ("dir", Directory),
            ("empty", Directory),
            ("loop", Link),
            ("module", Special),
            ("outside", Link),
            ("run.sh", File),
            ("to-dir", Directory),
            ("to-inner", File),
        ]
    );
    assert_eq!(listing.undecodable, ["..", "a/b", "caf\u{fffd}"]);
    assert!(vfs.list(&uri("empty")).unwrap().entries.is_empty());
    assert_eq!(outcome(vfs.list(&uri("run.sh"))), "NotADirectory");
    let metadata = vfs.metadata(&uri("to-inner")).unwrap();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    assert_eq!((metadata.kind, metadata.len, metadata.modified), (File, 4, then));
    for refused in [
        outcome(vfs.write(&uri("x"), b"")),
        outcome(vfs.remove(&uri("run.sh"))),
        outcome(vfs.create_dir_all(&uri("y"))),
    ] {
        assert_eq!(refused, "ReadOnly");
    }
    assert_eq!(outcome(vfs.watch(&uri("."), |_| {})), "Watch");
}

#[test]
fn every_way_to_name_a_revision_leads_to_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let repository = Repository::init(path("main")).unwrap();
    let version = |text: &str| tree(&repository, &[(b"v", FILE, blob(&repository, text.as_bytes()))]);
    let one = commit(&repository, version("one"), 1);
    repository.tag_lightweight("light", &repository.find_object(one, None).unwrap(), false).unwrap();
    let who = Signature::new("a", "a@b", &Time::new(9, 0)).unwrap();
    repository.tag("v1", &repository.find_object(one, None).unwrap(), &who, "one", false).unwrap();
    commit(&repository, tree(&repository, &[]), 2);
    let two = commit(&repository, version("two"), 3);
    repository.worktree("side", &path("side"), None).unwrap();
    let git = |args: &[&str]| {
        let status = Command::new("git").arg("-C").arg(path("main")).args(args).status().unwrap();
        assert!(status.success(), "git {args:?}");
    };
    git(&["clone", "--quiet", "--bare", "--shared", ".", "../bare"]);
    git(&["pack-refs", "--all"]);
    git(&["gc", "--quiet"]);

    let before = at(&path("main"), "HEAD").unwrap();
    for (repository, revision, content) in [
        ("main", "HEAD", "two"),
        ("main", "main~2", "one"),
        ("main", "v1", "one"),
        ("main", "light", "one"),
        ("main", "HEAD~1", "NotFound"),
        ("main", &two.to_string(), "two"),
        ("main", &one.to_string()[..10], "one"),
        ("main/.git", "HEAD", "two"),
        ("side", "side", "two"),
        ("bare", "main", "two"),
        ("bare", "v1", "one"),
    ] {
        let vfs = at(&path(repository), revision).unwrap();
        assert_eq!(read(&vfs, "v"), content, "{repository} {revision}");
    }
    commit(&repository, version("three"), 4);
    assert_eq!(
        (read(&before, "v"), read(&at(&path("main"), "main").unwrap(), "v")),
        ("two".into(), "three".into())
    );

    fs::create_dir(path("plain")).unwrap();
    let unborn = Repository::init(path("unborn")).unwrap();
    for (folder, revision, part) in [
        ("main", "mian", "no revision is called 'mian'"),
        ("main", "main:v", "no revision is called 'main:v'"),
        ("main", "a\0b", "no revision is called"),
        ("unborn", "HEAD", "no revision is called 'HEAD'"),
        ("plain", "HEAD", "cannot be read as a git repository"),
        ("missing", "HEAD", "cannot be read as a git repository"),
    ] {
        let error = at(&path(folder), revision).map(drop).unwrap_err().to_string();
        assert!(error.starts_with(&path(folder).display().to_string()) && error.contains(part), "{error}");
    }
    drop(unborn);
}

#[test]
fn a_large_file_is_refused_by_its_header_and_damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    let large = blob(&repository, &vec![0; 8 << 20]);
    let gone = Oid::from_str("1234567890123456789012345678901234567890").unwrap();
    let root = tree(&repository, &[(b"gone", FILE, gone), (b"large", FILE, large), (b"odd", TREE, large)]);
    commit(&repository, root, 1);
    // Cut off behind its header: whoever inflates it finds damage, whoever looks at its size does not.
    let hex = large.to_string();
    let object = repository.path().join("objects").join(&hex[..2]).join(&hex[2..]);
    let bytes = fs::read(&object).unwrap();
    fs::set_permissions(&object, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&object, &bytes[..64]).unwrap();

    let limits = Limits { import_bytes: 4 << 20, ..Limits::default() };
    let small = mount(GitProvider::new(folder.path(), "main", &limits).unwrap());
    assert_eq!(small.metadata(&uri("large")).unwrap().len, 8 << 20);
    assert_eq!(
        (read(&small, "large"), outcome(small.open(&uri("large")))),
        ("TooLarge".into(), "TooLarge".into())
    );
    let vfs = at(folder.path(), "main").unwrap();
    let fault = |path: &str| match vfs.open(&uri(path)).map(drop).unwrap_err() {
        VfsError::File { fault: Fault::Git(fault), .. } => fault,
        other => panic!("{path}: {other}"),
    };
    assert!(matches!(fault("large"), GitFault::Damaged(_)));
    assert!(matches!(fault("odd/x"), GitFault::Damaged(_)));
    assert_eq!(fault("gone"), GitFault::MissingObject(gone.to_string()));
}

#[test]
fn a_cut_off_or_altered_pack_ends_in_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    let noise: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    commit(&repository, tree(&repository, &[(b"noise", FILE, blob(&repository, &noise))]), 1);
    let git = Command::new("git").arg("-C").arg(folder.path()).args(["gc", "--quiet"]).status().unwrap();
    assert!(git.success());
    let packs =
        fs::read_dir(repository.path().join("objects/pack")).unwrap().map(|pack| pack.unwrap().path());
    let pack = packs.into_iter().find(|pack| pack.extension().is_some_and(|e| e == "pack")).unwrap();
    fs::set_permissions(&pack, fs::Permissions::from_mode(0o644)).unwrap();
    let whole = fs::read(&pack).unwrap();
    let read = || at(folder.path(), "main").and_then(|vfs| vfs.read(&uri("noise")));
    assert_eq!(read().unwrap(), noise);
    for len in [0, 20, 40, 200, whole.len() / 2, whole.len() - 30] {
        fs::write(&pack, &whole[..len]).unwrap();
        assert!(read().is_err(), "cut off at {len}");
    }
    for at in [12, 30, whole.len() / 2] {
        let mut altered = whole.clone();
        altered[at] ^= 4;
        fs::write(&pack, &altered).unwrap();
        assert!(read().is_err(), "altered at {at}");
    }
}

#[test]
fn a_repository_of_named_pipes_is_not_waited_for() {
    for (place, pipe) in [
        ("objects/info/alternates", "Host Git"),
        ("objects/pack/pack-1.idx", "Host Git"),
        ("HEAD", "Host Git"),
        ("refs/heads/main", "Host Git"),
        ("packed-refs", "Ok"),
        ("config", "Ok"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        commit(&repository, tree(&repository, &[]), 1);
        let path = repository.path().join(place);
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let found = match at(folder.path(), "main") {
            Ok(_) => "Ok",
            Err(VfsError::Host { fault: Fault::Git(_), .. }) => "Host Git",
            Err(_) => "other",
        };
        assert_eq!(found, pipe, "{place}");
    }
}

/// Every file beneath a folder with its content.
fn everything(folder: &Path) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match entry.is_dir() {
            true => found.extend(everything(&entry)),
            false => {
                let modified = fs::metadata(&entry).unwrap().modified().unwrap();
                found.push((entry.clone(), fs::read(&entry).unwrap(), modified));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_hostile_repository_runs_nothing_and_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let repository = Repository::init(path("hostile")).unwrap();
    let attributes = blob(&repository, b"* filter=trap diff=trap\n");
    let text = blob(&repository, b"version https://git-lfs.github.com/spec/v1\n");
    let gone = Oid::from_str("1234567890123456789012345678901234567890").unwrap();
    let root = [(&b".gitattributes"[..], FILE, attributes), (b"file", FILE, text), (b"promised", FILE, gone)];
    commit(&repository, tree(&repository, &root), 1);

    let (marker, trap) = (path("marker"), path("trap"));
    let program = format!("#!/bin/sh\ntouch '{}'\n", marker.display());
    let executable = |at: &Path| {
        fs::write(at, &program).unwrap();
        fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
    };
    executable(&trap);
    let trap = trap.display().to_string();
    let config = format!(
        "[core]\n repositoryformatversion = 1\n bare = false\n fsmonitor = {trap}\n sshCommand = {trap}\n pager = {trap}\n\
         \u{20}editor = {trap}\n gitProxy = {trap}\n alternateRefsCommand = {trap}\n[extensions]\n partialClone = origin\n\
         [filter \"trap\"]\n smudge = {trap}\n clean = {trap}\n process = {trap}\n required = true\n\
         [diff]\n external = {trap}\n[diff \"trap\"]\n textconv = {trap}\n command = {trap}\n[credential]\n helper = !{trap}\n\
         [remote \"origin\"]\n url = ext::{trap}\n promisor = true\n partialclonefilter = blob:none\n uploadpack = {trap}\n\
         [protocol \"ext\"]\n allow = always\n[include]\n path = included\n"
    );
    fs::write(path("hostile/.git/config"), config).unwrap();
    fs::write(path("hostile/.git/included"), format!("[core]\n askPass = {trap}\n hooksPath = hooks\n"))
        .unwrap();
    fs::create_dir_all(path("hostile/.git/hooks")).unwrap();
    for hook in ["post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"] {
        executable(&path("hostile/.git/hooks").join(hook));
    }

    let before = everything(&path("hostile"));
    let vfs = at(&path("hostile"), "HEAD").unwrap();
    assert!(read(&vfs, "file").starts_with("version"));
    assert_eq!(read(&vfs, ".gitattributes"), "* filter=trap diff=trap\n");
    assert_eq!(vfs.list(&uri(".")).unwrap().entries.len(), 3);
    assert_eq!(
        (read(&vfs, "promised"), outcome(vfs.metadata(&uri("promised")))),
        ("Git".into(), "Git".into())
    );
    assert!(!marker.exists(), "a program of the repository ran");
    assert_eq!(everything(&path("hostile")), before);

    let git =
        Command::new("git").arg("-C").arg(path("hostile")).args(["status", "--short"]).output().unwrap();
    assert!(marker.exists(), "the traps would not catch git itself: {git:?}");
}
