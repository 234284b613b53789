"""The real packages to collect, and the peers to compare with: their pins, and how they get into a folder.

Everything is installed by its registry's own client, once; a folder that holds what is asked for is
kept. Nothing here runs a peer.
"""

import glob
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .process import Command, Failed, run, say

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "target" / "peers"

# Django 6.1 wants Python 3.12. The older one is the newest that 3.10 and 3.11 can have.
DJANGO = "django==6.1.3"
OLD_DJANGO = "django==5.2.19"
WHEELS = (
    "djangorestframework==3.18.3",
    "wagtail==8.0.1",
    "django-storages[s3]==1.14.6",
    "boto3==1.44.8",
    "whitenoise==6.12.0",
    "gunicorn==27.0.1",
)
# The reference first; then those that can do the same; then those for the older Django.
PYTHONS = ((3, 13), (3, 12), (3, 14), (3, 11), (3, 10))

GO_MODULES = {
    "rclone": "github.com/rclone/rclone@v1.76.0",
    "mc": "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9",
}


@dataclass(frozen=True)
class Package:
    """A package with static files: Python apps, or one of npm, which then is collected as its folder."""

    name: str
    apps: tuple = ()
    npm: str = ""
    ignore: tuple = ()
    # Left out where other packages are to be seen with JavaScript modules on.
    ignore_for_modules: tuple = ()

    @property
    def folder(self):
        """Where npm puts it: `@scope/name` of `@scope/name@1.2.3`."""
        return self.npm.rpartition("@")[0]


# What Django's models ask for, whichever app is collected.
BASE_APPS = (
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
)

WAGTAIL_APPS = (
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.contrib.search_promotions",
    "wagtail.contrib.styleguide",
    "wagtail.contrib.table_block",
    "wagtail.contrib.typed_table_block",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "treebeard",
)

# Each is also collected alone, to compare with Django.
COMPARED = (
    Package("Django's admin", apps=("django.contrib.admin",)),
    Package("Django REST framework", apps=("rest_framework",)),
    Package("Wagtail", apps=WAGTAIL_APPS),
    Package("bootstrap", npm="bootstrap@5.3.9"),
    Package("mathjax", npm="mathjax@3.2.2"),
    # Ships files whose source maps it does not ship; with modules on, Django itself stops at `esm`.
    Package(
        "monaco-editor",
        npm="monaco-editor@0.52.2",
        ignore=("marked.js", "nls.messages.*.js", "dev"),
        ignore_for_modules=("esm",),
    ),
    # Modules that import modules, seven deep.
    Package("@popperjs/core", npm="@popperjs/core@2.11.8"),
)

# With these it is about 5,000 files.
MORE = (
    Package("bootstrap-icons", npm="bootstrap-icons@1.13.1"),
    Package("codemirror", npm="codemirror@5.65.18"),
    Package("katex", npm="katex@0.16.47"),
    Package("leaflet", npm="leaflet@1.9.4"),
    Package("swagger-ui-dist", npm="swagger-ui-dist@5.35.0"),
)
ALL = COMPARED + MORE


@dataclass(frozen=True)
class Django:
    """A Python that has Django."""

    python: Path
    version: str

    @property
    def is_reference(self):
        """Whether this is the Django that Storehouse promises to equal, byte for byte."""
        return f"django=={self.version}" == DJANGO


# ------------------------------------------------------------------------- Python


def install_django(chosen_python=None):
    """Returns the environment with Django and the Python packages, made if it is not there."""
    python, version = (chosen_python, version_of(chosen_python)) if chosen_python else find_python()
    if version is None or version < (3, 10):
        raise Failed(f"{python} is no Python from 3.10 on with venv and ensurepip")
    django = DJANGO if version >= (3, 12) else OLD_DJANGO
    if django != DJANGO:
        say(f"note: Python {version[0]}.{version[1]} cannot have {DJANGO}: this compares with {OLD_DJANGO}")
    venv = PEERS / f"venv-{version[0]}.{version[1]}"
    # A venv knows its Python and its own folder by their paths.
    wanted = "\n".join((str(python), str(venv), django, *WHEELS))
    inside = venv / "bin" / "python"
    if not holds(venv, wanted):
        say(f"installing {django}, {', '.join(WHEELS)} with {python}")
        shutil.rmtree(venv, ignore_errors=True)
        run(Command((python, "-m", "venv", venv)))
        run(Command((inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", django, *WHEELS)))
        mark(venv, wanted)
    return Django(inside, django.partition("==")[2])


def find_python():
    """The best Python of this machine, on PATH or in pyenv's folder, as (path, version)."""
    found = {}
    for path in candidates():
        version = version_of(path)
        if version in PYTHONS:
            found.setdefault(version, path)
    for version in PYTHONS:
        if version in found:
            return found[version], version
    raise Failed("no Python from 3.10 on with venv and ensurepip: install python3.13 and its venv (python3.13-venv)")


def candidates():
    for major, minor in PYTHONS:
        yield shutil.which(f"python{major}.{minor}")
        yield from sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{major}.{minor}.*/bin/python3")))
    yield shutil.which("python3")


def version_of(python):
    """(major, minor) if `python` runs and can make an environment; pyenv has commands that do not run."""
    if not python:
        return None
    asked = (str(python), "-c", "import ensurepip, sys, venv; print(*sys.version_info[:2])")
    answer = subprocess.run(asked, capture_output=True, text=True)
    return tuple(map(int, answer.stdout.split())) if answer.returncode == 0 else None


# ------------------------------------------------------------------------- npm


def install_npm():
    """Returns the `node_modules` with all packages of npm; their install scripts are not run."""
    wanted = [package.npm for package in ALL if package.npm]
    folder = PEERS / "npm"
    if not holds(folder, "\n".join(wanted)):
        npm = shutil.which("npm")
        if npm is None:
            raise Failed(f"npm is not on PATH, and {', '.join(wanted)} come from it: install Node.js with npm")
        say(f"installing {', '.join(wanted)}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"private": True}))
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        run(Command((npm, "install", "--prefix", folder, *quiet, *wanted)))
        mark(folder, "\n".join(wanted))
    return folder / "node_modules"


# ------------------------------------------------------------------------- programs


def install_programs(given_folder=None, clients=tuple(GO_MODULES)):
    """Returns {name: path} of the clients and of MinIO: given, there already, or built by Go."""
    return {
        **{name: program(name, GO_MODULES[name], PEERS / "bin", given_folder) for name in clients},
        "minio": minio(given_folder),
    }


def minio(given_folder):
    """The MinIO of docker-compose.yml: as the tests built it, on PATH, or built here."""
    version = re.search(r"storehouse/minio:(v\S+)", (ROOT / "docker-compose.yml").read_text())[1]
    folder = ROOT / "target" / "minio" / version
    if not (folder / "minio").exists() and shutil.which("minio"):
        return Path(shutil.which("minio"))
    return program("minio", f"github.com/minio/minio@{version}", folder, given_folder)


def program(name, module, folder, given_folder):
    path = folder / name
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    given = Path(given_folder) / name if given_folder else None
    if given and given.exists():
        shutil.copy2(given, path)
        return path
    go = shutil.which("go")
    if go is None:
        raise Failed(f"no {name} in {folder}, and no go on PATH to build {module}: install Go 1.24 or later")
    say(f"building {module}; this is done once and takes minutes")
    build = {"GOBIN": str(folder), "GOFLAGS": "", "CGO_ENABLED": "0"}
    run(Command((go, "install", "-trimpath", "-ldflags", "-s -w", module), build))
    return path


def pinned(wheel):
    """The version that `WHEELS` asks for."""
    return next(pin.partition("==")[2] for pin in WHEELS if pin.startswith(wheel))


def version_of_program(path):
    """The module's version that Go wrote into the program, else `unknown`."""
    go = shutil.which("go")
    told = run(Command((go, "version", "-m", path)), expected=None).stdout if go else ""
    found = re.search(r"^\s+mod\s+\S+\s+(\S+)", told, re.MULTILINE)
    return found[1] if found else "unknown"


def build(package, profile):
    """Builds the program of a package of the workspace, `storehouse` or an example, and returns its path;
    `profile` is `debug` or `release`."""
    flags = ("--release",) if profile == "release" else ()
    cargo = ("cargo", "build", "--locked", "--quiet", *flags, "--package", package, "--bin", package)
    manifest = ("--manifest-path", ROOT / "Cargo.toml", "--target-dir", ROOT / "target")
    run(Command((*cargo, *manifest)))
    return ROOT / "target" / profile / package


# ------------------------------------------------------------------------- what is there


def holds(folder, wanted):
    """Whether `mark` said so of the folder."""
    note = folder / "installed.txt"
    return note.exists() and note.read_text() == wanted


def mark(folder, wanted):
    """Written last, so that an installation that broke off does not count."""
    (folder / "installed.txt").write_text(wanted)
