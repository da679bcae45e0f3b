//! PNG: every kind of pixel, from a writer of its own.

use zlib_rs::crc32::crc32;

use super::*;

/// A kind of PNG file.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.
    pub color: u8,
    pub bits: u8,
    pub interlaced: bool,
    /// With a tRNS chunk.
    pub keyed: bool,
    /// Chunks between header and pixels.
    pub extra: Vec<([u8; 4], Vec<u8>)>,
}

const WIDTH: u32 = 13;
const HEIGHT: u32 = 11;

pub(super) fn kind(color: u8, bits: u8) -> Kind {
    Kind { color, bits, interlaced: false, keyed: false, extra: Vec::new() }
}

/// All kinds that the standard knows.
pub(super) fn kinds() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (color, depths) in
        [(0, &[1, 2, 4, 8, 16][..]), (2, &[8, 16]), (3, &[1, 2, 4, 8]), (4, &[8, 16]), (6, &[8, 16])]
    {
        for &bits in depths {
            for interlaced in [false, true] {
                for keyed in [false, true].into_iter().take(if color < 4 { 2 } else { 1 }) {
                    kinds.push(Kind { interlaced, keyed, ..kind(color, bits) });
                }
            }
        }
    }
    kinds
}

impl Kind {
    fn channels(&self) -> u32 {
        [1, 0, 3, 1, 2, 0, 4][usize::from(self.color)]
    }

    /// The sample of channel `c` at (`x`, `y`).
    fn sample(&self, x: u32, y: u32, c: u32) -> u32 {
        (x * 7919 + y * 104_729 + c * 31_337) % (1 << self.bits)
    }

    fn palette(index: u32) -> [u8; 4] {
        [(index * 5) as u8, (255 - index) as u8, (index * 77) as u8, (200 - index % 100) as u8]
    }

    /// The straight pixel in units of 1/65535.
    fn expected(&self, x: u32, y: u32) -> [u32; 4] {
        let most = (1 << self.bits) - 1;
        let stored = |c: u32| self.sample(x, y, c);
        let scaled = |c: u32| stored(c) * (65_535 / most);
        match self.color {
            3 => {
                let [r, g, b, a] = Kind::palette(stored(0)).map(|v| u32::from(v) * 257);
                [r, g, b, if self.keyed { a } else { 65_535 }]
            }
            0 | 4 => {
                let hidden = self.keyed && stored(0) == self.sample(3, 4, 0);
                let alpha = if self.color == 4 {
                    scaled(1)
                } else if hidden {
                    0
                } else {
                    65_535
                };
                [scaled(0), scaled(0), scaled(0), alpha]
            }
            _ => {
                let hidden = self.keyed && (0..3).all(|c| stored(c) == self.sample(3, 4, c));
                let alpha = if self.color == 6 {
                    scaled(3)
                } else if hidden {
                    0
                } else {
                    65_535
                };
                [scaled(0), scaled(1), scaled(2), alpha]
            }
        }
    }

    /// Unfiltered rows of the pixels at `x0`, `x0 + dx`, … and `y0`, `y0 + dy`, ….
    fn rows(&self, (x0, dx): (u32, u32), (y0, dy): (u32, u32)) -> Vec<u8> {
        let mut rows = Vec::new();
        let columns: Vec<u32> = (x0..WIDTH).step_by(dx as usize).collect();
        for y in (y0..HEIGHT).step_by(dy as usize).filter(|_| !columns.is_empty()) {
            rows.push(0);
            let samples =
                columns.iter().flat_map(|&x| (0..self.channels()).map(move |c| self.sample(x, y, c)));
            if self.bits == 16 {
                rows.extend(samples.flat_map(|sample| (sample as u16).to_be_bytes()));
                continue;
            }
            let (mut byte, mut filled) = (0u32, 0);
            for sample in samples {
                byte = byte << self.bits | sample;
                filled += self.bits;
                if filled == 8 {
                    rows.push(byte as u8);
                    (byte, filled) = (0, 0);
                }
            }
            if filled > 0 {
                rows.push((byte << (8 - filled)) as u8);
            }
        }
        rows
    }
}

pub(super) fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    [&(data.len() as u32).to_be_bytes()[..], &body, &crc32(0, &body).to_be_bytes()].concat()
}

/// Makes the check sums of all whole chunks right, so that what is wrong inside them is reached.
pub(super) fn correct_sums(file: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = file.get(at..at + 4).and_then(|length| length.try_into().ok()) {
        let end = at + 8 + u32::from_be_bytes(length) as usize;
        if end + 4 > file.len() {
            return;
        }
        let sum = crc32(0, &file[at + 4..end]);
        file[end..end + 4].copy_from_slice(&sum.to_be_bytes());
        at = end + 4;
    }
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; zlib_rs::compress_bound(bytes.len())];
    let (out, code) = zlib_rs::compress_slice(&mut out, bytes, zlib_rs::DeflateConfig::new(6));
    assert_eq!(code, zlib_rs::ReturnCode::Ok);
    out.to_vec()
}

pub(super) fn header(width: u32, height: u32, bits: u8, color: u8, interlaced: bool) -> Vec<u8> {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let head = chunk(b"IHDR", &[&sides[..], &[bits, color, 0, 0, u8::from(interlaced)]].concat());
    [b"\x89PNG\r\n\x1a\n".as_slice(), &head].concat()
}

/// The file of a kind.
pub(super) fn file(kind: &Kind) -> Vec<u8> {
    let mut file = header(WIDTH, HEIGHT, kind.bits, kind.color, kind.interlaced);
    for (name, data) in &kind.extra {
        file.extend(chunk(name, data));
    }
    if kind.color == 3 {
        let palette: Vec<[u8; 4]> = (0..1 << kind.bits).map(Kind::palette).collect();
        file.extend(chunk(b"PLTE", &palette.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect::<Vec<u8>>()));
        if kind.keyed {
            file.extend(chunk(b"tRNS", &palette.iter().map(|entry| entry[3]).collect::<Vec<u8>>()));
        }
    } else if kind.keyed {
        let key = (0..kind.channels()).flat_map(|c| (kind.sample(3, 4, c) as u16).to_be_bytes());
        file.extend(chunk(b"tRNS", &key.collect::<Vec<u8>>()));
    }
    let passes: &[[(u32, u32); 2]] = if kind.interlaced {
        &[
            [(0, 8), (0, 8)],
            [(4, 8), (0, 8)],
            [(0, 4), (4, 8)],
            [(2, 4), (0, 4)],
            [(0, 2), (2, 4)],
            [(1, 2), (0, 2)],
            [(0, 1), (1, 2)],
        ]
    } else {
        &[[(0, 1), (0, 1)]]
    };
    let rows: Vec<u8> = passes.iter().flat_map(|&[x, y]| kind.rows(x, y)).collect();
    file.extend(chunk(b"IDAT", &zlib(&rows)));
    file.extend(chunk(b"IEND", &[]));
    file
}

/// The raw samples of a file, by the other decoder.
fn raw(file: &[u8]) -> (::png::ColorType, ::png::BitDepth, Vec<u8>) {
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut samples).unwrap();
    (info.color_type, info.bit_depth, samples)
}

#[test]
fn every_kind_of_pixel_is_read() {
    for kind in kinds() {
        let decoded = decode(&file(&kind), &limits()).unwrap();
        assert_eq!(decoded.bits, kind.bits, "{kind:?}");
        assert_eq!(decoded.warnings, [], "{kind:?}");
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let expected = kind.expected(x, y);
                match decoded.surface.pixels() {
                    Pixels::U8(pixels) => {
                        let straight = expected.map(|v| (v / 257) as u8);
                        let found = pixels[(y * WIDTH + x) as usize];
                        assert_eq!(found, alpha::premultiply_u8(straight), "{kind:?} at {x}, {y}");
                    }
                    Pixels::F32(pixels) => {
                        let found = alpha::unpremultiply_f32(pixels[(y * WIDTH + x) as usize]);
                        let expected = if expected[3] == 0 { [0; 4] } else { expected };
                        let found = found.map(|v| (v * 65535.0).round() as u32);
                        assert_eq!(found, expected, "{kind:?} at {x}, {y}");
                    }
                }
            }
        }
    }
}

#[test]
fn texels_are_the_numbers_that_are_stored() {
    for kind in kinds().into_iter().filter(|kind| kind.bits <= 8) {
        // Neither a gamma of 1 nor an orientation counts.
        let extra =
            vec![(*b"gAMA", 100_000_u32.to_be_bytes().to_vec()), (*b"eXIf", exif::tests::exif(6, true))];
        let texels = decode_texels(&file(&Kind { extra, ..kind.clone() }), &limits()).unwrap();
        assert_eq!((texels.width, texels.height), (WIDTH, HEIGHT), "{kind:?}");
        for (at, found) in (0..).zip(&texels.rgba) {
            let expected = kind.expected(at % WIDTH, at / WIDTH).map(|v| (v / 257) as u8);
            assert_eq!(*found, expected, "{kind:?} at {at}");
        }
    }
}

#[test]
fn sixteen_bits_come_out_as_they_went_in() {
    for color in [0, 2, 4, 6] {
        let kind = kind(color, 16);
        let before = file(&kind);
        let decoded = decode(&before, &limits()).unwrap();
        let after = encode(&decoded.surface, &Encoding::Png { depth: Depth::F32 }).unwrap();
        assert!(raw(&before) == raw(&after), "{kind:?}");
    }
}

#[test]
fn a_picture_is_written_in_the_fewest_channels_and_read_back_the_same() {
    use ::png::{BitDepth, ColorType};
    type Straight = fn(u32, u32) -> [u8; 4];
    let cases: [(Straight, ColorType); 4] = [
        (
            |x, y| [(x * y) as u8; 3].map(|v| v ^ 9).iter().fold([0, 0, 0, 255], |p, &v| [v, v, v, p[3]]),
            ColorType::Grayscale,
        ),
        (|x, y| [(x + y) as u8, (x + y) as u8, (x + y) as u8, (x * 3) as u8], ColorType::GrayscaleAlpha),
        (|x, y| [x as u8, y as u8, 3, 255], ColorType::Rgb),
        (mixed, ColorType::Rgba),
    ];
    for (straight, color) in cases {
        // One strip and several.
        for (width, height) in [(7, 5), (1, 1), (900, 1000)] {
            let color = if (width, height) == (1, 1) && color == ColorType::Rgba { continue } else { color };
            let picture = surface(width, height, straight);
            for (depth, bits) in [(Depth::U8, BitDepth::Eight), (Depth::F32, BitDepth::Sixteen)] {
                let file = encode(&picture, &Encoding::Png { depth }).unwrap();
                let back = decode(&file, &limits()).unwrap().surface;
                assert!(
                    back.clone().into_depth(Depth::U8) == picture,
                    "{color:?} {width}×{height} {depth:?}"
                );
                if (width, height) != (1, 1) {
                    let (found_color, found_bits, _) = raw(&file);
                    assert_eq!((found_color, found_bits), (color, bits));
                }
                let floats =
                    encode(&picture.clone().into_depth(Depth::F32), &Encoding::Png { depth }).unwrap();
                let floats = decode(&floats, &limits()).unwrap().surface.into_depth(Depth::U8);
                assert!(floats == picture, "{color:?} {width}×{height} {depth:?} from floats");
            }
        }
    }
}

#[test]
fn an_animated_picture_gives_its_first_frame_and_a_warning() {
    let frames = chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let control = |sequence: u32| {
        let numbers = [sequence, WIDTH, HEIGHT, 0, 0].map(u32::to_be_bytes).concat();
        chunk(b"fcTL", &[&numbers[..], &[0, 1, 0, 10, 0, 0]].concat())
    };
    let still = file(&kind(2, 8));
    let second = kind(2, 8).rows((1, 1), (0, 1));
    let second = chunk(b"fdAT", &[&2u32.to_be_bytes()[..], &zlib(&second)].concat());
    let (head, rest) = still.split_at(33);
    let (pixels, end) = rest.split_at(rest.len() - 12);
    let animated = [head, &frames, &control(0), pixels, &control(1), &second, end].concat();
    let decoded = decode(&animated, &limits()).unwrap();
    assert_eq!(decoded.surface, decode(&still, &limits()).unwrap().surface);
    assert_eq!(decoded.warnings.len(), 1);
    assert!(decoded.warnings[0].message.contains("animated"), "{}", decoded.warnings[0]);
}

#[test]
fn exif_turns_the_picture() {
    let mut turned = kind(2, 8);
    turned.extra.push((*b"eXIf", exif::tests::exif(6, true)));
    let decoded = decode(&file(&turned), &limits()).unwrap();
    assert_eq!(decoded.orientation, Orientation::Rotated90);
    let upright = decode(&file(&kind(2, 8)), &limits()).unwrap().surface;
    assert_eq!(decoded.surface, Orientation::Rotated90.upright(upright));
    assert_eq!(probe(&file(&turned)).map(|probe| (probe.width, probe.height)), Ok((HEIGHT, WIDTH)));
}

#[test]
fn options_say_how_fine_it_is() {
    let of = |options| Encoding::of("png", &options).map_err(|error: serde_json::Error| error.to_string());
    assert_eq!(of(serde_json::json!({})), Ok(Encoding::Png { depth: Depth::U8 }));
    assert_eq!(of(serde_json::json!({ "bits": 16 })), Ok(Encoding::Png { depth: Depth::F32 }));
    assert!(of(serde_json::json!({ "bits": 12 })).unwrap_err().contains("8 or 16"));
}
