//! From the pointer's inputs to events: where a drag began, whether it has moved, and what it spans.
//!
//! What is drawn or moved keeps to whole units of the document; Shift constrains it and Alt takes where it began as its
//! middle.

use serde_json::{Map, Value as Json, json};
use statechart::Event;

use super::input::{Button, Modifiers, PointerInput, PointerPhase};

/// What is kept between two inputs.
#[derive(Clone, Debug, Default)]
pub(super) struct Pointer {
    /// Where the button that is held was pressed, in the document's units.
    start: Option<[f64; 2]>,
    /// The button that is held.
    held: Button,
    /// Whether the pointer has moved further than the tolerance since.
    moved: bool,
    last: Option<PointerInput>,
}

impl Pointer {
    /// The event of an input.
    pub fn event(&mut self, input: PointerInput) -> Event {
        if input.phase == PointerPhase::Down && self.start.is_none() {
            (self.start, self.held, self.moved) = (Some(input.point), input.button, false);
        }
        let start = self.start.unwrap_or(input.point);
        let [dx, dy] = [input.point[0] - start[0], input.point[1] - start[1]];
        self.moved |= self.start.is_some() && dx.hypot(dy) > input.tolerance;
        let name = match input.phase {
            PointerPhase::Down => "pointer.down",
            PointerPhase::Move => "pointer.move",
            PointerPhase::Up => "pointer.up",
        };
        let data = data(start, self.moved, &input);
        if input.phase == PointerPhase::Up && input.button == self.held {
            (self.start, self.held) = (None, Button::None);
        }
        self.last = Some(input);
        Event { name: name.into(), data: data.into() }
    }

    /// Forgets the button that is held.
    pub fn lose(&mut self) -> Event {
        *self = Pointer::default();
        Event::new("pointer.lost")
    }

    /// The event of other modifier keys being held; none where no button is.
    pub fn modified(&mut self, modifiers: Modifiers) -> Option<Event> {
        let last = self.last.clone().filter(|last| self.start.is_some() && last.modifiers != modifiers)?;
        Some(self.event(PointerInput {
            phase: PointerPhase::Move,
            button: Button::None,
            clicks: 0,
            modifiers,
            ..last
        }))
    }
}

fn data(start: [f64; 2], moved: bool, input: &PointerInput) -> Map<String, Json> {
    let Modifiers { shift, ctrl, alt, meta } = input.modifiers;
    let (from, to) = (start.map(f64::round), input.point.map(f64::round));
    let span = [to[0] - from[0], to[1] - from[1]];
    let raw = |a: f64, b: f64| (a.min(b), (a - b).abs());
    let ((x, width), (y, height)) = (raw(start[0], input.point[0]), raw(start[1], input.point[1]));
    let value = json!({
        "document": input.document,
        "point": input.point,
        "snapped": to,
        "start": start,
        "moved": moved,
        // The area from start to point as it is.
        "area": { "x": x, "y": y, "width": width, "height": height },
        "box": upright(spread(from, if shift { square(span) } else { span }, alt)),
        "line": spread(from, if shift { eighth(span) } else { span }, alt),
        "by": if shift { one_axis(span) } else { span },
        "view": input.view,
        "tolerance": input.tolerance,
        "button": input.button,
        "clicks": input.clicks,
        "shift": shift, "ctrl": ctrl, "alt": alt, "meta": meta,
    });
    if let Json::Object(data) = value { data } else { Map::new() }
}

/// A span from a point, or with the point as its middle.
fn spread(from: [f64; 2], span: [f64; 2], centered: bool) -> Json {
    let ([x, y], [width, height]) = match centered {
        true => ([from[0] - span[0], from[1] - span[1]], span.map(|side| 2.0 * side)),
        false => (from, span),
    };
    json!({ "x": x, "y": y, "width": width, "height": height })
}

/// The same area with sides of 0 or more.
fn upright(mut area: Json) -> Json {
    for (at, side) in [("x", "width"), ("y", "height")] {
        let (from, length) = (area[at].as_f64().unwrap_or_default(), area[side].as_f64().unwrap_or_default());
        area[at] = from.min(from + length).into();
        area[side] = length.abs().into();
    }
    area
}

fn square([dx, dy]: [f64; 2]) -> [f64; 2] {
    let side = dx.abs().max(dy.abs());
    [side.copysign(dx), side.copysign(dy)]
}

/// Turned to the nearest eighth of a full turn.
fn eighth([dx, dy]: [f64; 2]) -> [f64; 2] {
    if dx.abs() > 2.414 * dy.abs() || dy.abs() > 2.414 * dx.abs() {
        return one_axis([dx, dy]);
    }
    let side = ((dx.abs() + dy.abs()) / 2.0).round();
    [side.copysign(dx), side.copysign(dy)]
}

fn one_axis([dx, dy]: [f64; 2]) -> [f64; 2] {
    if dx.abs() >= dy.abs() { [dx, 0.0] } else { [0.0, dy] }
}
