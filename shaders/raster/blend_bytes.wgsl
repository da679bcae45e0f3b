// The polynomial blend modes on bytes, in exact integers: equal to the reference, bit for bit.

@group(0) @binding(0) var<storage, read> above: array<u32>;
@group(0) @binding(1) var<storage, read_write> below: array<u32>;

// value / 255, correctly rounded for values up to 65025.
fn divide(value: i32) -> i32 {
    let sum = (value + 128) & 0xffff;
    return ((sum + (sum >> 8u)) & 0xffff) >> 8u;
}

fn hard_light(s: i32, b: i32, source_alpha: i32, alpha: i32, dark: bool) -> i32 {
    return select(source_alpha * alpha - 2 * (alpha - b) * (source_alpha - s), 2 * s * b, dark);
}

// One channel of the source and of what is below, with their alphas: 255ths of 255ths.
fn mix_channel(s: i32, b: i32, source_alpha: i32, alpha: i32) -> i32 {
    let over = s * (255 - alpha) + b * (255 - source_alpha);
    let both = (s + b) * 255;
    switch layer.mode {
        case NORMAL: { return s * 255 + b * (255 - source_alpha); }
        case MULTIPLY: { return over + s * b; }
        case SCREEN: { return both - s * b; }
        case OVERLAY: { return over + hard_light(s, b, source_alpha, alpha, b * 2 <= alpha); }
        case DARKEN: { return over + min(s * alpha, b * source_alpha); }
        case LIGHTEN: { return over + max(s * alpha, b * source_alpha); }
        case HARD_LIGHT: { return over + hard_light(s, b, source_alpha, alpha, s * 2 <= source_alpha); }
        case DIFFERENCE: { return both - 2 * min(s * alpha, b * source_alpha); }
        default: { return both - 2 * s * b; }
    }
}

fn split(pixel: u32) -> vec4<i32> {
    return vec4<i32>((vec4(pixel) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u));
}

@compute @workgroup_size(32, 8)
fn blend(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= layer.size.x || id.y >= layer.size.y { return; }
    let place = layer.below.x + id.y * layer.below.y + id.x;
    let s = split(above[layer.above.x + id.y * layer.above.y + id.x]);
    let b = split(below[place]);
    var pixel = vec4(
        divide(mix_channel(s.x, b.x, s.w, b.w) & 0xffff),
        divide(mix_channel(s.y, b.y, s.w, b.w) & 0xffff),
        divide(mix_channel(s.z, b.z, s.w, b.w) & 0xffff),
        divide(255 * s.w + b.w * (255 - s.w)),
    );
    if layer.masked == 1u || layer.opacity < 1.0 {
        var shown = min(layer.parts, 32767u);
        if layer.masked == 1u { shown = (covered(id.xy) * 257u * layer.parts) >> 16u; }
        pixel = b + (((((pixel - b) * i32(shown)) >> vec4(14u)) + 1) >> vec4(1u));
    }
    let bytes = vec4<u32>(pixel) & vec4(255u);
    below[place] = bytes.x | bytes.y << 8u | bytes.z << 16u | bytes.w << 24u;
}
