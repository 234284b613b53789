"""Whoever does a piece of work: cleans its destination, runs one command, shows what it made.

A contender's destination belongs to it alone. Cleaning is never timed.
"""

import shutil
from abc import ABC, abstractmethod

from .process import run

PREFIX = "static"


class Contender(ABC):
    """One program with one destination."""

    def __init__(self, name):
        self.name = name
        self.filled = False

    @abstractmethod
    def clean(self):
        """Brings the destination to where nothing was ever made."""

    @abstractmethod
    def command(self):
        """The command that is measured."""

    @abstractmethod
    def output(self):
        """The folder with what was made."""

    def run_cold(self):
        """Runs it into an empty destination."""
        self.clean()
        outcome = run(self.command())
        self.filled = True
        return outcome

    def run_again(self):
        """Runs it where it has run before, so that nothing is to do."""
        if not self.filled:
            self.run_cold()
        return run(self.command())


class ToFolder(Contender):
    """Makes a folder. `command` gets the folder."""

    def __init__(self, name, folder, command):
        super().__init__(name)
        self.folder = folder
        self.cache = folder.with_name(folder.name + "-cache")
        self.make_command = command

    def clean(self):
        for folder in (self.folder, self.cache):
            shutil.rmtree(folder, ignore_errors=True)

    def command(self):
        return with_cache(self.make_command(self.folder), self.cache)

    def output(self):
        return self.folder


class ToBucket(Contender):
    """Fills a prefix of a bucket, a new bucket each time. `command` gets the bucket's name."""

    def __init__(self, name, folder, minio, command):
        super().__init__(name)
        self.fetched = folder
        self.cache = folder.with_name(folder.name + "-cache")
        self.minio = minio
        self.make_command = command
        self.bucket = None

    def clean(self):
        if self.bucket is not None:
            self.minio.remove_bucket(self.bucket)
        shutil.rmtree(self.cache, ignore_errors=True)
        self.bucket = self.minio.new_bucket()

    def command(self):
        return with_cache(self.make_command(self.bucket), self.cache)

    def output(self):
        shutil.rmtree(self.fetched, ignore_errors=True)
        self.minio.fetch(f"{self.bucket}/{PREFIX}", self.fetched)
        return self.fetched


def with_cache(command, folder):
    """What a program remembers of earlier runs is part of its destination."""
    return type(command)(command.argv, {**command.env, "XDG_CACHE_HOME": folder})
