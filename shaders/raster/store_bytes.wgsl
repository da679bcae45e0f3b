// Pixels of four bytes.
@group(0) @binding(1) var<storage, read_write> target_pixels: array<u32>;

fn store(index: u32, pixel: vec4<f32>) {
    let bytes = vec4<u32>(round(clamp(pixel, vec4(0.0), vec4(1.0)) * 255.0));
    target_pixels[index] = bytes.x | bytes.y << 8u | bytes.z << 16u | bytes.w << 24u;
}

fn stored(index: u32) -> vec4<f32> {
    return unpack4x8unorm(target_pixels[index]);
}
