//! Many processes on one name, and one process with a content larger than it may hold.

use std::{collections::BTreeSet, fs};

use bytes::Bytes;
use futures::{StreamExt, stream};
use storehouse_s3::S3Storage;
use storehouse_storage::{Content, OpenOptions, Storage};
use storehouse_test_support::Minio;

use crate::{
    child,
    fixture::{MIB, bucket, name, replace, save, storage},
};

/// The most a process may have had in memory, in KiB: less than the object has.
const MOST: u64 = 64 * 1024;
const SIZE: usize = 96 * MIB;

/// What a child has to know: `endpoint bucket`.
fn argument(bucket: &str) -> String {
    format!("{} {bucket}", Minio::get().endpoint())
}

fn opened(argument: &str) -> S3Storage {
    let (endpoint, bucket) = argument.split_once(' ').unwrap();
    let key = |name: &str| std::env::var(name).unwrap();
    storage(&[
        ("bucket_name", bucket),
        ("endpoint_url", endpoint),
        ("access_key", &key("TEST_ACCESS_KEY")),
        ("secret_key", &key("TEST_SECRET_KEY")),
    ])
}

fn start(role: &str, bucket: &str) -> child::Running {
    let minio = Minio::get();
    let keys = [
        ("TEST_ACCESS_KEY", minio.access_key()),
        ("TEST_SECRET_KEY", minio.secret_key()),
    ];
    child::start(role, &argument(bucket), &keys)
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_processes_that_save_one_name_get_forty_names() {
    let bucket = bucket("processes").await;

    let children: Vec<_> = (0..40).map(|_| start("save", bucket.name())).collect();
    let names: BTreeSet<String> = children.into_iter().map(child::Running::finish).collect();

    assert_eq!(names.len(), 40);
    assert!(names.contains("a.txt"));
    assert_eq!(
        bucket.object_names().into_iter().collect::<BTreeSet<_>>(),
        names
    );
}

pub(crate) async fn save_one(argument: &str) -> String {
    let saved = save(&opened(argument), "a.txt", "A").await.unwrap();
    saved.name.to_string()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn ninety_six_mebibytes_go_through_sixty_four() {
    let bucket = bucket("memory").await;

    let most: u64 = start("memory", bucket.name()).finish().parse().unwrap();

    assert!(most < MOST, "{most} KiB were in memory");
}

pub(crate) async fn save_and_open(argument: &str) -> String {
    let storage = opened(argument);
    let blocks =
        stream::iter(0..SIZE / MIB).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![7; MIB])));
    replace(&storage, "big.bin", Content::from_stream(blocks))
        .await
        .unwrap();

    let opened = storage
        .open(&name("big.bin"), &OpenOptions::default())
        .await;
    let mut reader = opened.unwrap();
    let mut size = 0;
    while let Some(block) = reader.next().await {
        size += block.unwrap().len();
    }

    assert_eq!(size, SIZE);
    high_water_mark()
}

/// The most of this process that was in memory at once, in KiB.
fn high_water_mark() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap().trim().trim_end_matches(" kB").to_owned()
}
