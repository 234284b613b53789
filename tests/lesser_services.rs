//! The whole of the command on services that keep less of S3 than MinIO: nothing is lost, nothing is
//! sent twice, and `check --deploy` says what is missing.

use std::{sync::Mutex, thread};

use storehouse_test_support::{Bucket, Etags, Gap, LesserS3, Minio, Refusal};

use crate::site::{Ran, Site, bucket_settings};

/// What a service may lack and still keep files, and what `check --deploy` says of it.
const GAPS: &[(Gap, &[&str])] = &[
    (
        Gap::ConditionIgnored,
        &[
            "ignores If-None-Match on PUT",
            "ignores If-None-Match when an upload",
            "exclusive_create",
        ],
    ),
    (
        Gap::ConditionIgnoredAtCompletion,
        &["ignores If-None-Match when an upload"],
    ),
    (
        Gap::ConditionRefused(Refusal::NotImplemented),
        &["refuses If-None-Match on PUT", "exclusive_create"],
    ),
    (
        Gap::ConditionRefused(Refusal::InvalidArgument),
        &["refuses If-None-Match on PUT"],
    ),
    (
        Gap::ConditionRefusedAtCompletion(Refusal::NotImplemented),
        &["refuses If-None-Match when an upload"],
    ),
    (
        Gap::ConditionRefusedAtCompletion(Refusal::InvalidArgument),
        &["refuses If-None-Match when an upload"],
    ),
    (
        Gap::NoBatchDelete(Refusal::NotImplemented),
        &["no DeleteObjects"],
    ),
    (
        Gap::NoBatchDelete(Refusal::InvalidArgument),
        &["no DeleteObjects"],
    ),
    (Gap::NoCopy, &[]),
    (Gap::NoPartCopy, &["no UploadPartCopy"]),
    (Gap::Etags(Etags::NotMd5), &["ETags are no MD5s"]),
    (Gap::Etags(Etags::Opaque), &[]),
    (Gap::Etags(Etags::RandomMultipart), &[]),
    (Gap::Etags(Etags::Weak), &[]),
    (Gap::Etags(Etags::UpperCase), &[]),
    (Gap::ListV2Refused(Refusal::NotImplemented), &[]),
    (Gap::ListV2Ignored, &[]),
    (Gap::NoEncodingType, &[]),
    (Gap::UploadRoot, &[]),
    (Gap::CopyWithoutEtag, &[]),
    (Gap::PartCopyRoot, &[]),
    (Gap::HeadlessNotFound, &[]),
];

/// One byte more than goes up in one piece.
const LARGE: usize = 8 * 1024 * 1024 + 1;
/// Services that are tried at once.
const AT_ONCE: usize = 3;

/// A site on a service that lacks something.
struct Lesser {
    site: Site,
    bucket: Bucket,
    _service: LesserS3,
}

type Checked = Result<(), String>;

impl Lesser {
    fn with(gap: Gap) -> Self {
        let minio = Minio::get();
        let bucket = minio.bucket("lesser-site");
        let service = LesserS3::start(&minio, gap);
        let settings = bucket_settings(&minio, &bucket, &service.endpoint());
        let site = Site::new(&settings);
        site.write("large-1", vec![b'1'; LARGE]);
        site.write("large-2", vec![b'2'; LARGE]);
        site.write("small-1", "1");
        site.write("small-2", "2");
        Self {
            site,
            bucket,
            _service: service,
        }
    }

    /// Runs the command, which must succeed, and returns what was printed.
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let Ran { code, out, err } = self.site.run(arguments);
        match code {
            0 => Ok(out),
            _ => Err(format!("{arguments:?} ended with {code}: {out}{err}")),
        }
    }

    /// Saves two contents under one name, and looks for both.
    fn save_twice(&self, size: &str) -> Checked {
        let name = format!("{size}.bin");
        for number in 1..=2 {
            let source = format!("{size}-{number}");
            let used = self.run(&["save", &source, &name])?;
            let stored = self.bucket.get_raw(&format!("media/{}", used.trim_end()));
            ensure(
                stored.as_deref() == Some(&std::fs::read(self.site.path(&source)).unwrap()[..]),
                &format!("{source} is not under the name that was printed"),
            )?;
        }
        let first = self.bucket.get_raw(&format!("media/{name}"));
        let replaced = first.is_none_or(|content| content[0] != b'1');
        ensure(!replaced, &format!("{name} was replaced"))
    }

    fn copy_twice(&self) -> Checked {
        let from = format!("s3://{}/media", self.bucket.name());
        let to = format!("s3://{}/backup", self.bucket.name());
        let first = self.run(&["copy", &from, &to])?;
        let second = self.run(&["copy", &from, &to])?;
        ensure(first.starts_with("4 files copied"), &first)?;
        ensure(second == "0 files copied, 4 unmodified.\n", &second)
    }

    fn push_twice_and_clear(&self) -> Checked {
        self.site.write("assets/a.css", "body{}");
        self.site.write("assets/b.css", "p{}");
        self.site.write("assets/large.bin", vec![b'l'; LARGE]);
        let first = self.run(&["collectstatic", "--noinput"])?;
        let second = self.run(&["collectstatic", "--noinput"])?;
        ensure(first == "\n3 static files copied.\n", &first)?;
        ensure(
            second == "\n0 static files copied, 3 unmodified.\n",
            &second,
        )?;
        std::fs::remove_file(self.site.path("assets/b.css")).unwrap();
        self.run(&["collectstatic", "--noinput", "--clear"])?;
        let names = self.bucket.object_names();
        let below: Vec<&String> = names
            .iter()
            .filter(|name| name.starts_with("static/"))
            .collect();
        ensure(
            below == ["static/a.css", "static/large.bin"],
            &format!("{below:?}"),
        )
    }

    fn delete_all(&self) -> Checked {
        let listed = self.run(&["list"])?;
        let names: Vec<&str> = listed.lines().collect();
        ensure(names.len() == 4, &listed)?;
        self.run(&["delete", names[0]])?;
        self.run(&[&["delete"], &names[1..]].concat())?;
        let left = self.run(&["list"])?;
        ensure(left.is_empty(), &left)?;
        let gone = self.site.run(&["exists", names[0]]);
        ensure(gone.code == 1, &format!("{gone:?}"))
    }

    fn check(&self, says: &[&str]) -> Checked {
        let before = self.bucket.object_names();
        let ran = self.site.run(&["check", "--deploy"]);
        ensure(ran.code == 0, &format!("{ran:?}"))?;
        // What the service lacks is an issue, and is not said a second time as a warning of the log.
        ensure(ran.err.is_empty(), &ran.err)?;
        let out = ran.out;
        for part in says {
            ensure(out.contains(part), &format!("{part:?} is missing: {out}"))?;
        }
        let silent = says.is_empty() == out.contains("no issues");
        ensure(silent, &out)?;
        let after = self.bucket.object_names();
        ensure(before == after, &format!("the check leaves {after:?}"))
    }
}

fn ensure(holds: bool, what: &str) -> Checked {
    match holds {
        true => Ok(()),
        false => Err(what.to_owned()),
    }
}

fn all(gap: Gap, says: &[&str]) -> Checked {
    let lesser = Lesser::with(gap);
    lesser.save_twice("small")?;
    lesser.save_twice("large")?;
    lesser.copy_twice()?;
    lesser.push_twice_and_clear()?;
    lesser.check(says)?;
    lesser.delete_all()?;
    let parts = lesser.bucket.incomplete_uploads();
    ensure(parts.is_empty(), &format!("parts are left: {parts:?}"))
}

#[test]
fn nothing_is_lost_and_nothing_is_sent_twice_whatever_a_service_lacks() {
    let left = Mutex::new(GAPS.iter());
    let problems = Mutex::new(Vec::new());
    let next = || left.lock().unwrap().next();

    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((gap, says)) = next() {
                    if let Err(problem) = all(*gap, says) {
                        problems.lock().unwrap().push(format!("{gap:?}: {problem}"));
                    }
                }
            });
        }
    });

    let problems = problems.into_inner().unwrap();
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn an_access_key_that_is_unknown_is_told_by_every_verb() {
    let minio = Minio::get();
    let bucket = minio.bucket("unknown-key");
    let service = LesserS3::start(&minio, Gap::UnknownKey);
    let site = Site::new(&bucket_settings(&minio, &bucket, &service.endpoint()));
    site.write("a.txt", "a");

    for (arguments, code) in [
        (&["exists", "a.txt"][..], 2),
        (&["delete", "a.txt"], 1),
        (&["stat", "a.txt"], 1),
        (&["open", "a.txt"], 1),
        (&["save", "a.txt"], 1),
        (&["list"], 1),
    ] {
        let ran = site.run(arguments).failed(code);

        ran.tells(&["access key", "The specified user does not exist"]);
    }
}

#[test]
fn a_bucket_that_is_missing_is_no_missing_file() {
    let minio = Minio::get();
    let bucket = minio.bucket("no-bucket");
    let service = LesserS3::start(&minio, Gap::HeadlessNotFound);
    let settings = bucket_settings(&minio, &bucket, &service.endpoint());
    let site = Site::new(&settings.replace(bucket.name(), "no-such-bucket-anywhere"));

    for (arguments, code) in [(&["exists", "a.txt"][..], 2), (&["delete", "a.txt"], 1)] {
        let ran = site.run(arguments).failed(code);

        ran.tells(&["the bucket does not exist", "bucket_name"]);
    }
}
