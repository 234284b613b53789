//! Serving over HTTP: static files by the manifest, media out of any storage, as services of tower.
//!
//! What an answer is, is decided by values alone: nothing there opens a file, waits or asks a clock.
//!
//! ```text
//! path             -> UrlPrefix -> Name                     url_path
//! Accept-Encoding  -> which of what is stored               encoding
//! If-…             -> 304, 412, or go on                    conditional, etag, http_date
//! Range            -> all of it, a part, parts, or 416      range, multipart
//! all of them, in the order of RFC 9110 section 13.2.2      decide
//!                  -> status, header fields, which bytes    headers
//! ```
//!
//! The services do the rest: they find what a [`Name`](crate::storage::Name) has (`source`; of static
//! files `naming` and `shelf`), describe it as a [`Representation`], add the header fields that are the
//! site's (`active` makes media harmless), and send the bytes that the [`Decision`] names (`respond`,
//! `body`). [`StaticFiles`] and [`MediaFiles`] answer by themselves, or as a layer (`layer`) leave to
//! an application what they do not have.
//!
//! ```
//! use std::time::SystemTime;
//! use http::{HeaderMap, Method, StatusCode, header};
//! use storehouse::{serve::{Body, EntityTag, Representation, UrlPrefix, UrlTarget, decide}, storages::Coding};
//!
//! let target = UrlPrefix::new("/static/").target_of("/static/css/site.css")?;
//! assert!(matches!(target, UrlTarget::File(name) if name.as_str() == "css/site.css"));
//!
//! let stylesheet = Representation::new(22_016)
//!     .with_etag(EntityTag::strong("55e7cbb9ba48"))
//!     .with_encoded(Coding::Brotli, 4_096, EntityTag::strong("27b5301bb11a"));
//! let mut headers = HeaderMap::new();
//! headers.insert(header::ACCEPT_ENCODING, "gzip, br".parse().expect("a header"));
//!
//! let decision = decide(&Method::GET, &headers, &stylesheet, SystemTime::now());
//!
//! assert_eq!(decision.status(), StatusCode::OK);
//! assert_eq!(decision.variant().coding(), Some(Coding::Brotli));
//! assert_eq!(decision.body(), Body::Bytes(0..4_096));
//! assert_eq!(decision.headers()[header::ETAG], "\"27b5301bb11a\"");
//! # Ok::<(), storehouse::serve::PathProblem>(())
//! ```

mod active;
mod body;
mod conditional;
mod copies;
mod decide;
mod encoding;
mod etag;
mod from_settings;
mod headers;
mod http_date;
mod layer;
mod media_files;
mod multipart;
mod naming;
mod pause;
mod policy;
mod preload;
mod range;
mod representation;
mod respond;
mod service;
mod shelf;
mod source;
mod static_files;
mod url_path;
mod urls;

pub use body::ResponseBody;
pub use decide::{Body, Decision, Outcome, decide};
pub use etag::EntityTag;
pub(crate) use from_settings::problems as problems_of_settings;
pub use http_date::HttpDate;
pub use layer::WithFiles;
pub use media_files::MediaFiles;
pub use multipart::{Boundary, Multipart, Piece};
pub use range::MAX_RANGES;
pub use representation::{Representation, Variant};
pub use respond::not_found;
#[cfg(feature = "cli")]
pub(crate) use respond::{no_host, read_only};
pub use static_files::StaticFiles;
pub use url_path::{PathProblem, UrlPrefix, UrlTarget};
pub use urls::{has_host, static_urls, staticfiles_urls};
