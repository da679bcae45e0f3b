//! Writing canvases as picture files.

use std::sync::Arc;

use base::{Color, Limits};
use document::{Content, Key, Value};
use kernel::{Assets, Blobs, CommandError, ExportRequest, Exported, Exporter, Registrar};
use kurbo::Affine;

use crate::{
    canvas,
    draw::{Drawing, Drawn},
    kinds,
    picture::{Group, Node, Picture},
    render::View,
    svg::export::{self as svg, ExportOptions},
};
use raster::codec::{self, Encoding};

pub(crate) fn register(registrar: &mut Registrar<'_>, drawing: &Arc<Drawing>) {
    for format in ["png", "jpeg", "webp", "svg"] {
        registrar.exporter(format, Arc::new(PictureExporter(drawing.clone())));
    }
}

struct PictureExporter(Arc<Drawing>);

impl Exporter for PictureExporter {
    fn export(
        &self,
        document: &Content,
        record: &[(Key, Value)],
        request: &ExportRequest,
        assets: &mut Assets<'_>,
        limits: &Limits,
    ) -> Result<Exported, CommandError> {
        let name =
            record.iter().find(|(key, _)| key.as_str() == "name").and_then(|(_, value)| value.as_str());
        let place = name.unwrap_or("the canvas");
        let Some(tree) = document.tree() else {
            return Err(CommandError::Failed(format!("{place} is no canvas")));
        };
        let picture = canvas::picture(tree, request.time, limits)
            .map_err(|limit| CommandError::Limit { place: place.to_owned(), limit })?;
        let background =
            kinds::Canvas::read(tree.root().at_time(request.time)).and_then(|canvas| canvas.background());
        let wrong = |error: serde_json::Error| {
            CommandError::argument("options", format!("{}: {error}", request.format))
        };
        let encoding = Encoding::of(&request.format, &request.options).map_err(wrong)?;
        let (width, height) = request.pixels((picture.width, picture.height));
        if request.format == "svg" {
            let resized = request.size != (None, None);
            return Ok(write_svg(&picture, background, resized.then_some((width, height)), assets));
        }
        let view = View { background, ..View::stretched(&picture, width, height) };
        let Drawn { surface, warnings } = self.0.draw(&picture, &view, &assets.reading(), place)?;
        let bytes = codec::encode(&surface, &encoding)
            .map_err(|error| CommandError::argument("", error.to_string()))?;
        Ok(Exported { bytes: bytes.into(), beside: Vec::new(), diagnostics: warnings })
    }
}

fn write_svg(
    picture: &Picture,
    background: Option<Color>,
    size: Option<(u32, u32)>,
    assets: &Assets<'_>,
) -> Exported {
    let scaled;
    let picture = match size {
        None => picture,
        Some(size) => {
            scaled = stretched(picture, size);
            &scaled
        }
    };
    let blob = |hash: &base::BlobHash| assets.blob(*hash).ok().map(|blob| Arc::new(blob.into()));
    let options = ExportOptions { background };
    let (text, diagnostics) = svg::export(picture, &blob, &options);
    Exported { bytes: text.into_bytes().into(), beside: Vec::new(), diagnostics }
}

/// The picture at another size.
fn stretched(picture: &Picture, (width, height): (u32, u32)) -> Picture {
    let (width, height) = (f64::from(width), f64::from(height));
    let mut content = Node::from(picture.root.clone());
    content.transform = Affine::scale_non_uniform(width / picture.width, height / picture.height);
    Picture { width, height, root: Group { children: vec![content] }, resources: picture.resources.clone() }
}
