// Pixels of four bytes.
@group(0) @binding(0) var<storage, read> source: array<u32>;

fn load(index: u32) -> vec4<f32> {
    return unpack4x8unorm(source[index]);
}
