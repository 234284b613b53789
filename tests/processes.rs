//! The command as a process among others: signals, kills, forty at once, memory.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::Write,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use storehouse_test_support::Minio;

use crate::site::{Ran, Site, bucket_settings};

const DISK: &str = "MEDIA_ROOT = \"media\"\nMEDIA_URL = \"/media/\"\n";
const MIB: usize = 1024 * 1024;

/// Waits until `done` says so, for at most ten seconds.
#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

/// A `save -` that has read half of its content and waits for more.
///
/// A pipe holds 64 KiB: all else was read when this returns. On disk it may have no name yet.
fn half_saved(site: &Site, name: &str, bytes: usize) -> Child {
    let mut command = site.command(&["save", "-", name]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(&vec![b'x'; bytes])
        .unwrap();
    child
}

fn signal(child: &Child, name: &str) {
    let done = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

#[test]
fn forty_processes_that_save_one_name_get_forty_names_on_disk() {
    let site = Site::new(DISK);

    let names = save_forty(&site);

    assert_eq!(names.len(), 40, "{names:?}");
    let contents: HashSet<String> = names
        .iter()
        .map(|name| site.read(&format!("media/{name}")))
        .collect();
    assert_eq!(contents.len(), 40);
    assert_eq!(site.files("media").len(), 40);
}

#[test]
fn forty_processes_that_save_one_name_get_forty_names_in_a_bucket() {
    let minio = Minio::get();
    let bucket = minio.bucket("forty");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));

    let names = save_forty(&site);

    assert_eq!(names.len(), 40, "{names:?}");
    let contents: HashSet<Vec<u8>> = names
        .iter()
        .map(|name| bucket.get_raw(&format!("media/{name}")).unwrap())
        .collect();
    assert_eq!(contents.len(), 40);
    assert_eq!(bucket.object_names().len(), 40);
}

/// Starts forty processes, and lets none end its content before all run.
fn save_forty(site: &Site) -> HashSet<String> {
    let children: Vec<Child> = (0..40).map(|_| half_saved(site, "one.txt", 1000)).collect();
    let finished = children.into_iter().enumerate().map(|(number, mut child)| {
        // Closing its standard input ends the content.
        write!(child.stdin.take().unwrap(), "{number}").unwrap();
        child
    });
    let children: Vec<Child> = finished.collect();
    let names = children
        .into_iter()
        .map(|child| Ran::of(child.wait_with_output().unwrap()).done().out);
    names.map(|name| name.trim_end().to_owned()).collect()
}

#[test]
fn a_save_that_is_killed_leaves_nothing_under_its_name_on_disk() {
    let site = Site::new(DISK);
    let mut child = half_saved(&site, "a.bin", 2 * MIB);
    child.kill().unwrap();
    child.wait().unwrap();

    assert_eq!(site.run(&["exists", "a.bin"]).code, 1);
    assert_eq!(site.run(&["list"]).done().out, "");
    // The next save sweeps what the killed one left.
    site.write("b.bin", "b");
    site.run(&["save", "b.bin"]).done();
    assert_eq!(site.files("media"), ["b.bin"]);
}

#[test]
fn a_save_that_is_killed_leaves_nothing_under_its_name_in_a_bucket() {
    let minio = Minio::get();
    let bucket = minio.bucket("killed");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    let mut child = half_saved(&site, "a.bin", 20 * MIB);
    wait_until("the upload has begun", || {
        !bucket.incomplete_uploads().is_empty()
    });

    child.kill().unwrap();
    child.wait().unwrap();

    assert_eq!(site.run(&["exists", "a.bin"]).code, 1);
    assert_eq!(site.run(&["list"]).done().out, "");
}

#[test]
fn a_save_that_is_interrupted_says_so_and_leaves_nothing_on_disk() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let site = Site::new(DISK);
        let mut child = half_saved(&site, "a.bin", 2 * MIB);
        signal(&child, name);
        // Kept open: its end would end the content, and the save with it.
        let _content = child.stdin.take();
        let ran = Ran::of(child.wait_with_output().unwrap()).failed(code);

        ran.tells(&["interrupted"]);
        assert_eq!(site.files("media"), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_save_that_is_interrupted_aborts_its_upload() {
    let minio = Minio::get();
    let bucket = minio.bucket("interrupted");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));
    let mut child = half_saved(&site, "a.bin", 20 * MIB);
    wait_until("the upload has begun", || {
        !bucket.incomplete_uploads().is_empty()
    });

    signal(&child, "TERM");
    // Kept open: its end would end the content, and the save with it.
    let _content = child.stdin.take();
    Ran::of(child.wait_with_output().unwrap()).failed(143);

    assert_eq!(bucket.incomplete_uploads(), Vec::<String>::new());
    assert_eq!(bucket.object_names(), Vec::<String>::new());
}

#[test]
fn saving_and_opening_96_mib_on_disk_takes_little_memory() {
    let site = Site::new(DISK);

    takes_little_memory(&site);
}

#[test]
fn saving_and_opening_96_mib_in_a_bucket_takes_little_memory() {
    let minio = Minio::get();
    let bucket = minio.bucket("memory");
    let site = Site::new(&bucket_settings(&minio, &bucket, minio.endpoint()));

    takes_little_memory(&site);
}

/// Saves 96 MiB from a file and from a pipe, and opens them: never more than 64 MiB resident.
fn takes_little_memory(site: &Site) {
    let content: Vec<u8> = (0_u32..96 * 256)
        .flat_map(|block| [block.to_le_bytes(); 1024].concat())
        .collect();
    site.write("big.bin", &content);
    for arguments in [&["save", "big.bin"][..], &["save", "-", "piped.bin"]] {
        let mut command = site.command(arguments);
        command.stdin(File::open(site.path("big.bin")).unwrap());
        assert!(peak_mib(command) <= 64, "{arguments:?}");
    }
    for name in ["big.bin", "piped.bin"] {
        let mut command = site.command(&["open", name]);
        command.stdout(File::create(site.path("opened.bin")).unwrap());
        assert!(peak_mib(command) <= 64, "{name}");
        assert!(
            fs::read(site.path("opened.bin")).unwrap() == content,
            "{name}"
        );
    }
}

/// Runs a command and returns the most memory it had resident. The kernel keeps the peak as long as
/// the process lives, so that the last look before its end tells it.
fn peak_mib(mut command: Command) -> u64 {
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    loop {
        if let Some(now) = fs::read_to_string(&status)
            .ok()
            .as_deref()
            .and_then(resident_peak_kib)
        {
            peak_kib = now;
        }
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success(), "{command:?}: {ended}");
            assert!(peak_kib > 0, "{command:?} ended before it was looked at");
            return peak_kib / 1024;
        }
        std::thread::yield_now();
    }
}

fn resident_peak_kib(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
