//! Input that nobody writes by hand: an error, never a panic or a full stack.

use proptest::prelude::{ProptestConfig, any, proptest};

use super::*;

#[test]
fn a_file_that_no_one_writes_by_hand_is_refused() {
    let brackets = "[".repeat(10_000);
    for (case, file) in [
        ("10 MB", "# \n".repeat(10 * 1024 * 1024 / 3)),
        ("deep array", format!("STATICFILES_DIRS = {brackets}")),
        (
            "closed deep array",
            format!("STATICFILES_DIRS = {brackets}{}", "]".repeat(10_000)),
        ),
        ("deep keys", format!("a{} = 1", ".a".repeat(10_000))),
        ("deep table", format!("[a{}]", ".a".repeat(10_000))),
        (
            "deep inline tables",
            format!("STORAGES = {}1", "{a=".repeat(10_000)),
        ),
    ] {
        let message = message_of_file(&file);

        assert!(message.contains("storehouse.toml"), "{case}: {message}");
        assert!(message.len() < 500, "{case}: {message}");
    }
}

#[test]
fn a_deep_value_on_the_command_line_is_refused() {
    let set = format!("STATICFILES_DIRS={}", "[".repeat(10_000));

    assert!(message_of_set(&set).starts_with("--set STATICFILES_DIRS: expected"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_settings_file_makes_the_loader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("storehouse.toml"), bytes).unwrap();

        let _ = Settings::load(&sources(&folder), &fake::registry());
    }

    #[test]
    fn no_line_of_toml_makes_the_loader_panic(
        key in "(DEBUG|STORAGES|STORAGES\\.a|STORAGES\\.a\\.OPTIONS|environments|environments\\.a|FAKE_MODE|[a-z.]{1,9})",
        value in "([0-9_xo.e+-]{1,9}|['\"]{1,2}[a-zé:?&=%]{0,9}['\"]{1,2}|[\\[\\]{}=,1a ]{1,12})",
    ) {
        let folder = folder_with(&format!("{key} = {value}\n"));
        let _ = Settings::load(&sources(&folder), &fake::registry());

        let set = Sources::new("/nowhere").with_set(format!("{key}={value}"));
        let _ = Settings::load(&set, &fake::registry());
    }
}
