//! Where a value came from. It says so to people; what wins over what is decided in
//! [`super::layers`].

use std::fmt;

/// Where the value of a setting came from. Shown as `storehouse.toml:12`, for example.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Built in.
    Default,
    /// The top level of the settings file.
    File {
        /// The file, as messages show it.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// A table `[environments.NAME]` of the settings file.
    EnvironmentTable {
        /// The environment.
        name: String,
        /// The file, as messages show it.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the process environment.
    ProcessEnvironment {
        /// The variable.
        variable: String,
    },
    /// `--set`, or a storage named on the command line.
    CommandLine,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::EnvironmentTable { name, file, line } => {
                write!(f, "{file}:{line} (environment {name:?})")
            }
            Self::ProcessEnvironment { variable } => write!(f, "environment variable {variable}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}
