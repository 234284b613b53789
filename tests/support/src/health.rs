//! How one sees that a server takes requests: that its port is open says too little.

use std::io;
use std::time::Duration;

use crate::client::{Call, Client};
use crate::http::Request;
use crate::sigv4::Credentials;
use crate::wire;

/// What a server is asked.
#[derive(Clone, Debug)]
pub(crate) enum Health {
    /// MinIO's own question, which needs no keys.
    Minio,
    /// To list the buckets of these keys, which every S3 service can.
    Buckets(Credentials),
}

impl Health {
    /// Says whether the server at `endpoint` is ready to serve.
    pub(crate) fn is_good(&self, endpoint: &str) -> bool {
        match self {
            Self::Minio => minio_is_ready(endpoint),
            Self::Buckets(credentials) => lists_buckets(endpoint, credentials),
        }
    }
}

/// Not `health/live`, which MinIO answers with 200 before it takes requests (503
/// `XMinioServerNotInitialized`).
fn minio_is_ready(endpoint: &str) -> bool {
    let request = Request {
        method: "GET".into(),
        target: "/minio/health/cluster".into(),
        ..Request::default()
    };
    let answer = wire::authority(endpoint)
        .map_err(io::Error::other)
        .and_then(|authority| wire::exchange(authority, &request, Duration::from_secs(2)));
    answer.is_ok_and(|answer| answer.status == 200)
}

fn lists_buckets(endpoint: &str, credentials: &Credentials) -> bool {
    let client = Client {
        endpoint: endpoint.to_owned(),
        credentials: credentials.clone(),
    };
    let call = Call {
        method: "GET",
        path: "/",
        ..Call::default()
    };
    client.expect(&[200], call).is_ok()
}
