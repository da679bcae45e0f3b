//! From usvg's filters to ours.

use base::Color;

use super::convert::{Converter, blend_mode};
use crate::{
    filter::{
        Channel, ColorMatrix, ColorSpace, CompositeOperator, EdgeMode, Filter, Input, LightSource,
        MorphologyOperator, Primitive, PrimitiveKind, Region, TransferFunction, TurbulenceKind,
    },
    picture::{Resource, Symbol},
};

use usvg::filter as source;

impl Converter {
    pub(super) fn filter(&mut self, filter: &source::Filter) -> Filter {
        let primitive = |primitive: &source::Primitive| Primitive {
            region: region(primitive.rect()),
            color_space: match primitive.color_interpolation() {
                source::ColorInterpolation::SRGB => ColorSpace::Srgb,
                source::ColorInterpolation::LinearRGB => ColorSpace::LinearRgb,
            },
            result: primitive.result().to_owned(),
            kind: self.filter_kind(primitive.kind()),
        };
        Filter {
            region: region(filter.rect()),
            primitives: filter.primitives().iter().map(primitive).collect(),
        }
    }

    fn filter_kind(&mut self, kind: &source::Kind) -> PrimitiveKind {
        match kind {
            source::Kind::Blend(fe) => PrimitiveKind::Blend {
                input1: input(fe.input1()),
                input2: input(fe.input2()),
                mode: blend_mode(fe.mode()),
            },
            source::Kind::ColorMatrix(fe) => {
                PrimitiveKind::ColorMatrix { input: input(fe.input()), matrix: color_matrix(fe.kind()) }
            }
            source::Kind::ComponentTransfer(fe) => PrimitiveKind::ComponentTransfer {
                input: input(fe.input()),
                red: transfer(fe.func_r()),
                green: transfer(fe.func_g()),
                blue: transfer(fe.func_b()),
                alpha: transfer(fe.func_a()),
            },
            source::Kind::Composite(fe) => PrimitiveKind::Composite {
                input1: input(fe.input1()),
                input2: input(fe.input2()),
                operator: composite_operator(fe.operator()),
            },
            source::Kind::ConvolveMatrix(fe) => PrimitiveKind::ConvolveMatrix {
                input: input(fe.input()),
                columns: fe.matrix().columns(),
                rows: fe.matrix().rows(),
                target_x: fe.matrix().target_x(),
                target_y: fe.matrix().target_y(),
                kernel: fe.matrix().data().to_vec(),
                divisor: fe.divisor().get(),
                bias: fe.bias(),
                edge_mode: match fe.edge_mode() {
                    source::EdgeMode::None => EdgeMode::None,
                    source::EdgeMode::Duplicate => EdgeMode::Duplicate,
                    source::EdgeMode::Wrap => EdgeMode::Wrap,
                },
                preserve_alpha: fe.preserve_alpha(),
            },
            source::Kind::DiffuseLighting(fe) => PrimitiveKind::DiffuseLighting {
                input: input(fe.input()),
                surface_scale: fe.surface_scale(),
                diffuse_constant: fe.diffuse_constant(),
                lighting_color: color(fe.lighting_color()),
                light: light(fe.light_source()),
            },
            source::Kind::SpecularLighting(fe) => PrimitiveKind::SpecularLighting {
                input: input(fe.input()),
                surface_scale: fe.surface_scale(),
                specular_constant: fe.specular_constant(),
                specular_exponent: fe.specular_exponent(),
                lighting_color: color(fe.lighting_color()),
                light: light(fe.light_source()),
            },
            source::Kind::DisplacementMap(fe) => PrimitiveKind::DisplacementMap {
                input1: input(fe.input1()),
                input2: input(fe.input2()),
                scale: fe.scale(),
                x_channel: channel(fe.x_channel_selector()),
                y_channel: channel(fe.y_channel_selector()),
            },
            source::Kind::DropShadow(fe) => PrimitiveKind::DropShadow {
                input: input(fe.input()),
                dx: fe.dx(),
                dy: fe.dy(),
                std_dev_x: fe.std_dev_x().get(),
                std_dev_y: fe.std_dev_y().get(),
                color: color(fe.color()),
                opacity: fe.opacity().get(),
            },
            source::Kind::Flood(fe) => {
                PrimitiveKind::Flood { color: color(fe.color()), opacity: fe.opacity().get() }
            }
            source::Kind::GaussianBlur(fe) => PrimitiveKind::GaussianBlur {
                input: input(fe.input()),
                std_dev_x: fe.std_dev_x().get(),
                std_dev_y: fe.std_dev_y().get(),
            },
            source::Kind::Image(fe) => {
                let id = self.resource(std::ptr::from_ref(fe).addr(), "image", |converter| {
                    Resource::Symbol(Symbol { content: converter.children(fe.root()) })
                });
                PrimitiveKind::Image { content: id.0 }
            }
            source::Kind::Merge(fe) => {
                PrimitiveKind::Merge { inputs: fe.inputs().iter().map(input).collect() }
            }
            source::Kind::Morphology(fe) => PrimitiveKind::Morphology {
                input: input(fe.input()),
                operator: match fe.operator() {
                    source::MorphologyOperator::Erode => MorphologyOperator::Erode,
                    source::MorphologyOperator::Dilate => MorphologyOperator::Dilate,
                },
                radius_x: fe.radius_x().get(),
                radius_y: fe.radius_y().get(),
            },
            source::Kind::Offset(fe) => {
                PrimitiveKind::Offset { input: input(fe.input()), dx: fe.dx(), dy: fe.dy() }
            }
            source::Kind::Tile(fe) => PrimitiveKind::Tile { input: input(fe.input()) },
            source::Kind::Turbulence(fe) => PrimitiveKind::Turbulence {
                base_frequency_x: fe.base_frequency_x().get(),
                base_frequency_y: fe.base_frequency_y().get(),
                num_octaves: fe.num_octaves(),
                seed: fe.seed(),
                stitch_tiles: fe.stitch_tiles(),
                noise: match fe.kind() {
                    source::TurbulenceKind::FractalNoise => TurbulenceKind::FractalNoise,
                    source::TurbulenceKind::Turbulence => TurbulenceKind::Turbulence,
                },
            },
        }
    }
}

fn region(rect: usvg::NonZeroRect) -> Region {
    Region { x: rect.x(), y: rect.y(), width: rect.width(), height: rect.height() }
}

fn input(input: &source::Input) -> Input {
    match input {
        source::Input::SourceGraphic => Input::SourceGraphic,
        source::Input::SourceAlpha => Input::SourceAlpha,
        source::Input::Reference(name) => Input::Result(name.clone()),
    }
}

fn color(color: usvg::Color) -> Color {
    Color::rgb(color.red, color.green, color.blue)
}

fn channel(channel: source::ColorChannel) -> Channel {
    match channel {
        source::ColorChannel::R => Channel::Red,
        source::ColorChannel::G => Channel::Green,
        source::ColorChannel::B => Channel::Blue,
        source::ColorChannel::A => Channel::Alpha,
    }
}

fn color_matrix(kind: &source::ColorMatrixKind) -> ColorMatrix {
    match kind {
        source::ColorMatrixKind::Matrix(given) => {
            let mut values = [0.0; 20];
            for (value, given) in values.iter_mut().zip(given) {
                *value = *given;
            }
            ColorMatrix::Matrix { values }
        }
        source::ColorMatrixKind::Saturate(amount) => ColorMatrix::Saturate { amount: amount.get() },
        source::ColorMatrixKind::HueRotate(degrees) => ColorMatrix::HueRotate { degrees: *degrees },
        source::ColorMatrixKind::LuminanceToAlpha => ColorMatrix::LuminanceToAlpha,
    }
}

fn transfer(function: &source::TransferFunction) -> TransferFunction {
    match function {
        source::TransferFunction::Identity => TransferFunction::Identity,
        source::TransferFunction::Table(values) => TransferFunction::Table { values: values.clone() },
        source::TransferFunction::Discrete(values) => TransferFunction::Discrete { values: values.clone() },
        source::TransferFunction::Linear { slope, intercept } => {
            TransferFunction::Linear { slope: *slope, intercept: *intercept }
        }
        source::TransferFunction::Gamma { amplitude, exponent, offset } => {
            TransferFunction::Gamma { amplitude: *amplitude, exponent: *exponent, offset: *offset }
        }
    }
}

fn composite_operator(operator: source::CompositeOperator) -> CompositeOperator {
    match operator {
        source::CompositeOperator::Over => CompositeOperator::Over,
        source::CompositeOperator::In => CompositeOperator::In,
        source::CompositeOperator::Out => CompositeOperator::Out,
        source::CompositeOperator::Atop => CompositeOperator::Atop,
        source::CompositeOperator::Xor => CompositeOperator::Xor,
        source::CompositeOperator::Lighter => CompositeOperator::Lighter,
        source::CompositeOperator::Arithmetic { k1, k2, k3, k4 } => {
            CompositeOperator::Arithmetic { k1, k2, k3, k4 }
        }
    }
}

fn light(light: source::LightSource) -> LightSource {
    match light {
        source::LightSource::DistantLight(light) => {
            LightSource::Distant { azimuth: light.azimuth, elevation: light.elevation }
        }
        source::LightSource::PointLight(light) => LightSource::Point { x: light.x, y: light.y, z: light.z },
        source::LightSource::SpotLight(light) => LightSource::Spot {
            x: light.x,
            y: light.y,
            z: light.z,
            points_at_x: light.points_at_x,
            points_at_y: light.points_at_y,
            points_at_z: light.points_at_z,
            specular_exponent: light.specular_exponent.get(),
            limiting_cone_angle: light.limiting_cone_angle,
        },
    }
}
