//! Stylesheets, scripts and names that are bad input for `collectstatic`: each has Django's answer,
//! or is refused and leaves what was in force.
//!
//! The names in the tables are those that Django 6.1.3 gives. With the hash in them they pin the
//! content to the byte.

use std::{collections::BTreeMap, fs};

use crate::{
    last_good::{LastGood, hash},
    site::Site,
};

const COLLECT: &[&str] = &["collectstatic", "--noinput"];

#[test]
fn what_django_accepts_has_djangos_names_and_bytes() {
    for (case, files, names) in ACCEPTED {
        let (site, _) = LastGood::site();
        write_all(&site, files);

        let ran = site.run(COLLECT).done();

        assert_eq!(ran.err, "", "{case}");
        let made = LastGood::of(&site).new_paths();
        let made: Vec<_> = made.iter().map(|(key, name)| (&**key, &**name)).collect();
        assert_eq!(made, *names, "{case}");
    }
}

/// A case, the files below `assets/`, and what the manifest has of them.
type Accepted<'a> = (&'a str, &'a [(&'a str, &'a [u8])], &'a [(&'a str, &'a str)]);

const ACCEPTED: &[Accepted<'_>] = &[
    (
        "BOM",
        &[("s.css", b"\xef\xbb\xbfa{b:url(img/a.png)}")],
        &[("s.css", "s.bade739f4803.css")],
    ),
    (
        "source map after a BOM: it does not begin its line",
        &[("s.css", b"\xef\xbb\xbf/*# sourceMappingURL=nope.map */")],
        &[("s.css", "s.bc82d6641e83.css")],
    ),
    (
        "CR LF, with which a source map is none",
        &[(
            "s.css",
            b"@import \"css/app.css\";\r\na{b:url(img/a.png)}\r\n/*# sourceMappingURL=no */\r\n",
        )],
        &[("s.css", "s.be475415660a.css")],
    ),
    (
        "null bytes",
        &[("s.css", b"\0a{b:url(img/a.png)\0}\0"), ("t.txt", b"\0")],
        &[
            ("s.css", "s.9094c3940786.css"),
            ("t.txt", "t.93b885adfe0d.txt"),
        ],
    ),
    (
        "references to folders",
        &[("s.css", b"a{b:url(img)}c{d:url(img/)}e{f:url(.)}")],
        &[("s.css", "s.ce6901777b51.css")],
    ),
    (
        "names that differ in case",
        &[
            ("A.png", b"1"),
            ("a.PNG", b"2"),
            ("a.png", b"3"),
            ("s.css", b"url(A.png)url(a.PNG)url(a.png)"),
        ],
        &[
            ("A.png", "A.c4ca4238a0b9.png"),
            ("a.PNG", "a.c81e728d9d4c.PNG"),
            ("a.png", "a.eccbc87e4b5c.png"),
            ("s.css", "s.e2d9e0e21f79.css"),
        ],
    ),
    (
        "a stylesheet that has the name that another gets",
        &[
            ("s.css", b"a{b:url(img/a.png)}"),
            ("s.c5a9f606d299.css", b"other{}"),
        ],
        &[
            ("s.c5a9f606d299.css", "s.c5a9f606d299.18d41a783d49.css"),
            ("s.css", "s.c5a9f606d299.css"),
        ],
    ),
    (
        "a file that is named like the manifest",
        &[("staticfiles.json", b"{}")],
        &[("staticfiles.json", "staticfiles.99914b932bd3.json")],
    ),
];

/// A case, a file below `assets/`, its content, and what the error says.
type Refused<'a> = (&'a str, &'a str, &'a [u8], &'a str);

const REFUSED: &[Refused<'_>] = &[
    (
        "Latin 1",
        "s.css",
        b"\n\n\xe9 ",
        "\"s.css\": it is not UTF-8 at byte 2",
    ),
    (
        "not UTF-8 in a script",
        "s.js",
        b"a\xff",
        "\"s.js\": it is not UTF-8 at byte 1",
    ),
    ("UTF-16", "s.css", b"\xff\xfea\0", "not UTF-8 at byte 0"),
    (
        "cut in a letter",
        "s.css",
        b"ab\xe2\x82",
        "not UTF-8 at byte 2",
    ),
    (
        "half of a surrogate pair",
        "s.css",
        b"ab\xed\xa0\x80",
        "not UTF-8 at byte 2",
    ),
    (
        "longer than need be",
        "s.css",
        b"ab\xc0\xaf",
        "not UTF-8 at byte 2",
    ),
    (
        "a null byte in a reference",
        "s.css",
        b"url(a\0.png)",
        r#"no static file "a\0.png""#,
    ),
    (
        "above all folders",
        "s.css",
        b"\nurl(..)",
        r#"line 2 has "url(..)", and ".." is outside"#,
    ),
    (
        "another case",
        "s.css",
        b"url(img/A.png)",
        r#"no static file "img/A.png""#,
    ),
];

#[test]
fn what_cannot_be_followed_is_told_with_its_place_and_the_last_good_stays() {
    are_refused(REFUSED);
}

#[test]
fn what_cannot_be_followed_in_a_long_text_is_told_in_short() {
    let many: String = (0..10_000)
        .map(|n| format!("a{{b:url({n}.png)}}\n"))
        .collect();
    let parentheses = format!("a{{b:url({}{})}}", "(".repeat(1 << 20), ")".repeat(1 << 20));
    let mut latin = vec![b' '; 3 << 20];
    latin.push(0xe9);

    are_refused(&[
        (
            "not UTF-8 after 3 MiB",
            "s.css",
            &latin,
            "not UTF-8 at byte 3145728",
        ),
        (
            "parentheses in each other",
            "s.css",
            parentheses.as_bytes(),
            "line 1 has \"url(((",
        ),
        (
            "10,000 that are missing",
            "s.css",
            many.as_bytes(),
            "line 20 has \"url(19.png)\"",
        ),
    ]);
}

/// Pushes each to a site with something in force, and at last nothing bad.
fn are_refused(cases: &[Refused<'_>]) {
    let (site, good) = LastGood::site();
    for (case, name, content, says) in cases {
        site.write(&format!("assets/{name}"), content);

        let ran = site.run(COLLECT).failed(1);

        assert!(ran.err.contains(says), "{case}: {:.500}", ran.err);
        assert!(ran.err.len() < 4000, "{case}: {} bytes", ran.err.len());
        good.is_in_force(&site, case);
        fs::remove_file(site.path("assets").join(name)).unwrap();
    }
    site.run(COLLECT).done();
}

// Django's time is quadratic on some of these: for one of 8 MB it takes minutes.
#[test]
fn megabytes_of_what_begins_a_reference_and_never_ends_stay_as_they_are() {
    let (site, _) = LastGood::site();
    let mut expected = BTreeMap::new();
    for (number, piece) in [
        "url(",
        "url('",
        "url(\n",
        "@import 'a\n",
        "/*",
        "/*# sourceMappingURL=",
        "a{",
        "'\\\n",
    ]
    .into_iter()
    .enumerate()
    {
        let content = piece.repeat(8_000_000 / piece.len());
        site.write(&format!("assets/{number}.css"), &content);
        let name = format!("{number}.{}.css", hash(content.as_bytes()));
        expected.insert(format!("{number}.css"), name);
    }

    let made = LastGood::collect(&site).new_paths();

    assert_eq!(made, expected);
}

#[test]
fn long_stylesheets_have_djangos_bytes() {
    let (site, _) = LastGood::site();
    let rule = ".rule { color: red; margin: 0 auto }\n";
    let rules = rule.repeat((50 << 20) / rule.len());
    let big = format!("x{{y:url(img/a.png)}}\n{rules}x{{y:url(css/app.css)}}\n");
    let each = |n: u32| format!(".i{n}{{b:url(i/{n}.png)}}\n");
    let braces = format!(
        "{}b:url(img/a.png){}",
        "a{".repeat(1_000_000),
        "}".repeat(1_000_000)
    );
    site.write("assets/50-MB.css", big);
    site.write("assets/braces.css", braces);
    site.write("assets/to-one.css", "a{b:url(img/a.png)}\n".repeat(10_000));
    site.write(
        "assets/to-many.css",
        (0..10_000).map(each).collect::<String>(),
    );
    for n in 0..10_000 {
        site.write(&format!("assets/i/{n}.png"), n.to_string());
    }

    let made = LastGood::collect(&site).new_paths();

    for (key, name) in [
        ("50-MB.css", "50-MB.f2260a3e3267.css"),
        ("braces.css", "braces.a2eab81965af.css"),
        ("to-one.css", "to-one.16dea554cb0b.css"),
        ("to-many.css", "to-many.30bb2d7d21bf.css"),
    ] {
        assert_eq!(made.get(key).map(String::as_str), Some(name), "{key}");
    }
}

// Django gives up after five passes.
#[test]
fn a_chain_of_five_thousand_imports_is_followed_to_its_end() {
    let (site, _) = LastGood::site();
    let mut expected = BTreeMap::new();
    let mut rewritten = String::new();
    for number in (0..5000).rev() {
        let next = number + 1;
        let content = match next {
            5000 => String::new(),
            next => format!("@import \"{next}.css\";"),
        };
        site.write(&format!("assets/{number}.css"), content);
        let name = format!("{number}.{}.css", hash(rewritten.as_bytes()));
        rewritten = format!("@import url(\"{name}\");");
        expected.insert(format!("{number}.css"), name);
    }

    let made = LastGood::collect(&site).new_paths();

    assert_eq!(made, expected);
}

// Django gives up: the name changes with every pass.
#[test]
fn a_stylesheet_that_refers_to_itself_names_itself() {
    let (site, _) = LastGood::site();
    site.write("assets/s.css", "a{b:url(s.css)}");

    site.run(COLLECT).done();

    let name = "s.38392676d7fa.css";
    assert!(site.read("out/staticfiles.json").contains(name));
    let content = site.read(&format!("out/{name}"));
    assert_eq!(content, format!("a{{b:url(\"{name}\")}}"));
}

// So does Django: what is no text counts as right by its name.
#[test]
fn a_file_that_has_the_name_that_another_gets_is_served_in_its_place() {
    let (site, _) = LastGood::site();
    site.write("assets/new.png", "new");
    site.write("assets/new.22af645d1859.png", "other");

    site.run(COLLECT).done();

    let manifest = site.read("out/staticfiles.json");
    assert!(manifest.contains("\"new.png\": \"new.22af645d1859.png\""));
    assert_eq!(site.read("out/new.22af645d1859.png"), "other");
}

#[test]
fn the_first_of_two_sources_that_have_one_name_gets_it() {
    let (site, _) = LastGood::site();
    site.write("assets/x.png", "first");
    site.write("more/x.png", "second");

    let ran = site.run(COLLECT).done();

    let made = LastGood::of(&site).new_paths();
    assert_eq!(made["x.png"], format!("x.{}.png", hash(b"first")));
    assert!(ran.out.contains("1 skipped due to conflict"), "{}", ran.out);
}

fn write_all(site: &Site, files: &[(&str, &[u8])]) {
    for (name, content) in files {
        site.write(&format!("assets/{name}"), content);
    }
}
