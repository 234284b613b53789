//! The storage of a manifest, where that is another than the one of its files: the option
//! `manifest_storage`, an alias of `STORAGES` or a storage string. Django's `ManifestFilesMixin` takes
//! a storage of this name (6.1). What is in it is decided in [`crate::staticfiles`].

use std::{collections::BTreeMap, sync::Arc};

use storehouse_storage::{Error, Files, Operation, Result, Secret, Storage};

use super::{
    Storages, is_word, place,
    prepare::{Prepared, Wanted, prepare},
};
use crate::settings::StorageSetting;

const OPTION: &str = "manifest_storage";

/// A storage that another names.
struct Other {
    prepared: Prepared,
    /// If it is one of the settings.
    alias: Option<String>,
    /// Where it is named.
    place: String,
}

impl Storages {
    /// Returns the storage that has the manifest of the storage `alias`, and the integrity digests
    /// beside it. `None` if that is `alias` itself, or if its names are not hashed.
    ///
    /// # Errors
    /// As [`get`](Self::get), for each of the two; a manifest that would lie among the files, where
    /// it would count for one of them.
    pub fn manifest_storage(&self, alias: &str) -> Result<Option<Arc<dyn Storage>>> {
        let Some(setting) = self.settings.storages().get(alias) else {
            return Err(self.no_alias(alias));
        };
        let Some(manifest) = self.prepare(alias, setting)?.manifest else {
            return Ok(None);
        };
        let Some(other) = self.prepare_other(alias, setting, manifest.manifest_storage)? else {
            return Ok(None);
        };
        let place = other.place.clone();
        let storage = match &other.alias {
            Some(alias) => self.get(alias)?,
            // No storage string looks like this key.
            None => self.opened(&format!("{OPTION} of {alias}"), || {
                self.open_prepared(other.prepared, None, &place)
            })?,
        };
        let files = self.get(alias)?.describe();
        let inside = format!("{}/{}", storage.describe(), manifest.manifest_name);
        if let Some(name) = inside.strip_prefix(&format!("{files}/")) {
            let problem = format!("the manifest would be in {files}, where its files are");
            let advice = format!("leave {OPTION} out, and set manifest_name to {name:?}");
            let error = Error::configuration(problem).with_advice(advice);
            return Err(error.during(Operation::Configure, &place, None));
        }
        Ok(Some(storage))
    }

    /// Checks what is set for a storage, and for that of its manifest.
    pub(super) fn prepare_all(&self, alias: &str, setting: &StorageSetting) -> Result<()> {
        let manifest = self.prepare(alias, setting)?.manifest;
        let named = manifest.and_then(|manifest| manifest.manifest_storage);
        self.prepare_other(alias, setting, named).map(|_| ())
    }

    fn prepare_other(
        &self,
        alias: &str,
        setting: &StorageSetting,
        named: Option<Secret>,
    ) -> Result<Option<Other>> {
        let Some(text) = named else {
            return Ok(None);
        };
        let option = setting.options.get(OPTION);
        let backend = setting.backend.as_ref();
        let source = option.map(|option| &option.source);
        let source = source.or(backend.map(|backend| &backend.source));
        let place = match option {
            Some(option) => format!("STORAGES.{alias}.OPTIONS.{OPTION} ({})", option.source),
            None => format!("{OPTION} of {}", place(alias, setting)),
        };
        let at = |error: Error| error.during(Operation::Configure, &place, None);
        let other = self.settings.storages().get(text.expose());
        let is_driver = || {
            self.registry
                .driver(&text.expose().to_ascii_lowercase())
                .is_ok()
        };
        let prepared = match other {
            Some(setting) => self.prepare(text.expose(), setting)?,
            None if is_word(text.expose()) && !is_driver() => {
                return Err(at(self.no_alias_or_driver(text.expose())));
            }
            None => {
                let wanted = Wanted {
                    place: place.clone(),
                    text: &text,
                    folder: source.map_or(self.settings.folder(), |source| {
                        self.settings.folder_of(source)
                    }),
                    alias: None,
                    options: &BTreeMap::new(),
                    files: Files::Media,
                };
                prepare(&wanted, &self.settings, &self.registry)?
            }
        };
        if !prepared.processing.is_empty() {
            let shown = self.settings.shown_storage(text.expose());
            let problem = format!("{shown:?} makes hashed names or compressed copies itself");
            return Err(at(Error::configuration(problem).with_advice(
                "name a storage that takes files as they are, without manifest+ and compressed+",
            )));
        }
        Ok(Some(Other {
            prepared,
            alias: other.map(|_| text.expose().to_owned()),
            place,
        }))
    }
}
