// Pixels of four 16-bit integers that stand for -2 to 2: what bytes are between two passes.
@group(0) @binding(0) var<storage, read> source: array<vec2<u32>>;

fn load(index: u32) -> vec4<f32> {
    let pixel = source[index];
    return vec4(unpack2x16snorm(pixel.x), unpack2x16snorm(pixel.y)) * 2.0;
}
