//! Listings, page by page: `ListObjectsV2` of S3's API reference. No page is held longer than it is
//! read.
//!
//! Keys that no [`Name`] can mean (`a//b`, `../x`, a folder's own `a/`) are left out, and reported
//! to `tracing`: one odd key must not hide all others.

use std::{collections::BTreeSet, sync::Arc};

use futures::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use percent_encoding::percent_decode_str;
use storehouse_storage::{Entry, Error, ErrorKind, Folder, Name, Result};

use crate::{
    bucket::Bucket,
    call::{Action, Call},
    headers,
    xml::{Contents, ListBucketResult},
};

/// Where a listing is: keys that start with `prefix`, named without the first `skip` bytes.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    prefix: String,
    skip: usize,
}

impl Place {
    /// Means `folder` of a storage at `location`.
    pub(crate) fn new(location: Option<&Name>, folder: Option<&Name>) -> Self {
        let mut prefix = String::new();
        if let Some(location) = location {
            prefix = format!("{location}/");
        }
        let skip = prefix.len();
        if let Some(folder) = folder {
            prefix.push_str(folder.as_str());
            prefix.push('/');
        }
        Self { prefix, skip }
    }

    /// Returns the name of a key, if it has one.
    fn name(&self, key: &str) -> Option<Name> {
        let inside = key.starts_with(&self.prefix).then(|| &key[self.skip..]);
        let name =
            inside.and_then(|text| Name::new(text).ok().filter(|name| name.as_str() == text));
        let marker = key.ends_with('/');
        if name.is_none() && !marker {
            tracing::warn!(?key, "left out of a listing: no name can mean this key");
        }
        name
    }
}

/// Returns all objects at `place`.
pub(crate) fn list(bucket: &Arc<Bucket>, place: Place) -> BoxStream<'static, Result<Entry>> {
    pages(Arc::clone(bucket), place.prefix.clone(), None)
        .map_ok(move |page| {
            let entries: Vec<_> = entries(&page, &place).collect();
            stream::iter(entries.into_iter().map(Ok))
        })
        .try_flatten()
        .boxed()
}

/// Returns what lies directly at `place`.
pub(crate) async fn list_dir(bucket: &Arc<Bucket>, place: Place) -> Result<Folder> {
    let mut pages = pages(Arc::clone(bucket), place.prefix.clone(), Some("/")).boxed();
    // A page may repeat a folder of the one before.
    let mut folders = BTreeSet::new();
    let mut files = Vec::new();
    while let Some(page) = pages.try_next().await? {
        files.extend(entries(&page, &place));
        for folder in &page.common_prefixes {
            let key = decoded(&page, &folder.prefix);
            folders.extend(key.strip_suffix('/').and_then(|key| place.name(key)));
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Folder {
        folders: folders.into_iter().collect(),
        files,
    })
}

fn pages(
    bucket: Arc<Bucket>,
    prefix: String,
    delimiter: Option<&'static str>,
) -> impl Stream<Item = Result<ListBucketResult>> + Send + 'static {
    let call = Call::new(Action::ListObjects, "")
        .with_query("list-type", "2")
        .with_query("encoding-type", "url")
        .with_query("prefix", prefix);
    let call = match delimiter {
        Some(delimiter) => call.with_query("delimiter", delimiter),
        None => call,
    };
    stream::try_unfold(Next::First, move |next| {
        let (bucket, call) = (Arc::clone(&bucket), call.clone());
        async move {
            let call = match &next {
                Next::First => call,
                Next::After(token) => call.with_query("continuation-token", token),
                Next::Nothing => return Ok(None),
            };
            let page: ListBucketResult = bucket.send(&call).await?.document()?;
            let next = next.after(&page)?;
            Ok(Some((page, next)))
        }
    })
}

/// Which page is asked for.
enum Next {
    First,
    After(String),
    Nothing,
}

impl Next {
    /// Returns what comes after `page`, which must not be the same again.
    fn after(&self, page: &ListBucketResult) -> Result<Self> {
        let token = page.next_continuation_token.as_deref().unwrap_or_default();
        match (page.is_truncated, self) {
            (false, _) => Ok(Self::Nothing),
            (true, _) if token.is_empty() => {
                Err(broken("a page says that more follows, but not where"))
            }
            (true, Self::After(last)) if last == token => {
                Err(broken("the pages go round in a circle"))
            }
            (true, _) => Ok(Self::After(token.to_owned())),
        }
    }
}

fn broken(why: &str) -> Error {
    Error::new(
        ErrorKind::Integrity,
        format!("the listing is broken: {why}"),
    )
}

fn entries<'a>(
    page: &'a ListBucketResult,
    place: &'a Place,
) -> impl Iterator<Item = Entry> + use<'a> {
    page.contents.iter().filter_map(|object| {
        let name = place.name(&decoded(page, &object.key))?;
        Some(entry(name, object))
    })
}

fn entry(name: Name, object: &Contents) -> Entry {
    let modified = object.last_modified.as_deref();
    Entry::new(name, object.size)
        .with_modified(modified.and_then(headers::listing_date))
        .with_etag(object.etag.clone())
}

/// Takes the encoding off that was asked for, since XML cannot hold every character. It is that of
/// forms: a blank comes as `+`.
fn decoded(page: &ListBucketResult, key: &str) -> String {
    if page.encoding_type.as_deref() != Some("url") {
        return key.to_owned();
    }
    let key = key.replace('+', " ");
    percent_decode_str(&key).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn only_keys_that_a_name_can_mean_are_listed() {
        let place = Place::new(Some(&name("site")), Some(&name("css")));
        for (key, expected) in [
            ("site/css/a.css", Some("css/a.css")),
            ("site/css/", None),
            ("site/css/deep/", None),
            ("site/css//a", None),
            ("site/css/../x", None),
            ("other/css/a", None),
        ] {
            assert_eq!(place.name(key), expected.map(name), "{key}");
        }
    }

    #[test]
    fn a_listing_that_goes_in_a_circle_is_an_error() {
        let page = |token: &str| ListBucketResult {
            is_truncated: true,
            next_continuation_token: Some(token.to_owned()),
            ..ListBucketResult::default()
        };

        let next = Next::First.after(&page("a")).unwrap();

        assert!(next.after(&page("a")).is_err());
        assert!(next.after(&page("b")).is_ok());
        assert!(next.after(&page("")).is_err());
    }

    #[test]
    fn keys_are_decoded_once() {
        let mut page = ListBucketResult {
            encoding_type: Some("url".to_owned()),
            ..ListBucketResult::default()
        };
        assert_eq!(decoded(&page, "a+b%2Bc%252e%0A"), "a b+c%2e\n");

        page.encoding_type = None;
        assert_eq!(decoded(&page, "a+b%2B"), "a+b%2B");
    }
}
