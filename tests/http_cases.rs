//! Every case of `data/http.json` against `storehouse serve`, and the table that docs/serving.md makes
//! of them: what an answer is by the RFCs, what WhiteNoise does wrong included.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    process::Command,
    time::{Duration, SystemTime},
};

use serde::Deserialize;
use storehouse::{serve::HttpDate, staticfiles::Md5Sum};

use crate::{
    numbered::assert_no_gap,
    server::{Server, request},
    site::Site,
};

const SETTINGS: &str = r#"
STATIC_URL = "/static/"
STATIC_ROOT = "static"
STATICFILES_DIRS = ["assets"]
MEDIA_URL = "/media/"
MEDIA_ROOT = "media"
STATICFILES_STORAGE = "whitenoise.storage.CompressedManifestStaticFilesStorage"
"#;

#[derive(Debug, Deserialize)]
struct Case {
    /// A letter and a number: G for what is usual, E for encodings, R for ranges and conditions, C for
    /// more conditions, H for what is hostile, M for media.
    id: String,
    about: String,
    /// Method and target.
    request: String,
    headers: Vec<String>,
    /// Any of these.
    status: Vec<u16>,
    /// Header fields; `null` is one that is not there, `*` at the end stands for anything.
    #[serde(default)]
    has: BTreeMap<String, Option<String>>,
    #[serde(default)]
    body: Option<String>,
    /// RFC and section.
    #[serde(default)]
    rule: String,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("data/http.json")).unwrap()
}

/// The files that the cases ask for, and those that nobody may get.
fn site() -> Site {
    let site = Site::new(SETTINGS);
    let hundred = "0123456789".repeat(10);
    site.write("assets/hundred.png", &hundred);
    site.write("assets/empty.txt", "");
    site.write("assets/a.css", "body { color: red }\n".repeat(500));
    site.write("assets/d/x.css", "x {}");
    site.write("assets/only.gz", "no copy of anything");
    site.write("assets/.well-known/x.txt", "x");
    site.run(&["collectstatic", "--noinput", "--no-default-ignore"])
        .done();
    for folder in ["static", "media"] {
        site.write(&format!("{folder}/.storehouse/releases/x.json"), "CANARY");
    }
    for (name, content) in [
        ("x.html", "<script>alert(1)</script>"),
        ("x.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("x.xml", "<x/>"),
        ("x.js", "alert(1)"),
        ("hundred.png", &hundred),
        ("unknown", "<script>alert(1)</script>"),
        ("\"a b\"я.png", "x"),
    ] {
        site.write(&format!("media/{name}"), content);
    }
    // Nobody gets these.
    site.write("canary", "CANARY");
    site.write("static_secret/x", "CANARY");
    site.write("outside/passwd", "CANARY");
    for folder in ["static", "media"] {
        symlink(site.path("outside"), site.path(folder).join("out")).unwrap();
    }
    symlink("../canary", site.path("static/link.css")).unwrap();
    drop(UnixListener::bind(site.path("static/socket")).unwrap());
    let pipe = Command::new("mkfifo")
        .arg(site.path("static/pipe"))
        .status();
    assert!(pipe.unwrap().success());
    site
}

/// Replaces `{1000*text}` by the text so many times, and `{name}` by what the site has.
fn expanded(text: &str, facts: &BTreeMap<&str, String>) -> String {
    let mut text = text.to_owned();
    for (name, value) in facts {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    while let Some((before, rest)) = text.split_once('{') {
        let (count, rest) = rest.split_once('*').unwrap();
        let (repeated, after) = rest.split_once('}').unwrap();
        text = format!("{before}{}{after}", repeated.repeat(count.parse().unwrap()));
    }
    text
}

/// What is wrong with the answer to a case.
fn problems(server: &Server, case: &Case, facts: &BTreeMap<&str, String>) -> Vec<String> {
    let (method, target) = case.request.split_once(' ').unwrap();
    let headers: Vec<String> = case
        .headers
        .iter()
        .map(|header| expanded(header, facts))
        .collect();
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let answer = server.send(&request(method, &expanded(target, facts), &headers));
    let mut problems = Vec::new();
    if !case.status.contains(&answer.status) {
        problems.push(format!("{} instead of {:?}", answer.status, case.status));
    }
    for (name, expected) in &case.has {
        let expected = expected.as_ref().map(|value| expanded(value, facts));
        let found = answer.header(name);
        let is_right = match (&expected, found) {
            (None, found) => found.is_none(),
            (Some(expected), Some(found)) => match expected.strip_suffix('*') {
                Some(start) => found.starts_with(start),
                None => found == expected,
            },
            (Some(_), None) => false,
        };
        if !is_right {
            problems.push(format!("{name}: {found:?} instead of {expected:?}"));
        }
    }
    if let Some(expected) = &case.body
        && answer.text() != *expected
    {
        problems.push(format!("the body {:?}", answer.text()));
    }
    // The length that is told is the length that comes, if anything comes.
    let length = answer
        .header("content-length")
        .map(|length| length.parse().unwrap());
    if method != "HEAD" && length.is_some_and(|length: usize| length != answer.body.len()) {
        problems.push(format!("{length:?} bytes told, {} sent", answer.body.len()));
    }
    for secret in ["CANARY", "root:", "canary"] {
        if answer.text().contains(secret) {
            problems.push(format!("it tells {secret:?}"));
        }
    }
    problems
}

#[test]
fn every_request_has_the_answer_of_the_table() {
    let site = site();
    let hashed = site.files("static").into_iter();
    let hashed = hashed.filter(|name| name.starts_with("a.") && name.ends_with(".css"));
    let hashed = hashed.max_by_key(String::len).unwrap();
    let br = fs::metadata(site.path("static/a.css.br")).unwrap().len();
    let tag = |name: &str| {
        let sent = fs::read(site.path("static").join(name)).unwrap();
        Md5Sum::of(&sent).to_string()
    };
    // Long ago enough for the date to say which of its versions it is.
    let day = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
    site.set_modified("static/hundred.png", day);
    let facts = BTreeMap::from([
        ("modified", HttpDate::at(day).to_string()),
        ("hashed", format!("/static/{hashed}")),
        ("br", br.to_string()),
        ("tag", tag("a.css")),
        ("br-tag", tag("a.css.br")),
        ("gz-tag", tag("a.css.gz")),
    ]);
    let server = Server::start(&site, &[]);

    let mut wrong = String::new();
    for case in cases() {
        for problem in problems(&server, &case, &facts) {
            let _ = writeln!(wrong, "{} ({}): {problem}", case.id, case.about);
        }
    }

    assert!(wrong.is_empty(), "\n{wrong}");
    // It still answers, and nothing went wrong inside.
    assert_eq!(server.get("/static/hundred.png").status, 200);
    let (code, told) = server.stop("-TERM");
    assert_eq!(code, 143, "{told}");
    assert!(!told.contains("panicked"), "{told}");
    assert!(!told.contains("\" 500 "), "{told}");
}

#[test]
fn no_number_is_missing() {
    let cases = cases();
    let ids = || cases.iter().map(|case| case.id.as_str());
    // More than a request and its answer, in `serving`: a file that cannot be read, one that is cut and
    // one that is replaced while it is sent.
    assert_no_gap(ids(), 'H', 37, &["H18", "H35", "H36"]);
    assert_no_gap(ids(), 'R', 36, &[]);
}

/// The table of docs/serving.md.
fn table() -> String {
    let mut table = String::from("| case | request | answer | RFC |\n|---|---|---|---|\n");
    for case in cases() {
        let mut request = case.request.replace('\\', "\\\\");
        for header in &case.headers {
            let _ = write!(request, " · {}", header.replace("\r\n", " "));
        }
        let request = request.replace('|', "\\|");
        let status: Vec<String> = case.status.iter().map(u16::to_string).collect();
        let mut answer = status.join(" or ");
        for (name, value) in &case.has {
            let _ = match value {
                Some(value) => write!(answer, " · {name}: {value}"),
                None => write!(answer, " · no {name}"),
            };
        }
        let (id, about, rule) = (&case.id, &case.about, &case.rule);
        let _ = writeln!(
            table,
            "| {id}: {about} | `{request}` | `{answer}` | {rule} |"
        );
    }
    table
}

#[test]
fn the_documented_table_is_that_of_the_cases() {
    let page = include_str!("../docs/serving.md");
    let table = table();

    assert!(
        page.contains(&table),
        "docs/serving.md needs this table:\n{table}"
    );
}
