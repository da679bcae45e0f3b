// Bytes are resampled in integers, exactly as raster's weights have it.

alias Sum = vec4<i32>;
alias Weight = i32;

// Four bytes to a pixel; four 16-bit integers between the two sums.
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> made: array<u32>;

const WEIGHT_BITS = 16u;
const FRACTION_BITS = 6u;

fn load(index: u32) -> Sum {
    if stage.last == 0u { return Sum((vec4(source[index]) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u)); }
    let pixel = vec2<i32>(vec2(source[2u * index], source[2u * index + 1u]));
    return (pixel.xxyy << vec4(16u, 0u, 16u, 0u)) >> vec4(16u);
}

fn rounded(sum: Sum, bits: u32) -> Sum {
    return (sum + vec4(1i << (bits - 1u))) >> vec4(bits);
}

fn store(index: u32, sum: Sum) {
    if stage.last == 0u {
        let pixel = vec4<u32>(rounded(sum, WEIGHT_BITS - FRACTION_BITS)) & vec4(0xffffu);
        made[2u * index] = pixel.x | pixel.y << 16u;
        made[2u * index + 1u] = pixel.z | pixel.w << 16u;
        return;
    }
    let levels = rounded(sum, WEIGHT_BITS + FRACTION_BITS);
    let alpha = clamp(levels.w, 0, 255);
    let bytes = vec4<u32>(clamp(levels, vec4(0), vec4(alpha)));
    made[index] = bytes.x | bytes.y << 8u | bytes.z << 16u | bytes.w << 24u;
}
