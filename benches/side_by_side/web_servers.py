"""The three servers of one folder, each as it is set up for production: how each is started.

All have two workers. All write an access log to a file, or none does.
"""

import http.client
import os
import shutil
from urllib.parse import urlsplit

from .process import Command, Failed, run
from .server import Server, free_port

WORKERS = 2
YEAR = "max-age=31536000, public, immutable"
STOREHOUSE, NGINX, WHITENOISE = "Storehouse", "nginx", "WhiteNoise"

# Above the defaults: files are kept open, each worker has a queue of its own, and a connection may ask for
# more than 1,000.
NGINX_CONF = """\
{user}
worker_processes {workers};
daemon off;
pid {work}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    types {{ text/javascript js; }}
    access_log {log};
    client_body_temp_path {work}/nginx-body;
    proxy_temp_path {work}/nginx-proxy;
    fastcgi_temp_path {work}/nginx-fastcgi;
    uwsgi_temp_path {work}/nginx-uwsgi;
    scgi_temp_path {work}/nginx-scgi;

    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_requests 100000000;
    open_file_cache max=1000 inactive=60s;
    open_file_cache_valid 60s;
    open_file_cache_min_uses 1;
    gzip_static on;
    gzip_vary on;

    server {{
        listen 127.0.0.1:{port} reuseport;
        location /static/ {{
            alias {root}/;
            add_header Cache-Control "{year}";
        }}
    }}
}}
"""

# Alone, without Django's middleware around it: so it is fastest.
WHITENOISE_SITE = """\
from whitenoise import WhiteNoise


def not_found(environ, start_response):
    start_response("404 Not Found", [])
    return []


application = WhiteNoise(not_found, root={root!r}, prefix="static/", immutable_file_test=r"\\.[0-9a-f]{{12}}\\.")
"""


class WebServer:
    """One of them, and its URL."""

    def __init__(self, name, port, command, work):
        self.name = name
        self.origin = f"http://127.0.0.1:{port}"
        self.server = Server(name, command, work / f"{name}.log", self._answers)

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *raised):
        self.server.__exit__(*raised)

    @property
    def pid(self):
        return self.server.process.pid

    def url(self, name):
        return f"{self.origin}/static/{name}"

    def get(self, path, headers):
        """Returns (status, header fields in lower case, body); wrk too sends no fields but these."""
        place = urlsplit(self.origin)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
        try:
            connection.putrequest("GET", path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def _answers(self):
        try:
            self.get("/", {})
        except OSError:
            return False
        return True


def web_servers(storehouse, python, root, work, log=False):
    """Storehouse's first, then its peers; none is started."""
    return (_storehouse(storehouse, work, log), _nginx(root, work, log), _whitenoise(python, root, work, log))


def _storehouse(program, work, log):
    port = free_port()
    # Its log goes to standard error, which is a file here.
    settings = ("--settings", work / "storehouse.toml", "--verbosity", "1" if log else "0")
    command = Command((program, *settings, "serve", "--workers", str(WORKERS), f"127.0.0.1:{port}"))
    return WebServer(STOREHOUSE, port, command, work)


def _nginx(root, work, log):
    port = free_port()
    # Started by root its workers are somebody else's, who cannot read the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    conf = work / "nginx.conf"
    to = work / "nginx-access.log" if log else "off"
    conf.write_text(NGINX_CONF.format(user=user, workers=WORKERS, work=work, root=root, port=port, year=YEAR, log=to))
    errors = work / "nginx-errors.log"
    return WebServer(NGINX, port, Command((nginx_program(), "-p", work, "-e", errors, "-c", conf)), work)


def _whitenoise(python, root, work, log):
    port = free_port()
    (work / "whitenoise_site.py").write_text(WHITENOISE_SITE.format(root=str(root)))
    # Of its kinds of workers and numbers of threads, what was fastest here. It keeps connections open.
    workers = ("--workers", str(WORKERS), "--worker-class", "gthread", "--threads", "4")
    where = ("--bind", f"127.0.0.1:{port}", "--pythonpath", work, "--worker-tmp-dir", work)
    quiet = ("--log-level", "warning", "--no-control-socket")
    lines = ("--access-logfile", work / "gunicorn-access.log") if log else ()
    command = Command((python, "-m", "gunicorn", *workers, *where, *quiet, *lines, "whitenoise_site:application"))
    return WebServer(WHITENOISE, port, command, work)


def nginx_program():
    return program("nginx", "nginx-light")


def program(name, package):
    """Servers are where PATH of many users does not look."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Failed(f"no {name} on PATH: on Debian and Ubuntu, apt-get install {package}")
    return path


def nginx_version():
    told = run(Command((nginx_program(), "-v"))).stderr
    return told.strip().rpartition("/")[2]
