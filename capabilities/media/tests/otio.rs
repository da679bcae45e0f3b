//! Timelines of OpenTimelineIO: what is read is written again, and what is written is read again.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod common;

use base::{Flicks, IdSource, Limits, NodeId};
use common::{Timeline, attempt, kernel, run, shorten};
use document::{Content, Tree};
use media::{
    kinds,
    otio::{self, json::Json as Text},
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn parsed(text: &str) -> Text {
    Text::parse(text.as_bytes(), &Limits::default()).unwrap()
}

/// The tree of a file.
fn tree(text: &str) -> Content {
    let (element, _) = otio::read(text.as_bytes(), &Limits::default()).unwrap();
    let mut tree = Tree::new(kinds::Timeline::KIND.into());
    for delta in element.deltas(&mut IdSource::new(b"test")) {
        tree.apply(&delta).unwrap();
    }
    Content::Tree(tree)
}

fn time(value: f64) -> Json {
    json!({ "OTIO_SCHEMA": "RationalTime.1", "rate": 25, "value": value })
}

fn range(start: f64, duration: f64) -> Json {
    json!({ "OTIO_SCHEMA": "TimeRange.1", "start_time": time(start), "duration": time(duration) })
}

fn clip(name: &str, range: Json) -> Json {
    json!({ "OTIO_SCHEMA": "Clip.1", "name": name, "source_range": range, "metadata": { "other": { "id": 12345 } },
        "media_reference": { "OTIO_SCHEMA": "ExternalReference.1", "target_url": format!("{name}.mov"),
            "available_range": self::range(100.0, 500.0) } })
}

/// A file with all that there is, and much that this program does not know.
fn rich() -> Json {
    let warp = json!({ "OTIO_SCHEMA": "LinearTimeWarp.1", "name": "fast", "time_scalar": 2, "metadata": {} });
    let mut fast = clip("fast", range(110.0, 50.0));
    fast["effects"] = json!([{ "OTIO_SCHEMA": "Effect.1", "effect_name": "blur" }, warp]);
    fast["markers"] = json!([{ "OTIO_SCHEMA": "Marker.1", "name": "m", "color": "GREEN", "marked_range": range(120.0, 0.0) }]);
    let strange = json!({ "OTIO_SCHEMA": "Strange.7", "name": "?", "deep": [1, { "x": null }] });
    let transition = json!({ "OTIO_SCHEMA": "Transition.1", "transition_type": "Weird_Wipe", "in_offset": time(5.0), "out_offset": time(3.0) });
    let inner =
        json!({ "OTIO_SCHEMA": "Track.1", "kind": "Video", "children": [clip("inner", range(100.0, 30.0))] });
    let stack = json!({ "OTIO_SCHEMA": "Stack.1", "name": "nested", "source_range": range(5.0, 20.0), "children": [inner, clip("bare", Json::Null)] });
    let ranged = json!({ "OTIO_SCHEMA": "Sequence.1", "kind": "Audio", "source_range": range(1.0, 2.0), "children": [clip("sound", range(100.0, 10.0))] });
    let gap = json!({ "OTIO_SCHEMA": "Gap.1", "source_range": range(7.0, 25.0) });
    let track = json!({ "OTIO_SCHEMA": "Track.1", "name": "V1", "kind": "Video",
        "children": [transition.clone(), clip("a", range(100.0, 50.0)), transition, fast, gap, stack, inner, strange] });
    json!({ "OTIO_SCHEMA": "SerializableCollection.1", "name": "bin", "children": [
        { "OTIO_SCHEMA": "Strange.1" },
        { "OTIO_SCHEMA": "Timeline.1", "name": "cut", "global_start_time": time(90_000.0), "metadata": { "cdl": [0.1, "1e400"] },
            "tracks": { "OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [track, ranged, clip("loose", range(100.0, 5.0))],
                "markers": [{ "OTIO_SCHEMA": "Marker.2", "name": "here", "comment": "look", "marked_range": range(10.0, 2.0) }] } },
        { "OTIO_SCHEMA": "Timeline.1", "name": "second", "tracks": null }] })
}

#[test]
fn what_is_read_is_written_again_and_played_as_meant() {
    let text = rich().to_string();
    let content = tree(&text);
    let again = otio::write(&content).unwrap();
    assert_eq!(parsed(&text).difference(&parsed(&again)), None);
    let root = content.tree().unwrap().root();
    let told = shorten(root);
    assert_eq!(
        told[0],
        "v: ~0.2+0.12 a@0:2 ~0.2+0.12 fast@0.4:2x2 -:1 [v: inner@0:1.2; v: bare@0:20]@0.2:0.8 [v: inner@0:1.2]@0:1.2"
    );
    assert_eq!(told[1..], ["a: [a: sound@0:0.4]@0.04:0.08", "v: loose@0:0.2"].map(str::to_owned));
    let timeline = kinds::Timeline::read(root).unwrap();
    assert_eq!((&*timeline.frame_rate(), timeline.start_time()), ("25", 3600 * Flicks::SECOND));
}

#[test]
fn an_edit_changes_only_what_it_is_about() {
    let text = rich().to_string();
    let mut kernel = kernel(&[("cut.otio", text.as_bytes()), ("fast.mov", b"film")]);
    let imported = run(&mut kernel, "document.import", json!({ "path": "cut.otio" }));
    let document = imported["document"].as_str().unwrap().parse().unwrap();
    let mut timeline = Timeline { kernel, document };
    let content = timeline.content();
    let fast = kinds::Clip::read(content.tree().unwrap().get(timeline.named("fast")).unwrap()).unwrap();
    assert_eq!(fast.media(), Some(base::BlobHash::of(b"film")));
    let export = |timeline: &mut Timeline| {
        timeline.run("document.export", json!({ "path": "out.otio" }));
        parsed(&String::from_utf8(timeline.kernel.files().read("out.otio").unwrap()).unwrap())
    };
    assert_eq!(export(&mut timeline).difference(&parsed(&text)), None);
    timeline.run("media.clip.trim", json!({ "clip": "a", "edge": "end", "by": -1, "ripple": true }));
    let out = export(&mut timeline).to_string();
    let mut out: Json = serde_json::from_str(&out).unwrap();
    let cut = "/children/1/tracks/children/0/children/1/source_range/duration";
    assert_eq!(out.pointer(cut).unwrap()["value"], 25.0);
    *out.pointer_mut(cut).unwrap() = time(50.0);
    assert_eq!(parsed(&out.to_string()).difference(&parsed(&text)), None);
}

#[test]
fn what_other_programs_lack_comes_back() {
    let mut timeline = Timeline::new(&["v: A:4#x ~1+0.5 B:4x-2 -:0.0123 C:1x0", "a: S:4.00001#x"]);
    for (node, property, value) in [
        ("A", "opacity", json!(0.5)),
        ("A", "blendMode", json!("screen")),
        (
            "A",
            "filters",
            json!([{ "type": "gaussian-blur", "radius": 3.0, "deep": { "list": [1, 2.5, "x", null] } }]),
        ),
        ("B", "target", json!("../film.mov")),
        ("t1", "gain", json!(-6.0)),
        ("t1", "locked", json!(true)),
    ] {
        timeline.run("node.set", json!({ "node": node, "property": property, "value": value }));
    }
    timeline.run("node.set", json!({ "property": "startTime", "value": 12345 }));
    timeline.run(
        "keyframe.set",
        json!({ "node": "A", "property": "x", "time": 11.5, "value": 3, "interpolation": "smooth" }),
    );
    timeline.run(
        "media.marker.add",
        json!({ "node": "B", "at": 5, "name": "note", "color": "#123456", "duration": 1 }),
    );
    timeline.run("media.clip.nest", json!({ "clips": ["B", "C"], "name": "nested" }));
    let content = timeline.content();
    let text = otio::write(&content).unwrap();
    let again = tree(&text);
    assert_eq!(shorten(again.tree().unwrap().root()), timeline.short());
    let all = |content: &Content| {
        let root = content.tree().unwrap().root();
        let nodes = std::iter::once(root).chain(root.descendants());
        let told = nodes.map(|node| {
            (
                node.kind().to_owned(),
                node.properties().map(|(k, p)| (k.clone(), p.clone())).collect::<Vec<_>>(),
            )
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(all(&again), all(&content));
    assert_eq!(otio::write(&again).unwrap(), text);
}

#[test]
fn damaged_files_are_refused_with_their_place() {
    let track = |child: Json| {
        json!({ "OTIO_SCHEMA": "Timeline.1", "tracks": { "OTIO_SCHEMA": "Stack.1", "children": [
        { "OTIO_SCHEMA": "Track.1", "children": [child] }] } })
    };
    let mut negative = clip("x", range(0.0, 1.0));
    negative["source_range"]["duration"]["value"] = json!(-1);
    let mut rateless = clip("x", range(0.0, 1.0));
    rateless["source_range"]["duration"]["rate"] = json!(0);
    let mut absurd = clip("x", range(0.0, 1.0));
    absurd["source_range"]["start_time"]["value"] = json!(1e300);
    for (file, message) in [
        (json!([]), "$: a Timeline or a Stack"),
        (json!({ "OTIO_SCHEMA": "Clip.2" }), "$: a Timeline or a Stack"),
        (
            track(negative),
            "$.tracks.children[0].children[0].source_range.duration: a duration is not below 0",
        ),
        (track(rateless), "$.tracks.children[0].children[0].source_range.duration.rate: a rate is above 0"),
        (track(absurd), "children[0].source_range.start_time: times are at most 100 years"),
        (track(clip("x", json!("soon"))), "source_range.start_time: a range has a start_time and a duration"),
        (
            json!({ "OTIO_SCHEMA": "Timeline.1", "tracks": { "OTIO_SCHEMA": "Stack.1", "children": 3 } }),
            "$.tracks.children: a list is needed",
        ),
    ] {
        let mut kernel = kernel(&[("bad.otio", file.to_string().as_bytes())]);
        let error = attempt(&mut kernel, "document.import", json!({ "path": "bad.otio" })).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
    let infinite =
        track(clip("x", range(0.0, 1.0))).to_string().replace("\"value\":1.0", "\"value\":Infinity");
    let error = otio::read(infinite.as_bytes(), &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("a finite number is needed"), "{error}");
    for odd in [json!(null), json!("x"), json!([])] {
        let text = json!({ "OTIO_SCHEMA": "Timeline.1", "tracks": odd }).to_string();
        assert_eq!(parsed(&otio::write(&tree(&text)).unwrap()).difference(&parsed(&text)), None, "{text}");
    }
    // What stands for anything may be anywhere.
    for odd in [json!(null), json!(3), json!("x"), json!([[]]), json!({}), json!({ "OTIO_SCHEMA": 7 })] {
        let text = track(odd).to_string();
        assert_eq!(parsed(&otio::write(&tree(&text)).unwrap()).difference(&parsed(&text)), None, "{text}");
    }
}

/// Files of random objects, of which many are wrong.
fn object(depth: u32) -> impl Strategy<Value = Json> {
    let schema = prop::sample::select(vec![
        "Clip.1",
        "Clip.2",
        "Gap.1",
        "Track.1",
        "Stack.1",
        "Transition.1",
        "Marker.2",
        "X.1",
        "Timeline.1",
    ]);
    let odd = prop::sample::select(vec![
        json!(null),
        json!(1),
        json!("x"),
        json!([]),
        json!({}),
        range(1.0, 2.0),
        time(3.0),
        json!([{}]),
    ]);
    let keys = prop::sample::select(vec![
        "name",
        "source_range",
        "children",
        "markers",
        "effects",
        "metadata",
        "media_reference",
        "media_references",
        "in_offset",
        "kind",
        "enabled",
        "global_start_time",
        "tracks",
        "marked_range",
    ]);
    let leaf = (schema, prop::collection::vec((keys, odd), 0..4)).prop_map(|(schema, entries)| {
        let mut object = json!({ "OTIO_SCHEMA": schema });
        entries.into_iter().for_each(|(key, value)| object[key] = value);
        object
    });
    leaf.prop_recursive(depth, 24, 4, |inner| {
        (prop::collection::vec(inner, 0..4), prop::sample::select(vec!["Track.1", "Stack.1"]))
            .prop_map(|(children, schema)| json!({ "OTIO_SCHEMA": schema, "children": children }))
    })
}

proptest! {
    #[test]
    fn any_file_that_is_read_is_written_the_same(tracks in object(4)) {
        let text = json!({ "OTIO_SCHEMA": "Timeline.1", "tracks": tracks }).to_string();
        if otio::read(text.as_bytes(), &Limits::default()).is_ok() {
            let again = otio::write(&tree(&text)).unwrap();
            prop_assert_eq!(parsed(&text).difference(&parsed(&again)), None, "{}", again);
        }
    }

    #[test]
    fn any_timeline_comes_back(clips in prop::collection::vec((0..3_u32, -9_000_000_000_i64..9_000_000_000, 1..30_000_000_000_i64, -3.0..3.0_f64), 0..6), rate in prop::sample::select(vec!["24", "25", "30000/1001", "7/3", "120"])) {
        let mut tree = Tree::new(kinds::Timeline::KIND.into());
        let set = document::Delta::Set { node: NodeId::ROOT, key: "frameRate".into(), value: (rate != "24").then(|| rate.into()) };
        tree.apply(&set).unwrap();
        let mut ids = IdSource::new(b"x");
        let track = ids.next_id();
        let insert = |node, kind: &str, parent, after, properties| document::Delta::Insert { node, kind: kind.into(), parent, after, properties };
        tree.apply(&insert(track, kinds::Track::KIND, NodeId::ROOT, None, Vec::new())).unwrap();
        let mut after = None;
        for (form, at, duration, speed) in clips {
            let node = ids.next_id();
            let (kind, list) = match form {
                0 => (kinds::Gap::KIND, kinds::GapProperties::default().duration(duration).list()),
                1 => (kinds::Transition::KIND, kinds::TransitionProperties::default().before(duration).after(at.abs()).list()),
                _ => (kinds::Clip::KIND, kinds::ClipProperties::default().in_point(at).duration(duration).speed(speed).list()),
            };
            tree.apply(&insert(node, kind, track, after, list)).unwrap();
            after = Some(node);
        }
        let text = otio::write(&Content::Tree(tree.clone())).unwrap();
        let again = self::tree(&text);
        let told = |tree: &Tree| tree.root().descendants().chain([tree.root()]).map(|node| {
            (node.kind().to_owned(), node.properties().map(|(k, p)| (k.clone(), p.clone())).collect::<Vec<_>>())
        }).collect::<Vec<_>>();
        prop_assert_eq!(told(again.tree().unwrap()), told(&tree));
    }
}
