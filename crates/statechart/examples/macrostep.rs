//! How long a macrostep takes on a chart of fifty states: `cargo run --release -p statechart --example macrostep`.
#![allow(clippy::disallowed_methods)] // Measures time.

use std::{error::Error, fmt::Write, sync::Arc, time::Instant};

use base::Limits;
use statechart::{Chart, Event, Machine, NoHost};

const ROUNDS: u32 = 200_000;

fn main() -> Result<(), Box<dyn Error>> {
    // Two regions with four groups of five states each, which go round at every event: 1 + 2 × (1 + 4 × 6) = 51.
    let mut text = String::from("<scxml><parallel id='all'>");
    for region in 0..2 {
        write!(text, "<state id='r{region}'>")?;
        for group in 0..4 {
            write!(text, "<state id='r{region}g{group}'>")?;
            write!(text, "<transition event='next' target='r{region}g{}'/>", (group + 1) % 4)?;
            for state in 0..5 {
                let event = if state == 4 { "never" } else { "step" };
                let target = format!("r{region}g{group}s{}", (state + 1) % 5);
                write!(text, "<state id='r{region}g{group}s{state}'>")?;
                write!(text, "<transition event='other' target='{target}'/>")?;
                write!(text, "<transition event='{event}' cond='In(r{region})' target='{target}'/></state>")?;
            }
            text.push_str("</state>");
        }
        text.push_str("</state>");
    }
    text.push_str("</parallel></scxml>");
    let chart = Arc::new(Chart::from_scxml(&text, &Limits::default())?);
    let mut machine = Machine::start(Arc::clone(&chart), &mut NoHost)?;
    let events: Vec<Event> = ["step", "step", "next", "ignored"].map(Event::new).into();
    let started = Instant::now();
    for round in 0..ROUNDS {
        machine.send(events[round as usize % events.len()].clone(), &mut NoHost)?;
    }
    let each = started.elapsed() / ROUNDS;
    println!("{} states, {ROUNDS} events: {each:?} each", chart.states().count());
    Ok(())
}
