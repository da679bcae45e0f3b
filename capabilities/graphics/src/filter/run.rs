//! The execution of a filter's steps, one after the other.

use std::{borrow::Cow, rc::Rc};

use tiny_skia::{IntRect, Pixmap, Point, Rect, Transform};

use super::{
    apply::RenderImage,
    attributes::LightSource,
    blur, color, composite, convolve, displace,
    lighting::{self, Reflection},
    model::{ColorSpace, Filter, Input, Primitive, PrimitiveKind, Region},
    morphology,
    plan::{Source, Step},
    raster::{Raster, Rgba, mul255, premultiply},
    region::PixelRect,
    turbulence::Turbulence,
};

/// An intermediate result on the pixels of the filter's region.
struct Picture {
    raster: Raster,
    space: ColorSpace,
    /// The primitive subregion inside the filter's region, in pixels from the raster's top left: what `feTile` repeats.
    extent: PixelRect,
}

impl Picture {
    fn in_space(&self, space: ColorSpace) -> Cow<'_, Raster> {
        color::convert(&self.raster, self.space, space)
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

/// Runs the planned `steps` of `filter` over the part of `source` inside the grid's region. Gives that region's pixels
/// in sRGB; `None` for a filter without steps.
pub(super) fn run(
    filter: &Filter,
    steps: &[Step],
    grid: Grid,
    source: &Pixmap,
    render_image: &mut RenderImage<'_>,
) -> Option<Raster> {
    let mut run = Run { filter, grid, source, graphic: None, alpha: None, done: vec![] };
    for (index, (primitive, step)) in filter.primitives.iter().zip(steps).enumerate() {
        let outcome = step.last_reader.map(|_| Rc::new(run.step(primitive, step, render_image)));
        run.done.push(outcome);
        for read in &step.sources {
            if let Source::Step(read) = *read
                && steps[read].last_reader == Some(index)
            {
                run.done[read] = None;
            }
        }
    }
    let last = run.done.pop().flatten()?;
    Some(last.in_space(ColorSpace::Srgb).into_owned())
}

struct Run<'a> {
    filter: &'a Filter,
    grid: Grid,
    source: &'a Pixmap,
    graphic: Option<Rc<Picture>>,
    alpha: Option<Rc<Picture>>,
    done: Vec<Option<Rc<Picture>>>,
}

impl Run<'_> {
    fn step(&mut self, primitive: &Primitive, step: &Step, render_image: &mut RenderImage<'_>) -> Picture {
        let inputs: Vec<Rc<Picture>> = step.sources.iter().map(|source| self.picture(*source)).collect();
        let extent = self.extent_of(primitive, &inputs);
        let (mut raster, space) = self.compute(primitive, &inputs, render_image);
        // An offset without a region of its own may carry pixels out of the one it inherited.
        let inherited =
            matches!(primitive.kind, PrimitiveKind::Offset { .. }) && !self.has_own_region(primitive);
        if !inherited {
            raster.clip(extent.left, extent.top, extent.right, extent.bottom);
        }
        Picture { raster, space, extent }
    }

    fn picture(&mut self, source: Source) -> Rc<Picture> {
        let extent = self.grid.whole;
        let (canvas, region) = (self.source, self.grid.region);
        let graphic = self.graphic.get_or_insert_with(|| {
            Rc::new(Picture { raster: Raster::copied(canvas, region), space: ColorSpace::Srgb, extent })
        });
        match source {
            Source::Graphic => graphic.clone(),
            Source::Alpha => {
                let graphic = graphic.clone();
                let alpha = self.alpha.get_or_insert_with(|| {
                    let raster = graphic.raster.map(|pixel| [0, 0, 0, pixel[3]]);
                    Rc::new(Picture { raster, space: ColorSpace::Srgb, extent })
                });
                alpha.clone()
            }
            // A plan only reads steps that come earlier and are still held; the source stands in for safety.
            Source::Step(index) => self.done.get(index).cloned().flatten().unwrap_or_else(|| graphic.clone()),
        }
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
        inputs: &[Rc<Picture>],
        render_image: &mut RenderImage<'_>,
    ) -> (Raster, ColorSpace) {
        let space = primitive.color_space;
        let (width, height) = (self.grid.region.width() as usize, self.grid.region.height() as usize);
        let (scale_x, scale_y) = self.grid.scale;
        let empty = || Raster::filled(width, height, [0; 4]);
        let input = |index: usize| {
            inputs.get(index).map_or_else(|| Cow::Owned(empty()), |picture| picture.in_space(space))
        };
        let as_it_is = || inputs.first().map_or_else(|| (empty(), space), |p| (p.raster.clone(), p.space));
        let raster = match &primitive.kind {
            PrimitiveKind::Blend { mode, .. } => composite::blend(&input(0), &input(1), *mode),
            PrimitiveKind::ColorMatrix { matrix, .. } => color::color_matrix(&input(0), matrix),
            PrimitiveKind::ComponentTransfer { red, green, blue, alpha, .. } => {
                color::component_transfer(&input(0), [red, green, blue, alpha])
            }
            PrimitiveKind::Composite { operator, .. } => {
                composite::composite(&input(0), &input(1), *operator)
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
                .map_or_else(empty, |kernel| kernel.convolve(&input(0), *bias, *edge_mode, *preserve_alpha)),
            PrimitiveKind::DiffuseLighting {
                surface_scale, diffuse_constant, lighting_color, light, ..
            } => {
                let [r, g, b, _] = color::pixel_of(*lighting_color, 1.0, space);
                let reflection = Reflection::Diffuse { constant: *diffuse_constant };
                lighting::light(&input(0), *surface_scale, reflection, &self.grid.placed(light), [r, g, b])
            }
            PrimitiveKind::SpecularLighting {
                surface_scale,
                specular_constant,
                specular_exponent,
                lighting_color,
                light,
                ..
            } => {
                let [r, g, b, _] = color::pixel_of(*lighting_color, 1.0, space);
                let reflection =
                    Reflection::Specular { constant: *specular_constant, exponent: *specular_exponent };
                lighting::light(&input(0), *surface_scale, reflection, &self.grid.placed(light), [r, g, b])
            }
            PrimitiveKind::DisplacementMap { scale, x_channel, y_channel, .. } => {
                let scale = [scale * scale_x, scale * scale_y];
                displace::displace(&input(0), &input(1), scale, [*x_channel, *y_channel])
            }
            PrimitiveKind::DropShadow { dx, dy, std_dev_x, std_dev_y, color, opacity, .. } => {
                let input = input(0);
                let tint = color::pixel_of(*color, *opacity, space);
                let shadow = blur::gaussian(&input, std_dev_x * scale_x, std_dev_y * scale_y)
                    .moved(self.grid.pixels(*dx, scale_x), self.grid.pixels(*dy, scale_y))
                    .map(|pixel| tinted(tint, pixel[3]));
                composite::over(&input, &shadow)
            }
            PrimitiveKind::Flood { color, opacity } => {
                let pixel = premultiply(color::pixel_of(*color, *opacity, ColorSpace::Srgb));
                return (Raster::filled(width, height, pixel), ColorSpace::Srgb);
            }
            PrimitiveKind::GaussianBlur { std_dev_x, std_dev_y, .. } => {
                blur::gaussian(&input(0), std_dev_x * scale_x, std_dev_y * scale_y)
            }
            PrimitiveKind::Image { content } => {
                let transform = self.grid.transform_of_content(&primitive.region);
                let raster = match Pixmap::new(self.grid.region.width(), self.grid.region.height()) {
                    None => empty(),
                    Some(mut canvas) => {
                        render_image(content, transform, &mut canvas);
                        let same_size =
                            canvas.width() as usize == width && canvas.height() as usize == height;
                        if same_size { Raster { width, height, pixels: pixels_of(&canvas) } } else { empty() }
                    }
                };
                return (raster, ColorSpace::Srgb);
            }
            PrimitiveKind::Merge { inputs } => {
                (0..inputs.len()).fold(empty(), |below, layer| composite::over(&input(layer), &below))
            }
            PrimitiveKind::Morphology { operator, radius_x, radius_y, .. } => {
                let (x, y) = (radius_x * scale_x, radius_y * scale_y);
                if !(x > 0.0 || y > 0.0) {
                    return as_it_is();
                }
                morphology::morphology(&input(0), *operator, x, y)
            }
            PrimitiveKind::Offset { dx, dy, .. } => {
                let (raster, space) = as_it_is();
                return (raster.moved(self.grid.pixels(*dx, scale_x), self.grid.pixels(*dy, scale_y)), space);
            }
            PrimitiveKind::Tile { .. } => {
                let (raster, space) = as_it_is();
                let tile = inputs.first().map_or(self.grid.whole, |picture| picture.extent);
                return (displace::tile(&raster, tile), space);
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
                .render(width, height, user_from_pixel.pre_translate(x, y))
            }
        };
        (raster, space)
    }
}

impl Grid {
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

fn pixels_of(canvas: &Pixmap) -> Vec<Rgba> {
    canvas.data().as_chunks::<4>().0.to_vec()
}
