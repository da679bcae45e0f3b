//! The promises of every provider.

use std::io::{Read, Seek, SeekFrom, Write};

use base::Limits;
use proptest::prelude::*;
use vfs::{FileKind, Vfs, VfsError};

use crate::{for_each_provider, names, outcome, uri};

type Step = (&'static str, fn(&Vfs) -> String, &'static str);

fn write(vfs: &Vfs, path: &str) -> String {
    outcome(vfs.write(&uri(path), path.as_bytes()))
}
fn read(vfs: &Vfs, path: &str) -> String {
    match vfs.read(&uri(path)) {
        Ok(bytes) => String::from_utf8(bytes).unwrap(),
        error => outcome(error),
    }
}
fn kind(vfs: &Vfs, path: &str) -> String {
    vfs.metadata(&uri(path)).map_or_else(|e| outcome::<()>(Err(e)), |m| format!("{:?} {}", m.kind, m.len))
}
fn make(vfs: &Vfs, path: &str) -> String {
    outcome(vfs.create_dir_all(&uri(path)))
}
fn remove(vfs: &Vfs, path: &str) -> String {
    outcome(vfs.remove(&uri(path)))
}
fn list(vfs: &Vfs, path: &str) -> String {
    vfs.list(&uri(path)).map_or_else(|e| outcome::<()>(Err(e)), |listing| format!("{:?}", listing.entries))
}

#[test]
fn outcomes_are_the_same_for_every_provider() {
    let steps: &[Step] = &[
        ("the root is a folder", |v| kind(v, "."), "Directory 0"),
        ("an empty root", |v| list(v, "."), "[]"),
        ("a missing file", |v| read(v, "a"), "NotFound"),
        ("a file in a missing folder", |v| write(v, "d/a"), "NotFound"),
        ("a new folder", |v| make(v, "d/e"), "Ok"),
        ("a folder that is there", |v| make(v, "d/e"), "Ok"),
        ("a new file", |v| write(v, "d/a"), "Ok"),
        ("its content", |v| read(v, "d/a"), "d/a"),
        ("its length", |v| kind(v, "d/a"), "File 3"),
        ("reading a folder", |v| read(v, "d"), "IsADirectory"),
        ("writing over a folder", |v| write(v, "d"), "IsADirectory"),
        ("writing over the root", |v| write(v, "."), "IsADirectory"),
        ("reading through a file", |v| read(v, "d/a/b"), "NotADirectory"),
        ("writing through a file", |v| write(v, "d/a/b"), "NotADirectory"),
        ("listing a file", |v| list(v, "d/a"), "NotADirectory"),
        ("a folder in place of a file", |v| make(v, "d/a"), "NotADirectory"),
        ("a folder beneath a file", |v| make(v, "d/a/b"), "NotADirectory"),
        ("removing what has content", |v| remove(v, "d"), "NotEmpty"),
        ("removing the root", |v| remove(v, "."), "MountRoot"),
        ("removing nothing", |v| remove(v, "x"), "NotFound"),
        ("removing a file", |v| remove(v, "d/a"), "Ok"),
        ("removing an empty folder", |v| remove(v, "d/e"), "Ok"),
        ("a removed file", |v| read(v, "d/a"), "NotFound"),
        ("writing read-only", |v| write(v, "ro:/x"), "ReadOnly"),
        ("removing read-only", |v| remove(v, "ro:/d"), "ReadOnly"),
        ("a folder read-only", |v| make(v, "ro:/y"), "ReadOnly"),
        ("reading read-only", |v| kind(v, "ro:/d"), "Directory 0"),
    ];
    for_each_provider(Limits::default(), |vfs, folder| {
        for (what, step, expected) in steps {
            assert_eq!(step(vfs), *expected, "{what}, locally: {}", folder.is_some());
        }
        assert_eq!(names(vfs, "."), ["d"]);
    });
}

#[test]
fn a_file_is_whole_or_absent_and_readers_keep_what_they_opened() {
    for_each_provider(Limits::default(), |vfs, folder| {
        let file = uri("a.txt");
        let mut writer = vfs.write_atomic(&file).unwrap();
        writer.write_all(b"--- one").unwrap();
        writer.seek(SeekFrom::Start(0)).unwrap();
        writer.write_all(b"the").unwrap();
        assert_eq!((read(vfs, "a.txt"), list(vfs, ".")), ("NotFound".into(), "[]".into()));
        writer.commit().unwrap();
        let first = vfs.metadata(&file).unwrap();

        let mut old = vfs.open(&file).unwrap();
        let mut dropped = vfs.write_atomic(&file).unwrap();
        dropped.write_all(b"never").unwrap();
        drop(dropped);
        assert_eq!(read(vfs, "a.txt"), "the one");
        vfs.write(&file, b"two").unwrap();
        let mut content = String::new();
        old.read_to_string(&mut content).unwrap();
        assert_eq!((content.as_str(), old.metadata().len), ("the one", 7));
        assert_eq!(read(vfs, "a.txt"), "two");
        assert!(vfs.metadata(&file).unwrap().modified >= first.modified);
        if let Some(folder) = folder {
            let raw: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(raw, ["a.txt"]);
        }
    });
}

#[test]
fn a_file_that_keeps_being_replaced_is_never_absent_or_mixed() {
    for_each_provider(Limits::default(), |vfs, _| {
        let version = |n: u8| vec![n; 100_000];
        vfs.write(&uri("doc"), &version(0)).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| (1..=200).for_each(|n| vfs.write(&uri("doc"), &version(n)).unwrap()));
            let mut newest = 0;
            while !writer.is_finished() {
                let content = vfs.read(&uri("doc")).unwrap();
                assert_eq!(content, version(content[0]));
                assert!(content[0] >= newest, "an older version came back");
                newest = content[0];
            }
        });
    });
}

#[test]
fn a_file_over_the_limit_is_refused_as_a_whole_yet_can_be_streamed() {
    for_each_provider(Limits { file_bytes: 4, ..Limits::default() }, |vfs, _| {
        vfs.write(&uri("four"), b"1234").unwrap();
        vfs.write(&uri("five"), b"12345").unwrap();
        assert_eq!((read(vfs, "four"), read(vfs, "five")), ("1234".into(), "TooLarge".into()));
        let message = vfs.read(&uri("five")).unwrap_err().to_string();
        assert!(message.starts_with("m:/five: ") && message.contains("limits.fileBytes"), "{message}");
        let mut streamed = Vec::new();
        assert_eq!(vfs.open(&uri("five")).unwrap().read_to_end(&mut streamed).unwrap(), 5);
    });
}

#[test]
fn a_folder_of_ten_thousand_is_listed_in_order() {
    for_each_provider(Limits::default(), |vfs, folder| {
        vfs.create_dir_all(&uri("many/sub")).unwrap();
        let mut expected: Vec<String> = (0..10_000).map(|i| format!("file {}", i * 7919 % 10_000)).collect();
        for name in &expected {
            match folder {
                Some(folder) => std::fs::write(folder.join("many").join(name), "").unwrap(),
                None => vfs.write(&uri(&format!("many/{name}")), b"").unwrap(),
            }
        }
        expected.push("sub".to_owned());
        expected.sort();
        assert_eq!(names(vfs, "many"), expected);
        let kinds = vfs.list(&uri("many")).unwrap().entries;
        assert_eq!(kinds.iter().filter(|entry| entry.kind == FileKind::File).count(), 10_000);
    });
}

#[test]
fn the_table_resolves_names_and_says_what_it_has() {
    for_each_provider(Limits::default(), |vfs, _| {
        assert_eq!(vfs.resolve("in/./a.png").unwrap(), uri("m:/in/a.png"));
        assert!(matches!(vfs.resolve("../a.png"), Err(VfsError::Uri(_))));
        let unknown = |text: &str| vfs.resolve(text).unwrap_err().to_string();
        assert_eq!(unknown("rw:/a"), "rw:/a: there is no mount 'rw'; did you mean 'ro'?");
        assert_eq!(unknown("/a"), "file:/a: there is no mount 'file'; there are: m, ro");
        let more = vfs.clone().with_mount(
            "x".parse().unwrap(),
            std::sync::Arc::new(vfs::MemoryProvider::new()),
            vfs::Access::ReadWrite,
        );
        assert_eq!((vfs.mounts().count(), more.mounts().count()), (2, 3));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// The memory provider is the model of the local one.
    #[test]
    fn any_sequence_of_operations_has_the_same_results(
        steps in prop::collection::vec((0..5usize, "([ab]/){0,2}[ab]"), 1..24),
    ) {
        let results = std::cell::RefCell::new(Vec::new());
        for_each_provider(Limits::default(), |vfs, _| {
            let operations = [write, read, make, remove, list];
            let run = steps.iter().map(|(operation, path)| operations[*operation](vfs, path));
            results.borrow_mut().push(run.collect::<Vec<_>>());
        });
        let results = results.into_inner();
        prop_assert_eq!(&results[0], &results[1]);
    }
}
