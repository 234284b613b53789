//! The driver: which options a folder has as a storage, and what `file:` URLs mean. It touches no
//! file.

use std::sync::Arc;

use storehouse_storage::{
    Address, Driver, DriverConfig, Error, Files, OptionKind, OptionRow, Result, Storage,
    UrlSigning, Value,
};

use crate::storage::{FilesystemOptions, FilesystemStorage};

const OPTIONS: &[OptionRow] = &[
    OptionRow {
        settings: &["MEDIA_ROOT"],
        static_settings: &["STATIC_ROOT"],
        ..OptionRow::new(
            "location",
            OptionKind::Path,
            "The folder; the first save makes it.",
        )
    },
    OptionRow {
        settings: &["MEDIA_URL"],
        static_settings: &["STATIC_URL"],
        ..OptionRow::new(
            "base_url",
            OptionKind::Text,
            "What URLs start with; a / is added to its end.",
        )
    },
    OptionRow {
        default: "0644",
        settings: &["FILE_UPLOAD_PERMISSIONS"],
        ..OptionRow::new(
            "file_permissions_mode",
            OptionKind::Mode,
            "The exact mode of new files; none: 0666 less the umask.",
        )
    },
    OptionRow {
        settings: &["FILE_UPLOAD_DIRECTORY_PERMISSIONS"],
        ..OptionRow::new(
            "directory_permissions_mode",
            OptionKind::Mode,
            "The exact mode of new folders, on every level; none: 0777 less the umask.",
        )
    },
    OptionRow {
        other_names: &["file_overwrite"],
        default: "false",
        ..OptionRow::new(
            "allow_overwrite",
            OptionKind::Flag,
            "Lets a save replace what is there.",
        )
    },
    OptionRow {
        default: "false",
        ..OptionRow::new(
            "durable",
            OptionKind::Flag,
            "Returns only when the file and its name are on the disk (fsync).",
        )
    },
    OptionRow {
        default: "false",
        ..OptionRow::new(
            "follow_symlinks",
            OptionKind::Flag,
            "Reads through symlinks that lead out of the folder; saves and deletes never do.",
        )
    },
    UrlSigning::QUERYSTRING_AUTH,
    UrlSigning::QUERYSTRING_EXPIRE,
];

/// Opens folders as storages.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct FilesystemDriver;

impl FilesystemDriver {
    /// Makes the driver.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Driver for FilesystemDriver {
    fn name(&self) -> &'static str {
        "filesystem"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["filesystem", "file"]
    }

    fn options(&self) -> &'static [OptionRow] {
        OPTIONS
    }

    /// RFC 8089: `file:///srv/media`, `file://localhost/srv/media` and `file:/srv/media` are one
    /// folder. `file:media` is ours: relative, to what the settings say.
    fn address(&self, address: &Address) -> Result<Vec<(&'static str, Value)>> {
        let Address { authority, path } = address;
        match authority.as_deref() {
            None => {}
            Some("" | "localhost") if path.is_empty() => {
                return Err(Error::configuration("the URL has no folder")
                    .with_advice("write file:///srv/media, or file:media for a relative one"));
            }
            Some("" | "localhost") => {}
            Some(host) => {
                let problem = format!("{host:?} stands where a URL has its host");
                return Err(Error::configuration(problem).with_advice(format!(
                    "write file:{host}{path} for a relative folder, file:///{host}{path} for an absolute one"
                )));
            }
        }
        if path.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![("location", local_path(path).into())])
    }

    /// An empty location is refused. For Django it means the working directory, which puts
    /// uploads wherever the program was started.
    fn open(&self, config: DriverConfig) -> Result<Arc<dyn Storage>> {
        let given = &config.options;
        let location = given
            .path("location")
            .ok_or_else(|| no_location(config.files))?;
        let mut options = FilesystemOptions::default()
            .with_file_permissions_mode(given.mode("file_permissions_mode"))
            .with_directory_permissions_mode(given.mode("directory_permissions_mode"))
            .with_allow_overwrite(given.flag("allow_overwrite"))
            .with_durable(given.flag("durable"))
            .with_follow_symlinks(given.flag("follow_symlinks"))
            .with_signing(config.url_signing());
        if let Some(base_url) = given.text("base_url") {
            options = options.with_base_url(base_url);
        }
        let storage = FilesystemStorage::new(&location, options).map_err(|error| {
            let problem = format!("{} cannot be made absolute", location.display());
            Error::configuration(problem).with_source(error)
        })?;
        Ok(Arc::new(storage))
    }
}

fn no_location(files: Files) -> Error {
    let setting = match files {
        Files::Media => "MEDIA_ROOT",
        Files::Static => "STATIC_ROOT",
    };
    Error::configuration("the storage has no folder")
        .with_advice(format!("set {setting}, or give one: file:///srv/files"))
}

/// The path of a URL as a path of this system.
#[cfg(not(windows))]
fn local_path(path: &str) -> &str {
    path
}

/// The path of a URL as a path of this system: `/C:/media` is `C:/media`.
#[cfg(windows)]
fn local_path(path: &str) -> &str {
    match path.strip_prefix('/') {
        Some(rest) if rest.as_bytes().get(1) == Some(&b':') => rest,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use storehouse_storage::{ErrorKind, Options};

    use super::*;

    fn address(authority: Option<&str>, path: &str) -> Address {
        Address {
            authority: authority.map(str::to_owned),
            path: path.to_owned(),
        }
    }

    #[test]
    fn a_url_is_a_folder_or_says_what_the_right_form_is() {
        for (case, authority, path, expected) in [
            ("absolute", Some(""), "/srv/media", Ok(Some("/srv/media"))),
            (
                "this host",
                Some("localhost"),
                "/srv/media",
                Ok(Some("/srv/media")),
            ),
            ("one slash", None, "/srv/media", Ok(Some("/srv/media"))),
            ("relative", None, "media", Ok(Some("media"))),
            ("nothing", None, "", Ok(None)),
            (
                "two slashes too many",
                Some("relative"),
                "/x",
                Err("write file:relative/x"),
            ),
            ("no folder", Some(""), "", Err("file:///srv/media")),
        ] {
            let options = FilesystemDriver::new().address(&address(authority, path));

            match (options, expected) {
                (Ok(options), Ok(location)) => {
                    let location = location.map(|location| ("location", Value::from(location)));
                    assert_eq!(options, Vec::from_iter(location), "{case}");
                }
                (Err(error), Err(advice)) => {
                    assert_eq!(error.kind(), ErrorKind::Configuration, "{case}");
                    assert!(error.to_string().contains(advice), "{case}: {error}");
                }
                (options, _) => panic!("{case}: {options:?}"),
            }
        }
    }

    #[test]
    fn a_storage_without_a_folder_is_refused_with_the_setting_to_set() {
        for (files, setting) in [(Files::Media, "MEDIA_ROOT"), (Files::Static, "STATIC_ROOT")] {
            for location in [None, Some("")] {
                let given = location.map(|location| ("location", Value::from(location)));
                let options = Options::new(OPTIONS, given).unwrap();

                let opened =
                    FilesystemDriver::new().open(DriverConfig::new(options).with_files(files));

                let error = opened.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert!(error.to_string().contains(setting), "{error}");
            }
        }
    }
}
