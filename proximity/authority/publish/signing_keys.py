"""The keys that sign exports: made on first use, rotated with an overlap."""

import re
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from proximity.authority.publish.durable_files import (
    PRIVATE_MODE,
    PUBLIC_MODE,
    make_folder,
    sole_writer,
    write_whole,
)
from proximity.authority.publish.rules import RETENTION_S
from proximity.errors import (
    FormatError,
    NothingStoredError,
    PolicyError,
    StoreError,
)
from proximity.protocol.public_keys import (
    MAX_PUBLIC_KEYS,
    PinnedKey,
    encode_public_keys,
    parse_public_keys,
)
from proximity.protocol.signature import Signer, VerificationKey, load_signing_key
from proximity.units import DAY_S

PRIVATE_FOLDER = "keys"
PUBLIC_FOLDER = "public_keys"
PUBLIC_KEYS_FILE = "public_keys.json"
# How long an old key signs beside the new: the time in which every client has to
# learn the new one.
OVERLAP_S = 28 * DAY_S
_VERSION = re.compile(r"v[0-9]{1,9}")


def ensure_signers(
    directory: Path, region: str, *, now_s: int, passphrase: bytes | None = None
) -> list[Signer]:
    """Return the keys that sign now, oldest first; the first use makes one.

    Parameters
    ----------
    directory : Path
        The authority's data directory, held by `sole_writer`.
    region : str
        Becomes the ID of a new key.
    now_s : int
        Unix seconds. A key whose overlap is over is deleted; its public half stays
        until the last file that it signed has expired.
    passphrase : bytes | None
        Encrypts the private keys; None leaves them to the permissions of their files.

    Returns
    -------
    list of Signer
        Not empty.

    Raises
    ------
    StoreError
        If the keys cannot be read.
    """
    listed = published_keys(directory)
    kept = [key for key in listed if not _is_over(key, now_s - RETENTION_S)]
    for key in listed:
        if _is_over(key, now_s):
            _private_path(directory, _version(key)).unlink(missing_ok=True)
        if key not in kept:
            _public_path(directory, _version(key)).unlink(missing_ok=True)
    kept = kept or [_make_key(directory, region, "v1", passphrase)]
    if kept != listed:
        _save(directory, kept)
    return [
        _signer(directory, key, passphrase) for key in kept if not _is_over(key, now_s)
    ]


def rotate_signing_keys(
    directory: Path, *, now_s: int, passphrase: bytes | None = None
) -> list[PinnedKey]:
    """Make a new key; from the next run on it signs, for 28 days beside the old one.

    Parameters
    ----------
    directory : Path
        The authority's data directory.
    now_s : int
        Unix seconds.
    passphrase : bytes | None
        As `ensure_signers`.

    Returns
    -------
    list of PinnedKey
        All keys that clients should pin, oldest first; the last one is new.

    Raises
    ------
    NothingStoredError
        If no key was made there yet.
    PolicyError
        If so many keys are in use that no client could list another.
    LockedError
        If another process is publishing.
    StoreError
        If the keys cannot be read.
    """
    if not (directory / PUBLIC_KEYS_FILE).exists():
        raise NothingStoredError(
            "There is no signing key in this directory.",
            "`proximity authority publish` makes the first one.",
        )
    with sole_writer(directory):
        keys = published_keys(directory)
        if len(keys) == MAX_PUBLIC_KEYS:
            raise PolicyError(
                f"{MAX_PUBLIC_KEYS} keys are in use already.",
                "Rotate again when the overlap of the oldest is over.",
            )
        newest = keys[-1]
        number = int(_version(newest).removeprefix("v")) + 1
        key_id = newest.verification_key.key_id or ""
        fresh = _make_key(directory, key_id, f"v{number}", passphrase)
        rotated = [*keys[:-1], replace(newest, until_s=now_s + OVERLAP_S), fresh]
        _save(directory, rotated)
        return rotated


def published_keys(directory: Path) -> list[PinnedKey]:
    """Return the keys by which published files verify, oldest first.

    Parameters
    ----------
    directory : Path
        The authority's data directory.

    Returns
    -------
    list of PinnedKey
        Empty before the first run.

    Raises
    ------
    StoreError
        If the list of keys is damaged.
    """
    try:
        data = (directory / PUBLIC_KEYS_FILE).read_bytes()
    except FileNotFoundError:
        return []
    try:
        keys = parse_public_keys(data)
    except FormatError as error:
        raise _damaged(PUBLIC_KEYS_FILE) from error
    # Versions become file names.
    if not all(_VERSION.fullmatch(_version(key)) for key in keys):
        raise _damaged(PUBLIC_KEYS_FILE)
    return list(keys)


def _make_key(
    directory: Path, key_id: str, version: str, passphrase: bytes | None
) -> PinnedKey:
    for name, private in ((PRIVATE_FOLDER, True), (PUBLIC_FOLDER, False)):
        make_folder(directory / name, private=private)
    path = _private_path(directory, version)
    # A key that is there but not listed is one whose making was interrupted.
    if not path.exists():
        fresh = ec.generate_private_key(ec.SECP256R1())
        encryption = (
            NoEncryption()
            if passphrase is None
            else BestAvailableEncryption(passphrase)
        )
        pem = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        write_whole(path, pem, mode=PRIVATE_MODE)
    public = _load_private(path, passphrase).public_key()
    key = PinnedKey(VerificationKey(public, key_id, version))
    write_whole(_public_path(directory, version), key.pem.encode(), mode=PUBLIC_MODE)
    return key


def _save(directory: Path, keys: list[PinnedKey]) -> None:
    path = directory / PUBLIC_KEYS_FILE
    write_whole(path, encode_public_keys(keys), mode=PUBLIC_MODE)


def _signer(directory: Path, key: PinnedKey, passphrase: bytes | None) -> Signer:
    private = _load_private(_private_path(directory, _version(key)), passphrase)
    return Signer(private, key.verification_key.key_id or "", _version(key))


def _load_private(path: Path, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
    try:
        return load_signing_key(path.read_bytes(), passphrase)
    except (FormatError, OSError) as error:
        raise _damaged(f"{PRIVATE_FOLDER}/{path.name}") from error


def _version(key: PinnedKey) -> str:
    return key.verification_key.key_version or ""


def _private_path(directory: Path, version: str) -> Path:
    return directory / PRIVATE_FOLDER / f"{version}.pem"


def _public_path(directory: Path, version: str) -> Path:
    return directory / PUBLIC_FOLDER / f"{version}.pem"


def _is_over(key: PinnedKey, at_s: int) -> bool:
    return key.until_s is not None and key.until_s <= at_s


def _damaged(name: str) -> StoreError:
    return StoreError(
        f"{name} in the authority's directory is missing or damaged.",
        "Restore it from a backup: clients have pinned the key.",
    )
