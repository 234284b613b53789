//! The URLs of static files in pages, by the manifest: one look-up, no request. Loading a manifest
//! is done once, elsewhere.
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

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use storehouse_storage::{Error, ErrorKind, Name, Result, Storage, StorageExt, UrlOptions};

use super::{
    hashed::{FileHash, hashed_name, is_plain, looked_up, url_of, with_path},
    manifest::Manifest,
    python::{
        path::normpath,
        url::{BadUrl, file_url},
    },
};
use crate::{
    settings::Settings,
    storages::{STATICFILES, Storages},
};

/// Makes URLs. Cheap to clone, and to be shared by all requests.
#[derive(Debug, Clone)]
pub struct StaticUrls {
    base_url: Arc<str>,
    /// Empty where names are not hashed.
    manifest: Manifest,
    /// Ready URLs of all names that are looked up as they are.
    ready: Arc<HashMap<String, Box<str>>>,
    naming: Naming,
}

/// How a name becomes the name in its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// By the manifest.
    Hashed,
    /// It stays, and is not quoted: Django's hashed storages with `DEBUG`.
    Unhashed,
    /// It stays, and is quoted: Django's storages without a manifest.
    Quoted,
}

impl StaticUrls {
    /// Makes URLs below `base_url`, which ends in `/`: `STATIC_URL`.
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
            base_url: base_url.into(),
            manifest,
            ready: Arc::new(ready),
            naming: Naming::Hashed,
        }
    }

    /// Makes the URLs that the settings ask for: by the manifest of the storage of static files,
    /// which is read here, if it has one; of unhashed names with `DEBUG`.
    ///
    /// # Errors
    /// As [`Storages::get`]; as [`Manifest::load`]; as [`Storage::url`].
    pub async fn load(settings: &Settings, storages: &Storages) -> Result<Self> {
        let storage = storages.staticfiles()?;
        let base_url = base_url(&*storage).await?;
        let with = |naming| Self {
            naming,
            ..Self::new(&base_url, Manifest::default())
        };
        match storages.manifest_options(STATICFILES)? {
            None => Ok(with(Naming::Quoted)),
            Some(_) if settings.debug() => Ok(with(Naming::Unhashed)),
            Some(options) => {
                let manifest = Manifest::load(&*storage, &options.manifest_name).await?;
                Ok(Self::new(&base_url, manifest))
            }
        }
    }

    /// Returns the URL of `name`, which may have a query and a fragment.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if it is not in the manifest: Django's answer with
    /// `manifest_strict`; [`ErrorKind::InvalidName`] if it cannot be taken for a URL.
    pub fn url(&self, name: &str) -> Result<Cow<'_, str>> {
        if let Some(url) = self.ready.get(name) {
            return Ok(Cow::Borrowed(url));
        }
        if self.naming == Naming::Quoted {
            return Ok(Cow::Owned(file_url(&self.base_url, name)));
        }
        let url = url_of(name, &self.base_url, |clean| self.stored_name(clean));
        match url {
            Ok(url) => Ok(Cow::Owned(url)),
            Err(Miss::BadUrl) => Err(Error::new(
                ErrorKind::InvalidName,
                format!("{name:?} is no URL"),
            )),
            Err(Miss::NoEntry(key)) => Err(Error::new(
                ErrorKind::NotFound,
                format!("the manifest of static files has no entry {key:?}"),
            )
            .with_advice("run collectstatic, or correct the name")),
        }
    }

    /// Returns the URL of `name` as [`url`](Self::url) does, and hashes the file in `storage` if it
    /// is not in the manifest: Django's answer with `manifest_strict = false`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if `storage` has no such file either.
    pub async fn url_or_hash(&self, name: &str, storage: &dyn Storage) -> Result<Cow<'_, str>> {
        let missed = match self.url(name) {
            Err(error) if error.kind() == ErrorKind::NotFound => error,
            found => return found,
        };
        let bad = |_: BadUrl| Error::new(ErrorKind::InvalidName, format!("{name:?} is no URL"));
        let place = normpath(&looked_up(name).map_err(bad)?);
        let hash = match place.as_str() {
            // The folder itself: its name stays.
            "." => None,
            place => {
                let place = Name::new(place).map_err(|_| missed)?;
                Some(FileHash::of(&storage.read(&place).await?))
            }
        };
        let url = url_of(name, &self.base_url, |clean| match &hash {
            Some(hash) => hashed_name(clean, hash),
            None => Ok(clean.to_owned()),
        });
        Ok(Cow::Owned(url.map_err(bad)?))
    }

    fn stored_name(&self, clean: &str) -> Result<String, Miss> {
        if self.naming == Naming::Unhashed {
            return Ok(clean.to_owned());
        }
        let key = looked_up(clean)?;
        match self.manifest.get(&key) {
            Some(stored) => Ok(with_path(clean, stored)?),
            None => Err(Miss::NoEntry(key)),
        }
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
