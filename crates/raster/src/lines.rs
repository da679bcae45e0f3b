//! Rows and columns of pixels, rewritten in parallel.

use rayon::prelude::*;

/// Columns that one thread copies out of the rows at a time: two lines of a cache.
const STRIP: usize = 32;

/// Each row of `width` pixels rewritten by `line`; what it needs beside the row is used again.
pub fn change_rows<S: Default>(
    pixels: &mut [[u8; 4]],
    width: usize,
    line: impl Fn(&mut S, &mut [[u8; 4]]) + Sync + Send,
) {
    if pixels.is_empty() {
        return;
    }
    pixels.par_chunks_mut(width).for_each_init(S::default, line);
}

/// Each column rewritten by `line`, as [`change_rows`] does with rows.
pub fn change_columns<S: Default>(
    pixels: &mut [[u8; 4]],
    width: usize,
    line: impl Fn(&mut S, &mut [[u8; 4]]) + Sync + Send,
) {
    if pixels.is_empty() {
        return;
    }
    let height = pixels.len() / width;
    let mut strips: Vec<Vec<&mut [[u8; 4]]>> =
        (0..width.div_ceil(STRIP)).map(|_| Vec::with_capacity(height)).collect();
    for row in pixels.chunks_mut(width) {
        for (strip, part) in strips.iter_mut().zip(row.chunks_mut(STRIP)) {
            strip.push(part);
        }
    }
    let scratch = || (S::default(), vec![[0; 4]; height * STRIP]);
    strips.into_par_iter().for_each_init(scratch, |(scratch, columns), mut strip| {
        for (y, row) in strip.iter().enumerate() {
            for (pixel, column) in row.iter().zip(columns.chunks_mut(height)) {
                column[y] = *pixel;
            }
        }
        let used = strip.first().map_or(0, |row| row.len());
        columns.chunks_mut(height).take(used).for_each(|column| line(scratch, column));
        for (y, row) in strip.iter_mut().enumerate() {
            for (pixel, column) in row.iter_mut().zip(columns.chunks(height)) {
                *pixel = column[y];
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_are_rewritten_where_they_are() {
        let mut pixels: Vec<[u8; 4]> =
            (0..70 * 35).map(|i| [(i % 70) as u8, (i / 70) as u8, 7, 255]).collect();
        change_columns(&mut pixels, 70, |(), column| column.reverse());
        assert_eq!(pixels[69], [69, 34, 7, 255]);
        change_rows(&mut pixels, 70, |(), row| row.reverse());
        assert_eq!(pixels[10 * 70 + 69], [0, 24, 7, 255]);
    }
}
