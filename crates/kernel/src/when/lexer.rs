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

/// The tokens of a when-clause, one at a time.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Where the next token or white space starts, in bytes.
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, position: 0 }
    }

    /// The next token and the byte at which it starts.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, usize), WhenError> {
        let rest = &self.text[self.position..];
        let rest = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{a0}']);
        let start = self.text.len() - rest.len();
        let (token, length) = self.token(rest, start)?;
        self.position = start + length;
        Ok((token, start))
    }

    /// The error that something else is expected at this byte.
    pub(super) fn unexpected(&self, start: usize, expected: &'static str) -> WhenError {
        let mut behind = Lexer { text: self.text, position: start };
        let end = behind.next().map_or(self.text.len(), |_| behind.position);
        let found = match &self.text[start..end] {
            "" => "the end".to_owned(),
            lexeme => format!("\"{lexeme}\""),
        };
        WhenError::Unexpected { column: self.column(start), expected, found }
    }

    /// The column of this byte.
    pub(super) fn column(&self, start: usize) -> usize {
        self.text[..start].chars().count() + 1
    }

    /// The token at the start of `rest` and its length in bytes.
    fn token(&self, rest: &'a str, start: usize) -> Result<(Token<'a>, usize), WhenError> {
        const OPERATORS: [(&str, Token<'static>); 17] = [
            ("===", Token::Equal),
            ("==", Token::Equal),
            ("=~", Token::Matches),
            ("!==", Token::NotEqual),
            ("!=", Token::NotEqual),
            ("!", Token::Bang),
            ("<=", Token::LessOrEqual),
            ("<", Token::Less),
            (">=", Token::GreaterOrEqual),
            (">", Token::Greater),
            ("&&", Token::And),
            ("||", Token::Or),
            ("(", Token::Open),
            (")", Token::Close),
            ("", Token::End),
            ("", Token::End),
            ("", Token::End),
        ];
        todo!()
    }
}
