//! Machines in the kernel: the program's modes, delayed events by the kernel's clock, and commands within commands.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use kernel::{
    Capability, CommandError, Context, Input, Kernel, Registrar, Registry, Request, Response,
    ports::{Clock, memory},
};
use serde_json::{Value as Json, json};

/// A clock that stands where it was set.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct World {
    kernel: Kernel,
    clock: Arc<Hands>,
}

impl World {
    fn new() -> Self {
        let mut registry = Registry::default();
        registry.add(kernel::core()).unwrap();
        registry.add(Box::new(Lamp)).unwrap();
        let clock = Arc::new(Hands(AtomicI64::new(0)));
        let (kernel, _) = memory::kernel_at(registry, &[], clock.clone());
        World { kernel, clock }
    }

    fn run(&mut self, command: &str, arguments: Json) -> Result<Response, CommandError> {
        let (command, context) = (command.to_owned(), Context::default());
        self.kernel.execute(Request { command, arguments, context, timeout_s: None, traced: false })
    }
}

/// A capability with one tool that can do harm to others, in its way.
struct Lamp;

impl Capability for Lamp {
    fn manifest(&self) -> &'static str {
        r#"{ "id": "lamp", "name": "Lamp", "version": "0.1.0", "category": "create",
             "kinds": [{ "id": "lamp.bulb", "title": "Bulb", "description": "", "document": true, "properties": [] }],
             "charts": [{ "id": "lamp.switch", "title": "Switch" }],
             "tools": [{ "id": "lamp", "chart": "lamp.switch", "title": "Lamp", "hint": "", "icon": "" }] }"#
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        registrar.chart(
            "lamp.switch",
            r#"{ "version": 1, "states": [
                { "id": "off", "transitions": [{ "event": "tool.select.lamp push", "target": "on" }] },
                { "id": "on",
                  "onEntry": [
                    { "emit": { "command": "tool.select", "args": { "tool": "lamp" } } },
                    { "emit": { "command": "document.create", "args": { "kind": "lamp.bulb", "name": "Bulb" }, "result": "made" } },
                    { "emit": { "command": "context.set", "args": { "key": "lamp", "value": "on" } } },
                    { "send": { "event": "out", "delay": "5s" } }],
                  "onExit": [{ "emit": { "command": "context.set", "args": { "key": "lamp", "value": "off" } } }],
                  "transitions": [
                    { "event": "tool.select.lamp", "actions": [{ "emit": { "command": "context.set", "args": { "key": "again", "value": true } } }] },
                    { "event": "push", "when": "mode == 'palette' && event.hard", "actions": [{ "emit": { "command": "node.remove", "args": {} } }] },
                    { "event": "out", "target": "off" }] }] }"#,
        );
    }
}

fn signal(world: &mut World, event: &str, data: Json) -> Vec<(String, CommandError)> {
    let input = Input::Event { event: event.to_owned(), data };
    world.kernel.signal(input, &Context::default()).errors
}

fn key(world: &mut World, name: &str) -> Json {
    world.kernel.session().key(name).cloned().unwrap_or_default()
}

#[test]
fn modes_follow_what_is_open_and_what_runs() {
    let mut world = World::new();
    for (event, mode, busy) in [
        ("window.opened", "normal", false),
        ("palette.opened", "palette", false),
        ("form.opened", "form", false),
        // The palette closes when the form is open already.
        ("palette.closed", "form", false),
        ("work.begun", "form", true),
        ("form.closed", "normal", true),
        ("work.ended", "normal", false),
    ] {
        assert!(signal(&mut world, event, Json::Null).is_empty());
        assert_eq!((key(&mut world, "mode"), key(&mut world, "busy")), (json!(mode), json!(busy)), "{event}");
    }
}

#[test]
fn a_machine_runs_commands_within_a_command_and_by_the_clock() {
    let mut world = World::new();
    world.clock.0.store(1_000, Ordering::Relaxed);
    let response = world.run("tool.select", json!({ "tool": "lamp" })).unwrap();
    assert_eq!(response.events.len(), 1, "what was done within the command is told with it");
    assert_eq!(world.kernel.documents().unwrap().len(), 1);
    assert_eq!((key(&mut world, "lamp"), key(&mut world, "again")), (json!("on"), json!(true)));
    assert_eq!(world.kernel.machines_due(), Some(6_000));

    world.clock.0.store(5_999, Ordering::Relaxed);
    world.kernel.advance_machines(&Context::default());
    assert_eq!(key(&mut world, "lamp"), "on");
    world.clock.0.store(6_000, Ordering::Relaxed);
    world.kernel.advance_machines(&Context::default());
    assert_eq!((key(&mut world, "lamp"), world.kernel.machines_due()), (json!("off"), None));

    signal(&mut world, "palette.opened", Json::Null);
    assert!(signal(&mut world, "push", json!({ "hard": true })).is_empty());
    let errors = signal(&mut world, "push", json!({ "hard": true }));
    assert_eq!(errors[0].0, "node.remove", "a command that fails is told, and the machine goes on");
    assert!(world.kernel.session().machine("lamp.switch").unwrap().is_in("on"));

    let error = world.run("tool.select", json!({ "tool": "lmp" })).unwrap_err();
    assert!(matches!(error, CommandError::NotFound { nearest: Some(near), .. } if near == "lamp"));
}
