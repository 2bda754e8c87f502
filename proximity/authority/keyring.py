"""Secrets of the service that change by themselves: kept in the database, wrapped.

Each kind has a key in use, older ones that are still believed, and for signing keys
a next one that is shown to others before it signs.
"""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from proximity.authority.database import METADATA, reading, serialise
from proximity.authority.publish.durable_files import PRIVATE_MODE, write_whole
from proximity.errors import StoreError
from proximity.units import DAY_S

# Names of a file and of a variable, no secrets.
PASSPHRASE_FILE = "passphrase"  # noqa: S105
PASSPHRASE_VARIABLE = "PROXIMITY_AUTHORITY_PASSPHRASE"  # noqa: S105
CERTIFICATE, TOKEN = "certificate", "token"
CODE, PHONE, REVISION = "code", "phone", "revision"
_SIGNING = (CERTIFICATE, TOKEN)
# Others have to learn a signing key before anything is signed by it.
ACTIVATION_DELAY_S = 3_600
_REFRESH_S = 60.0
# A service reads its secrets so often, beside the requests.
REFRESH_EARLY_S = 20.0
# The other processes of the service have to learn a secret before it is used.
SPREAD_S = 2 * int(_REFRESH_S)
# How long a key is the newest, and how long it is believed afterwards: as long as
# anything made with it can be shown again.
_USE_S = {
    CERTIFICATE: 30 * DAY_S,
    TOKEN: 30 * DAY_S,
    CODE: 3 * DAY_S,
    PHONE: 30 * DAY_S,
    REVISION: 7 * DAY_S,
}
_BELIEVED_S = {
    CERTIFICATE: DAY_S,
    TOKEN: 2 * DAY_S,
    CODE: 2 * DAY_S,
    # A telephone rests for 90 days, whatever else is forgotten.
    PHONE: 91 * DAY_S,
    REVISION: 15 * DAY_S,
}
_NONCE_BYTES = 12

secrets_table = Table(
    "secrets",
    METADATA,
    Column("kid", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("active_s", BigInteger, nullable=False),
    Column("retired_s", BigInteger),
    Column("wrapped", LargeBinary, nullable=False),
)


class Secret(NamedTuple):
    """A key of the service.

    Attributes
    ----------
    kid : str
        Its name, which others may see.
    active_s : int
        Unix seconds from which it is used.
    retired_s : int | None
        Unix seconds from which a newer one is used; it is believed for a while yet.
    data : bytes
        32 bytes, or a private key on P-256 as PKCS #8.
    """

    kid: str
    active_s: int
    retired_s: int | None
    data: bytes

    def __repr__(self) -> str:
        """Tell its name, nothing of its bytes."""
        return f"<Secret {self.kid}>"


class Keyring:
    """The secrets of one database, opened with a passphrase.

    Parameters
    ----------
    engine : Engine
    passphrase : bytes
        From `load_passphrase`.
    clock : callable -> float
        Unix seconds.
    """

    def __init__(
        self, engine: Engine, passphrase: bytes, clock: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._wrap = AESGCM(_stretched(passphrase))
        self._lock = threading.Lock()
        self._secrets: dict[str, list[Secret]] = {}
        self._private: dict[str, ec.EllipticCurvePrivateKey] = {}
        self._public: dict[str, ec.EllipticCurvePublicKey] = {}
        self._read_at = float("-inf")

    def __repr__(self) -> str:
        """Tell nothing."""
        return "<Keyring>"

    def current(self, kind: str) -> Secret:
        """Return the secret of a kind that is used now.

        Raises
        ------
        StoreError
            If there is none, or the passphrase is not theirs.
        """
        now_s = self._clock()
        active = [each for each in self.believed(kind) if each.active_s <= now_s]
        if not active:
            raise StoreError(
                "The service has no key to work with.",
                "Run `proximity authority worker`, which makes what is missing.",
            )
        # Two of one second: the one that nothing has replaced is the newer.
        return max(active, key=lambda each: (each.active_s, each.retired_s is None))

    def believed(self, kind: str) -> list[Secret]:
        """Return all secrets of a kind whose work still counts, newest last."""
        now_s = self._clock()
        with self._lock:
            if not 0 <= now_s - self._read_at < _REFRESH_S:
                self._secrets = self._read()
                self._read_at = now_s
            secrets = self._secrets.get(kind, [])
        return [each for each in secrets if not _is_over(kind, each, now_s)]

    def refresh(self) -> None:
        """Read the secrets before they are old, so that nobody has to wait for it.

        Raises
        ------
        StoreError
            If the passphrase is not theirs.
        SQLAlchemyError
            If the database is away; what was read before is believed on.
        """
        now_s = self._clock()
        secrets = self._read()
        with self._lock:
            self._secrets, self._read_at = secrets, now_s

    def signing_key(self, kind: str) -> tuple[str, ec.EllipticCurvePrivateKey]:
        """Return key ID and private key that sign tokens of a kind now."""
        secret = self.current(kind)
        return secret.kid, self._private_key(secret)

    def public_keys(self, kind: str) -> Mapping[str, ec.EllipticCurvePublicKey]:
        """Return by key ID what tokens of a kind verify with."""
        return {secret.kid: self._public_key(secret) for secret in self.believed(kind)}

    def rotate(self, *, force: bool = False) -> int:
        """Make the keys that are due, delete those that are over; return how many.

        Parameters
        ----------
        force : bool
            Replace every kind now, due or not.

        Raises
        ------
        StoreError
            If the secrets cannot be read.
        """
        # A secret that is sealed with another passphrase than theirs would stop every
        # process that reads it.
        self.believed(CODE)
        now_s = int(self._clock())
        with self._engine.begin() as connection:
            serialise(connection, "secrets")
            made = sum(
                _renew(connection, kind, now_s, wrap=self.seal, force=force)
                for kind in _USE_S
            )
        with self._lock:
            self._read_at = float("-inf")
        return made

    def seal(self, data: bytes, name: str) -> bytes:
        """Encrypt a secret under the passphrase, bound to its name."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._wrap.encrypt(nonce, data, name.encode())

    def unseal(self, sealed: bytes, name: str) -> bytes:
        """Decrypt what `seal` made for a name.

        Raises
        ------
        StoreError
            If the passphrase is another, or the bytes are damaged.
        """
        try:
            return self._wrap.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise StoreError(
                "The passphrase does not open the keys of the service.",
                f"Restore {PASSPHRASE_FILE} from the backup of this database.",
            ) from error

    def _private_key(self, secret: Secret) -> ec.EllipticCurvePrivateKey:
        found = self._private.get(secret.kid)
        if found is None:
            loaded = load_der_private_key(secret.data, password=None)
            if not isinstance(loaded, ec.EllipticCurvePrivateKey):
                raise StoreError(
                    "a signing key of the authority is of another kind",
                    "Restore the authority from a backup.",
                )
            found = self._private[secret.kid] = loaded
        return found

    def _public_key(self, secret: Secret) -> ec.EllipticCurvePublicKey:
        found = self._public.get(secret.kid)
        if found is None:
            found = self._private_key(secret).public_key()
            self._public[secret.kid] = found
        return found

    def _read(self) -> dict[str, list[Secret]]:
        found: dict[str, list[Secret]] = {}
        with reading(self._engine) as connection:
            rows = connection.execute(select(secrets_table)).all()
        for kid, kind, active_s, retired_s, wrapped in rows:
            data = self.unseal(wrapped, kid)
            secret = Secret(kid, active_s, retired_s, data)
            found.setdefault(kind, []).append(secret)
        for secrets in found.values():
            secrets.sort(key=lambda each: each.active_s)
        return found


def load_passphrase(directory: Path, environment: Mapping[str, str]) -> bytes:
    """Return the passphrase from the environment or the directory.

    Raises
    ------
    StoreError
        If there is none.
    """
    text = environment.get(PASSPHRASE_VARIABLE)
    if text:
        return text.encode()
    try:
        return (directory / PASSPHRASE_FILE).read_bytes().strip()
    except FileNotFoundError as error:
        raise StoreError(
            "The passphrase of the authority is missing.",
            f"Set {PASSPHRASE_VARIABLE}, or restore the file {PASSPHRASE_FILE}.",
        ) from error


def make_passphrase(directory: Path, entropy: Callable[[int], bytes]) -> None:
    """Write a random passphrase, readable for its owner alone."""
    text = entropy(32).hex() + "\n"
    write_whole(directory / PASSPHRASE_FILE, text.encode(), mode=PRIVATE_MODE)


def _stretched(passphrase: bytes) -> bytes:
    """Return a key; its cost is paid once a process.

    A random passphrase needs none of it, one that a person chose does.
    """
    kdf = Scrypt(salt=b"proximity authority keyring", length=32, n=2**14, r=8, p=1)
    return kdf.derive(passphrase)


def _renew(
    connection: Connection,
    kind: str,
    now_s: int,
    *,
    wrap: Callable[[bytes, str], bytes],
    force: bool,
) -> int:
    rows = connection.execute(
        select(secrets_table.c.kid, secrets_table.c.active_s, secrets_table.c.retired_s)
        .where(secrets_table.c.kind == kind)
        .order_by(secrets_table.c.active_s)
    ).all()
    for kid, active_s, retired_s in rows:
        if _is_over(kind, Secret(kid, active_s, retired_s, b""), now_s):
            connection.execute(delete(secrets_table).where(secrets_table.c.kid == kid))
    if rows and not force and now_s < rows[-1].active_s + _USE_S[kind]:
        return 0
    delay_s = ACTIVATION_DELAY_S if kind in _SIGNING else SPREAD_S
    # The first one is used at once: nobody could know an older one.
    active_s = now_s + (delay_s if rows else 0)
    kid = os.urandom(8).hex()
    connection.execute(
        update(secrets_table)
        .where(secrets_table.c.kind == kind, secrets_table.c.retired_s.is_(None))
        .values(retired_s=active_s)
    )
    data = _new_private_key() if kind in _SIGNING else os.urandom(32)
    row = {"kid": kid, "kind": kind, "active_s": active_s, "wrapped": wrap(data, kid)}
    connection.execute(insert(secrets_table).values(row))
    return 1


def _new_private_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _is_over(kind: str, secret: Secret, now_s: float) -> bool:
    retired_s = secret.retired_s
    return retired_s is not None and retired_s + _BELIEVED_S[kind] <= now_s
