//! `urllib.parse`: `urlsplit`, `urlunsplit`, `urldefrag`, `urljoin`, `quote` and `unquote`, with
//! what they do to odd input.
//!
//! DIFFERENCE: the host of a URL is checked for balanced brackets only, not for being an address
//! or for characters that NFKC turns into delimiters. Neither names a static file.

use std::borrow::Cow;

use storehouse_storage::filepath_to_uri;

/// `urllib.parse.uses_netloc`: schemes that get `//` when they are put together again.
const USES_NETLOC: &[&str] = &[
    "",
    "ftp",
    "http",
    "gopher",
    "nntp",
    "telnet",
    "imap",
    "wais",
    "file",
    "mms",
    "https",
    "shttp",
    "snews",
    "prospero",
    "rtsp",
    "rtsps",
    "rtspu",
    "rsync",
    "svn",
    "svn+ssh",
    "sftp",
    "nfs",
    "git",
    "git+ssh",
    "ws",
    "wss",
    "itms-services",
];

/// `urllib.parse.uses_params`: schemes whose path may end in `;params`.
const USES_PARAMS: &[&str] = &[
    "", "ftp", "hdl", "prospero", "http", "imap", "https", "shttp", "rtsp", "rtsps", "rtspu",
    "sip", "sips", "mms", "sftp", "tel",
];

/// The parts of a URL: `scheme://netloc/path?query#fragment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::staticfiles) struct SplitUrl {
    pub(in crate::staticfiles) scheme: String,
    pub(in crate::staticfiles) netloc: String,
    pub(in crate::staticfiles) path: String,
    pub(in crate::staticfiles) query: String,
    pub(in crate::staticfiles) fragment: String,
}

/// A URL that Python refuses to split: the brackets of its host do not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::staticfiles) struct BadUrl;

/// `urlsplit`: leading control characters and blanks go, and TAB, CR and LF wherever they are.
///
/// # Errors
/// [`BadUrl`].
pub(in crate::staticfiles) fn urlsplit(url: &str) -> Result<SplitUrl, BadUrl> {
    let mut rest: String = url
        .trim_start_matches(|letter| letter <= ' ')
        .chars()
        .filter(|letter| !matches!(letter, '\t' | '\r' | '\n'))
        .collect();
    let mut scheme = String::new();
    if let Some(end) = scheme_end(&rest) {
        scheme = rest[..end].to_ascii_lowercase();
        rest.drain(..=end);
    }
    let mut netloc = String::new();
    if let Some(after) = rest.strip_prefix("//") {
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        netloc = after[..end].to_owned();
        rest = after[end..].to_owned();
        if netloc.contains('[') != netloc.contains(']') {
            return Err(BadUrl);
        }
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((&rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Ok(SplitUrl {
        scheme,
        netloc,
        path: path.to_owned(),
        query: query.to_owned(),
        fragment: fragment.to_owned(),
    })
}

fn scheme_end(url: &str) -> Option<usize> {
    let end = url.find(':')?;
    let scheme = &url.as_bytes()[..end];
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    is_scheme.then_some(end)
}

impl SplitUrl {
    /// `urlunsplit`: an empty query or fragment goes with its sign.
    pub(in crate::staticfiles) fn unsplit(&self) -> String {
        let mut url = String::new();
        if !self.scheme.is_empty() {
            url.push_str(&self.scheme);
            url.push(':');
        }
        let is_rooted = self.path.is_empty() || self.path.starts_with('/');
        if !self.netloc.is_empty() {
            url.push_str("//");
            url.push_str(&self.netloc);
            if !is_rooted {
                url.push('/');
            }
        } else if self.path.starts_with("//")
            || (!self.scheme.is_empty() && USES_NETLOC.contains(&self.scheme.as_str()) && is_rooted)
        {
            url.push_str("//");
        }
        url.push_str(&self.path);
        for (sign, part) in [('?', &self.query), ('#', &self.fragment)] {
            if !part.is_empty() {
                url.push(sign);
                url.push_str(part);
            }
        }
        url
    }
}

/// `urldefrag`: the URL without its fragment, and the fragment. Only a URL with a `#` is taken
/// apart and put together; another stays as it is.
///
/// # Errors
/// [`BadUrl`].
pub(in crate::staticfiles) fn urldefrag(url: &str) -> Result<(Cow<'_, str>, String), BadUrl> {
    if !url.contains('#') {
        return Ok((Cow::Borrowed(url), String::new()));
    }
    let mut split = urlsplit(url)?;
    let fragment = std::mem::take(&mut split.fragment);
    // `urlparse` takes `;params` apart, and empty ones are not put back.
    if USES_PARAMS.contains(&split.scheme.as_str()) {
        let last = split.path.rfind('/').unwrap_or(0);
        let params = split.path[last..].find(';').map(|at| last + at);
        if params == split.path.len().checked_sub(1) {
            split.path.pop();
        }
    }
    Ok((Cow::Owned(split.unsplit()), fragment))
}

/// `unquote`: UTF-8, what is no UTF-8 becomes U+FFFD, a `%` without two hex digits stays.
pub(in crate::staticfiles) fn unquote(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    // Runs of ASCII are decoded each for itself: `%C3é` has half a letter, not a whole one.
    while !rest.is_empty() {
        let ascii = rest.find(|letter: char| !letter.is_ascii());
        let (run, after) = rest.split_at(ascii.unwrap_or(rest.len()));
        plain.push_str(&String::from_utf8_lossy(&unquote_to_bytes(run)));
        let other = after.find(|letter: char| letter.is_ascii());
        let (letters, after) = after.split_at(other.unwrap_or(after.len()));
        plain.push_str(letters);
        rest = after;
    }
    Cow::Owned(plain)
}

fn unquote_to_bytes(ascii: &str) -> Vec<u8> {
    let bytes = ascii.as_bytes();
    let digit = |at: usize| {
        let digit = char::from(*bytes.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match (byte, digit(at), digit(at + 1)) {
            (b'%', Some(high), Some(low)) => {
                plain.push(high << 4 | low);
                at += 2;
            }
            _ => plain.push(byte),
        }
    }
    plain
}

/// Django's `FileSystemStorage.url`: the name quoted, and joined to the base URL as `urljoin` does.
pub(in crate::staticfiles) fn file_url(base_url: &str, name: &str) -> String {
    let quoted = filepath_to_uri(name);
    let relative = quoted.trim_start_matches('/');
    if relative.is_empty() {
        return base_url.to_owned();
    }
    // No scheme, host, query or fragment is in a quoted name, so only the path is joined.
    let (host, base_path) = base_url.split_at(path_start(base_url));
    let base_path = match base_path {
        "" if !host.is_empty() => "/",
        path => path,
    };
    format!("{host}{}", join_paths(base_path, relative))
}

/// Where the path of a URL begins: behind its scheme and host, of which a URL such as `//host/` has only
/// the second.
fn path_start(url: &str) -> usize {
    let host = match url.find("://") {
        Some(scheme) => scheme + 3,
        None if url.starts_with("//") => 2,
        None => return 0,
    };
    host + url[host..].find('/').unwrap_or(url.len() - host)
}

/// The middle of `urljoin`: a relative path against the path of the base.
fn join_paths(base: &str, relative: &str) -> String {
    let folder = base.rfind('/').map_or("", |end| &base[..=end]);
    let both = format!("{folder}{relative}");
    let segments: Vec<&str> = both.split('/').collect();
    let last = segments.len() - 1;
    let mut resolved: Vec<&str> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        match *segment {
            "" if index > 0 && index < last => {}
            ".." => {
                resolved.pop();
            }
            "." => {}
            other => resolved.push(other),
        }
    }
    if matches!(segments[last], "." | "..") {
        resolved.push("");
    }
    match resolved.join("/") {
        joined if joined.is_empty() => "/".to_owned(),
        joined => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(url: &str) -> [String; 5] {
        let split = urlsplit(url).unwrap();
        [
            split.scheme,
            split.netloc,
            split.path,
            split.query,
            split.fragment,
        ]
    }

    // Expected values of all tests by CPython 3.13.
    #[test]
    fn a_url_is_split_as_python_does() {
        for (url, expected) in [
            ("a/b.css?v=1#f", ["", "", "a/b.css", "v=1", "f"]),
            ("\u{1f} a\tb\n", ["", "", "ab", "", ""]),
            ("A:b.TXT", ["a", "", "b.TXT", "", ""]),
            ("a b:c", ["", "", "a b:c", "", ""]),
            ("http://h:1/p#a?b", ["http", "h:1", "/p", "", "a?b"]),
            ("//h?q", ["", "h", "", "q", ""]),
            ("a?#b", ["", "", "a", "", "b"]),
            (":a", ["", "", ":a", "", ""]),
        ] {
            assert_eq!(split(url), expected, "{url:?}");
        }
        assert_eq!(urlsplit("http://[x"), Err(BadUrl));
    }

    #[test]
    fn a_url_is_put_together_as_python_does() {
        for (url, expected) in [
            ("a?#", "a"),
            ("http:/x", "http:///x"),
            ("s3:x", "s3:x"),
            ("//h", "//h"),
            ("////x", "////x"),
            ("HTTP://h?q#f", "http://h?q#f"),
        ] {
            assert_eq!(urlsplit(url).unwrap().unsplit(), expected, "{url:?}");
        }
    }

    #[test]
    fn only_a_url_with_a_fragment_is_changed_by_taking_it_off() {
        for (url, expected, fragment) in [
            (" a?", " a?", ""),
            (" a?#", "a", ""),
            ("a?v#f#g", "a?v", "f#g"),
            ("a;#f", "a", "f"),
            ("a;b#f", "a;b", "f"),
            ("a;/b;#f", "a;/b", "f"),
        ] {
            let defragged = urldefrag(url).unwrap();
            assert_eq!(defragged, (expected.into(), fragment.to_owned()), "{url:?}");
        }
    }

    #[test]
    fn escapes_are_decoded_as_python_does() {
        for (quoted, expected) in [
            ("a%20b", "a b"),
            ("%zz%4", "%zz%4"),
            ("a+b", "a+b"),
            ("%C3%A9é%C3", "éé\u{fffd}"),
            ("%ff%41", "\u{fffd}A"),
            ("%2520", "%20"),
        ] {
            assert_eq!(unquote(quoted), expected, "{quoted:?}");
        }
    }

    #[test]
    fn a_name_becomes_a_url_as_django_makes_it() {
        for (base, name, expected) in [
            ("/static/", "a b", "/static/a%20b"),
            ("/static/", "//x/y", "/static/x/y"),
            ("/static/", "a//b", "/static/a/b"),
            ("/static/", "../x", "/x"),
            ("/static/", "x/../../../y", "y"),
            ("/static/", ".", "/static/"),
            ("/static/", "d/", "/static/d/"),
            ("/static/", "", "/static/"),
            ("/static/", "a?b#c", "/static/a%3Fb%23c"),
            ("/static/", "a\\b", "/static/a/b"),
            (
                "https://cdn.x/static/",
                "a.css",
                "https://cdn.x/static/a.css",
            ),
            ("https://cdn.x/", "a", "https://cdn.x/a"),
            ("https://cdn.x", "a", "https://cdn.x/a"),
            ("//cdn.x/static/", "a.css", "//cdn.x/static/a.css"),
            ("//cdn.x/static/", "../a.css", "//cdn.x/a.css"),
            ("//cdn.x", "a.css", "//cdn.x/a.css"),
        ] {
            assert_eq!(file_url(base, name), expected, "{base} {name:?}");
        }
    }
}
