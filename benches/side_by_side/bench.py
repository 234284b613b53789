"""The site that is measured, and who does the work of each row of the table. It measures nothing."""

import shutil

from . import packages
from .contenders import PREFIX, ToBucket, ToFolder
from .minio import settings
from .outputs import differences
from .process import Command, Failed, run
from .project import BUCKET, BUCKET_MANIFEST, MANIFEST, PLAIN, Project
from .rows import Row


class Bench:
    """All packages as one site, in a folder in memory."""

    def __init__(self, work, django, storehouse, minio, earlier=None):
        self.work, self.django, self.minio, self.earlier = work, django, minio, earlier
        npm_folder = copy_packages(packages.install_npm(), work / "packages")
        self.project = Project(work / "project", django, storehouse, npm_folder, packages.ALL)
        self.sources = self._collect_plainly()

    def _collect_plainly(self):
        """The files as one folder: what programs that know no apps are given to push."""
        ours, theirs = self.work / "plain", self.work / "plain-django"
        run(self.project.with_storehouse(PLAIN, {"STATIC_ROOT": ours}))
        run(self.project.with_django(PLAIN, {"STATIC_ROOT": theirs}))
        wrong = differences(ours, theirs, "Django")
        if wrong:
            raise Failed("the plain outputs differ:\n" + "\n".join(wrong[:20]))
        shutil.rmtree(theirs)
        return ours

    def rows(self):
        if self.earlier:
            return (*self._earlier_disk_rows(), *self._earlier_push_rows())
        return (*self._disk_rows(), *self._push_rows(), *self._manifest_push_rows())

    def _disk_rows(self):
        ours = self._to_folder("Storehouse", self.project.with_storehouse)
        django = self._to_folder(f"Django {self.django.version}", self.project.with_django)
        output = self._to_folder("collected", self.project.with_storehouse)
        copy = ToFolder("cp -r", self.work / "copied", lambda to: copy_of(output, to))
        sorted_manifest = self.django.is_reference
        return (
            Row("disk-cold", ours, (django,), sorted_manifest),
            Row("disk-unchanged", ours, (django,), sorted_manifest),
            Row("disk-copy", ours, (copy,)),
        )

    def _push_rows(self):
        ours = self._pushed_by("Storehouse", self.project.with_storehouse, BUCKET)
        rclone = self._to_bucket("rclone", self._rclone)
        mc = self._to_bucket("mc mirror", self._mc)
        return (Row("push-cold", ours, (rclone, mc)), Row("push-unchanged", ours, (rclone, mc)))

    def _manifest_push_rows(self):
        ours = self._pushed_by("Storehouse (manifest)", self.project.with_storehouse, BUCKET_MANIFEST)
        django = self._pushed_by("S3ManifestStaticStorage", self.project.with_django, BUCKET_MANIFEST)
        keys = ("manifest-push-cold", "manifest-push-unchanged")
        return tuple(Row(key, ours, (django,), self.django.is_reference) for key in keys)

    def _earlier_disk_rows(self):
        ours = self._to_folder("Storehouse", self.project.with_storehouse)
        earlier = self._to_folder("earlier", self._with_earlier)
        return tuple(Row(key, ours, (earlier,), beside_earlier=True) for key in ("disk-cold", "disk-unchanged"))

    def _earlier_push_rows(self):
        rows = []
        for storage, name, start in ((BUCKET, "Storehouse", "push"), (BUCKET_MANIFEST, "manifest", "manifest-push")):
            ours = self._pushed_by(name, self.project.with_storehouse, storage)
            earlier = self._pushed_by(f"earlier {name}", self._with_earlier, storage)
            rows += [Row(f"{start}-{when}", ours, (earlier,), beside_earlier=True) for when in ("cold", "unchanged")]
        return rows

    def _with_earlier(self, *arguments):
        command = self.project.with_storehouse(*arguments)
        return Command((self.earlier, *command.argv[1:]), command.env)

    def _rclone(self, bucket):
        # The fastest that its manual has for many small files.
        flags = ("--checksum", "--fast-list", "--transfers", "64")
        return self.minio.rclone("copy", *flags, self.sources, f"peer:{bucket}/{PREFIX}")

    def _mc(self, bucket):
        return self.minio.mc("mirror", "--quiet", self.sources, f"peer/{bucket}/{PREFIX}")

    def _to_folder(self, name, collect):
        return ToFolder(name, self.work / name, lambda to: collect(MANIFEST, {"STATIC_ROOT": to}))

    def _pushed_by(self, name, collect, storage):
        return self._to_bucket(name, lambda bucket: collect(storage, settings(self.minio.endpoint, bucket, PREFIX)))

    def _to_bucket(self, name, command):
        return ToBucket(name, self.work / f"fetched {name}", self.minio, command)


def copy_packages(installed, to):
    """Copies npm's packages to where the measuring is done; returns that folder."""
    for package in packages.ALL:
        if package.npm:
            shutil.copytree(installed / package.folder, to / package.folder)
    return to


def copy_of(contender, to):
    if not contender.filled:
        contender.run_cold()
    return Command(("cp", "-r", contender.output(), to))
