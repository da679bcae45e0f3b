// Each pixel is the weighted sum of some neighbours across or down: a pass of blurring and of resizing.

struct Sum {
    // The size of the target in pixels.
    size: vec2<u32>,
    // The pixels in a row of the source.
    row: u32,
    // 0 across, 1 down.
    down: u32,
    // From one weight of an output to the next, and from one output to the next.
    weight_step: u32,
    output_step: u32,
    // Whether colour is clamped to 0 up to alpha, and alpha to 0 up to 1.
    clamped: u32,
    unused: u32,
}

@group(0) @binding(2) var<uniform> sum: Sum;
// The first input of each output, and how many there are.
@group(0) @binding(3) var<storage, read> reach: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;

@compute @workgroup_size(32, 8)
fn weigh(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= sum.size.x || id.y >= sum.size.y { return; }
    let down = sum.down == 1u;
    let output = select(id.x, id.y, down);
    let inputs = reach[output];
    let step = select(1u, sum.row, down);
    var index = select(id.y * sum.row + inputs.x, inputs.x * sum.row + id.x, down);
    var place = output * sum.output_step;
    var pixel = vec4(0.0);
    for (var input = 0u; input < inputs.y; input++) {
        pixel += load(index) * weights[place];
        index += step;
        place += sum.weight_step;
    }
    if sum.clamped == 1u {
        let alpha = clamp(pixel.w, 0.0, 1.0);
        pixel = clamp(pixel, vec4(0.0), vec4(alpha));
    }
    store(id.y * sum.size.x + id.x, pixel);
}
