//! From the colours of a file to sRGB.

use std::sync::Arc;

use base::Diagnostic;
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, CmsError, ColorPrimaries, ColorProfile, DataColorSpace,
    Layout, MatrixCoefficients, ProfileText, ToneReprCurve, TransferCharacteristics, TransformExecutor,
    TransformOptions, XyYRepresentable,
};
use rayon::prelude::*;

/// Pixels that one thread converts at a time.
const BAND: usize = 1 << 14;

/// In which colours a file stores its pixels. What was decoded is sRGB in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColorSource {
    /// sRGB, because the file says so or says nothing.
    Srgb,
    /// Another colour space, named here, from which the pixels were converted.
    Converted(String),
    /// Colours we cannot convert, for the reason given; the pixels were taken for sRGB.
    Ignored(String),
}

impl ColorSource {
    /// The warning that colours were ignored, if they were.
    pub(super) fn warning(&self) -> Option<Diagnostic> {
        match self {
            ColorSource::Ignored(reason) => {
                let message =
                    format!("the colour profile was ignored: {reason}; the colours may look different");
                Some(
                    Diagnostic::warning("", message)
                        .with_help("convert the picture to sRGB and import it again"),
                )
            }
            ColorSource::Srgb | ColorSource::Converted(_) => None,
        }
    }
}

/// What a file says about its colours.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Declared {
    /// Nothing, or sRGB.
    Srgb,
    /// An ICC profile.
    Icc(Vec<u8>),
    /// A power law: stored = light^gamma; white, red, green and blue in CIE x, y unless they are those of sRGB.
    Gamma { gamma: f32, chromaticities: Option<[(f32, f32); 4]> },
    /// Code points of ITU-T H.273.
    Cicp { primaries: u8, transfer: u8 },
}

/// What the channels of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    /// One channel of grey.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Cyan, magenta, yellow, black; 0 is no ink.
    Cmyk,
}

/// Converts straight pixels to sRGB.
pub(super) struct Converter<V: Copy + Default> {
    transform: Arc<dyn TransformExecutor<V> + Send + Sync>,
    from_gray: bool,
}

impl<V: Copy + Default + Send + Sync> Converter<V> {
    /// Converts RGBA pixels in place, keeping alpha; where the colours are grey, the red channel is taken.
    pub(super) fn convert(&self, pixels: &mut [[V; 4]]) {
        pixels.par_chunks_mut(BAND).for_each(|band| self.convert_band(band));
    }

    fn convert_band(&self, band: &mut [[V; 4]]) {
        let source: Vec<V> = match self.from_gray {
            true => band.iter().map(|pixel| pixel[0]).collect(),
            false => band.as_flattened().to_vec(),
        };
        let mut converted = vec![[V::default(); 4]; band.len()];
        // The lengths fit, and that is all that can be wrong once a transform exists.
        if self.transform.transform(&source, converted.as_flattened_mut()).is_ok() {
            for (pixel, [r, g, b, _]) in band.iter_mut().zip(converted) {
                *pixel = [r, g, b, pixel[3]];
            }
        }
    }
}

/// The conversion of eight-bit pixels to sRGB, if one is needed, and what to say about it.
pub(super) fn bytes_to_srgb(declared: &Declared, model: Model) -> (Option<Converter<u8>>, ColorSource) {
    to_srgb(declared, model, |profile, layout, srgb, options| {
        profile.create_transform_8bit(layout, srgb, Layout::Rgba, options)
    })
}

/// The conversion of float pixels to sRGB, if one is needed, and what to say about it.
pub(super) fn floats_to_srgb(declared: &Declared, model: Model) -> (Option<Converter<f32>>, ColorSource) {
    to_srgb(declared, model, |profile, layout, srgb, options| {
        profile.create_transform_f32(layout, srgb, Layout::Rgba, options)
    })
}

type Transform<V> = Arc<dyn TransformExecutor<V> + Send + Sync>;

fn to_srgb<V: Copy + Default>(
    declared: &Declared,
    model: Model,
    create: impl Fn(&ColorProfile, Layout, &ColorProfile, TransformOptions) -> Result<Transform<V>, CmsError>,
) -> (Option<Converter<V>>, ColorSource) {
    if *declared == Declared::Srgb {
        return (None, ColorSource::Srgb);
    }
    let attempt = || -> Result<(Option<Converter<V>>, ColorSource), String> {
        let (profile, name) = profile(declared)?;
        let layout = layout(&profile, model)?;
        let srgb = ColorProfile::new_srgb();
        let options = TransformOptions::default();
        if model != Model::Cmyk && is_srgb(&profile, layout, &srgb)? {
            return Ok((None, ColorSource::Srgb));
        }
        let transform = create(&profile, layout, &srgb, options).map_err(|error| error.to_string())?;
        Ok((Some(Converter { transform, from_gray: layout == Layout::Gray }), ColorSource::Converted(name)))
    };
    attempt().unwrap_or_else(|reason| (None, ColorSource::Ignored(reason)))
}

/// The profile that `declared` stands for, and its name.
fn profile(declared: &Declared) -> Result<(ColorProfile, String), String> {
    match declared {
        Declared::Srgb => Ok((ColorProfile::new_srgb(), "sRGB".to_owned())),
        Declared::Icc(icc) => {
            let profile = ColorProfile::new_from_slice(icc).map_err(|error| error.to_string())?;
            let name = match &profile.description {
                Some(ProfileText::PlainString(text)) => text.clone(),
                Some(ProfileText::Localizable(texts)) => {
                    texts.first().map(|text| text.value.clone()).unwrap_or_default()
                }
                Some(ProfileText::Description(text)) => text.ascii_string.clone(),
                None => String::new(),
            };
            let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned();
            Ok((profile, if name.is_empty() { "an unnamed ICC profile".to_owned() } else { name }))
        }
        Declared::Gamma { gamma, chromaticities } => {
            if !(*gamma > 0.01 && *gamma < 100.0) {
                return Err(format!("{gamma} is no usable gamma"));
            }
            let mut profile = ColorProfile::new_srgb();
            if let Some([white, red, green, blue]) =
                chromaticities.map(|all| all.map(|(x, y)| Chromaticity { x, y }))
            {
                profile.update_rgb_colorimetry(white.to_xyy(), ColorPrimaries { red, green, blue });
            }
            profile.cicp = None;
            let curve = Some(ToneReprCurve::Parametric(vec![1.0 / gamma]));
            (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
            Ok((profile, format!("RGB with a gamma of {:.2}", 1.0 / gamma)))
        }
        Declared::Cicp { primaries, transfer } => {
            let unknown = |_| format!("the code points {primaries}/{transfer} are not known");
            let cicp = CicpProfile {
                color_primaries: CicpColorPrimaries::try_from(*primaries).map_err(unknown)?,
                transfer_characteristics: TransferCharacteristics::try_from(*transfer).map_err(unknown)?,
                matrix_coefficients: MatrixCoefficients::Identity,
                full_range: true,
            };
            if matches!(
                cicp.transfer_characteristics,
                TransferCharacteristics::Smpte2084 | TransferCharacteristics::Hlg
            ) {
                return Err("pictures of high dynamic range are not tone-mapped".to_owned());
            }
            let profile = ColorProfile::new_from_cicp(cicp);
            if profile.red_trc.is_none() {
                return Err(format!("the code points {primaries}/{transfer} name no colours"));
            }
            Ok((profile, format!("H.273 code points {primaries}/{transfer}")))
        }
    }
}

/// How the channels of a file of `model` are handed to `profile`.
fn layout(profile: &ColorProfile, model: Model) -> Result<Layout, String> {
    match (model, profile.color_space) {
        (Model::Gray, DataColorSpace::Gray) => Ok(Layout::Gray),
        (Model::Gray | Model::Rgb, DataColorSpace::Rgb) => Ok(Layout::Rgba),
        (Model::Cmyk, DataColorSpace::Cmyk) => Ok(Layout::Rgba),
        (model, space) => Err(format!("it is for {space:?} and the picture is {model:?}")),
    }
}

/// Whether converting from `profile` would change colours by less than a step of eight bits; then it is left out, so
/// that opaque pixels stay as they are, bit by bit.
fn is_srgb(profile: &ColorProfile, layout: Layout, srgb: &ColorProfile) -> Result<bool, String> {
    const STEPS: usize = 9;
    const TOLERANCE: f32 = 0.75 / 255.0;
    let level = |step: usize| step as f32 / (STEPS - 1) as f32;
    let transform = profile
        .create_transform_f32(layout, srgb, Layout::Rgba, TransformOptions::default())
        .map_err(|error| error.to_string())?;
    let probes: Vec<[f32; 4]> = (0..STEPS * STEPS * STEPS)
        .map(|i| match layout {
            Layout::Gray => [level(i % STEPS); 4],
            _ => [level(i % STEPS), level(i / STEPS % STEPS), level(i / STEPS / STEPS), 1.0],
        })
        .collect();
    let source: Vec<f32> = match layout {
        Layout::Gray => probes.iter().map(|probe| probe[0]).collect(),
        _ => probes.as_flattened().to_vec(),
    };
    let mut converted = vec![[0.0; 4]; probes.len()];
    transform.transform(&source, converted.as_flattened_mut()).map_err(|error| error.to_string())?;
    if converted.as_flattened().iter().any(|value| !value.is_finite()) {
        return Err("it gives no finite colours".to_owned());
    }
    let same = |(probe, found): (&[f32; 4], &[f32; 4])| {
        probe[..3].iter().zip(found).all(|(a, b)| (a - b).abs() <= TOLERANCE)
    };
    Ok(probes.iter().zip(&converted).all(same))
}
