"""The rows on serving: what is asked for, whether all answer the same, and how it is measured.

A row is one file in one coding. Answers are compared before anything is measured. The load generator
shares the processors with the server, the same for all.
"""

import re
from dataclasses import dataclass

from . import served_files, wrk
from .process import Command, Failed, run, say
from .resident import resident_mib
from .web_servers import program, web_servers

LEAST, GOAL = 0.7, 1.0


@dataclass(frozen=True)
class Request:
    """A file by its size, and the coding that is asked for."""

    title: str
    size: str
    coding: str = ""
    # Whether each server writes a line for each answer.
    log: bool = False

    @property
    def headers(self):
        return {"Accept-Encoding": self.coding} if self.coding else {}


ROWS = {
    "serve-1k": Request("1 KB", "1k"),
    "serve-1k-gzip": Request("1 KB, precompressed", "1k", "gzip"),
    "serve-22k": Request("22 KB", "22k"),
    "serve-22k-gzip": Request("22 KB, precompressed", "22k", "gzip"),
    "serve-5m": Request("5 MB", "5m"),
    "serve-5m-gzip": Request("5 MB, precompressed", "5m", "gzip"),
    "serve-1k-log": Request("1 KB, with an access log", "1k", log=True),
    "serve-1k-gzip-log": Request("1 KB, precompressed, with an access log", "1k", "gzip", log=True),
    "serve-22k-log": Request("22 KB, with an access log", "22k", log=True),
    "serve-22k-gzip-log": Request("22 KB, precompressed, with an access log", "22k", "gzip", log=True),
}


@dataclass(frozen=True)
class Served:
    """Of one row: by server, what each round's load told, and the memory after the last."""

    key: str
    loads: dict
    memory_mib: dict


def wrk_program():
    return program("wrk", "wrk")


def wrk_version():
    # It tells it among its usage, and calls that an error.
    told = run(Command((wrk_program(), "--version")), expected=None)
    return re.search(r"\d+\.\d+\.\d+", told.stdout + told.stderr)[0]


def measure(keys, bench, rounds, seconds):
    """Measures each row with servers that are started for it, so that its memory is its own.

    `bench` is (storehouse, the Python that has gunicorn, a folder).
    """
    storehouse, python, work = bench
    work.mkdir()
    root, names = served_files.collect(storehouse, work)
    return [
        measure_row(
            key,
            root,
            names[ROWS[key].size],
            web_servers(storehouse, python, root, work, ROWS[key].log),
            rounds,
            seconds,
        )
        for key in keys
    ]


def measure_row(key, root, name, servers, rounds, seconds):
    request = ROWS[key]
    say(f"--- serving {request.title}")
    storehouse, nginx, whitenoise = servers
    with storehouse, nginx, whitenoise:
        for server in servers:
            refuse_wrong_answer(server, request, root, name)
        loads = {server.name: [] for server in servers}
        for turn in range(rounds):
            for server in servers:
                told = wrk.load(wrk_program(), server.url(name), request.headers, seconds)
                loads[server.name].append(told)
                say(f"round {turn + 1}: {server.name} {told.requests:,.0f} a second, p99 {told.p99_ms:.2f} ms")
        return Served(key, loads, {server.name: resident_mib(server.pid) for server in servers})


def refuse_wrong_answer(server, request, root, name):
    """What each has to answer, so all answer the same."""
    status, headers, body = server.get(f"/static/{name}", request.headers)
    coding = headers.get("content-encoding", "")
    wrong = []
    if status != 200:
        wrong.append(f"status {status}")
    if coding != request.coding:
        wrong.append(f"Content-Encoding {coding!r}, where {request.coding!r} was to come")
    elif body != served_files.expected(root, name, coding):
        wrong.append("other bytes than the file has")
    elif served_files.decoded(body, coding) != served_files.expected(root, name, ""):
        wrong.append("other bytes than the file has, once decoded")
    if headers.get("content-length") != str(len(body)):
        wrong.append("no right Content-Length")
    if "immutable" not in headers.get("cache-control", ""):
        wrong.append("a hashed name that is not immutable")
    if wrong:
        raise Failed(f"{server.name} answers {request.title} with {'; '.join(wrong)}, so its speed means nothing")
