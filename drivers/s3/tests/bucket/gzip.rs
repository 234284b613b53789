//! `gzip`: what is stored compressed, and what comes back.

use bytes::Bytes;
use storehouse_storage::{
    ByteRange, Content, ErrorKind, OpenOptions, SaveOptions, Storage, StorageExt, Target,
};
use storehouse_test_support::Action;

use crate::fixture::{
    Behind, MIB, behind_a_proxy_with, completes, create, log, name, one_pass, opened, refusal,
    replace, save,
};

const ON: &[(&str, &str)] = &[("gzip", "true")];

#[tokio::test(flavor = "multi_thread")]
async fn a_content_of_a_listed_type_is_stored_compressed_and_comes_back_plain() {
    let behind = behind_a_proxy_with("gzip", ON).await;
    for length in [0, 3, 100_000] {
        let css = style(length);

        replace(&behind.storage, "a.css", css.clone())
            .await
            .unwrap();

        let stored = behind.bucket.get_raw("a.css").unwrap();
        assert_eq!(stored[..4], [0x1f, 0x8b, 8, 0], "{length}");
        let entry = behind.storage.stat(&name("a.css")).await.unwrap();
        assert_eq!(entry.size, stored.len() as u64, "stat tells what is stored");
        let encoding = entry.attributes.content_encoding.as_deref();
        assert_eq!(encoding, Some("gzip"));
        let options = OpenOptions::default();
        let reader = behind.storage.open(&name("a.css"), &options).await.unwrap();
        assert_eq!(reader.entry().size, length as u64);
        assert_eq!(reader.entry().attributes.content_encoding, None);
        assert!(reader.into_bytes().await.unwrap() == css, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_type_and_what_is_coded_already_is_stored_as_it_is() {
    let behind = behind_a_proxy_with("gzip-not", ON).await;
    let br = SaveOptions::default().with_content_encoding("br");
    let plain = SaveOptions::default();
    for (text, options) in [
        ("a.png", &plain),
        ("a.json", &plain),
        ("a.svgz", &plain),
        ("a.css", &br),
    ] {
        let target = Target::Replace(name(text));
        let content = Content::from("as it is");

        behind.storage.put(target, content, options).await.unwrap();

        let stored = behind.bucket.get_raw(text).unwrap();
        assert_eq!(stored, b"as it is", "{text}");
    }
    let css = behind.storage.read(&name("a.css")).await.unwrap();
    assert_eq!(css, "as it is", "only gzip is taken off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_svg_comes_back_as_it_was_saved() {
    let behind = behind_a_proxy_with("gzip-svgz", ON).await;
    let gzip = SaveOptions::default().with_content_encoding("gzip");
    let target = Target::Replace(name("a.svgz"));

    let content = Content::from("as it is");
    behind.storage.put(target, content, &gzip).await.unwrap();

    let read = behind.storage.read(&name("a.svgz")).await.unwrap();
    assert_eq!(read, "as it is");
    let entry = behind.storage.stat(&name("a.svgz")).await.unwrap();
    let encoding = entry.attributes.content_encoding;
    assert_eq!(encoding.as_deref(), Some("gzip"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_types_can_be_chosen() {
    let types = [ON[0], ("gzip_content_types", "application/json")];
    let behind = behind_a_proxy_with("gzip-types", &types).await;

    for (text, compressed) in [("a.json", true), ("a.css", false)] {
        replace(&behind.storage, text, "{}").await.unwrap();

        let stored = behind.bucket.get_raw(text).unwrap();
        assert_eq!(stored.starts_with(&[0x1f, 0x8b]), compressed, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_has_the_same_etag() {
    let behind = behind_a_proxy_with("gzip-etag", ON).await;
    let css = style(300_000);

    let first = replace(&behind.storage, "a.css", css.clone()).await;
    let second = replace(&behind.storage, "b.css", one_pass(&css)).await;

    assert_eq!(first.unwrap().etag, second.unwrap().etag);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_content_gets_another_name_when_it_clashes() {
    let behind = behind_a_proxy_with("gzip-clash", ON).await;
    for content in [style(1000), noise(9 * MIB)] {
        create(&behind.storage, "a.css", "taken").await.unwrap();

        let saved = save(&behind.storage, "a.css", content.clone()).await;

        let saved = saved.unwrap().name;
        assert_ne!(saved.as_str(), "a.css");
        let read = behind.storage.read(&saved).await.unwrap();
        assert!(read == content, "{saved}");
        behind.storage.delete(&name("a.css")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_content_is_compressed_into_parts() {
    let behind = behind_a_proxy_with("gzip-parts", ON).await;
    let content = noise(17 * MIB);

    replace(&behind.storage, "a.css", one_pass(&content))
        .await
        .unwrap();

    assert!(log(&behind.proxy).contains(&"PUT part".to_owned()));
    let read = behind.storage.read(&name("a.css")).await.unwrap();
    assert!(read == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_race_for_a_name_compresses_again() {
    let behind = behind_a_proxy_with("gzip-race", ON).await;
    let taken = Action::Respond(refusal(412, "PreconditionFailed"));
    behind.proxy.when(completes, taken);
    let content = noise(9 * MIB);

    let saved = save(&behind.storage, "a.css", content.clone()).await;

    let saved = saved.unwrap().name;
    assert_ne!(saved.as_str(), "a.css");
    let read = behind.storage.read(&saved).await.unwrap();
    assert!(read == content, "{saved}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_one_of_the_plain_content() {
    let behind = behind_a_proxy_with("gzip-range", ON).await;
    let css = style(300_000);
    replace(&behind.storage, "a.css", css.clone())
        .await
        .unwrap();
    replace(&behind.storage, "a.txt", css.clone())
        .await
        .unwrap();
    for text in ["a.css", "a.txt"] {
        for (range, expected) in [
            (ByteRange::Bounded(250_000..250_010), 250_000..250_010),
            (ByteRange::From(299_999), 299_999..300_000),
            (ByteRange::Suffix(100_000), 200_000..300_000),
        ] {
            let options = OpenOptions::default().with_range(range);

            let reader = behind.storage.open(&name(text), &options).await.unwrap();

            assert!(
                reader.into_bytes().await.unwrap() == css[expected],
                "{text}"
            );
        }
        let beyond = OpenOptions::default().with_range(ByteRange::From(300_000));
        let error = behind.storage.open(&name(text), &beyond).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RangeNotSatisfiable, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_compressed_comes_plain_too_and_only_with_the_option() {
    let behind = behind_a_proxy_with("gzip-others", ON).await;
    replace(&behind.storage, "a.css", "a{}").await.unwrap();
    let stored = behind.bucket.get_raw("a.css").unwrap();
    let headers = [("content-encoding", "gzip"), ("content-type", "text/css")];
    behind.bucket.put_raw_with("theirs.css", &stored, &headers);
    let off = opened(&behind.bucket, &behind.proxy.endpoint(), &[]);

    let theirs = behind.storage.read(&name("theirs.css")).await.unwrap();
    let raw = off.read(&name("theirs.css")).await.unwrap();

    assert_eq!(theirs, "a{}");
    assert!(raw == stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_only_says_it_is_gzip_is_an_error() {
    let behind = behind_a_proxy_with("gzip-lie", ON).await;
    let headers = [("content-encoding", "gzip")];
    for content in ["", "a{}", "a { color: red }"] {
        let stored = content.as_bytes();
        behind.bucket.put_raw_with("a.css", stored, &headers);

        let read = behind.storage.read(&name("a.css")).await;

        assert_eq!(read.unwrap_err().kind(), ErrorKind::Integrity, "{content}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_compressed_as_their_source_is() {
    let behind = behind_a_proxy_with("gzip-copy", ON).await;
    for content in [style(1000), noise(9 * MIB)] {
        replace(&behind.storage, "a.css", content.clone())
            .await
            .unwrap();
        let options = SaveOptions::default().with_cache_control("no-store");
        let seen = behind.storage.stat(&name("a.css")).await.unwrap();
        let targets = ["b.css", "c.css", "d.css"].map(name);

        let replaced = Target::Replace(targets[0].clone());
        copied(&behind, "a.css", replaced).await;
        let free = Target::Create(targets[1].clone());
        copied(&behind, "a.css", free).await;
        let other = Target::Create(targets[2].clone());
        let other = behind.storage.copy_as(&seen, other, &options).await;
        other.unwrap();
        let itself = behind.storage.set_attributes(&seen.name, &options).await;
        itself.unwrap();

        for copy in targets.iter().chain([&seen.name]) {
            let encoding = behind.storage.stat(copy).await.unwrap().attributes;
            assert_eq!(encoding.content_encoding.as_deref(), Some("gzip"), "{copy}");
            assert!(
                behind.storage.read(copy).await.unwrap() == content,
                "{copy}"
            );
            behind.storage.delete(copy).await.unwrap();
        }
    }
}

async fn copied(behind: &Behind, from: &str, target: Target) {
    behind.storage.copy(&name(from), target).await.unwrap();
}

fn style(length: usize) -> Bytes {
    let text = "a { color: red } /* and so on */ ";
    text.bytes().cycle().take(length).collect()
}

/// Bytes that do not become fewer.
fn noise(length: usize) -> Bytes {
    let mut state = 1_u32;
    let next = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    next.take(length).collect()
}
