"""What the doors of a person to their own record take and give."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

_Text = Annotated[str, Field(max_length=64)]
_Value = Annotated[str, Field(max_length=16_384)]
_RECEIPT = "2345-6789-ABCD"


def _taken(example: JsonDict) -> ConfigDict:
    # Bodies are read strictly; unknown fields are ignored.
    extra: JsonDict = {"examples": [example]}
    return ConfigDict(strict=True, extra="ignore", json_schema_extra=extra)


class CodeRequest(BaseModel):
    """Body of `code`."""

    model_config = _taken({"receipt": _RECEIPT})
    receipt: _Text


class SessionRequest(BaseModel):
    """Body of `session`."""

    model_config = _taken({"receipt": _RECEIPT, "code": "12345678"})
    receipt: _Text
    code: _Text


class CorrectionRequest(BaseModel):
    """Body of `correct`: fields by name, "" to remove one."""

    model_config = _taken({"values": {"phone": "0912345678"}})
    values: dict[_Text, _Value]


class ReadingsRequest(BaseModel):
    """Body of `readings`."""

    model_config = _taken({"before": 1_000})
    before: Annotated[
        int | None, Field(ge=1, lt=2**53, description="Older lines than this one.")
    ] = None


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CodeAnswer(_Answer):
    """The same for every receipt."""

    message: str


class SessionAnswer(_Answer):
    """What opens the record, as a bearer token."""

    token: str
    expiresAtTimestamp: int


class SharedAnswer(_Answer):
    """What the person's device shared: only how much, and until when it is kept."""

    keys: int
    heard: int
    warningKeys: int
    forgottenOn: str | None


class HeldCaseAnswer(_Answer):
    """What one case holds of the person."""

    ref: str
    classification: str
    status: str
    unit: str
    onset: str | None
    test: str | None
    test_result: str | None
    from_: Annotated[str | None, Field(alias="from")]
    to: str | None
    isolated: str | None
    call_result: str | None
    quarantine_from: str | None
    quarantine_to: str | None
    shared: SharedAnswer


class RecordAnswer(_Answer):
    """Everything that is held of the person."""

    kind: str
    unit: str
    version: int
    forgottenOn: str
    values: dict[str, str]
    cases: list[HeldCaseAnswer]


class CorrectionAnswer(_Answer):
    """Which fields were replaced."""

    corrected: list[str]


class ErasureAnswer(_Answer):
    """Whether the record is gone, or on which day it goes."""

    erased: bool
    on: str | None


class ReasonAnswer(_Answer):
    """Why somebody read, by its code and in words."""

    code: str
    vi: str
    en: str


class ReadingAnswer(_Answer):
    """Somebody read or changed the record."""

    number: int
    timestamp: int
    who: str
    unit: str
    action: str
    reason: ReasonAnswer
    fields: list[str]


class ReadingsAnswer(_Answer):
    """Who read or changed the record, newest first."""

    readings: list[ReadingAnswer]
