//! The execution of a filter's steps, one after the other.

use std::{borrow::Cow, rc::Rc};

use tiny_skia::{IntRect, Point, Rect, Transform};

use super::{
    apply::RenderImage,
    attributes::LightSource,
    color, composite, convolve, displace,
    lighting::{self, Reflection},
    model::{ColorSpace, Filter, Input, Primitive, PrimitiveKind, Region},
    morphology,
    plan::{Source, Step},
    raster::{Raster, Rgba, mul255, premultiply},
    region::PixelRect,
    turbulence::Turbulence,
};
use raster::boxes::Blur;
use raster_gpu::Session;

/// An intermediate result on the pixels of the filter's region.
#[derive(Clone)]
struct Picture {
    raster: Raster,
    space: ColorSpace,
    /// The primitive subregion inside the filter's region, in pixels from the raster's top left: what `feTile` repeats.
    extent: PixelRect,
}

impl Picture {
    fn in_space(&self, space: ColorSpace) -> Cow<'_, Raster> {
        if self.space == space {
            return Cow::Borrowed(&self.raster);
        }
        Cow::Owned(color::convert(self.raster.clone(), self.space, space))
    }

    /// The pixels to be changed: a copy only where others still read them.
    fn into_space(self: Rc<Self>, space: ColorSpace) -> Raster {
        let Picture { raster, space: from, .. } = Rc::unwrap_or_clone(self);
        color::convert(raster, from, space)
    }
}

/// Where a filter's pixels lie.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    /// The part of the canvas that is computed: the size of every raster.
    pub(super) region: IntRect,
    /// The filter's region in pixels from the top left of `region`, which it may exceed beyond the canvas.
    pub(super) whole: PixelRect,
    /// Pixels for each unit of user space along both axes.
    pub(super) scale: (f32, f32),
    /// User space to the canvas.
    pub(super) pixel_from_user: Transform,
}

/// Runs the planned `steps` of `filter` over `source`, the pixels of the grid's region. Gives that region's pixels in
/// sRGB; `None` for a filter without steps.
pub(super) fn run(
    filter: &Filter,
    steps: &[Step],
    grid: Grid,
    source: Raster,
    (render_image, accelerator): (&mut RenderImage<'_>, Option<&Session<'_>>),
) -> Option<Raster> {
    let graphic = Picture { raster: source, space: ColorSpace::Srgb, extent: grid.whole };
    let graphic = Some(Rc::new(graphic));
    let mut run = Run { filter, steps, grid, accelerator, graphic, alpha: None, done: vec![] };
    let readers = |source: Source| {
        let reads = move |step: &Step| step.last_reader.is_some() && step.sources.contains(&source);
        steps.iter().enumerate().filter(move |(_, step)| reads(step)).map(|(index, _)| index)
    };
    // Alpha is taken from the graphic when it is read first.
    let graphic_until = readers(Source::Graphic).next_back().max(readers(Source::Alpha).next());
    let alpha_until = readers(Source::Alpha).next_back();
    for (index, (primitive, step)) in filter.primitives.iter().zip(steps).enumerate() {
        let outcome = step.last_reader.map(|_| {
            let inputs = run.inputs(index, step);
            if graphic_until <= Some(index) {
                run.graphic = None;
            }
            if alpha_until <= Some(index) {
                run.alpha = None;
            }
            Rc::new(run.step(primitive, inputs, render_image))
        });
        run.done.push(outcome);
    }
    let last = run.done.pop().flatten()?;
    Some(last.into_space(ColorSpace::Srgb))
}

struct Run<'a> {
    filter: &'a Filter,
    steps: &'a [Step],
    grid: Grid,
    accelerator: Option<&'a Session<'a>>,
    graphic: Option<Rc<Picture>>,
    alpha: Option<Rc<Picture>>,
    done: Vec<Option<Rc<Picture>>>,
}

impl Run<'_> {
    fn step(
        &self,
        primitive: &Primitive,
        inputs: Vec<Rc<Picture>>,
        render_image: &mut RenderImage<'_>,
    ) -> Picture {
        let extent = self.extent_of(primitive, &inputs);
        let (mut raster, space) = self.compute(primitive, inputs, render_image);
        // An offset without a region of its own may carry pixels out of the one it inherited.
        let inherited =
            matches!(primitive.kind, PrimitiveKind::Offset { .. }) && !self.has_own_region(primitive);
        if !inherited {
            raster.clip(extent.left, extent.top, extent.right, extent.bottom);
        }
        Picture { raster, space, extent }
    }

    /// The inputs of the step with this index. Results that it is the last to read are its own from here on.
    fn inputs(&mut self, index: usize, step: &Step) -> Vec<Rc<Picture>> {
        let inputs = step.sources.iter().map(|source| self.picture(*source)).collect();
        for source in &step.sources {
            if let Source::Step(read) = *source
                && self.steps[read].last_reader == Some(index)
            {
                self.done[read] = None;
            }
        }
        inputs
    }

    fn picture(&mut self, source: Source) -> Rc<Picture> {
        let picture = match source {
            Source::Graphic => self.graphic.clone(),
            Source::Alpha => {
                let graphic = &self.graphic;
                let alpha_of = |graphic: &Rc<Picture>| {
                    let raster = graphic.raster.clone().map(|pixel| [0, 0, 0, pixel[3]]);
                    Rc::new(Picture { raster, ..**graphic })
                };
                self.alpha = self.alpha.take().or_else(|| graphic.as_ref().map(alpha_of));
                self.alpha.clone()
            }
            Source::Step(index) => self.done.get(index).cloned().flatten(),
        };
        // A plan only reads what comes earlier and is still held; nothing stands in for safety.
        picture.unwrap_or_else(|| {
            let (raster, extent) = (self.grid.filled([0; 4]), self.grid.whole);
            Rc::new(Picture { raster, space: ColorSpace::Srgb, extent })
        })
    }

    fn has_own_region(&self, primitive: &Primitive) -> bool {
        primitive.region != self.filter.region
    }

    /// The pixels of a primitive's region.
    fn extent_of(&self, primitive: &Primitive, inputs: &[Rc<Picture>]) -> PixelRect {
        if let (PrimitiveKind::Offset { input: Input::Result(_), .. }, [input]) = (&primitive.kind, inputs)
            && !self.has_own_region(primitive)
        {
            return input.extent;
        }
        if !self.has_own_region(primitive) {
            return self.grid.whole;
        }
        match PixelRect::of(&primitive.region, self.grid.pixel_from_user) {
            Some(rect) => rect
                .moved(-i64::from(self.grid.region.x()), -i64::from(self.grid.region.y()))
                .intersect(&self.grid.whole),
            None => PixelRect { left: 0, top: 0, right: 0, bottom: 0 },
        }
    }

    fn compute(
        &self,
        primitive: &Primitive,
        inputs: Vec<Rc<Picture>>,
        render_image: &mut RenderImage<'_>,
    ) -> (Raster, ColorSpace) {
        let space = primitive.color_space;
        let (scale_x, scale_y) = self.grid.scale;
        let empty = || self.grid.filled([0; 4]);
        let mut inputs = inputs.into_iter();
        let mut next = || {
            let nothing = || Rc::new(Picture { raster: empty(), space, extent: self.grid.whole });
            inputs.next().unwrap_or_else(nothing)
        };
        let raster = match &primitive.kind {
            PrimitiveKind::Blend { mode, .. } => {
                let top = next().into_space(space);
                composite::blend(top, next().into_space(space), *mode)
            }
            PrimitiveKind::ColorMatrix { matrix, .. } => {
                color::color_matrix(next().into_space(space), matrix)
            }
            PrimitiveKind::ComponentTransfer { red, green, blue, alpha, .. } => {
                color::component_transfer(next().into_space(space), [red, green, blue, alpha])
            }
            PrimitiveKind::Composite { operator, .. } => {
                let top = next();
                composite::composite(&top.in_space(space), next().into_space(space), *operator)
            }
            PrimitiveKind::ConvolveMatrix {
                columns,
                rows,
                target_x,
                target_y,
                kernel,
                divisor,
                bias,
                edge_mode,
                preserve_alpha,
                ..
            } => convolve::Kernel::new([*columns, *rows], [*target_x, *target_y], kernel, *divisor)
                .map_or_else(empty, |kernel| {
                    kernel.convolve(next().into_space(space), *bias, *edge_mode, *preserve_alpha)
                }),
            PrimitiveKind::DiffuseLighting {
                surface_scale, diffuse_constant, lighting_color, light, ..
            } => {
                let reflection = Reflection::Diffuse { constant: *diffuse_constant };
                self.lit(&next(), space, *surface_scale, reflection, *lighting_color, light)
            }
            PrimitiveKind::SpecularLighting {
                surface_scale,
                specular_constant,
                specular_exponent,
                lighting_color,
                light,
                ..
            } => {
                let reflection =
                    Reflection::Specular { constant: *specular_constant, exponent: *specular_exponent };
                self.lit(&next(), space, *surface_scale, reflection, *lighting_color, light)
            }
            PrimitiveKind::DisplacementMap { scale, x_channel, y_channel, .. } => {
                let scale = [scale * scale_x, scale * scale_y];
                let input = next();
                let map = next();
                displace::displace(
                    &input.in_space(space),
                    &map.in_space(space),
                    scale,
                    [*x_channel, *y_channel],
                )
            }
            PrimitiveKind::DropShadow { dx, dy, std_dev_x, std_dev_y, color, opacity, .. } => {
                let input = next().into_space(space);
                let tint = color::pixel_of(*color, *opacity, space);
                let shadow = self
                    .blurred(input.clone(), *std_dev_x, *std_dev_y)
                    .moved(self.grid.pixels(*dx, scale_x), self.grid.pixels(*dy, scale_y))
                    .map(|pixel| tinted(tint, pixel[3]));
                composite::over(&input, shadow)
            }
            PrimitiveKind::Flood { color, opacity } => {
                let pixel = premultiply(color::pixel_of(*color, *opacity, ColorSpace::Srgb));
                return (self.grid.filled(pixel), ColorSpace::Srgb);
            }
            PrimitiveKind::GaussianBlur { std_dev_x, std_dev_y, .. } => {
                self.blurred(next().into_space(space), *std_dev_x, *std_dev_y)
            }
            PrimitiveKind::Image { content } => {
                let transform = self.grid.transform_of_content(&primitive.region);
                let size = [self.grid.region.width(), self.grid.region.height()];
                let image = render_image(content, transform, size)
                    .filter(|image| [image.width(), image.height()] == size);
                return (image.map_or_else(empty, Raster::of), ColorSpace::Srgb);
            }
            PrimitiveKind::Merge { .. } => {
                let lowest = next().into_space(space);
                inputs.fold(lowest, |below, layer| composite::over(&layer.in_space(space), below))
            }
            PrimitiveKind::Morphology { operator, radius_x, radius_y, .. } => {
                let (x, y) = (radius_x * scale_x, radius_y * scale_y);
                let input = next();
                if !(x > 0.0 || y > 0.0) {
                    let Picture { raster, space, .. } = Rc::unwrap_or_clone(input);
                    return (raster, space);
                }
                morphology::morphology(input.into_space(space), *operator, x, y)
            }
            PrimitiveKind::Offset { dx, dy, .. } => {
                let input = next();
                let (dx, dy) = (self.grid.pixels(*dx, scale_x), self.grid.pixels(*dy, scale_y));
                return (input.raster.moved(dx, dy), input.space);
            }
            PrimitiveKind::Tile { .. } => {
                let input = next();
                return (displace::tile(&input.raster, input.extent), input.space);
            }
            PrimitiveKind::Turbulence {
                base_frequency_x,
                base_frequency_y,
                num_octaves,
                seed,
                stitch_tiles,
                noise,
            } => {
                let (x, y) = (self.grid.region.x() as f32, self.grid.region.y() as f32);
                let Some(user_from_pixel) = self.grid.pixel_from_user.invert() else {
                    return (empty(), space);
                };
                Turbulence {
                    base_frequency: [*base_frequency_x, *base_frequency_y],
                    octaves: *num_octaves,
                    seed: *seed,
                    stitched: stitch_tiles.then_some(primitive.region),
                    kind: *noise,
                }
                .render(
                    self.grid.region.width() as usize,
                    self.grid.region.height() as usize,
                    user_from_pixel.pre_translate(x, y),
                )
            }
        };
        (raster, space)
    }

    /// Blurred with standard deviations in user space. What spreads out of the raster is lost.
    fn blurred(&self, mut input: Raster, std_dev_x: f32, std_dev_y: f32) -> Raster {
        let (scale_x, scale_y) = self.grid.scale;
        let blur = Blur::new(std_dev_x * scale_x, std_dev_y * scale_y);
        match self.accelerator {
            Some(accelerator) => accelerator.blur(&mut input.pixels, input.width, &blur),
            None => blur.apply(&mut input.pixels, input.width),
        }
        input
    }

    /// A surface whose height is the alpha of `input`, in this light.
    fn lit(
        &self,
        input: &Picture,
        space: ColorSpace,
        surface_scale: f32,
        reflection: Reflection,
        color: base::Color,
        light: &LightSource,
    ) -> Raster {
        let [r, g, b, _] = color::pixel_of(color, 1.0, space);
        lighting::light(
            &input.in_space(space),
            surface_scale,
            reflection,
            &self.grid.placed(light),
            [r, g, b],
        )
    }
}

impl Grid {
    /// A raster of one colour.
    fn filled(&self, pixel: Rgba) -> Raster {
        Raster::filled(self.region.width() as usize, self.region.height() as usize, pixel)
    }

    /// A point in user space, in pixels from the region's top left.
    fn pixel_of(&self, x: f32, y: f32) -> (f32, f32) {
        let mut point = Point::from_xy(x, y);
        self.pixel_from_user.map_point(&mut point);
        (point.x - self.region.x() as f32, point.y - self.region.y() as f32)
    }

    /// From the space of an image's content to the raster.
    fn transform_of_content(&self, region: &Region) -> Transform {
        let corner = Rect::from_xywh(region.x, region.y, region.width, region.height)
            .and_then(|rect| rect.transform(self.pixel_from_user))
            .map_or((0.0, 0.0), |rect| (rect.x(), rect.y()));
        let (x, y) = (corner.0 - self.region.x() as f32, corner.1 - self.region.y() as f32);
        Transform::from_row(self.scale.0, 0.0, 0.0, self.scale.1, x, y)
    }

    /// A length in user space as whole pixels.
    fn pixels(&self, length: f32, scale: f32) -> i64 {
        (length * scale) as i64
    }

    /// A light source with its positions in pixels from the region's top left. Heights scale by the root mean square
    /// of both axes.
    fn placed(&self, light: &LightSource) -> LightSource {
        let mean = ((self.scale.0.powi(2) + self.scale.1.powi(2)) / 2.0).sqrt();
        let place = |x: f32, y: f32, z: f32| {
            let (x, y) = self.pixel_of(x, y);
            (x, y, z * mean)
        };
        let mut light = *light;
        match &mut light {
            LightSource::Distant { .. } => {}
            LightSource::Point { x, y, z } => (*x, *y, *z) = place(*x, *y, *z),
            LightSource::Spot { x, y, z, points_at_x, points_at_y, points_at_z, .. } => {
                (*x, *y, *z) = place(*x, *y, *z);
                (*points_at_x, *points_at_y, *points_at_z) = place(*points_at_x, *points_at_y, *points_at_z);
            }
        }
        light
    }
}

fn tinted([r, g, b, a]: Rgba, coverage: u8) -> Rgba {
    premultiply([r, g, b, mul255(a, coverage)])
}
