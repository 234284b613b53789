//! A gallery of its own for a test: the example's settings and static files in a folder that goes with
//! it, and the program running there.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use storehouse_test_support::{Bucket, Minio, Running};
use tempfile::TempDir;

const EXAMPLE: &str = env!("CARGO_MANIFEST_DIR");
const GALLERY: &str = env!("CARGO_BIN_EXE_gallery");

pub(crate) struct Site {
    folder: TempDir,
    bucket: Option<(Minio, Bucket)>,
    running: Option<Running>,
    pub(crate) url: String,
}

impl Site {
    pub(crate) fn on_a_disk() -> Self {
        Self::new(None)
    }

    pub(crate) fn in_a_bucket() -> Self {
        let minio = Minio::get();
        let bucket = minio.bucket("gallery");
        Self::new(Some((minio, bucket)))
    }

    fn new(bucket: Option<(Minio, Bucket)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = fs::read_to_string(Path::new(EXAMPLE).join("storehouse.toml")).unwrap();
        let settings = match &bucket {
            Some((_, bucket)) => {
                assert!(settings.contains("s3://site/"), "{settings}");
                settings.replace("s3://site/", &format!("s3://{}/", bucket.name()))
            }
            None => settings,
        };
        fs::write(folder.path().join("storehouse.toml"), settings).unwrap();
        copy(
            &Path::new(EXAMPLE).join("static"),
            &folder.path().join("static"),
        );
        let mut site = Self {
            folder,
            bucket,
            running: None,
            url: String::new(),
        };
        site.restart();
        site
    }

    /// Ends the gallery, and starts it again: it collects its static files first.
    pub(crate) fn restart(&mut self) {
        self.running = None;
        let running = Running::start(self.gallery().arg("127.0.0.1:0"), "The gallery is at ");
        running.told().clone_into(&mut self.url);
        self.running = Some(running);
    }

    fn gallery(&self) -> Command {
        let mut command = Command::new(GALLERY);
        command.current_dir(self.folder.path());
        // What is set for whoever runs the test is none of its settings.
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path());
        match &self.bucket {
            Some((minio, _)) => command
                .env("STOREHOUSE_ENV", "minio")
                .env("AWS_S3_ENDPOINT_URL", minio.endpoint())
                .env("AWS_S3_ACCESS_KEY_ID", minio.access_key())
                .env("AWS_S3_SECRET_ACCESS_KEY", minio.secret_key()),
            None => &mut command,
        };
        command
    }

    /// Returns the names that are in a storage.
    pub(crate) fn stored(&self, alias: &str) -> Vec<String> {
        let listed = self
            .gallery()
            .args(["list", "--storage", alias])
            .output()
            .unwrap();
        assert!(listed.status.success(), "{listed:?}");
        let names = String::from_utf8(listed.stdout).unwrap();
        names.lines().map(str::to_owned).collect()
    }

    /// Makes a file to be chosen in the browser; returns its path.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn append_to(&self, path: &str, text: &str) {
        let path: PathBuf = self.folder.path().join(path);
        let mut file = fs::File::options().append(true).open(path).unwrap();
        writeln!(file, "{text}").unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}
