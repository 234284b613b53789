//! Which proxy the process environment names, for messages. Whether a request goes through it is decided by the
//! HTTP client, which reads the same variables.

use std::env;

/// Returns the variable that names a proxy for URLs of a scheme, and the proxy's host and port: never its user
/// and password.
pub(crate) fn set_for(scheme: &str) -> Option<(&'static str, String)> {
    let of_scheme = match scheme {
        "https" => ["HTTPS_PROXY", "https_proxy"],
        _ => ["HTTP_PROXY", "http_proxy"],
    };
    let variables = of_scheme.into_iter().chain(["ALL_PROXY", "all_proxy"]);
    let mut set = variables.filter_map(|variable| Some((variable, env::var(variable).ok()?)));
    let (variable, value) = set.find(|(_, value)| !value.is_empty())?;
    Some((variable, host_of(&value)))
}

/// Host and port of `[scheme://][user[:password]@]host[:port][/]`.
fn host_of(proxy: &str) -> String {
    let rest = proxy.split_once("://").map_or(proxy, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_host_and_port_are_told() {
        for (proxy, host) in [
            ("http://proxy:3128", "proxy:3128"),
            ("proxy:3128", "proxy:3128"),
            ("http://user:secret@proxy:3128/", "proxy:3128"),
            ("http://us@er:sec@ret@proxy", "proxy"),
            ("socks5://[::1]:1080", "[::1]:1080"),
        ] {
            assert_eq!(host_of(proxy), host);
        }
    }
}
