//! Deflate blocks of nothing but literals: for bytes that vary a lot but do not repeat, as filtered photographs do.
//!
//! Each block has its own Huffman code (RFC 1951, section 3.2.7). Code lengths come from the two-queue
//! construction of Huffman's tree over sorted counts, then are cut to [`LONGEST`] bits by restoring Kraft's
//! inequality.

/// Bytes that share a code.
const BLOCK: usize = 1 << 17;
/// The 256 bytes and the end of the block.
const SYMBOLS: usize = 257;
/// The longest code in bits; four of them and a started byte fit a register.
const LONGEST: usize = 12;

/// Appends `bytes` as blocks that end on a whole byte and are not the last of their stream.
pub(super) fn deflate(bytes: &[u8], out: &mut Vec<u8>) {
    let mut bits = BitWriter { out, held: 0, count: 0 };
    for block in bytes.chunks(BLOCK) {
        let lengths = code_lengths(&counts(block));
        bits.write_header(&lengths);
        bits.write_literals(block, &codes(&lengths));
    }
    bits.flush_to_byte();
}

/// About how many bytes [`deflate`] makes of a short piece.
pub(super) fn cost(bytes: &[u8]) -> usize {
    let counts = counts(bytes);
    let bits: u64 =
        counts.iter().zip(code_lengths(&counts)).map(|(&n, length)| u64::from(n) * u64::from(length)).sum();
    bits as usize / 8
}

fn counts(bytes: &[u8]) -> [u32; SYMBOLS] {
    // Four tables, so that runs of one byte do not wait for each other.
    let mut tables = [[0u32; 256]; 4];
    let (fours, rest) = bytes.as_chunks::<4>();
    for four in fours {
        for (table, &byte) in tables.iter_mut().zip(four) {
            table[usize::from(byte)] += 1;
        }
    }
    for &byte in rest {
        tables[0][usize::from(byte)] += 1;
    }
    let mut counts = [1; SYMBOLS];
    for (symbol, count) in counts.iter_mut().enumerate().take(256) {
        *count = tables.iter().map(|table| table[symbol]).sum();
    }
    counts
}

/// The length of each symbol's code, 0 for symbols that do not occur.
fn code_lengths(counts: &[u32; SYMBOLS]) -> [u8; SYMBOLS] {
    let mut symbols: Vec<usize> = (0..SYMBOLS).filter(|&symbol| counts[symbol] > 0).collect();
    symbols.sort_by_key(|&symbol| (counts[symbol], symbol));
    let mut lengths = [0; SYMBOLS];
    if let [only] = symbols[..] {
        lengths[only] = 1;
        return lengths;
    }
    // Leaves come first, then the inner nodes in the order they are made, which is that of their weights.
    let leaves = symbols.len();
    let mut weights: Vec<u64> = symbols.iter().map(|&symbol| u64::from(counts[symbol])).collect();
    let mut parents = vec![0; 2 * leaves - 1];
    let (mut leaf, mut inner) = (0, leaves);
    for made in leaves..2 * leaves - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let lightest = if leaf < leaves && (inner >= made || weights[leaf] <= weights[inner]) {
                &mut leaf
            } else {
                &mut inner
            };
            weight += weights[*lightest];
            parents[*lightest] = made;
            *lightest += 1;
        }
        weights.push(weight);
    }
    let mut depths = vec![0usize; 2 * leaves - 1];
    for node in (0..2 * leaves - 2).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    // Rarest first: cut, lengthen the rarest until the codes fit again, and give what is left to the most
    // frequent, for readers want every code to be used.
    let mut cut: Vec<usize> = depths[..leaves].iter().map(|&depth| depth.min(LONGEST)).collect();
    let share = |length: usize| 1usize << (LONGEST - length);
    let mut used: usize = cut.iter().map(|&length| share(length)).sum();
    while used > share(0) {
        let Some(length) = cut.iter_mut().find(|length| **length < LONGEST) else { break };
        used -= share(*length) / 2;
        *length += 1;
    }
    for length in cut.iter_mut().rev() {
        while *length > 1 && used + share(*length) <= share(0) {
            used += share(*length);
            *length -= 1;
        }
    }
    for (&symbol, length) in symbols.iter().zip(cut) {
        lengths[symbol] = length as u8;
    }
    lengths
}

/// The codes as they are written, lowest bit first, each with its length above bit 16.
fn codes(lengths: &[u8; SYMBOLS]) -> [u32; SYMBOLS] {
    let mut codes = [0; SYMBOLS];
    let mut next = 0u32;
    for length in 1..=LONGEST as u8 {
        for (symbol, code) in codes.iter_mut().enumerate().filter(|(symbol, _)| lengths[*symbol] == length) {
            debug_assert!(symbol < SYMBOLS);
            *code = next.reverse_bits() >> (32 - u32::from(length)) | u32::from(length) << 16;
            next += 1;
        }
        next <<= 1;
    }
    codes
}

/// Writes bits, lowest first.
struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
}

impl BitWriter<'_> {
    /// Takes up to 48 bits in all since the last [`settle`](Self::settle).
    #[inline(always)]
    fn hold(&mut self, bits: u32, count: u32) {
        self.held |= u64::from(bits) << self.count;
        self.count += count;
    }

    /// Writes the whole bytes held.
    #[inline(always)]
    fn settle(&mut self) {
        let whole = self.count / 8;
        self.out.extend_from_slice(&self.held.to_le_bytes()[..whole as usize]);
        self.held >>= 8 * whole;
        self.count %= 8;
    }

    fn write(&mut self, bits: u32, count: u32) {
        self.hold(bits, count);
        self.settle();
    }

    /// A block with codes of its own: the lengths are written in four bits each, without runs.
    fn write_header(&mut self, lengths: &[u8; SYMBOLS]) {
        self.write(0b100, 3);
        self.write(SYMBOLS as u32 - 257, 5);
        // Two distance codes that are never used: a complete code, as every reader expects.
        self.write(2 - 1, 5);
        self.write(19 - 4, 4);
        // The code of the lengths themselves: none for 16 to 18, which are runs, and four bits for 0 to 15.
        for index in 0..19 {
            self.write(if index < 3 { 0 } else { 4 }, 3);
        }
        for &length in lengths.iter().chain(&[1, 1]) {
            self.write(u32::from(length).reverse_bits() >> 28, 4);
        }
    }

    fn write_literals(&mut self, bytes: &[u8], codes: &[u32; SYMBOLS]) {
        let mut codes_of_bytes = [0; 256];
        codes_of_bytes.copy_from_slice(&codes[..256]);
        // Room for the longest codes; what is not used is taken back.
        let mut at = self.out.len();
        self.out.resize(at + bytes.len() * LONGEST / 8 + 16, 0);
        let (mut held, mut count) = (self.held, self.count);
        let (fours, rest) = bytes.as_chunks::<4>();
        for four in fours {
            for &byte in four {
                let code = codes_of_bytes[usize::from(byte)];
                held |= u64::from(code & 0xffff) << count;
                count += code >> 16;
            }
            if let Some(room) = self.out.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<8>()) {
                *room = held.to_le_bytes();
            }
            let whole = count / 8;
            at += whole as usize;
            held >>= 8 * whole;
            count %= 8;
        }
        self.out.truncate(at);
        (self.held, self.count) = (held, count);
        for &byte in rest {
            let code = codes[usize::from(byte)];
            self.write(code & 0xffff, code >> 16);
        }
        let end = codes[256];
        self.write(end & 0xffff, end >> 16);
    }

    /// An empty stored block, which ends on a whole byte.
    fn flush_to_byte(&mut self) {
        self.write(0, 3);
        self.write(0, (8 - self.count) % 8);
        self.out.extend_from_slice(&[0, 0, 0xff, 0xff]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The bytes that a stream of blocks without a last one stands for.
    fn inflated(mut blocks: Vec<u8>) -> Vec<u8> {
        blocks.extend([0x03, 0x00]);
        let config = zlib_rs::InflateConfig { window_bits: -15 };
        let mut bytes = vec![0; 2_000_000];
        let (bytes, code) = zlib_rs::decompress_slice(&mut bytes, &blocks, config);
        assert_eq!(code, zlib_rs::ReturnCode::Ok);
        bytes.to_vec()
    }

    fn check(bytes: &[u8]) {
        let mut blocks = Vec::new();
        deflate(bytes, &mut blocks);
        assert!(inflated(blocks) == bytes, "{} bytes", bytes.len());
        let counts = counts(bytes);
        let lengths = code_lengths(&counts);
        let kraft: usize = lengths.iter().filter(|&&l| l > 0).map(|&l| 1 << (LONGEST - usize::from(l))).sum();
        assert!(kraft == 1 << LONGEST || bytes.is_empty());
        assert!(counts.iter().zip(lengths).all(|(&count, length)| (count > 0) == (length > 0)));
    }

    #[test]
    fn lopsided_counts_get_codes_that_fit() {
        // Fibonacci counts make the deepest tree there is.
        let mut bytes = Vec::new();
        let (mut a, mut b) = (1usize, 1usize);
        for symbol in 0..26u8 {
            bytes.extend(std::iter::repeat_n(symbol, a));
            (a, b) = (b, a + b);
        }
        check(&bytes);
        check(&[]);
        check(&[7]);
        check(&[0; 300_000]);
        check(&(0..=255).cycle().take(131_072 * 2 + 3).collect::<Vec<u8>>());
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(bytes in prop::collection::vec(prop_oneof![4 => 0u8..4, 1 => any::<u8>()], 0..3000)) {
            check(&bytes);
        }
    }
}
