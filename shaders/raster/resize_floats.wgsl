// Floats are resampled in floats.

alias Sum = vec4<f32>;
alias Weight = f32;

@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> made: array<vec4<f32>>;

fn load(index: u32) -> Sum {
    return source[index];
}

fn store(index: u32, sum: Sum) {
    if stage.last == 0u {
        made[index] = sum;
        return;
    }
    let alpha = clamp(sum.w, 0.0, 1.0);
    made[index] = clamp(sum, vec4(0.0), vec4(alpha));
}
