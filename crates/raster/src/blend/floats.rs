//! All blend modes in floats, on either depth: one plane per channel, chunk by chunk.

use crate::{
    Sample,
    blend::{BlendMode, CompositeOperator, Coverage, operator},
    dispatch::{self, Kernel},
};

/// Pixels that are blended together: enough for the loops to be vectorised rather than unrolled.
pub(super) const CHUNK: usize = 64;

/// Some pixels by channel: red, green, blue, alpha.
pub(super) type Planes = [[f32; CHUNK]; 4];

/// Composites the row `src` onto `dst`, which has the same length.
pub(super) fn composite<D: Planar, S: Planar>(
    dst: &mut [[D; 4]],
    src: &[[S; 4]],
    coverage: Coverage<'_>,
    mode: BlendMode,
) {
    match mode {
        BlendMode::Normal => separable(dst, src, coverage, |s, _, _, ab| s * ab),
        BlendMode::Multiply => separable(dst, src, coverage, |s, b, _, _| s * b),
        BlendMode::Screen => separable(dst, src, coverage, |s, b, a, ab| s * ab + b * a - s * b),
        BlendMode::Overlay => separable(dst, src, coverage, |s, b, a, ab| hard_light(b, s, ab, a)),
        BlendMode::Darken => separable(dst, src, coverage, |s, b, a, ab| less(s * ab, b * a)),
        BlendMode::Lighten => separable(dst, src, coverage, |s, b, a, ab| more(s * ab, b * a)),
        BlendMode::ColorDodge => separable(dst, src, coverage, color_dodge),
        BlendMode::ColorBurn => separable(dst, src, coverage, color_burn),
        BlendMode::HardLight => separable(dst, src, coverage, hard_light),
        BlendMode::SoftLight => separable(dst, src, coverage, soft_light),
        BlendMode::Difference => separable(dst, src, coverage, |s, b, a, ab| (s * ab - b * a).abs()),
        BlendMode::Exclusion => {
            separable(dst, src, coverage, |s, b, a, ab| s * ab + b * a - 2.0 * s * b);
        }
        BlendMode::Hue => mixed(dst, src, coverage, |s, b, a, ab| {
            let hue = with_saturation(s, saturation(b) * a);
            with_luminosity(hue, luminosity(b) * a, a * ab)
        }),
        BlendMode::Saturation => mixed(dst, src, coverage, |s, b, a, ab| {
            let dull = with_saturation(b, saturation(s) * ab);
            with_luminosity(dull, luminosity(b) * a, a * ab)
        }),
        BlendMode::Color => mixed(dst, src, coverage, |s, b, a, ab| {
            with_luminosity(s.map(|c| c * ab), luminosity(b) * a, a * ab)
        }),
        BlendMode::Luminosity => mixed(dst, src, coverage, |s, b, a, ab| {
            with_luminosity(b.map(|c| c * a), luminosity(s) * ab, a * ab)
        }),
        BlendMode::PlusLighter => operator::row(dst, src, coverage, CompositeOperator::Lighter),
    }
}

/// Composites with a mode that looks at one channel at a time: `mix(cs, cb, αs, αb)` = αs·αb·B(Cb, Cs).
fn separable<D: Planar, S: Planar>(
    dst: &mut [[D; 4]],
    src: &[[S; 4]],
    coverage: Coverage<'_>,
    mix: impl Fn(f32, f32, f32, f32) -> f32,
) {
    mixed(dst, src, coverage, |s, b, a, ab| {
        [mix(s[0], b[0], a, ab), mix(s[1], b[1], a, ab), mix(s[2], b[2], a, ab)]
    });
}

/// Composites with a mode that looks at all channels: `mix(cs, cb, αs, αb)` = αs·αb·B(Cb, Cs).
fn mixed<D: Planar, S: Planar>(
    dst: &mut [[D; 4]],
    src: &[[S; 4]],
    coverage: Coverage<'_>,
    mix: impl Fn([f32; 3], [f32; 3], f32, f32) -> [f32; 3],
) {
    dispatch::run(Row { dst, src, coverage, mix });
}

struct Row<'a, D, S, F> {
    dst: &'a mut [[D; 4]],
    src: &'a [[S; 4]],
    coverage: Coverage<'a>,
    mix: F,
}

impl<D: Planar, S: Planar, F> Kernel for Row<'_, D, S, F>
where
    F: Fn([f32; 3], [f32; 3], f32, f32) -> [f32; 3],
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for_chunks(self.dst, self.src, self.coverage, |dst, src, shown| {
            for i in 0..CHUNK {
                let (s, b) = ([src[0][i], src[1][i], src[2][i]], [dst[0][i], dst[1][i], dst[2][i]]);
                let (source_alpha, alpha) = (src[3][i], dst[3][i]);
                let mixed = (self.mix)(s, b, source_alpha, alpha);
                // The result is affine in the coverage: B looks at straight colour, which coverage does not change.
                for c in 0..3 {
                    let change = s[c] * (1.0 - alpha) - b[c] * source_alpha + mixed[c];
                    dst[c][i] = b[c] + change * shown[i];
                }
                dst[3][i] = alpha + source_alpha * (1.0 - alpha) * shown[i];
            }
        });
    }
}

/// Calls `work` with the pixels of a row in chunks (target, source, coverage), and stores the target. The last
/// chunk is filled up with transparent pixels.
#[inline(always)]
pub(super) fn for_chunks<D: Planar, S: Planar>(
    dst: &mut [[D; 4]],
    src: &[[S; 4]],
    coverage: Coverage<'_>,
    work: impl Fn(&mut Planes, &Planes, &[f32; CHUNK]),
) {
    let length = dst.len();
    for start in (0..length).step_by(CHUNK) {
        let end = (start + CHUNK).min(length);
        let mut shown = [coverage.opacity; CHUNK];
        if let Some(mask) = coverage.mask {
            for (shown, &mask) in shown.iter_mut().zip(&mask[start..end]) {
                *shown *= mask.to_unit();
            }
        }
        let mut target = load(&dst[start..end]);
        work(&mut target, &load(&src[start..end]), &shown);
        store(&target, &mut dst[start..end]);
    }
}

/// A channel type whose pixels can be taken apart into planes and put together again.
pub(super) trait Planar: Sample {
    /// The channels in 0–1.
    fn split(pixels: &[[Self; 4]; CHUNK]) -> Planes;

    /// The pixels of `planes`, which are clamped to 0–1 where the type needs it.
    fn join(planes: &Planes) -> [[Self; 4]; CHUNK];
}

impl Planar for u8 {
    #[inline(always)]
    fn split(pixels: &[[u8; 4]; CHUNK]) -> Planes {
        let words = pixels.map(u32::from_le_bytes);
        let plane = |shift: u32| words.map(|word| (word >> shift & 0xff) as i32 as f32 / 255.0);
        [plane(0), plane(8), plane(16), plane(24)]
    }

    #[inline(always)]
    fn join(planes: &Planes) -> [[u8; 4]; CHUNK] {
        let [r, g, b, a] = planes;
        let byte = |unit: f32| u32::from(u8::from_unit(unit));
        let mut pixels = [[0; 4]; CHUNK];
        for i in 0..CHUNK {
            let word = byte(r[i]) | byte(g[i]) << 8 | byte(b[i]) << 16 | byte(a[i]) << 24;
            pixels[i] = word.to_le_bytes();
        }
        pixels
    }
}

impl Planar for f32 {
    #[inline(always)]
    fn split(pixels: &[[f32; 4]; CHUNK]) -> Planes {
        let mut planes = [[0.0; CHUNK]; 4];
        for i in 0..CHUNK {
            for c in 0..4 {
                planes[c][i] = pixels[i][c];
            }
        }
        planes
    }

    #[inline(always)]
    fn join(planes: &Planes) -> [[f32; 4]; CHUNK] {
        let mut pixels = [[0.0; 4]; CHUNK];
        for i in 0..CHUNK {
            for c in 0..4 {
                pixels[i][c] = planes[c][i];
            }
        }
        pixels
    }
}

/// The planes of up to one chunk of pixels, filled up with transparent ones.
#[inline(always)]
fn load<P: Planar>(pixels: &[[P; 4]]) -> Planes {
    match pixels.first_chunk::<CHUNK>() {
        Some(whole) => P::split(whole),
        None => {
            let mut chunk = [[P::default(); 4]; CHUNK];
            chunk[..pixels.len()].copy_from_slice(pixels);
            P::split(&chunk)
        }
    }
}

#[inline(always)]
fn store<P: Planar>(planes: &Planes, pixels: &mut [[P; 4]]) {
    let chunk = P::join(planes);
    match pixels.first_chunk_mut::<CHUNK>() {
        Some(whole) => *whole = chunk,
        None => pixels.copy_from_slice(&chunk[..pixels.len()]),
    }
}

/// The smaller of two; one compare, unlike `f32::min`.
#[inline(always)]
fn less(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The larger of two.
#[inline(always)]
fn more(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
fn hard_light(s: f32, b: f32, source_alpha: f32, alpha: f32) -> f32 {
    let multiplied = 2.0 * s * b;
    let screened = source_alpha * alpha - 2.0 * (alpha - b) * (source_alpha - s);
    if 2.0 * s <= source_alpha { multiplied } else { screened }
}

/// Where a division is by zero, the quotient is infinite or no number, and `less` gives the limit.
#[inline(always)]
fn color_dodge(s: f32, b: f32, source_alpha: f32, alpha: f32) -> f32 {
    let limit = source_alpha * alpha;
    let dodged = less(source_alpha * source_alpha * b / (source_alpha - s), limit);
    if b > 0.0 { dodged } else { 0.0 }
}

#[inline(always)]
fn color_burn(s: f32, b: f32, source_alpha: f32, alpha: f32) -> f32 {
    let limit = source_alpha * alpha;
    let burnt = limit - less(source_alpha * source_alpha * (alpha - b) / s, limit);
    if b < alpha { burnt } else { limit }
}

#[inline(always)]
fn soft_light(s: f32, b: f32, source_alpha: f32, alpha: f32) -> f32 {
    let straight = if alpha > 0.0 { b / alpha } else { 0.0 };
    let light = 2.0 * s - source_alpha;
    let darker = b * (1.0 - straight);
    let polynomial = ((16.0 * straight - 12.0) * straight + 4.0) * straight;
    let curve = if straight <= 0.25 { polynomial } else { straight.sqrt() };
    let lighter = alpha * curve - b;
    source_alpha * b + light * if light <= 0.0 { darker } else { lighter }
}

#[inline(always)]
fn luminosity([r, g, b]: [f32; 3]) -> f32 {
    0.3 * r + 0.59 * g + 0.11 * b
}

#[inline(always)]
fn saturation([r, g, b]: [f32; 3]) -> f32 {
    more(more(r, g), b) - less(less(r, g), b)
}

/// `color` stretched so that its channels span 0 to `target`; the differences are taken first, where they are exact.
#[inline(always)]
fn with_saturation(color: [f32; 3], target: f32) -> [f32; 3] {
    let low = less(less(color[0], color[1]), color[2]);
    let span = saturation(color);
    let ratio = |c: f32| if span > 0.0 { (c - low) / span * target } else { 0.0 };
    [ratio(color[0]), ratio(color[1]), ratio(color[2])]
}

/// `color` moved to luminosity `target` and pulled towards it until it lies in 0 to `limit`.
#[inline(always)]
fn with_luminosity(color: [f32; 3], target: f32, limit: f32) -> [f32; 3] {
    let shift = target - luminosity(color);
    let moved = [color[0] + shift, color[1] + shift, color[2] + shift];
    let light = luminosity(moved);
    let low = less(less(moved[0], moved[1]), moved[2]);
    let high = more(more(moved[0], moved[1]), moved[2]);
    // Greys may overshoot by a rounding error, and have no way to be pulled but the last clamp.
    let up = if low < less(light, 0.0) { light / (light - low) } else { 1.0 };
    let down = if high > more(light, limit) { (limit - light) / (high - light) } else { 1.0 };
    let pull = up * down;
    let clip = |c: f32| less(more(light + (c - light) * pull, 0.0), limit);
    [clip(moved[0]), clip(moved[1]), clip(moved[2])]
}
