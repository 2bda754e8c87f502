"""The gaen scheme: Google/Apple Exposure Notification."""

from enum import IntEnum


class CalibrationConfidence(IntEnum):
    """How well the sender's transmit power is known; metadata version 1.1."""

    LOWEST = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
