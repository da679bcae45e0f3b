//! OpenEXR.

use std::io::Cursor;

use base::Limits;
use exr::{
    error::Error as ExrError,
    math::Vec2,
    meta::{
        MetaData,
        attribute::{Chromaticities, IntegerBounds, Text},
        header::Header,
    },
    prelude::{
        Encoding, Image, ReadChannels, ReadLayers, ReadSpecificChannel, SpecificChannels, WritableImage, f16,
        read,
    },
};

use super::{Format, HdrError, Radiance, check_size};

/// The primaries and the white of sRGB (Rec. ITU-R BT.709).
const PRIMARIES: Chromaticities = Chromaticities {
    red: Vec2(0.64, 0.33),
    green: Vec2(0.3, 0.6),
    blue: Vec2(0.15, 0.06),
    white: Vec2(0.3127, 0.329),
};

/// Reads the first layer that has red, green and blue, or brightness. What it does not say of the picture is dark.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Radiance, HdrError> {
    let failed = |error| failed(error, bytes.len());
    let meta = MetaData::read_from_buffered(Cursor::new(bytes), false).map_err(failed)?;
    let (header, names) = meta
        .headers
        .iter()
        .filter(|header| !header.deep)
        .find_map(|header| Some((header, names(header)?)))
        .ok_or_else(|| {
            unsupported("no layer with the channels R, G and B, or Y, that is not deep".to_owned())
        })?;
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let Vec2(across, down) = header.layer_size;
    check_size(side(across), side(down), bytes, limits)?;
    let display = header.shared_attributes.display_window;
    let (width, height) = (side(display.size.0), side(display.size.1));
    check_size(width, height, bytes, limits)?;

    let [red, green, blue] = names;
    let single = red == green;
    let rgb = if single {
        let channels = read().no_deep_data().largest_resolution_level().specific_channels().required(red);
        let pixels =
            channels.collect_pixels(storage, |to: &mut Storage, at, (light,): (f32,)| to.put(at, [light; 3]));
        let image =
            pixels.first_valid_layer().all_attributes().from_buffered(Cursor::new(bytes)).map_err(failed)?;
        image.layer_data.channel_data.pixels.rgb
    } else {
        let channels = read().no_deep_data().largest_resolution_level().specific_channels();
        let channels = channels.required(red).required(green).required(blue);
        let pixels = channels.collect_pixels(storage, |to: &mut Storage, at, (r, g, b): (f32, f32, f32)| {
            to.put(at, [r, g, b])
        });
        let image =
            pixels.first_valid_layer().all_attributes().from_buffered(Cursor::new(bytes)).map_err(failed)?;
        image.layer_data.channel_data.pixels.rgb
    };
    if rgb.is_empty() || rgb.len() != across * down {
        return Err(damaged("its layer is not as large as its header says".to_owned()));
    }
    let data = IntegerBounds { position: header.own_attributes.layer_position, size: header.layer_size };
    let rgb = if data == display { rgb } else { shown(&rgb, data, display) };
    match rgb.is_empty() {
        true => Err(damaged("its display window has no pixels".to_owned())),
        false => Ok(Radiance { width, height, rgb }),
    }
}

/// The pixels of a display window, of which those of a data window are there.
fn shown(rgb: &[[f32; 3]], data: IntegerBounds, display: IntegerBounds) -> Vec<[f32; 3]> {
    let (width, height) = (display.size.0, display.size.1);
    let inside = |at: usize, from: i32, to: i32, end: usize| {
        let place = i64::try_from(at).ok()? + i64::from(from) - i64::from(to);
        usize::try_from(place).ok().filter(|place| *place < end)
    };
    let mut whole = vec![[0.0; 3]; width * height];
    for (row, line) in rgb.chunks_exact(data.size.0).enumerate() {
        let Some(y) = inside(row, data.position.1, display.position.1, height) else { continue };
        for (column, pixel) in line.iter().enumerate() {
            let place = inside(column, data.position.0, display.position.0, width);
            if let Some(place) = place.and_then(|x| whole.get_mut(y * width + x)) {
                *place = *pixel;
            }
        }
    }
    whole
}

/// The names of the channels that hold the colours of a layer; three times the same where there is only brightness. Those
/// without a name before them go first, as in `R` and `beauty.R`.
fn names(header: &Header) -> Option<[Text; 3]> {
    let list = &header.channels.list;
    let whole = |name: &str| {
        list.iter()
            .find(|channel| channel.name == *name && channel.sampling == Vec2(1, 1))
            .map(|channel| channel.name.clone())
    };
    let of = |prefix: &str| {
        let named = |last: &str| whole(&format!("{prefix}{last}"));
        Some([named("R")?, named("G")?, named("B")?])
    };
    let brightness = || whole("Y").map(|name| [name.clone(), name.clone(), name]);
    let prefixed = || {
        list.iter().find_map(|channel| {
            let name = channel.name.to_string();
            of(name.strip_suffix("R").filter(|prefix| prefix.ends_with('.'))?)
        })
    };
    // With RY and BY beside it, brightness is not all that there is to see.
    of("")
        .or_else(|| brightness().filter(|_| !list.iter().any(|channel| channel.name == *"RY")))
        .or_else(prefixed)
}

/// Pixels as they come.
struct Storage {
    width: usize,
    rgb: Vec<[f32; 3]>,
}

fn storage<C>(size: Vec2<usize>, _: &C) -> Storage {
    Storage { width: size.0, rgb: vec![[0.0; 3]; size.0 * size.1] }
}

impl Storage {
    fn put(&mut self, at: Vec2<usize>, pixel: [f32; 3]) {
        if let Some(place) = self.rgb.get_mut(at.1 * self.width + at.0) {
            *place = pixel;
        }
    }
}

fn failed(error: ExrError, bytes: usize) -> HdrError {
    match error {
        ExrError::NotSupported(feature) => unsupported(feature.into_owned()),
        ExrError::Invalid(reason) if reason.contains("reference to missing bytes") => {
            HdrError::Truncated { format: Format::OpenExr, offset: bytes as u64 }
        }
        ExrError::Invalid(reason) => damaged(reason.into_owned()),
        ExrError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            HdrError::Truncated { format: Format::OpenExr, offset: bytes as u64 }
        }
        ExrError::Io(error) => damaged(error.to_string()),
        ExrError::Aborted => damaged("it was given up".to_owned()),
    }
}

fn unsupported(feature: String) -> HdrError {
    HdrError::Unsupported { format: Format::OpenExr, feature }
}

fn damaged(reason: String) -> HdrError {
    HdrError::Damaged { format: Format::OpenExr, reason }
}

/// Pixels that OpenEXR cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A side is zero, or the pixels do not fill the picture.
    #[error("{found} pixels do not fill an OpenEXR picture of {width}×{height}")]
    Size {
        /// Pixels given.
        found: usize,
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
    },
    /// The encoder gave up.
    #[error("the picture cannot be saved as OpenEXR: {0}")]
    Failed(String),
}

/// The bytes of an OpenEXR file with half floats, compressed with ZIP in blocks of 16 rows; the same on every run and with
/// any number of threads. `rgba` is linear, with the primaries of sRGB, premultiplied, with rows from the top.
///
/// # Errors
/// The pixels do not fill a picture of that size.
pub fn encode(width: u32, height: u32, rgba: &[[f16; 4]]) -> Result<Vec<u8>, EncodeError> {
    let across = width as usize;
    if rgba.is_empty() || rgba.len() != across * height as usize {
        return Err(EncodeError::Size { found: rgba.len(), width, height });
    }
    let pixel = |at: Vec2<usize>| {
        let [r, g, b, a] = rgba.get(at.1 * across + at.0).copied().unwrap_or_default();
        (r, g, b, a)
    };
    let channels = SpecificChannels::rgba(pixel);
    let mut image =
        Image::from_encoded_channels((across, height as usize), Encoding::SMALL_LOSSLESS, channels);
    image.attributes.chromaticities = Some(PRIMARIES);
    let mut file = Cursor::new(Vec::new());
    image.write().to_buffered(&mut file).map_err(|error| EncodeError::Failed(error.to_string()))?;
    Ok(file.into_inner())
}
