//! What a refusal means.

use super::*;

fn error(status: u16, body: &str, action: Action) -> Error {
    let status = StatusCode::from_u16(status).unwrap();
    Refusal::new(status, &HeaderMap::new(), body.as_bytes()).error(action)
}

#[test]
fn a_code_says_what_to_do() {
    use ErrorKind::{Configuration, NotFound, PermissionDenied, Unavailable};
    for (code, action, kind, text) in [
        ("NoSuchKey", Action::GetObject, NotFound, "nothing"),
        (
            "NoSuchBucket",
            Action::GetObject,
            Configuration,
            "bucket_name",
        ),
        (
            "AccessDenied",
            Action::PutObject,
            PermissionDenied,
            "s3:PutObject",
        ),
        (
            "AccessDenied",
            Action::HeadObject,
            PermissionDenied,
            "s3:ListBucket",
        ),
        (
            "SignatureDoesNotMatch",
            Action::GetObject,
            PermissionDenied,
            "secret_key",
        ),
        (
            "PermanentRedirect",
            Action::GetObject,
            Configuration,
            "region_name",
        ),
        ("SlowDown", Action::PutObject, Unavailable, "SlowDown"),
        (
            "AccessControlListNotSupported",
            Action::PutObject,
            Configuration,
            "default_acl",
        ),
    ] {
        let document = format!("<Error><Code>{code}</Code></Error>");

        let error = error(400, &document, action);

        assert_eq!(error.kind(), kind, "{code}");
        assert!(error.to_string().contains(text), "{code}: {error}");
    }
}

#[test]
fn a_status_says_what_it_can_where_there_is_no_code() {
    use ErrorKind::{
        Configuration, PermissionDenied, RangeNotSatisfiable, StorageFull, Unavailable, Unsupported,
    };
    for (status, action, kind, text) in [
        (404, Action::ListObjects, Configuration, "endpoint_url"),
        (403, Action::HeadObject, PermissionDenied, "s3:ListBucket"),
        (403, Action::ListObjects, PermissionDenied, "s3:ListBucket"),
        (
            307,
            Action::GetObject,
            Configuration,
            "redirects are not followed",
        ),
        (416, Action::GetObject, RangeNotSatisfiable, "range"),
        (501, Action::PutObject, Unsupported, "501"),
        (502, Action::PutObject, Unavailable, "502"),
        (507, Action::PutObject, StorageFull, "full"),
    ] {
        let error = error(status, "<html>", action);

        assert_eq!(error.kind(), kind, "{status}");
        assert!(error.to_string().contains(text), "{status}: {error}");
    }
}

#[test]
fn the_region_that_the_service_names_is_in_the_advice() {
    let document =
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";

    let error = error(400, document, Action::GetObject);

    assert_eq!(error.advice(), Some("set region_name to \"eu-west-1\""));
}

#[test]
fn only_a_missing_object_means_that_there_is_nothing() {
    for (code, kind) in [
        ("NoSuchKey", ErrorKind::NotFound),
        ("NoSuchBucket", ErrorKind::Configuration),
        ("XAdminUserNotFound", ErrorKind::PermissionDenied),
        ("NoSuchUpload", ErrorKind::Unavailable),
        ("NoSuchThing", ErrorKind::Other),
    ] {
        let document = format!("<Error><Code>{code}</Code></Error>");

        assert_eq!(
            error(404, &document, Action::GetObject).kind(),
            kind,
            "{code}"
        );
    }
}

#[test]
fn the_services_own_words_stay_beside_ours() {
    for (message, expected) in [
        (
            "No such key: nope",
            "access denied: No such key: nope (AccessDenied); the key needs",
        ),
        (
            "Access Denied.",
            "access denied (AccessDenied); the key needs",
        ),
        ("", "access denied (AccessDenied); the key needs"),
    ] {
        let document =
            format!("<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>");

        let shown = error(403, &document, Action::PutObject).to_string();

        assert!(shown.contains(expected), "{shown}");
    }
}

#[test]
fn a_refusal_of_the_kind_of_request_is_told_from_one_of_its_content() {
    for (status, code, expected) in [
        (501, "NotImplemented", true),
        (501, "", true),
        (405, "MethodNotAllowed", true),
        (400, "InvalidArgument", true),
        (400, "MalformedXML", true),
        (400, "KeyTooLongError", false),
        (400, "BadDigest", false),
        (400, "RequestTimeout", false),
        (412, "PreconditionFailed", false),
        (403, "AccessDenied", false),
        (503, "SlowDown", false),
    ] {
        let document = format!("<Error><Code>{code}</Code></Error>");
        let status = StatusCode::from_u16(status).unwrap();
        let refusal = Refusal::new(status, &HeaderMap::new(), document.as_bytes());

        assert_eq!(refusal.is_of_the_kind(), expected, "{status} {code}");
    }
}

#[test]
fn the_signature_in_a_servers_document_is_not_repeated() {
    let error = error(
        403,
        "<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message>\
         <StringToSign>AWS4 PLANTED</StringToSign><RequestId>17A</RequestId></Error>",
        Action::PutObject,
    );

    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("PLANTED"), "{shown}");
    assert!(shown.contains("request 17A"), "{shown}");
}

#[test]
fn a_servers_text_cannot_break_a_line_or_run_on() {
    let message = format!("a\n[ERROR] fake\u{1b}[2J{}", "x".repeat(10_000));
    let document = format!("<Error><Code>Odd</Code><Message>{message}</Message></Error>");

    let shown = error(400, &document, Action::PutObject).to_string();

    assert!(!shown.contains(['\n', '\u{1b}']), "{shown}");
    assert!(shown.len() < 400, "{shown}");
}
