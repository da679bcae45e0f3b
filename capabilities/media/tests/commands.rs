//! What each command does to tracks, and what it refuses, in short notation.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod common;

use common::Timeline;
use serde_json::{Value as Json, json};

/// Tracks, a command with its arguments, and the tracks then, or a part of the message that refuses it.
type Case = (&'static [&'static str], &'static str, Json, Result<&'static [&'static str], &'static str>);

#[test]
fn commands_do_what_they_say() {
    let cases: Vec<Case> = vec![
        (
            &["v: A:4 B:4"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "to": 3}),
            Ok(&["v: A@10:3 -:1 B@10:4"]),
        ),
        (
            &["v: A:4 B:4"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "by": "-25f", "ripple": true}),
            Ok(&["v: A@10:3 B@10:4"]),
        ),
        (
            &["v: A:4 B:4"],
            "media.clip.trim",
            json!({"clip": "B", "edge": "start", "to": "00:00:05:00"}),
            Ok(&["v: A@10:4 -:1 B@11:3"]),
        ),
        (
            &["v: A:4 B:4"],
            "media.clip.trim",
            json!({"clip": "B", "edge": "start", "to": {"frame": 125}, "ripple": true}),
            Ok(&["v: A@10:4 B@11:3"]),
        ),
        (
            &["v: A:4 -:2 B:4"],
            "media.clip.trim",
            json!({"clip": "B", "edge": "start", "by": -2}),
            Ok(&["v: A@10:4 B@8:6"]),
        ),
        (
            &["v: A:4 -:2 B:4"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "by": 1.6}),
            Ok(&["v: A@10:5.6 -:0.4 B@10:4"]),
        ),
        (
            &["v: A:4 -:2 B:4"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "by": 3}),
            Err("2 s are free after"),
        ),
        (
            &["v: A:4 B:4"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "by": -4}),
            Err("nothing would be left"),
        ),
        (
            &["v: A:4<15"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "by": 2}),
            Err("has 1 s of its file left after it, and 2 s are needed"),
        ),
        (
            &["v: A:4<15"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "start", "by": -3, "ripple": true}),
            Err("has 2 s"),
        ),
        (
            &["v: A:4#x B:4", "a: C:4#x D:4"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "by": -1}),
            Ok(&["v: A@10:3 -:1 B@10:4", "a: C@10:3 -:1 D@10:4"]),
        ),
        (
            &["v: A:4#x B:4", "a: C:4#x D:4"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "by": -1, "linked": false}),
            Ok(&["v: A@10:3 -:1 B@10:4", "a: C@10:4 D@10:4"]),
        ),
        (
            &["v: A:4 B:4", "v: -:4 C:2"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "by": -1, "ripple": true, "all": true}),
            Ok(&["v: A@10:3 B@10:4", "v: -:3 C@10:2"]),
        ),
        (
            &["v: A:4 B:4", "v: C:5"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "by": -1, "ripple": true, "all": true}),
            Err("is not empty from 3 s to 4 s"),
        ),
        (
            &["v: A:4 B:4", "v: C:5"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "by": 1, "ripple": true, "all": true}),
            Ok(&["v: A@10:5 B@10:4", "v: C@10:4 -:1 C@14:1"]),
        ),
        (
            &["v: A:4 B:4"],
            "media.clip.trim",
            json!({"clip": "A", "edge": "end", "to": 3.03}),
            Ok(&["v: A@10:3.04 -:0.96 B@10:4"]),
        ),
        (&["v: A:4 B:4"], "media.clip.roll", json!({"clip": "B", "by": 1}), Ok(&["v: A@10:5 B@11:3"])),
        (
            &["v: A:4 B:4"],
            "media.clip.roll",
            json!({"clip": "A", "edge": "end", "to": 3}),
            Ok(&["v: A@10:3 B@9:5"]),
        ),
        (
            &["v: A:4<15 B:4"],
            "media.clip.roll",
            json!({"clip": "B", "by": 2}),
            Err("has 1 s of its file left after"),
        ),
        (&["v: A:4 B:4"], "media.clip.roll", json!({"clip": "A", "by": 1}), Err("there is nothing before")),
        (&["v: A:4"], "media.clip.slip", json!({"clips": ["A"], "by": -3}), Ok(&["v: A@7:4"])),
        (
            &["v: A:4<15"],
            "media.clip.slip",
            json!({"clips": ["A"], "by": -3}),
            Err("has 2 s of its file left before"),
        ),
        (
            &["v: A:4 B:4 C:4"],
            "media.clip.slide",
            json!({"clip": "B", "by": 1}),
            Ok(&["v: A@10:5 B@10:4 C@11:3"]),
        ),
        (
            &["v: A:4 B:4 C:4"],
            "media.clip.slide",
            json!({"clip": "B", "to": 3}),
            Ok(&["v: A@10:3 B@10:4 C@9:5"]),
        ),
        (
            &["v: A:4 B:4 C:4"],
            "media.clip.slide",
            json!({"clip": "B", "by": 4}),
            Err("nothing would be left"),
        ),
        (
            &["v: A:4 -:2 B:2"],
            "media.clip.slide",
            json!({"clip": "A", "by": 2}),
            Ok(&["v: -:2 A@10:4 B@10:2"]),
        ),
        (
            &["v: A:4"],
            "media.clip.slide",
            json!({"clip": "A", "by": -1}),
            Err("would begin 1 s before the timeline does"),
        ),
        (
            &["v: A:4 B:4", "a: C:8"],
            "media.clip.split",
            json!({"at": 3}),
            Ok(&["v: A@10:3 A@13:1 B@10:4", "a: C@10:3 C@13:5"]),
        ),
        (
            &["v: A:4 B:4", "a: C:8"],
            "media.clip.split",
            json!({"at": 3, "clips": ["A"]}),
            Ok(&["v: A@10:3 A@13:1 B@10:4", "a: C@10:8"]),
        ),
        (&["v: A:4 B:4"], "media.clip.split", json!({"at": 4}), Err("nothing that can be cut")),
        (
            &["v: A:4 ~1+1 B:4"],
            "media.clip.split",
            json!({"at": 3.5}),
            Err("cut at or before 3 s, at or after 5 s"),
        ),
        (&["v: A:4 ~1+1 B:4"], "media.clip.split", json!({"at": 3}), Ok(&["v: A@10:3 A@13:1 ~1+1 B@10:4"])),
        (&["v: A:4 B:4 C:4"], "media.clip.remove", json!({"clips": ["B"]}), Ok(&["v: A@10:4 -:4 C@10:4"])),
        (
            &["v: A:4 -:1 B:4 -:1 C:4"],
            "media.clip.remove",
            json!({"clips": ["B"]}),
            Ok(&["v: A@10:4 -:6 C@10:4"]),
        ),
        (
            &["v: A:4 B:4 C:4"],
            "media.clip.remove",
            json!({"clips": ["B", "A"], "ripple": true}),
            Ok(&["v: C@10:4"]),
        ),
        (&["v: A:4 B:4"], "media.clip.remove", json!({"clips": ["B"]}), Ok(&["v: A@10:4"])),
        (
            &["v: A:4#x B:4", "a: C:4#x D:4"],
            "media.clip.remove",
            json!({"clips": ["A"], "ripple": true}),
            Ok(&["v: B@10:4", "a: D@10:4"]),
        ),
        (
            &["v: A:4 ~1+1 B:4 ~1+1 C:4"],
            "media.clip.remove",
            json!({"clips": ["B"]}),
            Ok(&["v: A@10:4 -:4 C@10:4"]),
        ),
        (
            &["v: A:4 B:4 C:4"],
            "media.clip.move",
            json!({"clip": "A", "start": 8, "mode": "insert", "close": true}),
            Ok(&["v: B@10:4 C@10:4 A@10:4"]),
        ),
        (
            &["v: A:4 B:4 C:4"],
            "media.clip.move",
            json!({"clip": "A", "start": 6}),
            Ok(&["v: -:4 B@10:2 A@10:4 C@12:2"]),
        ),
        (
            &["v: A:4 B:4", "v: C:2"],
            "media.clip.move",
            json!({"clip": "B", "track": "t1", "start": 1}),
            Ok(&["v: A@10:4", "v: C@10:1 B@10:4"]),
        ),
        (
            &["v: A:4 B:4", "v: C:2"],
            "media.clip.move",
            json!({"clip": "B", "track": "t1", "start": 1, "mode": "insert"}),
            Ok(&["v: A@10:4", "v: C@10:1 B@10:4 C@11:1"]),
        ),
        (
            &["v: A:4#x B:4", "a: C:4#x"],
            "media.clip.move",
            json!({"clip": "A", "start": 8}),
            Ok(&["v: -:4 B@10:4 A@10:4", "a: -:8 C@10:4"]),
        ),
        (
            &["v: A:4", "a: C:4"],
            "media.clip.move",
            json!({"clip": "A", "track": "t1"}),
            Err("pictures and sound go on tracks of their own"),
        ),
        (
            &["v: A:4 B:4"],
            "media.clip.speed",
            json!({"clips": ["A"], "factor": 2}),
            Ok(&["v: A@10:2x2 B@10:4"]),
        ),
        (
            &["v: A:4 B:4"],
            "media.clip.speed",
            json!({"clips": ["A"], "factor": -2, "ripple": false}),
            Ok(&["v: A@10:2x-2 -:2 B@10:4"]),
        ),
        (
            &["v: A:4 B:4"],
            "media.clip.speed",
            json!({"clips": ["A"], "factor": 0.5, "ripple": false}),
            Err("0 s are free after"),
        ),
        (
            &["v: A:4 B:4"],
            "media.clip.speed",
            json!({"clips": ["A"], "factor": 2, "keepDuration": true}),
            Ok(&["v: A@10:4x2 B@10:4"]),
        ),
        (
            &["v: A:4<15"],
            "media.clip.speed",
            json!({"clips": ["A"], "factor": 2, "keepDuration": true}),
            Err("has 2.5 s of its file left"),
        ),
        (&["v: A:4"], "media.clip.reverse", json!({"clips": ["A"]}), Ok(&["v: A@10:4x-1"])),
        (
            &["v: A:4 -:1 B:2 -:3 C:1"],
            "media.gap.close",
            json!({"track": "t0"}),
            Ok(&["v: A@10:4 B@10:2 C@10:1"]),
        ),
        (
            &["v: A:4 -:1 B:2 -:3 C:1"],
            "media.gap.close",
            json!({"track": "t0", "at": 4.5}),
            Ok(&["v: A@10:4 B@10:2 -:3 C@10:1"]),
        ),
        (&["v: A:4 -:1 B:2"], "media.gap.close", json!({"track": "t0", "at": 2}), Err("there is no gap")),
        (
            &["v: A:4 B:4"],
            "media.transition.add",
            json!({"clip": "A", "duration": 1}),
            Ok(&["v: A@10:4 ~0.52+0.48 B@10:4"]),
        ),
        (
            &["v: A:4 B:4"],
            "media.transition.add",
            json!({"clip": "B", "edge": "start", "duration": 1, "alignment": "start"}),
            Ok(&["v: A@10:4 ~0+1 B@10:4"]),
        ),
        (
            &["v: A:4 ~1+1 B:4"],
            "media.transition.add",
            json!({"clip": "A", "duration": 2, "alignment": "end"}),
            Ok(&["v: A@10:4 ~2+0 B@10:4"]),
        ),
        (
            &["v: A:4<14.2 B:4"],
            "media.transition.add",
            json!({"clip": "A", "duration": 1}),
            Err("has 0.2 s of its file left after it, and 0.48 s are needed"),
        ),
        (
            &["v: A:4 B:4"],
            "media.transition.add",
            json!({"clip": "A", "duration": 20}),
            Err("has 4 s for a transition before the cut"),
        ),
        (&["v: A:4 B:4"], "media.transition.add", json!({"clip": "B"}), Err("there is nothing after")),
        (
            &["v: A:4 B:4"],
            "media.clip.add",
            json!({"color": "#ff0000", "start": 2, "duration": 1, "name": "X", "mode": "insert"}),
            Ok(&["v: A@10:2 X@0:1 A@12:2 B@10:4"]),
        ),
        (
            &["v: A:4 B:4"],
            "media.clip.add",
            json!({"color": "#ff0000", "start": 2, "duration": 3, "name": "X"}),
            Ok(&["v: A@10:2 X@0:3 B@11:3"]),
        ),
        (
            &["v: A:4 ~1+1 B:4"],
            "media.clip.add",
            json!({"color": "#ff0000", "start": 2, "duration": 1.6, "name": "X"}),
            Ok(&["v: A@10:2 X@0:1.6 A@13.6:0.4 B@10:4"]),
        ),
        (
            &["v: A:4"],
            "media.clip.add",
            json!({"color": "#ff0000", "start": 6, "name": "X", "inPoint": 1}),
            Ok(&["v: A@10:4 -:2 X@1:5"]),
        ),
        (
            &["v: A:4", "a: B:4"],
            "media.clip.add",
            json!({"color": "#ff0000", "start": 1, "duration": 1, "name": "X", "mode": "insert", "all": true}),
            Ok(&["v: A@10:1 X@0:1 A@11:3", "a: B@10:1 -:1 B@11:3"]),
        ),
        (
            &[],
            "media.clip.add",
            json!({"color": "#ff0000", "content": "audio", "duration": 1, "name": "X"}),
            Ok(&["a: X@0:1"]),
        ),
        (
            &["v: A:4"],
            "media.clip.add",
            json!({"color": "#ff0000", "start": -1}),
            Err("nothing can begin before"),
        ),
        (
            &["v: A:4 B:4 C:4"],
            "media.clip.nest",
            json!({"clips": ["A", "B"]}),
            Ok(&["v: [v: A@10:4 B@10:4]@0:8 C@10:4"]),
        ),
        (
            &["v: A:4 ~1+1 B:4", "v: -:2 C:4", "a: D:4"],
            "media.clip.nest",
            json!({"clips": ["A", "B", "C", "D"]}),
            Ok(&["v: [v: A@10:4 ~1+1 B@10:4; v: -:2 C@10:4]@0:8", "v: ", "a: [a: D@10:4]@0:4"]),
        ),
        (
            &["v: A:4 B:4 C:4"],
            "media.clip.nest",
            json!({"clips": ["A", "C"]}),
            Err("is not empty from 0 s to 12 s"),
        ),
    ];
    for (tracks, command, arguments, expected) in cases {
        let mut timeline = Timeline::new(tracks);
        let before = timeline.content().hash();
        let what = format!("{tracks:?} {command} {arguments}");
        match (timeline.attempt(command, arguments), expected) {
            (Ok(_), Ok(expected)) => {
                assert_eq!(timeline.short(), expected, "{what}");
                run_history(&mut timeline, "history.undo");
                assert_eq!(timeline.content().hash(), before, "undone: {what}");
                run_history(&mut timeline, "history.redo");
                assert_eq!(timeline.short(), expected, "done again: {what}");
            }
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{what}: {error}");
                assert_eq!(timeline.content().hash(), before, "{what}");
            }
            (found, _) => panic!("{what}: {found:?}, {:?}", timeline.short()),
        }
    }
}

fn run_history(timeline: &mut Timeline, command: &str) {
    timeline.run(command, json!({}));
}

#[test]
fn locked_tracks_and_clips_stay_as_they_are() {
    for locked in ["t0", "A"] {
        let mut timeline = Timeline::new(&["v: A:4 B:4"]);
        timeline.run("node.set", json!({ "node": locked, "property": "locked", "value": true }));
        let before = timeline.short();
        for (command, arguments) in [
            ("media.clip.trim", json!({"clip": "A", "edge": "end", "by": -1})),
            ("media.clip.remove", json!({"clips": ["A"]})),
            ("media.clip.move", json!({"clip": "A", "start": 9})),
            ("media.clip.speed", json!({"clips": ["A"], "factor": 2})),
            ("media.clip.roll", json!({"clip": "B", "by": -1})),
            ("media.transition.add", json!({"clip": "A"})),
        ] {
            let error = timeline.attempt(command, arguments).unwrap_err();
            assert!(error.to_string().contains("locked"), "{command}: {error}");
        }
        assert_eq!(timeline.short(), before);
    }
}

#[test]
fn markers_keyframes_and_fades_go_with_their_part_of_a_clip() {
    let mut timeline = Timeline::new(&["v: A:4"]);
    for at in [1, 3] {
        timeline.run("media.marker.add", json!({ "node": "A", "at": at, "name": format!("m{at}") }));
    }
    timeline.run("keyframe.set", json!({ "node": "A", "property": "opacity", "time": 11, "value": 0.5 }));
    for (property, seconds) in [("fadeIn", 1), ("fadeOut", 2)] {
        let value = seconds * base::Flicks::SECOND;
        timeline.run("node.set", json!({ "node": "A", "property": property, "value": value }));
    }
    let made = timeline.run("media.clip.split", json!({ "at": 2 }));
    let right: base::NodeId = made["clips"][0]["right"].as_str().unwrap().parse().unwrap();
    let content = timeline.content();
    let right = media::kinds::Clip::read(content.tree().unwrap().get(right).unwrap()).unwrap();
    let left = timeline.named("A");
    let left = media::kinds::Clip::read(content.tree().unwrap().get(left).unwrap()).unwrap();
    let names = |clip: media::kinds::Clip<'_>| {
        clip.node()
            .children()
            .filter_map(|child| child.string("name"))
            .map(|name| name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!((names(left), names(right)), (vec!["m1".to_owned()], vec!["m3".to_owned()]));
    let second = base::Flicks::SECOND;
    assert_eq!(
        (left.fade_in(), left.fade_out(), right.fade_in(), right.fade_out()),
        (second, 0, 0, 2 * second)
    );
    assert_eq!((left.node().end(), right.node().end()), (11.0, 11.0));
}

#[test]
fn a_stack_shows_the_same_taken_apart() {
    let tracks: &[&str] = &["v: A:4 ~1+1 B:4 C:4", "a: D:4 E:2"];
    let mut timeline = Timeline::new(tracks);
    let before = timeline.short();
    let made = timeline.run("media.clip.nest", json!({ "clips": ["A", "B"] }));
    timeline.run("media.clip.unnest", json!({ "stack": made["nodes"][0] }));
    assert_eq!(timeline.short(), before);
    let made = timeline.run("media.clip.nest", json!({ "clips": ["A", "B", "D"] }));
    timeline.run("media.clip.trim", json!({ "clip": made["nodes"][0], "edge": "start", "by": 1 }));
    timeline.run("media.clip.unnest", json!({ "stack": made["nodes"][0] }));
    assert_eq!(timeline.short()[0], "v: -:1 A@11:3 ~1+1 B@10:4 C@10:4");
}

#[test]
fn what_is_left_of_a_clip_stays_that_clip() {
    let mut timeline = Timeline::new(&["v: A:4 B:4"]);
    let b = timeline.named("B");
    timeline.run("media.clip.add", json!({ "color": "#ff0000", "start": 3, "duration": 2, "name": "X" }));
    assert_eq!(timeline.short(), ["v: A@10:3 X@0:2 B@11:3"]);
    assert_eq!(timeline.named("B"), b);
}

#[test]
fn timelines_say_what_is_where() {
    let mut timeline = Timeline::new(&["v: A:4 ~1+1 B:4", "a: -:1 C:4"]);
    timeline.run("node.set", json!({ "property": "startTime", "value": 3600 * base::Flicks::SECOND }));
    timeline.run("media.marker.add", json!({ "at": "01:00:04:05", "name": "note" }));
    let told = timeline.run("media.timeline.inspect", json!({}));
    assert_eq!(
        told["tracks"][0]["items"][1]["start"],
        json!({"seconds": 4.0, "frame": 100, "timecode": "01:00:04:00"})
    );
    assert_eq!(
        told["tracks"][0]["items"][1]["inPoint"],
        json!({"seconds": 10.0, "frame": 250, "timecode": "00:00:10:00"})
    );
    assert_eq!(told["tracks"][0]["transitions"][0]["end"]["frame"], 125);
    let told = timeline.run("media.pick", json!({ "at": "01:00:04:04" }));
    assert_eq!(told["tracks"][0]["item"]["node"], json!(timeline.named("B")));
    assert_eq!(told["tracks"][1]["item"]["node"], json!(timeline.named("C")));
    assert_eq!(told["snaps"][0]["what"], "marker");
}
