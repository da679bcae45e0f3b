//! Pictures of the light around scenes.

use std::sync::{Arc, OnceLock};

use glam::Vec3;
use rayon::prelude::*;

use crate::render::prefilter::{self, Filtered, Level, Map};

/// The greatest width that is kept: finer pictures are seen, and shine, nearly the same.
const WIDEST: u32 = 4096;

/// An equirectangular picture of light. Its middle lies towards −z, its right half towards +x.
#[derive(Clone, Debug)]
pub struct Panorama {
    width: u32,
    height: u32,
    rgb: Arc<[[f32; 3]]>,
    filtered: OnceLock<Filtered>,
    seen: OnceLock<Vec<Level>>,
}

impl PartialEq for Panorama {
    fn eq(&self, other: &Self) -> bool {
        (self.width, self.height, &self.rgb) == (other.width, other.height, &other.rgb)
    }
}

impl Panorama {
    /// Of linear radiance, rows from the top (+y) down; what is not finite or below 0 counts as none. Pictures wider than
    /// 4,096 pixels are made as small, without a loss of light. None when the pixels do not fill the size, or there are none.
    pub fn new(width: u32, height: u32, rgb: Vec<[f32; 3]>) -> Option<Panorama> {
        if rgb.is_empty() || u64::from(width) * u64::from(height) != rgb.len() as u64 {
            return None;
        }
        let clean = |value: f32| if value.is_finite() { value.max(0.0) } else { 0.0 };
        let mut panorama = Panorama {
            width,
            height,
            rgb: rgb.into_par_iter().map(|rgb| rgb.map(clean)).collect::<Vec<_>>().into(),
            filtered: OnceLock::new(),
            seen: OnceLock::new(),
        };
        if width > WIDEST {
            let map = panorama.map().resized(WIDEST as usize);
            (panorama.width, panorama.height) = (WIDEST, WIDEST / 2);
            panorama.rgb = map.texels.par_iter().map(|light| light.to_array()).collect::<Vec<_>>().into();
        }
        Some(panorama)
    }

    /// How many bytes it takes, with what is made of it.
    pub fn bytes(&self) -> usize {
        self.rgb.len() * 24 + (32 << 20)
    }

    fn map(&self) -> Map {
        let texels = self.rgb.par_iter().map(|rgb| Vec3::from(*rgb)).collect();
        Map { width: self.width as usize, height: self.height as usize, texels }
    }

    /// As surfaces see it; made once.
    pub(crate) fn filtered(&self) -> &Filtered {
        self.filtered.get_or_init(|| prefilter::filter(self.map()))
    }

    /// As it is seen itself, each level half as wide as the one before; made once.
    pub(crate) fn seen(&self) -> &[Level] {
        self.seen.get_or_init(|| prefilter::pyramid(self.map(), self.width.clamp(2, WIDEST)))
    }
}
