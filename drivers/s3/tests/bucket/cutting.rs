//! Contents that are cut as the options say: one PUT, parts, and what is too large for all of them.

use bytes::Bytes;
use futures::{future, stream};
use storehouse_storage::{Content, ErrorKind, EtagRule, SaveOptions, Storage, Target};
use storehouse_test_support::Action;

use crate::fixture::{
    Behind, MIB, behind_a_proxy_with, bytes, completes, create, log, name, one_pass, refusal,
    replace, save,
};

/// The least that S3 takes as a part.
const PART: &str = "5242880";

/// What a save of so many parts asks for.
fn requests_of(parts: usize) -> Vec<&'static str> {
    if parts == 0 {
        return vec!["PUT object"];
    }
    let mut requests = vec!["POST begin"];
    requests.extend(vec!["PUT part"; parts]);
    requests.push("POST upload");
    requests
}

fn contents(length: usize) -> [(&'static str, Content); 2] {
    [
        ("known", bytes(length).into()),
        ("unknown", one_pass(&bytes(length))),
    ]
}

fn stored(behind: &Behind, text: &str) -> Vec<u8> {
    behind.bucket.get_raw(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_is_cut_where_the_options_say() {
    let at = |mib: usize| (mib * MIB).to_string();
    for (threshold, cases) in [
        ("1".to_owned(), vec![(0, 0), (1, 0), (2, 1), (11 * MIB, 3)]),
        (
            at(1),
            vec![(MIB, 0), (MIB + 1, 1), (5 * MIB, 1), (5 * MIB + 1, 2)],
        ),
        (
            at(12),
            vec![(12 * MIB, 0), (12 * MIB + 1, 3), (17 * MIB, 4)],
        ),
    ] {
        let options = [
            ("multipart_threshold", threshold.as_str()),
            ("multipart_chunksize", PART),
        ];
        let behind = behind_a_proxy_with("cut", &options).await;
        for (length, parts) in cases {
            for (case, content) in contents(length) {
                behind.proxy.clear();

                let saved = replace(&behind.storage, "a.bin", content).await.unwrap();

                let case = format!("{length} of {case} length, {threshold} at once");
                assert_eq!(log(&behind.proxy), requests_of(parts), "{case}");
                assert!(stored(&behind, "a.bin") == bytes(length), "{case}");
                assert_eq!(saved.size, length as u64, "{case}");
                let told = match behind.storage.etag_rule(length as u64) {
                    EtagRule::Md5OfParts { part_bytes } => (length as u64).div_ceil(part_bytes),
                    _ => 0,
                };
                assert_eq!(told, parts as u64, "{case}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_grow_where_a_service_takes_few() {
    let options = [("chunk_size", PART), ("max_upload_parts", "3")];
    let behind = behind_a_proxy_with("few-parts", &options).await;
    // Of unknown length 5, 5 and 10 MiB.
    for length in [9 * MIB, 20 * MIB] {
        for (case, content) in contents(length) {
            let saved = replace(&behind.storage, "a.bin", content).await;

            saved.unwrap();
            assert!(stored(&behind, "a.bin") == bytes(length), "{case} {length}");
        }
    }

    let parts = log(&behind.proxy)
        .iter()
        .filter(|asked| *asked == "PUT part")
        .count();
    assert_eq!(parts, 2 + 2 + 3 + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_upload_holds_is_told_before_anything_is_sent() {
    let behind = behind_a_proxy_with("too-large", &[("max_upload_parts", "2")]).await;
    let content = Content::from_stream(stream::pending::<std::io::Result<Bytes>>());
    let content = content.with_length(9 << 30);

    let error = create(&behind.storage, "a.bin", content).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let limit = "at most 2 parts of 4294967296 bytes";
    assert!(error.to_string().contains(limit), "{error}");
    assert!(behind.proxy.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_turns_out_too_large_leaves_nothing() {
    let parts = [("multipart_chunksize", PART), ("max_upload_parts", "2")];
    let one_put = [("multipart_threshold", "20971520")];
    for (case, options, length) in [
        ("after the parts", parts.to_vec(), 15 * MIB + 1),
        (
            "what one PUT may have",
            [&parts[..], &one_put].concat(),
            20 * MIB + 1,
        ),
    ] {
        let behind = behind_a_proxy_with("too-long", &options).await;
        let content = one_pass(&bytes(length));

        let error = create(&behind.storage, "a.bin", content).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unsupported, "{case}");
        assert!(
            error.to_string().contains("15728640 bytes in all"),
            "{case}: {error}"
        );
        assert!(behind.bucket.incomplete_uploads().is_empty(), "{case}");
        assert!(behind.bucket.object_names().is_empty(), "{case}");
    }
    let behind = behind_a_proxy_with("just-long-enough", &parts).await;
    create(&behind.storage, "a.bin", one_pass(&bytes(15 * MIB)))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_larger_than_the_memory_for_all_is_sent_alone() {
    let options = [("multipart_threshold", "50331648")];
    let behind = behind_a_proxy_with("large-put", &options).await;
    let length = 40 * MIB;

    let saves = contents(length).map(async |(text, content)| {
        replace(&behind.storage, text, content).await.unwrap();
    });
    future::join_all(saves).await;

    assert_eq!(log(&behind.proxy), ["PUT object"; 2]);
    assert_eq!(behind.proxy.most_waiting(), 1);
    for text in ["known", "unknown"] {
        assert!(stored(&behind, text) == bytes(length), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_cut_as_a_save_is() {
    let options = [
        ("multipart_threshold", "1048576"),
        ("multipart_chunksize", PART),
    ];
    let behind = behind_a_proxy_with("cut-copy", &options).await;
    for (length, parts) in [(MIB, 0), (2 * MIB, 1), (11 * MIB, 3)] {
        let saved = replace(&behind.storage, "a.bin", bytes(length))
            .await
            .unwrap();
        let seen = behind.storage.stat(&saved.name).await.unwrap();
        behind.proxy.clear();

        let target = Target::Replace(name("copy.bin"));
        let options = SaveOptions::default();
        let copied = behind
            .storage
            .copy_as(&seen, target, &options)
            .await
            .unwrap();

        assert_eq!(log(&behind.proxy), requests_of(parts), "{length}");
        assert_eq!(copied.etag, saved.etag, "{length}");
        assert!(stored(&behind, "copy.bin") == bytes(length), "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_race_for_a_name_sends_the_same_parts_again() {
    let options = [
        ("multipart_threshold", "12582912"),
        ("multipart_chunksize", PART),
    ];
    let behind = behind_a_proxy_with("cut-race", &options).await;
    let taken = refusal(412, "PreconditionFailed");
    let action = Action::Respond(taken);
    behind.proxy.when(completes, action);

    let saved = save(&behind.storage, "a.bin", bytes(13 * MIB)).await;

    let name = saved.unwrap().name;
    assert!(stored(&behind, name.as_str()) == bytes(13 * MIB));
    let parts = log(&behind.proxy)
        .iter()
        .filter(|asked| *asked == "PUT part")
        .count();
    assert_eq!(parts, 6);
}
