//! ECMAScript's regular expressions, by translation to the syntax of our engine.
//!
//! Follows the grammar of ECMA-262, section 22.2.1, with annex B.1.2 where the flag `u` is absent. The engine is linear
//! for what needs no look-around and no backreference, and gives up on the rest after a fixed number of steps, which
//! counts as no match. Unlike ECMAScript it reads characters, not UTF-16 units, with or without `u`.

use std::fmt;

use fancy_regex::{Regex, RegexBuilder};

/// How often the engine may go back in one match.
const MAX_STEPS: usize = 100_000;

/// The largest compiled expression, in bytes.
const MAX_SIZE: usize = 1 << 20;

const ANY: &str = r"[\x{0}-\x{10FFFF}]";
const NEVER: &str = r"[^\x{0}-\x{10FFFF}]";
const LINE_END: &str = r"\n\r\x{2028}\x{2029}";
const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str =
    r"\t\n\x{B}\x{C}\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";

/// A regular expression and how it was written.
#[derive(Debug, Clone)]
pub(super) struct EcmaRegex {
    pattern: String,
    flags: String,
    regex: Regex,
}

impl EcmaRegex {
    /// The expression `/pattern/flags`; the flags `g` and `y`, which concern repeated matches, are dropped.
    ///
    /// # Errors
    /// What is wrong with the pattern or the flags.
    pub(super) fn new(pattern: &str, flags: &str) -> Result<Self, String> {
        if let Some(flag) = flags.char_indices().find(|(at, flag)| flags[..*at].contains(*flag)) {
            return Err(format!("the flag {} is given twice", flag.1));
        }
        let flags: String = flags.chars().filter(|flag| !matches!(flag, 'g' | 'y')).collect();
        let regex = RegexBuilder::new(&Translation::new(pattern, &flags).run()?)
            .case_insensitive(flags.contains('i'))
            .backtrack_limit(MAX_STEPS)
            .delegate_size_limit(MAX_SIZE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(EcmaRegex { pattern: pattern.to_owned(), flags, regex })
    }

    /// Whether the expression matches somewhere in `text`.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text).unwrap_or(false)
    }
}

impl fmt::Display for EcmaRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", self.pattern, self.flags)
    }
}

/// A pattern on its way to the syntax of the engine.
struct Translation<'a> {
    rest: &'a str,
    out: String,
    is_multiline: bool,
    is_dot_all: bool,
    is_unicode: bool,
    /// The capturing groups of the whole pattern, and whether one has a name.
    groups: usize,
    has_names: bool,
    /// Whether what was written last can be repeated.
    can_repeat: bool,
}

/// What an escape stands for.
enum Escaped {
    Char(char),
    /// The inside of a class.
    Set(String),
    /// Half of a surrogate pair, which no text holds.
    Nothing,
}

impl<'a> Translation<'a> {
    fn new(pattern: &'a str, flags: &str) -> Self {
        let (groups, has_names) = count_groups(pattern);
        Translation {
            rest: pattern,
            out: String::new(),
            is_multiline: flags.contains('m'),
            is_dot_all: flags.contains('s'),
            is_unicode: flags.contains('u'),
            groups,
            has_names,
            can_repeat: false,
        }
    }

    fn run(mut self) -> Result<String, String> {
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => self.atom(")"),
                '|' => self.no_atom("|"),
                '^' if self.is_multiline => self.no_atom(&format!("(?<![^{LINE_END}])")),
                '^' => self.no_atom(r"\A"),
                '$' if self.is_multiline => self.no_atom(&format!("(?![^{LINE_END}])")),
                '$' => self.no_atom(r"\z"),
                '.' if self.is_dot_all => self.atom(ANY),
                '.' => self.atom(&format!("[^{LINE_END}]")),
                '*' => self.repeat("*")?,
                '+' => self.repeat("+")?,
                '?' => self.repeat("?")?,
                '{' => match self.bounds() {
                    Some(bounds) => self.repeat(&bounds)?,
                    None => self.lone(c)?,
                },
                ']' | '}' => self.lone(c)?,
                _ => self.literal(c),
            }
        }
        Ok(self.out)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn atom(&mut self, text: &str) {
        self.out.push_str(text);
        self.can_repeat = true;
    }

    fn no_atom(&mut self, text: &str) {
        self.out.push_str(text);
        self.can_repeat = false;
    }

    fn literal(&mut self, c: char) {
        push_char(&mut self.out, c);
        self.can_repeat = true;
    }

    /// A bracket or brace without its partner.
    fn lone(&mut self, c: char) -> Result<(), String> {
        if self.is_unicode {
            return Err(format!("a '{c}' on its own"));
        }
        self.literal(c);
        Ok(())
    }

    fn repeat(&mut self, quantifier: &str) -> Result<(), String> {
        if !self.can_repeat {
            return Err(format!("nothing to repeat before '{quantifier}'"));
        }
        self.no_atom(quantifier);
        if self.eat("?") {
            self.out.push('?');
        }
        Ok(())
    }

    /// The quantifier of which `{` has been read.
    fn bounds(&mut self) -> Option<String> {
        let (inner, rest) = self.rest.split_once('}')?;
        let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if least.is_empty() || !is_number(least) || !is_number(most) {
            return None;
        }
        self.rest = rest;
        Some(format!("{{{inner}}}"))
    }

    fn group(&mut self) -> Result<(), String> {
        let openings = ["?:", "?=", "?!", "?<=", "?<!", "?<"];
        let opening = openings.into_iter().find(|opening| self.eat(opening));
        if opening.is_none() && self.rest.starts_with('?') {
            return Err("'(?' that opens no group of ECMAScript".to_owned());
        }
        self.no_atom("(");
        self.no_atom(opening.unwrap_or_default());
        if opening == Some("?<") {
            let (name, rest) = self.rest.split_once('>').ok_or("a group name without '>'")?;
            self.no_atom(&format!("{name}>"));
            self.rest = rest;
        }
        Ok(())
    }

    /// An escape outside brackets, of which the backslash has been read.
    fn escape(&mut self) -> Result<(), String> {
        if self.eat("b") {
            self.no_atom(&format!("(?:(?<=[{WORD}])(?![{WORD}])|(?<![{WORD}])(?=[{WORD}]))"));
        } else if self.eat("B") {
            self.no_atom(&format!("(?:(?<=[{WORD}])(?=[{WORD}])|(?<![{WORD}])(?![{WORD}]))"));
        } else if let Some(group) = self.group_number() {
            // A group that has not matched is empty.
            self.atom(&format!(r"(?({group})\{group}|)"));
        } else if self.has_names && self.eat("k<") {
            let (name, rest) = self.rest.split_once('>').ok_or("a group name without '>'")?;
            self.atom(&format!(r"(?(<{name}>)\k<{name}>|)"));
            self.rest = rest;
        } else {
            match self.escaped(false)? {
                Escaped::Char(c) => self.literal(c),
                Escaped::Set(set) => self.atom(&format!("[{set}]")),
                Escaped::Nothing => self.atom(NEVER),
            }
        }
        Ok(())
    }

    /// The number of a group of this pattern.
    fn group_number(&mut self) -> Option<usize> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let group = digits.parse().ok().filter(|group| !digits.starts_with('0') && *group <= self.groups)?;
        self.rest = rest;
        Some(group)
    }

    /// A class, of which `[` has been read.
    fn class(&mut self) -> Result<(), String> {
        let is_negated = self.eat("^");
        let mut set = String::new();
        while !self.eat("]") {
            let first = self.class_item()?;
            if !self.rest.starts_with('-') || self.rest.starts_with("-]") {
                first.push_into(&mut set);
                continue;
            }
            self.eat("-");
            match (first, self.class_item()?) {
                (Escaped::Char(first), Escaped::Char(last)) if first > last => {
                    return Err(format!("the range {first}-{last} is out of order"));
                }
                (Escaped::Char(first), Escaped::Char(last)) => {
                    push_char(&mut set, first);
                    set.push('-');
                    push_char(&mut set, last);
                }
                (first, last) => {
                    [first, Escaped::Char('-'), last].iter().for_each(|item| item.push_into(&mut set))
                }
            }
        }
        match (set.is_empty(), is_negated) {
            (true, true) => self.atom(ANY),
            (true, false) => self.atom(NEVER),
            (false, true) => self.atom(&format!("[^{set}]")),
            (false, false) => self.atom(&format!("[{set}]")),
        }
        Ok(())
    }

    fn class_item(&mut self) -> Result<Escaped, String> {
        match self.next() {
            Some('\\') => self.escaped(true),
            Some(c) => Ok(Escaped::Char(c)),
            None => Err("a '[' without its ']'".to_owned()),
        }
    }

    /// What an escape stands for whose backslash has been read.
    fn escaped(&mut self, is_in_class: bool) -> Result<Escaped, String> {
        let set = |inside: &str| Ok(Escaped::Set(inside.to_owned()));
        let is_control = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic());
        let c = match self.next().ok_or("a backslash at the end")? {
            'd' => return set(DIGIT),
            'D' => return set(&format!("[^{DIGIT}]")),
            'w' => return set(WORD),
            'W' => return set(&format!("[^{WORD}]")),
            's' => return set(SPACE),
            'S' => return set(&format!("[^{SPACE}]")),
            c @ ('p' | 'P') if self.is_unicode && self.eat("{") => {
                let (property, rest) = self.rest.split_once('}').ok_or("a property name without '}'")?;
                self.rest = rest;
                return set(&format!("\\{c}{{{property}}}"));
            }
            'u' => return Ok(self.code_unit()),
            'x' => self.hex(2).and_then(char::from_u32).unwrap_or('x'),
            'c' if is_control(self.rest) => self.next().map_or('c', |letter| char::from(letter as u8 % 32)),
            'b' if is_in_class => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            digit @ '0'..='7' => self.octal(digit),
            c => c,
        };
        Ok(Escaped::Char(c))
    }

    /// The character whose `\u` has been read; where it is half a pair, with the other half.
    fn code_unit(&mut self) -> Escaped {
        let braced =
            self.rest.strip_prefix('{').filter(|_| self.is_unicode).and_then(|rest| rest.split_once('}'));
        if let Some((digits, rest)) = braced {
            self.rest = rest;
            let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
            return c.map_or(Escaped::Nothing, Escaped::Char);
        }
        let Some(high) = self.hex(4) else { return Escaped::Char('u') };
        if let Some(c) = char::from_u32(high) {
            return Escaped::Char(c);
        }
        let behind = self.rest;
        if self.eat("\\u")
            && let Some(low @ 0xDC00..0xE000) = self.hex(4)
            && let Some(c) = char::from_u32(0x1_0000 + (high.wrapping_sub(0xD800) << 10) + (low - 0xDC00))
        {
            return Escaped::Char(c);
        }
        self.rest = behind;
        Escaped::Nothing
    }

    /// The next `count` characters as a hexadecimal number.
    fn hex(&mut self, count: usize) -> Option<u32> {
        let digits =
            self.rest.get(..count).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.rest = &self.rest[count..];
        u32::from_str_radix(digits, 16).ok()
    }

    /// The character with an octal number of one to three digits up to 377.
    fn octal(&mut self, first: char) -> char {
        let mut value = first as u8 - b'0';
        for _ in 0..2 {
            let Some(digit @ b'0'..=b'7') = self.rest.bytes().next() else { break };
            let Some(longer) = value.checked_mul(8) else { break };
            value = longer + (digit - b'0');
            self.rest = &self.rest[1..];
        }
        char::from(value)
    }
}

impl Escaped {
    fn push_into(&self, set: &mut String) {
        match self {
            Escaped::Char(c) => push_char(set, *c),
            Escaped::Set(inside) => set.push_str(inside),
            Escaped::Nothing => {}
        }
    }
}

/// Writes a character so that it means itself, inside and outside of classes.
fn push_char(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        out.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
    }
}

/// The capturing groups of a pattern, and whether one has a name.
fn count_groups(pattern: &str) -> (usize, bool) {
    let (mut count, mut has_names, mut is_in_class) = (0, false, false);
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                rest.next();
            }
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            '(' if !is_in_class => {
                let opening = rest.as_str();
                let is_named =
                    opening.starts_with("?<") && !opening.starts_with("?<=") && !opening.starts_with("?<!");
                has_names |= is_named;
                count += usize::from(is_named || !opening.starts_with('?'));
            }
            _ => {}
        }
    }
    (count, has_names)
}
