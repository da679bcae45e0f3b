// Pixels of four 16-bit integers that stand for -2 to 2.
@group(0) @binding(1) var<storage, read_write> target_pixels: array<vec2<u32>>;

fn store(index: u32, pixel: vec4<f32>) {
    target_pixels[index] = vec2(pack2x16snorm(pixel.xy * 0.5), pack2x16snorm(pixel.zw * 0.5));
}
