"""A real S3 endpoint on loopback: moto's server, in a process of its own, spoken to over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import httpx

from postgres import free_port

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class S3:
    """The endpoint, and buckets in it."""

    endpoint: str

    @property
    def _client(self) -> Any:
        return boto3.client("s3", endpoint_url=self.endpoint, aws_access_key_id="t", aws_secret_access_key="t")

    def bucket(self) -> str:
        """Creates a bucket and returns its name."""
        name = f"yinji-{uuid.uuid4().hex[:12]}"
        self._client.create_bucket(Bucket=name)
        return name

    def keys(self, bucket: str) -> list[str]:
        """Lists what is in a bucket, past all our code."""
        return sorted(entry["Key"] for entry in self._client.list_objects_v2(Bucket=bucket).get("Contents", ()))

    def overwrite(self, bucket: str, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=bucket, Key=key, Body=data)


@contextmanager
def running() -> Iterator[S3]:
    """Starts a server and stops it at the end."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | KEYS,
    )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{endpoint}/moto-api/", timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None, "moto's server ended"
                time.sleep(0.1)
        yield S3(endpoint)
    finally:
        process.kill()
        process.wait()
