"""Everything that a laptop recognises on air: IDs, and Bluezone's wake-ups."""

from enum import StrEnum

from proximity.errors import FormatError
from proximity.protocol import bluezone, gaen
from proximity.protocol.advertisement import decode_structures
from proximity.protocol.bluezone_ios import WakeUp, decode_wake_up
from proximity.protocol.carrier import DEFAULT_PROFILE, DeploymentProfile
from proximity.protocol.scheme import Recognised, recognise


class Kind(StrEnum):
    """What an advertisement is, for counting."""

    GAEN = gaen.NAME
    BLUEZONE = bluezone.NAME
    IOS_SERVICE = WakeUp.IOS_SERVICE.value
    IOS_OVERFLOW = WakeUp.IOS_OVERFLOW.value
    IBEACON = WakeUp.IBEACON.value
    UNKNOWN = "unknown"
    MALFORMED = "malformed"


def identify(
    data: bytes, profile: DeploymentProfile = DEFAULT_PROFILE
) -> Recognised | WakeUp | None:
    """Find out what an advertisement carries or announces.

    Parameters
    ----------
    data : bytes
        Advertising data, 0..1,650 bytes.
    profile : DeploymentProfile

    Returns
    -------
    Recognised, WakeUp or None
        An ID before a wake-up where there are both; None if it is well-formed and
        neither.

    Raises
    ------
    FormatError
        If the advertising data or a scheme's part of it is malformed.
    """
    recognised = recognise(data, profile)
    return decode_wake_up(decode_structures(data)) if recognised is None else recognised


def kind_of(data: bytes, profile: DeploymentProfile = DEFAULT_PROFILE) -> Kind:
    """Name what an advertisement is; hostile bytes are MALFORMED, never an error."""
    try:
        found = identify(data, profile)
    except FormatError:
        return Kind.MALFORMED
    match found:
        case Recognised():
            return Kind(found.scheme)
        case WakeUp():
            return Kind(found.value)
        case None:
            return Kind.UNKNOWN
