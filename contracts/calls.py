"""What the switch tells: calls that ended. The switch is an owner that is no service of ours."""

import json
import math
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from contracts.base import Event
from contracts.values import KeptMoment, Realm

CALLS_EXCHANGE = "calls"
"""Spreads the records over the billing processes, by the routing key: the account's id."""

CALL_ID_CHARACTERS_MAX = 128
SWITCH_CALL_ID_CHARACTERS_MAX = 255
CARRIER_CHARACTERS_MAX = 64
CALLER_CHARACTERS_MAX = 64
RECORDS_PER_MESSAGE_MAX = 100
RECORD_SECONDS_MAX = 86_400

DialFormat = Literal["national", "e164"]
"""How a switch writes destinations: as dialled in the account's country, or always international.

`national` is `+34…`, the country's own international prefix (`00`, `011`, …) and a number, or a
number of the country. `e164` is `+34…`, `34…` or `0034…`.
"""


CallDirection = Literal["out", "in"]
"""`out`: an account calls. `in`: somebody calls a number of the account."""

HANGUP_CAUSE_CHARACTERS_MAX = 64
SIP_CODE_MIN, SIP_CODE_MAX = 100, 699
OTHER_FIELDS_MAX = 20
OTHER_NAME_CHARACTERS_MAX = 64
OTHER_VALUE_CHARACTERS_MAX = 128


def started_seconds(value: object) -> object:
    """Return a number of seconds with the last one, which has begun, as a whole one."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        message = "seconds are a number"
        raise ValueError(message)
    return math.ceil(value) if value >= 0 else math.floor(value)


def _text(value: object, characters_max: int) -> str:
    """Return a value as a text that can be kept and sent, whatever it is."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:characters_max].encode(errors="replace").decode()


def _cut(characters_max: int) -> BeforeValidator:
    """Take what is only noted at any length: it must keep no call from being charged."""
    return BeforeValidator(
        lambda value: None if value is None or value == "" else _text(value, characters_max)  # pyright: ignore[reportUnknownLambdaType] - whatever was sent
    )


def _sip_code(value: object) -> object:
    """Take a SIP status that is none for none that was told."""
    try:
        code = int(str(value))
    except ValueError:
        return None
    return code if SIP_CODE_MIN <= code <= SIP_CODE_MAX else None


class CallEnded(Event, topic="calls.call-ended.v1"):
    """A call has ended. The body is one record, or a JSON array of up to 100 of them.

    Published to the exchange `calls`; the routing key is the account id that the authorisation
    answered. A record that comes twice with the same facts is charged once.

    Fields that are not known are kept with the call: up to 20 of them, each cut to 128 characters.
    """

    model_config = ConfigDict(extra="allow")

    call_id: str = Field(min_length=1, max_length=CALL_ID_CHARACTERS_MAX)
    account_id: str | None = Field(default=None, max_length=64)
    realm: Realm | None = Field(default=None, max_length=255)
    """Of the account, where its id is not known."""

    caller: str = Field(max_length=CALLER_CHARACTERS_MAX)
    destination: str = Field(max_length=64)
    """As `dial_format` says."""

    dial_format: DialFormat | None = None
    """How `destination` is written; None: as the reseller's settings say."""

    internal: bool = False
    """Whether the switch knows the destination as an extension of the account."""

    answered_at: KeptMoment | None = None
    """None: not answered."""

    seconds: Annotated[int, BeforeValidator(started_seconds)] = Field(ge=0, le=RECORD_SECONDS_MAX)
    """Since the answer; of a number with decimals the last second counts whole."""

    direction: CallDirection = "out"
    """A call that came in is one to `destination`, a number of the account."""

    hangup_cause: Annotated[str | None, _cut(HANGUP_CAUSE_CHARACTERS_MAX)] = None
    """Why it ended, in the switch's words; only kept, as are the following."""

    sip_code: Annotated[int | None, BeforeValidator(_sip_code)] = None
    carrier: Annotated[str | None, _cut(CARRIER_CHARACTERS_MAX)] = None
    switch_call_id: Annotated[str | None, _cut(SWITCH_CALL_ID_CHARACTERS_MAX)] = None
    """The switch's own id, where `call_id` is another."""

    @property
    def others(self) -> dict[str, str]:
        """The fields that are not known."""
        return dict(self.model_extra or {})

    @model_validator(mode="after")
    def _bounds_others(self) -> "CallEnded":
        """Keep so many of the fields that are not known, as texts."""
        extra = self.__pydantic_extra__
        if extra:
            kept = {
                _text(name, OTHER_NAME_CHARACTERS_MAX): _text(value, OTHER_VALUE_CHARACTERS_MAX)
                for name, value in list(extra.items())[:OTHER_FIELDS_MAX]
            }
            extra.clear()
            extra.update(kept)
        return self

    @model_validator(mode="after")
    def _names_an_account(self) -> "CallEnded":
        if not self.account_id and not self.realm:
            message = "a record names its account by `account_id` or by `realm`"
            raise ValueError(message)
        if self.seconds and self.answered_at is None:
            message = "a call that lasted was answered: give `answered_at`"
            raise ValueError(message)
        return self
