//! Filters as a whole.

use base::Color;
use proptest::prelude::*;
use tiny_skia::Transform;

use super::{raster::Rgba, *};
use ::raster::{Pixels, Surface, blend::BlendMode};

const WHOLE: Region = Region { x: 0.0, y: 0.0, width: 10.0, height: 10.0 };

fn primitive(region: Region, result: &str, kind: PrimitiveKind) -> Primitive {
    Primitive { region, color_space: ColorSpace::LinearRgb, result: result.to_owned(), kind }
}

fn flood(color: Color, opacity: f32) -> PrimitiveKind {
    PrimitiveKind::Flood { color, opacity }
}

fn even(side: u32, pixel: Rgba) -> Surface {
    Surface::from_pixels(side, side, Pixels::U8(vec![pixel; (side * side) as usize])).expect("its size")
}

fn source() -> Surface {
    even(20, [200, 100, 0, 255])
}

fn run(primitives: Vec<Primitive>) -> Surface {
    let filter = Filter { region: WHOLE, primitives };
    apply(&filter, source(), Transform::from_scale(2.0, 2.0), &mut |_, _, _| None, None).expect("it runs")
}

fn pixels(surface: &Surface) -> &[Rgba] {
    surface.samples::<u8>().unwrap_or_default()
}

fn at(surface: &Surface, x: u32, y: u32) -> Rgba {
    pixels(surface)[(y * surface.width() + x) as usize]
}

#[test]
fn results_are_found_by_name_and_cut_to_their_regions() {
    let part = Region { x: 2.0, y: 3.0, width: 4.0, height: 4.0 };
    let out = run(vec![
        primitive(part, "patch", flood(Color::rgb(0, 90, 255), 1.0)),
        primitive(WHOLE, "other", flood(Color::WHITE, 1.0)),
        primitive(
            WHOLE,
            "",
            PrimitiveKind::Merge { inputs: vec![Input::SourceGraphic, Input::Result("patch".to_owned())] },
        ),
    ]);
    assert_eq!(at(&out, 4, 6), [0, 90, 255, 255]);
    assert_eq!(at(&out, 11, 13), [0, 90, 255, 255]);
    for (x, y) in [(3, 6), (12, 6), (4, 5), (4, 14)] {
        let [r, g, b, a] = at(&out, x, y);
        assert!(r.abs_diff(200) <= 1 && g.abs_diff(100) <= 1 && b == 0 && a == 255, "{x} {y}");
    }
}

#[test]
fn an_offset_hands_its_inputs_region_to_a_tile() {
    let cell = Region { x: 0.0, y: 0.0, width: 2.0, height: 2.0 };
    let input = |name: &str| Input::Result(name.to_owned());
    let out = run(vec![
        primitive(cell, "cell", flood(Color::BLACK, 1.0)),
        primitive(WHOLE, "moved", PrimitiveKind::Offset { input: input("cell"), dx: 1.0, dy: 0.0 }),
        primitive(WHOLE, "tiles", PrimitiveKind::Tile { input: input("moved") }),
    ]);
    let row: Vec<u8> = (0..9).map(|x| at(&out, x, 17)[3]).collect();
    assert_eq!(row, [0, 0, 255, 255, 0, 0, 255, 255, 0]);
}

#[test]
fn images_are_drawn_from_the_corner_of_their_region() {
    let part = Region { x: 1.0, y: 2.0, width: 3.0, height: 3.0 };
    let filter = Filter {
        region: Region { x: -5.0, ..WHOLE },
        primitives: vec![primitive(part, "", PrimitiveKind::Image { content: "logo".to_owned() })],
    };
    let mut asked = vec![];
    let ts = Transform::from_row(2.0, 0.0, 0.0, 3.0, 4.0, 0.0);
    let mut black = |name: &str, transform: Transform, [width, height]: [u32; 2]| {
        asked.push((name.to_owned(), transform));
        let black = Pixels::U8(vec![[0, 0, 0, 255]; (width * height) as usize]);
        Surface::from_pixels(width, height, black).ok()
    };
    let out = apply(&filter, source(), ts, &mut black, None);
    assert_eq!(asked, [("logo".to_owned(), Transform::from_row(2.0, 0.0, 0.0, 3.0, 6.0, 6.0))]);
    let out = out.expect("it runs");
    let covered = pixels(&out).iter().filter(|p| p[3] == 255).count();
    assert_eq!((covered, at(&out, 6, 6)[3]), (6 * 9, 255));
}

#[test]
fn what_has_no_area_draws_nothing_or_is_refused() {
    assert!(pixels(&run(vec![])).iter().all(|pixel| *pixel == [0; 4]));
    let kinds = vec![primitive(WHOLE, "", flood(Color::BLACK, 1.0))];
    let mut image = |_: &str, _: Transform, _: [u32; 2]| None;
    for region in [Region { width: 0.0, ..WHOLE }, Region { x: 50.0, ..WHOLE }] {
        let filter = Filter { region, primitives: kinds.clone() };
        let out = apply(&filter, source(), Transform::identity(), &mut image, None).expect("it runs");
        assert!(pixels(&out).iter().all(|pixel| *pixel == [0; 4]));
    }
    let filter = Filter { region: WHOLE, primitives: kinds };
    let flat = apply(&filter, source(), Transform::from_scale(1.0, 0.0), &mut image, None);
    assert_eq!(flat.map(|_| ()), Err(FilterError::Transform));
}

fn number() -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => -20.0f32..20.0,
        1 => prop::sample::select(vec![0.0, 1e9, -1e9, f32::MAX, f32::INFINITY, f32::NAN, 1e-30]),
    ]
}

fn kind() -> impl Strategy<Value = PrimitiveKind> {
    let input = || {
        prop::sample::select(vec![Input::SourceGraphic, Input::SourceAlpha, Input::Result("r".to_owned())])
    };
    (input(), input(), prop::array::uniform8(number()), any::<u8>()).prop_map(|(input1, input2, n, pick)| {
        let input = input1.clone();
        let light = match pick % 3 {
            0 => LightSource::Distant { azimuth: n[0], elevation: n[1] },
            1 => LightSource::Point { x: n[0], y: n[1], z: n[2] },
            _ => LightSource::Spot {
                x: n[0],
                y: n[1],
                z: n[2],
                points_at_x: n[3],
                points_at_y: n[4],
                points_at_z: n[5],
                specular_exponent: n[6],
                limiting_cone_angle: Some(n[7]),
            },
        };
        let color = Color { r: pick, g: 200, b: 3, a: 200 };
        match pick % 16 {
            0 => PrimitiveKind::Blend { input1, input2, mode: BlendMode::Hue },
            1 => PrimitiveKind::ColorMatrix { input, matrix: ColorMatrix::HueRotate { degrees: n[0] } },
            2 => PrimitiveKind::ComponentTransfer {
                input,
                red: TransferFunction::Table { values: n.to_vec() },
                green: TransferFunction::Discrete { values: n.to_vec() },
                blue: TransferFunction::Linear { slope: n[0], intercept: n[1] },
                alpha: TransferFunction::Gamma { amplitude: n[2], exponent: n[3], offset: n[4] },
            },
            3 => PrimitiveKind::Composite {
                input1,
                input2,
                operator: CompositeOperator::Arithmetic { k1: n[0], k2: n[1], k3: n[2], k4: n[3] },
            },
            4 => PrimitiveKind::ConvolveMatrix {
                input,
                columns: 4,
                rows: 2,
                target_x: 3,
                target_y: 0,
                kernel: n.to_vec(),
                divisor: n[0],
                bias: n[1],
                edge_mode: if pick > 99 { EdgeMode::Wrap } else { EdgeMode::Duplicate },
                preserve_alpha: pick > 50,
            },
            5 => PrimitiveKind::DiffuseLighting {
                input,
                surface_scale: n[6],
                diffuse_constant: n[7],
                lighting_color: color,
                light,
            },
            6 => PrimitiveKind::SpecularLighting {
                input,
                surface_scale: n[6],
                specular_constant: n[7],
                specular_exponent: n[0],
                lighting_color: color,
                light,
            },
            7 => PrimitiveKind::DisplacementMap {
                input1,
                input2,
                scale: n[0],
                x_channel: Channel::Red,
                y_channel: Channel::Alpha,
            },
            8 => PrimitiveKind::DropShadow {
                input,
                dx: n[0],
                dy: n[1],
                std_dev_x: n[2],
                std_dev_y: n[3],
                color,
                opacity: n[4],
            },
            9 => flood(color, n[0]),
            10 => PrimitiveKind::GaussianBlur { input, std_dev_x: n[0], std_dev_y: n[1] },
            11 => PrimitiveKind::Merge { inputs: vec![input1, input2] },
            12 => PrimitiveKind::Morphology {
                input,
                operator: MorphologyOperator::Dilate,
                radius_x: n[0],
                radius_y: n[1],
            },
            13 => PrimitiveKind::Offset { input, dx: n[0], dy: n[1] },
            14 => PrimitiveKind::Tile { input },
            _ => PrimitiveKind::Turbulence {
                base_frequency_x: n[0],
                base_frequency_y: n[1],
                num_octaves: pick.into(),
                seed: n[2] as i32,
                stitch_tiles: pick > 99,
                noise: TurbulenceKind::FractalNoise,
            },
        }
    })
}

fn region() -> impl Strategy<Value = Region> {
    prop_oneof![
        Just(WHOLE),
        (number(), number(), number(), number()).prop_map(|(x, y, width, height)| Region {
            x,
            y,
            width,
            height
        }),
    ]
}

proptest! {
    #[test]
    fn any_filter_gives_valid_pixels_and_the_same_ones_for_any_number_of_threads(
        steps in prop::collection::vec((region(), kind(), any::<bool>()), 1..6),
        filter_region in region(),
        ts in prop::array::uniform6(number()),
    ) {
        let primitives = steps
            .into_iter()
            .map(|(region, kind, linear)| {
                let color_space = if linear { ColorSpace::LinearRgb } else { ColorSpace::Srgb };
                Primitive { region, color_space, result: "r".to_owned(), kind }
            })
            .collect();
        let filter = Filter { region: filter_region, primitives };
        let [a, b, c, d, e, f] = ts;
        let outcome = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("it starts");
            let ts = Transform::from_row(a, b, c, d, e, f);
            pool.install(|| apply(&filter, source(), ts, &mut |_, _, _| None, None))
        };
        let (one, three) = (outcome(1), outcome(3));
        match (one, three) {
            (Ok(one), Ok(three)) => {
                prop_assert_eq!(pixels(&one), pixels(&three));
                for [r, g, b, a] in pixels(&one) {
                    prop_assert!(r <= a && g <= a && b <= a);
                }
            }
            (one, three) => prop_assert_eq!(one.map(|_| ()), three.map(|_| ())),
        }
    }

    #[test]
    fn pixels_out_of_reach_do_not_matter(
        kinds in prop::collection::vec((kind(), any::<bool>()), 1..4),
        seed in any::<u32>(),
    ) {
        const SIDE: u32 = 48;
        const SEEN: std::ops::Range<u32> = 22..26;
        let mut state = seed | 1;
        let source: Vec<Rgba> = (0..SIDE * SIDE).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [r, g, b, a] = state.to_be_bytes();
            [r.min(a), g.min(a), b.min(a), a]
        }).collect();
        let far = Region { x: -1e6, y: -1e6, width: 2e6, height: 2e6 };
        // Lamps and noise have places that are rounded differently from another corner.
        let exact = |kind: &PrimitiveKind| {
            use PrimitiveKind as Kind;
            !matches!(kind, Kind::DiffuseLighting { .. } | Kind::SpecularLighting { .. } | Kind::Turbulence { .. })
        };
        let primitives: Vec<_> = kinds
            .into_iter()
            .filter(|(kind, _)| exact(kind))
            .map(|(kind, linear)| {
                let color_space = if linear { ColorSpace::LinearRgb } else { ColorSpace::Srgb };
                Primitive { region: far, color_space, result: "r".to_owned(), kind }
            })
            .collect();
        let filter = Filter { region: far, primitives };
        let Some([x, y]) = reach(&filter, Transform::identity()) else { return Ok(()) };
        let range = |reach: u32| SEEN.start.saturating_sub(reach)..SEEN.end.saturating_add(reach).min(SIDE);
        let outcome = |columns: std::ops::Range<u32>, rows: std::ops::Range<u32>| -> Vec<Rgba> {
            let taken = rows.clone().flat_map(|y| columns.clone().map(move |x| (x, y)));
            let part = taken.map(|(x, y)| source[(y * SIDE + x) as usize]).collect();
            let size = (columns.len() as u32, rows.len() as u32);
            let part = Surface::from_pixels(size.0, size.1, Pixels::U8(part)).expect("its size");
            let ts = Transform::from_translate(-(columns.start as f32), -(rows.start as f32));
            let out = apply(&filter, part, ts, &mut |_, _, _| None, None).expect("it runs");
            let seen = SEEN.flat_map(|y| SEEN.map(move |x| (x, y)));
            seen.map(|(x, y)| at(&out, x - columns.start, y - rows.start)).collect()
        };
        prop_assert_eq!(outcome(range(x), range(y)), outcome(0..SIDE, 0..SIDE));
    }

    #[test]
    fn filters_that_do_not_paint_alone_leave_nothing_as_it_is(
        kinds in prop::collection::vec((kind(), any::<bool>()), 1..4),
    ) {
        let primitives = kinds.into_iter().map(|(kind, linear)| {
            let color_space = if linear { ColorSpace::LinearRgb } else { ColorSpace::Srgb };
            Primitive { region: WHOLE, color_space, result: "r".to_owned(), kind }
        });
        let filter = Filter { region: WHOLE, primitives: primitives.collect() };
        if !paints_alone(&filter) {
            let out = apply(&filter, even(10, [0; 4]), Transform::identity(), &mut |_, _, _| None, None);
            prop_assert!(pixels(&out.expect("it runs")).iter().all(|pixel| *pixel == [0; 4]));
        }
    }
}
