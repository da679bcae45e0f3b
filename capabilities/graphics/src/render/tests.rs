//! Pictures whose pixels are known.

use std::sync::{Arc, LazyLock};

use base::{BlobHash, Limits};
use usvg::fontdb::Database;

use super::{Assets, LayoutCache, RenderError, View, compile, render};
use crate::{
    picture::{NodeKind, Picture},
    svg::{self, Options},
};
use raster::{PixelRect, Pixels, Surface};

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    for file in [
        &include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/Inter-Regular.otf"))[..],
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/Inter-Bold.otf")),
    ] {
        fonts.load_font_data(file.to_vec());
    }
    fonts.set_serif_family("Inter");
    Arc::new(fonts)
});

/// A red, a green, a blue and a clear pixel stand for every image file.
#[derive(Default)]
struct FourPixels {
    layouts: LayoutCache,
}

impl Assets for FourPixels {
    fn image(&self, _: &BlobHash) -> Option<Arc<Surface>> {
        let pixels = vec![[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [0; 4]];
        Surface::from_pixels(2, 2, Pixels::U8(pixels)).ok().map(Arc::new)
    }

    fn decode(&self, _: &[u8]) -> Option<Arc<Surface>> {
        None
    }

    fn fonts(&self) -> &Arc<Database> {
        &FONTS
    }

    fn layouts(&self) -> Option<&LayoutCache> {
        Some(&self.layouts)
    }
}

fn picture(body: &str) -> Picture {
    let file = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' \
         width='40' height='40'>{body}</svg>"
    );
    let limits = Limits::default();
    let linked = |_: &str| Some(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02\x08\x06\0\0\0".to_vec());
    let options = Options { linked: Some(&linked), ..Options::new(&limits, FONTS.clone()) };
    svg::import(file.as_bytes(), &options).unwrap().picture
}

fn drawn(picture: &Picture, side: u32) -> Result<Surface, RenderError> {
    render(picture, &View::stretched(picture, side, side), &FourPixels::default(), &Limits::default())
}

fn pixel(surface: &Surface, x: usize, y: usize) -> [u8; 4] {
    surface.samples::<u8>().unwrap()[y * surface.width() as usize + x]
}

const RED: [u8; 4] = [255, 0, 0, 255];
const GREEN: [u8; 4] = [0, 128, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const CLEAR: [u8; 4] = [0; 4];

#[test]
fn known_pictures_have_known_pixels() {
    let square = "<rect width='20' height='20' fill='red'/>";
    for (body, probes) in [
        (square, vec![(0, 0, RED), (19, 19, RED), (20, 19, CLEAR)]),
        // A quarter of a pixel is covered.
        (
            "<rect x='.5' y='.5' width='1' height='1' fill='red'/>",
            vec![(0, 0, [64, 0, 0, 64]), (1, 1, [64, 0, 0, 64])],
        ),
        (
            "<path d='M0 0H30V30H0zM10 10H20V20H10z' fill='blue' fill-rule='evenodd'/>",
            vec![(5, 5, BLUE), (15, 15, CLEAR), (25, 25, BLUE)],
        ),
        (
            "<path d='M5 20H35' stroke='red' stroke-width='4'/>",
            vec![(20, 18, RED), (20, 21, RED), (20, 22, CLEAR)],
        ),
        (
            "<path d='M0 20H40' stroke='red' stroke-width='8' stroke-dasharray='10 10'/>",
            vec![(5, 20, RED), (15, 20, CLEAR), (25, 20, RED)],
        ),
        // Opacity is that of the group, not of its parts.
        (
            "<g opacity='.5'><rect width='20' height='20' fill='red'/><rect x='10' width='20' height='20' fill='red'/></g>",
            vec![(5, 5, [128, 0, 0, 128]), (15, 5, [128, 0, 0, 128])],
        ),
        (
            "<rect width='40' height='40' fill='red'/>\
             <rect width='20' height='40' fill='blue' style='mix-blend-mode:multiply'/>",
            vec![(10, 10, [0, 0, 0, 255]), (30, 10, RED)],
        ),
        (
            "<clipPath id='c'><rect x='10' y='10' width='20' height='20' clip-path='url(#d)'/></clipPath>\
             <clipPath id='d'><rect width='20' height='40'/></clipPath>\
             <rect width='40' height='40' fill='red' clip-path='url(#c)'/>",
            vec![(15, 15, RED), (25, 15, CLEAR), (5, 15, CLEAR)],
        ),
        (
            "<mask id='m' maskUnits='userSpaceOnUse' x='0' y='0' width='30' height='40'>\
             <rect width='20' height='40' fill='white'/><rect x='20' width='20' height='40' fill='#00ff00'/></mask>\
             <rect width='40' height='40' fill='red' mask='url(#m)'/>",
            vec![(5, 5, RED), (25, 5, [182, 0, 0, 182]), (35, 5, CLEAR)],
        ),
        (
            "<linearGradient id='g'><stop offset='.5' stop-color='red'/><stop offset='.5' stop-color='blue'/></linearGradient>\
             <rect width='40' height='40' fill='url(#g)'/>",
            vec![(19, 0, RED), (20, 0, BLUE)],
        ),
        (
            "<radialGradient id='g' gradientUnits='userSpaceOnUse' cx='20' cy='20' r='10' spreadMethod='pad'>\
             <stop offset='1' stop-color='red'/><stop offset='1' stop-color='blue'/></radialGradient>\
             <rect width='40' height='40' fill='url(#g)'/>",
            vec![(20, 20, RED), (28, 20, RED), (31, 20, BLUE)],
        ),
        (
            "<pattern id='p' patternUnits='userSpaceOnUse' width='10' height='10'>\
             <rect width='5' height='10' fill='red'/></pattern><rect width='40' height='40' fill='url(#p)'/>",
            vec![(2, 2, RED), (7, 2, CLEAR), (32, 38, RED), (37, 38, CLEAR)],
        ),
        (
            "<image xlink:href='a.png' width='40' height='40' style='image-rendering:pixelated'/>",
            vec![(5, 5, RED), (35, 5, [0, 255, 0, 255]), (5, 35, BLUE), (35, 35, CLEAR)],
        ),
        (
            "<filter id='f' x='0' y='0' width='1' height='1'><feOffset dx='20'/></filter>\
             <g filter='url(#f)'><rect width='10' height='10' fill='green'/><rect width='40' height='40' fill='none'/></g>",
            vec![(5, 5, CLEAR), (25, 5, GREEN)],
        ),
        (
            "<rect width='40' height='40' fill='red' transform='matrix(0 0 0 0 0 0)'/>\
             <rect width='1e30' height='1e30' x='-1e20' fill='green'/><path d='M0 0L1e38 -1e38' stroke='blue'/>",
            vec![(20, 20, GREEN)],
        ),
    ] {
        let surface = drawn(&picture(body), 40).unwrap();
        for (x, y, expected) in probes {
            let found = pixel(&surface, x, y);
            assert!(
                found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1),
                "{body}: {found:?} at {x}, {y}"
            );
        }
    }
}

/// The greatest difference of a channel between two drawings.
fn difference(a: &str, b: &str) -> u8 {
    let [a, b] = [a, b].map(|body| drawn(&picture(body), 40).unwrap());
    let pixels = |surface: &Surface| surface.samples::<u8>().unwrap().as_flattened().to_vec();
    pixels(&a).into_iter().zip(pixels(&b)).map(|(a, b)| a.abs_diff(b)).max().unwrap()
}

#[test]
fn a_closed_line_looks_like_an_open_one() {
    for (join, cap) in [("miter", "butt"), ("bevel", "butt"), ("round", "round")] {
        for end in ["30 20", "31.5 26.3"] {
            let closed = format!("<path d='M5 20L{end}Z' stroke='red' stroke-linejoin='{join}'/>");
            let open = format!("<path d='M5 20L{end}' stroke='red' stroke-linecap='{cap}'/>");
            assert_eq!(difference(&closed, &open), 0, "{join} {end}");
        }
    }
    let dashed = difference(
        "<path d='M5 20H30Z' stroke='red' stroke-width='2' stroke-dasharray='5 3'/>",
        "<path d='M5 20H30H5Z' stroke='red' stroke-width='2' stroke-dasharray='5 3'/>",
    );
    assert_eq!(dashed, 0);
}

#[test]
fn a_pattern_keeps_its_edges_where_its_period_is_a_part_of_a_pixel() {
    let tiled = "<pattern id='p' patternUnits='userSpaceOnUse' width='4.5' height='4.5'>\
        <rect width='3' height='3' fill='red'/></pattern><rect width='36' height='36' fill='url(#p)'/>";
    let places = (0..64).map(|i| (4.5 * f64::from(i % 8), 4.5 * f64::from(i / 8)));
    let drawn: String =
        places.map(|(x, y)| format!("<rect x='{x}' y='{y}' width='3' height='3' fill='red'/>")).collect();
    let apart = difference(tiled, &drawn);
    assert!(apart <= 20, "{apart}");
}

/// A picture with a bit of everything that is drawn in layers.
const BUSY: &str = "<clipPath id='c'><circle cx='20' cy='20' r='15'/></clipPath>\
    <mask id='m'><rect width='40' height='40' fill='#ccc'/></mask>\
    <pattern id='p' patternUnits='userSpaceOnUse' width='7' height='3' patternTransform='rotate(20)'>\
    <circle cx='2' cy='2' r='1.5' fill='blue'/></pattern>\
    <g opacity='.7' clip-path='url(#c)'><rect width='40' height='40' fill='url(#p)' stroke='red'/>\
    <g mask='url(#m)' style='mix-blend-mode:screen'><ellipse cx='20' cy='20' rx='18' ry='7' fill='green'/></g>\
    <text x='2' y='25' font-size='12'>Text</text></g>";

#[test]
fn pixels_depend_neither_on_threads_nor_on_bands() {
    let picture = picture(BUSY);
    let (assets, limits) = (FourPixels::default(), Limits::default());
    // High enough for several bands.
    let view = View::stretched(&picture, 300, 500);
    let parallel = compile::render(&picture, &view, &assets, &limits, true).unwrap();
    let sequential = compile::render(&picture, &view, &assets, &limits, false).unwrap();
    assert!(parallel == sequential);

    let moved =
        View { height: 200, transform: kurbo::Affine::translate((0.0, -150.0)) * view.transform, ..view };
    let part = compile::render(&picture, &moved, &assets, &limits, true).unwrap();
    let whole = &parallel.samples::<u8>().unwrap()[150 * 300..350 * 300];
    let differing = part
        .samples::<u8>()
        .unwrap()
        .iter()
        .zip(whole)
        .filter(|(a, b)| a.iter().zip(b.iter()).any(|(a, b)| a.abs_diff(*b) > 2));
    assert_eq!(differing.count(), 0);
}

#[test]
fn a_part_of_a_filtered_picture_looks_as_in_the_whole() {
    let picture = picture(
        "<filter id='b' x='-9' y='-9' width='99' height='99'><feGaussianBlur stdDeviation='1.5'/></filter>\
         <filter id='s' x='-9' y='-9' width='99' height='99'><feDropShadow dx='4' dy='-3' stdDeviation='.8'/></filter>\
         <g filter='url(#s)'><circle cx='12' cy='14' r='9' fill='green'/>\
         <rect x='9' y='15' width='20' height='18' fill='red' filter='url(#b)'/></g>",
    );
    let whole = drawn(&picture, 400).unwrap();
    let view = View::stretched(&picture, 400, 400);
    for (left, top) in [(0, 0), (130, 140), (290, 90), (350, 350)] {
        let transform = kurbo::Affine::translate((-f64::from(left), -f64::from(top))) * view.transform;
        let part = View { width: 50, height: 50, transform, ..view.clone() };
        let part = render(&picture, &part, &FourPixels::default(), &Limits::default()).unwrap();
        let rect = PixelRect::new(left, top, 50, 50);
        let expected = whole.crop(rect, &Limits::default()).unwrap();
        let channels = |surface: &Surface| surface.samples::<u8>().unwrap().as_flattened().to_vec();
        let differences = channels(&part).into_iter().zip(channels(&expected)).map(|(a, b)| a.abs_diff(b));
        assert!(differences.max() <= Some(2), "{left} {top}");
    }
}

#[test]
fn pictures_read_back_from_json_are_equal() {
    let picture = picture(BUSY);
    let json = serde_json::to_string(&picture).unwrap();
    assert_eq!(serde_json::from_str::<Picture>(&json).unwrap(), picture);
}

#[test]
fn nesting_beyond_the_limit_is_an_error_and_below_it_is_drawn() {
    let deep = |levels: usize| {
        let mut picture = picture("<rect width='40' height='40' fill='red'/>");
        for _ in 0..levels {
            let children = std::mem::take(&mut picture.root.children);
            let group: crate::picture::Node = crate::picture::Group { children }.into();
            picture.root.children = vec![crate::picture::Node {
                effects: crate::picture::Effects { isolated: true, ..Default::default() },
                ..group
            }];
        }
        drawn(&picture, 40)
    };
    assert_eq!(pixel(&deep(990).unwrap(), 20, 20), RED);
    assert!(matches!(deep(1_100), Err(RenderError::Limit(limit)) if limit.setting == "nesting"));
}

/// The text nodes of a picture, with their places.
fn texts(picture: &Picture) -> Vec<crate::picture::Text> {
    let texts = picture.root.children.iter().filter_map(|node| match &node.kind {
        NodeKind::Text(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn text_that_is_written_reads_back_equal_and_looks_the_same() {
    struct Plain;
    impl svg::PaintText for Plain {
        fn paint(&mut self, part: svg::TextPart<'_>) -> String {
            let fill = match part {
                svg::TextPart::Glyphs(style) => &style.fill,
                svg::TextPart::Line(line) => &line.fill,
            };
            format!(" fill=\"{}\"", fill.as_ref().map_or("none".to_owned(), |fill| fill.paint.to_string()))
        }

        fn path_id(&mut self, path: &crate::picture::TextPath) -> String {
            let _ = path;
            "line".to_owned()
        }
    }
    let line = "<path id='line' d='M0 30C10 10 30 10 40 30' fill='none'/>";
    for text in [
        "<text x='1' y='20' fill='red'>two  words &amp; &lt;</text>",
        "<text x='1 10 20' y='10' dx='0 1 2' rotate='10 20' xml:space='preserve'> a b <tspan y='30'>c</tspan></text>",
        "<text y='20' text-anchor='end' x='30' font-weight='650' font-style='italic' letter-spacing='1.5'>a<tspan \
         font-size='20' baseline-shift='super'>b<tspan baseline-shift='-3'>c</tspan></tspan></text>",
        "<text x='2' y='20' text-decoration='underline' fill='blue'>a<tspan text-decoration='line-through' \
         fill='red'>b</tspan></text>",
        "<text writing-mode='tb' x='20' y='2' textLength='30' lengthAdjust='spacingAndGlyphs'>ab</text>",
        "<text x='2' y='20' dominant-baseline='middle' style='font-kerning:none' visibility='hidden'>A<tspan \
         visibility='visible' alignment-baseline='hanging'>V</tspan></text>",
        "<text font-family=\"'A, B', Inter, monospace\" font-variant='small-caps'><textPath href='#line' \
         startOffset='5'>on a line</textPath> after</text>",
    ] {
        let before = picture(&format!("{line}{text}"));
        let written: String =
            texts(&before).iter().map(|text| svg::write_text(text, "", &mut Plain)).collect();
        let after = picture(&format!("{line}{written}"));
        assert_eq!(texts(&after), texts(&before), "{written}");
        assert_eq!(texts(&before).len(), 1, "{text}");
        assert!(drawn(&after, 100).unwrap() == drawn(&before, 100).unwrap(), "{written}");
        let ink = drawn(&before, 100).unwrap();
        assert!(ink.samples::<u8>().unwrap().iter().any(|pixel| pixel[3] > 128), "nothing is drawn: {text}");
    }
}
