"""Every error that this package raises on purpose; each says what to do next."""


class ProximityError(Exception):
    """What went wrong, and what the reader can do about it.

    Parameters
    ----------
    message : str
        What went wrong, without keys, IDs, addresses, names or phone numbers.
    hint : str
        What the reader can do next.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class FormatError(ProximityError):
    """Bytes from outside break their format."""


class TruncatedError(FormatError):
    """The bytes end before the value does."""


class UnsupportedVersionError(FormatError):
    """The format is known, this version of it is not supported."""


class NotCanonicalError(FormatError):
    """The bytes mean something, but not in the one permitted form."""


class TooLargeError(FormatError):
    """The bytes, once unpacked, exceed the stated bound."""


class TrustError(ProximityError):
    """Well-formed, but not to be believed."""


class BadSignatureError(TrustError):
    """A signature does not hold."""


class UnknownSignerError(TrustError):
    """No signature is by an accepted key."""


class ExpiredError(TrustError):
    """The time for which it was valid is over."""


class ReplayedError(TrustError):
    """Older than, or less than, what was already seen."""


class ClockBehindError(TrustError):
    """The device's clock is behind a time that somebody trusted has signed."""


class PolicyError(ProximityError):
    """The authority refuses."""


class InvalidUploadError(PolicyError):
    """The keys that were handed in break the rules of publication."""


class VerificationCodeError(PolicyError):
    """The code is wrong, used or expired."""


class RadioError(ProximityError):
    """The radio cannot do what was asked."""


class RadioOffError(RadioError):
    """The adapter is off or gone."""


class PermissionDeniedError(RadioError):
    """The system does not let this process use the radio so."""


class AdvertisingUnsupportedError(RadioError):
    """The adapter or system cannot advertise what was asked."""


class StoreError(ProximityError):
    """The store cannot be used as asked."""


class LockedError(StoreError):
    """Another process holds the store, or its key is not available."""


class SchemaVersionError(StoreError):
    """The database was written by a newer version."""


class NothingStoredError(StoreError):
    """What was asked for is not in the store."""


class DamagedRecordError(StoreError):
    """A sealed record, or the audit, was changed outside the program."""


class ConsentError(ProximityError):
    """What concerns a person would leave the device without that person's yes."""


class NetworkError(ProximityError):
    """A server cannot be reached, or does not give what was asked for."""


class FileAccessError(ProximityError):
    """The system does not let a file or folder be read or written."""


class MissingExtraError(ProximityError):
    """What was asked for needs an extra that is not installed."""


class DemonstrationError(ProximityError):
    """A demonstration does not show what it is there to show."""


class EvaluationError(ProximityError):
    """An evaluation cannot be believed, or cannot be made."""


class KernelError(ProximityError):
    """A forced kernel variant is not available on this machine."""
