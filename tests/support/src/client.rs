//! The S3 requests that tests make on their own, signed and over plain HTTP.
//!
//! One connection a request, path-style addresses, no retries: what does not work fails the test.

use std::time::{Duration, SystemTime};

use crate::http::{Request, Response};
use crate::sigv4::{self, Credentials};
use crate::wire;

/// MinIO on a loaded machine answers a create within seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// Where the server is and who asks.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) endpoint: String,
    pub(crate) credentials: Credentials,
}

/// What is asked for: `path` and `query` are not encoded yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

impl Client {
    /// Sends a signed request. The message of an error says what was asked.
    pub(crate) fn send(&self, call: Call<'_>) -> Result<Response, String> {
        let authority = wire::authority(&self.endpoint)?;
        let mut request = Request {
            method: call.method.into(),
            target: sigv4::target(call.path, call.query),
            body: call.body.into(),
            ..Request::default()
        };
        request.headers.add("Host", authority);
        for (name, value) in call.headers {
            request.headers.add(*name, *value);
        }
        sigv4::sign(&mut request, &self.credentials, SystemTime::now());
        wire::exchange(authority, &request, LIMIT)
            .map_err(|why| format!("{} {}{}: {why}", call.method, self.endpoint, request.target))
    }

    /// Sends a signed request whose answer must have one of these statuses.
    pub(crate) fn expect(&self, statuses: &[u16], call: Call<'_>) -> Result<Response, String> {
        let answer = self.send(call)?;
        if statuses.contains(&answer.status) {
            return Ok(answer);
        }
        let Call {
            method,
            path,
            query,
            ..
        } = call;
        let target = sigv4::target(path, query);
        let body = String::from_utf8_lossy(&answer.body);
        Err(format!(
            "{method} {}{target} was answered {}: {body}",
            self.endpoint, answer.status
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Minio, Proxy};

    #[test]
    fn a_signature_is_still_good_behind_a_proxy() {
        let minio = Minio::get();
        let bucket = minio.bucket("proxy");
        let proxy = Proxy::start(minio.endpoint());
        proxy.when(|request| request.method == "PUT", Action::LoseAnswer);
        let credentials = Credentials {
            access_key: minio.access_key().into(),
            secret_key: minio.secret_key().into(),
            region: minio.region().into(),
        };
        let client = Client {
            endpoint: proxy.endpoint(),
            credentials,
        };
        let path = format!("/{}/a b", bucket.name());
        let put = Call {
            method: "PUT",
            path: &path,
            body: b"A",
            ..Call::default()
        };

        let lost = client.send(put);
        let replaced = client.send(put).map(|answer| answer.status);

        assert!(lost.is_err(), "{lost:?}");
        assert_eq!(replaced, Ok(200));
        assert_eq!(bucket.get_raw("a b").as_deref(), Some(&b"A"[..]));
        let statuses: Vec<_> = proxy
            .requests()
            .iter()
            .map(|request| request.upstream_status)
            .collect();
        assert_eq!(statuses, [Some(200), Some(200)]);
    }
}
