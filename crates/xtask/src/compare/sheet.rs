//! Pictures beside each other.

use testkit::Image;

/// Pictures of one size in rows and columns; places without one are dark.
pub fn grid(rows: &[Vec<Option<Image>>], [width, height]: [u32; 2]) -> Image {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0) as u32;
    let mut sheet = Image::solid(columns * width, rows.len() as u32 * height, [20, 20, 20, 255]);
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let Some(cell) = cell else { continue };
            let cell = shrunk(cell, [width, height]);
            for (y, line) in cell.pixels.chunks_exact(width as usize * 4).enumerate() {
                let across = column * width as usize;
                let start = ((row * height as usize + y) * sheet.width as usize + across) * 4;
                sheet.pixels[start..start + line.len()].copy_from_slice(line);
            }
        }
    }
    sheet
}

/// Averages blocks of pixels; a side that is no multiple loses its rest.
fn shrunk(image: &Image, [width, height]: [u32; 2]) -> Image {
    let (across, down) = (image.width / width, image.height / height);
    let mut pixels = Vec::with_capacity((width * height * 4) as usize);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let block = (0..down).flat_map(|dy| (0..across).map(move |dx| (x * across + dx, y * down + dy)));
        let mut sum = [0u32; 4];
        for pixel in block.filter_map(|(x, y)| image.pixel(x, y)) {
            sum = [0, 1, 2, 3].map(|i| sum[i] + u32::from(pixel[i]));
        }
        pixels.extend(sum.map(|channel| (channel / (across * down).max(1)) as u8));
    }
    Image { width, height, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_lie_in_their_places() {
        let cell = |color: u8| Some(Image::solid(4, 4, [color; 4]));
        let sheet = grid(&[vec![cell(1), cell(2)], vec![None, cell(3)]], [2, 2]);
        assert_eq!((sheet.width, sheet.height), (4, 4));
        let reds = [(0, 0), (3, 1), (0, 2), (2, 3)].map(|(x, y)| sheet.pixel(x, y).unwrap()[0]);
        assert_eq!(reds, [1, 2, 20, 3]);
    }
}
