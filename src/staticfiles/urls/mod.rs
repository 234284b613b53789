//! The URLs of static files in pages, by the manifest: one look-up, no request. It writes no
//! manifest, and looks at no other after it was loaded.
//!
//! Followed is Django's `ManifestFilesMixin.stored_name` and `HashedFilesMixin.url` (6.1). As there,
//! the result is not quoted: `sp%20ace.png` and `sp ace.png` both give `/static/sp ace.H.png`.
//!
//! ```
//! use std::collections::BTreeMap;
//! use storehouse::staticfiles::{Manifest, StaticUrls};
//!
//! let paths = [("app.css".to_owned(), "app.5d41402abc4b.css".to_owned())];
//! let urls = StaticUrls::new("/static/", Manifest::new(BTreeMap::from(paths)));
//!
//! assert_eq!(urls.url("app.css")?, "/static/app.5d41402abc4b.css");
//! assert!(urls.url("nope.css").is_err());
//! # Ok::<(), storehouse_storage::Error>(())
//! ```
//!
//! The handle never changes. After a push, load another and swap it; that reads one small file, or
//! two, and pages that are being made keep the one they began with:
//!
//! ```no_run
//! use std::sync::{PoisonError, RwLock};
//! use storehouse::{settings::Settings, staticfiles::StaticUrls, storage::Result, storages::Storages};
//!
//! struct Site { settings: Settings, storages: Storages, urls: RwLock<StaticUrls> }
//!
//! impl Site {
//!     fn urls(&self) -> StaticUrls {
//!         self.urls.read().unwrap_or_else(PoisonError::into_inner).clone()
//!     }
//!
//!     async fn reload(&self) -> Result<()> {
//!         let fresh = StaticUrls::load(&self.settings, &self.storages).await?;
//!         *self.urls.write().unwrap_or_else(PoisonError::into_inner) = fresh;
//!         Ok(())
//!     }
//! }
//! ```

pub(super) mod unlisted;

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use storehouse_storage::{Error, ErrorKind, Name, Result, Storage, UrlOptions};

use self::unlisted::{ADVICE, hash_in_storage, hash_on_disk, no_entry};
use crate::staticfiles::{
    manifest::{
        Manifest,
        hashed::{FileHash, hashed_name, is_plain, looked_up, url_of, with_path},
        integrity::{Integrity, integrity_name},
    },
    support::python::url::{BadUrl, file_url},
};
use crate::{
    settings::Settings,
    storages::{ManifestOptions, STATICFILES, Storages},
};

/// What Django's `iri_to_uri` leaves as it is, beside letters and digits.
const IRI: &AsciiSet = &{
    let mut quoted = NON_ALPHANUMERIC.remove(b'_');
    let mut safe: &[u8] = b".-~/#%[]=:;$&()+,!?*@'";
    while let [byte, rest @ ..] = safe {
        quoted = quoted.remove(*byte);
        safe = rest;
    }
    quoted
};

/// Makes URLs. Cheap to clone, and to be shared by all requests.
#[derive(Debug, Clone)]
pub struct StaticUrls {
    base_url: Arc<str>,
    static_prefix: Arc<str>,
    media_prefix: Arc<str>,
    /// Empty where names are not hashed.
    manifest: Manifest,
    /// Ready URLs of all names that are looked up as they are.
    ready: Arc<HashMap<String, Box<str>>>,
    integrity: Option<Integrity>,
    naming: Naming,
}

/// How a name becomes the name in its URL.
#[derive(Debug, Clone)]
enum Naming {
    /// By the manifest: Django's `manifest_strict`.
    Hashed,
    /// By the manifest, else by the hash of the file in this storage: not strict.
    HashedThere(Arc<dyn Storage>),
    /// It stays, and is not quoted: Django's hashed storages with `DEBUG`.
    Unhashed,
    /// It stays, and is quoted: Django's storages without a manifest.
    Quoted,
}

impl StaticUrls {
    /// Makes URLs below `base_url`, which ends in `/`: `STATIC_URL`. A name that is not in the
    /// manifest has none.
    #[must_use]
    pub fn new(base_url: &str, manifest: Manifest) -> Self {
        let mut ready = HashMap::new();
        for (name, stored) in manifest.iter() {
            let url = url_of::<BadUrl>(name, base_url, |_| Ok(stored.to_owned()));
            if let (true, Ok(url)) = (is_plain(name), url) {
                ready.insert(name.to_owned(), url.into_boxed_str());
            }
        }
        Self {
            ready: Arc::new(ready),
            ..Self::for_few(base_url, manifest)
        }
    }

    /// As [`new`](Self::new), for a caller that wants a few URLs: each is made when it is asked for.
    fn for_few(base_url: &str, manifest: Manifest) -> Self {
        Self {
            base_url: base_url.into(),
            static_prefix: iri_to_uri(base_url).into(),
            media_prefix: "/".into(),
            manifest,
            ready: Arc::default(),
            integrity: None,
            naming: Naming::Hashed,
        }
    }

    /// Adds the digests that [`integrity`](Self::integrity) gives.
    #[must_use]
    pub fn with_integrity(mut self, integrity: Integrity) -> Self {
        self.integrity = Some(integrity);
        self
    }

    /// Makes the URLs that the settings ask for: by the manifest of the storage of static files,
    /// which is read here, if it has one, from where `manifest_storage` says; of unhashed names with
    /// `DEBUG`, where a folder that is not set (`STATIC_ROOT`) is not missed either, as in Django. With the option `integrity` the digests beside the manifest are read too.
    ///
    /// # Errors
    /// As [`Storages::get`] and [`Storages::manifest_storage`]; as [`Manifest::load`] and [`Integrity::load`]; as [`Storage::url`].
    pub async fn load(settings: &Settings, storages: &Storages) -> Result<Self> {
        Self::load_of(settings, storages, STATICFILES).await
    }

    /// Makes the URLs of another storage than that of static files: of the one that `text` means, as
    /// in [`Storages::open`].
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub async fn load_of(settings: &Settings, storages: &Storages, text: &str) -> Result<Self> {
        Self::load_with(settings, storages, text, Self::new).await
    }

    /// As [`load_of`](Self::load_of), for a caller that wants a few URLs.
    #[cfg(feature = "cli")]
    pub(crate) async fn load_for_few(
        settings: &Settings,
        storages: &Storages,
        text: &str,
    ) -> Result<Self> {
        Self::load_with(settings, storages, text, Self::for_few).await
    }

    async fn load_with(
        settings: &Settings,
        storages: &Storages,
        text: &str,
        make: fn(&str, Manifest) -> Self,
    ) -> Result<Self> {
        let storage = match (storages.open(text), settings.static_url()) {
            (Ok(storage), _) => storage,
            (Err(_), Some(static_url)) if settings.debug() && storages.lacks_folder(text) => {
                let manifest = storages.manifest_options(text)?;
                let urls = Self::unhashed(&static_url, manifest.is_some());
                return Ok(urls.with_prefixes(settings));
            }
            (Err(error), _) => return Err(error),
        };
        let base_url = base_url(&*storage).await?;
        let urls = match storages.manifest_options(text)? {
            Some(options) if !settings.debug() => {
                let manifest = storages.manifest_storage(text)?;
                let manifest = manifest.unwrap_or_else(|| Arc::clone(&storage));
                Self::load_manifest(&base_url, storage, &*manifest, &options, make).await?
            }
            options => Self::unhashed(&base_url, options.is_some()),
        };
        Ok(urls.with_prefixes(settings))
    }

    /// URLs of names as they are, as the storages of Django make them: those with hashed names quote less.
    fn unhashed(base_url: &str, is_of_hashed: bool) -> Self {
        Self {
            naming: match is_of_hashed {
                true => Naming::Unhashed,
                false => Naming::Quoted,
            },
            ..Self::new(base_url, Manifest::default())
        }
    }

    fn with_prefixes(mut self, settings: &Settings) -> Self {
        if let Some(static_url) = settings.static_url() {
            self.static_prefix = iri_to_uri(&static_url).into();
        }
        if let Some(media_url) = settings.media_url() {
            self.media_prefix = iri_to_uri(&media_url).into();
        }
        self
    }

    async fn load_manifest(
        base_url: &str,
        files: Arc<dyn Storage>,
        manifest: &dyn Storage,
        options: &ManifestOptions,
        make: fn(&str, Manifest) -> Self,
    ) -> Result<Self> {
        let paths = Manifest::load(manifest, &options.manifest_name).await?;
        let mut urls = make(base_url, paths);
        if options.integrity.is_some() {
            let name = integrity_name(&options.manifest_name)?;
            urls.integrity = Some(Integrity::load(manifest, &name).await?);
        }
        if !options.manifest_strict {
            urls.naming = Naming::HashedThere(files);
        }
        Ok(urls)
    }

    /// Returns the URL of `name`, which may have a query and a fragment: Django's `static`.
    ///
    /// With `manifest_strict = false` a file that is not in the manifest is read and hashed, each
    /// time, as in Django. That is done here, and so blocks, where the storage is a folder on this
    /// machine; in a bucket it is an error, and [`url_or_hash`](Self::url_or_hash) can do it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if it is not in the manifest, nor, where that is asked for, in the
    /// folder; [`ErrorKind::InvalidName`] if it cannot be taken for a URL; what keeps a file from
    /// being read.
    pub fn url(&self, name: &str) -> Result<Cow<'_, str>> {
        match (self.look_up(name)?, &self.naming) {
            (Found::Url(url), _) => Ok(url),
            (Found::No { key }, Naming::HashedThere(storage)) => {
                let hash = hash_on_disk(&**storage, &key)?;
                self.hashed_url(name, hash.as_ref()).map(Cow::Owned)
            }
            (Found::No { key }, _) => Err(no_entry(&key)),
        }
    }

    /// Returns the URL of `name` as [`url`](Self::url) does, and with `manifest_strict = false`
    /// hashes the file in whatever storage it is, without blocking.
    ///
    /// # Errors
    /// As [`url`](Self::url); as [`Storage::open`].
    pub async fn url_or_hash(&self, name: &str) -> Result<Cow<'_, str>> {
        match (self.look_up(name)?, &self.naming) {
            (Found::Url(url), _) => Ok(url),
            (Found::No { key }, Naming::HashedThere(storage)) => {
                let hash = hash_in_storage(&**storage, &key).await?;
                self.hashed_url(name, hash.as_ref()).map(Cow::Owned)
            }
            (Found::No { key }, _) => Err(no_entry(&key)),
        }
    }

    /// Returns the name that the file `name` is stored under: Django's `stored_name`.
    ///
    /// # Errors
    /// As [`url`](Self::url), but a file that is not in the manifest is not looked for.
    pub fn stored_name(&self, name: &str) -> Result<String> {
        match self.naming {
            Naming::Unhashed | Naming::Quoted => Ok(name.to_owned()),
            Naming::Hashed | Naming::HashedThere(_) => {
                self.stored(name).map_err(|miss| match miss {
                    Miss::NoEntry(key) => no_entry(&key),
                    Miss::BadUrl => no_url(name),
                })
            }
        }
    }

    /// Returns the digest that the attribute `integrity` of `name` takes, and `None` where the
    /// names are not hashed, so that a template works with `DEBUG` too.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if it has none although the option `integrity` is set, unless
    /// `manifest_strict = false`; [`ErrorKind::Configuration`] if the option is not set.
    pub fn integrity(&self, name: &str) -> Result<Option<&str>> {
        if matches!(self.naming, Naming::Unhashed | Naming::Quoted) {
            return Ok(None);
        }
        let Some(integrity) = &self.integrity else {
            return Err(
                Error::configuration("static files have no integrity digests").with_advice(
                    "set the option integrity, to sha384 for example, and run collectstatic",
                ),
            );
        };
        let digest_of = |key: &str| integrity.get(self.manifest.get(key)?);
        if let Some(digest) = digest_of(name) {
            return Ok(Some(digest));
        }
        let key = looked_up(name).map_err(|_| no_url(name))?;
        match (digest_of(&key), &self.naming) {
            (None, Naming::Hashed) => Err(Error::new(
                ErrorKind::NotFound,
                format!("there is no integrity digest of the static file {key:?}"),
            )
            .with_advice(ADVICE)),
            (digest, _) => Ok(digest),
        }
    }

    /// Returns what Django's `get_static_prefix` does: `STATIC_URL`, or what the URLs of the
    /// storage begin with where that is not set.
    #[must_use]
    pub fn static_prefix(&self) -> &str {
        &self.static_prefix
    }

    /// Returns what Django's `get_media_prefix` does: `MEDIA_URL`, or `/` where that is not set.
    #[must_use]
    pub fn media_prefix(&self) -> &str {
        &self.media_prefix
    }

    fn look_up(&self, name: &str) -> Result<Found<'_>> {
        if let Some(url) = self.ready.get(name) {
            return Ok(Found::Url(Cow::Borrowed(url)));
        }
        let url = match self.naming {
            Naming::Quoted => Ok(file_url(&self.base_url, name)),
            Naming::Unhashed => url_of(name, &self.base_url, |clean| Ok(clean.to_owned())),
            _ => url_of(name, &self.base_url, |clean| self.stored(clean)),
        };
        match url {
            Ok(url) => Ok(Found::Url(Cow::Owned(url))),
            Err(Miss::NoEntry(key)) => Ok(Found::No { key }),
            Err(Miss::BadUrl) => Err(no_url(name)),
        }
    }

    fn stored(&self, clean: &str) -> Result<String, Miss> {
        let key = looked_up(clean)?;
        match self.manifest.get(&key) {
            Some(stored) => Ok(with_path(clean, stored)?),
            None => Err(Miss::NoEntry(key)),
        }
    }

    /// Returns the URL of a name that is in no manifest; a folder has no hash, and its name stays.
    fn hashed_url(&self, name: &str, hash: Option<&FileHash>) -> Result<String> {
        url_of(name, &self.base_url, |clean| match hash {
            Some(hash) => hashed_name(clean, hash),
            None => Ok(clean.to_owned()),
        })
        .map_err(|BadUrl| no_url(name))
    }
}

/// The URL that all names of a storage begin with.
async fn base_url(storage: &dyn Storage) -> Result<String> {
    let url = storage
        .url(&Name::new("x")?, &UrlOptions::default())
        .await?;
    match url.strip_suffix('x') {
        Some(base) => Ok(base.to_owned()),
        None => Err(Error::unsupported(format!(
            "the URLs of {} are not a name behind a fixed start",
            storage.describe()
        ))
        .with_advice("static files need public URLs: set querystring_auth = false")),
    }
}

/// Django's `iri_to_uri`.
fn iri_to_uri(iri: &str) -> String {
    utf8_percent_encode(iri, IRI).to_string()
}

/// What looking up a name gives.
enum Found<'a> {
    Url(Cow<'a, str>),
    /// The manifest has no such entry.
    No {
        key: String,
    },
}

/// Why a name has no URL.
enum Miss {
    NoEntry(String),
    BadUrl,
}

impl From<BadUrl> for Miss {
    fn from(_: BadUrl) -> Self {
        Self::BadUrl
    }
}

fn no_url(name: &str) -> Error {
    Error::new(ErrorKind::InvalidName, format!("{name:?} is no URL"))
}
