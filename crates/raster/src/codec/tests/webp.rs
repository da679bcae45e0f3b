//! WebP: files of libwebp, and our own.

use super::*;

pub(super) fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Lossy, 16×16: red where x < 8 and y < 8 agree, else blue.
pub(super) fn lossy() -> Vec<u8> {
    bytes(
        "524946463c0000005745425056503820300000009001009d012a1000100002804225a00274ba00039800feef2cbf\
         ffe4618fe2dff824ffe093583ffae031895afc000000",
    )
}

/// The same with an opacity of 96 from x = 8 on.
pub(super) fn lossy_with_alpha() -> Vec<u8> {
    bytes(
        "524946466a00000057454250565038580a000000100000000f00000f0000414c504813000000010ff0b0ff888820\
         164ce62fdd9d4144ff43170056503820300000009001009d012a1000100002804225a00274ba00039800feef2cbf\
         ffe4618fe2dff824ffe093583ffae031895afc000000",
    )
}

/// The same without loss, then a frame of `#090909` at an opacity of 9.
pub(super) fn animated() -> Vec<u8> {
    bytes(
        "52494646ac00000057454250565038580a000000120000000f00000f0000414e494d060000000000000000004\
         14e4d464e0000000000000000000f00000f0000640000025650384c360000002f0fc003101f2010487110432c1048\
         c2da9f6318816c7292fc17a54080b0aa4caaf886350884d946939ce424ef7d0611fd0fa86fd30f414e4d462a00000\
         00000000000000f00000f0000640000025650384c110000002f0fc0031007d0842634a1098188e87f0000",
    )
}

fn tiles(x: u32, y: u32, alpha: u8) -> [u8; 4] {
    let [r, g, b] = if (x < 8) == (y < 8) { [220, 40, 30] } else { [20, 60, 200] };
    [r, g, b, if x < 8 { 255 } else { alpha }]
}

#[test]
fn files_of_others_are_read() {
    for (name, file, alpha, tolerance) in [
        ("lossy", lossy(), 255, 40),
        ("lossy with alpha", lossy_with_alpha(), 96, 40),
        ("animated", animated(), 96, 0),
    ] {
        let decoded = decode(&file, &limits()).unwrap();
        let expected = surface(16, 16, |x, y| tiles(x, y, alpha));
        // Colours bleed where the tiles meet.
        for (x, y) in [(2, 2), (13, 2), (2, 13), (13, 13)] {
            let at = |picture: &Surface| picture.samples::<u8>().unwrap()[y * 16 + x];
            let (found, expected) = (at(&decoded.surface), at(&expected));
            assert!(
                found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= tolerance),
                "{name} at {x}, {y}: {found:?}, not {expected:?}"
            );
            assert_eq!(found[3], expected[3], "{name}");
        }
        assert_eq!(decoded.warnings.len(), usize::from(name == "animated"));
    }
}

#[test]
fn our_own_files_lose_nothing() {
    for straight in [mixed, smooth] {
        let picture = surface(61, 47, straight);
        for depth in [Depth::U8, Depth::F32] {
            let file = encode(&picture.clone().into_depth(depth), &Encoding::WebP).unwrap();
            assert!(decode(&file, &limits()).unwrap().surface == picture);
        }
    }
}

#[test]
fn exif_turns_the_picture() {
    let mut file = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut file);
    encoder.set_exif_metadata(exif::tests::exif(8, false));
    encoder.encode(&[1, 2, 3, 4, 5, 6], 2, 1, image_webp::ColorType::Rgb8).unwrap();
    let decoded = decode(&file, &limits()).unwrap();
    assert_eq!(decoded.orientation, Orientation::Rotated270);
    assert_eq!((decoded.surface.width(), decoded.surface.height()), (1, 2));
    assert_eq!(decoded.surface.samples::<u8>(), Some(&[[4, 5, 6, 255], [1, 2, 3, 255]][..]));
    assert_eq!(probe(&file).map(|probe| (probe.width, probe.height)), Ok((1, 2)));
}
