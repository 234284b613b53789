//! Memory does not grow with the size of a file.

use std::{fs, path::Path};

use bytes::Bytes;
use futures::{StreamExt, stream};
use storehouse_storage::{Content, OpenOptions, Storage, Target};
use tempfile::TempDir;

use crate::{child, name, put, storage};

const SIZE: usize = 96 * 1024 * 1024;
/// The most a process may have had in memory, in KiB: less than the file has.
const MOST: u64 = 64 * 1024;

#[test]
fn ninety_six_mebibytes_go_through_sixty_four() {
    let folder = TempDir::new().unwrap();

    child::start("memory", folder.path()).finish();

    let size = folder.path().join("big.bin").metadata().unwrap().len();
    assert_eq!(size, SIZE as u64);
}

pub(crate) async fn save_and_open(root: &Path) {
    let storage = storage(root);
    let replace = || Target::Replace(name("big.bin"));

    // Blocks that are written as they come, and blocks that are gathered first.
    for block in [1024 * 1024, 4096] {
        let blocks = stream::iter(0..SIZE / block);
        let blocks = blocks.map(move |_| Ok::<_, std::io::Error>(Bytes::from(vec![7; block])));
        put(&storage, replace(), Content::from_stream(blocks))
            .await
            .unwrap();
    }
    let opened = storage
        .open(&name("big.bin"), &OpenOptions::default())
        .await;
    let mut reader = opened.unwrap();
    let mut size = 0;
    while let Some(block) = reader.next().await {
        size += block.unwrap().len();
    }

    assert_eq!(size, SIZE);
    let most = high_water_mark();
    assert!(most < MOST, "{most} KiB were in memory");
}

/// The most of this process that was in memory at once, in KiB.
fn high_water_mark() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}
