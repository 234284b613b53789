//! The service of media: what users uploaded, out of whatever storage it is in. What could run as a
//! page of the site is made harmless.
//!
//! A file is opened with the range that is asked for, so no more is fetched from a bucket than goes
//! out. A plain GET is one request to the storage; one with a range or a condition, and a HEAD, are
//! decided by what the storage tells of the file, which is another.

use std::{fmt, path::Path, sync::Arc, time::SystemTime};

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request};
use storehouse_storage::{
    Attributes, Entry, Error, ErrorKind, Name, Result, Storage, UrlOptions, guess_content_encoding,
};

use super::{
    Decision, Representation, ResponseBody, UrlPrefix, UrlTarget,
    active::{UNKNOWN, make_harmless},
    decide,
    from_settings::{self, ServeHeaders},
    policy::{self, HeadersFunction},
    respond::{self, Content, Failed, FileResponse},
    shelf::storage_tag,
    source::Source,
    url_path::PathProblem,
};
use crate::{
    media::{Grant, Refusal, UrlVerifier},
    settings::Settings,
    staticfiles::is_private,
    storages::{DEFAULT, Storages},
};

/// Headers that may make the answer another one than the whole file.
const DECIDING: [header::HeaderName; 6] = [
    header::RANGE,
    header::IF_RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
];

/// Serves the files of a storage below a prefix. It is cheap to clone.
///
/// As [`StaticFiles`](super::StaticFiles) it is a service and a layer. It never lists.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> storehouse_storage::Result<()> {
/// use std::sync::Arc;
/// use http::Request;
/// use storehouse::serve::{MediaFiles, UrlPrefix};
/// use storehouse_storage::{Name, Storage};
/// use tower_service::Service;
///
/// let storage = Arc::new(storehouse_memory::MemoryStorage::new());
/// storage.save(&Name::new("me.svg")?, "<svg/>".into(), &Default::default()).await?;
/// let mut media = MediaFiles::new(UrlPrefix::new("/media/"), storage);
///
/// let request = Request::get("/media/me.svg").body(()).expect("a request");
/// let response = media.call(request).await.expect("it cannot fail");
///
/// assert_eq!(response.headers()["content-type"], "image/svg+xml");
/// assert!(response.headers().contains_key("content-security-policy"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct MediaFiles {
    prefix: UrlPrefix,
    storage: Arc<dyn Storage>,
    /// The files of the storage that may be sent.
    source: Source,
    cache_control: Option<HeaderValue>,
    /// What settings say. It does not undo what makes content harmless.
    set: Option<Arc<ServeHeaders>>,
    headers: Option<HeadersFunction>,
    verifier: Option<UrlVerifier>,
    is_private: bool,
    is_trusted: bool,
    redirects: bool,
}

impl MediaFiles {
    /// Serves the files of a storage under their names.
    #[must_use]
    pub fn new(prefix: UrlPrefix, storage: Arc<dyn Storage>) -> Self {
        Self {
            prefix,
            source: Source::storage(Arc::clone(&storage)),
            storage,
            cache_control: None,
            set: None,
            headers: None,
            verifier: None,
            is_private: false,
            is_trusted: false,
            redirects: false,
        }
    }

    /// Serves the storage of media below the path of `MEDIA_URL`, signed URLs too. If the storage is
    /// private (`querystring_auth`), it serves nothing else.
    ///
    /// A bucket is private by default, and signs its URLs by itself, for its own host: with `DEBUG`
    /// its files are served here to everyone, and without only by URLs of
    /// [`HmacSigner`](crate::storages::HmacSigner).
    ///
    /// # Errors
    /// As [`Storages::get`]; a wrong `SERVE_HEADERS`; `MEDIA_REDIRECT` where the storage is no service with
    /// URLs of its own.
    pub fn load(settings: &Settings, storages: &Storages) -> Result<Self> {
        let media_url = settings.media_url().unwrap_or_default();
        let storage = storages.default()?;
        let signs_itself = storage.service().is_some();
        let is_private = storages.is_private(DEFAULT)? && !(signs_itself && settings.debug());
        let files = Self::new(UrlPrefix::of_url(&media_url), storage);
        let mut files = files.with_signed_urls(UrlVerifier::of(settings));
        files.set = ServeHeaders::of(settings)?.map(Arc::new);
        if let Some(file) = settings.file() {
            files = files.without_file(file);
        }
        if from_settings::redirects(settings, &*files.storage)? {
            files = files.with_redirects();
        }
        Ok(match is_private {
            true => files.only_signed(),
            false => files,
        })
    }

    /// Obeys signed URLs: what they say of type and download name is in the answer, and one that was
    /// altered or has expired is refused with 403.
    #[must_use]
    pub fn with_signed_urls(mut self, verifier: UrlVerifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// Serves nothing but by signed URLs; all else is 403, whether it is there or not.
    #[must_use]
    pub fn only_signed(mut self) -> Self {
        self.is_private = true;
        self
    }

    /// Returns whether only signed URLs are answered.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.is_private
    }

    /// Sets `Cache-Control` of files that were saved with none; by default they have none.
    #[must_use]
    pub fn with_cache_control(mut self, value: HeaderValue) -> Self {
        self.cache_control = Some(value);
        self
    }

    /// Changes the header fields of each answer as the function says.
    #[must_use]
    pub fn with_headers(
        mut self,
        change: impl Fn(&Name, &mut HeaderMap) + Send + Sync + 'static,
    ) -> Self {
        self.headers = Some(Arc::new(change));
        self
    }

    /// Never sends this file of this machine, nor a link to it or a copy with its size and time: for the key of
    /// a certificate and the like. The settings file needs no such call after [`load`](Self::load).
    #[must_use]
    pub fn without_file(mut self, file: &Path) -> Self {
        self.source = self.source.without(file);
        self
    }

    /// Lets browsers run what they can, as pages of this origin: only where nobody but you puts files
    /// there, or the origin has nothing else (a media host of its own).
    #[must_use]
    pub fn with_trusted_content(mut self) -> Self {
        self.is_trusted = true;
        self
    }

    /// Answers with a redirect to the URL that the storage makes, instead of sending the file through:
    /// for a bucket, whose signed URLs then carry the content. Whether the file is there is not looked.
    #[must_use]
    pub fn with_redirects(mut self) -> Self {
        self.redirects = true;
        self
    }

    /// Returns the prefix below which it serves.
    #[must_use]
    pub fn prefix(&self) -> &UrlPrefix {
        &self.prefix
    }

    /// Answers a request by its head; `None` if it is not about a file that is here.
    ///
    /// It is what the service does, for a framework with types of its own. Dropped, it leaves nothing.
    pub async fn answer(&self, request: &request::Parts) -> Option<Response<ResponseBody>> {
        let method = &request.method;
        let name = match self.prefix.target_of(request.uri.path()) {
            Ok(UrlTarget::File(name)) if !is_private(&name) => name,
            Err(PathProblem::Malformed) => {
                return Some(respond::plain(StatusCode::BAD_REQUEST, method));
            }
            _ => return None,
        };
        let Ok(grant) = self.granted(request) else {
            return Some(respond::plain(StatusCode::FORBIDDEN, method));
        };
        let answer = match self.redirects && matches!(*method, Method::GET | Method::HEAD) {
            true => self.redirect(&name, grant, method).await.map(Some),
            false => self.file(request, &name, grant.as_ref()).await,
        };
        answer.unwrap_or_else(|error| Some(respond::failed(&error, &name, method)))
    }

    /// Returns what a signed URL allows; nothing for one without a signature, where that will do.
    fn granted(&self, request: &request::Parts) -> Result<Option<Grant>, Refusal> {
        let refused = match self.is_private {
            true => Err(Refusal::Missing),
            false => Ok(None),
        };
        let Some(verifier) = &self.verifier else {
            return refused;
        };
        let (path, query) = (request.uri.path(), request.uri.query());
        match verifier.verify(path, query, SystemTime::now()) {
            Ok(grant) => Ok(Some(grant)),
            Err(Refusal::Missing) => refused,
            Err(refusal) => Err(refusal),
        }
    }

    async fn redirect(
        &self,
        name: &Name,
        grant: Option<Grant>,
        method: &Method,
    ) -> Result<FileResponse> {
        let mut options = UrlOptions::default();
        if let Some(grant) = grant {
            options.expires_in = grant.expires.duration_since(SystemTime::now()).ok();
            options.download_name = grant.download_name;
            options.content_type = grant.content_type;
        }
        let url = self.storage.url(name, &options).await?;
        let location = HeaderValue::try_from(url).map_err(|_| {
            let problem = "its URL has a character that a header cannot hold";
            Error::new(ErrorKind::Other, problem)
        })?;
        let mut response = respond::redirect(location, method);
        // A signed URL ends to work: nobody is to keep it.
        let no_store = HeaderValue::from_static("no-store");
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, no_store);
        Ok(response)
    }

    async fn file(
        &self,
        request: &request::Parts,
        name: &Name,
        grant: Option<&Grant>,
    ) -> Result<Option<FileResponse>> {
        let source = &self.source;
        if request.method == Method::GET
            && !DECIDING
                .iter()
                .any(|field| request.headers.contains_key(field))
        {
            return self.whole(request, source, name, grant).await;
        }
        // Once more if the file is replaced between the look and the answer.
        for _ in 0..2 {
            let Some(entry) = source.stat(name).await? else {
                return Ok(None);
            };
            let content = Content::Stored {
                source: source.clone(),
                name: name.clone(),
                etag: entry.etag.clone(),
            };
            let (representation, policy) = self.described(source, &entry, grant);
            let decision = decided(request, &representation);
            match respond::respond(&decision, &policy, &content).await {
                Ok(response) => return Ok(Some(response)),
                Err(Failed::Changed) => {}
                Err(Failed::Storage(error)) => return Err(error),
            }
        }
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        Ok(Some(respond::plain(busy, &request.method)))
    }

    /// Answers with all of it, in one request to the storage.
    async fn whole(
        &self,
        request: &request::Parts,
        source: &Source,
        name: &Name,
        grant: Option<&Grant>,
    ) -> Result<Option<FileResponse>> {
        let Some(reader) = source.open(name, None).await? else {
            return Ok(None);
        };
        let (representation, policy) = self.described(source, reader.entry(), grant);
        let decision = decided(request, &representation);
        Ok(Some(respond::respond_whole(&decision, &policy, reader)))
    }

    /// What a file is to HTTP, and the header fields that are ours.
    fn described(
        &self,
        source: &Source,
        entry: &Entry,
        grant: Option<&Grant>,
    ) -> (Representation, HeaderMap) {
        let granted = grant.and_then(|grant| grant.content_type.as_deref());
        let stored = entry.attributes.content_type.as_deref();
        let content_type = granted.or(stored).unwrap_or(UNKNOWN);
        let (content_type, policy) = self.policy(entry, content_type, grant);
        let representation = Representation::new(entry.size)
            .stored_encoded(policy.contains_key(header::CONTENT_ENCODING))
            .with_etag(storage_tag(source, entry))
            .with_content_type(HeaderValue::try_from(content_type).ok())
            .with_last_modified(entry.modified);
        (representation, policy)
    }

    /// Returns the type to send, and the header fields beside it.
    fn policy<'t>(
        &self,
        entry: &Entry,
        content_type: &'t str,
        grant: Option<&Grant>,
    ) -> (&'t str, HeaderMap) {
        let attributes = &entry.attributes;
        let mut by_name = Attributes::default();
        by_name.content_encoding = guess_content_encoding(&entry.name).map(str::to_owned);
        let mut headers = policy::of_attributes(&[attributes, &by_name]);
        if let (Some(value), None) = (&self.cache_control, &attributes.cache_control) {
            headers.insert(header::CACHE_CONTROL, value.clone());
        }
        if let Some(grant) = grant {
            obey(grant, &mut headers);
        }
        if let Some(set) = &self.set {
            set.set(&entry.name, &mut headers);
        }
        let content_type = match self.is_trusted {
            true => content_type,
            false => make_harmless(content_type, &mut headers),
        };
        if let Some(change) = &self.headers {
            change(&entry.name, &mut headers);
        }
        (content_type, headers)
    }
}

/// Answers as a signed URL asks. Only the browser keeps it, and no longer than the URL works.
fn obey(grant: &Grant, headers: &mut HeaderMap) {
    let left = grant.expires.duration_since(SystemTime::now());
    let left = left.unwrap_or_default().as_secs();
    if let Ok(value) = HeaderValue::try_from(format!("private, max-age={left}")) {
        headers.insert(header::CACHE_CONTROL, value);
    }
    if let Some(Ok(value)) = grant.content_disposition().map(HeaderValue::try_from) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
}

fn decided<'r>(request: &request::Parts, representation: &'r Representation) -> Decision<'r> {
    let now = SystemTime::now();
    decide(&request.method, &request.headers, representation, now)
}

impl fmt::Debug for MediaFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaFiles")
            .field("prefix", &self.prefix)
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}
