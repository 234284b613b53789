//! Which host a request is for, and whether the page of `DEBUG` is shown under that name.
//!
//! Source: RFC 9112 section 3.2, RFC 3986 section 3.2.2; for the names `validate_host` and
//! `HttpRequest.get_host` of `django/http/request.py`, 6.1.

use std::net::Ipv6Addr;

use http::{Request, Version, header::HOST};

use crate::settings::Settings;

/// What Django allows with `DEBUG` where `ALLOWED_HOSTS` is empty.
const LOCAL: [&str; 3] = [".localhost", "127.0.0.1", "[::1]"];

/// Returns the host that a request is for, without its port, as it was written; empty where HTTP/1.0 names
/// none. `None` if the request has to be refused with 400: the host is missing, is there twice, or cannot
/// be one.
pub(super) fn host_of<B>(request: &Request<B>) -> Option<&str> {
    let mut fields = request.headers().get_all(HOST).iter();
    let field = fields.next();
    if fields.next().is_some() {
        return None;
    }
    let is_needed = request.version() == Version::HTTP_11;
    let named = match field {
        Some(field) => host_in(field.to_str().ok()?)?,
        None if is_needed => return None,
        None => "",
    };
    // The target of the request is the better witness (RFC 9112 section 3.2.2).
    match request.uri().authority() {
        Some(authority) => host_in(authority.as_str()),
        None => Some(named),
    }
}

/// The host of `host [ ":" port ]`; `None` if it is anything else.
fn host_in(text: &str) -> Option<&str> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(address) => {
            let (address, rest) = address.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (&text[..address.len() + 2], rest)
        }
        None => {
            let host = text.split(':').next().unwrap_or_default();
            is_name(host).then_some((host, &text[host.len()..]))?
        }
    };
    let is_port = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
    let is_whole = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    is_whole.then(|| host.trim_end_matches('.'))
}

/// Whether it is a `reg-name`, which may be empty.
fn is_name(text: &str) -> bool {
    let is_in_name =
        |letter: u8| letter.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&letter);
    text.bytes().all(is_in_name)
}

/// The hosts under whose names the page is shown. A page of another site can give its own name this
/// machine's address (DNS rebinding), and would read what is listed otherwise.
#[derive(Debug)]
pub(super) struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// Takes `ALLOWED_HOSTS`, or Django's names of this machine if that is empty.
    pub(super) fn new(settings: &Settings) -> Self {
        let set = settings.list("ALLOWED_HOSTS");
        let hosts = if set.is_empty() { LOCAL.to_vec() } else { set };
        Self(hosts.into_iter().map(str::to_ascii_lowercase).collect())
    }

    /// Returns whether they are Django's, since `ALLOWED_HOSTS` is empty.
    pub(super) fn are_default(&self) -> bool {
        self.0 == LOCAL
    }

    /// Returns those that no host can be: with a scheme, a port or a path. Django says nothing of them.
    pub(super) fn impossible(&self) -> impl Iterator<Item = &str> {
        let hosts = self.0.iter().map(String::as_str);
        hosts.filter(|host| {
            let name = host.strip_prefix('.').unwrap_or(host);
            *host != "*" && host_in(name) != Some(name)
        })
    }

    /// Returns whether a host is one of them.
    pub(super) fn has(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.0
            .iter()
            .any(|pattern| match pattern.strip_prefix('.') {
                Some(domain) => {
                    let below = host.strip_suffix(domain);
                    below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
                }
                None => pattern == "*" || *pattern == host,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(version: Version, uri: &str, hosts: &[&str]) -> Option<String> {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        host_of(&request.body(()).unwrap()).map(str::to_ascii_lowercase)
    }

    #[test]
    fn a_request_names_one_host() {
        for (hosts, expected) in [
            (&["example.com"][..], Some("example.com")),
            (&["Example.COM:8000"], Some("example.com")),
            (&["example.com."], Some("example.com")),
            (&["example.com:"], Some("example.com")),
            (&["127.0.0.1:80"], Some("127.0.0.1")),
            (&["[::1]:80"], Some("[::1]")),
            (&["under_score"], Some("under_score")),
            (&[""], Some("")),
            (&[], None),
            (&["a", "a"], None),
            (&["a", "b"], None),
            (&["a b"], None),
            (&["u@h"], None),
            (&["a/b"], None),
            (&["a?b"], None),
            (&["a#b"], None),
            (&["a:b"], None),
            (&["a:80:80"], None),
            (&["[::1"], None),
            (&["[::1]x"], None),
            (&["[x]"], None),
            (&["::1"], None),
            (&["\u{e4}"], None),
        ] {
            let expected = expected.map(str::to_owned);

            assert_eq!(asked(Version::HTTP_11, "/", hosts), expected, "{hosts:?}");
        }
    }

    #[test]
    fn only_http_1_1_needs_the_field() {
        assert_eq!(asked(Version::HTTP_10, "/", &[]).as_deref(), Some(""));
        assert_eq!(asked(Version::HTTP_10, "/", &["a", "b"]), None);
        assert_eq!(
            asked(Version::HTTP_2, "https://a:1/", &[]).as_deref(),
            Some("a")
        );
        assert_eq!(
            asked(Version::HTTP_11, "http://a/", &["b"]).as_deref(),
            Some("a")
        );
        assert_eq!(asked(Version::HTTP_11, "http://a/", &[]), None);
        assert_eq!(asked(Version::HTTP_11, "http://u@a/", &["a"]), None);
    }

    #[test]
    fn hosts_are_allowed_as_django_allows_them() {
        let of = |hosts: &[&str]| AllowedHosts(hosts.iter().map(|&host| host.to_owned()).collect());
        let local = of(&LOCAL);
        for host in ["localhost", "a.localhost", "127.0.0.1", "[::1]"] {
            assert!(local.has(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "notlocalhost",
            "localhost.example.com",
            "127.0.0.2",
        ] {
            assert!(!local.has(host), "{host}");
        }
        let odd = ["a:80", "http://a", "a/b", "::1", ".b", "*", "[::1]", "b.c"];
        let impossible: Vec<String> = of(&odd).impossible().map(str::to_owned).collect();
        assert_eq!(impossible, odd[..4]);
        assert!(of(&["*"]).has("anything"));
        assert!(of(&["example.com"]).has("example.com"));
        assert!(!of(&["example.com"]).has("a.example.com"));
    }
}
