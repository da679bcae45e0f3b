//! Images of materials in the two forms that all viewers read.

use std::borrow::Cow;

use base::Limits;
use raster::{
    Depth, Pixels, Surface, alpha,
    codec::{self, Encoding, Format},
};

/// A form that all viewers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Png,
    Jpeg,
}

impl Form {
    pub fn media_type(self) -> &'static str {
        match self {
            Form::Png => "image/png",
            Form::Jpeg => "image/jpeg",
        }
    }

    pub fn extension(self) -> &'static str {
        match self {
            Form::Png => "png",
            Form::Jpeg => "jpg",
        }
    }
}

/// An image as PNG or JPEG: as it is if it is one of those, else as PNG. None when it cannot be read.
pub(super) fn portable<'b>(bytes: &'b [u8], limits: &Limits) -> Option<(Cow<'b, [u8]>, Form)> {
    match codec::probe(bytes).ok()?.format {
        Format::Png => Some((Cow::Borrowed(bytes), Form::Png)),
        Format::Jpeg => Some((Cow::Borrowed(bytes), Form::Jpeg)),
        _ => {
            let mut texels = codec::decode_texels(bytes, limits).ok()?;
            alpha::premultiply_pixels_u8(&mut texels.rgba);
            let surface = Surface::with_pixels(texels.width, texels.height, Pixels::U8(texels.rgba));
            let png = codec::encode(&surface, &Encoding::Png { depth: Depth::U8 }).ok()?;
            Some((Cow::Owned(png), Form::Png))
        }
    }
}
