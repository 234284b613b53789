//! Keys that are not in the options: each source, in a process with an environment of its own.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use storehouse_s3::S3Storage;
use storehouse_storage::{Error, Storage};
use storehouse_test_support::{FakeHttp, Request, Response};

use crate::{
    child,
    fixture::{name, storage},
};

/// What a child does: it looks at an object of the service that `argument` names, or the environment
/// where that is empty, and answers with the error, if there is one.
pub(crate) async fn stat(argument: &str) -> String {
    let storage = opened(argument);
    let found = storage.stat(&name("a")).await;
    found
        .err()
        .map(|error: Error| error.to_string())
        .unwrap_or_default()
}

/// Opens the bucket of the service that `endpoint` names, or else of the one that the environment does.
pub(crate) fn opened(endpoint: &str) -> S3Storage {
    let bucket = ("bucket_name", "bucket");
    match endpoint {
        "" => storage(&[bucket]),
        endpoint => storage(&[bucket, ("endpoint_url", endpoint)]),
    }
}

/// A service in which every object is.
pub(crate) fn service() -> FakeHttp {
    FakeHttp::start(|_| {
        Response::new(200)
            .header("ETag", "\"x\"")
            .header("Content-Length", "0")
    })
}

fn signed_by(request: &Request, key: &str) -> bool {
    let authorization = request.headers.get("authorization").unwrap();
    authorization.contains(&format!("Credential={key}/"))
}

#[test]
fn the_environment_has_keys() {
    let service = service();
    let variables = [
        ("AWS_ACCESS_KEY_ID", "FROMENV"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_SESSION_TOKEN", "from-environment"),
        ("AWS_REGION", "eu-north-1"),
    ];

    let answer = child::start("stat", &service.endpoint(), &variables).finish();

    assert_eq!(answer, "");
    let request = &service.requests()[0];
    assert!(signed_by(request, "FROMENV"));
    assert_eq!(
        request.headers.get("x-amz-security-token"),
        Some("from-environment")
    );
    assert!(
        request
            .headers
            .get("authorization")
            .unwrap()
            .contains("/eu-north-1/s3/")
    );
}

#[test]
fn a_profile_has_keys_and_a_region() {
    let service = service();
    let folder = tempfile::tempdir().unwrap();
    let credentials = folder.path().join("credentials");
    let config = folder.path().join("config");
    std::fs::write(
        &credentials,
        "[work]\naws_access_key_id = FROMFILE\naws_secret_access_key = s\n",
    )
    .unwrap();
    std::fs::write(&config, "[profile work]\nregion = eu-west-3\n").unwrap();
    let variables = [
        ("AWS_PROFILE", "work"),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap()),
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
    ];

    let answer = child::start("stat", &service.endpoint(), &variables).finish();

    assert_eq!(answer, "");
    let request = &service.requests()[0];
    assert!(signed_by(request, "FROMFILE"));
    assert!(
        request
            .headers
            .get("authorization")
            .unwrap()
            .contains("/eu-west-3/s3/")
    );
}

#[test]
fn the_instance_metadata_service_has_keys() {
    let service = service();
    let metadata = FakeHttp::start(|request| {
        match request.path() {
        "/latest/api/token" => Response::new(200).body("session"),
        "/latest/meta-data/iam/security-credentials/" => Response::new(200).body("role"),
        "/latest/meta-data/iam/security-credentials/role" => Response::new(200).body(
            r#"{"AccessKeyId":"FROMIMDS","SecretAccessKey":"s","Token":"t","Expiration":"2999-01-01T00:00:00Z"}"#,
        ),
        _ => Response::new(404),
    }
    });
    let endpoint = metadata.endpoint();
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str())];

    let answer = child::start("stat", &service.endpoint(), &variables).finish();

    assert_eq!(answer, "");
    assert!(signed_by(&service.requests()[0], "FROMIMDS"));
}

#[test]
fn web_identity_has_keys() {
    let service = service();
    let sts = FakeHttp::start(|_| {
        Response::new(200).body(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>FROMSTS</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>\
             </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        )
    });
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "jwt").unwrap();
    let endpoint = sts.endpoint();
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_ENDPOINT_URL_STS", endpoint.as_str()),
    ];

    let answer = child::start("stat", &service.endpoint(), &variables).finish();

    assert_eq!(answer, "");
    assert!(signed_by(&service.requests()[0], "FROMSTS"));
}

#[test]
fn without_keys_it_fails_within_five_seconds_and_says_where_it_looked() {
    let service = service();
    // Its connections are made and never served.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    // Nobody listens there, as on a laptop.
    for metadata in ["http://127.0.0.1:1", &silent] {
        let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata)];
        let start = Instant::now();

        let answer = child::start("stat", &service.endpoint(), &variables).finish();

        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );
        for source in [
            "access_key",
            "AWS_ACCESS_KEY_ID",
            "profile \"default\"",
            "metadata",
        ] {
            assert!(answer.contains(source), "{answer}");
        }
    }
    assert!(service.requests().is_empty());
}
