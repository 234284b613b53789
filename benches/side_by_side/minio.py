"""A MinIO of its own on 127.0.0.1, and its buckets, through mc and rclone."""

import shutil

from .process import Command, run
from .server import Server, free_port

# Those of docker-compose.yml, whose server takes the same settings.
USER, PASSWORD = "storehouse", "storehouse-secret"


class Minio:
    """A server that runs from `with` to its end."""

    def __init__(self, programs, folder):
        self.programs = programs
        self.data = folder / "minio"
        self.mc_folder = folder / "mc"
        self.buckets = 0
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        argv = (programs["minio"], "server", self.data, "--address", f"127.0.0.1:{port}", "--quiet")
        env = {"MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": PASSWORD, "MINIO_UPDATE": "off"}
        self.server = Server("MinIO", Command(argv, env), folder / "minio.log", self._answers)

    def __enter__(self):
        self.data.mkdir()
        self.server.__enter__()
        return self

    def __exit__(self, *raised):
        self.server.__exit__(*raised)

    def _answers(self):
        """It may say that it lives before it takes requests: a bucket is what proves it."""
        return run(self.mc("mb", "peer/ready"), expected=None).code == 0

    def mc(self, *words):
        host = self.endpoint.replace("http://", f"http://{USER}:{PASSWORD}@")
        return Command((self.programs["mc"], "--config-dir", self.mc_folder, *words), {"MC_HOST_peer": host})

    def rclone(self, *words):
        remote = {
            "TYPE": "s3",
            "PROVIDER": "Minio",
            "ENDPOINT": self.endpoint,
            "ACCESS_KEY_ID": USER,
            "SECRET_ACCESS_KEY": PASSWORD,
        }
        env = {f"RCLONE_CONFIG_PEER_{name}": value for name, value in remote.items()}
        # Else it looks for the settings of whoever runs this.
        return Command((self.programs["rclone"], "--config", "/dev/null", *words), env)

    def new_bucket(self):
        """Returns the name of an empty bucket, one that was never used."""
        self.buckets += 1
        name = f"peer-{self.buckets}"
        run(self.mc("mb", f"peer/{name}"))
        return name

    def remove_bucket(self, name):
        """Removes the files themselves: the server, if asked, goes on with it for minutes."""
        shutil.rmtree(self.data / name)

    def fetch(self, prefix, folder):
        """Copies all objects below `prefix` into a folder."""
        run(self.rclone("copy", f"peer:{prefix}", folder, "--transfers", "16"))


def settings(endpoint, bucket, prefix):
    """What Django and Storehouse have to know of a bucket, under the names of django-storages."""
    return {
        "AWS_S3_ENDPOINT_URL": endpoint,
        "AWS_S3_ACCESS_KEY_ID": USER,
        "AWS_S3_SECRET_ACCESS_KEY": PASSWORD,
        "AWS_STORAGE_BUCKET_NAME": bucket,
        "AWS_LOCATION": prefix,
    }
