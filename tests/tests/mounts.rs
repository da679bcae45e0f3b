//! Mounts that settings declare: a repository, a server on the web, a bucket and a folder, from a script.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output},
    sync::mpsc::{Receiver, channel},
    thread,
};

use serde_json::{Value as Json, json};
use support::{batch, program, result};

const SVG: &str =
    "<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'><path fill='#f00' d='M0 0h4v4H0z'/></svg>";
const PNG: &[u8] = b"\x89PNG";

/// Runs a script that imports one path and exports to another, with these mounts.
fn convert(folder: &Path, mounts: &Json, from: &str, to: &str) -> Output {
    let script = json!({ "version": 1, "steps": [
        { "id": "in", "command": "document.import", "args": { "path": from } },
        { "id": "out", "command": "document.export", "args": { "document": "${in.document}", "path": to } },
    ] });
    let mut command = batch(folder, "script.json", &script);
    command.env("XDG_CACHE_HOME", folder.join("cache")).env("XDG_CONFIG_HOME", folder.join("config"));
    command.env("METABUILDER_SECRET_KEY", "hidden-word");
    command.arg("--setting").arg(format!("mounts={mounts}")).output().unwrap()
}

/// The exit code, and what was said on stderr.
fn failure(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A server that gives the picture to whoever asks, and tells what it was sent.
fn serve() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Some(request) = answer(stream) {
                let _ = tell.send(request);
            }
        }
    });
    (url, told)
}

fn answer(stream: TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request).ok()?;
    let mut len = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            len = value.parse().ok()?;
        }
    }
    let mut sent = vec![0; len];
    reader.read_exact(&mut sent).ok()?;
    let content = if request.starts_with("GET") { SVG } else { "" };
    let announced = if request.starts_with("PUT") { 0 } else { SVG.len() };
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {announced}\r\n\r\n");
    reader.get_mut().write_all(format!("{head}{content}").as_bytes()).ok()?;
    Some((request, sent))
}

#[test]
fn a_revision_of_a_repository_is_read_as_it_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("repo");
    fs::create_dir(&repository).unwrap();
    fs::write(repository.join("logo.svg"), SVG).unwrap();
    for args in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "logo"]] {
        let mut git = Command::new("git");
        git.arg("-C").arg(&repository).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args);
        assert!(git.status().unwrap().success());
    }
    fs::write(repository.join("logo.svg"), "changed since").unwrap();
    let mounts = |revision: &str| json!({ "assets": { "provider": "git", "repository": "repo", "revision": revision } });
    result(&convert(folder.path(), &mounts("HEAD"), "assets:/logo.svg", "out.png"));
    assert!(fs::read(folder.path().join("out.png")).unwrap().starts_with(PNG));
    for (mounts, from, part) in [
        (mounts("HEAD"), "assets:/gone.svg", "assets:/gone.svg: there is no such file"),
        (mounts("mian"), "assets:/logo.svg", "assets:/logo.svg: this mount cannot be opened: "),
        (mounts("mian"), "asset:/logo.svg", "did you mean 'assets'?"),
    ] {
        let (code, said) = failure(&convert(folder.path(), &mounts, from, "out.png"));
        assert!(code == Some(3) && said.contains(part), "{code:?}: {said}");
    }
}

#[test]
fn a_server_on_the_web_is_read_where_the_mount_allows_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let (url, told) = serve();
    let mounts = |allow: bool| json!({ "web": { "provider": "http", "url": url, "allowPrivate": allow } });
    let (code, said) = failure(&convert(folder.path(), &mounts(false), "web:/art/logo.svg", "out.png"));
    assert!(code == Some(4) && said.contains("allowPrivate") && told.try_recv().is_err(), "{code:?}: {said}");
    result(&convert(folder.path(), &mounts(true), "web:/art/logo.svg", "out.png"));
    assert!(fs::read(folder.path().join("out.png")).unwrap().starts_with(PNG));
    assert!(told.try_iter().any(|(request, _)| request.starts_with("GET /art/logo.svg ")));
    let (code, said) = failure(&convert(folder.path(), &mounts(true), "web:/logo.svg", "web:/out.png"));
    assert!(code == Some(1) && said.contains("read-only"), "{code:?}: {said}");
}

#[test]
fn a_bucket_takes_what_is_exported_and_its_secret_is_told_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("logo.svg"), SVG).unwrap();
    let (url, told) = serve();
    let mounts = |secret: &str| {
        json!({ "bucket": { "provider": "s3", "endpoint": url, "bucket": "b", "prefix": "art", "pathStyle": true,
            "accessKey": "user", "secretKey": secret } })
    };
    let output = convert(folder.path(), &mounts("secret:key"), "logo.svg", "bucket:/out.png");
    result(&output);
    let (request, sent) = told.try_iter().find(|(request, _)| request.starts_with("PUT")).unwrap();
    assert!(request.starts_with("PUT /b/art/out.png?") && sent.starts_with(PNG), "{request}");
    let said = [output.stdout, output.stderr, request.into_bytes()].concat();
    assert!(!String::from_utf8_lossy(&said).contains("hidden-word"));
    let (code, said) =
        failure(&convert(folder.path(), &mounts("secret:none"), "logo.svg", "bucket:/out.png"));
    assert!(code == Some(1) && said.contains("METABUILDER_SECRET_NONE"), "{code:?}: {said}");
}

#[test]
fn a_folder_is_mounted_beside_the_workspace_and_mistakes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    fs::create_dir_all(folder.path().join("out")).unwrap();
    fs::create_dir(&workspace).unwrap();
    fs::write(workspace.join("logo.svg"), SVG).unwrap();
    let local = |read_only: bool| json!({ "provider": "local", "path": "../out", "readOnly": read_only });
    result(&convert(&workspace, &json!({ "there": local(false) }), "logo.svg", "there:/a/b.png"));
    assert!(fs::read(folder.path().join("out/a/b.png")).unwrap().starts_with(PNG));
    // Documents as folders go the same way.
    result(&convert(&workspace, &json!({ "there": local(false) }), "logo.svg", "there:/logo.mbd/"));
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    result(&convert(&other, &json!({ "there": local(true) }), "there:/logo.mbd", "again.png"));
    assert!(fs::read(other.join("again.png")).unwrap().starts_with(PNG));
    let (code, said) =
        failure(&convert(&workspace, &json!({ "there": local(true) }), "logo.svg", "there:/x.png"));
    assert!(code == Some(1) && said.contains("read-only"), "{code:?}: {said}");

    let wrong = json!({ "there": { "provider": "locl", "path": "." } });
    let output = convert(&workspace, &wrong, "logo.svg", "out.png");
    let said = failure(&output).1;
    assert!(
        output.status.success() && said.contains("mounts.there.provider") && said.contains("'local'"),
        "{said}"
    );

    let mounts = json!({ "there": local(false), "gone": { "provider": "git", "repository": "nothing" } });
    let mut doctor = Command::new(program());
    doctor.args(["doctor", "--json", "--setting", &format!("mounts={mounts}")]).current_dir(&workspace);
    let checks: Json = serde_json::from_slice(&doctor.output().unwrap().stdout).unwrap();
    let found = |name: &str| {
        let checks = checks["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == name).unwrap()["ok"].clone()
    };
    assert_eq!((found("mount there"), found("mount gone")), (json!(true), json!(false)));
}
