//! Patterns over event topics such as `document.node.inserted`, by which subscribers choose what they hear.

use std::{fmt, str::FromStr};

/// A text that is no topic pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing between two dots, before the first or after the last.
    #[error(
        "the pattern '{pattern}' has an empty segment: write names, '*' or '**' with single dots between them"
    )]
    EmptySegment {
        /// The pattern as given.
        pattern: String,
    },
    /// A star beside other characters.
    #[error(
        "the segment '{segment}' of the pattern '{pattern}' mixes a name and '*': a star stands alone between dots"
    )]
    PartialStar {
        /// The pattern as given.
        pattern: String,
        /// The segment with the star.
        segment: String,
    },
}

/// A pattern of segments with dots between them: a name fits itself, `*` fits any one segment, `**` any number of segments,
/// none included. Case matters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Name(Box<str>),
    One,
    Any,
}

impl Pattern {
    /// The pattern that is written so.
    ///
    /// # Errors
    /// [`PatternError`] when a segment is empty or has a star beside other characters.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let segment = |segment: &str| match segment {
            "" => Err(PatternError::EmptySegment { pattern: pattern.to_owned() }),
            "*" => Ok(Segment::One),
            "**" => Ok(Segment::Any),
            name if name.contains('*') => {
                Err(PatternError::PartialStar { pattern: pattern.to_owned(), segment: name.to_owned() })
            }
            name => Ok(Segment::Name(name.into())),
        };
        Ok(Pattern { segments: pattern.split('.').map(segment).collect::<Result<_, _>>()? })
    }

    /// The pattern that every topic fits whose first segment is `name`.
    pub fn below(name: &str) -> Self {
        Pattern { segments: vec![Segment::Name(name.into()), Segment::Any] }
    }

    /// Whether `topic` fits, from its first segment to its last.
    ///
    /// Takes at most time in proportion to the product of both lengths, and no memory.
    pub fn matches(&self, topic: &str) -> bool {
        let (mut at, mut rest) = (0, topic.split('.'));
        // Where to go on after the last `**` when it has to take one segment more.
        let mut retry = None;
        loop {
            let segment = self.segments.get(at);
            if let Some(Segment::Any) = segment {
                at += 1;
                retry = Some((at, rest.clone()));
                continue;
            }
            let mut behind = rest.clone();
            match (segment, behind.next()) {
                (None, None) => return true,
                (Some(segment), Some(part)) if segment.fits(part) => (at, rest) = (at + 1, behind),
                _ => {
                    let Some((after, taken)) = &mut retry else { return false };
                    if taken.next().is_none() {
                        return false;
                    }
                    (at, rest) = (*after, taken.clone());
                }
            }
        }
    }
}

impl Segment {
    fn fits(&self, part: &str) -> bool {
        match self {
            Segment::Name(name) => **name == *part,
            Segment::One | Segment::Any => true,
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(pattern: &str) -> Result<Self, PatternError> {
        Pattern::parse(pattern)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            f.write_str(match segment {
                Segment::Name(name) => name,
                Segment::One => "*",
                Segment::Any => "**",
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_fit_whole_topics() {
        for (pattern, fits, misses) in [
            (
                "document.saved",
                &["document.saved"][..],
                &["document", "document.saved.now", "Document.saved", ""][..],
            ),
            ("document.*", &["document.saved"], &["document", "document.a.b"]),
            ("*", &["document"], &["document.saved"]),
            ("**", &["document", "document.saved", "a.b.c"], &[]),
            ("document.**", &["document", "document.saved", "document.a.b"], &["documents", "a.document"]),
            ("**.saved", &["saved", "document.saved", "a.b.saved", "saved.saved"], &["saved.a"]),
            ("a.**.b.*.c", &["a.b.x.c", "a.x.b.b.b.c", "a.b.b.x.c"], &["a.b.c", "a.x.c"]),
            ("**.a.**.a", &["a.a", "x.a.y.a"], &["a", "a.x"]),
        ] {
            let parsed = Pattern::parse(pattern).unwrap();
            assert_eq!(parsed.to_string(), pattern);
            assert!(fits.iter().all(|topic| parsed.matches(topic)), "{pattern}");
            assert!(!misses.iter().any(|topic| parsed.matches(topic)), "{pattern}");
        }
        for bad in ["", ".", "a..b", "a.", "a*", "***"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    /// The definition, segment by segment.
    fn fits(pattern: &[&str], topic: &[&str]) -> bool {
        match (pattern, topic) {
            ([], []) => true,
            (["**", rest @ ..], _) => (0..=topic.len()).any(|taken| fits(rest, &topic[taken..])),
            ([first, rest @ ..], [part, parts @ ..]) => (*first == "*" || first == part) && fits(rest, parts),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(
            pattern in prop::collection::vec(prop::sample::select(vec!["a", "b", "*", "**"]), 1..7),
            topic in prop::collection::vec(prop::sample::select(vec!["a", "b"]), 1..7),
        ) {
            let parsed = Pattern::parse(&pattern.join(".")).unwrap();
            prop_assert_eq!(parsed.matches(&topic.join(".")), fits(&pattern, &topic));
        }
    }
}
