"""Seals and opens the fields of a record; nothing here knows what they mean.

    master key (file, behind the passphrase) → key of a unit → record key (key store)
                                             → index key of a unit → tokens

Every ciphertext is bound to what it is of: table, person, field, version. Master keys
are counted: the first is 1, and a rotation adds one. What is made anew is of the one
in use; what an older one made is opened until it was sealed anew.
"""

import contextlib
import hmac
import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from proximity.authority.people.key_store import KeyStore, WrappedKey
from proximity.authority.publish.durable_files import (
    PRIVATE_FOLDER_MODE,
    PRIVATE_MODE,
    sync_folder,
)
from proximity.errors import DamagedRecordError, StoreError

MASTER_FILE = "people.key"
_FOLDER = "keys"
_NAME = "people"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_ID_BYTES = 16
# Lengths of short values are not told apart.
_BLOCK_BYTES = 64
# A token has 63 bits: a number of any database, and no two words of a province share
# one.
_TOKEN_BITS = 63


class Passphrase(Protocol):
    """What seals a key in a file; the keyring does."""

    def seal(self, data: bytes, name: str) -> bytes:
        """Encrypt under the passphrase."""
        ...

    def unseal(self, sealed: bytes, name: str) -> bytes:
        """Decrypt what `seal` made."""
        ...


class Slot(NamedTuple):
    """What a record key belongs to; all of it is authenticated.

    Attributes
    ----------
    person : int
    unit : str
    version : int
    """

    person: int
    unit: str
    version: int


class RecordKey(NamedTuple):
    """The key of one version of one record, opened; and which master key wraps it."""

    slot: Slot
    data: bytes
    master: int

    def __repr__(self) -> str:
        """Tell nothing of the key."""
        return "<RecordKey>"


class Vault:
    """The keys of records of one authority.

    Parameters
    ----------
    directory : Path
        The authority's; its folder `keys` has the master key.
    passphrase : Passphrase
    key_store : KeyStore
    entropy : callable int -> bytes
    """

    def __init__(
        self,
        directory: Path,
        passphrase: Passphrase,
        key_store: KeyStore,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._folder = directory / _FOLDER
        self._passphrase = passphrase
        self.key_store = key_store
        self._entropy = entropy
        self._masters: dict[int, bytes] = {}
        self._used: int | None = None
        # A province has some hundred units.
        self._derived = lru_cache(maxsize=4_096)(self._derive)

    def __repr__(self) -> str:
        """Tell nothing."""
        return "<Vault>"

    def ensure_master(self) -> None:
        """Make the master key if there is none; one that was made stays.

        Raises
        ------
        StoreError
            If it cannot be written, or is missing though records were sealed with it.
        """
        if self.has_master(1):
            return
        if self.key_store.count():
            raise _missing(1)
        self._make_master(1)

    def make_master(self, master: int) -> None:
        """Make a further master key if it is not there; it counts when `use` is told.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        if not self.has_master(master):
            self._make_master(master)

    def has_master(self, master: int) -> bool:
        """Tell whether a master key is on this machine."""
        return (self._folder / _file_name(master)).exists()

    @property
    def master(self) -> int:
        """Return the number of the master key in use: the newest, if nobody said."""
        if self._used is None:
            self._used = self._newest()
        return self._used

    def use(self, master: int) -> None:
        """Make everything new with a certain master key, from now on.

        Raises
        ------
        StoreError
            If it is not on this machine.
        """
        if master != self._used:
            if not self.has_master(master):
                raise _missing(master)
            self._used = master

    def new_key(self, slot: Slot, forget_day: int) -> tuple[RecordKey, WrappedKey]:
        """Draw a record key; it counts when it is in the key store.

        Parameters
        ----------
        slot : Slot
        forget_day : int
            UTC day number on which it is destroyed.
        """
        key = RecordKey(slot, self._entropy(_KEY_BYTES), self.master)
        key_id = self._entropy(_KEY_ID_BYTES)
        return key, self._wrap(key, key_id, forget_day)

    def unwrap(self, slot: Slot, wrapped: WrappedKey) -> RecordKey:
        """Open a record key.

        Raises
        ------
        DamagedRecordError
            If it is of another record, unit, version or day, or was changed.
        """
        nonce, sealed = wrapped.wrapped[:_NONCE_BYTES], wrapped.wrapped[_NONCE_BYTES:]
        bound = _bound_key(slot, wrapped.key_id, wrapped.forget_day)
        for master in self._known():
            key = AESGCM(self._derived("seal", slot.unit, master))
            with contextlib.suppress(InvalidTag, ValueError):
                return RecordKey(slot, key.decrypt(nonce, sealed, bound), master)
        raise _damaged(slot.person)

    def rewrap(self, key: RecordKey, key_id: bytes, forget_day: int) -> WrappedKey:
        """Return a record key wrapped for another day."""
        return self._wrap(key, key_id, forget_day)

    def seal(self, key: RecordKey, field: str, text: str) -> bytes:
        """Encrypt a value of a record.

        Parameters
        ----------
        key : RecordKey
        field : str
            Its column.
        text : str
            Without NUL.
        """
        data = text.encode()
        padded = data + bytes(-len(data) % _BLOCK_BYTES)
        nonce = self._entropy(_NONCE_BYTES)
        return nonce + AESGCM(key.data).encrypt(nonce, padded, _bound(key.slot, field))

    def unseal(self, key: RecordKey, field: str, sealed: bytes) -> str:
        """Decrypt a value; only `reading.open_fields` calls this, after the audit.

        Raises
        ------
        DamagedRecordError
            If it is of another record, field or version, or was changed.
        """
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            data = AESGCM(key.data).decrypt(nonce, body, _bound(key.slot, field))
        except (InvalidTag, ValueError) as error:
            raise _damaged(key.slot.person) from error
        return data.rstrip(b"\0").decode()

    def tokens(
        self, unit: str, terms: Iterable[str], *, master: int | None = None
    ) -> list[int]:
        """Return the blind index of terms in one unit: a number each."""
        key = self._derived("index", unit, master or self.master)
        macs = (hmac.digest(key, term.encode(), "sha256") for term in terms)
        return [int.from_bytes(mac[:8]) >> (64 - _TOKEN_BITS) for mac in macs]

    def derived(self, purpose: str, *, master: int | None = None) -> bytes:
        """Return a key for something that is no record: audit, receipts."""
        return self._derived("other", purpose, master or self.master)

    def all_derived(self, purpose: str) -> list[bytes]:
        """Return the keys for something, of every master key, the one in use first."""
        return [self.derived(purpose, master=each) for each in self._known()]

    def _wrap(self, key: RecordKey, key_id: bytes, forget_day: int) -> WrappedKey:
        nonce = self._entropy(_NONCE_BYTES)
        bound = _bound_key(key.slot, key_id, forget_day)
        unit_key = AESGCM(self._derived("seal", key.slot.unit, key.master))
        sealed = unit_key.encrypt(nonce, key.data, bound)
        return WrappedKey(key_id, nonce + sealed, forget_day)

    def _derive(self, purpose: str, name: str, master: int) -> bytes:
        if master not in self._masters:
            self._masters[master] = self._load_master(master)
        info = f"proximity people v1:{purpose}:{name}".encode()
        secret = self._masters[master]
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(secret)

    def _known(self) -> list[int]:
        """Return the master keys up to the one in use, that one first."""
        older = [each for each in range(self.master - 1, 0, -1) if self._is_kept(each)]
        return [self.master, *older]

    def _is_kept(self, master: int) -> bool:
        return master in self._masters or self.has_master(master)

    def _newest(self) -> int:
        master = 1
        while self.has_master(master + 1):
            master += 1
        return master

    def _make_master(self, master: int) -> None:
        sealed = self._passphrase.seal(self._entropy(_KEY_BYTES), _seal_name(master))
        path = self._folder / _file_name(master)
        draft = path.with_name(f".{path.name}.{self._entropy(8).hex()}")
        try:
            self._folder.mkdir(mode=PRIVATE_FOLDER_MODE, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(draft, flags, PRIVATE_MODE), "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            # Of two processes that make one, the first wins.
            os.link(draft, path)
            sync_folder(self._folder)
        except FileExistsError:
            return
        except OSError as error:
            raise StoreError(
                f"The master key of records cannot be written: {error.strerror}.",
                "Check the permissions of the folder `keys`, then run it again.",
            ) from error
        finally:
            draft.unlink(missing_ok=True)

    def _load_master(self, master: int) -> bytes:
        try:
            sealed = (self._folder / _file_name(master)).read_bytes()
        except OSError as error:
            raise _missing(master) from error
        return self._passphrase.unseal(sealed, _seal_name(master))


def _file_name(master: int) -> str:
    return MASTER_FILE if master == 1 else f"people-{master}.key"


def _seal_name(master: int) -> str:
    # So that no file can be put in the place of another.
    return _NAME if master == 1 else f"{_NAME}-{master}"


def _bound(slot: Slot, field: str) -> bytes:
    return f"persons:{slot.person}:{field}:{slot.version}".encode()


def _bound_key(slot: Slot, key_id: bytes, forget_day: int) -> bytes:
    head = f"record key:{slot.person}:{slot.version}:{forget_day}:{slot.unit}:"
    return head.encode() + key_id


def _damaged(person: int) -> DamagedRecordError:
    return DamagedRecordError(
        f"The record of person {person} was changed outside the program.",
        "Compare it with a backup, and run `proximity authority verify-audit`.",
    )


def _missing(master: int) -> StoreError:
    return StoreError(
        f"The master key of records, {_FOLDER}/{_file_name(master)}, is missing.",
        "Copy it from the machine that rotated it, or restore it from a backup; for a "
        "new authority run `proximity authority migrate`.",
    )
