// From vertices to clip space.

struct Placed {
    @location(6) row0: vec4<f32>,
    @location(7) row1: vec4<f32>,
    @location(8) row2: vec4<f32>,
}

struct Plain {
    @builtin(position) clip: vec4<f32>,
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
}

struct Rich {
    @builtin(position) clip: vec4<f32>,
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) tangent: vec4<f32>,
    @location(3) uv: vec4<f32>,
    @location(4) color: vec4<f32>,
}

struct RichVertex {
    @location(0) position: vec3<f32>,
    @location(1) normal: vec2<f32>,
    @location(2) tangent: vec4<f32>,
    @location(3) uv0: vec2<f32>,
    @location(4) uv1: vec2<f32>,
    @location(5) color: vec4<f32>,
}

fn place(at: Placed, position: vec3<f32>) -> vec3<f32> {
    let p = vec4(position, 1.0);
    return vec3(dot(at.row0, p), dot(at.row1, p), dot(at.row2, p));
}

// The cofactors of the matrix turn normals, also where it is skewed; their length is of no account.
fn turn_normal(at: Placed, n: vec3<f32>) -> vec3<f32> {
    let a = vec3(at.row0.x, at.row1.x, at.row2.x);
    let b = vec3(at.row0.y, at.row1.y, at.row2.y);
    let c = vec3(at.row0.z, at.row1.z, at.row2.z);
    let bc = cross(b, c);
    let turned = bc * n.x + cross(c, a) * n.y + cross(a, b) * n.z;
    return turned * inverseSqrt(max(dot(turned, turned), 1e-38)) * sign(dot(a, bc));
}

// Cigolle et al., A Survey of Efficient Representations for Independent Unit Vectors (2014).
fn octahedral(e: vec2<f32>) -> vec3<f32> {
    let z = 1.0 - abs(e.x) - abs(e.y);
    let fold = max(-z, 0.0);
    return normalize(vec3(e - select(vec2(-fold), vec2(fold), e >= vec2(0.0)), z));
}

@vertex
fn flat_vertex(@location(0) position: vec3<f32>, at: Placed) -> Plain {
    let world = place(at, position);
    return Plain(frame.clip_from_world * vec4(world, 1.0), world, vec3(0.0));
}

@vertex
fn smooth_vertex(@location(0) position: vec3<f32>, @location(1) normal: vec2<f32>, at: Placed) -> Plain {
    let world = place(at, position);
    return Plain(frame.clip_from_world * vec4(world, 1.0), world, turn_normal(at, octahedral(normal)));
}

fn rich(v: RichVertex, at: Placed) -> Rich {
    let world = place(at, v.position);
    let t = v.tangent.xyz;
    let tangent = vec3(dot(at.row0.xyz, t), dot(at.row1.xyz, t), dot(at.row2.xyz, t));
    let mirrored = sign(dot(cross(at.row0.xyz, at.row1.xyz), at.row2.xyz));
    return Rich(
        frame.clip_from_world * vec4(world, 1.0),
        world,
        turn_normal(at, octahedral(v.normal)),
        vec4(tangent, v.tangent.w * mirrored),
        vec4(v.uv0, v.uv1),
        v.color,
    );
}

@vertex
fn rich_vertex(v: RichVertex, at: Placed) -> Rich {
    return rich(v, at);
}

@vertex
fn shadow_vertex(@location(0) position: vec3<f32>, at: Placed) -> @builtin(position) vec4<f32> {
    return frame.shadow_from_world * vec4(place(at, position), 1.0);
}

struct Masked {
    @builtin(position) clip: vec4<f32>,
    @location(0) uv: vec4<f32>,
    @location(1) alpha: f32,
}

@vertex
fn masked_shadow_vertex(v: RichVertex, at: Placed) -> Masked {
    let clip = frame.shadow_from_world * vec4(place(at, v.position), 1.0);
    return Masked(clip, vec4(v.uv0, v.uv1), v.color.w);
}
