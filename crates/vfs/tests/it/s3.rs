//! A bucket as a mount: against a whole server, and against servers that misbehave.

use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use base::Limits;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use vfs::{Access, Fault, RemoteFault, S3Options, S3Provider, Vfs, VfsError, secrets::Secret};

use crate::{
    http::name,
    names, outcome,
    server::{Request, Server, answer, endless, head, patience, stall},
    uri,
};

/// A whole server over the folder, whose folders are its buckets.
fn serve(folder: &Path) -> String {
    let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
    service.set_auth(SimpleAuth::from_single("user", "pass"));
    let service = service.build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        runtime.block_on(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
    });
    url
}

fn mount(url: &str, secret: &str, prefix: &str) -> Vfs {
    mount_in_parts(url, secret, prefix, 100_000)
}

fn mount_in_parts(url: &str, secret: &str, prefix: &str, part_bytes: usize) -> Vfs {
    let provider = S3Provider::new(S3Options {
        prefix: prefix.to_owned(),
        path_style: true,
        credentials: Some((Secret::new("user".into()), Secret::new(secret.into()))),
        patience: patience(),
        block_bytes: 10_000,
        part_bytes,
        ..S3Options::new(url, "us-east-1", "bucket")
    });
    let limits = Limits { file_bytes: 10 * part_bytes as u64, ..Limits::default() };
    let name: vfs::MountName = "m".parse().unwrap();
    Vfs::new(name.clone(), limits).with_mount(name, Arc::new(provider.unwrap()), Access::ReadWrite)
}

#[test]
fn objects_are_written_read_listed_and_removed_as_files() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("bucket");
    fs::create_dir(&bucket).unwrap();
    let url = serve(folder.path());
    let vfs = mount(&url, "pass", "pre/fix");
    let odd = "ä b?#&=.txt";
    for path in ["d/a", "d/e/b", odd] {
        vfs.create_dir_all(&uri(path).parent().unwrap()).unwrap();
        vfs.write(&uri(path), path.as_bytes()).unwrap();
        assert_eq!(vfs.read(&uri(path)).unwrap(), path.as_bytes());
        assert_eq!(fs::read(bucket.join("pre/fix").join(path)).unwrap(), path.as_bytes());
        assert_eq!(vfs.metadata(&uri(path)).unwrap().len, path.len() as u64);
    }
    assert_eq!(
        (names(&vfs, "."), names(&vfs, "d")),
        (vec!["d".into(), odd.into()], vec!["a".into(), "e".to_owned()])
    );
    for (what, found, expected) in [
        ("writing the root", outcome(vfs.write(&uri("."), b"")), "IsADirectory"),
        ("a missing file", outcome(vfs.read(&uri("x"))), "NotFound"),
        ("a missing folder", outcome(vfs.list(&uri("x"))), "NotFound"),
        ("listing a file", outcome(vfs.list(&uri("d/a"))), "NotADirectory"),
        ("removing the root", outcome(vfs.remove(&uri("."))), "MountRoot"),
        ("removing nothing", outcome(vfs.remove(&uri("x"))), "NotFound"),
        ("removing a file", outcome(vfs.remove(&uri("d/a"))), "Ok"),
        ("a removed file", outcome(vfs.metadata(&uri("d/a"))), "NotFound"),
        ("a wrong secret", name(mount(&url, "guess", "").read(&uri("x"))), "Refused"),
    ] {
        assert_eq!(found, expected, "{what}");
    }
    fs::create_dir(bucket.join("many")).unwrap();
    let mut many: Vec<String> = (0..2_300).map(|n| format!("file {n}")).collect();
    many.iter().for_each(|name| fs::write(bucket.join("many").join(name), "").unwrap());
    many.sort();
    assert_eq!(names(&mount(&url, "pass", "many"), "."), many);
}

#[test]
fn a_large_object_is_sent_in_parts_and_read_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("bucket")).unwrap();
    // Less is refused by this server, as it is by S3 itself.
    let vfs = mount_in_parts(&serve(folder.path()), "pass", "", 5 << 20);
    let content: Vec<u8> = (0..12_000_000_u32).map(|n| (n * 7 / 3) as u8).collect();
    let mut writer = vfs.write_atomic(&uri("large")).unwrap();
    writer.write_all(&content).unwrap();
    writer.seek(SeekFrom::Start(11_000_000)).unwrap();
    writer.write_all(&content[11_000_000..11_000_500]).unwrap();
    assert_eq!(outcome(vfs.metadata(&uri("large"))), "NotFound");
    writer.commit().unwrap();
    let mut back = vfs.write_atomic(&uri("back")).unwrap();
    back.write_all(&content).unwrap();
    let error = back.seek(SeekFrom::Start(0)).unwrap_err().to_string();
    assert!(error.contains("sent already"), "{error}");
    assert_eq!(outcome(back.commit()), "Incomplete");
    assert_eq!(vfs.read(&uri("large")).unwrap(), content);
    let mut open = vfs.open(&uri("large")).unwrap();
    let mut part = vec![0; 25_000];
    open.seek(SeekFrom::End(-30_000)).unwrap();
    open.read_exact(&mut part).unwrap();
    assert_eq!(part, content[11_970_000..11_995_000]);
    vfs.write(&uri("large"), b"another").unwrap();
    let error = open.seek(SeekFrom::Start(0)).and_then(|_| open.read(&mut part)).unwrap_err();
    assert!(matches!(error.into(), Fault::Remote(RemoteFault::Changed)));
}

#[test]
fn a_folder_is_what_keys_have_in_common() {
    let server = Server::start(|request, _, stream| match request.method.as_str() {
        "GET" if request.target.contains("prefix=folder%2F") => {
            listing(
                stream,
                "<Contents><Key>folder/</Key></Contents><Contents><Key>folder/a</Key></Contents>",
            );
        }
        "GET" if request.target.contains("prefix=marked%2F") => {
            listing(stream, "<Contents><Key>marked/</Key></Contents>");
        }
        "GET" if request.target.contains("prefix=") => listing(stream, ""),
        "DELETE" => answer(stream, "204 No Content", "", b""),
        _ => answer(stream, "404 Not Found", "", b""),
    });
    let vfs = mount(&server.url, "pass", "");
    assert_eq!((names(&vfs, "folder"), names(&vfs, "marked")), (vec!["a".to_owned()], vec![]));
    assert_eq!(vfs.metadata(&uri("folder")).unwrap().kind, vfs::FileKind::Directory);
    for (what, found, expected) in [
        ("reading", outcome(vfs.read(&uri("folder"))), "IsADirectory"),
        ("opening", outcome(vfs.open(&uri("folder"))), "IsADirectory"),
        ("removing one with content", outcome(vfs.remove(&uri("folder"))), "NotEmpty"),
        ("removing one that is marked", outcome(vfs.remove(&uri("marked"))), "Ok"),
        ("listing none", outcome(vfs.list(&uri("none"))), "NotFound"),
    ] {
        assert_eq!(found, expected, "{what}");
    }
    let last = server.requests().into_iter().rfind(|request| request.method == "DELETE").unwrap();
    assert!(last.target.starts_with("/bucket/marked/?"), "{}", last.target);
}

fn listing(stream: &mut TcpStream, xml: &str) {
    answer(stream, "200 OK", "", format!("<ListBucketResult>{xml}</ListBucketResult>").as_bytes());
}

#[test]
fn every_way_to_misbehave_ends_in_time_in_its_own_fault() {
    type Answer = fn(&Request, usize, &mut TcpStream);
    type Ask = fn(&Vfs) -> String;
    let read: Ask = |vfs| name(vfs.read(&uri("file")));
    let list: Ask = |vfs| name(vfs.list(&uri("folder")));
    let write: Ask = |vfs| name(vfs.write(&uri("file"), b"content"));
    let write_large: Ask = |vfs| name(vfs.write(&uri("file"), &[0; 250_000]));
    let read_part: Ask = |vfs| match vfs.open(&uri("file")) {
        Err(error) => name::<()>(Err(error)),
        Ok(mut file) => {
            file.seek(SeekFrom::Start(15_000)).unwrap();
            let fault = file.read(&mut [0; 10]).map_or_else(Fault::from, |_| Fault::NotEmpty);
            name::<()>(Err(VfsError::File { uri: uri("file"), fault }))
        }
    };
    /// A head for HEAD, and else a part of the file with these headers.
    fn part(request: &Request, stream: &mut TcpStream, headers: &str, len: usize) {
        match request.method.as_str() {
            "HEAD" => head(stream, "200 OK", "ETag: \"1\"\r\nContent-Length: 50000\r\n"),
            _ => answer(stream, "206 x", headers, &vec![0; len]),
        }
    }
    let cases: &[(&str, Ask, Answer, &str)] = &[
        (
            "503 twice",
            read,
            |_, n, s| if n < 2 { answer(s, "503 Slow Down", "", b"") } else { answer(s, "200 OK", "", b"x") },
            "Ok",
        ),
        ("503 for good", read, |_, _, s| answer(s, "503 Slow Down", "", b""), "Status"),
        (
            "503 twice on a write",
            write,
            |_, n, s| answer(s, if n < 2 { "503 x" } else { "200 OK" }, "", b""),
            "Ok",
        ),
        (
            "cut off once",
            read,
            |_, n, s| match n {
                0 => {
                    head(s, "200 OK", "Content-Length: 9\r\n");
                    let _ = s.write_all(b"ab");
                }
                _ => answer(s, "200 OK", "", b"x"),
            },
            "Ok",
        ),
        (
            "cut off for good",
            read,
            |_, _, s| {
                head(s, "200 OK", "Content-Length: 9\r\n");
                let _ = s.write_all(b"ab");
            },
            "Short",
        ),
        (
            "stalls",
            read,
            |_, _, s| {
                head(s, "200 OK", "Content-Length: 9\r\n");
                stall(s);
            },
            "Timeout",
        ),
        ("stalls on a write", write, |_, _, s| stall(s), "Timeout"),
        (
            "without end",
            read,
            |_, _, s| {
                head(s, "200 OK", "");
                endless(s, &[0; 4096]);
            },
            "TooLarge",
        ),
        (
            "another hash",
            read,
            |_, _, s| answer(s, "200 OK", "x-amz-checksum-sha256: AAAA\r\n", b"x"),
            "Checksum",
        ),
        (
            "to the cloud's own",
            read,
            |_, _, s| answer(s, "307 x", "Location: http://169.254.169.254/\r\n", b""),
            "Redirect",
        ),
        (
            "another region",
            read,
            |_, _, s| answer(s, "301 x", "x-amz-bucket-region: eu-west-1\r\n", b""),
            "Redirect",
        ),
        (
            "a wrong part",
            read_part,
            |r, _, s| part(r, s, "ETag: \"1\"\r\nContent-Range: bytes 0-9999/50000\r\n", 10_000),
            "WrongRange",
        ),
        (
            "a part of another",
            read_part,
            |r, _, s| part(r, s, "ETag: \"2\"\r\nContent-Range: bytes 10000-19999/50000\r\n", 10_000),
            "Changed",
        ),
        (
            "a short part",
            read_part,
            |r, _, s| part(r, s, "ETag: \"1\"\r\nContent-Range: bytes 10000-19999/50000\r\n", 10),
            "Short",
        ),
        ("no tag", read_part, |_, _, s| head(s, "200 OK", "Content-Length: 50000\r\n"), "Protocol"),
        ("no XML", list, |_, _, s| answer(s, "200 OK", "", b"<ListBucketResult><Contents>"), "Protocol"),
        (
            "XML without end",
            list,
            |_, _, s| {
                head(s, "200 OK", "");
                endless(s, b"<Contents><Key>a</Key></Contents>");
            },
            "TooLarge",
        ),
        (
            "XML in depth",
            list,
            |_, _, s| answer(s, "200 OK", "", "<a>".repeat(2 << 20).as_bytes()),
            "Protocol",
        ),
        (
            "an entity",
            list,
            |_, _, s| answer(s, "200 OK", "", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
            "Protocol",
        ),
        ("another folder", list, |_, _, s| listing(s, "<Contents><Key>other/a</Key></Contents>"), "Protocol"),
        (
            "a listing without end",
            list,
            |_, _, s| {
                let next =
                    "<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken>";
                listing(s, next);
            },
            "Protocol",
        ),
        (
            "an upload that does not begin",
            write_large,
            |_, _, s| answer(s, "200 OK", "", b"<Error><Code>No</Code></Error>"),
            "Protocol",
        ),
    ];
    for (what, ask, wrong, expected) in cases {
        let server = Server::start(*wrong);
        let started = Instant::now();
        let fault = ask(&mount(&server.url, "pass", ""));
        assert_eq!(fault, *expected, "{what}");
        assert!(started.elapsed() < Duration::from_secs(3), "{what}: {:?}", started.elapsed());
    }
}

#[test]
fn an_upload_that_fails_or_is_dropped_is_given_up() {
    let begun = "<InitiateMultipartUploadResult><UploadId>7</UploadId></InitiateMultipartUploadResult>";
    let done = "<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>";
    for (what, part, end, expected, last) in [
        ("well", "200 OK", done, "Ok", "POST"),
        ("a part fails", "400 Bad Request", done, "Rejected", "DELETE"),
        (
            "the end fails behind a status of success",
            "200 OK",
            "<Error><Code>InternalError</Code></Error>",
            "Protocol",
            "DELETE",
        ),
        ("dropped", "200 OK", "", "", "DELETE"),
    ] {
        let server = Server::start(move |request, _, stream| match request.method.as_str() {
            "POST" if request.target.contains("uploads=") => answer(stream, "200 OK", "", begun.as_bytes()),
            "POST" => answer(stream, "200 OK", "", end.as_bytes()),
            "PUT" => answer(stream, part, "ETag: \"1\"\r\n", b""),
            _ => answer(stream, "204 No Content", "", b""),
        });
        let vfs = mount(&server.url, "pass", "");
        let mut writer = vfs.write_atomic(&uri("file")).unwrap();
        let written = writer.write_all(&[7; 250_000]);
        match (expected, written) {
            ("", _) => drop(writer),
            (_, Err(error)) => {
                assert!(error.to_string().contains("status 400"), "{what}: {error}");
                drop(writer);
            }
            _ => assert_eq!(name(writer.commit()), expected, "{what}"),
        }
        let requests = server.requests();
        assert_eq!(requests.last().unwrap().method, last, "{what}");
        let sent: usize = requests.iter().filter(|r| r.method == "PUT").map(|r| r.body.len()).sum();
        assert_eq!(sent == 250_000, last == "POST" || what.starts_with("the end"), "{what}");
    }
}
