//! The pages of a listing, one after the other: `ListObjectsV2` of S3's API reference, or `ListObjects`
//! of a service that has no other. What stands on them is read elsewhere.
//!
//! A service without the second listing refuses it, or takes no notice of `list-type`: a page that is
//! not the last then comes without a continuation token. Either is seen at the first page, and kept for
//! the bucket. The first listing goes on behind the last key of a page, or behind its `NextMarker`.

use std::sync::Arc;

use futures::{Stream, stream};
use percent_encoding::percent_decode_str;
use storehouse_storage::{Error, ErrorKind, Result};

use crate::{
    bucket::Bucket,
    call::{Action, Call},
    list_version::Version,
    xml::ListBucketResult,
};

/// Returns all pages of what starts with `prefix`.
pub(crate) fn pages(
    bucket: Arc<Bucket>,
    prefix: String,
    delimiter: Option<&'static str>,
) -> impl Stream<Item = Result<ListBucketResult>> + Send + 'static {
    let listing = Arc::new(Listing {
        bucket,
        prefix,
        delimiter,
    });
    stream::try_unfold(Next::First, move |next| {
        let listing = Arc::clone(&listing);
        async move {
            if next == Next::Nothing {
                return Ok(None);
            }
            let (page, version) = listing.ask(&next).await?;
            let may_be_v1 = listing.bucket.list_version.is_open();
            let next = next.after(&page, version, may_be_v1)?;
            Ok(Some((page, next)))
        }
    })
}

/// Takes the encoding off that was asked for, since XML cannot hold every character. It is that of
/// forms: a blank comes as `+`.
pub(crate) fn decoded(page: &ListBucketResult, key: &str) -> String {
    if page.encoding_type.as_deref() != Some("url") {
        return key.to_owned();
    }
    let key = key.replace('+', " ");
    percent_decode_str(&key).decode_utf8_lossy().into_owned()
}

/// What is listed.
struct Listing {
    bucket: Arc<Bucket>,
    prefix: String,
    delimiter: Option<&'static str>,
}

impl Listing {
    /// Asks for a page, and tells which listing it is of.
    async fn ask(&self, next: &Next) -> Result<(ListBucketResult, Version)> {
        let known = &self.bucket.list_version;
        let mut version = match next {
            Next::Token(_) => Version::V2,
            Next::Marker(_) => Version::V1,
            _ => known.current(),
        };
        let may_be_v1 = *next == Next::First && version == Version::V2 && known.is_open();
        let answer = match self.bucket.send(&self.call(version, next)).await {
            Err(failure) if may_be_v1 && failure.is_of_the_kind() => {
                tracing::debug!(%failure, "there is no ListObjectsV2; trying ListObjects");
                version = Version::V1;
                self.bucket.send(&self.call(version, next)).await?
            }
            answer => answer?,
        };
        let page = answer.document()?;
        if version == Version::V1 {
            known.found_only_v1();
        }
        Ok((page, version))
    }

    fn call(&self, version: Version, next: &Next) -> Call {
        let call = Call::new(Action::ListObjects, "");
        let call = match version {
            Version::V1 => call,
            Version::V2 => call.with_query("list-type", "2"),
        };
        let call = call
            .with_query("encoding-type", "url")
            .with_query("prefix", self.prefix.as_str());
        let call = match self.delimiter {
            Some(delimiter) => call.with_query("delimiter", delimiter),
            None => call,
        };
        match next {
            Next::Token(token) => call.with_query("continuation-token", token),
            Next::Marker(marker) => call.with_query("marker", marker),
            Next::First | Next::Nothing => call,
        }
    }
}

/// Which page is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    First,
    /// The second listing's.
    Token(String),
    /// The first listing's: what comes after this key.
    Marker(String),
    Nothing,
}

impl Next {
    /// Returns what comes after `page`, which must not be the same again.
    fn after(&self, page: &ListBucketResult, version: Version, may_be_v1: bool) -> Result<Self> {
        if !page.is_truncated {
            return Ok(Self::Nothing);
        }
        let token = page.next_continuation_token.as_deref().unwrap_or_default();
        let next = match version {
            Version::V2 if !token.is_empty() => Some(Self::Token(token.to_owned())),
            Version::V2 if *self != Self::First || !may_be_v1 => None,
            _ => marker(page).map(Self::Marker),
        };
        match next {
            Some(next) if next == *self => Err(broken("the pages go round in a circle")),
            Some(next) => Ok(next),
            None => Err(broken("a page says that more follows, but not where")),
        }
    }
}

/// Returns what the first listing goes on behind. S3 says it only where there is a delimiter.
fn marker(page: &ListBucketResult) -> Option<String> {
    let said = page.next_marker.as_deref().filter(|key| !key.is_empty());
    if let Some(key) = said {
        return Some(decoded(page, key));
    }
    let key = page.contents.last().map(|object| object.key.as_str());
    let folder = page.common_prefixes.last();
    let folder = folder.map(|folder| folder.prefix.as_str());
    let last = [key, folder].into_iter().flatten();
    last.map(|key| decoded(page, key)).max()
}

fn broken(why: &str) -> Error {
    Error::new(
        ErrorKind::Integrity,
        format!("the listing is broken: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{CommonPrefix, Contents};

    fn truncated(token: Option<&str>) -> ListBucketResult {
        ListBucketResult {
            is_truncated: true,
            next_continuation_token: token.map(str::to_owned),
            ..ListBucketResult::default()
        }
    }

    #[test]
    fn a_listing_that_goes_in_a_circle_is_an_error() {
        let after = |next: &Next, token| next.after(&truncated(Some(token)), Version::V2, true);

        let next = after(&Next::First, "a").unwrap();

        assert!(after(&next, "a").is_err());
        assert!(after(&next, "b").is_ok());
        assert!(after(&next, "").is_err());
    }

    #[test]
    fn a_first_listing_that_goes_in_a_circle_is_an_error() {
        let page = |key: &str| ListBucketResult {
            contents: vec![Contents {
                key: key.to_owned(),
                ..Contents::default()
            }],
            ..truncated(None)
        };
        let after = |next: &Next, key| next.after(&page(key), Version::V1, true);

        let next = after(&Next::First, "a").unwrap();

        assert_eq!(next, Next::Marker("a".to_owned()));
        assert!(after(&next, "a").is_err());
        assert!(after(&next, "b").is_ok());
        assert!(next.after(&truncated(None), Version::V1, true).is_err());
    }

    #[test]
    fn a_second_listing_without_a_token_is_the_first_one_only_at_its_start() {
        let page = ListBucketResult {
            next_marker: Some("m".to_owned()),
            ..truncated(None)
        };
        let token = Next::Token("t".to_owned());
        let marker = Next::Marker("m".to_owned());
        for (case, next, may_be_v1, expected) in [
            ("at its start", Next::First, true, Some(marker)),
            ("with the option", Next::First, false, None),
            ("half way", token, true, None),
        ] {
            let after = next.after(&page, Version::V2, may_be_v1);

            assert_eq!(after.ok(), expected, "{case}");
        }
    }

    #[test]
    fn the_first_listing_goes_on_behind_what_sorts_last() {
        let page = |next_marker: &str, key: &str, folder: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let contents = some(key).map(|key| Contents {
                key,
                ..Contents::default()
            });
            let folders = some(folder).map(|prefix| CommonPrefix { prefix });
            ListBucketResult {
                encoding_type: Some("url".to_owned()),
                next_marker: some(next_marker),
                contents: contents.into_iter().collect(),
                common_prefixes: folders.into_iter().collect(),
                ..truncated(None)
            }
        };
        for (case, page, expected) in [
            ("it is said", page("m%2B+", "z", ""), Some("m+ ")),
            ("a key", page("", "b%2Bc", ""), Some("b+c")),
            ("a key after a folder", page("", "b", "a/"), Some("b")),
            ("a folder after a key", page("", "b", "c%2F"), Some("c/")),
            // `%` would sort before all of these.
            ("by what they mean", page("", "b", "%C3%BC%2F"), Some("ü/")),
            ("nothing", page("", "", ""), None),
        ] {
            assert_eq!(marker(&page).as_deref(), expected, "{case}");
        }
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
