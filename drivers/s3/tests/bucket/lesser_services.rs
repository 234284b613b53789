//! Services that lack something: what the driver promises holds on each of them, or is refused.

use std::{collections::BTreeSet, pin::pin, sync::Arc};

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    future::{self, Either},
    stream,
};
use storehouse_s3::S3Storage;
use storehouse_storage::{ByteRange, Content, ErrorKind, OpenOptions, Storage, StorageExt, Target};
use storehouse_test_support::{Bucket, Etags, Gap, LesserS3, Minio, Refusal};
use tokio::sync::Notify;

use crate::fixture::{MIB, bucket, bytes, name, opened, replace, save};

/// What a service may lack and still keep files.
const GAPS: &[Gap] = &[
    Gap::ConditionIgnored,
    Gap::ConditionIgnoredAtCompletion,
    Gap::ConditionRefused(Refusal::NotImplemented),
    Gap::ConditionRefused(Refusal::InvalidArgument),
    Gap::ConditionRefusedAtCompletion(Refusal::NotImplemented),
    Gap::ConditionRefusedAtCompletion(Refusal::InvalidArgument),
    Gap::NoBatchDelete(Refusal::NotImplemented),
    Gap::NoBatchDelete(Refusal::InvalidArgument),
    Gap::NoCopy,
    Gap::NoPartCopy,
    Gap::Etags(Etags::NotMd5),
    Gap::Etags(Etags::Opaque),
    Gap::Etags(Etags::RandomMultipart),
    Gap::Etags(Etags::Weak),
    Gap::Etags(Etags::UpperCase),
    Gap::ListV2Refused(Refusal::NotImplemented),
    Gap::ListV2Refused(Refusal::InvalidArgument),
    Gap::ListV2Ignored,
    Gap::NoEncodingType,
    Gap::UploadRoot,
    Gap::CopyWithoutEtag,
    Gap::PartCopyRoot,
    Gap::HeadlessNotFound,
    Gap::NoFirstUpload,
];

/// A bucket of MinIO, and a storage that knows it as one of a lesser service.
struct Lesser {
    bucket: Arc<Bucket>,
    service: LesserS3,
    storage: S3Storage,
}

impl Lesser {
    async fn with(gap: Gap) -> Self {
        let bucket = bucket("lesser").await;
        let service = LesserS3::start(&Minio::get(), gap);
        let storage = opened(&bucket, &service.endpoint(), &[]);
        Self {
            bucket,
            service,
            storage,
        }
    }
}

/// What is wrong, if something is.
type Checked = Result<(), String>;

fn ensure(holds: bool, what: &str) -> Checked {
    match holds {
        true => Ok(()),
        false => Err(what.to_owned()),
    }
}

fn told(error: impl ToString) -> String {
    error.to_string()
}

/// Does one thing with a bucket of each service, and tells all that go wrong at once.
async fn on_each<F, C>(check: F)
where
    F: Fn(Lesser) -> C + Send + Sync,
    C: Future<Output = Checked> + Send,
{
    let mut problems = Vec::new();
    for gap in GAPS {
        if let Err(problem) = check(Lesser::with(*gap).await).await {
            problems.push(format!("{gap:?}: {problem}"));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_contents_saved_under_one_name_are_both_kept() {
    on_each(|lesser| kept_both(lesser, 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_large_contents_saved_under_one_name_are_both_kept() {
    on_each(|lesser| kept_both(lesser, 9 * MIB)).await;
}

async fn kept_both(lesser: Lesser, length: usize) -> Checked {
    let (first, second) = (vec![b'1'; length], vec![b'2'; length]);

    let one = save(&lesser.storage, "a.bin", first.clone()).await;
    let other = save(&lesser.storage, "a.bin", second.clone()).await;

    let (one, other) = (one.map_err(told)?, other.map_err(told)?);
    ensure(one.name == name("a.bin"), "the free name was not taken")?;
    ensure(one.name != other.name, "one name for two contents")?;
    for (saved, content) in [(one, first), (other, second)] {
        let stored = lesser.bucket.get_raw(saved.name.as_str());
        ensure(stored == Some(content), "another content is stored")?;
    }
    no_more_than(&lesser, 2)
}

/// Checks that nothing is left of what did not work at the first try.
fn no_more_than(lesser: &Lesser, objects: usize) -> Checked {
    let names = lesser.bucket.object_names();
    ensure(names.len() == objects, &format!("there are {names:?}"))?;
    let uploads = lesser.bucket.incomplete_uploads();
    ensure(uploads.is_empty(), &format!("parts are left: {uploads:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_saved_is_read_whole_and_in_part() {
    on_each(async |lesser: Lesser| {
        let content = bytes(9 * MIB);
        let saved = replace(&lesser.storage, "a.bin", content.clone()).await;
        let saved = saved.map_err(told)?.name;

        let whole = lesser.storage.read(&saved).await.map_err(told)?;
        let range = ByteRange::Bounded(5..300_000);
        let options = OpenOptions::default().with_range(range);
        let part = lesser.storage.open(&saved, &options).await.map_err(told)?;
        let part = part.into_bytes().await.map_err(told)?;

        ensure(whole == content, "another content is read")?;
        ensure(part == content[5..300_000], "another part is read")?;
        let missing = lesser.storage.exists(&name("nothing")).await;
        ensure(!missing.map_err(told)?, "what is not there exists")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_copy_has_the_content_of_its_source() {
    on_each(async |lesser: Lesser| {
        let content = bytes(12 * MIB);
        lesser.bucket.put_raw("a.bin", &content);

        let target = Target::Replace(name("copy.bin"));
        let copied = lesser.storage.copy(&name("a.bin"), target).await;

        copied.map_err(told)?;
        let stored = lesser.bucket.get_raw("copy.bin");
        ensure(stored == Some(content), "another content is stored")?;
        no_more_than(&lesser, 2)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_gone_alone_or_with_others() {
    on_each(async |lesser: Lesser| {
        for key in ["a", "b", "c", "d", "kept"] {
            lesser.bucket.put_raw(key, b"x");
        }

        let alone = lesser.storage.delete(&name("a")).await;
        let failures = lesser.storage.delete_many(&["b", "c", "d"].map(name)).await;

        alone.map_err(told)?;
        ensure(failures.is_empty(), &format!("{failures:?}"))?;
        ensure(lesser.bucket.object_names() == ["kept"], "some are left")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_has_every_name_once() {
    on_each(async |lesser: Lesser| {
        let keys = ["a b+ü.txt", "b/c&d", "b/%41", "e"];
        for key in keys {
            lesser.bucket.put_raw(key, b"x");
        }

        let listed: Vec<_> = lesser
            .storage
            .list(None)
            .try_collect()
            .await
            .map_err(told)?;

        let mut names: Vec<_> = listed.iter().map(|entry| entry.name.as_str()).collect();
        names.sort_unstable();
        let expected: BTreeSet<_> = keys.into();
        ensure(names.iter().eq(&expected), &format!("listed {names:?}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_of_version_1_has_more_than_one_page() {
    for gap in [
        Gap::ListV2Ignored,
        Gap::ListV2Refused(Refusal::NotImplemented),
    ] {
        let lesser = Lesser::with(gap).await;
        for number in 0..1001 {
            lesser.bucket.put_raw(&format!("a/{number}"), b"");
        }

        let listed: Vec<_> = lesser.storage.list(None).try_collect().await.unwrap();
        let folder = lesser.storage.list_dir(Some(&name("a"))).await.unwrap();

        let names: BTreeSet<_> = listed.iter().map(|entry| &entry.name).collect();
        assert_eq!((listed.len(), names.len()), (1001, 1001), "{gap:?}");
        assert_eq!(folder.files.len(), 1001, "{gap:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_is_dropped_leaves_what_was_there() {
    on_each(async |lesser: Lesser| {
        lesser.bucket.put_raw("a.bin", b"before");
        let stalled = Arc::new(Notify::new());
        {
            let content = stalling(Arc::clone(&stalled));
            let saving = pin!(replace(&lesser.storage, "a.bin", content));
            let begun = pin!(stalled.notified());
            if let Either::Left((saved, _)) = future::select(saving, begun).await {
                return Err(format!("it did not wait for its content: {saved:?}"));
            }
        }

        lesser.storage.settle().await;

        let stored = lesser.bucket.get_raw("a.bin");
        ensure(stored.as_deref() == Some(b"before"), "it is replaced")?;
        no_more_than(&lesser, 1)
    })
    .await;
}

/// A content of 17 MiB, and an end that never comes; it tells when it is waited for.
fn stalling(stalled: Arc<Notify>) -> Content {
    let blocks = stream::repeat(Bytes::from(vec![7; MIB])).take(17);
    let end = stream::once(async move {
        stalled.notify_one();
        future::pending::<Bytes>().await
    });
    Content::from_stream(blocks.chain(end).map(Ok::<_, std::io::Error>))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_lost_each_time_is_an_error_and_leaves_nothing() {
    let lesser = Lesser::with(Gap::NoUpload).await;

    let saved = save(&lesser.storage, "a.bin", bytes(9 * MIB)).await;

    saved.unwrap_err();
    no_more_than(&lesser, 0).unwrap();
    assert!(lesser.service.requests().len() < 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_unknown_is_not_taken_for_a_missing_object() {
    let lesser = Lesser::with(Gap::UnknownKey).await;
    lesser.bucket.put_raw("a", b"x");

    let errors = [
        lesser.storage.read(&name("a")).await.map(drop).unwrap_err(),
        lesser.storage.delete(&name("a")).await.unwrap_err(),
        save(&lesser.storage, "b", "x").await.map(drop).unwrap_err(),
    ];

    for error in errors {
        assert_ne!(error.kind(), ErrorKind::NotFound, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_the_user_vouches_for_and_the_service_refuses_is_told_with_what_to_set() {
    for (gap, length) in [
        (Gap::ConditionRefused(Refusal::NotImplemented), 1),
        (
            Gap::ConditionRefusedAtCompletion(Refusal::InvalidArgument),
            9 * MIB,
        ),
    ] {
        let bucket = bucket("vouched").await;
        let service = LesserS3::start(&Minio::get(), gap);
        let vouched = [("exclusive_create", "condition")];
        let storage = opened(&bucket, &service.endpoint(), &vouched);

        let error = save(&storage, "a.bin", bytes(length)).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unsupported, "{gap:?}: {error}");
        assert!(error.to_string().contains("exclusive_create"), "{error}");
        assert!(bucket.object_names().is_empty(), "{gap:?}");
        assert!(bucket.incomplete_uploads().is_empty(), "{gap:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_to_be_guarded_replaces_what_is_there() {
    let bucket = bucket("unguarded").await;
    let service = LesserS3::start(&Minio::get(), Gap::ConditionIgnored);
    let storage = opened(&bucket, &service.endpoint(), &[("exclusive_create", "off")]);

    for length in [1, 9 * MIB] {
        let first = save(&storage, "a.bin", vec![b'1'; length]).await.unwrap();
        let second = save(&storage, "a.bin", vec![b'2'; length]).await.unwrap();

        assert_eq!(first.name, second.name);
        assert!(bucket.get_raw("a.bin").unwrap() == vec![b'2'; length]);
    }
    assert!(
        service
            .requests()
            .iter()
            .all(|request| request.method != "HEAD")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_save_made_is_taken_back_and_nothing_else() {
    for gap in [Gap::ConditionIgnored, Gap::HeadlessNotFound] {
        let lesser = Lesser::with(gap).await;
        let storage = &lesser.storage;
        let stays = save(storage, "a.txt", "same").await.unwrap();
        let goes = save(storage, "b.txt", "same").await.unwrap();
        // Another writer's, with the very same content.
        lesser.bucket.put_raw("a.txt", b"same");

        storage.take_back(&stays).await.unwrap();
        storage.take_back(&goes).await.unwrap();
        storage.take_back(&goes).await.unwrap();

        assert_eq!(lesser.bucket.object_names(), ["a.txt"], "{gap:?}");
    }
}
