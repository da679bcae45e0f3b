//! From elements to objects of OpenTimelineIO.

use base::{Flicks, FrameRate};
use document::Value;

use super::{
    element::Element,
    fields::{self, Setting},
    json::Json,
    own::Properties,
    read,
    time::{self, Path},
};
use crate::kinds::{Clip, Foreign, Marker, Stack, Timeline, Track};

/// The file of a timeline.
pub fn timeline(element: &Element) -> Json {
    let wanted = element.properties.get("frameRate").and_then(Value::as_str);
    let rate: FrameRate = wanted.and_then(|rate| rate.parse().ok()).unwrap_or(FrameRate::FILM);
    let writer = Writer { rate: rate.number() };
    let (children, markers) = writer.below(element, Flicks::ZERO);
    let mut file = element.foreign.clone().unwrap_or_else(|| fields::blank(Timeline::KIND, writer.rate));
    if read::timeline_in(&mut file).is_none() {
        file = fields::blank(Timeline::KIND, writer.rate);
    }
    let Some(root) = read::timeline_in(&mut file) else { return file };
    let is_empty = children.is_empty() && markers.is_empty();
    if read::tracks_of(root).is_none() && !is_empty {
        let blank = fields::blank(Timeline::KIND, writer.rate);
        root.set("tracks", blank.get("tracks").cloned().unwrap_or(Json::Null));
    }
    if let Some(tracks) = read::tracks_of(root) {
        fill(tracks, "children", children);
        fill(tracks, "markers", markers);
    }
    let guessed = read::guess(root).unwrap_or(FrameRate::FILM);
    patch_root(root, element, writer.rate, guessed);
    file
}

/// The object of an element without what is below it. Of a timeline, `guessed` is the frame rate that its times tell.
pub fn shell(element: &Element, rate: f64, guessed: Option<FrameRate>, offset: Flicks) -> Json {
    let mut object = element.foreign.clone().unwrap_or_else(|| fields::blank(element.kind, rate));
    if let Some(guessed) = guessed {
        patch_root(&mut object, element, rate, guessed);
        return object;
    }
    let mut wanted = element.properties.clone();
    if element.kind == Clip::KIND && element.foreign.is_some() && wanted.contains_key("target") {
        // The target brings these back.
        let setting = Setting { rate, natural: Flicks::ZERO, offset };
        let before = fields::read(element.kind, &object, &setting, &Path::ROOT).map(|(before, _)| before);
        if before
            .is_ok_and(|before| !before.contains_key("media") && before.get("target") == wanted.get("target"))
        {
            wanted.remove("media");
            wanted.remove("info");
        }
    }
    fields::patch(element.kind, &mut object, &wanted, &Setting { rate, natural: element.natural(), offset });
    object
}

fn patch_root(root: &mut Json, element: &Element, rate: f64, guessed: FrameRate) {
    let mut wanted = element.properties.clone();
    let own = wanted.get("frameRate").and_then(Value::as_str).and_then(|rate| rate.parse().ok());
    let setting = Setting { rate, natural: Flicks::ZERO, offset: Flicks::ZERO };
    let before = fields::read(element.kind, root, &setting, &Path::ROOT).map(|(before, _)| before);
    if own.unwrap_or(FrameRate::FILM) != guessed {
        wanted.insert("frameRate".into(), own.unwrap_or(FrameRate::FILM).to_string().into());
    } else if !before.is_ok_and(|before| before.contains_key("frameRate")) {
        wanted.remove("frameRate");
    }
    fields::patch(element.kind, root, &wanted, &setting);
}

/// The properties of a track that stands around one item alone.
pub fn wrapping(item: &Element) -> Properties {
    let track =
        item.children.first().filter(|_| item.kind == Stack::KIND && item.foreign == Some(Json::Null));
    let content = track.and_then(|track| track.properties.get("content"));
    content.map(|content| ("content".into(), content.clone())).into_iter().collect()
}

/// Puts what is below an object back, behind what is still there.
fn fill(object: &mut Json, key: &str, list: Vec<Json>) {
    match object.get_mut(key) {
        Some(Json::Array(there)) => there.extend(list),
        _ if list.is_empty() => {}
        _ => object.set(key, Json::Array(list)),
    }
}

struct Writer {
    rate: f64,
}

impl Writer {
    /// The objects below an element: children and markers.
    fn below(&self, element: &Element, offset: Flicks) -> (Vec<Json>, Vec<Json>) {
        let (mut children, mut markers) = (Vec::new(), Vec::new());
        for child in &element.children {
            match child.kind {
                Marker::KIND => markers.push(shell(child, self.rate, None, offset)),
                Foreign::KIND => children.extend(child.foreign.clone()),
                _ => children.push(self.object(child)),
            }
        }
        (children, markers)
    }

    fn object(&self, element: &Element) -> Json {
        if element.foreign == Some(Json::Null) {
            if let Some(alone) = self.unwrapped(element) {
                return alone;
            }
            let own = Element { foreign: None, ..element.clone() };
            return self.object(&own);
        }
        let mut object = shell(element, self.rate, None, Flicks::ZERO);
        let (children, markers) = self.below(element, fields::offset(element.kind, &object));
        fill(&mut object, "children", children);
        fill(&mut object, "markers", markers);
        object
    }

    /// What is in an element that stands only around it; none where it has come to be more.
    fn unwrapped(&self, element: &Element) -> Option<Json> {
        let [child] = element.children.as_slice() else { return None };
        match element.kind {
            Track::KIND if element.properties == wrapping(child) && is_item(child) => {
                Some(self.object(child))
            }
            Stack::KIND
                if child.kind == Track::KIND
                    && element
                        .properties
                        .keys()
                        .all(|key| ["inPoint", "duration"].contains(&key.as_str())) =>
            {
                let mut object = self.object(child);
                let wanted = (element.flicks("inPoint"), element.flicks("duration"));
                let own = time::read_range(object.get("source_range"), &Path::ROOT).ok().flatten();
                if own.unwrap_or((Flicks::ZERO, child.duration())) != wanted {
                    time::patch_range(&mut object, "source_range", wanted, self.rate);
                }
                Some(object)
            }
            _ => None,
        }
    }
}

fn is_item(element: &Element) -> bool {
    [Clip::KIND, crate::kinds::Gap::KIND, Stack::KIND].contains(&element.kind)
}
