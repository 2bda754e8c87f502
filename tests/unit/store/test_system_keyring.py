import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError, PasswordDeleteError

from proximity.errors import LockedError
from proximity.store.system_keyring import SystemKeyring


class MemoryBackend(KeyringBackend):
    priority = -1

    def __init__(self, error=None):
        self.error = error
        self.passwords = {}

    def _fail(self):
        if self.error:
            raise self.error

    def get_password(self, service, username):
        self._fail()
        return self.passwords.get((service, username))

    def set_password(self, service, username, password):
        self._fail()
        self.passwords[service, username] = password

    def delete_password(self, service, username):
        self._fail()
        if self.passwords.pop((service, username), None) is None:
            raise PasswordDeleteError


class ForgetfulBackend(MemoryBackend):
    def set_password(self, service, username, password):
        """Keep nothing, as the library's null backend does."""


def test_a_secret_comes_back_and_can_be_removed():
    keyring = SystemKeyring(MemoryBackend())

    assert keyring.put("account", b"secret")
    assert keyring.get("account") == b"secret"
    assert keyring.remove("account")
    assert keyring.get("account") is None
    assert keyring.remove("account")


def test_without_a_backend_nothing_is_kept():
    keyring = SystemKeyring(MemoryBackend(NoKeyringError()))

    assert not keyring.put("account", b"secret")
    assert keyring.get("account") is None
    assert not keyring.remove("account")


def test_a_backend_that_silently_keeps_nothing_is_noticed():
    assert not SystemKeyring(ForgetfulBackend()).put("account", b"secret")


def test_a_locked_keyring_is_not_taken_for_none():
    keyring = SystemKeyring(MemoryBackend(KeyringLocked()))

    with pytest.raises(LockedError):
        keyring.get("account")
    with pytest.raises(LockedError):
        keyring.put("account", b"secret")


def test_what_is_no_secret_of_ours_has_no_length():
    backend = MemoryBackend()
    backend.passwords["proximity", "account"] = "not hex"

    assert SystemKeyring(backend).get("account") == b""
