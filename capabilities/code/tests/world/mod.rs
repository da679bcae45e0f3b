//! A workspace in memory with the capability in it.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.
#![allow(dead_code)] // Each test uses a part of it.

use std::sync::Arc;

use kernel::{CommandError, Context, Kernel, Registry, Request, Response, ports::memory::MemoryFiles};
use serde_json::Value as Json;

/// The kernel and its files.
pub struct World {
    pub kernel: Kernel,
    pub files: Arc<MemoryFiles>,
}

impl World {
    /// An empty workspace with the capability in it, beside these files.
    pub fn new(files: &[(&str, &[u8])]) -> World {
        let mut registry = Registry::default();
        registry.add(kernel::core()).unwrap();
        registry.add(code::capability()).unwrap();
        let (kernel, files) = kernel::ports::memory::kernel(registry, files);
        World { kernel, files }
    }

    /// Runs a command.
    pub fn run(&mut self, command: &str, arguments: Json) -> Result<Response, CommandError> {
        let command = command.to_owned();
        let context = Context::default();
        self.kernel.execute(Request { command, arguments, context, timeout_s: None, traced: false })
    }

    /// Runs a command that must succeed and hands back its result.
    pub fn result(&mut self, command: &str, arguments: Json) -> Json {
        self.run(command, arguments).unwrap().result
    }
}
