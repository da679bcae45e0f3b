//! From text to tokens.

use super::WhenError;

/// The flags that may follow a regular expression.
const REGEX_FLAGS: &str = "igsmyu";

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    /// A key or an unquoted value.
    Word(&'a str),
    /// What stands between single quotes.
    Quoted(&'a str),
    /// A regular expression and its flags, without the slashes.
    Regex(&'a str, &'a str),
    True,
    False,
    In,
    Not,
    Open,
    Close,
    Bang,
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    End,
}

/// The operators and parentheses; of two with the same start the longer one comes first.
const SYMBOLS: [(&str, Token<'static>); 14] = [
    ("(", Token::Open),
    (")", Token::Close),
    ("!==", Token::NotEqual),
    ("!=", Token::NotEqual),
    ("!", Token::Bang),
    ("===", Token::Equal),
    ("==", Token::Equal),
    ("=~", Token::Matches),
    ("<=", Token::LessOrEqual),
    ("<", Token::Less),
    (">=", Token::GreaterOrEqual),
    (">", Token::Greater),
    ("&&", Token::And),
    ("||", Token::Or),
];

/// Gives the tokens of a when-clause, one at a time.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Where the next token, or the white space before it, starts, in bytes.
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, position: 0 }
    }

    /// The next token and the byte at which it starts.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, usize), WhenError> {
        let rest = self.text[self.position..].trim_start_matches([' ', '\t', '\r', '\n', '\u{a0}']);
        let start = self.text.len() - rest.len();
        let (token, length) = self.token(rest, start)?;
        self.position = start + length;
        Ok((token, start))
    }

    /// The error that something else is expected in place of the token at this byte.
    pub(super) fn unexpected(&self, start: usize, expected: &'static str) -> WhenError {
        let mut from_here = Lexer { text: self.text, position: start };
        let end = from_here.next().map_or(self.text.len(), |_| from_here.position);
        self.unexpected_text(start, expected, &self.text[start..end])
    }

    /// The column of this byte, in characters from 1.
    pub(super) fn column(&self, start: usize) -> usize {
        self.text[..start].chars().count() + 1
    }

    fn unexpected_text(&self, start: usize, expected: &'static str, found: &str) -> WhenError {
        let found = if found.is_empty() { "the end".to_owned() } else { format!("\"{found}\"") };
        WhenError::Unexpected { column: self.column(start), expected, found }
    }

    /// The token at the start of `rest` and its length in bytes.
    fn token(&self, rest: &'a str, start: usize) -> Result<(Token<'a>, usize), WhenError> {
        if let Some((symbol, token)) = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
            return Ok((*token, symbol.len()));
        }
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        let first = rest.chars().next();
        let expected = match (first, word) {
            (None, _) => return Ok((Token::End, 0)),
            (Some('\''), _) => match rest[1..].find('\'') {
                Some(length) => return Ok((Token::Quoted(&rest[1..1 + length]), length + 2)),
                None => "a closing single quote",
            },
            (Some('/'), _) => match regex(rest) {
                Some(regex) => return Ok(regex),
                None => "a slash that closes the regular expression",
            },
            (_, "true") => return Ok((Token::True, 4)),
            (_, "false") => return Ok((Token::False, 5)),
            (_, "in") => return Ok((Token::In, 2)),
            (_, "not") => return Ok((Token::Not, 3)),
            (Some('='), _) => "'==' or '=~', with a space behind a key that ends in '<' or '>'",
            (Some('&'), _) => "'&&'",
            (Some('|'), _) => "'||'",
            (_, "") => "a key, a value or an operator",
            _ => return Ok((Token::Word(word), word.len())),
        };
        Err(self.unexpected_text(start, expected, rest))
    }
}

/// The regular expression at the start of `rest` and its length in bytes; none without a closing slash.
///
/// A slash behind a backslash or between brackets does not close it.
fn regex(rest: &str) -> Option<(Token<'_>, usize)> {
    let (mut is_escaped, mut is_in_class) = (false, false);
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '/' if !is_in_class => {
                let flags = &rest[index + 1..];
                let flags = &flags[..flags.find(|c| !REGEX_FLAGS.contains(c)).unwrap_or(flags.len())];
                return Some((Token::Regex(&rest[1..index], flags), index + 1 + flags.len()));
            }
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            '\\' => is_escaped = true,
            _ => {}
        }
    }
    None
}

/// Whether a key or an unquoted value may hold this character.
fn is_word(c: char) -> bool {
    match c {
        '_' | '<' | '>' | '-' | '.' | '/' | '\\' | ':' | '*' | '?' | '+' | '[' | ']' | '^' | ',' | '#'
        | '@' | ';' | '"' | '%' | '$' => true,
        _ => c.is_ascii_alphanumeric() || (!c.is_ascii() && c.is_alphabetic()),
    }
}
