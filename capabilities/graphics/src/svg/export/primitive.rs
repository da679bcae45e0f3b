//! Filter primitives as elements.

use base::Color;

use crate::filter::{
    Channel, ColorMatrix, CompositeOperator, EdgeMode, Input, LightSource, MorphologyOperator, PrimitiveKind,
    TransferFunction, TurbulenceKind,
};

use super::attributes::{Attributes, hex, number, numbers};

/// A primitive's element without its region and result.
pub(super) struct Element {
    pub(super) name: &'static str,
    pub(super) attributes: Attributes,
    pub(super) children: Vec<(&'static str, Attributes)>,
}

/// A single-precision number with the fewest digits that tell it apart; what is not finite is 0.
pub(super) fn single(value: f32) -> String {
    if value.is_finite() && value != 0.0 { value.to_string() } else { "0".to_owned() }
}

fn singles(values: &[f32]) -> String {
    values.iter().map(|value| single(*value)).collect::<Vec<_>>().join(" ")
}

impl Element {
    /// The element for a primitive. `input` names inputs; `image` is the id of what `feImage` draws.
    ///
    /// What SVG has no form for has one that draws the same: nothing is a transparent flood, no change an offset by zero,
    /// saturation over 1 a matrix.
    pub(super) fn of<'i>(
        kind: &PrimitiveKind,
        input: impl Fn(&Input) -> &'i str,
        image: Option<&str>,
    ) -> Element {
        let mut a = Attributes::default();
        let mut children = Vec::new();
        for (name, source) in ["in", "in2"].iter().zip(kind.inputs()) {
            if !matches!(kind, PrimitiveKind::Merge { .. }) {
                a.raw(name, input(source));
            }
        }
        let name = match kind {
            PrimitiveKind::Blend { mode, .. } => {
                a.text_unless("mode", mode.name(), "normal");
                "feBlend"
            }
            PrimitiveKind::ColorMatrix { matrix, .. } => {
                color_matrix(matrix, &mut a);
                "feColorMatrix"
            }
            PrimitiveKind::ComponentTransfer { red, green, blue, alpha, .. } => {
                let channels = [("feFuncR", red), ("feFuncG", green), ("feFuncB", blue), ("feFuncA", alpha)];
                children
                    .extend(channels.into_iter().filter_map(|(name, curve)| Some((name, transfer(curve)?))));
                "feComponentTransfer"
            }
            PrimitiveKind::Composite { operator, .. } => {
                composite(*operator, &mut a);
                "feComposite"
            }
            PrimitiveKind::ConvolveMatrix { .. } if !convolves(kind) => return Element::nothing(),
            PrimitiveKind::ConvolveMatrix {
                columns,
                rows,
                target_x,
                target_y,
                kernel,
                divisor,
                bias,
                edge_mode,
                preserve_alpha,
                ..
            } => {
                a.raw("order", &format!("{columns} {rows}")).raw("kernelMatrix", &singles(kernel));
                a.raw("divisor", &single(*divisor)).text_unless("bias", &single(*bias), "0");
                a.raw("targetX", &target_x.to_string()).raw("targetY", &target_y.to_string());
                a.text_unless("edgeMode", edge(*edge_mode), "duplicate");
                a.text_unless("preserveAlpha", if *preserve_alpha { "true" } else { "false" }, "false");
                "feConvolveMatrix"
            }
            PrimitiveKind::DiffuseLighting {
                surface_scale, diffuse_constant, lighting_color, light, ..
            } => {
                a.raw("surfaceScale", &single(*surface_scale));
                a.raw("diffuseConstant", &single(*diffuse_constant));
                a.raw("lighting-color", &hex(*lighting_color));
                children.push(light_source(light));
                "feDiffuseLighting"
            }
            PrimitiveKind::SpecularLighting {
                surface_scale,
                specular_constant,
                specular_exponent,
                lighting_color,
                light,
                ..
            } => {
                a.raw("surfaceScale", &single(*surface_scale));
                a.raw("specularConstant", &single(*specular_constant));
                a.raw("specularExponent", &single(*specular_exponent));
                a.raw("lighting-color", &hex(*lighting_color));
                children.push(light_source(light));
                "feSpecularLighting"
            }
            PrimitiveKind::DisplacementMap { scale, x_channel, y_channel, .. } => {
                a.raw("scale", &single(*scale));
                a.raw("xChannelSelector", channel(*x_channel)).raw("yChannelSelector", channel(*y_channel));
                "feDisplacementMap"
            }
            PrimitiveKind::DropShadow { dx, dy, std_dev_x, std_dev_y, color, opacity, .. } => {
                a.raw("dx", &single(*dx)).raw("dy", &single(*dy));
                a.raw("stdDeviation", &pair(*std_dev_x, *std_dev_y));
                flood(*color, *opacity, &mut a);
                "feDropShadow"
            }
            PrimitiveKind::Flood { color, opacity } => {
                flood(*color, *opacity, &mut a);
                "feFlood"
            }
            PrimitiveKind::GaussianBlur { std_dev_x, std_dev_y, .. } => {
                a.raw("stdDeviation", &pair(*std_dev_x, *std_dev_y));
                "feGaussianBlur"
            }
            PrimitiveKind::Image { .. } => match image {
                None => return Element::nothing(),
                Some(id) => {
                    a.raw("href", &format!("#{id}"));
                    "feImage"
                }
            },
            PrimitiveKind::Merge { inputs } => {
                children.extend(inputs.iter().map(|source| {
                    let mut a = Attributes::default();
                    a.raw("in", input(source));
                    ("feMergeNode", a)
                }));
                "feMerge"
            }
            PrimitiveKind::Morphology { radius_x, radius_y, .. } if *radius_x <= 0.0 && *radius_y <= 0.0 => {
                "feOffset"
            }
            PrimitiveKind::Morphology { operator, radius_x, radius_y, .. } => {
                let operator = match operator {
                    MorphologyOperator::Erode => "erode",
                    MorphologyOperator::Dilate => "dilate",
                };
                a.raw("operator", operator).raw("radius", &pair(*radius_x, *radius_y));
                "feMorphology"
            }
            PrimitiveKind::Offset { dx, dy, .. } => {
                a.raw("dx", &single(*dx)).raw("dy", &single(*dy));
                "feOffset"
            }
            PrimitiveKind::Tile { .. } => "feTile",
            PrimitiveKind::Turbulence {
                base_frequency_x,
                base_frequency_y,
                num_octaves,
                seed,
                stitch_tiles,
                noise,
            } => {
                let noise = match noise {
                    TurbulenceKind::FractalNoise => "fractalNoise",
                    TurbulenceKind::Turbulence => "turbulence",
                };
                a.raw("type", noise).raw("baseFrequency", &pair(*base_frequency_x, *base_frequency_y));
                a.raw("numOctaves", &num_octaves.to_string()).raw("seed", &seed.to_string());
                a.text_unless("stitchTiles", if *stitch_tiles { "stitch" } else { "noStitch" }, "noStitch");
                "feTurbulence"
            }
        };
        Element { name, attributes: a, children }
    }

    fn nothing() -> Element {
        let mut attributes = Attributes::default();
        flood(Color::BLACK, 0.0, &mut attributes);
        Element { name: "feFlood", attributes, children: Vec::new() }
    }
}

/// Two numbers, or one that stands for both.
fn pair(x: f32, y: f32) -> String {
    if x == y { single(x) } else { singles(&[x, y]) }
}

fn flood(color: Color, opacity: f32, a: &mut Attributes) {
    a.raw("flood-color", &hex(color));
    a.text_unless("flood-opacity", &number(f64::from(opacity) * f64::from(color.a) / 255.0), "1");
}

/// Whether a convolution has an outcome that is not transparent.
fn convolves(kind: &PrimitiveKind) -> bool {
    match kind {
        PrimitiveKind::ConvolveMatrix { columns, rows, target_x, target_y, kernel, divisor, .. } => {
            let size = u64::from(*columns) * u64::from(*rows);
            kernel.len() as u64 == size && target_x < columns && target_y < rows && *divisor != 0.0
        }
        _ => true,
    }
}

fn color_matrix(matrix: &ColorMatrix, a: &mut Attributes) {
    match matrix {
        ColorMatrix::Matrix { values } => a.raw("values", &singles(values)),
        ColorMatrix::Saturate { amount } if *amount > 1.0 => {
            a.raw("values", &numbers(&saturation((*amount).into())))
        }
        ColorMatrix::Saturate { amount } => a.raw("type", "saturate").raw("values", &single(*amount)),
        ColorMatrix::HueRotate { degrees } => a.raw("type", "hueRotate").raw("values", &single(*degrees)),
        ColorMatrix::LuminanceToAlpha => a.raw("type", "luminanceToAlpha"),
    };
}

/// The matrix of `saturate` (Filter Effects Level 1, feColorMatrix).
fn saturation(s: f64) -> [f64; 20] {
    let (r, g, b) = (0.213 - 0.213 * s, 0.715 - 0.715 * s, 0.072 - 0.072 * s);
    #[rustfmt::skip]
    let values = [
        r + s, g, b, 0.0, 0.0,
        r, g + s, b, 0.0, 0.0,
        r, g, b + s, 0.0, 0.0,
        0.0, 0.0, 0.0, 1.0, 0.0,
    ];
    values
}

/// The attributes of a curve; `None` for one that changes nothing.
fn transfer(function: &TransferFunction) -> Option<Attributes> {
    let mut a = Attributes::default();
    match function {
        TransferFunction::Identity => return None,
        TransferFunction::Table { values } | TransferFunction::Discrete { values } if values.is_empty() => {
            return None;
        }
        TransferFunction::Table { values } => a.raw("type", "table").raw("tableValues", &singles(values)),
        TransferFunction::Discrete { values } => {
            a.raw("type", "discrete").raw("tableValues", &singles(values))
        }
        TransferFunction::Linear { slope, intercept } => {
            a.raw("type", "linear").raw("slope", &single(*slope)).raw("intercept", &single(*intercept))
        }
        TransferFunction::Gamma { amplitude, exponent, offset } => {
            a.raw("type", "gamma").raw("amplitude", &single(*amplitude));
            a.raw("exponent", &single(*exponent)).raw("offset", &single(*offset))
        }
    };
    Some(a)
}

fn composite(operator: CompositeOperator, a: &mut Attributes) {
    let name = match operator {
        CompositeOperator::Over => return,
        CompositeOperator::In => "in",
        CompositeOperator::Out => "out",
        CompositeOperator::Atop => "atop",
        CompositeOperator::Xor => "xor",
        CompositeOperator::Lighter => "lighter",
        CompositeOperator::Arithmetic { .. } => "arithmetic",
    };
    a.raw("operator", name);
    if let CompositeOperator::Arithmetic { k1, k2, k3, k4 } = operator {
        for (name, k) in [("k1", k1), ("k2", k2), ("k3", k3), ("k4", k4)] {
            a.text_unless(name, &single(k), "0");
        }
    }
}

fn light_source(light: &LightSource) -> (&'static str, Attributes) {
    let mut a = Attributes::default();
    let name = match light {
        LightSource::Distant { azimuth, elevation } => {
            a.raw("azimuth", &single(*azimuth)).raw("elevation", &single(*elevation));
            "feDistantLight"
        }
        LightSource::Point { x, y, z } => {
            a.raw("x", &single(*x)).raw("y", &single(*y)).raw("z", &single(*z));
            "fePointLight"
        }
        LightSource::Spot {
            x,
            y,
            z,
            points_at_x,
            points_at_y,
            points_at_z,
            specular_exponent,
            limiting_cone_angle,
        } => {
            a.raw("x", &single(*x)).raw("y", &single(*y)).raw("z", &single(*z));
            a.raw("pointsAtX", &single(*points_at_x)).raw("pointsAtY", &single(*points_at_y));
            a.raw("pointsAtZ", &single(*points_at_z));
            a.text_unless("specularExponent", &single(*specular_exponent), "1");
            if let Some(angle) = limiting_cone_angle {
                a.raw("limitingConeAngle", &single(*angle));
            }
            "feSpotLight"
        }
    };
    (name, a)
}

fn edge(mode: EdgeMode) -> &'static str {
    match mode {
        EdgeMode::Duplicate => "duplicate",
        EdgeMode::Wrap => "wrap",
        EdgeMode::None => "none",
    }
}

fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Red => "R",
        Channel::Green => "G",
        Channel::Blue => "B",
        Channel::Alpha => "A",
    }
}
