//! The matchers against answers of Django 6.1's own patterns, and what holds for every text.

use proptest::prelude::*;

use super::*;

/// All references, and the text with each URL in upper case.
fn marked(text: &str, language: Language) -> (Vec<String>, String) {
    let mut urls = Vec::new();
    let rewritten = rewrite(text, language, &mut |reference| {
        urls.push(reference.url.to_owned());
        Some(reference.url.to_ascii_uppercase())
    });
    (urls, rewritten.into_owned())
}

#[test]
fn a_css_reference_is_found_whatever_surrounds_it() {
    for (case, css, expected) in [
        ("no quotes", "a{b:url(a.png)}", "a{b:url(\"A.PNG\")}"),
        (
            "quotes",
            "url('a.png')url(\"a.png\")",
            "url(\"A.PNG\")url(\"A.PNG\")",
        ),
        ("a blank first", "url( a.png )", "url(\"A.PNG \")"),
        ("a blank before the quote", "url( 'a' )", "url(\"'A' \")"),
        ("quotes that differ", "url(\"a.png')", "url(\"\"A.PNG'\")"),
        (
            "a parenthesis in quotes",
            "url('a(1).png')",
            "url(\"A(1).PNG\")",
        ),
        ("any case, inside a word", "myURL(a)", "myurl(\"A\")"),
        ("a line end first", "url(\n a)", "url(\"A\")"),
        ("a line end last", "url(a\n)", "url(a\n)"),
        ("import", "@import 'a.css';", "@import url(\"A.CSS\");"),
        (
            "import, folded",
            "@\u{131}mPort\u{a0}\" a'",
            "@import url(\"A\")",
        ),
        ("comment", "/* url(a) */ url(b)", "/* url(a) */ url(\"B\")"),
        (
            "string",
            "'url(a)' \"@import 'a'\"",
            "'url(a)' \"@import 'a'\"",
        ),
        ("escape", "\\url(a)", "\\url(a)"),
        (
            "source map",
            "a\n/*# sourceMappingURL=b */\n",
            "a\n/*# sourceMappingURL=B  */\n",
        ),
        (
            "source map, CR LF",
            "/*# sourceMappingURL=b */\r\n",
            "/*# sourceMappingURL=b */\r\n",
        ),
        (
            "source map after a TAB",
            "/*#\tsourceMappingURL=b*/",
            "/*# sourceMappingURL=B */",
        ),
        (
            "source map, other case",
            "/*# sourcemappingURL=b */",
            "/*# sourcemappingURL=b */",
        ),
        (
            "source map in a comment",
            "/* \n/*# sourceMappingURL=b */",
            "/* \n/*# sourceMappingURL=b */",
        ),
    ] {
        assert_eq!(marked(css, Language::Css).1, expected, "{case}");
    }
}

#[test]
fn a_js_reference_is_found_only_where_djangos_patterns_find_one() {
    for (case, js, expected) in [
        (
            "source map",
            "//# sourceMappingURL=a\r\nb",
            "//# sourceMappingURL=A\r\nb",
        ),
        (
            "source map, indented",
            " //# sourceMappingURL=a",
            " //# sourceMappingURL=a",
        ),
        (
            "import",
            "import x from './n.js';",
            "import x from \"./N.JS\";",
        ),
        (
            "nothing imported",
            "import from './n.js'",
            "import  from \"./N.JS\"",
        ),
        (
            "over lines",
            "import {a,\n b} from\n\"./n\"",
            "import {a,\n b} from \"./N\"",
        ),
        ("bare", "import x from 'react'", "import x from 'react'"),
        (
            "past a bare one",
            "import a from 'b'\nimport c from './d'",
            "import a from 'b'\nimport c from \"./D\"",
        ),
        (
            "not past a semicolon",
            "import a; b from './c'",
            "import a; b from './c'",
        ),
    ] {
        assert_eq!(marked(js, Language::JsModules).1, expected, "{case}");
    }
}

#[test]
fn other_imports_and_exports_are_found_only_where_djangos_patterns_find_one() {
    for (case, js, expected) in [
        (
            "namespace",
            "import*as a from './n'",
            "import*as a from \"./N\"",
        ),
        (
            "namespace, name ends in from",
            "import*as xfrom'./n'",
            "import*as x from \"./N\"",
        ),
        (
            "namespace with a blank",
            "import * as a from './n'",
            "import * as a from \"./N\"",
        ),
        ("export", "export {a}from'./n'", "export {a} from \"./N\""),
        (
            "export star without a blank",
            "export*from './n'",
            "export*from './n'",
        ),
        ("side effect", "IMPORT  './n'", "import\"./N\""),
        (
            "dynamic",
            "import('./n')import( './n' )",
            "import(\"./N\")import( './n' )",
        ),
        ("line comment", "// import './n'\n", "// import './n'\n"),
        ("template literal", "`\nimport './n'`", "`\nimport './n'`"),
        ("method", "foo.import('./n')", "foo.import(\"./N\")"),
    ] {
        assert_eq!(marked(js, Language::JsModules).1, expected, "{case}");
    }
    assert_eq!(marked("import './n'", Language::Js).1, "import './n'");
}

#[test]
fn a_reference_knows_its_line() {
    let mut lines = Vec::new();

    rewrite("\nurl(a)\r\n\nurl(b) url(c)", Language::Css, &mut |found| {
        lines.push(found.line);
        None
    });

    assert_eq!(lines, [2, 4, 4]);
}

#[test]
fn a_text_of_nothing_but_starts_takes_linear_time() {
    for language in [Language::Css, Language::JsModules] {
        for piece in [
            "url(",
            "url('",
            "url( ",
            "@import '",
            "@import",
            "/*",
            "'",
            "\"",
            "`",
            "\\",
            "//",
            "'\\\n",
            "import{",
            "import ",
            "import*as a",
            "export{",
            "from'./",
            "import'./",
            "import('./",
            "/*# sourceMappingURL=",
            "import{};from'./a'",
        ] {
            let text = piece.repeat(1_000_000 / piece.len());

            // In quadratic time this would not end.
            rewrite(&text, language, &mut |_| None);
        }
    }
}

/// Texts made of what the patterns are made of.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "url(",
        "URL(",
        ")",
        "'",
        "\"",
        "`",
        "\\",
        "/*",
        "*/",
        "//",
        "\n",
        "\r",
        " ",
        "\t",
        "a",
        ".",
        "/",
        "@import",
        "@\u{131}mport",
        "import",
        "export",
        "from",
        "{",
        "}",
        ";",
        "*",
        " as ",
        "x",
        "#",
        "# sourceMappingURL=",
        "é",
        "\u{a0}",
        "./n",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_not_converted_stays_byte_for_byte(text in texts()) {
        for language in [Language::Css, Language::JsModules] {
            prop_assert_eq!(&*rewrite(&text, language, &mut |_| None), &text);
        }
    }

    #[test]
    fn any_text_can_be_rewritten(text in any::<String>()) {
        marked(&text, Language::Css);
        marked(&text, Language::JsModules);
    }
}
