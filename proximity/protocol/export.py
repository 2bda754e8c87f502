"""Signed exports of diagnosis keys: open, verify, then read.

open_export(path) -> SignedExport      a private copy; nothing in it is believed
SignedExport.verify(keys) -> Export    the signature holds; only an Export has keys
Export.read() -> ExportKeys            the keys, hashed once more while being read
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from proximity.errors import (
    FormatError,
    NotCanonicalError,
    TruncatedError,
    UnsupportedVersionError,
)
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export_archive import (
    BODY_NAME,
    SIGNATURE_NAME,
    ArchiveEntry,
    content_offset,
    read_entries,
    unpack,
)
from proximity.protocol.export_body import (
    ExportBody,
    PrivateCopy,
    bounded_pieces,
    changed_meanwhile,
    hash_inflated,
    hash_stored,
)
from proximity.protocol.export_columns import empty_keys, select_keys
from proximity.protocol.export_frame import check_others
from proximity.protocol.export_message import (
    ExportSignature,
    SignatureInfo,
    decode_header,
    decode_signatures,
)
from proximity.protocol.export_scan import stretch_reader
from proximity.protocol.export_scan_plain import ScannedStretch
from proximity.protocol.signature import (
    VerificationKey,
    claimed_signatures,
    verify_digest,
)

MAGIC = b"EK Export v1    "
_FAMILY = MAGIC[:11]
DEFAULT_MAX_BYTES = 128 << 20
MAX_SIGNATURE_FILE_BYTES = 65_536

# What a zip of incompressible content is larger than the content.
_ZIP_OVERHEAD_BYTES = 1 << 20
Source = Path | IO[bytes] | PrivateCopy

_HINT = "Fetch the file again; if it stays so, its publisher has to repair it."


class KeyBlock(NamedTuple):
    """A stretch of keys of one list of an export.

    Attributes
    ----------
    keys : DiagnosisKeys
    revised : bool
        Whether they are of `revised_keys`: they change what was published before.
    first_index : int
        Place of the first of them in its list.
    """

    keys: DiagnosisKeys
    revised: bool
    first_index: int


class ExportKeys(NamedTuple):
    """All keys of an export, in file order."""

    keys: DiagnosisKeys
    revised: DiagnosisKeys


@dataclass(frozen=True, slots=True)
class Export:
    """What an export says, and access to its keys.

    Attributes
    ----------
    region : str
        "" where the file does not say.
    start_s, end_s : int
        Unix seconds, 0 where the file does not say.
    batch_num, batch_size : int
        This is file `batch_num` of `batch_size`.
    signature_infos : tuple of SignatureInfo
        Who signs, by the export's own account.
    key_count, revised_count : int
        Keys in `keys` and in `revised_keys`.
    digest : str
        SHA-256 of `export.bin`, lower-case hex.
    signer : SignatureInfo | None
        The signature that held; None if none was checked.
    """

    region: str
    start_s: int
    end_s: int
    batch_num: int
    batch_size: int
    signature_infos: tuple[SignatureInfo, ...]
    key_count: int
    revised_count: int
    digest: str
    signer: SignatureInfo | None
    _body: ExportBody = field(repr=False, compare=False)
    # All fields but the keys, as they were read first.
    _others: bytes = field(repr=False, compare=False)

    @property
    def verified(self) -> bool:
        """Whether a signature by an accepted key held."""
        return self.signer is not None

    def key_blocks(self) -> Iterator[KeyBlock]:
        """Read the keys in blocks of some 65,536, in constant memory.

        Yields
        ------
        KeyBlock
            Of either list, in file order. Use nothing of them until the last has
            come without an error; `read` does so for you.

        Raises
        ------
        FormatError
            If a key record breaks the format.
        BadSignatureError
            At the end, if the bytes are not those that were verified.
        """
        counts = [0, 0]
        others: list[bytes] = []
        scan = stretch_reader().scan_records
        for stretch in self._body.parse(scan, hashed=True):
            others.extend(stretch.others)
            for block in _blocks(stretch, counts):
                yield block
                counts[block.revised] += len(block.keys.key)
        # What was read first was not hashed; these bytes were.
        found = (counts, b"".join(others))
        if found != ([self.key_count, self.revised_count], self._others):
            raise changed_meanwhile()

    def blocks_revised_first(self) -> Iterator[KeyBlock]:
        """Read the revised keys, then the others: one pass for each list.

        Yields
        ------
        KeyBlock
            As `key_blocks`.

        Raises
        ------
        FormatError, BadSignatureError
            As `key_blocks`.
        """
        if self.revised_count:
            yield from (block for block in self.key_blocks() if block.revised)
        if self.key_count or not self.revised_count:
            yield from (block for block in self.key_blocks() if not block.revised)

    def read(self) -> ExportKeys:
        """Read all keys; return only once the digest held for the second time.

        Raises
        ------
        FormatError, BadSignatureError
            As `key_blocks`.
        """
        lists = ExportKeys(empty_keys(self.key_count), empty_keys(self.revised_count))
        for block in self.key_blocks():
            rows = slice(block.first_index, block.first_index + len(block.keys.key))
            columns: tuple[Any, ...] = lists[block.revised]
            for column, part in zip(columns, block.keys, strict=True):
                column[rows] = part
        return lists


@dataclass(frozen=True, slots=True)
class SignedExport:
    """An export nobody has verified: it has signatures to check, but no keys to give.

    Attributes
    ----------
    entries : dict of str to ArchiveEntry
        `export.bin` and `export.sig` as the archive describes them.
    signatures : tuple of ExportSignature
        As `export.sig` lists them; none in an unsigned file.
    """

    entries: dict[str, ArchiveEntry]
    signatures: tuple[ExportSignature, ...]
    _archive: PrivateCopy = field(repr=False, compare=False)
    _max_bytes: int = field(repr=False, compare=False)

    def verify(self, keys: Iterable[VerificationKey]) -> Export:
        """Check the signature over all of `export.bin`, then frame its fields.

        Parameters
        ----------
        keys : iterable of VerificationKey
            One signature by one of them is enough; others are ignored.

        Returns
        -------
        Export

        Raises
        ------
        UnknownSignerError
            If no signature names one of the keys, or there is none at all.
        BadSignatureError
            If one does, and does not hold.
        FormatError
            If `export.bin` does not inflate within the bound, or breaks the format.
        """
        claimed = claimed_signatures(self.signatures, keys)
        body = self._unpack_body()
        accepted = verify_digest(body.digest, claimed)
        export = _survey(body, accepted.info)
        batch = (export.batch_num, export.batch_size)
        if (accepted.batch_num, accepted.batch_size) != batch:
            raise NotCanonicalError("export.bin and export.sig name two batches", _HINT)
        if len(self.signatures) != len(export.signature_infos):
            raise NotCanonicalError(
                f"{len(self.signatures)} signatures, but export.bin announces "
                f"{len(export.signature_infos)}",
                _HINT,
            )
        return export

    def unverified(self) -> Export:
        """Open the export without believing it; say so wherever it is used.

        Raises
        ------
        FormatError
            As `verify`.
        """
        return _survey(self._unpack_body(), None)

    def _unpack_body(self) -> ExportBody:
        file, entry = self._archive.file, self.entries[BODY_NAME]
        pieces = unpack(file, entry, self._max_bytes)
        if not entry.stored:
            return _checked_body(hash_inflated(pieces))
        begin = content_offset(file, entry)
        return _checked_body(hash_stored(self._archive, begin, pieces))


def copy_export(source: Source, *, max_bytes: int = DEFAULT_MAX_BYTES) -> PrivateCopy:
    """Take a private copy of a file that may be a zip or a bare `export.bin`.

    Parameters
    ----------
    source : Path, binary stream or PrivateCopy
        Read once, to its end, so it may be a pipe; a copy is returned as it is.
    max_bytes : int
        Bound on the inflated `export.bin`.

    Raises
    ------
    TooLargeError
        If no export within the bound is so large.
    OSError
        If the file cannot be read.
    """
    if isinstance(source, PrivateCopy):
        return source
    bound = max_bytes + _ZIP_OVERHEAD_BYTES
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return PrivateCopy(bounded_pieces(stream, bound))
    return PrivateCopy(bounded_pieces(source, bound))


def open_export(source: Source, *, max_bytes: int = DEFAULT_MAX_BYTES) -> SignedExport:
    """Take a private copy of an export and check the shape of its archive.

    Parameters
    ----------
    source : Path, binary stream or PrivateCopy
        Read once, to its end; changed afterwards, it changes nothing here.
    max_bytes : int
        Bound on the inflated `export.bin`.

    Returns
    -------
    SignedExport
        Of `export.bin` nothing has been inflated or parsed.

    Raises
    ------
    FormatError
        If it is not a zip of exactly `export.bin` and `export.sig`, or the latter is
        not a list of signatures.
    OSError
        If the file cannot be read.
    """
    archive = copy_export(source, max_bytes=max_bytes)
    if begins_as_body(archive):
        raise FormatError(
            "this is a bare export.bin, without a signature",
            "Give the zip file that its publisher made.",
        )
    entries = read_entries(archive.file, archive.size)
    pieces = unpack(archive.file, entries[SIGNATURE_NAME], MAX_SIGNATURE_FILE_BYTES)
    signatures = decode_signatures(b"".join(pieces))
    return SignedExport(entries, signatures, archive, max_bytes)


def open_unsigned(source: Source, *, max_bytes: int = DEFAULT_MAX_BYTES) -> Export:
    """Open a bare `export.bin`, which has no signature and is never verified.

    Raises
    ------
    FormatError
        If it is not an export, or is larger than the bound.
    OSError
        If the file cannot be read.
    """
    copy = copy_export(source, max_bytes=max_bytes)
    copy.file.seek(0)
    pieces = bounded_pieces(copy.file, max_bytes)
    return _survey(_checked_body(hash_stored(copy, 0, pieces)), None)


def begins_as_body(copy: PrivateCopy) -> bool:
    """Tell a bare `export.bin` from a zip."""
    copy.file.seek(0)
    return copy.file.read(len(_FAMILY)).upper() == _FAMILY.upper()


def _checked_body(body: ExportBody) -> ExportBody:
    magic = body.head()
    if magic == MAGIC:
        return body
    if MAGIC.startswith(magic):
        raise TruncatedError("export.bin ends inside its header", _HINT)
    if magic.upper() == MAGIC.upper():
        raise NotCanonicalError('the header is not written "EK Export v1"', _HINT)
    if magic.startswith(_FAMILY):
        raise UnsupportedVersionError("only version 1 of exports is supported", _HINT)
    raise FormatError("export.bin does not begin as an export", _HINT)


def _survey(body: ExportBody, signer: SignatureInfo | None) -> Export:
    """Frame all fields: count the key records, read the others."""
    records = revised = 0
    others: list[bytes] = []
    count = stretch_reader().count_records
    for stretch in body.parse(count, hashed=False):
        records += stretch.records
        revised += stretch.revised
        others.extend(stretch.others)
        check_others(others)
    header = decode_header(b"".join(others))
    return Export(
        region=header.region,
        start_s=header.start_s,
        end_s=header.end_s,
        batch_num=header.batch_num,
        batch_size=header.batch_size,
        signature_infos=header.signature_infos,
        key_count=records - revised,
        revised_count=revised,
        digest=body.digest.hex(),
        signer=signer,
        _body=body,
        _others=b"".join(others),
    )


def _blocks(stretch: ScannedStretch, counts: Sequence[int]) -> Iterator[KeyBlock]:
    """Yield the keys of a stretch, those of either list together."""
    revised = np.count_nonzero(stretch.revised)
    if revised in (0, len(stretch.revised)):
        if len(stretch.revised):
            yield KeyBlock(stretch.keys, bool(revised), counts[bool(revised)])
        return
    for wanted in (False, True):
        rows = np.flatnonzero(stretch.revised == wanted)
        yield KeyBlock(select_keys(stretch.keys, rows), wanted, counts[wanted])
