//! Reads AWS's shared files for the profile that is chosen. What is in them is [`profile`](crate::profile)'s
//! affair.

use std::{io, path::PathBuf};

use storehouse_storage::{Error, Result};

use crate::{environment::Environment, profile::Profile};

/// The profile that options or environment name, or the one of them all.
pub(crate) struct Chosen {
    pub(crate) name: String,
    /// And not taken because there is no other.
    pub(crate) is_named: bool,
    pub(crate) profile: Profile,
}

impl Chosen {
    /// Reads the profile that is `given`, or that the environment names, or `default`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for one that is named
    /// but not there, and for files that cannot be read.
    pub(crate) fn read(given: Option<&str>, environment: &Environment) -> Result<Self> {
        let given = given.map(str::to_owned);
        let named = given.or_else(|| environment.get("AWS_PROFILE"));
        let is_named = named.is_some();
        let name = named.unwrap_or_else(|| "default".to_owned());
        match read_profile(&name, environment)? {
            None if is_named => Err(missing_profile(&name, environment)),
            profile => Ok(Self {
                name,
                is_named,
                profile: profile.unwrap_or_default(),
            }),
        }
    }
}

fn read_profile(name: &str, environment: &Environment) -> Result<Option<Profile>> {
    let read = |variable, usual| match environment.file(variable, usual) {
        Some(path) => read_if_there(&path),
        None => Ok(String::new()),
    };
    let credentials = read("AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
    let config = read("AWS_CONFIG_FILE", "config")?;
    Ok(Profile::read(name, &credentials, &config))
}

fn read_if_there(path: &PathBuf) -> Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => {
            let problem = format!("{} cannot be read", path.display());
            Err(Error::configuration(problem).with_source(error))
        }
    }
}

fn missing_profile(name: &str, environment: &Environment) -> Error {
    let files: Vec<String> = [
        environment.file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        environment.file("AWS_CONFIG_FILE", "config"),
    ]
    .into_iter()
    .flatten()
    .map(|path| path.display().to_string())
    .collect();
    Error::configuration(format!(
        "there is no profile {name:?} in {}",
        files.join(" and ")
    ))
    .with_advice("correct session_profile or AWS_PROFILE")
}
