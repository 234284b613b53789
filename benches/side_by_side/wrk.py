"""The load generator: wrk, for some seconds on one URL. It starts no server.

It is one thread with 32 connections, each asking again as soon as it has its answer.
"""

import re
from dataclasses import dataclass

from .process import Command, Failed, run

CONNECTIONS = 32
MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}


@dataclass(frozen=True)
class Load:
    """What wrk told: whole answers a second, and the time within which 99 of 100 had come."""

    requests: float
    p99_ms: float


def load(wrk, url, headers, seconds):
    """Asks for `url` again and again; an answer that is an error, or none, is `Failed`."""
    fields = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
    words = ("--threads", "1", "--connections", CONNECTIONS, "--duration", f"{seconds}s", "--latency")
    told = run(Command(tuple(map(str, (wrk, *words, *fields, url))))).stdout
    if re.search(r"Non-2xx|Socket errors", told):
        raise Failed(f"wrk was not answered well by {url}:\n{told}")
    requests = re.search(r"^Requests/sec:\s+([\d.]+)$", told, re.MULTILINE)
    p99 = re.search(r"^\s+99%\s+([\d.]+)(us|ms|s|m)$", told, re.MULTILINE)
    if not requests or not p99:
        raise Failed(f"wrk says something else than it did:\n{told}")
    return Load(float(requests[1]), float(p99[1]) * MILLISECONDS[p99[2]])
