//! A folder with a settings file and sources, and the command run in it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::SystemTime,
};

use storehouse_test_support::{Bucket, Minio};
use tempfile::TempDir;

/// A folder of its own for one test.
pub(crate) struct Site {
    folder: TempDir,
}

impl Site {
    /// A site whose `storehouse.toml` has this content.
    pub(crate) fn new(settings: &str) -> Self {
        let site = Self {
            folder: TempDir::new().unwrap(),
        };
        site.write("storehouse.toml", settings);
        site
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes a file, and the folders it is in.
    pub(crate) fn write(&self, relative: &str, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    /// The command, ready to run in the site's folder with nothing of the caller's environment that
    /// could change a setting.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_storehouse"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // No credentials of whoever runs the tests.
            .env("HOME", self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Runs the command as a user whom file modes hold back. Root is held back by none.
    pub(crate) fn run_unprivileged(&self, arguments: &[&str]) -> Ran {
        let output = self.unprivileged_command(arguments).output();
        Ran::of(output.expect(
            "setpriv, of the package util-linux, is needed to test as another user than root",
        ))
    }

    /// The command, ready to run as such a user.
    pub(crate) fn unprivileged_command(&self, arguments: &[&str]) -> Command {
        let command = self.command(arguments);
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        if !is_root {
            return command;
        }
        // Anybody may enter the site's folder, and only root the one that the program is in.
        fs::set_permissions(self.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        let program = self.path("storehouse");
        // By a process of its own: a file that this one has open for writing, or has handed down to
        // a child of another test, cannot be run.
        let copied = Command::new("cp")
            .arg(command.get_program())
            .arg(&program)
            .status();
        assert!(copied.unwrap().success());
        let environment = command.get_envs();
        let mut wrapped = Command::new("setpriv");
        wrapped
            .env_clear()
            .envs(environment.filter_map(|(name, value)| Some((name, value?))))
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(program)
            .args(arguments)
            .current_dir(self.path(""))
            .stdin(Stdio::null());
        wrapped
    }

    /// All files below a folder of the site, sorted, with `/`.
    pub(crate) fn files(&self, relative: &str) -> Vec<String> {
        let mut files = Vec::new();
        gather(&self.path(relative), "", &mut files);
        files.sort();
        files
    }

    /// All files below a folder of the site with what is in them, through links.
    pub(crate) fn contents(&self, relative: &str) -> BTreeMap<String, Vec<u8>> {
        let files = self.files(relative).into_iter();
        files
            .map(|name| {
                let content = fs::read(self.path(relative).join(&name)).unwrap();
                (name, content)
            })
            .collect()
    }

    /// All files below a folder of the site with what changes when one is written again: a file that
    /// replaces another is another file, within the same tick of the clock too.
    pub(crate) fn stamps(&self, relative: &str) -> BTreeMap<String, (u64, SystemTime)> {
        let files = self.files(relative).into_iter();
        files
            .map(|name| {
                let file = fs::symlink_metadata(self.path(relative).join(&name)).unwrap();
                (name, (file.ino(), file.modified().unwrap()))
            })
            .collect()
    }

    /// Sets when a file was changed last.
    pub(crate) fn set_modified(&self, relative: &str, time: SystemTime) {
        let file = File::options().write(true).open(self.path(relative));
        file.unwrap().set_modified(time).unwrap();
    }
}

fn gather(folder: &Path, before: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = format!("{before}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            gather(&entry.path(), &format!("{name}/"), files);
        } else {
            files.push(name);
        }
    }
}

/// What a run of the command gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What was printed with `--json`, but for the phases.
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let lines = self.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &serde_json::Value| line["event"] != "phase")
            .collect()
    }

    /// Fails the test unless the command did what it was told.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Fails the test unless the command failed with `code`, one message and no backtrace.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(!self.err.is_empty(), "it failed without a word: {self:?}");
        assert!(
            !self.err.contains("panicked") && !self.err.contains("RUST_BACKTRACE"),
            "{self:?}"
        );
        self
    }

    /// Fails the test unless each of these parts is in what was told on standard error.
    #[track_caller]
    pub(crate) fn tells(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.err.contains(part), "{part}: {}", self.err);
        }
    }
}

/// The settings of a bucket's storage on the MinIO of the tests, reached at `endpoint`.
pub(crate) fn bucket_settings(minio: &Minio, bucket: &Bucket, endpoint: &str) -> String {
    format!(
        r#"
        STATIC_URL = "/static/"
        STATICFILES_DIRS = ["assets"]
        DEFAULT_FILE_STORAGE = "s3://{bucket}/media"
        STATICFILES_STORAGE = "s3://{bucket}/static"
        AWS_S3_ENDPOINT_URL = "{endpoint}"
        AWS_S3_REGION_NAME = "{region}"
        AWS_S3_ACCESS_KEY_ID = "{access_key}"
        AWS_S3_SECRET_ACCESS_KEY = "{secret_key}"
        "#,
        bucket = bucket.name(),
        region = minio.region(),
        access_key = minio.access_key(),
        secret_key = minio.secret_key(),
    )
}
