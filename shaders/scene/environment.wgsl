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

// Where a direction lies on a map; the middle lies towards -z, where cameras look that were not turned.
fn on_map(d: vec3<f32>) -> vec2<f32> {
    return vec2(0.5 + atan2(d.x, -d.z) / (2.0 * PI), acos(clamp(d.y, -1.0, 1.0)) / PI);
}

// On a map whose first and last rows lie at the poles, and not around them.
fn between_poles(uv: vec2<f32>, rows: u32) -> vec2<f32> {
    return vec2(uv.x, uv.y + (0.5 - uv.y) / f32(rows));
}

// Over pi.
fn image_irradiance(n: vec3<f32>) -> vec3<f32> {
    let uv = between_poles(on_map(n), textureDimensions(irradiance_map).y);
    return textureSampleLevel(irradiance_map, environment_sampler, uv, 0.0).xyz;
}

fn radiance_level(uv: vec2<f32>, level: f32) -> vec3<f32> {
    let at = between_poles(uv, textureDimensions(environment_map, i32(level)).y);
    return textureSampleLevel(environment_map, environment_sampler, select(at, uv, level < 0.5), level).xyz;
}

fn image_radiance(d: vec3<f32>, roughness: f32) -> vec3<f32> {
    let uv = on_map(d);
    let last = frame.environment.z - 1.0;
    let level = roughness * last;
    let low = min(floor(level), last);
    return mix(radiance_level(uv, low), radiance_level(uv, min(low + 1.0, last)), level - low);
}

// From the world to the environment, which is turned about y.
fn turned(d: vec3<f32>) -> vec3<f32> {
    let s = sin(frame.environment.y);
    let c = cos(frame.environment.y);
    return vec3(c * d.x - s * d.z, d.y, s * d.x + c * d.z);
}

fn environment_radiance(d: vec3<f32>, roughness: f32) -> vec3<f32> {
    if ENVIRONMENT == 1 { return studio_radiance(d, roughness) * frame.tint.xyz; }
    return image_radiance(turned(d), roughness) * frame.tint.xyz;
}

fn environment_irradiance(n: vec3<f32>) -> vec3<f32> {
    if ENVIRONMENT == 1 { return studio_irradiance(n) * frame.tint.xyz; }
    return image_irradiance(turned(n)) * frame.tint.xyz;
}
