//! JSON as OpenTimelineIO writes it: with `NaN` and `Infinity`, with whole numbers of any size, and with numbers that stay as
//! they are written.

use std::fmt;

use base::{LimitExceeded, Limits};

/// How deep values may nest whatever the limits say: reading and writing take the stack.
const DEEPEST: u64 = 1_000;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written, also `NaN`, `Inf`, `Infinity` and the latter two below 0.
    Number(String),
    /// A text.
    String(String),
    /// Values in order.
    Array(Vec<Json>),
    /// Values by name, in the order in which they are written.
    Object(Vec<(String, Json)>),
}

/// A text that is no JSON.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum JsonError {
    /// It breaks the form.
    #[error("line {line}, column {column}: {message}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// The byte of the line, from 1.
        column: usize,
        /// What is wrong.
        message: &'static str,
    },
    /// It nests too deeply.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

impl Json {
    /// An object of these values.
    pub fn object<'a>(entries: impl IntoIterator<Item = (&'a str, Json)>) -> Json {
        Json::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// A text.
    pub fn text(text: &str) -> Json {
        Json::String(text.to_owned())
    }

    /// A finite number, always with a point or an exponent, as OpenTimelineIO writes it.
    pub fn number(number: f64) -> Json {
        Json::Number(format!("{number:?}"))
    }

    /// The value of a name in an object.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        match self {
            Json::Object(entries) => entries.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Sets the value of a name in an object, where it is or at the end.
    pub fn set(&mut self, key: &str, value: Json) {
        if let Some(place) = self.get_mut(key) {
            *place = value;
        } else if let Json::Object(entries) = self {
            entries.push((key.to_owned(), value));
        }
    }

    /// Takes a name out of an object.
    pub fn remove(&mut self, key: &str) {
        if let Json::Object(entries) = self {
            entries.retain(|(name, _)| name != key);
        }
    }

    /// The text.
    pub fn as_str(&self) -> Option<&str> {
        if let Json::String(text) = self { Some(text) } else { None }
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        if let Json::Bool(value) = self { Some(*value) } else { None }
    }

    /// The number, if it is finite.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Json::Number(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    /// The values of a list.
    pub fn as_array(&self) -> Option<&[Json]> {
        if let Json::Array(items) = self { Some(items) } else { None }
    }

    /// Where two values differ first, as a path; none when they are the same but for the order of names.
    pub fn difference(&self, other: &Json) -> Option<String> {
        match (self, other) {
            (Json::Object(a), Json::Object(b)) => {
                let missing = b.iter().find(|(key, _)| self.get(key).is_none());
                let extra = missing.map(|(key, _)| format!(".{key}"));
                a.iter()
                    .find_map(|(key, value)| match other.get(key) {
                        Some(other) => value.difference(other).map(|path| format!(".{key}{path}")),
                        None => Some(format!(".{key}")),
                    })
                    .or(extra)
                    .or_else(|| (a.len() != b.len()).then(String::new))
            }
            (Json::Array(a), Json::Array(b)) => {
                let pairs = a.iter().zip(b).enumerate();
                let first = pairs
                    .into_iter()
                    .find_map(|(index, (a, b))| a.difference(b).map(|path| format!("[{index}]{path}")));
                first.or_else(|| (a.len() != b.len()).then(|| format!("[{}]", a.len().min(b.len()))))
            }
            _ => (self != other).then(String::new),
        }
    }

    /// Reads a text.
    ///
    /// # Errors
    /// It is no JSON, or nests too deeply.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Json, JsonError> {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = Reader { text, at: 0, depth: 0, deepest: limits.nesting.min(DEEPEST) };
        let value = reader.value()?;
        reader.space();
        match reader.at == text.len() {
            true => Ok(value),
            false => Err(reader.error("something follows the value")),
        }
    }

    /// The text over several lines, four spaces deeper for each level.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Some(0));
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String, depth: Option<usize>) {
        let inner = depth.map(|depth| depth + 1);
        let line = |out: &mut String, depth: Option<usize>| {
            if let Some(depth) = depth {
                out.push('\n');
                out.extend(std::iter::repeat_n("    ", depth));
            }
        };
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Json::Number(text) => out.push_str(text),
            Json::String(text) => write_text(text, out),
            Json::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    line(out, inner);
                    item.write(out, inner);
                }
                line(out, depth.filter(|_| !items.is_empty()));
                out.push(']');
            }
            Json::Object(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    line(out, inner);
                    write_text(key, out);
                    out.push_str(if depth.is_some() { ": " } else { ":" });
                    value.write(out, inner);
                }
                line(out, depth.filter(|_| !entries.is_empty()));
                out.push('}');
            }
        }
    }
}

/// The text on one line.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out, None);
        f.write_str(&out)
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if (control as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: u64,
    deepest: u64,
}

impl Reader<'_> {
    fn error(&self, message: &'static str) -> JsonError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        JsonError::Form { line, column, message }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, word: &[u8]) -> bool {
        let found = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn value(&mut self) -> Result<Json, JsonError> {
        self.space();
        for (word, value) in
            [(&b"null"[..], Json::Null), (b"true", Json::Bool(true)), (b"false", Json::Bool(false))]
        {
            if self.take(word) {
                return Ok(value);
            }
        }
        match self.peek() {
            Some(b'"') => self.string().map(Json::String),
            Some(b'[') => self.nested(Reader::array),
            Some(b'{') => self.nested(Reader::object),
            Some(b'-' | b'0'..=b'9' | b'N' | b'I') => self.number(),
            Some(_) => Err(self.error("a value is needed here")),
            None => Err(self.error("the text ends before its value does")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, JsonError>) -> Result<Json, JsonError> {
        self.depth += 1;
        Limits::check("the nesting of its values", self.depth, self.deepest, "nesting")?;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// Whether the list goes on after an item, or is empty.
    fn goes_on(&mut self, first: bool, end: &[u8]) -> Result<bool, JsonError> {
        self.space();
        if self.take(end) {
            return Ok(false);
        }
        match first || self.take(b",") {
            true => Ok(true),
            false => Err(self.error("a comma or the end of the list is needed here")),
        }
    }

    fn array(&mut self) -> Result<Json, JsonError> {
        let mut items = Vec::new();
        while self.goes_on(items.is_empty(), b"]")? {
            items.push(self.value()?);
        }
        Ok(Json::Array(items))
    }

    fn object(&mut self) -> Result<Json, JsonError> {
        let mut entries = Vec::new();
        while self.goes_on(entries.is_empty(), b"}")? {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.error("a name in quotes is needed here"));
            }
            let key = self.string()?;
            self.space();
            if !self.take(b":") {
                return Err(self.error("a colon is needed here"));
            }
            entries.push((key, self.value()?));
        }
        Ok(Json::Object(entries))
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        self.take(b"-");
        if !(self.take(b"NaN") || self.take(b"Infinity") || self.take(b"Inf")) {
            let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
            self.at += self.text.iter().skip(self.at).take_while(|byte| is_number(byte)).count();
        }
        let text =
            self.text.get(start..self.at).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_named = digits.starts_with(['N', 'I']);
        let leads = digits.starts_with(|first: char| first.is_ascii_digit());
        let padded = digits.len() > 1
            && digits.starts_with('0')
            && !digits.starts_with("0.")
            && !digits.starts_with("0e")
            && !digits.starts_with("0E");
        match is_named || leads && !padded && !digits.ends_with('.') && text.parse::<f64>().is_ok() {
            true => Ok(Json::Number(text.to_owned())),
            false => {
                self.at = start;
                Err(self.error("this is no number"))
            }
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            match self.peek() {
                None => return Err(self.error("the text ends before its quote does")),
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    let char = self.escape()?;
                    out.extend(char.encode_utf8(&mut [0; 4]).bytes());
                }
                Some(..0x20) => {
                    return Err(self.error("a control character must be written with a backslash"));
                }
                Some(byte) => {
                    out.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        String::from_utf8(out).map_err(|_| self.error("the text is not UTF-8"))
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let kind = self.peek();
        self.at += 1;
        Ok(match kind {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(plain @ (b'"' | b'\\' | b'/')) => plain.into(),
            Some(b'u') => {
                let mut code = self.hex()?;
                if (0xd800..0xdc00).contains(&code) && self.take(b"\\u") {
                    let low = self.hex()?;
                    if !(0xdc00..0xe000).contains(&low) {
                        return Err(self.error("half of a character is missing"));
                    }
                    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                }
                char::from_u32(code).ok_or_else(|| self.error("half of a character is missing"))?
            }
            _ => return Err(self.error("there is no such character behind a backslash")),
        })
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        code.ok_or_else(|| self.error("four hexadecimal digits are needed here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same() {
        let limits = Limits::default();
        for text in [
            r#"{"a":[1,1.0,-0,1e5,170141183460469231731687303715884105728,NaN,Inf,-Infinity],"b":{},"c":[]}"#,
            r#"["ä\"\\\n😀",null,true,false]"#,
        ] {
            let value = Json::parse(text.as_bytes(), &limits).unwrap();
            assert_eq!(value.to_string(), text);
            assert_eq!(Json::parse(value.pretty().as_bytes(), &limits).unwrap(), value);
        }
        let escaped = Json::parse(br#""\ud83d\ude00\u00e4\/""#, &limits).unwrap();
        assert_eq!(escaped, Json::text("😀ä/"));
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let limits = Limits::default();
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\" 1}",
            "{a:1}",
            "01",
            "1.",
            "--1",
            "+1",
            "nul",
            "\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "[1] 2",
            "\"\u{1}\"",
            "-",
            "1e",
            "\"\\ud800\\u0041\"",
        ] {
            assert!(Json::parse(text.as_bytes(), &limits).is_err(), "{text}");
        }
        assert!(Json::parse(b"\"\xff\"", &limits).is_err());
        let deep = "[".repeat(100_000);
        assert!(matches!(Json::parse(deep.as_bytes(), &limits), Err(JsonError::Limit(_))));
        let error = Json::parse(b"{\n  \"a\": x}", &limits).unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 8: a value is needed here");
    }
}
