//! Which of the URLs in the settings lead to this server.

use crate::{
    serve::{UrlPrefix, has_host},
    settings::Settings,
};

/// Whether the files of a URL are on this site: Django's `static()` too gives no route to others, nor
/// to an empty one.
pub(super) fn is_ours(settings: &Settings, name: &str) -> bool {
    let url = settings.text(name).unwrap_or_default();
    !url.is_empty() && !has_host(url)
}

/// Whether static files have a path to be served below: that of `STATIC_URL`, also where that has the host of a
/// CDN, which fetches them from here (WhiteNoise's `static_prefix`).
pub(super) fn is_below_a_path(settings: &Settings) -> bool {
    let url = settings.text("STATIC_URL").unwrap_or_default();
    let prefix = UrlPrefix::of_url(url);
    !url.is_empty() && (!has_host(url) || prefix.as_str() != "/")
}
