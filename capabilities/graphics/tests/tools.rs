//! The tools as people use them: inputs in, states and commands out, and what is in the document and the log then.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use base::DocumentId;
use kernel::{
    Button, Context, Input, Kernel, Modifiers, PointerInput, PointerPhase, Registry, Request, Source,
    pattern::Pattern, ports::memory,
};
use serde_json::{Value as Json, json};

const CHART: &str = "graphics.tools";

/// Runs a command that must succeed and gives its result.
fn result(kernel: &mut Kernel, command: &str, arguments: Json) -> Json {
    let (command, context) = (command.to_owned(), Context::default());
    kernel.execute(Request { command, arguments, context, timeout_s: None, traced: false }).unwrap().result
}

struct Bench {
    kernel: Kernel,
    document: DocumentId,
}

impl Bench {
    /// A canvas with a red square from 100, 100 to 200, 200.
    fn new() -> Self {
        let mut registry = Registry::default();
        registry.add(kernel::core()).unwrap();
        registry.add(graphics::capability(raster_gpu::Accelerator::default())).unwrap();
        let (mut kernel, _) = memory::kernel(registry, &[]);
        let made = result(&mut kernel, "document.create", json!({ "kind": "graphics.canvas" }));
        kernel.session().set_key("documentKind", "graphics.canvas".into());
        let document = made["document"].as_str().unwrap().parse().unwrap();
        let mut bench = Bench { kernel, document };
        bench.run(
            "graphics.shape.add",
            json!({ "shape": "rectangle", "x": 100, "y": 100, "width": 100, "height": 100 }),
        );
        bench
    }

    fn run(&mut self, command: &str, mut arguments: Json) -> Json {
        arguments["document"] = json!(self.document);
        result(&mut self.kernel, command, arguments)
    }

    /// Does something, such as `down 10 20 shift`, `up 10 20`, `key escape`, `release space` or `tool line`. Gives the active
    /// leaf and the commands that changed the document or asked something of the window.
    fn does(&mut self, deed: &str) -> String {
        let words: Vec<&str> = deed.split(' ').collect();
        let input = match words[0] {
            "tool" => {
                result(&mut self.kernel, "tool.select", json!({ "tool": words[1] }));
                Input::Event { event: "nothing".to_owned(), data: Json::Null }
            }
            "lost" => Input::PointerLost,
            "key" | "release" => Input::Key {
                key: words[1].to_owned(),
                down: words[0] == "key",
                document: Some(self.document),
            },
            phase => Input::Pointer(self.pointer(phase, &words[1..])),
        };
        let asked = self.kernel.subscribe(Pattern::below("window"));
        let came = self.kernel.signal(input, &Context { source: Source::Window, ..Context::default() });
        assert!(came.errors.is_empty(), "{deed}: {:?}", came.errors);
        let window = asked.try_iter().map(|notice| notice.topic());
        let changed = came.responses.iter().filter(|(_, response)| !response.events.is_empty());
        let commands: Vec<String> = changed.map(|(command, _)| command.clone()).chain(window).collect();
        let machine = self.kernel.session().machine(CHART).unwrap();
        let leaf = machine.leaves().next().unwrap();
        format!("{leaf} {}", commands.join(" ")).trim_end().to_owned()
    }

    fn pointer(&self, phase: &str, words: &[&str]) -> PointerInput {
        let point = [words[0].parse().unwrap(), words[1].parse().unwrap()];
        let has = |word: &str| words.contains(&word);
        PointerInput {
            phase: match phase {
                "down" => PointerPhase::Down,
                "move" => PointerPhase::Move,
                _ => PointerPhase::Up,
            },
            document: self.document,
            point,
            view: point,
            tolerance: 3.0,
            button: match phase {
                "move" => Button::None,
                _ if has("middle") => Button::Middle,
                _ => Button::Left,
            },
            clicks: if has("again") { 2 } else { 1 },
            modifiers: Modifiers {
                shift: has("shift"),
                alt: has("alt"),
                ctrl: has("ctrl"),
                ..Modifiers::default()
            },
        }
    }

    fn boxes(&mut self) -> Vec<Json> {
        let found = self.run("node.find", json!({ "kind": "graphics.path" }));
        let nodes: Vec<Json> =
            found["nodes"].as_array().unwrap().iter().map(|node| node["node"].clone()).collect();
        nodes
            .into_iter()
            .map(|node| {
                let b = self.run("graphics.bounds", json!({ "nodes": [node] }));
                json!(["x", "y", "width", "height"].map(|side| b[side].as_f64().unwrap().round()))
            })
            .collect()
    }

    fn events(&mut self) -> usize {
        self.kernel.history(self.document).unwrap().rows().len()
    }
}

/// What is done, the leaf and the commands that come of it, and the boxes of the shapes in the end.
type Case = (&'static str, &'static [(&'static str, &'static str)], Json);

#[test]
fn a_drag_is_one_command_and_escape_leaves_nothing() {
    let square = json!([100.0, 100.0, 100.0, 100.0]);
    let cases: [Case; 12] = [
        (
            "a rectangle, in whole pixels",
            &[
                ("tool rectangle", "rectangle.idle"),
                ("down 10.2 10", "rectangle.pressed"),
                ("move 11 11", "rectangle.pressed"),
                ("move 40 25", "rectangle.dragging"),
                ("move 50.4 30", "rectangle.dragging"),
                ("up 50.4 30", "rectangle.idle graphics.shape.add"),
            ],
            json!([square, [10.0, 10.0, 40.0, 20.0]]),
        ),
        (
            "a square about its centre",
            &[
                ("tool ellipse", "ellipse.idle"),
                ("down 50 50", "ellipse.pressed"),
                ("move 60 55", "ellipse.dragging"),
                ("up 60 55 shift alt", "ellipse.idle graphics.shape.add"),
            ],
            json!([square, [40.0, 40.0, 20.0, 20.0]]),
        ),
        (
            "a line at 45 degrees, two px wide",
            &[
                ("tool line", "line.idle"),
                ("down 10 10", "line.pressed"),
                ("move 30 28 shift", "line.dragging"),
                ("up 30 28 shift", "line.idle graphics.shape.add"),
            ],
            json!([square, [9.0, 9.0, 21.0, 21.0]]),
        ),
        (
            "given up, and a click without a drag",
            &[
                ("tool rectangle", "rectangle.idle"),
                ("down 10 10", "rectangle.pressed"),
                ("move 40 40", "rectangle.dragging"),
                ("key escape", "rectangle.idle"),
                ("up 40 40", "rectangle.idle"),
                ("down 10 10", "rectangle.pressed"),
                ("up 10 10", "rectangle.idle"),
            ],
            json!([square]),
        ),
        (
            "a selected shape is moved; Shift keeps it on an axis",
            &[
                ("down 150 150", "select.taken"),
                ("move 160 150", "select.moving"),
                ("up 180 155 shift", "select.idle graphics.transform"),
            ],
            json!([[130.0, 100.0, 100.0, 100.0]]),
        ),
        (
            "a move that is given up",
            &[
                ("down 150 150", "select.taken"),
                ("move 160 150", "select.moving"),
                ("key escape", "select.idle"),
                ("up 180 155", "select.idle"),
            ],
            json!([square]),
        ),
        (
            "a path by clicks, ended by a double click",
            &[
                ("tool path", "path.idle"),
                ("down 0 0", "path.placing"),
                ("up 0 0", "path.placing"),
                ("move 9 9", "path.placing"),
                ("down 20 0", "path.placing"),
                ("up 20 0", "path.placing"),
                ("down 20 20", "path.placing"),
                ("up 20 20", "path.placing"),
                ("down 20 20 again", "path.idle graphics.shape.add"),
            ],
            json!([square, [-1.0, -1.0, 22.0, 22.0]]),
        ),
        (
            "a path over which the canvas is moved, ended by Enter",
            &[
                ("tool path", "path.idle"),
                ("down 0 0", "path.placing"),
                ("up 0 0", "path.placing"),
                ("key space", "spring.idle"),
                ("down 5 5", "spring.pressed"),
                ("move 6 6", "spring.pressed window.pan.to"),
                ("up 6 6", "spring.idle"),
                ("release space", "path.placing"),
                ("down 10 0", "path.placing"),
                ("key enter", "path.idle graphics.shape.add"),
                ("down 50 50", "path.placing"),
                ("key escape", "path.idle"),
            ],
            json!([square, [-1.0, -1.0, 12.0, 2.0]]),
        ),
        (
            "the middle button pans with every tool, Space does nothing within a drag",
            &[
                ("tool rectangle", "rectangle.idle"),
                ("down 10 10 middle", "middle"),
                ("move 20 20", "middle window.pan.to"),
                ("up 20 20 middle", "rectangle.idle"),
                ("down 10 10", "rectangle.pressed"),
                ("key space", "rectangle.pressed"),
                ("up 10 10", "rectangle.idle"),
            ],
            json!([square]),
        ),
        (
            "zoom, hand and text ask the window",
            &[
                ("tool zoom", "zoom.idle"),
                ("down 1 1", "zoom.pressed"),
                ("up 1 1 alt", "zoom.idle window.zoom.at"),
                ("tool hand", "hand.idle"),
                ("down 1 1", "hand.pressed"),
                ("move 2 2", "hand.pressed window.pan.to"),
                ("up 2 2", "hand.idle"),
                ("tool text", "text.idle"),
                ("down 7 7", "text.pressed"),
                ("up 7 7", "text.idle window.form.show"),
            ],
            json!([square]),
        ),
        (
            "the pointer is lost in a drag and while Space is held, a path stays",
            &[
                ("tool ellipse", "ellipse.idle"),
                ("down 10 10", "ellipse.pressed"),
                ("move 40 40", "ellipse.dragging"),
                ("lost", "ellipse.idle"),
                ("move 60 60", "ellipse.idle"),
                ("key space", "spring.idle"),
                ("lost", "ellipse.idle"),
                ("tool path", "path.idle"),
                ("down 0 0", "path.placing"),
                ("lost", "path.placing"),
                ("key escape", "path.idle"),
            ],
            json!([square]),
        ),
        (
            "another tool in the middle of a drag gives it up",
            &[
                ("tool rectangle", "rectangle.idle"),
                ("down 10 10", "rectangle.pressed"),
                ("move 40 40", "rectangle.dragging"),
                ("tool select", "select.idle"),
                ("up 40 40", "select.idle"),
            ],
            json!([square]),
        ),
    ];
    for (name, deeds, boxes) in cases {
        let mut bench = Bench::new();
        let before = bench.events();
        let expected = deeds.iter().filter(|(_, came)| came.contains(" graphics.")).count();
        for (deed, came) in deeds {
            assert_eq!(bench.does(deed), *came, "{name}: {deed}");
        }
        assert_eq!(Json::from(bench.boxes()), boxes, "{name}");
        assert_eq!(bench.events() - before, expected, "{name}: one event for each command");
        assert_eq!(bench.kernel.session().preview(), None, "{name}");
    }
}

#[test]
fn clicks_and_boxes_select() {
    let mut bench = Bench::new();
    bench.run(
        "graphics.shape.add",
        json!({ "shape": "rectangle", "x": 300, "y": 100, "width": 50, "height": 50 }),
    );
    for (deeds, expected) in [
        (&["down 110 110", "up 110 110"][..], 1),
        (&["down 310 110 shift", "up 310 110 shift"], 2),
        (&["down 110 110 shift", "up 110 110 shift"], 1),
        (&["down 50 50", "up 50 50"], 0),
        (&["down 50 50", "move 360 160", "up 360 160"], 1),
        (&["down 50 50", "move 360 210", "up 360 210"], 2),
        (&["down 310 110", "up 310 110"], 1),
        (&["key escape"], 0),
    ] {
        deeds.iter().for_each(|deed| drop(bench.does(deed)));
        assert_eq!(bench.kernel.session().selection(bench.document).len(), expected, "{deeds:?}");
    }
    assert_eq!(bench.events(), 2, "selecting is in no log");
}

#[test]
fn picking_sees_what_is_seen() {
    let mut bench = Bench::new();
    let node = |made: Json| made["node"].as_str().unwrap().to_owned();
    let ring = node(bench.run(
        "graphics.shape.add",
        json!({ "shape": "path", "data": "M300 0 H400 V100 H300 Z M320 20 H380 V80 H320 Z", "fill": "none", "stroke": "#000000", "strokeWidth": 4 }),
    ));
    let locked = node(bench.run(
        "graphics.shape.add",
        json!({ "shape": "rectangle", "x": 0, "y": 0, "width": 500, "height": 300 }),
    ));
    bench.run("node.set", json!({ "node": locked, "property": "locked", "value": true }));
    let faint = node(bench.run(
        "graphics.shape.add",
        json!({ "shape": "rectangle", "x": 0, "y": 0, "width": 500, "height": 300 }),
    ));
    bench.run("graphics.blend.set", json!({ "nodes": [faint], "opacity": 0 }));
    let grouped = node(bench.run(
        "graphics.shape.add",
        json!({ "shape": "ellipse", "x": 0, "y": 200, "width": 100, "height": 100 }),
    ));
    let group = node(bench.run("graphics.group.create", json!({ "nodes": [grouped] })));
    bench.run("graphics.transform", json!({ "nodes": [group], "scale": [2, 1] }));
    let masked = node(bench.run(
        "graphics.shape.add",
        json!({ "shape": "rectangle", "x": 400, "y": 400, "width": 100, "height": 100 }),
    ));
    let mask = node(bench.run(
        "graphics.shape.add",
        json!({ "shape": "rectangle", "x": 400, "y": 400, "width": 50, "height": 100, "fill": "#ffffff" }),
    ));
    bench.run("graphics.mask.set", json!({ "node": masked, "mask": mask }));
    for (x, y, tolerance, expected) in [
        (150.0, 150.0, 0.0, "path"),
        (99.0, 150.0, 0.0, ""),
        (98.0, 150.0, 3.0, "path"),
        (301.0, 50.0, 0.0, "ring"),
        (310.0, 50.0, 0.0, ""),
        (350.0, 50.0, 0.0, ""),
        (100.0, 250.0, 0.0, "grouped"),
        (199.0, 202.0, 0.0, ""),
        (425.0, 450.0, 0.0, "masked"),
        (475.0, 450.0, 0.0, ""),
    ] {
        let found = bench.run("graphics.pick", json!({ "x": x, "y": y, "tolerance": tolerance }));
        let name = match found["node"].as_str() {
            None => "",
            Some(id) if id == ring => "ring",
            Some(id) if id == grouped => {
                assert_eq!(found["top"], group.as_str());
                "grouped"
            }
            Some(id) if id == masked => "masked",
            Some(_) => "path",
        };
        assert_eq!(name, expected, "at {x}, {y} within {tolerance}");
    }
}

#[test]
fn charts_ask_only_for_commands_that_there_are() {
    let mut registry = Registry::default();
    registry.add(kernel::core()).unwrap();
    registry.add(graphics::capability(raster_gpu::Accelerator::default())).unwrap();
    for declared in registry.charts() {
        let chart = declared.get().unwrap();
        for (command, args) in chart.commands() {
            // What is filled in later passes for anything, as in scripts.
            let args: Json = args.iter().map(|(name, value)| (name.clone(), later(value))).collect();
            let problems = registry.command(command).unwrap().problems(&args, true);
            let missing = |argument: &str| argument == "document";
            let problems: Vec<_> = problems.iter().filter(|problem| !missing(&problem.argument)).collect();
            assert!(problems.is_empty(), "{}: {command}: {problems:?}", declared.declaration.id);
        }
        for test in chart.tests() {
            kernel::when::When::parse(test).unwrap();
        }
    }
    for tool in registry.tools() {
        let chart =
            registry.charts().find(|chart| chart.declaration.id == tool.chart).unwrap().get().unwrap();
        assert!(chart.find(&tool.id).is_some(), "{} has no state", tool.id);
        assert!(chart.answers(&format!("tool.select.{}", tool.id)), "{} cannot be taken up", tool.id);
        assert!(kurbo::BezPath::from_svg(&tool.icon).is_ok(), "{} has no picture", tool.id);
    }
}

fn later(value: &Json) -> Json {
    match value {
        Json::String(text) if text.starts_with('$') => format!("${{{text}}}").into(),
        Json::Array(items) => items.iter().map(later).collect(),
        other => other.clone(),
    }
}
