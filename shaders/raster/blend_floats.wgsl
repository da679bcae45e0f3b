// All blend modes in floats. s and b are premultiplied, a and ab their alphas; each mode gives a * ab * B(Cb, Cs).

fn hard_light(s: f32, b: f32, a: f32, ab: f32) -> f32 {
    return select(a * ab - 2.0 * (ab - b) * (a - s), 2.0 * s * b, 2.0 * s <= a);
}

fn color_dodge(s: f32, b: f32, a: f32, ab: f32) -> f32 {
    if b <= 0.0 { return 0.0; }
    let rest = a - s;
    let limit = a * ab;
    if rest <= 0.0 { return limit; }
    return min(a * a * b / rest, limit);
}

fn color_burn(s: f32, b: f32, a: f32, ab: f32) -> f32 {
    let limit = a * ab;
    if b >= ab { return limit; }
    if s <= 0.0 { return 0.0; }
    return limit - min(a * a * (ab - b) / s, limit);
}

fn soft_light(s: f32, b: f32, a: f32, ab: f32) -> f32 {
    var straight = 0.0;
    if ab > 0.0 { straight = b / ab; }
    let light = 2.0 * s - a;
    if light <= 0.0 { return a * b + light * b * (1.0 - straight); }
    var curve = sqrt(straight);
    if straight <= 0.25 { curve = ((16.0 * straight - 12.0) * straight + 4.0) * straight; }
    return a * b + light * (ab * curve - b);
}

fn luminosity(color: vec3<f32>) -> f32 {
    return 0.3 * color.x + 0.59 * color.y + 0.11 * color.z;
}

fn least(color: vec3<f32>) -> f32 {
    return min(min(color.x, color.y), color.z);
}

fn most(color: vec3<f32>) -> f32 {
    return max(max(color.x, color.y), color.z);
}

fn saturation(color: vec3<f32>) -> f32 {
    return most(color) - least(color);
}

// Stretched so that its channels span 0 to `goal`.
fn with_saturation(color: vec3<f32>, goal: f32) -> vec3<f32> {
    let span = saturation(color);
    if span <= 0.0 { return vec3(0.0); }
    return (color - least(color)) / span * goal;
}

// Moved to luminosity `goal` and pulled towards it until it lies in 0 to `limit`.
fn with_luminosity(color: vec3<f32>, goal: f32, limit: f32) -> vec3<f32> {
    let moved = color + (goal - luminosity(color));
    let light = luminosity(moved);
    let low = least(moved);
    let high = most(moved);
    var pull = 1.0;
    if low < min(light, 0.0) { pull *= light / (light - low); }
    if high > max(light, limit) { pull *= (limit - light) / (high - light); }
    return clamp(light + (moved - light) * pull, vec3(0.0), vec3(limit));
}

fn mix_colors(s: vec3<f32>, b: vec3<f32>, a: f32, ab: f32) -> vec3<f32> {
    switch layer.mode {
        case NORMAL: { return s * ab; }
        case MULTIPLY: { return s * b; }
        case SCREEN: { return s * ab + b * a - s * b; }
        case OVERLAY: {
            return vec3(hard_light(b.x, s.x, ab, a), hard_light(b.y, s.y, ab, a), hard_light(b.z, s.z, ab, a));
        }
        case DARKEN: { return min(s * ab, b * a); }
        case LIGHTEN: { return max(s * ab, b * a); }
        case COLOR_DODGE: {
            return vec3(color_dodge(s.x, b.x, a, ab), color_dodge(s.y, b.y, a, ab), color_dodge(s.z, b.z, a, ab));
        }
        case COLOR_BURN: {
            return vec3(color_burn(s.x, b.x, a, ab), color_burn(s.y, b.y, a, ab), color_burn(s.z, b.z, a, ab));
        }
        case HARD_LIGHT: {
            return vec3(hard_light(s.x, b.x, a, ab), hard_light(s.y, b.y, a, ab), hard_light(s.z, b.z, a, ab));
        }
        case SOFT_LIGHT: {
            return vec3(soft_light(s.x, b.x, a, ab), soft_light(s.y, b.y, a, ab), soft_light(s.z, b.z, a, ab));
        }
        case DIFFERENCE: { return abs(s * ab - b * a); }
        case EXCLUSION: { return s * ab + b * a - 2.0 * s * b; }
        case HUE: {
            return with_luminosity(with_saturation(s, saturation(b) * a), luminosity(b) * a, a * ab);
        }
        case SATURATION: {
            return with_luminosity(with_saturation(b, saturation(s) * ab), luminosity(b) * a, a * ab);
        }
        case COLOR: { return with_luminosity(s * ab, luminosity(b) * a, a * ab); }
        default: { return with_luminosity(b * a, luminosity(s) * ab, a * ab); }
    }
}

@compute @workgroup_size(32, 8)
fn blend(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= layer.size.x || id.y >= layer.size.y { return; }
    let place = layer.below.x + id.y * layer.below.y + id.x;
    let above = load(layer.above.x + id.y * layer.above.y + id.x);
    let below = stored(place);
    var shown = layer.opacity;
    if layer.masked == 1u { shown *= f32(covered(id.xy)) / 255.0; }
    if layer.mode == PLUS_LIGHTER {
        store(place, min(above * shown + below, vec4(1.0)));
        return;
    }
    // The result is affine in the coverage: B looks at straight colour, which coverage does not change.
    let mixed = mix_colors(above.xyz, below.xyz, above.w, below.w);
    let change = above.xyz * (1.0 - below.w) - below.xyz * above.w + mixed;
    let alpha = below.w + above.w * (1.0 - below.w) * shown;
    store(place, vec4(below.xyz + change * shown, alpha));
}
