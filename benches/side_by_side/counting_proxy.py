"""A TCP proxy on 127.0.0.1 that counts what comes from the service behind it. It looks at no byte."""

import socket
import threading

from .upload_form import HOST

BLOCK_BYTES = 64 * 1024


class CountingProxy:
    """Listens from `with` to its end. The count is whole once the connections have ended."""

    def __init__(self, endpoint):
        self.behind = (HOST, int(endpoint.rpartition(":")[2]))
        self.listener = socket.create_server((HOST, 0))
        self.endpoint = f"http://{HOST}:{self.listener.getsockname()[1]}"
        self.fetched = 0
        self.lock = threading.Lock()
        self.threads = []

    def __enter__(self):
        self._run(self._accept)
        return self

    def __exit__(self, *_):
        # Ends `accept`, which closing it would not.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.join()
        self.listener.close()

    def join(self):
        """Waits for the connections, whose clients have to have ended; and for the listener if that has."""
        while self.threads:
            self.threads.pop().join()

    def _run(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.behind)
            except OSError:
                # As the service itself would: this connection is refused, the next may not be.
                client.close()
                continue
            self._run(self._copy, client, server, False)
            self._run(self._copy, server, client, True)

    def _copy(self, source, target, counts):
        try:
            while block := source.recv(BLOCK_BYTES):
                if counts:
                    with self.lock:
                        self.fetched += len(block)
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            # One side has gone; the other is to hear of it.
            for end in (source, target):
                end.close()
