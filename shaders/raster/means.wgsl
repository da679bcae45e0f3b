// Blurs by running means, as raster's boxes has them: integers all the way, and one float product that is rounded as the
// processor rounds it, so that the bytes are the same.

struct Mean {
    // The size of the picture in pixels.
    size: vec2<u32>,
    // The pixels before and after that count.
    window: vec2<u32>,
    // The rows that an invocation makes.
    rows: u32,
    // Whether pixels come as bytes, and whether they go as bytes; else they are in fixed point.
    from_bytes: u32,
    to_bytes: u32,
    scale: f32,
    // 1, which the compiler must not know: with it, a product that was rounded cannot be fused with the sum after it.
    one: f32,
}

// Four bytes to a pixel, or four 16-bit integers.
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> made: array<u32>;
@group(0) @binding(2) var<uniform> mean: Mean;

const FRACTION = 16;

fn load(index: u32) -> vec4<i32> {
    if mean.from_bytes == 1u {
        return vec4<i32>((vec4(source[index]) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u)) * FRACTION;
    }
    let pixel = vec2(source[2u * index], source[2u * index + 1u]);
    return vec4<i32>((pixel.xxyy >> vec4(0u, 16u, 0u, 16u)) & vec4(0xffffu));
}

fn store(index: u32, value: vec4<i32>) {
    if mean.to_bytes == 1u {
        let bytes = vec4<u32>(clamp((value + FRACTION / 2) / FRACTION, vec4(0), vec4(255)));
        made[index] = bytes.x | bytes.y << 8u | bytes.z << 16u | bytes.w << 24u;
        return;
    }
    let pixel = vec4<u32>(value);
    made[2u * index] = pixel.x | pixel.y << 16u;
    made[2u * index + 1u] = pixel.z | pixel.w << 16u;
}

// The running mean down each column. Neighbouring invocations have neighbouring columns.
@compute @workgroup_size(64, 4)
fn down(@builtin(global_invocation_id) id: vec3<u32>) {
    let width = mean.size.x;
    let height = mean.size.y;
    let top = id.y * mean.rows;
    if id.x >= width || top >= height { return; }
    var sum = vec4(0);
    for (var y = max(top, mean.window.x) - mean.window.x; y < min(top + mean.window.y, height); y++) {
        sum += load(y * width + id.x);
    }
    for (var y = top; y < min(top + mean.rows, height); y++) {
        if y + mean.window.y < height { sum += load((y + mean.window.y) * width + id.x); }
        let product = vec4<f32>(sum) * mean.scale;
        store(y * width + id.x, vec4<i32>(fma(product, vec4(mean.one), vec4(0.5))));
        if y >= mean.window.x { sum -= load((y - mean.window.x) * width + id.x); }
    }
}

const TILE = 16u;
var<workgroup> tile: array<u32, 272>;

// Rows become columns; the size is that of the source, in bytes.
@compute @workgroup_size(16, 16)
fn turn(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let size = mean.size;
    let here = group.xy * TILE + local.xy;
    if all(here < size) { tile[local.y * (TILE + 1u) + local.x] = source[here.y * size.x + here.x]; }
    workgroupBarrier();
    let there = group.yx * TILE + local.xy;
    if all(there < size.yx) { made[there.y * size.y + there.x] = tile[local.x * (TILE + 1u) + local.y]; }
}
