"""Whether two collected folders hold the same names and bytes. It runs nothing."""

import filecmp
import json
import os
from pathlib import Path

MANIFEST_NAME = "staticfiles.json"


def tree(folder):
    """{name: path} of all files below `folder`."""
    return {
        os.path.relpath(os.path.join(where, name), folder): os.path.join(where, name)
        for where, _, names in os.walk(folder)
        for name in names
    }


def differences(ours, theirs, theirs_name, manifest_order_matters=True):
    """Returns a line for each name that is on one side only, or differs in a byte."""
    ours, theirs = tree(ours), tree(theirs)
    found = [f"only of {theirs_name}: {name}" for name in sorted(theirs.keys() - ours.keys())]
    found += [f"not of {theirs_name}: {name}" for name in sorted(ours.keys() - theirs.keys())]
    for name in sorted(ours.keys() & theirs.keys()):
        any_order = name == MANIFEST_NAME and not manifest_order_matters
        same = same_json if any_order else same_bytes
        if not same(ours[name], theirs[name]):
            found.append(f"differs: {name}")
    if not ours:
        found.append("nothing was collected")
    return found


def same_bytes(one, other):
    return filecmp.cmp(one, other, shallow=False)


def same_json(one, other):
    return json.loads(Path(one).read_bytes()) == json.loads(Path(other).read_bytes())
