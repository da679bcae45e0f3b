// A shader.
struct Camera { view: mat4x4<f32> }
@group(0) @binding(0) var<uniform> camera: Camera;
const LIMIT: u32 = 10u;
@vertex
fn main(@location(0) at: vec3<f32>) -> @builtin(position) vec4<f32> {
    let scale = 1.5;
    if (true) { return vec4<f32>(at * scale, 1.0); }
    return camera.view[0];
}
