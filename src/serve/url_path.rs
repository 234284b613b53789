//! From the path of a request to a name below a prefix. It looks into no storage: whether something
//! is there does not change the answer, so nothing can be found out by asking for what is refused.
//!
//! The path is decoded once (RFC 3986 section 2.4), and a part of it is never a separator, a step up or
//! down, or empty. So there is one path for a name, and the name is the decoded path, letter for letter.
//!
//! | path below the prefix | answer |
//! |---|---|
//! | not below the prefix | [`PathProblem::NotBelow`]: it is somebody else's |
//! | `%` without two digits, bytes that are not UTF-8, a raw control character, blank, `?`, `#` or byte above ASCII | [`PathProblem::Malformed`]: 400 |
//! | a part `.` or `..`, an empty part, `\`, NUL, `%2F` inside a part, over 4,095 bytes | [`PathProblem::NotFound`]: 404 |
//! | ends in `/`, or is empty | [`UrlTarget::Folder`]: its index file, or 404 |
//! | all else | [`UrlTarget::File`] |

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use storehouse_storage::Name;

use crate::storages::percent;

/// What browsers encode in a path, besides all that is not ASCII (the WHATWG's URL standard, path
/// percent-encode set). Not `%`: what is encoded stays so.
const NEVER_SENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// The path below which a service answers, as `/static/`: it starts and ends with a slash.
///
/// ```
/// use storehouse::serve::{PathProblem, UrlPrefix, UrlTarget};
/// use storehouse::storage::Name;
///
/// let prefix = UrlPrefix::new("/static/");
///
/// let target = prefix.target_of("/static/css/my%20site.css")?;
/// assert_eq!(target, UrlTarget::File(Name::new("css/my site.css").expect("a name")));
/// assert_eq!(prefix.target_of("/static/../settings.py"), Err(PathProblem::NotFound));
/// assert_eq!(prefix.target_of("/about"), Err(PathProblem::NotBelow));
/// # Ok::<(), PathProblem>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlPrefix(String);

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlTarget {
    /// A file.
    File(Name),
    /// A folder, of which only an index file can be sent: the path ends in a slash. `None` is the
    /// prefix itself.
    Folder(Option<Name>),
}

/// Why a path has no name.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// The path is not below the prefix: the request is for someone else.
    #[error("the path is not below the prefix")]
    NotBelow,
    /// The path breaks the grammar of URLs, or is not UTF-8: 400.
    #[error("the path is not a valid URL path in UTF-8")]
    Malformed,
    /// No file can have this path: 404, as for any other that is not there.
    #[error("there is no such file")]
    NotFound,
}

impl UrlPrefix {
    /// Makes a prefix of a URL's path, such as that of `STATIC_URL`. Slashes around it may lack.
    ///
    /// What cannot stand in a URL is percent-encoded, as browsers do; what is encoded stays.
    #[must_use]
    pub fn new(path: &str) -> Self {
        let inner = path.trim_matches('/');
        if inner.is_empty() {
            return Self("/".to_owned());
        }
        Self(format!("/{}/", utf8_percent_encode(inner, NEVER_SENT)))
    }

    /// Makes the prefix of a URL, such as `STATIC_URL`: its path, also where it names another host.
    ///
    /// ```
    /// use storehouse::serve::UrlPrefix;
    ///
    /// assert_eq!(UrlPrefix::of_url("https://cdn.example/assets/").as_str(), "/assets/");
    /// assert_eq!(UrlPrefix::of_url("/static/").as_str(), "/static/");
    /// ```
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        Self::new(match after_host(url) {
            Some(path) => path,
            None => url,
        })
    }

    /// Returns the prefix as it stands in a URL, with both slashes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Finds what `path` asks for: the path of a request as it was sent, without the query.
    ///
    /// The prefix is compared as it is sent, as routers do.
    ///
    /// # Errors
    /// As the module's table says.
    pub fn target_of(&self, path: &str) -> Result<UrlTarget, PathProblem> {
        let rest = path.strip_prefix(&self.0).ok_or(PathProblem::NotBelow)?;
        let decoded = decode(rest)?;
        if decoded.is_empty() {
            return Ok(UrlTarget::Folder(None));
        }
        let (parts, is_folder) = match decoded.strip_suffix('/') {
            Some(folder) => (folder, true),
            None => (decoded.as_ref(), false),
        };
        if parts.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(PathProblem::NotFound);
        }
        let name = Name::new(parts).map_err(|_| PathProblem::NotFound)?;
        Ok(if is_folder {
            UrlTarget::Folder(Some(name))
        } else {
            UrlTarget::File(name)
        })
    }
}

/// Returns what comes behind the host of a URL; `None` if it has none.
pub(super) fn after_host(url: &str) -> Option<&str> {
    let (before, rest) = url.split_once("//")?;
    let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let has_host = before.is_empty() || before.strip_suffix(':').is_some_and(is_scheme);
    has_host.then(|| rest.find('/').map_or("", |slash| &rest[slash..]))
}

/// Decodes the percent encoding once, and refuses what would be read as something else afterwards.
fn decode(path: &str) -> Result<Cow<'_, str>, PathProblem> {
    // The grammar comes first: a path that breaks it is malformed, whatever else is wrong with it.
    // RFC 3986 section 3.3, but for `"<>[]^`{|}\`, which browsers or old clients send as they are.
    let may_be_raw = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#');
    if !path.bytes().all(may_be_raw) {
        return Err(PathProblem::Malformed);
    }
    let decoded = percent::decoded(path).ok_or(PathProblem::Malformed)?;
    // A slash that was encoded is part of a part: there is no file with such a name. `Name` would
    // take a backslash for a slash.
    let slashes = |text: &str| text.bytes().filter(|&byte| byte == b'/').count();
    if slashes(&decoded) != slashes(path) || decoded.contains(['\\', '\0']) {
        return Err(PathProblem::NotFound);
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    fn file(name: &str) -> Result<UrlTarget, PathProblem> {
        Ok(UrlTarget::File(Name::new(name).unwrap()))
    }

    fn folder(name: &str) -> Result<UrlTarget, PathProblem> {
        Ok(UrlTarget::Folder(Some(Name::new(name).unwrap())))
    }

    #[test]
    fn a_path_below_the_prefix_is_a_name() {
        let prefix = UrlPrefix::new("/static/");
        for (case, path, expected) in [
            ("a file", "/static/a.css", file("a.css")),
            ("in folders", "/static/a/b/c.css", file("a/b/c.css")),
            ("a blank", "/static/a%20b.css", file("a b.css")),
            ("a plus stays", "/static/a+b.css", file("a+b.css")),
            ("UTF-8", "/static/%C3%A9.css", file("é.css")),
            ("small digits", "/static/%c3%a9.css", file("é.css")),
            (
                "letters that need no encoding",
                "/static/%61.css",
                file("a.css"),
            ),
            (
                "an encoded percent, once",
                "/static/%2541.css",
                file("%41.css"),
            ),
            (
                "an encoded climb, once",
                "/static/%252e%252e/canary",
                file("%2e%2e/canary"),
            ),
            ("a question mark", "/static/a%3Fb", file("a?b")),
            (
                "dots in a name",
                "/static/..a/b..c/...",
                file("..a/b..c/..."),
            ),
            (
                "a drive",
                "/static/C:/windows/win.ini",
                file("C:/windows/win.ini"),
            ),
            (
                "what browsers do not encode",
                "/static/a[1]{|}^`.css",
                file("a[1]{|}^`.css"),
            ),
            ("a line end", "/static/a%0Ab", file("a\nb")),
            ("wide dots", "/static/%EF%BC%8E%EF%BC%8E/x", file("．．/x")),
            ("the prefix", "/static/", Ok(UrlTarget::Folder(None))),
            ("a folder", "/static/d/", folder("d")),
            ("a file with a slash", "/static/a.css/", folder("a.css")),
        ] {
            assert_eq!(prefix.target_of(path), expected, "{case}");
        }
    }

    #[test]
    fn what_no_file_can_be_called_is_not_found() {
        let prefix = UrlPrefix::new("/static/");
        for (case, path) in [
            ("a climb", "/static/../canary"),
            ("a climb inside", "/static/a/../canary"),
            ("a climb at the end", "/static/a/.."),
            ("an encoded climb", "/static/%2e%2e/canary"),
            ("half encoded", "/static/.%2E/canary"),
            ("an encoded slash", "/static/..%2fcanary"),
            ("only an encoded slash", "/static/a%2Fb"),
            ("an encoded backslash", "/static/..%5ccanary"),
            ("a backslash", "/static/a\\b"),
            ("a network path", "/static/\\\\host\\share\\x"),
            ("a dot", "/static/./a.css"),
            ("a dot as a folder", "/static/a/./"),
            ("an absolute path", "/static//etc/passwd"),
            ("an empty part", "/static/a//b"),
            ("an empty part at the end", "/static/a//"),
            ("an encoded slash at the start", "/static/%2fetc/passwd"),
            ("NUL", "/static/%00a.css"),
            ("NUL before an extension", "/static/a.css%00.png"),
        ] {
            assert_eq!(prefix.target_of(path), Err(PathProblem::NotFound), "{case}");
        }
        let long = format!("/static/{}", "a".repeat(4096));
        assert_eq!(prefix.target_of(&long), Err(PathProblem::NotFound));
        let huge = format!("/static/{}", "a/".repeat(500_000));
        assert_eq!(prefix.target_of(&huge), Err(PathProblem::NotFound));
    }

    #[test]
    fn what_breaks_the_grammar_is_malformed() {
        let prefix = UrlPrefix::new("/static/");
        for (case, path) in [
            ("overlong dots", "/static/%c0%ae%c0%ae/canary"),
            ("Latin-1", "/static/%e9.css"),
            ("a surrogate", "/static/%ed%b3%bf"),
            ("cut short", "/static/a%C3"),
            ("no digits", "/static/%zz"),
            ("one digit", "/static/a%4"),
            ("a percent at the end", "/static/100%"),
            ("a sign for a digit", "/static/%+1"),
            ("a fragment", "/static/a.css#f"),
            ("a query", "/static/a.css?x"),
            ("a raw blank", "/static/a b"),
            ("a raw line end", "/static/a\r\nb"),
            ("a raw NUL", "/static/a\0"),
            ("raw UTF-8", "/static/é.css"),
            ("and a climb", "/static/../%zz"),
        ] {
            assert_eq!(
                prefix.target_of(path),
                Err(PathProblem::Malformed),
                "{case}"
            );
        }
    }

    #[test]
    fn what_is_not_below_the_prefix_is_somebody_elses() {
        let prefix = UrlPrefix::new("/static/");
        for path in [
            "/",
            "",
            "/static",
            "/static_secret/x",
            "/Static/a.css",
            "/app/%zz",
            "static/a.css",
            "//static/a.css",
            "*",
            "/st%61tic/a.css",
        ] {
            assert_eq!(prefix.target_of(path), Err(PathProblem::NotBelow), "{path}");
        }
    }

    #[test]
    fn a_prefix_has_one_form() {
        for (given, expected) in [
            ("/static/", "/static/"),
            ("static", "/static/"),
            ("/a/b", "/a/b/"),
            ("//static//", "/static/"),
            ("", "/"),
            ("/", "/"),
            ("/статика/", "/%D1%81%D1%82%D0%B0%D1%82%D0%B8%D0%BA%D0%B0/"),
            ("/my%20static/", "/my%20static/"),
            ("/my static/", "/my%20static/"),
            ("/a+b,c=d@e:f/", "/a+b,c=d@e:f/"),
        ] {
            assert_eq!(UrlPrefix::new(given).as_str(), expected, "{given}");
        }
        assert_eq!(
            UrlPrefix::new("/").target_of("/robots.txt"),
            file("robots.txt")
        );
        assert_eq!(
            UrlPrefix::new("/").target_of("//evil.example/d"),
            Err(PathProblem::NotFound)
        );
    }

    proptest! {
        #[test]
        fn the_url_of_a_name_leads_back_to_it(text in "\\PC{1,12}(/\\PC{1,12}){0,3}") {
            if let Ok(name) = Name::new(&text) {
                let url = storehouse_storage::join_url("/media/", &name);

                prop_assert_eq!(
                    UrlPrefix::new("/media/").target_of(&url),
                    Ok(UrlTarget::File(name)),
                    "{}", url
                );
            }
        }

        #[test]
        fn a_name_is_the_decoded_path(path in "(%[0-9a-fA-F]{2}|%2[eEfF]|[a-zé./\\\\%\0 ]){0,16}") {
            let prefixed = format!("/static/{path}");

            let name = match UrlPrefix::new("static").target_of(&prefixed) {
                Ok(UrlTarget::File(name)) => name.to_string(),
                Ok(UrlTarget::Folder(Some(name))) => format!("{name}/"),
                Ok(UrlTarget::Folder(None)) => String::new(),
                Err(_) => return Ok(()),
            };

            prop_assert_eq!(&name, &percent_decode_str(&path).decode_utf8().unwrap());
            prop_assert!(name.split('/').all(|part| part != ".." && part != "."));
        }

        #[test]
        fn no_path_makes_it_panic(prefix in "\\PC{0,9}", path in "(/static/)?\\PC{0,30}") {
            let _ = UrlPrefix::new(&prefix).target_of(&path);
        }
    }
}
