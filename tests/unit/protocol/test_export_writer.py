"""Writing exports."""

import io

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export import MAGIC, open_export
from proximity.protocol.export_columns import empty_keys
from proximity.protocol.export_message import SignatureInfo
from proximity.protocol.export_writer import (
    ExportContent,
    encode_body,
    export_bytes,
    sort_keys,
    split_content,
    write_export,
)
from proximity.protocol.signature import Signer, VerificationKey

PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
SIGNER = Signer(PRIVATE_KEY, "452", "v1")


def keys_beginning(*octets: int) -> DiagnosisKeys:
    keys = empty_keys(len(octets))
    keys.key[:, 0] = octets
    keys.key[:, 15] = np.arange(len(octets))
    keys.period[:] = 144
    keys.start_interval[:] = octets
    return keys


def content(*octets: int, revised: tuple[int, ...] = ()) -> ExportContent:
    return ExportContent(
        "VN", 100, 200, keys_beginning(*octets), keys_beginning(*revised)
    )


def test_keys_are_ordered_by_their_bytes_with_their_values():
    keys = sort_keys(keys_beginning(200, 3, 255, 0))

    assert keys.key[:, 0].tolist() == [0, 3, 200, 255]
    assert keys.start_interval.tolist() == [0, 3, 200, 255]


def test_all_sixteen_bytes_order_keys():
    assert sort_keys(keys_beginning(5, 5, 5)).key[:, 15].tolist() == [0, 1, 2]


def test_the_body_does_not_tell_the_order_of_publication():
    bodies = [b"".join(encode_body(content(*order), [])) for order in ((1, 2), (2, 1))]

    assert bodies[0].startswith(MAGIC)
    assert len(bodies[0]) == len(bodies[1])
    firsts = [body.index(b"\x0a\x10") for body in bodies]
    assert [body[at + 2] for body, at in zip(bodies, firsts, strict=True)] == [1, 1]


def test_the_digest_returned_is_that_of_the_export():
    stream = io.BytesIO()
    digest = write_export(stream, content(1, 2), [SIGNER])
    stream.seek(0)

    export = open_export(stream).verify([VerificationKey(PRIVATE_KEY.public_key())])
    assert export.digest == digest


def test_every_signer_is_announced_and_signs():
    other = Signer(ec.derive_private_key(8, ec.SECP256R1()), "452", "v2")
    signed = open_export(io.BytesIO(export_bytes(content(1), [SIGNER, other])))

    assert [entry.info for entry in signed.signatures] == [SIGNER.info, other.info]
    assert signed.unverified().signature_infos == (SIGNER.info, other.info)


def test_an_export_without_keys_is_an_export():
    data = export_bytes(content(), [SIGNER])

    assert open_export(io.BytesIO(data)).unverified().key_count == 0


def test_the_batch_is_written_to_body_and_signature():
    batch = ExportContent("VN", 1, 2, keys_beginning(1), batch_num=2, batch_size=3)
    signed = open_export(io.BytesIO(export_bytes(batch, [SIGNER])))

    export = signed.verify([VerificationKey(PRIVATE_KEY.public_key())])
    assert (export.batch_num, export.batch_size) == (2, 3)


def test_an_export_without_signer_is_not_written():
    with pytest.raises(ValueError, match="signer"):
        export_bytes(content(1), [])


def test_keys_a_reader_refuses_are_not_written():
    keys = keys_beginning(1)
    keys.period[:] = 0

    with pytest.raises(ValueError, match="range"):
        export_bytes(ExportContent("VN", 1, 2, keys), [SIGNER])


def test_a_small_export_is_not_split():
    (part,) = split_content(content(1, 2, revised=(3,)), 3)

    assert part.end_s == 200
    assert (len(part.keys.key), len(part.revised.key)) == (2, 1)


def test_parts_differ_in_their_end_and_are_complete_in_themselves():
    parts = split_content(content(*range(5)), 2)

    assert [part.end_s for part in parts] == [200, 201, 202]
    assert {(part.start_s, part.batch_num, part.batch_size) for part in parts} == {
        (100, 1, 1)
    }


def test_parts_hold_every_key_once_and_none_is_small():
    parts = split_content(content(4, 2, 0, 1, 3, revised=(9, 8, 7, 6)), 4)

    keys = [octet for part in parts for octet in part.keys.key[:, 0].tolist()]
    revised = [octet for part in parts for octet in part.revised.key[:, 0].tolist()]
    assert keys == [0, 1, 2, 3, 4]
    assert revised == [6, 7, 8, 9]
    assert [len(p.keys.key) + len(p.revised.key) for p in parts] == [3, 3, 3]


def test_an_empty_export_is_one_file():
    assert len(split_content(content(), 10)) == 1


def test_an_unnamed_signer_is_announced_without_name():
    body = b"".join(encode_body(content(), [SignatureInfo("", "")]))

    assert body.endswith(b"\x32\x15\x2a\x131.2.840.10045.4.3.2")
