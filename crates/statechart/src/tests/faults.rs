use base::Limits;

use crate::Chart;

/// The error of a chart; JSON and SCXML are told apart by their first character.
fn error(text: &str) -> String {
    let chart = match text.starts_with('<') {
        true => Chart::from_scxml(text, &Limits::default()),
        false => Chart::from_json(text, &Limits::default()),
    };
    chart.expect_err(text).to_string()
}

#[test]
fn errors_name_the_state_and_what_to_do() {
    for (states, expected) in [
        (
            r#"{"id":"one","transitions":[{"target":"secnd"}]},{"id":"second"}"#,
            "state 'one': the target: there is no state 'secnd'; did you mean 'second'?",
        ),
        (
            r#"{"id":"one","transitions":[{"when":"In(secnd)"}]},{"id":"second"}"#,
            "state 'one': In: there is no state 'secnd'; did you mean 'second'?",
        ),
        (r#"{"id":"a"},{"id":"a"}"#, "state 'a': another state has the same id"),
        (r#"{"id":"a b"}"#, "'a b' is no id"),
        (
            r#"{"id":"a","initial":"b","states":[{"id":"c"}]},{"id":"b"}"#,
            "state 'a': the initial state 'b' is not inside of it",
        ),
        (r#"{"id":"a","initial":"a"}"#, "'initial' is for states with states"),
        (
            r#"{"id":"p","type":"parallel","initial":"a","states":[{"id":"a"}]}"#,
            "'initial' is for states with states",
        ),
        (
            r#"{"id":"p","type":"parallel","states":[{"id":"f","type":"final"}]}"#,
            "state 'f': a final state cannot be in a parallel state",
        ),
        (r#"{"id":"f","type":"final","states":[{"id":"a"}]}"#, "a state cannot be in a final state"),
        (r#"{"id":"f","type":"final","transitions":[{"target":"f"}]}"#, "a final state has no transitions"),
        (r#"{"id":"h","type":"shallowHistory"}"#, "a history cannot be in the chart itself"),
        (r#"{"id":"a","states":[{"id":"h","type":"deepHistory"}]}"#, "it has a history but no states"),
        (
            r#"{"id":"a","states":[{"id":"b"},{"id":"h","type":"deepHistory","transitions":[{"event":"e","target":"b"}]}]}"#,
            "a history has one transition at most",
        ),
        (
            r#"{"id":"a","states":[{"id":"b"},{"id":"h","type":"deepHistory","transitions":[{"target":"a"}]}]}"#,
            "the history's default 'a' is not inside",
        ),
        (
            r#"{"id":"a","transitions":[{"target":"b c"}],"states":[{"id":"b"},{"id":"c"}]}"#,
            "'b' and 'c' cannot be active together",
        ),
        (
            r#"{"id":"a","transitions":[{"event":"e","when":"true &&"}]}"#,
            "the condition 'true &&' cannot be read: column 8",
        ),
        (r#"{"id":"a","onEntry":[{"raise":""}]}"#, "an event's name has at least one character"),
        (r#"{"id":"a","onEntry":[{"send":{"event":"e","delay":"5"}}]}"#, "'5' is no time span"),
        (r#"{"id":"a","onentry":[]}"#, "unknown field `onentry`"),
        ("", "the chart has no state"),
    ] {
        let found = error(&format!(r#"{{"version":1,"states":[{states}]}}"#));
        assert!(found.contains(expected), "{states}: {found}");
    }
    assert!(error(r#"{"version":2,"states":[]}"#).contains("version 2"));
}

#[test]
fn errors_of_scxml_name_the_line() {
    for (body, expected) in [
        (
            "<state id='a'>\n<onentry>\n<assign location='x' expr='1'/></onentry></state>",
            "line 4: <assign> is not supported",
        ),
        ("<script>x</script>", "line 2: <script> is not supported"),
        (
            "<state id='a'><transition cond='x > 1 || true'/></state>",
            "line 2: the condition 'x > 1' is not supported",
        ),
        (
            "<state id='a'>\n<transition target='b'/></state>",
            "line 3: state 'a': the target: there is no state 'b'",
        ),
        ("<state id='a'><invoke/></state>", "line 2: <invoke> is not supported"),
        (
            "<state id='a'><onexit><send event='e' target='http://x'/></onexit></state>",
            "the target 'http://x' is not supported",
        ),
        (
            "<state id='a'><onexit><send eventexpr='x.y'/></onexit></state>",
            "the expression 'x.y' is not supported",
        ),
        ("<state id='a'><history id='h' type='wide'/></state>", "'shallow' or 'deep', not 'wide'"),
        ("<state id='a'><if cond='true'/></state>", "<if> has no place in <state>"),
        (
            "<state id='a'><initial><transition event='e' target='b'/></initial><state id='b'/></state>",
            "<initial> has a target",
        ),
        ("<state id='a'>", "line 3: "),
    ] {
        let text = format!("<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0'>\n{body}\n</scxml>");
        let found = error(&text);
        assert!(found.contains(expected), "{body}: {found}");
    }
    assert!(error("<!DOCTYPE scxml [<!ENTITY a 'b'>]><scxml/>").contains("DOCTYPE"));
    assert!(error("<svg/>").contains("line 1: the first element is <svg>"));
    let deep = format!("<scxml>{}{}</scxml>", "<state>".repeat(1_001), "</state>".repeat(1_001));
    assert!(error(&deep).contains("the nesting of states is 1001, over the limit of 1000"));
}

#[test]
fn the_form_is_written_as_it_is_read() {
    let text = r#"{"version":1,"name":"n","initial":"a","states":[{"id":"a","initial":"b","onEntry":[{"send":{"event":"e","delay":"1500ms"}}],"transitions":[{"event":"x y","when":"In(b)","target":"b","internal":true,"actions":[{"emit":{"command":"c","args":{"x":1}}},{"if":[{"when":"true","actions":[]}]}]}],"states":[{"id":"b","type":"final"}]}]}"#;
    let form: crate::form::ChartForm = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&form).unwrap(), text);
}

#[test]
fn deep_charts_run() {
    let ids: Vec<String> = (0..1_000).map(|at| format!("<state id='s{at}'>")).collect();
    let text = format!(
        "<scxml>{}<transition event='e' target='s0'/>{}</scxml>",
        ids.concat(),
        "</state>".repeat(1_000)
    );
    let chart = Chart::from_scxml(&text, &Limits::default()).unwrap();
    let mut machine = crate::Machine::start(chart.into(), &mut crate::NoHost).unwrap();
    machine.send("e", &mut crate::NoHost).unwrap();
    assert_eq!(machine.configuration().count(), 1_000);
}
