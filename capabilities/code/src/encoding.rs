//! From bytes to text and back, exactly: what is decoded and not edited encodes to the same bytes.

use std::fmt;

use document::{Key, Value};
use encoding_rs::WINDOWS_1252;
use ropey::Rope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{TextError, places};

/// How much of a file is looked at to guess its byte order, in bytes.
const SAMPLE: usize = 8 << 10;

const ENCODING: &str = "encoding";
const BYTE_ORDER_MARK: &str = "byteOrderMark";

/// An encoding of files, by its name in the WHATWG Encoding Standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    #[serde(rename = "UTF-8")]
    Utf8,
    /// UTF-16, the low byte first.
    #[serde(rename = "UTF-16LE")]
    Utf16Le,
    /// UTF-16, the high byte first.
    #[serde(rename = "UTF-16BE")]
    Utf16Be,
    /// One byte per character: Latin letters of western Europe. Each of the 256 bytes stands for a character of its own.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl Encoding {
    const ALL: [Encoding; 4] = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Windows1252];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le => "UTF-16LE",
            Encoding::Utf16Be => "UTF-16BE",
            Encoding::Windows1252 => "windows-1252",
        }
    }

    /// Whether files are not told to be in it without a byte order mark.
    pub fn wants_mark(self) -> bool {
        matches!(self, Encoding::Utf16Le | Encoding::Utf16Be)
    }

    fn mark(self) -> &'static [u8] {
        match self {
            Encoding::Utf8 => b"\xEF\xBB\xBF",
            Encoding::Utf16Le => b"\xFF\xFE",
            Encoding::Utf16Be => b"\xFE\xFF",
            Encoding::Windows1252 => b"",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a text is written to its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The encoding.
    pub encoding: Encoding,
    /// Whether a byte order mark comes first. It is no part of the text.
    pub mark: bool,
}

impl Form {
    /// The form that is kept with a document's record; UTF-8 without a mark where nothing is kept.
    ///
    /// # Errors
    /// [`TextError::UnknownEncoding`].
    pub fn of(record: &[(Key, Value)]) -> Result<Form, TextError> {
        let property = |name| record.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value);
        let encoding = match property(ENCODING).and_then(Value::as_str) {
            None => Encoding::default(),
            Some(name) => Encoding::ALL
                .into_iter()
                .find(|encoding| encoding.name().eq_ignore_ascii_case(name))
                .ok_or_else(|| TextError::UnknownEncoding(name.to_owned()))?,
        };
        Ok(Form { encoding, mark: property(BYTE_ORDER_MARK).and_then(Value::as_bool).unwrap_or(false) })
    }

    /// What is kept with a document's record: names and values.
    pub fn record(self) -> [(&'static str, Value); 2] {
        [(ENCODING, self.encoding.name().into()), (BYTE_ORDER_MARK, self.mark.into())]
    }

    /// The text of a file and the form that it is in: told from the byte order mark, else from the content. What is
    /// neither UTF-8 nor clearly UTF-16 counts as windows-1252, unless it holds control characters that no text has.
    ///
    /// # Errors
    /// [`TextError::Binary`], [`TextError::Malformed`] or [`TextError::Utf32`].
    pub fn decode(bytes: &[u8]) -> Result<(String, Form), TextError> {
        if bytes.starts_with(b"\xFF\xFE\0\0") || bytes.starts_with(b"\0\0\xFE\xFF") {
            return Err(TextError::Utf32);
        }
        if let Some(encoding) = marked(bytes) {
            let mark = encoding.mark();
            let text = decode_as(encoding, &bytes[mark.len()..])
                .map_err(|offset| TextError::Malformed { encoding, offset: mark.len() + offset })?;
            return Ok((text, Form { encoding, mark: true }));
        }
        if let Some(encoding) = unmarked_utf16(bytes)
            && let Ok(text) = decode_as(encoding, bytes)
        {
            return Ok((text, Form { encoding, mark: false }));
        }
        let encoding = match std::str::from_utf8(bytes) {
            Ok(text) => return Ok((text.to_owned(), Form::default())),
            Err(_) => Encoding::Windows1252,
        };
        if let Some(offset) = bytes.iter().position(|byte| is_binary(*byte)) {
            return Err(TextError::Binary { offset, byte: bytes[offset] });
        }
        let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
        Ok((text.into_owned(), Form { encoding, mark: false }))
    }

    /// The bytes of a file that holds the text.
    ///
    /// # Errors
    /// [`TextError::Unmappable`] or [`TextError::NoMark`].
    pub fn encode(self, text: &Rope) -> Result<Vec<u8>, TextError> {
        if self.mark && self.encoding.mark().is_empty() {
            return Err(TextError::NoMark(self.encoding));
        }
        let unit = if self.encoding.wants_mark() { 2 } else { 1 };
        let mut bytes = Vec::with_capacity(text.len_bytes() * unit + 3);
        bytes.extend(if self.mark { self.encoding.mark() } else { b"" });
        let mut passed = 0;
        for chunk in text.chunks() {
            match self.encoding {
                Encoding::Utf8 => bytes.extend(chunk.as_bytes()),
                Encoding::Utf16Le => bytes.extend(chunk.encode_utf16().flat_map(u16::to_le_bytes)),
                Encoding::Utf16Be => bytes.extend(chunk.encode_utf16().flat_map(u16::to_be_bytes)),
                Encoding::Windows1252 => {
                    let (encoded, _, replaced) = WINDOWS_1252.encode(chunk);
                    if replaced && let Some((at, character)) = unmappable(chunk) {
                        let (line, column) = places::line_and_column(text, passed + at);
                        let encoding = self.encoding;
                        return Err(TextError::Unmappable { line, column, character, encoding });
                    }
                    passed += chunk.chars().count();
                    bytes.extend(&*encoded);
                }
            }
        }
        Ok(bytes)
    }
}

/// Whether content says of itself that it is text: by a byte order mark, or by naming its interpreter.
pub fn says_that_it_is_text(bytes: &[u8]) -> bool {
    marked(bytes).is_some() || bytes.starts_with(b"#!")
}

fn marked(bytes: &[u8]) -> Option<Encoding> {
    let marks = |encoding: &Encoding| !encoding.mark().is_empty() && bytes.starts_with(encoding.mark());
    Encoding::ALL.into_iter().find(marks)
}

/// The text, or the place of the first byte that is not in the encoding.
fn decode_as(encoding: Encoding, bytes: &[u8]) -> Result<String, usize> {
    let unit = match encoding {
        Encoding::Utf8 => {
            return std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| error.valid_up_to());
        }
        Encoding::Windows1252 => {
            return Ok(WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned());
        }
        Encoding::Utf16Le => u16::from_le_bytes,
        Encoding::Utf16Be => u16::from_be_bytes,
    };
    let (units, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let mut offset = 0;
    for character in char::decode_utf16(units.iter().map(|bytes| unit(*bytes))) {
        let character = character.map_err(|_| offset)?;
        offset += 2 * character.len_utf16();
        text.push(character);
    }
    if rest.is_empty() { Ok(text) } else { Err(offset) }
}

/// The byte order of UTF-16 without a mark, where more than half of the first characters are ASCII.
fn unmarked_utf16(bytes: &[u8]) -> Option<Encoding> {
    let (units, rest) = bytes[..bytes.len().min(SAMPLE)].as_chunks::<2>();
    if units.is_empty() || !rest.is_empty() {
        return None;
    }
    let is_ascii = |byte: u8| (0x20..0x7F).contains(&byte) || matches!(byte, b'\t' | b'\n' | b'\r');
    let mostly =
        |test: &dyn Fn(&[u8; 2]) -> bool| units.iter().filter(|unit| test(unit)).count() * 2 > units.len();
    if mostly(&|unit| unit[1] == 0 && is_ascii(unit[0])) {
        return Some(Encoding::Utf16Le);
    }
    mostly(&|unit| unit[0] == 0 && is_ascii(unit[1])).then_some(Encoding::Utf16Be)
}

/// Whether the byte is a control character that no text in a legacy encoding has: all but backspace, tab, line feed,
/// vertical tab, form feed, carriage return, the end of file of DOS, and escape.
fn is_binary(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, 0x08..=0x0D | 0x1A | 0x1B) || byte == 0x7F
}

fn unmappable(chunk: &str) -> Option<(usize, char)> {
    let mut buffer = [0; 4];
    chunk.chars().enumerate().find(|(_, character)| {
        let (_, _, replaced) = WINDOWS_1252.encode(character.encode_utf8(&mut buffer));
        replaced
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn encodings_are_told_from_content() {
        let (le, be) = (u16::to_le_bytes, u16::to_be_bytes);
        let pair = "a\u{FEFF}é🎉\r\n";
        for (bytes, encoding, mark, text) in [
            (b"".to_vec(), Encoding::Utf8, false, ""),
            (b"\xEF\xBB\xBF".to_vec(), Encoding::Utf8, true, ""),
            ("\u{FEFF}\u{FEFF}é\0".into(), Encoding::Utf8, true, "\u{FEFF}é\0"),
            (utf16(&format!("\u{FEFF}{pair}"), le), Encoding::Utf16Le, true, pair),
            (utf16(&format!("\u{FEFF}{pair}"), be), Encoding::Utf16Be, true, pair),
            (utf16("plain\0", le), Encoding::Utf16Le, false, "plain\0"),
            (utf16("plain é", be), Encoding::Utf16Be, false, "plain é"),
            (
                b"na\xEFve \x80\x81\x1B[0m\n".to_vec(),
                Encoding::Windows1252,
                false,
                "naïve €\u{81}\u{1B}[0m\n",
            ),
            (b"hello\0world!".to_vec(), Encoding::Utf8, false, "hello\0world!"),
        ] {
            assert_eq!(Form::decode(&bytes), Ok((text.to_owned(), Form { encoding, mark })), "{bytes:?}");
        }
        for (bytes, error) in [
            (&b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR"[..], TextError::Binary { offset: 8, byte: 0 }),
            (b"\x7FELF\xFF", TextError::Binary { offset: 0, byte: 0x7F }),
            (b"\xEF\xBB\xBFab\xFFc", TextError::Malformed { encoding: Encoding::Utf8, offset: 5 }),
            (b"\xFF\xFEa\0b", TextError::Malformed { encoding: Encoding::Utf16Le, offset: 4 }),
            (b"\xFE\xFF\0a\xD8\x00\0b", TextError::Malformed { encoding: Encoding::Utf16Be, offset: 4 }),
            (b"\xFF\xFE\0\0a\0\0\0", TextError::Utf32),
        ] {
            assert_eq!(Form::decode(bytes), Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn what_an_encoding_lacks_is_told_with_its_place() {
        let form = Form { encoding: Encoding::Windows1252, mark: false };
        let text = Rope::from_str(&format!("{}\r\nab→", "é".repeat(5_000)));
        let lacking = TextError::Unmappable { line: 2, column: 3, character: '→', encoding: form.encoding };
        assert_eq!(form.encode(&text), Err(lacking));
        assert_eq!(Form { mark: true, ..form }.encode(&text), Err(TextError::NoMark(form.encoding)));
    }

    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            "[ -~\r\n\té€🎉\u{FEFF}]{0,8}".prop_map(String::into_bytes),
            "[ -~\r\né🎉]{0,8}".prop_map(|text| utf16(&text, u16::to_le_bytes)),
            "[ -~\r\né🎉]{0,8}".prop_map(|text| utf16(&text, u16::to_be_bytes)),
            prop::collection::vec(any::<u8>(), 0..4),
            prop::collection::vec(0x80u8.., 0..4),
        ];
        let mark = prop::sample::select(vec![&b""[..], b"", b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFE\xFF"]);
        (mark, prop::collection::vec(piece, 0..3))
            .prop_map(|(mark, pieces)| [mark.to_vec(), pieces.concat()].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn what_is_accepted_comes_back_byte_for_byte(bytes in pieces()) {
            if let Ok((text, form)) = Form::decode(&bytes) {
                prop_assert_eq!(form.encode(&Rope::from_str(&text)), Ok(bytes));
                let record = form.record().map(|(name, value)| (Key::from(name), value));
                prop_assert_eq!(Form::of(&record), Ok(form));
            }
        }

        #[test]
        fn every_text_without_control_characters_is_accepted(text in "[^\\p{C}]{0,16}", high in any::<bool>()) {
            let unit = if high { u16::to_be_bytes } else { u16::to_le_bytes };
            prop_assert!(Form::decode(text.as_bytes()).is_ok());
            prop_assert_eq!(Form::decode(&utf16(&format!("\u{FEFF}{text}"), unit)).unwrap().0, text);
        }
    }
}
