//! The options of hashed names: what the processing takes out of OPTIONS and the URL's query, beside
//! what the driver takes. They are Django's class attributes of the same names
//! (`django/contrib/staticfiles/storage.py`, 6.1), and two of ours: `missing_references`, `integrity`.

use storehouse_storage::{Error, Name, Options, Result, Secret, Value};

use crate::settings::static_options::MANIFEST;

/// How names are hashed and references rewritten.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestOptions {
    /// Whether the URL of a file that is not in the manifest is an error.
    pub manifest_strict: bool,
    /// The name of the manifest.
    pub manifest_name: Name,
    /// What the option of this name says, if anything;
    /// [`Storages::manifest_storage`](super::Storages::manifest_storage) opens it.
    pub manifest_storage: Option<Secret>,
    /// Whether files that one pass makes and the next replaces are kept.
    pub keep_intermediate_files: bool,
    /// How many passes Django makes after the first.
    pub max_post_process_passes: u32,
    /// Whether `import` and `export` of JavaScript are rewritten.
    pub support_js_module_import_aggregation: bool,
    /// What a reference to a file that is not there is.
    pub missing_references: MissingReferences,
    /// How many manifests are kept, to roll back to.
    pub releases: usize,
    /// By what the digests are made that browsers check; `None` where there are none.
    pub integrity: Option<IntegrityHash>,
}

/// What a reference to a file that is not there is.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingReferences {
    /// An error: nothing is written.
    Error,
    /// Told, and left as it is.
    Warn,
    /// Left as it is.
    Ignore,
}

/// What makes the digests of subresource integrity.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegrityHash {
    /// SHA-256.
    Sha256,
    /// SHA-384, which is what most tools write.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl ManifestOptions {
    /// Checks the options that were given and adds the defaults.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for a value of
    /// the wrong kind, and a `manifest_name` that is no name.
    pub(super) fn read<'a>(given: impl IntoIterator<Item = (&'a str, Value)>) -> Result<Self> {
        let options = Options::new(MANIFEST, given)?;
        let name = options.text("manifest_name").unwrap_or_default();
        let manifest_name = Name::new(name).map_err(|error| {
            let problem = format!("option \"manifest_name\": {}", error.problem());
            Error::configuration(problem)
        })?;
        let releases = options.integer("releases").unwrap_or_default();
        let passes = options.integer("max_post_process_passes").unwrap_or(5);
        Ok(Self {
            manifest_strict: options.flag("manifest_strict"),
            manifest_name,
            manifest_storage: options
                .text("manifest_storage")
                .filter(|text| !text.is_empty())
                .map(Secret::new),
            keep_intermediate_files: options.flag("keep_intermediate_files"),
            max_post_process_passes: u32::try_from(passes).unwrap_or(u32::MAX),
            support_js_module_import_aggregation: options
                .flag("support_js_module_import_aggregation"),
            missing_references: match options.text("missing_references") {
                Some("warn") => MissingReferences::Warn,
                Some("ignore") => MissingReferences::Ignore,
                _ => MissingReferences::Error,
            },
            releases: usize::try_from(releases).unwrap_or_default(),
            integrity: match options.text("integrity") {
                Some("sha256") => Some(IntegrityHash::Sha256),
                Some("sha384") => Some(IntegrityHash::Sha384),
                Some("sha512") => Some(IntegrityHash::Sha512),
                _ => None,
            },
        })
    }
}

#[cfg(test)]
impl ManifestOptions {
    /// The defaults.
    pub(crate) fn for_tests() -> Self {
        Self::read([]).unwrap()
    }
}
