//! The language, case by case.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn eval(clause: &str, context: &Value) -> bool {
    let when = When::parse(clause).unwrap_or_else(|error| panic!("{clause}: {error}"));
    let again = When::parse(&when.to_string()).unwrap();
    assert_eq!(again.to_string(), when.to_string(), "{clause}");
    let values = |key: &str| context.get(key);
    assert_eq!(again.eval(&values), when.eval(&values), "{clause}");
    when.eval(&values)
}

/// Checks that exactly the clauses of `holding` hold.
fn check(context: Value, holding: &[&str], failing: &[&str]) {
    for clause in holding {
        assert!(eval(clause, &context), "{clause} should hold in {context}");
    }
    for clause in failing {
        assert!(!eval(clause, &context), "{clause} should fail in {context}");
    }
}

#[test]
fn connectives_follow_precedence_and_negation() {
    check(
        json!({"t": true, "f": false}),
        &[
            "t",
            "!f",
            "true",
            "!false",
            "t || f && f",
            "f && f || t",
            "!(t && f)",
            "!(f || f) && t",
            "(f || t) && t",
            "\u{a0}t&&\t!f\n",
        ],
        &["f", "!t", "false", "(t || f) && f", "!(t || f)", "absent", "!(!f)", "t && false || f"],
    );
}

#[test]
fn values_are_truthy_as_in_javascript() {
    check(
        json!({"one": 1, "text": "false", "list": [], "object": {}, "zero": 0, "minus": -0.0, "empty": "", "null": null}),
        &[
            "one",
            "text",
            "list",
            "object",
            "!zero",
            "!minus",
            "!empty",
            "!null",
            "text == true",
            "empty == false",
            "one != false",
        ],
        &["zero", "empty", "null", "text == false", "one != true", "absent == true"],
    );
}

#[test]
fn equality_is_loose_against_a_text() {
    check(
        json!({"n": 5, "s": "5", "yes": true, "no": false, "null": null, "list": [1, [2, null]], "o": {}, "big": 1e21, "word": "a b"}),
        &[
            "n == 5",
            "n === 5",
            "n == '5.0'",
            "n == ' 0x5 '",
            "s == 5",
            "s != 5.0",
            "yes == '1'",
            "no == ''",
            "no == 0",
            "yes != 'true'",
            "null != 'null'",
            "absent != ''",
            "absent != 5",
            "list == '1,2,'",
            "o == '[object Object]'",
            "big == 1e21",
            "word == 'a b'",
            "n !== 6",
            "word != \"a",
            "yes == true",
            "yes != 'x'",
        ],
        &[
            "n == 5x",
            "yes == 'true'",
            "null == ''",
            "absent == ''",
            "s == 6",
            "n == '0x'",
            "n == '-0x5'",
            "word == a",
        ],
    );
    check(
        json!({"s": "", "in": 1, "l": "in"}),
        &["s == ", "s == && true", "(s ==)", "l == in", "s !='x'"],
        &["s != "],
    );
}

#[test]
fn comparisons_read_the_number_in_front() {
    check(
        json!({"n": 2, "s": " 2.5px", "f": ".5", "e": "1e3x", "i": "-Infinity", "list": [3, 4], "word": "x", "yes": true}),
        &[
            "n > 1",
            "n >= 2",
            "n < 2.5",
            "n <= '2'",
            "s > 2.4",
            "f == .5 && f < 0.6",
            "e >= 1000",
            "i < -1e300",
            "list > 2",
            "n > -1",
            "n < 3rd",
        ],
        &[
            "n > 2",
            "word > 0",
            "word < 0",
            "yes > 0",
            "absent < 1",
            "absent >= 0",
            "n > x",
            "n <= x",
            "n < ",
            "s > 2.5",
            "e > 1000.5",
        ],
    );
    check(json!({"n": 2}), &["!(n > 2)", "!(n <= 1)"], &["!(absent > 2)", "!(n < x)", "!(absent <= 2)"]);
}

#[test]
fn membership_is_strict() {
    check(
        json!({"n": 3, "s": "3", "k": "x", "null": null, "list": [1, 3.0, null, "x"], "o": {"x": false}, "text": "xyz"}),
        &[
            "n in list",
            "k in list",
            "null in list",
            "k in o",
            "k in 'list'",
            "s not in list",
            "n not in o",
            "absent not in list",
            "k not in text",
            "!(k not in o)",
        ],
        &[
            "s in list",
            "absent in list",
            "k in text",
            "k in absent",
            "n not in list",
            "k in ",
            "list in list",
        ],
    );
}

#[test]
fn regular_expressions_are_those_of_ecmascript() {
    check(
        json!({"f": "/src/main.test.rs", "n": 10.5, "l": ["a", "b"], "yes": true, "lines": "one\ntwo\u{2028}three", "u": "caf\u{e9} \u{1d11e}"}),
        &[
            r"f =~ /\/src\//",
            r"f =~ /[/]src/",
            r"f =~ /^(?!.*\.js$).*RS$/i",
            r"f =~ /(t)es\1/",
            r"n =~ /^10\.5$/",
            "l =~ /^a,b$/",
            "yes =~ /^true$/",
            "absent =~ /^undefined$/",
            "lines =~ /^two$/m",
            "lines =~ /one.two/s",
            r"u =~ /caf\b/",
            r"u =~ /\u00e9/",
            r"u =~ /\ud834\udd1e$/",
            r"u =~ /\u{1d11e}/u",
            r"u =~ /\p{L}\s/u",
            "f =~ /x{,1}|main/",
            "f =~ /ma{1}in/gy",
            "f =~ /[^]$/",
            r"f =~ /(?<a>s)r.*\k<a>$/",
            r"f =~ /(x)?\1main/",
            r"f =~ /[\w&&x]/",
            "!(f =~ /python/)",
            "f =~ /(?<=main)\\.test/",
            "f =~ /m[a-c]in/ && yes",
            "f =~ /]|rs/",
        ],
        &[
            "f =~ /MAIN/",
            "lines =~ /^two$/",
            "lines =~ /one.two/",
            "lines =~ /o.t.*e/",
            "f =~ /[]/",
            r"u =~ /\bcaf\w/",
            "absent =~ /^$/",
            r"f =~ /^src/",
            "!(f =~ /main/)",
            r"f =~ /[^\s\S]/",
        ],
    );
}

#[test]
fn a_match_that_takes_too_long_is_none() {
    check(json!({"a": "a".repeat(200) + "!"}), &[], &[r"a =~ /^(a+)+(?=$)\1/", "a =~ /^(a+)+$/"]);
}

#[test]
fn clauses_are_written_in_one_form() {
    for (clause, written) in [
        (" a&&b ||  c", "a && b || c"),
        ("(a || (b || c)) && d", "(a || b || c) && d"),
        ("((a && b) && c)", "a && b && c"),
        ("!(a && b == 1 || !c)", "(!a || b != '1') && c"),
        ("!(a > 1 && b =~ /x/ig)", "a <= 1 || !(b =~ /x/i)"),
        ("a == true && b != true && c===x", "a && !b && c == 'x'"),
        ("a && true && (false || b)", "a && b"),
        ("a && false", "false"),
        ("a || !false", "true"),
        ("a not in b", "a not in 'b'"),
        ("a < 1e21 && b < .50 && c < x && d > -0", "a < 1e+21 && b < 0.5 && c < 'x' && d > 0"),
        ("vim.use<C-r> && foo:bar/baz-1 == a.b", "vim.use<C-r> && foo:bar/baz-1 == 'a.b'"),
        ("vim<c-r>==1", "vim<c-r> == '1'"),
    ] {
        let when = When::parse(clause).unwrap();
        assert_eq!(when.to_string(), written);
        assert_eq!(When::parse(written).unwrap().to_string(), written);
    }
    let when = When::parse("b in c && (a || !b) && x == y && z =~ /k/").unwrap();
    assert_eq!(when.keys().collect::<Vec<_>>(), ["a", "b", "c", "x", "z"]);
}

proptest! {
    #[test]
    fn what_can_be_read_reads_the_same_when_written_back(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "a", "b.c", "é", "1.5", "-1e3", "'q r'", "true", "false", "in", "not", "(", ")", "!", "==", "!==", "<", ">=", "=~",
                "/x[/]/i", "/(?!y)/", "&&", "||", "'", "/", "=", "{",
            ]),
            0..12,
        ),
        value in prop::sample::select(vec![json!(null), json!(true), json!(1.5), json!("x"), json!(["x", 1.5]), json!({"x": 1})]),
    ) {
        if let Ok(when) = When::parse(&parts.join(" ")) {
            let again = When::parse(&when.to_string()).unwrap();
            prop_assert_eq!(again.to_string(), when.to_string());
            let values = |key: &str| (key != "a").then_some(&value);
            prop_assert_eq!(again.eval(&values), when.eval(&values));
        }
    }
}

#[test]
fn mistakes_are_named_with_their_column() {
    for (clause, column, message) in [
        ("", 1, "expected a key, 'true', 'false', '!' or '(', found the end"),
        ("a &&", 5, "expected a key, 'true', 'false', '!' or '(', found the end"),
        ("é && && b", 6, "expected a key, 'true', 'false', '!' or '(', found \"&&\""),
        ("!b == 'true'", 4, "expected '&&', '||' or the end, found \"==\""),
        ("!!a", 2, "expected a key, 'true', 'false' or '(' behind '!', found \"!\""),
        ("view == VS Code", 12, "expected '&&', '||' or the end, found \"Code\""),
        ("(a || b", 8, "expected '&&', '||' or ')', found the end"),
        ("a not b", 7, "expected 'in' behind 'not', found \"b\""),
        (
            "a = b",
            3,
            "expected '==' or '=~', with a space behind a key that ends in '<' or '>', found \"= b\"",
        ),
        ("a<=1", 3, "expected '==' or '=~', with a space behind a key that ends in '<' or '>', found \"=1\""),
        ("a & b", 3, "expected '&&', found \"& b\""),
        ("a | b", 3, "expected '||', found \"| b\""),
        ("a == 'b", 6, "expected a closing single quote, found \"'b\""),
        ("a =~ /b", 6, "expected a slash that closes the regular expression, found \"/b\""),
        ("a =~ b", 6, "expected a regular expression between slashes, found \"b\""),
        ("a && {b}", 6, "expected a key, a value or an operator, found \"{b}\""),
        ("a =~ /(/", 6, "the regular expression cannot be used: "),
        ("a =~ /b/ii", 6, "the regular expression cannot be used: the flag i is given twice"),
        ("a =~ /b**/", 6, "the regular expression cannot be used: nothing to repeat before '*'"),
    ] {
        let error = When::parse(clause).unwrap_err().to_string();
        assert!(error.starts_with(&format!("column {column}: {message}")), "{clause}: {error}");
    }
    let nested = |depth: usize| When::parse(&format!("{}a{}", "(".repeat(depth), ")".repeat(depth)));
    assert!(nested(250).is_ok());
    assert_eq!(nested(251).unwrap_err(), WhenError::TooDeep { column: 251, limit: 250 });
}
