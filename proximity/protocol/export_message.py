"""The small messages of an export: its header fields and its list of signatures.

Diagnosis keys never pass here. The descriptors are built at import, so the package
carries no generated code; strings are declared as bytes, which is the same on the
wire, so that text which is not UTF-8 is refused here and by name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from proximity.errors import FormatError, NotCanonicalError, TooLargeError

# ECDSA with SHA-256 and with SHA-512, RFC 5758 section 3.2.
ECDSA_SHA256_OID = "1.2.840.10045.4.3.2"
ECDSA_SHA512_OID = "1.2.840.10045.4.3.4"

MAX_SIGNATURES = 64
MAX_TEXT_BYTES = 256
MAX_BATCH_SIZE = 1_000_000
# The last second of the year 9999: later times have no calendar form.
MAX_TIME_S = 253_402_300_799

_HINT = "Fetch the file again; if it stays so, its publisher has to repair it."

_FIELD = descriptor_pb2.FieldDescriptorProto
_MESSAGES: dict[str, list[tuple[str, int, int, str]]] = {
    "SignatureInfo": [
        ("verification_key_version", 3, _FIELD.TYPE_BYTES, ""),
        ("verification_key_id", 4, _FIELD.TYPE_BYTES, ""),
        ("signature_algorithm", 5, _FIELD.TYPE_BYTES, ""),
    ],
    "Signature": [
        ("signature_info", 1, _FIELD.TYPE_MESSAGE, "SignatureInfo"),
        ("batch_num", 2, _FIELD.TYPE_INT32, ""),
        ("batch_size", 3, _FIELD.TYPE_INT32, ""),
        ("signature", 4, _FIELD.TYPE_BYTES, ""),
    ],
    "SignatureList": [("signatures", 1, _FIELD.TYPE_MESSAGE, "Signature")],
    "Header": [
        ("start_timestamp", 1, _FIELD.TYPE_FIXED64, ""),
        ("end_timestamp", 2, _FIELD.TYPE_FIXED64, ""),
        ("region", 3, _FIELD.TYPE_BYTES, ""),
        ("batch_num", 4, _FIELD.TYPE_INT32, ""),
        ("batch_size", 5, _FIELD.TYPE_INT32, ""),
        ("signature_infos", 6, _FIELD.TYPE_MESSAGE, "SignatureInfo"),
    ],
}
_REPEATED = {"signatures", "signature_infos"}
_PACKAGE = "proximity.export"


@dataclass(frozen=True, slots=True)
class SignatureInfo:
    """Which key signs, and how; "" where the file does not say.

    Attributes
    ----------
    key_id : str
        For example a mobile country code, "452".
    key_version : str
        For example "v1".
    algorithm : str
        An object identifier; only `ECDSA_SHA256_OID` is accepted.
    """

    key_id: str
    key_version: str
    algorithm: str = ECDSA_SHA256_OID


@dataclass(frozen=True, slots=True)
class ExportSignature:
    """One entry of `export.sig`; `signature` should be X9.62 DER."""

    info: SignatureInfo
    batch_num: int
    batch_size: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class ExportHeader:
    """What an export says of itself.

    Attributes
    ----------
    region : str
        "" where the file does not say.
    start_s, end_s : int
        Unix seconds, 0 where the file does not say; start <= end if both are there.
    batch_num, batch_size : int
        1 <= batch_num <= batch_size <= 1,000,000; 1 of 1 where absent.
    signature_infos : tuple of SignatureInfo
        At most 64.
    """

    region: str
    start_s: int
    end_s: int
    batch_num: int = 1
    batch_size: int = 1
    signature_infos: tuple[SignatureInfo, ...] = ()


def decode_header(data: bytes) -> ExportHeader:
    """Read the header fields of an export, without its keys.

    Parameters
    ----------
    data : bytes
        All top-level fields but the keys, in file order; bounded by the caller.

    Raises
    ------
    FormatError
        If it is not protobuf, or a field is outside its range.
    """
    message = _parsed(_Header, data, "the export's header fields")
    start_s, end_s = message.start_timestamp, message.end_timestamp
    if max(start_s, end_s) > MAX_TIME_S:
        raise NotCanonicalError("the export's time is not in Unix seconds", _HINT)
    if start_s and end_s and start_s > end_s:
        raise NotCanonicalError("the export ends before it starts", _HINT)
    infos = message.signature_infos
    _check_count(len(infos))
    batch_num, batch_size = _batch(message)
    return ExportHeader(
        region=_text(message.region, "region"),
        start_s=start_s,
        end_s=end_s,
        batch_num=batch_num,
        batch_size=batch_size,
        signature_infos=tuple(map(_info, infos)),
    )


def encode_header(header: ExportHeader) -> bytes:
    """Write the header fields, ascending, all present, as the reference server does."""
    message = _Header(
        start_timestamp=header.start_s,
        end_timestamp=header.end_s,
        region=header.region.encode(),
        batch_num=header.batch_num,
        batch_size=header.batch_size,
        signature_infos=map(_info_message, header.signature_infos),
    )
    return _serialized(message)


def decode_signatures(data: bytes) -> tuple[ExportSignature, ...]:
    """Read `export.sig`; no bytes are no signatures.

    Parameters
    ----------
    data : bytes
        Bounded by the caller.

    Raises
    ------
    FormatError
        If it is not protobuf, or holds more than 64 signatures.
    """
    entries = _parsed(_SignatureList, data, "export.sig").signatures
    _check_count(len(entries))
    return tuple(
        ExportSignature(_info(entry.signature_info), *_batch(entry), entry.signature)
        for entry in entries
    )


def encode_signatures(signatures: Sequence[ExportSignature]) -> bytes:
    """Write `export.sig`."""
    entries = [
        _Signature(
            signature_info=_info_message(entry.info),
            batch_num=entry.batch_num,
            batch_size=entry.batch_size,
            signature=entry.signature,
        )
        for entry in signatures
    ]
    return _serialized(_SignatureList(signatures=entries))


def _parsed(kind: Callable[[], Any], data: bytes, what: str) -> Any:
    message = kind()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise FormatError(f"{what} is not valid protobuf", _HINT) from error
    return message


def _serialized(message: Any) -> bytes:
    return bytes(message.SerializeToString(deterministic=True))


def _batch(message: Any) -> tuple[int, int]:
    """Return number and size of the batch; absent fields mean 1 of 1."""
    num = message.batch_num if message.HasField("batch_num") else 1
    size = message.batch_size if message.HasField("batch_size") else 1
    if not 1 <= num <= size <= MAX_BATCH_SIZE:
        raise NotCanonicalError(f"batch {num} of {size} does not exist", _HINT)
    return num, size


def _check_count(count: int) -> None:
    if count > MAX_SIGNATURES:
        raise TooLargeError(
            f"{count} signatures; at most {MAX_SIGNATURES} are read", _HINT
        )


def _info(message: Any) -> SignatureInfo:
    return SignatureInfo(
        key_id=_text(message.verification_key_id, "verification_key_id"),
        key_version=_text(message.verification_key_version, "verification_key_version"),
        algorithm=_text(message.signature_algorithm, "signature_algorithm"),
    )


def _info_message(info: SignatureInfo) -> Any:
    message = _SignatureInfo(signature_algorithm=info.algorithm.encode())
    if info.key_id:
        message.verification_key_id = info.key_id.encode()
    if info.key_version:
        message.verification_key_version = info.key_version.encode()
    return message


def _text(data: bytes, name: str) -> str:
    if len(data) > MAX_TEXT_BYTES:
        raise TooLargeError(f"{name} is longer than {MAX_TEXT_BYTES} bytes", _HINT)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{name} is not UTF-8 text", _HINT) from error
    if not text.isprintable():
        raise NotCanonicalError(f"{name} holds control characters", _HINT)
    return text


def _message_classes() -> dict[str, Callable[..., Any]]:
    file = descriptor_pb2.FileDescriptorProto(
        name="proximity_export.proto", package=_PACKAGE, syntax="proto2"
    )
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for name, number, kind, type_name in fields:
            label = (
                _FIELD.LABEL_REPEATED if name in _REPEATED else _FIELD.LABEL_OPTIONAL
            )
            field = message.field.add(name=name, number=number, label=label)
            field.type = _FIELD.Type.ValueType(kind)
            if type_name:
                field.type_name = f".{_PACKAGE}.{type_name}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
        )
        for name in _MESSAGES
    }


_CLASSES = _message_classes()
_Header = _CLASSES["Header"]
_SignatureInfo = _CLASSES["SignatureInfo"]
_Signature = _CLASSES["Signature"]
_SignatureList = _CLASSES["SignatureList"]
