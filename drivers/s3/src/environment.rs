//! The variables of the environment, and the places of AWS's shared files. What they mean is decided
//! by who asks.

use std::{env, path::PathBuf};

/// Looks up variables of the environment. A value, so that tests need not change the process's own.
pub(crate) struct Environment(Box<Lookup>);

type Lookup = dyn Fn(&str) -> Option<String>;

impl Environment {
    /// The process's own.
    pub(crate) fn process() -> Self {
        Self(Box::new(|name| env::var(name).ok()))
    }

    /// Returns a variable that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// Returns a file's place: what the variable says, or what is usual below the home folder.
    pub(crate) fn file(&self, variable: &str, usual: &str) -> Option<PathBuf> {
        let said = self.get(variable).map(PathBuf::from);
        let home = || self.get("HOME").or_else(|| self.get("USERPROFILE"));
        said.or_else(|| Some(PathBuf::from(home()?).join(".aws").join(usual)))
    }

    /// One that has these variables and no others.
    #[cfg(test)]
    pub(crate) fn of(pairs: &'static [(&str, &str)]) -> Self {
        Self(Box::new(|name| {
            let found = pairs.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }))
    }
}
