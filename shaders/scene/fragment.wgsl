// From materials to colours.

struct Mapping {
    // The rows of the matrix from texture coordinates to the image; w of the first is the set.
    across: vec4<f32>,
    down: vec4<f32>,
}

struct Material {
    base: vec4<f32>,
    // Its w is the reflectance.
    emissive: vec4<f32>,
    // Metallic, roughness, the scale of normals, the strength of occlusion.
    factors: vec4<f32>,
    // x is where the mask begins.
    alpha: vec4<f32>,
    mappings: array<Mapping, 14>,
    // What lobes.wgsl reads. The colour of the reflection of what is no metal; its strength.
    specular: vec4<f32>,
    // Clear coat: how much, its roughness, the scale of its normals. The index of refraction.
    coat: vec4<f32>,
    // The colour of fibres; their roughness.
    sheen: vec4<f32>,
    // What is absorbed in a metre, as the exponent of e; how much light goes through.
    through: vec4<f32>,
    // x is how thick the body is, before the mesh is scaled.
    volume: vec4<f32>,
}

@group(1) @binding(0) var<uniform> material: Material;
@group(1) @binding(1) var base_map: texture_2d<f32>;
@group(1) @binding(2) var base_sampler: sampler;
@group(1) @binding(3) var rough_map: texture_2d<f32>;
@group(1) @binding(4) var rough_sampler: sampler;
@group(1) @binding(5) var normal_map: texture_2d<f32>;
@group(1) @binding(6) var normal_sampler: sampler;
@group(1) @binding(7) var occlusion_map: texture_2d<f32>;
@group(1) @binding(8) var occlusion_sampler: sampler;
@group(1) @binding(9) var emissive_map: texture_2d<f32>;
@group(1) @binding(10) var emissive_sampler: sampler;

fn mapped(place: i32, uv: vec4<f32>) -> vec2<f32> {
    let mapping = material.mappings[place];
    let p = vec3(select(uv.xy, uv.zw, mapping.across.w > 0.5), 1.0);
    return vec2(dot(mapping.across.xyz, p), dot(mapping.down.xyz, p));
}

fn towards_eye(position: vec3<f32>) -> vec3<f32> {
    return select(normalize(-position), frame.towards_eye.xyz, frame.towards_eye.w > 0.5);
}

// The normal of the triangle itself, on the side that is seen.
fn facet_normal(position: vec3<f32>, view: vec3<f32>) -> vec3<f32> {
    let n = cross(dpdx(position), dpdy(position));
    let unit = n * inverseSqrt(max(dot(n, n), 1e-38));
    return select(unit, -unit, dot(unit, view) < 0.0);
}

// A colour that is shown as it is, as it is drawn.
fn drawn_as_shown(color: vec3<f32>) -> vec3<f32> {
    if TONED == 0 && TONED_AT_LAST == 1 { return untone(color); }
    return color;
}

fn finish(color: vec3<f32>, alpha: f32) -> vec4<f32> {
    if ALPHA == 2 { return vec4(color * alpha, alpha); }
    return vec4(color, 1.0);
}

@fragment
fn plain_fragment(p: Plain, @builtin(front_facing) front: bool) -> @location(0) vec4<f32> {
    if ALPHA == 1 && material.base.w < material.alpha.x { discard; }
    if UNLIT != 0 { return finish(drawn_as_shown(material.base.xyz), material.base.w); }
    let view = towards_eye(p.position);
    var normal = vec3(0.0);
    if NORMALS != 0 {
        normal = normalize(select(-p.normal, p.normal, front));
    } else {
        normal = facet_normal(p.position, view);
    }
    let s = Surface(
        p.position, normal, normal, view, material.base.xyz,
        material.factors.x, material.factors.y, material.emissive.w, 1.0,
    );
    return finish(tone(shade(s) + material.emissive.xyz), material.base.w);
}

// Where texture coordinates grow, in the plane of the triangle; mirrored ones turn the bitangent over.
fn derived_tangent(position: vec3<f32>, uv: vec2<f32>, n: vec3<f32>) -> mat3x3<f32> {
    let px = dpdx(position);
    let py = dpdy(position);
    let ux = dpdx(uv);
    let uy = dpdy(uv);
    let turned = select(-1.0, 1.0, ux.x * uy.y >= ux.y * uy.x);
    let along = (px * uy.y - py * ux.y) * turned;
    let down = (py * ux.x - px * uy.x) * turned;
    let flat_along = along - n * dot(n, along);
    let t = flat_along * inverseSqrt(max(dot(flat_along, flat_along), 1e-38));
    let b = cross(n, t);
    return mat3x3(t, select(b, -b, dot(b, down) > 0.0), n);
}

// A normal of a texture that lies with these coordinates, in the world.
fn bent(p: Rich, front: bool, facet: vec3<f32>, uv: vec2<f32>, normal: vec3<f32>) -> vec3<f32> {
    var frame_of = derived_tangent(p.position, uv, facet);
    if TANGENTS != 0 && NORMALS != 0 {
        let n = normalize(p.normal);
        let flat_along = p.tangent.xyz - n * dot(n, p.tangent.xyz);
        let t = flat_along * inverseSqrt(max(dot(flat_along, flat_along), 1e-38));
        let b = cross(n, t) * p.tangent.w;
        let side = select(-1.0, 1.0, front);
        frame_of = mat3x3(t * side, b * side, n * side);
    }
    let turned = frame_of * normal;
    return turned * inverseSqrt(max(dot(turned, turned), 1e-38));
}

// What base colour, metallic-roughness, normals and occlusion make of a surface.
struct Basics {
    surface: Surface,
    alpha: f32,
    emissive: vec3<f32>,
}

fn basics(p: Rich, front: bool) -> Basics {
    var base = material.base;
    if COLORS != 0 { base *= p.color; }
    if (TEXTURES & 1) != 0 { base *= textureSample(base_map, base_sampler, mapped(0, p.uv)); }
    var emissive = material.emissive.xyz;
    if (TEXTURES & 16) != 0 { emissive *= textureSample(emissive_map, emissive_sampler, mapped(4, p.uv)).xyz; }
    var rough = vec4(1.0);
    if (TEXTURES & 2) != 0 { rough = textureSample(rough_map, rough_sampler, mapped(1, p.uv)); }
    var occlusion = 1.0;
    if (TEXTURES & 8) != 0 { occlusion = textureSample(occlusion_map, occlusion_sampler, mapped(3, p.uv)).x; }
    let view = towards_eye(p.position);
    var facet = vec3(0.0);
    if NORMALS != 0 {
        facet = normalize(select(-p.normal, p.normal, front));
    } else {
        facet = facet_normal(p.position, view);
    }
    var normal = facet;
    if (TEXTURES & 4) != 0 {
        let uv = mapped(2, p.uv);
        let sampled = textureSample(normal_map, normal_sampler, uv).xyz * 2.0 - 1.0;
        normal = bent(p, front, facet, uv, vec3(sampled.xy * material.factors.z, sampled.z));
    }
    if ALPHA == 1 && base.w < material.alpha.x { discard; }
    let s = Surface(
        p.position, normal, facet, view, base.xyz,
        material.factors.x * rough.z, material.factors.y * rough.y, material.emissive.w,
        1.0 + material.factors.w * (occlusion - 1.0),
    );
    return Basics(s, base.w, emissive);
}

@fragment
fn rich_fragment(p: Rich, @builtin(front_facing) front: bool) -> @location(0) vec4<f32> {
    let found = basics(p, front);
    let s = found.surface;
    if UNLIT != 0 { return finish(drawn_as_shown(s.base), found.alpha); }
    return finish(tone(shade(s) + found.emissive), found.alpha);
}

@fragment
fn masked_shadow_fragment(p: Masked) {
    var alpha = material.base.w * p.alpha;
    if (TEXTURES & 1) != 0 { alpha *= textureSample(base_map, base_sampler, mapped(0, p.uv)).w; }
    if alpha < material.alpha.x { discard; }
}
