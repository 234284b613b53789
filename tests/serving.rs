//! `storehouse serve` while things change: sources and collected files, files under way, what is private.
//! What one request is answered with is in `http_cases`.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant, SystemTime},
};

use storehouse::{
    storage::{Secret, UrlOptions},
    storages::HmacSigner,
};
use storehouse_test_support::{Minio, Proxy};

use crate::{
    server::{Answer, Server, request},
    site::{Site, bucket_settings},
};

/// A site whose static files are collected with a manifest.
pub(crate) const SETTINGS: &str = r#"
STATIC_URL = "/static/"
STATIC_ROOT = "static"
STATICFILES_DIRS = ["assets"]
MEDIA_URL = "/media/"
MEDIA_ROOT = "media"
STATICFILES_STORAGE = "manifest+file:static"
[environments.dev]
DEBUG = true
"#;
const KEY: &str = "a key of more than fifty characters, of which many are different";
/// A manifest that names nothing.
pub(crate) const NO_NAMES: &str = r#"{"paths": {}, "version": "1.1", "hash": ""}"#;
pub(crate) const MIB: usize = 1024 * 1024;

/// Asks again until the answer is as wanted, for at most ten seconds.
#[track_caller]
fn get_until(server: &Server, path: &str, is_right: impl Fn(&Answer) -> bool) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = server.get(path);
        if is_right(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "in vain: {path}: {answer:?}");
        std::thread::yield_now();
    }
}

fn hashed(site: &Site, start: &str) -> String {
    let manifest: serde_json::Value =
        serde_json::from_str(&site.read("static/staticfiles.json")).unwrap();
    manifest["paths"][start].as_str().unwrap().to_owned()
}

#[test]
fn with_debug_sources_are_served_as_they_are_now() {
    let site = Site::new(SETTINGS);
    site.write("assets/app.css", "one");
    site.write("assets/<b>&'.css", "x");
    site.write("media/cat & dog.png", "x");
    let server = Server::start(&site, &["--env", "dev"]);

    let answer = server.get("/static/app.css");
    assert_eq!((answer.status, answer.text().as_str()), (200, "one"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    site.write("assets/app.css", "two");
    assert_eq!(server.get("/static/app.css").text(), "two");
    site.write("assets/new.css", "new");
    assert_eq!(server.get("/static/new.css").text(), "new");
    fs::remove_file(site.path("assets/new.css")).unwrap();
    assert_eq!(server.get("/static/new.css").status, 404);

    let page = server.get("/");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    for part in [
        "<a href=\"/static/app.css\">app.css</a>",
        "<a href=\"/static/%3Cb%3E%26&apos;.css\">&lt;b&gt;&amp;&apos;.css</a>",
        "<a href=\"/media/cat%20%26%20dog.png\">cat &amp; dog.png</a>",
    ] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
}

#[test]
fn the_page_is_for_hosts_that_are_allowed_and_a_request_names_one() {
    let site = Site::new(SETTINGS);
    site.write("assets/app.css", "one");
    let server = Server::start(&site, &["--env", "dev"]);
    let with_hosts = Server::start(
        &site,
        &["--env", "dev", "--set", "ALLOWED_HOSTS=['.dev.example']"],
    );
    let status = |server: &Server, path: &str, hosts: &[&str]| {
        let mut request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n");
        request.extend(hosts.iter().map(|host| format!("Host: {host}\r\n")));
        request.push_str("\r\n");
        server.send(request.as_bytes()).status
    };
    let file = "/static/app.css";

    for (case, path, hosts, expected) in [
        ("this machine", "/", &["localhost:8000"][..], 200),
        ("a name below", "/", &["site.localhost"], 200),
        ("an address", "/", &["127.0.0.1"], 200),
        (
            "another's name for this address",
            "/",
            &["evil.example"],
            400,
        ),
        ("its files are no secret", file, &["evil.example"], 200),
        ("none", file, &[], 400),
        ("two", file, &["localhost", "localhost"], 400),
        ("a blank", file, &["a b"], 400),
        ("a user", file, &["u@h"], 400),
        ("a path", file, &["a/b"], 400),
    ] {
        assert_eq!(status(&server, path, hosts), expected, "{case}");
    }
    assert_eq!(status(&with_hosts, "/", &["a.dev.example"]), 200);
    assert_eq!(status(&with_hosts, "/", &["localhost"]), 400);
    let text = |request: &str| server.send(request.as_bytes()).text();
    let none = text("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(none.contains("one Host field"), "{none}");
    let old = text("GET / HTTP/1.0\r\n\r\n");
    assert!(old.contains("names no host"), "{old}");
    let posted = server.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(
        (posted.status, posted.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

#[test]
fn a_server_of_files_that_were_not_collected_says_so() {
    let site = Site::new(SETTINGS);
    site.write("assets/app.css", "one");
    let word = "no static files were collected into";
    let plain = ["--set", "STATICFILES_STORAGE=file:static"];
    for (arguments, warns) in [(&plain[..], true), (&["--env", "dev"], false)] {
        let (_, said) = Server::start(&site, arguments).stop("-TERM");
        assert_eq!(said.contains(word), warns, "{arguments:?}: {said}");
    }
    site.run(&["collectstatic", "--noinput"]).done();

    let (_, said) = Server::start(&site, &[&plain[..], &["--nothreading"]].concat()).stop("-TERM");

    assert!(!said.contains(word), "{said}");
}

#[test]
fn flags_of_runserver_say_where_static_files_come_from() {
    let site = Site::new(SETTINGS);
    site.write("assets/app.css", "one");
    site.write("media/a.txt", "media");
    let insecure = Server::start(&site, &["--insecure", "--noreload"]);
    let without = Server::start(&site, &["--nostatic"]);

    assert_eq!(insecure.get("/static/app.css").text(), "one");
    assert_eq!(without.get("/static/app.css").status, 404);
    assert_eq!(without.get("/media/a.txt").text(), "media");
}

#[test]
fn without_a_storage_of_media_static_files_are_served() {
    let site = Site::new(
        "DEBUG = true\nSTATIC_URL = \"/static/\"\nMEDIA_URL = \"/media/\"\nSTATICFILES_DIRS = [\"assets\"]\n[STORAGES.staticfiles]\nBACKEND = \"file:out\"\n",
    );
    site.write("assets/app.css", "one");
    let server = Server::start(&site, &[]);

    assert_eq!(server.get("/static/app.css").text(), "one");
    assert_eq!(server.get("/media/a.txt").status, 404);
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn without_debug_what_was_collected_is_served_and_nothing_is_listed() {
    let site = Site::new(SETTINGS);
    site.write("assets/app.css", "one");
    site.run(&["collectstatic", "--noinput"]).done();
    let server = Server::start(&site, &[]);

    site.write("assets/app.css", "two");
    site.write("assets/new.css", "new");

    assert_eq!(server.get("/static/app.css").text(), "one");
    assert_eq!(server.get("/static/new.css").status, 404);
    assert_eq!(server.get("/").status, 404);
}

#[test]
fn what_is_collected_anew_is_served_without_another_start() {
    let site = Site::new(SETTINGS);
    site.write("assets/app.css", "one");
    site.run(&["collectstatic", "--noinput"]).done();
    let server = Server::start(&site, &[]);
    let before = format!("/static/{}", hashed(&site, "app.css"));
    assert_eq!(server.get(&before).text(), "one");
    assert_eq!(server.get("/static/app.css").text(), "one");

    site.write("assets/app.css", "three");
    // Django compares whole seconds, and takes a change within one for none.
    site.set_modified("assets/app.css", SystemTime::now() + Duration::from_secs(2));
    site.write("assets/js/new.js", "new()");
    site.run(&["collectstatic", "--noinput"]).done();

    get_until(&server, "/static/app.css", |answer| {
        answer.text() == "three"
    });
    let is_forever = |answer: &Answer| {
        let value = answer.header("cache-control");
        answer.status == 200 && value.is_some_and(|value| value.contains("immutable"))
    };
    for name in ["app.css", "js/new.js"] {
        let after = format!("/static/{}", hashed(&site, name));
        get_until(&server, &after, is_forever);
    }
    // Pages that are out ask for it.
    let old = server.get(&before);
    assert!(is_forever(&old), "{old:?}");
    assert_eq!(old.text(), "one");
}

#[test]
fn a_file_that_changes_is_sent_as_it_is_now_whatever_its_times_say() {
    let site = Site::new(SETTINGS);
    site.write("static/staticfiles.json", NO_NAMES);
    let server = Server::start(&site, &[]);
    let old = SystemTime::now() - Duration::from_secs(3600);
    let now = SystemTime::now();
    for (case, name, before, after) in [
        ("another time", "a.css", old, old + Duration::from_secs(1)),
        // Two writes within one tick of the disk's clock.
        ("the same time, and fresh", "b.css", now, now),
    ] {
        let file = format!("static/{name}");
        let path = format!("/static/{name}");
        site.write(&file, "one");
        site.set_modified(&file, before);
        assert_eq!(server.get(&path).text(), "one", "{case}");

        site.write(&file, "two");
        site.set_modified(&file, after);

        get_until(&server, &path, |answer| answer.text() == "two");
    }
}

#[test]
fn a_name_that_a_new_manifest_has_is_for_ever_though_it_was_asked_for_before() {
    let site = Site::new(SETTINGS);
    let stored = "x.55e7cbb9ba48.css";
    site.write("static/staticfiles.json", NO_NAMES);
    site.write(&format!("static/{stored}"), "x");
    let old = SystemTime::now() - Duration::from_secs(3600);
    site.set_modified(&format!("static/{stored}"), old);
    let server = Server::start(&site, &[]);
    let path = format!("/static/{stored}");
    let before = server.get(&path);
    assert_eq!(before.header("cache-control"), Some("public, max-age=60"));

    let named = NO_NAMES.replace("{}", &format!(r#"{{"x.css": "{stored}"}}"#));
    site.write("static/staticfiles.json", named);

    get_until(&server, &path, |answer| {
        answer.header("cache-control") == Some("public, max-age=31536000, immutable")
    });
}

#[test]
fn a_manifest_that_is_damaged_meanwhile_leaves_the_one_before_in_force() {
    let site = Site::new(SETTINGS);
    site.write("assets/app.css", "one");
    site.run(&["collectstatic", "--noinput"]).done();
    let server = Server::start(&site, &[]);
    let path = format!("/static/{}", hashed(&site, "app.css"));

    site.write("static/staticfiles.json", "{");
    // Beyond the pause: the new file shows that it was looked at again.
    site.write("static/app.css", "changed");
    get_until(&server, "/static/app.css", |answer| {
        answer.text() == "changed"
    });

    let answer = server.get(&path);
    assert_eq!(
        answer.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
}

#[test]
fn a_file_that_is_replaced_while_it_is_sent_arrives_as_it_was() {
    let site = Site::new(SETTINGS);
    let old = vec![b'o'; 24 * MIB];
    site.write("media/film.mp4", &old);
    site.write("static/staticfiles.json", NO_NAMES);
    let server = Server::start(&site, &[]);
    let mut stream = server.connect();
    stream
        .write_all(&request("GET", "/media/film.mp4", &[]))
        .unwrap();
    let mut answer = Answer::read_head(&mut stream).unwrap();

    site.write("media/film.new", vec![b'n'; 24 * MIB]);
    fs::rename(site.path("media/film.new"), site.path("media/film.mp4")).unwrap();

    stream.read_to_end(&mut answer.body).unwrap();
    assert!(answer.body == old);
}

#[test]
fn a_file_that_is_cut_while_it_is_sent_ends_the_connection() {
    let site = Site::new(SETTINGS);
    site.write("media/film.mp4", vec![b'x'; 64 * MIB]);
    site.write("static/staticfiles.json", NO_NAMES);
    let server = Server::start(&site, &[]);
    let mut stream = server.connect();
    stream
        .write_all(&request("GET", "/media/film.mp4", &[]))
        .unwrap();
    let mut answer = Answer::read_head(&mut stream).unwrap();

    let file = fs::File::options()
        .write(true)
        .open(site.path("media/film.mp4"));
    file.unwrap().set_len(MIB as u64).unwrap();

    // The end comes before the length that was told; whether as an error is the system's affair.
    let _ = stream.read_to_end(&mut answer.body);
    assert!(
        answer.body.len() < 64 * MIB,
        "{} bytes came",
        answer.body.len()
    );
    assert_eq!(server.get("/media/film.mp4").body.len(), MIB);
}

#[test]
fn a_connection_answers_one_request_after_another() {
    let site = Site::new(SETTINGS);
    site.write("assets/a.txt", "first");
    site.write("assets/b.txt", "second");
    let server = Server::start(&site, &["--env", "dev"]);
    let mut stream = server.connect();

    // Both at once, the last with an end.
    let both = "GET /static/a.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /static/b.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(both.as_bytes()).unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();

    assert!(all.contains("\r\n\r\nfirstHTTP/1.1 200 OK\r\n"), "{all}");
    assert!(all.ends_with("\r\n\r\nsecond"), "{all}");
}

#[test]
fn a_file_that_was_collected_and_is_gone_is_told() {
    let site = Site::new(SETTINGS);
    site.write("assets/app.css", "x");
    site.run(&["collectstatic", "--noinput"]).done();
    let hashed = hashed(&site, "app.css");
    fs::remove_file(site.path(&format!("static/{hashed}"))).unwrap();
    let server = Server::start(&site, &[]);

    assert_eq!(server.get(&format!("/static/{hashed}")).status, 404);
    assert_eq!(server.get("/static/never.css").status, 404);

    let (_, told) = server.stop("-TERM");
    let warned = told.lines().filter(|line| line.starts_with("storehouse: "));
    let warned: Vec<_> = warned.collect();
    assert_eq!(warned.len(), 1, "{told}");
    assert!(
        warned[0].ends_with(&format!("run collectstatic (name: {hashed:?})")),
        "{told}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_nobodys() {
    let site = Site::new(SETTINGS);
    site.write("assets/closed.css", "CANARY");
    site.run(&["collectstatic", "--noinput"]).done();
    site.write("media/closed.png", "CANARY");
    site.write("media/closed/x.png", "CANARY");
    let hashed = hashed(&site, "closed.css");
    for path in [
        &format!("static/{hashed}"),
        "media/closed.png",
        "media/closed",
    ] {
        let nobody = fs::Permissions::from_mode(0o000);
        fs::set_permissions(site.path(path), nobody).unwrap();
    }
    let server = Server::start_command(site.unprivileged_command(&["serve", "0"]));

    for path in [
        &format!("/static/{hashed}"),
        "/media/closed.png",
        "/media/closed/x.png",
        "/media/closed/not-there.png",
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(!answer.text().contains("CANARY"), "{path}");
    }
    // Whoever runs the site is told why: it is not that the file is missing.
    let (_, told) = server.stop("-TERM");
    for name in [
        hashed.as_str(),
        "closed.png",
        "closed/x.png",
        "closed/not-there.png",
    ] {
        let line = told.lines().find(|line| {
            line.starts_with("storehouse: warning: not served: ")
                && line.contains("permission denied; let the user")
                && line.contains(&format!("(name: {name:?})"))
        });
        assert!(line.is_some(), "{name}: {told}");
    }
    assert!(!told.contains("run collectstatic"), "{told}");
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(site.path("media/closed"), open).unwrap();
}

fn private_settings() -> String {
    let storage = "file:media?querystring_auth=true";
    format!("DEFAULT_FILE_STORAGE = \"{storage}\"\nSECRET_KEY = \"{KEY}\"\n{SETTINGS}")
}

#[test]
fn private_media_is_served_by_signed_urls_only() {
    let site = Site::new(&private_settings());
    site.write("media/photo one.png", "picture");
    site.write("media/x.html", "<script>");
    site.write("media/other.png", "other");
    let server = Server::start(&site, &["--env", "dev"]);
    let url = |arguments: &[&str]| {
        let all = [&["url"], arguments, &["--env", "dev"]].concat();
        site.run(&all).done().out.trim_end().to_owned()
    };

    let good = url(&["photo one.png"]);
    let answer = server.get(&good);
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, "picture"),
        "{good}"
    );
    let cache_control = answer.header("cache-control").unwrap();
    assert!(
        cache_control.starts_with("private, max-age=3"),
        "{cache_control}"
    );

    let named = url(&[
        "x.html",
        "--download-name",
        "Résumé \"1\".html",
        "--content-type",
        "text/html",
    ]);
    let answer = server.get(&named);
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(
        answer.header("content-disposition"),
        Some(
            "attachment; filename=\"R_sum_ _1_.html\"; filename*=UTF-8''R%C3%A9sum%C3%A9%20%221%22%2Ehtml"
        )
    );
    assert_eq!(answer.header("content-security-policy"), Some("sandbox"));

    for (case, url) in [
        ("no signature", "/media/photo%20one.png".to_owned()),
        ("not there", "/media/nothing.png".to_owned()),
        ("another name", good.replace("photo%20one", "other")),
        ("another time", good.replace("expires=1", "expires=2")),
        ("a type", format!("{good}&type=text/html")),
        ("a letter", good[..good.len() - 1].to_owned() + "!"),
    ] {
        let answer = server.get(&url);
        assert_eq!(answer.status, 403, "{case}: {url}");
        assert_eq!(
            answer.text(),
            server.get("/media/nothing.png").text(),
            "{case}"
        );
    }
}

#[test]
fn a_url_that_has_expired_is_refused() {
    let site = Site::new(&private_settings());
    site.write("media/photo.png", "picture");
    let server = Server::start(&site, &["--env", "dev"]);
    let signer = HmacSigner::new(&Secret::new(KEY));
    let now = SystemTime::now();
    let signed_at = |time| {
        let options = UrlOptions::default().with_expires_in(Duration::from_secs(60));
        signer.sign_at("/media/photo.png", &options, time).unwrap()
    };

    assert_eq!(server.get(&signed_at(now)).status, 200);
    let late = signed_at(now.checked_sub(Duration::from_secs(61)).unwrap());
    assert_eq!(server.get(&late).status, 403);
    // A range is no way round it.
    assert_eq!(server.get_with(&late, &["Range: bytes=0-0"]).status, 403);
}

#[test]
fn media_in_a_bucket_is_fetched_by_the_range_that_is_asked_for() {
    let minio = Minio::get();
    let bucket = minio.bucket("serving");
    let proxy = Proxy::start(minio.endpoint());
    let site = Site::new(&format!(
        "{}\nMEDIA_URL = \"/media/\"\nDEBUG = true\n",
        bucket_settings(&minio, &bucket, &proxy.endpoint())
    ));
    let film: Vec<u8> = (0..32 * MIB)
        .map(|at| u8::try_from(at / 1024 % 251).unwrap())
        .collect();
    bucket.put_raw_with("media/film.mp4", &film, &[("content-type", "video/mp4")]);
    let server = Server::start(&site, &[]);
    let fetched = |proxy: &Proxy| {
        proxy
            .requests()
            .iter()
            .map(|one| one.answer_length)
            .sum::<u64>()
    };

    let answer = server.get_with("/media/film.mp4", &["Range: bytes=-1024"]);
    assert_eq!(answer.status, 206, "{answer:?}");
    assert!(answer.body == film[film.len() - 1024..]);
    assert_eq!(answer.header("content-type"), Some("video/mp4"));
    assert!(
        fetched(&proxy) <= 64 * 1024,
        "{} bytes fetched",
        fetched(&proxy)
    );

    proxy.clear();
    let etag = answer.header("etag").unwrap().to_owned();
    let answer = server.get_with("/media/film.mp4", &[&format!("If-None-Match: {etag}")]);
    assert_eq!(answer.status, 304);
    assert_eq!(fetched(&proxy), 0);

    proxy.clear();
    let whole = server.get("/media/film.mp4");
    assert!(whole.body == film);
    // All of it, by the one request.
    assert_eq!(proxy.requests().len(), 1, "{:?}", proxy.requests());
}
