//! The question to the interpreter: a real Python with small packages, and programs that are none.
//!
//! A module whose code would run says so by failing: `raise` stands at the top of each.

use std::{fs, path::Path, process};

use tempfile::TempDir;

use super::*;

const RAISE: &str = "raise SystemExit('it was imported')\n";

/// A project: `.py` files with what follows the line that must not run.
const PROJECT: &[(&str, &str)] = &[
    ("blog/__init__.py", ""),
    ("single.py", ""),
    ("namespace/inner/__init__.py", ""),
    ("namespace/bare/templates/a.txt", ""),
    ("proj/__init__.py", ""),
    ("proj/blog/__init__.py", ""),
    (
        "proj/blog/apps.py",
        "from django.apps import AppConfig\nclass BlogConfig(AppConfig):\n    name = 'proj.blog'\nclass Other:\n    pass\n",
    ),
    ("proj/store/__init__.py", ""),
    (
        "proj/shop/apps.py",
        "import django.apps as d\nclass ShopConfig(d.AppConfig):\n    name: str = 'proj.store'\n",
    ),
    ("proj/shop/__init__.py", ""),
    (
        "proj/own.py",
        "from .blog import apps\nfrom .shop.apps import ShopConfig as Base\ntry:\n    import nothing\nexcept ImportError:\n    class A(Base):\n        verbose_name = 'a'\nclass B(apps.BlogConfig):\n    pass\n",
    ),
    ("proj/code/__init__.py", ""),
    (
        "proj/code/apps.py",
        "from unknown import Base\nclass CodeConfig(Base):\n    name = __package__\n",
    ),
    ("proj/moved/__init__.py", ""),
    (
        "proj/moved/apps.py",
        "from django.apps import AppConfig\nclass MovedConfig(AppConfig):\n    name = 'proj.moved'\n    path = 'blog'\n",
    ),
    ("proj/computed/__init__.py", ""),
    (
        "proj/computed/apps.py",
        "from django.apps import AppConfig\nclass ComputedConfig(AppConfig):\n    name = 'proj.computed'\n    path = str(1)\n",
    ),
    ("proj/one_default/__init__.py", ""),
    (
        "proj/one_default/apps.py",
        "from django.apps import AppConfig\nclass A(AppConfig):\n    name = 'proj.blog'\nclass B(AppConfig):\n    default = True\n    name = 'proj.store'\nclass C(AppConfig):\n    default = False\n",
    ),
    ("proj/no_default/__init__.py", ""),
    (
        "proj/no_default/apps.py",
        "from django.apps import AppConfig\nclass A(AppConfig):\n    default = False\n    name = 'proj.blog'\n",
    ),
    ("proj/two_configs/__init__.py", ""),
    (
        "proj/two_configs/apps.py",
        "from django.apps import AppConfig\nclass A(AppConfig):\n    name = 'proj.blog'\nclass B(A):\n    pass\n",
    ),
    ("proj/two_defaults/__init__.py", ""),
    (
        "proj/two_defaults/apps.py",
        "from django.apps import AppConfig\nclass A(AppConfig):\n    default = True\nclass B(A):\n    pass\n",
    ),
    ("proj/lost/__init__.py", ""),
    (
        "proj/lost/apps.py",
        "from django.apps import AppConfig\nclass LostConfig(AppConfig):\n    name = 'proj.gone.app'\n",
    ),
    ("proj/circular/__init__.py", ""),
    (
        "proj/circular/apps.py",
        "from proj.circular.apps import A as B\nfrom proj.circular.apps import B as A\nclass C(A, C):\n    pass\n",
    ),
    ("proj/damaged/__init__.py", ""),
    ("proj/damaged/apps.py", "class (:\n"),
    // Called like modules that the script needs.
    ("json/__init__.py", ""),
    ("ast.py", ""),
];

/// What an entry is, the entry, and the folder of its app.
const FOUND: &[(&str, &str, &str)] = &[
    ("a package", "blog", "blog"),
    ("a package in a package", "proj.store", "proj/store"),
    ("a module that is a file", "single", ""),
    ("in a namespace", "namespace.inner", "namespace/inner"),
    (
        "a namespace in a namespace",
        "namespace.bare",
        "namespace/bare",
    ),
    ("a class", "proj.blog.apps.BlogConfig", "proj/blog"),
    (
        "a class that names another module",
        "proj.shop.apps.ShopConfig",
        "proj/store",
    ),
    (
        "a name inherited from an import",
        "proj.own.A",
        "proj/store",
    ),
    (
        "a name inherited through a module",
        "proj.own.B",
        "proj/blog",
    ),
    ("a name in code", "proj.code.apps.CodeConfig", "proj/code"),
    (
        "a module whose one class names another",
        "proj.shop",
        "proj/store",
    ),
    ("a path", "proj.moved", "blog"),
    (
        "several classes, one the default",
        "proj.one_default",
        "proj/store",
    ),
    (
        "several classes, none the default",
        "proj.two_configs",
        "proj/two_configs",
    ),
    (
        "a class that is not to be the default",
        "proj.no_default",
        "proj/no_default",
    ),
    ("classes in a circle", "proj.circular", "proj/circular"),
    ("a file that is no Python", "proj.damaged", "proj/damaged"),
    ("called like a module of Python's", "json", "json"),
];

fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, content) in PROJECT {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{RAISE}{content}")).unwrap();
    }
    folder
}

fn interpreter(program: impl Into<PathBuf>, folder: &Path) -> Interpreter {
    Interpreter {
        program: program.into(),
        folder: folder.to_owned(),
        patience: PATIENCE,
    }
}

/// A program that runs these commands of the shell.
fn fake(folder: &Path, commands: &str) -> PathBuf {
    let (text, program) = (folder.join("text"), folder.join("python"));
    fs::write(&text, format!("#!/bin/sh\n{commands}\n")).unwrap();
    // Written by another process: a file that is open for writing, here or in a child that was just
    // forked, cannot be run.
    let mut install = process::Command::new("install");
    let status = install.args(["-m", "755"]).args([&text, &program]).status();
    assert!(status.unwrap().success());
    program
}

#[tokio::test]
async fn an_app_is_where_django_would_import_it_from() {
    let folder = project();
    let names: Vec<&str> = FOUND.iter().map(|(_, name, _)| *name).collect();

    let answer = interpreter("python3", folder.path())
        .ask(&names)
        .await
        .unwrap();

    let root = folder.path().canonicalize().unwrap();
    for ((case, name, expected), found) in FOUND.iter().zip(answer.apps) {
        assert_eq!(
            found,
            Ok(root.join(expected).components().collect()),
            "{case}: {name}"
        );
    }
}

#[tokio::test]
async fn an_app_that_is_not_found_has_a_reason() {
    let folder = project();
    let cases = [
        ("nowhere", "there is no module nowhere"),
        ("proj.nowhere.apps.X", "there is no module proj.nowhere"),
        ("single.inner.x", "there is no module single.inner"),
        (
            "proj.blog.apps.BlogConfg",
            "proj.blog.apps has neither a module nor a class BlogConfg; it has BlogConfig",
        ),
        (
            "proj.blog.apps.AppConfig",
            "proj.blog.apps has neither a module nor a class AppConfig; it has BlogConfig",
        ),
        (
            "proj.computed",
            "its class ComputedConfig sets `path` in code, which is not run",
        ),
        (
            "proj.two_defaults",
            "proj.two_defaults.apps has more than one default AppConfig: A, B",
        ),
        (
            "proj.lost",
            "its class LostConfig has the name 'proj.gone.app', and there is no module proj.gone",
        ),
        ("sys", "it is not in a folder"),
    ];
    let names = cases.map(|(name, _)| name);

    let answer = interpreter("python3", folder.path())
        .ask(&names)
        .await
        .unwrap();

    for ((name, reason), found) in cases.iter().zip(answer.apps) {
        assert_eq!(found, Err((*reason).to_owned()), "{name}");
    }
}

#[tokio::test]
async fn a_folder_may_be_called_anything() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("a \"b\" \\n \t\n\u{1} ü 😀");
    fs::create_dir_all(odd.join("blog")).unwrap();

    let answer = interpreter("python3", &odd).ask(&["blog"]).await.unwrap();

    let root = odd.canonicalize().unwrap();
    assert_eq!(answer.apps, [Ok(root.join("blog"))]);
}

#[tokio::test]
async fn the_interpreter_says_what_it_is() {
    let folder = project();

    let answer = interpreter("python3", folder.path())
        .ask(&["blog"])
        .await
        .unwrap();

    let python = answer.python.unwrap();
    assert!(
        python.contains("python") && python.contains(" (Python 3."),
        "{python}"
    );
}

#[tokio::test]
async fn a_program_that_is_no_python_is_told_by_its_answer() {
    for (commands, said) in [
        (
            "echo '<html>'",
            r#"answered "<html>", which is not what was asked"#,
        ),
        ("exit 0", r#"answered "", which"#),
        (
            r#"echo 'storehouse-apps:{"python": "x", "apps": []}'"#,
            "which is not what was asked",
        ),
        (
            r#"echo 'storehouse-apps:{"python": "x", "apps": [{"folder": 1}]}'"#,
            "which is not what was asked",
        ),
        (
            "echo 'storehouse-apps:{\"pyth'",
            "which is not what was asked",
        ),
        (
            "echo one >&2; echo 'it is broken' >&2; exit 3",
            r#"ended with exit status: 3: "it is broken""#,
        ),
        (r"printf '\033[2J\377'", r#"answered "\u{1b}[2J"#),
        ("exec yes", "ended with signal: 13"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let program = fake(folder.path(), commands);

        let error = interpreter(program, folder.path())
            .ask(&["blog"])
            .await
            .unwrap_err();

        assert!(
            error.problem().starts_with(said) || error.problem().contains(said),
            "{commands}: {error}"
        );
    }
}

#[tokio::test]
async fn what_else_is_printed_is_not_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let commands = r#"
        echo 'welcome'; echo 'a warning' >&2
        echo 'storehouse-apps:{"python": "p", "apps": [{"folder": "/a"}]}'
        echo 'good bye'
    "#;
    let program = fake(folder.path(), commands);

    let answer = interpreter(program, folder.path())
        .ask(&["blog"])
        .await
        .unwrap();

    assert_eq!(answer.apps, [Ok(PathBuf::from("/a"))]);
}

#[tokio::test]
async fn an_interpreter_that_hangs_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let program = fake(folder.path(), "echo $$ > pid; exec sleep 600");
    let mut asked = interpreter(program, folder.path());
    asked.patience = Duration::from_millis(100);

    // Until the machine was fast enough for it to start in time.
    let pid = loop {
        let error = asked.ask(&["blog"]).await.unwrap_err();
        assert!(error.problem().starts_with("did not answer in "), "{error}");
        match fs::read_to_string(folder.path().join("pid")) {
            Ok(pid) if pid.ends_with('\n') => break pid,
            _ => asked.patience *= 2,
        }
        assert!(asked.patience < PATIENCE, "it was never started here");
    };

    let is_alive = process::Command::new("sh")
        .arg("-c")
        .arg(format!("kill -0 {pid}"))
        .output();
    assert!(!is_alive.unwrap().status.success(), "{pid} still runs");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();

    let error = interpreter("/no/such/python", folder.path())
        .ask(&["blog"])
        .await
        .unwrap_err();

    assert!(
        error
            .problem()
            .starts_with("cannot be started: no such file"),
        "{error}"
    );
}
