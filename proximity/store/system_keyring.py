"""The system keyring as a place for secrets; an adapter to the `keyring` library."""

from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, KeyringLocked, PasswordDeleteError

from proximity.errors import LockedError

_SERVICE = "proximity"


class SystemKeyring:
    """Keeps secrets in a backend of the `keyring` library.

    Parameters
    ----------
    backend : keyring.backend.KeyringBackend
        For example what `keyring.get_keyring()` returns.
    """

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = backend

    def get(self, account: str) -> bytes | None:
        """Return the secret of an account, or None where there is none.

        Raises
        ------
        LockedError
            If the keyring is locked.
        """
        try:
            stored = self._backend.get_password(_SERVICE, account)
        except KeyringLocked as error:
            raise _locked() from error
        except KeyringError:
            return None
        try:
            return None if stored is None else bytes.fromhex(stored)
        except ValueError:
            # Not what was put there; the caller finds that its length is wrong.
            return b""

    def put(self, account: str, secret: bytes) -> bool:
        """Store a secret; tell whether the keyring keeps it, as some keep nothing.

        Raises
        ------
        LockedError
            If the keyring is locked.
        """
        try:
            self._backend.set_password(_SERVICE, account, secret.hex())
        except KeyringLocked as error:
            raise _locked() from error
        except KeyringError:
            return False
        return self.get(account) == secret

    def remove(self, account: str) -> bool:
        """Destroy a secret; tell whether it is gone."""
        try:
            self._backend.delete_password(_SERVICE, account)
        except PasswordDeleteError:
            # There is no such entry.
            return True
        except KeyringError:
            return False
        return True


def _locked() -> LockedError:
    return LockedError("The system keyring is locked.", "Unlock it, then try again.")
