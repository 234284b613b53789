"""What an answer rests on: the files and folders that decided it, and whether that is all.

Stands before find_apps.py in one script. As long as none of these paths is another, `remembered.rs`
takes the answer to be right without starting Python. Where in doubt, there is no evidence.
"""

LOOKED_AT = {}  # As a set, in order.
# Code in .pth files that depends on nothing else: of virtualenv, of setuptools for distutils, editable
# installs, old namespace packages and eggs. Of other code only the effect is known.
KNOWN_CODE = (
    "import _virtualenv",
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = ",
    "import __editable___",
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(",
    "import sys; sys.__plen = len(sys.path)",
    "import sys; new=sys.path[sys.__plen:]",
)
# Modules with finders that find the same as long as no file changes: of Python itself, of those above.
KNOWN_FINDERS = ("_frozen_importlib", "zipimport", "_virtualenv", "_distutils_hack", "__editable___")


def look_at(path):
    # Not `abspath`: another file may be behind `link/..`.
    LOOKED_AT[os.path.join(os.getcwd(), path)] = True


def evidence():
    """Returns what the answer rests on, None if it may rest on more."""
    try:
        return all_evidence()
    except Exception:
        return None  # A start that is stranger than all that is foreseen here.


def all_evidence():
    site = sys.modules.get("site")
    # On Windows the registry and ._pth files decide too.
    if os.name == "nt" or not hasattr(site, "getsitepackages"):
        return None
    folders = site.getsitepackages() + [site.getusersitepackages()]
    named, runs_code = look_at_pth_files(folders)
    known = set(folders + named + [os.getcwd()])
    known.update(map(os.path.abspath, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    if not all(is_known_entry(entry, known) for entry in sys.path):
        return None
    if not all(is_known_finder(finder) for finder in sys.meta_path + sys.path_hooks):
        return None
    for program in (sys.executable, os.path.realpath(sys.executable)):
        folder = os.path.dirname(program)
        look_at(os.path.join(folder, "pyvenv.cfg"))
        look_at(os.path.join(os.path.dirname(folder), "pyvenv.cfg"))
    for entry in sys.path:
        look_at(entry)
    if look_at_modules_of_start():
        runs_code = True
    "".join(LOOKED_AT).encode("utf-8")
    return {"executable": sys.executable, "paths": list(LOOKED_AT), "runs_code": runs_code}


def look_at_pth_files(folders):
    """Returns the folders that they name, and whether they run code that is not known."""
    named = []
    runs_code = False
    for folder in folders:
        look_at(folder)
        files = os.listdir(folder) if os.path.isdir(folder) else []
        for file in files:
            if file.endswith(".start"):
                runs_code = True  # Python 3.15 calls what they name.
            if not file.endswith((".pth", ".start")):
                continue
            for line in os.fsdecode(read(os.path.join(folder, file))).splitlines():
                if line.startswith(("import ", "import\t")):
                    runs_code = runs_code or not line.startswith(KNOWN_CODE)
                elif line.strip() and not line.startswith("#"):
                    named.append(os.path.abspath(os.path.join(folder, line.rstrip())))
                    look_at(named[-1])
    return named, runs_code


def is_known_entry(entry, known):
    """Whether it is told where an entry of sys.path comes from."""
    of_python = os.path.dirname(library()) + os.sep
    return entry in known or entry.startswith((of_python, "__editable__."))


def is_known_finder(finder):
    # Of a class, of an object by its class, of a function.
    return getattr(finder, "__module__", "").startswith(KNOWN_FINDERS)


def look_at_modules_of_start():
    """Returns whether a sitecustomize ran that is not Python's own."""
    for name in STARTED_WITH:
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if file and not file.startswith(library() + os.sep):
            look_at(file)
        if name.startswith("__editable___"):
            look_at_editable(module)
    customize = [sys.modules.get(name) for name in ("sitecustomize", "usercustomize")]
    files = [module.__file__ for module in customize if module]
    for file in files:
        look_at(file)
    return not all(file.startswith(library() + os.sep) for file in files)


def look_at_editable(module):
    """Where an editable install of setuptools sends an import to."""
    paths = list(getattr(module, "MAPPING", {}).values())
    for more in getattr(module, "NAMESPACES", {}).values():
        paths.extend(more)
    for path in paths:
        look_at(path)
        look_at(os.path.dirname(path))


def library():
    """The folder of Python's own modules."""
    return os.path.dirname(os.__file__)


