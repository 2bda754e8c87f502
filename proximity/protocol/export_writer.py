"""Writing exports: sorted keys, signed by one or several keys, split when too many."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import IO

import numpy as np

from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export import MAGIC
from proximity.protocol.export_archive import BODY_NAME, SIGNATURE_NAME, write_archive
from proximity.protocol.export_columns import empty_keys, select_keys
from proximity.protocol.export_encode import key_records
from proximity.protocol.export_frame import KEYS_TAG, REVISED_TAG
from proximity.protocol.export_message import (
    ExportHeader,
    ExportSignature,
    SignatureInfo,
    encode_header,
    encode_signatures,
)
from proximity.protocol.signature import Signer, sign_digest


@dataclass(frozen=True, slots=True)
class ExportContent:
    """What an export is to say.

    Attributes
    ----------
    region : str
        For example "VN".
    start_s, end_s : int
        Unix seconds of the time in which the keys were published.
    keys, revised : DiagnosisKeys
        In any order: they are written sorted by key bytes, so that their order says
        nothing of who published with whom.
    batch_num, batch_size : int
        1 of 1 but for files that only count together.
    """

    region: str
    start_s: int
    end_s: int
    keys: DiagnosisKeys
    revised: DiagnosisKeys = field(default_factory=partial(empty_keys, 0))
    batch_num: int = 1
    batch_size: int = 1


def write_export(
    stream: IO[bytes], content: ExportContent, signers: Sequence[Signer]
) -> str:
    """Write a signed export.

    Parameters
    ----------
    stream : binary stream
    content : ExportContent
    signers : sequence of Signer
        Each signs; while a key is rotated, the old one and the new one.

    Returns
    -------
    str
        SHA-256 of `export.bin`, lower-case hex: `Export.digest` of the file.

    Raises
    ------
    ValueError
        If there is no signer, or a column of keys holds what a reader refuses.
    """
    if not signers:
        raise ValueError("an export needs a signer")
    sha256 = hashlib.sha256()

    def body() -> Iterator[bytes]:
        for piece in encode_body(content, [signer.info for signer in signers]):
            sha256.update(piece)
            yield piece

    def signature_list() -> Iterator[bytes]:
        digest = sha256.digest()
        yield encode_signatures(
            [
                ExportSignature(
                    signer.info,
                    content.batch_num,
                    content.batch_size,
                    sign_digest(signer, digest),
                )
                for signer in signers
            ]
        )

    write_archive(stream, [(BODY_NAME, body()), (SIGNATURE_NAME, signature_list())])
    return sha256.hexdigest()


def encode_body(
    content: ExportContent, infos: Sequence[SignatureInfo]
) -> Iterator[bytes]:
    """Encode `export.bin`, byte for byte as the reference server does.

    Yields
    ------
    bytes
        The header, then blocks of key records; field order and omissions are those
        of docs/reference/exports.md#writing.

    Raises
    ------
    ValueError
        If a column of keys holds what a reader refuses.
    """
    header = ExportHeader(
        region=content.region,
        start_s=content.start_s,
        end_s=content.end_s,
        batch_num=content.batch_num,
        batch_size=content.batch_size,
        signature_infos=tuple(infos),
    )
    yield MAGIC + encode_header(header)
    yield from key_records(sort_keys(content.keys), KEYS_TAG)
    yield from key_records(sort_keys(content.revised), REVISED_TAG)


def export_bytes(content: ExportContent, signers: Sequence[Signer]) -> bytes:
    """Return a signed export as bytes; else as `write_export`."""
    stream = io.BytesIO()
    write_export(stream, content, signers)
    return stream.getvalue()


def split_content(content: ExportContent, max_keys: int) -> tuple[ExportContent, ...]:
    """Spread too many keys over several exports, each complete in itself.

    As the reference server does: every file is batch 1 of 1, and file i ends i
    seconds later, because phones take two files of one start, end and batch for the
    same. A phone can use each file without waiting for the others.

    Parameters
    ----------
    content : ExportContent
    max_keys : int >= 1
        Keys and revised keys together, in one file.

    Returns
    -------
    tuple of ExportContent
        Of nearly equal size, so that none is small: few keys hide nobody. The content
        itself if it is small enough.
    """
    keys, revised = sort_keys(content.keys), sort_keys(content.revised)
    total = len(keys.key) + len(revised.key)
    parts = max(-(-total // max_keys), 1)
    cuts = [total * part // parts for part in range(parts + 1)]
    return tuple(
        replace(
            content,
            end_s=content.end_s + number,
            keys=select_keys(keys, slice(begin, end)),
            revised=_tail_slice(revised, begin - len(keys.key), end - len(keys.key)),
        )
        for number, (begin, end) in enumerate(pairwise(cuts))
    )


def sort_keys(keys: DiagnosisKeys) -> DiagnosisKeys:
    """Order keys by their bytes; columns that are in order are returned as they are."""
    halves = np.ascontiguousarray(keys.key).view(">u8").reshape(-1, 2)
    first = halves[:, 0].astype(np.uint64)
    if np.all(first[1:] > first[:-1]):
        return keys
    order = np.argsort(first)
    ascending = first[order]
    # Random keys hardly ever share eight bytes; who uploads chosen ones pays for them.
    if np.any(ascending[1:] == ascending[:-1]):
        order = np.lexsort((halves[:, 1], halves[:, 0]))
    return select_keys(keys, order)


def _tail_slice(keys: DiagnosisKeys, begin: int, end: int) -> DiagnosisKeys:
    """Slice by places that count from some row before the first."""
    return select_keys(keys, slice(max(begin, 0), max(end, 0)))
