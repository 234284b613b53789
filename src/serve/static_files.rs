//! The service of static files: what was collected, by the manifest; or with `DEBUG` what the finders
//! find, with no step between.
//!
//! What WhiteNoise does, by the RFC where it does otherwise:
//!
//! | WhiteNoise | here |
//! |---|---|
//! | `WHITENOISE_MAX_AGE`, `IMMUTABLE_FILE_TEST` | [`ObjectRules`]: `cache_control`, `immutable_cache_control`, `already_hashed` |
//! | `MIMETYPES`, `CHARSET` | `rules`, `charset` of the same |
//! | `ADD_HEADERS_FUNCTION` | [`with_headers`](StaticFiles::with_headers) |
//! | `ALLOW_ALL_ORIGINS` | [`with_all_origins`](StaticFiles::with_all_origins) |
//! | (none) | [`with_preload`](StaticFiles::with_preload) |
//! | `INDEX_FILE` | [`with_index`](StaticFiles::with_index) |
//! | `AUTOREFRESH` | always: each file is looked at again after a pause |
//! | `USE_FINDERS` | [`load`](StaticFiles::load) with `DEBUG` |
//! | `ROOT` | [`root`](StaticFiles::root) |

use std::{fmt, fs, path::Path, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request};
use storehouse_storage::{Entry, Name, Result, Storage, join_url};

use super::{
    ResponseBody, UrlPrefix, UrlTarget, decide,
    from_settings::{self, ServeHeaders},
    naming::{ManifestFile, Naming},
    policy::{self, HeadersFunction},
    preload,
    respond::{self, Failed, FileResponse},
    shelf::{Known, Shelf, Shelved},
    source::Source,
    url_path::PathProblem,
};
use crate::{
    settings::Settings,
    staticfiles::{ObjectKind, ObjectRules, finders, is_private, local_root, unhashed},
    storages::{Coding, STATICFILES, Storages},
};

/// How many bytes of files are kept in memory.
const ROOM: u64 = 64 * 1024 * 1024;
/// After which time a file on a disk is looked at again.
const LOCAL_PAUSE: Duration = Duration::from_secs(1);
/// The same of one in a bucket, where looking is a request for each of its copies.
const REMOTE_PAUSE: Duration = Duration::from_secs(60);
/// How long a browser may remember what other origins may do, in seconds.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("86400");
const ANY: HeaderValue = HeaderValue::from_static("*");
const READING: HeaderValue = HeaderValue::from_static("GET, HEAD");
/// Where files change while a page is open.
const ASK_AGAIN: &str = "no-cache";

/// Serves static files below a prefix. It is cheap to clone, and clones share what they keep.
///
/// It is a tower service, which answers 404 to what it does not have; and a tower layer, which hands
/// that to the service inside, as WhiteNoise does.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> storehouse_storage::Result<()> {
/// use std::sync::Arc;
/// use http::{Request, StatusCode};
/// use storehouse::serve::{StaticFiles, UrlPrefix};
/// use storehouse_storage::{Name, Storage};
/// use tower_service::Service;
///
/// let storage = Arc::new(storehouse_memory::MemoryStorage::new());
/// storage.save(&Name::new("app.css")?, "body {}".into(), &Default::default()).await?;
/// let mut files = StaticFiles::new(UrlPrefix::new("/static/"), storage);
///
/// let request = Request::get("/static/app.css").body(()).expect("a request");
/// let response = files.call(request).await.expect("it cannot fail");
///
/// assert_eq!(response.status(), StatusCode::OK);
/// assert_eq!(response.headers()["content-type"], "text/css; charset=utf-8");
/// assert_eq!(response.headers()["cache-control"], "public, max-age=60");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct StaticFiles {
    options: Arc<Options>,
    source: Source,
    manifest: Option<Arc<ManifestFile>>,
    shelf: Arc<Shelf>,
}

#[derive(Clone)]
struct Options {
    prefix: UrlPrefix,
    rules: ObjectRules,
    index: Option<Name>,
    all_origins: bool,
    headers: Option<HeadersFunction>,
    preload: Vec<String>,
    /// Of all files, whatever the rules say.
    cache_control: Option<&'static str>,
    room: u64,
    pause: Duration,
    /// Whether the paths below the prefix are the application's too, which may know what to do with
    /// one that is malformed.
    is_shared: bool,
}

/// Warns of a folder that no file was collected into yet. Files that come later are served.
fn tell_where_nothing_is(storage: &dyn Storage) {
    let Some(root) = local_root(storage) else {
        return;
    };
    let has_files = fs::read_dir(&root).is_ok_and(|mut items| items.next().is_some());
    if !has_files {
        tracing::warn!(
            "no static files were collected into {}: run `storehouse collectstatic`",
            root.display()
        );
    }
}

impl StaticFiles {
    /// Serves the files of a storage under their names.
    #[must_use]
    pub fn new(prefix: UrlPrefix, storage: Arc<dyn Storage>) -> Self {
        let is_local = Name::new("x").is_ok_and(|name| storage.path(&name).is_some());
        let pause = if is_local { LOCAL_PAUSE } else { REMOTE_PAUSE };
        Self::of(prefix, Source::storage(storage), pause)
    }

    fn of(prefix: UrlPrefix, source: Source, pause: Duration) -> Self {
        let options = Options {
            prefix,
            rules: ObjectRules::default(),
            index: None,
            all_origins: true,
            headers: None,
            preload: Vec::new(),
            cache_control: None,
            room: ROOM,
            pause,
            is_shared: false,
        };
        Self {
            shelf: Arc::new(Shelf::new(options.room, options.pause)),
            options: Arc::new(options),
            source,
            manifest: None,
        }
    }

    /// Serves what the settings say below the path of `STATIC_URL`: with `DEBUG` what the finders
    /// find, to be asked for anew each time; else what was collected, with the rules of the storage
    /// and the manifest, if it makes one.
    ///
    /// # Errors
    /// As [`Storages::get`] and [`finders`]; as
    /// [`Manifest::load`](crate::staticfiles::Manifest::load); a wrong `SERVE_HEADERS`.
    pub async fn load(settings: &Settings, storages: &Storages) -> Result<Self> {
        let static_url = settings.static_url().unwrap_or_default();
        let prefix = UrlPrefix::of_url(&static_url);
        if settings.debug() {
            return Self::uncollected(settings, storages).await;
        }
        let storage = storages.staticfiles()?;
        let mut files = Self::new(prefix, Arc::clone(&storage))
            .with_rules(ObjectRules::of(storages, STATICFILES)?);
        if let Some(options) = storages.manifest_options(STATICFILES)? {
            let manifest = storages.manifest_storage(STATICFILES)?;
            let manifest = manifest.unwrap_or(storage);
            files = files.with_manifest(manifest, options.manifest_name).await?;
        } else {
            tell_where_nothing_is(&*storage);
        }
        files.sent_as_set(settings)
    }

    /// Takes what settings say of how files are sent.
    fn sent_as_set(mut self, settings: &Settings) -> Result<Self> {
        let index = from_settings::index(settings)?;
        let headers = ServeHeaders::of(settings)?;
        if let Some(file) = settings.file() {
            self.source = self.source.without(file);
        }
        self.change(|options| {
            options.index = index;
            options.all_origins = settings.flag("WHITENOISE_ALLOW_ALL_ORIGINS");
            if let Some(headers) = headers {
                options.headers = Some(Arc::new(move |name, fields| headers.set(name, fields)));
            }
        });
        Ok(self)
    }

    /// Serves static files from where they are, with `DEBUG` and without: each is looked for by the
    /// finders when it is asked for. For development: it is slow, and shows files that were not collected.
    ///
    /// # Errors
    /// As [`finders`](crate::staticfiles::finders()).
    pub async fn uncollected(settings: &Settings, storages: &Storages) -> Result<Self> {
        let prefix = UrlPrefix::of_url(&settings.static_url().unwrap_or_default());
        let finders = finders(settings, storages).await?;
        let mut files = Self::of(prefix, Source::finders(finders), Duration::ZERO);
        files.change(|options| options.cache_control = Some(ASK_AGAIN));
        files.sent_as_set(settings)
    }

    /// Serves the files of `WHITENOISE_ROOT` at `/`, such as `robots.txt`; `None` if it is not set. No
    /// manifest is looked at: they keep their names, and browsers keep them for a minute.
    ///
    /// As a layer it goes next to the application, and [`load`](Self::load) around it: files below
    /// `STATIC_URL` come first. A path that is malformed is the application's to answer.
    ///
    /// Every file of the folder can be read. That neither the settings nor uploads are among them,
    /// `storehouse check` and [`served_folders`](crate::checks::served_folders) tell; this does not
    /// look.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) where there is no
    /// driver for folders, or where the path is not UTF-8.
    pub fn root(settings: &Settings, storages: &Storages) -> Result<Option<Self>> {
        let Some(storage) = storages.folder("WHITENOISE_ROOT")? else {
            return Ok(None);
        };
        let mut files = Self::new(UrlPrefix::new("/"), storage);
        files.change(|options| {
            options.is_shared = true;
            if settings.debug() {
                options.cache_control = Some(ASK_AGAIN);
                options.pause = Duration::ZERO;
            }
        });
        files.sent_as_set(settings).map(Some)
    }

    /// Takes the names of a manifest: those it made are never to be asked for again. It is looked at
    /// again as the files are, so a push need not end the program.
    ///
    /// # Errors
    /// As [`Manifest::load`](crate::staticfiles::Manifest::load).
    pub async fn with_manifest(mut self, storage: Arc<dyn Storage>, name: Name) -> Result<Self> {
        let manifest = ManifestFile::load(storage, name, self.options.pause).await?;
        self.manifest = Some(Arc::new(manifest));
        self.change(|_| ());
        Ok(self)
    }

    /// Sets which header fields files have; by default those of [`ObjectRules::default`]: a year and
    /// `immutable` for hashed names, a minute for others.
    #[must_use]
    pub fn with_rules(mut self, rules: ObjectRules) -> Self {
        self.change(|options| options.rules = rules);
        self
    }

    /// Sends `name`, such as `index.html`, for the folder it is in: `/d/` is `d/index.html`, and
    /// `/d` and `/d/index.html` lead to it.
    #[must_use]
    pub fn with_index(mut self, name: Name) -> Self {
        self.change(|options| options.index = Some(name));
        self
    }

    /// Sets whether pages of other origins may use the files, such as fonts from a CDN: by default
    /// they may (`Access-Control-Allow-Origin: *`).
    #[must_use]
    pub fn with_all_origins(mut self, allow: bool) -> Self {
        self.change(|options| options.all_origins = allow);
        self
    }

    /// Changes the header fields of each file as the function says. It is called when a file is first
    /// sent, and again when it has changed, not for each request.
    #[must_use]
    pub fn with_headers(
        mut self,
        change: impl Fn(&Name, &mut HeaderMap) + Send + Sync + 'static,
    ) -> Self {
        self.change(|options| options.headers = Some(Arc::new(change)));
        self
    }

    /// Never sends this file of this machine, nor a link to it or a copy with its size and time: for the key of
    /// a certificate and the like. The settings file needs no such call after [`load`](Self::load).
    #[must_use]
    pub fn without_file(mut self, file: &Path) -> Self {
        self.source = self.source.without(file);
        self.change(|_| ());
        self
    }

    /// Lets browsers fetch these files as soon as the head of a page comes, by a field
    /// `Link: <…>; rel=preload` in the HTML of the application behind the layer. The names are those
    /// in templates, such as `css/app.css`; one that the manifest does not have is left out.
    #[must_use]
    pub fn with_preload<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        self.change(|options| options.preload = names);
        self
    }

    /// Sets how many bytes of files are kept in memory: 64 MiB by default. Files of over 8 MiB never
    /// are.
    #[must_use]
    pub fn with_memory(mut self, bytes: u64) -> Self {
        self.change(|options| options.room = bytes);
        self
    }

    /// Sets after which time a file is looked at again: a second by default, and a minute where the
    /// files are in no folder of this machine.
    #[must_use]
    pub fn with_pause(mut self, pause: Duration) -> Self {
        self.change(|options| options.pause = pause);
        self
    }

    /// What a page of the application is sent with.
    pub(super) fn links(&self) -> Option<HeaderValue> {
        let names = &self.options.preload;
        if names.is_empty() {
            return None;
        }
        let naming = self.naming();
        preload::links(self.options.prefix.as_str(), names, |name| match &naming {
            Some(naming) => naming.stored(name).map(str::to_owned),
            None => Some(name.to_owned()),
        })
    }

    /// Returns the prefix below which it serves.
    #[must_use]
    pub fn prefix(&self) -> &UrlPrefix {
        &self.options.prefix
    }

    fn change(&mut self, change: impl FnOnce(&mut Options)) {
        let options = Arc::make_mut(&mut self.options);
        change(options);
        // What is kept was made by the old ones.
        self.shelf = Arc::new(Shelf::new(options.room, options.pause));
    }

    /// Answers a request by its head; `None` if it is not about a file that is here.
    ///
    /// It is what the service does, for a framework with types of its own. Dropped, it leaves nothing.
    pub async fn answer(&self, request: &request::Parts) -> Option<Response<ResponseBody>> {
        if let Some(manifest) = &self.manifest {
            manifest.refresh().await;
        }
        let method = &request.method;
        let name = match self.options.prefix.target_of(request.uri.path()) {
            Ok(UrlTarget::File(name)) => name,
            Ok(UrlTarget::Folder(folder)) => match self.index_of(folder.as_ref()) {
                Some(index) => return self.file(request, &index).await,
                None => return None,
            },
            Err(PathProblem::Malformed) if !self.options.is_shared => {
                return Some(respond::plain(StatusCode::BAD_REQUEST, method));
            }
            Err(PathProblem::Malformed | PathProblem::NotBelow | PathProblem::NotFound) => {
                return None;
            }
        };
        if self.options.index.is_none() {
            return self.file(request, &name).await;
        }
        if let Some(folder) = self.folder_of_index(&name) {
            let is_there = self.is_there(&name).await;
            return is_there.then(|| self.redirect_to(folder.as_ref(), request))?;
        }
        if let Some(response) = self.file(request, &name).await {
            return Some(response);
        }
        let index = self.index_of(Some(&name))?;
        let is_folder = self.is_there(&index).await;
        is_folder.then(|| self.redirect_to(Some(&name), request))?
    }

    async fn file(&self, request: &request::Parts, name: &Name) -> Option<FileResponse> {
        match self.try_file(request, name).await {
            Ok(response) => response,
            Err(error) => Some(respond::failed(&error, name, &request.method)),
        }
    }

    async fn try_file(
        &self,
        request: &request::Parts,
        name: &Name,
    ) -> Result<Option<FileResponse>> {
        if is_private(name) || self.is_copy(name).await? {
            return Ok(None);
        }
        // Once more if the file is replaced between the look and the answer.
        for _ in 0..2 {
            let Some(shelved) = self.shelved(name).await? else {
                self.warn_of_missing(name).await;
                return Ok(None);
            };
            match self.respond(request, &shelved).await {
                Ok(response) => return Ok(Some(response)),
                Err(Failed::Changed) => self.shelf.forget(name),
                Err(Failed::Storage(error)) => return Err(error),
            }
        }
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        Ok(Some(respond::plain(busy, &request.method)))
    }

    async fn respond(
        &self,
        request: &request::Parts,
        shelved: &Shelved,
    ) -> Result<FileResponse, Failed> {
        let now = std::time::SystemTime::now();
        let decision = decide(
            &request.method,
            &request.headers,
            &shelved.representation,
            now,
        );
        let content = shelved.content(decision.variant()).ok_or(Failed::Changed)?;
        let mut response = respond::respond(&decision, &shelved.policy, content).await?;
        if request.method == Method::OPTIONS && self.options.all_origins {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, READING);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ANY);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE);
        }
        Ok(response)
    }

    async fn shelved(&self, name: &Name) -> Result<Option<Arc<Shelved>>> {
        let changes = self.manifest.as_ref().map_or(0, |file| file.changes());
        let know = |entry: &Entry| self.known(name, entry, self.naming().as_deref());
        self.shelf.get(&self.source, name, changes, know).await
    }

    fn naming(&self) -> Option<Arc<Naming>> {
        self.manifest.as_ref().map(|manifest| manifest.naming())
    }

    /// What a file's name says of it.
    fn known(&self, name: &Name, entry: &Entry, naming: Option<&Naming>) -> Known {
        let is_manifest = self
            .manifest
            .as_ref()
            .is_some_and(|file| file.is_named(name));
        let (original, kind) = match naming {
            _ if is_manifest => (name.clone(), ObjectKind::Manifest),
            Some(naming) => naming.original(name),
            None => (name.clone(), ObjectKind::Plain),
        };
        let by_rules = self.options.rules.attributes(&original, kind);
        let stored = &entry.attributes;
        let mut policy = policy::of_attributes(&[&by_rules, stored]);
        if let Some(cache_control) = self.options.cache_control {
            policy.insert(
                header::CACHE_CONTROL,
                HeaderValue::from_static(cache_control),
            );
        }
        if self.options.all_origins {
            policy.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        }
        let content_type = by_rules
            .content_type
            .as_ref()
            .or(stored.content_type.as_ref());
        let content_type = content_type.map_or("application/octet-stream", String::as_str);
        if let Ok(content_type) = HeaderValue::try_from(content_type) {
            policy.insert(header::CONTENT_TYPE, content_type);
        }
        if let Some(change) = &self.options.headers {
            change(&original, &mut policy);
        }
        let is_hashed = kind == ObjectKind::Hashed;
        let hash = unhashed(name.as_str()).next();
        Known {
            content_type: policy.remove(header::CONTENT_TYPE),
            policy,
            hash: hash.filter(|_| is_hashed).map(|(_, hash)| hash.to_owned()),
        }
    }

    /// Whether a name is that of a compressed copy, which is chosen by `Accept-Encoding` and has no
    /// URL of its own, unless it was collected.
    async fn is_copy(&self, name: &Name) -> Result<bool> {
        let mut codings = Coding::ALL.into_iter();
        let stem = codings.find_map(|coding| name.as_str().strip_suffix(coding.suffix()));
        let Some(Ok(stem)) = stem.map(Name::new) else {
            return Ok(false);
        };
        if self.naming().is_some_and(|naming| naming.names(name)) {
            return Ok(false);
        }
        Ok(self.shelved(&stem).await?.is_some())
    }

    async fn warn_of_missing(&self, name: &Name) {
        let is_named = self.naming().is_some_and(|naming| naming.names(name));
        if is_named && self.source.lacks(name).await {
            let source = self.source.describe();
            tracing::warn!(name = ?name.as_str(), "the manifest names a file that {source} does not have: run collectstatic");
        }
    }

    fn index_of(&self, folder: Option<&Name>) -> Option<Name> {
        let index = self.options.index.as_ref()?;
        match folder {
            Some(folder) => Name::new(format!("{folder}/{index}")).ok(),
            None => Some(index.clone()),
        }
    }

    /// Returns the folder that an index file stands for, if `name` is one; the inner `None` is the
    /// prefix itself.
    fn folder_of_index(&self, name: &Name) -> Option<Option<Name>> {
        let index = self.options.index.as_ref()?;
        if name == index {
            return Some(None);
        }
        let folder = name.as_str().strip_suffix(&format!("/{index}"))?;
        Some(Some(Name::new(folder).ok()?))
    }

    /// Whether there is a file to be sent. One that cannot be looked at leads nowhere.
    async fn is_there(&self, name: &Name) -> bool {
        !is_private(name) && self.shelved(name).await.is_ok_and(|found| found.is_some())
    }

    /// The query stays, as in WhiteNoise.
    fn redirect_to(&self, folder: Option<&Name>, request: &request::Parts) -> Option<FileResponse> {
        let prefix = self.options.prefix.as_str();
        let mut location = match folder {
            Some(folder) => format!("{}/", join_url(prefix, folder)),
            None => prefix.to_owned(),
        };
        if let Some(query) = request.uri.query() {
            location.push('?');
            location.push_str(query);
        }
        let location = HeaderValue::try_from(location).ok()?;
        Some(respond::redirect(location, &request.method))
    }
}

impl fmt::Debug for StaticFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticFiles")
            .field("prefix", &self.options.prefix)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
