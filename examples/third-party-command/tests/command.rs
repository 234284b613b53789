//! The driver from outside, chosen by a string in the settings.

use std::{fs, process::Command};

#[test]
fn a_settings_string_chooses_the_driver_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("storehouse.toml"),
        "DEFAULT_FILE_STORAGE = \"flat:files\"\n",
    )
    .unwrap();
    fs::write(folder.path().join("a.txt"), "content").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_third-party-command"));
        let output = command
            .args(arguments)
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };

    assert_eq!(run(&["save", "a.txt", "deep/name.txt"]), "deep/name.txt\n");
    assert_eq!(run(&["list"]), "deep/name.txt\n");
    assert_eq!(run(&["open", "deep/name.txt"]), "content");

    // Its options are as strict as those of the drivers that come with the command.
    let mut command = Command::new(env!("CARGO_BIN_EXE_third-party-command"));
    let unknown = command
        .args(["list", "--storage", "flat:files?locatoin=x"])
        .output()
        .unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&unknown.stderr).contains("location"),
        "{unknown:?}"
    );
}
