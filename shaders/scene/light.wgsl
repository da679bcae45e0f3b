// The metallic-roughness model of glTF 2.0 (appendix B), lit by lights and by the environment.

struct Surface {
    position: vec3<f32>,
    normal: vec3<f32>,
    // As the triangle is, without the normal texture.
    facet: vec3<f32>,
    view: vec3<f32>,
    base: vec3<f32>,
    metallic: f32,
    roughness: f32,
    // At the metal's edge, for what is no metal.
    reflectance: f32,
    occlusion: f32,
}

// Smith, correlated with height, over 4 NL NV: Heitz, Understanding the Masking-Shadowing Function (2014).
fn visibility(nl: f32, nv: f32, a2: f32) -> f32 {
    let v = nl * sqrt(nv * nv * (1.0 - a2) + a2);
    let l = nv * sqrt(nl * nl * (1.0 - a2) + a2);
    return 0.5 / max(v + l, 1e-6);
}

fn distribution(nh: f32, a2: f32) -> f32 {
    let f = (nh * a2 - nh) * nh + 1.0;
    return a2 / (PI * f * f);
}

fn shine(s: Surface, f0: vec3<f32>, towards: vec3<f32>, arriving: vec3<f32>) -> vec3<f32> {
    let nl = dot(s.normal, towards);
    if nl <= 0.0 { return vec3(0.0); }
    let nv = max(dot(s.normal, s.view), 1e-4);
    let h = normalize(towards + s.view);
    let nh = saturate(dot(s.normal, h));
    let a = max(s.roughness * s.roughness, 0.002);
    let fresnel = f0 + (1.0 - f0) * pow(1.0 - saturate(dot(s.view, h)), 5.0);
    let specular = fresnel * (distribution(nh, a * a) * visibility(nl, nv, a * a));
    let diffuse = (1.0 - fresnel) * s.base * ((1.0 - s.metallic) / PI);
    return (diffuse + specular) * arriving * nl;
}

// Which of the six maps around a light sees in a direction.
fn side_of(d: vec3<f32>) -> i32 {
    let a = abs(d);
    if a.x >= a.y && a.x >= a.z { return select(1, 0, d.x > 0.0); }
    if a.y >= a.z { return select(3, 2, d.y > 0.0); }
    return select(5, 4, d.z > 0.0);
}

// How much of a light arrives that casts shadows, from four mixtures of four texels.
fn lit_by_shadow_map(light: Light, s: Surface, towards: vec3<f32>) -> f32 {
    var number = i32(light.cone.y);
    if light.cone.z > 1.0 { number += side_of(-towards); }
    let view = shadows[number];
    let distance = (view.clip_from_world * vec4(s.position, 1.0)).w;
    let offset = s.facet * (view.texel.x * 2.0 * distance);
    let at = view.clip_from_world * vec4(s.position + offset, 1.0);
    if at.w <= 0.0 { return 1.0; }
    let p = at.xyz / at.w;
    let uv = p.xy * vec2(0.5, -0.5) + 0.5;
    if any(uv < vec2(0.0)) || any(uv > vec2(1.0)) { return 1.0; }
    let texel = view.texel.yz;
    let first = view.place.xy + 0.5 * texel;
    let last = view.place.xy + view.place.zw - 0.5 * texel;
    let middle = view.place.xy + uv * view.place.zw;
    let low = clamp(middle - 0.85 * texel, first, last);
    let high = clamp(middle + 0.85 * texel, first, last);
    return 0.25 * (textureSampleCompareLevel(shadow_map, shadow_sampler, low, p.z)
        + textureSampleCompareLevel(shadow_map, shadow_sampler, vec2(low.x, high.y), p.z)
        + textureSampleCompareLevel(shadow_map, shadow_sampler, vec2(high.x, low.y), p.z)
        + textureSampleCompareLevel(shadow_map, shadow_sampler, high, p.z));
}

// The direction to a light, and how much of it arrives.
fn arrives_at(light: Light, s: Surface) -> vec4<f32> {
    let arriving = arrives(light, s.position);
    if SHADOWS == 0 || light.cone.z < 1.0 || arriving.w <= 0.0 || dot(s.facet, arriving.xyz) <= 0.0 {
        return arriving;
    }
    return vec4(arriving.xyz, arriving.w * lit_by_shadow_map(light, s, arriving.xyz));
}

fn arrives(light: Light, position: vec3<f32>) -> vec4<f32> {
    if light.color.w == 0.0 { return vec4(-light.direction.xyz, 1.0); }
    let gap = light.position.xyz - position;
    let squared = max(dot(gap, gap), 1e-8);
    let towards = gap * inverseSqrt(squared);
    let reach = squared * light.position.w * light.position.w;
    var strength = saturate(1.0 - reach * reach) / squared;
    if light.color.w == 2.0 {
        let spot = saturate(dot(-towards, light.direction.xyz) * light.direction.w + light.cone.x);
        strength *= spot * spot;
    }
    return vec4(towards, strength);
}

// Karis, Physically Based Shading on Mobile (2014): the scale of F0 and what is added to it.
fn environment_reflection(nv: f32, roughness: f32) -> vec2<f32> {
    let r = roughness * vec4(-1.0, -0.0275, -0.572, 0.022) + vec4(1.0, 0.0425, 1.04, -0.04);
    let a = min(r.x * r.x, exp2(-9.28 * nv)) * r.x + r.y;
    return vec2(-1.04, 1.04) * a + r.zw;
}

// With what bounces more than once: Fdez-Agüera, A Multiple-Scattering Microfacet Model (2019).
fn surrounded(s: Surface, f0: vec3<f32>) -> vec3<f32> {
    let nv = saturate(dot(s.normal, s.view));
    let scale = environment_reflection(nv, s.roughness);
    let once = f0 * scale.x + scale.y;
    let lost = 1.0 - (scale.x + scale.y);
    let average = f0 + (1.0 - f0) / 21.0;
    let more = lost * once * average / (1.0 - average * lost);
    let diffuse = s.base * (1.0 - s.metallic) * (1.0 - once - more);
    let reflected = reflect(-s.view, s.normal);
    let radiance = environment_radiance(reflected, s.roughness);
    return (once * radiance + (more + diffuse) * environment_irradiance(s.normal)) * s.occlusion;
}

fn shade(s: Surface) -> vec3<f32> {
    let f0 = mix(vec3(s.reflectance), s.base, s.metallic);
    var sum = vec3(0.0);
    if ENVIRONMENT != 0 { sum = surrounded(s, f0); }
    if LIGHTS != 0 {
        let count = i32(frame.environment.w);
        for (var i = 0; i < count; i++) {
            let arriving = arrives_at(lights[i], s);
            if arriving.w > 0.0 { sum += shine(s, f0, arriving.xyz, lights[i].color.xyz * arriving.w); }
        }
    }
    return sum;
}

// Khronos PBR Neutral; where light stays as it is, it is held to what half floats hold.
fn tone(color: vec3<f32>) -> vec3<f32> {
    if TONED == 0 { return min(color, vec3(65504.0)); }
    let low = min(color.x, min(color.y, color.z));
    let offset = select(0.04, low - 6.25 * low * low, low < 0.08);
    let shifted = color - offset;
    let peak = max(shifted.x, max(shifted.y, shifted.z));
    if peak < 0.76 { return shifted; }
    let pressed = 1.0 - 0.24 * 0.24 / (peak + 0.24 - 0.76);
    let grey = 1.0 - 1.0 / (0.15 * (peak - pressed) + 1.0);
    return mix(shifted * (pressed / peak), vec3(pressed), grey);
}

// The light that is shown as this colour.
fn untone(shown: vec3<f32>) -> vec3<f32> {
    let whole = min(shown, vec3(0.98));
    let pressed = max(whole.x, max(whole.y, whole.z));
    var shifted = whole;
    if pressed >= 0.76 {
        let peak = 0.52 + 0.24 * 0.24 / (1.0 - pressed);
        let grey = 1.0 - 1.0 / (0.15 * (peak - pressed) + 1.0);
        shifted = max((whole - pressed * grey) / (1.0 - grey), vec3(0.0)) * (peak / pressed);
    }
    let low = min(shifted.x, min(shifted.y, shifted.z));
    return shifted + select(0.04, sqrt(low / 6.25) - low, low < 0.04);
}
