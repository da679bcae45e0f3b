use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, Color, Limits};
use kurbo::{Affine, BezPath, Rect, Shape};
use proptest::prelude::*;
use usvg::{fontdb, roxmltree};

use super::*;
use crate::{
    filter::{ColorMatrix, ColorSpace, Filter, Input, MorphologyOperator, Primitive, PrimitiveKind, Region},
    picture::{
        ClipPath, Effects, Fill, FontFamily, Group, Image, LinearGradient, Node, NodeKind, Paint, Path,
        Pattern, Resource, Resources, Spread, Stop, Symbol, Text, TextAnchor, TextSpan, TextStyle,
    },
    svg::{Options, import},
};

fn read(svg: &str) -> (Picture, BTreeMap<BlobHash, Arc<Vec<u8>>>) {
    let limits = Limits::default();
    let options = Options::new(&limits, Arc::new(fontdb::Database::new()));
    let imported = import(svg.as_bytes(), &options).expect("it is an SVG file");
    assert_eq!(imported.diagnostics, []);
    (imported.picture, imported.images)
}

fn write(picture: &Picture) -> String {
    let (text, diagnostics) = export(picture, &|_| None, &ExportOptions::default());
    assert_eq!(diagnostics, []);
    roxmltree::Document::parse(&text).expect("it is well-formed");
    text
}

fn square(x: f64) -> Path {
    let data = Rect::new(x, 0.0, x + 5.0, 5.0).to_path(0.1);
    Path { fill: Some(Fill::default()), ..Path::new(data) }
}

fn picture(children: Vec<Node>, resources: impl IntoIterator<Item = (&'static str, Resource)>) -> Picture {
    let resources = resources.into_iter().map(|(id, resource)| (id.into(), resource)).collect();
    Picture { width: 20.0, height: 10.0, root: Group { children }, resources: Resources(resources) }
}

fn filtered(primitives: Vec<(&str, PrimitiveKind)>) -> Node {
    let region = Region { x: 0.0, y: 0.0, width: 20.0, height: 10.0 };
    let primitive = |(result, kind): (&str, PrimitiveKind)| Primitive {
        region,
        color_space: ColorSpace::Srgb,
        result: result.to_owned(),
        kind,
    };
    let primitives = primitives.into_iter().map(primitive).collect();
    let effects = Effects { filters: vec![Filter { region, primitives }], ..Effects::default() };
    Node { effects, ..square(0.0).into() }
}

/// An SVG file of 20 by 10 pixels.
fn file(content: &str) -> String {
    format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10">{content}</svg>"#)
}

#[test]
fn what_is_written_reads_as_the_same_picture() {
    for content in [
        r##"<path id="a" transform="rotate(30)" fill="none" stroke="#123456" stroke-width="2.5" stroke-linecap="round"
            stroke-linejoin="bevel" stroke-miterlimit="3" stroke-dasharray="3 1.5" stroke-dashoffset="2"
            stroke-opacity=".4" d="M1 1h9v4C1 2 3 4 5 6Q1 2 3 4zM2 2L3 9"/>"##,
        r##"<rect width="9" height="9" fill="red" stroke="blue" paint-order="stroke" fill-rule="evenodd"
            shape-rendering="crispEdges" opacity=".5"/>"##,
        r##"<g id="g" style="isolation:isolate"><rect width="9" height="9" style="mix-blend-mode:color-dodge"/>
            <rect id="h" width="2" height="9" visibility="hidden"/></g>"##,
        r##"<radialGradient id="r" cx="5" cy="5" r="4" fx="6" fr=".5" spreadMethod="reflect"
            gradientUnits="userSpaceOnUse" gradientTransform="skewX(10)"><stop stop-color="#fff" stop-opacity=".2"/>
            <stop offset=".5"/><stop offset=".5" stop-color="#0f0"/><stop offset="1"/></radialGradient>
            <rect width="9" height="9" fill="url(#r)"/>"##,
        r##"<pattern id="p" x="1" y="2" width="3" height="4" patternUnits="userSpaceOnUse" patternTransform="scale(2)">
            <rect width="1" height="1"/></pattern><rect width="9" height="9" fill="url(#p)"/>"##,
        r##"<clipPath id="c" transform="translate(1)" clip-path="url(#d)"><rect width="9" height="9" clip-rule="evenodd"/>
            <rect x="3" width="9" height="9" clip-path="url(#d)"/></clipPath><clipPath id="d"><rect width="4" height="4"/>
            </clipPath><rect width="9" height="9" clip-path="url(#c)"/>"##,
        r##"<mask id="m" maskUnits="userSpaceOnUse" x="1" y="1" width="5" height="5" mask-type="alpha" mask="url(#n)">
            <rect width="9" height="9"/></mask><mask id="n" maskUnits="userSpaceOnUse" x="0" y="0" width="9" height="9">
            <rect width="4" height="4" fill="white"/></mask><rect width="9" height="9" mask="url(#m)"/>"##,
        r##"<image id="i" width="4" height="6" preserveAspectRatio="none" transform="translate(1 2)"
            style="image-rendering:pixelated;mix-blend-mode:hue"
            href="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"/>"##,
        r##"<filter id="filter" filterUnits="userSpaceOnUse" x="0" y="0" width="20" height="10">
            <feFlood x="1" y="1" width="5" height="5" flood-color="#abc" flood-opacity=".3" result="flood"/>
            <feTurbulence type="fractalNoise" baseFrequency=".1 .2" numOctaves="3" seed="-4" stitchTiles="stitch"
            result="noise" color-interpolation-filters="sRGB"/>
            <feComposite in="flood" in2="SourceAlpha" operator="arithmetic" k2=".5" k3="2" result="sum"/>
            <feConvolveMatrix order="2 1" kernelMatrix="1 -2" divisor="3" bias=".1" targetX="0" edgeMode="wrap"
            preserveAlpha="true" result="c"/><feDropShadow dx="1" dy="2" stdDeviation="3 4" result="drop"/>
            <feDisplacementMap in2="noise" scale="4" xChannelSelector="R" yChannelSelector="B" result="moved"/>
            <feComponentTransfer result="curve"><feFuncR type="gamma" amplitude="2" exponent="3" offset=".1"/>
            <feFuncG type="discrete" tableValues="0 .5 1"/><feFuncB type="linear" slope="2" intercept=".1"/>
            </feComponentTransfer><feDiffuseLighting surfaceScale="2" diffuseConstant=".5" lighting-color="#ff0"
            result="lit"><feSpotLight x="1" y="2" z="3" pointsAtX="4" specularExponent="2" limitingConeAngle="30"/>
            </feDiffuseLighting><feSpecularLighting specularExponent="9" result="shine"><feDistantLight azimuth="9"/>
            </feSpecularLighting><feMorphology operator="dilate" radius="1 2" result="fat"/><feTile result="tile"/>
            <feColorMatrix type="hueRotate" values="40" result="hue"/><feOffset dx="1" in="sum" result="off"/>
            <feGaussianBlur stdDeviation="1 0" result="blur"/><feImage href="#shape" result="img"/>
            <feBlend mode="soft-light" in2="SourceGraphic" result="mix"/><feMerge result="out"><feMergeNode in="blur"/>
            <feMergeNode in="mix"/></feMerge></filter><defs><rect id="shape" width="3" height="3"/></defs>
            <rect width="9" height="9" filter="url(#filter)"/>"##,
    ] {
        let (first, images) = read(&file(content));
        assert!(!first.root.children.is_empty(), "{content}");
        let (text, diagnostics) =
            export(&first, &|hash| images.get(hash).cloned(), &ExportOptions::default());
        assert_eq!(diagnostics, []);
        let (second, same_images) = read(&text);
        assert_eq!(second, first, "{text}");
        assert_eq!(same_images, images);
    }
}

#[test]
fn the_text_is_short_and_readable() {
    let style =
        TextStyle { fill: Some(Fill::new(Paint::Color(Color::rgb(255, 0, 0)))), ..TextStyle::default() };
    let mut text =
        Text::point("a < b", 1.0, 2.0, Default::default(), 4.0, TextAnchor::Start, Fill::default());
    text.chunks[0].spans.push(TextSpan { text: "!".to_owned(), style });
    text.chunks[0].spans[0].style.font.families = vec![FontFamily::SansSerif];
    let layer = Group {
        children: vec![
            Node { name: "A & B".to_owned(), ..text.into() },
            Node { visible: false, transform: Affine::translate((1.5, -2.0)), ..square(0.1 + 0.2).into() },
        ],
    };
    let node = Node { id: "layer 1".to_owned(), name: "Layer".to_owned(), ..layer.into() };
    let options = ExportOptions { background: Some(Color { a: 51, ..Color::WHITE }) };
    let (text, _) = export(&picture(vec![node], []), &|_| None, &options);
    let expected = r##"<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10" viewBox="0 0 20 10">
  <rect width="20" height="10" fill="#ffffff" fill-opacity="0.2"/>
  <g id="layer-1">
    <title>Layer</title>
    <text xml:space="preserve"><title>A &amp; B</title><tspan x="1" y="2" font-family="sans-serif" font-size="4">a &lt; b</tspan><tspan font-size="12" fill="#ff0000">!</tspan></text>
    <path transform="translate(1.5 -2)" visibility="hidden" d="M0.3 0H5.3V5H0.3Z"/>
  </g>
</svg>
"##;
    assert_eq!(text, expected);
}

#[test]
fn ids_are_valid_and_unique() {
    let named = |id: &str| Node { id: id.to_owned(), ..square(0.0).into() };
    let gradient = Resource::LinearGradient(LinearGradient {
        start: Default::default(),
        end: (5.0, 0.0).into(),
        stops: vec![Stop { offset: 0.0, color: Color { a: 51, ..Color::WHITE }, opacity: 0.5 }; 2],
        spread: Spread::Pad,
        transform: Affine::IDENTITY,
    });
    let painted = Path { fill: Some(Fill::new(Paint::Server("a".into()))), ..square(0.0) };
    let nodes = vec![named("a"), named("a"), named("1 ²(é)"), named("a-2"), named("filter"), painted.into()];
    let mut filtered =
        filtered(vec![("SourceAlpha", PrimitiveKind::Flood { color: Color::BLACK, opacity: 1.0 })]);
    filtered.transform = Affine::scale(2.0);
    let picture = picture([nodes, vec![filtered.clone(), filtered]].concat(), [("a", gradient)]);
    let text = write(&picture);
    let xml = roxmltree::Document::parse(&text).expect("it is well-formed");
    let ids: Vec<&str> = xml.descendants().filter_map(|node| node.attribute("id")).collect();
    assert_eq!(ids, ["a-3", "filter-2", "a", "a-2", "_1---é-", "a-2-2", "filter"]);
    for part in ["url(#a-3)", "stop-opacity=\"0.1\"", "result=\"SourceAlpha-2\""] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn references_that_draw_nothing_are_left_out() {
    let pattern = |fill: &str| {
        let painted = Path { fill: Some(Fill::new(Paint::Server(fill.into()))), ..square(0.0) };
        let tile = Rect::new(0.0, 0.0, 5.0, 5.0);
        Resource::Pattern(Pattern { tile, transform: Affine::IDENTITY, content: vec![painted.into()] })
    };
    let clip = Resource::ClipPath(ClipPath {
        clip: Some("clip".into()),
        content: vec![square(0.0).into()],
        ..ClipPath::default()
    });
    let with = |fill: &str, clip: &str, mask: &str| {
        let effects = Effects { clip: Some(clip.into()), mask: Some(mask.into()), ..Effects::default() };
        let path = Path { fill: Some(Fill::new(Paint::Server(fill.into()))), ..square(0.0) };
        Node { effects, ..path.into() }
    };
    let nodes =
        vec![with("one", "clip", "missing"), with("clip", "two", "one"), with("missing", "unused", "unused")];
    let resources =
        [("one", pattern("two")), ("two", pattern("one")), ("clip", clip), ("unused", pattern("one"))];
    let text = write(&picture(nodes, resources));
    let found: Vec<&str> = text.matches("url(#one)").chain(text.matches("url(#two)")).collect();
    assert_eq!(found, ["url(#one)", "url(#two)"], "{text}");
    assert_eq!(text.matches("url(#clip)").count(), 1, "{text}");
    assert_eq!(text.matches("fill=\"none\"").count(), 3, "{text}");
    assert!(!text.contains("mask"), "{text}");
    assert_eq!(read(&text).0.root.children.len(), 3);
}

#[test]
fn groups_in_clip_paths_become_shapes() {
    let clipped = |clip: &str, node: Node| Node {
        effects: Effects { clip: Some(clip.into()), ..Effects::default() },
        transform: Affine::translate((1.0, 0.0)),
        ..node
    };
    let group = |children: Vec<Node>| Node::from(Group { children });
    let inner = ClipPath { content: vec![square(0.0).into()], ..ClipPath::default() };
    let content = vec![
        group(vec![clipped("inner", square(1.0).into())]),
        clipped("inner", group(vec![clipped("inner", square(2.0).into()), square(3.0).into()])),
        Node { visible: false, ..group(vec![square(4.0).into()]) },
    ];
    let outer = Resource::ClipPath(ClipPath { content, ..ClipPath::default() });
    let picture = picture(
        vec![clipped("outer", square(0.0).into())],
        [("outer", outer), ("inner", Resource::ClipPath(inner))],
    );
    let text = write(&picture);
    let (again, _) = read(&text);
    let Some(clip) = again.resources.clip_path(&"outer".into()) else { panic!("{text}") };
    let shapes: Vec<(f64, f64, bool, bool)> = clip
        .content
        .iter()
        .map(|node| {
            let (shape, twice) = match &node.kind {
                NodeKind::Group(group) => (&group.children[0], true),
                _ => (node, false),
            };
            let NodeKind::Path(path) = &shape.kind else { panic!("{text}") };
            let moved = if twice { node.transform * shape.transform } else { node.transform };
            let clips = usize::from(twice) + usize::from(shape.effects.clip.is_some());
            (path.data.bounding_box().x0, moved.translation().x, clips == 2, shape.visible)
        })
        .collect();
    let expected =
        [(1.0, 1.0, false, true), (2.0, 2.0, true, true), (3.0, 1.0, false, true), (4.0, 0.0, false, false)];
    assert_eq!(shapes, expected, "{text}");
}

#[test]
fn filters_that_svg_has_no_form_for_draw_the_same() {
    let source = || Input::SourceGraphic;
    let nothing = PrimitiveKind::Image { content: "missing".to_owned() };
    let same = PrimitiveKind::Morphology {
        input: Input::Result("later".to_owned()),
        operator: MorphologyOperator::Erode,
        radius_x: 0.0,
        radius_y: 0.0,
    };
    let vivid = PrimitiveKind::ColorMatrix { input: source(), matrix: ColorMatrix::Saturate { amount: 2.0 } };
    let text = write(&picture(vec![filtered(vec![("", nothing), ("x", same), ("x", vivid)])], []));
    for line in [
        r##"<feFlood flood-color="#000000" flood-opacity="0" result="result"/>"##,
        r##"<feOffset in="result" result="x"/>"##,
        r##"<feColorMatrix in="SourceGraphic" values="1.787 -0.715 -0.072 0 0 -0.213 1.285 -0.072 0 0 -0.213 -0.715 1.928 0 0 0 0 0 1 0" result="x-2"/>"##,
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn images_are_embedded_once_or_reported() {
    let png: &[u8] = b"\x89PNG\r\n\x1a\n...";
    let image = |data: &[u8]| {
        let image =
            Image { data: BlobHash::of(data), width: 2.0, height: 3.0, rendering: Default::default() };
        Node { id: "photo".to_owned(), ..image.into() }
    };
    let picture = picture(vec![image(png), image(png), image(b"BM"), image(b"")], []);
    let assets = |hash: &BlobHash| [png, b"BM"].into_iter().find(|f| BlobHash::of(f) == *hash);
    let assets = |hash: &BlobHash| assets(hash).map(|file| Arc::new(file.to_vec()));
    let (text, diagnostics) = export(&picture, &assets, &ExportOptions::default());
    assert_eq!(text.matches("data:image/png;base64,iVBORw0KGgouLi4=").count(), 1, "{text}");
    assert_eq!(text.matches("<use ").count(), 2, "{text}");
    let messages: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].contains("photo: the image is in a format"), "{messages:?}");
    assert!(messages[1].contains("is not there"), "{messages:?}");
}

#[test]
fn depth_and_chains_need_no_stack() {
    let mut node: Node = square(0.0).into();
    for _ in 0..20_000 {
        node = Group { children: vec![node] }.into();
    }
    let names: Vec<String> = (0..20_000).map(|index| format!("s{index:05}")).collect();
    let link = |target: &String| {
        let kind = PrimitiveKind::Image { content: target.clone() };
        Resource::Symbol(Symbol { content: vec![filtered(vec![("", kind)])] })
    };
    let resources =
        names.iter().zip(&names[1..]).map(|(id, next)| (id.as_str().into(), link(next))).collect();
    let start = filtered(vec![("", PrimitiveKind::Image { content: names[0].clone() })]);
    let root = Group { children: vec![node, start] };
    let mut picture = Picture { width: 1.0, height: 1.0, root, resources: Resources(resources) };
    let (text, _) = export(&picture, &|_| None, &ExportOptions::default());
    assert_eq!(text.matches("<g>").count(), 20_000);
    assert_eq!(text.matches("<feImage").count(), 19_999);
    // The nested groups' own drop calls itself.
    while let Some(Node { kind: NodeKind::Group(group), .. }) = picture.root.children.first_mut() {
        picture.root.children = std::mem::take(&mut group.children);
    }
}

proptest! {
    #[test]
    fn numbers_are_exact_to_a_millionth_and_short(value in -1e9f64..1e9, small in -1.0f64..1.0, single in -1e4f32..1e4) {
        for value in [value, small, small * 1e-3] {
            let text = number(value);
            let read: f64 = text.parse().expect("it is a number");
            prop_assert!((read - value).abs() <= 1e-6 && (read - value).abs() <= (value.abs() * 1e-8).max(5e-13), "{text}");
        }
        let read: f32 = number(single.into()).parse().expect("it is a number");
        prop_assert!((read - single).abs() <= 5e-13 || read == single);
    }

    #[test]
    fn path_data_reads_as_the_same_path(points in prop::collection::vec((-999i32..999, -999i32..999, 0u8..5), 1..40)) {
        let mut path = BezPath::new();
        path.move_to((1.0, 2.0));
        for (x, y, kind) in points {
            let p = (f64::from(x) / 64.0, f64::from(y / 100) / 64.0);
            match kind {
                0 => path.move_to(p),
                1 => path.line_to(p),
                2 => path.quad_to((p.1, p.0), p),
                3 => path.curve_to((p.1, p.0), (p.0, p.0), p),
                _ => {
                    path.close_path();
                    path.move_to(p);
                }
            }
        }
        prop_assert_eq!(BezPath::from_svg(&attributes::path_data(&path)).expect("it is path data"), path);
    }
}
