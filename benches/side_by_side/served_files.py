"""The files that are served: text of three sizes, collected once with hashed names and gzip's copies."""

import gzip
import json
import random

from .outputs import MANIFEST_NAME
from .process import Command, run

SIZES = {"1k": 1024, "22k": 22 * 1024, "5m": 5 * 1024 * 1024}
# gzip makes of such text what it makes of scripts: a third.
WORDS = 2_000
LINE = 12


def collect(storehouse, work):
    """Returns the folder, and {key of `SIZES`: hashed name}. All servers are given this folder."""
    sources, root = work / "sources", work / "static"
    sources.mkdir()
    for key, size in SIZES.items():
        (sources / f"{key}.js").write_text(text(size))
    settings = work / "storehouse.toml"
    settings.write_text(
        "DEBUG = false\n"
        'STATIC_URL = "/static/"\n'
        f'STATICFILES_DIRS = ["{sources}"]\n'
        # No request here asks for brotli, whose copy of the large file takes long.
        f'STATICFILES_STORAGE = "compressed+manifest+file:{root}?compression=gzip"\n'
    )
    cache = {"XDG_CACHE_HOME": work / "cache"}
    run(Command((storehouse, "--settings", settings, "collectstatic", "--noinput"), cache))
    stored = json.loads((root / MANIFEST_NAME).read_text())["paths"]
    return root, {key: stored[f"{key}.js"] for key in SIZES}


def text(size):
    """`size` bytes of comments, always the same."""
    choose = random.Random(size)
    words = ["".join(choose.choices("etaoinshrdlu", k=choose.randint(2, 9))) for _ in range(WORDS)]
    lines, length = [], 0
    while length < size:
        lines.append(f"// {' '.join(choose.choices(words, k=LINE))}\n")
        length += len(lines[-1])
    return "".join(lines)[: size - 1] + "\n"


def expected(root, name, coding):
    """The bytes that an answer has to have: the file's, or those of its copy."""
    return (root / (f"{name}.gz" if coding else name)).read_bytes()


def decoded(body, coding):
    return gzip.decompress(body) if coding == "gzip" else body
