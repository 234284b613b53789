//! MD5 of several contents at once, in the lanes of SIMD registers: all of collecting waits for
//! digests, and in one MD5 each step waits for the one before. Sixteen side by side take from a fifth
//! (SSE2) to a twelfth (AVX-512) of the time of one after another.
//!
//! RFC 1321. What it is for is names, not secrets.

use std::array;

use fearless_simd::{Level, Simd, dispatch, prelude::*, u32x16};
use md5::{Digest, Md5};

const LANES: usize = 16;
/// Fewer are digested sooner one by one.
const LEAST: usize = 3;
/// A block of MD5, in bytes.
const BLOCK: usize = 64;
/// A, B, C and D at the start.
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
/// The integer parts of 2³² |sin(i + 1)|.
const SINES: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

/// Returns the MD5 of each content. It is fast where each has others of about its length beside it.
pub(in crate::staticfiles) fn md5_of_each(contents: &[&[u8]]) -> Vec<[u8; 16]> {
    if contents.len() < LEAST {
        let alone = contents.iter().map(|content| Md5::digest(content).into());
        return alone.collect();
    }
    dispatch!(Level::new(), simd => in_lanes(simd, contents))
}

// This and all that it calls is inlined: only so is it compiled for the processor that it runs on.
#[inline(always)]
fn in_lanes<S: Simd>(simd: S, contents: &[&[u8]]) -> Vec<[u8; 16]> {
    let mut order: Vec<usize> = (0..contents.len()).collect();
    // The longest first, so that no lane is left alone with it.
    order.sort_unstable_by_key(|&index| contents[index].len());
    let mut next = || order.pop().map(|index| Lane::new(index, contents[index]));
    let mut sums = vec![[0; 16]; contents.len()];
    let mut state = START.map(|word| u32x16::splat(simd, word));
    let mut lanes: [Option<Lane<'_>>; LANES] = array::from_fn(|_| next());
    while let Some(shortest) = lanes
        .iter()
        .flatten()
        .map(Lane::at_hand)
        .min_by_key(|run| run.len())
    {
        let length = shortest.len();
        // A lane with nothing to do does what another does, for nothing.
        let run = |at: usize| lanes[at].as_ref().map_or(shortest, Lane::at_hand);
        compress(simd, &mut state, array::from_fn(|at| &run(at)[..length]));
        for (at, place) in lanes.iter_mut().enumerate() {
            let Some(lane) = place else { continue };
            lane.advance(length);
            if lane.at_hand().is_empty() {
                sums[lane.index] = restart(&mut state, at);
                *place = next();
            }
        }
    }
    sums
}

/// One content on its way through a lane.
struct Lane<'a> {
    index: usize,
    /// Whole blocks that are left.
    body: &'a [u8],
    /// What comes after them: the rest, a bit, zeros and the length in bits, in one or two blocks.
    tail: [u8; 2 * BLOCK],
    /// Where what is left of the tail begins.
    tail_at: usize,
}

impl<'a> Lane<'a> {
    fn new(index: usize, content: &'a [u8]) -> Self {
        let (body, rest) = content.split_at(content.len() / BLOCK * BLOCK);
        let bits = (content.len() as u64).wrapping_mul(8).to_le_bytes();
        let mut tail = [0; 2 * BLOCK];
        // Two blocks, or only the second: they end with the length.
        let tail_at = match rest.len() + 1 + bits.len() <= BLOCK {
            true => BLOCK,
            false => 0,
        };
        let padding = tail_at + rest.len();
        tail[tail_at..padding].copy_from_slice(rest);
        tail[padding] = 0x80;
        tail[2 * BLOCK - bits.len()..].copy_from_slice(&bits);
        Self {
            index,
            body,
            tail,
            tail_at,
        }
    }

    /// The blocks that lie together: of the content, then of the tail.
    fn at_hand(&self) -> &[u8] {
        match self.body {
            [] => &self.tail[self.tail_at..],
            body => body,
        }
    }

    fn advance(&mut self, length: usize) {
        match self.body {
            [] => self.tail_at += length,
            body => self.body = &body[length..],
        }
    }
}

/// Returns the digest in a lane, and begins another there.
#[inline(always)]
fn restart<S: Simd>(state: &mut [u32x16<S>; 4], lane: usize) -> [u8; 16] {
    let mut sum = [0; 16];
    for ((register, start), bytes) in state.iter_mut().zip(START).zip(sum.chunks_exact_mut(4)) {
        bytes.copy_from_slice(&register[lane].to_le_bytes());
        register[lane] = start;
    }
    sum
}

/// Takes whole blocks of all lanes, equally many of each.
#[inline(always)]
fn compress<S: Simd>(simd: S, state: &mut [u32x16<S>; 4], runs: [&[u8]; LANES]) {
    let blocks = runs[0].len() / BLOCK;
    // Cut to what is known to be equal, so that no block is checked for being there.
    let runs = runs.map(|run| &run.as_chunks::<BLOCK>().0[..blocks]);
    for at in 0..blocks {
        let words = transposed(runs.map(|run| {
            let row: [u32; 16] = array::from_fn(|place| word(&run[at], place));
            u32x16::simd_from(simd, row)
        }));
        let mut mixed = *state;
        mixed = round::<S, 0, 7, 12, 17, 22>(mixed, &words);
        mixed = round::<S, 1, 5, 9, 14, 20>(mixed, &words);
        mixed = round::<S, 2, 4, 11, 16, 23>(mixed, &words);
        mixed = round::<S, 3, 6, 10, 15, 21>(mixed, &words);
        for (register, mixed) in state.iter_mut().zip(mixed) {
            *register += mixed;
        }
    }
}

/// Makes columns of rows: shuffling the halves into each other, four times, is turning the square.
#[inline(always)]
fn transposed<S: Simd>(mut rows: [u32x16<S>; 16]) -> [u32x16<S>; 16] {
    for _ in 0..4 {
        rows = array::from_fn(|at| {
            let (one, other) = (rows[at / 2], rows[at / 2 + 8]);
            match at % 2 {
                0 => one.zip_low(other),
                _ => one.zip_high(other),
            }
        });
    }
    rows
}

#[inline(always)]
fn word(block: &[u8; BLOCK], at: usize) -> u32 {
    let at = 4 * at;
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

/// Sixteen steps; `S0` to `S3` are by how many bits they rotate.
#[inline(always)]
fn round<
    S: Simd,
    const ROUND: usize,
    const S0: u32,
    const S1: u32,
    const S2: u32,
    const S3: u32,
>(
    [mut a, mut b, mut c, mut d]: [u32x16<S>; 4],
    words: &[u32x16<S>; 16],
) -> [u32x16<S>; 4] {
    for at in [0, 4, 8, 12] {
        let input = |at: usize| {
            let word = match ROUND {
                0 => at,
                1 => 5 * at + 1,
                2 => 3 * at + 5,
                _ => 7 * at,
            };
            words[word % 16] + SINES[16 * ROUND + at]
        };
        a = step::<S, ROUND, S0>(a, b, c, d, input(at));
        d = step::<S, ROUND, S1>(d, a, b, c, input(at + 1));
        c = step::<S, ROUND, S2>(c, d, a, b, input(at + 2));
        b = step::<S, ROUND, S3>(b, c, d, a, input(at + 3));
    }
    [a, b, c, d]
}

#[inline(always)]
fn step<S: Simd, const ROUND: usize, const SHIFT: u32>(
    a: u32x16<S>,
    b: u32x16<S>,
    c: u32x16<S>,
    d: u32x16<S>,
    input: u32x16<S>,
) -> u32x16<S> {
    // F, G, H and I of the RFC; F and G with one operation less.
    let mixed = match ROUND {
        0 => d ^ (b & (c ^ d)),
        1 => c ^ (d & (b ^ c)),
        2 => b ^ c ^ d,
        _ => c ^ (b | !d),
    };
    let sum = a + mixed + input;
    b + ((sum << SHIFT) | (sum >> (32 - SHIFT)))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn one_by_one(contents: &[&[u8]]) -> Vec<[u8; 16]> {
        contents
            .iter()
            .map(|content| Md5::digest(content).into())
            .collect()
    }

    #[test]
    fn every_length_around_a_block_is_digested_as_alone() {
        let text: Vec<u8> = (0..200_u8).collect();
        let contents: Vec<&[u8]> = (0..text.len()).map(|length| &text[..length]).collect();

        assert_eq!(md5_of_each(&contents), one_by_one(&contents));
    }

    proptest! {
        #[test]
        fn contents_of_any_lengths_are_digested_as_alone(
            contents in vec(vec(any::<u8>(), 0..2000), 0..40),
        ) {
            let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();

            prop_assert_eq!(md5_of_each(&contents), one_by_one(&contents));
        }
    }
}
