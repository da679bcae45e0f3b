// Pixels of four floats.
@group(0) @binding(1) var<storage, read_write> target_pixels: array<vec4<f32>>;

fn store(index: u32, pixel: vec4<f32>) {
    target_pixels[index] = pixel;
}

fn stored(index: u32) -> vec4<f32> {
    return target_pixels[index];
}
