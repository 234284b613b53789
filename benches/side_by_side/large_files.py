"""Large uploads and downloads through `examples/upload-form`: what is done, and what must hold."""

import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from .counting_proxy import CountingProxy
from .form_client import BLOCK_BYTES, Content, get_last, upload, upload_at_once
from .kept import InBucket, InFolder
from .process import Failed, say
from .upload_form import MEDIA_URL, UploadForm

MIB = 1024 * 1024
# The S3 driver may hold 32 MiB, and the rest of the process as much.
MOST_PEAK_MIB = 64
MANY_BYTES = 5_000_000
LAST_BYTES = 1024
# What HTTP around it needs, and what a socket may hold that was not read.
MOST_FETCHED = 64 * 1024

HEAD = ("| work | storage | answers | measured | must be |", "|---|---|---|---|---|")


@dataclass
class Line:
    """A line of the table, and which of its bounds are broken."""

    work: str
    storage: str
    answers: str
    measured: str
    bound: str
    broken: list = field(default_factory=list)

    def must(self, holds, problem):
        if not holds:
            self.broken.append(f"{self.work}, {self.storage}: {problem}")


def markdown(lines):
    cells = ((line.work, line.storage, line.answers, line.measured, line.bound) for line in lines)
    return "\n".join((*HEAD, *(f"| {' | '.join(row)} |" for row in cells)))


class LargeFiles:
    def __init__(self, binary, work, minio, size, count):
        self.binary, self.work, self.minio = binary, work, minio
        self.size, self.count = size, count
        self.services = 0

    def measure(self):
        for kept in (InFolder(self.work / "media"), InBucket(self.minio)):
            yield self.one_upload(kept)
            yield self.many_uploads(kept)
        yield self.last_bytes(InBucket(self.minio))

    def service(self, settings):
        """A process of its own for each line: its peak is what this work costs."""
        self.services += 1
        return UploadForm(self.binary, self.work / f"service-{self.services}", settings)

    def one_upload(self, kept):
        say(f"--- {shown(self.size)} into {kept.title}")
        content = Content(self.size)
        expected = content.sha256()
        with self.service(kept.settings()) as service:
            answer = upload(service.address, "large.bin", content)
            peak, temp = service.peak_mib(), service.temp_files()
        speed = self.size / 1e6 / answer.seconds
        measured = f"{speed:,.0f} MB/s, peak of {peak:.0f} MiB"
        bound = f"peak of {MOST_PEAK_MIB} MiB at most"
        line = Line(f"upload of {shown(self.size)}", kept.title, str(answer.status), measured, bound)
        line.must(answer.status == HTTPStatus.OK, f"was answered {answer.status}: {answer.text.strip()}")
        line.must(peak <= MOST_PEAK_MIB, f"a peak of {peak:.0f} MiB, and {MOST_PEAK_MIB} MiB are the most")
        same_as_answered(line, kept, {"large.bin": answer}, {"large.bin": (self.size, expected)})
        nothing_left(line, kept, temp)
        return line

    def many_uploads(self, kept):
        say(f"--- {self.count} uploads into {kept.title}")
        # No two have a block in common.
        blocks = -(-MANY_BYTES // BLOCK_BYTES)
        files = {f"file-{number:04}.bin": Content(MANY_BYTES, number * blocks) for number in range(self.count)}
        with self.service(kept.settings()) as service:
            started = time.perf_counter()
            answers = upload_at_once(service.address, files)
            seconds = time.perf_counter() - started
            peak, temp = service.peak_mib(), service.temp_files()
        counts = Counter(answer.status for answer in answers.values())
        told = ", ".join(f"{number} × {status or 'none'}" for status, number in sorted(counts.items(), key=str))
        taken = counts[HTTPStatus.OK]
        measured = f"{taken * MANY_BYTES / 1e6 / seconds:,.0f} MB/s, peak of {peak:.0f} MiB"
        work = f"{self.count} uploads of {MANY_BYTES // 1_000_000} MB at once"
        line = Line(work, kept.title, told, measured, "kept is what was answered 200")
        others = set(counts) - {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}
        line.must(taken > 0 and not others, f"200 and 503 may be answered, and these were: {told}")
        expected = {name: (content.size, content.sha256()) for name, content in files.items()}
        same_as_answered(line, kept, answers, expected)
        nothing_left(line, kept, temp)
        return line

    def last_bytes(self, kept):
        size = self.size // 2
        say(f"--- the last {LAST_BYTES} bytes of {shown(size)}")
        content = Content(size)
        with self.service(kept.settings()) as service:
            answer = upload(service.address, "large.bin", content)
        if answer.status != HTTPStatus.OK:
            raise Failed(f"the object to ask for was answered {answer.status}: {answer.text.strip()}")
        (name,) = kept.sizes()
        with CountingProxy(self.minio.endpoint) as proxy:
            # A bucket is private: without DEBUG its own signed URLs are the only way.
            settings = {**kept.settings(proxy.endpoint), "DEBUG": True}
            with self.service(settings) as service:
                status, got = get_last(service.address, MEDIA_URL + name, LAST_BYTES)
        measured = f"{proxy.fetched:,} bytes fetched"
        work = f"the last {LAST_BYTES // 1024} KB of {shown(size)}"
        line = Line(work, kept.title, str(status.value), measured, f"{MOST_FETCHED:,} bytes at most")
        line.must(status == HTTPStatus.PARTIAL_CONTENT, f"was answered {status.value}")
        line.must(got == content.last(LAST_BYTES), "what came are not these bytes")
        line.must(LAST_BYTES <= proxy.fetched <= MOST_FETCHED, f"{measured}, and {MOST_FETCHED:,} are the most")
        return line


def same_as_answered(line, kept, answers, expected):
    """What is kept is what was answered 200, by its name, size and hash; no more and no less."""
    taken = {name: answer for name, answer in answers.items() if answer.status == HTTPStatus.OK}
    names = {urlsplit(answer.told()[0]).path.replace(kept.url_path, "", 1): name for name, answer in taken.items()}
    sizes = kept.sizes()
    for name in sorted(sizes.keys() - names.keys()):
        line.must(False, f"{name} is kept, and was not answered 200")
    for name in sorted(names.keys() - sizes.keys()):
        line.must(False, f"{name} was answered 200, and is not kept")
    for name in sorted(sizes.keys() & names.keys()):
        size, digest = expected[names[name]]
        line.must(sizes[name] == size, f"{name} has {sizes[name]} bytes, and {size} were sent")
        line.must(kept.sha256(name) == digest, f"{name} is not what was sent")
        told = answers[names[name]].told()
        line.must(told[1] == str(size) and told[3] == digest, f"of {name} something else was told: {told}")


def nothing_left(line, kept, temp):
    for what in (*kept.under_way(), *temp):
        line.must(False, f"{what} is left")
    if kept.sizes():
        kept.delete_all()


def shown(size):
    return f"{size // (1024 * MIB)} GiB" if size % (1024 * MIB) == 0 else f"{size // MIB} MiB"
