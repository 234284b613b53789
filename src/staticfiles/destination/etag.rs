//! Which files a bucket holds already: compares the ETags of its listing with the sources. Reads
//! sources, and asks the bucket only where an ETag tells nothing of the content.

use crate::staticfiles::support::md5::{Md5Sum, hex, is_hex_md5};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use bytes::Bytes;
use futures::StreamExt;
use md5::{Digest, Md5};
use storehouse_storage::{Error, EtagRule, Name, OpenOptions, Result, Storage};

use crate::staticfiles::{model::object::Object, sources::walk::unreadable};
use crate::storages::DIGEST_KEY;

const BLOCK: usize = 256 * 1024;

/// What is compared with an object.
#[derive(Debug, Clone, Copy)]
pub(in crate::staticfiles) struct Material<'a> {
    /// The content.
    pub(in crate::staticfiles) content: MaterialContent<'a>,
    /// Its MD5, where it is known.
    pub(in crate::staticfiles) md5: Option<Md5Sum>,
}

/// A content that can be digested.
#[derive(Debug, Clone, Copy)]
pub(in crate::staticfiles) enum MaterialContent<'a> {
    /// A file on disk.
    File(&'a Path),
    /// Bytes in memory.
    Bytes(&'a Bytes),
}

impl Material<'_> {
    /// Returns the ETag of the content by `rule`.
    ///
    /// # Errors
    /// As [`digest_file`].
    async fn digest(self, rule: EtagRule) -> Result<String> {
        match (rule, self.md5, self.content) {
            (EtagRule::Md5, Some(md5), _) => Ok(md5.to_string()),
            (_, _, MaterialContent::File(path)) => digest_file(path, rule).await,
            (_, _, MaterialContent::Bytes(bytes)) => {
                digest_of(&bytes[..], rule).map_err(Error::from_io)
            }
        }
    }
}

/// What an ETag tells of an object beside a content of its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::staticfiles) enum Told {
    /// It is the content's.
    Same,
    /// It has the form of an MD5, and is not the content's.
    Other,
    /// It is of another kind, or of parts that may have been cut in another way.
    Nothing,
}

/// Compares a content with the ETag of an object of the same size.
///
/// # Errors
/// A source that cannot be read.
pub(in crate::staticfiles) async fn by_etag(
    storage: &dyn Storage,
    object: &Object,
    material: Material<'_>,
) -> Result<Told> {
    let etag = plain_etag(object.etag.as_deref().unwrap_or_default());
    let (rule, otherwise) = match storage.etag_rule(object.size) {
        // The object may have been put in one piece, or in parts, by something else than us.
        EtagRule::Md5 | EtagRule::Md5OfParts { .. } if is_hex_md5(&etag) => {
            (EtagRule::Md5, Told::Other)
        }
        rule @ EtagRule::Md5OfParts { .. } if etag.contains('-') => (rule, Told::Nothing),
        _ => return Ok(Told::Nothing),
    };
    match material.digest(rule).await? == etag {
        true => Ok(Told::Same),
        false => Ok(otherwise),
    }
}

/// Compares a content with the digest that a push keeps beside its objects: one request.
///
/// # Errors
/// A source that cannot be read; a bucket that does not answer.
pub(in crate::staticfiles) async fn by_kept_digest(
    storage: &dyn Storage,
    name: &Name,
    material: Material<'_>,
) -> Result<bool> {
    let entry = storage.stat(name).await?;
    match entry.attributes.metadata.get(DIGEST_KEY) {
        Some(kept) => Ok(material.digest(EtagRule::Md5).await? == *kept),
        None => Ok(false),
    }
}

/// Returns the MD5 of an object's content.
///
/// # Errors
/// As [`Storage::open`], and what reading gives.
pub(in crate::staticfiles) async fn digest_object(
    storage: &dyn Storage,
    name: &Name,
) -> Result<Md5Sum> {
    let reader = storage.open(name, &OpenOptions::default()).await?;
    let mut blocks = reader.into_content();
    let mut md5 = Md5::new();
    while let Some(block) = blocks.next().await {
        md5.update(&block?);
    }
    Ok(Md5Sum::from_bytes(md5.finalize().into()))
}

/// Returns the ETag of a file's content by `rule`.
///
/// # Errors
/// What reading the file gives, with its path.
pub(in crate::staticfiles) async fn digest_file(path: &Path, rule: EtagRule) -> Result<String> {
    let owned = path.to_owned();
    let digest = tokio::task::spawn_blocking(move || digest_of(File::open(owned)?, rule)).await;
    digest
        .unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(|error| unreadable(path, error))
}

fn digest_of(content: impl Read, rule: EtagRule) -> io::Result<String> {
    match rule {
        EtagRule::Md5OfParts { part_bytes } => md5_of_parts(content, part_bytes),
        _ => md5_of_parts_binary(content, u64::MAX).map(|parts| hex(&parts.concat()[..16])),
    }
}

fn md5_of_parts(content: impl Read, part_bytes: u64) -> io::Result<String> {
    let parts = md5_of_parts_binary(content, part_bytes)?;
    Ok(format!(
        "{}-{}",
        hex(&Md5::digest(parts.concat())),
        parts.len()
    ))
}

/// The MD5 of each part; one, of nothing, for an empty content.
fn md5_of_parts_binary(mut content: impl Read, part_bytes: u64) -> io::Result<Vec<[u8; 16]>> {
    let mut block = vec![0; BLOCK];
    let mut parts = Vec::new();
    loop {
        let mut part = Md5::new();
        let mut left = part_bytes;
        while left > 0 {
            let wanted = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
            let count = content.read(&mut block[..wanted])?;
            if count == 0 {
                break;
            }
            part.update(&block[..count]);
            left -= count as u64;
        }
        if left == part_bytes && !parts.is_empty() {
            return Ok(parts);
        }
        parts.push(part.finalize().into());
        if left > 0 {
            return Ok(parts);
        }
    }
}

/// Returns an ETag as a digest would be written: in lower case, and without the mark of a weak one.
pub(in crate::staticfiles) fn plain_etag(etag: &str) -> String {
    let etag = etag.trim_start_matches("W/").trim_matches('"');
    etag.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf abcdefghij | split -b 4 --filter 'md5sum | cut -c1-32 | xxd -r -p' | md5sum
    #[test]
    fn the_tag_of_parts_is_the_digest_of_their_digests() {
        let content = &b"abcdefghij"[..];

        assert_eq!(
            digest_of(content, EtagRule::Md5).unwrap(),
            "a925576942e94b2ef57a066101b48876"
        );
        assert_eq!(
            digest_of(content, EtagRule::Md5OfParts { part_bytes: 4 }).unwrap(),
            "446feba4c1b5cc7ad93bf4d44a0e36ac-3"
        );
    }

    #[test]
    fn a_content_that_ends_with_a_part_has_no_empty_part_after_it() {
        let rule = EtagRule::Md5OfParts { part_bytes: 5 };

        assert!(digest_of(&b"abcdefghij"[..], rule).unwrap().ends_with("-2"));
        assert!(digest_of(&b""[..], rule).unwrap().ends_with("-1"));
    }
}
