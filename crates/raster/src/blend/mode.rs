//! The names of the blend modes and of the Porter–Duff operators.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A name that no blend mode or operator has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is no {what}: write one of {known}")]
pub struct UnknownName {
    /// What was written.
    pub name: String,
    /// What was wanted: "blend mode" or "composite operator".
    pub what: &'static str,
    /// The names there are, separated by commas.
    pub known: String,
}

/// Declares an enum whose variants have CSS names.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident, $what:literal, { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them, in the order of the specification.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// The name that CSS uses.
            pub const fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                match name {
                    $($text => Ok($name::$variant),)*
                    _ => Err(UnknownName {
                        name: name.to_owned(),
                        what: $what,
                        known: [$($text),*].join(", "),
                    }),
                }
            }
        }
    };
}

named! {
    /// How the colours of a layer mix with those below it (Compositing and Blending Level 1, section 10). Stored by
    /// the CSS names; filters used to be stored with names in camel case, which are still read.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    BlendMode, "blend mode", {
        /// The layer's own colour.
        #[default]
        Normal = "normal",
        /// The product: never lighter than either.
        Multiply = "multiply",
        /// The complement of the product of the complements: never darker than either.
        Screen = "screen",
        /// Hard light with the layers swapped.
        Overlay = "overlay",
        /// The darker of both, channel by channel.
        Darken = "darken",
        /// The lighter of both, channel by channel.
        Lighten = "lighten",
        /// Brightens what is below to reflect the layer.
        #[serde(alias = "colorDodge")]
        ColorDodge = "color-dodge",
        /// Darkens what is below to reflect the layer.
        #[serde(alias = "colorBurn")]
        ColorBurn = "color-burn",
        /// Multiplies where the layer is dark, screens where it is light.
        #[serde(alias = "hardLight")]
        HardLight = "hard-light",
        /// Darkens or lightens, as a diffused spotlight would.
        #[serde(alias = "softLight")]
        SoftLight = "soft-light",
        /// The distance between both.
        Difference = "difference",
        /// The distance with less contrast.
        Exclusion = "exclusion",
        /// The layer's hue with the saturation and luminosity below.
        Hue = "hue",
        /// The layer's saturation with the hue and luminosity below.
        Saturation = "saturation",
        /// The layer's hue and saturation with the luminosity below.
        Color = "color",
        /// The layer's luminosity with the hue and saturation below.
        Luminosity = "luminosity",
        /// The sum of layer and what is below, clamped, for cross-fades (Compositing and Blending Level 2).
        #[serde(alias = "plusLighter")]
        PlusLighter = "plus-lighter",
    }
}

named! {
    /// Which parts of the source and of the destination remain (Compositing and Blending Level 1, section 9).
    CompositeOperator, "composite operator", {
        /// Nothing remains.
        Clear = "clear",
        /// The source alone.
        Copy = "copy",
        /// The destination alone.
        Destination = "destination",
        /// The source above the destination.
        SourceOver = "source-over",
        /// The destination above the source.
        DestinationOver = "destination-over",
        /// The source where the destination is.
        SourceIn = "source-in",
        /// The destination where the source is.
        DestinationIn = "destination-in",
        /// The source where the destination is not.
        SourceOut = "source-out",
        /// The destination where the source is not.
        DestinationOut = "destination-out",
        /// The source where the destination is, above the destination.
        SourceAtop = "source-atop",
        /// The destination where the source is, above the source.
        DestinationAtop = "destination-atop",
        /// Each where the other is not.
        Xor = "xor",
        /// The sum, clamped.
        Lighter = "lighter",
    }
}

impl CompositeOperator {
    /// Whether the destination vanishes where the source is transparent.
    pub const fn clears_outside(self) -> bool {
        use CompositeOperator::*;
        matches!(self, Clear | Copy | SourceIn | DestinationIn | SourceOut | DestinationAtop)
    }
}
