// Each pixel is the weighted sum of some neighbours: down first, across then.

struct Stage {
    // The size of what is made, in pixels.
    size: vec2<u32>,
    // The pixels in a row of the source.
    row: u32,
    // 0 across, 1 down.
    down: u32,
    // From one weight of an output to the next, and from one output to the next.
    weight_step: u32,
    output_step: u32,
    // Whether this is the second sum.
    last: u32,
    // The first column that is made of what is summed down.
    left: u32,
}

@group(0) @binding(2) var<uniform> stage: Stage;
// The first input of each output, and how many there are.
@group(0) @binding(3) var<storage, read> reach: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> weights: array<Weight>;

@compute @workgroup_size(32, 8)
fn weigh(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= stage.size.x || id.y >= stage.size.y { return; }
    let down = stage.down == 1u;
    let output = select(id.x, id.y, down);
    let inputs = reach[output];
    let step = select(1u, stage.row, down);
    var index = select(id.y * stage.row + inputs.x - stage.left, inputs.x * stage.row + stage.left + id.x, down);
    var place = output * stage.output_step;
    var sum = Sum();
    for (var input = 0u; input < inputs.y; input++) {
        sum += load(index) * weights[place];
        index += step;
        place += stage.weight_step;
    }
    store(id.y * stage.size.x + id.x, sum);
}
