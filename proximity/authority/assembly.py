"""The parts of one authority, put together once a process."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from proximity.authority.database import open_database
from proximity.authority.keyring import Keyring, load_passphrase
from proximity.authority.people.key_store import KeyStore
from proximity.authority.people.vault import Vault
from proximity.authority.service_clock import service_clock
from proximity.authority.settings import Settings, load_settings
from proximity.authority.verification.messenger import Messenger, make_messenger


@dataclass(frozen=True, slots=True)
class Authority:
    """What every feature works with.

    Attributes
    ----------
    directory : Path
    settings : Settings
    engine : Engine
    keyring : Keyring
    vault : Vault
        The keys of personal records.
    messenger : Messenger
    clock : callable -> float
        Unix seconds.
    entropy : callable int -> bytes
        Gives so many random bytes.
    passphrase : bytes
        Also of the files of signing keys.
    """

    directory: Path
    settings: Settings
    engine: Engine
    keyring: Keyring
    vault: Vault
    messenger: Messenger
    clock: Callable[[], float]
    entropy: Callable[[int], bytes]
    passphrase: bytes

    def __repr__(self) -> str:
        """Tell the region."""
        return f"<Authority {self.settings.region}>"

    @property
    def now_s(self) -> int:
        """Unix seconds."""
        return int(self.clock())


def open_authority(
    directory: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    clock: Callable[[], float] | None = None,
) -> Authority:
    """Put the parts together; the schema of the database is not looked at.

    Parameters
    ----------
    directory : Path
    environment : mapping
    clock : callable -> float, or None
        Unix seconds; None takes that of the service.

    Raises
    ------
    NothingStoredError
        If the directory was not initialised.
    FormatError, StoreError
        If settings or passphrase cannot be used.
    """
    settings = load_settings(directory, environment)
    clock = clock or service_clock(settings, environment)
    engine = open_database(settings, directory)
    passphrase = load_passphrase(directory, environment)
    keyring = Keyring(engine, passphrase, clock)
    key_store = KeyStore(settings.record_keys, directory)
    return Authority(
        directory=directory,
        settings=settings,
        engine=engine,
        keyring=keyring,
        vault=Vault(directory, keyring, key_store, os.urandom),
        messenger=make_messenger(settings.messenger_url, directory, clock),
        clock=clock,
        entropy=os.urandom,
        passphrase=passphrase,
    )
