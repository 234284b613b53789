//! Names: the validated key of an object in a storage, and the names tried when one is taken.
//! Nothing here looks into a storage.
//!
//! The rules are Django's: `validate_file_name`, `get_valid_filename` and
//! `Storage.get_available_name` of `django/core/files/{utils,storage/base}.py` and
//! `django/utils/text.py`, version 6.1. A [`Name`] is checked and brought to its one form when it
//! is made; after that nothing changes it, so a check can never be undone by a later step.
//!
//! ```
//! use storehouse_storage::Name;
//!
//! let name = Name::new("css//site/./app.css")?;
//! assert_eq!(name.as_str(), "css/site/app.css");
//! assert_eq!(name.file_name(), "app.css");
//!
//! assert!(Name::new("../settings.py").is_err());
//! # Ok::<(), storehouse_storage::Error>(())
//! ```

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::{
    capabilities::Capabilities,
    error::{Error, ErrorKind, Result},
};

/// Linux's `PATH_MAX` less its NUL: no storage takes a longer name, most take less.
const MAX_BYTES: usize = 4095;

/// The name of an object in a storage: relative, `/`-separated, UTF-8, never empty.
///
/// No part is empty, `.` or `..`, and there is no NUL. It is at most 4,095 bytes long; a storage
/// may take less ([`Capabilities`](crate::Capabilities)). A clone shares the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// Checks `text` and brings it to its one form: `\` becomes `/`, `.` and empty parts go.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] for a text that is empty, absolute, ends in a separator, has a
    /// `..` or a NUL, or is over 4,095 bytes long.
    pub fn new(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref();
        // First, so that a name of megabytes costs nothing.
        if text.len() > MAX_BYTES {
            let problem = format!(
                "the name has {} bytes, at most {MAX_BYTES} are allowed",
                text.len()
            );
            return Err(Error::new(ErrorKind::InvalidName, problem));
        }
        if is_in_its_one_form(text) {
            return Ok(Self(text.into()));
        }
        let refuse = |why: &str| Err(Error::new(ErrorKind::InvalidName, why).during_name(text));
        let slashed = text.replace('\\', "/");
        let last = slashed.rsplit('/').next().unwrap_or_default();
        if matches!(last, "" | "." | "..") {
            return refuse("a file name cannot be derived from it");
        }
        if slashed.starts_with('/') {
            return refuse("it is absolute; names are relative to the storage");
        }
        if slashed.contains('\0') {
            return refuse("it has a NUL character");
        }
        if slashed.split('/').any(|part| part == "..") {
            return refuse("it climbs out with `..`");
        }
        let parts: Vec<&str> = slashed
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect();
        Ok(Self(parts.join("/").into()))
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last part, as `app.css` of `css/app.css`.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.split().1
    }

    /// Returns all but the last part, as `css` of `css/app.css`.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.split().0.map(|folder| Self(folder.into()))
    }

    /// Returns the parts in order; none of them is empty, `.` or `..`.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// Returns `self/name`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] if both together are too long.
    pub fn join(&self, name: &Self) -> Result<Self> {
        Self::new(format!("{self}/{name}"))
    }

    /// Returns the part of the name below `folder`, as `app.css` of `css/app.css` below `css`.
    #[must_use]
    pub fn strip_folder(&self, folder: &Self) -> Option<Self> {
        let rest = self.0.strip_prefix(folder.as_str())?.strip_prefix('/')?;
        Some(Self(rest.into()))
    }

    /// Returns the name shortened to `max_length` characters by cutting the end of its root, as
    /// Django does when it may overwrite: the folder and the extension are never cut.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] if nothing of the root would be left.
    pub fn shortened(&self, max_length: usize) -> Result<Self> {
        let over = self.0.chars().count().saturating_sub(max_length);
        if over == 0 {
            return Ok(self.clone());
        }
        let pieces = Pieces::of(self);
        let root = drop_last(pieces.root, over).ok_or_else(|| no_room(self, max_length))?;
        Ok(pieces.with_root(root))
    }

    fn split(&self) -> (Option<&str>, &str) {
        match self.0.rsplit_once('/') {
            Some((folder, file)) => (Some(folder), file),
            None => (None, &self.0),
        }
    }
}

/// Whether there is nothing to bring to another form, and nothing to refuse: so it is with most.
fn is_in_its_one_form(text: &str) -> bool {
    !text.contains(['\\', '\0']) && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Returns the names to try for `name`, first to last: Django's `get_available_name`.
///
/// The first is `name` itself; the others have `_` and seven random characters of `a-zA-Z0-9`
/// before the extension. With `max_length` (in characters, of the whole name) a name that is too
/// long counts as taken, and the root is cut to make room; so it is cut for what a storage takes
/// ([`within`](Self::within)). There is no end to them.
///
/// ```
/// use storehouse_storage::{Candidates, Name};
///
/// let mut names = Candidates::new(Name::new("dump/site.tar.gz")?, None);
///
/// assert_eq!(names.next_name()?.as_str(), "dump/site.tar.gz");
/// let second = names.next_name()?;
/// assert!(second.as_str().starts_with("dump/site_") && second.as_str().ends_with(".tar.gz"));
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Candidates {
    name: Name,
    max_length: Option<usize>,
    /// In bytes, of the whole name and of its last part.
    limits: Option<(usize, usize)>,
    /// Put before each name after the length was looked at; see [`Target::below`].
    folder: Option<Name>,
    /// What is left of the root; `None` until the name itself was given out.
    root: Option<String>,
}

impl Candidates {
    /// Starts with `name`; `max_length` counts characters.
    #[must_use]
    pub fn new(name: Name, max_length: Option<usize>) -> Self {
        Self {
            name,
            max_length,
            limits: None,
            folder: None,
            root: None,
        }
    }

    /// Cuts the root of the names after the first so that the storage can have them too, which takes names
    /// of so many bytes: what is added makes some too long. The first is not cut, for the storage to refuse.
    #[must_use]
    pub fn within(mut self, capabilities: &Capabilities) -> Self {
        self.limits = Some((capabilities.max_name_bytes, capabilities.max_part_bytes));
        self
    }

    /// Returns the next name to try.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] if `max_length` leaves no room for a root, or the system has no
    /// random numbers.
    pub fn next_name(&mut self) -> Result<Name> {
        let name = self.next_plain()?;
        match &self.folder {
            Some(folder) => folder.join(&name),
            None => Ok(name),
        }
    }

    fn next_plain(&mut self) -> Result<Name> {
        let fits = |name: &Name| {
            self.max_length
                .is_none_or(|max| name.0.chars().count() <= max)
        };
        let Some(root) = &mut self.root else {
            self.root = Some(Pieces::of(&self.name).root.to_owned());
            if fits(&self.name) {
                return Ok(self.name.clone());
            }
            return self.next_plain();
        };
        let pieces = Pieces::of(&self.name);
        if let Some(max) = self.max_length {
            // What is added is `_` and seven characters; the cut stays for the names after this one.
            let over = (self.name.0.chars().count() - pieces.root.chars().count()
                + root.chars().count()
                + SUFFIX_LENGTH)
                .saturating_sub(max);
            if over > 0 {
                *root = drop_last(root, over)
                    .ok_or_else(|| no_room(&self.name, max))?
                    .to_owned();
            }
        }
        if let Some((max_name, max_part)) = self.limits {
            let folder = pieces.folder.map_or(0, |folder| folder.len() + 1);
            let rest = SUFFIX_LENGTH + pieces.extension.len();
            let room = max_part.min(max_name.saturating_sub(folder));
            *root = first_bytes(root, room.saturating_sub(rest))
                .ok_or_else(|| no_room_for_suffix(&self.name, room))?
                .to_owned();
        }
        let name = pieces.with_root(&format!("{root}_{}", random_text()?));
        // Never over-long here: at most eight bytes were added, and the driver looks at its own limit.
        if name.0.len() > MAX_BYTES {
            return Err(no_room(&self.name, MAX_BYTES));
        }
        Ok(name)
    }
}

/// Which name a [`put`](crate::Storage::put) may write to.
#[derive(Debug, Clone)]
pub enum Target {
    /// Exactly this one, which must be free.
    Create(Name),
    /// Exactly this one, whatever is there.
    Replace(Name),
    /// The first free one of these.
    FirstFree(Candidates),
}

impl Target {
    /// Returns the name wanted first.
    #[must_use]
    pub fn name(&self) -> Name {
        match self {
            Self::Create(name) | Self::Replace(name) => name.clone(),
            Self::FirstFree(candidates) => match &candidates.folder {
                Some(folder) => Name(format!("{folder}/{}", candidates.name).into()),
                None => candidates.name.clone(),
            },
        }
    }

    /// Returns the same target inside `folder`, for decorators such as [`crate::Prefixed`].
    ///
    /// A `max_length` goes on counting the name without the folder.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] if folder and name together are too long.
    pub fn below(self, folder: &Name) -> Result<Self> {
        Ok(match self {
            Self::Create(name) => Self::Create(folder.join(&name)?),
            Self::Replace(name) => Self::Replace(folder.join(&name)?),
            Self::FirstFree(mut candidates) => {
                candidates.folder = Some(match candidates.folder {
                    Some(inner) => folder.join(&inner)?,
                    None => folder.clone(),
                });
                Self::FirstFree(candidates)
            }
        })
    }
}

/// Makes one harmless file name of any text: Django's `get_valid_filename`.
///
/// White space around it goes, blanks become `_`, and every character that is no letter, digit,
/// `-`, `_` or `.` goes.
///
/// # Errors
/// [`ErrorKind::InvalidName`] if that leaves nothing, `.` or `..`.
///
/// ```
/// use storehouse_storage::get_valid_name;
///
/// assert_eq!(get_valid_name("  John's portrait in 2004.jpg ")?, "Johns_portrait_in_2004.jpg");
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
pub fn get_valid_name(text: &str) -> Result<String> {
    let valid: String = text
        .trim_matches(is_python_space)
        .chars()
        .map(|letter| if letter == ' ' { '_' } else { letter })
        .filter(|&letter| matches!(letter, '-' | '.') || is_python_word(letter))
        .collect();
    if matches!(valid.as_str(), "" | "." | "..") {
        let problem = "a file name cannot be derived from it";
        return Err(Error::new(ErrorKind::InvalidName, problem).during_name(text));
    }
    Ok(valid)
}

/// Makes the name of an upload from what the user called it: Django's `Storage.generate_filename`.
///
/// The folder is kept (`\` becomes `/`), the last part goes through [`get_valid_name`].
///
/// # Errors
/// [`ErrorKind::InvalidName`] as [`Name::new`] and [`get_valid_name`].
///
/// ```
/// use storehouse_storage::generate_filename;
///
/// assert_eq!(generate_filename("photos/2026/my cat.jpg")?.as_str(), "photos/2026/my_cat.jpg");
/// # Ok::<(), storehouse_storage::Error>(())
/// ```
pub fn generate_filename(text: &str) -> Result<Name> {
    let slashed = text.replace('\\', "/");
    let (folder, file) = slashed
        .rsplit_once('/')
        .map_or(("", slashed.as_str()), |(a, b)| (a, b));
    let file = get_valid_name(file)?;
    if slashed.starts_with('/') {
        return Name::new(format!("/{folder}/{file}"));
    }
    if folder.is_empty() {
        return Name::new(file);
    }
    Name::new(format!("{folder}/{file}"))
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<&str> for Name {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

/// `_` and the random part of an alternative name.
const SUFFIX_LENGTH: usize = 8;

/// A name taken apart for an alternative: `dir/` + `root` + `.tar.gz`.
struct Pieces<'a> {
    folder: Option<&'a str>,
    root: &'a str,
    extension: &'a str,
}

impl<'a> Pieces<'a> {
    fn of(name: &'a Name) -> Self {
        let (folder, file) = name.split();
        let (root, extension) = split_extension(file);
        Self {
            folder,
            root,
            extension,
        }
    }

    fn with_root(&self, root: &str) -> Name {
        let extension = self.extension;
        Name(match self.folder {
            Some(folder) => format!("{folder}/{root}{extension}").into(),
            None => format!("{root}{extension}").into(),
        })
    }
}

/// All suffixes together, as Python's `PurePath.suffixes`: leading dots start none, and a name
/// that ends in a dot has none.
fn split_extension(file: &str) -> (&str, &str) {
    if file.ends_with('.') {
        return (file, "");
    }
    let dots = file.len() - file.trim_start_matches('.').len();
    match file[dots..].find('.') {
        Some(at) => file.split_at(dots + at),
        None => (file, ""),
    }
}

/// `text` without its last `count` characters, unless that leaves nothing.
fn drop_last(text: &str, count: usize) -> Option<&str> {
    let keep = text
        .chars()
        .count()
        .checked_sub(count)
        .filter(|&keep| keep > 0)?;
    let end = text
        .char_indices()
        .nth(keep)
        .map_or(text.len(), |(at, _)| at);
    Some(&text[..end])
}

/// As many whole characters of `text` as have up to `count` bytes, unless that is nothing.
fn first_bytes(text: &str, count: usize) -> Option<&str> {
    let ends = text
        .char_indices()
        .map(|(at, letter)| at + letter.len_utf8());
    let end = ends.take_while(|end| *end <= count).last().unwrap_or(0);
    (end > 0).then(|| &text[..end])
}

fn no_room(name: &Name, max_length: usize) -> Error {
    let problem = format!("can not find an available file name of at most {max_length} characters");
    Error::new(ErrorKind::InvalidName, problem)
        .with_advice("allow a longer name (max_length)")
        .during_name(name.as_str())
}

fn no_room_for_suffix(name: &Name, room: usize) -> Error {
    let problem = format!(
        "the name is taken, and its last part, which may have {room} bytes here, has no room for a suffix before its extension"
    );
    Error::new(ErrorKind::InvalidName, problem)
        .with_advice("shorten the extension, or the folder's name")
        .during_name(name.as_str())
}

/// Seven characters of Django's alphabet, each equally likely.
fn random_text() -> Result<String> {
    const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut text = String::with_capacity(SUFFIX_LENGTH - 1);
    let mut bytes = [0; 16];
    while text.len() < SUFFIX_LENGTH - 1 {
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::new(ErrorKind::Other, format!("no random numbers: {error}")))?;
        // 248 is the largest multiple of 62 in a byte: above it the first letters would be likelier.
        let letters = bytes.iter().filter(|&&byte| byte < 248);
        let missing = SUFFIX_LENGTH - 1 - text.len();
        text.extend(
            letters
                .take(missing)
                .map(|&byte| char::from(ALPHABET[usize::from(byte % 62)])),
        );
    }
    Ok(text)
}

/// Python's `str.strip()`: Unicode's White_Space and the four information separators.
fn is_python_space(letter: char) -> bool {
    letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter)
}

/// Python's `\w`: `str.isalnum()` or `_`. Unlike Rust's `is_alphanumeric` it has no combining marks.
fn is_python_word(letter: char) -> bool {
    use unicode_properties::GeneralCategory::{DecimalNumber, LetterNumber, OtherNumber};
    letter == '_'
        || letter.general_category_group() == GeneralCategoryGroup::Letter
        || matches!(
            letter.general_category(),
            DecimalNumber | LetterNumber | OtherNumber
        )
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
