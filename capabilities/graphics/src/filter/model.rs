//! What a filter is: a resolved list of primitives, as plain data.

use base::Color;
use serde::{Deserialize, Serialize};

use super::attributes::{
    Channel, ColorMatrix, CompositeOperator, EdgeMode, LightSource, MorphologyOperator, TransferFunction,
    TurbulenceKind,
};
use raster::blend::BlendMode;

/// An axis-aligned rectangle in user space.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width; a region that is not wider than zero is empty.
    pub width: f32,
    /// Height; a region that is not higher than zero is empty.
    pub height: f32,
}

/// A filter whose units, links and defaults are resolved: SVG's `filter` element or a CSS filter function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// The part of user space that the filter reads and writes.
    pub region: Region,
    /// The steps, in order; the last one is the outcome. A filter without steps draws nothing.
    pub primitives: Vec<Primitive>,
}

/// One step of a filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Primitive {
    /// The primitive subregion: what the step draws outside of it is cut off. A step is taken to have no subregion of
    /// its own where this equals the filter's region.
    pub region: Region,
    /// The colour space in which the step computes.
    pub color_space: ColorSpace,
    /// The name by which later steps refer to the outcome. A repeated name hides the earlier one.
    pub result: String,
    /// What the step does.
    pub kind: PrimitiveKind,
}

/// A colour space of filter computations (`color-interpolation-filters`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ColorSpace {
    /// sRGB with its transfer curve.
    Srgb,
    /// sRGB primaries with linear light.
    #[default]
    LinearRgb,
}

/// What a primitive reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Input {
    /// The element that the filter applies to.
    SourceGraphic,
    /// The element's alpha channel, with black for its colour.
    SourceAlpha,
    /// The outcome of an earlier primitive. A name that no earlier primitive has stands for the previous primitive, or
    /// for the source graphic in the first one.
    Result(String),
}

/// The filter primitives with their attributes. Lengths are in user space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PrimitiveKind {
    /// `feBlend`: `input1` on top of `input2`.
    Blend {
        /// The upper layer.
        input1: Input,
        /// The backdrop.
        input2: Input,
        /// How colours mix.
        mode: BlendMode,
    },
    /// `feColorMatrix`: a linear map of straight RGBA.
    ColorMatrix {
        /// What is mapped.
        input: Input,
        /// The map.
        matrix: ColorMatrix,
    },
    /// `feComponentTransfer`: a curve for each straight channel.
    ComponentTransfer {
        /// What is mapped.
        input: Input,
        /// The curve for red.
        red: TransferFunction,
        /// The curve for green.
        green: TransferFunction,
        /// The curve for blue.
        blue: TransferFunction,
        /// The curve for alpha.
        alpha: TransferFunction,
    },
    /// `feComposite`: two inputs combined by coverage.
    Composite {
        /// The source of the operator.
        input1: Input,
        /// The destination of the operator.
        input2: Input,
        /// The operator.
        operator: CompositeOperator,
    },
    /// `feConvolveMatrix`: a weighted sum of a pixel's neighbours. A kernel of the wrong length, a target outside of
    /// it or a divisor of zero gives a transparent outcome.
    ConvolveMatrix {
        /// What is convolved.
        input: Input,
        /// Columns of the kernel.
        columns: u32,
        /// Rows of the kernel.
        rows: u32,
        /// The column that lies on the output pixel.
        target_x: u32,
        /// The row that lies on the output pixel.
        target_y: u32,
        /// `columns × rows` weights, row by row; applied rotated by 180°.
        kernel: Vec<f32>,
        /// What the sum is divided by.
        divisor: f32,
        /// Added after the division, as a part of full intensity.
        bias: f32,
        /// What lies outside the picture.
        edge_mode: EdgeMode,
        /// Convolves straight colour only and keeps alpha.
        preserve_alpha: bool,
    },
    /// `feDiffuseLighting`: a matt surface whose height is the input's alpha.
    DiffuseLighting {
        /// The height map.
        input: Input,
        /// The height of full alpha, in pixels.
        surface_scale: f32,
        /// The reflected part of the light, `kd`.
        diffuse_constant: f32,
        /// The light's colour; its alpha has no effect.
        lighting_color: Color,
        /// Where the light comes from.
        light: LightSource,
    },
    /// `feSpecularLighting`: the highlights on that surface, to be added to something else.
    SpecularLighting {
        /// The height map.
        input: Input,
        /// The height of full alpha, in pixels.
        surface_scale: f32,
        /// The reflected part of the light, `ks`.
        specular_constant: f32,
        /// The gloss, 1 to 128.
        specular_exponent: f32,
        /// The light's colour; its alpha has no effect.
        lighting_color: Color,
        /// Where the light comes from.
        light: LightSource,
    },
    /// `feDisplacementMap`: `input1` moved pixel by pixel by the colours of `input2`.
    DisplacementMap {
        /// What is moved.
        input1: Input,
        /// The map: a channel's 0 moves by `-scale / 2`, its 1 by `scale / 2`.
        input2: Input,
        /// The full span of the movement.
        scale: f32,
        /// The map's channel for movements in x.
        x_channel: Channel,
        /// The map's channel for movements in y.
        y_channel: Channel,
    },
    /// `feDropShadow`: the input over its own blurred, moved and tinted alpha.
    DropShadow {
        /// What casts the shadow.
        input: Input,
        /// Movement to the right.
        dx: f32,
        /// Movement down.
        dy: f32,
        /// Standard deviation in x.
        std_dev_x: f32,
        /// Standard deviation in y.
        std_dev_y: f32,
        /// The shadow's colour.
        color: Color,
        /// The shadow's opacity, 0 to 1, on top of the colour's alpha.
        opacity: f32,
    },
    /// `feFlood`: one colour everywhere.
    Flood {
        /// The colour.
        color: Color,
        /// Its opacity, 0 to 1, on top of the colour's alpha.
        opacity: f32,
    },
    /// `feGaussianBlur`. Zero in an axis leaves that axis sharp.
    GaussianBlur {
        /// What is blurred.
        input: Input,
        /// Standard deviation in x.
        std_dev_x: f32,
        /// Standard deviation in y.
        std_dev_y: f32,
    },
    /// `feImage`: content that the caller renders, with its origin at the top left of the primitive's region.
    Image {
        /// The caller's name for the content.
        content: String,
    },
    /// `feMerge`: the inputs on top of each other, the first one lowest.
    Merge {
        /// The layers.
        inputs: Vec<Input>,
    },
    /// `feMorphology`: the smallest or largest channel values in a rectangle of `2 radius_x × 2 radius_y`.
    Morphology {
        /// What is thinned or fattened.
        input: Input,
        /// Which of the two.
        operator: MorphologyOperator,
        /// Half the rectangle's width; zero in both axes changes nothing.
        radius_x: f32,
        /// Half the rectangle's height.
        radius_y: f32,
    },
    /// `feOffset`: a movement by whole pixels.
    Offset {
        /// What is moved.
        input: Input,
        /// Movement to the right.
        dx: f32,
        /// Movement down.
        dy: f32,
    },
    /// `feTile`: the input's own region, repeated in both axes.
    Tile {
        /// The tile.
        input: Input,
    },
    /// `feTurbulence`: Perlin's noise.
    Turbulence {
        /// Noise cells for each unit in x.
        base_frequency_x: f32,
        /// Noise cells for each unit in y.
        base_frequency_y: f32,
        /// How many layers, each with twice the frequency and half the weight. Layers past the sixteenth are below one
        /// step of eight bits and are left out.
        num_octaves: u32,
        /// Start of the random numbers.
        seed: i32,
        /// Rounds the frequencies so that the region tiles without seams.
        stitch_tiles: bool,
        /// How the layers add up.
        noise: TurbulenceKind,
    },
}

impl PrimitiveKind {
    /// The inputs, in the order of the primitive's attributes.
    pub fn inputs(&self) -> Vec<&Input> {
        match self {
            PrimitiveKind::Flood { .. } | PrimitiveKind::Image { .. } | PrimitiveKind::Turbulence { .. } => {
                vec![]
            }
            PrimitiveKind::Blend { input1, input2, .. }
            | PrimitiveKind::Composite { input1, input2, .. }
            | PrimitiveKind::DisplacementMap { input1, input2, .. } => vec![input1, input2],
            PrimitiveKind::Merge { inputs } => inputs.iter().collect(),
            PrimitiveKind::ColorMatrix { input, .. }
            | PrimitiveKind::ComponentTransfer { input, .. }
            | PrimitiveKind::ConvolveMatrix { input, .. }
            | PrimitiveKind::DiffuseLighting { input, .. }
            | PrimitiveKind::SpecularLighting { input, .. }
            | PrimitiveKind::DropShadow { input, .. }
            | PrimitiveKind::GaussianBlur { input, .. }
            | PrimitiveKind::Morphology { input, .. }
            | PrimitiveKind::Offset { input, .. }
            | PrimitiveKind::Tile { input } => vec![input],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_read_and_write_as_tagged_json() {
        let text = r##"{"region":{"x":0.0,"y":0.0,"width":9.0,"height":9.0},"primitives":[
            {"region":{"x":1.0,"y":1.0,"width":2.0,"height":2.0},"colorSpace":"linearRgb","result":"a",
             "kind":{"type":"gaussianBlur","input":"sourceAlpha","stdDevX":2.0,"stdDevY":0.5}},
            {"region":{"x":1.0,"y":1.0,"width":2.0,"height":2.0},"colorSpace":"srgb","result":"b",
             "kind":{"type":"specularLighting","input":{"result":"a"},"surfaceScale":1.0,"specularConstant":1.0,
                     "specularExponent":8.0,"lightingColor":"#ffcc00","light":{"type":"point","x":1.0,"y":2.0,"z":3.0}}},
            {"region":{"x":1.0,"y":1.0,"width":2.0,"height":2.0},"colorSpace":"srgb","result":"c",
             "kind":{"type":"composite","input1":"sourceGraphic","input2":{"result":"b"},
                     "operator":{"type":"arithmetic","k1":0.0,"k2":1.0,"k3":1.0,"k4":0.0}}}]}"##;
        let filter: Filter = serde_json::from_str(text).expect("it is a filter");
        assert_eq!(filter.primitives[0].color_space, ColorSpace::LinearRgb);
        assert_eq!(
            filter.primitives[2].kind.inputs(),
            [&Input::SourceGraphic, &Input::Result("b".to_owned())]
        );
        let given: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
        assert_eq!(serde_json::to_value(&filter).expect("it can be written"), given);
    }
}
