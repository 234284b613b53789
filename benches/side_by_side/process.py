"""Runs one command to its end and tells its time, its memory and what it said. It judges nothing."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# Settings of whoever runs this have no place in what is measured.
FOREIGN = (
    "AWS_",
    "DATA_UPLOAD_",
    "DEBUG",
    "DEFAULT_FILE_STORAGE",
    "DJANGO_",
    "FILE_UPLOAD_",
    "GUNICORN_",
    "INSTALLED_APPS",
    "MC_",
    "MEDIA_",
    "PYTHON",
    "RCLONE_",
    "SECRET_KEY",
    "STATIC",
    "STORAGES",
    "STOREHOUSE_",
    "WHITENOISE_",
)


@dataclass(frozen=True)
class Command:
    argv: tuple
    env: dict = field(default_factory=dict)
    # Where it runs; by default where the script does.
    folder: Path = None


@dataclass(frozen=True)
class Outcome:
    code: int
    seconds: float
    peak_kib: int
    stdout: str
    stderr: str


class Failed(Exception):
    """Something that had to work did not; the text is for whoever ran the script."""


def run(command, expected=(0,)):
    """Runs `command`; any other exit code than the expected is `Failed`, with what it said last."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            command.argv,
            env=environment(command.env),
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        try:
            # Not wait(): only wait4 tells the memory of this one process.
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        outcome = Outcome(process.returncode, seconds, peak_kib(usage), text(out), text(err))
    if expected is not None and outcome.code not in expected:
        said = "\n".join((outcome.stdout + outcome.stderr).splitlines()[-12:])
        raise Failed(f"{' '.join(map(str, command.argv))}\nexited with {outcome.code}:\n{said}")
    return outcome


def environment(added):
    """The process environment without `FOREIGN` names, with the added ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, **{name: str(value) for name, value in added.items()}}


def peak_kib(usage):
    # Bytes on macOS, KiB elsewhere: getrusage(2).
    return usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss


def text(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def say(line):
    """Tells what goes on; standard output is kept for results."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def work_folder(name):
    """A folder in memory, gone afterwards; on a disk, with a note, where the system has no /dev/shm."""
    in_memory = os.access("/dev/shm", os.W_OK)
    if not in_memory:
        say(f"note: no /dev/shm here; on a disk, {tempfile.gettempdir()}, times are less sure")
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir="/dev/shm" if in_memory else None) as folder:
        yield Path(folder)
