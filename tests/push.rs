//! Pushes of hashed names to a bucket: which requests are sent, in which order, and what is deleted.

use std::time::{SystemTime, UNIX_EPOCH};

use storehouse_test_support::{Action, Response};

use crate::pushing::{Pushing, counts, paths};

/// A page's files: one stylesheet imports another, which has a picture; a third stands alone.
fn site(purpose: &str, options: &str) -> Pushing {
    let pushing = Pushing::new(purpose, "manifest+", options);
    pushing.write("main.css", "@import \"part.css\";");
    pushing.write("part.css", "a { background: url(\"img/paper.svg\") }");
    pushing.write("alone.css", "b { order: 1 }");
    pushing.write("img/paper.svg", "<svg/>");
    pushing
}

/// Where a request is among others.
#[track_caller]
fn place(requests: &[String], wanted: &str) -> usize {
    let place = requests.iter().position(|request| request == wanted);
    place.unwrap_or_else(|| panic!("no {wanted} in {requests:?}"))
}

#[test]
fn a_cold_push_puts_hashed_files_first_then_the_others_and_the_manifest_last() {
    let pushing = site("cold", "");

    pushing.push(&[]).done();

    let mut requests = pushing.requests();
    assert_eq!(requests.remove(0), "LIST");
    let (first, rest) = requests.split_at(4);
    let (second, last) = rest.split_at(4);
    let sorted = |part: &[String]| {
        let mut part = part.to_vec();
        part.sort();
        part
    };
    assert_eq!(
        sorted(first),
        [
            "PUT alone.#.css",
            "PUT img/paper.#.svg",
            "PUT main.#.css",
            "PUT part.#.css"
        ]
    );
    assert_eq!(
        sorted(second),
        [
            "PUT alone.css",
            "PUT img/paper.svg",
            "PUT main.css",
            "PUT part.css"
        ]
    );
    assert_eq!(last, ["PUT staticfiles.json"]);
}

#[test]
fn a_push_of_what_is_there_lists_and_asks_once() {
    let pushing = site("warm", "");
    pushing.push(&[]).done();

    for without_memory in [false, true] {
        if without_memory {
            std::fs::remove_dir_all(pushing.site.path(".cache")).unwrap();
        }
        let ran = pushing.push(&[]).done();

        assert_eq!(pushing.requests(), ["LIST", "HEAD staticfiles.json"]);
        assert!(
            ran.out
                .starts_with("\n0 static files copied, 4 unmodified, "),
            "{}",
            ran.out
        );
    }
}

#[test]
fn a_changed_stylesheet_takes_its_dependants_along_and_nothing_else() {
    let pushing = site("changed", "");
    pushing.push(&[]).done();
    pushing.write("part.css", "c { background: url(\"img/paper.svg\") }");

    pushing.push(&[]).done();

    let mut requests = pushing.requests();
    assert_eq!(requests.pop().unwrap(), "PUT staticfiles.json");
    assert_eq!(requests.pop().unwrap(), "PUT part.css");
    requests.sort();
    assert_eq!(
        requests,
        [
            "GET staticfiles.json",
            "LIST",
            "PUT main.#.css",
            "PUT part.#.css"
        ]
    );
    let main = String::from_utf8(pushing.get(&pushing.hashed("main.css"))).unwrap();
    assert!(main.contains(&pushing.hashed("part.css")), "{main}");
}

#[test]
fn clear_deletes_below_the_location_only_in_batches_and_last() {
    let pushing = site("cleared", "");
    // One more than one request can delete.
    for number in 0..1001 {
        pushing
            .bucket
            .put_raw(&format!("static/old/{number}.css"), b"");
    }
    for other in ["media/photo.jpg", "static-too/a.css", "static.css"] {
        pushing.bucket.put_raw(other, b"not ours");
    }

    let ran = pushing.push(&["--clear"]).done();

    assert!(
        ran.out
            .starts_with("\n1001 static files deleted, 4 static files copied"),
        "{}",
        ran.out
    );
    let requests = pushing.requests();
    let manifest = place(&requests, "PUT staticfiles.json");
    // One alone needs no batch.
    let [many, one] = &requests[manifest + 1..] else {
        panic!("{requests:?}");
    };
    assert_eq!(many, "DELETE many");
    assert!(one.starts_with("DELETE old/"), "{one}");
    assert_eq!(
        pushing.counts(),
        counts([("LIST", 2), ("PUT", 9), ("DELETE", 2)])
    );
    let keys = pushing.bucket.object_names();
    let others = keys.iter().filter(|key| !key.starts_with("static/"));
    assert_eq!(
        others.collect::<Vec<_>>(),
        ["media/photo.jpg", "static-too/a.css", "static.css"]
    );
    assert_eq!(pushing.names().len(), 9);
}

/// Pushes with a content of `alone.css`, and returns the name it got.
fn push_alone(pushing: &Pushing, css: &str, arguments: &[&str]) -> String {
    pushing.write("alone.css", css);
    pushing.push(arguments).done();
    pushing.hashed("alone.css")
}

#[test]
fn a_release_is_kept_before_its_manifest_and_can_be_gone_back_to_and_forth() {
    let pushing = site("released", "releases = 3");
    push_alone(&pushing, "first", &[]);
    let first = pushing.get("staticfiles.json");
    push_alone(&pushing, "second", &[]);
    let requests = pushing.requests();
    let second = pushing.get("staticfiles.json");

    let last = &requests[requests.len() - 2..];
    assert!(last[0].starts_with("PUT .storehouse/releases/"), "{last:?}");
    assert_eq!(last[1], "PUT staticfiles.json");
    let listed = pushing.run(&["releases"]).done().out;
    let ids: Vec<&str> = listed
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(ids.len(), 2, "{listed}");

    for (arguments, expected) in [
        (&["rollback"][..], &first),
        (&["rollback", ids[0]][..], &second),
    ] {
        pushing.run(arguments).done();

        let mut requests = pushing.requests();
        requests.retain(|request| !request.starts_with("GET") && request != "LIST");
        assert_eq!(requests, ["PUT staticfiles.json"], "{arguments:?}");
        assert_eq!(&pushing.get("staticfiles.json"), expected, "{arguments:?}");
        assert_eq!(
            pushing.header("staticfiles.json", "cache-control"),
            "no-cache"
        );
    }
}

#[test]
fn no_more_releases_are_kept_than_the_option_says_and_their_files_stay() {
    let pushing = site("beyond", "releases = 2");
    let names = ["1", "2", "3"].map(|css| push_alone(&pushing, css, &[]));

    let listed = pushing.run(&["releases"]).done().out;

    assert_eq!(listed.lines().count(), 2, "{listed}");
    let there = pushing.names();
    assert!(
        names.iter().all(|name| there.contains(name)),
        "{names:?} in {there:?}"
    );
}

#[test]
fn neither_pruning_nor_clear_takes_what_a_kept_release_needs() {
    let pushing = site("kept", "releases = 2");
    let [gone, kept, current] = ["1", "2", "3"].map(|css| push_alone(&pushing, css, &[]));

    for (arguments, leaves_the_oldest) in [
        // Old enough, but of nothing older than a day.
        (&["--prune-older-than", "1d"][..], true),
        (&["--keep-versions", "2"], false),
        (&["--prune-older-than", "0s"], false),
        (&["--clear"], false),
    ] {
        pushing.push(arguments).done();

        let there = pushing.names();
        assert_eq!(there.contains(&gone), leaves_the_oldest, "{arguments:?}");
        assert!(
            there.contains(&kept) && there.contains(&current),
            "{arguments:?}: {there:?}"
        );
        let releases = pushing.run(&["releases"]).done().out;
        assert_eq!(releases.lines().count(), 2, "{arguments:?}");
    }
    pushing.run(&["rollback"]).done();
    assert_eq!(pushing.hashed("alone.css"), kept);
}

#[test]
fn pruning_never_takes_what_the_manifest_in_force_names() {
    let pushing = site("prune", "");
    let oldest = push_alone(&pushing, "1", &[]);
    let replaced = push_alone(&pushing, "2", &[]);

    // Pages of the manifest that this run replaces are still out.
    let current = push_alone(&pushing, "3", &["--prune-older-than", "0s"]);
    let there = pushing.names();
    assert!(!there.contains(&oldest), "{there:?}");
    assert!(
        there.contains(&replaced) && there.contains(&current),
        "{there:?}"
    );
    let requests = pushing.requests();
    assert_eq!(
        requests[requests.len() - 2..],
        ["PUT staticfiles.json", "DELETE alone.#.css"]
    );

    pushing.push(&["--prune-older-than", "0s"]).done();

    let there = pushing.names();
    assert!(!there.contains(&replaced), "{there:?}");
    for stored in pushing.manifest().values() {
        assert!(there.contains(stored), "{stored} in {there:?}");
    }
}

#[test]
fn a_server_that_dies_half_way_leaves_the_old_manifest_in_force() {
    let pushing = site("dies", "");
    pushing.push(&[]).done();
    let before = pushing.get("staticfiles.json");
    pushing.bucket.put_raw("static/old.css", b"old");
    for name in ["main.css", "alone.css", "img/paper.svg"] {
        pushing.write(name, format!("changed {name}"));
    }
    pushing.proxy.clear();
    let mut puts = 0;
    pushing.proxy.when_times(
        usize::MAX,
        move |request| {
            puts += usize::from(request.method == "PUT");
            puts > 4
        },
        Action::LoseRequest,
    );

    let ran = pushing
        .site
        .run(&["collectstatic", "--noinput", "--clear"])
        .failed(1);

    ran.tells(&["cannot save"]);
    assert_eq!(pushing.get("staticfiles.json"), before);
    let there = pushing.names();
    for stored in paths(&before).values() {
        assert!(there.contains(stored), "{stored} in {there:?}");
    }
    assert!(there.contains(&"old.css".to_owned()), "{there:?}");
    let requests = pushing.requests();
    assert!(
        !requests.iter().any(|request| request == "DELETE many"),
        "{requests:?}"
    );

    // The next run finishes the work.
    pushing.push(&["--clear"]).done();
    assert_ne!(pushing.get("staticfiles.json"), before);
    assert!(!pushing.names().contains(&"old.css".to_owned()));
}

#[test]
fn a_listing_that_breaks_off_changes_nothing() {
    let truncated = "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>true</IsTruncated>\
         <NextContinuationToken>2</NextContinuationToken><Contents><Key>static/alone.css</Key>\
         <LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;x&quot;</ETag>\
         <Size>1</Size></Contents></ListBucketResult>";
    for (case, first_page, second_page) in [
        ("in a page", Action::CutBody(300), Action::CutBody(300)),
        (
            "between two pages",
            Action::Respond(Response::new(200).body(truncated)),
            Action::LoseRequest,
        ),
    ] {
        let pushing = site("breaks-off", "");
        pushing.push(&[]).done();
        pushing.bucket.put_raw("static/old.css", b"old");
        pushing.write("alone.css", "changed");
        let before = pushing.bucket.object_names();
        pushing.proxy.clear();
        let is_page = |request: &storehouse_test_support::Request, second: bool| {
            request.query("list-type").is_some()
                && request.query("continuation-token").is_some() == second
        };
        pushing
            .proxy
            .when_times(usize::MAX, move |it| is_page(it, false), first_page);
        pushing
            .proxy
            .when_times(usize::MAX, move |it| is_page(it, true), second_page);

        pushing
            .site
            .run(&["collectstatic", "--noinput", "--clear"])
            .failed(1);

        let requests = pushing.requests();
        assert!(
            requests.iter().all(|request| request == "LIST"),
            "{case}: {requests:?}"
        );
        assert_eq!(pushing.bucket.object_names(), before, "{case}");
    }
}

fn seconds_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

#[test]
fn a_plan_is_applied_unless_somebody_has_put_something_meanwhile() {
    for options in ["", "releases = 3"] {
        let pushing = site("reviewed", options);
        push_alone(&pushing, "1", &[]);
        pushing.write("alone.css", "2");
        pushing.push(&["--plan", "plan.json"]).done();
        let planned = pushing.counts();
        assert!(!planned.contains_key("PUT"), "{options}: {planned:?}");
        // Releases are named after the second they are of, or the next one that is free; a review takes
        // longer than that.
        let planned_at = seconds_now();
        while seconds_now() < planned_at + 2 {
            std::thread::yield_now();
        }

        pushing.bucket.put_raw("static/theirs.css", b"theirs");
        let refused = pushing.push(&["--apply", "plan.json"]).failed(1);
        assert!(
            refused
                .err
                .contains("what the destination holds has changed"),
            "{options}: {}",
            refused.err
        );
        let refusing = pushing.counts();
        assert!(!refusing.contains_key("PUT"), "{options}: {refusing:?}");
        assert_eq!(pushing.get("alone.css"), b"1");

        pushing.bucket.delete_raw("static/theirs.css");
        pushing.push(&["--apply", "plan.json"]).done();
        assert_eq!(pushing.get("alone.css"), b"2", "{options}");
        assert_eq!(pushing.get(&pushing.hashed("alone.css")), b"2", "{options}");
    }
}
