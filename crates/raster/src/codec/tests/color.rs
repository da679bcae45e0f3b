//! Colour spaces other than sRGB.

use moxcms::{
    ColorProfile, DataColorSpace, LutDataType, LutStore, LutType, LutWarehouse, Matrix3d, ProfileClass,
};

use super::{png, *};

fn to_linear(v: f64) -> f64 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

fn to_encoded(v: f64) -> f64 {
    let v = v.clamp(0.0, 1.0);
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

/// Display P3 to sRGB: the same curve, other primaries.
fn p3_to_srgb([r, g, b, a]: [u8; 4]) -> [u8; 4] {
    let [r, g, b] = [r, g, b].map(|v| to_linear(f64::from(v) / 255.0));
    let light = [
        1.224_940_2 * r - 0.224_940_2 * g,
        -0.042_056_9 * r + 1.042_056_9 * g,
        -0.019_637_6 * r - 0.078_636_1 * g + 1.098_273_6 * b,
    ];
    let [r, g, b] = light.map(|v| (to_encoded(v) * 255.0).round() as u8);
    [r, g, b, a]
}

fn icc_chunk(profile: &ColorProfile) -> Vec<u8> {
    [b"name\0\0".as_slice(), &png::zlib(&profile.encode().unwrap())].concat()
}

fn with(mut kind: png::Kind, name: &[u8; 4], data: Vec<u8>) -> Decoded {
    kind.extra.push((*name, data));
    decode(&png::file(&kind), &limits()).unwrap()
}

fn plain(kind: &png::Kind) -> Surface {
    decode(&png::file(kind), &limits()).unwrap().surface
}

/// Compares in eight bits, where both are at the same depth.
fn assert_close(
    name: &str,
    found: &Surface,
    tolerance: f32,
    expected: impl Fn([f32; 4]) -> [f32; 4],
    from: &Surface,
) {
    for y in 0..found.height() {
        for x in 0..found.width() {
            let (found, expected) = (found.pixel(x, y).unwrap(), expected(from.pixel(x, y).unwrap()));
            for c in 0..4 {
                assert!(
                    (found[c] - expected[c]).abs() <= tolerance / 255.0,
                    "{name} at {x}, {y}: {found:?}, not {expected:?}"
                );
            }
        }
    }
}

fn in_bytes(convert: impl Fn([u8; 4]) -> [u8; 4]) -> impl Fn([f32; 4]) -> [f32; 4] {
    move |pixel| convert(pixel.map(|v| (v * 255.0).round() as u8)).map(|v| f32::from(v) / 255.0)
}

/// The smooth picture, said to be in Display P3.
pub(super) fn jpeg_with_profile() -> Vec<u8> {
    let icc = ColorProfile::new_display_p3().encode().unwrap();
    jpeg::plain(|encoder| encoder.add_icc_profile(&icc).unwrap())
}

#[test]
fn a_profile_is_converted_at_both_depths_and_in_every_format() {
    let profile = ColorProfile::new_display_p3();
    for bits in [8, 16] {
        let kind = png::kind(2, bits);
        let decoded = with(kind.clone(), b"iCCP", icc_chunk(&profile));
        assert!(
            matches!(&decoded.color, ColorSource::Converted(name) if name.contains("P3")),
            "{:?}",
            decoded.color
        );
        assert_eq!(decoded.warnings, []);
        assert_close("P3", &decoded.surface, 2.5, in_bytes(p3_to_srgb), &plain(&kind));
    }
    let without = decode(&jpeg::plain(|_| {}), &limits()).unwrap().surface;
    let decoded = decode(&jpeg_with_profile(), &limits()).unwrap();
    assert_close("JPEG", &decoded.surface, 2.5, in_bytes(p3_to_srgb), &without);
    let mut webp = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut webp);
    encoder.set_icc_profile(profile.encode().unwrap());
    encoder.encode(&[200, 100, 50], 1, 1, image_webp::ColorType::Rgb8).unwrap();
    let decoded = decode(&webp, &limits()).unwrap();
    assert!(matches!(decoded.color, ColorSource::Converted(_)));
    let from = Surface::from_pixels(1, 1, Pixels::U8(vec![[200, 100, 50, 255]])).unwrap();
    assert_close("WebP", &decoded.surface, 2.5, in_bytes(p3_to_srgb), &from);
}

#[test]
fn srgb_by_any_name_leaves_every_bit_alone() {
    let gamma = |value: u32| value.to_be_bytes().to_vec();
    let srgb = icc_chunk(&ColorProfile::new_srgb());
    for bits in [8, 16] {
        let kind = png::kind(2, bits);
        let statements: [(&[u8; 4], Vec<u8>); 4] = [
            (b"iCCP", srgb.clone()),
            (b"sRGB", vec![0]),
            (b"gAMA", gamma(45_455)),
            (b"cICP", vec![1, 13, 0, 1]),
        ];
        for (name, data) in statements {
            let decoded = with(kind.clone(), name, data);
            assert_eq!(decoded.color, ColorSource::Srgb, "{}", name.escape_ascii());
            assert!(decoded.surface == plain(&kind));
        }
    }
}

#[test]
fn gamma_and_primaries_and_code_points_count() {
    let linear = |[r, g, b, a]: [f32; 4]| {
        let [r, g, b] = [r, g, b].map(|v| to_encoded(v.into()) as f32);
        [r, g, b, a]
    };
    for color in [0, 2] {
        let kind = png::kind(color, 16);
        let decoded = with(kind.clone(), b"gAMA", 100_000u32.to_be_bytes().to_vec());
        assert_eq!(decoded.color, ColorSource::Converted("RGB with a gamma of 1.00".to_owned()));
        assert_close("linear", &decoded.surface, 0.6, linear, &plain(&kind));
    }
    // The primaries of Display P3, by code point.
    let kind = png::kind(2, 8);
    let decoded = with(kind.clone(), b"cICP", vec![12, 13, 0, 1]);
    assert_close("code points", &decoded.surface, 2.5, in_bytes(p3_to_srgb), &plain(&kind));
    // Green and blue change places.
    let mut swapped = kind.clone();
    let xy = [31_270u32, 32_900, 64_000, 33_000, 15_000, 6_000, 30_000, 60_000];
    swapped.extra.push((*b"gAMA", 45_455u32.to_be_bytes().to_vec()));
    let decoded = with(swapped, b"cHRM", xy.map(u32::to_be_bytes).concat());
    let swap = |[r, g, b, a]: [f32; 4]| {
        let [r, g, b] = [r, g, b].map(|v| to_encoded(f64::from(v).powf(2.2)) as f32);
        [r, b, g, a]
    };
    assert_close("primaries", &decoded.surface, 2.5, swap, &plain(&kind));
}

#[test]
fn grey_profiles_fit_grey_pictures() {
    let profile = ColorProfile::new_gray_with_gamma(1.0);
    let expected = |[y, .., a]: [f32; 4]| {
        [[to_encoded(y.into()) as f32; 3].as_slice(), &[a]].concat().try_into().unwrap()
    };
    for bits in [8, 16] {
        let kind = png::kind(0, bits);
        let decoded = with(kind.clone(), b"iCCP", icc_chunk(&profile));
        assert!(matches!(decoded.color, ColorSource::Converted(_)), "{:?}", decoded.color);
        assert_close("grey", &decoded.surface, 1.5, expected, &plain(&kind));
    }
    let decoded = with(png::kind(2, 8), b"iCCP", icc_chunk(&profile));
    assert!(matches!(decoded.color, ColorSource::Ignored(_)));
}

#[test]
fn what_cannot_be_converted_is_said() {
    let kind = png::kind(2, 8);
    let broken = [b"name\0\0".as_slice(), &png::zlib(&[7; 200])].concat();
    let flat = [0u32; 8].map(u32::to_be_bytes).concat();
    let mut degenerate = kind.clone();
    degenerate.extra.push((*b"gAMA", 50_000u32.to_be_bytes().to_vec()));
    for (kind, name, data) in [
        (kind.clone(), b"iCCP", broken),
        (kind.clone(), b"cICP", vec![9, 16, 0, 1]),
        (kind.clone(), b"cICP", vec![250, 250, 0, 1]),
        (degenerate, b"cHRM", flat),
    ] {
        let decoded = with(kind.clone(), name, data);
        assert!(matches!(decoded.color, ColorSource::Ignored(_)), "{name:?}: {:?}", decoded.color);
        assert!(decoded.warnings[0].message.starts_with("the colour profile was ignored: "));
        assert!(decoded.surface == plain(&png::kind(2, 8)));
    }
}

/// A CMYK profile in which each ink takes its share of lightness and the colour stays neutral.
fn neutral_inks() -> ColorProfile {
    // The corners of the ink cube in Lab of sixteen bits: lightness up to 0xff00, then the neutral 0x8000. The
    // last ink varies fastest.
    let corner = |i: usize| {
        let black = i % 2;
        let colors = (i / 2).count_ones() as usize;
        [0xff00 - 0x2000 * colors as u16 - 0x6000 * black as u16, 0x8000, 0x8000]
    };
    let ramp = |channels: usize| LutStore::Store16([0, u16::MAX].repeat(channels));
    let lut = LutWarehouse::Lut(LutDataType {
        num_input_channels: 4,
        num_output_channels: 3,
        num_clut_grid_points: 2,
        matrix: Matrix3d::IDENTITY,
        num_input_table_entries: 2,
        num_output_table_entries: 2,
        input_table: ramp(4),
        clut_table: LutStore::Store16((0..16).flat_map(corner).collect()),
        output_table: ramp(3),
        lut_type: LutType::Lut16,
    });
    let mut profile = ColorProfile::new_srgb();
    (profile.red_trc, profile.green_trc, profile.blue_trc, profile.cicp) = (None, None, None, None);
    profile.color_space = DataColorSpace::Cmyk;
    profile.pcs = DataColorSpace::Lab;
    profile.profile_class = ProfileClass::OutputDevice;
    profile.lut_a_to_b_perceptual = Some(lut.clone());
    profile.lut_a_to_b_colorimetric = Some(lut);
    profile
}

/// A file of one colour with that profile.
pub(super) fn jpeg_of_inks(inks: [u8; 4]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 100);
    encoder.add_icc_profile(&neutral_inks().encode().unwrap()).unwrap();
    encoder.encode(&inks.repeat(64), 8, 8, jpeg_encoder::ColorType::Cmyk).unwrap();
    file
}

#[test]
fn inks_are_converted_by_their_profile() {
    for (inks, share) in
        [([0, 0, 0, 0], 0), ([255, 0, 0, 0], 0x2000), ([255, 0, 255, 0], 0x4000), ([0, 0, 0, 255], 0x6000)]
    {
        let lightness = 100.0 * f64::from(0xff00 - share) / f64::from(0xff00);
        let decoded = decode(&jpeg_of_inks(inks), &limits()).unwrap();
        assert!(matches!(decoded.color, ColorSource::Converted(_)), "{:?}", decoded.color);
        let gray = (to_encoded(((lightness + 16.0) / 116.0).powi(3)) * 255.0).round();
        let found = decoded.surface.samples::<u8>().unwrap()[27];
        for c in 0..3 {
            assert!((f64::from(found[c]) - gray).abs() <= 4.0, "{inks:?}: {found:?}, not {gray}");
        }
        assert_eq!(found[3], 255);
    }
}
