// Lobes beside the metallic-roughness model: KHR_materials_specular, _clearcoat, _sheen, _transmission and _volume.

@group(1) @binding(11) var coat_map: texture_2d<f32>;
@group(1) @binding(12) var coat_sampler: sampler;
@group(1) @binding(13) var coat_rough_map: texture_2d<f32>;
@group(1) @binding(14) var coat_rough_sampler: sampler;
@group(1) @binding(15) var coat_normal_map: texture_2d<f32>;
@group(1) @binding(16) var coat_normal_sampler: sampler;
@group(1) @binding(17) var through_map: texture_2d<f32>;
@group(1) @binding(18) var through_sampler: sampler;
@group(1) @binding(19) var thickness_map: texture_2d<f32>;
@group(1) @binding(20) var thickness_sampler: sampler;
@group(1) @binding(21) var specular_map: texture_2d<f32>;
@group(1) @binding(22) var specular_sampler: sampler;
@group(1) @binding(23) var specular_color_map: texture_2d<f32>;
@group(1) @binding(24) var specular_color_sampler: sampler;
@group(1) @binding(25) var sheen_color_map: texture_2d<f32>;
@group(1) @binding(26) var sheen_color_sampler: sampler;
@group(1) @binding(27) var sheen_rough_map: texture_2d<f32>;
@group(1) @binding(28) var sheen_rough_sampler: sampler;
// Of white sheen, by roughness and then by the root of the cosine.
@group(1) @binding(29) var<storage, read> sheen_albedo: array<f32>;

// Bits: 1 clear coat, 2 sheen, 4 transmission.
override LOBES: i32 = 0;

const SHEEN_SIDE: i32 = 16;
// The reflectance of a coat with an index of refraction of 1.5.
const COAT: f32 = 0.04;

struct Lobes {
    // Of what is no metal, seen straight on and at the edge.
    f0: vec3<f32>,
    f90: f32,
    coat: f32,
    coat_roughness: f32,
    coat_normal: vec3<f32>,
    sheen: vec3<f32>,
    sheen_roughness: f32,
    through: f32,
    // In metres.
    thickness: f32,
}

fn greatest(v: vec3<f32>) -> f32 {
    return max(v.x, max(v.y, v.z));
}

fn edge(cosine: f32) -> f32 {
    return pow(1.0 - saturate(cosine), 5.0);
}

// How much of the light from all sides white sheen reflects; from all sides to one.
fn sheen_part(cosine: f32, roughness: f32) -> f32 {
    let most = f32(SHEEN_SIDE - 1);
    let at = vec2(sqrt(saturate(cosine)), saturate(roughness)) * most;
    let low = vec2<i32>(min(at, vec2(most - 1.0)));
    let part = at - vec2<f32>(low);
    let first = low.y * SHEEN_SIDE + low.x;
    let above = mix(sheen_albedo[first], sheen_albedo[first + 1], part.x);
    let below = mix(sheen_albedo[first + SHEEN_SIDE], sheen_albedo[first + SHEEN_SIDE + 1], part.x);
    return mix(above, below, part.y);
}

fn fibre_fit(x: f32, alpha: f32) -> f32 {
    let t = (1.0 - alpha) * (1.0 - alpha);
    let a = mix(21.5473, 25.3245, t);
    let b = mix(3.82987, 3.32435, t);
    let c = mix(0.19823, 0.16801, t);
    let d = mix(-1.97760, -1.27393, t);
    let e = mix(-4.32054, -4.85967, t);
    return a / (1.0 + b * pow(x, c)) + d * x + e;
}

fn fibre_shadow(cosine: f32, alpha: f32) -> f32 {
    if cosine < 0.5 { return exp(fibre_fit(cosine, alpha)); }
    return exp(2.0 * fibre_fit(0.5, alpha) - fibre_fit(1.0 - cosine, alpha));
}

// Estevez and Kulla, Production Friendly Microfacet Sheen BRDF (2017). `render/sheen.rs` sums it up.
fn fibres(nl: f32, nv: f32, nh: f32, roughness: f32) -> f32 {
    let alpha = max(roughness * roughness, 0.01);
    let d = (2.0 + 1.0 / alpha) * pow(max(1.0 - nh * nh, 1e-6), 0.5 / alpha) / (2.0 * PI);
    return d / ((1.0 + fibre_shadow(nv, alpha) + fibre_shadow(nl, alpha)) * 4.0 * nv * nl);
}

// How much of the light from all sides the coat reflects; the rest reaches what is below, and as much of that leaves.
fn coat_part(s: Surface, l: Lobes) -> f32 {
    let scale = environment_reflection(saturate(dot(l.coat_normal, s.view)), l.coat_roughness);
    return l.coat * (COAT * scale.x + scale.y);
}

// What a light adds: the surface, the fibres on it and the coat over them.
fn shine_in_lobes(s: Surface, l: Lobes, towards: vec3<f32>, arriving: vec3<f32>) -> vec3<f32> {
    let h = normalize(towards + s.view);
    let vh = saturate(dot(s.view, h));
    let nl = dot(s.normal, towards);
    let nv = max(dot(s.normal, s.view), 1e-4);
    var sum = vec3(0.0);
    if nl > 0.0 {
        let nh = saturate(dot(s.normal, h));
        let a = max(s.roughness * s.roughness, 0.002);
        let f0 = mix(l.f0, s.base, s.metallic);
        let fresnel = f0 + (mix(l.f90, 1.0, s.metallic) - f0) * edge(vh);
        let reflected = greatest(l.f0 + (l.f90 - l.f0) * edge(vh));
        let below = s.base * ((1.0 - reflected) * (1.0 - s.metallic) * (1.0 - l.through));
        sum = fresnel * (distribution(nh, a * a) * visibility(nl, nv, a * a)) + below / PI;
        if (LOBES & 2) != 0 {
            let kept = max(sheen_part(nv, l.sheen_roughness), sheen_part(nl, l.sheen_roughness));
            sum *= 1.0 - greatest(l.sheen) * kept;
            sum += l.sheen * fibres(max(nl, 1e-4), nv, nh, l.sheen_roughness);
        }
        sum *= nl;
    }
    if (LOBES & 1) != 0 {
        let cv = max(dot(l.coat_normal, s.view), 1e-4);
        let cl = dot(l.coat_normal, towards);
        sum *= 1.0 - coat_part(s, l);
        if cl > 0.0 {
            let a = max(l.coat_roughness * l.coat_roughness, 0.002);
            let ch = saturate(dot(l.coat_normal, h));
            let fresnel = COAT + (1.0 - COAT) * edge(vh);
            sum += l.coat * fresnel * distribution(ch, a * a) * visibility(cl, cv, a * a) * cl;
        }
    }
    return sum * arriving;
}

fn radiance(d: vec3<f32>, roughness: f32) -> vec3<f32> {
    if ENVIRONMENT == 0 { return vec3(0.0); }
    return environment_radiance(d, roughness);
}

fn irradiance(n: vec3<f32>) -> vec3<f32> {
    if ENVIRONMENT == 0 { return vec3(0.0); }
    return environment_irradiance(n);
}

// The picture of what is behind, blurred over `width` of its texels.
fn behind_at(uv: vec2<f32>, width: f32) -> vec4<f32> {
    let level = clamp(log2(max(width, 1.0)), 0.0, frame.behind.x - 1.0);
    let texel = exp2(level) / vec2<f32>(textureDimensions(behind_map));
    let aside = select(vec2(0.0), 0.5 * texel, level > 0.0);
    let first = min(0.5 * texel, vec2(0.5));
    let low = clamp(uv - aside, first, 1.0 - first);
    let high = clamp(uv + aside, first, 1.0 - first);
    return 0.25 * (textureSampleLevel(behind_map, environment_sampler, low, level)
        + textureSampleLevel(behind_map, environment_sampler, vec2(low.x, high.y), level)
        + textureSampleLevel(behind_map, environment_sampler, vec2(high.x, low.y), level)
        + textureSampleLevel(behind_map, environment_sampler, high, level));
}

// What is seen through a surface, and how much of that is there: opaque things, the background, the environment.
fn behind(s: Surface, l: Lobes) -> vec4<f32> {
    let ior = material.coat.w;
    var direction = -s.view;
    var leaves = s.position;
    var passed = vec3(1.0);
    if l.thickness > 0.0 {
        direction = refract(-s.view, s.normal, 1.0 / max(ior, 1.0));
        leaves += direction * l.thickness;
        passed = exp(-material.through.xyz * l.thickness);
    }
    let at = frame.behind_from_world * vec4(leaves, 1.0);
    let uv = at.xy / max(at.w, 1e-6) * vec2(0.5, -0.5) + 0.5;
    // What bends no light scatters none: glTF's sample renderer scales so, too.
    let roughness = s.roughness * saturate(ior * 2.0 - 2.0);
    let near = behind_at(uv, 0.5 * pow(roughness, 4.0) * frame.behind.y);
    let rest = 1.0 - near.w;
    var background = frame.background.xyz;
    if TONED_AT_LAST == 1 { background = untone(background); }
    var seen = near.xyz + rest * frame.background.w * background;
    var there = near.w + rest * frame.background.w;
    if ENVIRONMENT != 0 {
        seen += (1.0 - there) * environment_radiance(direction, roughness);
        there = 1.0;
    }
    return vec4(seen * passed, there);
}

// What arrives from all sides and through the surface; w is how much of that is nothing at all.
fn surrounded_in_lobes(s: Surface, l: Lobes) -> vec4<f32> {
    let nv = saturate(dot(s.normal, s.view));
    let scale = environment_reflection(nv, s.roughness);
    let lost = 1.0 - (scale.x + scale.y);
    let f0 = mix(l.f0, s.base, s.metallic);
    let f90 = mix(l.f90, 1.0, s.metallic);
    let once = f0 * scale.x + f90 * scale.y;
    let average = f0 + (f90 - f0) / 21.0;
    let more = lost * once * average / (1.0 - average * lost);
    // Of what is no metal, as one number: what is below keeps its colour.
    let own = greatest(l.f0);
    let own_once = own * scale.x + l.f90 * scale.y;
    let own_average = own + (l.f90 - own) / 21.0;
    let reflected = own_once + lost * own_once * own_average / (1.0 - own_average * lost);
    let below = s.base * ((1.0 - s.metallic) * (1.0 - reflected));

    let mirrored = reflect(-s.view, s.normal);
    let scattered = irradiance(s.normal);
    var sum = once * radiance(mirrored, s.roughness) + (more + below * (1.0 - l.through)) * scattered;
    sum *= s.occlusion;
    var nothing = 0.0;
    if (LOBES & 4) != 0 {
        let seen = behind(s, l);
        sum += below * l.through * seen.xyz;
        nothing = greatest(below) * l.through * (1.0 - seen.w);
    }
    if (LOBES & 2) != 0 {
        let kept = sheen_part(nv, l.sheen_roughness);
        let under = 1.0 - greatest(l.sheen) * kept;
        sum = sum * under + l.sheen * kept * radiance(mirrored, l.sheen_roughness) * s.occlusion;
        nothing *= under;
    }
    if (LOBES & 1) != 0 {
        let reflected_by_coat = coat_part(s, l);
        let off_coat = radiance(reflect(-s.view, l.coat_normal), l.coat_roughness);
        sum = sum * (1.0 - reflected_by_coat) + reflected_by_coat * off_coat * s.occlusion;
        nothing *= 1.0 - reflected_by_coat;
    }
    return vec4(sum, nothing);
}

struct Lobed {
    @builtin(position) clip: vec4<f32>,
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) tangent: vec4<f32>,
    @location(3) uv: vec4<f32>,
    @location(4) color: vec4<f32>,
    // How much larger the mesh is in the world.
    @location(5) @interpolate(flat) scale: f32,
}

@vertex
fn lobed_vertex(v: RichVertex, at: Placed) -> Lobed {
    let p = rich(v, at);
    let scale = pow(abs(dot(cross(at.row0.xyz, at.row1.xyz), at.row2.xyz)), 1.0 / 3.0);
    return Lobed(p.clip, p.position, p.normal, p.tangent, p.uv, p.color, scale);
}

fn lobes(p: Rich, front: bool, facet: vec3<f32>, scale: f32) -> Lobes {
    var specular = material.specular;
    if (TEXTURES & 0x400) != 0 {
        specular.w *= textureSample(specular_map, specular_sampler, mapped(10, p.uv)).w;
    }
    if (TEXTURES & 0x800) != 0 {
        let color = textureSample(specular_color_map, specular_color_sampler, mapped(11, p.uv));
        specular = vec4(specular.xyz * color.xyz, specular.w);
    }
    var coat = material.coat.xy;
    if (TEXTURES & 0x20) != 0 { coat.x *= textureSample(coat_map, coat_sampler, mapped(5, p.uv)).x; }
    if (TEXTURES & 0x40) != 0 {
        coat.y *= textureSample(coat_rough_map, coat_rough_sampler, mapped(6, p.uv)).y;
    }
    var coat_normal = facet;
    if (TEXTURES & 0x80) != 0 {
        let uv = mapped(7, p.uv);
        let sampled = textureSample(coat_normal_map, coat_normal_sampler, uv).xyz * 2.0 - 1.0;
        coat_normal = bent(p, front, facet, uv, vec3(sampled.xy * material.coat.z, sampled.z));
    }
    var sheen = material.sheen;
    if (TEXTURES & 0x1000) != 0 {
        let color = textureSample(sheen_color_map, sheen_color_sampler, mapped(12, p.uv));
        sheen = vec4(sheen.xyz * color.xyz, sheen.w);
    }
    if (TEXTURES & 0x2000) != 0 {
        sheen.w *= textureSample(sheen_rough_map, sheen_rough_sampler, mapped(13, p.uv)).w;
    }
    var through = material.through.w;
    if (TEXTURES & 0x100) != 0 { through *= textureSample(through_map, through_sampler, mapped(8, p.uv)).x; }
    var thickness = material.volume.x * scale;
    if (TEXTURES & 0x200) != 0 {
        thickness *= textureSample(thickness_map, thickness_sampler, mapped(9, p.uv)).y;
    }
    let f0 = min(material.emissive.w * specular.xyz, vec3(1.0)) * specular.w;
    return Lobes(f0, specular.w, coat.x, coat.y, coat_normal, sheen.xyz, sheen.w, through, thickness);
}

@fragment
fn lobed_fragment(v: Lobed, @builtin(front_facing) front: bool) -> @location(0) vec4<f32> {
    let p = Rich(v.clip, v.position, v.normal, v.tangent, v.uv, v.color);
    let found = basics(p, front);
    let s = found.surface;
    let l = lobes(p, front, s.facet, v.scale);
    var light = found.emissive;
    if (LOBES & 1) != 0 { light *= 1.0 - coat_part(s, l); }
    let around = surrounded_in_lobes(s, l);
    light += around.xyz;
    if LIGHTS != 0 {
        let count = i32(frame.environment.w);
        for (var i = 0; i < count; i++) {
            let arriving = arrives_at(lights[i], s);
            if arriving.w > 0.0 {
                light += shine_in_lobes(s, l, arriving.xyz, lights[i].color.xyz * arriving.w);
            }
        }
    }
    if ALPHA == 2 { return finish(tone(light), found.alpha); }
    return vec4(tone(light), 1.0 - around.w);
}
