"""The real network: one file by HTTP, within bounds of size, time and origin."""

import http.client
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Protocol

from proximity.errors import NetworkError, TooLargeError

CONNECT_TIMEOUT_S = 15.0
TRANSFER_TIMEOUT_S = 120.0
MAX_REDIRECTS = 3
_BLOCK_BYTES = 65_536
_REDIRECTS = {301, 302, 303, 307, 308}


class Network(Protocol):
    """How a client reaches a server."""

    def get(self, url: str, max_bytes: int) -> bytes:
        """Return the file at `url`.

        Parameters
        ----------
        url : str
        max_bytes : int
            Nothing larger is taken in.

        Returns
        -------
        bytes

        Raises
        ------
        NetworkError
            If the server cannot be reached or does not give the file.
        TooLargeError
            If the file is larger than `max_bytes`.
        """
        ...


class HttpNetwork:
    """HTTP and HTTPS, directly.

    Proxy settings of the environment are not used, nothing is stored between two
    requests, and each request looks like every other.

    Parameters
    ----------
    connect_timeout_s : float
        Longest wait for a connection or for one piece of an answer.
    transfer_timeout_s : float
        Longest time for one whole answer, also if it keeps trickling.
    """

    def __init__(
        self,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        transfer_timeout_s: float = TRANSFER_TIMEOUT_S,
    ) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._transfer_timeout_s = transfer_timeout_s

    def get(self, url: str, max_bytes: int) -> bytes:
        """Return the file at `url`; redirects are followed within its origin.

        Parameters
        ----------
        url : str
            http or https.
        max_bytes : int
            Nothing larger is taken in.

        Returns
        -------
        bytes

        Raises
        ------
        NetworkError
            If the server cannot be reached in time or does not give the file.
        TooLargeError
            If the file is larger than `max_bytes`.
        """
        parts = split_http_url(url)
        origin = parts[:2]
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._request(parts, max_bytes)
            if isinstance(answer, bytes):
                return answer
            parts = _target_of(parts, answer)
            if parts[:2] != origin:
                raise _failed("it redirects to another server")
        raise _failed("it redirects without end")

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, max_bytes: int
    ) -> tuple[int, bytes]:
        """Hand something to a server and return what it answers; never redirected.

        Parameters
        ----------
        url : str
            http or https.
        body : bytes
        headers : mapping
            Beside those of every request.
        max_bytes : int
            No larger answer is taken in.

        Returns
        -------
        int, bytes
            Status, whatever it is, and body.

        Raises
        ------
        NetworkError
            If the server cannot be reached in time.
        TooLargeError
            If the answer is larger than `max_bytes`.
        """
        parts = split_http_url(url)
        connection = self._connection(parts)
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        try:
            connection.connect()
            with _deadline(connection.sock, self._transfer_timeout_s):
                connection.request("POST", target, body, {**_HEADERS, **headers})
                response = connection.getresponse()
                return response.status, _read_body(response, max_bytes)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _failed(_reason(error)) from error
        finally:
            connection.close()

    def _request(self, parts: urllib.parse.SplitResult, max_bytes: int) -> bytes | str:
        """Return the body of a file, or the address of a redirect."""
        connection = self._connection(parts)
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        try:
            connection.connect()
            with _deadline(connection.sock, self._transfer_timeout_s):
                connection.request("GET", target, headers=_HEADERS)
                response = connection.getresponse()
                if response.status in _REDIRECTS:
                    return response.getheader("Location") or ""
                _check_head(response, max_bytes)
                return _read_body(response, max_bytes)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _failed(_reason(error)) from error
        finally:
            connection.close()

    def _connection(
        self, parts: urllib.parse.SplitResult
    ) -> http.client.HTTPConnection:
        kind = (
            http.client.HTTPSConnection
            if parts.scheme == "https"
            else http.client.HTTPConnection
        )
        return kind(parts.hostname or "", parts.port, timeout=self._connect_timeout_s)


_HEADERS = {
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "proximity",
}


def split_http_url(url: str) -> urllib.parse.SplitResult:
    """Split an address that may be fetched.

    Parameters
    ----------
    url : str
        http or https, with a host, without a user name.

    Returns
    -------
    urllib.parse.SplitResult
        Without a fragment.

    Raises
    ------
    NetworkError
        If it is another kind of address.
    """
    try:
        parts = urllib.parse.urlsplit(url)._replace(fragment="")
        fetchable = parts.scheme in ("http", "https") and parts.hostname
        _ = parts.port
    except ValueError:
        fetchable = None
    if not fetchable or parts.username is not None or not url.isascii():
        raise NetworkError(
            "The address is not one of a web server.",
            "Give an address that begins with https:// or http:// and names a host.",
        )
    return parts


def _target_of(
    parts: urllib.parse.SplitResult, location: str
) -> urllib.parse.SplitResult:
    try:
        return split_http_url(urllib.parse.urljoin(parts.geturl(), location))
    except ValueError as error:
        raise _failed("its redirect leads nowhere") from error


@contextmanager
def _deadline(connection: socket.socket, seconds: float) -> Iterator[None]:
    """Cut a connection after some time: a timeout alone starts anew at each byte."""
    is_over = threading.Event()

    def cut() -> None:
        is_over.set()
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if is_over.is_set():
            raise _failed("its answer took too long")


def _check_head(response: http.client.HTTPResponse, max_bytes: int) -> None:
    if response.status != http.client.OK:
        raise _failed(f"it answers with status {response.status}")
    if response.getheader("Content-Encoding", "identity") != "identity":
        raise _failed("its answer is encoded, which was not asked for")
    if response.length is not None and response.length > max_bytes:
        raise _too_large(max_bytes)


def _read_body(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    announced = response.length
    body = bytearray()
    while block := response.read1(_BLOCK_BYTES):
        body += block
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    if announced is not None and len(body) != announced:
        raise _failed("its answer broke off")
    return bytes(body)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    # A refused certificate is a ValueError too.
    if isinstance(error, ssl.SSLError):
        return "it does not prove who it is"
    if isinstance(error, OSError):
        return error.strerror or "the connection broke off"
    return "its answer is not HTTP"


def _failed(why: str) -> NetworkError:
    return NetworkError(
        f"The server could not give the file: {why}.",
        "Check the address and the connection. What is missing is fetched next time.",
    )


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(
        f"The file on the server is larger than {max_bytes} bytes.",
        "Report it to the authority; the file is left out.",
    )
