//! The storage of a manifest, where that is another than the one of its files: the option
//! `manifest_storage`, an alias of `STORAGES` or a storage string. Django's `ManifestFilesMixin` takes
//! a storage of this name (6.1). What is in it is decided in [`crate::staticfiles`].

use std::{path::Path, sync::Arc};

use storehouse_storage::{Error, Operation, Result, Secret, Storage};

use super::{Storages, place, prepare::Prepared};
use crate::settings::Source;

const OPTION: &str = "manifest_storage";

impl Storages {
    /// Returns the storage that has the manifest of the storage that `text` means, as in
    /// [`open`](Self::open), and the integrity digests beside it. `None` if it is that storage
    /// itself, or if the names in it are not hashed.
    ///
    /// # Errors
    /// As [`open`](Self::open), for each of the two; a manifest that would lie among the files,
    /// where it would count for one of them.
    pub fn manifest_storage(&self, text: &str) -> Result<Option<Arc<dyn Storage>>> {
        let Some(manifest) = self.prepared(text)?.manifest else {
            return Ok(None);
        };
        let Some(other) = manifest.manifest_storage else {
            return Ok(None);
        };
        let (place, _) = self.place_of_option(text);
        let prepared = self.prepare_other(text, &other)?;
        let storage = match self.settings.storages().contains_key(other.expose()) {
            true => self.get(other.expose())?,
            // No storage string looks like this key.
            false => self.opened(&format!("{OPTION} of {text}"), || {
                self.open_prepared(prepared, None, &place)
            })?,
        };
        let files = self.open(text)?;
        let is_one_service = files.service() == storage.service();
        let files = files.describe();
        let inside = format!("{}/{}", storage.describe(), manifest.manifest_name);
        if let Some(name) = inside.strip_prefix(&format!("{files}/"))
            && is_one_service
        {
            let problem = format!("the manifest would be in {files}, where its files are");
            let advice = format!("leave {OPTION} out, and set manifest_name to {name:?}");
            let error = Error::configuration(problem).with_advice(advice);
            return Err(error.during(Operation::Configure, &place, None));
        }
        Ok(Some(storage))
    }

    /// Checks what is set for the storage `alias`, and for that of its manifest.
    pub(super) fn check(&self, alias: &str) -> Result<()> {
        let manifest = self.prepared(alias)?.manifest;
        match manifest.and_then(|manifest| manifest.manifest_storage) {
            Some(other) => self.prepare_other(alias, &other).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Reads and checks the storage `other` that the storage `text` names.
    fn prepare_other(&self, text: &str, other: &Secret) -> Result<Prepared> {
        let (place, folder) = self.place_of_option(text);
        let at = |error: Error| error.during(Operation::Configure, &place, None);
        let prepared = match self.settings.storages().get(other.expose()) {
            Some(setting) => self.prepare(other.expose(), setting)?,
            None => self.prepare_text(other, &place, folder).map_err(|error| {
                match error.operation() {
                    Some(_) => error,
                    None => at(error),
                }
            })?,
        };
        if prepared.processing.is_empty() {
            return Ok(prepared);
        }
        let shown = self.settings.shown_storage(other.expose());
        let problem = format!("{shown:?} makes hashed names or compressed copies itself");
        Err(at(Error::configuration(problem).with_advice(
            "name a storage that takes files as they are, without manifest+ and compressed+",
        )))
    }

    /// What messages call the option of the storage `text`, and the folder that a relative path in
    /// it is relative to.
    fn place_of_option(&self, text: &str) -> (String, &Path) {
        let settings = &self.settings;
        let Some(setting) = settings.storages().get(text) else {
            let place = format!("{OPTION} of {}", settings.shown_storage(text));
            return (place, settings.folder_of(&Source::CommandLine));
        };
        if let Some(option) = setting.options.get(OPTION) {
            let place = format!("STORAGES.{text}.OPTIONS.{OPTION} ({})", option.source);
            return (place, settings.folder_of(&option.source));
        }
        let source = setting.backend.as_ref().map(|backend| &backend.source);
        let folder = settings.folder_of(source.unwrap_or(&Source::Default));
        (format!("{OPTION} of {}", place(text, setting)), folder)
    }
}
