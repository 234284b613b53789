//! What Storehouse's S3 driver costs beside object_store alone: the same bytes to the same MinIO, in
//! turns. object_store is used as its documentation shows; neither side has a warm advantage.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectStoreExt, PutPayload, WriteMultipart, aws::AmazonS3Builder, path::Path};
use storehouse_s3::S3Driver;
use storehouse_storage::{
    Content, DriverConfig, Name, OpenOptions, Options, Registry, SaveOptions, Storage, Target, Value,
};
use storehouse_test_support::{Bucket, Minio};

const ROUNDS: usize = 9;
const SMALL: usize = 10 * 1024;
const SMALL_COUNT: usize = 400;
const SMALL_AT_ONCE: usize = 16;
const LARGE: usize = 96 * 1024 * 1024;

#[tokio::main]
async fn main() {
    let minio = Minio::get();
    let bucket = minio.bucket("bench");
    let ours = ours(&minio, &bucket);
    let raw = raw(&minio, &bucket);
    let small = Bytes::from(vec![b's'; SMALL]);
    let large = Bytes::from(vec![b'l'; LARGE]);

    let mut table = Vec::new();
    for round in 0..ROUNDS {
        let row = [
            [save_small(&ours, &small, round).await, raw_put_small(&raw, &small, round).await],
            [open_small(&ours, round).await, raw_get_small(&raw, round).await],
            [save_large(&ours, &large).await, raw_put_large(&raw, &large).await],
            [open_large(&ours).await, raw_get_large(&raw).await],
        ];
        table.push(row);
    }
    println!("{ROUNDS} rounds, medians; {SMALL_AT_ONCE} small files at once\n");
    println!("| work | Storehouse | object_store | ratio |\n|---|---|---|---|");
    for (index, work) in ["save 400 × 10 KiB", "open 400 × 10 KiB", "save 96 MiB", "open 96 MiB"].iter().enumerate() {
        let ours = median(table.iter().map(|row| row[index][0].as_secs_f64()));
        let raw = median(table.iter().map(|row| row[index][1].as_secs_f64()));
        let ratio = median(table.iter().map(|row| row[index][0].as_secs_f64() / row[index][1].as_secs_f64()));
        println!("| {work} | {:.0} ms | {:.0} ms | {ratio:.2} |", ours * 1000.0, raw * 1000.0);
    }
}

fn ours(minio: &Minio, bucket: &Bucket) -> Arc<dyn Storage> {
    let driver = Arc::new(S3Driver);
    let mut registry = Registry::default();
    registry.register(driver.clone());
    let given = [
        ("bucket_name", bucket.name()),
        ("endpoint_url", minio.endpoint()),
        ("access_key", minio.access_key()),
        ("secret_key", minio.secret_key()),
        ("region_name", minio.region()),
    ];
    let given = given.map(|(name, text)| (name, Value::from(text)));
    let options = Options::new(storehouse_storage::Driver::options(&*driver), given).unwrap();
    registry.open("s3", DriverConfig::new(options), None).unwrap()
}

fn raw(minio: &Minio, bucket: &Bucket) -> Arc<object_store::aws::AmazonS3> {
    let store = AmazonS3Builder::new()
        .with_bucket_name(bucket.name())
        .with_endpoint(minio.endpoint())
        .with_access_key_id(minio.access_key())
        .with_secret_access_key(minio.secret_key())
        .with_region(minio.region())
        .with_allow_http(true);
    Arc::new(store.build().unwrap())
}

async fn save_small(storage: &Arc<dyn Storage>, content: &Bytes, round: usize) -> Duration {
    timed(stream::iter(0..SMALL_COUNT).map(|number| {
        let (storage, content) = (Arc::clone(storage), content.clone());
        async move {
            let name = Name::new(format!("ours/{round}/{number}")).unwrap();
            storage.save(&name, Content::from_bytes(content), &SaveOptions::default()).await.unwrap();
        }
    }))
    .await
}

async fn raw_put_small(store: &Arc<object_store::aws::AmazonS3>, content: &Bytes, round: usize) -> Duration {
    timed(stream::iter(0..SMALL_COUNT).map(|number| {
        let (store, content) = (Arc::clone(store), content.clone());
        async move {
            let path = Path::parse(format!("raw/{round}/{number}")).unwrap();
            store.put(&path, PutPayload::from_bytes(content)).await.unwrap();
        }
    }))
    .await
}

async fn open_small(storage: &Arc<dyn Storage>, round: usize) -> Duration {
    timed(stream::iter(0..SMALL_COUNT).map(|number| {
        let storage = Arc::clone(storage);
        async move {
            let name = Name::new(format!("ours/{round}/{number}")).unwrap();
            let reader = storage.open(&name, &OpenOptions::default()).await.unwrap();
            assert_eq!(reader.into_bytes().await.unwrap().len(), SMALL);
        }
    }))
    .await
}

async fn raw_get_small(store: &Arc<object_store::aws::AmazonS3>, round: usize) -> Duration {
    timed(stream::iter(0..SMALL_COUNT).map(|number| {
        let store = Arc::clone(store);
        async move {
            let path = Path::parse(format!("raw/{round}/{number}")).unwrap();
            assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap().len(), SMALL);
        }
    }))
    .await
}

async fn save_large(storage: &Arc<dyn Storage>, content: &Bytes) -> Duration {
    let name = Name::new("ours/large").unwrap();
    let content = Content::from_bytes(content.clone());
    let started = Instant::now();
    storage.put(Target::Replace(name), content, &SaveOptions::default()).await.unwrap();
    started.elapsed()
}

async fn raw_put_large(store: &Arc<object_store::aws::AmazonS3>, content: &Bytes) -> Duration {
    let path = Path::parse("raw/large").unwrap();
    let started = Instant::now();
    let upload = store.put_multipart(&path).await.unwrap();
    let mut upload = WriteMultipart::new_with_chunk_size(upload, 8 * 1024 * 1024);
    for block in content.chunks(256 * 1024) {
        upload.wait_for_capacity(4).await.unwrap();
        upload.write(block);
    }
    upload.finish().await.unwrap();
    started.elapsed()
}

async fn open_large(storage: &Arc<dyn Storage>) -> Duration {
    let name = Name::new("ours/large").unwrap();
    let started = Instant::now();
    let mut reader = storage.open(&name, &OpenOptions::default()).await.unwrap();
    let mut size = 0;
    while let Some(block) = reader.try_next().await.unwrap() {
        size += block.len();
    }
    assert_eq!(size, LARGE);
    started.elapsed()
}

async fn raw_get_large(store: &Arc<object_store::aws::AmazonS3>) -> Duration {
    let path = Path::parse("raw/large").unwrap();
    let started = Instant::now();
    let mut blocks = store.get(&path).await.unwrap().into_stream();
    let mut size = 0;
    while let Some(block) = blocks.try_next().await.unwrap() {
        size += block.len();
    }
    assert_eq!(size, LARGE);
    started.elapsed()
}

async fn timed(work: impl futures::Stream<Item = impl Future<Output = ()>>) -> Duration {
    let started = Instant::now();
    work.buffer_unordered(SMALL_AT_ONCE).for_each(|()| async {}).await;
    started.elapsed()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
