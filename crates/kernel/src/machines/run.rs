//! Machines and events brought together.

use std::{sync::Arc, time::Duration};

use statechart::{Event, Machine, RunError};

use super::{Input, Running, host::KernelHost};
use crate::{CommandError, Context, Kernel, Request, Response};

/// What came of an input: the commands that machines asked for, by their ids, in order.
#[derive(Debug, Default)]
pub struct Signalled {
    /// Those that were done.
    pub responses: Vec<(String, Response)>,
    /// Those that failed, and machines that did.
    pub errors: Vec<(String, CommandError)>,
}

impl Kernel {
    /// Hands an input to the machines that listen: those of the kind of document in front (the context key `documentKind`)
    /// and those of every kind. They are started when they first hear of anything.
    pub fn signal(&mut self, input: Input, context: &Context) -> Signalled {
        let machines = &mut self.session.machines;
        let event = match input {
            Input::Pointer(pointer) => {
                machines.document = Some(pointer.document);
                Some(machines.pointer.event(pointer))
            }
            Input::Key { key, down, document } => {
                machines.document = document;
                let phase = if down { "down" } else { "up" };
                Some(Event::new(format!("key.{phase}.{key}")))
            }
            Input::PointerLost => Some(machines.pointer.lose()),
            Input::Modifiers(modifiers) => machines.pointer.modified(modifiers),
            Input::Event { event, data } => Some(Event { name: event.into(), data }),
        };
        let mut came = Signalled::default();
        if let Some(event) = event {
            self.raise(None, event, context, &mut came);
        }
        came
    }

    /// Hands an event to one machine, or to all that listen. While another event is answered it waits for its turn.
    pub(crate) fn raise(
        &mut self,
        chart: Option<&str>,
        event: Event,
        context: &Context,
        came: &mut Signalled,
    ) {
        self.session.machines.waiting.push_back((chart.map(str::to_owned), event));
        if self.session.machines.answering {
            return;
        }
        self.session.machines.answering = true;
        while let Some((chart, event)) = self.session.machines.waiting.pop_front() {
            for id in chart.map_or_else(|| self.listening(), |chart| vec![chart]) {
                self.answer(&id, Some(event.clone()), context, came);
            }
        }
        self.session.machines.answering = false;
    }

    /// Handles the delayed events of all machines that are due by the kernel's clock.
    pub fn advance_machines(&mut self, context: &Context) -> Signalled {
        let mut came = Signalled::default();
        let started: Vec<String> = self.session.machines.running.keys().cloned().collect();
        for id in started {
            self.answer(&id, None, context, &mut came);
        }
        came
    }

    /// When the next delayed event of any machine is due, in milliseconds since the Unix epoch.
    pub fn machines_due(&self) -> Option<i64> {
        let due = |running: &Running| {
            let due = running.machine.next_due()?.as_millis();
            Some(running.zero.saturating_add(i64::try_from(due).unwrap_or(i64::MAX)))
        };
        self.session.machines.running.values().filter_map(due).min()
    }

    /// Runs a command while another one, or an event, is being dealt with. What it changed counts as changed by that one.
    pub(crate) fn execute_within(&mut self, request: Request) -> Result<Response, CommandError> {
        let (mut events, mut changed) = (std::mem::take(&mut self.events), std::mem::take(&mut self.changed));
        let done = self.execute(request);
        // A task that fails may have submitted edits before.
        let (new, touched) = match &done {
            Ok(response) => (response.events.clone(), response.changed.clone()),
            Err(_) => (std::mem::take(&mut self.events), std::mem::take(&mut self.changed)),
        };
        events.extend(new);
        for document in touched {
            if !changed.contains(&document) {
                changed.push(document);
            }
        }
        (self.events, self.changed, self.volatile) = (events, changed, true);
        done
    }

    /// The ids of the charts that hear of inputs now.
    fn listening(&self) -> Vec<String> {
        let kind = self.session.key("documentKind").and_then(|kind| kind.as_str());
        let declared = self.registry.charts().map(|chart| &chart.declaration);
        let listens = declared.filter(|chart| chart.document.is_empty() || Some(&*chart.document) == kind);
        listens.map(|chart| chart.id.clone()).collect()
    }

    /// Lets a machine answer an event, after those of its delayed ones that are due. It is started if need be.
    fn answer(&mut self, id: &str, event: Option<Event>, context: &Context, came: &mut Signalled) {
        let now = self.ports.clock.now();
        let failed = |error: RunError| (id.to_owned(), CommandError::Failed(format!("chart {id}: {error}")));
        let running = match self.session.machines.running.remove(id) {
            Some(running) => running,
            None => match self.start(id, now, context, came) {
                Ok(running) => running,
                Err(error) => return came.errors.push((id.to_owned(), error)),
            },
        };
        let Running { mut machine, zero } = running;
        let mut host = KernelHost { kernel: self, context, came };
        // A clock that was put back stands still for a while.
        let since = Duration::from_millis(u64::try_from(now - zero).unwrap_or(0));
        let mut done = machine.advance(since, &mut host);
        if let (Ok(()), Some(event)) = (&done, event) {
            done = machine.send(event, &mut host);
        }
        came.errors.extend(done.err().map(failed));
        self.session.machines.running.insert(id.to_owned(), Running { machine, zero });
    }

    fn start(
        &mut self,
        id: &str,
        now: i64,
        context: &Context,
        came: &mut Signalled,
    ) -> Result<Running, CommandError> {
        let found = self.registry.charts().find(|chart| chart.declaration.id == id);
        let chart = found.ok_or_else(|| CommandError::NotFound {
            what: "chart",
            name: id.to_owned(),
            nearest: None,
        })?;
        let chart = Arc::clone(chart.get()?);
        let mut host = KernelHost { kernel: self, context, came };
        let machine = Machine::start(chart, &mut host)
            .map_err(|error| CommandError::Failed(format!("chart {id}: {error}")))?;
        Ok(Running { machine, zero: now })
    }
}
