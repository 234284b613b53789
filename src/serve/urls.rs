//! Django's helpers for development: what a site adds to its routes, which is nothing unless `DEBUG` is
//! on (`django/conf/urls/static.py`, `django/contrib/staticfiles/urls.py`, 6.1).

use std::sync::Arc;

use storehouse_storage::{Error, Result, Storage};

use super::{MediaFiles, StaticFiles, UrlPrefix, url_path::after_host};
use crate::{settings::Settings, storages::Storages};

/// Returns what serves `storage` below `prefix`, such as `MEDIA_URL`, while the site is developed:
/// Django's `static()`. `None` with `DEBUG` off, and for a URL of another host.
///
/// ```
/// # fn example(settings: &storehouse::settings::Settings, storages: &storehouse::storages::Storages, mut router: axum::Router) -> storehouse_storage::Result<axum::Router> {
/// use storehouse::serve::static_urls;
///
/// let media_url = settings.media_url().unwrap_or_default();
/// if let Some(media) = static_urls(settings, &media_url, storages.default()?)? {
///     router = router.layer(media);
/// }
/// # Ok(router) }
/// ```
///
/// # Errors
/// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for an empty prefix.
pub fn static_urls(
    settings: &Settings,
    prefix: &str,
    storage: Arc<dyn Storage>,
) -> Result<Option<MediaFiles>> {
    if prefix.is_empty() {
        return Err(Error::configuration("empty static prefix not permitted")
            .with_advice("set MEDIA_URL = \"/media/\", or write the prefix out"));
    }
    if !settings.debug() || has_host(prefix) {
        return Ok(None);
    }
    Ok(Some(MediaFiles::new(UrlPrefix::of_url(prefix), storage)))
}

/// Returns what serves static files from where they are, while the site is developed: Django's
/// `staticfiles_urlpatterns()`. `None` with `DEBUG` off, and where `STATIC_URL` is of another host.
///
/// # Errors
/// As [`StaticFiles::load`]; [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration)
/// if `STATIC_URL` is not set.
pub async fn staticfiles_urls(
    settings: &Settings,
    storages: &Storages,
) -> Result<Option<StaticFiles>> {
    let static_url = settings.static_url().unwrap_or_default();
    if static_url.is_empty() {
        return Err(Error::configuration("STATIC_URL is not set")
            .with_advice("set STATIC_URL = \"/static/\""));
    }
    if !settings.debug() || has_host(&static_url) {
        return Ok(None);
    }
    StaticFiles::load(settings, storages).await.map(Some)
}

/// Returns whether a URL names a host, so that its files are not this site's to serve.
///
/// ```
/// use storehouse::serve::has_host;
///
/// assert!(has_host("https://cdn.example/static/"));
/// assert!(has_host("//cdn.example/static/"));
/// assert!(!has_host("/static/"));
/// ```
#[must_use]
pub fn has_host(url: &str) -> bool {
    after_host(url).is_some()
}
