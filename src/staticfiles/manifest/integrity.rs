//! Subresource integrity: the digests by which a browser checks what it was sent, kept in a file
//! beside the manifest, which stays Django's. Nothing here reads a static file: who writes one
//! passes its bytes.
//!
//! A digest is of the bytes under the hashed name, and that name is its key: what the manifest says
//! a file is stored as. The form of a digest is that of W3C Subresource Integrity, section 3.1: the
//! hash's name, `-`, Base64. The file, `staticfiles.integrity.json` beside `staticfiles.json`, has
//! its names sorted:
//!
//! ```json
//! {"version": "1", "integrity": {"css/app.5d41402abc4b.css": "sha384-WeF0h3dEjGnea4ANejO7+5/xtGPkQ1TDVTvNucZm+pASWjx5+QOXvfX2oT3oKGhP"}}
//! ```
//!
//! The two files cannot be replaced at once, so the digests come first, and those of earlier hashed
//! files stay as long as the files do: they fit the manifest before a push, the one after it, and
//! any to which a rollback goes.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use sha2::{Digest, Sha256, Sha384, Sha512};
use storehouse_storage::{Error, ErrorKind, Name, Result, Storage};

use super::{Manifest, load_json};
use crate::staticfiles::{
    destination::listing::Destination,
    model::write::{Kind, Write, WriteContent},
    sources::walk::unreadable,
    support::{
        md5::Md5Sum,
        parallel,
        python::{json::push_string, path},
    },
};
use crate::storages::IntegrityHash;

/// How much of a file is read at once.
const BLOCK: usize = 256 * 1024;

/// The version that is written and read.
const VERSION: &str = "1";

/// The names of the hashes, and how many bytes each gives.
const HASHES: [(&str, usize); 3] = [("sha256", 32), ("sha384", 48), ("sha512", 64)];

/// The digests of static files by the names they are stored under. Cheap to clone.
///
/// ```
/// use storehouse::{staticfiles::{Integrity, sri}, storages::IntegrityHash};
///
/// let digest = sri(b"alert('Hello, world.');", IntegrityHash::Sha384);
/// let integrity: Integrity = [("js/app.0123456789ab.js".to_owned(), digest)].into_iter().collect();
///
/// let read = Integrity::from_json(integrity.to_json().as_bytes())?;
/// assert_eq!(
///     read.get("js/app.0123456789ab.js"),
///     Some("sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO")
/// );
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Integrity {
    digests: Arc<BTreeMap<String, String>>,
}

impl Integrity {
    /// Reads `staticfiles.integrity.json`.
    ///
    /// # Errors
    /// [`ErrorKind::Integrity`] if it is damaged, or of a version that is not known.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let document: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| damaged(format!("no JSON: {error}")))?;
        let Some(version) = document.get("version") else {
            return Err(damaged("without a version".to_owned()));
        };
        if version != VERSION {
            return Err(damaged(format!(
                "of version {version}, and known is {VERSION:?}"
            )));
        }
        let Some(pairs) = document
            .get("integrity")
            .and_then(serde_json::Value::as_object)
        else {
            return Err(damaged("without digests".to_owned()));
        };
        pairs
            .iter()
            .map(|(name, digest)| match digest.as_str() {
                Some(digest) if is_digest(digest) => Ok((name.clone(), digest.to_owned())),
                _ => Err(damaged(format!("wrong at {name:?}, which has no digest"))),
            })
            .collect()
    }

    /// Reads the file `name` of a storage; see [`integrity_name`].
    ///
    /// # Errors
    /// As [`Storage::open`]; as [`from_json`](Self::from_json), with the name.
    pub async fn load(storage: &dyn Storage, name: &Name) -> Result<Self> {
        let missing = "run collectstatic, which writes it where the option integrity is set";
        load_json(storage, name, Self::from_json, missing).await
    }

    /// Returns the digests as `staticfiles.integrity.json`: the same bytes for the same digests.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{\"version\": ");
        push_string(&mut json, VERSION);
        json.push_str(", \"integrity\": {");
        for (index, (name, digest)) in self.digests.iter().enumerate() {
            if index > 0 {
                json.push_str(", ");
            }
            push_string(&mut json, name);
            json.push_str(": ");
            push_string(&mut json, digest);
        }
        json.push_str("}}");
        json
    }

    /// Returns the digest of what is stored under `stored`, a name with a hash in it.
    #[must_use]
    pub fn get(&self, stored: &str) -> Option<&str> {
        self.digests.get(stored).map(String::as_str)
    }

    /// Adds the digests of `earlier` files that stay. Those of this run win.
    #[must_use]
    pub(in crate::staticfiles) fn with_earlier(
        self,
        earlier: &Self,
        stays: impl Fn(&str) -> bool,
    ) -> Self {
        let kept = earlier.digests.iter().filter(|(name, _)| stays(name));
        kept.chain(&*self.digests)
            .map(|(name, digest)| (name.clone(), digest.clone()))
            .collect()
    }
}

impl FromIterator<(String, String)> for Integrity {
    /// Takes pairs of the name a file is stored under and the digest of what is stored.
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self {
            digests: Arc::new(pairs.into_iter().collect()),
        }
    }
}

/// Returns the name of the digests' file, from that of the manifest.
///
/// ```
/// use storehouse::{staticfiles::integrity_name, storage::Name};
///
/// let name = integrity_name(&Name::new("staticfiles.json")?)?;
/// assert_eq!(name.as_str(), "staticfiles.integrity.json");
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidName`] if it would be too long.
pub fn integrity_name(manifest_name: &Name) -> Result<Name> {
    let (folder, file) = path::split(manifest_name.as_str());
    let (root, extension) = path::splitext(file);
    let file = format!("{root}.integrity{extension}");
    Name::new(path::join(folder, &file))
}

/// Makes the digests of all that `manifest` names, from the `writes` of these files.
///
/// # Errors
/// A source that cannot be read.
pub(in crate::staticfiles) async fn of_writes(
    manifest: &Manifest,
    writes: &[Write],
    hash: IntegrityHash,
) -> Result<Integrity> {
    let contents: HashMap<&str, &WriteContent> = writes
        .iter()
        .map(|write| (write.name.as_str(), &write.content))
        .collect();
    let named: BTreeMap<&str, &WriteContent> = manifest
        .iter()
        .filter_map(|(_, stored)| Some((stored, *contents.get(stored)?)))
        .collect();
    let named: Vec<(String, WriteContent)> = named
        .into_iter()
        .map(|(stored, content)| (stored.to_owned(), content.clone()))
        .collect();
    parallel::on_the_blocking_pool(move || {
        let size = |(_, content): &(String, WriteContent)| content.size();
        let digests = parallel::map_by_size(&named, size, |(_, content)| digest(content, hash));
        let stored = named.into_iter().map(|(stored, _)| stored);
        stored
            .zip(digests)
            .map(|(stored, digest)| Ok((stored, digest?)))
            .collect()
    })
    .await?
}

/// Makes the write of the digests.
pub(in crate::staticfiles) fn write(
    digests: &Integrity,
    name: &Name,
    there: &Destination,
) -> Write {
    let json = Bytes::from(digests.to_json());
    let md5 = Md5Sum::of(&json);
    let content = WriteContent::Bytes(json);
    Write {
        md5: Some(md5),
        there: there.get(Kind::Integrity, name).cloned(),
        ..Write::new(name.clone(), Kind::Integrity, name.clone(), content)
    }
}

fn digest(content: &WriteContent, hash: IntegrityHash) -> Result<String> {
    let (file, held) = match content {
        WriteContent::Bytes(bytes) => return Ok(sri(bytes, hash)),
        WriteContent::Source { file, held } => (file, held.as_ref()),
        WriteContent::Link(file) => (file, None),
        WriteContent::AsItIs { .. } => {
            return Err(Error::new(ErrorKind::Other, "a content was not read"));
        }
    };
    if let Some(bytes) = held {
        return Ok(sri(bytes, hash));
    }
    let mut hasher = SriHasher::new(hash);
    let copied = fs::File::open(&file.path).and_then(|file| {
        let mut file = io::BufReader::with_capacity(BLOCK, file);
        loop {
            let block = io::BufRead::fill_buf(&mut file)?;
            if block.is_empty() {
                return Ok(());
            }
            hasher.update(block);
            let count = block.len();
            io::BufRead::consume(&mut file, count);
        }
    });
    copied.map_err(|error| unreadable(&file.path, error))?;
    Ok(hasher.finish())
}

/// Returns the digest of a content as the attribute `integrity` takes it.
#[must_use]
pub fn sri(content: &[u8], hash: IntegrityHash) -> String {
    let mut hasher = SriHasher::new(hash);
    hasher.update(content);
    hasher.finish()
}

/// Makes the digest of a content that comes in blocks.
///
/// ```
/// use storehouse::{staticfiles::{SriHasher, sri}, storages::IntegrityHash};
///
/// let mut hasher = SriHasher::new(IntegrityHash::Sha256);
/// hasher.update(b"two ");
/// hasher.update(b"blocks");
///
/// assert_eq!(hasher.finish(), sri(b"two blocks", IntegrityHash::Sha256));
/// ```
#[derive(Debug, Clone)]
pub struct SriHasher(Hasher);

#[derive(Debug, Clone)]
enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl SriHasher {
    /// Starts with an empty content.
    #[must_use]
    pub fn new(hash: IntegrityHash) -> Self {
        Self(match hash {
            IntegrityHash::Sha256 => Hasher::Sha256(Sha256::new()),
            IntegrityHash::Sha384 => Hasher::Sha384(Sha384::new()),
            IntegrityHash::Sha512 => Hasher::Sha512(Sha512::new()),
        })
    }

    /// Adds a block.
    pub fn update(&mut self, block: &[u8]) {
        match &mut self.0 {
            Hasher::Sha256(hasher) => hasher.update(block),
            Hasher::Sha384(hasher) => hasher.update(block),
            Hasher::Sha512(hasher) => hasher.update(block),
        }
    }

    /// Returns the digest of all blocks.
    #[must_use]
    pub fn finish(self) -> String {
        match self.0 {
            Hasher::Sha256(hasher) => format!("sha256-{}", STANDARD.encode(hasher.finalize())),
            Hasher::Sha384(hasher) => format!("sha384-{}", STANDARD.encode(hasher.finalize())),
            Hasher::Sha512(hasher) => format!("sha512-{}", STANDARD.encode(hasher.finalize())),
        }
    }
}

/// A browser ignores what it does not know, and then checks nothing: so what looks like no digest
/// is refused here.
fn is_digest(text: &str) -> bool {
    let Some((hash, encoded)) = text.split_once('-') else {
        return false;
    };
    let size = STANDARD.decode(encoded).map(|bytes| bytes.len());
    HASHES
        .iter()
        .any(|(name, bytes)| *name == hash && size == Ok(*bytes))
}

fn damaged(how: String) -> Error {
    Error::new(
        ErrorKind::Integrity,
        format!("the file of integrity digests is {how}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // By `openssl dgst -sha256 -binary | base64`, and so on.
    #[test]
    fn a_digest_is_what_openssl_makes() {
        for (hash, expected) in [
            (
                IntegrityHash::Sha256,
                "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
            ),
            (
                IntegrityHash::Sha384,
                "sha384-WeF0h3dEjGnea4ANejO7+5/xtGPkQ1TDVTvNucZm+pASWjx5+QOXvfX2oT3oKGhP",
            ),
            (
                IntegrityHash::Sha512,
                "sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==",
            ),
        ] {
            assert_eq!(sri(b"hello", hash), expected);
        }
    }

    #[test]
    fn the_file_is_sorted_and_ascii() {
        let pairs = [("é.js", "sha256-B"), ("a.css", "sha256-A")];
        let integrity: Integrity = pairs
            .map(|(name, digest)| (name.to_owned(), digest.to_owned()))
            .into_iter()
            .collect();

        assert_eq!(
            integrity.to_json(),
            r#"{"version": "1", "integrity": {"a.css": "sha256-A", "\u00e9.js": "sha256-B"}}"#
        );
    }

    #[test]
    fn what_was_written_can_be_read() {
        let digest = sri(b"", IntegrityHash::Sha512);
        let integrity: Integrity = [("é\"😀".to_owned(), digest)].into_iter().collect();

        let read = Integrity::from_json(integrity.to_json().as_bytes()).unwrap();
        assert_eq!(read, integrity);
    }

    #[test]
    fn digests_of_earlier_files_stay_as_long_as_the_files_do() {
        let of = |pairs: &[(&str, &str)]| -> Integrity {
            let pairs = pairs.iter();
            pairs
                .map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned()))
                .collect()
        };
        let earlier = of(&[("a.1.js", "old"), ("gone.1.js", "old"), ("a.2.js", "wrong")]);

        let all = of(&[("a.2.js", "new")]).with_earlier(&earlier, |name| name != "gone.1.js");

        assert_eq!(all, of(&[("a.1.js", "old"), ("a.2.js", "new")]));
    }

    #[test]
    fn a_file_that_cannot_be_used_says_why() {
        for (json, why) in [
            ("{", "no JSON"),
            ("[]", "without a version"),
            (r#"{"version": "2", "integrity": {}}"#, "of version \"2\""),
            (r#"{"version": "1"}"#, "without digests"),
            (r#"{"version": "1", "integrity": []}"#, "without digests"),
            (
                r#"{"version": "1", "integrity": {"a": 1}}"#,
                "wrong at \"a\"",
            ),
            (
                r#"{"version": "1", "integrity": {"a": "sha384-"}}"#,
                "wrong at \"a\"",
            ),
            (
                r#"{"version": "1", "integrity": {"a": "md5-XUFAKrxLKna5cZ2REBfFkg=="}}"#,
                "wrong at \"a\"",
            ),
        ] {
            let error = Integrity::from_json(json.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(why), "{json}: {error}");
        }
    }

    #[test]
    fn the_file_lies_beside_the_manifest() {
        for (manifest, expected) in [
            ("staticfiles.json", "staticfiles.integrity.json"),
            ("meta/v1.manifest.json", "meta/v1.manifest.integrity.json"),
            ("meta.d/manifest", "meta.d/manifest.integrity"),
            (".hidden", ".hidden.integrity"),
        ] {
            let name = integrity_name(&Name::new(manifest).unwrap()).unwrap();
            assert_eq!(name.as_str(), expected);
        }
    }
}
