//! `feBlend`, `feComposite` and `feMerge`: two layers into one.

use super::{
    attributes::CompositeOperator,
    raster::{Raster, Rgba, mul255, quantise},
};
use raster::blend::{self, BlendMode};

/// `feBlend`: `top` on `bottom`.
pub(super) fn blend(top: Raster, bottom: Raster, mode: BlendMode) -> Raster {
    let mut below = bottom.into_surface();
    blend::composite(&mut below, &top.into_surface(), (0, 0), 1.0, mode, None);
    Raster::of(below)
}

/// `feComposite`.
pub(super) fn composite(source: &Raster, destination: Raster, operator: CompositeOperator) -> Raster {
    // Porter and Duff (1984): each layer counts by a factor that follows from the other one's alpha.
    let duff = |destination: Raster, factors: fn(u8, u8) -> (u8, u8)| {
        destination.zip(source, |d, s| {
            let (by_source, by_destination) = factors(s[3], d[3]);
            std::array::from_fn(|i| mul255(s[i], by_source).saturating_add(mul255(d[i], by_destination)))
        })
    };
    match operator {
        CompositeOperator::Over => over(source, destination),
        CompositeOperator::In => duff(destination, |_, d| (d, 0)),
        CompositeOperator::Out => duff(destination, |_, d| (255 - d, 0)),
        CompositeOperator::Atop => duff(destination, |s, d| (d, 255 - s)),
        CompositeOperator::Xor => duff(destination, |s, d| (255 - d, 255 - s)),
        CompositeOperator::Lighter => duff(destination, |_, _| (255, 255)),
        CompositeOperator::Arithmetic { k1, k2, k3, k4 } => destination.zip(source, |d, s| {
            let [r, g, b, a]: Rgba = std::array::from_fn(|i| {
                let (s, d) = (f32::from(s[i]) / 255.0, f32::from(d[i]) / 255.0);
                quantise(k1 * s * d + k2 * s + k3 * d + k4)
            });
            [r.min(a), g.min(a), b.min(a), a]
        }),
    }
}

/// `top` over `bottom`.
pub(super) fn over(top: &Raster, bottom: Raster) -> Raster {
    bottom.zip(top, |d, s| std::array::from_fn(|i| s[i].saturating_add(mul255(d[i], 255 - s[3]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_weigh_the_layers_by_coverage() {
        let (source, destination) =
            (Raster::filled(1, 1, [128, 0, 0, 128]), Raster::filled(1, 1, [0, 64, 0, 64]));
        let arithmetic = CompositeOperator::Arithmetic { k1: 0.0, k2: 0.5, k3: 1.0, k4: 0.25 };
        let broken = CompositeOperator::Arithmetic { k1: f32::NAN, k2: 0.0, k3: 0.0, k4: f32::INFINITY };
        for (operator, expected) in [
            (CompositeOperator::Over, [128, 32, 0, 160]),
            (CompositeOperator::In, [32, 0, 0, 32]),
            (CompositeOperator::Out, [96, 0, 0, 96]),
            (CompositeOperator::Atop, [32, 32, 0, 64]),
            (CompositeOperator::Xor, [96, 32, 0, 128]),
            (CompositeOperator::Lighter, [128, 64, 0, 192]),
            (arithmetic, [128, 128, 64, 192]),
            (broken, [0, 0, 0, 0]),
        ] {
            assert_eq!(composite(&source, destination.clone(), operator).pixels, [expected], "{operator:?}");
        }
        assert_eq!(blend(source.clone(), destination.clone(), BlendMode::Normal).pixels, [[128, 32, 0, 160]]);
        let multiplied = blend(source, destination, BlendMode::Multiply).pixels[0];
        assert_eq!(multiplied, [96, 32, 0, 160]);
    }
}
