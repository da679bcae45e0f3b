//! Capabilities come to life at their first use, and one that cannot leaves the others as they are.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use kernel::{Capability, CommandError, Context, Kernel, Registrar, Registry, Request, ports::memory};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

/// Counts how often it is activated and let go; it refuses the first so many times.
struct Counting {
    manifest: &'static str,
    command: &'static str,
    refusals: AtomicUsize,
    activations: Arc<AtomicUsize>,
    releases: Arc<AtomicUsize>,
}

impl Capability for Counting {
    fn manifest(&self) -> &'static str {
        self.manifest
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        registrar.query(self.command, |_, _: Nothing| Ok(json!("here")));
    }

    fn activate(&self) -> Result<(), CommandError> {
        let refuses = |left: usize| left.checked_sub(1);
        if self.refusals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refuses).is_ok() {
            return Err(CommandError::Failed("there is no device".to_owned()));
        }
        self.activations.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn deactivate(&self) {
        self.releases.fetch_add(1, Ordering::Relaxed);
    }
}

fn run(kernel: &mut Kernel, command: &str) -> Result<Json, CommandError> {
    let (command, arguments, context) = (command.to_owned(), json!({}), Context::default());
    let request = Request { command, arguments, context, timeout_s: None, traced: false };
    kernel.execute(request).map(|response| response.result)
}

#[test]
fn a_capability_that_fails_to_activate_leaves_the_rest_working() {
    let count = || Arc::new(AtomicUsize::new(0));
    let (activations, releases) = (count(), count());
    let (others, others_released) = (count(), count());
    let broken = Counting {
        manifest: r#"{"id": "broken", "name": "Broken", "version": "1.0.0", "category": "test",
            "commands": [{"id": "broken.ask", "title": "Ask", "description": "Asks."}]}"#,
        command: "broken.ask",
        refusals: AtomicUsize::new(2),
        activations: activations.clone(),
        releases: releases.clone(),
    };
    let sound = Counting {
        manifest: r#"{"id": "sound", "name": "Sound", "version": "1.0.0", "category": "test",
            "commands": [{"id": "sound.ask", "title": "Ask", "description": "Asks."}]}"#,
        command: "sound.ask",
        refusals: AtomicUsize::new(0),
        activations: others.clone(),
        releases: others_released.clone(),
    };
    let mut registry = Registry::default();
    registry.add(kernel::core()).unwrap();
    registry.add(Box::new(broken)).unwrap();
    registry.add(Box::new(sound)).unwrap();
    let (mut kernel, _) = memory::kernel(registry, &[]);
    let times = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    assert_eq!(times(&others), 0, "nothing is activated before its first use");
    assert!(run(&mut kernel, "broken.ask").unwrap_err().to_string().contains("there is no device"));
    assert_eq!(run(&mut kernel, "sound.ask").unwrap(), "here");
    assert_eq!(run(&mut kernel, "document.list").unwrap(), json!({ "documents": [] }));
    assert!(run(&mut kernel, "broken.ask").is_err());
    // What was missing is there now.
    assert_eq!(run(&mut kernel, "broken.ask").unwrap(), "here");
    assert_eq!(run(&mut kernel, "sound.ask").unwrap(), "here");
    assert_eq!((times(&activations), times(&others)), (1, 1));
    kernel.close().unwrap();
    assert_eq!((times(&releases), times(&others_released)), (1, 1));
}
