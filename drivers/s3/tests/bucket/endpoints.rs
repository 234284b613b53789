//! Endpoints that are not in the options, each in a process with an environment of its own.

use storehouse_storage::Storage;

use crate::{
    child,
    credentials::{opened, service},
    fixture::name,
};

const KEYS: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "FROMENV"),
    ("AWS_SECRET_ACCESS_KEY", "s"),
];

/// What a child does: it opens a storage with `argument` as its endpoint, if there is one, and answers
/// where requests go and what browsers get.
pub(crate) async fn places(argument: &str) -> String {
    let storage = opened(argument);
    let url = storage.url(&name("a"), &Default::default()).await.unwrap();
    let url = url.split('?').next().unwrap();
    format!("{} {url}", storage.service().unwrap())
}

/// A folder with a configuration file that says this.
fn folder_with(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config"), config).unwrap();
    folder
}

#[test]
fn a_signed_request_goes_to_the_service_that_the_environment_names() {
    let service = service();
    let endpoint = service.endpoint();
    for variable in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
        let variables = [KEYS, &[(variable, endpoint.as_str())]].concat();

        let answer = child::start("stat", "", &variables).finish();

        assert_eq!(answer, "", "{variable}");
    }
    let requests = service.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.target, "/bucket/a");
        let authorization = request.headers.get("authorization").unwrap();
        assert!(authorization.contains("Credential=FROMENV/"));
    }
}

#[test]
fn the_nearest_endpoint_is_that_of_requests_and_of_urls() {
    let folder = folder_with(
        "[profile work]\nendpoint_url = http://profile\n\
         [profile local]\nendpoint_url = http://profile\nservices = minio\n\
         [services minio]\ns3 =\n  endpoint_url = http://services\n",
    );
    let config = folder.path().join("config");
    let config = ("AWS_CONFIG_FILE", config.to_str().unwrap());
    let amazon = "https://bucket.s3.amazonaws.com";
    for (case, option, variables, expected) in [
        (
            "the option",
            "http://option",
            vec![("AWS_ENDPOINT_URL_S3", "http://s3")],
            "http://option/bucket",
        ),
        (
            "the variable of S3",
            "",
            vec![
                ("AWS_ENDPOINT_URL", "http://all"),
                ("AWS_ENDPOINT_URL_S3", "http://s3"),
                ("AWS_PROFILE", "work"),
            ],
            "http://s3/bucket",
        ),
        (
            "the variable of all",
            "",
            vec![("AWS_ENDPOINT_URL", "http://all"), ("AWS_PROFILE", "local")],
            "http://all/bucket",
        ),
        (
            "services",
            "",
            vec![("AWS_PROFILE", "local")],
            "http://services/bucket",
        ),
        (
            "the profile",
            "",
            vec![("AWS_PROFILE", "work")],
            "http://profile/bucket",
        ),
        (
            "turned off",
            "",
            vec![
                ("AWS_ENDPOINT_URL", "http://all"),
                ("AWS_PROFILE", "work"),
                ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
            ],
            amazon,
        ),
        ("nothing", "", vec![], amazon),
    ] {
        let variables = [KEYS, &variables, &[config]].concat();

        let answer = child::start("places", option, &variables).finish();

        assert_eq!(answer, format!("{expected} {expected}/a"), "{case}");
    }
}
