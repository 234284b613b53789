//! What the gallery is made of, and which URL leads where.

use std::{error::Error, sync::Arc, time::Duration};

use axum::{
    Router, middleware,
    routing::{get, post},
};
use minijinja::Environment;
use storehouse::{
    media::{Field, ImageDimensions, Upload, UploadLimits, UploadTo, UrlVerifier},
    serve::{MediaFiles, StaticFiles, UrlPrefix},
    settings::Settings,
    staticfiles::StaticUrls,
    storage::Result,
    storages::Storages,
};

use tokio_util::task::TaskTracker;

use crate::{failure::Failure, handlers, pages, photos::Photos, responses};

/// The alias in `STORAGES` of photos that everyone may see.
pub(crate) const PUBLIC: &str = "default";
/// The alias of those that need a link.
pub(crate) const PRIVATE: &str = "private";

/// What is taken, by the bytes.
pub(crate) const CONTENT_TYPES: [&str; 5] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/avif",
];
pub(crate) const MAX_FILE_BYTES: u64 = 20_000_000;
pub(crate) const MAX_FILES: u64 = 50;
/// How long uploads that were broken off may take to be cleaned up at the end.
const SETTLING: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) photos: Photos,
    pub(crate) storages: Arc<Storages>,
    pub(crate) pages: Arc<Environment<'static>>,
    pub(crate) public: Upload,
    pub(crate) private: Upload,
    /// Photos that are being recorded or deleted, whoever still waits for them.
    pub(crate) tasks: TaskTracker,
}

impl App {
    pub(crate) async fn new(
        settings: &Settings,
        storages: &Arc<Storages>,
    ) -> Result<Self, Box<dyn Error>> {
        let urls = StaticUrls::load(settings, storages).await?;
        Ok(Self {
            photos: Photos::open(settings).await?,
            storages: Arc::clone(storages),
            pages: Arc::new(pages::environment(urls)?),
            public: upload(settings, storages, PUBLIC)?,
            private: upload(settings, storages, PRIVATE)?,
            tasks: TaskTracker::new(),
        })
    }

    /// Waits until photos are recorded, and what uploads that were broken off have left is deleted.
    pub(crate) async fn settle(&self) {
        let settling = async {
            self.tasks.close();
            self.tasks.wait().await;
            self.public.settle().await;
            self.private.settle().await;
            self.storages.settle().await;
        };
        // What is not done by then stays: files without a record.
        let _ = tokio::time::timeout(SETTLING, settling).await;
    }
}

/// Photos of at most 20 MB, under names that nobody can guess.
fn upload(settings: &Settings, storages: &Storages, alias: &str) -> Result<Upload> {
    let photos = Field::file()
        .with_types(CONTENT_TYPES)
        .with_max_bytes(MAX_FILE_BYTES)
        .with_max_count(MAX_FILES);
    Ok(Upload::to(storages, alias)?
        .with_field("photos", photos)
        .with_limits(UploadLimits::from_settings(settings))
        .with_upload_to(UploadTo::pattern("%Y/%m/{random}")?)
        .with_validator(ImageDimensions::at_most(20_000, 20_000))
        .with_max_concurrent(32))
}

pub(crate) async fn router(app: App, settings: &Settings) -> Result<Router> {
    let statics = StaticFiles::load(settings, &app.storages)
        .await?
        .with_preload(["gallery/gallery.css"]);
    let media = MediaFiles::load(settings, &app.storages)?;
    let private = MediaFiles::new(UrlPrefix::new("/private/"), app.storages.get(PRIVATE)?)
        .with_signed_urls(UrlVerifier::of(settings))
        .only_signed();
    let pages = Router::new()
        .route("/", get(handlers::index))
        .route("/photos", post(handlers::add_public))
        .route("/photos/private", post(handlers::add_private))
        .route("/photos/{id}", get(handlers::photo))
        .route("/photos/{id}/link", post(handlers::link))
        .route("/photos/{id}/delete", post(handlers::delete))
        .fallback(async || Failure::NotFound)
        .method_not_allowed_fallback(async || Failure::MethodNotAllowed)
        .layer(middleware::from_fn_with_state(
            app.clone(),
            responses::finish,
        ))
        .with_state(app);
    Ok(pages.layer(private).layer(media).layer(statics))
}
