"""Advertising through BlueZ, the Bluetooth daemon of Linux, over the D-Bus."""

import asyncio
import contextlib
from typing import Annotated, Any

from dbus_fast import (
    BusType,
    Message,
    MessageType,
    PropertyAccess,
    Variant,
)
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusDict, DBusSignature, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from proximity.errors import (
    AdvertisingUnsupportedError,
    ProximityError,
    RadioError,
    RadioOffError,
)
from proximity.protocol.carrier import Carrier
from proximity.radio.bleak_scanner import bus_error
from proximity.radio.capabilities import Capabilities
from proximity.radio.system_fields import Fields, split_fields

NAME = "bluez"
CAPABILITIES = Capabilities(
    all_rssi=False,
    # Without `bluetoothd --experimental`, BlueZ takes an interval of its own.
    interval_control=False,
    address_rotation=True,
    carriers=frozenset(Carrier),
    privileged=False,
)

_SERVICE = "org.bluez"
_ADAPTER = "org.bluez.Adapter1"
_MANAGER = "org.bluez.LEAdvertisingManager1"
_ADVERTISEMENT = "org.bluez.LEAdvertisement1"
_PATH = "/org/proximity/frame"
_REPLY_TIMEOUT_S = 10.0
# BlueZ's words for "no room for one more" and "this cannot be sent".
_UNSUPPORTED = {
    "org.bluez.Error.NotPermitted",
    "org.bluez.Error.NotSupported",
    "org.bluez.Error.InvalidArguments",
    "org.bluez.Error.InvalidLength",
}
# How much later than asked BlueZ may send, ms.
_SLACK_MS = 10

DBusCompanies = Annotated[dict[int, Variant], DBusSignature("a{qv}")]
DBusStrings = Annotated[list[str], DBusSignature("as")]
ReadOnly = PropertyAccess.READ


class Frame(ServiceInterface):
    """One advertisement, as BlueZ asks for it; never changed once it is exported."""

    def __init__(self, fields: Fields, interval_ms: int) -> None:
        super().__init__(_ADVERTISEMENT)
        self._fields = fields
        self._interval_ms = interval_ms

    @dbus_method(name="Release")
    def release(self) -> None:
        """Take note that BlueZ has dropped the frame; the next one starts anew."""

    @dbus_property(ReadOnly, name="Type")
    def kind(self) -> DBusStr:
        """Return the only type that does not show the adapter's public address."""
        return "broadcast"

    @dbus_property(ReadOnly, name="ServiceUUIDs")
    def service_uuids(self) -> DBusStrings:
        """Return the services, written out."""
        return list(self._fields.service_uuids)

    @dbus_property(ReadOnly, name="ServiceData")
    def service_data(self) -> DBusDict:
        """Return the data by service."""
        return {u: Variant("ay", d) for u, d in self._fields.service_data.items()}

    @dbus_property(ReadOnly, name="ManufacturerData")
    def manufacturer_data(self) -> DBusCompanies:
        """Return the data by company."""
        return {c: Variant("ay", d) for c, d in self._fields.manufacturer_data.items()}

    @dbus_property(ReadOnly, name="MinInterval")
    def min_interval(self) -> DBusUInt32:
        """Return the shortest interval, ms."""
        return self._interval_ms

    @dbus_property(ReadOnly, name="MaxInterval")
    def max_interval(self) -> DBusUInt32:
        """Return the longest interval, ms."""
        return self._interval_ms + _SLACK_MS


class BluezAdvertiser:
    """An advertiser on BlueZ, which draws a fresh address at every registration.

    BlueZ writes the flags, takes its own interval unless it runs with
    `--experimental`, and drops the frame when this process ends.
    """

    capabilities = CAPABILITIES

    def __init__(self) -> None:
        self._bus: MessageBus | None = None
        self._adapter = ""
        self._path: str | None = None
        self._count = 0

    async def set_frame(self, data: bytes, interval_ms: int) -> None:
        """Send a frame under a fresh address, as `Advertiser.set_frame` says."""
        frame = Frame(split_fields(data), interval_ms)
        await self._withdraw()
        bus = self._bus = self._bus or await connect()
        self._adapter = await find_adapter(bus)
        self._count += 1
        self._path = path = f"{_PATH}{self._count}"
        bus.export(path, frame)
        try:
            await _call(bus, self._message("RegisterAdvertisement", "oa{sv}", path, {}))
        except BaseException:
            # Registered or not, such as when cancelled: it must not stay.
            await self._hang_up()
            raise

    async def stop(self) -> None:
        """Fall silent, as `Advertiser.stop` says."""
        try:
            await self._withdraw()
        finally:
            await self._hang_up()

    async def _withdraw(self) -> None:
        """Take the last frame off the air, at worst with the whole connection."""
        bus, path, self._path = self._bus, self._path, None
        if bus is None or path is None:
            return
        bus.unexport(path)
        try:
            await _call(bus, self._message("UnregisterAdvertisement", "o", path))
        except RadioError:
            await self._hang_up()

    async def _hang_up(self) -> None:
        """Disconnect: BlueZ drops what has no owner, if a little later."""
        bus, self._bus, self._path = self._bus, None, None
        if bus is not None:
            await _close(bus)

    def _message(self, member: str, signature: str, *body: Any) -> Message:
        return Message(
            destination=_SERVICE,
            path=self._adapter,
            interface=_MANAGER,
            member=member,
            signature=signature,
            body=list(body),
        )


async def connect() -> MessageBus:
    """Connect to the system's D-Bus.

    Raises
    ------
    RadioError
        If there is none, or it does not let this process in or does not answer.
    """
    # The library raises errors of the system, of its own and of the interpreter.
    try:
        async with asyncio.timeout(_REPLY_TIMEOUT_S):
            return await MessageBus(bus_type=BusType.SYSTEM).connect()
    except Exception as error:
        raise RadioError(
            f"The system's D-Bus cannot be reached ({type(error).__name__}).",
            "Start it, or use `--backend linux-mgmt`, which does not need it.",
        ) from error


async def find_adapter(bus: MessageBus) -> str:
    """Return the path of the first adapter that is on and can advertise.

    Raises
    ------
    RadioOffError
        If the daemon does not run, or no adapter is on.
    AdvertisingUnsupportedError
        If no adapter that is on can advertise.
    """
    reply = await _call(
        bus,
        Message(
            destination=_SERVICE,
            path="/",
            interface="org.freedesktop.DBus.ObjectManager",
            member="GetManagedObjects",
        ),
    )
    powered = {
        path: interfaces
        for path, interfaces in sorted(reply[0].items())
        if _ADAPTER in interfaces and interfaces[_ADAPTER]["Powered"].value
    }
    if not powered:
        raise RadioOffError(
            "No Bluetooth adapter is on.",
            "Plug one in, or switch it on: `bluetoothctl power on`.",
        )
    for path, interfaces in powered.items():
        if _MANAGER in interfaces:
            return str(path)
    raise AdvertisingUnsupportedError(
        "The Bluetooth adapter cannot advertise.",
        "It still listens; use another adapter to be heard as well.",
    )


async def _close(bus: MessageBus) -> None:
    """Disconnect, and let the loop close the socket."""
    bus.disconnect()
    with contextlib.suppress(EOFError, OSError):
        async with asyncio.timeout(_REPLY_TIMEOUT_S):
            # The library leaves this one without types.
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def _call(bus: MessageBus, message: Message) -> list[Any]:
    try:
        async with asyncio.timeout(_REPLY_TIMEOUT_S):
            reply = await bus.call(message)
    except (TimeoutError, EOFError, OSError) as error:
        raise RadioOffError(
            "The system's Bluetooth daemon does not answer.",
            "Start it again: `systemctl restart bluetooth`.",
        ) from error
    if reply.message_type is not MessageType.ERROR:
        return reply.body
    raise _refused(reply.error_name or "")


def _refused(name: str) -> ProximityError:
    if name in _UNSUPPORTED:
        return AdvertisingUnsupportedError(
            f"BlueZ does not take the advertisement ({name}).",
            "End other programs that advertise, or use `--backend linux-mgmt`.",
        )
    return bus_error(name)


async def check() -> None:
    """Find out whether BlueZ can be used now; nothing goes on air.

    Raises
    ------
    RadioOffError
        If the daemon does not run, or no adapter is on.
    RadioError
        If the D-Bus cannot be reached.
    """
    bus = await connect()
    try:
        # One that cannot advertise still listens.
        with contextlib.suppress(AdvertisingUnsupportedError):
            await find_adapter(bus)
    finally:
        await _close(bus)
