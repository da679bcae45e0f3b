//! Files made here: what they hold, where they are cut, and what happens to nonsense.

use ::exr::prelude::{
    AnyChannel, AnyChannels, Compression, Encoding, FlatSamples, Image, IntegerBounds, Layer,
    LayerAttributes, SmallVec, Vec2, WritableImage, f16,
};
use proptest::prelude::*;

use super::*;
use crate::{
    Surface,
    codec::{Encoding as PlainEncoding, encode as encode_plain},
};

fn limits() -> Limits {
    Limits::default()
}

/// A picture of a sky with a sun.
fn sky(width: usize, height: usize) -> Vec<[f32; 3]> {
    let pixel = |place: usize| match (place % width, place / width) {
        (3, 1) => [40_000.0, 30_000.0, 20_000.0],
        (x, y) => [0.25 + x as f32 / 64.0, 0.5, y as f32 * 2.0],
    };
    (0..width * height).map(pixel).collect()
}

/// A Radiance file with these bytes for its pixels.
fn radiance(size: &str, pixels: &[u8]) -> Vec<u8> {
    let head = format!("#?RADIANCE\n# a comment\nEXPOSURE=2\nFORMAT=32-bit_rle_rgbe\n\n{size}\n");
    [head.as_bytes(), pixels].concat()
}

/// A row whose channels are compressed, each as a run and as values.
fn packed(pixels: &[[u8; 4]]) -> Vec<u8> {
    let mut row = vec![2, 2, (pixels.len() >> 8) as u8, pixels.len() as u8];
    for channel in 0..4 {
        row.extend([128 + 3, pixels[0][channel], pixels.len() as u8 - 3]);
        row.extend(pixels[3..].iter().map(|pixel| pixel[channel]));
    }
    row
}

fn exr(compression: Compression, channels: &[&str], data: (i32, i32), display: (usize, usize)) -> Vec<u8> {
    let (width, height) = (12, 9);
    let of = |name: &&str| {
        let channel = "RGB".find(name.rsplit('.').next().unwrap()).unwrap_or(1);
        let samples = sky(width, height).iter().map(|rgb| f16::from_f32(rgb[channel])).collect();
        AnyChannel::new(*name, FlatSamples::F16(samples))
    };
    let list: SmallVec<[AnyChannel<FlatSamples>; 4]> = channels.iter().map(of).collect();
    let encoding = Encoding { compression, ..Encoding::SMALL_LOSSLESS };
    let attributes = LayerAttributes { layer_position: Vec2(data.0, data.1), ..LayerAttributes::default() };
    let layer = Layer::new((width, height), attributes, encoding, AnyChannels::sort(list));
    let mut image = Image::from_layer(layer);
    image.attributes.display_window = IntegerBounds::new((0, 0), display);
    let mut file = std::io::Cursor::new(Vec::new());
    image.write().to_buffered(&mut file).unwrap();
    file.into_inner()
}

fn corpus() -> Vec<Vec<u8>> {
    let row: Vec<[u8; 4]> = [[9, 8, 7, 130]; 3].into_iter().chain((0..9).map(|i| [i, 20, 30, 129])).collect();
    let rgba = vec![[f16::ONE; 4]; 20 * 20];
    vec![
        radiance("-Y 2 +X 12", &[packed(&row), packed(&row)].concat()),
        radiance("-Y 3 +X 4", &[[1, 2, 3, 128, 1, 1, 1, 3].as_slice(), &[5; 32]].concat()),
        encode(20, 20, &rgba).unwrap(),
        exr(Compression::PIZ, &["R", "G", "B"], (0, 0), (12, 9)),
        exr(Compression::RLE, &["Y"], (2, -1), (12, 9)),
    ]
}

#[test]
fn exr_keeps_what_is_brighter_than_white_in_the_same_bytes() {
    let (width, height) = (70, 41);
    let rgba: Vec<[f16; 4]> =
        sky(width, height).iter().map(|[r, g, b]| [*r, *g, *b, 0.5].map(f16::from_f32)).collect();
    let file = encode(width as u32, height as u32, &rgba).unwrap();
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(file, alone.install(|| encode(width as u32, height as u32, &rgba).unwrap()));
    let read = decode(&file, &limits()).unwrap();
    assert_eq!((read.width, read.height), (70, 41));
    let halves: Vec<[f32; 3]> =
        rgba.iter().map(|pixel| [0, 1, 2].map(|channel| pixel[channel].to_f32())).collect();
    assert_eq!(read.rgb, halves);
    assert!(matches!(encode(3, 3, &rgba), Err(EncodeError::Size { .. })));
}

#[test]
fn exr_is_read_from_other_programs() {
    let expected: Vec<[f32; 3]> =
        sky(12, 9).iter().map(|rgb| rgb.map(|value| f16::from_f32(value).to_f32())).collect();
    for compression in [Compression::Uncompressed, Compression::RLE, Compression::ZIP1, Compression::PIZ] {
        let read = decode(&exr(compression, &["A", "R", "G", "B", "Z"], (0, 0), (12, 9)), &limits()).unwrap();
        assert_eq!(read.rgb, expected, "{compression:?}");
    }
    let named = ["View.AO.X", "View.Combined.R", "View.Combined.G", "View.Combined.B"];
    assert_eq!(decode(&exr(Compression::PIZ, &named, (0, 0), (12, 9)), &limits()).unwrap().rgb, expected);
    // What lies outside of the display window is cut off; what is missing of it is dark.
    let read = decode(&exr(Compression::PIZ, &["Y"], (2, -1), (12, 9)), &limits()).unwrap();
    assert_eq!((read.width, read.height), (12, 9));
    assert_eq!(read.rgb[..2], [[0.0; 3]; 2]);
    assert_eq!(read.rgb[2], [expected[12][1]; 3]);
    assert_eq!(read.rgb[12 * 8 - 1 + 2], [0.0; 3]);
    let error = decode(&exr(Compression::PIZ, &["U", "V"], (0, 0), (12, 9)), &limits()).unwrap_err();
    assert!(matches!(error, HdrError::Unsupported { .. }), "{error}");
}

#[test]
fn radiance_is_read_in_all_its_forms() {
    let row: Vec<[u8; 4]> =
        [[128, 64, 32, 130]; 3].into_iter().chain((0..9).map(|i| [i, 0, 255, 140])).collect();
    let light =
        |[r, g, b, e]: [u8; 4]| [r, g, b].map(|m| f32::from(m) / 256.0 * (f32::from(e) - 128.0).exp2());
    let expected: Vec<[f32; 3]> = row.iter().map(|pixel| light(*pixel)).collect();
    assert_eq!(expected[0], [2.0, 1.0, 0.5]);
    let plain = row.concat();
    let repeated = [&row[0][..], &[1, 1, 1, 2], &row[3..].concat()].concat();
    for pixels in [&packed(&row), &plain, &repeated] {
        let read = decode(&radiance("-Y 1 +X 12", pixels), &limits()).unwrap();
        assert_eq!((read.width, read.height, &read.rgb), (12, 1, &expected));
    }
    // The same pixels in other orders.
    for (size, wide, order) in [
        ("-Y 3 +X 4", 4, [0, 1, 11]),
        ("+Y 3 +X 4", 4, [8, 9, 3]),
        ("-Y 3 -X 4", 4, [3, 2, 8]),
        ("+X 4 -Y 3", 4, [0, 3, 11]),
    ] {
        let read = decode(&radiance(size, &plain), &limits()).unwrap();
        assert_eq!(read.width, wide, "{size}");
        assert_eq!([read.rgb[0], read.rgb[1], read.rgb[11]], order.map(|place| expected[place]), "{size}");
    }
    let dark = decode(&radiance("-Y 1 +X 2", &[200, 100, 50, 0, 255, 255, 255, 1]), &limits()).unwrap();
    assert_eq!(dark.rgb[0], [0.0; 3]);
    assert!(dark.rgb[1][0] > 0.0 && dark.rgb[1][0] < 1e-38);
    let white =
        [b"#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\n".as_slice(), &[243, 255, 255, 128]].concat();
    let white = decode(&white, &limits()).unwrap().rgb[0];
    assert!(white[0] > 0.9 && white[1] > 0.9 && white[2] > 0.8, "{white:?}");
}

#[test]
fn other_pictures_end_at_white() {
    let pixels = vec![[255, 188, 0, 255], [0, 0, 0, 0]];
    let surface = Surface::from_pixels(2, 1, Pixels::U8(pixels)).unwrap();
    let file = encode_plain(&surface, &PlainEncoding::Png { depth: crate::Depth::U8 }).unwrap();
    let read = decode(&file, &limits()).unwrap();
    assert!((read.rgb[0][1] - 0.503).abs() < 1e-3, "{:?}", read.rgb);
    assert_eq!((read.rgb[0][0], read.rgb[0][2], read.rgb[1]), (1.0, 0.0, [0.0; 3]));
    assert_eq!(decode(b"no picture at all", &limits()), Err(HdrError::Unknown));
    assert!(matches!(decode(&file[..30], &limits()), Err(HdrError::Picture(CodecError::Truncated { .. }))));
}

#[test]
fn files_that_are_cut_anywhere_are_refused() {
    for (number, file) in corpus().iter().enumerate() {
        assert!(decode(file, &limits()).is_ok(), "{number}");
        for end in 4..file.len() {
            match decode(&file[..end], &limits()) {
                Err(HdrError::Truncated { offset, .. }) => assert_eq!(offset, end as u64, "{number}"),
                Err(HdrError::Damaged { .. }) => {}
                other => panic!("{number}, cut at {end} of {}: {other:?}", file.len()),
            }
        }
    }
}

#[test]
fn what_is_no_light_is_refused_with_its_place() {
    for value in [f16::NAN, f16::INFINITY, f16::NEG_INFINITY] {
        let mut rgba = vec![[f16::ONE; 4]; 20 * 20];
        rgba[47][1] = value;
        assert_eq!(
            decode(&encode(20, 20, &rgba).unwrap(), &limits()),
            Err(HdrError::NotFinite { x: 7, y: 2 })
        );
    }
    let mut rgba = vec![[f16::ONE; 4]; 4];
    rgba[3][0] = f16::NEG_ONE;
    assert_eq!(decode(&encode(2, 2, &rgba).unwrap(), &limits()).unwrap().rgb[3], [0.0, 1.0, 1.0]);
    let huge = radiance("-Y 1 +X 1", &[255, 255, 255, 255]);
    assert!(decode(&huge, &limits()).is_ok());
}

#[test]
fn absurd_sizes_are_refused_before_memory_is_taken() {
    for size in
        ["-Y 4294967295 +X 4294967295", "-Y 30000 +X 30000", "-Y 99999999999 +X 1", "-Y 0 +X 9", "-Y 9 -Y 9"]
    {
        let error = decode(&radiance(size, &[0; 64]), &limits()).unwrap_err();
        assert!(matches!(error, HdrError::Limit(_) | HdrError::Damaged { .. }), "{size}: {error}");
    }
    let wide = exr(Compression::PIZ, &["R", "G", "B"], (0, 0), (60_000, 60_000));
    assert!(matches!(decode(&wide, &limits()), Err(HdrError::Limit(_))));
    let bad = radiance("-Y 1 +X 12", &[2, 2, 0, 12, 255, 1]);
    assert!(matches!(decode(&bad, &limits()), Err(HdrError::Damaged { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn changed_files_never_panic(
        pick in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        thread_local! {
            static CORPUS: Vec<Vec<u8>> = corpus();
        }
        let mut file = CORPUS.with(|corpus| pick.get(corpus).clone());
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        let _ = decode(&file, &Limits { import_bytes: 1 << 26, ..limits() });
    }
}
