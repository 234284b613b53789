//! What the interpreter answered is remembered, and believed only while it is surely right. The
//! interpreter is a real one, in a virtual environment that counts its starts.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use crate::site::{Ran, Site};

/// A project beside a virtual environment, `site-packages` in it, and apps in both.
struct Project {
    site: Site,
    packages: String,
}

const SETTINGS: &str = r#"
STATIC_URL = "/static/"
INSTALLED_APPS = ["shop.apps.ShopConfig", "press.news"]
PYTHON = "../venv/bin/python"
"#;

impl Project {
    fn new() -> Self {
        let site = Site::new("");
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--without-pip"])
            .arg(site.path("venv"));
        assert!(venv.status().unwrap().success(), "{venv:?}");
        let lib = fs::read_dir(site.path("venv/lib")).unwrap().next();
        let packages = format!(
            "venv/lib/{}/site-packages",
            lib.unwrap().unwrap().file_name().to_str().unwrap()
        );
        let project = Self { site, packages };
        project.write("project/storehouse.toml", SETTINGS);
        for package in [
            "PACKAGES/shop",
            "PACKAGES/shap",
            "checkout/press/news",
            "other/press/news",
        ] {
            project.add_app(package);
        }
        project.write("checkout/press/__init__.py", "");
        project.write("other/press/__init__.py", "");
        project.write(
            "PACKAGES/shop/apps.py",
            "class ShopConfig:\n    name = 'shop'\n",
        );
        project.write("PACKAGES/z_path.pth", "../../../../checkout\n");
        // What an editable install leaves: code that depends on nothing but its file.
        project.write("PACKAGES/counter.pth", "import __editable___counter\n");
        let starts = project.path("starts");
        let count = format!("open({starts:?}, 'a').write('.')\n");
        project.write("PACKAGES/__editable___counter.py", &count);
        project.write("starts", "");
        project
    }

    fn add_app(&self, package: &str) {
        self.write(&format!("{package}/__init__.py"), "");
        self.write(&format!("{package}/static/a.css"), "");
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.site.path(&path.replace("PACKAGES", &self.packages))
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn append(&self, path: &str, line: &str) {
        let before = fs::read_to_string(self.path(path)).unwrap();
        self.write(path, &format!("{before}{line}\n"));
    }

    /// Puts a copy of the interpreter in its place.
    fn replace_interpreter(&self) {
        // Other processes: a file that this one has open for writing cannot be run.
        let commands = "cp -L python copy && mv copy python";
        let mut shell = Command::new("sh");
        shell
            .args(["-c", commands])
            .current_dir(self.path("venv/bin"));
        assert!(shell.status().unwrap().success());
    }

    /// Has the program `venv/bin/text` in the place of the interpreter, which is `real` then.
    fn wrap_interpreter(&self) {
        let [file, real, text] =
            ["python", "real", "text"].map(|name| self.path("venv/bin").join(name));
        fs::rename(&file, real).unwrap();
        let mut install = Command::new("install");
        install.args(["-m", "755"]).args([text, file]);
        assert!(install.status().unwrap().success());
    }

    /// Makes all files and folders a minute old.
    fn age(&self) {
        age(&self.site.path(""));
    }

    fn command(&self) -> Command {
        let mut command = self.site.command(&["findstatic", "-v", "0", "a.css"]);
        command
            .current_dir(self.site.path("project"))
            // Beside what is looked at.
            .env("HOME", self.path("home"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// Runs a command: the apps that it found, and how often Python was started for it.
    #[track_caller]
    fn run(&self, command: &mut Command) -> (Vec<String>, usize) {
        let before = self.starts();
        let ran = Ran::of(command.output().unwrap()).done();
        let root = self.site.path("").canonicalize().unwrap();
        let packages = format!("{}/", self.packages);
        let apps = ran.out.lines().map(|line| {
            let below = Path::new(line).strip_prefix(&root).unwrap();
            let below = below.to_str().unwrap().replace(&packages, "");
            below.replace("/static/a.css", "")
        });
        (apps.collect(), self.starts() - before)
    }

    fn starts(&self) -> usize {
        self.site.read("starts").len()
    }
}

fn age(path: &Path) {
    if path.is_symlink() {
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten() {
        age(&entry.unwrap().path());
    }
    let minute = Duration::from_secs(60);
    let file = File::open(path).unwrap();
    file.set_modified(SystemTime::now() - minute).unwrap();
}

fn apps(apps: &[&str]) -> Vec<String> {
    apps.iter().map(|&app| app.to_owned()).collect()
}

#[test]
fn python_is_started_once_as_long_as_nothing_changes() {
    let project = Project::new();
    project.age();

    for starts in [1, 0, 0] {
        let found = project.run(&mut project.command());

        assert_eq!(found, (apps(&["shop", "checkout/press/news"]), starts));
    }
}

/// What changes, how, and the apps that are found then.
type Change = (&'static str, fn(&Project), [&'static str; 2]);

/// They are made one after the other.
const CHANGES: &[Change] = &[
    (
        "a package is installed",
        |project| project.add_app("PACKAGES/more"),
        ["shop", "checkout/press/news"],
    ),
    (
        "a source, its size and time as before",
        |project| {
            let file = project.path("PACKAGES/shop/apps.py");
            let modified = fs::metadata(&file).unwrap().modified().unwrap();
            fs::write(&file, "class ShopConfig:\n    name = 'shap'\n").unwrap();
            File::options()
                .write(true)
                .open(&file)
                .unwrap()
                .set_modified(modified)
                .unwrap();
        },
        ["shap", "checkout/press/news"],
    ),
    (
        "a folder in a .pth file",
        |project| project.write("PACKAGES/z_path.pth", "../../../../other\n"),
        ["shap", "other/press/news"],
    ),
    (
        "the code of an editable install",
        |project| project.append("PACKAGES/__editable___counter.py", "# changed"),
        ["shap", "other/press/news"],
    ),
    (
        "the virtual environment",
        |project| project.append("venv/pyvenv.cfg", "prompt = x"),
        ["shap", "other/press/news"],
    ),
    (
        "a file in the place of the link to the interpreter",
        |project| project.replace_interpreter(),
        ["shap", "other/press/news"],
    ),
    (
        "another file with the same path",
        |project| project.replace_interpreter(),
        ["shap", "other/press/news"],
    ),
    (
        "a package that comes before",
        |project| {
            project.add_app("project/shop");
            project.write(
                "project/shop/apps.py",
                "class ShopConfig:\n    name = 'shop'\n",
            );
        },
        ["project/shop", "other/press/news"],
    ),
    (
        "a folder that becomes a package",
        |project| project.write("project/press/__init__.py", ""),
        ["project/shop", "project/press/news"],
    ),
];

#[test]
fn a_change_of_anything_that_decides_the_answer_asks_again() {
    let project = Project::new();
    project.add_app("project/press/news");

    for (case, change, expected) in CHANGES {
        project.age();
        let (before, starts) = project.run(&mut project.command());
        assert_eq!(starts, 1, "{case}: everything has another time");
        let again = project.run(&mut project.command());
        assert_eq!(again, (before, 0), "{case}: nothing has changed");

        change(&project);

        let found = project.run(&mut project.command());
        assert_eq!(found, (apps(&expected[..]), 1), "{case}");
    }
}

#[test]
fn another_question_or_environment_asks_again() {
    let project = Project::new();
    let missing = project.path("later");
    let asked = || {
        let mut command = project.command();
        command.env("PYTHONPATH", &missing);
        command
    };
    project.age();
    let expected = ["shop", "checkout/press/news"];
    for starts in [1, 0] {
        assert_eq!(project.run(&mut asked()), (apps(&expected), starts));
    }

    // The memory is of one question; each of these is another.
    let mut other_apps = asked();
    other_apps.args(["--set", "INSTALLED_APPS=[\"press.news\"]"]);
    assert_eq!(project.run(&mut other_apps), (apps(&expected[1..]), 1));
    let mut other_environment = project.command();
    assert_eq!(project.run(&mut other_environment), (apps(&expected), 1));
    // What is no business of Python's.
    other_environment.env("SESSION", "2");
    assert_eq!(project.run(&mut other_environment), (apps(&expected), 0));

    assert_eq!(project.run(&mut asked()), (apps(&expected), 1));
    project.write(
        "later/shop/apps.py",
        "class ShopConfig:\n    name = 'shop'\n",
    );
    project.add_app("later/shop");
    let found = project.run(&mut asked());
    assert_eq!(found, (apps(&["later/shop", "checkout/press/news"]), 1));
}

#[test]
fn code_at_the_start_may_look_at_all_of_the_environment() {
    let project = Project::new();
    project.write(
        "PACKAGES/tool.pth",
        "import os; os.environ.get('SESSION')\n",
    );
    project.age();
    let mut command = project.command();

    for (session, starts) in [("1", 1), ("1", 0), ("2", 1), ("2", 0)] {
        command.env("SESSION", session);

        assert_eq!(project.run(&mut command).1, starts, "{session}");
    }
}

#[test]
fn an_answer_that_rests_on_more_than_files_is_not_remembered() {
    for (case, file, content) in [
        (
            "a finder of its own",
            "PACKAGES/own.py",
            "import sys\nclass Finder:\n    @classmethod\n    def find_spec(cls, *of): pass\nsys.meta_path.append(Finder)\n",
        ),
        (
            "a hook of its own",
            "PACKAGES/own.py",
            "import sys\ndef hook(path): raise ImportError\nsys.path_hooks.append(hook)\n",
        ),
        (
            "a folder that only code knows",
            "PACKAGES/own.py",
            "import sys\nsys.path.append('/nowhere')\n",
        ),
        (
            "the interpreter is started by another program",
            "venv/bin/text",
            "#!/bin/sh\nexec ../venv/bin/real \"$@\"\n",
        ),
    ] {
        let project = Project::new();
        project.write(file, content);
        match file {
            "venv/bin/text" => project.wrap_interpreter(),
            _ => project.write("PACKAGES/own.pth", "import own\n"),
        }
        project.age();

        for _ in 0..2 {
            let found = project.run(&mut project.command());

            assert_eq!(found, (apps(&["shop", "checkout/press/news"]), 1), "{case}");
        }
    }
}

#[test]
fn an_answer_is_not_believed_if_something_changed_just_before() {
    let project = Project::new();
    project.age();
    // Surely not yet two seconds ago, however slow this machine is.
    let soon = SystemTime::now() + Duration::from_secs(3600);
    let packages = File::open(project.path("PACKAGES")).unwrap();
    packages.set_modified(soon).unwrap();

    for _ in 0..2 {
        assert_eq!(project.run(&mut project.command()).1, 1);
    }
}

#[test]
fn an_app_that_is_not_found_is_looked_for_each_time() {
    let project = Project::new();
    project.age();
    for starts in [1, 2] {
        let mut command = project.command();
        command.args(["--set", "INSTALLED_APPS=[\"press.nowhere\"]"]);

        let ran = Ran::of(command.output().unwrap()).failed(1);

        assert!(
            ran.err
                .contains("press has neither a module nor a class nowhere"),
            "{ran:?}"
        );
        assert_eq!(project.starts(), starts);
    }
}

#[test]
fn a_memory_that_is_damaged_or_cannot_be_kept_does_no_harm() {
    let project = Project::new();
    project.age();
    let expected = ["shop", "checkout/press/news"];
    assert_eq!(project.run(&mut project.command()), (apps(&expected), 1));
    let folder = project.path("home/.cache/storehouse/python");
    let memory = fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = fs::read_to_string(&memory).unwrap();

    for damaged in ["", "{}", "[1, 2]", "\0", &whole[..whole.len() / 2]] {
        fs::write(&memory, damaged).unwrap();

        let found = project.run(&mut project.command());
        assert_eq!(found, (apps(&expected), 1), "{damaged:?}");
    }

    assert_eq!(fs::read_to_string(&memory).unwrap(), whole);
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    for _ in 0..2 {
        assert_eq!(project.run(&mut project.command()), (apps(&expected), 1));
    }
}
