//! The window's own commands, which act on the window and change no document.

use std::sync::Arc;

use base::DocumentId;
use kernel::{Capability, CommandError, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

/// What a command asks of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Open the palette.
    ShowPalette,
    /// Bring a document to the front.
    ShowDocument(DocumentId),
    /// Bring the document so many places further down to the front.
    StepDocument(isize),
    /// Show the canvas so many times larger.
    Zoom(f64),
    /// Show the whole canvas.
    ZoomToFit,
    /// Show a pixel as a pixel.
    ZoomToActual,
    /// Close the window.
    Close,
}

/// How much larger one step of zooming shows the canvas.
pub const ZOOM_STEP: f64 = std::f64::consts::SQRT_2;

/// The capability of the window; what its commands ask for is handed to `act`.
pub struct Window<F>(pub F);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneDocument {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
}

impl<F: Fn(Action) + Clone + Send + Sync + 'static> Capability for Window<F> {
    fn manifest(&self) -> &'static str {
        include_str!("../capability.json")
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        let act: Arc<F> = Arc::new(self.0.clone());
        let plain = [
            ("window.palette.show", Action::ShowPalette),
            ("window.document.next", Action::StepDocument(1)),
            ("window.document.previous", Action::StepDocument(-1)),
            ("window.zoom.in", Action::Zoom(ZOOM_STEP)),
            ("window.zoom.out", Action::Zoom(1.0 / ZOOM_STEP)),
            ("window.zoom.fit", Action::ZoomToFit),
            ("window.zoom.actual", Action::ZoomToActual),
            ("window.close", Action::Close),
        ];
        for (id, action) in plain {
            let act = act.clone();
            registrar.query(id, move |_, Nothing {}| -> Result<Json, CommandError> {
                act(action);
                Ok(Json::Null)
            });
        }
        registrar.query("window.document.show", move |scope, OneDocument { document }| {
            scope.kernel().record(document)?;
            act(Action::ShowDocument(document));
            Ok(Json::Null)
        });
    }
}
