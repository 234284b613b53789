//! Digests of files that are there, for those of which only the content tells whether a run made them.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};
use storehouse_storage::{ErrorKind, Name, Result, Storage};

use super::fits;
use crate::staticfiles::{
    destination::{etag, listing::Destination},
    support::md5::Md5Sum,
};

/// Returns the MD5 of each file that is still there. Where a bucket's ETag has the form of one and fits the
/// name, no file is read: that is no accident.
///
/// # Errors
/// As [`Storage::open`](storehouse_storage::Storage::open).
pub(crate) async fn digests(
    names: Vec<Name>,
    destination: &Destination,
    storage: &dyn Storage,
    jobs: usize,
) -> Result<HashMap<Name, Md5Sum>> {
    let by_etag = |name: &Name| {
        let etag = destination.objects.get(name)?.etag.as_deref()?;
        Md5Sum::from_hex(&etag::plain_etag(etag)).filter(|md5| fits(name, *md5))
    };
    let (told, untold): (Vec<_>, Vec<_>) = names
        .into_iter()
        .map(|name| (by_etag(&name), name))
        .partition(|(md5, _)| md5.is_some());
    let read = stream::iter(untold)
        .map(|(_, name)| async move {
            match etag::digest_object(storage, &name).await {
                Ok(md5) => Ok(Some((name, md5))),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        })
        .buffer_unordered(jobs.max(1));
    let read: Vec<Option<(Name, Md5Sum)>> = read.try_collect().await?;
    let told = told
        .into_iter()
        .filter_map(|(md5, name)| Some((name, md5?)));
    Ok(told.chain(read.into_iter().flatten()).collect())
}
