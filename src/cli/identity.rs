//! Which storage is which, for what has to tell two apart. It asks no service.

use storehouse_storage::Storage;

/// Returns a text that two storages share only if they are the same: how a storage shows itself, and
/// the address of its service, since two services may each have a bucket of one name. No secret is
/// in it.
pub(super) fn identity(storage: &dyn Storage) -> String {
    let shown = storage.describe();
    match storage.service() {
        Some(service) => format!("{shown} at {service}"),
        None => shown,
    }
}
