//! Files over HTTP: the cache, ranges, and servers that misbehave.

use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant, SystemTime},
};

use base::Limits;
use vfs::{Access, Cache, Fault, FileKind, HttpOptions, HttpProvider, RemoteFault, Vfs, VfsError};

use crate::{
    outcome,
    server::{Request, Server, answer, endless, file, head, patience, stall},
    uri,
};

fn mount_at(url: &str, cache: &Path, allow_private: bool) -> Vfs {
    let options =
        HttpOptions { allow_private, patience: patience(), block_bytes: 1000, ..HttpOptions::new(url) };
    let provider = HttpProvider::new(options, Cache::new(cache, 100_000).unwrap()).unwrap();
    Vfs::new("m".parse().unwrap(), Limits { file_bytes: 50_000, ..Limits::default() }).with_mount(
        "m".parse().unwrap(),
        Arc::new(provider),
        Access::ReadWrite,
    )
}

fn mount(server: &Server, cache: &Path) -> Vfs {
    mount_at(&format!("{}/base", server.url), cache, true)
}

fn entries(cache: &Path) -> usize {
    fs::read_dir(cache).unwrap().count()
}

/// Method, and what was asked for on condition.
fn asked(server: &Server) -> Vec<String> {
    let conditions = |request: &Request| {
        let names = ["if-none-match", "range", "if-range"];
        names.map(|name| request.header(name).to_owned()).join(" ").trim().to_owned()
    };
    let shown = |request: &Request| format!("{} {}", request.method, conditions(request)).trim().to_owned();
    server.requests().iter().map(shown).collect()
}

#[test]
fn a_file_is_fetched_once_confirmed_later_and_anew_when_its_entry_is_damaged() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(|request, _, stream| match request.target.as_str() {
        "/base/a%20b/tagged" if request.header("if-none-match") == "\"1\"" => {
            answer(stream, "304 Not Modified", "", b"")
        }
        "/base/a%20b/tagged" => file(request, stream, "\"1\"", b"tagged"),
        "/base/fresh" => answer(stream, "200 OK", "Cache-Control: public, max-age=60\r\n", b"fresh"),
        "/base/private" => answer(stream, "200 OK", "Cache-Control: no-store\r\n", b"private"),
        "/base/moved" => answer(stream, "302 Found", "Location: a%20b/tagged\r\n", b""),
        _ => answer(stream, "404 Not Found", "", b""),
    });
    let vfs = mount(&server, cache.path());
    let read = |path: &str| String::from_utf8(vfs.read(&uri(path)).unwrap()).unwrap();
    let steps = [
        ("a b/tagged", "tagged", &["GET"][..]),
        ("a b/tagged", "tagged", &["GET \"1\""]),
        ("fresh", "fresh", &["GET"]),
        ("fresh", "fresh", &[]),
        ("private", "private", &["GET"]),
        ("private", "private", &["GET"]),
        ("moved", "tagged", &["GET", "GET"]),
    ];
    for (path, content, requests) in steps {
        assert_eq!(read(path), content, "{path}");
        assert_eq!(asked(&server), requests, "{path}");
    }
    for entry in fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().path()) {
        let mut bytes = fs::read(&entry).unwrap();
        bytes[1] ^= 1;
        fs::write(&entry, bytes).unwrap();
    }
    assert_eq!((read("fresh"), read("a b/tagged")), ("fresh".into(), "tagged".into()));
    assert_eq!(asked(&server), ["GET", "GET"]);

    let metadata = vfs.metadata(&uri("a b/tagged")).unwrap();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    assert_eq!((metadata.kind, metadata.len, metadata.modified), (FileKind::File, 6, then));
    assert_eq!(vfs.metadata(&uri(".")).unwrap().kind, FileKind::Directory);
    assert_eq!(outcome(vfs.metadata(&uri("nothing"))), "NotFound");
    assert_eq!(
        (outcome(vfs.list(&uri("."))), outcome(vfs.write(&uri("x"), b""))),
        ("NoListing".into(), "ReadOnly".into())
    );
}

#[test]
fn a_large_file_is_fetched_in_the_parts_that_are_read_and_the_cache_stays_within_its_limit() {
    let cache = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..45_500_u32).map(|n| (n * 7 / 3) as u8).collect();
    let sent = content.clone();
    let server = Server::start(move |request, _, stream| file(request, stream, "\"1\"", &sent));
    let vfs = mount(&server, cache.path());
    let mut open = vfs.open(&uri("large")).unwrap();
    assert_eq!(open.metadata().len, 45_500);
    let mut part = [0; 300];
    open.seek(SeekFrom::Start(40_900)).unwrap();
    open.read_exact(&mut part).unwrap();
    assert_eq!(part[..], content[40_900..41_200]);
    open.seek(SeekFrom::End(-1)).unwrap();
    assert_eq!((open.read(&mut part).unwrap(), open.read(&mut part).unwrap()), (1, 0));
    let tail = ["GET bytes=40000-40999 \"1\"", "GET bytes=41000-41999 \"1\"", "GET bytes=45000-45499 \"1\""];
    assert_eq!(asked(&server)[1..], tail);
    let mut again = vfs.open(&uri("large")).unwrap();
    again.seek(SeekFrom::Start(41_000)).unwrap();
    again.read_exact(&mut part).unwrap();
    assert_eq!(asked(&server), ["GET bytes=0-999"]);

    for name in ["one", "two", "three"] {
        assert_eq!(vfs.read(&uri(name)).unwrap(), content);
    }
    let sizes = fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    assert!(sizes.sum::<u64>() <= 100_000);
    assert_eq!(vfs.read(&uri("three")).unwrap(), content);
}

fn chunked(stream: &mut TcpStream) {
    head(stream, "200 OK", "Transfer-Encoding: chunked\r\n");
}

#[test]
fn every_way_to_misbehave_ends_in_time_in_its_own_fault_and_leaves_no_entry() {
    type Answer = fn(&Request, usize, &mut TcpStream);
    let cases: &[(&str, Answer, &str)] = &[
        ("not there", |_, _, s| answer(s, "404 Not Found", "", b""), "NotFound"),
        ("refused", |_, _, s| answer(s, "403 Forbidden", "", b""), "Refused"),
        ("broken", |_, _, s| answer(s, "500 Internal Server Error", "", b""), "Status"),
        ("no HTTP", |_, _, s| drop(s.write_all(b"\x16\x03\x01 hello\r\n\r\n")), "Protocol"),
        ("no answer", |_, _, s| stall(s), "Timeout"),
        (
            "a head without end",
            |_, _, s| {
                let _ = s.write_all(b"HTTP/1.1 200 OK\r\n");
                endless(s, b"X-A: b\r\n");
            },
            "Protocol",
        ),
        ("closed at once", |_, _, _| {}, "Connection"),
        (
            "cut off",
            |_, _, s| {
                head(s, "200 OK", "Content-Length: 100\r\n");
                let _ = s.write_all(b"ten bytes.");
            },
            "Short",
        ),
        (
            "stalls in the body",
            |_, _, s| {
                head(s, "200 OK", "Content-Length: 100\r\n");
                let _ = s.write_all(b"x");
                stall(s);
            },
            "Timeout",
        ),
        (
            "drips",
            |_, _, s| {
                head(s, "200 OK", "Content-Length: 40000\r\n");
                while s.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
            },
            "TooSlow",
        ),
        (
            "a chunk cut off",
            |_, _, s| {
                chunked(s);
                let _ = s.write_all(b"64\r\nten bytes.");
            },
            "Connection|Protocol",
        ),
        (
            "chunks that are none",
            |_, _, s| {
                chunked(s);
                let _ = s.write_all(b"zz\r\nten bytes.");
            },
            "Protocol",
        ),
        (
            "chunks without end",
            |_, _, s| {
                chunked(s);
                endless(s, b"a\r\n0123456789\r\n");
            },
            "TooLarge",
        ),
        (
            "a body without end",
            |_, _, s| {
                head(s, "200 OK", "");
                endless(s, &[0; 4096]);
            },
            "TooLarge",
        ),
        (
            "announced too large",
            |_, _, s| {
                head(s, "200 OK", "Content-Length: 50001\r\n");
                stall(s);
            },
            "TooLarge",
        ),
        ("compressed", |_, _, s| answer(s, "200 OK", "Content-Encoding: gzip\r\n", b"\x1f\x8b"), "Encoded"),
        (
            "a part unasked",
            |_, _, s| answer(s, "206 Partial Content", "Content-Range: bytes 0-1/9\r\n", b"ab"),
            "WrongRange",
        ),
        ("a circle", |_, _, s| answer(s, "302 Found", "Location: /base/file\r\n", b""), "TooManyRedirects"),
        (
            "to the cloud's own",
            |_, _, s| answer(s, "302 Found", "Location: http://169.254.169.254/latest/\r\n", b""),
            "PrivateAddress",
        ),
        (
            "to a name of this machine",
            |_, _, s| answer(s, "307 x", "Location: http://localhost:1/\r\n", b""),
            "PrivateAddress",
        ),
        (
            "to a mapped address",
            |_, _, s| answer(s, "307 x", "Location: http://[::ffff:10.0.0.1]/\r\n", b""),
            "PrivateAddress",
        ),
        ("to a file", |_, _, s| answer(s, "301 x", "Location: file:///etc/passwd\r\n", b""), "Redirect"),
    ];
    for (what, wrong, expected) in cases {
        let cache = tempfile::tempdir().unwrap();
        let server = Server::start(*wrong);
        let started = Instant::now();
        let fault = name(mount(&server, cache.path()).read(&uri("file")));
        assert!(expected.split('|').any(|expected| expected == fault), "{what}: {fault}, not {expected}");
        assert!(started.elapsed() < Duration::from_secs(3), "{what}: {:?}", started.elapsed());
        assert_eq!(entries(cache.path()), 0, "{what}");
    }
}

/// The name of the fault, the one within where a server is at fault.
pub fn name<T>(result: Result<T, VfsError>) -> String {
    match result {
        Err(VfsError::File { fault: Fault::Remote(fault), .. }) => {
            let shown = format!("{fault:?}");
            shown.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
        }
        other => outcome(other),
    }
}

#[test]
fn what_passes_is_tried_again() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(|request, before, stream| match before {
        0 => answer(stream, "503 Service Unavailable", "", b""),
        1 => drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")),
        _ => file(request, stream, "\"1\"", b"good"),
    });
    assert_eq!(mount(&server, cache.path()).read(&uri("file")).unwrap(), b"good");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_wrong_part_of_a_file_is_a_fault_and_never_content() {
    type Answer = fn(&Request, &mut TcpStream, &[u8]);
    let cases: &[(&str, Answer, &str)] = &[
        ("the whole", |_, s, all| answer(s, "200 OK", "ETag: \"1\"\r\n", all), "WrongRange"),
        (
            "another",
            |_, s, all| {
                answer(s, "206 x", "ETag: \"1\"\r\nContent-Range: bytes 0-999/5000\r\n", &all[..1000])
            },
            "WrongRange",
        ),
        ("unnamed", |_, s, all| answer(s, "206 x", "ETag: \"1\"\r\n", &all[..1000]), "WrongRange"),
        (
            "of another length",
            |_, s, all| {
                answer(s, "206 x", "ETag: \"1\"\r\nContent-Range: bytes 3000-3999/6000\r\n", &all[..1000])
            },
            "Changed",
        ),
        ("of another state", |r, s, all| file(r, s, "\"2\"", all), "Changed"),
        ("now the whole of another", |_, s, all| answer(s, "200 OK", "ETag: \"2\"\r\n", all), "Changed"),
        (
            "short",
            |_, s, all| {
                answer(s, "206 x", "ETag: \"1\"\r\nContent-Range: bytes 3000-3999/5000\r\n", &all[..10])
            },
            "Short",
        ),
        (
            "long",
            |_, s, all| {
                answer(s, "206 x", "ETag: \"1\"\r\nContent-Range: bytes 3000-3999/5000\r\n", &all[..1001])
            },
            "WrongRange",
        ),
        ("gone", |_, s, _| answer(s, "404 Not Found", "", b""), "NotFound"),
    ];
    for (what, wrong, expected) in cases {
        let cache = tempfile::tempdir().unwrap();
        let wrong = *wrong;
        let all = vec![7; 5000];
        let server = Server::start(move |request, _, stream| match request.range() {
            Some((0, _)) => file(request, stream, "\"1\"", &all),
            _ => wrong(request, stream, &all),
        });
        let mut open = mount(&server, cache.path()).open(&uri("file")).unwrap();
        open.seek(SeekFrom::Start(3500)).unwrap();
        let error = open.read(&mut [0; 10]).unwrap_err();
        let fault = name::<()>(Err(VfsError::File { uri: uri("file"), fault: error.into() }));
        assert_eq!(fault, *expected, "{what}");
        assert_eq!(entries(cache.path()), 0, "{what}");
    }
}

/// Takes all that comes and answers nothing.
fn stall_for_good(stream: &mut TcpStream) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

#[test]
fn a_private_address_needs_leave_and_an_address_must_be_one_of_the_web() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(|request, _, stream| file(request, stream, "\"1\"", b"inside"));
    let port = server.url.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let vfs = mount_at(&format!("http://{host}:{port}"), cache.path(), false);
        assert_eq!(name(vfs.read(&uri("x"))), "PrivateAddress", "{host}");
    }
    assert!(server.requests().is_empty());
    assert_eq!(mount_at(&server.url, cache.path(), true).read(&uri("x")).unwrap(), b"inside");
    let started = Instant::now();
    for (expected, stalls) in [("Timeout", true), ("Connection", false)] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if stalls { stall_for_good(&mut stream) } else { answer(&mut stream, "200 OK", "", b"plain") }
            }
        });
        assert_eq!(name(mount_at(&url, cache.path(), true).read(&uri("x"))), expected);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    for url in ["ftp://a/b", "a/b", "https://user:pass@a/", "https://a/?q", "https://"] {
        let fault = HttpProvider::new(HttpOptions::new(url), Cache::new(cache.path(), 0).unwrap()).map(drop);
        assert!(matches!(fault, Err(Fault::Remote(RemoteFault::Address { .. }))), "{url}");
    }
}
