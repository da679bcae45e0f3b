// Where a layer lies on the picture below, and how much of it shows.

struct Layer {
    // The size of what is blended, in pixels.
    size: vec2<u32>,
    // The first pixel of each, and the pixels in a row: the picture below, the layer, the mask.
    below: vec2<u32>,
    above: vec2<u32>,
    mask: vec2<u32>,
    // 0 to 1; and in 32768ths.
    opacity: f32,
    parts: u32,
    mode: u32,
    masked: u32,
}

@group(0) @binding(2) var<uniform> layer: Layer;
// Bytes of coverage, four in a word.
@group(0) @binding(3) var<storage, read> coverage: array<u32>;

// The coverage of a pixel, 0 to 255.
fn covered(at: vec2<u32>) -> u32 {
    let place = layer.mask.x + at.y * layer.mask.y + at.x;
    return (coverage[place / 4u] >> (place % 4u * 8u)) & 255u;
}

const NORMAL = 0u;
const MULTIPLY = 1u;
const SCREEN = 2u;
const OVERLAY = 3u;
const DARKEN = 4u;
const LIGHTEN = 5u;
const COLOR_DODGE = 6u;
const COLOR_BURN = 7u;
const HARD_LIGHT = 8u;
const SOFT_LIGHT = 9u;
const DIFFERENCE = 10u;
const EXCLUSION = 11u;
const HUE = 12u;
const SATURATION = 13u;
const COLOR = 14u;
const LUMINOSITY = 15u;
const PLUS_LIGHTER = 16u;
