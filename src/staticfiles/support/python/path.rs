//! `posixpath`: paths as text, without a look at any disk.

/// `posixpath.normpath`: no empty or `.` part, and `..` taken as far as it goes.
pub(in crate::staticfiles) fn normpath(path: &str) -> String {
    let start = match path.bytes().take_while(|&byte| byte == b'/').count() {
        0 => "",
        // POSIX lets exactly two leading slashes mean something of their own.
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !start.is_empty() => {}
            other => parts.push(other),
        }
    }
    let joined = format!("{start}{}", parts.join("/"));
    if joined.is_empty() {
        ".".to_owned()
    } else {
        joined
    }
}

/// `posixpath.join` of two paths: an absolute second one replaces the first.
pub(in crate::staticfiles) fn join(first: &str, second: &str) -> String {
    if second.starts_with('/') || first.is_empty() {
        second.to_owned()
    } else if first.ends_with('/') {
        format!("{first}{second}")
    } else {
        format!("{first}/{second}")
    }
}

/// `posixpath.split`: what is before the last `/`, without slashes at its end, and what is after.
pub(in crate::staticfiles) fn split(path: &str) -> (&str, &str) {
    let (head, tail) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
    match head.trim_end_matches('/') {
        // Only slashes: they stay.
        "" => (head, tail),
        head => (head, tail),
    }
}

/// `posixpath.splitext` of a path's last part: the last dot starts the extension, but leading dots
/// never do.
pub(in crate::staticfiles) fn splitext(file: &str) -> (&str, &str) {
    match file.rfind('.') {
        Some(at) if file.bytes().take(at).any(|byte| byte != b'.') => file.split_at(at),
        _ => (file, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected values by CPython 3.13.
    #[test]
    fn a_path_is_normalised_as_python_does() {
        for (path, expected) in [
            ("./vendor/", "vendor"),
            ("a//b/./c", "a/b/c"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("a/../../b", "../b"),
            ("/../a", "/a"),
            ("//a", "//a"),
            ("///a", "/a"),
            ("", "."),
            (".", "."),
        ] {
            assert_eq!(normpath(path), expected, "{path:?}");
        }
    }

    #[test]
    fn paths_are_joined_and_split_as_python_does() {
        assert_eq!(join("", "a"), "a");
        assert_eq!(join("a", "b"), "a/b");
        assert_eq!(join("a/", ""), "a/");
        assert_eq!(join("a", "/b"), "/b");
        assert_eq!(split("a/b/c.css"), ("a/b", "c.css"));
        assert_eq!(split("c.css"), ("", "c.css"));
        assert_eq!(split("//a"), ("//", "a"));
        assert_eq!(split("a///b"), ("a", "b"));
    }

    #[test]
    fn an_extension_starts_at_the_last_dot_that_is_not_leading() {
        for (file, expected) in [
            ("a.tar.gz", ("a.tar", ".gz")),
            (".css", (".css", "")),
            ("..y", ("..y", "")),
            (".a.b", (".a", ".b")),
            ("x.", ("x", ".")),
            ("noext", ("noext", "")),
        ] {
            assert_eq!(splitext(file), expected, "{file:?}");
        }
    }
}
