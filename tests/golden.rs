//! The golden cases: small folders of static files, what Django 6.1.3 made of them, and what
//! `collectstatic` makes of them here.
//!
//! `data/django-cases.json` is a list of cases. Contents are latin-1: one character a byte.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::{Value, json};
use storehouse::{
    settings::{Settings, Sources},
    staticfiles::StaticUrls,
    storages::{Storages, builtin},
};

use crate::site::{Ran, Site};

const CASES: &str = include_str!("data/django-cases.json");

/// DIFFERENCE: Django gives up on cycles, and on a chain longer than its passes. What is made here,
/// beside the originals.
const SETTLED: &[(&str, &[&str])] = &[
    ("selfref", &["s.54f685cb8ceb.css"]),
    ("loop2", &["a.47663e023430.css", "b.07dceb086949.css"]),
    (
        "loop3_sub",
        &[
            "d/a.bbd34b99a01b.css",
            "d/b.894c8199f0c1.css",
            "d/c.9997fa4a4eab.css",
            "z.fc2b2489d11a.css",
        ],
    ),
    (
        "chain8",
        &[
            "a.696d76101203.css",
            "a.83878c911713.png",
            "b.a8b81bcfae10.css",
            "c.f0bd60ba1002.css",
            "d.5d55b43bab2f.css",
            "e.f34c5cc66dbc.css",
            "f.df6e8df38e4e.css",
            "g.7c87bf90c933.css",
            "h.e65bdf09c342.css",
            "i.30603624f9d0.css",
        ],
    ),
    ("selfref_map_js", &["s.7f5029a8d136.js"]),
    ("js_import_self", &["m.4c95ae6305e9.js"]),
];

/// What a case says of a file that is a link to its source.
const LINK: &str = "LINK->";

/// One case, with what was made of it.
struct Case {
    name: String,
    given: Value,
    site: Site,
    problems: Vec<String>,
}

#[test]
fn every_golden_case_has_djangos_answer() {
    let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
    assert_eq!(cases.len(), 121);

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let problems: Vec<String> = cases
        .into_iter()
        .flat_map(|given| {
            let mut case = Case::new(given);
            runtime.block_on(case.check());
            case.problems
        })
        .collect();

    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

impl Case {
    fn new(given: Value) -> Self {
        let (backend, option) = match given["backend"].as_str() {
            Some("backends.JS") => (None, json!({"support_js_module_import_aggregation": true})),
            Some("backends.Keep") => (None, json!({"keep_intermediate_files": true})),
            Some("backends.NonStrict") => (None, json!({"manifest_strict": false})),
            Some("backends.Zero") => (None, json!({"max_post_process_passes": 0})),
            other => (other, json!({})),
        };
        let manifest = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage";
        let options: Vec<String> = option
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect();
        let site = Site::new(&format!(
            "STATIC_URL = \"{}\"\nSTATIC_ROOT = \"out\"\nSTATICFILES_DIRS = [\"assets\"]\n\
             [STORAGES.staticfiles]\nBACKEND = \"{}\"\n[STORAGES.staticfiles.OPTIONS]\n{}",
            given["static_url"].as_str().unwrap_or("/static/"),
            backend.unwrap_or(manifest),
            options.concat(),
        ));
        for (name, content) in given["input"].as_object().unwrap() {
            site.write(&format!("assets/{name}"), bytes(content.as_str().unwrap()));
        }
        Self {
            name: given["name"].as_str().unwrap().to_owned(),
            given,
            site,
            problems: Vec::new(),
        }
    }

    async fn check(&mut self) {
        let ran = self.run();
        let expected = self.given["django6.1"].clone();
        if let Some((_, names)) = SETTLED.iter().find(|(name, _)| *name == self.name) {
            self.equal("exit code", &ran.code, &0);
            let made: Vec<String> = self.made().into_keys().collect();
            let names = names.iter().map(|name| (*name).to_owned());
            let manifest = "staticfiles.json".to_owned();
            let wanted: BTreeSet<String> = names.chain([manifest]).collect();
            self.equal("files", &made, &wanted.into_iter().collect::<Vec<_>>());
            return;
        }
        if expected["rc"] != 0 {
            self.check_refused(&ran, &expected);
            return;
        }
        self.equal("exit code", &(ran.code, ran.err.as_str()), &(0, ""));
        self.check_summary(&ran, &expected);
        self.check_files(&expected);
        if let Some(urls) = expected["urls"].as_object() {
            self.check_urls(urls).await;
        }
    }

    fn run(&self) -> Ran {
        let mut arguments = vec!["collectstatic".to_owned(), "--noinput".to_owned()];
        for (option, value) in self.given["opts"].as_object().into_iter().flatten() {
            match (option.as_str(), value) {
                ("verbosity", level) => arguments.extend(["-v".to_owned(), level.to_string()]),
                ("ignore_patterns", Value::Array(patterns)) => {
                    for pattern in patterns {
                        arguments.extend(["-i".to_owned(), pattern.as_str().unwrap().to_owned()]);
                    }
                }
                ("post_process", Value::Bool(false)) => {
                    arguments.push("--no-post-process".to_owned());
                }
                ("dry_run", Value::Bool(true)) => arguments.push("--dry-run".to_owned()),
                ("link", Value::Bool(true)) => arguments.push("--link".to_owned()),
                other => panic!("{}: the option {other:?} is not known", self.name),
            }
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.site.run(&arguments)
    }

    fn check_refused(&mut self, ran: &Ran, expected: &Value) {
        self.equal("exit code", &ran.code, &1);
        let named: Vec<&str> = match expected["failed"].as_str() {
            Some(file) => vec![file],
            None => {
                let files = self.given["input"].as_object().unwrap();
                files.keys().map(String::as_str).collect()
            }
        };
        if !named.iter().any(|name| ran.err.contains(name)) {
            let problem = format!("{}: none of {named:?} is named: {}", self.name, ran.err);
            self.problems.push(problem);
        }
        let wrote_manifest = self.site.path("out/staticfiles.json").exists();
        self.equal("manifest", &wrote_manifest, &false);
    }

    fn check_summary(&mut self, ran: &Ran, expected: &Value) {
        let root = self.site.path("out").display().to_string();
        let summary = ran.out.lines().last().unwrap_or_default();
        let summary = summary.replace(&root, "OUT");
        let wanted = expected["summary"].as_str().unwrap();
        self.equal("summary", &summary.as_str(), &wanted);
    }

    fn check_files(&mut self, expected: &Value) {
        let made = self.made();
        let files = expected["files"].as_object().unwrap();
        let (links, files): (Vec<_>, Vec<_>) = files
            .iter()
            .partition(|(_, content)| content.as_str().is_some_and(|text| text.starts_with(LINK)));
        for (name, _) in links {
            let target = fs::read_link(self.site.path("out").join(name)).ok();
            let source = self.site.path("assets").join(name);
            self.equal(name, &target, &Some(source));
        }
        let names: Vec<&String> = made.keys().collect();
        let mut wanted: Vec<&String> = files.iter().map(|(name, _)| *name).collect();
        wanted.sort();
        self.equal("files", &names, &wanted);
        for (name, content) in files {
            let (Some(made), Some(content)) = (made.get(name), content.as_str()) else {
                continue;
            };
            if let Some(digest) = content.strip_prefix("md5:") {
                use md5::{Digest, Md5};
                let found: String = Md5::digest(made)
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                self.equal(name, &found.as_str(), &digest);
            } else {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                self.equal(name, &text(made), &text(&bytes(content)));
            }
        }
    }

    /// What is in STATIC_ROOT beyond the unchanged originals.
    fn made(&self) -> BTreeMap<String, Vec<u8>> {
        let files = self.site.files("out").into_iter();
        let contents = files.map(|name| {
            let content = fs::read(self.site.path("out").join(&name)).unwrap();
            (name, content)
        });
        contents
            .filter(|(name, content)| {
                let original = fs::read(self.site.path("assets").join(name));
                original.ok().as_ref() != Some(content)
            })
            .collect()
    }

    async fn check_urls(&mut self, expected: &serde_json::Map<String, Value>) {
        let registry = builtin();
        let folder = self.site.path("storehouse.toml");
        let sources = Sources::new(folder.parent().unwrap());
        let settings = Settings::load(&sources, &registry).unwrap();
        let storages = Storages::new(&settings, registry).unwrap();
        let urls = StaticUrls::load(&settings, &storages).await.unwrap();
        for (name, url) in expected {
            let url = url.as_str().unwrap();
            let made = urls.url(name);
            let by_storage = urls.url_or_hash(name).await.ok();
            self.equal(
                &format!("URL of {name:?} by the storage"),
                &by_storage,
                &made.as_ref().ok().cloned(),
            );
            let is_refused = url.starts_with("ValueError") || url.starts_with("Suspicious");
            let what = format!("URL of {name:?}");
            if is_refused {
                self.equal(&what, &made.is_err(), &true);
            } else {
                let made = made.map_err(|error| error.to_string());
                self.equal(&what, &made.as_deref(), &Ok(url));
            }
        }
    }

    fn equal<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(
        &mut self,
        what: &str,
        made: &T,
        wanted: &U,
    ) {
        if made != wanted {
            self.problems.push(format!(
                "{}: {what}: made {made:?}, Django {wanted:?}",
                self.name
            ));
        }
    }
}

/// The bytes of a content. `'a' x 3 + 'b'` stands for a long one.
fn bytes(content: &str) -> Vec<u8> {
    if let Some((first, rest)) = content.split_once("' x ") {
        let (count, last) = rest.split_once(" + ").unwrap_or((rest, ""));
        let first = first.trim_start_matches('\'');
        let repeated = first.repeat(count.parse().unwrap());
        return format!("{repeated}{}", last.trim_matches('\'')).into_bytes();
    }
    let latin_1 = content.chars().map(|letter| u8::try_from(letter).unwrap());
    latin_1.collect()
}
