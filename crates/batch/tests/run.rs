//! Steps that break off, hang, fail and are tried again: the run ends with the right message, and what can go on does.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use batch::{Interrupt, Options, Outcome, Plan, Progress, Script, StepReport, Way, World};
use kernel::{Capability, CommandError, Context, Registrar, Registry, ports::memory};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

const MANIFEST: &str = r#"{"id": "test", "name": "Test", "version": "1.0.0", "category": "test", "commands": [
    {"id": "test.fine", "title": "Fine", "description": "Works."},
    {"id": "test.panic", "title": "Panic", "description": "Breaks off."},
    {"id": "test.panic.away", "title": "Panic away", "description": "Breaks off away from the kernel."},
    {"id": "test.hang", "title": "Hang", "description": "Does not end by itself."},
    {"id": "test.fail", "title": "Fail", "description": "Fails so many times."}]}"#;

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

#[derive(Deserialize, JsonSchema)]
struct Fail {
    times: usize,
}

/// Trouble of all kinds.
#[derive(Default)]
struct Trouble {
    failures: Arc<AtomicUsize>,
    /// Hangs wait for this one's other end to be dropped.
    gates: Mutex<Vec<mpsc::Sender<()>>>,
}

impl Capability for Trouble {
    fn manifest(&self) -> &'static str {
        MANIFEST
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        registrar.query("test.fine", |_, _: Nothing| Ok(json!("fine")));
        registrar
            .task("test.panic", |_, _: Nothing| -> Result<Json, CommandError> { panic!("a wire is loose") });
        registrar
            .work("test.panic.away", |_, _: Nothing| Ok(Box::new(|_| panic!("a wire is loose far away"))));
        let (gate, closed) = mpsc::channel();
        self.gates.lock().unwrap().push(gate);
        let closed = Arc::new(Mutex::new(closed));
        registrar.work("test.hang", move |_, _: Nothing| {
            let closed = closed.clone();
            Ok(Box::new(move |_| {
                let _ = closed.lock().unwrap().recv_timeout(Duration::from_secs(3600));
                Ok(Box::new(|_| Ok(json!("woken"))))
            }))
        });
        let failures = self.failures.clone();
        registrar.task("test.fail", move |_, args: Fail| match failures.fetch_add(1, Ordering::Relaxed) {
            times if times < args.times => Err(CommandError::Failed("not yet".to_owned())),
            times => Ok(json!(times)),
        });
    }
}

struct Empty;

impl World for Empty {
    fn include(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("there is nothing".to_owned())
    }

    fn files(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}

/// Stops the run when it is told to.
#[derive(Default)]
struct Stop(AtomicBool);

impl Interrupt for Stop {
    fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Silent;

impl Progress for Silent {
    fn acknowledged(&mut self, _: &StepReport, _: usize, _: usize, _: i64) {}
}

fn run(steps: Json, finally: Json, stop: &Stop) -> Outcome {
    let mut registry = Registry::default();
    registry.add(kernel::core()).unwrap();
    registry.add(Box::<Trouble>::default()).unwrap();
    let text = json!({ "version": 1, "steps": steps, "finally": finally }).to_string();
    let script = Script::read("s.json", &text, &[], &Empty).unwrap();
    let plan = Plan::new(script, &registry).unwrap();
    let (mut kernel, _) = memory::kernel(registry, &[]);
    let options =
        Options { lanes: 2, context: &Context::default(), seed: b"seed", workspace: None, known: None };
    batch::run(&mut kernel, &plan, options, &mut Silent, stop)
}

fn ran(outcome: &Outcome) -> Vec<&str> {
    outcome.steps.iter().filter(|step| step.way == Way::Ran).map(|step| step.id.as_str()).collect()
}

#[test]
fn a_step_that_breaks_off_or_fails_ends_the_run_and_what_is_at_the_end_still_runs() {
    let cases = [
        ("test.panic", json!({}), None, Some("a wire is loose")),
        ("test.panic.away", json!({}), None, Some("the work broke off")),
        ("test.fail", json!({ "times": 3 }), None, Some("not yet")),
        ("test.fail", json!({ "times": 3 }), Some(2), Some("not yet")),
        ("test.fail", json!({ "times": 2 }), Some(2), None),
    ];
    for (command, args, retry, message) in cases {
        let steps = json!([
            { "id": "before", "command": "test.fine" },
            { "id": "trouble", "command": command, "args": args, "retry": retry.unwrap_or(0) },
            { "id": "after", "command": "test.fine" } ]);
        let outcome = run(steps, json!([{ "id": "end", "command": "test.fine" }]), &Stop::default());
        match (message, &outcome.failure) {
            (Some(message), Some((step, error))) => {
                assert_eq!(step.id, "trouble", "{command}");
                assert!(error.to_string().contains(message), "{command}: {error}");
                assert_eq!(ran(&outcome), ["before", "end"], "{command}");
            }
            (None, None) => assert_eq!(ran(&outcome), ["before", "trouble", "after", "end"], "{command}"),
            (_, failure) => panic!("{command}: {failure:?}"),
        }
    }
}

#[test]
fn a_step_that_hangs_is_given_up_when_the_run_is_stopped() {
    let steps = json!([
        { "id": "before", "command": "test.fine" },
        { "id": "hang", "command": "test.hang" },
        { "id": "after", "command": "test.fine" } ]);
    let stop = Stop::default();
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            stop.0.store(true, Ordering::Relaxed);
        });
        run(steps, json!([{ "id": "end", "command": "test.fine" }]), &stop)
    });
    let (step, error) = outcome.failure.as_ref().unwrap();
    assert_eq!((step.id.as_str(), matches!(error, CommandError::Cancelled)), ("hang", true), "{error}");
    assert_eq!(ran(&outcome), ["before", "end"]);
}
