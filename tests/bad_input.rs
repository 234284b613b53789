//! Settings and arguments that are wrong: one message that says what, where and what to do.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink},
};

use crate::site::{Ran, Site};

#[test]
fn a_setting_of_the_wrong_type_is_named_with_its_place() {
    let site = Site::new("STATIC_URL = \"/static/\"\nSTATICFILES_DIRS = 5\n");

    let ran = site.run(&["settings"]).failed(1);

    ran.tells(&["storehouse.toml:2", "STATICFILES_DIRS", "integer"]);
}

#[test]
fn an_unknown_setting_is_an_error_with_the_nearest_known() {
    let site = Site::new("STATIC_URL = \"/static/\"\nSTATIC_ROT = \"out\"\n");

    let ran = site.run(&["settings"]).failed(1);

    ran.tells(&["storehouse.toml:2", "STATIC_ROOT"]);
}

#[test]
fn a_syntax_error_is_told_with_line_and_column() {
    let ran = Site::new("STATIC_URL = \"/static/\"\nDEBUG = \n")
        .run(&["settings"])
        .failed(1);

    ran.tells(&["storehouse.toml:2:"]);
}

#[test]
fn a_storage_given_twice_in_one_source_is_refused() {
    let site = Site::new(
        "DEFAULT_FILE_STORAGE = \"memory://a\"\n[STORAGES.default]\nBACKEND = \"memory://b\"\n",
    );

    let ran = site.run(&["settings"]).failed(1);

    ran.tells(&["DEFAULT_FILE_STORAGE", "STORAGES.default"]);
}

#[test]
fn what_set_cannot_set_is_an_error() {
    let site = Site::new("");
    for (set, says) in [
        ("DEBUG=maybe", "DEBUG"),
        ("NO_SUCH=1", "NO_SUCH"),
        ("DEBUG", "KEY=VALUE"),
        ("DATA.x=1", "DATA"),
    ] {
        let ran = site.run(&["settings", "--set", set]);

        assert!(ran.code == 1 || ran.code == 2, "{set}: {ran:?}");
        assert!(ran.err.contains(says), "{set}: {}", ran.err);
    }
}

#[test]
fn a_settings_file_that_is_not_there_is_an_error() {
    let ran = Site::new("")
        .run(&["settings", "--settings", "other.toml"])
        .failed(1);

    ran.tells(&["other.toml"]);
}

#[test]
fn a_missing_setting_where_no_settings_file_is_found_says_so() {
    let site = Site::new("");
    let with_file = site.run(&["collectstatic"]).failed(1);
    fs::remove_file(site.path("storehouse.toml")).unwrap();

    let without = site.run(&["collectstatic"]).failed(1);

    without.tells(&["STATIC_ROOT"]);
    let note = "no storehouse.toml was found here or in a parent folder";
    without.tells(&[note]);
    assert!(!with_file.err.contains(note), "{}", with_file.err);
}

#[test]
fn an_unknown_command_or_flag_does_not_parse() {
    let site = Site::new("");
    for arguments in [
        &["colectstatic"][..],
        &["list", "--nosuch"],
        &["-v", "9", "list"],
        &["collectstatic", "--jobs", "0"],
        &["copy", "default", "backup", "--jobs", "1025"],
        &["save"],
        &[],
    ] {
        let ran = site.run(arguments).failed(2);

        assert!(ran.out.is_empty(), "{ran:?}");
    }
}

#[test]
fn help_and_version_are_no_failure() {
    let site = Site::new("NO_SUCH = 1");

    assert!(site.run(&["--help"]).done().out.contains("collectstatic"));
    assert!(
        site.run(&["--version"])
            .done()
            .out
            .starts_with("storehouse ")
    );
    assert!(
        site.run(&["collectstatic", "--help"])
            .done()
            .out
            .contains("--no-default-ignore")
    );
}

#[test]
fn a_root_that_cannot_be_written_to_is_named() {
    let site = Site::new("MEDIA_ROOT = \"media\"\nMEDIA_URL = \"/media/\"\n");
    site.write("a.txt", "a");
    fs::create_dir(site.path("media")).unwrap();
    fs::set_permissions(site.path("media"), fs::Permissions::from_mode(0o555)).unwrap();

    let ran = site.run_unprivileged(&["save", "a.txt"]).failed(1);

    ran.tells(&["permission denied", "default (file://"]);
    assert_eq!(site.files("media"), Vec::<String>::new());
}

#[test]
fn a_file_in_the_way_of_a_folder_is_named() {
    let site = Site::new("MEDIA_ROOT = \"media\"\nMEDIA_URL = \"/media/\"\n");
    site.write("media/a.txt", "a file");
    site.write("b.txt", "b");

    let ran = site.run(&["save", "b.txt", "a.txt/b.txt"]).failed(1);

    ran.tells(&["a.txt/b.txt"]);
    assert_eq!(site.files("media"), ["a.txt"]);
}

#[test]
fn no_bucket_and_no_credentials_are_told_without_a_request() {
    for (storage, says) in [
        ("s3", "AWS_STORAGE_BUCKET_NAME"),
        ("s3://bucket?access_key=half", "secret_key"),
    ] {
        let site = Site::new(&format!("DEFAULT_FILE_STORAGE = \"{storage}\"\n"));

        let ran = site.run(&["stat", "a.txt"]).failed(1);

        assert!(ran.err.contains(says), "{storage}: {}", ran.err);
    }
}

/// Only root can give files away: run by another user this shows no more than that own files are taken.
#[test]
fn a_settings_file_of_another_user_is_taken_only_where_it_is_named() {
    const OTHER: u32 = 4242;
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    for (case, foreign) in [
        ("the file", "storehouse.toml"),
        ("a link", "sub/storehouse.toml"),
    ] {
        let site = Site::new("PYTHON = \"./evil\"\n");
        site.write("sub/deep/a", "");
        symlink(
            site.path("storehouse.toml"),
            site.path("sub/storehouse.toml"),
        )
        .unwrap();
        let run = |arguments: &[&str], caller: Option<u32>| {
            let mut command = site.command(arguments);
            command.current_dir(site.path("sub/deep"));
            command.envs(caller.map(|caller| ("SUDO_UID", caller.to_string())));
            Ran::of(command.output().unwrap())
        };
        run(&["settings"], None).done();
        if !is_root {
            continue;
        }
        lchown(site.path(foreign), Some(OTHER), None).unwrap();

        let refused = run(&["settings"], None).failed(1);

        refused.tells(&[
            "belongs to another user (uid 4242)",
            "--settings",
            "sub/storehouse.toml",
        ]);
        assert_eq!(refused.out, "", "{case}");
        run(&["settings"], Some(OTHER)).done();
        run(&["settings"], Some(1)).failed(1);
        run(&["settings", "--settings", "../storehouse.toml"], None).done();
    }
}

#[test]
fn a_file_above_the_limit_of_this_process_is_an_error_and_ends_nothing() {
    let site = Site::new("MEDIA_ROOT = \"media\"\n");
    site.write("large", vec![b'x'; 100_000]);
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", "ulimit -f 4; exec \"$0\" save large"])
        .arg(site.command(&[]).get_program())
        .current_dir(site.path(""))
        .env_clear();

    let ran = Ran::of(shell.output().unwrap()).failed(1);

    ran.tells(&["cannot save \"large\"", "ulimit -f"]);
    assert_eq!(site.files("media"), [""; 0]);
}

#[test]
fn a_proxy_that_does_not_answer_is_named_without_its_password() {
    let site = Site::new("");
    let storage =
        "s3://bucket?endpoint_url=http://storage.invalid&retry_timeout=1&access_key=a&secret_key=b";
    let mut command = site.command(&["list", "--storage", storage]);
    // Nothing listens there.
    command.env("HTTP_PROXY", "http://user:CANARY@127.0.0.1:1");

    let ran = Ran::of(command.output().unwrap()).failed(1);

    ran.tells(&[
        "storage.invalid:80",
        "HTTP_PROXY names the proxy 127.0.0.1:1",
    ]);
    assert!(!ran.err.contains("CANARY"), "{}", ran.err);
}
