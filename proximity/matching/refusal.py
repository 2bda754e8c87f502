"""Why a key or a sighting did not count; the names that `match --json` prints."""

from enum import StrEnum


class Refusal(StrEnum):
    """Reasons; each key and each sighting is counted under the first that holds.

    Keys are counted over the whole export, sightings only where their ephemeral ID
    is that of an accepted key. docs/reference/matching.md explains each.
    """

    # Keys.
    REVOKED = "revoked"
    RECURSIVE = "recursive"
    OWN = "own"
    STILL_VALID = "still_valid"
    DUPLICATE = "duplicate"
    BEYOND_RETENTION = "beyond_retention"
    # Sightings.
    IN_THE_FUTURE = "in_the_future"
    AFTER_PUBLICATION = "after_publication"
    CLOCK_ROLLED_BACK = "clock_rolled_back"
    OUTSIDE_TOLERANCE = "outside_tolerance"
    REPLAYED = "replayed"
    BAD_METADATA = "bad_metadata"
    BAD_TX_POWER = "bad_tx_power"
    MISSING_RSSI = "missing_rssi"


def no_refusals() -> dict[str, int]:
    """Return a count of zero for every reason."""
    return {reason.value: 0 for reason in Refusal}
