"""The cookies of the console, and the tokens of forms that belong to them."""

import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import Response

BROWSER_S = 365 * 86_400
_SESSION, _BROWSER, _LANGUAGE = "session", "browser", "language"


class Cookies:
    """What one browser brought along.

    Parameters
    ----------
    request : Request
    https : bool
        Then cookies are `Secure`, and bound to this host by their names.
    """

    def __init__(self, request: Request, *, https: bool) -> None:
        self._https = https
        self.session = _token(request.cookies.get(self._name(_SESSION)))
        self.browser = _token(request.cookies.get(self._name(_BROWSER)))
        self.language = request.cookies.get(self._name(_LANGUAGE), "")

    def __repr__(self) -> str:
        """Tell nothing."""
        return "<Cookies>"

    def keep_session(self, response: Response, token: str) -> None:
        """Make a token the session of this browser."""
        self._set(response, _SESSION, token, None)

    def drop_session(self, response: Response) -> None:
        """Forget the session in this browser."""
        self._set(response, _SESSION, "", 0)

    def keep_browser(self, response: Response, token: str) -> None:
        """Name this browser."""
        self._set(response, _BROWSER, token, BROWSER_S)

    def keep_language(self, response: Response, language: str) -> None:
        """Remember the language before somebody is signed in."""
        self._set(response, _LANGUAGE, language, BROWSER_S)

    def _set(
        self, response: Response, name: str, value: str, max_age: int | None
    ) -> None:
        response.set_cookie(
            self._name(name),
            value,
            max_age=max_age,
            path="/",
            secure=self._https,
            httponly=True,
            # Strict would show the door to whoever follows a link; every act asks for
            # the token of its form besides.
            samesite="lax",
        )

    def _name(self, name: str) -> str:
        return f"__Host-proximity-{name}" if self._https else f"proximity-{name}"


def form_token(secret: str) -> str:
    """Return what a form has to send along: known only to who may read the page."""
    key = hashlib.sha256(secret.encode()).digest()
    return hmac.digest(key, b"form", "sha256").hex()


def _token(text: str | None) -> str:
    """Return a token as it was given out, "" for anything else."""
    fits = text is not None and len(text) == 64 and set(text) <= set("0123456789abcdef")
    return text if fits and text is not None else ""
