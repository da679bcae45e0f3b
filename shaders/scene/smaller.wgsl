// Each level of the picture of what is behind, from the one before.

@group(0) @binding(0) var larger: texture_2d<f32>;
@group(0) @binding(1) var larger_sampler: sampler;

@vertex
fn covering_vertex(@builtin(vertex_index) number: u32) -> @builtin(position) vec4<f32> {
    return vec4(f32(number & 1u) * 4.0 - 1.0, f32(number >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

// Four texels across and down, weighed 1, 3, 3, 1.
@fragment
fn smaller_fragment(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
    let size = vec2<f32>(textureDimensions(larger));
    let uv = at.xy / max(floor(size * 0.5), vec2(1.0));
    let aside = vec2(-0.75, 0.75);
    return 0.25 * (textureSampleLevel(larger, larger_sampler, uv + aside.xx / size, 0.0)
        + textureSampleLevel(larger, larger_sampler, uv + aside.xy / size, 0.0)
        + textureSampleLevel(larger, larger_sampler, uv + aside.yx / size, 0.0)
        + textureSampleLevel(larger, larger_sampler, uv + aside.yy / size, 0.0));
}
