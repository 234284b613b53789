//! The matchers against Django's own regular expressions, on random texts made of what the patterns
//! are made of.
//!
//! The expressions are those of `django/contrib/staticfiles/storage.py`, 6.1, but for what the two
//! engines differ in: see `regex` below.

use std::{ops::Range, sync::LazyLock};

use proptest::prelude::*;
use regex::{Captures, Regex};

use super::*;

/// One of Django's patterns.
struct Original {
    regex: Regex,
    /// What a match becomes, with `{clause}` and `{url}`.
    template: &'static str,
}

/// `HashedFilesMixin.patterns` of `*.css`.
static CSS: LazyLock<Vec<Original>> = LazyLock::new(|| {
    vec![
        original(
            // `url\((?P<quote>['"]{0,1})\s*(?P<url>.*?)(?P=quote)\)`, each quote for itself: there
            // are no references to groups here.
            r#"url\((?:'\s*(?P<url>.*?)'|"\s*(?P<url2>.*?)"|\s*(?P<url3>.*?))\)"#,
            r#"url("{url}")"#,
        ),
        original(
            r#"@import\s*["']\s*(?P<url>.*?)["']"#,
            r#"@import url("{url}")"#,
        ),
        original(
            r"(?m)^/\*#[ \t](?-i:sourceMappingURL)=(?P<url>.*)[ \t]*\*/$",
            "/*# sourceMappingURL={url} */",
        ),
    ]
});

/// `HashedFilesMixin.patterns` of `*.js`, then `_js_module_import_aggregation_patterns`.
static JS: LazyLock<Vec<Original>> = LazyLock::new(|| {
    vec![
        original(
            r"(?m)^//# (?-i:sourceMappingURL)=(?P<url>.*)$",
            "//# sourceMappingURL={url}",
        ),
        original(
            r#"import(?P<clause>[\s\{][^;]*?|\*\s*as\s*\w+)\s*from\s*['"](?P<url>[./].*?)["']"#,
            r#"import{clause} from "{url}""#,
        ),
        original(
            r#"export(?P<clause>[\s\{][^;]*?)\s*from\s*["'](?P<url>[./].*?)["']"#,
            r#"export{clause} from "{url}""#,
        ),
        original(r#"import\s*['"](?P<url>[./].*?)["']"#, r#"import"{url}""#),
        original(
            r#"import\(["'](?P<url>[./].*?)["']\)"#,
            r#"import("{url}")"#,
        ),
    ]
});

/// `_css_ignored_re`
static CSS_IGNORED: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?s)/\*.*?\*/|\\.|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*""#));

/// `_js_ignored_re`
static JS_IGNORED: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(?s)/\*.*?\*/|//[^\n]*|\\.|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`"#)
});

fn original(python: &str, template: &'static str) -> Original {
    Original {
        regex: regex(&format!("(?i){python}")),
        template,
    }
}

/// A regular expression of Python's `re`, with Python's classes of characters, and the letters that
/// Python takes for an `i` where case does not count.
fn regex(python: &str) -> Regex {
    let rust = python
        .replace(r"\s", r"[\s\x1C-\x1F]")
        .replace(r"\w", r"[\p{L}\p{N}_]")
        .replace("import", "[i\u{130}\u{131}]mport");
    Regex::new(&rust).unwrap()
}

/// Returns Django's patterns and ignored blocks.
fn originals(language: Language) -> (&'static [Original], &'static Regex) {
    match language {
        Language::Css => (&CSS, &CSS_IGNORED),
        Language::Js => (&JS[..1], &JS_IGNORED),
        Language::JsModules => (&JS, &JS_IGNORED),
    }
}

fn matched(found: &Captures<'_>) -> Match {
    let range = |name| found.name(name).map(|group| group.range());
    let urls = ["url", "url2", "url3"];
    Match {
        whole: found.get_match().range(),
        url: urls.into_iter().find_map(range).unwrap(),
        clause: range("clause").unwrap_or(0..0),
    }
}

/// `HashedFilesMixin.is_in_ignored_block`
fn is_in_ignored_block(at: usize, blocks: &[Range<usize>]) -> bool {
    for block in blocks {
        if block.start < at && at < block.end {
            return true;
        }
        if at < block.start {
            return false;
        }
    }
    false
}

/// What Django makes of a text, with the references that it converts.
fn djangos_rewrite(
    text: &str,
    language: Language,
    convert: fn(&str) -> Option<String>,
) -> (String, Vec<(String, String, usize)>) {
    let (patterns, ignored) = originals(language);
    let mut text = text.to_owned();
    let mut references = Vec::new();
    for Original { regex, template } in patterns {
        let blocks: Vec<Range<usize>> = ignored
            .find_iter(&text)
            .map(|block| block.range())
            .collect();
        let rewritten = regex.replace_all(&text, |captures: &Captures<'_>| {
            let found = matched(captures);
            let whole = &text[found.whole.clone()];
            if is_in_ignored_block(found.whole.start, &blocks) {
                return whole.to_owned();
            }
            let url = &text[found.url];
            let line = text[..found.whole.start].matches('\n').count() + 1;
            references.push((whole.to_owned(), url.to_owned(), line));
            match convert(url) {
                Some(url) => template
                    .replace("{url}", &url)
                    .replace("{clause}", &text[found.clause]),
                None => whole.to_owned(),
            }
        });
        text = rewritten.into_owned();
    }
    (text, references)
}

/// Changes most URLs, so that they can still be matched, and begin or end what a pattern looks for.
fn converted(url: &str) -> Option<String> {
    match url.len() % 4 {
        0 => None,
        1 => Some(format!("./H{url}")),
        2 => Some(url.to_uppercase()),
        _ => Some(url.chars().rev().collect()),
    }
}

/// What texts are made of, with `¦` between.
const PIECES: &[&str] = &[
    // References.
    "url(a.png)¦url('b')¦url(\"c\")¦@import 'd';¦@import\"./e\"¦import {f} from './g';¦import './h'",
    "import('./i')¦import * as j from \"./k\"¦export {l} from '../m'",
    "\n//# sourceMappingURL=n\n¦\n/*# sourceMappingURL=o */\n",
    // Their parts.
    "url(¦URL(¦Url('¦url(\"¦url¦@import¦@IMPORT¦@¦(¦)¦')¦\")¦{¦}¦;",
    "import¦import ¦import{¦import*¦import(¦import'¦import*as x¦\u{131}mport¦\u{130}MPORT¦mport",
    "export¦export ¦export{¦from¦from './¦from'./n'¦ from\"/¦fro¦* as ¦*as x¦ as ¦a\u{17f} ",
    "//# sourceMappingURL=¦/*# sourceMappingURL=¦/*#\tsourceMappingURL=¦#¦# ",
    "sourceMappingURL=¦sourcemappingurl=¦'./¦\"/¦./¦/¦.",
    // Blocks.
    "'¦\"¦`¦\\¦\\'¦\\\"¦\\`¦\\\n¦\\\\¦/*¦*/¦*¦//¦${",
    // White space, and what is none.
    " ¦  ¦\t¦\n¦\r¦\r\n¦\u{b}¦\u{c}¦\u{1c}¦\u{1f}¦\u{85}¦\u{a0}¦\u{2003}¦\u{2028}¦\u{3000}",
    "\u{200b}¦\u{feff}¦\0",
    // Letters and marks.
    "a¦x¦m¦_¦é¦\u{301}¦²¦\u{212a}¦\u{660}¦漢¦😀¦ß",
];

fn texts() -> impl Strategy<Value = String> {
    let pieces = PIECES.iter().flat_map(|pieces| pieces.split('¦'));
    let piece = prop::sample::select(pieces.collect::<Vec<_>>());
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_pattern_matches_where_djangos_expression_does(text in texts()) {
        for language in [Language::Css, Language::JsModules] {
            let (patterns, _) = originals(language);
            prop_assert_eq!(patterns.len(), language.patterns().len());
            for (pattern, original) in language.patterns().iter().zip(patterns) {
                let expected: Vec<Match> =
                    original.regex.captures_iter(&text).map(|found| matched(&found)).collect();

                prop_assert_eq!((pattern.find)(&text), expected, "{}", original.regex);
            }
        }
    }

    #[test]
    fn a_place_is_ignored_where_django_ignores_it(text in texts()) {
        for language in [Language::Css, Language::JsModules] {
            let (_, ignored) = originals(language);
            let expected: Vec<Range<usize>> =
                ignored.find_iter(&text).map(|block| block.range()).collect();

            let blocks = (language.patterns()[0].ignored)(&text);

            for at in 0..=text.len() {
                prop_assert_eq!(blocks.hold(at), is_in_ignored_block(at, &expected), "{}", at);
            }
        }
    }

    #[test]
    fn a_text_is_rewritten_as_django_does(text in texts()) {
        for language in [Language::Css, Language::Js, Language::JsModules] {
            let mut references = Vec::new();

            let rewritten = rewrite(&text, language, &mut |found| {
                references.push((found.text.to_owned(), found.url.to_owned(), found.line));
                converted(found.url)
            });

            let expected = djangos_rewrite(&text, language, converted);
            prop_assert_eq!((rewritten.into_owned(), references), expected);
        }
    }
}
