//! What windows, and other documents, show of scenes.

use std::sync::Arc;

use document::Content;
use gpu::Shared;
use kernel::{CommandError, Evaluator, Pixels, Reading, Registrar, View};

use crate::{
    Sources, evaluate,
    render::{self, Part},
};

/// The width and height of a scene's picture, in its units: pixels at their own size.
const EXTENT: (f64, f64) = (1280.0, 720.0);

pub(crate) fn register(registrar: &mut Registrar<'_>, gpu: &Shared, sources: &Arc<Sources>) {
    registrar.evaluator("view", Arc::new(SceneEvaluator { gpu: gpu.clone(), sources: sources.clone() }));
}

struct SceneEvaluator {
    gpu: Shared,
    sources: Arc<Sources>,
}

impl Evaluator for SceneEvaluator {
    fn extent(&self, _: &Content, _: f64) -> Result<(f64, f64), CommandError> {
        Ok(EXTENT)
    }

    fn draw(&self, document: &Content, view: &View, reading: &Reading<'_>) -> Result<Pixels, CommandError> {
        let size = (EXTENT.0 as u32, EXTENT.1 as u32);
        let seen = evaluate::frame(document, view.time, reading, &self.sources, size)?;
        let part = Part {
            whole: (EXTENT.0 * view.scale, EXTENT.1 * view.scale),
            left: view.origin.0 * view.scale,
            top: view.origin.1 * view.scale,
            width: view.width,
            height: view.height,
        };
        let drawn = self.gpu.run(|gpu| render::render_part(gpu, &seen.frame, &part), render::is_lost);
        let drawn = drawn.map_err(|error| CommandError::Failed(format!("the scene: {error}")))?;
        Ok(Pixels { width: drawn.width, height: drawn.height, rgba: drawn.rgba })
    }
}
