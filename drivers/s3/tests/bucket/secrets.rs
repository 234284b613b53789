//! Keys and tokens are never shown, whatever fails.

use std::error::Error as _;

use futures::TryStreamExt;
use storehouse_s3::S3Driver;
use storehouse_storage::{Driver, DriverConfig, Error, Registry, Storage, StorageExt};
use storehouse_test_support::{FakeHttp, Request, Response};

use crate::fixture::{config, create, name, storage};

const SECRET: &str = "PLANTED/secret+key=";
const TOKEN: &str = "PLANTED/token+of=";
const KEYS: &[(&str, &str)] = &[
    ("bucket_name", "bucket"),
    ("access_key", "PLANTED-access"),
    ("secret_key", SECRET),
    ("security_token", TOKEN),
    ("retry_timeout", "0"),
    ("read_timeout", "1"),
];

/// Everything that an error can show.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!(" {inner} {inner:?}");
        cause = inner.source();
    }
    text
}

fn assert_hidden(case: &str, text: &str) {
    for form in [
        "PLANTED/",
        "PLANTED%2F",
        "PLANTED%2f",
        "secret+key",
        "token+of",
        "UExBTlRFRC",
    ] {
        assert!(!text.contains(form), "{case} shows {form}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_shows_a_secret() {
    let answers: [fn(&Request) -> Response; 5] = [
        |_| Response::new(403).body("<Error><Code>SignatureDoesNotMatch</Code></Error>"),
        // A service that repeats all it was sent.
        |request| Response::new(400).body(format!("{:?}", request.headers)),
        |_| Response::new(307).header("Location", "http://elsewhere.invalid/"),
        |_| Response::new(200).body("<html>"),
        |_| Response::new(500),
    ];
    for (index, answer) in answers.into_iter().enumerate() {
        let service = FakeHttp::start(answer);
        let endpoint = service.endpoint();
        let storage = storage(&[KEYS, &[("endpoint_url", &endpoint)]].concat());
        let object = name("a");

        let mut errors = vec![
            storage.read(&object).await.unwrap_err(),
            storage.stat(&object).await.unwrap_err(),
            create(&storage, "a", "A").await.unwrap_err(),
            create(&storage, "b", vec![0; 9 << 20]).await.unwrap_err(),
            storage
                .list(None)
                .try_collect::<Vec<_>>()
                .await
                .unwrap_err(),
        ];
        errors.extend(storage.delete(&object).await.err());
        errors.extend(
            storage
                .delete_many(&[object])
                .await
                .into_iter()
                .map(|(_, error)| error),
        );

        for error in errors {
            assert_hidden(&format!("answer {index}"), &shown(&error));
        }
    }
}

#[tokio::test]
async fn no_debug_output_shows_a_secret() {
    let config: DriverConfig = config(KEYS);
    let storage = S3Driver.open_storage(&config).unwrap();
    let mut registry = Registry::default();
    registry.register(std::sync::Arc::new(S3Driver));

    assert_hidden("config", &format!("{config:?}"));
    assert_hidden("storage", &format!("{storage:?} {}", storage.describe()));
    assert_hidden("driver", &format!("{registry:?} {:?}", S3Driver.options()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_learns_nothing_to_repeat() {
    let storage = storage(&[KEYS, &[("endpoint_url", "http://127.0.0.1:1")]].concat());

    let error = storage.read(&name("a")).await.unwrap_err();

    assert_hidden("refused", &shown(&error));
}
