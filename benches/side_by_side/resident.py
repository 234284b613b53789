"""How much memory a server holds: the process that was started, and all below it. Linux only."""

from pathlib import Path

from .process import Failed

PROC = Path("/proc")


def resident_mib(pid):
    """The sum of their PSS: a page that several share counts once."""
    return sum(map(pss_kib, family(pid))) / 1024


def family(pid):
    """The process and those that it started, however deep; threads are in it."""
    yield pid
    for thread in (PROC / str(pid) / "task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from family(int(child))


def pss_kib(pid):
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise Failed(f"/proc/{pid}/smaps_rollup has no Pss: Linux from 4.14 on does")
