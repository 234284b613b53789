//! Django's rules for names as tables, and what no input may ever do.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::new(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Gives out `count` candidates for a name.
fn candidates(text: &str, max_length: Option<usize>, count: usize) -> Vec<String> {
    let mut candidates = Candidates::new(name(text), max_length);
    let mut next = || candidates.next_name().unwrap().to_string();
    (0..count).map(|_| next()).collect()
}

/// `text` with seven `X` where seven letters or digits follow the last `_`.
fn masked(text: &str) -> String {
    let Some((root, rest)) = text.rsplit_once('_') else {
        return text.to_owned();
    };
    match rest.split_at_checked(7) {
        Some((random, rest)) if random.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            format!("{root}_XXXXXXX{rest}")
        }
        _ => text.to_owned(),
    }
}

#[test]
fn a_name_has_one_form() {
    for (case, text, expected) in [
        ("plain", "a/b.txt", "a/b.txt"),
        ("backslash", r"a\b", "a/b"),
        ("doubled slash", "a//b", "a/b"),
        ("many slashes", "a////b///c", "a/b/c"),
        ("leading dot part", "./a", "a"),
        ("dot part", "a/./b", "a/b"),
        ("all of it", r".\a/.//.\b", "a/b"),
        ("Windows path, as Django on Linux", r"C:\x", "C:/x"),
    ] {
        assert_eq!(name(text).as_str(), expected, "{case}");
    }
}

#[test]
fn what_no_rule_forbids_stays_byte_for_byte() {
    for (case, text) in [
        ("percent-encoded dots", "%2e%2e/x"),
        ("full-width dots", "．．/x"),
        ("right-to-left override", "a\u{202e}gnp.exe"),
        ("line break", "a\nb"),
        ("escape sequence", "\u{1b}[2J"),
        ("composed", "caf\u{e9}"),
        ("decomposed", "cafe\u{301}"),
        ("device of Windows", "CON"),
        ("device with extension", "NUL.txt"),
        ("blanks around it", " a "),
        ("blank part", "a/ /b"),
        ("trailing dot", "a."),
        ("three dots", "..."),
        ("dots inside", "a..b"),
        ("dots before", "..a/b"),
        ("dots after", "a../b"),
        ("tilde", "~/a"),
        ("pattern", "a*?[b]"),
        ("part of 255 bytes", &"p".repeat(255)),
        ("part of 256 bytes", &"p".repeat(256)),
        ("4,095 bytes", &"p".repeat(4095)),
    ] {
        assert_eq!(name(text).as_str(), text, "{case}");
    }
}

#[test]
fn a_name_that_is_no_file_below_the_storage_is_refused() {
    for (case, text) in [
        ("empty", ""),
        ("dot", "."),
        ("two dots", ".."),
        ("ends in a folder", "a/"),
        ("ends in a backslash", r"a\"),
        ("ends in a dot part", "a/."),
        ("ends in two dots", "a/.."),
        ("climbs at the start", "../x"),
        ("climbs over the start", "a/../../x"),
        ("climbs and comes back", "a/../x"),
        ("climbs by backslash", r"..\x"),
        ("climbs in the middle by backslash", r"a\..\x"),
        ("climbs after a dot part", "./../x"),
        ("absolute", "/etc/x"),
        ("absolute, two slashes", "//srv/x"),
        ("absolute by backslash", r"\x"),
        ("absolute by two backslashes", r"\\srv\x"),
        ("only slashes", "///"),
        ("NUL", "x\0y"),
        ("NUL before the extension", "x\0.png"),
        ("NUL in a folder", "a\0/b"),
        ("4,096 bytes", &"p".repeat(4096)),
    ] {
        let error = Name::new(text).expect_err(case);

        assert_eq!(error.kind(), ErrorKind::InvalidName, "{case}");
    }
}

#[test]
fn a_refusal_shows_the_name_with_escapes() {
    let error = Name::new("../\n[ERROR] fake").unwrap_err();

    let message = error.to_string();
    assert_eq!(message, r#""../\n[ERROR] fake": it climbs out with `..`"#);
}

#[test]
fn a_hundred_thousand_characters_are_refused_at_once() {
    let long = "../".repeat(33_334);

    let timed = || {
        let started = Instant::now();
        (Name::new(&long).unwrap_err(), started.elapsed())
    };
    // The best of some: a busy machine may stop any one of them.
    let tries = (0..10).map(|_| timed());
    let (error, time) = tries.min_by_key(|(_, time)| *time).unwrap();

    assert!(time < Duration::from_millis(1), "{time:?}");
    assert_eq!(error.kind(), ErrorKind::InvalidName);
    assert!(
        error.to_string().len() < 200,
        "the message repeats the name"
    );
}

#[test]
fn the_parts_of_a_name_are_those_between_slashes() {
    let (deep, flat) = (name("a/b/c.txt"), name("c.txt"));

    assert_eq!(deep.file_name(), "c.txt");
    assert_eq!(deep.parent(), Some(name("a/b")));
    assert_eq!(deep.parts().collect::<Vec<_>>(), ["a", "b", "c.txt"]);
    assert_eq!(flat.file_name(), "c.txt");
    assert_eq!(flat.parent(), None);
}

#[test]
fn only_a_whole_folder_is_stripped() {
    for (text, folder, expected) in [
        ("a/b.txt", "a", Some("b.txt")),
        ("a/b/c.txt", "a", Some("b/c.txt")),
        ("a/b/c.txt", "a/b", Some("c.txt")),
        ("ab/c.txt", "a", None),
        ("a", "a", None),
        ("b/a/c.txt", "a", None),
    ] {
        let rest = name(text).strip_folder(&name(folder));

        assert_eq!(
            rest.as_ref().map(Name::as_str),
            expected,
            "{text:?} in {folder:?}"
        );
    }
}

#[test]
fn names_joined_beyond_the_limit_are_refused() {
    let half = name(&"p".repeat(2047));

    assert_eq!(half.join(&half).unwrap().as_str().len(), 4095);
    assert!(half.join(&name(&"p".repeat(2048))).is_err());
}

/// Django's `get_valid_filename`; the cases of its `test_get_valid_filename`, and those of
/// Python's `\w` and `str.strip`.
#[test]
fn a_valid_name_has_only_word_characters_dashes_and_dots() {
    for (case, text, expected) in [
        ("Django's", "^&'@{}[],$=!-#()%+~_123.txt", "-_123.txt"),
        ("blanks", "  x  y ", "x__y"),
        ("blanks of Unicode around it", "\u{2003}x\u{a0}", "x"),
        ("information separators around it", "\u{1c}x\u{1f}", "x"),
        ("separators and blanks around it", "\u{1c} x \u{1f}", "x"),
        ("blanks of Unicode inside", "a\u{2003}b\u{a0}c", "abc"),
        ("tab inside", "a\tb", "ab"),
        ("slash", "a/b", "ab"),
        ("backslash", r"a\b", "ab"),
        ("sign", "é⊗.png", "é.png"),
        ("combining mark", "a\u{301}", "a"),
        ("joiner", "a\u{200d}b", "ab"),
        ("numbers that are no digits", "²½ⅷ", "²½ⅷ"),
        ("digits of other scripts", "٣३", "٣३"),
        ("letters of other scripts", "фото图片ﬁ", "фото图片ﬁ"),
        ("letter that modifies", "aʰ", "aʰ"),
        ("connector that is no underscore", "a‿b", "ab"),
        ("three dots", "...", "..."),
    ] {
        let valid = get_valid_name(text);

        assert_eq!(valid.ok().as_deref(), Some(expected), "{case}");
    }
}

#[test]
fn a_text_that_leaves_no_name_is_refused() {
    for text in ["", "   ", ".", "..", "???", "$.$.$", "$.", "⊗", "ⓐ", "//"] {
        let error = get_valid_name(text).expect_err(text);

        assert_eq!(error.kind(), ErrorKind::InvalidName, "{text:?}");
    }
}

#[test]
fn the_name_of_an_upload_keeps_its_folder_and_cleans_its_last_part() {
    for (text, expected) in [
        ("my cat.jpg", "my_cat.jpg"),
        ("photos/my cat.jpg", "photos/my_cat.jpg"),
        ("my photos/cat.jpg", "my photos/cat.jpg"),
        ("path/to/test.file", "path/to/test.file"),
        (r"path\to\test.file", "path/to/test.file"),
        ("./test.file", "test.file"),
        ("a//b/./test file", "a/b/test_file"),
        ("photos/<cat>.jpg", "photos/cat.jpg"),
    ] {
        assert_eq!(
            generate_filename(text).unwrap().as_str(),
            expected,
            "{text:?}"
        );
    }
}

#[test]
fn an_upload_cannot_climb_or_be_nameless() {
    for text in [
        "",
        ".",
        "..",
        "photos/",
        "photos/..",
        "photos/???",
        "../cat.jpg",
        r"..\cat.jpg",
        "photos/../cat.jpg",
        "/cat.jpg",
        "/photos/cat.jpg",
        r"\cat.jpg",
        "//srv/cat.jpg",
    ] {
        let error = generate_filename(text).expect_err(text);

        assert_eq!(error.kind(), ErrorKind::InvalidName, "{text:?}");
    }
}

#[test]
fn a_candidate_has_its_suffix_before_all_extensions() {
    for (text, expected) in [
        ("a.txt", "a_XXXXXXX.txt"),
        ("dir/a.txt", "dir/a_XXXXXXX.txt"),
        ("a.tar.gz", "a_XXXXXXX.tar.gz"),
        ("a", "a_XXXXXXX"),
        (".bashrc", ".bashrc_XXXXXXX"),
        (".bashrc.bak", ".bashrc_XXXXXXX.bak"),
        ("..a", "..a_XXXXXXX"),
        ("a.b.", "a.b._XXXXXXX"),
        ("a..b", "a_XXXXXXX..b"),
        ("...", "..._XXXXXXX"),
        ("dir.d/a", "dir.d/a_XXXXXXX"),
        ("a_b.txt", "a_b_XXXXXXX.txt"),
        ("é.⊗", "é_XXXXXXX.⊗"),
    ] {
        let given = candidates(text, None, 3);

        assert_eq!(given[0], text, "the first candidate is the name itself");
        assert_eq!(masked(&given[1]), expected);
        assert_eq!(
            masked(&given[2]),
            expected,
            "a suffix is not added to a suffix"
        );
        assert_ne!(given[1], given[2], "two suffixes are the same");
    }
}

/// Answers of Django 6.1's `get_available_name(name, max_length)` where the name is taken.
#[test]
fn the_root_is_cut_until_a_candidate_fits() {
    for (text, max_length, expected) in [
        ("a.txt", 15, "a_XXXXXXX.txt"),
        ("a.txt", 13, "a_XXXXXXX.txt"),
        ("dir/long_name.tar.gz", 20, "dir/l_XXXXXXX.tar.gz"),
        ("abcdefghij.txt", 14, "ab_XXXXXXX.txt"),
        ("ééééé.txt", 14, "éé_XXXXXXX.txt"),
    ] {
        let taken = candidates(text, Some(max_length), 4);

        for candidate in &taken[1..] {
            assert_eq!(
                masked(candidate),
                expected,
                "{text:?}, at most {max_length}"
            );
        }
    }
}

#[test]
fn a_free_name_that_fits_is_given_as_it_is() {
    for (text, max_length) in [("abc.txt", 7), ("abc.txt", 100), ("ééé.txt", 7)] {
        assert_eq!(candidates(text, Some(max_length), 1), [text]);
    }
}

#[test]
fn a_name_that_is_too_long_counts_as_taken() {
    let given = candidates("abcdefghijkl.txt", Some(15), 2);

    assert_eq!(masked(&given[0]), "abc_XXXXXXX.txt");
    assert_eq!(masked(&given[1]), "abc_XXXXXXX.txt", "the cut stays");
}

#[test]
fn a_root_that_would_be_empty_is_refused() {
    for (text, max_length) in [
        ("a.txt", 12),
        ("abcdefgh.txt", 11),
        ("dir/long_name.tar.gz", 19),
        ("a.txt", 0),
    ] {
        let mut candidates = Candidates::new(name(text), Some(max_length));
        let error = (0..2).find_map(|_| candidates.next_name().err());

        let error = error.unwrap_or_else(|| panic!("{text:?}, at most {max_length}"));
        assert_eq!(error.kind(), ErrorKind::InvalidName);
        let message = error.to_string();
        assert!(
            message.contains("can not find an available file name"),
            "{message}"
        );
    }
}

#[test]
fn the_root_is_cut_for_what_a_storage_takes() {
    for (text, max_name, max_part, expected) in [
        ("abcdefghij.txt", 1024, 255, "abcdefghij_*.txt"),
        ("abcdefghij.txt", 1024, 14, "ab_*.txt"),
        ("abcdefghij.txt", 14, 255, "ab_*.txt"),
        ("folder/abcdefghij.txt", 20, 255, "folder/a_*.txt"),
        ("folder/abcdefghij.tar.gz", 1024, 18, "folder/abc_*.tar.gz"),
        // Whole characters stay: two bytes each.
        ("éééé.txt", 1024, 17, "éé_*.txt"),
    ] {
        let capabilities = Capabilities {
            max_name_bytes: max_name,
            max_part_bytes: max_part,
            ..Capabilities::default()
        };
        let mut candidates = Candidates::new(name(text), None).within(&capabilities);

        let first = candidates.next_name().unwrap();
        assert_eq!(first.as_str(), text);
        for _ in 0..3 {
            let next = candidates.next_name().unwrap();
            let (root, extension) = expected.split_once('*').unwrap();
            let middle = next.as_str().strip_prefix(root).unwrap_or_default();
            let middle = middle.strip_suffix(extension).unwrap_or_default();
            assert_eq!(middle.len(), 7, "{text}: {next}");
        }
    }
}

#[test]
fn a_root_of_which_nothing_would_be_left_is_refused() {
    let capabilities = Capabilities {
        max_part_bytes: 12,
        ..Capabilities::default()
    };
    let mut candidates = Candidates::new(name("abcdefgh.txt"), None).within(&capabilities);

    assert!(candidates.next_name().is_ok());
    assert!(candidates.next_name().is_err());
}

#[test]
fn a_candidate_beyond_the_longest_name_is_refused() {
    let mut candidates = Candidates::new(name(&"p".repeat(4095)), None);

    assert!(candidates.next_name().is_ok());
    assert!(candidates.next_name().is_err());
}

/// Answers of Django 6.1's `FileSystemStorage(allow_overwrite=True).get_available_name`.
#[test]
fn a_name_that_may_overwrite_is_only_cut() {
    for (text, max_length, expected) in [
        ("abcdefgh.txt", 8, Some("abcd.txt")),
        ("abcdefgh.txt", 12, Some("abcdefgh.txt")),
        ("dir/abcdefgh.tar.gz", 12, Some("dir/a.tar.gz")),
        ("test_longname.txt", 10, Some("test_l.txt")),
        ("ééé.txt", 6, Some("éé.txt")),
        ("a.txt", 4, None),
        ("dir/a", 4, None),
    ] {
        let shortened = name(text).shortened(max_length);

        let found = shortened.as_ref().ok().map(Name::as_str);
        assert_eq!(found, expected, "{text:?}, at most {max_length}");
    }
}

#[test]
fn a_target_below_a_folder_counts_the_length_without_it() {
    let folder = name("tenants/7");
    let wanted = Candidates::new(name("abcdefghij.txt"), Some(14));

    let target = Target::FirstFree(wanted).below(&folder).unwrap();
    let target = target.below(&name("outer")).unwrap();

    assert_eq!(target.name(), name("outer/tenants/7/abcdefghij.txt"));
    let Target::FirstFree(mut candidates) = target else {
        panic!("it is another kind of target");
    };
    let first = candidates.next_name().unwrap();
    let second = candidates.next_name().unwrap();
    assert_eq!(first.as_str(), "outer/tenants/7/abcdefghij.txt");
    assert_eq!(masked(second.as_str()), "outer/tenants/7/ab_XXXXXXX.txt");
}

#[test]
fn every_letter_of_the_alphabet_is_used_about_equally() {
    let mut counts = [0_u32; 128];
    let all: String = (0..2000).map(|_| random_text().unwrap()).collect();
    for letter in all.bytes() {
        counts[usize::from(letter)] += 1;
    }

    let used: Vec<u32> = counts.into_iter().filter(|&count| count > 0).collect();
    assert_eq!(used.len(), 62);
    // 14,000 letters: 226 of each, and 15 is one standard deviation.
    assert!(
        used.iter().all(|count| (120..340).contains(count)),
        "{used:?}"
    );
}

proptest! {
    #[test]
    fn a_name_is_relative_and_never_climbs(text in any::<String>()) {
        if let Ok(name) = Name::new(&text) {
            prop_assert!(!name.as_str().starts_with('/'));
            prop_assert!(!name.as_str().contains(['\\', '\0']));
            prop_assert!(name.parts().all(|part| !matches!(part, "" | "." | "..")));
        }
    }

    #[test]
    fn a_name_of_slashes_and_dots_is_relative_and_never_climbs(text in r"[a./\\]{0,12}") {
        if let Ok(name) = Name::new(&text) {
            prop_assert!(!name.as_str().starts_with('/'));
            prop_assert!(name.parts().all(|part| !matches!(part, "" | "." | "..")));
            prop_assert!(!text.replace('\\', "/").split('/').any(|part| part == ".."));
        }
    }

    #[test]
    fn a_name_stays_itself(text in r"[ab. /\\é%]{1,16}") {
        if let Ok(name) = Name::new(&text) {
            prop_assert_eq!(Name::new(name.as_str()).unwrap(), name);
        }
    }

    #[test]
    fn a_valid_name_is_a_name_and_stays_itself(text in any::<String>()) {
        if let Ok(valid) = get_valid_name(&text) {
            prop_assert_eq!(get_valid_name(&valid).unwrap(), valid.clone());
            prop_assert!(text.len() > 4095 || Name::new(&valid).unwrap().parts().count() == 1);
        }
    }

    #[test]
    fn a_candidate_is_valid_fits_and_keeps_folder_and_extension(
        folder in "([a-z]{1,5}/){0,2}",
        root in "[a-zé]{1,20}",
        extension in r"(\.[a-z]{1,4}){0,2}",
        max_length in 1..40_usize,
    ) {
        let wanted = format!("{folder}{root}{extension}");
        let mut candidates = Candidates::new(name(&wanted), Some(max_length));
        for _ in 0..3 {
            let Ok(candidate) = candidates.next_name() else { break };
            let text = candidate.as_str();
            prop_assert_eq!(&Name::new(text).unwrap(), &candidate);
            prop_assert!(text.chars().count() <= max_length);
            prop_assert!(text.starts_with(&folder) && text.ends_with(&extension));
        }
    }
}
