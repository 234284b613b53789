//! Where settings come from: the file, one of its environment tables, the process environment and
//! the command line. Reading the file is the only thing here that touches the world; what the
//! sources say is made sense of in [`super::layers`].

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fmt, fs,
    io::{self, Read},
    path::PathBuf,
};

use storehouse_storage::{Error, Result};

use super::owner;

/// The name of the settings file, looked for in the working directory and its parents.
const FILE_NAME: &str = "storehouse.toml";

/// A settings file is written by hand. What is larger is something else, or a mistake.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The process environment's word for `--env`.
const ENVIRONMENT_VARIABLE: &str = "STOREHOUSE_ENV";

/// What [`Settings::load`](super::Settings::load) reads. A program makes it once, at the top.
///
/// ```
/// use storehouse::settings::Sources;
///
/// let sources = Sources::new("/srv/site")
///     .with_environment("production")
///     .with_set("STATIC_URL=/assets/");
/// # assert_eq!(sources.sets.len(), 1);
/// ```
#[non_exhaustive]
#[derive(Clone, Default)]
pub struct Sources {
    /// The settings file (`--settings`). `None`: `storehouse.toml` in the working directory or a
    /// parent, if there is one; it must belong to the user or root, or to the caller of `sudo`.
    pub settings_file: Option<PathBuf>,
    /// The environment table to use (`--env`). `None`: as `STOREHOUSE_ENV` says.
    pub environment: Option<String>,
    /// What the command line sets, each `KEY=VALUE`. The last of two for one key wins.
    pub sets: Vec<String>,
    /// The process environment.
    pub process: BTreeMap<String, OsString>,
    /// What relative paths outside the file are relative to.
    pub working_dir: PathBuf,
}

impl Sources {
    /// Starts with a working directory and nothing else: no process environment, no command line.
    pub fn new(working_dir: impl Into<PathBuf>) -> Self {
        Self {
            working_dir: working_dir.into(),
            ..Self::default()
        }
    }

    /// Takes the environment and the working directory of this process.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](storehouse_storage::ErrorKind::NotFound) and the like if the
    /// working directory is gone.
    pub fn from_process() -> Result<Self> {
        let working_dir = env::current_dir().map_err(|error| {
            let cause = Error::from_io(error);
            Error::new(
                cause.kind(),
                format!("cannot tell the working directory: {}", cause.problem()),
            )
        })?;
        // A name that is not UTF-8 is no setting's.
        let process = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect();
        Ok(Self {
            process,
            ..Self::new(working_dir)
        })
    }

    /// Takes this settings file; it must be there.
    #[must_use]
    pub fn with_settings_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings_file = Some(path.into());
        self
    }

    /// Takes this environment table.
    #[must_use]
    pub fn with_environment(mut self, name: impl Into<String>) -> Self {
        self.environment = Some(name.into());
        self
    }

    /// Adds a `KEY=VALUE` of the command line.
    #[must_use]
    pub fn with_set(mut self, assignment: impl Into<String>) -> Self {
        self.sets.push(assignment.into());
        self
    }

    /// Adds a variable of the process environment.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.process.insert(name.into(), value.into());
        self
    }
}

impl Sources {
    /// Returns the environment asked for: the flag's, else the variable's.
    pub(super) fn environment(&self) -> Option<String> {
        let variable = || {
            self.process
                .get(ENVIRONMENT_VARIABLE)
                .map(|name| name.to_string_lossy().into_owned())
        };
        let name = self.environment.clone().or_else(variable);
        name.filter(|name| !name.is_empty())
    }

    /// Reads the settings file: the one asked for, or the nearest one.
    pub(super) fn read_file(&self) -> Result<Option<SettingsFile>> {
        if let Some(path) = &self.settings_file {
            return SettingsFile::read(self.working_dir.join(path), path.display().to_string())
                .map(|(file, _)| Some(file));
        }
        let found = self
            .working_dir
            .ancestors()
            .map(|folder| folder.join(FILE_NAME))
            .find(|path| path.exists());
        let Some(path) = found else { return Ok(None) };
        let inside = path.strip_prefix(&self.working_dir);
        let shown = inside.unwrap_or(&path).display().to_string();
        let (file, metadata) = SettingsFile::read(path, shown)?;
        owner::refuse_foreign(&file.path, &file.shown, &metadata, self.caller())?;
        Ok(Some(file))
    }

    /// Returns the user who called `sudo`.
    fn caller(&self) -> Option<u32> {
        let caller = self.process.get(owner::CALLER_VARIABLE)?;
        caller.to_str()?.parse().ok()
    }
}

/// A settings file that was read.
pub(super) struct SettingsFile {
    /// Where it is, absolute if the working directory is.
    pub(super) path: PathBuf,
    /// What messages call it.
    pub(super) shown: String,
    /// What is in it, without a byte order mark.
    pub(super) text: String,
    /// Its mode, if that lets everyone on the machine write it. That everyone can read it is usual in a checkout, and no reason for a warning at every run.
    pub(super) open_to_all: Option<u32>,
}

impl SettingsFile {
    /// Reads a file, and returns what the system tells of it too.
    fn read(path: PathBuf, shown: String) -> Result<(Self, fs::Metadata)> {
        let cannot = |error: io::Error| {
            let cause = Error::from_io(error);
            let problem = format!("cannot read the settings file {shown}: {}", cause.problem());
            Error::new(cause.kind(), problem).with_source(cause)
        };
        let file = fs::File::open(&path).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        let open_to_all = mode_for_others(&metadata);
        let mut bytes = Vec::new();
        let mut limited = file.take(MAX_FILE_BYTES + 1);
        limited.read_to_end(&mut bytes).map_err(cannot)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(Error::configuration(format!(
                "{shown} is larger than {} MiB: that is no settings file",
                MAX_FILE_BYTES / 1024 / 1024
            )));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let offset = error.utf8_error().valid_up_to();
            Error::configuration(format!("{shown} is not UTF-8 text from byte {offset} on"))
        })?;
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        let file = Self {
            path,
            shown,
            text,
            open_to_all,
        };
        Ok((file, metadata))
    }
}

#[cfg(unix)]
fn mode_for_others(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    (metadata.is_file() && mode & 0o002 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn mode_for_others(_: &fs::Metadata) -> Option<u32> {
    None
}

impl fmt::Debug for Sources {
    /// Shows names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sets: Vec<&str> = self
            .sets
            .iter()
            .map(|set| set.split('=').next().unwrap_or_default())
            .collect();
        f.debug_struct("Sources")
            .field("settings_file", &self.settings_file)
            .field("environment", &self.environment)
            .field("sets", &sets)
            .field("process", &self.process.keys())
            .field("working_dir", &self.working_dir)
            .finish()
    }
}
