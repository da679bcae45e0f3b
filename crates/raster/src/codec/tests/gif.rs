//! GIF: files of another encoder, and every part of the format by itself.

use ::gif::{DisposalMethod, Encoder, Frame};

use super::*;

/// Red where x < 8 and y < 8 agree, else the transparent index; interlaced, 16×16, 89a.
pub(super) fn transparent() -> Vec<u8> {
    webp::bytes(
        "47494638396110001000810000dc281e143cc800000000000021f90401000001002c000000001000100040083300\
         01081c283080c18308130620c8b0210085100f3a9cf810e2c488112f5aa4d830a3438f1d3786c49850a34293253f\
         8a641810003b",
    )
}

/// The same in red and blue, then a frame with another palette.
pub(super) fn animated() -> Vec<u8> {
    webp::bytes(
        "47494638396110001000810000dc281e143cc800000000000021ff0b4e45545343415045322e3003010000002\
         1f904000a0000002c0000000010001000000836\
         0001081c283080c183060912448850e14086071d1684184022008a152562b4b85123468a1c417a841892e4488625\
         519e6cb832a2c4800021f904010a0002002c000000001000100081090909143cc800000000000008360001081c28\
         5080c183060912448850e14086071d1684284022008a152562b4b85123468a1c417a841892e4488625519e6cb832\
         a2c480003b",
    )
}

/// Three colours, the last green.
const PALETTE: [u8; 9] = [10, 20, 30, 200, 100, 0, 0, 255, 0];

/// A file of `frames` on a screen of `width` by `height`.
pub(super) fn file(width: u16, height: u16, palette: &[u8], frames: &[Frame<'_>]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height, palette).unwrap();
    for frame in frames {
        encoder.write_frame(frame).unwrap();
    }
    drop(encoder);
    file
}

/// An image of indices that are `x + y` modulo 3.
fn stripes(left: u16, top: u16, width: u16, height: u16) -> Frame<'static> {
    let index = |i: u16| ((i % width + i / width) % 3) as u8;
    Frame { left, top, width, height, buffer: (0..width * height).map(index).collect(), ..Frame::default() }
}

fn color(palette: &[u8], index: u32) -> [u8; 4] {
    let at = index as usize * 3;
    [palette[at], palette[at + 1], palette[at + 2], 255]
}

fn found(file: &[u8]) -> Surface {
    decode(file, &limits()).unwrap().surface
}

#[test]
fn files_of_others_are_read() {
    let tiles = |blue: [u8; 4]| {
        surface(16, 16, move |x, y| if (x < 8) == (y < 8) { [220, 40, 30, 255] } else { blue })
    };
    let still = decode(&transparent(), &limits()).unwrap();
    assert!(still.surface == tiles([0; 4]));
    assert!(still.warnings.is_empty());
    let moving = decode(&animated(), &limits()).unwrap();
    assert!(moving.surface == tiles([20, 60, 200, 255]));
    assert_eq!(moving.warnings.len(), 1);
    assert!(moving.warnings[0].message.contains("first frame"), "{:?}", moving.warnings);
}

#[test]
fn a_frame_lies_on_the_screen_and_is_cut_to_it() {
    // Beside the screen, inside it, over its edges, and larger than it on all sides it can be.
    for (left, top, width, height) in [(0, 0, 7, 5), (2, 1, 3, 2), (4, 3, 9, 9), (0, 0, 20, 20), (7, 5, 2, 2)]
    {
        let expected = surface(7, 5, |x, y| {
            let (x, y) = (x.wrapping_sub(left.into()), y.wrapping_sub(top.into()));
            let inside = x < u32::from(width) && y < u32::from(height);
            if inside { color(&PALETTE, (x + y) % 3) } else { [0; 4] }
        });
        let file = file(7, 5, &PALETTE, &[stripes(left, top, width, height)]);
        assert!(found(&file) == expected, "{width}×{height} at {left}, {top}");
    }
}

#[test]
fn a_palette_of_the_frame_and_its_transparent_index_go_first() {
    let own = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    let frame = || Frame { palette: Some(own.to_vec()), transparent: Some(1), ..stripes(0, 0, 6, 6) };
    let expected = surface(6, 6, |x, y| match (x + y) % 3 {
        1 => [0; 4],
        index => color(&own, index),
    });
    for global in [&PALETTE[..], &[]] {
        assert!(found(&file(6, 6, global, &[frame()])) == expected);
    }
    // How the frame would be cleared away says nothing about itself.
    let cleared = Frame { dispose: DisposalMethod::Background, ..frame() };
    assert!(found(&file(6, 6, &PALETTE, &[cleared, stripes(0, 0, 6, 6)])) == expected);
}

#[test]
fn rows_that_are_interlaced_are_put_in_order() {
    for height in 1..=20u16 {
        let plain = stripes(0, 0, 4, height);
        let rows = |start: u16, step: usize| (start..height).step_by(step);
        let order = rows(0, 8).chain(rows(4, 8)).chain(rows(2, 4)).chain(rows(1, 2));
        let buffer = order.flat_map(|y| plain.buffer[usize::from(y) * 4..][..4].to_vec()).collect();
        let interlaced = Frame { interlaced: true, buffer, ..plain.clone() };
        assert!(
            found(&file(4, height, &PALETTE, &[interlaced])) == found(&file(4, height, &PALETTE, &[plain]))
        );
    }
}

#[test]
fn the_older_version_and_odd_blocks_are_read() {
    let plain = file(6, 6, &PALETTE, &[stripes(0, 0, 6, 6)]);
    let mut older = plain.clone();
    older[3..6].copy_from_slice(b"87a");
    let head = 13 + 4 * 3;
    // A comment, an application's block, and one of an unknown kind.
    let odd = [
        &plain[..head],
        b"\x21\xfe\x02hi\x03you\x00",
        b"\x21\xff\x0bMETABUILDER\x01x\x00",
        b"\x21\x77\x00",
        &plain[head..],
    ]
    .concat();
    // Something that is no block behind the picture.
    let behind = [&plain[..plain.len() - 1], b"\x99\x99"].concat();
    for file in [older, odd, behind] {
        assert!(found(&file) == found(&plain));
    }
}

#[test]
fn a_screen_without_area_is_as_large_as_its_frame() {
    let mut file = file(6, 6, &PALETTE, &[stripes(1, 2, 4, 3)]);
    file[6..10].fill(0);
    assert_eq!(probe(&file).map(|probe| (probe.width, probe.height)), Ok((5, 5)));
    let picture = found(&file);
    assert_eq!((picture.width(), picture.height()), (5, 5));
    assert_eq!(picture.samples::<u8>().unwrap()[2 * 5 + 1], [10, 20, 30, 255]);
}

#[test]
fn an_index_without_a_colour_is_transparent() {
    // Room for four colours in the indices, two in the palette.
    let mut file = file(3, 1, &PALETTE, &[stripes(0, 0, 3, 1)]);
    file[10] &= !7;
    file.drain(13 + 6..13 + 12);
    assert_eq!(found(&file).samples::<u8>(), Some(&[color(&PALETTE, 0), color(&PALETTE, 1), [0; 4]][..]));
}

#[test]
fn damage_is_named_with_its_place() {
    let plain = file(6, 6, &PALETTE, &[stripes(0, 0, 6, 6)]);
    let image = plain.iter().rposition(|&byte| byte == 0x2c).unwrap();
    let mut no_block = plain.clone();
    no_block[image] = 0x99;
    let mut no_code_size = plain.clone();
    no_code_size[image + 10] = 13;
    // Taller than its data.
    let mut short = plain.clone();
    short[image + 7] = 60;
    let no_image = [&plain[..image], b"\x3b"].concat();
    let no_palette = {
        let mut file = plain.clone();
        file[10] = 0;
        file.drain(13..13 + 12);
        file
    };
    let mut no_area = plain.clone();
    no_area[6..10].fill(0);
    no_area[image + 5..image + 9].fill(0);
    for (file, at, reason) in [
        (no_block, image, "begins no block"),
        (no_code_size, image + 10, "code size"),
        (short, image + 10, "image truncated"),
        (no_image, image, "no picture"),
        (no_palette, image - 12 + 10, "color table"),
        (no_area, image, "no area"),
    ] {
        match decode(&file, &limits()).unwrap_err() {
            CodecError::Damaged { format: Format::Gif, offset, reason: found } => {
                assert_eq!(offset, at as u64, "{reason}");
                assert!(found.contains(reason), "{found}, not {reason}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn sizes_are_checked_before_memory_is_taken() {
    let mut screen = file(6, 6, &PALETTE, &[stripes(0, 0, 6, 6)]);
    let mut frame = screen.clone();
    screen[6..10].fill(0xff);
    let image = frame.iter().rposition(|&byte| byte == 0x2c).unwrap();
    frame[image + 5..image + 9].fill(0xff);
    let mut tall = frame.clone();
    tall[image + 7..image + 9].copy_from_slice(&2000u16.to_le_bytes());
    for (file, setting) in [(screen, "pixels"), (frame, "pixels"), (tall, "expansion")] {
        let error = decode(&file, &limits()).unwrap_err();
        assert!(matches!(&error, CodecError::Limit(over) if over.setting == setting), "{error}");
    }
}
