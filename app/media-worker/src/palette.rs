//! 256 colours for a film.

/// Films of so many bytes are kept whole until their colours are chosen; of longer ones the beginning counts.
const KEPT: usize = 512 << 20;

/// Opaque colours, at most.
const MOST: usize = 255;

/// A picture with four bytes a pixel: red, green, blue, opacity.
pub type Pixels = Vec<u8>;

/// Chooses the colours of a film.
#[derive(Default)]
pub struct Film {
    waiting: Vec<Pixels>,
    bytes: usize,
    palette: Option<Palette>,
}

/// The colours, and which of them is nearest to any other.
pub struct Palette {
    colors: Vec<[u8; 3]>,
    /// Whether these are all that the film has.
    exact: bool,
    nearest: Vec<u16>,
}

impl Film {
    /// Takes a picture, and gives those whose colours are known.
    pub fn add(&mut self, picture: Pixels) -> Vec<Pixels> {
        if self.palette.is_some() {
            return vec![picture];
        }
        self.bytes += picture.len();
        self.waiting.push(picture);
        if self.bytes > KEPT { self.finish() } else { Vec::new() }
    }

    /// Chooses the colours, and gives all pictures that are left.
    pub fn finish(&mut self) -> Vec<Pixels> {
        let waiting = std::mem::take(&mut self.waiting);
        if self.palette.is_none() {
            self.palette = Some(Palette::of(&waiting));
        }
        waiting
    }

    /// The colours; none as long as none are chosen.
    pub fn palette(&mut self) -> Option<&mut Palette> {
        self.palette.as_mut()
    }
}

/// Colours that are alike.
#[derive(Clone, Copy, Default)]
struct Bucket {
    count: f64,
    sum: [f64; 3],
}

impl Bucket {
    fn mean(&self, channel: usize) -> f64 {
        self.sum.get(channel).map_or(0.0, |sum| sum / self.count.max(1.0))
    }
}

impl Palette {
    /// For these pictures.
    fn of(pictures: &[Pixels]) -> Self {
        let mut seen = std::collections::BTreeSet::new();
        let mut buckets = vec![Bucket::default(); 1 << 15];
        for pixel in pictures.iter().flat_map(|picture| picture.chunks_exact(4)) {
            let &[red, green, blue, opacity] = pixel else { continue };
            if opacity < 128 {
                continue;
            }
            if seen.len() <= MOST {
                seen.insert([red, green, blue]);
            }
            let at = usize::from(red >> 3) << 10 | usize::from(green >> 3) << 5 | usize::from(blue >> 3);
            if let Some(bucket) = buckets.get_mut(at) {
                bucket.count += 1.0;
                for (sum, value) in bucket.sum.iter_mut().zip([red, green, blue]) {
                    *sum += f64::from(value);
                }
            }
        }
        let exact = seen.len() <= MOST;
        let colors = if exact { seen.into_iter().collect() } else { divided(buckets) };
        Palette { colors, exact, nearest: vec![u16::MAX; 1 << 18] }
    }

    /// The colours as FFmpeg wants them: opacity, red, green, blue in a number, the last without opacity.
    pub fn entries(&self) -> [u32; 256] {
        let mut entries = [0xFF00_0000; 256];
        for (entry, [red, green, blue]) in entries.iter_mut().zip(&self.colors) {
            *entry |= u32::from(*red) << 16 | u32::from(*green) << 8 | u32::from(*blue);
        }
        entries[255] = 0x00FF_FFFF;
        entries
    }

    /// The numbers of the colours of a row of pixels.
    pub fn row(&mut self, y: usize, pixels: &[u8], into: &mut [u8]) {
        for (x, (pixel, to)) in pixels.chunks_exact(4).zip(into).enumerate() {
            let &[red, green, blue, opacity] = pixel else { continue };
            *to = if opacity < 128 { 255 } else { self.nearest([red, green, blue], x, y) };
        }
    }

    fn nearest(&mut self, color: [u8; 3], x: usize, y: usize) -> u8 {
        if self.exact {
            return self.colors.binary_search(&color).unwrap_or(0) as u8;
        }
        let off = dither(x, y);
        let [red, green, blue] = color.map(|value| (i32::from(value) + off).clamp(0, 255) as u8);
        let at = usize::from(red >> 2) << 12 | usize::from(green >> 2) << 6 | usize::from(blue >> 2);
        match self.nearest.get(at) {
            Some(&known) if known != u16::MAX => return known as u8,
            _ => {}
        }
        let distance = |known: &[u8; 3]| -> i32 {
            let centre = [red, green, blue].map(|value| i32::from(value & !3) + 2);
            known.iter().zip(centre).map(|(known, value)| (i32::from(*known) - value).pow(2)).sum()
        };
        let found = self.colors.iter().enumerate().min_by_key(|(_, known)| distance(known));
        let found = found.map_or(0, |(number, _)| number);
        if let Some(known) = self.nearest.get_mut(at) {
            *known = found as u16;
        }
        found as u8
    }
}

/// By how much a pixel is made lighter or darker, so that areas look like colours that are not there: an ordered pattern,
/// which stands still where pictures do.
///
/// Source: Bayer, "An optimum method for two-level rendition of continuous-tone pictures" (1973).
fn dither(x: usize, y: usize) -> i32 {
    let (x, y) = (x as i32, y as i32);
    let order = (0..3).fold(0, |order, bit| {
        let (x, y) = (x >> bit & 1, y >> bit & 1);
        order | ((x ^ y) << 1 | y) << (2 * (2 - bit))
    });
    order / 4 - 8
}

/// The means of the boxes that colours fall into when the box with the largest error is cut again and again, where its widest
/// channel has its mean.
///
/// Source: Heckbert, "Color image quantization for frame buffer display" (1982); Wu, "Efficient statistical computations for
/// optimal color quantization" (1991) for the choice of the box.
fn divided(buckets: Vec<Bucket>) -> Vec<[u8; 3]> {
    let filled: Vec<Bucket> = buckets.into_iter().filter(|bucket| bucket.count > 0.0).collect();
    let mut boxes = vec![measured(filled)];
    while boxes.len() < MOST {
        let largest = boxes.iter().enumerate().max_by(|(_, a), (_, b)| a.error.total_cmp(&b.error));
        let Some((at, _)) = largest.filter(|(_, it)| it.error > 0.0) else { break };
        let cut = boxes.swap_remove(at);
        let (low, high): (Vec<Bucket>, Vec<Bucket>) =
            cut.buckets.into_iter().partition(|bucket| bucket.mean(cut.axis) <= cut.mean[cut.axis]);
        boxes.extend([low, high].into_iter().filter(|half| !half.is_empty()).map(measured));
    }
    boxes.iter().map(|it| it.mean.map(|value| value.round().clamp(0.0, 255.0) as u8)).collect()
}

/// Buckets, and how far they are apart.
struct Measured {
    buckets: Vec<Bucket>,
    mean: [f64; 3],
    axis: usize,
    error: f64,
}

fn measured(buckets: Vec<Bucket>) -> Measured {
    let count: f64 = buckets.iter().map(|bucket| bucket.count).sum();
    let mean = [0, 1, 2].map(|channel| {
        let sum: f64 = buckets.iter().filter_map(|bucket| bucket.sum.get(channel)).sum();
        sum / count.max(1.0)
    });
    let errors = [0, 1, 2].map(|channel| -> f64 {
        buckets.iter().map(|it| it.count * (it.mean(channel) - mean[channel]).powi(2)).sum()
    });
    let axis = (0..3).max_by(|a, b| errors[*a].total_cmp(&errors[*b])).unwrap_or(0);
    // A single bucket cannot be cut.
    let error = if buckets.len() > 1 { errors.iter().sum() } else { 0.0 };
    Measured { buckets, mean, axis, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_are_kept_and_many_are_met_on_the_average() {
        let few: Pixels = (0..100_u8).flat_map(|it| [it, it * 2, 7, 255]).collect();
        let mut palette = Palette::of(std::slice::from_ref(&few));
        let mut row = vec![0; 100];
        palette.row(3, &few, &mut row);
        let entries = palette.entries();
        for (pixel, number) in few.chunks_exact(4).zip(&row) {
            let entry = entries[usize::from(*number)].to_be_bytes();
            assert_eq!([entry[1], entry[2], entry[3]], pixel[..3]);
        }
        let many: Pixels = (0..256 * 256)
            .flat_map(|it| [(it % 256) as u8, (it / 256) as u8, (it % 61) as u8, 255])
            .collect();
        let mut palette = Palette::of(std::slice::from_ref(&many));
        let entries = palette.entries();
        let (mut off, mut worst) = ([0_i64; 3], 0);
        for y in 0..256 {
            let (mut row, pixels) = (vec![0; 256], &many[y * 1024..(y + 1) * 1024]);
            palette.row(y, pixels, &mut row);
            for (pixel, number) in pixels.chunks_exact(4).zip(&row) {
                let entry = entries[usize::from(*number)].to_be_bytes();
                for channel in 0..3 {
                    let by = i64::from(entry[channel + 1]) - i64::from(pixel[channel]);
                    off[channel] += by;
                    worst = worst.max(by.abs());
                }
            }
        }
        assert!(off.iter().all(|sum| sum.abs() / 65536 <= 2), "{off:?}");
        assert!(worst < 64, "{worst}");
    }
}
