//! What stands between the braces of `${…}`: a reference, or numbers and references that are reckoned with.

use serde_json::{Number, Value as Json};

use crate::template::Lookup;

/// The value of a formula: of one reference the value itself, else a number; `:04` behind it makes that a text of at
/// least four digits. Operators (`+ - * / %`) have spaces around them, since names may hold a minus. Where a reference
/// has no value yet, the formula has none.
pub(crate) fn value(formula: &str, lookup: &Lookup<'_>) -> Result<Json, String> {
    let (formula, digits) = split_digits(formula);
    let tokens = tokens(formula);
    let mut parser = Parser { tokens: &tokens, at: 0, lookup };
    let value = match tokens.as_slice() {
        [] => return Err("there is nothing between the braces".to_owned()),
        [name] => lookup(&name.split('.').collect::<Vec<_>>())?,
        _ => {
            let value = parser.sum(0)?;
            if let Some(token) = tokens.get(parser.at) {
                return Err(format!("'{token}' is one too many"));
            }
            value
        }
    };
    match (digits, &value) {
        (Some(digits), Json::Number(number)) => match number.as_i64() {
            Some(number) => Ok(format!("{number:0digits$}").into()),
            None => Err(format!("{number} is not whole, so that it cannot have {digits} digits")),
        },
        (Some(_), Json::Null) | (None, _) => Ok(value),
        (Some(_), other) => Err(no_number(other)),
    }
}

/// The references in a formula, each as its segments.
pub(crate) fn references(formula: &str) -> Vec<Vec<&str>> {
    let tokens = tokens(split_digits(formula).0);
    let alone = tokens.len() == 1;
    let names = tokens.into_iter().filter(|token| alone || is_name(token));
    names.map(|name| name.split('.').collect()).collect()
}

/// How deep brackets are read.
const DEEPEST: usize = 100;

struct Parser<'a> {
    tokens: &'a [&'a str],
    at: usize,
    lookup: &'a Lookup<'a>,
}

impl Parser<'_> {
    fn sum(&mut self, depth: usize) -> Result<Json, String> {
        let mut value = self.product(depth)?;
        while let Some(operator @ ("+" | "-")) = self.tokens.get(self.at).copied() {
            self.at += 1;
            value = reckon(&value, operator, &self.product(depth)?)?;
        }
        Ok(value)
    }

    fn product(&mut self, depth: usize) -> Result<Json, String> {
        let mut value = self.factor(depth)?;
        while let Some(operator @ ("*" | "/" | "%")) = self.tokens.get(self.at).copied() {
            self.at += 1;
            value = reckon(&value, operator, &self.factor(depth)?)?;
        }
        Ok(value)
    }

    fn factor(&mut self, depth: usize) -> Result<Json, String> {
        let token = *self.tokens.get(self.at).ok_or("something is missing at its end")?;
        self.at += 1;
        if token != "(" {
            return self.single(token);
        }
        if depth == DEEPEST {
            return Err(format!("brackets lie deeper than {DEEPEST}"));
        }
        let value = self.sum(depth + 1)?;
        match self.tokens.get(self.at) {
            Some(&")") => {
                self.at += 1;
                Ok(value)
            }
            _ => Err("a closing bracket is missing".to_owned()),
        }
    }

    fn single(&self, token: &str) -> Result<Json, String> {
        match token.parse::<f64>() {
            _ if is_name(token) => (self.lookup)(&token.split('.').collect::<Vec<_>>()),
            Ok(number) => number_of(number),
            Err(_) => Err(format!("'{token}' stands where a number or a name belongs")),
        }
    }
}

fn reckon(left: &Json, operator: &str, right: &Json) -> Result<Json, String> {
    let (left, right) = match (left, right) {
        (Json::Null, _) | (_, Json::Null) => return Ok(Json::Null),
        (left, right) => (number(left)?, number(right)?),
    };
    if right == 0.0 && matches!(operator, "/" | "%") {
        return Err(format!("{left} {operator} 0 is no number"));
    }
    number_of(match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        _ => left.rem_euclid(right),
    })
}

fn number(value: &Json) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| no_number(value))
}

fn no_number(value: &Json) -> String {
    format!("{value} is no number")
}

/// A number, whole where it is whole and a fraction holds it exactly.
fn number_of(number: f64) -> Result<Json, String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        return Ok((number as i64).into());
    }
    Number::from_f64(number)
        .map(Json::Number)
        .ok_or_else(|| "it comes to more than a number holds".to_owned())
}

/// The formula without `:04` at its end, and that 4.
fn split_digits(formula: &str) -> (&str, Option<usize>) {
    let digits = formula.trim_end().rsplit_once(":0").and_then(|(formula, digits)| {
        let digits = digits.parse().ok().filter(|digits| (1..=20).contains(digits))?;
        Some((formula, digits))
    });
    digits.map_or((formula, None), |(formula, digits)| (formula, Some(digits)))
}

fn tokens(formula: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for word in formula.split_whitespace() {
        let opening = word.len() - word.trim_start_matches('(').len();
        tokens.extend(std::iter::repeat_n("(", opening));
        let rest = &word[opening..];
        let inner = rest.trim_end_matches(')');
        tokens.extend((!inner.is_empty()).then_some(inner));
        tokens.extend(std::iter::repeat_n(")", rest.len() - inner.len()));
    }
    tokens
}

/// Whether a token is the path of a reference: neither a number nor a sign.
fn is_name(token: &str) -> bool {
    let is_sign = matches!(token, "+" | "-" | "*" | "/" | "%" | "(" | ")");
    let is_number = token.bytes().any(|byte| byte.is_ascii_digit()) && token.parse::<f64>().is_ok();
    !is_sign && !is_number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::descend;
    use serde_json::json;

    #[test]
    fn numbers_and_names_are_reckoned_with() {
        let known = json!({"width": 1280, "fade-in": {"time": 0.5}, "name": "a", "later": null});
        let lookup = |path: &[&str]| descend(&known, path);
        for (formula, expected) in [
            ("name", Ok(json!("a"))),
            ("width / 2 - 100", Ok(json!(540))),
            ("7 / 24", Ok(json!(7.0 / 24.0))),
            ("fade-in.time * (width - 40) % 100", Ok(json!(20))),
            ("((2 + 3) * -4)", Ok(json!(-20))),
            ("later + 1", Ok(json!(null))),
            ("width:06", Ok(json!("001280"))),
            ("width / 128 + 1:03", Ok(json!("011"))),
            ("later:04", Ok(json!(null))),
            ("name + 1", Err("\"a\" is no number")),
            ("name:04", Err("\"a\" is no number")),
            ("fade-in.time:02", Err("0.5 is not whole, so that it cannot have 2 digits")),
            ("width / 0", Err("1280 / 0 is no number")),
            ("width +", Err("something is missing at its end")),
            ("width 2", Err("'2' is one too many")),
            ("(1 + 2", Err("a closing bracket is missing")),
            ("", Err("there is nothing between the braces")),
            ("1e308 * 10", Err("it comes to more than a number holds")),
        ] {
            assert_eq!(value(formula, &lookup), expected.map_err(str::to_owned), "{formula}");
        }
        assert_eq!(references("fade-in.time * (width - 40):04"), [vec!["fade-in", "time"], vec!["width"]]);
    }
}
