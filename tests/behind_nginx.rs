//! The configurations of nginx in `docs/deploying`, run as they stand there but for the places and
//! addresses that they tell the reader to change.

use std::{fs, os::unix::fs::symlink};

use storehouse::storage::{Name, join_url};
use storehouse_test_support::{FakeHttp, Request, Response};

use crate::{
    nginx::{Nginx, replaced},
    server::Server,
    site::Site,
};

const FILES: &str = include_str!("../docs/deploying/nginx.conf");
const PROXY: &str = include_str!("../docs/deploying/nginx-proxy.conf");

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const SVG_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
/// The stylesheet's name with the hash of what [`collected`] puts in it.
const HASHED: &str = "/static/css/app.b59bdb951889.css";
const GZIP: (&str, &str) = ("Accept-Encoding", "gzip");

/// A site with its static files collected.
fn collected() -> Site {
    let site = Site::new(
        r#"
        STATIC_URL = "/static/"
        STATIC_ROOT = "static"
        STATICFILES_DIRS = ["assets"]
        STATICFILES_STORAGE = "compressed+manifest+file:?releases=2"
        MEDIA_URL = "/media/"
        MEDIA_ROOT = "media"
        "#,
    );
    site.write("assets/css/app.css", "a { color: red }\n".repeat(50));
    site.write("assets/app.mjs", "export const a = 1;\n");
    site.write("assets/a b é.txt", "blank");
    site.write("media/photo.png", "\u{89}PNG");
    site.write("private/photo.png", "secret");
    site.run(&["collectstatic", "--noinput"]).done();
    site
}

/// nginx with the files of a site, before an application that answers like this.
fn before<A>(site: &Site, answer: A) -> (Nginx, FakeHttp)
where
    A: Fn(&Request) -> Response + Send + Sync + 'static,
{
    let application = FakeHttp::start(answer);
    let root = site.path("");
    let files = replaced(FILES, "/srv/site/", root.to_str().unwrap());
    let nginx = Nginx::start(&replaced(
        &files,
        "127.0.0.1:8000",
        &authority(&application),
    ));
    (nginx, application)
}

/// The same, before one that has no page.
fn before_nothing(site: &Site) -> (Nginx, FakeHttp) {
    before(site, |_| Response::new(404))
}

fn authority(application: &FakeHttp) -> String {
    application.endpoint().replace("http://", "")
}

#[track_caller]
fn field<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let found: Vec<&str> = response
        .headers
        .iter()
        .filter(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect();
    assert!(found.len() < 2, "{name} is there twice: {response:?}");
    found.first().copied()
}

#[test]
fn a_stylesheet_with_a_hash_is_kept_for_ever_and_compressed_for_who_takes_that() {
    let site = collected();
    let (nginx, _application) = before_nothing(&site);
    let plain = fs::read(site.path("static/css/app.css")).unwrap();
    let gzip = fs::read(site.path(&format!("{}.gz", &HASHED[1..]))).unwrap();

    for (case, headers, coding, body) in [
        ("a browser", &[GZIP][..], Some("gzip"), &gzip),
        (
            "through a CDN",
            &[GZIP, ("Via", "1.1 cdn")],
            Some("gzip"),
            &gzip,
        ),
        ("one that takes none", &[], None, &plain),
        (
            "one that refuses it",
            &[("Accept-Encoding", "gzip;q=0")],
            None,
            &plain,
        ),
    ] {
        let answer = nginx.get(HASHED, headers);

        assert_eq!(answer.status, 200, "{case}: {answer:?}");
        assert_eq!(field(&answer, "Content-Encoding"), coding, "{case}");
        assert!(answer.body == *body, "{case}");
        assert_eq!(field(&answer, "Cache-Control"), Some(IMMUTABLE), "{case}");
        assert_eq!(
            field(&answer, "Content-Type"),
            Some("text/css; charset=utf-8"),
            "{case}"
        );
        assert_eq!(field(&answer, "Vary"), Some("Accept-Encoding"), "{case}");
    }
}

#[test]
fn what_has_no_hash_is_asked_for_again() {
    let site = collected();
    let (nginx, _application) = before_nothing(&site);

    for (path, expected) in [
        ("/static/css/app.css", "public, max-age=60"),
        ("/static/a%20b%20%C3%A9.txt", "public, max-age=60"),
        ("/static/staticfiles.json", "no-cache"),
    ] {
        let answer = nginx.get(path, &[]);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(field(&answer, "Cache-Control"), Some(expected), "{path}");

        let etag = field(&answer, "ETag").unwrap();
        let again = nginx.get(path, &[("If-None-Match", etag)]);
        assert_eq!(again.status, 304, "{path}");
    }
    let gone = nginx.get("/static/css/app.000000000000.css", &[]);
    assert_eq!(gone.status, 404);
    assert_eq!(
        field(&gone, "Cache-Control"),
        None,
        "nobody is to keep a 404"
    );
}

#[test]
fn what_is_ours_and_what_is_no_file_is_not_found() {
    let site = collected();
    let releases = site.files("static/.storehouse");
    let release = format!("/static/.storehouse/{}", releases[0]);
    site.write("media/.storehouse-tmp/half", "half");
    site.write("secret.txt", "canary");
    symlink(site.path("secret.txt"), site.path("media/link.txt")).unwrap();
    let (nginx, _application) = before_nothing(&site);

    for path in [
        release.as_str(),
        &release.replace(".storehouse", "%2Estorehouse"),
        &release.replace("/.storehouse", "//.storehouse"),
        &release.replace("/.storehouse", "/./.storehouse"),
        "/static/",
        "/static/css",
        "/static/css/",
        "/static/none.css",
        "/media/",
        "/media/.storehouse-tmp/half",
        "/media/link.txt",
        "/media/../secret.txt",
        "/media../secret.txt",
        "/media/..%2Fsecret.txt",
        "/media/%2e%2e/secret.txt",
        "/media/%2e%2e%2fsecret.txt",
        "/media/x/../../secret.txt",
        "/static/%252e%252e/secret.txt",
    ] {
        assert_eq!(nginx.get(path, &[]).status, 404, "{path}");
    }
    for path in [
        "/../secret.txt",
        "/media/../../secret.txt",
        "/media/%zz",
        "/media/a%00.png",
    ] {
        assert_eq!(nginx.get(path, &[]).status, 400, "{path}");
    }
}

#[test]
fn what_users_uploaded_runs_nowhere() {
    let site = collected();
    let pages = Some("sandbox");
    let cases = [
        ("page.html", pages, Some("attachment")),
        ("page.HTM", pages, Some("attachment")),
        ("page.xhtml", pages, Some("attachment")),
        ("feed.rss", pages, Some("attachment")),
        ("data.xml", pages, Some("attachment")),
        ("code.js", pages, Some("attachment")),
        ("code.mjs", pages, Some("attachment")),
        ("film.swf", pages, Some("attachment")),
        ("logo.svg", Some(SVG_POLICY), None),
        ("photo.jpg", None, None),
        ("paper.pdf", None, None),
        ("notes.txt", None, None),
        ("unknown.php", None, None),
        ("noext", None, None),
    ];
    for (name, ..) in cases {
        site.write(&format!("media/{name}"), "<script>alert(1)</script>");
    }
    let (nginx, _application) = before_nothing(&site);

    for (name, policy, disposition) in cases {
        let answer = nginx.get(&format!("/media/{name}"), &[]);

        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(
            field(&answer, "X-Content-Type-Options"),
            Some("nosniff"),
            "{name}"
        );
        assert_eq!(field(&answer, "Content-Security-Policy"), policy, "{name}");
        assert_eq!(field(&answer, "Content-Disposition"), disposition, "{name}");
    }
}

#[test]
fn a_video_is_sent_from_where_its_viewer_wants_it() {
    let site = collected();
    let film: Vec<u8> = (0..1_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    site.write("media/film.mp4", &film);
    let (nginx, _application) = before_nothing(&site);

    let end = nginx.get("/media/film.mp4", &[("Range", "bytes=-1000")]);
    let beyond = nginx.get("/media/film.mp4", &[("Range", "bytes=1000000-")]);

    assert_eq!(end.status, 206);
    assert_eq!(
        field(&end, "Content-Range"),
        Some("bytes 999000-999999/1000000")
    );
    assert_eq!(field(&end, "Content-Type"), Some("video/mp4"));
    assert!(end.body == film[999_000..]);
    assert_eq!(beyond.status, 416);
}

#[test]
fn a_private_file_is_sent_when_the_application_says_so() {
    const AWKWARD: &str = "holiday 100% é?.png";
    // What the page tells applications to do.
    let answer = |request: &Request| {
        let allowed = |name: &str| {
            let name = Name::new(name).unwrap();
            Response::new(200).header("X-Accel-Redirect", join_url("/private-files/", &name))
        };
        match request.path() {
            "/photo" => allowed("photo.png"),
            "/awkward" => allowed(AWKWARD),
            "/page" => allowed("page.html"),
            "/own" => allowed("photo.png")
                .header("Content-Type", "image/webp")
                .header("Content-Disposition", "attachment; filename=\"me.webp\"")
                .header("Cache-Control", "private, max-age=5"),
            "/climb" => {
                Response::new(200).header("X-Accel-Redirect", "/private-files/../secret.txt")
            }
            _ => Response::new(403),
        }
    };
    let site = collected();
    site.write(&format!("private/{AWKWARD}"), "awkward");
    site.write("private/page.html", "<script>");
    site.write("secret.txt", "canary");
    let (nginx, _application) = before(&site, answer);

    assert_eq!(nginx.get("/private-files/photo.png", &[]).status, 404);
    assert_eq!(nginx.get("/refused", &[]).status, 403);
    assert_eq!(nginx.get("/climb", &[]).status, 404);
    for (path, body) in [
        ("/photo", "secret"),
        ("/awkward", "awkward"),
        ("/own", "secret"),
    ] {
        let sent = nginx.get(path, &[]);
        assert_eq!(
            (sent.status, &sent.body[..]),
            (200, body.as_bytes()),
            "{path}"
        );
    }
    let photo = nginx.get("/photo", &[("Range", "bytes=0-2")]);
    assert_eq!((photo.status, &photo.body[..]), (206, &b"sec"[..]));
    assert_eq!(field(&photo, "Content-Type"), Some("image/png"));
    assert_eq!(field(&photo, "Cache-Control"), Some("private, no-cache"));
    let page = nginx.get("/page", &[]);
    assert_eq!(field(&page, "Content-Security-Policy"), Some("sandbox"));
    assert_eq!(field(&page, "Content-Disposition"), Some("attachment"));
    let own = nginx.get("/own", &[]);
    assert_eq!(field(&own, "Content-Type"), Some("image/webp"));
    assert_eq!(
        field(&own, "Content-Disposition"),
        Some("attachment; filename=\"me.webp\"")
    );
    assert_eq!(field(&own, "Cache-Control"), Some("private, max-age=5"));
}

#[test]
fn an_upload_of_some_megabytes_reaches_the_application() {
    let site = collected();
    let (nginx, application) = before(&site, |_| Response::new(201));

    let answer = nginx.send("POST", "/upload", &[], &vec![b'-'; 3_000_000]);

    assert_eq!(answer.status, 201);
    assert_eq!(application.requests()[0].body.len(), 3_000_000);
}

/// What the two configurations must not differ in: header fields by which browsers keep and run files.
const POLICY: [&str; 6] = [
    "Access-Control-Allow-Origin",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Security-Policy",
    "X-Content-Type-Options",
];

#[test]
fn nginx_alone_and_before_storehouse_serve_answer_alike() {
    let site = collected();
    for extension in [
        "html", "svg", "xml", "atom", "xhtml", "js", "png", "pdf", "mp4", "txt",
    ] {
        site.write(&format!("media/a.{extension}"), "<script>alert(1)</script>");
    }
    let _served = Server::start(&site, &["--listen", "unix:serve.sock"]);
    let (files, application) = before_nothing(&site);
    let socket = site.path("serve.sock");
    let proxy = replaced(
        PROXY,
        "/run/storehouse/serve.sock",
        socket.to_str().unwrap(),
    );
    let proxy = Nginx::start(&replaced(
        &proxy,
        "127.0.0.1:8000",
        &authority(&application),
    ));
    let media = site.files("media").into_iter();
    let mut paths: Vec<String> = media.map(|name| format!("/media/{name}")).collect();
    paths.extend([
        "/static/staticfiles.json".to_owned(),
        HASHED.to_owned(),
        "/static/css/app.css".to_owned(),
        "/static/app.mjs".to_owned(),
        "/static/a%20b%20%C3%A9.txt".to_owned(),
        format!(
            "/static/.storehouse/{}",
            site.files("static/.storehouse")[0]
        ),
        "/static/css/".to_owned(),
        "/media/..%2Fsecret.txt".to_owned(),
        "/of-the-application".to_owned(),
    ]);

    for path in paths {
        let (alone, proxied) = (files.get(&path, &[GZIP]), proxy.get(&path, &[GZIP]));

        assert_eq!(
            alone.status, proxied.status,
            "{path}: {alone:?} {proxied:?}"
        );
        if alone.status != 200 {
            continue;
        }
        assert!(alone.body == proxied.body, "{path}");
        for name in POLICY {
            assert_eq!(field(&alone, name), field(&proxied, name), "{path}: {name}");
        }
    }
}
