//! From objects of OpenTimelineIO to elements.

use base::{Diagnostic, Flicks, FrameRate, Limits};
use document::Value;

use super::{
    OtioError,
    element::Element,
    fields::{self, Setting, is},
    json::Json,
    own::{self, Properties},
    time::{self, Path},
    write,
};
use crate::kinds::{Clip, Foreign, Gap, Marker, Stack, Timeline, Track, Transition};

/// Reads a file as a timeline, and tells what of it is not shown.
///
/// # Errors
/// It is no timeline, one of its times is none, or a limit is exceeded.
pub fn timeline(file: &Json, limits: &Limits) -> Result<(Element, Vec<Diagnostic>), OtioError> {
    let rate = guess(file).unwrap_or(FrameRate::FILM);
    let mut foreign = file.clone();
    let own =
        timeline_in(&mut foreign).and_then(|root| own::text(root, "frameRate")?.parse::<FrameRate>().ok());
    let mut reader = Reader { rate: own.unwrap_or(rate).number(), nodes: 0, limits, told: Vec::new() };
    let root = timeline_in(&mut foreign).ok_or_else(|| {
        Path::ROOT.error("a Timeline or a Stack of OpenTimelineIO is needed, or a collection with one")
    })?;
    let mut element = reader.root(root, rate)?;
    if element.foreign.is_some() || !is(file, "Timeline") {
        element.foreign = Some(foreign);
    }
    Ok((element, reader.told))
}

/// The first timeline in a file: itself, or in a collection. A stack stands for one, too.
pub fn timeline_in(file: &mut Json) -> Option<&mut Json> {
    if is(file, "Timeline") || is(file, "Stack") {
        return Some(file);
    }
    if !is(file, "SerializableCollection") {
        return None;
    }
    let Json::Array(children) = file.get_mut("children")? else { return None };
    children.iter_mut().find_map(timeline_in)
}

/// The stack that holds the tracks of a timeline.
pub fn tracks_of(root: &mut Json) -> Option<&mut Json> {
    if is(root, "Stack") {
        Some(root)
    } else {
        root.get_mut("tracks").filter(|tracks| matches!(tracks, Json::Object(_)))
    }
}

/// The frame rate that the times of a file have: of its start, else of the first item.
pub fn guess(json: &Json) -> Option<FrameRate> {
    let own = json.get("global_start_time").and_then(time::frame_rate);
    let range =
        || json.get("source_range").and_then(|range| range.get("duration")).and_then(time::frame_rate);
    let children = || {
        let list = json.get("children").and_then(Json::as_array);
        json.get("tracks").into_iter().chain(list.into_iter().flatten()).find_map(guess)
    };
    own.or_else(range).or_else(children)
}

struct Reader<'a> {
    rate: f64,
    nodes: u64,
    limits: &'a Limits,
    told: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn setting(&self, natural: Flicks, offset: Flicks) -> Setting {
        Setting { rate: self.rate, natural, offset }
    }

    fn count(&mut self) -> Result<(), OtioError> {
        self.nodes += 1;
        Limits::check("the number of its nodes", self.nodes, self.limits.nodes, "nodes")?;
        Ok(())
    }

    /// The timeline itself. What is below it is taken out of the object.
    fn root(&mut self, root: &mut Json, rate: FrameRate) -> Result<Element, OtioError> {
        let path = Path::ROOT;
        let mut children = Vec::new();
        let at = if is(root, "Stack") { path } else { path.key("tracks") };
        if let Some(tracks) = tracks_of(root) {
            if time::read_range(tracks.get("source_range"), &at.key("source_range"))?.is_some() {
                let message = "the range of all tracks is kept, and all of them is shown";
                self.told.push(Diagnostic::warning(at.to_string(), message));
            }
            children = self.below(Stack::KIND, tracks, &at)?;
        }
        let (mut properties, dropped) =
            fields::read(Timeline::KIND, root, &self.setting(Flicks::ZERO, Flicks::ZERO), &path)?;
        self.tell_dropped(&dropped, &path);
        if rate != FrameRate::FILM && own::text(root, "frameRate").is_none() {
            properties.insert("frameRate".into(), Value::from(rate.to_string()));
        }
        let mut element = Element { kind: Timeline::KIND, properties, foreign: None, children };
        let plain = write::shell(&element, self.rate, Some(rate), Flicks::ZERO);
        element.foreign = (plain.difference(root).is_some()).then(|| root.clone());
        Ok(element)
    }

    fn tell_dropped(&mut self, dropped: &[String], path: &Path<'_>) {
        let at = path.key("metadata").to_string();
        self.told.extend(dropped.iter().map(|name| {
            Diagnostic::warning(&at, format!("what is said of '{name}' under 'metabuilder' fits no property"))
        }));
    }

    /// The elements below an object, which are taken out of it: children, then markers.
    fn below(
        &mut self,
        kind: &'static str,
        object: &mut Json,
        path: &Path<'_>,
    ) -> Result<Vec<Element>, OtioError> {
        let mut elements = Vec::new();
        if kind == Track::KIND || kind == Stack::KIND {
            let path = path.key("children");
            match object.get_mut("children") {
                Some(Json::Array(list)) => {
                    for (index, child) in std::mem::take(list).into_iter().enumerate() {
                        let path = path.index(index);
                        elements.push(match kind {
                            Track::KIND => self.in_track(child, &path)?,
                            _ => self.in_stack(child, &path)?,
                        });
                    }
                }
                None | Some(Json::Null) => {}
                Some(_) => return Err(path.error("a list is needed")),
            }
        }
        let offset = fields::offset(kind, object);
        if let Some(Json::Array(markers)) = object.get_mut("markers")
            && markers.iter().all(|marker| is(marker, "Marker"))
        {
            let path = path.key("markers");
            for (index, marker) in std::mem::take(markers).into_iter().enumerate() {
                elements.push(self.leaf(Marker::KIND, marker, offset, &path.index(index))?);
            }
        }
        Ok(elements)
    }

    /// What stands in a track.
    fn in_track(&mut self, object: Json, path: &Path<'_>) -> Result<Element, OtioError> {
        if is(&object, "Clip") {
            return self.leaf(Clip::KIND, object, Flicks::ZERO, path);
        }
        if is(&object, "Gap") || is(&object, "Filler") {
            return self.leaf(Gap::KIND, object, Flicks::ZERO, path);
        }
        if is(&object, "Transition") {
            return self.leaf(Transition::KIND, object, Flicks::ZERO, path);
        }
        if is(&object, "Stack") {
            return self.stack(object, path);
        }
        if is_track(&object) {
            return self.track_as_item(object, path);
        }
        self.foreign(object, path)
    }

    /// What lies in a stack: tracks, and around all else a track.
    fn in_stack(&mut self, object: Json, path: &Path<'_>) -> Result<Element, OtioError> {
        if is_track(&object) {
            if object.get("source_range").is_none_or(|range| *range == Json::Null) {
                return self.track(object, path);
            }
            let item = self.track_as_item(object, path)?;
            return self.around(item);
        }
        let is_item = ["Clip", "Gap", "Filler", "Stack"].iter().any(|schema| is(&object, schema));
        match is_item {
            true => {
                let item = self.in_track(object, path)?;
                self.around(item)
            }
            false => self.foreign(object, path),
        }
    }

    /// A track around one item.
    fn around(&mut self, item: Element) -> Result<Element, OtioError> {
        self.count()?;
        Ok(Element::wrapper(Track::KIND, write::wrapping(&item), item))
    }

    /// A track that stands where an item does: a stack around it.
    fn track_as_item(&mut self, object: Json, path: &Path<'_>) -> Result<Element, OtioError> {
        self.count()?;
        let range = time::read_range(object.get("source_range"), &path.key("source_range"))?;
        let track = self.track(object, path)?;
        let (start, duration) = range.unwrap_or((Flicks::ZERO, track.duration()));
        let mut properties = Properties::new();
        for (name, time) in [("inPoint", start), ("duration", duration)] {
            if time != Flicks::ZERO {
                properties.insert(name.into(), time.0.into());
            }
        }
        Ok(Element::wrapper(Stack::KIND, properties, track))
    }

    fn track(&mut self, mut object: Json, path: &Path<'_>) -> Result<Element, OtioError> {
        let children = self.below(Track::KIND, &mut object, path)?;
        self.finish(Track::KIND, object, children, Flicks::ZERO, path)
    }

    fn stack(&mut self, mut object: Json, path: &Path<'_>) -> Result<Element, OtioError> {
        let children = self.below(Stack::KIND, &mut object, path)?;
        self.finish(Stack::KIND, object, children, Flicks::ZERO, path)
    }

    fn leaf(
        &mut self,
        kind: &'static str,
        mut object: Json,
        offset: Flicks,
        path: &Path<'_>,
    ) -> Result<Element, OtioError> {
        let children = if kind == Marker::KIND { Vec::new() } else { self.below(kind, &mut object, path)? };
        self.finish(kind, object, children, offset, path)
    }

    /// What this program does not know.
    fn foreign(&mut self, object: Json, path: &Path<'_>) -> Result<Element, OtioError> {
        self.count()?;
        let schema = object.get("OTIO_SCHEMA").and_then(Json::as_str).unwrap_or("a value of no schema");
        self.told.push(Diagnostic::warning(path.to_string(), format!("{schema} is kept and not shown")));
        let (properties, _) =
            fields::read(Foreign::KIND, &object, &self.setting(Flicks::ZERO, Flicks::ZERO), path)?;
        Ok(Element { kind: Foreign::KIND, properties, foreign: Some(object), children: Vec::new() })
    }

    /// An element of an object from which all below it has been taken.
    fn finish(
        &mut self,
        kind: &'static str,
        object: Json,
        children: Vec<Element>,
        offset: Flicks,
        path: &Path<'_>,
    ) -> Result<Element, OtioError> {
        self.count()?;
        let mut element = Element { kind, properties: Properties::new(), foreign: None, children };
        let setting = self.setting(element.natural(), offset);
        let (properties, dropped) = fields::read(kind, &object, &setting, path)?;
        self.tell_dropped(&dropped, path);
        element.properties = properties;
        let plain = write::shell(&element, self.rate, None, offset);
        // What this program would write itself need not be kept.
        element.foreign = plain.difference(&object).map(|_| object);
        Ok(element)
    }
}

/// Whether an object is a track, also of an old version.
fn is_track(object: &Json) -> bool {
    is(object, "Track") || is(object, "Sequence")
}
