//! Listings, page by page. No page is held longer than it is read; how one leads to the next is not
//! known here.
//!
//! Keys that no [`Name`] can mean (`a//b`, `../x`, a folder's own `a/`) are left out, and reported
//! to `tracing`: one odd key must not hide all others.

use std::{collections::BTreeSet, sync::Arc};

use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use storehouse_storage::{Entry, Folder, Name, Result};

use crate::{
    bucket::Bucket,
    headers,
    pages::{decoded, pages},
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
}
