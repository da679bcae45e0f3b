//! Files that end early, lie, or are not files at all.

use proptest::prelude::*;

use super::*;

#[test]
fn a_file_cut_anywhere_is_truncated_there() {
    for (name, format, file) in corpus() {
        for part in 1..37 {
            let length = file.len() * part / 37;
            let error = decode(&file[..length], &limits()).unwrap_err();
            assert_eq!(error, CodecError::Truncated { format, offset: length as u64 }, "{name}, {part}/37");
            assert!(error.to_string().contains(&format!("{format} data ends at byte {length}")), "{error}");
        }
        for length in [1, 2, 3, 7, 9, 11] {
            assert!(decode(&file[..length], &limits()).is_err(), "{name}, {length} bytes");
            assert!(probe(&file[..length]).is_err(), "{name}, {length} bytes");
        }
        // What follows the picture does not matter.
        let longer = [&file[..], b"more"].concat();
        assert!(decode(&longer, &limits()).is_ok(), "{name}");
    }
}

#[test]
fn a_header_cannot_ask_for_more_than_the_limits() {
    let side = i32::MAX as u32;
    let huge = png::header(side, side, 8, 6, false);
    let mut jpeg = jpeg::plain(|_| {});
    let frame = jpeg.windows(4).position(|w| w == [0xff, 0xc0, 0, 17]).unwrap();
    jpeg[frame + 5..frame + 9].fill(0xff);
    let mut webp = webp::lossy_with_alpha();
    webp[24..30].fill(0xff);
    for file in [huge, jpeg, webp] {
        let error = decode(&file, &limits()).unwrap_err();
        assert!(matches!(&error, CodecError::Limit(over) if over.setting == "pixels"), "{error}");
    }
    let heavy = png::header(30_000, 30_000, 16, 6, false);
    let error = decode(&heavy, &limits()).unwrap_err();
    assert!(matches!(&error, CodecError::Limit(over) if over.setting == "importBytes"), "{error}");

    let small = Limits { file_bytes: 10, ..limits() };
    let error = decode(&png::file(&png::kind(0, 8)), &small).unwrap_err();
    assert!(matches!(&error, CodecError::Limit(over) if over.setting == "fileBytes"), "{error}");
}

#[test]
fn a_small_file_cannot_expand_without_end() {
    // 144 million black pixels in some 20 kB.
    let bomb = [
        png::header(12_000, 12_000, 1, 0, false),
        png::chunk(b"IDAT", &png::zlib(&vec![0; 12_000 * 1501])),
        png::chunk(b"IEND", &[]),
    ]
    .concat();
    let error = decode(&bomb, &limits()).unwrap_err();
    assert!(matches!(&error, CodecError::Limit(over) if over.setting == "expansion"), "{error}");
    let generous = Limits { expansion: 1_000_000, ..limits() };
    assert!(decode(&bomb, &generous).is_ok());
}

#[test]
fn damage_is_named() {
    let intact = png::file(&png::kind(2, 8));
    let pixels = intact.windows(4).position(|w| w == b"IDAT").unwrap();
    let mut flipped = intact.clone();
    flipped[pixels + 20] ^= 1;
    let short = [
        png::header(13, 11, 8, 2, false),
        png::chunk(b"IDAT", &png::zlib(&[0; 40])),
        png::chunk(b"IEND", &[]),
    ]
    .concat();
    let codeless = jpeg::without(0xc4, &jpeg::plain(|_| {}));
    for file in [flipped, short, codeless, [b"RIFF\x10\0\0\0WEBP".as_slice(), &[9; 12]].concat()] {
        let error = decode(&file, &limits()).unwrap_err();
        assert!(matches!(error, CodecError::Damaged { .. }), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_files_never_panic(
        pick in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
        right_sums in any::<bool>(),
    ) {
        thread_local! {
            static CORPUS: Vec<(String, Format, Vec<u8>)> = corpus();
        }
        let mut file = CORPUS.with(|corpus| pick.get(corpus).2.clone());
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        if let Some(cut) = cut {
            file.drain(..cut.index(file.len()).min(20));
        }
        if file.starts_with(b"\x89PNG\r\n\x1a\n") && right_sums {
            png::correct_sums(&mut file);
        }
        let small = Limits { import_bytes: 1 << 26, ..limits() };
        let _ = probe(&file);
        let _ = decode(&file, &small);
    }

    #[test]
    fn noise_behind_a_signature_never_panics(
        signature in 0..4usize,
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let heads: [&[u8]; 4] =
            [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x40\0\0\0WEBPVP8L", b"GIF89a\x09\0\x09\0\x01\0\0"];
        let head = heads[signature];
        prop_assert!(decode(&[head, &noise].concat(), &limits()).is_err());
    }
}
