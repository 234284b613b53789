"""Finds the folders of Django apps, and imports none of them.

Given to an interpreter (3.8 or later) by `interpreter.rs`, which also says what is read from
standard input and written to standard output. What decides an answer is told to `look_at`. An entry of INSTALLED_APPS is understood as
django/apps/config.py (6.1) does; where that runs the code of an app, its source is read here.
"""
import sys

if sys.version_info < (3, 8):
    sys.exit("it is older than Python 3.8")

STARTED_WITH = frozenset(sys.modules)
# Nothing below may be a module of the project that is called like one of Python's.
if sys.path and sys.path[0] == "":
    del sys.path[0]

# No more than these: json, ast and pkgutil take longer to import than the answer to find.
import _ast
import os
from importlib.machinery import PathFinder

MARK = "storehouse-apps:"
STATICFILES_CONFIG = ("django.contrib.staticfiles.apps", "StaticFilesConfig")
APP_CONFIGS = ("django.apps.AppConfig", "django.apps.config.AppConfig")
DEEPEST = 20
MISSING = object()
UNREADABLE = object()


class NotFound(Exception):
    pass


class Module:
    def __init__(self, name, file, folders):
        self.name = name
        self.file = file
        self.folders = folders  # where its submodules are; of a module that is a file: none


class Class:
    def __init__(self, module, node):
        self.module = module
        self.node = node


MODULES = {}
NAMES = {}


def locate(name):
    """Returns the module, None if there is none. importlib.util.find_spec would import its parents."""
    if name not in MODULES:
        MODULES[name] = loaded(name) or look_for(name)
    return MODULES[name]


def loaded(name):
    """A module that a .pth file has put there when the interpreter started."""
    if name not in STARTED_WITH or name == "__main__":
        return None
    module = sys.modules[name]
    return Module(name, getattr(module, "__file__", None), list(getattr(module, "__path__", [])))


def look_for(name):
    parent = name.rpartition(".")[0]
    entries = sys.path
    if parent:
        package = locate(parent)
        if package is None or not package.folders:
            return None
        entries = package.folders
    for finder in sys.meta_path:
        if finder is PathFinder:
            spec, folders = on_path(name, entries)
        else:
            # Such as those of editable installs.
            spec = ask(finder, name, entries if parent else None)
            folders = list(spec.submodule_search_locations or []) if spec else []
        if spec or folders:
            file = spec.origin if spec and spec.has_location else None
            return Module(name, file, with_extensions(name, file, folders, entries))
    return None


def ask(finder, name, entries):
    try:
        return finder.find_spec(name, entries)
    except Exception:
        return None


def on_path(name, entries):
    """What PathFinder does, which for a namespace package in another wants that imported."""
    portions = []
    for entry in entries:
        finder = finder_of(entry)
        look_at(getattr(finder, "archive", entry))
        look_at(os.path.join(entry, name.rpartition(".")[2]))
        spec = finder.find_spec(name) if hasattr(finder, "find_spec") else None
        if spec is None:
            continue
        if spec.loader is not None:
            return spec, list(spec.submodule_search_locations or [])
        portions.extend(spec.submodule_search_locations or [])
    return None, portions


def finder_of(entry):
    """What finds modules in an entry of sys.path, as pkgutil.get_importer tells it."""
    if entry not in sys.path_importer_cache:
        for hook in sys.path_hooks:
            try:
                sys.path_importer_cache[entry] = hook(entry)
                break
            except ImportError:
                pass
    return sys.path_importer_cache.get(entry)


def with_extensions(name, file, folders, entries):
    """Adds the other folders of a package that is a namespace in the manner of Python 2."""
    if folders and file and file.endswith("__init__.py"):
        source = read(file)
        if b"extend_path" in source or b"declare_namespace" in source:
            last = name.rpartition(".")[2]
            others = [os.path.join(entry, last) for entry in entries]
            return folders + [path for path in others if path not in folders and is_folder(path)]
    return folders


def is_folder(path):
    look_at(path)
    return os.path.isdir(path)


def read(file):
    look_at(file)
    try:
        with open(file, "rb") as opened:
            return opened.read()
    except OSError:
        return b""


def names_in(module):
    """What is defined or imported at the top of a module: classes, and the dotted names of others."""
    if module.name not in NAMES:
        names = NAMES[module.name] = {}
        if module.file and module.file.endswith(".py"):
            try:
                tree = compile(read(module.file), module.file, "exec", _ast.PyCF_ONLY_AST)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return names
            gather(module, tree.body, names)
    return NAMES[module.name]


def gather(module, statements, names):
    for statement in statements:
        if isinstance(statement, _ast.ClassDef):
            names.setdefault(statement.name, statement)
        elif isinstance(statement, _ast.Import):
            for alias in statement.names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                names.setdefault(alias.asname or whole, whole)
        elif isinstance(statement, _ast.ImportFrom):
            source = absolute(module, statement)
            for alias in statement.names:
                names.setdefault(alias.asname or alias.name, source + "." + alias.name)
        else:
            # Of `if`, `try` and `with`; what comes first counts.
            for inner in ("body", "orelse", "handlers", "finalbody"):
                if not isinstance(statement, (_ast.FunctionDef, _ast.AsyncFunctionDef)):
                    gather(module, getattr(statement, inner, []), names)


def absolute(module, statement):
    if not statement.level:
        return statement.module
    parts = module.name.split(".")
    up = statement.level - (1 if module.folders else 0)
    parts = parts[: len(parts) - up]
    return ".".join(parts + ([statement.module] if statement.module else []))


def find_class(dotted, depth=0):
    """Returns the class, followed through imports; APP_CONFIGS for Django's own; else None."""
    if dotted in APP_CONFIGS:
        return APP_CONFIGS
    module_name, _, name = dotted.rpartition(".")
    if module_name.startswith("django.") and not module_name.endswith(".apps"):
        # Django has such classes in its modules `apps` only; what these import is long to read.
        return None
    module = locate(module_name) if module_name and depth < DEEPEST else None
    known = names_in(module).get(name) if module else None
    if isinstance(known, str):
        return find_class(known, depth + 1)
    return Class(module, known) if known else None


def bases(of):
    for node in of.node.bases:
        rest = []
        while isinstance(node, _ast.Attribute):
            rest.insert(0, node.attr)
            node = node.value
        if isinstance(node, _ast.Name):
            known = names_in(of.module).get(node.id)
            if isinstance(known, str):
                yield find_class(".".join([known] + rest))
            elif known and not rest:
                yield Class(of.module, known)


def is_app_config(of, depth=0):
    if of is APP_CONFIGS or of is None or depth > DEEPEST:
        return of is APP_CONFIGS
    return any(is_app_config(base, depth + 1) for base in bases(of))


def assigns(statement, name):
    """Whether a statement gives a value to a name."""
    if isinstance(statement, _ast.Assign):
        targets = statement.targets
    elif isinstance(statement, _ast.AnnAssign) and statement.value:
        targets = [statement.target]
    else:
        return False
    return any(isinstance(target, _ast.Name) and target.id == name for target in targets)


def attribute(of, name, depth=0):
    """Returns a text or truth value of a class or of those it is made from; MISSING, UNREADABLE."""
    if of is APP_CONFIGS or of is None or depth > DEEPEST:
        return MISSING
    value = MISSING
    for statement in of.node.body:
        if assigns(statement, name):
            is_literal = isinstance(statement.value, _ast.Constant)
            value = statement.value.value if is_literal else UNREADABLE
        elif getattr(statement, "name", None) == name:
            value = UNREADABLE
    if value is not MISSING:
        return value
    for base in bases(of):
        value = attribute(base, name, depth + 1)
        if value is not MISSING:
            return value
    return MISSING


def default_config(module):
    """The class that Django takes where an entry names the module alone; None for its own."""
    apps = locate(module.name + ".apps") if module.folders else None
    if apps is None:
        return None
    found = [(name, find_class(apps.name + "." + name)) for name in sorted(names_in(apps))]
    found = [(name, of) for name, of in found if of is not APP_CONFIGS and is_app_config(of)]
    found = [(name, of) for name, of in found if attribute(of, "default") is not False]
    if len(found) == 1:
        return found[0][1]
    found = [(name, of) for name, of in found if attribute(of, "default") is True]
    if len(found) > 1:
        names = ", ".join(name for name, _ in found)
        raise NotFound("%s has more than one default AppConfig: %s" % (apps.name, names))
    return found[0][1] if found else None


def named_config(entry):
    """The class that an entry names."""
    module_name, _, name = entry.rpartition(".")
    module = locate(module_name) if module_name else None
    if module is None:
        raise NotFound(no_module(entry))
    of = find_class(entry)
    if of is None or of is APP_CONFIGS:
        choices = [known for known in sorted(names_in(module)) if is_class(module, known)]
        hint = "; it has " + ", ".join(choices) if choices else ""
        raise NotFound("%s has neither a module nor a class %s%s" % (module_name, name, hint))
    return of


def is_class(module, name):
    of = find_class(module.name + "." + name)
    return of is not APP_CONFIGS and is_app_config(of)


def no_module(entry):
    """Names the first part that is not there."""
    parts = entry.split(".")
    for count in range(1, len(parts) + 1):
        if locate(".".join(parts[:count])) is None:
            break
    return "there is no module %s" % ".".join(parts[:count])


def folder_of(entry):
    module = locate(entry)
    of = default_config(module) if module else named_config(entry)
    if of is None:
        return folder_of_module(module)
    path = attribute(of, "path")
    if isinstance(path, str):
        return path
    if path is not MISSING:
        raise NotFound("its class %s sets `path` in code, which is not run" % of.node.name)
    name = attribute(of, "name")
    if not isinstance(name, str):
        # Code too, such as __package__: an AppConfig is in the package of its app.
        name = entry if module else entry.rpartition(".")[0]
        if not module and not locate(name).folders:
            name = name.rpartition(".")[0] or name
    module = locate(name)
    if module is None:
        raise NotFound("its class %s has the name %r, and %s" % (of.node.name, name, no_module(name)))
    return folder_of_module(module)


def folder_of_module(module):
    folders = list(dict.fromkeys(path for path in module.folders if is_folder(path)))
    if len(folders) != 1 and module.file:
        return os.path.dirname(module.file)
    if len(folders) > 1:
        raise NotFound("it is a namespace in several folders: " + ", ".join(folders))
    if not folders:
        raise NotFound("it is not in a folder")
    return folders[0]


def is_of_staticfiles(of, depth=0):
    """Whether it is StaticFilesConfig, or made from it."""
    if of is APP_CONFIGS or of is None or depth > DEEPEST:
        return False
    if (of.module.name, of.node.name) == STATICFILES_CONFIG:
        return True
    return any(is_of_staticfiles(base, depth + 1) for base in bases(of))


def ignored(entries):
    """Returns the `ignore_patterns` of the project's StaticFilesConfig; a text says why they are not known."""
    for entry in entries:
        try:
            module = locate(entry)
            of = default_config(module) if module else named_config(entry)
            if is_of_staticfiles(of):
                return patterns_of(of)
        except NotFound:
            continue  # `answer` tells of it.
        except Exception as error:
            return text("%s: %s" % (type(error).__name__, error))
    return None


def patterns_of(of, depth=0):
    value = None
    for statement in of.node.body:
        if assigns(statement, "ignore_patterns"):
            value = statement.value
    if value is not None:
        found = texts(of, value, depth)
        unknown = "its class %s makes `ignore_patterns` in code, which is not run" % of.node.name
        return unknown if found is None else found
    return patterns_of_base(of, depth)


def patterns_of_base(of, depth):
    for base in bases(of) if depth < DEEPEST else ():
        if is_of_staticfiles(base):
            return patterns_of(base, depth + 1)
    return None


def texts(of, node, depth):
    """The texts of a list as it is written, also of one that begins with that of the base; else None."""
    if isinstance(node, _ast.BinOp) and isinstance(node.op, _ast.Add):
        left, right = texts(of, node.left, depth), texts(of, node.right, depth)
        return None if left is None or right is None else left + right
    if isinstance(node, _ast.Attribute) and node.attr == "ignore_patterns":
        found = patterns_of_base(of, depth)
        return found if isinstance(found, list) else None
    if not isinstance(node, (_ast.List, _ast.Tuple)):
        return None
    found = []
    for element in node.elts:
        if isinstance(element, _ast.Starred):
            inner = texts(of, element.value, depth)
        elif isinstance(element, _ast.Constant) and isinstance(element.value, str):
            inner = [element.value]
        else:
            inner = None
        if inner is None:
            return None
        found += inner
    return found


def answer(entry):
    try:
        folder = os.path.abspath(folder_of(entry))
        folder.encode("utf-8")
        return "folder", folder
    except NotFound as problem:
        return "problem", text(problem)
    except UnicodeEncodeError:
        return "problem", "the name of its folder is not UTF-8"
    except Exception as error:
        return "problem", text("%s: %s" % (type(error).__name__, error))


def text(message):
    return str(message).encode("utf-8", "backslashreplace").decode("utf-8")


def as_json(value):
    if isinstance(value, dict):
        return "{%s}" % ",".join(as_json(key) + ":" + as_json(of) for key, of in value.items())
    if isinstance(value, list):
        return "[%s]" % ",".join(map(as_json, value))
    if value in (None, False, True):
        return {None: "null", False: "false", True: "true"}[value]
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"%s"' % "".join(char if char >= " " else "\\u%04x" % ord(char) for char in escaped)


sys.path.insert(0, os.getcwd())
request = sys.stdin.buffer.read().decode("utf-8").split()
result = {
    "python": text("%s (Python %d.%d.%d)" % ((sys.executable,) + tuple(sys.version_info[:3]))),
    "apps": [dict([answer(entry)]) for entry in request],
    "ignore": ignored(request),
    "evidence": evidence(),
}
# A line of its own: whatever a .pth file or a sitecustomize prints is not part of it.
sys.stdout.flush()
sys.stdout.buffer.write(("\n%s%s\n" % (MARK, as_json(result))).encode("utf-8"))
