//! The kernel's thread and its machines: inputs go in, and what comes of them is told to the window.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use base::{DocumentId, NodeId};
use kernel::{Input, Kernel, PointerInput, PointerPhase, Quad, Registry, Signalled};
use serde_json::{Map, Value as Json};

use crate::{
    core::{Core, Message, Report},
    overlay::Overlay,
    state::{CommandEntry, KeyEntry, ToolEntry},
};

/// With more nodes than this selected, one box around all of them is shown.
const MOST_OUTLINES: usize = 200;

/// Tools are taken up by their keys while nothing else is open.
const WHEN: &str = "mode == 'normal' && documentKind == ";

/// What outlines were measured of.
type Outlined = (DocumentId, u64, Vec<NodeId>);

/// What is shown over the canvas, and of what it was measured.
#[derive(Default)]
pub struct Shown {
    outlined: Option<Outlined>,
    overlay: Overlay,
}

/// All tools with the kinds of documents that they are for.
pub fn tools(registry: &Registry) -> Vec<ToolEntry> {
    let entry = |declaration: &schema::ToolDeclaration| {
        let chart = registry.charts().find(|chart| chart.declaration.id == declaration.chart)?;
        Some(ToolEntry { declaration: declaration.clone(), document: chart.declaration.document.clone() })
    };
    registry.tools().filter_map(entry).collect()
}

/// Binds the keys of tools to the command that takes them up.
pub fn bind(commands: &mut [CommandEntry], tools: &[ToolEntry]) {
    let Some(select) = commands.iter_mut().find(|command| command.id == "tool.select") else { return };
    let keyed = tools.iter().filter(|tool| !tool.declaration.keys.is_empty());
    select.keys.extend(keyed.map(|tool| KeyEntry {
        keys: tool.declaration.keys.clone(),
        when: format!("{WHEN}'{}'", tool.document),
        arguments: Map::from_iter([("tool".to_owned(), tool.declaration.id.as_str().into())]),
    }));
}

/// Whether a message may be left out for the one behind it: of moves of the pointer the last one counts.
pub fn is_outrun(message: &Message, next: Option<&Message>) -> bool {
    let is_move = |message: &Message| {
        matches!(message, Message::Input(Input::Pointer(PointerInput { phase: PointerPhase::Move, .. })))
    };
    is_move(message) && next.is_some_and(is_move)
}

/// The next message; none when a delayed event of a machine is due before one comes.
///
/// # Errors
/// Nobody can send any more.
pub fn next(messages: &Receiver<Message>, kernel: &Kernel) -> Result<Option<Message>, RecvTimeoutError> {
    let Some(due) = kernel.machines_due() else {
        return messages.recv().map(Some).map_err(|_| RecvTimeoutError::Disconnected);
    };
    let left = u64::try_from(due - kernel.clock().now()).unwrap_or(0);
    match messages.recv_timeout(Duration::from_millis(left)) {
        Err(RecvTimeoutError::Timeout) => Ok(None),
        message => message.map(Some),
    }
}

impl Core {
    /// Hands an input to the machines; whether a document has changed.
    pub fn input(&mut self, input: Input) -> bool {
        let context = self.context.clone();
        let came = self.kernel.signal(input, &context);
        self.take_in(came)
    }

    /// Lets machines handle what is due; whether a document has changed.
    pub fn advance(&mut self) -> bool {
        let context = self.context.clone();
        let came = self.kernel.advance_machines(&context);
        self.take_in(came)
    }

    /// Tells machines of something, without a word about what comes of it.
    pub fn tell(&mut self, event: &str) {
        self.input(Input::Event { event: event.to_owned(), data: Json::Null });
    }

    fn take_in(&mut self, came: Signalled) -> bool {
        for (command, error) in &came.errors {
            let title = self.title(command);
            self.notify(true, format!("{title}: {error}"));
        }
        // A command that fails may have changed something before.
        let changed =
            !came.errors.is_empty() || came.responses.iter().any(|(_, response)| !response.events.is_empty());
        for (command, response) in &came.responses {
            let title = self.title(command);
            for diagnostic in &response.diagnostics {
                self.notify(false, format!("{title}: {diagnostic}"));
            }
        }
        self.state.saved &= !changed;
        self.follow_all();
        changed
    }

    /// Tells of context keys that have changed, where nothing else has.
    pub fn publish_keys(&mut self) {
        if *self.kernel.session().keys() != self.state.keys {
            self.state.keys = self.kernel.session().keys().clone();
            (self.report)(Report::State(Arc::new(self.state.clone())));
        }
    }

    /// Tells of what is to be shown over the canvas, where that has changed.
    pub fn publish_overlay(&mut self) {
        let Some(active) = self.state.active.clone() else { return };
        let selected = self.kernel.session().selection(active.id).to_vec();
        let wanted = (active.id, active.version, selected);
        let mut overlay = self.shown.overlay.clone();
        if self.shown.outlined.as_ref() != Some(&wanted) {
            let assets = self.kernel.assets();
            let nodes = &wanted.2;
            let outlines = match &active.evaluator {
                // What cannot be measured is not drawn either, and told there.
                Some(evaluator) if !nodes.is_empty() => {
                    evaluator.outlines(&active.content, nodes, &assets.reading()).unwrap_or_default()
                }
                _ => Vec::new(),
            };
            overlay.outlines = Arc::new(few(outlines));
            self.shown.outlined = Some(wanted);
        }
        let preview = self.kernel.session().preview().filter(|preview| preview.document == active.id);
        overlay.preview = preview.cloned();
        if overlay != self.shown.overlay {
            self.shown.overlay = overlay.clone();
            (self.report)(Report::Overlay(overlay));
        }
    }
}

fn few(outlines: Vec<Quad>) -> Vec<Quad> {
    if outlines.len() <= MOST_OUTLINES {
        return outlines;
    }
    let corners = || outlines.iter().flatten();
    let least = |axis: usize| corners().map(|corner| corner[axis]).fold(f64::INFINITY, f64::min);
    let most = |axis: usize| corners().map(|corner| corner[axis]).fold(f64::NEG_INFINITY, f64::max);
    let (x0, y0, x1, y1) = (least(0), least(1), most(0), most(1));
    vec![[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]]
}
