//! A plain RGBA picture, read from and written to the three everyday formats, and the measure of difference.

use std::fmt;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// A picture of 8-bit straight-alpha RGBA in rows from the top, `width * height * 4` bytes, in whatever colour space
/// the file had.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// R, G, B, A of every pixel, row by row.
    pub pixels: Vec<u8>,
}

/// A file format that [`Image`] reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Lossless, with alpha.
    Png,
    /// Lossy, without alpha: pixels are written as if they were opaque.
    Jpeg,
    /// Written lossless, with alpha; read in both forms.
    Webp,
}

/// How a JPEG file orders its coefficients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scans {
    /// Baseline, one scan with all components, as cameras write it.
    #[default]
    Interleaved,
    /// Baseline, one scan per component.
    Separate,
    /// Progressive.
    Progressive,
}

/// Why a picture could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file itself could not be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bytes begin like no format that is known here.
    #[error("neither PNG nor JPEG nor WebP: it begins with {0:02x?}")]
    UnknownFormat(Vec<u8>),
    /// A codec refused the bytes or the pixels.
    #[error("{format:?}: {message}")]
    Codec {
        /// Whose codec.
        format: Format,
        /// What it said.
        message: String,
    },
}

/// How far two pictures of equal size are apart, over premultiplied channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Pixels of which at least one channel differs by more than the threshold.
    pub pixels: u64,
    /// `pixels` divided by all pixels, 0 to 1.
    pub share: f64,
    /// The greatest difference of any channel, 0 to 255.
    pub greatest: u8,
    /// The pixel (x, y) where that is.
    pub place: (u32, u32),
}

impl Image {
    /// A picture of one colour.
    pub fn solid(width: u32, height: u32, rgba: [u8; 4]) -> Self {
        Self { width, height, pixels: rgba.repeat(width as usize * height as usize) }
    }

    /// Reads a file, whatever its name, by its first bytes.
    pub fn read(path: &Path) -> Result<(Self, Format), ImageError> {
        let bytes = std::fs::read(path).map_err(|source| ImageError::Io { path: path.into(), source })?;
        Self::decode(&bytes)
    }

    /// Decodes a whole file, by its first bytes.
    pub fn decode(bytes: &[u8]) -> Result<(Self, Format), ImageError> {
        let format = Format::of(bytes)?;
        let image = match format {
            Format::Png => decode_png(bytes),
            Format::Jpeg => decode_jpeg(bytes),
            Format::Webp => decode_webp(bytes),
        };
        image.map(|image| (image, format)).map_err(|message| ImageError::Codec { format, message })
    }

    /// Encodes the picture. `quality` is 1 to 100 and matters to JPEG only.
    pub fn encode(&self, format: Format, quality: u8) -> Result<Vec<u8>, ImageError> {
        match format {
            Format::Png => self.encode_png(),
            Format::Jpeg => return self.encode_jpeg(quality, Scans::Interleaved),
            Format::Webp => self.encode_webp(),
        }
        .map_err(|message| ImageError::Codec { format, message })
    }

    /// Encodes as JPEG with chroma of half width and half height. `quality` is 1 to 100.
    pub fn encode_jpeg(&self, quality: u8, scans: Scans) -> Result<Vec<u8>, ImageError> {
        let fail = |message: String| ImageError::Codec { format: Format::Jpeg, message };
        let side = |length: u32| {
            u16::try_from(length).map_err(|_| fail(format!("a side of {length} is over 65535")))
        };
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality.clamp(1, 100));
        encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
        encoder.set_progressive(scans == Scans::Progressive);
        // This encoder writes one baseline scan per component when it counts its own tables.
        encoder.set_optimized_huffman_tables(scans == Scans::Separate);
        encoder
            .encode(&self.pixels, side(self.width)?, side(self.height)?, jpeg_encoder::ColorType::Rgba)
            .map_err(|error| fail(error.to_string()))?;
        Ok(bytes)
    }

    /// Straight RGBA at column `x` and row `y`; `None` outside the picture.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = (y as usize * self.width as usize + x as usize) * 4;
        self.pixels.get(at..at + 4)?.try_into().ok()
    }

    /// Compares premultiplied channels, so that the colour of a transparent pixel does not count. A pixel differs when
    /// a channel is more than `threshold` (0 to 255) apart. `None` when the sizes differ.
    pub fn difference(&self, other: &Self, threshold: u8) -> Option<Difference> {
        if (self.width, self.height) != (other.width, other.height) {
            return None;
        }
        let mut result = Difference { pixels: 0, share: 0.0, greatest: 0, place: (0, 0) };
        for (index, (a, b)) in self.pixels.chunks_exact(4).zip(other.pixels.chunks_exact(4)).enumerate() {
            let apart =
                premultiplied(a).iter().zip(premultiplied(b)).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0);
            result.pixels += u64::from(apart > threshold);
            if apart > result.greatest {
                result.greatest = apart;
                result.place = (index as u32 % self.width, index as u32 / self.width);
            }
        }
        result.share = result.pixels as f64 / f64::max(1.0, f64::from(self.width) * f64::from(self.height));
        Some(result)
    }

    fn encode_png(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(text)?;
        writer.write_image_data(&self.pixels).map_err(text)?;
        writer.finish().map_err(text)?;
        Ok(bytes)
    }

    fn encode_webp(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        image_webp::WebPEncoder::new(&mut bytes)
            .encode(&self.pixels, self.width, self.height, image_webp::ColorType::Rgba8)
            .map_err(text)?;
        Ok(bytes)
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image {}x{}", self.width, self.height)
    }
}

impl Format {
    /// The format whose signature the bytes begin with.
    pub fn of(bytes: &[u8]) -> Result<Self, ImageError> {
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => Ok(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Ok(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Self::Webp),
            _ => Err(ImageError::UnknownFormat(bytes.iter().take(8).copied().collect())),
        }
    }
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}

fn premultiplied(rgba: &[u8]) -> [u8; 4] {
    let alpha = u32::from(rgba[3]);
    let scale = |channel: u8| ((u32::from(channel) * alpha + 127) / 255) as u8;
    [scale(rgba[0]), scale(rgba[1]), scale(rgba[2]), rgba[3]]
}

fn decode_png(bytes: &[u8]) -> Result<Image, String> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(text)?;
    let size = reader.output_buffer_size().ok_or("the picture is too large to hold")?;
    let mut data = vec![0; size];
    let frame = reader.next_frame(&mut data).map_err(text)?;
    data.truncate(frame.buffer_size());
    let pixels = match frame.color_type {
        png::ColorType::Grayscale => data.iter().flat_map(|&g| [g, g, g, 255]).collect(),
        png::ColorType::GrayscaleAlpha => {
            data.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
        }
        png::ColorType::Rgb => opaque(&data),
        png::ColorType::Rgba => data,
        png::ColorType::Indexed => return Err("the palette was not expanded".into()),
    };
    Ok(Image { width: frame.width, height: frame.height, pixels })
}

fn decode_jpeg(bytes: &[u8]) -> Result<Image, String> {
    let options = zune_jpeg::zune_core::options::DecoderOptions::default()
        .jpeg_set_out_colorspace(zune_jpeg::zune_core::colorspace::ColorSpace::RGBA);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(Cursor::new(bytes), options);
    let pixels = decoder.decode().map_err(text)?;
    let (width, height) = decoder.dimensions().ok_or("no dimensions")?;
    Ok(Image { width: width as u32, height: height as u32, pixels })
}

fn decode_webp(bytes: &[u8]) -> Result<Image, String> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(text)?;
    let (width, height) = decoder.dimensions();
    let mut data = vec![0; decoder.output_buffer_size().ok_or("the picture is too large to hold")?];
    decoder.read_image(&mut data).map_err(text)?;
    let pixels = if decoder.has_alpha() { data } else { opaque(&data) };
    Ok(Image { width, height, pixels })
}

fn opaque(rgb: &[u8]) -> Vec<u8> {
    rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_comes_back_within_its_loss() {
        let mut image = crate::photo::landscape(96, 64, 3);
        let loss = |image: &Image, format| {
            let (back, found) = Image::decode(&image.encode(format, 92).unwrap()).unwrap();
            assert_eq!(found, format);
            image.difference(&back, 40).unwrap()
        };
        assert!(loss(&image, Format::Jpeg).share < 0.01);
        for pixel in image.pixels.chunks_exact_mut(4).step_by(3) {
            pixel[3] = 77;
        }
        assert_eq!(loss(&image, Format::Png).greatest, 0);
        assert_eq!(loss(&image, Format::Webp).greatest, 0);
    }

    #[test]
    fn the_difference_counts_pixels_over_the_threshold_and_ignores_hidden_colour() {
        let a = Image::solid(4, 2, [10, 20, 30, 255]);
        let mut b = a.clone();
        b.pixels[4 * 5 + 1] = 60;
        b.pixels[0] = 13;
        let found = a.difference(&b, 32).unwrap();
        assert_eq!(found, Difference { pixels: 1, share: 0.125, greatest: 40, place: (1, 1) });
        let hidden = Image::solid(4, 2, [255, 0, 9, 0]).difference(&Image::solid(4, 2, [0; 4]), 0).unwrap();
        assert_eq!(hidden.pixels, 0);
        assert_eq!(a.difference(&Image::solid(2, 4, [0; 4]), 255), None);
    }

    #[test]
    fn foreign_and_broken_bytes_are_errors() {
        assert!(matches!(Image::decode(b"GIF89a.."), Err(ImageError::UnknownFormat(_))));
        let mut png = Image::solid(9, 9, [1, 2, 3, 4]).encode(Format::Png, 0).unwrap();
        png.truncate(50);
        assert!(matches!(Image::decode(&png), Err(ImageError::Codec { format: Format::Png, .. })));
    }
}
