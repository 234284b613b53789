"""What was measured as Markdown, and as JSON with every single time. It measures nothing."""

from statistics import median

HEAD = (
    "| work | Storehouse | beside it | ratio | at least | goal | reached |",
    "|---|---|---|---|---|---|---|",
)


def markdown(measured):
    """The table: medians, and the median of the ratios of each round."""
    return "\n".join((*HEAD, *map(line, measured)))


def line(one):
    work, fastest = one.row.work, fastest_peer(one)
    beside = "; ".join(f"{peer.name} {shown(median(one.seconds[peer.name]))}" for peer in one.row.peers)
    unit = "× as fast" if work.times_as_fast else "× its time"
    which = f" ({fastest.name})" if len(one.row.peers) > 1 else ""
    ratio = ratio_of(one)
    cells = (
        work.title,
        shown(median(one.seconds[one.row.ours.name])),
        beside,
        f"{digits(ratio)} {unit}{which}",
        f"{work.least:g}",
        f"{work.goal:g}",
        work.reached(ratio),
    )
    return f"| {' | '.join(cells)} |"


def fastest_peer(one):
    return min(one.row.peers, key=lambda peer: median(one.seconds[peer.name]))


def ratio_of(one):
    """Pair by pair, since a machine that is slow in one round is slow for both."""
    ours, theirs = one.seconds[one.row.ours.name], one.seconds[fastest_peer(one).name]
    return median(map(one.row.work.ratio, ours, theirs))


def as_json(one):
    return {
        "row": one.row.key,
        "seconds": one.seconds,
        "beside": fastest_peer(one).name,
        "ratio": ratio_of(one),
        "reached": one.row.work.reached(ratio_of(one)),
    }


def shown(seconds):
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def digits(ratio):
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2f}"
