//! Instances are gathered into draws: opaque ones by what they share, near ones first; blended ones from far to near.

use std::{collections::BTreeMap, ops::Range};

use glam::Vec3;

use crate::{
    frame::{Alpha, Frame},
    render::{check::Checked, view::View},
};

/// Three rows of a matrix from local space to the world around the eye.
pub(super) type Place = [[f32; 4]; 3];

/// Instances that are drawn at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// The place of its geometry.
    pub(super) geometry: usize,
    /// The number of its material.
    pub(super) material: usize,
    /// Whether front faces turn over.
    pub(super) mirrored: bool,
    /// Which places are its instances.
    pub(super) instances: Range<u32>,
}

/// What is drawn, in order.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) checked: &'a Checked<'a>,
    pub(super) batches: Vec<Batch>,
    pub(super) places: Vec<Place>,
}

/// Puts what is drawn in order.
pub(super) fn plan<'a>(frame: &Frame, checked: &'a Checked<'a>, view: &View) -> Plan<'a> {
    let mut items: Vec<Item> = checked.drawn.iter().map(|drawn| item(frame, checked, view, *drawn)).collect();
    items.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    let (blended, opaque): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.blended);

    let mut order: BTreeMap<Key, usize> = BTreeMap::new();
    let mut groups: Vec<(Key, Vec<Place>)> = Vec::new();
    for item in opaque {
        let group = *order.entry(item.key).or_insert_with(|| {
            groups.push((item.key, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(item.place);
    }
    let far_to_near = blended.into_iter().rev().map(|item| (item.key, vec![item.place]));
    let mut plan = Plan { checked, batches: Vec::new(), places: Vec::with_capacity(checked.drawn.len()) };
    for ((geometry, material, mirrored), places) in groups.into_iter().chain(far_to_near) {
        let first = plan.places.len() as u32;
        plan.places.extend(places);
        let instances = first..plan.places.len() as u32;
        plan.batches.push(Batch { geometry, material, mirrored, instances });
    }
    plan
}

type Key = (usize, usize, bool);

struct Item {
    key: Key,
    place: Place,
    distance: f32,
    blended: bool,
}

fn item(frame: &Frame, checked: &Checked<'_>, view: &View, (number, geometry): (usize, usize)) -> Item {
    let instance = &frame.instances[number];
    let mut matrix = instance.world_from_local.as_dmat4();
    matrix.w_axis -= view.eye.extend(0.0);
    let matrix = matrix.as_mat4();
    let center: Vec3 = matrix.transform_point3(checked.geometries[geometry].1.center());
    let place = [0, 1, 2].map(|row| matrix.row(row).to_array());
    Item {
        key: (geometry, instance.material, instance.world_from_local.determinant() < 0.0),
        place,
        distance: view.distance(center),
        blended: frame.materials[instance.material].alpha == Alpha::Blend,
    }
}
