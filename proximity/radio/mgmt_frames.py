"""Frames of the Linux kernel's Bluetooth management protocol: bytes <-> values.

Every frame is a header of code, controller and length, 16 bits each, little endian,
and its parameters. Source: doc/mgmt-api.txt of BlueZ 5.66, measured on Linux 6.1.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from proximity.errors import FormatError, TruncatedError
from proximity.radio.scanner import measured_rssi

NO_CONTROLLER = 0xFFFF
# The header, the fixed part of an event and the longest advertising data.
FRAME_BYTES = 2_048
PATTERN_BYTES = 31

_HEADER = struct.Struct("<HHH")
_MONITORED = struct.Struct("<H6sBbIH")
_FOUND = struct.Struct("<6sBbIH")
_FEATURES = struct.Struct("<IBBBB")
_EXT_ADV_PARAMS = struct.Struct("<BIHHIIb")
_INFORMATION_BYTES = 280
# No advertising flag but "time and interval count": non-connectable, non-scannable.
_TIMEOUT_FLAG = 1 << 13
_INTERVAL_FLAG = 1 << 14
# What an advertisement of Bluetooth 4 holds; only those of Bluetooth 5 hold more.
_LEGACY_DATA_BYTES = 31
_POWERED = 1 << 0
_LOW_ENERGY = 1 << 9
_ADVERTISING_UNITS_PER_MS = 1.6
_LONGEST_INTERVAL_UNITS = 0x4000
# Address types of Low Energy, public and random; the other is of classic Bluetooth.
_LOW_ENERGY_ADDRESSES = (1, 2)


class Command(IntEnum):
    """Commands, by their number."""

    READ_INDEX_LIST = 0x0003
    READ_INFORMATION = 0x0004
    START_DISCOVERY = 0x0023
    STOP_DISCOVERY = 0x0024
    READ_ADVERTISING_FEATURES = 0x003D
    REMOVE_ADVERTISING = 0x003F
    ADD_PATTERNS_MONITOR = 0x0052
    REMOVE_MONITOR = 0x0053
    ADD_EXT_ADV_PARAMS = 0x0054
    ADD_EXT_ADV_DATA = 0x0055


class Status(IntEnum):
    """Outcomes of a command that this package tells apart."""

    SUCCESS = 0x00
    UNKNOWN_COMMAND = 0x01
    BUSY = 0x0A
    REJECTED = 0x0B
    NOT_SUPPORTED = 0x0C
    INVALID_PARAMETERS = 0x0D
    NOT_POWERED = 0x0F
    INVALID_INDEX = 0x11
    RFKILLED = 0x12
    PERMISSION_DENIED = 0x14


class _Event(IntEnum):
    COMMAND_COMPLETE = 0x0001
    COMMAND_STATUS = 0x0002
    INDEX_REMOVED = 0x0005
    NEW_SETTINGS = 0x0006
    DEVICE_FOUND = 0x0012
    MONITORED_DEVICE_FOUND = 0x002F


class Pattern(NamedTuple):
    """Bytes that a structure of an advertisement must have.

    Attributes
    ----------
    kind : int
        Type of the structure, 0..255.
    offset : int
        Where in its value the bytes begin, 0..30.
    value : bytes
        1..31 bytes, at most up to byte 31 of the structure.
    """

    kind: int
    offset: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The end of a command; `status` is no `Status` where the kernel knows more."""

    opcode: int
    index: int
    status: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceFound:
    """An advertisement that the controller `index` heard.

    Attributes
    ----------
    index : int
        Controller.
    address : bytes
        6 bytes, most significant first.
    rssi_dbm : int or None
        -127..20; None where the controller did not measure.
    data : bytes
        Advertising data, unchecked, at most 2,048 bytes.
    monitor : int or None
        Handle of the monitor that matched for the first time, 0 of an unnamed one,
        None if a discovery reports it.
    """

    index: int
    address: bytes = field(repr=False)
    rssi_dbm: int | None
    data: bytes = field(repr=False)
    monitor: int | None


@dataclass(frozen=True, slots=True)
class ControllerGone:
    """The controller was removed or switched off."""

    index: int


Event = Reply | DeviceFound | ControllerGone


@dataclass(frozen=True, slots=True)
class AdvertisingFeatures:
    """What advertising a controller offers: instances 1..`instances`."""

    data_bytes: int
    instances: int

    @property
    def extended(self) -> bool:
        """Whether it sends several advertisements by itself, each for its time."""
        return self.data_bytes > _LEGACY_DATA_BYTES


@dataclass(frozen=True, slots=True)
class ControllerState:
    """Whether a controller is on, and whether it has Low Energy at all."""

    powered: bool
    low_energy: bool


def encode_command(opcode: int, index: int, parameters: bytes = b"") -> bytes:
    """Return the frame of a command to a controller, or to `NO_CONTROLLER`."""
    return _HEADER.pack(opcode, index, len(parameters)) + parameters


def patterns_monitor(patterns: Sequence[Pattern]) -> bytes:
    """Return the parameters of ADD_PATTERNS_MONITOR; one matching pattern is enough.

    Raises
    ------
    ValueError
        If there is no pattern, more than 16, or one that leaves its structure.
    """
    if not 1 <= len(patterns) <= 16:
        raise ValueError("a monitor has 1 to 16 patterns")
    for pattern in patterns:
        if not 0 < len(pattern.value) <= PATTERN_BYTES - pattern.offset:
            raise ValueError(f"a pattern lies within {PATTERN_BYTES} bytes")
    return bytes([len(patterns)]) + b"".join(
        bytes((kind, offset, len(value))) + value.ljust(PATTERN_BYTES, b"\0")
        for kind, offset, value in patterns
    )


def advertising_parameters(instance: int, interval_ms: int, life_s: int) -> bytes:
    """Return the parameters of ADD_EXT_ADV_PARAMS for a non-connectable PDU.

    Parameters
    ----------
    instance : int
        1..255.
    interval_ms : int
        20..10,240; the controller may take up to 10 ms more.
    life_s : int
        1..65,535; afterwards the kernel removes the instance by itself.
    """
    least = round(interval_ms * _ADVERTISING_UNITS_PER_MS)
    most = min(least + 16, _LONGEST_INTERVAL_UNITS)
    flags = _TIMEOUT_FLAG | _INTERVAL_FLAG
    return _EXT_ADV_PARAMS.pack(instance, flags, 0, life_s, least, most, 0)


def advertising_data(instance: int, data: bytes) -> bytes:
    """Return the parameters of ADD_EXT_ADV_DATA: these bytes, no scan response."""
    return bytes((instance, len(data), 0)) + data


def decode_event(frame: bytes) -> Event | None:
    """Read one frame from the kernel.

    Parameters
    ----------
    frame : bytes
        One datagram.

    Returns
    -------
    Reply, DeviceFound, ControllerGone or None
        None for the events that nobody here needs: those of classic Bluetooth too,
        which an inquiry of another program brings.

    Raises
    ------
    TruncatedError
        If the frame ends before its parameters do.
    FormatError
        If the lengths in it contradict each other.
    """
    _need(frame, _HEADER.size)
    code, index, size = _HEADER.unpack_from(frame)
    body = frame[_HEADER.size :]
    _exact(body, size)
    if code in (_Event.COMMAND_COMPLETE, _Event.COMMAND_STATUS):
        _need(body, 3)
        opcode, status = struct.unpack_from("<HB", body)
        return Reply(opcode, index, status, body[3:])
    if code == _Event.MONITORED_DEVICE_FOUND:
        _need(body, _MONITORED.size)
        monitor, address, _, rssi, _, size = _MONITORED.unpack_from(body)
        data = body[_MONITORED.size :]
        _exact(data, size)
        return DeviceFound(index, address[::-1], measured_rssi(rssi), data, monitor)
    if code == _Event.DEVICE_FOUND:
        _need(body, _FOUND.size)
        address, kind, rssi, _, size = _FOUND.unpack_from(body)
        data = body[_FOUND.size :]
        _exact(data, size)
        if kind not in _LOW_ENERGY_ADDRESSES:
            return None
        return DeviceFound(index, address[::-1], measured_rssi(rssi), data, None)
    return _controller_event(code, index, body)


def decode_index_list(data: bytes) -> tuple[int, ...]:
    """Read the controllers from the reply to READ_INDEX_LIST.

    Raises
    ------
    FormatError
        If the list is not as long as it says.
    """
    _need(data, 2)
    (count,) = struct.unpack_from("<H", data)
    _exact(data[2:], 2 * count)
    return struct.unpack_from(f"<{count}H", data, 2)


def decode_information(data: bytes) -> ControllerState:
    """Read a controller's state from the reply to READ_INFORMATION.

    Raises
    ------
    FormatError
        If the reply is not the fixed 280 bytes.
    """
    _exact(data, _INFORMATION_BYTES)
    supported, current = struct.unpack_from("<II", data, 9)
    return ControllerState(bool(current & _POWERED), bool(supported & _LOW_ENERGY))


def decode_advertising_features(data: bytes) -> AdvertisingFeatures:
    """Read the reply to READ_ADVERTISING_FEATURES.

    Raises
    ------
    FormatError
        If the list of instances is not as long as it says.
    """
    _need(data, _FEATURES.size)
    _, data_bytes, _, instances, used = _FEATURES.unpack_from(data)
    _exact(data[_FEATURES.size :], used)
    return AdvertisingFeatures(data_bytes, instances)


def decode_monitor_handle(data: bytes) -> int:
    """Read the handle from the reply to ADD_PATTERNS_MONITOR.

    Raises
    ------
    FormatError
        If it has not 2 bytes.
    """
    _exact(data, 2)
    return int.from_bytes(data, "little")


def _controller_event(code: int, index: int, body: bytes) -> ControllerGone | None:
    if code == _Event.INDEX_REMOVED:
        return ControllerGone(index)
    if code == _Event.NEW_SETTINGS:
        _need(body, 4)
        if not int.from_bytes(body[:4], "little") & _POWERED:
            return ControllerGone(index)
    return None


def _need(data: bytes, size: int) -> None:
    if len(data) < size:
        raise TruncatedError(
            f"A management frame ends after {len(data)} of {size} bytes.",
            "Read the kernel's socket one whole datagram at a time.",
        )


def _exact(data: bytes, size: int) -> None:
    _need(data, size)
    if len(data) != size:
        raise FormatError(
            f"A management frame has {len(data)} bytes where it announces {size}.",
            "This kernel's management protocol differs; use another backend.",
        )
