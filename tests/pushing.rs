//! A site whose static files go to a bucket through a proxy, and what is seen of it on both sides.

use std::collections::BTreeMap;

use storehouse_test_support::{Bucket, Exchange, Minio, Proxy};

use crate::site::{Ran, Site, bucket_settings};

/// A site, its bucket on MinIO, and the proxy between the two.
pub(crate) struct Pushing {
    pub(crate) site: Site,
    pub(crate) bucket: Bucket,
    pub(crate) proxy: Proxy,
    minio: Minio,
    processing: &'static str,
}

impl Pushing {
    /// A site that is pushed to `static/` of a bucket; `processing` is what stands before `s3:`, and
    /// `options` are those of the storage, as TOML.
    pub(crate) fn new(purpose: &str, processing: &'static str, options: &str) -> Self {
        let minio = Minio::get();
        let pushing = Self {
            site: Site::new(""),
            bucket: minio.bucket(purpose),
            proxy: Proxy::start(minio.endpoint()),
            minio,
            processing,
        };
        pushing.set_options(options);
        pushing
    }

    /// Gives the storage other options.
    pub(crate) fn set_options(&self, options: &str) {
        let settings = bucket_settings(&self.minio, &self.bucket, &self.proxy.endpoint());
        let mut lines: Vec<&str> = settings.lines().collect();
        lines.retain(|line| !line.contains("_STORAGE = "));
        let settings = format!(
            "{}\nAWS_S3_RETRY_TIMEOUT = 1\n\
             [STORAGES.staticfiles]\nBACKEND = \"{}\"\nOPTIONS = {{ {options} }}\n",
            lines.join("\n"),
            self.backend("static"),
        );
        self.site.write("storehouse.toml", settings);
    }

    /// The same processing into another folder of the bucket.
    pub(crate) fn backend(&self, folder: &str) -> String {
        format!("{}s3://{}/{folder}", self.processing, self.bucket.name())
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.site.write(&format!("assets/{name}"), content);
    }

    /// Runs `collectstatic`, with no request of earlier runs remembered.
    pub(crate) fn push(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["collectstatic", "--noinput"], arguments].concat())
    }

    /// Runs the command, with no request of earlier runs remembered.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.proxy.clear();
        self.site.run(arguments)
    }

    /// What the last run asked for, in its order: `LIST`, `HEAD a.css`, `PUT a.#.css`, `COPY a.css`
    /// …; a `#` stands for the hash of a name.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.proxy.requests().iter().map(shown).collect()
    }

    /// How often the last run asked for what.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in self.requests() {
            let verb = request.split(' ').next().unwrap_or_default();
            *counts.entry(verb.to_owned()).or_default() += 1;
        }
        counts
    }

    /// The names below `static/`, without those of releases.
    pub(crate) fn names(&self) -> Vec<String> {
        let all = self.all_names().into_iter();
        all.filter(|name| !name.starts_with(".storehouse/"))
            .collect()
    }

    /// The names below `static/`.
    pub(crate) fn all_names(&self) -> Vec<String> {
        let keys = self.bucket.object_names().into_iter();
        keys.filter_map(|key| Some(key.strip_prefix("static/")?.to_owned()))
            .collect()
    }

    /// What is stored under a name.
    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        let got = self.bucket.get_raw(&format!("static/{name}"));
        got.unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// A header of what is stored under a name; nothing if it has none.
    #[track_caller]
    pub(crate) fn header(&self, name: &str, header: &str) -> String {
        let headers = self.bucket.head_raw(&format!("static/{name}"));
        let headers = headers.unwrap_or_else(|| panic!("there is no {name}"));
        headers.get(header).unwrap_or_default().to_owned()
    }

    /// The manifest in force: each file's name, and the one it is stored under.
    pub(crate) fn manifest(&self) -> BTreeMap<String, String> {
        paths(&self.get("staticfiles.json"))
    }

    /// The name that the manifest in force gives a file.
    pub(crate) fn hashed(&self, name: &str) -> String {
        self.manifest()[name].clone()
    }
}

/// What a manifest says.
pub(crate) fn paths(json: &[u8]) -> BTreeMap<String, String> {
    let json: serde_json::Value = serde_json::from_slice(json).unwrap();
    serde_json::from_value(json["paths"].clone()).unwrap()
}

pub(crate) fn counts<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected
        .map(|(verb, count)| (verb.to_owned(), count))
        .into()
}

fn shown(request: &Exchange) -> String {
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let name = path.split_once("/static/").map_or("", |(_, name)| name);
    let is_copy = request.headers.get("x-amz-copy-source").is_some();
    match request.method.as_str() {
        "GET" if query.contains("list-type=2") => "LIST".to_owned(),
        "POST" if query.starts_with("delete") => "DELETE many".to_owned(),
        "PUT" if is_copy => format!("COPY {}", without_hash(name)),
        method => format!("{method} {}", without_hash(name)),
    }
}

/// The hash that a name ends in, before its extension.
pub(crate) fn hash_of(name: &str) -> Option<&str> {
    let mut parts = name.rsplit('/').next()?.split('.');
    parts.find(|part| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn without_hash(name: &str) -> String {
    match hash_of(name) {
        Some(hash) => name.replace(hash, "#"),
        None => name.to_owned(),
    }
}
