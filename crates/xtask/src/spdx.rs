//! Licence expressions as SPDX writes them (SPDX specification 2.3, annex D), read and decided.

/// A licence expression.
#[derive(Debug, PartialEq)]
pub enum Expression {
    /// One licence, and the exception after `WITH`.
    Licence(String, Option<String>),
    /// All of them at once.
    All(Vec<Expression>),
    /// One of them, as the user chooses.
    Any(Vec<Expression>),
}

impl Expression {
    /// Reads an expression. `AND` binds tighter than `OR`; a `/` between licences, as old manifests have it, is `OR`.
    ///
    /// # Errors
    /// Says where the expression stops making sense.
    pub fn parse(text: &str) -> Result<Self, String> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let mut words = spaced.split_whitespace().peekable();
        let expression = any(&mut words, 0).map_err(|what| format!("{text:?}: {what}"))?;
        match words.next() {
            None => Ok(expression),
            Some(word) => Err(format!("{text:?}: unexpected {word:?}")),
        }
    }

    /// Whether the expression can be met with licences that `allowed` accepts (licence, exception).
    pub fn is_met(&self, allowed: &impl Fn(&str, Option<&str>) -> bool) -> bool {
        match self {
            Self::Licence(name, exception) => {
                // `GPL-2.0+` is that version or any later one; the user may take that one.
                allowed(name.strip_suffix('+').unwrap_or(name), exception.as_deref())
            }
            Self::All(parts) => parts.iter().all(|part| part.is_met(allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.is_met(allowed)),
        }
    }
}

/// Deeper than any real expression, and no danger to the stack.
const DEEPEST: usize = 32;

type Words<'a, I> = std::iter::Peekable<I>;

fn any<'a>(words: &mut Words<'a, impl Iterator<Item = &'a str>>, depth: usize) -> Result<Expression, String> {
    let mut parts = vec![all(words, depth)?];
    while words.next_if(|word| word.eq_ignore_ascii_case("OR")).is_some() {
        parts.push(all(words, depth)?);
    }
    Ok(only_or(parts, Expression::Any))
}

fn all<'a>(words: &mut Words<'a, impl Iterator<Item = &'a str>>, depth: usize) -> Result<Expression, String> {
    let mut parts = vec![one(words, depth)?];
    while words.next_if(|word| word.eq_ignore_ascii_case("AND")).is_some() {
        parts.push(one(words, depth)?);
    }
    Ok(only_or(parts, Expression::All))
}

fn one<'a>(words: &mut Words<'a, impl Iterator<Item = &'a str>>, depth: usize) -> Result<Expression, String> {
    match words.next() {
        None => Err("ends too early".into()),
        Some("(") if depth >= DEEPEST => Err("is nested too deeply".into()),
        Some("(") => {
            let inner = any(words, depth + 1)?;
            words.next_if_eq(&")").map(|_| inner).ok_or_else(|| "a parenthesis is not closed".into())
        }
        Some(word) if word == ")" || is_operator(word) => Err(format!("unexpected {word:?}")),
        Some(word) => {
            let exception = if words.next_if(|word| word.eq_ignore_ascii_case("WITH")).is_some() {
                let name = words.next().filter(|word| !is_operator(word) && !["(", ")"].contains(word));
                Some(name.ok_or("WITH without an exception")?.to_owned())
            } else {
                None
            };
            Ok(Expression::Licence(word.to_owned(), exception))
        }
    }
}

fn is_operator(word: &str) -> bool {
    ["AND", "OR", "WITH"].iter().any(|operator| word.eq_ignore_ascii_case(operator))
}

fn only_or(mut parts: Vec<Expression>, join: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_decided_as_the_specification_says() {
        let allowed = |name: &str, exception: Option<&str>| match exception {
            None => ["MIT", "Zlib", "Apache-2.0"].contains(&name),
            Some(exception) => (name, exception) == ("Apache-2.0", "LLVM-exception"),
        };
        for (text, met) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("MIT OR GPL-2.0", true),
            ("MIT AND GPL-2.0", false),
            ("GPL-2.0/MIT", true),
            ("GPL-2.0 OR MIT AND Zlib", true),
            ("MIT OR Zlib AND GPL-2.0", true),
            ("(MIT OR Zlib) AND GPL-2.0", false),
            ("(MIT OR GPL-2.0) AND (GPL-3.0 OR (Zlib and MIT))", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Zlib+", true),
            ("GPL-2.0+", false),
            ("MIT WITH LLVM-exception", false),
            ("Apache-2.0 WITH Classpath-exception-2.0 OR GPL-2.0", false),
        ] {
            assert_eq!(Expression::parse(text).unwrap().is_met(&allowed), met, "{text}");
        }
    }

    #[test]
    fn broken_expressions_are_refused() {
        let nested = "(".repeat(5000);
        for text in
            ["", "MIT OR", "AND MIT", "(MIT", "MIT)", "MIT Zlib", "MIT WITH", "MIT WITH (x)", "()", &nested]
        {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
    }
}
