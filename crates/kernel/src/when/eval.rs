//! Evaluation, with JavaScript's conversions between values.

use std::{borrow::Cow, fmt};

use serde_json::{Number, Value};

use super::expr::{Expr, Kind, Operand, Order, Test};

type Values<'c, 'v> = &'c dyn Fn(&str) -> Option<&'v Value>;

impl Expr {
    pub(super) fn eval(&self, values: Values<'_, '_>) -> bool {
        match self {
            Expr::Constant(value) => *value,
            Expr::Test(test) => test.eval(values),
            Expr::All(terms) => terms.iter().all(|term| term.eval(values)),
            Expr::Any(terms) => terms.iter().any(|term| term.eval(values)),
        }
    }
}

impl Test {
    fn eval(&self, values: Values<'_, '_>) -> bool {
        let value = values(&self.key);
        let holds = match &self.kind {
            Kind::Truthy => value.is_some_and(is_truthy),
            Kind::Equals(text) => value.is_some_and(|value| equals_loosely(value, text)),
            Kind::In(other) => value.zip(values(other)).is_some_and(|(item, source)| is_in(item, source)),
            Kind::Matches(regex) => regex.is_match(&printed(value)),
            Kind::Compares(order, Operand::Number(number)) => order.holds(number_in_front(value), *number),
            Kind::Compares(_, Operand::Text(_)) => false,
        };
        holds != self.is_negated
    }
}

impl Order {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Order::Less => left < right,
            Order::LessOrEqual => left <= right,
            Order::Greater => left > right,
            Order::GreaterOrEqual => left >= right,
        }
    }
}

/// The number that a text begins with, as `parseFloat` reads it; not a number (NaN) when it begins with none.
pub(super) fn leading_number(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    number(&text[..number_length(text)])
}

/// A number as JavaScript prints it: shortest digits, with an exponent from 1e21 and below 1e-6.
pub(super) struct PrintedNumber(pub(super) f64);

impl fmt::Display for PrintedNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, size) = (self.0, self.0.abs());
        if number == 0.0 {
            f.write_str("0")
        } else if size.is_infinite() {
            f.write_str(if number > 0.0 { "Infinity" } else { "-Infinity" })
        } else if size >= 1e21 {
            let text = format!("{number:e}");
            f.write_str(&text.replace('e', "e+"))
        } else if size < 1e-6 {
            write!(f, "{number:e}")
        } else {
            write!(f, "{number}")
        }
    }
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => float(number) != 0.0,
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// `value == text` in JavaScript.
fn equals_loosely(value: &Value, text: &str) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => whole_number(text) == f64::from(u8::from(*value)),
        Value::Number(number) => whole_number(text) == float(number),
        Value::String(value) => value == text,
        Value::Array(_) | Value::Object(_) => printed(Some(value)) == text,
    }
}

/// Whether `item` is an element of the array `source`, or a key of the object.
fn is_in(item: &Value, source: &Value) -> bool {
    match (source, item) {
        (Value::Array(elements), _) => elements.iter().any(|element| is_identical(element, item)),
        (Value::Object(entries), Value::String(key)) => entries.contains_key(key),
        _ => false,
    }
}

/// `a === b` in JavaScript, where no array or object is another one.
fn is_identical(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => float(a) == float(b),
        (Value::String(a), Value::String(b)) => a == b,
        _ => false,
    }
}

/// `parseFloat(value)` in JavaScript.
fn number_in_front(value: Option<&Value>) -> f64 {
    match value {
        Some(Value::Number(number)) => float(number),
        Some(Value::String(_) | Value::Array(_)) => leading_number(&printed(value)),
        _ => f64::NAN,
    }
}

/// `String(value)` in JavaScript.
fn printed(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None => "undefined".into(),
        Some(Value::Null) => "null".into(),
        Some(Value::Bool(true)) => "true".into(),
        Some(Value::Bool(false)) => "false".into(),
        Some(Value::Number(number)) => PrintedNumber(float(number)).to_string().into(),
        Some(Value::String(text)) => text.into(),
        Some(Value::Array(elements)) => {
            let texts = elements.iter().map(|element| match element {
                Value::Null => "".into(),
                _ => printed(Some(element)),
            });
            texts.collect::<Vec<_>>().join(",").into()
        }
        Some(Value::Object(_)) => "[object Object]".into(),
    }
}

/// `Number(text)` in JavaScript: the text as a whole, and zero when it is blank.
fn whole_number(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    let radix = match text.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        _ if text.is_empty() => return 0.0,
        _ if number_length(text) == text.len() => return number(text),
        _ => return f64::NAN,
    };
    let digits = &text[2..];
    let add = |sum: f64, digit: char| Some(sum * f64::from(radix) + f64::from(digit.to_digit(radix)?));
    if digits.is_empty() { f64::NAN } else { digits.chars().try_fold(0.0, add).unwrap_or(f64::NAN) }
}

/// The length of the decimal number, or infinity, that `text` begins with, in bytes; 0 when there is none.
fn number_length(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with(['+', '-']));
    if text[sign..].starts_with("Infinity") {
        return sign + "Infinity".len();
    }
    let whole = digits(&text[sign..]);
    let mut length = sign + whole;
    if text[length..].starts_with('.') {
        let fraction = digits(&text[length + 1..]);
        if whole + fraction == 0 {
            return 0;
        }
        length += 1 + fraction;
    } else if whole == 0 {
        return 0;
    }
    let exponent = &text[length..];
    if exponent.starts_with(['e', 'E']) {
        let sign = usize::from(exponent[1..].starts_with(['+', '-']));
        match digits(&exponent[1 + sign..]) {
            0 => {}
            digits => length += 1 + sign + digits,
        }
    }
    length
}

/// The value of what [`number_length`] measures.
fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// White space of JavaScript.
fn is_space(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}
