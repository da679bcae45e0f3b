//! `feDisplacementMap` and `feTile`: pixels fetched from elsewhere.

use super::{
    attributes::Channel,
    raster::{Raster, unpremultiply},
    region::PixelRect,
};

/// Moves the pixels of `input` by the channels of `map`: a value of 0 fetches from `-scale / 2` pixels away, 1 from
/// `scale / 2`. Takes the nearest pixel; outside the raster everything is transparent.
pub(super) fn displace(input: &Raster, map: &Raster, scale: [f32; 2], channels: [Channel; 2]) -> Raster {
    let channels = channels.map(|channel| match channel {
        Channel::Red => 0,
        Channel::Green => 1,
        Channel::Blue => 2,
        Channel::Alpha => 3,
    });
    Raster::generate(input.width, input.height, |x, y| {
        let color = unpremultiply(map.pixels[y * map.width + x]);
        let fetch = |place: usize, axis: usize| {
            let shift = scale[axis] * (f32::from(color[channels[axis]]) / 255.0 - 0.5);
            (place as f32 + shift).round() as i64
        };
        input.get(fetch(x, 0), fetch(y, 1))
    })
}

/// Repeats the pixels of `tile`, a part of `input` or of the space around it, over the whole raster.
pub(super) fn tile(input: &Raster, tile: PixelRect) -> Raster {
    if tile.is_empty() {
        return Raster::filled(input.width, input.height, [0; 4]);
    }
    let (width, height) = (tile.right.saturating_sub(tile.left), tile.bottom.saturating_sub(tile.top));
    Raster::generate(input.width, input.height, |x, y| {
        input.get(
            tile.left + (x as i64).saturating_sub(tile.left).rem_euclid(width),
            tile.top + (y as i64).saturating_sub(tile.top).rem_euclid(height),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displacement_fetches_from_half_the_scale_away() {
        let input = Raster::generate(9, 1, |x, _| [x as u8, 0, 0, 255]);
        let map = |red| Raster::filled(9, 1, [red, 0, 0, 255]);
        let first = |red, scale| displace(&input, &map(red), [scale, 0.0], [Channel::Red; 2]).pixels[4];
        assert_eq!(first(255, 6.0), [7, 0, 0, 255]);
        assert_eq!(first(0, 6.0), [1, 0, 0, 255]);
        assert_eq!(first(0, 20.0), [0; 4]);
        assert_eq!(first(255, f32::INFINITY), [0; 4]);
    }

    #[test]
    fn tiles_repeat_in_both_directions() {
        let input = Raster::generate(10, 1, |x, _| [x as u8, 0, 0, 255]);
        let reds = |left, right| {
            let rect = PixelRect { left, top: 0, right, bottom: 1 };
            tile(&input, rect).pixels.iter().map(|p| p[0]).collect::<Vec<_>>()
        };
        assert_eq!(reds(4, 7), [6, 4, 5, 6, 4, 5, 6, 4, 5, 6]);
        assert_eq!(reds(4, 4), [0; 10]);
    }
}
