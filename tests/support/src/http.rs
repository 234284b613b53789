//! HTTP messages: requests, answers and their header fields.
//!
//! Plain data; `wire` reads and writes it.

/// Header fields in the order they came; names match in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Returns the first value of the field `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Adds a field after the others; one of the same name stays.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Gives the field `name` this value, where its first one stands; adds it if there is none.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        let place = self
            .0
            .iter()
            .position(|(n, _)| n.eq_ignore_ascii_case(name));
        self.remove(name);
        let place = place.unwrap_or(self.0.len());
        self.0.insert(place, (name.to_owned(), value.into()));
    }

    /// Removes every field called `name`.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// Goes over the fields as (name, value).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Says whether the list in the field `name` has `token`, in any case.
    pub(crate) fn says(&self, name: &str, token: &str) -> bool {
        self.get(name).is_some_and(|value| {
            value
                .split(',')
                .any(|one| one.trim().eq_ignore_ascii_case(token))
        })
    }
}

/// A request, its body read to the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `PUT` and so on.
    pub method: String,
    /// Path and query as they stand in the request line, still encoded.
    pub target: String,
    /// The header fields.
    pub headers: Headers,
    /// The body; chunked ones are put together.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the target up to its `?`, still encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&self.target, |(path, _)| path)
    }

    /// Returns the value, still encoded, of the query's parameter `key`; empty if it has none, as
    /// in `?uploads`.
    #[must_use]
    pub fn query(&self, key: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v)
    }

    pub(crate) fn wants_close(&self) -> bool {
        self.headers.says("connection", "close")
    }
}

/// An answer.
///
/// ```
/// use storehouse_test_support::Response;
///
/// let answer = Response::new(503).header("Retry-After", "2").body("slow down");
/// assert_eq!(answer.status, 503);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields. `Content-Length` is added if neither it nor `Transfer-Encoding` is here.
    pub headers: Headers,
    /// The body. It is kept back if the request is a HEAD.
    pub body: Vec<u8>,
}

impl Response {
    /// Makes an answer with no headers and no body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Headers::default(),
            body: Vec::new(),
        }
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.add(name, value);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_set_stays_where_it_was() {
        let mut headers = Headers::default();
        for (name, value) in [("A", "1"), ("b", "2"), ("B", "3"), ("C", "4")] {
            headers.add(name, value);
        }

        headers.set("B", "5");
        headers.set("d", "6");

        let fields: Vec<_> = headers.iter().collect();
        assert_eq!(fields, [("A", "1"), ("B", "5"), ("C", "4"), ("d", "6")]);
    }

    #[test]
    fn a_query_is_looked_up_by_its_whole_key() {
        let request = Request {
            target: "/b/k?uploadId=7&uploads&x=a%2Bb".into(),
            ..Request::default()
        };

        assert_eq!(request.path(), "/b/k");
        assert_eq!(request.query("uploads"), Some(""));
        assert_eq!(request.query("x"), Some("a%2Bb"));
        assert_eq!(request.query("upload"), None);
    }
}
