//! The blur against the sampled Gaussian in doubles.

use proptest::prelude::*;

use super::*;
use crate::Depth;

/// One direction of the exact blur: `lines` of samples, each replaced by its convolution.
fn exact_line(line: &[f64], sigma: f64, edge: Edge) -> Vec<f64> {
    if sigma <= 0.0 {
        return line.to_vec();
    }
    let reach = (sigma * 9.0).ceil() as i64;
    let kernel: Vec<f64> =
        (-reach..=reach).map(|x| (-(x * x) as f64 / (2.0 * sigma * sigma)).exp()).collect();
    let total: f64 = kernel.iter().sum();
    let last = line.len() as i64 - 1;
    (0..=last)
        .map(|centre| {
            let samples = (-reach..=reach).map(|x| match edge {
                Edge::Clamp => line[(centre + x).clamp(0, last) as usize],
                Edge::Transparent if (0..=last).contains(&(centre + x)) => line[(centre + x) as usize],
                Edge::Transparent => 0.0,
            });
            kernel.iter().zip(samples).map(|(weight, sample)| weight * sample).sum::<f64>() / total
        })
        .collect()
}

fn exact(plane: &[f64], width: usize, sigma_x: f64, sigma_y: f64, edge: Edge) -> Vec<f64> {
    let height = plane.len() / width;
    let rows: Vec<Vec<f64>> = plane.chunks(width).map(|row| exact_line(row, sigma_x, edge)).collect();
    let mut result = vec![0.0; plane.len()];
    for x in 0..width {
        let column: Vec<f64> = rows.iter().map(|row| row[x]).collect();
        for (y, value) in exact_line(&column, sigma_y, edge).into_iter().enumerate() {
            result[y * width + x] = value;
        }
    }
    debug_assert_eq!(result.len(), width * height);
    result
}

/// Hard pictures: noise, a lone pixel, an edge, and stripes and a chessboard that beat with the lattice.
fn pictures(width: usize, height: usize, period: usize) -> Vec<(&'static str, Vec<[u8; 4]>)> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let every = |make: &mut dyn FnMut(usize, usize) -> [u8; 4]| -> Vec<[u8; 4]> {
        (0..width * height).map(|i| make(i % width, i / width)).collect()
    };
    let on_off = |on: bool| if on { [255; 4] } else { [0; 4] };
    vec![
        (
            "noise",
            every(&mut |_, _| {
                let a = random();
                [random().min(a), random().min(a), 0, a]
            }),
        ),
        ("lone pixel", every(&mut |x, y| on_off(x == width / 3 && y == height / 2))),
        ("edge", every(&mut |x, y| if x + y > width / 2 { [255, 128, 0, 255] } else { [0, 0, 0, 255] })),
        ("stripes", every(&mut |x, _| on_off((x / period).is_multiple_of(2)))),
        ("chessboard", every(&mut |x, y| on_off((x / period + y / period).is_multiple_of(2)))),
    ]
}

/// Checks both depths of every picture of this size. Rounding alone is off by 0.5.
fn check(width: usize, height: usize, sigma_x: f32, sigma_y: f32, edge: Edge) {
    let period = (sigma_x.max(sigma_y) / 2.0).round().max(1.0) as usize;
    for (name, pixels) in pictures(width, height, period) {
        let place = format!("{name} of {width}×{height} at {sigma_x}, {sigma_y}, {edge:?}");
        let mut bytes =
            Surface::from_pixels(width as u32, height as u32, Pixels::U8(pixels.clone())).unwrap();
        let mut floats = bytes.clone().into_depth(Depth::F32);
        gaussian(&mut bytes, sigma_x, sigma_y, edge);
        gaussian(&mut floats, sigma_x, sigma_y, edge);
        let (bytes, floats) = (bytes.samples::<u8>().unwrap(), floats.samples::<f32>().unwrap());
        for c in 0..4 {
            let plane: Vec<f64> = pixels.iter().map(|pixel| f64::from(pixel[c])).collect();
            let exact = exact(&plane, width, sigma_x.into(), sigma_y.into(), edge);
            for (i, exact) in exact.iter().enumerate() {
                let error = (f64::from(bytes[i][c]) - exact).abs();
                assert!(error <= 0.8, "{place}: byte {i} is {}, exactly {exact}", bytes[i][c]);
                let error = (f64::from(floats[i][c]) - exact / 255.0).abs();
                assert!(error <= 2e-5, "{place}: float {i} is {}, exactly {}", floats[i][c], exact / 255.0);
            }
        }
        assert!(bytes.iter().all(|p| p[..3].iter().all(|&c| c <= p[3])), "{place}: colour above alpha");
        assert!(floats.iter().all(|p| p[..3].iter().all(|&c| c <= p[3])), "{place}: colour above alpha");
    }
}

#[test]
fn every_width_of_gaussian_is_close_to_the_exact_one() {
    for edge in [Edge::Transparent, Edge::Clamp] {
        for sigma in [0.1, 0.5, 1.0, 2.0, 2.82, 2.84, 3.0, 4.3, 8.0, 20.0] {
            check(97, 61, sigma, sigma, edge);
        }
        check(30, 40, 150.0, 300.0, edge);
        check(300, 20, 12.0, 0.7, edge);
        check(20, 300, 0.7, 12.0, edge);
        check(150, 150, 0.0, 5.0, edge);
        check(150, 150, 5.0, 0.0, edge);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_size_and_deviation(
        width in 1usize..40, height in 1usize..40,
        sigma_x in 0.0f32..30.0, sigma_y in 0.0f32..30.0, clamp in any::<bool>(),
    ) {
        check(width, height, sigma_x, sigma_y, if clamp { Edge::Clamp } else { Edge::Transparent });
    }
}

#[test]
fn a_flat_picture_stays_flat_and_odd_deviations_do_nothing() {
    let flat = Surface::from_pixels(70, 50, Pixels::U8(vec![[10, 20, 200, 201]; 3500])).unwrap();
    for sigma in [0.6, 3.0, 40.0, 1e30, f32::INFINITY] {
        let mut blurred = flat.clone();
        gaussian(&mut blurred, sigma, sigma, Edge::Clamp);
        assert!(blurred == flat, "at {sigma}");
    }
    let (_, noise) = pictures(70, 50, 1).swap_remove(0);
    let noise = Surface::from_pixels(70, 50, Pixels::U8(noise)).unwrap();
    for sigma in [0.0, -3.0, f32::NAN, f32::NEG_INFINITY] {
        let mut blurred = noise.clone();
        gaussian(&mut blurred, sigma, sigma, Edge::Transparent);
        assert!(blurred == noise, "at {sigma}");
    }
}

#[test]
fn the_number_of_threads_does_not_show() {
    let (_, noise) = pictures(700, 300, 1).swap_remove(0);
    for (sigma_x, sigma_y) in [(1.5, 1.5), (9.0, 9.0), (30.0, 1.0)] {
        let blurred = |threads: usize| {
            let mut surface = Surface::from_pixels(700, 300, Pixels::U8(noise.clone())).unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| gaussian(&mut surface, sigma_x, sigma_y, Edge::Transparent));
            surface
        };
        assert!(blurred(1) == blurred(5));
    }
}
