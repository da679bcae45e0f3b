//! What two texts have in common at their ends, read part by part.

/// The bytes, at the start and at the end, that a replacement of `old` by `new` leaves alone, in whole characters.
///
/// Text that is only put in or taken out is moved back to begin with its line, where what it passes over is what it ends
/// with: a line put in between two alike in their first letters is seen as that line.
pub(super) fn common_ends(old: &str, new: &str) -> (usize, usize) {
    let shorter = old.len().min(new.len());
    let prefix = common_prefix([old], [new]);
    let suffix = common_suffix([old], [new], shorter - prefix);
    if prefix + suffix < shorter {
        return (prefix, suffix);
    }
    let longer = if old.len() > new.len() { old } else { new };
    let line_start = longer[..prefix].rfind('\n').map_or(0, |newline| newline + 1);
    let passed = &longer[line_start..prefix];
    let moved = if longer[prefix..longer.len() - suffix].ends_with(passed) { passed.len() } else { 0 };
    (prefix - moved, suffix + moved)
}

/// The bytes that two texts have in common at the start, in whole characters. Parts at the same address are not read.
pub(super) fn common_prefix<'a>(
    a: impl IntoIterator<Item = &'a str>,
    b: impl IntoIterator<Item = &'a str>,
) -> usize {
    let (mut a, mut b) = (a.into_iter(), b.into_iter());
    let (mut x, mut y): (&[u8], &[u8]) = (&[], &[]);
    let mut common = 0;
    while refill(&mut x, &mut a) && refill(&mut y, &mut b) {
        let count = x.len().min(y.len());
        if !is_same(&x[..count], &y[..count]) {
            let mut same = x.iter().zip(y).take_while(|(x, y)| x == y).count();
            while is_continuation(x[same]) {
                same -= 1;
            }
            return common + same;
        }
        common += count;
        (x, y) = (&x[count..], &y[count..]);
    }
    common
}

/// The bytes, up to `most`, that two texts have in common at the end, in whole characters; the parts come from the end.
pub(super) fn common_suffix<'a>(
    a: impl IntoIterator<Item = &'a str>,
    b: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> usize {
    let (mut a, mut b) = (a.into_iter(), b.into_iter());
    let (mut x, mut y): (&[u8], &[u8]) = (&[], &[]);
    let mut common = 0;
    while common < most && refill(&mut x, &mut a) && refill(&mut y, &mut b) {
        let count = x.len().min(y.len()).min(most - common);
        let (x_rest, x_end) = x.split_at(x.len() - count);
        let (y_rest, y_end) = y.split_at(y.len() - count);
        if !is_same(x_end, y_end) {
            let mut same = x_end.iter().rev().zip(y_end.iter().rev()).take_while(|(x, y)| x == y).count();
            while same > 0 && is_continuation(x[x.len() - same]) {
                same -= 1;
            }
            return common + same;
        }
        common += count;
        (x, y) = (x_rest, y_rest);
    }
    common
}

/// Takes the next part once `bytes` is used up; false at the end.
fn refill<'a>(bytes: &mut &'a [u8], parts: &mut impl Iterator<Item = &'a str>) -> bool {
    while bytes.is_empty() {
        let Some(part) = parts.next() else { return false };
        *bytes = part.as_bytes();
    }
    true
}

fn is_same(x: &[u8], y: &[u8]) -> bool {
    std::ptr::eq(x, y) || x == y
}

/// Whether this byte of UTF-8 is not the first one of its character.
fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}
