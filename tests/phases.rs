//! What a run is at: as events for programs, in a bar for who watches.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use serde_json::Value as Json;
use storehouse_test_support::{FakeHttp, Request, Response};

use crate::site::Site;

/// When a service goes on that nobody told to: the test fails then, and does not hang.
const PATIENCE: Duration = Duration::from_secs(60);

fn site(storage: &str) -> Site {
    let site = Site::new(&format!(
        r#"
        STATIC_URL = "/static/"
        STATICFILES_DIRS = ["assets"]
        STATICFILES_STORAGE = "{storage}"
        AWS_S3_ACCESS_KEY_ID = "key"
        AWS_S3_SECRET_ACCESS_KEY = "secret"
        "#
    ));
    site.write("assets/a.css", "a { background: url(b.png) }");
    site.write("assets/b.png", "1234567890");
    site
}

/// The phases of a run, with what there is to do in each where that is told.
fn phases(site: &Site, arguments: &[&str]) -> Vec<String> {
    let given = [&["collectstatic", "--noinput", "--json"], arguments].concat();
    let ran = site.run(&given).done();
    let lines = ran.out.lines();
    let lines = lines.map(|line| serde_json::from_str::<Json>(line).unwrap());
    let phases = lines.filter(|line| line["event"] == "phase");
    let shown = phases.map(|line| {
        let phase = line["phase"].as_str().unwrap().to_owned();
        match line["files"].as_u64() {
            Some(files) => format!("{phase} {files} {}", line["bytes"]),
            None => phase,
        }
    });
    shown.collect()
}

#[test]
fn json_tells_each_phase_that_has_something_to_do() {
    let site = site("manifest+file:out");

    let first = phases(&site, &[]);
    let cleared = phases(&site, &["--clear"]);
    let dry = phases(&site, &["--dry-run"]);

    let written = [
        "finding",
        "reading",
        "writing_hashed 2 53",
        "writing 2 38",
        "publishing 1 115",
    ];
    assert_eq!(first, written);
    // What is replaced is not deleted for itself.
    assert_eq!(cleared, written);
    assert_eq!(dry, ["finding", "reading"]);
}

#[test]
fn a_phase_comes_before_what_is_done_in_it() {
    let site = site("file:out");
    site.write("out/old.css", "old");
    let arguments = ["collectstatic", "--noinput", "--json", "--clear"];

    let ran = site.run(&arguments).done();

    let lines = ran.out.lines();
    let events = lines.map(|line| {
        let line: Json = serde_json::from_str(line).unwrap();
        let event = line["event"].as_str().unwrap().to_owned();
        match line["phase"].as_str() {
            Some(phase) => format!("{event} {phase}"),
            None => event,
        }
    });
    assert_eq!(
        events.collect::<Vec<_>>(),
        [
            "phase finding",
            "phase reading",
            "phase writing",
            "copied",
            "copied",
            "phase deleting",
            "deleted",
            "summary"
        ]
    );
}

/// An empty bucket that answers a save of a stylesheet only when it is told to.
fn slow_bucket() -> (FakeHttp, Sender<()>) {
    let (go, wait) = channel();
    let wait: Mutex<Receiver<()>> = Mutex::new(wait);
    let bucket = FakeHttp::start(move |request: &Request| {
        match request.method.as_str() {
        "PUT" if request.path().ends_with(".css") => {
            // Told to, or nobody is left to tell.
            let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
            Response::new(200).header("etag", "\"1\"")
        }
        "PUT" => Response::new(200).header("etag", "\"1\""),
        "GET" => Response::new(200).body(
            "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
        ),
        _ => Response::new(404),
    }
    });
    (bucket, go)
}

/// Runs a command on a terminal, which says on its standard output what the terminal shows.
fn on_a_terminal(site: &Site, arguments: &[&str]) -> Child {
    let words = [env!("CARGO_BIN_EXE_storehouse")].into_iter();
    let words = words.chain(arguments.iter().copied());
    let words: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    let mut script = Command::new("script");
    script
        .args(["--quiet", "--flush", "--return", "--command"])
        .arg(words.join(" "))
        .arg("/dev/null")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(site.path(""))
        .env("HOME", site.path(""))
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    script.spawn().unwrap()
}

/// Reads what a terminal shows until it shows all of this.
fn read_until(child: &mut Child, shown: &mut String, wanted: &[&str]) {
    let output = child.stdout.as_mut().unwrap();
    let mut block = [0; 4096];
    while !wanted.iter().all(|text| shown.contains(text)) {
        let count = output.read(&mut block).unwrap();
        assert!(count > 0, "{wanted:?} was never shown: {shown}");
        shown.push_str(&String::from_utf8_lossy(&block[..count]));
    }
}

#[test]
fn a_terminal_shows_the_phase_with_files_bytes_and_the_time_left() {
    let (bucket, go) = slow_bucket();
    let site = site("manifest+s3://bucket/static");
    let endpoint = format!("AWS_S3_ENDPOINT_URL={}", bucket.endpoint());
    let arguments = ["collectstatic", "--noinput", "--set", &endpoint];
    let (mut child, mut shown) = (on_a_terminal(&site, &arguments), String::new());

    let wanted = [
        "writing hashed files: 1 of 5 files, 10 B of 206 B, ",
        " left",
    ];
    read_until(&mut child, &mut shown, &wanted);
    drop(go);
    read_until(&mut child, &mut shown, &["2 static files copied"]);

    assert!(child.wait().unwrap().success(), "{shown}");
}
