//! The kernels against the formulas of the specification, written down once more in straight colour and doubles.

use proptest::prelude::*;

use super::*;
use crate::Depth;

type Straight = ([f64; 3], f64);

fn straight(pixel: [f64; 4]) -> Straight {
    let [r, g, b, a] = pixel;
    if a > 0.0 { ([r / a, g / a, b / a], a) } else { ([0.0; 3], 0.0) }
}

/// B(Cb, Cs) of section 10.
fn reference_mix(mode: BlendMode, cb: [f64; 3], cs: [f64; 3]) -> [f64; 3] {
    let lum = |c: [f64; 3]| 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2];
    let min = |c: [f64; 3]| c[0].min(c[1]).min(c[2]);
    let max = |c: [f64; 3]| c[0].max(c[1]).max(c[2]);
    let sat = |c: [f64; 3]| max(c) - min(c);
    let clip = |c: [f64; 3]| {
        let (l, n, x) = (lum(c), min(c), max(c));
        let mut c = c;
        if n < 0.0 {
            c = c.map(|v| l + (v - l) * l / (l - n));
        }
        if x > 1.0 {
            c = c.map(|v| l + (v - l) * (1.0 - l) / (x - l));
        }
        c
    };
    let set_lum = |c: [f64; 3], l: f64| clip(c.map(|v| v + l - lum(c)));
    let set_sat = |c: [f64; 3], s: f64| c.map(|v| if sat(c) > 0.0 { (v - min(c)) * s / sat(c) } else { 0.0 });
    match mode {
        BlendMode::Hue => return set_lum(set_sat(cs, sat(cb)), lum(cb)),
        BlendMode::Saturation => return set_lum(set_sat(cb, sat(cs)), lum(cb)),
        BlendMode::Color => return set_lum(cs, lum(cb)),
        BlendMode::Luminosity => return set_lum(cb, lum(cs)),
        _ => {}
    }
    std::array::from_fn(|i| {
        let (b, s) = (cb[i], cs[i]);
        let screen = |b: f64, s: f64| b + s - b * s;
        let hard_light = |b: f64, s: f64| if s <= 0.5 { b * 2.0 * s } else { screen(b, 2.0 * s - 1.0) };
        match mode {
            BlendMode::Normal => s,
            BlendMode::Multiply => b * s,
            BlendMode::Screen => screen(b, s),
            BlendMode::Overlay => hard_light(s, b),
            BlendMode::Darken => b.min(s),
            BlendMode::Lighten => b.max(s),
            BlendMode::ColorDodge if b == 0.0 => 0.0,
            BlendMode::ColorDodge if s >= 1.0 => 1.0,
            BlendMode::ColorDodge => (b / (1.0 - s)).min(1.0),
            BlendMode::ColorBurn if b >= 1.0 => 1.0,
            BlendMode::ColorBurn if s == 0.0 => 0.0,
            BlendMode::ColorBurn => 1.0 - ((1.0 - b) / s).min(1.0),
            BlendMode::HardLight => hard_light(b, s),
            BlendMode::SoftLight if s <= 0.5 => b - (1.0 - 2.0 * s) * b * (1.0 - b),
            BlendMode::SoftLight => {
                let d = if b <= 0.25 { ((16.0 * b - 12.0) * b + 4.0) * b } else { b.sqrt() };
                b + (2.0 * s - 1.0) * (d - b)
            }
            BlendMode::Difference => (b - s).abs(),
            BlendMode::Exclusion => b + s - 2.0 * b * s,
            _ => unreachable!("handled above"),
        }
    })
}

/// Source over with blending, premultiplied; `shown` scales the source.
fn reference(mode: BlendMode, dst: [f64; 4], src: [f64; 4], shown: f64) -> [f64; 4] {
    if mode == BlendMode::PlusLighter {
        return reference_operator(CompositeOperator::Lighter, dst, src, shown);
    }
    let (cb, ab) = straight(dst);
    let (cs, source_alpha) = straight(src);
    let a = source_alpha * shown;
    let mix = reference_mix(mode, cb, cs);
    let color = |i: usize| a * ((1.0 - ab) * cs[i] + ab * mix[i]) + (1.0 - a) * ab * cb[i];
    [color(0), color(1), color(2), a + ab * (1.0 - a)]
}

/// Section 9.
fn reference_operator(operator: CompositeOperator, dst: [f64; 4], src: [f64; 4], shown: f64) -> [f64; 4] {
    let src = src.map(|c| c * shown);
    let (a, b) = (src[3], dst[3]);
    let (fa, fb) = match operator {
        CompositeOperator::Clear => (0.0, 0.0),
        CompositeOperator::Copy => (1.0, 0.0),
        CompositeOperator::Destination => (0.0, 1.0),
        CompositeOperator::SourceOver => (1.0, 1.0 - a),
        CompositeOperator::DestinationOver => (1.0 - b, 1.0),
        CompositeOperator::SourceIn => (b, 0.0),
        CompositeOperator::DestinationIn => (0.0, a),
        CompositeOperator::SourceOut => (1.0 - b, 0.0),
        CompositeOperator::DestinationOut => (0.0, 1.0 - a),
        CompositeOperator::SourceAtop => (b, 1.0 - a),
        CompositeOperator::DestinationAtop => (1.0 - b, a),
        CompositeOperator::Xor => (1.0 - b, 1.0 - a),
        CompositeOperator::Lighter => (1.0, 1.0),
    };
    std::array::from_fn(|i| (src[i] * fa + dst[i] * fb).min(1.0))
}

/// Eight-bit pixels at all combinations of some opacities and colours, the channels differing.
fn grid() -> Vec<[u8; 4]> {
    let mut pixels = Vec::new();
    for a in [0u8, 1, 2, 37, 100, 128, 201, 254, 255] {
        for i in 0..=12u16 {
            let color = |i: u16| (u16::from(a) * (i % 13) / 12) as u8;
            pixels.push([color(i), color(i * 5), color(i * 7 + 3), a]);
            pixels.push([color(i), color(i), color(i + 1), a]);
        }
    }
    pixels
}

fn surface<P: crate::Sample>(pixels: Vec<[P; 4]>, width: u32) -> Surface {
    let height = pixels.len() as u32 / width;
    Surface::from_pixels(width, height, P::wrap(pixels)).unwrap()
}

/// Checks `result` against `expected(dst, src, shown)` for every pair of the grid.
fn check_bytes(
    name: &str,
    compose: impl Fn(&mut Surface, &Surface, f32, Option<&Mask>),
    expected: impl Fn([f64; 4], [f64; 4], f64) -> [f64; 4],
) {
    let grid = grid();
    let side = grid.len() as u32;
    let below: Vec<[u8; 4]> = grid.iter().flat_map(|&p| vec![p; grid.len()]).collect();
    let above: Vec<[u8; 4]> = grid.iter().flat_map(|_| grid.clone()).collect();
    let coverage: Vec<u8> = (0..below.len()).map(|i| [0, 1, 77, 128, 254, 255][i * 7 / 3 % 6]).collect();
    let mask = Mask::from_coverage(side, side, coverage.clone()).unwrap();
    let src = surface(above.clone(), side);
    for (opacity, masked) in
        [(1.0f32, false), (0.5, false), (0.37, false), (0.0, false), (1.0, true), (0.61, true)]
    {
        let mut dst = surface(below.clone(), side);
        compose(&mut dst, &src, opacity, masked.then_some(&mask));
        for (i, result) in dst.samples::<u8>().unwrap().iter().enumerate() {
            let unit = |p: [u8; 4]| p.map(|c| f64::from(c) / 255.0);
            let shown = f64::from(opacity) * if masked { f64::from(coverage[i]) / 255.0 } else { 1.0 };
            let exact = expected(unit(below[i]), unit(above[i]), shown);
            for c in 0..4 {
                let distance = (f64::from(result[c]) - (exact[c] * 255.0).round()).abs();
                assert!(
                    distance <= 1.0,
                    "{name} at {opacity} of {:?} on {:?}: {result:?}, exactly {exact:?}",
                    above[i],
                    below[i]
                );
            }
            assert!(result[..3].iter().all(|&c| c <= result[3]), "{name}: colour above alpha: {result:?}");
        }
    }
}

#[test]
fn bytes_are_within_one_step_of_the_rounded_exact_result_in_every_mode() {
    for &mode in BlendMode::ALL {
        check_bytes(
            mode.name(),
            |dst, src, opacity, mask| composite(dst, src, (0, 0), opacity, mode, mask),
            |dst, src, shown| reference(mode, dst, src, shown),
        );
    }
    for &operator in CompositeOperator::ALL {
        check_bytes(
            operator.name(),
            |dst, src, opacity, mask| composite_with(dst, src, (0, 0), opacity, operator, mask),
            |dst, src, shown| reference_operator(operator, dst, src, shown),
        );
    }
}

/// A valid premultiplied pixel; the ends of both ranges come up often.
fn float_pixel() -> impl Strategy<Value = [f32; 4]> {
    let unit = || prop_oneof![1 => Just(0.0f32), 1 => Just(1.0f32), 1 => Just(0.5f32), 4 => 0.0f32..1.0];
    (unit(), unit(), unit(), unit()).prop_map(|(r, g, b, a)| [r * a, g * a, b * a, a])
}

proptest! {
    #[test]
    fn floats_are_within_a_hundred_thousandth(
        pairs in prop::collection::vec((float_pixel(), float_pixel()), 1..80),
        opacity in 0.0f32..=1.0,
    ) {
        let width = pairs.len() as u32;
        let src = surface(pairs.iter().map(|p| p.0).collect(), width);
        let close = |name: &str, result: &Surface, expected: &dyn Fn([f64; 4], [f64; 4]) -> [f64; 4]| {
            for (result, (src, dst)) in result.samples::<f32>().unwrap().iter().zip(&pairs) {
                let exact = expected(dst.map(f64::from), src.map(f64::from));
                for c in 0..4 {
                    prop_assert!(
                        (f64::from(result[c]) - exact[c]).abs() <= 1e-5,
                        "{name} of {src:?} on {dst:?}: {result:?}, exactly {exact:?}"
                    );
                }
            }
            Ok(())
        };
        for &mode in BlendMode::ALL {
            let mut dst = surface(pairs.iter().map(|p| p.1).collect(), width);
            composite(&mut dst, &src, (0, 0), opacity, mode, None);
            close(mode.name(), &dst, &|d, s| reference(mode, d, s, f64::from(opacity)))?;
        }
        for &operator in CompositeOperator::ALL {
            let mut dst = surface(pairs.iter().map(|p| p.1).collect(), width);
            composite_with(&mut dst, &src, (0, 0), opacity, operator, None);
            close(operator.name(), &dst, &|d, s| reference_operator(operator, d, s, f64::from(opacity)))?;
        }
    }

    #[test]
    fn a_layer_anywhere_changes_just_what_it_covers(
        x in -40i32..60, y in -40i32..60, width in 0u32..40, height in 0u32..40,
        mask_width in 0u32..40, mask_height in 0u32..40, above_deep in any::<bool>(), below_deep in any::<bool>(),
    ) {
        let depth = |deep: bool| if deep { Depth::F32 } else { Depth::U8 };
        let below = surface(vec![[10u8, 20, 30, 40]; 50 * 50], 50).into_depth(depth(below_deep));
        let above = surface(vec![[200u8, 100, 0, 255]; (width * height) as usize], width.max(1));
        let above = Surface::from_pixels(width, height, above.into_pixels()).unwrap().into_depth(depth(above_deep));
        let mask = Mask::from_coverage(mask_width, mask_height, vec![255; (mask_width * mask_height) as usize]).unwrap();
        let mut over = below.clone();
        composite(&mut over, &above, (x, y), 1.0, BlendMode::Normal, Some(&mask));
        let mut only = below.clone();
        composite_with(&mut only, &above, (x, y), 1.0, CompositeOperator::Copy, Some(&mask));
        let (over, only) = (over.into_depth(Depth::U8), only.into_depth(Depth::U8));
        for py in 0..50 {
            for px in 0..50 {
                let (dx, dy) = (px - x, py - y);
                let covered = dx >= 0 && dy >= 0
                    && (dx as u32) < width.min(mask_width) && (dy as u32) < height.min(mask_height);
                let at = |s: &Surface| s.samples::<u8>().unwrap()[(py * 50 + px) as usize];
                prop_assert_eq!(at(&over), if covered { [200, 100, 0, 255] } else { [10, 20, 30, 40] });
                prop_assert_eq!(at(&only), if covered { [200, 100, 0, 255] } else { [0; 4] });
            }
        }
    }
}

#[test]
fn a_stack_equals_its_layers_one_by_one() {
    let layers: Vec<Surface> =
        (0..4u8).map(|i| surface(vec![[20 * i, 40, 10 * i, 90]; 37 * 41], 37)).collect();
    let stack: Vec<Layer<'_>> = layers
        .iter()
        .zip(BlendMode::ALL)
        .map(|(surface, &mode)| Layer { mode, offset: (3, -7), opacity: 0.7, ..Layer::new(surface) })
        .collect();
    let mut together = surface(vec![[50u8, 60, 70, 200]; 45 * 30], 45);
    let mut one_by_one = together.clone();
    composite_layers(&mut together, &stack);
    for layer in &stack {
        composite(&mut one_by_one, layer.surface, layer.offset, layer.opacity, layer.mode, layer.mask);
    }
    assert!(together == one_by_one);
}

#[test]
fn names_round_trip_and_unknown_ones_list_the_known() {
    for &mode in BlendMode::ALL {
        assert_eq!(mode.to_string().parse(), Ok(mode));
        assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
    }
    assert_eq!(serde_json::from_str::<BlendMode>("\"colorDodge\"").unwrap(), BlendMode::ColorDodge);
    for &operator in CompositeOperator::ALL {
        assert_eq!(operator.to_string().parse(), Ok(operator));
    }
    let error = "Multiply".parse::<BlendMode>().unwrap_err().to_string();
    assert!(error.starts_with("'Multiply' is no blend mode: write one of normal, multiply"), "{error}");
}
