//! `kill -9` while static files are pushed: what the manifest in force names is whole at every moment,
//! and the next run ends as if nothing had been.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    process::{Child, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant, SystemTime},
};

use storehouse::staticfiles::Md5Sum;
use storehouse_test_support::Action;

use crate::{
    pushing::{Pushing, hash_of, paths},
    site::Site,
};

const KILLS: u64 = 30;
const PICTURES: u64 = 150;
const SHEETS: u64 = 50;
/// One byte more than goes up in one piece.
const LARGE: usize = 8 * 1024 * 1024 + 1;
const LIMIT: Duration = Duration::from_secs(60);

/// Numbers that look random and are the same in every run: Steele's and Vigna's SplitMix64.
struct Numbers(u64);

impl Numbers {
    /// Returns a number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Writes the sources of a round, some of which are as they were. Stylesheets name pictures and the
/// stylesheet before them; two name each other.
fn write_sources(site: &Site, round: u64, numbers: &mut Numbers) {
    for picture in 0..PICTURES {
        if round == 0 || numbers.below(3) == 0 {
            let svg = format!("<svg><!-- {picture} of {round} --></svg>");
            write(site, round, &format!("img/{picture}.svg"), svg.as_bytes());
        }
    }
    for sheet in 0..SHEETS {
        if round == 0 || numbers.below(3) == 0 {
            let import = match sheet % 10 {
                0 => String::new(),
                _ => format!("@import \"{}.css\";\n", sheet - 1),
            };
            let picture = numbers.below(PICTURES);
            let css =
                format!("{import}a {{ order: {round}; background: url(../img/{picture}.svg) }}");
            write(site, round, &format!("css/{sheet}.css"), css.as_bytes());
        }
    }
    for (name, other) in [("one", "two"), ("two", "one")] {
        let css = format!("@import \"{other}.css\";\nb {{ order: {round} }}");
        write(site, round, &format!("cycle/{name}.css"), css.as_bytes());
    }
    if round.is_multiple_of(10) {
        let large = vec![b'a' + u8::try_from(round % 26).unwrap(); LARGE];
        write(site, round, "large.bin", &large);
    }
}

/// Writes a source as if it had been changed after all that was written before: on a disk times tell
/// what has changed, in whole seconds as in Django.
fn write(site: &Site, round: u64, name: &str, content: &[u8]) {
    let name = format!("assets/{name}");
    site.write(&name, content);
    let time = SystemTime::now() + Duration::from_secs(60 + round);
    let file = File::options().write(true).open(site.path(&name)).unwrap();
    file.set_modified(time).unwrap();
}

fn start(site: &Site) -> Child {
    let mut command = site.command(&["collectstatic", "--noinput"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Makes sure that a manifest names whole files only. A file's name has the hash of its content, but
/// for those of a cycle.
fn refuse_torn_files(manifest: &[u8], when: &str, mut get: impl FnMut(&str) -> Option<Vec<u8>>) {
    let paths = paths(manifest);
    assert_eq!(paths.len() as u64, PICTURES + SHEETS + 3, "{when}");
    for (name, stored) in paths {
        let Some(content) = get(&stored) else {
            panic!("{when}: {stored} is not there");
        };
        if !name.starts_with("cycle/") {
            let md5 = Md5Sum::of(&content).to_string();
            assert_eq!(hash_of(&stored), Some(&md5[..12]), "{when}: {stored}");
        }
    }
}

/// Compares what a push that was killed came to with a fresh one: all of that is there, and nothing
/// else but files that older pages need.
fn compare(came_to: &BTreeMap<String, Vec<u8>>, fresh: &BTreeMap<String, Vec<u8>>) {
    for (name, content) in fresh {
        assert!(
            came_to.get(name) == Some(content),
            "{name} is not as in a fresh push"
        );
    }
    let older: BTreeSet<&String> = came_to
        .keys()
        .filter(|name| !fresh.contains_key(*name))
        .collect();
    assert!(
        older.iter().all(|name| hash_of(name).is_some()),
        "{older:?}"
    );
}

/// Waits until `reached` tells so or the command has ended, and ends the command if it has not.
fn kill_when(mut child: Child, reached: &mpsc::Receiver<()>) -> bool {
    let deadline = Instant::now() + LIMIT;
    loop {
        match reached.recv_timeout(Duration::from_millis(10)) {
            Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                child.kill().unwrap();
                panic!("it neither ended nor came to the request");
            }
            Err(RecvTimeoutError::Timeout) if child.try_wait().unwrap().is_none() => {}
            Err(RecvTimeoutError::Timeout) => return false,
            _ => {
                child.kill().unwrap();
                return child.wait().unwrap().code().is_none();
            }
        }
    }
}

/// Lets the requests that a killed command has sent come to their end.
fn settle(pushing: &Pushing) {
    let deadline = Instant::now() + LIMIT;
    let is_pending =
        |request: &storehouse_test_support::Exchange| request.upstream_status.is_none();
    while pushing.proxy.requests().iter().any(is_pending) {
        assert!(Instant::now() < deadline, "a request has no answer");
        std::thread::yield_now();
    }
}

#[test]
fn a_push_to_a_bucket_that_is_killed_at_any_request_leaves_a_manifest_of_whole_files() {
    let pushing = Pushing::new("push-killed", "manifest+", "");
    let mut numbers = Numbers(5);
    let mut kills = 0;
    let mut manifests = BTreeSet::new();
    write_sources(&pushing.site, 0, &mut numbers);
    // About as many requests as a round takes.
    let most = PICTURES + SHEETS;
    for round in 0.. {
        if kills == KILLS {
            break;
        }
        assert!(round < 2 * KILLS, "{kills} kills in {round} rounds");
        pushing.proxy.clear();
        let (tell, reached) = mpsc::channel();
        // From the first request to the last; now and then at the manifest, or just before it.
        let nth = 1 + kills * most / KILLS + numbers.below(most / KILLS);
        let at_manifest = round % 5 == 4;
        let mut seen = 0;
        pushing.proxy.when(
            move |request| {
                seen += 1;
                let is_manifest = request.method == "PUT" && request.path().ends_with(".json");
                if (at_manifest && is_manifest) || (!at_manifest && seen == nth) {
                    // Nobody listens any more: it was killed.
                    let _ = tell.send(());
                }
                false
            },
            Action::LoseRequest,
        );

        let was_killed = kill_when(start(&pushing.site), &reached);
        kills += u64::from(was_killed);
        settle(&pushing);

        if let Some(manifest) = pushing.bucket.get_raw("static/staticfiles.json") {
            let when = format!("after round {round}, killed {kills} times");
            refuse_torn_files(&manifest, &when, |name| {
                pushing.bucket.get_raw(&format!("static/{name}"))
            });
            manifests.insert(manifest);
        }
        write_sources(&pushing.site, round + 1, &mut numbers);
    }
    // Otherwise nothing was looked at.
    assert!(manifests.len() >= 3, "{} manifests", manifests.len());

    pushing.push(&[]).done();
    let fresh = format!("STATICFILES_STORAGE={}", pushing.backend("fresh"));
    pushing.push(&["--set", &fresh]).done();

    let objects = |folder: &str| -> BTreeMap<String, Vec<u8>> {
        let keys = pushing.bucket.object_names().into_iter();
        let names = keys.filter_map(|key| Some(key.strip_prefix(folder)?.to_owned()));
        names
            .map(|name| {
                let content = pushing.bucket.get_raw(&format!("{folder}{name}")).unwrap();
                (name, content)
            })
            .collect()
    };
    let fresh = objects("fresh/");
    compare(&objects("static/"), &fresh);
    pushing.push(&["--clear"]).done();
    assert!(objects("static/") == fresh);
}

#[test]
fn a_push_to_a_folder_that_is_killed_at_any_file_leaves_a_manifest_of_whole_files() {
    let site = Site::new(
        "STATIC_URL = \"/static/\"\nSTATICFILES_DIRS = [\"assets\"]\n\
         STATICFILES_STORAGE = \"manifest+file:static\"\n",
    );
    let mut numbers = Numbers(7);
    let mut kills = 0;
    let mut manifests = BTreeSet::new();
    write_sources(&site, 0, &mut numbers);
    for round in 0.. {
        if kills == KILLS {
            break;
        }
        assert!(round < 20 * KILLS, "{kills} kills in {round} rounds");
        let before = site.files("static").len();
        let more = usize::try_from(numbers.below(PICTURES)).unwrap();
        let mut child = start(&site);
        // Now and then one comes to its end, so that another manifest is in force.
        let may_end = round % 5 == 0;
        let deadline = Instant::now() + LIMIT;
        while child.try_wait().unwrap().is_none() && (may_end || count(&site) < before + more) {
            assert!(
                Instant::now() < deadline,
                "it neither ended nor wrote files"
            );
        }
        child.kill().unwrap();
        kills += u64::from(child.wait().unwrap().code().is_none());

        if let Ok(manifest) = fs::read(site.path("static/staticfiles.json")) {
            let when = format!("after round {round}, killed {kills} times");
            refuse_torn_files(&manifest, &when, |name| {
                fs::read(site.path(&format!("static/{name}"))).ok()
            });
            manifests.insert(manifest);
        }
        write_sources(&site, round + 1, &mut numbers);
    }
    assert!(manifests.len() >= 3, "{} manifests", manifests.len());

    site.run(&["collectstatic", "--noinput"]).done();
    let fresh = "STATICFILES_STORAGE=manifest+file:fresh";
    site.run(&["collectstatic", "--noinput", "--set", fresh])
        .done();

    let files = |folder: &str| -> BTreeMap<String, Vec<u8>> {
        let names = site.files(folder).into_iter();
        names
            .map(|name| {
                let content = fs::read(site.path(&format!("{folder}/{name}"))).unwrap();
                (name, content)
            })
            .collect()
    };
    let fresh = files("fresh");
    compare(&files("static"), &fresh);
    site.run(&["collectstatic", "--noinput", "--clear"]).done();
    assert!(files("static") == fresh);
}

/// How many files a folder has; those that go while it is looked at are counted or not.
fn count(site: &Site) -> usize {
    let folders = ["", "img", "css", "cycle"];
    let entries = folders.iter().flat_map(|folder| {
        fs::read_dir(site.path("static").join(folder))
            .into_iter()
            .flatten()
    });
    entries.count()
}
