"""A form with one file, sent over a socket while its content is made; and what is answered. It judges
nothing."""

import hashlib
import http.client
import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from .process import Failed

BLOCK_BYTES = 1024 * 1024
NUMBER_BYTES = 8
# A service that keeps a client waiting for longer hangs.
LIMIT_SECONDS = 120
BOUNDARY = "a-boundary-that-no-content-has"
# What all blocks have after their number. A shift or a swap of blocks changes the hash.
FILLING = memoryview(random.Random(BLOCK_BYTES).randbytes(BLOCK_BYTES - NUMBER_BYTES))


class Content:
    """`size` bytes: numbered blocks, from the number `first` on."""

    def __init__(self, size, first=0):
        self.size = size
        self.first = first

    def pieces(self, start=0, end=None):
        """Its bytes from the block that has `start` to the one before that of `end`."""
        end = self.size if end is None else end // BLOCK_BYTES * BLOCK_BYTES
        for at in range(start // BLOCK_BYTES * BLOCK_BYTES, end, BLOCK_BYTES):
            number = self.first + at // BLOCK_BYTES
            yield number.to_bytes(NUMBER_BYTES, "big")[: self.size - at]
            yield FILLING[: max(self.size - at - NUMBER_BYTES, 0)]

    def sha256(self):
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()

    def last(self, count):
        blocks = b"".join(self.pieces(max(self.size - count, 0)))
        return blocks[-count:]


@dataclass(frozen=True)
class Answer:
    # None: the connection ended without one.
    status: int
    text: str
    seconds: float

    def told(self):
        """URL, size, type and checksum of the file, as the service tells them."""
        return self.text.split()


class Sending:
    """A request under way, from its connection to its answer."""

    def __init__(self, address, name, content):
        disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
        before = f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode()
        self.after = f"\r\n--{BOUNDARY}--\r\n".encode()
        head = (
            "POST / HTTP/1.1",
            f"Host: {address[0]}:{address[1]}",
            "Connection: close",
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
            f"Content-Length: {len(before) + content.size + len(self.after)}",
        )
        self.connection = socket.create_connection(address, LIMIT_SECONDS)
        self.started = time.perf_counter()
        self.is_heard = True
        self.send(("\r\n".join(head).encode(), b"\r\n\r\n", before))

    def send(self, pieces):
        try:
            for piece in pieces:
                if not self.is_heard:
                    return
                self.connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            # It may have answered before it had all, and reads no more.
            self.is_heard = False

    def answer(self):
        """Ends the form and waits for the answer."""
        self.send((self.after,))
        with self.connection:
            response = http.client.HTTPResponse(self.connection)
            try:
                response.begin()
                status, text = response.status, response.read().decode()
            except (ConnectionResetError, http.client.HTTPException):
                status, text = None, ""
        return Answer(status, text, time.perf_counter() - self.started)


@contextmanager
def patience(what):
    try:
        yield
    except OSError as error:
        raise Failed(f"{what}: {error}; nothing may take longer than {LIMIT_SECONDS} seconds") from error


def upload(address, name, content):
    with patience(f"the upload of {name}"):
        sending = Sending(address, name, content)
        sending.send(content.pieces())
        return sending.answer()


def upload_at_once(address, files):
    """Uploads {name: content}, and returns {name: answer}. None sends its second half before all have
    sent their first, or have been told to go away. Where one cannot go on, it is `Failed`, with its reason."""
    half_way = threading.Barrier(len(files))

    def one(name, content):
        try:
            sending = Sending(address, name, content)
            sending.send(content.pieces(0, content.size // 2))
            half_way.wait(LIMIT_SECONDS)
        except BaseException:
            half_way.abort()
            raise
        sending.send(content.pieces(content.size // 2))
        return sending.answer()

    with ThreadPoolExecutor(len(files)) as pool:
        sendings = {name: pool.submit(one, name, content) for name, content in files.items()}
    broken = {name: error for name, sending in sendings.items() if (error := sending.exception())}
    # The others end with this one only because one has ended.
    reasons = [name for name, error in broken.items() if not isinstance(error, threading.BrokenBarrierError)]
    if reasons:
        reason = broken[reasons[0]]
        raise Failed(f"the upload of {reasons[0]}: {reason!r}") from reason
    if broken:
        raise Failed(f"not all of {len(files)} uploads were half-way within {LIMIT_SECONDS} seconds")
    return {name: sending.result() for name, sending in sendings.items()}


def get_last(address, path, count):
    """Asks for the last `count` bytes of a file; returns the status and what came."""
    connection = http.client.HTTPConnection(*address, timeout=LIMIT_SECONDS)
    with patience(f"the last bytes of {path}"), closing(connection):
        connection.request("GET", path, headers={"Range": f"bytes=-{count}", "Connection": "close"})
        response = connection.getresponse()
        return HTTPStatus(response.status), response.read()
