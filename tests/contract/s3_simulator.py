"""An S3-compatible store on loopback: moto's server, a simulator of one."""

import http.client
import os
from collections.abc import Mapping

import obstore
from moto.server import ThreadedMotoServer
from obstore.store import ObjectStore, from_url

_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
}


class S3Simulator:
    """A server with one bucket, which everybody may read."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        self.host, self.port = self._server.get_host_and_port()
        status, _, _ = self.request("PUT", "/bucket", {"x-amz-acl": "public-read"})
        assert status == 200

    @property
    def environment(self) -> dict[str, str]:
        """What programs need to know, by the names that all of them use."""
        return _CREDENTIALS | {"AWS_ENDPOINT_URL": f"http://{self.host}:{self.port}"}

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Ask as anybody may; return status, body and headers."""
        client = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            client.request(method, path, headers=dict(headers or {}))
            answer = client.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            client.close()

    def names(self, prefix: str) -> set[str]:
        """Return what lies below a prefix, by its name there."""
        return names_below(f"s3://bucket/{prefix}", self.environment)

    def clear(self, prefix: str) -> None:
        """Delete what is below a prefix: all simulators of a process share objects."""
        store = _open(f"s3://bucket/{prefix}", self.environment)
        for page in obstore.list(store):
            obstore.delete(store, [each["path"] for each in page])

    def close(self) -> None:
        """End the server."""
        self._server.stop()


def names_below(url: str, environment: Mapping[str, str] = os.environ) -> set[str]:
    """Return the names of all objects below an address."""
    store = _open(url, environment)
    return {each["path"] for page in obstore.list(store) for each in page}


def _open(url: str, environment: Mapping[str, str]) -> ObjectStore:
    options = {
        name.removeprefix("AWS_").lower(): environment[name] for name in _CREDENTIALS
    }
    endpoint = {"endpoint": environment["AWS_ENDPOINT_URL"]}
    return from_url(url, config=options | endpoint, client_options={"allow_http": True})
