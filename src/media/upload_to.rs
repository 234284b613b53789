//! Where an upload goes in its storage: Django's `upload_to`. It makes names and asks no storage whether
//! they are taken.

use std::{fmt, sync::Arc, time::SystemTime};

use chrono::{
    DateTime, Utc,
    format::{Item, StrftimeItems},
};
use storehouse_storage::{Error, ErrorKind, Name, Result, generate_filename};

use super::names::split_extension;

/// What is known of a file when its name is chosen.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPart {
    /// The field of the form.
    pub field: String,
    /// What the client calls the file, made harmless: no folders, nothing unprintable.
    pub name: String,
    /// What the bytes are; see [`crate::media`].
    pub content_type: String,
}

/// Where uploads go: a folder, a pattern, or what a function says.
///
/// | pattern | `cat.png`, on the first of May 2026 |
/// |---|---|
/// | `avatars` | `avatars/cat.png` |
/// | `photos/%Y/%m/%d` | `photos/2026/05/01/cat.png` |
/// | `photos/{hash}` | `photos/` and the SHA-256 of the content in hexadecimal, `.png` |
/// | `photos/{random}` | `photos/` and 128 random bits in hexadecimal, `.png` |
/// | `{random}/` | the random bits, `/cat.png` |
///
/// Dates are those of `strftime`, in UTC. Last, the name is made by [`generate_filename`], as in Django.
///
/// ```
/// use storehouse::media::UploadTo;
///
/// let by_day = UploadTo::pattern("photos/%Y/%m/%d")?;
/// assert!(UploadTo::pattern("photos/%!").is_err());
/// assert!(UploadTo::pattern("../photos").is_err());
/// # Ok::<(), storehouse::storage::Error>(())
/// ```
#[derive(Clone)]
pub struct UploadTo(Rule);

type NameFunction = dyn Fn(&UploadedPart) -> Result<Name> + Send + Sync;

#[derive(Clone)]
enum Rule {
    Pattern(Arc<[Piece]>),
    Function(Arc<NameFunction>),
}

enum Piece {
    Text(Vec<Item<'static>>),
    Hash,
    Random,
}

impl UploadTo {
    /// Reads a pattern; an empty one puts files directly into the storage.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for a directive or a `{word}` that is not known, and for a pattern
    /// that leads out of the storage.
    pub fn pattern(pattern: &str) -> Result<Self> {
        let wrong = |why: String| {
            Error::configuration(format!("the pattern {pattern:?} of upload_to {why}"))
        };
        let mut pieces = Vec::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once('{') {
            pieces.push(Piece::text(before).map_err(wrong)?);
            let Some((word, after)) = after.split_once('}') else {
                return Err(wrong("has a { without its }".to_owned()));
            };
            pieces.push(match word {
                "hash" => Piece::Hash,
                "random" => Piece::Random,
                _ => {
                    return Err(wrong(format!(
                        "has {{{word}}} in it; known are {{hash}} and {{random}}"
                    )));
                }
            });
            rest = after;
        }
        pieces.push(Piece::text(rest).map_err(wrong)?);
        let upload_to = Self(Rule::Pattern(pieces.into()));
        let example = UploadedPart {
            field: String::new(),
            name: "example".to_owned(),
            content_type: String::new(),
        };
        let tried = upload_to.name(&example, Some("0"), SystemTime::UNIX_EPOCH);
        tried.map_err(|error| {
            wrong(format!("makes no names: {}", error.problem())).with_source(error)
        })?;
        Ok(upload_to)
    }

    /// Asks a function for the whole name, for each file.
    ///
    /// An error of [`ErrorKind::InvalidName`] refuses the upload as the client's mistake.
    ///
    /// ```
    /// use storehouse::{media::UploadTo, storage::Name};
    ///
    /// let of_tenant = UploadTo::function(|part| Name::new(format!("tenants/7/{}", part.name)));
    /// ```
    pub fn function(name: impl Fn(&UploadedPart) -> Result<Name> + Send + Sync + 'static) -> Self {
        Self(Rule::Function(Arc::new(name)))
    }

    /// Returns whether a name can be made only of the whole content.
    pub(super) fn needs_content(&self) -> bool {
        match &self.0 {
            Rule::Pattern(pieces) => pieces.iter().any(|piece| matches!(piece, Piece::Hash)),
            Rule::Function(_) => false,
        }
    }

    /// Makes the name of a file. `hash` is there if [`needs_content`](Self::needs_content).
    pub(super) fn name(
        &self,
        part: &UploadedPart,
        hash: Option<&str>,
        now: SystemTime,
    ) -> Result<Name> {
        match &self.0 {
            Rule::Pattern(pieces) => generate_filename(&path(pieces, part, hash, now)?),
            Rule::Function(name) => generate_filename(name(part)?.as_str()),
        }
    }
}

impl Default for UploadTo {
    /// Directly into the storage.
    fn default() -> Self {
        Self(Rule::Pattern(Arc::new([])))
    }
}

impl fmt::Debug for UploadTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Rule::Pattern(_) => "UploadTo::pattern(…)",
            Rule::Function(_) => "UploadTo::function(…)",
        })
    }
}

impl Piece {
    fn text(text: &str) -> Result<Self, String> {
        let items = StrftimeItems::new(text).parse_to_owned();
        items
            .map(Self::Text)
            .map_err(|_| "has a directive after % that strftime does not have".to_owned())
    }
}

fn path(
    pieces: &[Piece],
    part: &UploadedPart,
    hash: Option<&str>,
    now: SystemTime,
) -> Result<String> {
    let now = DateTime::<Utc>::from(now);
    let mut path = String::new();
    // Whether what was made instead of the file's name is in the last part of the path.
    let mut is_named = false;
    for piece in pieces {
        let made = match piece {
            Piece::Text(items) => now.format_with_items(items.iter()).to_string(),
            Piece::Hash => hash.unwrap_or_default().to_owned(),
            Piece::Random => random()?,
        };
        is_named = match piece {
            Piece::Text(_) => is_named && !made.contains('/'),
            Piece::Hash | Piece::Random => true,
        };
        path.push_str(&made);
    }
    if is_named {
        return Ok(path + split_extension(&part.name).1);
    }
    if !path.is_empty() && !path.ends_with('/') {
        path.push('/');
    }
    Ok(path + &part.name)
}

fn random() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(ErrorKind::Other, format!("no random numbers: {error}")))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn part(name: &str) -> UploadedPart {
        UploadedPart {
            field: "photo".to_owned(),
            name: name.to_owned(),
            content_type: "image/png".to_owned(),
        }
    }

    /// 2026-05-01, 07:08:09.
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_777_619_289)
    }

    fn name(pattern: &str, file: &str) -> String {
        let upload_to = UploadTo::pattern(pattern).unwrap();
        upload_to
            .name(&part(file), Some("5ca1ab1e"), now())
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_pattern_makes_a_name() {
        for (pattern, file, expected) in [
            ("", "my cat.png", "my_cat.png"),
            ("avatars", "cat.png", "avatars/cat.png"),
            ("avatars/", "cat.png", "avatars/cat.png"),
            ("photos/%Y/%m/%d", "cat.png", "photos/2026/05/01/cat.png"),
            ("%Y%j-%H.%M.%S", "cat.png", "2026121-07.08.09/cat.png"),
            ("100%%", "cat.png", "100%/cat.png"),
            ("{hash}", "my cat.png", "5ca1ab1e.png"),
            ("a/{hash}", "cat.tar.gz", "a/5ca1ab1e.gz"),
            ("a/%Y-{hash}", "cat", "a/2026-5ca1ab1e"),
            ("{hash}/", "cat.png", "5ca1ab1e/cat.png"),
            ("{hash}/x", "cat.png", "5ca1ab1e/x/cat.png"),
        ] {
            assert_eq!(name(pattern, file), expected, "{pattern} {file}");
        }
    }

    #[test]
    fn random_names_are_128_bits_and_differ() {
        let (one, other) = (name("a/{random}", "cat.png"), name("a/{random}", "cat.png"));

        assert_ne!(one, other);
        assert_eq!((one.len(), &one[..2], &one[34..]), (38, "a/", ".png"));
    }

    #[test]
    fn a_pattern_that_cannot_work_is_refused_when_it_is_made() {
        for pattern in [
            "%!", "a%", "{", "{hash", "{sha}", "{}", "/a", "../a", "a/../b", "a\0",
        ] {
            let error = UploadTo::pattern(pattern).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Configuration, "{pattern}");
            assert!(error.to_string().contains("upload_to"), "{error}");
        }
    }

    #[test]
    fn a_function_is_told_of_the_file() {
        let upload_to =
            UploadTo::function(|part| Name::new(format!("{}/{}", part.field, part.name)));

        let made = upload_to.name(&part("my cat.png"), None, now()).unwrap();

        assert_eq!(made.as_str(), "photo/my_cat.png");
        assert!(!upload_to.needs_content());
        assert!(UploadTo::pattern("{hash}").unwrap().needs_content());
    }
}
