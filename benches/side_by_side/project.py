"""One site's settings, written twice, for Django and for Storehouse, and the commands that collect it.

Where it goes is in the environment under the names that both know: STATIC_ROOT, STATICFILES_STORAGE,
AWS_*. So a command of one side is the other's with another program.
"""

import json
from pathlib import Path

from .packages import BASE_APPS
from .process import Command

PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
MANIFEST = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
BUCKET = "storages.backends.s3.S3StaticStorage"
BUCKET_MANIFEST = "storages.backends.s3.S3ManifestStaticStorage"
# Django's way to turn module imports on is a subclass; Storehouse has an option.
MODULES = "modules.ModulesStorage"

DJANGO_SETTINGS = """\
import os

SECRET_KEY = "nothing is served"
USE_TZ = True
INSTALLED_APPS = {apps}
STATICFILES_DIRS = {dirs}
STATIC_URL = "/static/"
STATIC_ROOT = os.environ.get("STATIC_ROOT")
STORAGES = {{
    "default": {{"BACKEND": "django.core.files.storage.FileSystemStorage"}},
    "staticfiles": {{"BACKEND": os.environ["STATICFILES_STORAGE"]}},
}}
globals().update((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
"""

# More passes than the default: chains of modules are longer than five.
DJANGO_MODULES = """\
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class ModulesStorage(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
    max_post_process_passes = 20
"""

STOREHOUSE_SETTINGS = """\
STATIC_URL = "/static/"
INSTALLED_APPS = {apps}
STATICFILES_DIRS = {dirs}

[environments.modules.STORAGES.staticfiles]
BACKEND = "{manifest}"
OPTIONS = {{ support_js_module_import_aggregation = true, max_post_process_passes = 20 }}
"""


class Project:
    """The packages as one site, in a folder of its own."""

    def __init__(self, folder, django, storehouse, npm_folder, packages):
        self.folder = Path(folder)
        self.django = django
        self.storehouse = storehouse
        self.ignore = [pattern for package in packages for pattern in package.ignore]
        self._write(npm_folder, packages)

    def _write(self, npm_folder, packages):
        apps = [*BASE_APPS, *(app for package in packages for app in package.apps)]
        dirs = [[package.folder.lstrip("@"), str(npm_folder / package.folder)] for package in packages if package.npm]
        django = DJANGO_SETTINGS.format(apps=[*apps, "django.contrib.staticfiles"], dirs=[tuple(one) for one in dirs])
        storehouse = STOREHOUSE_SETTINGS.format(
            apps=json.dumps(self._folders_of(apps)), dirs=json.dumps(dirs), manifest=MANIFEST
        )
        self.folder.mkdir(parents=True)
        (self.folder / "settings.py").write_text(django)
        (self.folder / "modules.py").write_text(DJANGO_MODULES)
        (self.folder / "storehouse.toml").write_text(storehouse)

    def _folders_of(self, apps):
        """The apps' folders, of those that have static files."""
        site_packages = next(self.django.python.parent.parent.glob("lib/python*/site-packages"))
        folders = [site_packages.joinpath(*app.split(".")) for app in apps]
        return [str(folder) for folder in folders if (folder / "static").is_dir()]

    def with_django(self, storage, destination, *options):
        """Django's collectstatic; `destination` is what goes into the environment."""
        env = {
            "PYTHONPATH": self.folder,
            "DJANGO_SETTINGS_MODULE": "settings",
            "STATICFILES_STORAGE": storage,
            **destination,
        }
        return Command((self.django.python, "-m", "django", *self._collectstatic(options)), env)

    def with_storehouse(self, storage, destination, *options):
        """Storehouse's collectstatic of the same."""
        return self.storehouse_command(storage, destination, *self._collectstatic(options))

    def storehouse_command(self, storage, destination, *words):
        """Any command of Storehouse with these settings."""
        chosen = {"STOREHOUSE_ENV": "modules"} if storage == MODULES else {"STATICFILES_STORAGE": storage}
        return Command(
            (self.storehouse, "--settings", self.folder / "storehouse.toml", *words),
            {**chosen, **destination},
        )

    def _collectstatic(self, options):
        ignored = [word for pattern in self.ignore for word in ("--ignore", pattern)]
        return ("collectstatic", "--noinput", *ignored, *options)
