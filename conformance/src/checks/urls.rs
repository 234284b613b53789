//! URLs: where a storage has them they lead to the object, whatever its name; where it has none
//! it says so.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use storehouse_storage::{ErrorKind, SaveOptions, UrlOptions};

use crate::{
    http,
    subject::{Subject, assert_kind, name},
};

const NAMES: [&str; 12] = [
    "plain.txt",
    "folder/a b.txt",
    "50%.txt",
    "a%20b.txt",
    "a?b#c.txt",
    "a+b&c=d.txt",
    "⊗/é.txt",
    "say \"hi\".txt",
    "it's (1)!*~.txt",
    "[a]{b}.txt",
    "a:b@c;d,e$f.txt",
    "<a>|^`.txt",
];

pub(crate) async fn a_url_leads_to_its_object(subject: Subject) {
    for text in NAMES {
        let content = format!("the content of {text:?}");
        let file = subject.create(text, content.clone()).await;

        let url = subject.storage.url(&file, &UrlOptions::default()).await;

        if !subject.storage.capabilities().urls {
            assert_kind(
                url,
                ErrorKind::Unsupported,
                "capabilities say there are no URLs",
            );
            continue;
        }
        let url = url.unwrap_or_else(|error| panic!("the URL of {text:?}: {error}"));
        assert_leads_to(&url, text);
        if url.starts_with("http://") {
            let answer = http::get(&url).await;
            assert_eq!(answer.status, 200, "GET of {url} for {text:?}");
            assert_eq!(answer.body, content, "GET of {url} for {text:?}");
        }
    }
}

pub(crate) async fn a_url_is_made_without_a_look_at_the_object(subject: Subject) {
    let url = subject
        .storage
        .url(&name("missing.txt"), &UrlOptions::default())
        .await;

    match subject.storage.capabilities().urls {
        true => assert_leads_to(
            &url.expect("nobody looks whether it is there"),
            "missing.txt",
        ),
        false => assert_kind(
            url,
            ErrorKind::Unsupported,
            "capabilities say there are no URLs",
        ),
    }
}

pub(crate) async fn two_names_have_two_urls(subject: Subject) {
    if !subject.storage.capabilities().urls {
        let url = subject
            .storage
            .url(&name("a"), &UrlOptions::default())
            .await;
        return assert_kind(
            url,
            ErrorKind::Unsupported,
            "capabilities say there are no URLs",
        );
    }
    let mut urls = Vec::new();
    for text in [
        "a b",
        "a+b",
        "a%20b",
        "a%2Fb",
        "a/b",
        "cafe\u{301}",
        "caf\u{e9}",
    ] {
        let url = subject
            .storage
            .url(&name(text), &UrlOptions::default())
            .await;
        let url = url.unwrap_or_else(|error| panic!("the URL of {text:?}: {error}"));
        let path = url.split('?').next().unwrap_or_default().to_owned();
        assert!(
            !urls.contains(&path),
            "{text:?} has the URL of another name"
        );
        urls.push(path);
    }
}

pub(crate) async fn a_url_with_an_expiry_is_signed_or_refused(subject: Subject) {
    let options = UrlOptions::default().with_expires_in(Duration::from_secs(300));
    signed_or_refused(&subject, &options, |_| {}).await;
}

pub(crate) async fn a_url_with_a_download_name_is_signed_or_refused(subject: Subject) {
    let options = UrlOptions::default().with_download_name("report 1.pdf");
    let check = |answer: &http::Answer| {
        let disposition = answer.header("content-disposition").unwrap_or_default();
        assert!(
            disposition.starts_with("attachment") && disposition.contains("report"),
            "a URL with a download name answers with the disposition {disposition:?}"
        );
    };
    signed_or_refused(&subject, &options, check).await;
}

pub(crate) async fn a_url_with_a_content_type_is_signed_or_refused(subject: Subject) {
    let options = UrlOptions::default().with_content_type("text/x-check");
    let check = |answer: &http::Answer| {
        let found = answer.header("content-type");
        assert_eq!(
            found,
            Some("text/x-check"),
            "a URL with a content type answers with another"
        );
    };
    signed_or_refused(&subject, &options, check).await;
}

pub(crate) async fn a_url_answers_with_the_attributes_that_were_saved(subject: Subject) {
    let can = subject.storage.capabilities();
    let options = SaveOptions::default()
        .with_content_type("text/x-check")
        .with_cache_control("max-age=60");
    let file = name("file.txt");
    let saved = subject
        .storage
        .save(&file, "content".into(), &options)
        .await;
    saved.expect("the name is free");

    let url = subject.storage.url(&file, &UrlOptions::default()).await;

    match url {
        Ok(url) if can.attributes && url.starts_with("http://") => {
            let answer = http::get(&url).await;
            for (header, value) in [
                ("content-type", "text/x-check"),
                ("cache-control", "max-age=60"),
            ] {
                assert_eq!(answer.header(header), Some(value), "GET of {url}");
            }
        }
        Ok(url) => assert_leads_to(&url, "file.txt"),
        Err(error) => {
            assert!(!can.urls, "capabilities say there are URLs: {error}");
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        }
    }
}

async fn signed_or_refused(subject: &Subject, options: &UrlOptions, check: impl Fn(&http::Answer)) {
    for text in ["folder/a b.txt", "50%+é.txt"] {
        let file = subject.create(text, "content").await;
        let signed = subject.storage.url(&file, options).await;

        if !subject.storage.capabilities().signed_urls {
            assert_kind(
                signed,
                ErrorKind::Unsupported,
                "capabilities say there is no signing",
            );
            continue;
        }
        let signed = signed.unwrap_or_else(|error| panic!("a signed URL of {text:?}: {error}"));
        assert_leads_to(&signed, text);
        let plain = subject.storage.url(&file, &UrlOptions::default()).await;
        let plain = plain.unwrap_or_default();
        assert_ne!(signed, plain, "nothing of {options:?} is in the URL");
        if signed.starts_with("http://") {
            let answer = http::get(&signed).await;
            assert_eq!(answer.status, 200, "GET of a signed URL of {text:?}");
            assert_eq!(answer.body, "content", "GET of a signed URL of {text:?}");
            check(&answer);
        }
    }
}

/// Fails unless `url` is absolute or a path, is made of the characters of a URL, and ends in the
/// name once it is decoded.
fn assert_leads_to(url: &str, text: &str) {
    let absolute =
        url.starts_with('/') || url.starts_with("http://") || url.starts_with("https://");
    assert!(
        absolute,
        "{url:?} is neither absolute nor a path on the site"
    );
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    assert!(
        url.bytes().all(allowed),
        "{url:?} has characters that no URL has"
    );
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8_lossy();
    assert!(
        path.ends_with(&format!("/{text}")),
        "{url:?} does not lead to {text:?}"
    );
}
