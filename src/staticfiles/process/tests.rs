//! Processing without files. What Django makes of whole folders is in the golden cases.

use std::collections::HashMap;

use bytes::Bytes;
use storehouse_storage::Name;

use super::*;
use crate::{staticfiles::manifest::hashed::FileHash, storages::ManifestOptions};

fn options() -> ManifestOptions {
    ManifestOptions::for_tests()
}

fn source(name: &str, content: &[u8]) -> Source {
    let content = if is_adjustable(name) {
        SourceContent::Text(Bytes::copy_from_slice(content), FileHash::of(content))
    } else {
        SourceContent::Hash(FileHash::of(content))
    };
    Source {
        name: name.to_owned(),
        collected_as: Name::new(name).unwrap(),
        content,
    }
}

fn processed(files: &[(&str, &str)], options: &ManifestOptions) -> Processed {
    let sources: Vec<Source> = files
        .iter()
        .map(|(name, content)| source(name, content.as_bytes()))
        .collect();
    let site = Site {
        static_url: "/static/",
        options,
        there: &HashMap::new(),
        has_folders: true,
    };
    process(&sources, &site)
}

/// The files that are made, as `name: content`.
fn made(files: &[(&str, &str)], options: &ManifestOptions) -> Vec<String> {
    let processed = processed(files, options);
    assert_eq!(processed.problems, [], "{files:?}");
    let mut made: Vec<String> = processed
        .files
        .iter()
        .filter_map(|file| {
            let (name, source) = files[file.source];
            let text = match &file.content {
                Some((content, _)) => std::str::from_utf8(content).unwrap(),
                None => is_adjustable(name).then_some(source)?,
            };
            Some(format!("{}: {text}", file.name))
        })
        .collect();
    made.sort();
    made
}

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let options = ManifestOptions {
        support_js_module_import_aggregation: true,
        ..options()
    };
    let problems = processed(files, &options).problems;
    problems
        .iter()
        .map(|problem| problem.to_error().to_string())
        .collect()
}

/// The name of `a.css` in a cycle of two, in which `b.css` also has `content`.
fn name_in_cycle(content: &str) -> String {
    let b = format!("@import 'a.css';{content}");
    let made = made(&[("a.css", "@import 'b.css';"), ("b.css", &b)], &options());
    made[0].split(": ").next().unwrap().to_owned()
}

#[test]
fn a_name_in_a_cycle_follows_the_contents_of_the_cycle() {
    assert_eq!(name_in_cycle("x"), name_in_cycle("x"));
    assert_ne!(name_in_cycle("x"), name_in_cycle("y"));
}

#[test]
fn names_in_a_cycle_do_not_depend_on_the_order_of_files() {
    let mut files = vec![
        ("a.css", "@import 'b.css';"),
        ("b.css", "@import 'c.css';"),
        ("c.css", "@import 'a.css';url(c.png)"),
        ("c.png", "c"),
    ];
    let forth = made(&files, &options());
    files.reverse();

    assert_eq!(made(&files, &options()), forth);
}

#[test]
fn every_reference_in_a_cycle_names_a_file_that_is_made() {
    let made = made(
        &[("a.css", "@import 'b.css';"), ("b.css", "@import 'a.css';")],
        &options(),
    );

    let name = |line: &String| line.split(": ").next().unwrap().to_owned();
    assert!(made[0].ends_with(&format!("@import url(\"{}\");", name(&made[1]))));
    assert!(made[1].ends_with(&format!("@import url(\"{}\");", name(&made[0]))));
}

#[test]
fn a_chain_of_thousands_is_settled() {
    let files: Vec<(String, String)> = (0..5000)
        .map(|number| {
            let next = format!("@import '{}.css';", number + 1);
            (format!("{number}.css"), next)
        })
        .chain([("5000.css".to_owned(), "a{}".to_owned())])
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();

    assert_eq!(made(&files, &options()).len(), 5001);
}

#[test]
fn all_problems_are_told_each_with_file_and_line() {
    assert_eq!(
        problems(&[
            ("a.css", "url(a.png)\nurl(b.png)"),
            ("b.js", "\n//# sourceMappingURL=b.map"),
            ("c.css", "url(../../etc/passwd)"),
        ]),
        [
            "cannot post-process \"a.css\": line 1 has \"url(a.png)\", and there is no static file \"a.png\"",
            "cannot post-process \"a.css\": line 2 has \"url(b.png)\", and there is no static file \"b.png\"",
            "cannot post-process \"b.js\": line 2 has \"//# sourceMappingURL=b.map\", and there is no static file \"b.map\"",
            "cannot post-process \"c.css\": line 1 has \"url(../../etc/passwd)\", and \"../../etc/passwd\" is outside of the static files",
        ]
    );
}

#[test]
fn a_missing_module_at_the_end_of_a_chain_is_told_as_it_is_written() {
    let told = problems(&[
        ("a.js", "import './b.js'"),
        ("b.js", "import './c.js'; import { x } from './missing.js'"),
        ("c.js", "export * from './a.js'"),
    ]);

    assert_eq!(
        told,
        [
            "cannot post-process \"b.js\": line 1 has \"import { x } from './missing.js'\", and there is no static file \"missing.js\"",
        ]
    );
}

// Django 6.1.3 stops here too, and names the files with their hashes.
#[test]
fn a_reference_that_two_patterns_match_is_told_as_it_is_written() {
    let told = problems(&[
        (
            "d/a.js",
            "export { x }\nimport { y } from '../h t.js?v=1#x'",
        ),
        ("d/b.js", "export { x }\nimport { y } from '../b.js'"),
        (
            "d/c.js",
            "export { x }\nimport { y } from './missing.js'\nimport '../b.js'",
        ),
        ("b.js", ""),
        ("h t.js", ""),
    ]);

    let second = |file: &str, url: &str, name: &str| {
        format!(
            "cannot post-process {file:?}: line 1 has \"export {{ x }}\\nimport {{ y }} from \\\"{url}\\\"\", and that is taken for a second reference to {name:?}, as in Django; end the statement before it with a semicolon"
        )
    };
    assert_eq!(
        told,
        [
            second("d/a.js", "../h t.js?v=1#x", "h t.js"),
            second("d/b.js", "../b.js", "b.js"),
            "cannot post-process \"d/c.js\": line 2 has \"import { y } from './missing.js'\", and there is no static file \"d/missing.js\"".to_owned(),
            "cannot post-process \"d/c.js\": line 1 has \"export { x }\\nimport { y } from './missing.js'\", and there is no static file \"d/missing.js\"".to_owned(),
        ]
    );
}

#[test]
fn a_reference_that_is_missing_stays_and_others_are_rewritten() {
    let files = [("s.css", "url(nope.png)url(a.png)"), ("a.png", "")];

    let processed = processed(&files, &options());

    let (css, _) = processed.files[0].content.as_ref().unwrap();
    assert_eq!(&css[..], b"url(nope.png)url(\"a.d41d8cd98f00.png\")");
}

#[test]
fn a_file_of_an_earlier_run_is_asked_for_when_it_is_referred_to() {
    let sources = [source("s.css", b"url(old.png)")];
    let old = Name::new("old.png").unwrap();
    let unknown = HashMap::from([(old.clone(), None)]);
    let known = HashMap::from([(old.clone(), Some(FileHash::of(b"old")))]);
    let options = options();
    let with = |there| {
        let site = Site {
            static_url: "/static/",
            options: &options,
            there,
            has_folders: true,
        };
        process(&sources, &site)
    };

    assert_eq!(with(&unknown).unread, [old]);
    let (css, _) = with(&known).files[0].content.clone().unwrap();
    assert_eq!(&css[..], b"url(\"old.149603e6c035.png\")");
}

#[test]
fn an_odd_name_that_django_comes_to_later_is_not_found() {
    let files = [("a?b.png", ""), ("d/s.css", "url(../a%3Fb.png)")];

    let problems = problems(&files);

    assert_eq!(
        problems,
        [
            "cannot post-process \"d/s.css\": line 1 has \"url(../a%3Fb.png)\", and there is no static file \"a\""
        ]
    );
}

#[test]
fn no_pass_is_kept_under_the_last_name() {
    let mut options = options();
    options.keep_intermediate_files = true;

    let processed = processed(&[("a.css", "url(a.png)"), ("a.png", "")], &options);

    let css = &processed.files[0];
    let kept: Vec<&Name> = css.intermediate.iter().map(|(name, _)| name).collect();
    assert_eq!(kept.len(), 1);
    assert_ne!(kept[0], &css.name);
}

#[test]
fn a_pattern_that_matches_what_another_wrote_hashes_once_more() {
    let mut options = options();
    options.support_js_module_import_aggregation = true;
    let module = "export const a = 1\nimport b from './n.js'\n";

    let made = made(&[("m.js", module), ("n.js", "1")], &options);

    // By Django 6.1.3, where n.js comes first in its directory.
    assert!(
        made[0].contains("from \"./n.c4ca4238a0b9.c4ca4238a0b9.js\""),
        "{made:?}"
    );
}

/// Processes files, of which those below `vite/` have hashed names already. Gives each file that
/// is made, as `key -> name: content`.
fn made_with_bundle(files: &[(&str, &[u8])], options: &ManifestOptions) -> Vec<String> {
    let sources: Vec<Source> = files
        .iter()
        .map(|(name, content)| {
            let mut source = source(name, content);
            if name.starts_with("vite/") {
                source.content = SourceContent::Fixed;
            }
            source
        })
        .collect();
    let site = Site {
        static_url: "/static/",
        options,
        there: &HashMap::new(),
        has_folders: true,
    };
    let processed = process(&sources, &site);
    assert_eq!(processed.problems, [], "{files:?}");
    let files = processed.files.iter().map(|file| {
        let content = file.content.as_ref();
        let text = content.map_or("as it is", |(bytes, _)| std::str::from_utf8(bytes).unwrap());
        format!("{} -> {}: {text}", file.key, file.name)
    });
    files.collect()
}

#[test]
fn a_file_that_is_hashed_already_keeps_its_name_and_its_bytes() {
    let made = made_with_bundle(
        &[
            (
                "vite/app-BX3kXk4v.css",
                b"url(nope.png)url(logo-AbCd1234.svg)",
            ),
            ("vite/logo-AbCd1234.svg", b"x"),
            ("vite/latin-AbCd1234.js", b"\xe9"),
        ],
        &options(),
    );

    assert_eq!(
        made,
        [
            "vite/app-BX3kXk4v.css -> vite/app-BX3kXk4v.css: as it is",
            "vite/logo-AbCd1234.svg -> vite/logo-AbCd1234.svg: as it is",
            "vite/latin-AbCd1234.js -> vite/latin-AbCd1234.js: as it is",
        ]
    );
}

#[test]
fn a_reference_to_a_file_that_is_hashed_already_stays_as_it_is_written() {
    for reference in [
        "url(vite/a-AbCd1234.png)",
        "url('/static/vite/a-AbCd1234.png#f')",
        "url(./vite/a-AbCd1234.png?v=1)",
        "url(vite/a%2520b-AbCd1234.png)",
        "@import 'vite/b-AbCd1234.css'",
    ] {
        let files: [(&str, &[u8]); 4] = [
            ("vite/a-AbCd1234.png", b""),
            ("vite/a%20b-AbCd1234.png", b""),
            ("vite/b-AbCd1234.css", b""),
            ("s.css", reference.as_bytes()),
        ];

        let made = made_with_bundle(&files, &options());

        let css = made.last().unwrap();
        let hash = FileHash::of(reference.as_bytes());
        assert_eq!(*css, format!("s.css -> s.{hash}.css: as it is"));
    }
}

#[test]
fn a_folder_of_files_that_are_hashed_already_is_one() {
    let files: [(&str, &[u8]); 2] = [("vite/a-AbCd1234.png", b""), ("s.css", b"url(vite)")];

    let made = made_with_bundle(&files, &options());

    assert!(made[1].ends_with("url(\"vite\")"), "{made:?}");
}

#[test]
fn hashed_already_is_the_same_in_passes_that_show() {
    let files: [(&str, &[u8]); 2] = [
        ("vite/a-AbCd1234.css", b"url(../s.css)"),
        ("s.css", b"@import 'vite/a-AbCd1234.css'"),
    ];
    let mut passes = options();
    passes.max_post_process_passes = 0;

    let made = made_with_bundle(&files, &options());

    assert_eq!(made_with_bundle(&files, &passes), made);
    assert!(made[1].ends_with("as it is"), "{made:?}");
}
