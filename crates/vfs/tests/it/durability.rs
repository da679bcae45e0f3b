//! Writes that fail or die in the middle.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use vfs::TEMPORARY_PREFIX;

use crate::{local, names, outcome, uri};

const ROLE: &str = "VFS_TEST_ROLE";
const FOLDER: &str = "VFS_TEST_FOLDER";
const VERSION_BYTES: usize = 300_000;

/// The part of the tests below that runs in a process of its own, since it is to be killed or starved.
#[test]
#[ignore = "started by the tests below"]
fn child() {
    let (Ok(role), Ok(folder)) = (env::var(ROLE), env::var(FOLDER)) else { return };
    let vfs = local(Path::new(&folder));
    match role.as_str() {
        "half" => {
            let mut writer = vfs.write_atomic(&uri("doc")).unwrap();
            writer.write_all(&vec![b'n'; VERSION_BYTES]).unwrap();
            writer.flush().unwrap();
            println!("\nready");
            loop {
                thread::park();
            }
        }
        "versions" => {
            for version in (b'a'..=b'z').cycle() {
                println!("\nready");
                vfs.write(&uri("doc"), &vec![version; VERSION_BYTES]).unwrap();
            }
        }
        "starved" => {
            let content = vec![b'n'; 1 << 20];
            assert_eq!(outcome(vfs.write(&uri("doc"), &content)), "Full");
            let mut writer = vfs.write_atomic(&uri("doc")).unwrap();
            let error = writer.write_all(&content).unwrap_err();
            assert!(error.to_string().starts_with("m:/doc: no room"), "{error}");
            assert_eq!(outcome(writer.commit()), "Incomplete");
        }
        other => panic!("no role '{other}'"),
    }
}

/// Starts [`child`] by way of a shell that first runs `setup`.
fn start(role: &str, folder: &Path, setup: &str) -> Child {
    Command::new("sh")
        .args(["-c", &format!("{setup} exec \"$0\" \"$@\"")])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "durability::child", "--ignored", "--nocapture"])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills the child (SIGKILL) once it has said that it is ready so many times.
fn kill_after(mut child: Child, ready: usize) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.filter(|line| line == "ready").take(ready).count(), ready);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn unfinished(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_str().unwrap().starts_with(TEMPORARY_PREFIX)).count()
}

#[test]
fn a_process_killed_while_it_writes_leaves_the_old_file_and_its_remains_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("doc"), "old").unwrap();
    kill_after(start("half", folder.path(), ""), 1);
    let vfs = local(folder.path());
    assert_eq!(vfs.read(&uri("doc")).unwrap(), b"old");
    assert_eq!((names(&vfs, "."), unfinished(folder.path())), (vec!["doc".to_owned()], 1));

    // A living writer's file stays, whoever sweeps.
    let mut living = vfs.write_atomic(&uri("living")).unwrap();
    assert_eq!(unfinished(folder.path()), 1);
    living.write_all(b"alive").unwrap();
    local(folder.path()).write(&uri("other"), b"").unwrap();
    living.commit().unwrap();
    assert_eq!(vfs.read(&uri("living")).unwrap(), b"alive");
    assert_eq!(unfinished(folder.path()), 0);
}

#[test]
fn whenever_a_process_is_killed_a_file_is_one_of_its_versions() {
    let folder = tempfile::tempdir().unwrap();
    local(folder.path()).write(&uri("doc"), &[b'z'; VERSION_BYTES]).unwrap();
    for kills in 1..=12 {
        kill_after(start("versions", folder.path(), ""), kills);
        let content = local(folder.path()).read(&uri("doc")).unwrap();
        assert_eq!(content.len(), VERSION_BYTES);
        assert!(content.iter().all(|byte| *byte == content[0]), "a mixture of versions");
        assert!(unfinished(folder.path()) <= 1);
    }
}

#[test]
fn a_write_that_finds_no_room_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("doc"), "old").unwrap();
    // Files of at most 64 blocks of 512 bytes; the signal that would come instead of the error is ignored.
    let mut child = start("starved", folder.path(), "trap '' XFSZ; ulimit -f 64;");
    assert!(child.wait().unwrap().success());
    assert_eq!(fs::read(folder.path().join("doc")).unwrap(), b"old");
    assert_eq!(unfinished(folder.path()), 0);
}

#[test]
fn permissions_are_kept_and_new_files_follow_the_umask() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().mode() & 0o7777;
    fs::write(folder.path().join("reference"), "").unwrap();
    let vfs = local(folder.path());
    vfs.write(&uri("new"), b"").unwrap();
    assert_eq!(mode("new"), mode("reference"));
    for bits in [0o640, 0o751, 0o400, 0o666] {
        fs::set_permissions(folder.path().join("new"), fs::Permissions::from_mode(bits)).unwrap();
        vfs.write(&uri("new"), b"x").unwrap();
        assert_eq!(mode("new"), bits);
    }
    // Only root may give files away, and then does not take them over by saving them.
    if rustix::process::geteuid().is_root() {
        chown(folder.path().join("new"), Some(12_345), Some(54_321)).unwrap();
        vfs.write(&uri("new"), b"y").unwrap();
        let metadata = fs::metadata(folder.path().join("new")).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (12_345, 54_321));
    }
}
