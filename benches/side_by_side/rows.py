"""The rows of the table: which work, what is asked of its ratio, and how a row is measured.

Outputs are compared before anything is timed. A slow row is timed once, so its outputs are compared
after that, and before its figures are told.
"""

from dataclasses import dataclass, replace

from .outputs import differences
from .process import Failed, say


@dataclass(frozen=True)
class Work:
    """What is done, and what the ratio has to be.

    `times_as_fast`: the peer's time over ours, and more is better; else ours over the peer's.
    """

    title: str
    least: float
    goal: float
    times_as_fast: bool
    nothing_changed: bool = False
    slow: bool = False

    def ratio(self, ours, theirs):
        return theirs / ours if self.times_as_fast else ours / theirs

    def reached(self, ratio):
        for name, limit in (("goal", self.goal), ("least", self.least)):
            if ratio >= limit if self.times_as_fast else ratio <= limit:
                return name
        return "missed"


WORKS = {
    "disk-cold": Work("manifest to disk, cold, against Django", 10, 20, True),
    "disk-unchanged": Work("manifest to disk, nothing changed, against Django", 30, 100, True, nothing_changed=True),
    "disk-copy": Work("manifest to disk, cold, against `cp -r` of its own output", 1.5, 1.0, False),
    "push-cold": Work("push to MinIO, cold, against the faster of `rclone copy` and `mc mirror`", 1.0, 0.85, False),
    "push-unchanged": Work("push, nothing changed, against the faster of both", 1.3, 0.9, False, nothing_changed=True),
    "manifest-push-cold": Work("manifest push, cold, against django-storages", 15, 20, True, slow=True),
    "manifest-push-unchanged": Work(
        "manifest push, nothing changed, against django-storages",
        100,
        150,
        True,
        nothing_changed=True,
        slow=True,
    ),
}

# The same beside an earlier build of Storehouse: a change may cost what cannot be told from noise.
BESIDE_EARLIER = {
    key: replace(
        work, title=work.title.split(", against")[0], least=1.03, goal=1.0, times_as_fast=False, slow=False
    )
    for key, work in WORKS.items()
    if key != "disk-copy"
}


@dataclass(frozen=True)
class Row:
    """One piece of work, done by Storehouse (`ours`) and by its peers, or by an earlier Storehouse."""

    key: str
    ours: object
    peers: tuple
    # Django before 6.0 wrote it in the order of the disk.
    sorted_manifest: bool = True
    beside_earlier: bool = False

    @property
    def work(self):
        return (BESIDE_EARLIER if self.beside_earlier else WORKS)[self.key]

    @property
    def contenders(self):
        return (self.ours, *self.peers)


@dataclass(frozen=True)
class Measured:
    """All times of a row in seconds, by contender, one a round."""

    row: Row
    seconds: dict


def measure(row, rounds):
    """Checks that all make the same, then runs them by turns."""
    say(f"--- {row.work.title}")
    if not row.work.slow:
        for contender in row.contenders:
            run_once(row, contender)
        refuse_different_outputs(row)
    seconds = {contender.name: [] for contender in row.contenders}
    for turn in range(rounds):
        # Forth and back, so that nobody always comes after the same one.
        for contender in row.contenders[:: -1 if turn % 2 else 1]:
            outcome = run_once(row, contender)
            seconds[contender.name].append(outcome.seconds)
            say(f"round {turn + 1}: {contender.name} {outcome.seconds:.3f} s")
    if row.work.slow:
        refuse_different_outputs(row)
    return Measured(row, seconds)


def run_once(row, contender):
    if not row.work.nothing_changed:
        return contender.run_cold()
    outcome = contender.run_again()
    if contender is row.ours and not outcome.stdout.lstrip().startswith("0 static files copied"):
        raise Failed(f"{row.work.title}: {contender.name} says {outcome.stdout!r}")
    return outcome


def refuse_different_outputs(row):
    ours = row.ours.output()
    for peer in row.peers:
        wrong = differences(ours, peer.output(), peer.name, row.sorted_manifest)
        if wrong:
            head = f"{row.work.title}: the outputs differ, so their times mean nothing"
            raise Failed("\n".join((head, *wrong[:20])))
