//! Filling outlines: which part of each pixel lies inside.
//!
//! With smooth edges the coverage is exact up to rounding: each segment adds its signed area to the cells
//! that it crosses, and the running sum along a row is the winding-weighted coverage (the method of
//! FreeType's and font-rs's rasterisers). Without, a pixel is inside where its centre is; a centre on an edge
//! belongs to what lies left of it and above.

use super::{area::Area, outline::Outline};
use crate::picture::FillRule;

/// Pixels whose cells are marked as touched together.
const BLOCK: usize = 8;

/// How far outlines are moved right and down, in pixels: half a step of coverage. It changes no edge that
/// lies on a whole pixel, and settles edges that lie midway between the samples of rasterisers with four by
/// four samples a pixel as these do.
const NUDGE: f32 = 1.0 / 512.0;

/// Receives coverage row by row, from the left, at places inside the area that is scanned. 255 is full.
pub(super) trait Sink {
    /// Pixels from `x` on, each with its own coverage.
    fn varied(&mut self, x: i32, y: i32, coverage: &[u8]);
    /// Pixels from `x0` up to `x1`, all with one coverage above 0.
    fn even(&mut self, x0: i32, x1: i32, y: i32, coverage: u8);
}

/// Memory for filling, to be used again.
#[derive(Default)]
pub(super) struct Scanner {
    /// Signed areas, row by row; all zero between two fills.
    cells: Vec<f32>,
    /// One bit per block of cells that are not zero, row by row.
    touched: Vec<u64>,
    crossings: Vec<(i32, f32, i32)>,
}

impl Scanner {
    /// Hands the coverage of `outline` within `area` to `sink`.
    pub fn fill(
        &mut self,
        outline: &Outline,
        rule: FillRule,
        smooth: bool,
        area: Area,
        sink: &mut impl Sink,
    ) {
        let area = area.intersect(outline.area());
        if area.is_empty() {
            return;
        }
        if smooth {
            self.fill_smooth(outline, rule, area, sink);
        } else {
            self.fill_sharp(outline, rule, area, sink);
        }
    }

    fn fill_smooth(&mut self, outline: &Outline, rule: FillRule, area: Area, sink: &mut impl Sink) {
        let (width, height) = (area.width(), area.height());
        // A segment that ends on the right edge touches the cell behind it.
        let blocks = width / BLOCK + 1;
        let stride = blocks * BLOCK;
        let words = blocks.div_ceil(64);
        if self.cells.len() < stride * height {
            self.cells.resize(stride * height, 0.0);
        }
        if self.touched.len() < words * height {
            self.touched.resize(words * height, 0);
        }
        let mut grid = Grid {
            cells: &mut self.cells[..stride * height],
            touched: &mut self.touched[..words * height],
            stride,
            words,
            width: width as f32,
            height: height as f32,
        };
        let (left, top) = (area.x0 as f32 - NUDGE, area.y0 as f32 - NUDGE);
        for &[x0, y0, x1, y1] in &outline.lines {
            grid.add_line(x0 - left, y0 - top, x1 - left, y1 - top);
        }
        for row in 0..height {
            let cells = &mut grid.cells[row * stride..][..stride];
            let touched = &mut grid.touched[row * words..][..words];
            sweep(cells, touched, rule, width, area.x0, area.y0 + row as i32, sink);
        }
    }

    fn fill_sharp(&mut self, outline: &Outline, rule: FillRule, area: Area, sink: &mut impl Sink) {
        self.crossings.clear();
        for &[x0, y0, x1, y1] in &outline.lines {
            let (top, bottom, direction) = if y0 < y1 { (y0, y1, 1) } else { (y1, y0, -1) };
            let first = ((top + 0.5).floor() as i32).max(area.y0);
            let end = ((bottom + 0.5).floor() as i32).min(area.y1);
            let slope = (x1 - x0) / (y1 - y0);
            for y in first..end {
                self.crossings.push((y, x0 + (y as f32 + 0.5 - y0) * slope, direction));
            }
        }
        self.crossings.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for row in self.crossings.chunk_by(|a, b| a.0 == b.0) {
            let mut winding = 0;
            for pair in row.windows(2) {
                winding += pair[0].2;
                let inside = match rule {
                    FillRule::NonZero => winding != 0,
                    FillRule::EvenOdd => winding % 2 != 0,
                };
                let centre = |x: f32| ((x + 0.5).floor() as i32).clamp(area.x0, area.x1);
                let (x0, x1) = (centre(pair[0].1), centre(pair[1].1));
                if inside && x0 < x1 {
                    sink.even(x0, x1, pair[0].0, 255);
                }
            }
        }
    }
}

/// The cells of the area that is filled, with its top left corner at the origin.
struct Grid<'a> {
    cells: &'a mut [f32],
    touched: &'a mut [u64],
    stride: usize,
    words: usize,
    width: f32,
    height: f32,
}

impl Grid<'_> {
    /// Adds a segment. What lies left of the area counts at its left edge; what lies right of it does not
    /// count.
    fn add_line(&mut self, x0: f32, y0: f32, x1: f32, y1: f32) {
        let (direction, x0, y0, x1, y1) =
            if y0 < y1 { (1.0, x0, y0, x1, y1) } else { (-1.0, x1, y1, x0, y0) };
        if y1 <= 0.0 || y0 >= self.height || (x0 >= self.width && x1 >= self.width) {
            return;
        }
        let top = y0.max(0.0);
        let bottom = y1.min(self.height);
        if y0 >= 0.0 && y1 <= (y0 as usize + 1) as f32 {
            self.add_in_row(y0 as usize, (y1 - y0) * direction, x0, x1);
            return;
        }
        let slope = (x1 - x0) / (y1 - y0);
        let (low, high) = (x0.min(x1), x0.max(x1));
        let mut x = (x0 + (top - y0) * slope).clamp(low, high);
        let mut y = top;
        let mut row = top as usize;
        while y < bottom {
            let next_y = ((row + 1) as f32).min(bottom);
            let next_x = if next_y == y1 { x1 } else { (x0 + (next_y - y0) * slope).clamp(low, high) };
            self.add_in_row(row, (next_y - y) * direction, x, next_x);
            (x, y) = (next_x, next_y);
            row += 1;
        }
    }

    /// Adds a piece of a segment that stays within one row and covers `height` of it, signed by its
    /// direction.
    fn add_in_row(&mut self, row: usize, height: f32, from: f32, to: f32) {
        let (left, right) = if from < to { (from, to) } else { (to, from) };
        if right <= 0.0 {
            self.add_cell(row, 0, height);
            return;
        }
        if left >= self.width {
            return;
        }
        let column = left.max(0.0) as usize;
        if left >= 0.0 && right <= (column + 1) as f32 {
            let beyond = (left + right) * 0.5 - column as f32;
            self.add_pair(row, column, height, beyond);
            return;
        }
        // The piece crosses columns: each takes its share of the height.
        let height_per_x = height / (right - left);
        if left < 0.0 {
            self.add_cell(row, 0, -left * height_per_x);
        }
        let (start, end) = (left.max(0.0), right.min(self.width));
        let mut column = start as usize;
        let mut x = start;
        while x < end {
            let next = ((column + 1) as f32).min(end);
            self.add_pair(row, column, (next - x) * height_per_x, (x + next) * 0.5 - column as f32);
            x = next;
            column += 1;
        }
    }

    /// Adds to a cell and the one behind it: `beyond` is the share of the cell that lies left of the segment.
    #[inline(always)]
    fn add_pair(&mut self, row: usize, column: usize, height: f32, beyond: f32) {
        let index = row * self.stride + column;
        let Some([cell, next]) = self.cells.get_mut(index..index + 2) else {
            self.add_cell(row, column, height - height * beyond);
            return;
        };
        *cell += height - height * beyond;
        *next += height * beyond;
        self.touch(row, column);
        if (column + 1).is_multiple_of(BLOCK) {
            self.touch(row, column + 1);
        }
    }

    #[inline(always)]
    fn add_cell(&mut self, row: usize, column: usize, height: f32) {
        if let Some(cell) = self.cells.get_mut(row * self.stride + column) {
            *cell += height;
            self.touch(row, column);
        }
    }

    #[inline(always)]
    fn touch(&mut self, row: usize, column: usize) {
        let block = column / BLOCK;
        if let Some(word) = self.touched.get_mut(row * self.words + block / 64) {
            *word |= 1 << (block % 64);
        }
    }
}

/// Turns a row of signed areas into coverage, and clears it.
fn sweep(
    cells: &mut [f32],
    touched: &mut [u64],
    rule: FillRule,
    width: usize,
    left: i32,
    y: i32,
    sink: &mut impl Sink,
) {
    let mut sum = 0.0;
    let mut done = 0;
    for (index, word) in touched.iter_mut().enumerate() {
        let mut bits = std::mem::take(word);
        while bits != 0 {
            let block = index * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let start = block * BLOCK;
            let even = coverage(sum, rule);
            if even > 0 && done < start {
                sink.even(left + done as i32, left + start as i32, y, even);
            }
            let mut sums = [0.0; BLOCK];
            for (value, cell) in sums.iter_mut().zip(&mut cells[start..start + BLOCK]) {
                sum += std::mem::take(cell);
                *value = sum;
            }
            let values = coverages(&sums, rule);
            done = (start + BLOCK).min(width);
            if start < done && values != [0; BLOCK] {
                sink.varied(left + start as i32, y, &values[..done - start]);
            }
        }
    }
    let even = coverage(sum, rule);
    if even > 0 && done < width {
        sink.even(left + done as i32, left + width as i32, y, even);
    }
}

/// The coverages of a block; one rule at a time, so that compilers use vector instructions.
#[inline(always)]
fn coverages(sums: &[f32; BLOCK], rule: FillRule) -> [u8; BLOCK] {
    let mut values = [0; BLOCK];
    match rule {
        FillRule::NonZero => {
            for (value, sum) in values.iter_mut().zip(sums) {
                *value = coverage(*sum, FillRule::NonZero);
            }
        }
        FillRule::EvenOdd => {
            for (value, sum) in values.iter_mut().zip(sums) {
                *value = coverage(*sum, FillRule::EvenOdd);
            }
        }
    }
    values
}

/// The coverage of a pixel with this sum of signed areas, in steps of 1/256, so that quarters and eighths are
/// exact. It is rounded down from three quarters of a step: half a step never shows, see [`NUDGE`].
#[inline(always)]
fn coverage(sum: f32, rule: FillRule) -> u8 {
    let part = match rule {
        FillRule::NonZero => sum.abs(),
        FillRule::EvenOdd => {
            let rest = sum.abs() - 2.0 * (sum.abs() * 0.5) as i32 as f32;
            if rest > 1.0 { 2.0 - rest } else { rest }
        }
    };
    let steps = part * 256.0 - 0.25;
    let steps = if steps > 0.0 { steps } else { 0.0 };
    let steps = if steps < 255.0 { steps } else { 255.0 };
    // Added to 2^23, a number is rounded to a whole one, which stands in the lowest bits.
    (steps + 8_388_608.0).to_bits() as u8
}

#[cfg(test)]
mod tests {
    use kurbo::{Affine, BezPath, Shape};
    use proptest::prelude::*;

    use super::*;

    /// Coverage as it comes, for a whole canvas.
    struct Sheet {
        area: Area,
        values: Vec<u8>,
    }

    impl Sheet {
        fn of(path: &BezPath, rule: FillRule, smooth: bool, areas: &[Area]) -> Self {
            let area = Area::of_size(SIDE, SIDE);
            let mut sheet = Sheet { area, values: vec![0; area.width() * area.height()] };
            let outline = Outline::fill(path, Affine::IDENTITY);
            let mut scanner = Scanner::default();
            areas.iter().for_each(|area| scanner.fill(&outline, rule, smooth, *area, &mut sheet));
            assert!(scanner.cells.iter().all(|cell| *cell == 0.0), "cells are left over");
            sheet
        }

        fn put(&mut self, x: i32, y: i32, value: u8) {
            let cell = &mut self.values[y as usize * self.area.width() + x as usize];
            assert_eq!(*cell, 0, "a pixel is written twice");
            *cell = value;
        }

        fn total(&self) -> f64 {
            self.values.iter().map(|value| f64::from(*value) / 255.0).sum()
        }
    }

    impl Sink for Sheet {
        fn varied(&mut self, x: i32, y: i32, coverage: &[u8]) {
            (x..).zip(coverage).for_each(|(x, value)| self.put(x, y, *value));
        }

        fn even(&mut self, x0: i32, x1: i32, y: i32, coverage: u8) {
            (x0..x1).for_each(|x| self.put(x, y, coverage));
        }
    }

    const SIDE: u32 = 80;

    fn whole() -> [Area; 1] {
        [Area::of_size(SIDE, SIDE)]
    }

    proptest! {
        #[test]
        fn a_triangle_covers_its_area(points in prop::array::uniform3((0.0..80.0f64, 0.0..80.0f64))) {
            let mut path = BezPath::new();
            path.move_to(points[0]);
            path.line_to(points[1]);
            path.line_to(points[2]);
            path.close_path();
            let exact = path.area().abs();
            let perimeter = path.perimeter(0.1);
            for rule in [FillRule::NonZero, FillRule::EvenOdd] {
                // Coverage is rounded at each of the pixels on the edge.
                let found = Sheet::of(&path, rule, true, &whole()).total();
                prop_assert!((found - exact).abs() <= 0.01 * perimeter + 0.5, "{found} {exact}");
                // Pixel centres count the area up to the pixels on the edge.
                let found = Sheet::of(&path, rule, false, &whole()).total();
                prop_assert!((found - exact).abs() <= perimeter + 2.0, "{found} {exact}");
            }
        }

        #[test]
        fn areas_side_by_side_give_what_one_gives(
            points in prop::collection::vec((-50.0..130.0f64, -50.0..130.0f64), 3..9),
            x in 1..79i32,
            y in 1..79i32,
        ) {
            let mut path = BezPath::new();
            path.move_to(points[0]);
            points[1..].chunks(2).for_each(|pair| path.quad_to(pair[0], pair[pair.len() - 1]));
            let side = SIDE as i32;
            let parts = [(0, 0, x, y), (x, 0, side, y), (0, y, x, side), (x, y, side, side)]
                .map(|(x0, y0, x1, y1)| Area { x0, y0, x1, y1 });
            for (rule, smooth) in [(FillRule::NonZero, true), (FillRule::EvenOdd, true), (FillRule::NonZero, false)] {
                let one = Sheet::of(&path, rule, smooth, &whole());
                let four = Sheet::of(&path, rule, smooth, &parts);
                let near = one.values.iter().zip(&four.values).all(|(a, b)| a.abs_diff(*b) <= 1);
                prop_assert!(near);
            }
        }
    }
}
