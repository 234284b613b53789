"""`examples/upload-form` on one storage, from `with` to its end. Linux only: /proc tells its memory."""

import json
import os
import socket
from pathlib import Path

from .process import Command, Failed
from .server import Server, free_port

HOST = "127.0.0.1"
MEDIA_URL = "/media/"


class UploadForm:
    """The service in a folder of its own, with these settings."""

    def __init__(self, binary, folder, settings):
        folder.mkdir()
        self.temp = folder / "temp"
        self.temp.mkdir()
        lines = {"MEDIA_URL": MEDIA_URL, **settings}
        # A string and a boolean are written alike in JSON and in TOML.
        written = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        (folder / "storehouse.toml").write_text(written)
        self.address = (HOST, free_port())
        argv = (binary, f"{HOST}:{self.address[1]}")
        command = Command(argv, {"TMPDIR": self.temp}, folder)
        self.server = Server("upload-form", command, folder / "upload-form.log", self._answers)

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *raised):
        self.server.__exit__(*raised)

    def _answers(self):
        try:
            socket.create_connection(self.address).close()
        except ConnectionRefusedError:
            return False
        return True

    def peak_mib(self):
        """The most that was resident since its start."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise Failed("the process has no VmHWM: it has ended")

    def temp_files(self):
        """Those in its temporary folder, and those that have no name and are open still."""
        named = [path.name for path in self.temp.rglob("*")]
        descriptors = Path(f"/proc/{self.server.process.pid}/fd").iterdir()
        return named + [target for target in map(target_of, descriptors) if target.startswith(str(self.temp))]


def target_of(descriptor):
    try:
        return os.readlink(descriptor)
    except FileNotFoundError:
        # It was closed meanwhile.
        return ""
