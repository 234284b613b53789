"""What uploads have left, looked at without Storehouse: in a folder, and in a bucket of MinIO."""

import hashlib
import json
import shutil
import subprocess

from .form_client import BLOCK_BYTES
from .minio import settings
from .process import Failed, environment, run
from .upload_form import MEDIA_URL

PREFIX = "media"


class InFolder:
    title = "folder"

    def __init__(self, root):
        self.root = root
        self.url_path = MEDIA_URL

    def settings(self):
        return {"MEDIA_ROOT": str(self.root)}

    def sizes(self):
        """{name: size} of all files, whatever they are called: a file on its way would be among them."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.stat().st_size for path in files}

    def sha256(self, name):
        with open(self.root / name, "rb") as file:
            return digest_of(file)

    def under_way(self):
        return []

    def delete_all(self):
        shutil.rmtree(self.root)


class InBucket:
    title = "MinIO"

    def __init__(self, minio):
        self.minio = minio
        self.bucket = minio.new_bucket()
        self.url_path = f"/{self.bucket}/{PREFIX}/"
        self.place = f"peer/{self.bucket}/{PREFIX}/"

    def settings(self, endpoint=None):
        """What the service has to know; the endpoint is MinIO's, unless something is between."""
        return {"DEFAULT_FILE_STORAGE": "s3", **settings(endpoint or self.minio.endpoint, self.bucket, PREFIX)}

    def sizes(self):
        listed = run(self.minio.mc("ls", "--recursive", "--json", self.place)).stdout.splitlines()
        return {entry["key"]: entry["size"] for entry in map(json.loads, listed)}

    def sha256(self, name):
        command = self.minio.mc("cat", self.place + name)
        with subprocess.Popen(command.argv, env=environment(command.env), stdout=subprocess.PIPE) as process:
            digest = digest_of(process.stdout)
        if process.returncode != 0:
            raise Failed(f"mc cannot read {self.place}{name}")
        return digest

    def under_way(self):
        """The multipart uploads that were neither completed nor aborted, as MinIO has them on its disk."""
        uploads = (self.minio.data / ".minio.sys" / "multipart").glob("*/*")
        return [f"multipart upload {upload.name}" for upload in uploads]

    def delete_all(self):
        run(self.minio.mc("rm", "--recursive", "--force", self.place))


def digest_of(file):
    digest = hashlib.sha256()
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()
