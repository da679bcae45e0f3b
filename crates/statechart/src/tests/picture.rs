use proptest::prelude::*;

use super::legal::{arrows, chart, shapes};
use crate::draw;

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn states_lie_within_their_parents_and_apart(shapes in shapes(), arrows in arrows()) {
        let chart = chart(&shapes, &arrows);
        let boxes = draw::boxes(&chart);
        for (at, state) in chart.states.iter().enumerate() {
            let [_, _, width, height] = boxes[at];
            let inside: Vec<_> = state.children.iter().chain(&state.histories).map(|id| boxes[id.at()]).collect();
            for (place, [x, y, w, h]) in inside.iter().enumerate() {
                prop_assert!(*x >= 0.0 && *y >= 0.0 && x + w <= width && y + h <= height, "in '{}'", state.id);
                for [x2, y2, w2, h2] in &inside[..place] {
                    let apart = x + w <= *x2 || x2 + w2 <= *x || y + h <= *y2 || y2 + h2 <= *y;
                    prop_assert!(apart, "in '{}': {:?}", state.id, inside);
                }
            }
        }
        let svg = draw::svg(&chart).unwrap();
        prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
        let xml = roxmltree::Document::parse(&svg).unwrap();
        let texts: Vec<_> = xml.descendants().filter_map(|node| node.text()).collect();
        prop_assert!(chart.states().all(|state| state.kind.is_history() || texts.contains(&state.id())));
    }
}
