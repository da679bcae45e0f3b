// The environment behind everything.

struct Backdrop {
    world_from_clip: mat4x4<f32>,
    // How much it is blurred, 0 to 1, and the width of the map in texels.
    blur: vec4<f32>,
}

@group(1) @binding(0) var<uniform> backdrop: Backdrop;
@group(1) @binding(1) var backdrop_map: texture_2d<f32>;

struct Behind {
    @builtin(position) clip: vec4<f32>,
    @location(0) near: vec4<f32>,
}

// A triangle around the picture, as far away as there is.
@vertex
fn backdrop_vertex(@builtin(vertex_index) index: u32) -> Behind {
    let corner = vec2(f32(index & 1u), f32(index >> 1u)) * 4.0 - 1.0;
    return Behind(vec4(corner, 0.0, 1.0), backdrop.world_from_clip * vec4(corner, 1.0, 1.0));
}

@fragment
fn backdrop_fragment(p: Behind) -> @location(0) vec4<f32> {
    let towards = normalize(select(p.near.xyz / p.near.w, -frame.towards_eye.xyz, frame.towards_eye.w > 0.5));
    var radiance = vec3(0.0);
    if backdrop.blur.x > 0.0 {
        radiance = environment_radiance(towards, backdrop.blur.x);
    } else {
        let d = turned(towards);
        // The angle between neighbours says how many texels lie below a pixel, also where the map begins again.
        let angle = max(length(dpdx(d)), length(dpdy(d)));
        let level = log2(max(angle * backdrop.blur.y / (2.0 * PI), 1e-6));
        radiance = textureSampleLevel(backdrop_map, environment_sampler, on_map(d), max(level, 0.0)).xyz * frame.tint.xyz;
    }
    return vec4(tone(radiance), 1.0);
}
