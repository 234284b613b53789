"""What many files cost Storehouse in memory: a tree of small files, collected with a manifest."""

import hashlib
import random
import shutil
from statistics import median

from .outputs import tree
from .process import Command, Failed, run, say
from .project import MANIFEST

FILES = 40_000
FILES_A_FOLDER = 200
REFERENCES = 20


def make_tree(root):
    """`FILES` files of up to 4 KiB, always the same; one in each folder is CSS that names others."""
    choose = random.Random(FILES)
    for folder in range(FILES // FILES_A_FOLDER):
        where = root / f"{folder:03}"
        where.mkdir(parents=True)
        names = [f"{number:03}.svg" for number in range(1, FILES_A_FOLDER)]
        for name in names:
            seed = hashlib.sha256(f"{folder}/{name}".encode()).hexdigest()
            (where / name).write_text(seed * choose.randint(1, 64))
        css = "".join(f'.i{name[:3]} {{ background: url("{name}") }}\n' for name in names[:REFERENCES])
        (where / "style.css").write_text(css)


def measure(storehouse, work, rounds):
    """Returns the medians of time and of peak memory, cold and with nothing changed."""
    say(f"--- memory for {FILES} files")
    source, root, cache = work / "many", work / "many-collected", work / "many-cache"
    make_tree(source)
    settings = work / "many.toml"
    settings.write_text(f'STATIC_URL = "/static/"\nSTATICFILES_DIRS = ["{source}"]\n')
    env = {"STATIC_ROOT": root, "STATICFILES_STORAGE": MANIFEST, "XDG_CACHE_HOME": cache}
    command = Command((storehouse, "--settings", settings, "collectstatic", "--noinput"), env)
    cold, again = [], []
    for _ in range(rounds):
        for folder in (root, cache):
            shutil.rmtree(folder, ignore_errors=True)
        cold.append(run(command))
        again.append(run(command))
    if len(tree(root)) != 2 * FILES + 1:
        raise Failed("not every file was collected under both names")
    return {"files": FILES, "cold": medians(cold), "nothing changed": medians(again)}


def medians(outcomes):
    return {
        "seconds": median(outcome.seconds for outcome in outcomes),
        "peak_mib": median(outcome.peak_kib for outcome in outcomes) / 1024,
    }


def sentence(measured):
    cold, again = measured["cold"], measured["nothing changed"]
    return (
        f"{measured['files']:,} small files to disk with a manifest: "
        f"{cold['seconds']:.2f} s and a peak of {cold['peak_mib']:.0f} MiB; "
        f"nothing changed: {again['seconds']:.2f} s and {again['peak_mib']:.0f} MiB."
    )
