//! MD5, of one content and of many at a time.

use std::{
    cmp::Reverse,
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};

use md5::{Digest, Md5};

use super::{md5_lanes::md5_of_each, parallel};

const BLOCK: usize = 256 * 1024;

/// The MD5 of a content. It is shown in lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Md5Sum([u8; 16]);

impl Md5Sum {
    /// Digests bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Md5::digest(bytes).into())
    }

    /// Digests several, which takes less time than one after another.
    pub(in crate::staticfiles) fn of_each(contents: &[&[u8]]) -> Vec<Self> {
        md5_of_each(contents).into_iter().map(Self).collect()
    }

    /// Digests many, on all processors.
    pub(in crate::staticfiles) fn of_all(contents: &[&[u8]]) -> Vec<Self> {
        let groups = by_size(0..contents.len(), |index| contents[index].len() as u64);
        let sums = parallel::map(&groups, |group| {
            let contents: Vec<&[u8]> = group.iter().map(|&index| contents[index]).collect();
            Self::of_each(&contents)
        });
        let mut all = vec![Self([0; 16]); contents.len()];
        for (index, sum) in groups.iter().flatten().zip(sums.into_iter().flatten()) {
            all[*index] = sum;
        }
        all
    }

    /// Takes the 16 bytes of a digest.
    pub(in crate::staticfiles) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns its bytes.
    pub(in crate::staticfiles) fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads 32 hex digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if !is_hex_md5(text) {
            return None;
        }
        let mut sum = [0; 16];
        for (byte, at) in sum.iter_mut().zip((0..32).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(sum))
    }

    /// Digests a file, and blocks meanwhile.
    ///
    /// # Errors
    /// What reading gives.
    pub(in crate::staticfiles) fn of_file(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut block = vec![0; BLOCK];
        let mut md5 = Md5::new();
        loop {
            match file.read(&mut block)? {
                0 => return Ok(Self(md5.finalize().into())),
                count => md5.update(&block[..count]),
            }
        }
    }
}

impl fmt::Display for Md5Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Returns bytes in lower-case hex.
#[must_use]
pub(in crate::staticfiles) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(digits.map(digit));
    text
}

pub(in crate::staticfiles) fn is_hex_md5(etag: &str) -> bool {
    etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the MD5 of bytes in memory, in hex.
#[must_use]
pub(in crate::staticfiles) fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// Groups contents for one thread each: of about one size, the largest first, so that no thread is left
/// alone with them.
pub(in crate::staticfiles) fn by_size(
    indices: impl Iterator<Item = usize>,
    size: impl Fn(usize) -> u64,
) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = indices.collect();
    order.sort_by_key(|&index| Reverse(size(index)));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for index in order {
        bytes += size(index);
        let takes_more = |group: &Vec<usize>| {
            group.len() < FEW_AT_ONCE && bytes <= FEW_BYTES
                || group.len() < MANY_AT_ONCE && bytes <= MANY_BYTES
        };
        match groups.last_mut().filter(|group| takes_more(group)) {
            Some(group) => group.push(index),
            None => {
                bytes = size(index);
                groups.push(vec![index]);
            }
        }
    }
    groups
}

/// How many contents one thread takes at a time: so many that all lanes have work, or more if they are
/// small; but not so large that the last thread is alone with them.
const FEW_AT_ONCE: usize = 16;

const FEW_BYTES: u64 = 64 * 1024 * 1024;

const MANY_AT_ONCE: usize = 256;

const MANY_BYTES: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_takes_many_small_contents_or_few_large_ones() {
        let sizes = |sizes: &[u64]| -> Vec<Vec<u64>> {
            let groups = by_size(0..sizes.len(), |index| sizes[index]);
            let sizes_of = |group: Vec<usize>| group.iter().map(|&index| sizes[index]).collect();
            groups.into_iter().map(sizes_of).collect()
        };
        let lengths =
            |groups: Vec<Vec<u64>>| -> Vec<usize> { groups.iter().map(Vec::len).collect() };

        assert_eq!(sizes(&[1, 3, 2]), [[3, 2, 1]]);
        assert_eq!(lengths(sizes(&[1; 600])), [256, 256, 88]);
        assert_eq!(lengths(sizes(&[1024 * 1024; 40])), [16, 16, 8]);
        assert_eq!(lengths(sizes(&[30 * 1024 * 1024; 5])), [2, 2, 1]);
        assert!(sizes(&[]).is_empty());
    }
}
