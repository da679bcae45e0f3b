//! What edits leave alone: what is shown at many times before and after.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod common;

use base::{Flicks, FrameRate};
use common::{Timeline, seen};
use document::Content;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// Items of a track in short, some with transitions between them.
fn items(transitions: bool) -> impl Strategy<Value = Vec<String>> {
    let item = (1_u32..80, 0..8_u32, any::<bool>());
    prop::collection::vec(item, 1..7).prop_map(move |items| {
        let mut out: Vec<String> = Vec::new();
        let mut last_gap = true;
        for (place, (frames, form, joined)) in items.into_iter().enumerate() {
            let is_gap = form == 0 && !last_gap;
            if joined && transitions && !is_gap && !last_gap {
                out.push("~0.2+0.12".into());
            }
            let seconds = f64::from(frames) / 25.0;
            out.push(match form {
                _ if is_gap => format!("-:{seconds}"),
                1 => format!("c{place}:{seconds}x-1"),
                2 => format!("c{place}:{seconds}x1.7"),
                3 => format!("c{place}:{seconds}x-0.3"),
                _ => format!("c{place}:{seconds}"),
            });
            last_gap = is_gap;
        }
        if last_gap {
            out.push("end:1".into());
        }
        out
    })
}

fn frame(number: u32) -> Flicks {
    Flicks::from_frame(number.into(), FrameRate::new(25, 1).unwrap())
}

/// That what is shown at `time` is what was shown at `was`, but for the rounding of times at odd speeds.
fn assert_same(before: (&Content, Flicks), now: (&Content, Flicks), what: &str) {
    let (wanted, found) = (seen(before.0, 0, before.1), seen(now.0, 0, now.1));
    let same = match (&wanted, &found) {
        (Some((a, at)), Some((b, bt))) => a == b && (a.contains('→') || (at - bt).abs() <= 4),
        (None, None) => true,
        _ => false,
    };
    assert!(same, "{what}: {wanted:?} at {:?}, now {found:?} at {:?}", before.1, now.1);
}

/// Times over and beyond a track: frames, and some between.
fn times() -> impl Iterator<Item = Flicks> {
    (0..600).map(|number| Flicks(frame(number).0 + if number % 3 == 0 { 1_234_567 } else { 0 }))
}

fn undone(timeline: &mut Timeline, before: &Content) {
    if timeline.content().hash() != before.hash() {
        timeline.run("history.undo", json!({}));
    }
    assert_eq!(timeline.content().hash(), before.hash());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_cut_looks_the_same(items in items(true), at in 0_u32..200) {
        let mut timeline = Timeline::new(&[&format!("v:{}", items.join(" "))]);
        let before = timeline.content();
        if timeline.attempt("media.clip.split", json!({ "at": { "frame": at } })).is_ok() {
            let now = timeline.content();
            times().for_each(|time| assert_same((&before, time), (&now, time), "split"));
            undone(&mut timeline, &before);
        }
    }

    #[test]
    fn edits_without_ripple_change_nothing_beside_their_range(
        items in items(true),
        choice in 0..4_u32,
        place in 0..7_usize,
        (at, length) in (0_u32..200, 1_u32..60),
        by in -40_i32..40,
    ) {
        let mut timeline = Timeline::new(&[&format!("v:{}", items.join(" "))]);
        let before = timeline.content();
        let told = timeline.run("media.timeline.inspect", json!({}));
        let list = told["tracks"][0]["items"].as_array().unwrap().clone();
        let item = &list[place % list.len()];
        let [start, end] = ["start", "end"].map(|edge| item[edge]["frame"].as_u64().unwrap() as u32);
        let node = item["node"].clone();
        let (command, arguments, range) = match choice {
            0 => ("media.clip.add", json!({ "color": "#000000", "start": { "frame": at }, "duration": { "frame": length } }),
                at..at + length),
            1 => ("media.clip.remove", json!({ "clips": [node] }), start..end),
            2 => ("media.clip.trim", json!({ "clip": node, "edge": "end", "by": { "frame": by } }),
                end.saturating_add_signed(by.min(0))..end.saturating_add_signed(by.max(0))),
            _ => ("media.clip.trim", json!({ "clip": node, "edge": "start", "by": { "frame": by } }),
                start.saturating_add_signed(by.min(0))..start.saturating_add_signed(by.max(0))),
        };
        if timeline.attempt(command, arguments.clone()).is_ok() {
            let now = timeline.content();
            // A transition of 8 frames goes as a whole when its cut, or a part of it, does.
            let reach = frame(8);
            let (from, to) = (frame(range.start) - reach, frame(range.end) + reach);
            let outside = times().filter(|time| *time < from || *time >= to);
            outside.for_each(|time| assert_same((&before, time), (&now, time), &format!("{command} {arguments}")));
            undone(&mut timeline, &before);
        }
    }

    #[test]
    fn ripples_move_what_is_behind_by_exactly_as_much(items in items(false), place in 0..7_usize, at in 0_u32..200, length in 1_u32..60) {
        let mut timeline = Timeline::new(&[&format!("v:{}", items.join(" "))]);
        let before = timeline.content();
        let inserted = json!({ "color": "#000000", "start": { "frame": at }, "duration": { "frame": length }, "mode": "insert" });
        let made = timeline.run("media.clip.add", inserted);
        let (start, by) = (frame(at), frame(length));
        let longer = timeline.content();
        for time in times() {
            let then = if time < start { time } else { time + by };
            assert_same((&before, time), (&longer, then), "insert");
        }
        // What was put in and taken out again was never there.
        timeline.run("media.clip.remove", json!({ "clips": [made["node"]], "ripple": true }));
        let again = timeline.content();
        times().for_each(|time| assert_same((&before, time), (&again, time), "insert and remove"));
        timeline.run("history.undo", json!({}));
        timeline.run("history.undo", json!({}));
        prop_assert_eq!(timeline.content().hash(), before.hash());
        let told = timeline.run("media.timeline.inspect", json!({}));
        let list: &Vec<Json> = told["tracks"][0]["items"].as_array().unwrap();
        let item = &list[place % list.len()];
        let [start, end] = ["start", "end"].map(|edge| frame(item[edge]["frame"].as_u64().unwrap() as u32));
        timeline.run("media.clip.remove", json!({ "clips": [item["node"]], "ripple": true }));
        let shorter = timeline.content();
        for time in times().filter(|time| *time < start || *time >= end) {
            let then = if time < start { time } else { time - (end - start) };
            assert_same((&before, time), (&shorter, then), "ripple");
        }
    }

    #[test]
    fn halves_joined_again_show_the_same(items in items(false), at in 1_u32..200) {
        let mut timeline = Timeline::new(&[&format!("v:{}", items.join(" "))]);
        let before = timeline.content();
        let Ok(made) = timeline.attempt("media.clip.split", json!({ "at": { "frame": at } })) else { return Ok(()) };
        let (left, right) = (made["clips"][0]["left"].clone(), made["clips"][0]["right"].clone());
        let told = timeline.run("media.timeline.inspect", json!({}));
        let items = told["tracks"][0]["items"].as_array().unwrap();
        let end = items.iter().find(|item| item["node"] == right).unwrap()["end"].clone();
        timeline.run("media.clip.remove", json!({ "clips": [right] }));
        timeline.run("media.clip.trim", json!({ "clip": left, "edge": "end", "to": { "frame": end["frame"] } }));
        let now = timeline.content();
        times().for_each(|time| assert_same((&before, time), (&now, time), "joined"));
    }
}
