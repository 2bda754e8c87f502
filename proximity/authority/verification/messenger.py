"""How a code reaches a telephone: an outbox file, or a gateway by HTTP."""

import base64
import http.client
import json
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from proximity.authority.verification.outbox import OUTBOX_FILE, Outbox
from proximity.errors import NetworkError

_TIMEOUT_S = 10.0
_TEXTS = {
    "vi": (
        "Mã xác nhận của bạn: {link} (hết hạn sau 24 giờ). "
        "Chỉ dùng trên điện thoại của bạn, không gửi cho người khác."
    ),
    "en": (
        "Your report code: {link} (valid for 24 hours). "
        "Use it on your own phone only and pass it to nobody."
    ),
}


class Messenger(Protocol):
    """Sends one message to one telephone."""

    def send(self, phone: str, text: str) -> None:
        """Hand over a message.

        Parameters
        ----------
        phone : str
            E.164.
        text : str

        Raises
        ------
        NetworkError
            If it could not be handed over.
        """
        ...


class HttpGateway:
    """Posts messages as JSON `{"to", "text"}` to a gateway.

    Parameters
    ----------
    url : str
        http or https, with `user:password@` for basic authentication; any 2xx answer is
        a success.
    """

    def __init__(self, url: str) -> None:
        self._parts = urllib.parse.urlsplit(url)

    def send(self, phone: str, text: str) -> None:
        """Post one message."""
        parts = self._parts
        kind = (
            http.client.HTTPSConnection
            if parts.scheme == "https"
            else http.client.HTTPConnection
        )
        connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
        body = json.dumps({"to": phone, "text": text}).encode()
        headers = {"Content-Type": "application/json"} | _authorization(parts)
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        try:
            connection.request("POST", target, body, headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise _not_sent() from error
        finally:
            connection.close()
        if status // 100 != 2:
            raise _not_sent()


def compose(language: str, link: str) -> str:
    """Return the text of a message with a code."""
    return _TEXTS[language].format(link=link)


def make_messenger(url: str, directory: Path, clock: Callable[[], float]) -> Messenger:
    """Return the messenger that the settings name."""
    return HttpGateway(url) if url else Outbox(directory / OUTBOX_FILE, clock)


def _authorization(parts: urllib.parse.SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    named = (parts.username, parts.password or "")
    secret = ":".join(map(urllib.parse.unquote, named)).encode()
    return {"Authorization": "Basic " + base64.b64encode(secret).decode()}


def _not_sent() -> NetworkError:
    return NetworkError(
        "The gateway for messages did not take a message.",
        "Check `messenger_url` and the gateway; issue the code again.",
    )
