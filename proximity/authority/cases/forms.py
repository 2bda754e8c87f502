"""What the doors of cases and of sharing take and give.

Days are YYYY-MM-DD, times Unix seconds; devices count days as numbers.
"""

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from proximity.protocol.sharing import SCHEMA, SIGNATURE_BYTES

_REF = r"^[0-9A-Za-z]{1,32}$"
_UNIT = r"^[A-Za-z0-9.-]{1,32}$"
CaseRef = Annotated[str, Path(pattern=_REF)]
TransferNumber = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
UnitQuery = Annotated[str | None, Query(pattern=_UNIT)]
WordQuery = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9-]{1,16}$")]
OfficerQuery = Annotated[str | None, Query(pattern=r"^[!-~]{1,254}$")]
TextQuery = Annotated[str | None, Query(pattern=_REF)]
AfterQuery = Annotated[str | None, Query(pattern=r"^[0-9]{1,12}\.[0-9A-Za-z]{1,32}$")]
DayQuery = Annotated[str, Query(max_length=10, description="YYYY-MM-DD.")]
_Ref = Annotated[str, Field(pattern=_REF)]
_Text = Annotated[str, Field(max_length=254)]
_Day = Annotated[str, Field(max_length=10, description="YYYY-MM-DD.")]
_CASE: JsonDict = {"unit": "02653", "classification": "F0", "onset": "2026-05-18"}


_Token = Annotated[str, Field(min_length=1, max_length=64)]


_PACKAGE: JsonDict = {
    "schema": SCHEMA,
    "body": "e30=",
    "signature": "00" * SIGNATURE_BYTES,
}


def _taken(example: JsonDict) -> ConfigDict:
    extra: JsonDict = {"examples": [example]}
    return ConfigDict(strict=True, extra="forbid", json_schema_extra=extra)


def _ignoring(example: JsonDict) -> ConfigDict:
    # What fills a request up is ignored.
    extra: JsonDict = {"examples": [example]}
    return ConfigDict(strict=True, extra="ignore", json_schema_extra=extra)


class CaseFields(BaseModel):
    """Fields of a case; those that are not named stay, null or "" empties one."""

    model_config = _taken(_CASE)
    unit: _Text | None = None
    classification: Annotated[_Text | None, Field(description="F0, F1 or F2.")] = None
    origin: Annotated[_Text | None, Field(description="Of a new case alone.")] = None
    status: _Text | None = None
    person: Annotated[
        int | None, Field(description="Number of the record where a person is sealed.")
    ] = None
    onset: _Day | None = None
    test: _Day | None = None
    test_result: _Text | None = None
    from_: Annotated[_Day | None, Field(alias="from")] = None
    to: _Day | None = None
    isolated: _Day | None = None
    quarantine_from: _Day | None = None
    quarantine_to: _Day | None = None
    due: _Day | None = None
    assigned: _Text | None = None
    call_result: _Text | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The fields that were named."""
        return self.model_dump(exclude_unset=True, by_alias=True)


class ChangeRequest(BaseModel):
    """Body of a change."""

    model_config = _taken({"fields": {"call_result": "reached"}, "version": 1})
    fields: CaseFields
    version: Annotated[
        int | None, Field(description="Which one was seen; another is a conflict.")
    ] = None


class TokenRequest(BaseModel):
    """Body of an asking."""

    model_config = _taken({"first": "2026-05-16", "last": "2026-05-20"})
    source: Annotated[
        _Ref | None, Field(description="Of a contact: the case it may have met.")
    ] = None
    first: _Day | None = None
    last: _Day | None = None
    recursive: bool = False


class ContactRequest(BaseModel):
    """Body of a contact that was told in an interview."""

    model_config = _taken(
        {"fields": {"unit": "02653"}, "first": "2026-05-17", "last": "2026-05-17"}
    )
    fields: CaseFields
    first: _Day
    last: _Day


class MergeRequest(BaseModel):
    """Body of a merge: the other record."""

    model_config = _taken({"other": "0123456789"})
    other: _Ref


class TransferRequest(BaseModel):
    """Body of an offer to another unit."""

    model_config = _taken({"unit": "02635"})
    unit: Annotated[str, Field(pattern=_UNIT)]


class DecisionRequest(BaseModel):
    """Body of a decision on an offer."""

    model_config = _taken({"accept": True})
    accept: bool


class WithdrawRequest(BaseModel):
    """Body of an asking to withdraw: in whose name; another officer decides."""

    model_config = _taken({"officer": "0123456789abcdef"})
    officer: Annotated[str, Field(pattern=r"^[0-9a-f]{1,16}$")]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CaseAnswer(_Answer):
    """A case, and how complete it is in percent."""

    ref: str
    classification: str
    status: str
    unit: str
    person: int | None
    origin: str
    onset: str | None
    test: str | None
    test_result: str | None
    from_: Annotated[str | None, Field(alias="from")]
    to: str | None
    isolated: str | None
    assigned: str | None
    call_result: str | None
    reached_s: int | None
    quarantine_from: str | None
    quarantine_to: str | None
    due: str | None
    created_s: int
    updated_s: int
    ended_s: int | None
    merged_into: str | None
    version: int
    completeness: int


class EventAnswer(_Answer):
    """Something that happened to a case."""

    kind: str
    actor: str
    at: int
    detail: dict[str, Any]


class CaseWithTimeline(CaseAnswer):
    """A case and what happened to it, oldest first."""

    timeline: list[EventAnswer]


class DueAnswer(_Answer):
    """Cases that are due."""

    cases: list[CaseAnswer]


class CaseListAnswer(DueAnswer):
    """A page of cases, and where the next one begins."""

    after: str | None


class WhyAnswer(_Answer):
    """Sentences that explain an edge."""

    vi: list[str]
    en: list[str]


class MetAnswer(_Answer):
    """A contact: what the rule says, why, and whom it met in turn."""

    ref: str
    classification: str
    status: str
    origin: str
    verdict: str | None
    level: str
    value: float
    minutes: float
    counted: bool
    why: WhyAnswer
    contacts: list["MetAnswer"]


class ChainAnswer(_Answer):
    """A case with two generations of contacts."""

    ref: str
    sources: list[str]
    contacts: list[MetAnswer]
    elsewhere: int


class DuplicateAnswer(_Answer):
    """A record that may be of the same person."""

    ref: str
    because: str
    completeness: int


class DuplicatesAnswer(_Answer):
    """Records that may be of the same person, the fullest first."""

    duplicates: list[DuplicateAnswer]


class IndicatorsAnswer(_Answer):
    """How well contacts were traced; shares are 0..1, or null of nobody."""

    contacts: int
    traced_in_time: int
    completed: int
    lost: int
    open: int
    share_traced: float | None
    share_followed: float | None
    share_lost: float | None
    cases: int
    cases_known_before: int


class TokenAnswer(_Answer):
    """A token, shown this once."""

    token: str
    expiresAtTimestamp: int
    first: str
    last: str


class TransferAnswer(_Answer):
    """The number of an offer."""

    transfer: str


class AskedAnswer(_Answer):
    """The request that waits for a second officer."""

    request: str


class LineAnswer(_Answer):
    """What became of a row."""

    line: int
    action: str
    ref: str | None
    problem: str | None


class LinesAnswer(_Answer):
    """What became, or would become, of a file."""

    written: bool
    encoding: str
    refused: int
    lines: list[LineAnswer]


class OpenRequest(BaseModel):
    """Body of `/api/share/open`."""

    model_config = _ignoring({"token": "ABCDEFGHJKMNPQRSTVWX", "publicKey": "00" * 32})
    token: _Token
    public_key: Annotated[str, Field(alias="publicKey", pattern=r"^[0-9a-f]{64}$")]


class PackageRequest(BaseModel):
    """Body of `/api/share/package`."""

    model_config = _ignoring({"token": "ABCDEFGHJKMNPQRSTVWX", "package": _PACKAGE})
    token: _Token
    package: Annotated[
        dict[str, Any], Field(description="Signed; docs/reference/sharing.md.")
    ]


class SharedKey(_Answer):
    """A key of the case that was met."""

    key: str
    startInterval: int
    period: int


class OpenAnswer(_Answer):
    """What a token asks for; days are UTC day numbers."""

    kind: Annotated[str, Field(description="case or contact.")]
    case: str
    nonce: str
    salt: str
    firstDay: int
    lastDay: int
    recursiveFirstDay: int | None
    recursiveLastDay: int | None
    keys: list[SharedKey]


class PackageAnswer(_Answer):
    """What was taken in; verdict and closeness of a contact alone."""

    kind: str
    keys: int
    heard: int
    verdict: str | None
    close: bool
