//! JPEG: kinds of colour, orientation, and strips that are joined.

use jpeg_encoder::{ColorType, Encoder};

use super::*;

const WIDTH: u32 = 40;
const HEIGHT: u32 = 24;

/// A file of the smooth picture, after `set` has had its way with the encoder.
pub(super) fn plain(set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let pixels: Vec<u8> =
        (0..WIDTH * HEIGHT).flat_map(|i| smooth(i % WIDTH, i / WIDTH).into_iter().take(3)).collect();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 95);
    set(&mut encoder);
    encoder.encode(&pixels, WIDTH as u16, HEIGHT as u16, ColorType::Rgb).unwrap();
    file
}

/// The inks or the grey of the picture in a file of another colour type.
fn channels(x: u32, y: u32, color: ColorType) -> Vec<u8> {
    let [c, m, i, _] = smooth(x, y);
    match color {
        ColorType::Luma => vec![c],
        _ => vec![c, m, i, (3 * x + 10) as u8],
    }
}

pub(super) fn of_type(color: ColorType) -> Vec<u8> {
    let pixels: Vec<u8> = (0..WIDTH * HEIGHT).flat_map(|i| channels(i % WIDTH, i / WIDTH, color)).collect();
    let mut file = Vec::new();
    Encoder::new(&mut file, 98).encode(&pixels, WIDTH as u16, HEIGHT as u16, color).unwrap();
    file
}

/// The file without its segments of this marker.
pub(super) fn without(marker: u8, file: &[u8]) -> Vec<u8> {
    let mut kept = file[..2].to_vec();
    let mut at = 2;
    while file[at + 1] != 0xda {
        let next = at + 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        if file[at + 1] != marker {
            kept.extend(&file[at..next]);
        }
        at = next;
    }
    [&kept, &file[at..]].concat()
}

/// The file with a segment before all others.
fn with_segment(marker: u8, data: &[u8], file: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16 + 2).to_be_bytes();
    [&file[..2], &[0xff, marker], &length, data, &file[2..]].concat()
}

fn assert_close(name: &str, found: &Surface, tolerance: u8, expected: impl Fn(u32, u32) -> [u8; 4]) {
    let pixels = found.samples::<u8>().unwrap();
    for (i, pixel) in pixels.iter().enumerate() {
        let (x, y) = (i as u32 % found.width(), i as u32 / found.width());
        let expected = expected(x, y);
        assert!(
            pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= tolerance),
            "{name} at {x}, {y}: {pixel:?}, not {expected:?}"
        );
    }
}

#[test]
fn every_kind_of_colour_is_read() {
    let gray = |x: u32, y: u32| [channels(x, y, ColorType::Luma)[0]; 4].map(|v| v);
    let inks = |x: u32, y: u32| {
        let inks = channels(x, y, ColorType::Cmyk);
        let light = |i: usize| alpha::mul_u8(255 - inks[i], 255 - inks[3]);
        [light(0), light(1), light(2), 255]
    };
    let decoded = |file: &[u8]| decode(file, &limits()).unwrap();
    assert_close("baseline", &decoded(&plain(|_| {})).surface, 4, smooth);
    assert_close("progressive", &decoded(&plain(|encoder| encoder.set_progressive(true))).surface, 4, smooth);
    let luma = decoded(&of_type(ColorType::Luma)).surface;
    assert_close("grey", &luma, 3, |x, y| {
        let [v, ..] = gray(x, y);
        [v, v, v, 255]
    });
    for color in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let decoded = decoded(&of_type(color));
        assert_close("inks", &decoded.surface, 5, inks);
        assert!(decoded.warnings[0].message.contains("CMYK without a profile"));
    }
    // Without Adobe's mark, 255 is full ink.
    let file = without(0xee, &of_type(ColorType::Cmyk));
    assert_close("CMYK without Adobe", &decoded(&file).surface, 5, |x, y| {
        let inks = channels(x, y, ColorType::Cmyk);
        let light = |i: usize| alpha::mul_u8(inks[i], inks[3]);
        [light(0), light(1), light(2), 255]
    });
    // With Adobe's mark of no transform, three channels are RGB: here, what was meant as YCbCr.
    let rgb = decoded(&with_segment(0xee, b"Adobe\0\x64\0\0\0\0\0", &plain(|_| {}))).surface;
    assert_close("RGB", &rgb, 4, |x, y| {
        let [r, g, b] = [0, 1, 2].map(|c| f32::from(smooth(x, y)[c]));
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        let (cb, cr) = (128.0 + (b - luma) * 0.564_334, 128.0 + (r - luma) * 0.713_267);
        [luma.round() as u8, cb.round() as u8, cr.round() as u8, 255]
    });
}

#[test]
fn the_orientation_is_applied() {
    let upright = decode(&plain(|_| {}), &limits()).unwrap().surface;
    for (value, orientation) in (1..).zip(Orientation::ALL) {
        let data = [b"Exif\0\0".as_slice(), &exif::tests::exif(value, value % 2 == 0)].concat();
        let file = with_segment(0xe1, &data, &plain(|_| {}));
        let decoded = decode(&file, &limits()).unwrap();
        assert_eq!(decoded.orientation, orientation);
        assert!(decoded.surface == orientation.upright(upright.clone()), "{value}");
        let probe = probe(&file).unwrap();
        assert_eq!((probe.width, probe.height), orientation.upright_size(WIDTH, HEIGHT), "{value}");
    }
}

#[test]
fn joined_strips_hold_the_pixels_of_one_whole() {
    // Sizes that fill whole blocks and that do not, in one strip and in several.
    for (width, height) in [(1, 1), (17, 33), (640, 1700), (1003, 1111), (60_000, 40)] {
        let picture = surface(width, height, |x, y| [(x / 7) as u8, (y * 3) as u8, (x ^ y) as u8, 255]);
        for (subsampling, factor) in [
            (Subsampling::Full, jpeg_encoder::SamplingFactor::F_1_1),
            (Subsampling::Quarter, jpeg_encoder::SamplingFactor::F_2_2),
        ] {
            let ours = encode(&picture, &jpeg(77, subsampling)).unwrap();
            let mut whole = Vec::new();
            let mut encoder = Encoder::new(&mut whole, 77);
            encoder.set_sampling_factor(factor);
            let pixels = picture.samples::<u8>().unwrap().as_flattened();
            encoder.encode(pixels, width as u16, height as u16, ColorType::Rgba).unwrap();
            let [ours, whole] = [ours, whole].map(|file| decode(&file, &limits()).unwrap().surface);
            assert!(ours == whole, "{width}×{height} {subsampling:?}");
        }
    }
}

#[test]
fn what_is_transparent_shows_the_background() {
    let picture = surface(32, 32, |x, _| [0, 0, 255, if x < 16 { 0 } else { 128 }]);
    let background = "#ff8000".parse().unwrap();
    let encoding = Encoding::Jpeg { quality: 100, subsampling: Subsampling::Full, background };
    for depth in [Depth::U8, Depth::F32] {
        let file = encode(&picture.clone().into_depth(depth), &encoding).unwrap();
        assert_close("background", &decode(&file, &limits()).unwrap().surface, 3, |x, _| {
            if x < 16 { [255, 128, 0, 255] } else { [127, 64, 128, 255] }
        });
    }
}

#[test]
fn kinds_we_cannot_read_are_named() {
    let with_frame = |marker: u8, bits: u8| {
        let mut file = plain(|_| {});
        let at = file.windows(4).position(|w| w == [0xff, 0xc0, 0, 17]).unwrap();
        (file[at + 1], file[at + 4]) = (marker, bits);
        decode(&file, &limits()).unwrap_err().to_string()
    };
    assert!(with_frame(0xc9, 8).contains("JPEG picture uses arithmetic coding"));
    assert!(with_frame(0xc3, 8).contains("lossless"));
    assert!(with_frame(0xc1, 12).contains("12 bits a channel"));
}
