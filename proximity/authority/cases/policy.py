"""What tracing goes by: numbers of a disease and of a country, none of them fixed."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from proximity.errors import FormatError
from proximity.protocol.json_fields import load_object
from proximity.scoring.config import names

POLICY_FILE = "tracing.json"
_MAX_FILE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class TracingPolicy:
    """The numbers by which cases and contacts are traced.

    Attributes
    ----------
    before_onset_days : int
        A case counts as infectious from so many days before onset, or before the
        positive test of a case without symptoms.
    after_onset_days : int
        And until so many days after, unless isolated earlier.
    latent_days : int
        A contact counts as infectious from so many days after first being exposed.
    follow_up_days : int
        For how long a contact is followed after the last exposure.
    retention_days : int
        After so many days shared keys and tags are forgotten; IDs of third persons
        with them.
    trace_within_s : int
        Within which time of being found a contact is to be reached.
    tolerance_s : int
        How far two logs may lie apart and still agree.
    least_share_percent : int
        How much of either log has to agree with the other.
    token_life_s : int
        How long a token waits for the person.
    rule : str
        The scoring configuration that ranks contacts.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    before_onset_days: int = 3
    after_onset_days: int = 10
    latent_days: int = 2
    follow_up_days: int = 14
    retention_days: int = 21
    trace_within_s: int = 86_400
    tolerance_s: int = 300
    least_share_percent: int = 50
    token_life_s: int = 259_200
    rule: str = "en-v2"

    def __post_init__(self) -> None:
        """Refuse numbers that no disease has, or that would keep IDs for ever."""
        days = (
            self.before_onset_days,
            self.after_onset_days,
            self.latent_days,
            self.follow_up_days,
        )
        if not all(0 <= each <= 90 for each in days):
            raise ValueError("days of the disease are 0 to 90")
        if not 1 <= self.retention_days <= 21:
            raise ValueError("retention_days is 1 to 21")
        if not 0 <= self.tolerance_s <= 1_200:
            raise ValueError("tolerance_s is 0 to 1,200")
        if not 1 <= self.least_share_percent <= 100:
            raise ValueError("least_share_percent is 1 to 100")
        if not min(self.trace_within_s, self.token_life_s) >= 3_600:
            raise ValueError("trace_within_s and token_life_s are at least an hour")
        if self.rule not in names():
            raise ValueError(f"rule is one of {', '.join(names())}")


def load_policy(directory: Path) -> TracingPolicy:
    """Read `tracing.json` of an authority's directory; without it, the defaults.

    Raises
    ------
    FormatError
        If a value cannot be used.
    """
    try:
        data = (directory / POLICY_FILE).read_bytes()
    except FileNotFoundError:
        return TracingPolicy()
    values = load_object(data, POLICY_FILE, max_bytes=_MAX_FILE_BYTES)
    return policy_of(values)


def policy_of(values: dict[str, Any]) -> TracingPolicy:
    """Return a policy with some values changed.

    Raises
    ------
    FormatError
        If a name is not known or a value cannot be used.
    """
    kinds = {each.name: type(each.default) for each in fields(TracingPolicy)}
    for name, value in values.items():
        if name not in kinds or type(value) is not kinds[name]:
            raise _unusable(f"`{name}` is not a setting of this type")
    try:
        return TracingPolicy(**(asdict(TracingPolicy()) | values))
    except ValueError as error:
        raise _unusable(str(error)) from error


def _unusable(what: str) -> FormatError:
    return FormatError(
        f"{POLICY_FILE} cannot be used: {what}.",
        "docs/explanation/tracing.md lists what there is.",
    )
