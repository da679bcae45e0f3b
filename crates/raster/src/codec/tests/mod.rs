//! The codecs on files made here: what they hold, where they are cut, and what happens to nonsense.

mod color;
mod gif;
mod hostile;
mod jpeg;
mod png;
mod webp;

use super::*;
use crate::{Pixels, alpha};

fn limits() -> Limits {
    Limits::default()
}

/// A surface of premultiplied eight-bit pixels, made of straight ones.
fn surface(width: u32, height: u32, straight: impl Fn(u32, u32) -> [u8; 4]) -> Surface {
    let pixels = (0..width * height).map(|i| alpha::premultiply_u8(straight(i % width, i / width))).collect();
    Surface::from_pixels(width, height, Pixels::U8(pixels)).unwrap()
}

/// Smooth colours that survive a JPEG.
fn smooth(x: u32, y: u32) -> [u8; 4] {
    [(40 + 5 * x) as u8, (220 - 4 * y) as u8, (90 + 2 * (x + y)) as u8, 255]
}

/// A picture with sharp colours and every kind of opacity.
fn mixed(x: u32, y: u32) -> [u8; 4] {
    [(x * 37) as u8, (y * 91) as u8, (x * y) as u8, if y.is_multiple_of(3) { (x * 11) as u8 } else { 255 }]
}

fn png8() -> Encoding {
    Encoding::Png { depth: Depth::U8 }
}

fn jpeg(quality: u8, subsampling: Subsampling) -> Encoding {
    Encoding::Jpeg { quality, subsampling, background: Color::WHITE }
}

/// One small file of each kind that we decode.
fn corpus() -> Vec<(String, Format, Vec<u8>)> {
    let mut files = vec![
        ("WebP lossy".to_owned(), Format::WebP, webp::lossy()),
        ("WebP lossy with alpha".to_owned(), Format::WebP, webp::lossy_with_alpha()),
        ("WebP animated".to_owned(), Format::WebP, webp::animated()),
        ("GIF with transparency".to_owned(), Format::Gif, gif::transparent()),
        ("GIF animated".to_owned(), Format::Gif, gif::animated()),
        ("JPEG progressive".to_owned(), Format::Jpeg, jpeg::plain(|encoder| encoder.set_progressive(true))),
        ("JPEG grey".to_owned(), Format::Jpeg, jpeg::of_type(jpeg_encoder::ColorType::Luma)),
        ("JPEG CMYK".to_owned(), Format::Jpeg, jpeg::of_type(jpeg_encoder::ColorType::Cmyk)),
        ("JPEG YCCK".to_owned(), Format::Jpeg, jpeg::of_type(jpeg_encoder::ColorType::CmykAsYcck)),
        ("JPEG with a profile".to_owned(), Format::Jpeg, color::jpeg_with_profile()),
        ("JPEG with a profile of inks".to_owned(), Format::Jpeg, color::jpeg_of_inks([9, 90, 200, 0])),
    ];
    for (name, picture) in [("opaque", surface(40, 30, smooth)), ("mixed", surface(40, 30, mixed))] {
        for encoding in
            [png8(), Encoding::Png { depth: Depth::F32 }, jpeg(80, Subsampling::Quarter), Encoding::WebP]
        {
            let file = encode(&picture, &encoding).unwrap();
            files.push((format!("{name} {encoding:?}"), encoding.format(), file));
        }
    }
    for kind in png::kinds() {
        files.push((format!("{kind:?}"), Format::Png, png::file(&kind)));
    }
    files
}

#[test]
fn files_are_told_by_their_content_and_probed_like_decoded() {
    for (name, format, file) in corpus() {
        assert_eq!(Format::sniff(&file), Some(format), "{name}");
        let decoded = decode(&file, &limits()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let probe = probe(&file).unwrap();
        assert_eq!(probe.format, format, "{name}");
        assert_eq!(
            (probe.width, probe.height),
            (decoded.surface.width(), decoded.surface.height()),
            "{name}"
        );
        assert_eq!((probe.bits, probe.depth()), (decoded.bits, decoded.surface.depth()), "{name}");
    }
    for other in [b"GIF88a".as_slice(), b"", b"RIFFxxxxWAVE", b"<svg/>", b"\0\0\0\0"] {
        assert_eq!(decode(other, &limits()).unwrap_err(), CodecError::Unknown);
    }
}

#[test]
fn the_number_of_threads_does_not_show_in_files() {
    let picture = surface(700, 900, mixed);
    for encoding in [png8(), jpeg(85, Subsampling::Quarter), jpeg(85, Subsampling::Full)] {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let file = encode(&picture, &encoding).unwrap();
                let decoded = decode(&file, &limits()).unwrap().surface;
                (file, decoded)
            })
        };
        assert!(with(1) == with(4), "{encoding:?}");
    }
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let refused = |width: u32, height: u32, encoding: &Encoding| {
        encode(&Surface::transparent(width, height, Depth::U8), encoding).unwrap_err()
    };
    assert!(matches!(refused(0, 5, &png8()), EncodeError::Size { format: Format::Png, .. }));
    assert!(matches!(refused(16_385, 1, &Encoding::WebP), EncodeError::Size { most: 16_384, .. }));
    assert!(matches!(
        refused(1, 65_536, &jpeg(80, Subsampling::Full)),
        EncodeError::Size { most: 65_535, .. }
    ));
    for quality in [0, 101] {
        assert_eq!(refused(1, 1, &jpeg(quality, Subsampling::Full)), EncodeError::Quality(quality));
    }
}
