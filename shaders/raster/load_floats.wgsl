// Pixels of four floats.
@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;

fn load(index: u32) -> vec4<f32> {
    return source[index];
}
