//! Which storage is which, for what has to tell two apart. It asks no service.

use storehouse_storage::{Name, Storage, UrlOptions};

/// Returns a text that two storages share only if they are the same: how a storage shows itself, and
/// the host of its URLs, since two services may each have a bucket of one name.
pub(super) async fn identity(storage: &dyn Storage) -> String {
    let shown = storage.describe();
    match host(storage).await {
        Some(host) => format!("{shown} at {host}"),
        None => shown,
    }
}

async fn host(storage: &dyn Storage) -> Option<String> {
    let name = Name::new("x").ok()?;
    let url = storage.url(&name, &UrlOptions::default()).await.ok()?;
    let (_, rest) = url.split_once("://")?;
    rest.split('/').next().map(str::to_owned)
}
