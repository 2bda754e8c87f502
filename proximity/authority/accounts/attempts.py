"""How often somebody may try to sign in: counted by address and by client."""

import hmac

from sqlalchemy import Connection

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.keyring import CODE
from proximity.authority.verification.counts import count_failure, failures_of

WINDOW_S = 15 * 60
TRIES_OF_ACCOUNT = 8
TRIES_OF_CLIENT = 40


class Attempt:
    """One attempt to prove who one is; refused when too many failed.

    Parameters
    ----------
    authority : Authority
    account : str
        What names the account, for example an address.
    client : str
        Address of the network.
    """

    def __init__(self, authority: Authority, account: str, client: str) -> None:
        # The newest key changes: an old window is named anew then, which only lets a
        # few more tries in, once in three days.
        secret = authority.keyring.current(CODE).data
        self._window_s = authority.now_s // WINDOW_S * WINDOW_S
        self._scopes = {
            _scope("sign-in", secret, account.lower()): TRIES_OF_ACCOUNT,
            _scope("sign-in-client", secret, client): TRIES_OF_CLIENT,
        }

    def check(self, connection: Connection) -> None:
        """Refuse when too many failed lately, right or not.

        Raises
        ------
        ApiError
            With status 429.
        """
        for scope, tries in self._scopes.items():
            if failures_of(connection, scope, self._window_s) >= tries:
                raise ApiError(
                    429,
                    "too_many_attempts",
                    "too many attempts; wait a quarter of an hour",
                )

    def count(self, connection: Connection) -> None:
        """Count one failure."""
        for scope in self._scopes:
            count_failure(connection, scope, self._window_s)


def _scope(kind: str, secret: bytes, name: str) -> str:
    named = hmac.digest(secret, f"{kind}:{name}".encode(), "sha256")
    return f"{kind}:{named[:16].hex()}"
