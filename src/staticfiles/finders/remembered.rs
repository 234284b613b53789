//! What the interpreter answered the last time, for as long as that is surely right: the same
//! question to the same program in the same environment, and every file and folder that decided the
//! answer as it was. Then Python need not be started.
//!
//! Not remembered is an answer with a problem, one of a program that only starts the interpreter (a
//! shim may start another one tomorrow), one that rests on more than files (`looked_at.py` says so),
//! and one of which a file changed within two seconds before, as in
//! [`recall`](crate::staticfiles::run_cache::recall). Without inodes, as on Windows, nothing is.
//!
//! ```text
//! $XDG_CACHE_HOME/storehouse/python/<hash of the program and the folder>.json
//! ```

use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use crate::staticfiles::support::{cache, md5::md5_hex, times::is_old};

/// Changes with the format: what another version wrote is not read.
const VERSION: u32 = 2;

/// What says where modules are, beside all that begins with `PYTHON`.
const ENVIRONMENT: &[&str] = &[
    "HOME",
    "LD_LIBRARY_PATH",
    "SETUPTOOLS_USE_DISTUTILS",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
];
/// What shells and tools that measure set anew for each command.
const ANEW_FOR_EACH_COMMAND: &[&str] = &[
    "_",
    "HYPERFINE_ITERATION",
    "HYPERFINE_RANDOMIZED_ENVIRONMENT_OFFSET",
    "OLDPWD",
    "PWD",
    "SHLVL",
];

/// A question, and where its answer is kept.
#[derive(Debug)]
pub(super) struct Question {
    place: PathBuf,
    /// A digest of it and of who is asked.
    digest: String,
    program: PathBuf,
}

impl Question {
    /// The question for `names` to a program in a folder. `None` if no answer could be kept.
    pub(super) fn new(
        program: &Path,
        folder: &Path,
        script: &str,
        names: &[String],
    ) -> Option<Self> {
        let program = file_of(program)?;
        let place = cache::place("python", &format!("{program:?} {folder:?}"))?;
        let real = program.canonicalize().ok()?;
        let digest = md5_hex(format!("{VERSION} {real:?} {names:?} {script}").as_bytes());
        Some(Self {
            place,
            digest,
            program,
        })
    }

    /// Returns the last answer, if it is right still.
    pub(super) fn recall(&self) -> Option<Answer> {
        let known: Remembered = serde_json::from_slice(&fs::read(&self.place).ok()?).ok()?;
        let is_same = known.question == self.digest
            && known.environment == environment(known.runs_code)
            && known
                .seen
                .iter()
                .all(|(path, seen)| Seen::of(path).is_ok_and(|now| now == *seen));
        is_same.then(|| Answer {
            python: Some(known.python),
            apps: known.apps.into_iter().map(Ok).collect(),
            ignore: known.ignore.map(Ok),
            evidence: None,
        })
    }

    /// Keeps an answer to a question that was put at `asked`, if it can be told when it is no longer
    /// right. One that cannot be written is asked for again.
    pub(super) fn remember(&self, answer: &Answer, asked: SystemTime) {
        if let Some(known) = self.remembered(answer, asked) {
            let json = serde_json::to_vec(&known).ok();
            let _ = json.map(|json| cache::write_whole(&self.place, &json));
        }
    }

    fn remembered(&self, answer: &Answer, asked: SystemTime) -> Option<Remembered> {
        let evidence = answer.evidence.as_ref()?;
        let is_itself =
            evidence.executable.canonicalize().ok()? == self.program.canonicalize().ok()?;
        if !is_itself {
            return None;
        }
        let apps: Result<_, _> = answer.apps.iter().cloned().collect();
        let mut all_seen = BTreeMap::new();
        for path in evidence.paths.iter().chain([&self.program]) {
            let seen = Seen::of(path).ok()?;
            if seen.as_ref().is_some_and(|seen| !seen.is_settled(asked)) {
                return None;
            }
            all_seen.insert(path.clone(), seen);
        }
        Some(Remembered {
            question: self.digest.clone(),
            runs_code: evidence.runs_code,
            environment: environment(evidence.runs_code),
            python: answer.python.clone()?,
            apps: apps.ok()?,
            ignore: answer.ignore.clone().transpose().ok()?,
            seen: all_seen,
        })
    }
}

/// An answer, and all that makes it right.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    question: String,
    runs_code: bool,
    environment: String,
    python: String,
    apps: Vec<PathBuf>,
    ignore: Option<Vec<String>>,
    /// `None` where nothing was.
    seen: BTreeMap<PathBuf, Option<Seen>>,
}

/// A file or folder as it was; behind a link, what that leads to. Times are nanoseconds since 1970.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    size: u64,
    modified: u64,
    /// The one that no program can set back.
    changed: u64,
    inode: u64,
    device: u64,
}

impl Seen {
    /// Looks at a path. `None` if nothing is there.
    fn of(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(metadata) => Self::of_metadata(&metadata)
                .map(Some)
                .ok_or_else(|| io::ErrorKind::Unsupported.into()),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
                _ => Err(error),
            },
        }
    }

    #[cfg(unix)]
    fn of_metadata(metadata: &fs::Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;

        let nanoseconds = |seconds: i64, rest: i64| {
            let seconds = u64::try_from(seconds).ok()?;
            let rest = u64::try_from(rest).ok()?;
            seconds.checked_mul(1_000_000_000)?.checked_add(rest)
        };
        Some(Self {
            size: metadata.size(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec())?,
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec())?,
            inode: metadata.ino(),
            device: metadata.dev(),
        })
    }

    #[cfg(not(unix))]
    fn of_metadata(_: &fs::Metadata) -> Option<Self> {
        None
    }

    /// Whether it was so when the question was put, and a later change will show.
    fn is_settled(&self, asked: SystemTime) -> bool {
        let time = |nanoseconds| UNIX_EPOCH + Duration::from_nanos(nanoseconds);
        is_old(time(self.modified), asked) && time(self.changed) <= asked
    }
}

/// Returns a digest of the environment: of all of it, or of what Python itself looks at.
fn environment(all: bool) -> String {
    let counts = |name: &OsStr| {
        let is_one_of = |names: &[&str]| names.iter().any(|one| name == *one);
        match all {
            true => !is_one_of(ANEW_FOR_EACH_COMMAND),
            false => name.as_encoded_bytes().starts_with(b"PYTHON") || is_one_of(ENVIRONMENT),
        }
    };
    let mut variables: Vec<_> = env::vars_os().filter(|(name, _)| counts(name)).collect();
    variables.sort();
    md5_hex(format!("{variables:?}").as_bytes())
}

/// Returns the file that is run as `program`: a path, or a name that the PATH has.
fn file_of(program: &Path) -> Option<PathBuf> {
    if program.is_absolute() {
        return Some(program.to_owned());
    }
    for folder in env::split_paths(&env::var_os("PATH")?) {
        // One that is relative means another folder where Python runs.
        if !folder.is_absolute() {
            return None;
        }
        let file = folder.join(program);
        if is_executable(&file) {
            return Some(file);
        }
    }
    None
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}
