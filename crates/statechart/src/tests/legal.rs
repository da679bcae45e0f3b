use std::{sync::Arc, time::Duration};

use base::Limits;
use proptest::{collection::vec, prelude::*};

use crate::{
    Chart, Machine, check,
    form::{ActionForm, ChartForm, Names, SendForm, StateForm, StateType, TransitionForm},
    tests::Diary,
};

const EVENTS: [&str; 3] = ["x", "y", "x.z"];

/// The shape of a state: what it is to be and the states in it.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    kind: u8,
    states: Vec<Shape>,
}

pub(super) fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let leaf = (0..10u8).prop_map(|kind| Shape { kind, states: Vec::new() });
    let shape = leaf.prop_recursive(4, 40, 4, |inner| {
        (0..10u8, vec(inner, 1..4)).prop_map(|(kind, states)| Shape { kind, states })
    });
    vec(shape, 1..4)
}

/// A transition by numbers: source, event, targets, internal, what else it does.
pub(super) type Arrow = (usize, usize, Vec<usize>, bool, u8);

pub(super) fn arrows() -> impl Strategy<Value = Vec<Arrow>> {
    vec((0..60usize, 0..5usize, vec(0..60usize, 0..3), any::<bool>(), 0..5u8), 0..25)
}

fn form(shape: &Shape, count: &mut usize, in_parallel: bool) -> StateForm {
    let id = format!("s{count}");
    *count += 1;
    let kind = match (shape.states.is_empty(), shape.kind) {
        (true, 0) if !in_parallel => StateType::Final,
        (false, 0..4) => StateType::Parallel,
        _ => StateType::State,
    };
    let parallel = kind == StateType::Parallel;
    let mut states: Vec<_> = shape.states.iter().map(|child| form(child, count, parallel)).collect();
    let history = match shape.kind % 4 {
        0 => Some(StateType::DeepHistory),
        2 => Some(StateType::ShallowHistory),
        _ => None,
    };
    if let Some(kind) = history.filter(|_| !states.is_empty()) {
        states.push(StateForm { id: format!("h{id}"), kind, ..StateForm::default() });
    }
    StateForm { id, kind, states, ..StateForm::default() }
}

fn all_ids(states: &[StateForm], ids: &mut Vec<String>) {
    for state in states {
        ids.push(state.id.clone());
        all_ids(&state.states, ids);
    }
}

fn find<'a>(states: &'a mut [StateForm], id: &str) -> Option<&'a mut StateForm> {
    states.iter_mut().find_map(|state| if state.id == id { Some(state) } else { find(&mut state.states, id) })
}

/// The chart with those of the arrows that are legal.
pub(super) fn chart(shapes: &[Shape], arrows: &[Arrow]) -> Chart {
    let mut count = 0;
    let states = shapes.iter().map(|shape| form(shape, &mut count, false)).collect();
    let mut chart = ChartForm { version: 1, states, ..ChartForm::default() };
    let limits = Limits::default();
    let mut ids = Vec::new();
    all_ids(&chart.states, &mut ids);
    for (source, event, targets, internal, extra) in arrows {
        let mut actions = Vec::new();
        if *extra == 0 {
            actions.push(ActionForm::Raise(EVENTS[event % 3].into()));
        } else if *extra == 1 {
            let event = EVENTS[event % 3].to_owned();
            actions.push(ActionForm::Send(SendForm {
                event,
                delay: "5ms".parse().unwrap(),
                ..SendForm::default()
            }));
        }
        let target = targets.iter().map(|target| ids[target % ids.len()].clone()).collect();
        let transition = TransitionForm {
            event: EVENTS.get(*event).map(|event| Names::from(*event)).unwrap_or_default(),
            target: Names(target),
            internal: *internal,
            actions,
            ..TransitionForm::default()
        };
        let mut with = chart.clone();
        let source = &ids[source % ids.len()];
        find(&mut with.states, source).unwrap().transitions.push(transition);
        if Chart::build(&with, &limits).is_ok() {
            chart = with;
        }
    }
    Chart::build(&chart, &limits).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_configuration_is_legal(shapes in shapes(), arrows in arrows(), events in vec(0..4usize, 0..20)) {
        let mut diary = Diary::default();
        // A chart that runs in circles is stopped, and legal there, too; only the start may not come about.
        let Ok(mut machine) = Machine::start(Arc::new(chart(&shapes, &arrows)), &mut diary) else { return Ok(()) };
        prop_assert_eq!(check::legal(machine.chart(), &machine.active), Ok(()));
        for (number, event) in events.iter().enumerate() {
            let time = Duration::from_millis(3 * number as u64);
            let _ = match EVENTS.get(*event) {
                Some(event) => machine.send(*event, &mut diary),
                None => machine.advance(time, &mut diary),
            };
            prop_assert_eq!(check::legal(machine.chart(), &machine.active), Ok(()));
        }
    }
}
