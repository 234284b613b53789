"""What was measured of serving as Markdown, and as JSON with every round. It measures nothing."""

from statistics import median

from .serving import GOAL, LEAST, ROWS
from .web_servers import NGINX, STOREHOUSE, WHITENOISE

SERVERS = (STOREHOUSE, NGINX, WHITENOISE)
HEAD = (
    "| file | Storehouse | nginx | WhiteNoise | ratio to nginx | at least | goal | reached |",
    "|---|---|---|---|---|---|---|---|",
)


def markdown(served):
    """Medians of requests a second and of p99, and the median of the ratios of each round."""
    return "\n".join((*HEAD, *map(line, served)))


def line(one):
    ratio = ratio_of(one)
    shown = (figures(one, name) for name in SERVERS)
    cells = (ROWS[one.key].title, *shown, f"{ratio:.2f}", f"{LEAST:g}", f"{GOAL:g}", reached(ratio))
    return f"| {' | '.join(cells)} |"


def figures(one, name):
    requests = median(load.requests for load in one.loads[name])
    p99 = median(load.p99_ms for load in one.loads[name])
    return f"{requests:,.0f}/s, {milliseconds(p99)}, {one.memory_mib[name]:.0f} MiB"


def milliseconds(time):
    return f"{time:.0f} ms" if time >= 10 else f"{time:.2g} ms"


def ratio_of(one):
    """Round by round, since a machine that is slow in one is slow for both."""
    ours, theirs = one.loads[STOREHOUSE], one.loads[NGINX]
    return median(our.requests / their.requests for our, their in zip(ours, theirs))


def reached(ratio):
    return "goal" if ratio >= GOAL else "least" if ratio >= LEAST else "missed"


def as_json(one):
    return {
        "row": one.key,
        "requests a second": {name: [load.requests for load in loads] for name, loads in one.loads.items()},
        "p99 in ms": {name: [load.p99_ms for load in loads] for name, loads in one.loads.items()},
        "memory in MiB": one.memory_mib,
        "ratio to nginx": ratio_of(one),
        "reached": reached(ratio_of(one)),
    }
