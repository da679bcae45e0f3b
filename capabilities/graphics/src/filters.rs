//! Filters on pictures of other documents.

use std::sync::Arc;

use kernel::{CommandError, Filters, Pixels};
use raster::{Depth, Surface};
use serde_json::Value as Json;
use tiny_skia::Transform;

use crate::{
    draw::Drawing,
    filter::{Filter, apply},
};

/// Applies what layers keep as filters.
pub(crate) struct Anywhere(pub Arc<Drawing>);

impl Filters for Anywhere {
    fn apply(&self, pixels: Pixels, filters: &Json, scale: f64) -> Result<Pixels, CommandError> {
        let wrong = |error: &dyn std::fmt::Display| CommandError::argument("filters", error.to_string());
        let filters: Vec<Filter> = serde_json::from_value(filters.clone()).map_err(|error| wrong(&error))?;
        let Pixels { width, height, rgba } = pixels;
        let mut surface =
            Surface::from_pixels(width, height, raster::Pixels::U8(rgba)).map_err(|error| wrong(&error))?;
        let session = self.0.accelerator.session();
        for filter in &filters {
            let place = Transform::from_scale(scale as f32, scale as f32);
            // There are no symbols that `feImage` could show.
            let applied = apply(filter, surface, place, &mut |_, _, _| None, Some(&session));
            surface = applied.map_err(|error| wrong(&error))?;
        }
        match surface.into_depth(Depth::U8).into_pixels() {
            raster::Pixels::U8(rgba) => Ok(Pixels { width, height, rgba }),
            _ => Err(wrong(&"the picture came back at another depth")),
        }
    }
}
