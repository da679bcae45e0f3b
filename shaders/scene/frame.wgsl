// What all vertices and fragments of a picture share. "World" is turned as the world is, with the eye at its origin:
// so far places keep their precision.

struct Frame {
    clip_from_world: mat4x4<f32>,
    // Of the one shadow map that is drawn.
    shadow_from_world: mat4x4<f32>,
    // To the clip space of the picture of what is behind.
    behind_from_world: mat4x4<f32>,
    // What the environment is multiplied by.
    tint: vec4<f32>,
    // Towards the eye; w is 1 where that is the same everywhere.
    towards_eye: vec4<f32>,
    // Turn (y, in radians) and levels (z) of the environment; the number of lights (w).
    environment: vec4<f32>,
    // What is seen where there is nothing: linear, not premultiplied.
    background: vec4<f32>,
    // The levels of the picture of what is behind, and the height of the whole picture in its pixels.
    behind: vec4<f32>,
}

struct Light {
    // w is the kind: 0 directional, 1 point, 2 spot.
    color: vec4<f32>,
    // w is one over the range, 0 for none.
    position: vec4<f32>,
    // Where it shines; w is the scale of the falloff of spots.
    direction: vec4<f32>,
    // The offset of the falloff of spots; the first of its shadow maps, and how many there are: 0, 1, or 6 around it.
    cone: vec4<f32>,
}

struct ShadowView {
    clip_from_world: mat4x4<f32>,
    // Where its map is in the atlas: from its upper left corner, over this part.
    place: vec4<f32>,
    // The size of a texel: in metres, at a distance of 1 where there is perspective; as a part of the atlas.
    texel: vec4<f32>,
}

@group(0) @binding(0) var<uniform> frame: Frame;
@group(0) @binding(1) var<storage, read> lights: array<Light>;
@group(0) @binding(2) var environment_map: texture_2d<f32>;
@group(0) @binding(3) var environment_sampler: sampler;
@group(0) @binding(4) var shadow_map: texture_depth_2d;
@group(0) @binding(5) var shadow_sampler: sampler_comparison;
@group(0) @binding(6) var<storage, read> shadows: array<ShadowView>;
@group(0) @binding(7) var behind_map: texture_2d<f32>;
@group(0) @binding(8) var irradiance_map: texture_2d<f32>;

// Whether light is brought into the range of screens, here and in the picture that this is drawn for.
override TONED: i32 = 1;
override TONED_AT_LAST: i32 = 1;
// 0 none, 1 the studio, 2 an image.
override ENVIRONMENT: i32 = 1;
override LIGHTS: i32 = 0;
override SHADOWS: i32 = 0;
// Bits: 1 base colour, 2 metallic-roughness, 4 normals, 8 occlusion, 16 emissive; those of lobes.wgsl.
override TEXTURES: i32 = 0;
// Whether geometry has them.
override NORMALS: i32 = 1;
override TANGENTS: i32 = 0;
override COLORS: i32 = 0;
override UNLIT: i32 = 0;
// 0 opaque, 1 mask, 2 blend.
override ALPHA: i32 = 0;

const PI: f32 = 3.14159265;
