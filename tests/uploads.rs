//! Uploads from outside: forms in, and what is in the storage afterwards. Each in both ways, block by block
//! and waiting for the end of the form.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, TryStreamExt, stream};
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
};
use serde::Deserialize;
use storehouse::{
    media::{Form, Upload, UploadError, UploadLimits, UploadedFile, ValidationError, Validator},
    settings::{Settings, Sources},
    storage::Storage,
    storages::{Storages, builtin},
};
use storehouse_test_support::Minio;

use crate::{
    numbered::assert_no_gap,
    site::{Site, bucket_settings},
};

#[derive(Debug, Deserialize)]
struct Cases {
    case: Vec<Case>,
}

/// A body of the list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) why: String,
    content_type: Option<String>,
    body: Vec<(String, usize)>,
    /// A Content-Length that is not the body's.
    pub(crate) length: Option<u64>,
    encoding: Option<String>,
    pub(crate) status: u16,
    /// What the client is told of a form that is not taken.
    pub(crate) says: Option<String>,
    #[serde(default)]
    pub(crate) stored: Vec<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

/// The whole list.
pub(crate) fn cases() -> Vec<Case> {
    let text = include_str!("data/hostile-uploads.toml");
    toml::from_str::<Cases>(text).unwrap().case
}

const FILE: &str = "Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n\r\n";
const FIELD: &str = "Content-Disposition: form-data; name=\"n\"\r\n\r\n";

impl Case {
    pub(crate) fn headers(&self) -> HeaderMap {
        let content_type = self.content_type.as_deref();
        let content_type = content_type.unwrap_or("multipart/form-data; boundary=b");
        let mut headers = headers(&written_out(content_type));
        if let Some(length) = self.length {
            headers.insert(CONTENT_LENGTH, length.into());
        }
        if let Some(encoding) = &self.encoding {
            headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
        }
        headers
    }

    /// The body in blocks of about 64 KiB; made while it is read, as it may be endless.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Bytes> + Send + 'static {
        self.body.clone().into_iter().flat_map(|(text, times)| {
            let text = written_out(&text);
            let at_once = (64 * 1024 / text.len()).clamp(1, times);
            let block = Bytes::from(text.repeat(at_once));
            let rest = Bytes::from(text.repeat(times % at_once));
            std::iter::repeat_n(block, times / at_once).chain([rest])
        })
    }

    /// How many bytes the body has.
    pub(crate) fn bytes(&self) -> usize {
        let pieces = self.body.iter();
        pieces
            .map(|(text, times)| written_out(text).len() * times)
            .sum()
    }
}

/// What stands for more in the data.
pub(crate) fn written_out(text: &str) -> String {
    let text = text.replace("<file>", FILE).replace("<field>", FIELD);
    text.replace("<201>", &"b".repeat(201))
}

pub(crate) fn headers(content_type: &str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())])
}

pub(crate) fn form_headers() -> HeaderMap {
    headers("multipart/form-data; boundary=b")
}

/// A body that comes in these blocks.
pub(crate) fn blocks<const N: usize>(
    blocks: [&str; N],
) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    let blocks = blocks.map(|block| Ok(Bytes::from(written_out(block))));
    stream::iter(blocks)
}

/// A check that everything passes: with it, files wait.
#[derive(Debug)]
pub(crate) struct Anything;

#[async_trait]
impl Validator for Anything {
    async fn validate(&self, _file: &UploadedFile<'_>) -> Result<(), ValidationError> {
        Ok(())
    }
}

pub(crate) fn open(settings: &str) -> (Site, Storages) {
    let site = Site::new(settings);
    let registry = builtin();
    let sources = Sources::new(site.path("")).with_settings_file(site.path("storehouse.toml"));
    let settings = Settings::load(&sources, &registry).unwrap();
    (site, Storages::new(&settings, registry).unwrap())
}

pub(crate) async fn names(storage: &Arc<dyn Storage>) -> Vec<String> {
    let entries: Vec<_> = storage.list(None).try_collect().await.unwrap();
    let mut names: Vec<_> = entries.iter().map(|entry| entry.name.to_string()).collect();
    names.sort();
    names
}

pub(crate) fn status(answer: &Result<Form, UploadError>) -> u16 {
    match answer {
        Ok(_) => 200,
        Err(error) => error.status().as_u16(),
    }
}

async fn try_case(upload: &Upload, storage: &Arc<dyn Storage>, case: &Case) {
    let Case { id, why, .. } = case;

    let body = stream::iter(case.blocks().map(Ok::<_, std::io::Error>));
    let answer = upload.receive(&case.headers(), body).await;

    assert_eq!(status(&answer), case.status, "{id}, {why}: {answer:?}");
    assert_eq!(names(storage).await, case.stored, "{id}, {why}");
    let says = answer.as_ref().err().map(UploadError::client_message);
    assert_eq!(says, case.says, "{id}, {why}");
    let Ok(mut form) = answer else { return };
    let records = form.keep();
    let fields: BTreeMap<_, _> = form.fields.into_iter().collect();
    assert_eq!(fields, case.fields, "{id}, {why}");
    for record in records {
        let name = record.name.parse().unwrap();
        assert_eq!(storage.stat(&name).await.unwrap().size, record.size, "{id}");
        storage.delete(&name).await.unwrap();
    }
}

async fn try_all(storage: &Arc<dyn Storage>, waiting_room: &Path) {
    let limits = UploadLimits::default()
        .with_temp_dir(waiting_room)
        .with_max_memory_bytes(100_000);
    let streams = Upload::new(Arc::clone(storage)).with_limits(limits);
    let waits = streams.clone().with_validator(Anything);
    for case in &cases() {
        try_case(&streams, storage, case).await;
        try_case(&waits, storage, case).await;
        assert_eq!(waiting_room.read_dir().unwrap().count(), 0, "{}", case.id);
    }
}

#[test]
fn no_number_is_missing() {
    let cases = cases();
    let ids = cases.iter().map(|case| case.id.as_str());
    // In `hostile-upload-connections.toml`: a body that comes too slowly, and a client that goes away.
    assert_no_gap(ids, 'M', 36, &["M31", "M32"]);
}

#[tokio::test]
async fn memory_takes_or_refuses_every_hostile_upload() {
    let (site, storages) = open("DEFAULT_FILE_STORAGE = \"memory:\"\n");
    site.write("waiting/x", "");
    std::fs::remove_file(site.path("waiting/x")).unwrap();

    try_all(&storages.default().unwrap(), &site.path("waiting")).await;
}

#[tokio::test]
async fn a_disk_takes_or_refuses_every_hostile_upload() {
    let (site, storages) = open("MEDIA_ROOT = \"root\"\n");
    site.write("waiting/x", "");
    std::fs::remove_file(site.path("waiting/x")).unwrap();
    site.write("canary", "outside the root");

    try_all(&storages.default().unwrap(), &site.path("waiting")).await;

    assert_eq!(site.files(""), ["canary", "storehouse.toml"]);
}

#[tokio::test]
async fn a_bucket_takes_or_refuses_every_hostile_upload() {
    let minio = Minio::get();
    let bucket = minio.bucket("uploads");
    let (site, storages) = open(&bucket_settings(&minio, &bucket, minio.endpoint()));
    site.write("waiting/x", "");
    std::fs::remove_file(site.path("waiting/x")).unwrap();

    try_all(&storages.default().unwrap(), &site.path("waiting")).await;

    storages.settle().await;
    assert_eq!(bucket.object_names(), Vec::<String>::new());
    assert_eq!(bucket.incomplete_uploads(), Vec::<String>::new());
}
