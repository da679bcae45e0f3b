//! Films: which frames are shown, how they are mixed, and what is heard beside them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // A test that cannot go on fails.

mod world;

use serde_json::{Value as Json, json};
use world::{Film, World, frames, luma, sample, video};

const RATE: &str = "25";

/// The numbers of the frames of a generated video that a film shows.
fn numbers(film: &Film) -> Vec<u64> {
    let number = |first: u8| (0..220).find(|number| luma(*number, 0, 0) == first).unwrap();
    film.frames.iter().map(|frame| number(frame.luma(0, 0))).collect()
}

#[test]
fn clips_show_the_frames_that_they_say() {
    let cases: [(&str, Json, Vec<u64>); 7] = [
        ("as it is", json!({}), (0..20).collect()),
        ("trimmed", json!({"inPoint": frames(5, RATE), "duration": frames(4, RATE)}), vec![5, 6, 7, 8]),
        ("twice as fast", json!({"speed": 2, "duration": frames(4, RATE)}), vec![0, 2, 4, 6]),
        ("half as fast", json!({"speed": 0.5, "duration": frames(5, RATE)}), vec![0, 0, 1, 1, 2]),
        (
            "backwards",
            json!({"speed": -1, "inPoint": frames(3, RATE), "duration": frames(4, RATE)}),
            vec![6, 5, 4, 3],
        ),
        (
            "a still",
            json!({"speed": 0, "inPoint": frames(9, RATE), "duration": frames(3, RATE)}),
            vec![9, 9, 9],
        ),
        (
            "beyond its end",
            json!({"inPoint": frames(18, RATE), "duration": frames(4, RATE)}),
            vec![18, 19, 19, 19],
        ),
    ];
    for (name, properties, expected) in cases {
        let file = video(64, 36, RATE, 20, false);
        let mut world = World::new(&[("in.mp4", &file)]);
        let (document, tracks) = world.import("in.mp4");
        for (property, value) in properties.as_object().unwrap() {
            world.set(&document, &tracks[0].1, property, value.clone());
        }
        let film = world.film(&document, json!({}));
        assert_eq!(numbers(&film), expected, "{name}");
    }
}

#[test]
fn frames_that_fill_the_picture_are_not_touched() {
    let file = video(64, 36, "30000/1001", 3, false);
    let mut world = World::new(&[("in.mp4", &file)]);
    let (document, _) = world.import("in.mp4");
    let film = world.film(&document, json!({}));
    let encode = film.request.unwrap().video.unwrap();
    assert_eq!((encode.width, encode.height, encode.rate.to_string().as_str()), (64, 36, "30000/1001"));
    for (number, frame) in film.frames.iter().enumerate() {
        for (x, y) in [(0, 0), (63, 0), (31, 17), (63, 35)] {
            assert_eq!(frame.luma(x, y), luma(number as u64, x as u32, y as u32));
        }
        assert!(frame.planes[1..].iter().flatten().all(|chroma| *chroma == 128));
    }
}

/// A timeline of two clips of ten frames each, the second one from frame 100 of the video on, and a transition of four
/// frames at the cut between them.
fn joined(world: &mut World, transition: Json) -> Json {
    let (document, tracks) = world.import("in.mp4");
    for (track, clip) in &tracks {
        world.set(&document, clip, "duration", frames(10, RATE));
        let copy =
            world.result("node.duplicate", json!({"document": document, "node": clip}))["node"].clone();
        world.set(&document, &copy, "inPoint", frames(100, RATE));
        let mut properties = json!({"before": frames(2, RATE), "after": frames(2, RATE)});
        properties.as_object_mut().unwrap().extend(transition.as_object().unwrap().clone());
        let args = json!({
            "document": document, "kind": "media.transition", "parent": track, "after": clip, "properties": properties
        });
        world.result("node.insert", args);
    }
    document
}

#[test]
fn a_dissolve_mixes_as_other_programs_do() {
    let file = video(64, 36, RATE, 200, false);
    let mut world = World::new(&[("in.mp4", &file)]);
    let document = joined(&mut world, json!({}));
    let film = world.film(&document, json!({}));
    assert_eq!(film.frames.len(), 20);
    for (number, frame) in film.frames.iter().enumerate() {
        let progress = ((number as f64 - 8.0) / 4.0).clamp(0.0, 1.0);
        for (x, y) in [(0, 0), (40, 20), (63, 35)] {
            let from = f64::from(luma(number as u64, x, y));
            // The second clip's first frame is shown at the cut.
            let to = f64::from(luma(90 + number as u64, x, y));
            let expected = from * (1.0 - progress) + to * progress;
            let found = f64::from(frame.luma(x as usize, y as usize));
            assert!((found - expected).abs() <= 0.51, "frame {number} at {x}, {y}: {found}, not {expected}");
        }
    }
}

#[test]
fn wipes_pushes_and_dips_go_where_they_are_told() {
    let file = video(64, 36, RATE, 200, false);
    for (form, place, expected) in [
        // At frame 10 half of it is done: the right half is still the first clip.
        (json!({"form": "wipe"}), (10, 10), luma(100, 10, 10)),
        (json!({"form": "wipe"}), (50, 10), luma(10, 50, 10)),
        (json!({"form": "wipe", "angle": 90}), (50, 5), luma(100, 50, 5)),
        (json!({"form": "wipe", "angle": 90}), (50, 30), luma(10, 50, 30)),
        (json!({"form": "dip", "color": "#000000"}), (20, 20), 16),
    ] {
        let mut world = World::new(&[("in.mp4", &file)]);
        let document = joined(&mut world, form.clone());
        let film = world.film(&document, json!({}));
        assert_eq!(film.frames[10].luma(place.0, place.1), expected, "{form} at {place:?}");
    }
    // A push goes through RGB, since it is moved.
    let mut world = World::new(&[("in.mp4", &file)]);
    let document = joined(&mut world, json!({"form": "push"}));
    let film = world.film(&document, json!({}));
    for (x, source) in [(10u32, (100, 42)), (50, (10, 18))] {
        let (found, expected) = (film.frames[10].luma(x as usize, 10), luma(source.0, source.1, 10));
        assert!(found.abs_diff(expected) <= 1, "at {x}: {found}, not {expected}");
    }
}

#[test]
fn smaller_clips_lie_in_the_middle_of_the_background() {
    let file = video(32, 36, RATE, 5, false);
    let mut world = World::new(&[("in.mp4", &file)]);
    let (document, _) = world.import("in.mp4");
    let root = "00000000000000000000000000000000";
    world.set(&document, &json!(root), "width", 64);
    world.set(&document, &json!(root), "background", "#ffffff");
    let film = world.film(&document, json!({}));
    let frame = &film.frames[2];
    for (x, expected) in [(0, 235), (15, 235), (48, 235), (63, 235)] {
        assert_eq!(frame.luma(x, 10), expected, "at {x}");
    }
    for x in 16..48u32 {
        assert!(frame.luma(x as usize, 10).abs_diff(luma(2, x - 16, 10)) <= 1, "at {x}");
    }
}

#[test]
fn sound_keeps_its_place_beside_the_pictures() {
    let file = video(64, 36, RATE, 200, true);
    let mut world = World::new(&[("in.mp4", &file)]);
    let document = joined(&mut world, json!({"curve": "linear"}));
    let film = world.film(&document, json!({}));
    assert_eq!(film.sound.len(), 1);
    let heard = &film.sound[0];
    assert_eq!(heard.len(), 20 * 48_000 / 25);
    // A frame is 1,920 samples. The cross-fade is from frame 8 to 12.
    for at in [0, 1, 15_359, 17_000, 19_200, 21_000, 23_040, 38_399u64] {
        let part = ((at as f64 - 15_360.0) / 7_680.0).clamp(0.0, 1.0);
        let second = at + 90 * 1_920;
        let expected = f64::from(sample(at)) * (1.0 - part) + f64::from(sample(second)) * part;
        let found = f64::from(heard[at as usize]);
        assert!((found - expected).abs() < 2e-6, "sample {at}: {found}, not {expected}");
    }
    // A part of it begins where it begins.
    let film = world.film(&document, json!({"start": 0.2, "end": 0.28}));
    assert_eq!(film.frames.len(), 2);
    assert_eq!(film.sound[0].len(), 3_840);
    assert!((film.sound[0][0] - sample(9_600)).abs() < 1e-7);
    let film = world.film(&document, json!({"sound": false}));
    assert!(film.request.unwrap().sound.is_none());
}

#[test]
fn a_part_of_a_fade_is_as_loud_as_in_the_whole() {
    let file = video(64, 36, RATE, 50, true);
    let mut world = World::new(&[("in.mp4", &file)]);
    let (document, tracks) = world.import("in.mp4");
    world.set(&document, &tracks[1].1, "fadeIn", frames(20, RATE));
    world.set(&document, &tracks[1].1, "fadeOut", frames(20, RATE));
    let whole = world.film(&document, json!({}));
    let part = world.film(&document, json!({"start": 0.4, "end": 1.6}));
    for at in [0usize, 1_000, 19_200, 30_000, 57_599] {
        let (found, expected) = (part.sound[0][at], whole.sound[0][at + 19_200]);
        assert!((found - expected).abs() < 1e-6, "sample {at}: {found}, not {expected}");
    }
}

#[test]
fn a_transition_to_what_begins_later_is_silent_until_then() {
    let file = video(64, 36, RATE, 50, true);
    let mut world = World::new(&[("in.mp4", &file)]);
    let document = joined(&mut world, json!({"curve": "linear"}));
    // The second clip now begins where its file does: there is nothing of it before the cut.
    let clips = world.result("node.find", json!({ "document": document, "kind": "media.clip" }));
    for clip in clips["nodes"].as_array().unwrap().clone() {
        if clip["properties"]["inPoint"].as_i64().is_some_and(|time| time > 0) {
            world.set(&document, &clip["node"], "inPoint", 0);
        }
    }
    let film = world.film(&document, json!({}));
    // A frame before the cut it is a quarter through, and only the first clip is heard.
    let at = 9 * 1_920;
    let expected = sample(at) * 0.75;
    assert!((film.sound[0][at as usize] - expected).abs() < 2e-6);
    let at = 11 * 1_920;
    let expected = sample(at) * 0.25 + sample(1_920) * 0.75;
    assert!((film.sound[0][at as usize] - expected).abs() < 2e-6);
}
