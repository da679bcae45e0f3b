// Each pixel is the average of four.

@group(0) @binding(0) var larger: texture_2d<f32>;

@vertex
fn covering_vertex(@builtin(vertex_index) number: u32) -> @builtin(position) vec4<f32> {
    return vec4(f32(number & 1u) * 4.0 - 1.0, f32(number >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn average_fragment(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
    let corner = vec2<i32>(at.xy) * 2;
    return 0.25 * (textureLoad(larger, corner, 0)
        + textureLoad(larger, corner + vec2(1, 0), 0)
        + textureLoad(larger, corner + vec2(0, 1), 0)
        + textureLoad(larger, corner + vec2(1, 1), 0));
}
