//! Lists of cases that are numbered, so that one that is left out shows. Letters behind a number are more
//! of the same: `H16b` stands beside `H16`.

/// Asserts that each number up to `count` is in the list, or among those that are shown elsewhere.
#[track_caller]
pub(crate) fn assert_no_gap<'a>(
    ids: impl IntoIterator<Item = &'a str>,
    letter: char,
    count: u32,
    elsewhere: &[&str],
) {
    let ids = ids.into_iter();
    let ids: Vec<&str> = ids
        .map(|id| id.trim_end_matches(|end: char| end.is_ascii_lowercase()))
        .collect();
    for number in 1..=count {
        let id = format!("{letter}{number}");
        let is_here = ids.contains(&id.as_str());
        assert!(is_here != elsewhere.contains(&id.as_str()), "{id}");
    }
}
