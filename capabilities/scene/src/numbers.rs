//! Numbers in texts, read fast where they are written plainly.

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The number that a word is, if it is one and finite.
pub(crate) fn float(word: &[u8]) -> Option<f32> {
    // Fewer than 16 digits with a small exponent are exact in a double, after Clinger (1990).
    let (negative, digits) = match word {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mut mantissa, mut places, mut count, mut point) = (0u64, 0usize, 0, false);
    for (i, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                places += usize::from(point);
                count += 1;
            }
            b'.' if !point => point = true,
            b'e' | b'E' if count > 0 => {
                return with_exponent(word, digits.get(i + 1..)?, mantissa, places, count, negative);
            }
            _ => return None,
        }
        if count > 15 {
            return slow(word);
        }
    }
    let magnitude = mantissa as f64 / POWERS.get(places)?;
    (count > 0).then_some(if negative { -magnitude as f32 } else { magnitude as f32 })
}

fn with_exponent(
    word: &[u8],
    exponent: &[u8],
    mantissa: u64,
    places: usize,
    count: usize,
    negative: bool,
) -> Option<f32> {
    let exponent: i32 = std::str::from_utf8(exponent).ok()?.parse().ok()?;
    let scale = exponent.checked_sub(places as i32)?;
    let power = POWERS.get(scale.unsigned_abs() as usize);
    let (Some(power), true) = (power, count <= 15) else { return slow(word) };
    let magnitude = if scale < 0 { mantissa as f64 / power } else { mantissa as f64 * power };
    let number = if negative { -magnitude as f32 } else { magnitude as f32 };
    number.is_finite().then_some(number)
}

fn slow(word: &[u8]) -> Option<f32> {
    std::str::from_utf8(word).ok()?.parse().ok().filter(|number: &f32| number.is_finite())
}

/// The whole number that a word is.
pub(crate) fn integer(word: &[u8]) -> Option<i64> {
    let (negative, digits) = match word {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut number = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(if negative { -number } else { number })
}

/// The words of a line, split at blanks.
pub(crate) struct Words<'a>(pub &'a [u8]);

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.0.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let rest = &self.0[start..];
        let end = rest.iter().position(|byte| byte.is_ascii_whitespace()).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.0 = rest;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_the_standard_library_reads_them() {
        for word in [
            "0",
            "-1.5",
            "+3",
            ".5",
            "5.",
            "1e3",
            "-2.5E-3",
            "0.1",
            "123456.789",
            "1e-30",
            "0.30000001192092896",
        ] {
            assert_eq!(float(word.as_bytes()), word.parse().ok(), "{word}");
        }
        for word in ["", "-", ".", "e3", "1e", "nan", "inf", "1e99", "1.2.3", "12a"] {
            assert_eq!(float(word.as_bytes()), None, "{word}");
        }
        assert_eq!(
            ["-12", "+7", "x", ""].map(|word| integer(word.as_bytes())),
            [Some(-12), Some(7), None, None]
        );
    }
}
