// What shines from all sides.

// How much of a box of half the size `half` is seen around `p`, blurred over `blur` to both sides.
fn softbox(d: vec3<f32>, axis: vec3<f32>, size: vec2<f32>, blur: f32) -> f32 {
    let across = normalize(cross(vec3(0.0, 1.0, 0.0), axis));
    let up = cross(axis, across);
    let facing = dot(d, axis);
    let p = vec2(dot(d, across), dot(d, up)) / max(facing, 1e-3);
    let seen = (clamp(p + blur, -size, size) - clamp(p - blur, -size, size)) / (2.0 * blur);
    return select(0.0, seen.x * seen.y * smoothstep(0.0, 0.3, facing), facing > 0.0);
}

const KEY: vec3<f32> = vec3(0.52, 0.68, 0.517);
const FILL: vec3<f32> = vec3(-0.824, 0.275, 0.495);
const RIM: vec3<f32> = vec3(-0.25, 0.52, -0.817);
const KEY_SIZE: vec2<f32> = vec2(0.44, 0.33);
const FILL_SIZE: vec2<f32> = vec2(0.3, 0.75);
const RIM_SIZE: vec2<f32> = vec2(0.75, 0.22);
const KEY_COLOR: vec3<f32> = vec3(3.3, 3.2, 3.05);
const FILL_COLOR: vec3<f32> = vec3(0.62, 0.69, 0.8);
const RIM_COLOR: vec3<f32> = vec3(1.2, 1.24, 1.3);
const GROUND: vec3<f32> = vec3(0.11, 0.107, 0.104);
const HORIZON: vec3<f32> = vec3(0.25, 0.253, 0.258);
const ZENITH: vec3<f32> = vec3(0.42, 0.433, 0.455);

// The radiance of the studio, as a surface of this roughness sees it.
fn studio_radiance(d: vec3<f32>, roughness: f32) -> vec3<f32> {
    let blur = 0.03 + 1.1 * roughness * roughness;
    let low = mix(GROUND, HORIZON, smoothstep(-0.12 - blur, 0.04 + blur, d.y));
    let room = mix(low, ZENITH, smoothstep(-0.1 - 0.5 * blur, 1.0 + 0.3 * blur, d.y));
    return room
        + KEY_COLOR * softbox(d, KEY, KEY_SIZE, blur)
        + FILL_COLOR * softbox(d, FILL, FILL_SIZE, blur)
        + RIM_COLOR * softbox(d, RIM, RIM_SIZE, blur);
}

// Over pi.
fn studio_irradiance(n: vec3<f32>) -> vec3<f32> {
    let room = mix(GROUND, mix(HORIZON, ZENITH, 0.6), 0.5 + 0.5 * n.y);
    let near = max((vec3(dot(n, KEY), dot(n, FILL), dot(n, RIM)) + 0.12) / 1.12, vec3(0.0));
    return room
        + KEY_COLOR * (near.x * 4.0 * KEY_SIZE.x * KEY_SIZE.y / PI)
        + FILL_COLOR * (near.y * 4.0 * FILL_SIZE.x * FILL_SIZE.y / PI)
        + RIM_COLOR * (near.z * 4.0 * RIM_SIZE.x * RIM_SIZE.y / PI);
}

// Ramamoorthi and Hanrahan, An Efficient Representation for Irradiance Environment Maps (2001). Over pi.
fn image_irradiance(n: vec3<f32>) -> vec3<f32> {
    let sum = frame.harmonics[0].xyz
        + frame.harmonics[1].xyz * n.y
        + frame.harmonics[2].xyz * n.z
        + frame.harmonics[3].xyz * n.x
        + frame.harmonics[4].xyz * (n.x * n.y)
        + frame.harmonics[5].xyz * (n.y * n.z)
        + frame.harmonics[6].xyz * (3.0 * n.z * n.z - 1.0)
        + frame.harmonics[7].xyz * (n.x * n.z)
        + frame.harmonics[8].xyz * (n.x * n.x - n.y * n.y);
    return max(sum, vec3(0.0));
}

// The middle of the image lies towards -z, where cameras look that were not turned.
fn image_radiance(d: vec3<f32>, roughness: f32) -> vec3<f32> {
    let uv = vec2(0.5 + atan2(d.x, -d.z) / (2.0 * PI), acos(clamp(d.y, -1.0, 1.0)) / PI);
    let level = roughness * (frame.environment.z - 1.0);
    return textureSampleLevel(environment_map, environment_sampler, uv, level).xyz;
}

// From the world to the environment, which is turned about y.
fn turned(d: vec3<f32>) -> vec3<f32> {
    let s = sin(frame.environment.y);
    let c = cos(frame.environment.y);
    return vec3(c * d.x - s * d.z, d.y, s * d.x + c * d.z);
}

fn environment_radiance(d: vec3<f32>, roughness: f32) -> vec3<f32> {
    if ENVIRONMENT == 1 { return studio_radiance(d, roughness) * frame.environment.x; }
    return image_radiance(turned(d), roughness) * frame.environment.x;
}

fn environment_irradiance(n: vec3<f32>) -> vec3<f32> {
    if ENVIRONMENT == 1 { return studio_irradiance(n) * frame.environment.x; }
    return image_irradiance(turned(n)) * frame.environment.x;
}
