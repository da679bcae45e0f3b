//! Showing a part of a canvas in a window.

use std::sync::Arc;

use base::{Limits, NodeId};
use document::{Content, NodeRef, Tree};
use kernel::{CommandError, Evaluator, Pixels, Quad, Reading, Registrar, View};
use kurbo::{Affine, Point, Vec2};

use crate::{
    bounds::kind_bounds,
    canvas,
    draw::{self, Drawing},
    kinds,
    picture::Picture,
    render,
};

pub(crate) fn register(registrar: &mut Registrar<'_>, drawing: &Arc<Drawing>) {
    registrar.evaluator("picture", Arc::new(PictureEvaluator(drawing.clone())));
}

struct PictureEvaluator(Arc<Drawing>);

const PLACE: &str = "the canvas";

fn tree(document: &Content) -> Result<&Tree, CommandError> {
    document.tree().ok_or_else(|| CommandError::Failed(format!("{PLACE} is a text")))
}

fn picture(document: &Content, time: f64, limits: &Limits) -> Result<Picture, CommandError> {
    canvas::picture(tree(document)?, time, limits)
        .map_err(|limit| CommandError::Limit { place: PLACE.to_owned(), limit })
}

impl Evaluator for PictureEvaluator {
    fn extent(&self, document: &Content, time: f64) -> Result<(f64, f64), CommandError> {
        let canvas = kinds::Canvas::read(tree(document)?.root().at_time(time));
        let canvas = canvas.ok_or_else(|| CommandError::Failed(format!("{PLACE} is none")))?;
        Ok((canvas.width(), canvas.height()))
    }

    fn draw(&self, document: &Content, view: &View, reading: &Reading<'_>) -> Result<Pixels, CommandError> {
        let picture = picture(document, view.time, reading.limits)?;
        let canvas = kinds::Canvas::read(tree(document)?.root().at_time(view.time));
        let origin = Vec2::from(view.origin);
        let view = render::View {
            width: view.width,
            height: view.height,
            transform: Affine::scale(view.scale) * Affine::translate(-origin),
            background: canvas.and_then(|canvas| canvas.background()),
        };
        let surface = self.0.draw(&picture, &view, reading, PLACE)?.surface;
        let (width, height) = (surface.width(), surface.height());
        match surface.into_depth(raster::Depth::U8).into_pixels() {
            raster::Pixels::U8(rgba) => Ok(Pixels { width, height, rgba }),
            _ => Err(CommandError::Failed(format!("{PLACE} was drawn with another depth than asked for"))),
        }
    }

    fn outlines(
        &self,
        document: &Content,
        nodes: &[NodeId],
        reading: &Reading<'_>,
    ) -> Result<Vec<Quad>, CommandError> {
        let tree = tree(document)?;
        let transform = |node: NodeRef<'_>| node.numbers::<6>("transform").map(Affine::new);
        let mut outlines = Vec::new();
        for reader in nodes.iter().filter(|node| tree.is_visible(**node)).filter_map(|node| tree.get(*node)) {
            let node = canvas::node(reader.at_time(0.0), reading.limits)
                .map_err(|limit| CommandError::Limit { place: PLACE.to_owned(), limit })?;
            let Some(node) = node.filter(|node| node.visible) else { continue };
            let fonts = if draw::has_text(&node) { self.0.fonts(reading.fonts) } else { Arc::default() };
            let here = std::iter::successors(reader.parent(), |node| node.parent())
                .filter_map(transform)
                .fold(node.transform, |inner, outer| outer * inner);
            let Some(bounds) = kind_bounds(&node.kind, Affine::IDENTITY, &fonts) else { continue };
            let corners = [
                (bounds.x0, bounds.y0),
                (bounds.x1, bounds.y0),
                (bounds.x1, bounds.y1),
                (bounds.x0, bounds.y1),
            ];
            outlines.push(corners.map(|corner| {
                let corner = here * Point::from(corner);
                [corner.x, corner.y]
            }));
        }
        Ok(outlines)
    }
}
