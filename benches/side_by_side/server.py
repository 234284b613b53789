"""A program that listens on 127.0.0.1, from `with` to its end. It knows none of them."""

import socket
import subprocess
import time

from .process import Failed, environment

START_SECONDS = 60
END_SECONDS = 20


class Server:
    """Starts `command`, and waits until `answers()` is true. What it says goes to the file `log`."""

    def __init__(self, name, command, log, answers):
        self.name = name
        self.command = command
        self.log = log
        self.answers = answers
        self.process = None

    def __enter__(self):
        env = environment(self.command.env)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.command.argv,
                env=env,
                cwd=self.command.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait(self):
        until = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failed(f"{self.name} does not start:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
